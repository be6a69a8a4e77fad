"""Levels by quantity and unit: depths in the sea, heights in the air; all else is refused."""

import numpy as np
import pytest
import xarray as xr

from catalog import CatalogError, open_forcing
from catalog.forcing.files import REMARKS
from catalog.forcing.names import EASTWARD_CURRENT, EASTWARD_WIND

DOWN = {"standard_name": "depth", "units": "m", "positive": "down"}
UP = {"standard_name": "height", "units": "m", "positive": "up"}


def levelled(name: str, values, attrs, *, wind: bool = False):
    """Give a file levels: u is 1 on the first, 2 on the second ..."""

    def change(ds: xr.Dataset) -> xr.Dataset:
        number = xr.DataArray(np.arange(1.0, len(values) + 1.0), dims=name)
        for variable in ("uo", "vo"):
            kept = ds[variable].attrs
            ds[variable] = (xr.ones_like(ds[variable]) * number).transpose("time", name, ...)
            ds[variable].attrs = kept
        ds = ds.assign_coords({name: (name, np.asarray(values), attrs)})
        return ds.rename(uo="u10", vo="v10") if wind else ds

    return change


@pytest.mark.parametrize(
    ("name", "values", "attrs", "taken"),
    [
        ("depth", [0.5, 10.0, 50.0], DOWN, 1),
        ("depth", [50.0, 10.0, 0.5], DOWN, 3),
        ("lev", [50.0, 0.5], DOWN, 2),
        ("height", [30.0, 0.5], DOWN, 2),  # whatever it is called
        ("depth", [0.0005, 0.01], DOWN | {"units": "km"}, 1),
        ("depth", [500.0, 10.0], DOWN | {"units": "cm"}, 2),
        ("z", [-20.0, -1.0], {"units": "m", "positive": "up"}, 2),
        ("z", [-20.0, -1.0], UP, 2),
        ("z", [1.0, 20.0], {"units": "meters"}, 1),
        ("lev", [20.0, 1.0], {"units": "m", "positive": "down"}, 2),
        ("depth", [20.0, 1.0], {"positive": "down"}, 2),
        ("deptht", [20.0, 1.0], {}, 2),
    ],
)
def test_the_level_nearest_the_surface_of_the_sea(write_currents, name, values, attrs, taken):
    path = write_currents(change=levelled(name, values, attrs))
    np.testing.assert_allclose(open_forcing(path, "currents")[EASTWARD_CURRENT], taken)


@pytest.mark.parametrize(
    ("name", "values", "attrs", "taken"),
    [
        ("height", [2.0, 10.0, 100.0], UP, 2),
        ("depth", [100.0, 10.0], UP, 2),  # whatever it is called
        ("heightAboveGround", [2.0, 10.0], {"units": "m"}, 2),
        ("lev", [80.0, 10.0], {"units": "m"}, 2),
        ("height", [0.002, 0.01], UP | {"units": "km"}, 2),
    ],
)
def test_the_height_nearest_ten_metres(write_currents, name, values, attrs, taken):
    path = write_currents(change=levelled(name, values, attrs, wind=True))
    np.testing.assert_allclose(open_forcing(path, "winds")[EASTWARD_WIND], taken)


OTHER = [
    ("lev", [1000.0, 850.0, 10.0], {"units": "hPa", "standard_name": "air_pressure"}),
    ("depth", [1000.0, 850.0], {"units": "hPa", "positive": "down"}),
    ("depth", [0.5, 10.0], {"units": "dbar", "standard_name": "sea_water_pressure"}),
    ("lev", [0.05, 0.5, 0.95], {"units": "1", "standard_name": "ocean_sigma_coordinate"}),
    ("depth", [-0.99, -0.01], {"standard_name": "ocean_s_coordinate_g2", "positive": "up"}),
    ("height", [1.0, 10.0], {"units": "m", "long_name": "height above bottom"}),
    ("z", [1.0, 10.0], {"units": "m", "standard_name": "height_above_sea_floor"}),
    ("layer", [1, 2, 3], {"units": "1", "long_name": "model layer"}),
    ("lev", [1, 2, 3], {"units": "level"}),
    ("lev", [1.0, 2.0], {}),
    ("z", [1.0, 2.0], {}),
    ("isobaric", [1000.0, 500.0], {"units": "Pa"}),
    ("hybrid", [1, 2], {"standard_name": "atmosphere_hybrid_sigma_pressure_coordinate"}),
    ("level", [1, 2], {"standard_name": "model_level_number"}),
    ("depth", [0.5, 10.0], {"standard_name": "depth", "units": "m", "positive": "up"}),
    ("number", [0, 1], {"standard_name": "realization"}),
]


