"""Of what is larger than memory only a box and a period are read, with the same numbers."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from catalog import CatalogError, ForcingFiles, open_forcing, prepare_forcing
from catalog.forcing.files import file_coordinate
from catalog.forcing.names import EASTWARD_CURRENT, SEA_TEMPERATURE

U = EASTWARD_CURRENT
RUN = (np.datetime64("2021-08-25T01:30"), np.datetime64("2021-08-25T03:00"))


def _moving(ds: xr.Dataset) -> xr.Dataset:
    """Currents that differ from node to node and from time to time."""
    shape = ds["uo"].shape
    values = 0.5 + np.arange(np.prod(shape)).reshape(shape) / np.prod(shape)
    return ds.assign(uo=(ds["uo"].dims, values.astype("f4"), ds["uo"].attrs))


def _with_blanks(blank: list[int]):
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds = _moving(ds)
        for name in ("uo", "vo"):
            ds[name][blank] = np.nan
        return ds

    return change


def test_a_period_is_the_part_of_the_whole_that_a_run_needs(write_currents) -> None:
    path = write_currents(times=np.arange(48.0), change=_moving)
    whole = open_forcing(path, "currents")
    part = open_forcing(path, "currents", period=RUN)
    assert part.sizes["time"] == 3
    xr.testing.assert_identical(part[U], whole[U].sel(time=part["time"]))


@pytest.mark.parametrize("blank", [[25], [24, 25, 27], list(range(2, 26)), list(range(27, 48))])
@pytest.mark.parametrize("policy", ["hold", "interpolate"])
def test_blank_times_next_to_the_period_change_nothing(write_currents, blank, policy) -> None:
    path = write_currents(times=np.arange(48.0), change=_with_blanks(blank))
    cuts = []
    for period in (None, RUN):
        ds = open_forcing(path, "currents", period=period)
        if policy == "interpolate" and len(blank) == 21:
            with pytest.raises(CatalogError, match="no data for"):
                prepare_forcing(ds, start=RUN[0], end=RUN[1], box=None, gap_policy=policy)
            return
        cut, reports = prepare_forcing(ds, start=RUN[0], end=RUN[1], box=None, gap_policy=policy)
        cuts.append((cut[U], reports[0].gaps, reports[0].action))
    xr.testing.assert_identical(cuts[0][0], cuts[1][0])
    assert cuts[0][1:] == cuts[1][1:]


def test_a_gap_is_known_by_the_step_of_the_whole_files(write_currents) -> None:
    times = np.r_[np.arange(24.0), np.arange(30.0, 48.0)]
    path = write_currents(times=times)
    ds = open_forcing(path, "currents", period=RUN)
    assert ds.sizes["time"] == 2
    with pytest.raises(CatalogError, match="no data for 2021-08-24T23:00Z to 2021-08-25T06:00Z"):
        prepare_forcing(ds, start=RUN[0], end=RUN[1], box=None, gap_policy="error")


def test_a_period_outside_the_files_is_a_gap_at_the_end(write_currents) -> None:
    ds = open_forcing(write_currents(), "currents", period=RUN)
    with pytest.raises(CatalogError, match="last data before it 2021-08-24T03:00Z"):
        prepare_forcing(ds, start=RUN[0], end=RUN[1], box=None, gap_policy="error")


def test_rare_temperature_comes_from_beyond_the_period(write_currents) -> None:
    def daily(ds: xr.Dataset) -> xr.Dataset:
        ds = ds.rename_vars(uo="thetao").drop_vars("vo")
        return ds.assign(thetao=(ds["thetao"].dims, np.full(ds["thetao"].shape, 20.0)))

    def celsius(ds: xr.Dataset) -> xr.Dataset:
        ds = daily(ds)
        ds["thetao"].attrs["units"] = "degree_Celsius"
        return ds

    currents = write_currents("u.nc", times=np.arange(48.0))
    warm = write_currents("t.nc", times=np.array([0.0, 96.0]), change=celsius)
    ds = open_forcing([currents, warm], "currents", period=RUN)
    np.testing.assert_allclose(ds[SEA_TEMPERATURE], 293.15)


@pytest.mark.slow
@pytest.mark.parametrize("version", [2, 3])
def test_a_zarr_store_is_a_file(write_currents, tmp_path: Path, version: int) -> None:
    path = write_currents(times=np.arange(48.0), change=_moving)
    store = tmp_path / "store.zarr"
    with xr.open_dataset(path, decode_times=False) as ds:
        ds.to_zarr(store, zarr_format=version, consolidated=version == 2)
    for name in (store, tmp_path / "*.zarr"):
        got = open_forcing(name, "currents", period=RUN, box=(34.1, 35.1, 35.4, 35.9))
        wanted = open_forcing(path, "currents", period=RUN, box=(34.1, 35.1, 35.4, 35.9))
        np.testing.assert_array_equal(got[U], wanted[U])
        np.testing.assert_array_equal(got["longitude"], wanted["longitude"])
        assert got[file_coordinate(U)][0] == str(store)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zarr", "netcdf"])
def test_memory_is_that_of_the_part(tmp_path: Path, kind: str) -> None:
    """A data set of 400 MB, of which 0.2 MB are wanted."""
    lat, lon = np.linspace(20.0, 60.0, 400), np.linspace(-20.0, 40.0, 500)
    times = np.arange(125.0)
    encoding = {
        name: {"chunks" if kind == "zarr" else "chunksizes": (5, 100, 100)} for name in "uv"
    }
    u = np.broadcast_to(np.float32(0.1), (times.size, lat.size, lon.size))
    ds = xr.Dataset(
        {name: (("time", "lat", "lon"), u, {"units": "m s-1"}) for name in "uv"},
        coords={
            "time": ("time", times, {"units": "hours since 2021-08-24"}),
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )
    path = tmp_path / "large"
    if kind == "zarr":
        ds.to_zarr(path, encoding=encoding, consolidated=False)
    else:
        for name in encoding:
            encoding[name]["zlib"] = True
        ds.to_netcdf(path, engine="netcdf4", encoding=encoding)
    tracemalloc.start()
    with ForcingFiles(path, "currents") as files:
        cut = files.read(box=(34.0, 34.0, 36.0, 36.0), period=RUN)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert cut[U].size < 5_000
    assert peak < 0.1 * 2 * u.nbytes
