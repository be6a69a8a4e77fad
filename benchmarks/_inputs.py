"""Small inputs of every kind, and cases that read them."""

import json
import zipfile
from pathlib import Path
from random import Random

import geopandas
import numpy as np
import rasterio
import shapely
import xarray as xr

WEST, SOUTH, STEP = 34.0, 35.0, 0.25
ROWS, COLUMNS, HOURS = 5, 7, 5
TIMES = "hours since 2021-08-24"
IDENTIFIER = "20210824-0000-SYR-PL-A-01-S3"
LAYER = "slick"
SLICK = shapely.box(34.5, 35.4, 34.6, 35.45)
SEEN = shapely.box(34.52, 35.4, 34.62, 35.46)

FORCING = ("nc", "3.nc", "zarr", "zip")
SLICKS = ("shp", "geojson", "gpkg", "kml", "gml", "fgb", "zip", "tif", "nc")
RASTERS = ("tif", "nc")
TRACKS = ("csv", "geojson")

CASE = """\
name = "everything"

[time]
start = 2021-08-24T00:00:00Z
end = 2021-08-24T03:00:00Z

[forcing]
currents = "currents.{currents}"
winds = "winds.{winds}"
waves = "waves.{waves}"
coastline = "land.geojson"

[[release]]
kind = "area"
geometry = "{slick}"
mass_tonnes = 100

[[release]]
kind = "area"
geometry = "thickness.{thickness}"
raster_values = "thickness_um"

[[release]]
kind = "ship"
track = "track.{track}"
mass_tonnes = 20

[[release]]
kind = "line"
geometry = "line.geojson"
mass_tonnes = 20

[[release]]
kind = "point"
lon = 34.7
lat = 35.5
rate_tonnes_per_hour = 5
end = 2021-08-24T02:00:00Z

[oil]
name = "oil.json"

[shore]
zones = "shore.geojson"

[model]
particles = 300
seed = 1

[[observation]]
geometry = "seen.{seen}"
time = 2021-08-24T02:00:00Z
swath = "swath.geojson"
"""


def write_inputs(folder: Path) -> None:
    """Write every kind of input into a folder."""
    for name, fields in _forcing().items():
        fields.to_netcdf(folder / f"{name}.nc", engine="netcdf4")
        fields.to_netcdf(folder / f"{name}.3.nc", engine="netcdf4", format="NETCDF3_CLASSIC")
        kind = {"zarr_format": 2} if name == "winds" else {"zarr_format": 3, "consolidated": False}
        fields.to_zarr(folder / f"{name}.zarr", **kind)
        _pack(folder / f"{name}.zip", folder / f"{name}.nc")
    _projected().to_netcdf(folder / "projected.nc", engine="netcdf4")
    _write_vectors(folder)
    _write_rasters(folder)
    _write_texts(folder)
    (folder / "case.toml").write_text(case_text(Random(0)), encoding="utf-8")


def case_text(chance: Random) -> str:
    """Return a case that reads one input of each kind, each in one of its formats."""
    slick = chance.choice(SLICKS)
    return CASE.format(
        currents=chance.choice(FORCING),
        winds=chance.choice(FORCING),
        waves=chance.choice(FORCING),
        slick=f"{IDENTIFIER}.{slick}",
        thickness=chance.choice(RASTERS),
        track=chance.choice(TRACKS),
        seen=chance.choice(("tif", "nc", "geojson")),
    )


def _forcing() -> dict[str, xr.Dataset]:
    shape = (HOURS, ROWS, COLUMNS)
    coords = {
        "time": ("time", np.arange(float(HOURS)), {"units": TIMES, "standard_name": "time"}),
        "lat": ("lat", SOUTH + STEP * np.arange(ROWS), {"units": "degrees_north"}),
        "lon": ("lon", WEST + STEP * np.arange(COLUMNS), {"units": "degrees_east"}),
    }
    fields = {
        "currents": {"uo": (0.1, "m s-1"), "vo": (-0.2, "m s-1"), "thetao": (20.0, "degrees_C")},
        "winds": {"u10": (5.0, "m s-1"), "v10": (1.0, "m s-1")},
        "waves": {"VSDX": (0.05, "m s-1"), "VSDY": (0.02, "m s-1"), "VHM0": (1.0, "m")},
    }
    depth = ("depth", [0.5], {"units": "m", "positive": "down", "standard_name": "depth"})
    found = {}
    for name, values in fields.items():
        of_axes = ("time", "lat", "lon")
        data = xr.Dataset(
            {
                key: (of_axes, np.full(shape, value, "f4"), {"units": unit})
                for key, (value, unit) in values.items()
            },
            coords=coords,
        )
        found[name] = data.expand_dims(depth=[0.5], axis=1) if name == "currents" else data
    found["currents"] = found["currents"].assign_coords(depth=depth)
    return found


