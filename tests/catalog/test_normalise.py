"""Dialects of one NetCDF file, each seen in the wild, through the public function."""

import zipfile
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from catalog import CatalogError, UnreadableFileError, open_forcing
from catalog.forcing.names import (
    EASTWARD_CURRENT,
    EASTWARD_WIND,
    NORTHWARD_CURRENT,
    SEA_TEMPERATURE,
)

U, V = EASTWARD_CURRENT, NORTHWARD_CURRENT


def _set_u(values_of):
    """Change u to a function of (time, latitude, longitude) of the file."""

    def change(ds: xr.Dataset) -> xr.Dataset:
        u = values_of(ds["time"], ds["lat"], ds["lon"]).astype("f4")
        return ds.assign(uo=u.transpose("time", "lat", "lon").assign_attrs(ds["uo"].attrs))

    return change


def test_plain_file(write_currents) -> None:
    ds = open_forcing(write_currents(), "currents")
    assert list(ds.data_vars) == [U, V]
    assert ds[U].dims == ("time", "latitude", "longitude")
    assert ds["time"].dtype == "datetime64[ns]"
    assert ds[U].dtype == np.float32
    assert ds[U].attrs == {"standard_name": U, "units": "m s-1"}
    np.testing.assert_array_equal(
        ds["time"][:2], np.array(["2021-08-24T00", "2021-08-24T01"], "M8")
    )
    np.testing.assert_array_equal(ds["latitude"], [35.0, 35.5, 36.0])
    np.testing.assert_allclose(ds[U], 0.1)


@pytest.mark.parametrize(
    ("u", "v"),
    [("vozocrtx", "vomecrty"), ("water_u", "water_v"), ("UTOTAL", "VTOTAL"), ("U", "V")],
)
def test_variable_names(write_currents, u: str, v: str) -> None:
    path = write_currents(change=lambda ds: ds.rename(uo=u, vo=v))
    np.testing.assert_allclose(open_forcing(path, "currents")[V], -0.2)


@pytest.mark.parametrize("key", ["standard_name", "short_name"])
@pytest.mark.parametrize(
    ("u", "v"), [("x_sea_water_velocity", "y_sea_water_velocity"), ("vozocrtx", "vomecrty")]
)
def test_attributes_name_the_variable(write_currents, key: str, u: str, v: str) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["uo"].attrs[key], ds["vo"].attrs[key] = u, v
        return ds.rename(uo="var131", vo="var132")

    np.testing.assert_allclose(open_forcing(write_currents(change=change), "currents")[U], 0.1)


