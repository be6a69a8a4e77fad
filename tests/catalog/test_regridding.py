from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import CatalogError, CoverageError, open_forcing
from catalog.forcing.names import EASTWARD_CURRENT, NORTHWARD_CURRENT, SEA_TEMPERATURE
from catalog.forcing.regridding import Regridding, regular_axes

U, V = EASTWARD_CURRENT, NORTHWARD_CURRENT


def turned_nodes(
    degrees: float = 20.0, middle: tuple[float, float] = (35.0, 34.0), rows: int = 41
) -> tuple[np.ndarray, np.ndarray]:
    """Return latitude and longitude of a grid turned against the meridians."""
    y, x = np.meshgrid(np.linspace(-1.0, 1.0, rows), np.linspace(-1.2, 1.2, 49), indexing="ij")
    angle = np.radians(degrees)
    lat = middle[1] + y * np.cos(angle) + x * np.sin(angle)
    lon = middle[0] + (x * np.cos(angle) - y * np.sin(angle)) / np.cos(np.radians(middle[1]))
    return lat, lon


def write_turned(path: Path, change=lambda ds: ds, **grid) -> Path:
    """Write currents that are linear in longitude and latitude."""
    lat, lon = turned_nodes(**grid)
    wrapped = (lon + 180.0) % 360.0 - 180.0
    u = np.stack([0.1 * (lat - lat.mean()) + 0.2 * (lon - lon.mean()) + 0.3 + k for k in (0, 1)])
    dims = ("time", "y", "x")
    ds = xr.Dataset(
        {
            "uo": (dims, u, {"units": "m s-1", "standard_name": U}),
            "vo": (dims, -u, {"units": "m s-1", "standard_name": V}),
        },
        coords={
            "time": ("time", [0.0, 1.0], {"units": "hours since 2021-08-24"}),
            "nav_lat": (("y", "x"), lat, {"units": "degrees_north"}),
            "nav_lon": (("y", "x"), wrapped, {"units": "degrees_east"}),
        },
    )
    change(ds).to_netcdf(path, engine="netcdf4")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("middle", [(35.0, 34.0), (180.0, -20.0), (-179.5, 60.0)])
def test_a_linear_field_is_kept(tmp_path: Path, middle) -> None:
    path = write_turned(tmp_path / "u.nc", middle=middle)
    lon, lat = middle
    ds = open_forcing(path, "currents", box=(lon - 0.5, lat - 0.5, lon + 0.5, lat + 0.5))
    node_lat, node_lon = turned_nodes(middle=middle)
    x = (ds["longitude"] - node_lon.mean() + 180.0) % 360.0 - 180.0
    wanted = 0.1 * (ds["latitude"] - node_lat.mean()) + 0.2 * x + 0.3
    inside = ds[U].isel(time=0)
    assert inside.notnull().all()
    np.testing.assert_allclose(inside, wanted.transpose("latitude", "longitude"), atol=1e-5)
    np.testing.assert_allclose(ds[V].isel(time=1), -wanted.transpose(*inside.dims) - 1.0, atol=1e-5)


@pytest.mark.slow
def test_the_part_of_a_box_is_that_of_the_whole(tmp_path: Path) -> None:
    path = write_turned(tmp_path / "u.nc")
    whole = open_forcing(path, "currents")[U]
    part = open_forcing(path, "currents", box=(34.6, 33.6, 35.3, 34.4))[U]
    same = whole.sel(latitude=part["latitude"], longitude=part["longitude"])
    np.testing.assert_allclose(part, same, rtol=1e-5)


@pytest.mark.slow
def test_outside_the_turned_grid_nothing_is_made_up(tmp_path: Path) -> None:
    ds = open_forcing(write_turned(tmp_path / "u.nc"), "currents")
    corner = ds[U].isel(time=0)[0, -1]
    assert np.isnan(corner)
    step = ds["latitude"][1] - ds["latitude"][0]
    assert float(step) == pytest.approx(2.0 / 40.0, rel=0.15)
    with pytest.raises(CoverageError, match="does not hold the wanted box"):
        open_forcing(tmp_path / "u.nc", "currents", box=(30.0, 30.0, 40.0, 40.0))


@pytest.mark.slow
def test_land_stays_where_it_was(tmp_path: Path) -> None:
    def half_land(ds: xr.Dataset) -> xr.Dataset:
        return ds.assign(
            {n: ds[n].where(ds["nav_lon"] < 35.0).assign_attrs(ds[n].attrs) for n in ("uo", "vo")}
        )

    ds = open_forcing(write_turned(tmp_path / "u.nc", half_land), "currents")
    row = ds[U].isel(time=0).sel(latitude=34.0, method="nearest")
    shore = float(row["longitude"].where(row.notnull()).max())
    assert shore == pytest.approx(35.0, abs=0.1)


