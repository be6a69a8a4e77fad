"""An axis is what its attributes say; its name counts only where these are silent."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from catalog import CatalogError, open_forcing
from catalog.forcing.names import EASTWARD_CURRENT, NORTHWARD_CURRENT

LAT, LON = np.array([35.0, 35.5, 36.0]), np.array([34.0, 34.5, 35.0, 35.5])

# By what a coordinate is known, whatever it is called.
SETTLING = {
    "latitude": [
        {"standard_name": "latitude"},
        {"units": "degrees_north"},
        {"units": "degree_N"},
        {"units": "degrees north"},
        {"standard_name": "latitude", "units": "degrees", "axis": "Y"},
        {"_CoordinateAxisType": "Lat", "units": "degrees_north"},
    ],
    "longitude": [
        {"standard_name": "longitude"},
        {"units": "degrees_east"},
        {"units": "degreeE"},
        {"standard_name": "longitude", "units": "degree", "axis": "X"},
        {"_CoordinateAxisType": "Lon"},
    ],
}
# What says nothing by itself: the name then counts.
SILENT = {
    "latitude": [{}, {"units": "degrees"}, {"axis": "Y"}, {"long_name": "nodes"}],
    "longitude": [{}, {"units": "deg"}, {"axis": "X", "units": "degrees"}],
}
TELLING = {"latitude": ["lat", "latitude", "nav_lat", "LAT"], "longitude": ["lon", "nav_lon"]}
MISLEADING = ["x", "y", "lon", "lat", "depth", "longitude", "latitude", "row", "t", "nav_lat"]


def write(path: Path, names, attrs, order, reverse, turn) -> Path:
    """Write currents that are 0.01 lat + 0.001 lon, with axes called and described like this."""
    lat, lon = (
        axis[::-1] if back else axis for axis, back in zip((LAT, LON), reverse, strict=True)
    )
    u = 0.01 * lat[:, None] + 0.001 * lon[None, :]
    dims = ("time", *names)
    ds = xr.Dataset(
        {
            name: (dims, np.broadcast_to(u, (2, *u.shape)), {"units": "m s-1", "standard_name": s})
            for name, s in (("u", EASTWARD_CURRENT), ("v", NORTHWARD_CURRENT))
        },
        coords={
            "time": ("time", [0.0, 1.0], {"units": "hours since 2021-08-24"}),
            names[0]: (names[0], lat, attrs[0]),
            names[1]: (names[1], lon + turn, attrs[1]),
        },
    )
    ds = ds.transpose(*(dims[k] for k in order))
    ds.to_netcdf(path, engine="netcdf4")
    return path


@st.composite
def described(draw, axis: str) -> tuple[str, dict[str, str]]:
    """Name and attributes of an axis that is known by one of both."""
    if draw(st.booleans()):
        return draw(st.sampled_from(MISLEADING)), draw(st.sampled_from(SETTLING[axis]))
    return draw(st.sampled_from(TELLING[axis])), draw(st.sampled_from(SILENT[axis]))


@pytest.mark.slow
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    latitude=described("latitude"),
    longitude=described("longitude"),
    order=st.sampled_from(list(permutations(range(3)))),
    reverse=st.tuples(st.booleans(), st.booleans()),
    turn=st.sampled_from([0.0, 360.0]),
)
def test_axes_of_any_name_and_order(tmp_path, latitude, longitude, order, reverse, turn) -> None:
    names = (latitude[0], longitude[0])
    assume(names[0].lower() != names[1].lower() and "time" not in names)
    path = write(tmp_path / "u.nc", names, (latitude[1], longitude[1]), order, reverse, turn)
    u = open_forcing(path, "currents")[EASTWARD_CURRENT]
    np.testing.assert_array_equal(u["latitude"], LAT)
    np.testing.assert_array_equal(u["longitude"], LON)
    expected = 0.01 * LAT[:, None] + 0.001 * LON
    np.testing.assert_allclose(u.isel(time=0), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "attrs",
    [
        {"standard_name": "latitude", "units": "degrees_east"},
        {"standard_name": "latitude", "units": "km"},
        {"standard_name": "latitude", "units": "1"},
        {"standard_name": "latitude", "axis": "X"},
        {"standard_name": "longitude", "units": "degrees_north"},
        {"units": "degrees_north", "axis": "Z"},
        {"units": "degrees_north", "positive": "down"},
        {"units": "degrees_north", "_CoordinateAxisType": "Lon"},
    ],
)
def test_attributes_that_contradict_each_other_are_refused(tmp_path: Path, attrs) -> None:
    lon = {"standard_name": "longitude", "units": "degrees_east"}
    path = write(tmp_path / "u.nc", ("lat", "lon"), (attrs, lon), (0, 1, 2), (0, 0), 0.0)
    with pytest.raises(CatalogError, match=r"'lat' contradict each other \("):
        open_forcing(path, "currents")


@pytest.mark.parametrize(
    ("names", "attrs"),
    [
        (("y", "x"), ({}, {})),  # as often metres as degrees
        (("y", "x"), ({"axis": "Y", "units": "degrees"}, {"axis": "X", "units": "degrees"})),
        (("lat", "lon"), ({"units": "m"}, {"units": "m"})),
        (("lat", "lon"), ({"units": "km"}, {"units": "degrees_east"})),
        (("lat", "lon"), ({"units": "1"}, {"units": "1"})),
        (("rlat", "rlon"), ({"units": "degrees"}, {"units": "degrees"})),
        (
            ("lat", "lon"),
            ({"standard_name": "grid_latitude"}, {"standard_name": "grid_longitude"}),
        ),
        (
            ("lat", "lon"),
            (
                {"standard_name": "projection_y_coordinate", "units": "m"},
                {"standard_name": "projection_x_coordinate", "units": "m"},
            ),
        ),
        (("lat", "lon"), ({"units": "radians"}, {"units": "radians"})),
    ],
)
def test_axes_that_are_no_degrees_are_refused(tmp_path: Path, names, attrs) -> None:
    path = write(tmp_path / "u.nc", names, attrs, (0, 1, 2), (0, 0), 0.0)
    with pytest.raises(CatalogError, match=r"no (latitude|longitude) axis|projection|radians"):
        open_forcing(path, "currents")


def test_a_variable_is_what_its_standard_name_says(write_currents) -> None:
    def winds_called_currents(ds: xr.Dataset) -> xr.Dataset:
        ds["uo"].attrs["standard_name"], ds["vo"].attrs["standard_name"] = (
            *("eastward_wind", "northward_wind"),
        )
        return ds

    path = write_currents(change=winds_called_currents)
    assert "eastward_wind" in open_forcing(path, "winds")
    with pytest.raises(CatalogError, match="no eastward_sea_water_velocity"):
        open_forcing(path, "currents")


def test_the_time_it_is_for_goes_before_that_of_the_start_of_a_forecast(write_currents) -> None:
    def forecast(ds: xr.Dataset) -> xr.Dataset:
        ds["time"].attrs.update(standard_name="time", long_name="initial time of forecast")
        valid = ("time", ds["time"].to_numpy() + 24.0, {"standard_name": "time"})
        ds = ds.assign_coords(valid_time=valid)
        ds["valid_time"].attrs["units"] = "hours since 2021-08-24"
        return ds

    ds = open_forcing(write_currents(change=forecast), "currents")
    assert ds["time"].to_numpy()[0] == np.datetime64("2021-08-25")


def test_two_latitudes_that_differ_are_refused_unless_the_variable_names_one(
    write_currents,
) -> None:
    def doubled(ds: xr.Dataset) -> xr.Dataset:
        ds = ds.rename_dims(lat="y", lon="x").drop_indexes(["lat", "lon"])
        return ds.assign_coords(glat=("y", ds["lat"].to_numpy() - 0.2, {"units": "degrees_north"}))

    def named(ds: xr.Dataset) -> xr.Dataset:
        ds = doubled(ds)
        for name in ("uo", "vo"):
            ds[name].encoding["coordinates"] = "lat lon"
        return ds

    with pytest.raises(CatalogError, match=r"could each be its latitude.*coordinates"):
        open_forcing(write_currents("a.nc", change=doubled), "currents")
    ds = open_forcing(write_currents("b.nc", change=named), "currents")
    assert float(ds["latitude"][0]) == 35.0