def test_standard_name_goes_before_variable_name(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["total"] = ds["uo"].copy(data=ds["uo"] * 2).assign_attrs(standard_name=U)
        return ds

    np.testing.assert_allclose(open_forcing(write_currents(change=change), "currents")[U], 0.2)


def test_two_candidates_are_refused(write_currents) -> None:
    path = write_currents(change=lambda ds: ds.assign(water_u=ds["uo"]))
    with pytest.raises(CatalogError, match=r"uo, water_u could each be eastward_sea_water"):
        open_forcing(path, "currents")


def test_missing_component_lists_what_there_is(write_currents) -> None:
    path = write_currents(change=lambda ds: ds.rename(vo="banana"))
    with pytest.raises(CatalogError, match=r"no northward_sea_water_velocity.*banana"):
        open_forcing(path, "currents")


def test_file_for_another_role_is_named(write_currents) -> None:
    with pytest.raises(CatalogError, match=r"no eastward_wind and no northward_wind.*uo, vo"):
        open_forcing(write_currents(), "winds")


def test_units_are_converted(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["uo"].attrs["units"] = "cm/s"
        ds["thetao"] = ds["uo"].copy(data=np.full(ds["uo"].shape, 20.0, "f4"))
        ds["thetao"].attrs["units"] = "degrees_C"
        return ds

    ds = open_forcing(write_currents(change=change), "currents")
    np.testing.assert_allclose(ds[U], 0.001, rtol=1e-6)
    np.testing.assert_allclose(ds[SEA_TEMPERATURE], 293.15, rtol=1e-6)


def test_implausible_values_point_at_the_unit(write_currents) -> None:
    path = write_currents(change=_set_u(lambda t, y, x: 0.0 * t + y + 0.0 * x))
    with pytest.raises(CatalogError, match=r"'uo'.*35 to 36 m s-1, expected -10 to 10"):
        open_forcing(path, "currents")


def test_descending_latitude_and_0_to_360_longitude(write_currents) -> None:
    path = write_currents(
        latitude=np.array([36.0, 35.5, 35.0]),
        longitude=np.array([0.0, 1.0, 358.0, 359.0]),
        change=_set_u(lambda t, y, x: 0.0 * t + y / 10 + x / 1000),
    )
    ds = open_forcing(path, "currents")
    np.testing.assert_array_equal(ds["latitude"], [35.0, 35.5, 36.0])
    np.testing.assert_array_equal(ds["longitude"], [-2.0, -1.0, 0.0, 1.0])
    node = ds[U].isel(time=0).sel(latitude=35.5, longitude=-2.0)
    assert float(node) == pytest.approx(3.55 + 0.358)


def test_names_of_coordinates_and_order_of_dimensions(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["lat"].attrs, ds["lon"].attrs = {}, {}
        ds = ds.rename_dims(lat="y", lon="x").rename_vars(lat="nav_lat", lon="nav_lon")
        ds = ds.drop_indexes(["nav_lat", "nav_lon"]).rename(time="time_counter")
        return ds.transpose("x", "y", "time_counter")

    ds = open_forcing(write_currents(change=change), "currents")
    assert ds[U].shape == (4, 3, 4)


def test_depth_nearest_the_surface_is_taken(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        depth = xr.DataArray([50.0, 10.0, 0.5], dims="depth", coords={"depth": [50.0, 10.0, 0.5]})
        u = (ds["uo"] / depth).astype("f4").assign_attrs(ds["uo"].attrs)
        return ds.assign(uo=u)

    np.testing.assert_allclose(open_forcing(write_currents(change=change), "currents")[U], 0.2)


def test_new_era5_layout(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds = ds.rename(uo="u10", vo="v10", time="valid_time", lat="latitude", lon="longitude")
        return ds.assign_coords(number=0, expver=("valid_time", ["0001"] * 4)).expand_dims("number")

    ds = open_forcing(write_currents(change=change), "winds")
    np.testing.assert_allclose(ds[EASTWARD_WIND], 0.1)


def test_final_and_preliminary_era5_are_joined(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds = ds.rename(uo="u10", vo="v10")
        hour = xr.DataArray(np.arange(4), dims="time")
        both = xr.concat([ds.where(hour < 2), (3 * ds).where(hour >= 2)], "expver")
        for name in ("u10", "v10"):
            both[name].attrs["units"] = "m s**-1"
        return both

    ds = open_forcing(write_currents(change=change), "winds")
    np.testing.assert_allclose(ds[EASTWARD_WIND][:, 0, 0], [0.1, 0.1, 0.3, 0.3])


def test_ensemble_is_refused(write_currents) -> None:
    path = write_currents(change=lambda ds: ds.expand_dims(number=3))
    with pytest.raises(CatalogError, match="'number' has 3 entries"):
        open_forcing(path, "currents")


def test_scattered_nodes_are_refused(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds = ds.isel(lon=slice(3)).drop_indexes(["lat", "lon"])
        along = {name: (("time", "node"), ds[name].to_numpy()[:, 0]) for name in ("uo", "vo")}
        nodes = {name: ("node", ds[name].to_numpy(), ds[name].attrs) for name in ("lat", "lon")}
        ds = xr.Dataset(along, coords={"time": ds["time"], **nodes})
        ds["uo"].attrs["units"] = ds["vo"].attrs["units"] = "m s-1"
        return ds

    with pytest.raises(CatalogError, match="both run along 'node'"):
        open_forcing(write_currents(change=change), "currents")


def test_depths_of_no_kind_known_are_refused(write_currents) -> None:
    path = write_currents(change=lambda ds: ds.expand_dims(level=[1000.0, 500.0]))
    with pytest.raises(CatalogError, match=r"levels 'level' \(1000, 500\) are no depths"):
        open_forcing(path, "currents")


def test_no_latitude_is_refused(write_currents) -> None:
    path = write_currents(change=lambda ds: ds.drop_vars("lat").rename_dims(lat="row"))
    with pytest.raises(CatalogError, match="no latitude axis"):
        open_forcing(path, "currents")


def test_swapped_latitude_and_longitude(write_currents) -> None:
    path = write_currents(latitude=np.array([120.0, 121.0]))
    with pytest.raises(CatalogError, match=r"latitude runs from 120 to 121.*swapped"):
        open_forcing(path, "currents")


def test_time_is_the_middle_of_its_bounds(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["time"].attrs["bounds"] = "time_bnds"
        begin = ds["time"].to_numpy()
        return ds.assign(time_bnds=(("time", "nv"), np.stack([begin, begin + 24.0], axis=1)))

    path = write_currents(times=np.arange(0.0, 72.0, 24.0), change=change)
    ds = open_forcing(path, "currents")
    assert ds["time"].to_numpy()[0] == np.datetime64("2021-08-24T12:00")


def test_no_leap_calendar_keeps_the_date(write_currents) -> None:
    ds = open_forcing(write_currents(calendar="noleap"), "currents")
    assert ds["time"].to_numpy()[0] == np.datetime64("2021-08-24")


def test_valid_range_of_a_packed_time_does_not_mask(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["time"].attrs.update(valid_min=np.int32(2), valid_max=np.int32(3))
        ds["time"].encoding.update(dtype="int32", scale_factor=0.5, _FillValue=np.int32(-99))
        return ds

    assert open_forcing(write_currents(change=change), "currents").sizes["time"] == 4


def test_packed_values_and_undeclared_default_fill(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["vo"][:, 0, 0] = np.nan
        ds["vo"].encoding.update(dtype="int16", scale_factor=0.01, _FillValue=np.int16(-32767))
        ds["uo"][:, 0, 0] = netCDF4.default_fillvals["f4"]
        ds["uo"].encoding["_FillValue"] = None
        return ds

    ds = open_forcing(write_currents(change=change), "currents")
    np.testing.assert_allclose(ds[V][0, 1], -0.2, atol=1e-6)
    for name in (U, V):
        assert bool(ds[name][:, 0, 0].isnull().all())
        assert int(ds[name].isnull().sum()) == 4


def test_contradictory_fill_values_do_not_warn(write_currents) -> None:
    path = write_currents()
    with netCDF4.Dataset(path, "a") as file:
        file["uo"].missing_value = np.float32(-999.0)
        file["uo"][:, 0, 0] = -999.0
    u = open_forcing(path, "currents")[U]
    assert bool(u[:, 0, 0].isnull().all())
    assert int(u.isnull().sum()) == u.sizes["time"]


@pytest.mark.parametrize("format", ["NETCDF4", "NETCDF3_CLASSIC"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_truncated_file(write_currents, format: str, kept: float) -> None:
    path: Path = write_currents(times=np.arange(400.0), format=format)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(UnreadableFileError, match=r"currents\.nc.*cut short"):
        open_forcing(path, "currents")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n<!DOCTYPE html><html>404</html>", "HTML"),
        (b"PK\x03\x04....", "zip"),
        (b"GRIB....", "GRIB"),
        (b"lon,lat,u,v\n", "cannot be read as NetCDF"),
    ],
)
def test_not_netcdf(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "currents.nc"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=message):
        open_forcing(path, "currents")


@pytest.mark.parametrize(
    ("name", "attrs", "sea"),
    [
        ("mask_rho", {}, 1),
        ("tmask", {}, 1),
        ("wet", {"standard_name": "sea_binary_mask"}, 1),
        ("dry", {"standard_name": "land_binary_mask"}, 0),
    ],
)
@pytest.mark.parametrize("levels", [False, True])
def test_a_mask_says_where_land_is(write_currents, name, attrs, sea, levels) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        values = np.full((3, 4), sea, "i1")
        values[:, 0] = 1 - sea
        dims = ("lat", "lon")
        if levels:  # below the surface everything is sea
            values, dims = np.stack([values, np.full((3, 4), sea, "i1")]), ("depth", *dims)
        return ds.assign({name: (dims, values, attrs)})

    u = open_forcing(write_currents(change=change), "currents")[U].isel(time=0)
    assert u.isel(longitude=0).isnull().all()
    assert u.isel(longitude=slice(1, None)).notnull().all()


@pytest.mark.parametrize("land", [0, 1])
def test_a_mask_that_may_be_of_land_or_of_sea_says_nothing(write_currents, land) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        values = np.full((3, 4), 1 - land, "i1")
        values[:, 0] = land
        return ds.assign(mask=(("lat", "lon"), values))

    assert open_forcing(write_currents(change=change), "currents")[U].notnull().all()


@pytest.mark.parametrize(("name", "land"), [("mask", 0), ("mask", 1), ("tmask", 2)])
def test_flags_go_before_the_name_of_a_mask(write_currents, name, land) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        values = np.full((3, 4), 5, "i1")
        values[:, 0] = land
        flags = {"flag_values": np.array([land, 5], "i1"), "flag_meanings": "land sea"}
        return ds.assign({name: (("lat", "lon"), values, flags)})

    u = open_forcing(write_currents(change=change), "currents")[U].isel(time=0)
    assert u.isnull().any("latitude").to_numpy().tolist() == [True, False, False, False]


def test_a_mask_of_land_is_not_for_winds(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        mask = xr.zeros_like(ds["uo"].isel(time=0), dtype="i1")
        return ds.rename(uo="u10", vo="v10").assign(tmask=mask.drop_vars("time"))

    assert open_forcing(write_currents(change=change), "winds")[EASTWARD_WIND].notnull().all()


@pytest.mark.parametrize("fill", [1e20, -9999.0, -32767.0, 999.0])
def test_customary_fills_need_no_declaration(write_currents, fill: float) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds["uo"][:, 1, 1] = fill
        return ds

    u = open_forcing(write_currents(change=change), "currents")[U]
    assert int(u.isnull().sum()) == u.sizes["time"]


def test_the_height_nearest_ten_metres_is_taken(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        heights = xr.DataArray([2.0, 10.0, 100.0], dims="height_above_ground4")
        ds = ds.rename(uo="u10", vo="v10")
        for name in ("u10", "v10"):
            attrs = ds[name].attrs
            ds[name] = (ds[name] * heights).transpose("time", ..., "lat", "lon")
            ds[name].attrs = attrs
        return ds.assign_coords(height_above_ground4=heights)

    wind = open_forcing(write_currents(change=change), "winds")[EASTWARD_WIND]
    np.testing.assert_allclose(wind, 1.0, rtol=1e-6)


@pytest.mark.slow
def test_a_zip_of_files_for_several_roles(write_currents, tmp_path: Path) -> None:
    def wind(ds: xr.Dataset) -> xr.Dataset:
        return ds.rename(uo="u10", vo="v10")

    archive = tmp_path / "download.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in (write_currents("a.nc"), write_currents("b.nc", change=wind)):
            file.write(path, path.name)
    for role in ("currents", "winds"):
        assert open_forcing(archive, role).sizes["time"] == 4


def test_a_zip_that_writes_outside_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "download.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../currents.nc", "x")
    with pytest.raises(CatalogError, match="points outside it"):
        open_forcing(archive, "currents")


def test_new_era5_with_text_in_expver(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        ds = ds.rename(uo="u10", vo="v10", time="valid_time").isel(lat=slice(None, None, -1))
        return ds.assign_coords(expver=("valid_time", np.full(4, "0005")), number=0)

    ds = open_forcing(write_currents(change=change), "winds")
    assert (np.diff(ds["latitude"]) > 0.0).all()
    assert ds.sizes["time"] == 4


def test_currents_that_hold_everything_go_before_those_that_do_not(write_currents) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        total = {"utotal": xr.full_like(ds["uo"], 0.4), "vtotal": xr.full_like(ds["vo"], 0.5)}
        for name, part in zip(total, ("uo", "vo"), strict=True):
            total[name].attrs = ds[part].attrs
        return ds.assign(total)

    ds = open_forcing(write_currents(change=change), "currents")
    np.testing.assert_allclose(ds[U], 0.4)
    assert ds.attrs["includes_stokes_drift"] == 1