def _projected() -> xr.Dataset:
    """Return currents on a plane, in km, with bounds of time and packed values."""
    x, y = 20.0 * np.arange(8.0) - 70.0, 20.0 * np.arange(7.0) - 60.0
    values = np.full((HOURS, y.size, x.size), 100, "i2")
    names = ("sea_water_x_velocity", "sea_water_y_velocity")
    packed = {"units": "m s-1", "grid_mapping": "plane", "scale_factor": 1e-3}
    data = xr.Dataset(
        {name: (("time", "y", "x"), values, {"standard_name": name, **packed}) for name in names},
        coords={
            "time": ("time", np.arange(float(HOURS)), {"units": TIMES, "bounds": "time_bnds"}),
            "y": ("y", y, {"units": "km", "standard_name": "projection_y_coordinate"}),
            "x": ("x", x, {"units": "km", "standard_name": "projection_x_coordinate"}),
        },
    )
    data["time_bnds"] = (("time", "two"), np.arange(HOURS)[:, None] + [[0.0, 1.0]])
    plane = {"grid_mapping_name": "azimuthal_equidistant", "earth_radius": 6371000.0}
    origin = {"longitude_of_projection_origin": 34.7, "latitude_of_projection_origin": 35.5}
    data["plane"] = ((), np.int32(0), plane | origin)
    return data


def _write_vectors(folder: Path) -> None:
    frame = geopandas.GeoDataFrame(
        {"IDENTIFIER": [IDENTIFIER] * 2, "CLASS": ["A", "A"], "AREA": [1.0, 2.0]},
        geometry=[SLICK, shapely.box(34.7, 35.2, 34.72, 35.22)],
        crs=4326,
    )
    for suffix in ("shp", "geojson", "gpkg", "kml", "gml", "fgb"):
        driver = "KML" if suffix == "kml" else None  # which geopandas does not guess
        frame.to_file(folder / f"{IDENTIFIER}.{suffix}", driver=driver, layer=LAYER)
    parts = (folder / f"{IDENTIFIER}.{end}" for end in ("shp", "shx", "dbf", "prj", "cpg"))
    _pack(folder / f"{IDENTIFIER}.zip", *parts)
    told = {"DATA": ["24/08/2021"], "HORA": ["16:06"]}
    dated = geopandas.GeoDataFrame(told, geometry=[SLICK], crs=4326)
    dated.to_file(folder / "dated.geojson")
    single = {
        "seen": ({"time": "2021-08-24T02:00:00Z"}, SEEN),
        "swath": ({}, shapely.box(34.2, 35.1, 35.4, 35.9)),
        "land": ({}, shapely.box(34.62, 35.3, 34.66, 35.6)),
        "line": ({}, shapely.LineString([(34.4, 35.6), (34.5, 35.7), (34.6, 35.65)])),
        "shore": ({"shore_type": "sand"}, shapely.box(34.6, 35.2, 34.7, 35.7)),
    }
    for name, (told, shape) in single.items():
        told = {key: [value] for key, value in told.items()}
        one = geopandas.GeoDataFrame(told, geometry=[shape], crs=4326)
        one.to_file(folder / f"{name}.geojson")
    fixes = [(f"2021-08-24T0{k}:00:00Z", 34.3 + 0.1 * k, 35.8) for k in range(3)]
    rows = "\n".join(f"{time},{lon:.2f},{lat}" for time, lon, lat in fixes)
    (folder / "track.csv").write_text(f"time,lon,lat\n{rows}\n", encoding="utf-8")
    track = geopandas.GeoDataFrame(
        {"time": [time for time, _, _ in fixes]},
        geometry=[shapely.Point(lon, lat) for _, lon, lat in fixes],
        crs=4326,
    )
    track.to_file(folder / "track.geojson")


