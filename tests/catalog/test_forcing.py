from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from catalog import CatalogError, CoverageError, UnreadableFileError, open_forcing
from catalog.forcing.files import file_coordinate
from catalog.forcing.names import (
    EASTWARD_CURRENT,
    EASTWARD_STOKES,
    NORTHWARD_CURRENT,
    NORTHWARD_STOKES,
    SEA_TEMPERATURE,
    WAVE_HEIGHT,
    WAVE_PERIOD,
)

U, V = EASTWARD_CURRENT, NORTHWARD_CURRENT


def _scaled(factor: float):
    def change(ds: xr.Dataset) -> xr.Dataset:
        for name in ("uo", "vo"):
            ds[name][:] = ds[name] * factor
        return ds

    return change


def test_files_of_a_pattern_are_joined_along_time(write_currents, tmp_path: Path) -> None:
    write_currents("day2.nc", times=np.arange(4.0, 8.0))
    write_currents("day1.nc", times=np.arange(0.0, 4.0))
    ds = open_forcing(tmp_path / "day*.nc", "currents")
    assert ds.sizes["time"] == 8
    assert (np.diff(ds["time"]) == np.timedelta64(1, "h")).all()
    files = ds[file_coordinate(U)].to_numpy()
    assert [Path(name).name for name in files[[0, -1]]] == ["day1.nc", "day2.nc"]


@pytest.mark.parametrize("doubled_last", [True, False])
def test_the_later_of_overlapping_files_wins(write_currents, doubled_last: bool) -> None:
    plain = write_currents("plain.nc", times=np.arange(0.0, 4.0))
    doubled = write_currents("doubled.nc", times=np.arange(2.0, 6.0), change=_scaled(2.0))
    files = [plain, doubled] if doubled_last else [doubled, plain]
    u = open_forcing(files, "currents")[U].isel(latitude=0, longitude=0)
    overlap = 0.2 if doubled_last else 0.1
    np.testing.assert_allclose(u, [0.1, 0.1, overlap, overlap, 0.2, 0.2])


def test_components_in_separate_files(write_currents) -> None:
    u = write_currents("u.nc", change=lambda ds: ds.drop_vars("vo"))
    v = write_currents("v.nc", times=np.arange(1.0, 5.0), change=lambda ds: ds.drop_vars("uo"))
    ds = open_forcing([u, v], "currents")
    assert ds.sizes["time"] == 3
    assert set(ds[file_coordinate(V)].to_numpy()) == {str(v)}


def test_of_files_whose_axes_differ_by_a_rounding_each_has_all_nodes(write_currents) -> None:
    axis = np.arange(35.0, 36.05, 0.1)

    def temperature(ds: xr.Dataset) -> xr.Dataset:
        warm = ds["uo"].copy(data=np.full(ds["uo"].shape, 20.0, "f4"))
        return ds.drop_vars(["uo", "vo"]).assign(thetao=warm.assign_attrs(units="degrees_C"))

    double, single = ({"latitude": axis.astype(t), "longitude": axis.astype(t)} for t in "df")
    u = write_currents("u.nc", **double, change=lambda ds: ds.drop_vars("vo"))
    v = write_currents("v.nc", **single, change=lambda ds: ds.drop_vars("uo"))
    warm = write_currents("t.nc", **single, change=temperature)
    for box, nodes in ((None, axis.size), ((35.35, 35.35, 35.65, 35.65), 7)):
        ds = open_forcing([u, v, warm], "currents", box=box)
        assert [ds[name].shape[1:] for name in (U, V, SEA_TEMPERATURE)] == [(nodes, nodes)] * 3
        assert all(ds[name].notnull().all() for name in (U, V, SEA_TEMPERATURE))


def test_daily_temperature_beside_hourly_currents(write_currents) -> None:
    def temperature(ds: xr.Dataset) -> xr.Dataset:
        warm = ds["uo"].copy(data=np.full(ds["uo"].shape, 20.0, "f4")) + ds["time"] / 24.0
        return ds.drop_vars(["uo", "vo"]).assign(thetao=warm.assign_attrs(units="degrees_C"))

    currents = write_currents("c.nc", times=np.arange(48.0))
    daily = write_currents("t.nc", times=np.array([12.0, 36.0]), change=temperature)
    ds = open_forcing([currents, daily], "currents")
    assert ds.sizes["time"] == 48
    by_hour = ds[SEA_TEMPERATURE].isel(latitude=0, longitude=0)
    np.testing.assert_allclose(
        by_hour[[0, 23, 25, 47]], 273.15 + np.array([20.5, 20.5, 21.5, 21.5])
    )


