"""Fields on rotated poles and projections: on longitude and latitude, turned to true east."""

from pathlib import Path

import numpy as np
import pyproj
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import CatalogError, open_forcing
from catalog.forcing.names import (
    EASTWARD_CURRENT,
    EASTWARD_STOKES,
    EASTWARD_WIND,
    NORTHWARD_CURRENT,
    NORTHWARD_STOKES,
    NORTHWARD_WIND,
    SEA_TEMPERATURE,
)
from catalog.forcing.projection import _system

U, V = EASTWARD_CURRENT, NORTHWARD_CURRENT
SPHERE = {"earth_radius": 6_371_000.0}
R = 6_371_000.0


def rotated_pole(lat: float, lon: float):
    """Return attributes, and functions from x, y to lon, lat and to the turn of the grid.

    By spherical trigonometry, after the definition of the rotated pole.
    """
    attrs = {
        "grid_mapping_name": "rotated_latitude_longitude",
        "grid_north_pole_latitude": lat,
        "grid_north_pole_longitude": lon,
        **SPHERE,
    }
    tilt = np.radians(90.0 - lat)

    def place(x, y):
        x, y = np.radians(x), np.radians(y)
        # unit vectors of the rotated system; its south is where the meridian of the pole goes on
        px, py, pz = np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)
        qx, qz = px * np.cos(tilt) - pz * np.sin(tilt), px * np.sin(tilt) + pz * np.cos(tilt)
        return np.degrees(np.arctan2(py, qx)) + lon + 180.0, np.degrees(np.arcsin(qz))

    return attrs, place


def stereographic(lon: float):
    """Polar, on a sphere, true at the pole: the angle of a point is its longitude."""
    attrs = {
        "grid_mapping_name": "polar_stereographic",
        "straight_vertical_longitude_from_pole": lon,
        "latitude_of_projection_origin": 90.0,
        "scale_factor_at_projection_origin": 1.0,
        "false_easting": 0.0,
        "false_northing": 0.0,
        **SPHERE,
    }

    def place(x, y):
        distance = np.hypot(x, y)
        latitude = 90.0 - 2.0 * np.degrees(np.arctan(distance / (2.0 * R)))
        return lon + np.degrees(np.arctan2(x, -y)), latitude

    return attrs, place


def mercator(lon: float):
    attrs = {
        "grid_mapping_name": "mercator",
        "longitude_of_projection_origin": lon,
        "standard_parallel": 0.0,
        "false_easting": 0.0,
        "false_northing": 0.0,
        **SPHERE,
    }

    def place(x, y):
        return lon + np.degrees(x / R), np.degrees(2.0 * np.arctan(np.exp(y / R)) - np.pi / 2.0)

    return attrs, place


def turn_of_grid(place, x, y, step):
    """Return the angle of the x axis against true east, anticlockwise. [rad]"""
    west, east = place(x - step, y), place(x + step, y)
    dlon = (east[0] - west[0] + 180.0) % 360.0 - 180.0
    middle = 0.5 * (east[1] + west[1])
    return np.arctan2(east[1] - west[1], dlon * np.cos(np.radians(middle)))


def write(path: Path, attrs, place, x, y, *, units="m", factor=1.0, names=None, true=(0.3, -0.2)):
    """Write a current that is the same everywhere, by its components along the grid."""
    xx, yy = np.meshgrid(x, y)
    step = 1e-4 * (x[1] - x[0])
    angle = turn_of_grid(place, xx, yy, step)
    along_x = true[0] * np.cos(angle) + true[1] * np.sin(angle)
    along_y = -true[0] * np.sin(angle) + true[1] * np.cos(angle)
    is_rotated = attrs["grid_mapping_name"].startswith("rotated")
    axes = (
        ("grid_longitude", "grid_latitude")
        if is_rotated
        else ("projection_x_coordinate", "projection_y_coordinate")
    )
    names = names or ("sea_water_x_velocity", "sea_water_y_velocity")
    dims = ("time", "yc", "xc")
    _, latitude = place(xx, yy)
    common = {"grid_mapping": "crs"}
    fields = {"a": (along_x, names[0], "m s-1"), "b": (along_y, names[1], "m s-1")}
    fields["c"] = (280.0 + 0.1 * latitude, "sea_water_temperature", "K")
    xr.Dataset(
        {
            key: (
                dims,
                np.stack([values, values]),
                {"units": unit, "standard_name": name, **common},
            )
            for key, (values, name, unit) in fields.items()
        }
        | {"crs": ((), 0, attrs)},
        coords={
            "time": ("time", [0.0, 1.0], {"units": "hours since 2021-08-24"}),
            "xc": ("xc", x / factor, {"standard_name": axes[0], "units": units}),
            "yc": ("yc", y / factor, {"standard_name": axes[1], "units": units}),
        },
    ).to_netcdf(path, engine="netcdf4")
    return path