def _write_rasters(folder: Path) -> None:
    step, rows, columns = 0.02, 20, 30
    lon, lat = 34.3 + step * np.arange(columns), 35.7 - step * np.arange(rows)
    inside = (abs(lon - 34.55)[None, :] < 0.08) & (abs(lat - 35.45)[:, None] < 0.05)
    transform = rasterio.Affine(step, 0.0, lon[0] - step / 2, 0.0, -step, lat[0] + step / 2)
    for name, values in (
        (IDENTIFIER, inside.astype("u1")),
        ("seen", inside.astype("u1")),
        ("thickness", np.where(inside, 20.0, 0.0).astype("f4")),
    ):
        profile = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "crs": "EPSG:4326"}
        size = {"width": columns, "height": rows, "transform": transform}
        with rasterio.open(folder / f"{name}.tif", "w", **profile, **size) as file:
            file.write(values, 1)
        if name == "seen":
            points = [
                rasterio.control.GroundControlPoint(
                    row, column, 34.3 + step * column, 35.7 - step * row
                )
                for row, column in ((0, 0), (0, columns), (rows, 0), (rows, columns))
            ]
            del size["transform"]
            place = {"gcps": points, "transform": None}
            with rasterio.open(folder / "gcps.tif", "w", **profile, **size, **place) as file:
                file.write(values, 1)
        xr.Dataset(
            {"oil": (("lat", "lon"), values)},
            coords={
                "lat": ("lat", lat, {"units": "degrees_north"}),
                "lon": ("lon", lon, {"units": "degrees_east"}),
            },
        ).to_netcdf(folder / f"{name}.nc", engine="netcdf4")


def _write_texts(folder: Path) -> None:
    (folder / "oil.json").write_text(json.dumps(_oil()), encoding="utf-8")
    _pack(folder / "oils.zip", folder / "oil.json")
    (folder / "catalog.xml").write_text(_CATALOGUE, encoding="utf-8")
    (folder / "datasets.toml").write_text(_REGISTRY, encoding="utf-8")


def _oil() -> dict[str, object]:
    def measured(value: float, unit: str) -> dict[str, object]:
        return {"value": value, "unit": unit}

    def at(key: str, value: float, unit: str, celsius: float) -> dict[str, object]:
        return {key: measured(value, unit), "ref_temp": measured(celsius, "C")}

    cuts = [
        {"fraction": measured(10.0 * k, "%"), "vapor_temp": measured(60.0 + 60.0 * k, "C")}
        for k in range(1, 6)
    ]
    physical = {
        "densities": [at("density", 0.88, "g/cm^3", 15.0), at("density", 0.89, "g/cm^3", 0.0)],
        "kinematic_viscosities": [at("viscosity", 40.0, "cSt", 15.0)],
        "pour_point": {"measurement": measured(-10.0, "C")},
    }
    return {
        "oil_id": "XX00001",
        "metadata": {
            "name": "TEST CRUDE",
            "product_type": "Crude Oil NOS",
            "API": 29.3,
            "gnome_suitable": True,
        },
        "sub_samples": [
            {
                "physical_properties": physical,
                "distillation_data": {"type": "mass fraction", "cuts": cuts},
            }
        ],
    }


_CATALOGUE = """\
<?xml version="1.0" encoding="UTF-8"?>
<catalog xmlns="http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0"
    xmlns:xlink="http://www.w3.org/1999/xlink" name="Slicks" version="1.2">
  <service name="all" serviceType="Compound" base="">
    <service name="odap" serviceType="OPENDAP" base="/thredds/dodsC/" />
    <service name="http" serviceType="HTTPServer" base="/thredds/fileServer/" />
    <service name="late" serviceType="Resolver" base="" />
  </service>
  <dataset name="2021" ID="events/2021">
    <metadata inherited="true"><serviceName>all</serviceName></metadata>
    <dataset name="b_20210825.nc" ID="events/b" urlPath="events/b_20210825.nc">
      <date type="modified">2021-08-30T10:00:00Z</date>
    </dataset>
    <dataset name="a_20210824.nc" ID="events/a" urlPath="events/a_20210824.nc" />
    <dataset name="latest" urlPath="latest.xml"><serviceName>late</serviceName></dataset>
    <dataset name="c.tif"><access serviceName="http" urlPath="events/c.tif" /></dataset>
    <catalogRef xlink:href="08/catalog.xml" xlink:title="08" ID="events/08" name="" />
  </dataset>
</catalog>
"""

_REGISTRY = """\
[[dataset]]
id = "local"
title = "Currents of the bay"
service = "opendap"
product = "BAY"
urls = ["https://host/thredds/dodsC/bay"]
roles = ["currents"]
box = [30.0, 30.0, 37.0, 37.0]
resolution_deg = 0.02
step_hours = 1.0
values = "instant"
start = 2020-01-01
end = 3
includes = ["tide"]
[dataset.variables]
u = "eastward_sea_water_velocity"
v = "northward_sea_water_velocity"
"""


def _pack(path: Path, *files: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.write(file, file.name)