@pytest.mark.slow
def test_daily_temperature_at_hourly_times_is_found_beyond_the_period(write_currents) -> None:
    def temperature(ds: xr.Dataset) -> xr.Dataset:
        warm = ds["uo"].copy(data=np.full(ds["uo"].shape, 20.0, "f4")) + ds["time"] / 24.0
        once_a_day = warm.where(ds["time"] % 24.0 == 0.0)
        return ds.assign(thetao=once_a_day.assign_attrs(units="degrees_C"))

    path = write_currents("c.nc", times=np.arange(49.0), change=temperature)
    start = open_forcing(path, "currents")["time"].to_numpy()[0]
    hours = np.timedelta64(1, "h")
    ds = open_forcing(path, "currents", period=(start + 30 * hours, start + 42 * hours))
    assert ds.sizes["time"] == 13
    warm = ds[SEA_TEMPERATURE].isel(latitude=0, longitude=0)
    np.testing.assert_allclose(warm[[0, -1]], 273.15 + np.array([21.0, 22.0]))


def test_different_grids_name_both_files(write_currents) -> None:
    a = write_currents("a.nc")
    b = write_currents("b.nc", longitude=np.array([34.1, 34.6, 35.1, 35.6]))
    with pytest.raises(CatalogError, match=r"b\.nc: 3 x 4.*a\.nc has 3 x 4.*same grid"):
        open_forcing([a, b], "currents")


def test_box_is_cut_on_reading(write_currents) -> None:
    path = write_currents(latitude=np.arange(30.0, 40.0), longitude=np.arange(10.0, 20.0))
    ds = open_forcing(path, "currents", box=(13.2, 34.1, 14.8, 35.9))
    np.testing.assert_array_equal(ds["longitude"], [12.0, 13.0, 14.0, 15.0, 16.0])
    with pytest.raises(CoverageError, match=r"currents\.nc, variable 'uo'"):
        open_forcing(path, "currents", box=(13.2, 34.1, 24.8, 35.9))


def test_zero_in_both_components_at_every_time_is_land(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        for name in ("uo", "vo"):
            ds[name][:, 0, 0] = 0.0  # land
            ds[name][0, 1, 1] = 0.0  # slack water
        ds["uo"][:, 2, 2] = 0.0  # northward only
        ds["thetao"] = xr.full_like(ds["uo"], 20.0).assign_attrs(units="degrees_C")
        return ds

    ds = open_forcing(write_currents(change=change), "currents")
    for name in (U, V, SEA_TEMPERATURE):
        land = ds[name].isnull()
        assert bool(land[:, 0, 0].all())
        assert int(land.sum()) == ds.sizes["time"]


@pytest.mark.parametrize(("value", "zeros"), [(0.0, "missing"), (np.nan, "auto"), (np.nan, "data")])
def test_blank_times_are_left_out(write_currents, value: float, zeros) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["uo"][1], ds["vo"][1] = value, value
        return ds

    ds = open_forcing(write_currents(change=change), "currents", zeros=zeros)
    hours = (ds["time"].to_numpy() - np.datetime64("2021-08-24")) / np.timedelta64(1, "h")
    np.testing.assert_array_equal(hours, [0.0, 2.0, 3.0])


def test_a_blank_time_does_not_hide_the_same_time_of_another_file(write_currents) -> None:
    def blank(ds: xr.Dataset) -> xr.Dataset:
        ds["uo"][1] = np.nan
        return ds

    files = [write_currents("a.nc"), write_currents("b.nc", change=blank)]
    assert open_forcing(files, "currents").sizes["time"] == 4


@pytest.mark.parametrize(("factor", "zeros"), [(0.0, "missing"), (np.nan, "auto")])
def test_no_value_anywhere(write_currents, factor: float, zeros) -> None:
    path = write_currents(change=_scaled(factor))
    with pytest.raises(CatalogError, match=r"currents\.nc.*no value anywhere.*currents = \"none\""):
        open_forcing(path, "currents", zeros=zeros)


def _waves(*names: str, value: float = 0.3):
    """Turn the currents of a file into waves, all of the same value."""
    units = {"VHM0": "m", "VTPK": "s", "VSDX": "m s-1", "VSDY": "m s-1", "tp": "m"}

    def change(ds: xr.Dataset) -> xr.Dataset:
        full = xr.full_like(ds["uo"], value)
        fields = {name: full.assign_attrs(units=units[name]) for name in names}
        return ds.drop_vars(["uo", "vo"]).assign(fields)

    return change


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("VHM0", "VTPK", "VSDX", "VSDY"), (EASTWARD_STOKES, NORTHWARD_STOKES)),
        (("VSDX", "VSDY"), (EASTWARD_STOKES, NORTHWARD_STOKES)),
        (("VHM0", "VTPK"), ()),
        (("VHM0",), ()),
        (("VTPK",), ()),
    ],
)
def test_waves_may_hold_any_of_stokes_drift_height_and_period(
    write_currents, names, expected
) -> None:
    ds = open_forcing(write_currents(change=_waves(*names)), "waves")
    height = (WAVE_HEIGHT,) if "VHM0" in names else ()
    period = (WAVE_PERIOD,) if "VTPK" in names else ()
    assert set(ds.data_vars) == {*expected, *height, *period}
    for field in ds.data_vars.values():
        np.testing.assert_allclose(field, 0.3, rtol=1e-6)