def check(path: Path, role="currents", names=(U, V), true=(0.3, -0.2), **options) -> xr.Dataset:
    ds = open_forcing(path, role, **options)
    for name, value in zip(names, true, strict=True):
        inside = ds[name].where(ds["covered"])
        assert float(inside.isel(time=0).notnull().mean()) > 0.3
        np.testing.assert_allclose(inside.to_numpy()[inside.notnull().to_numpy()], value, atol=2e-3)
    return ds


CELLS = np.arange(-12.0, 12.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {"earth_radius": R},
        {"semi_major_axis": 6378137.0, "inverse_flattening": 298.257223563},
        {"reference_ellipsoid_name": "GRS 1980"},
        {"earth_radius": R, "prime_meridian_name": "Paris"},
        {"earth_radius": R, "longitude_of_prime_meridian": 2.5},
        {},
    ],
)
def test_the_meridian_is_that_of_greenwich_where_none_is_given(more) -> None:
    attrs = {name: value for name, value in stereographic(5.0)[0].items() if name not in SPHERE}
    found = _system(tuple({**attrs, **more}.items()))
    assert found == pyproj.CRS.from_cf({**attrs, **more})


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lat=st.floats(5.0, 89.0),
    lon=st.floats(-180.0, 180.0),
    x0=st.floats(-40.0, 40.0),
    y0=st.floats(-40.0, 40.0),
)
def test_a_rotated_pole(tmp_path, lat: float, lon: float, x0: float, y0: float) -> None:
    attrs, place = rotated_pole(lat, lon)
    x, y = x0 + 0.1 * CELLS, y0 + 0.1 * CELLS
    if np.abs(place(*np.meshgrid(x, y))[1]).max() > 80.0:
        return
    ds = check(write(tmp_path / "r.nc", attrs, place, x, y, units="degrees"))
    warm = ds[SEA_TEMPERATURE].isel(time=0).where(ds["covered"])
    expected = (280.0 + 0.1 * ds["latitude"]).broadcast_like(warm).where(warm.notnull())
    np.testing.assert_allclose(warm, expected, atol=1e-3)


@pytest.mark.slow
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lon=st.floats(-180.0, 180.0),
    x0=st.floats(-2e6, 2e6),
    y0=st.floats(-2e6, 2e6),
    unit=st.sampled_from([("m", 1.0), ("km", 1e3), ("1000 m", 1e3), ("10 km", 1e4)]),
    falling=st.booleans(),
)
def test_a_polar_stereographic_plane(tmp_path, lon, x0, y0, unit, falling) -> None:
    attrs, place = stereographic(lon)
    x, y = x0 + 8e3 * CELLS, y0 + 8e3 * CELLS
    if np.hypot(*np.meshgrid(x, y)).min() < 5e5:
        return
    path = write(
        tmp_path / "s.nc", attrs, place, x, y[::-1] if falling else y, units=unit[0], factor=unit[1]
    )
    check(path)