def test_components_along_the_grid_are_refused(tmp_path: Path) -> None:
    def along_grid(ds: xr.Dataset) -> xr.Dataset:
        ds["uo"].attrs["standard_name"] = "sea_water_x_velocity"
        return ds

    with pytest.raises(
        CatalogError, match=r"points along the axes of a turned grid.*a grid_mapping"
    ):
        open_forcing(write_turned(tmp_path / "u.nc", along_grid), "currents")


def test_components_of_which_nothing_says_where_they_point_are_refused(tmp_path: Path) -> None:
    def unsaid(ds: xr.Dataset) -> xr.Dataset:
        del ds["uo"].attrs["standard_name"]
        return ds

    with pytest.raises(CatalogError, match="nothing says that it points east or north"):
        open_forcing(write_turned(tmp_path / "u.nc", unsaid), "currents")


@pytest.mark.slow
def test_a_temperature_needs_no_direction(tmp_path: Path) -> None:
    def temperature(ds: xr.Dataset) -> xr.Dataset:
        warm = 20.0 + ds["uo"]
        warm.attrs = {"units": "degC"}
        return ds.assign(thetao=warm).drop_vars(["uo", "vo"])

    ds = open_forcing(write_turned(tmp_path / "t.nc", temperature), "temperature")
    assert 290.0 < float(ds[SEA_TEMPERATURE].mean()) < 295.0


def test_staggered_components_are_refused(tmp_path: Path) -> None:
    def arakawa_c(ds: xr.Dataset) -> xr.Dataset:
        v = ds["vo"].drop_vars(["nav_lat", "nav_lon"]).rename(y="y_v", x="x_v")
        lat, lon = (
            (("y_v", "x_v"), ds[name].to_numpy() + 0.02, ds[name].attrs)
            for name in ("nav_lat", "nav_lon")
        )
        return ds.drop_vars("vo").assign(vo=v).assign_coords(lat_v=lat, lon_v=lon)

    with pytest.raises(CatalogError, match="a staggered grid; expected both at the same nodes"):
        open_forcing(write_turned(tmp_path / "u.nc", arakawa_c), "currents")


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    angle=st.floats(-80.0, 80.0),
    lon=st.floats(-180.0, 180.0),
    lat=st.floats(-65.0, 65.0),
)
def test_values_stay_within_those_of_the_source(angle: float, lon: float, lat: float) -> None:
    latitude, longitude = turned_nodes(angle, (lon, lat), rows=15)
    to = regular_axes(latitude, longitude)
    regridding = Regridding.between(latitude, longitude, *to, "grid")
    values = np.random.default_rng(1).normal(size=latitude.shape)
    cut = values[regridding.rows, regridding.columns]
    out = regridding.apply(cut[None])[0]
    assert np.isfinite(out).mean() > 0.3
    assert np.nanmin(out) >= values.min() - 1e-9
    assert np.nanmax(out) <= values.max() + 1e-9


@pytest.mark.parametrize("order", [("y", "x"), ("x", "y")])
def test_axes_of_two_dimensions_along_meridians_are_axes(tmp_path: Path, order) -> None:
    # as NEMO writes nav_lat and nav_lon of a regular domain; nothing is regridded nor turned
    y, x = np.linspace(34.0, 36.0, 21), np.linspace(19.0, 21.5, 26)
    longitude, latitude = np.meshgrid(x, y)
    values = np.random.default_rng(1).normal(0.0, 0.3, (2, y.size, x.size)).astype("f4")
    values[:, 5, 7] = np.nan
    ds = xr.Dataset(
        {
            name: (("time", "y", "x"), values, {"units": "m s-1"})
            for name in ("vozocrtx", "vomecrty")
        },
        coords={
            "time": ("time", [0.0, 1.0], {"units": "hours since 2021-08-24"}),
            "nav_lat": (("y", "x"), latitude.astype("f4"), {"units": "degrees_north"}),
            "nav_lon": (("y", "x"), longitude.astype("f4"), {"units": "degrees_east"}),
        },
    ).transpose("time", *order)
    ds.to_netcdf(tmp_path / "u.nc", engine="netcdf4")
    read = open_forcing(tmp_path / "u.nc", "currents")
    np.testing.assert_array_equal(read[U], values)
    np.testing.assert_allclose(read["longitude"], x, atol=1e-5)