def test_waves_with_half_a_stokes_drift_are_refused(write_currents) -> None:
    path = write_currents(change=_waves("VHM0", "VSDX"))
    with pytest.raises(CatalogError, match="no sea_surface_wave_stokes_drift_northward"):
        open_forcing(path, "waves")


def test_calm_is_no_land_and_no_blank(write_currents) -> None:
    ds = open_forcing(write_currents(change=_waves("VHM0", value=0.0)), "waves")
    assert ds.sizes["time"] == 4
    assert (ds[WAVE_HEIGHT] == 0.0).all()


def test_the_precipitation_of_era5_is_no_wave_period(write_currents) -> None:
    ds = open_forcing(write_currents(change=_waves("VHM0", "tp")), "waves")
    assert list(ds.data_vars) == [WAVE_HEIGHT]


@pytest.mark.parametrize(("units", "value"), [("degrees_C", 20.0), ("K", 293.15)])
@pytest.mark.parametrize("name", ["thetao", "analysed_sst", "sst"])
def test_temperature_of_its_own(write_currents, name: str, units: str, value: float) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        warm = xr.full_like(ds["uo"], value).assign_attrs(units=units)
        warm[:, 0, 0], warm[2] = np.nan, np.nan
        return ds.drop_vars(["uo", "vo"]).assign({name: warm})

    ds = open_forcing(write_currents(change=change), "temperature")
    assert list(ds.data_vars) == [SEA_TEMPERATURE]
    assert ds.sizes["time"] == 3
    assert bool(ds[SEA_TEMPERATURE][:, 0, 0].isnull().all())
    np.testing.assert_allclose(ds[SEA_TEMPERATURE][:, 1:], 293.15, rtol=1e-6)


def test_no_temperature_is_told_with_its_name(write_currents) -> None:
    with pytest.raises(CatalogError, match="no sea_water_temperature for the temperature"):
        open_forcing(write_currents(), "temperature")


def test_paths(tmp_path: Path, write_currents) -> None:
    with pytest.raises(UnreadableFileError, match=r"no file matches .*sea\*\.nc"):
        open_forcing(tmp_path / "sea*.nc", "currents")
    with pytest.raises(UnreadableFileError, match="no such file"):
        open_forcing(str(tmp_path / "sea.nc"), "currents")
    with pytest.raises(UnreadableFileError, match="is a folder"):
        open_forcing(tmp_path, "currents")
    with pytest.raises(UnreadableFileError, match="empty"):
        open_forcing([], "currents")
    bracketed = write_currents("run[1].nc")
    assert open_forcing(bracketed, "currents").sizes["time"] == 4


def test_messages_are_one_line() -> None:
    assert str(CatalogError("GDAL says:\n  two lines\n")) == "GDAL says: two lines"


@pytest.mark.parametrize(
    ("change", "included"),
    [
        (lambda ds: ds, 0),
        (lambda ds: ds.assign_attrs(includes_stokes_drift="true"), 1),
        (lambda ds: ds.rename(uo="utotal", vo="vtotal"), 1),
    ],
)
def test_currents_that_hold_the_stokes_drift_say_so(write_currents, change, included: int) -> None:
    ds = open_forcing(write_currents("a.nc", change=change), "currents")
    assert ds.attrs["includes_stokes_drift"] == included