@pytest.mark.slow
@pytest.mark.parametrize("lon", [0.0, 178.0])
def test_a_mercator_plane_needs_no_turning(tmp_path: Path, lon: float) -> None:
    attrs, place = mercator(lon)
    check(write(tmp_path / "m.nc", attrs, place, 3e5 + 1e4 * CELLS, 3e6 + 1e4 * CELLS))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "names", "found"),
    [
        ("winds", ("x_wind", "y_wind"), (EASTWARD_WIND, NORTHWARD_WIND)),
        (
            "waves",
            (
                "sea_surface_wave_stokes_drift_x_velocity",
                "sea_surface_wave_stokes_drift_y_velocity",
            ),
            (EASTWARD_STOKES, NORTHWARD_STOKES),
        ),
        ("currents", ("x_sea_water_velocity", "y_sea_water_velocity"), (U, V)),
    ],
)
def test_winds_and_stokes_drift_are_turned_too(tmp_path: Path, role, names, found) -> None:
    attrs, place = rotated_pole(40.0, 60.0)
    path = write(tmp_path / "w.nc", attrs, place, 0.1 * CELLS, 0.1 * CELLS, units="degrees")
    with xr.open_dataset(path, decode_times=False, decode_coords=False) as ds:
        ds = ds.load()
    for key, name in zip(("a", "b"), names, strict=True):
        ds[key].attrs["standard_name"] = name
    ds.to_netcdf(tmp_path / "v.nc", engine="netcdf4")
    check(tmp_path / "v.nc", role, found)


def test_components_to_true_east_are_not_turned(tmp_path: Path) -> None:
    attrs, place = rotated_pole(40.0, 60.0)
    x, y = 20.0 + 0.1 * CELLS, 25.0 + 0.1 * CELLS
    path = write(tmp_path / "t.nc", attrs, place, x, y, units="degrees", names=(U, V))
    ds = open_forcing(path, "currents")
    turn = turn_of_grid(place, np.array(20.0), np.array(25.0), 1e-5)
    middle = float(ds[U].isel(time=0).mean())
    assert middle == pytest.approx(0.3 * np.cos(turn) - 0.2 * np.sin(turn), abs=0.01)
    assert abs(middle - 0.3) > 0.05


@pytest.mark.slow
def test_the_part_of_a_box_is_that_of_the_whole(tmp_path: Path) -> None:
    attrs, place = stereographic(-45.0)
    path = write(tmp_path / "s.nc", attrs, place, 2e5 + 8e3 * CELLS, -2e6 + 8e3 * CELLS)
    whole = open_forcing(path, "currents")
    lon, lat = float(whole["longitude"].mean()), float(whole["latitude"].mean())
    part = open_forcing(path, "currents", box=(lon - 0.4, lat - 0.2, lon + 0.4, lat + 0.2))
    for name in (U, SEA_TEMPERATURE):
        same = whole[name].sel(latitude=part["latitude"], longitude=part["longitude"])
        np.testing.assert_allclose(part[name], same, rtol=1e-6)


@pytest.mark.slow
def test_a_plane_round_the_pole(tmp_path: Path) -> None:
    attrs, place = stereographic(0.0)
    path = write(tmp_path / "p.nc", attrs, place, 1e5 * CELLS, 1e5 * CELLS)
    ds = open_forcing(path, "temperature")
    assert float(ds["latitude"][-1]) == 90.0
    assert float(ds["longitude"][-1] - ds["longitude"][0]) > 355.0
    warm = ds[SEA_TEMPERATURE].isel(time=0).sel(latitude=slice(82.0, None))
    assert warm.notnull().all()
    expected = (280.0 + 0.1 * warm["latitude"]).broadcast_like(warm)
    np.testing.assert_allclose(warm, expected, atol=0.02)


def _changed(path: Path, change) -> Path:
    with xr.open_dataset(path, decode_times=False, decode_coords=False) as ds:
        ds = change(ds.load())
    ds.to_netcdf(path.with_name("changed.nc"), engine="netcdf4")
    return path.with_name("changed.nc")


@pytest.fixture
def rotated(tmp_path: Path) -> Path:
    attrs, place = rotated_pole(40.0, 60.0)
    return write(tmp_path / "r.nc", attrs, place, 0.1 * CELLS, 0.1 * CELLS, units="degrees")


def _without_mapping(ds):
    for name in ("a", "b", "c"):
        ds[name].attrs.pop("grid_mapping")
    return ds.drop_vars("crs")