@pytest.mark.parametrize(("name", "values", "attrs"), OTHER)
@pytest.mark.parametrize("wind", [False, True])
def test_levels_of_another_kind_are_refused(write_currents, name, values, attrs, wind):
    path = write_currents(change=levelled(name, values, attrs, wind=wind))
    with pytest.raises(CatalogError, match=r"levels|entries.*ncks"):
        open_forcing(path, "winds" if wind else "currents")


@pytest.mark.parametrize(("name", "values", "attrs"), OTHER)
def test_a_single_level_of_any_kind_will_do(write_currents, name, values, attrs):
    path = write_currents(change=levelled(name, values[:1], attrs))
    np.testing.assert_allclose(open_forcing(path, "currents")[EASTWARD_CURRENT], 1.0)


@pytest.mark.parametrize(
    ("wind", "name", "values", "attrs"),
    [
        (False, "height", [1.0, 10.0], UP),  # of the sea, above what?
        (True, "depth", [10.0, 2.0], DOWN),
        (True, "height", [50.0, 100.0], UP),  # no wind near 10 m
    ],
)
def test_levels_that_do_not_suit_the_quantity_are_refused(
    write_currents, wind, name, values, attrs
):
    path = write_currents(change=levelled(name, values, attrs, wind=wind))
    with pytest.raises(CatalogError, match=r"levels|nearest to 10 m"):
        open_forcing(path, "winds" if wind else "currents")


@pytest.mark.parametrize(
    ("wind", "values", "attrs", "said"),
    [
        (False, [30.0], DOWN, "30"),
        (False, [0.5], DOWN, None),
        (True, [100.0], UP, "100"),
        (True, [10.0], UP, None),
        (True, [1000.0], {"units": "hPa", "standard_name": "air_pressure"}, "air_pressure"),
    ],
)
def test_a_single_level_that_is_not_the_surface_is_told_of(
    write_currents, wind, values, attrs, said
):
    path = write_currents(change=levelled("lev", values, attrs, wind=wind))
    ds = open_forcing(path, "winds" if wind else "currents")
    remark = ds[EASTWARD_WIND if wind else EASTWARD_CURRENT].attrs.get(REMARKS)
    assert remark is None if said is None else said in remark


def test_a_deep_first_level_is_told_of(write_currents):
    path = write_currents(change=levelled("depth", [20.0, 50.0], DOWN))
    remark = open_forcing(path, "currents")[EASTWARD_CURRENT].attrs[REMARKS]
    assert remark == "at 20 m, the nearest of 2 levels"


def test_the_wind_at_another_height_by_its_long_name_is_refused(write_currents):
    def high(ds: xr.Dataset) -> xr.Dataset:
        ds["uo"].attrs.update(standard_name="eastward_wind", long_name="100 metre U wind component")
        ds["vo"].attrs.update(
            standard_name="northward_wind", long_name="100 metre V wind component"
        )
        return ds

    with pytest.raises(CatalogError, match="wind at 100 m by its long name"):
        open_forcing(write_currents(change=high), "winds")


def test_speeds_and_directions_of_the_wind_are_taken_at_ten_metres(write_currents):
    def change(ds):
        ds = levelled("height", [100.0, 10.0], UP)(ds)
        ds["uo"].attrs = {"units": "m s-1", "standard_name": "wind_speed"}
        ds["vo"][:] = 270.0
        ds["vo"].attrs = {"units": "degree", "standard_name": "wind_from_direction"}
        return ds

    np.testing.assert_allclose(
        open_forcing(write_currents(change=change), "winds")[EASTWARD_WIND], 2.0
    )


def test_a_mask_of_levels_is_taken_at_the_level_of_what_is_read(write_currents):
    def change(ds):
        ds = levelled("depth", [50.0, 0.5], DOWN)(ds)
        mask = np.ones((2, 3, 4), "i1")
        mask[0, :, :2] = 0  # at depth there is more land than at the surface
        mask[1, :, :1] = 0
        return ds.assign(tmask=(("depth", "lat", "lon"), mask))

    u = open_forcing(write_currents(change=change), "currents")[EASTWARD_CURRENT]
    assert u.isnull().any(("time", "latitude")).to_numpy().tolist() == [True, False, False, False]


@pytest.mark.parametrize("name", ["u10", "x_wind", "u"])
def test_of_winds_at_several_heights_the_one_at_ten_metres(write_currents, name):
    def change(ds):
        ds = ds.rename(uo=name, vo=name.replace("u", "v").replace("x", "y"))
        for component in list(ds.data_vars):
            letter = "x" if component in (name,) else "y"
            ds[component].attrs |= {"standard_name": f"{letter}_wind", "long_name": "wind at 10 m"}
            high = xr.full_like(ds[component], 9.0)
            high.attrs = ds[component].attrs | {"long_name": "wind at 80 m"}
            ds[f"{component}_80m"] = high
        return ds

    path = write_currents(change=change)
    np.testing.assert_allclose(open_forcing(path, "winds")[EASTWARD_WIND], 0.1)
