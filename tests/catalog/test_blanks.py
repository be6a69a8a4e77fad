"""Exact zeros: a calm and slack water are data, land and unwritten records are not."""

import numpy as np
import pytest
import xarray as xr

from catalog import open_forcing
from catalog.forcing.files import REMARKS
from catalog.forcing.names import EASTWARD_CURRENT as U
from catalog.forcing.names import EASTWARD_WIND, SEA_TEMPERATURE

LAND = (slice(None), 0, 0)


def zero_at(*records: int, land=None, wind: bool = False, beside=None):
    """Make some records 0; land is NaN or 0 in the others, and what it is in these is given."""

    def change(ds: xr.Dataset) -> xr.Dataset:
        vary = 1.0 + 0.1 * np.arange(12.0).reshape(3, 4)
        for name in ("uo", "vo"):
            values = ds[name].to_numpy() * vary
            if land is not None:
                values[LAND] = land[0]
            for record in records:
                values[record] = 0.0
                if land is not None:
                    values[record, 0, 0] = land[1]
            ds[name][:] = values
        if beside is not None:
            more = xr.full_like(ds["uo"], beside[0]).assign_attrs(units="K", standard_name="other")
            for record in records:
                more[record] = beside[1]
            ds["more"] = more
        return ds.rename(uo="u10", vo="v10") if wind else ds

    return change


def read(path, role="currents", **options) -> xr.DataArray:
    return open_forcing(path, role, **options)[U if role == "currents" else EASTWARD_WIND]


@pytest.mark.parametrize("records", [(0,), (1, 2), (3,), (0, 1, 2, 3)])
@pytest.mark.parametrize("role", ["currents", "winds"])
def test_a_calm_and_slack_water_are_data(write_currents, records, role) -> None:
    path = write_currents(change=zero_at(*records, wind=role == "winds"))
    field = read(path, role)
    assert field.sizes["time"] == 4
    assert field.notnull().all()
    assert (field.isel(time=list(records)) == 0.0).all()
    assert "taken for a calm or slack water" in field.attrs[REMARKS]


def test_slack_water_beside_land_that_stays_land(write_currents) -> None:
    field = read(write_currents(change=zero_at(2, land=(np.nan, np.nan))))
    assert field.sizes["time"] == 4
    assert field[LAND].isnull().all()


def test_zeros_also_on_land_are_a_record_in_which_nothing_was_written(write_currents) -> None:
    field = read(write_currents(change=zero_at(2, land=(np.nan, 0.0))))
    assert field.sizes["time"] == 3
    assert field.attrs[REMARKS] == "0 everywhere at 2021-08-24T02:00Z: taken for missing"


@pytest.mark.slow
def test_files_of_one_time_each_are_held_against_each_other(write_currents) -> None:
    written = zero_at(2, land=(np.nan, 0.0))
    files = [
        write_currents(f"{k}.nc", change=lambda ds, k=k: written(ds).isel(time=[k]))
        for k in range(4)
    ]
    field = read(files)
    assert field.sizes["time"] == 3
    assert field.attrs[REMARKS] == "0 everywhere at 2021-08-24T02:00Z: taken for missing"


@pytest.mark.parametrize("role", ["currents", "winds"])
def test_zeros_of_what_is_never_zero_are_a_record_in_which_nothing_was_written(
    write_currents, role
) -> None:
    change = zero_at(1, 2, beside=(1013.0, 0.0), wind=role == "winds")
    assert read(write_currents(change=change), role).sizes["time"] == 2


def test_zeros_of_what_is_often_zero_say_nothing(write_currents) -> None:
    change = zero_at(1, beside=(0.0, 0.0), wind=True)
    assert read(write_currents(change=change), "winds").sizes["time"] == 4


def test_a_part_of_the_area_is_read_as_the_whole(write_currents) -> None:
    whole = write_currents(
        longitude=np.arange(34.0, 40.0),
        latitude=np.arange(33.0, 39.0),
        change=lambda ds: ds.assign(
            uo=ds["uo"].where(ds["lon"] > 35.5).assign_attrs(ds["uo"].attrs) * 1.0,
        ),
    )
    with xr.open_dataset(whole, decode_times=False) as ds:
        ds = ds.load()
    for name in ("uo", "vo"):
        ds[name] = ds[name].where(ds["lon"] > 35.5)
        ds[name].attrs["units"] = "m s-1"
        ds[name][2] = 0.0  # on land, too
    path = whole.with_name("blank.nc")
    ds.to_netcdf(path)
    sea = open_forcing(path, "currents", box=(37.1, 35.1, 37.9, 35.9))
    assert sea[U].notnull().all()
    assert sea.sizes["time"] == 3