def _unknown_mapping(ds):
    ds["crs"].attrs = {"grid_mapping_name": "origami"}
    return ds


def _metres(ds):
    for name in ("xc", "yc"):
        ds[name].attrs["units"] = "m"
    return ds


def _unsaid(ds):
    ds["a"].attrs.pop("standard_name")
    return ds.rename(a="uo")


def _one_component(ds):
    return ds.drop_vars("b")


def _with_degrees(shift):
    def change(ds):
        _, place = rotated_pole(40.0, 60.0)
        lon, lat = place(*np.meshgrid(ds["xc"], ds["yc"]))
        return ds.assign_coords(
            lon=(("yc", "xc"), lon + shift, {"standard_name": "longitude"}),
            lat=(("yc", "xc"), lat, {"standard_name": "latitude"}),
        )

    return change


def _degrees_on_its_own_axes(ds):
    for name, standard_name in (("xc", "longitude"), ("yc", "latitude")):
        ds[name].attrs["standard_name"] = standard_name
    return ds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without_mapping, "no grid_mapping says which"),
        (_unknown_mapping, "'crs' cannot be used .*origami"),
        (_metres, "in 'm', expected degrees"),
        (_unsaid, "nothing says that it points east or north"),
        (_one_component, "expected both components in one file"),
        (_with_degrees(0.5), r"lie \d+(\.\d+)? cells off what its grid_mapping"),
        (_degrees_on_its_own_axes, "grid_mapping is .*; one of them is wrong"),
    ],
)
def test_what_cannot_be_placed_or_turned_is_refused(rotated: Path, change, message) -> None:
    with pytest.raises(CatalogError, match=message):
        open_forcing(_changed(rotated, change), "currents")


@pytest.mark.slow
def test_longitudes_and_latitudes_that_agree_with_the_mapping_do_not_disturb(rotated: Path) -> None:
    check(_changed(rotated, _with_degrees(0.0)))


def test_a_single_mapping_of_a_file_needs_no_name(rotated: Path) -> None:
    def change(ds):
        for name in ("a", "b", "c"):
            ds[name].attrs.pop("grid_mapping")
        return ds

    check(_changed(rotated, change))


def test_a_mapping_among_several_is_that_of_the_axes(rotated: Path) -> None:
    def change(ds):
        for name in ("a", "b", "c"):
            ds[name].attrs["grid_mapping"] = "plain: lat lon crs: xc yc"
        plain = {"grid_mapping_name": "latitude_longitude"}
        return ds.assign(plain=((), 0, plain))

    check(_changed(rotated, change))


