"""A twin experiment: a synthetic spill whose true parameters are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import xarray as xr

from catalog.files.netcdf import write_netcdf
from simulator import CURRENT, WIND, metres_per_degree
from witoil.case import load_case
from witoil.files import mask_name, replacing, write_json, write_text
from witoil.outputs.run import write_mask
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run

TRUTH = {
    "wind_drift_factor": 0.024,
    "wind_drift_angle_deg": 14.0,
    "horizontal_diffusivity": 6.0,
    "current_factor": 0.8,
}
"""Parameters of the run that the synthetic masks are cut from."""

START = np.datetime64("2025-06-01T06:00", "ns")
_OBSERVED = (np.datetime64("2025-06-01T12:00", "ns"), np.datetime64("2025-06-01T18:00", "ns"))
_WEST, _SOUTH, _SIDE = 19.0, 36.0, 1.2  # the sea of the experiment [degrees]
_SLICK = (19.42, 36.50)
_ISLAND = (19.53, 36.57)

_CASE = """\
# A synthetic spill near an island; the masks are cut from a run with known parameters.
name = "{name}"

[time]
start = 2025-06-01T06:00:00Z
end = 2025-06-01T18:00:00Z

[forcing]
currents = "currents.nc"
winds = "winds.nc"
coastline = "island.geojson"

[[release]]
kind = "area"
geometry = "slick_20250601T0600.geojson"
mass_tonnes = 500

[[release]]
kind = "point"
lon = 19.39
lat = 36.50
rate_tonnes_per_hour = 10

[oil]
name = "generic-medium-crude"
"""

_TRUE_RUN = """
[model]
particles = 60_000
seed = 20
{parameters}
"""

_SEARCH = """
[model]
particles = 20_000

[[observation]]
geometry = "mask_20250601T1200.tif"

[[observation]]
geometry = "mask_20250601T1800.tif"

[optimise]
evaluations = 80

[optimise.parameters]
wind_drift_factor = [0.0, 0.05]
wind_drift_angle_deg = [-40, 40]
horizontal_diffusivity = [0.5, 50.0]
current_factor = [0.0, 1.5]
"""


def make_twin(folder: Path) -> Path:
    """Write forcing, island, slick and the masks of the true run, and a case that has to find it.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.

    Returns
    -------
    Path
        The case file; `truth.toml` beside it is the run with the true parameters.
    """
    hours = np.arange(-1, 15)
    for name, data in (("currents.nc", _currents(hours)), ("winds.nc", _winds(hours))):
        with replacing(folder / name) as temporary:
            write_netcdf(data, temporary)
    write_json(folder / "island.geojson", feature(outline(*_ISLAND, 4e3, 2.5e3, wiggle=0.15)))
    write_json(folder / "slick_20250601T0600.geojson", feature(outline(*_SLICK, 4e3, 1.5e3)))
    parameters = "\n".join(f"{name} = {json.dumps(value)}" for name, value in TRUTH.items())
    _write_case(folder / "truth.toml", "demo-truth", _TRUE_RUN.format(parameters=parameters))
    truth = prepare(load_case(folder / "truth.toml"))
    result = run(truth)
    for time in _OBSERVED:
        mask = mask_at(truth, result, time)
        write_mask(mask, truth.grid, time, folder / mask_name(time))
    return _write_case(folder / "demo.toml", "demo", _SEARCH)


def _write_case(path: Path, name: str, rest: str) -> Path:
    write_text(path, _CASE.format(name=name) + rest)
    return path


def _axes(step: float) -> tuple[np.ndarray, np.ndarray]:
    nodes = np.arange(0.0, _SIDE + 1e-9, step)
    return _WEST + nodes, _SOUTH + nodes


def dataset(
    names: tuple[str, str],
    hours: np.ndarray,
    lon: np.ndarray,
    lat: np.ndarray,
    east: np.ndarray,
    north: np.ndarray,
) -> xr.Dataset:
    """Return a field of vectors as forcing, its hours counted from the start of the experiment."""
    dims = ("time", "latitude", "longitude")
    return xr.Dataset(
        {
            name: (dims, values.astype(np.float32), {"standard_name": name, "units": "m s-1"})
            for name, values in zip(names, (east, north), strict=True)
        },
        coords={
            "time": START + hours * np.timedelta64(1, "h"),
            "latitude": ("latitude", lat, {"standard_name": "latitude", "units": "degrees_north"}),
            "longitude": (
                "longitude",
                lon,
                {"standard_name": "longitude", "units": "degrees_east"},
            ),
        },
        attrs={"Conventions": "CF-1.8", "title": "synthetic fields of the witoil demo"},
    )


def _currents(hours: np.ndarray) -> xr.Dataset:
    """Return an anticyclonic eddy of 0.35 m/s that drifts east, on a weak mean flow."""
    step = 1.0 / 24.0
    lon, lat = _axes(step)
    per_lon, per_lat = metres_per_degree(_SOUTH + 0.5 * _SIDE)
    x = (lon - 19.50)[np.newaxis, np.newaxis, :] * per_lon - 0.04 * 3600.0 * hours[:, None, None]
    y = (lat - 36.62)[np.newaxis, :, np.newaxis] * per_lat
    radius = 18e3
    strength = 0.35 / radius * np.exp(0.5 - 0.5 * (x**2 + y**2) / radius**2)
    return dataset(CURRENT, hours, lon, lat, 0.05 + strength * y, -strength * x)


def _winds(hours: np.ndarray) -> xr.Dataset:
    """Return a wind of 6 to 9 m/s that veers from south-west to north-west."""
    step = 0.3
    lon, lat = _axes(step)
    shape = (hours.size, lon.size, lon.size)
    towards = np.radians(45.0 + 5.0 * hours)[:, np.newaxis, np.newaxis]
    speed = (7.5 + 1.5 * np.sin(hours / 3.0))[:, np.newaxis, np.newaxis]
    gradient = 1.0 + 0.2 * (lon - lon.mean())[np.newaxis, np.newaxis, :]
    ones = np.ones(shape)
    east, north = (ones * gradient * speed * f(towards) for f in (np.sin, np.cos))
    return dataset(WIND, hours, lon, lat, east, north)


def outline(
    lon: float, lat: float, along: float, across: float, wiggle: float = 0.0
) -> list[list[float]]:
    """Return a closed ellipse-like ring, half axes in metres."""
    angle = np.linspace(0.0, 2.0 * np.pi, 73)
    per_lon, per_lat = metres_per_degree(lat)
    size = 1.0 + wiggle * np.sin(5.0 * angle)
    x = lon + along * size * np.cos(angle) / per_lon
    y = lat + across * size * np.sin(angle) / per_lat
    return np.stack([x, y], axis=-1).round(6).tolist()  # type: ignore[no-any-return]


def feature(ring: list[list[float]]) -> dict[str, object]:
    """Return a ring as the only polygon of a GeoJSON file."""
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "geometry": geometry, "properties": {}}
    return {"type": "FeatureCollection", "features": [feature]}