@pytest.mark.parametrize("zeros", ["data", "missing"])
@pytest.mark.parametrize("role", ["currents", "winds"])
def test_who_knows_may_insist(write_currents, role, zeros) -> None:
    blank = zero_at(2, land=(np.nan, 0.0), wind=role == "winds")
    calm = zero_at(2, wind=role == "winds")
    for number, change in enumerate((blank, calm)):
        field = read(write_currents(f"{number}.nc", change=change), role, zeros=zeros)
        assert field.sizes["time"] == (4 if zeros == "data" else 3)


def test_land_written_as_zero_is_told_of(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        for name in ("uo", "vo"):
            ds[name][LAND] = 0.0
        return ds

    field = read(write_currents(change=change))
    assert field[LAND].isnull().all()
    assert "0 at every time at 8.3% of the nodes: taken for land" in field.attrs[REMARKS]
    kept = read(write_currents("b.nc", change=change), zeros="data")
    assert (kept[LAND] == 0.0).all()


def test_where_land_is_missing_a_zero_is_water_that_stands_still(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        for name in ("uo", "vo"):
            ds[name][LAND] = np.nan
            ds[name][:, 1, 1] = 0.0  # the middle of an eddy
        return ds

    field = read(write_currents(change=change))
    assert (field[:, 1, 1] == 0.0).all()
    assert int(field.isnull().sum()) == 4
    assert "0 at every time at 8.3% of the nodes: taken for a calm or slack" in field.attrs[REMARKS]


def test_of_zeros_and_missing_values_land_is_what_there_is_more_of(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        for name in ("uo", "vo"):
            ds[name][LAND] = np.nan  # a hole
            ds[name][:, :, 3] = 0.0
        return ds

    field = read(write_currents(change=change))
    assert field[:, :, 3].isnull().all()
    assert int(field.isnull().sum()) == 4 * 4
    assert "25.0% of the nodes: taken for land" in field.attrs[REMARKS]


def test_wind_is_never_zero_for_want_of_sea(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        for name in ("uo", "vo"):
            ds[name][LAND] = 0.0
        return ds.rename(uo="u10", vo="v10")

    field = read(write_currents(change=change), "winds")
    assert (field[LAND] == 0.0).all()
    assert "0 at every time at 8.3% of the nodes: taken for a calm" in field.attrs[REMARKS]


def test_half_a_record_that_was_not_written_is_missing(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        for name in ("uo", "vo"):
            ds[name][LAND] = np.nan
        ds["uo"][2] = 0.0  # on land as well; vo is whole
        return ds

    field = read(write_currents(change=change))
    assert field.sizes["time"] == 3
    assert field.attrs[REMARKS] == "0 everywhere at 2021-08-24T02:00Z: taken for missing"


def test_a_flow_along_an_axis_is_a_flow(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["vo"][:] = 0.0
        ds["vo"][LAND] = np.nan
        ds["uo"][LAND] = np.nan
        return ds

    field = read(write_currents(change=change))
    assert field.sizes["time"] == 4
    assert REMARKS not in field.attrs


def test_temperature_goes_with_the_currents(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds = zero_at(2, land=(np.nan, 0.0))(ds)
        ds["thetao"] = xr.full_like(ds["vo"], 20.0)
        ds["thetao"].attrs = {"units": "degC"}
        return ds

    ds = open_forcing(write_currents(change=change), "currents")
    assert ds.sizes["time"] == 3
    assert ds[SEA_TEMPERATURE][LAND].isnull().all()


def _temperature(ds: xr.Dataset, land: float, sea: float = 20.0) -> xr.Dataset:
    warm = xr.full_like(ds["vo"], sea) + 0.1 * xr.DataArray(np.arange(4.0), dims="time")
    warm.attrs = {"units": "degC", "standard_name": "sea_surface_temperature"}
    warm = warm.transpose("time", "lat", "lon")
    warm[LAND] = land
    return ds.drop_vars(["uo", "vo"]).assign(sst=warm.astype("f4").assign_attrs(warm.attrs))


@pytest.mark.parametrize("times", [1, 4])
def test_land_at_zero_degrees_is_no_water(write_currents, times) -> None:
    path = write_currents(change=lambda ds: _temperature(ds, 0.0).isel(time=slice(times)))
    warm = open_forcing(path, "temperature")[SEA_TEMPERATURE]
    assert warm[LAND].isnull().all()
    assert int(warm.isnull().sum()) == times
    assert "taken for land" in warm.attrs[REMARKS]
    kept = open_forcing(path, "temperature", zeros="data")[SEA_TEMPERATURE]
    assert kept.notnull().all()


def test_a_sea_that_freezes_is_water(write_currents) -> None:
    def cold(ds: xr.Dataset) -> xr.Dataset:
        ds = _temperature(ds, 0.0, sea=-0.1)
        return ds  # others pass through 0 degrees

    warm = open_forcing(write_currents(change=cold), "temperature")[SEA_TEMPERATURE]
    assert warm.notnull().all()