def test_plain_longitudes_and_latitudes_may_have_a_mapping(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        for name in ("uo", "vo"):
            ds[name].attrs["grid_mapping"] = "crs"
        return ds.assign(crs=((), 0, {"grid_mapping_name": "latitude_longitude"}))

    np.testing.assert_allclose(open_forcing(write_currents(change=change), "currents")[U], 0.1)


@pytest.mark.slow
def test_a_curvilinear_grid_with_a_mapping_is_turned(tmp_path: Path, rotated: Path) -> None:
    def without_axes(ds):
        ds = _with_degrees(0.0)(ds)
        return ds.drop_vars(["xc", "yc"])

    check(_changed(rotated, without_axes))


SPEED = {
    "winds": ("wind_speed", "wind_from_direction", -1.0, (EASTWARD_WIND, NORTHWARD_WIND)),
    "towards": ("wind_speed", "wind_to_direction", 1.0, (EASTWARD_WIND, NORTHWARD_WIND)),
    "currents": ("sea_water_speed", "sea_water_velocity_to_direction", 1.0, (U, V)),
}


@pytest.mark.parametrize("kind", SPEED)
@pytest.mark.parametrize("units", ["degree", "degrees", "rad"])
def test_speed_and_direction_become_components(write_currents, kind: str, units: str) -> None:
    speed_name, direction_name, sign, (east, north) = SPEED[kind]

    def change(ds: xr.Dataset) -> xr.Dataset:
        degrees = np.resize([0.0, 90.0, 225.0, 359.0], ds["uo"].shape)
        speed = xr.full_like(ds["uo"], 2.0)
        direction = ds["uo"].copy(data=np.radians(degrees) if units == "rad" else degrees)
        speed.attrs = {"standard_name": speed_name, "units": "m s-1"}
        direction.attrs = {"standard_name": direction_name, "units": units}
        speed[1], direction[1] = 0.0, np.nan  # a calm has no direction
        return ds.drop_vars(["uo", "vo"]).assign(a=speed, b=direction)

    role = "currents" if kind == "currents" else "winds"
    ds = open_forcing(write_currents(change=change), role, zeros="data").isel(latitude=0)
    angle = np.radians([0.0, 90.0, 225.0, 359.0])
    np.testing.assert_allclose(ds[east].isel(time=0), 2.0 * sign * np.sin(angle), atol=1e-6)
    np.testing.assert_allclose(ds[north].isel(time=0), 2.0 * sign * np.cos(angle), atol=1e-6)
    assert (ds[east].isel(time=1) == 0.0).all()


@pytest.mark.parametrize(
    ("name", "long_name", "sign"),
    [
        ("wind_direction", "wind direction", -1.0),
        ("wdir", "direction from which the wind blows", -1.0),
        ("wdir", "direction towards which the wind blows", 1.0),
    ],
)
def test_the_direction_of_a_wind_by_its_name(write_currents, name, long_name, sign) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        speed, direction = xr.full_like(ds["uo"], 3.0), xr.full_like(ds["uo"], 90.0)
        speed.attrs, direction.attrs = {"units": "m/s"}, {"units": "deg", "long_name": long_name}
        return ds.drop_vars(["uo", "vo"]).assign({"wspd": speed, name: direction})

    ds = open_forcing(write_currents(change=change), "winds")
    np.testing.assert_allclose(ds[EASTWARD_WIND], 3.0 * sign, rtol=1e-6)


LCC = {
    "grid_mapping_name": "lambert_conformal_conic",
    "longitude_of_central_meridian": 15.0,
    "false_easting": 0.0,
    "false_northing": 0.0,
    **SPHERE,
}
SPHERICAL = f"+R={R:.0f} +units=m"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attrs", "words", "metres", "units"),
    [
        # with one parallel, the origin is where the attributes have it, not on the parallel
        (
            LCC | {"standard_parallel": 45.0, "latitude_of_projection_origin": 38.0},
            f"+proj=lcc +lat_1=45 +lat_2=45 +lat_0=38 +lon_0=15 {SPHERICAL}",
            1.0,
            "m",
        ),
        # a false origin is in the unit of the axes
        (
            LCC
            | {"standard_parallel": (40.0, 50.0), "latitude_of_projection_origin": 45.0}
            | {"false_easting": 800.0, "false_northing": -300.0},
            "+proj=lcc +lat_1=40 +lat_2=50 +lat_0=45 +lon_0=15 +x_0=800000 +y_0=-300000 "
            + SPHERICAL,
            1e3,
            "km",
        ),
        # degrees are counted from Greenwich, whatever the mapping itself counts from
        (
            LCC
            | {"standard_parallel": (40.0, 50.0), "latitude_of_projection_origin": 45.0}
            | {"longitude_of_prime_meridian": 10.0, "longitude_of_central_meridian": 5.0},
            f"+proj=lcc +lat_1=40 +lat_2=50 +lat_0=45 +lon_0=15 {SPHERICAL}",
            1.0,
            "m",
        ),
    ],
)
def test_no_attribute_of_a_mapping_is_passed_over(tmp_path, attrs, words, metres, units) -> None:
    plane = pyproj.Proj(words)
    x0, y0 = plane(16.0, 43.0)
    x, y = x0 + 20e3 * CELLS, y0 + 20e3 * CELLS
    path = write(
        tmp_path / "u.nc",
        attrs,
        lambda x, y: plane(x, y, inverse=True),
        x,
        y,
        units=units,
        factor=metres,
    )
    check(path)
    near = open_forcing(path, "temperature").interp(longitude=16.0, latitude=43.0)
    assert float(near[SEA_TEMPERATURE][0]) == pytest.approx(284.3, abs=2e-3)
