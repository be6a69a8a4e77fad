"""The layout of the results, as CF wants trajectories."""

import numpy as np
import pytest
import shapely
import xarray as xr

import simulator
from simulator import Status
from tests.simulator.builders import HOUR, START, carry, forcing


@pytest.fixture(scope="module")
def result():
    slick = simulator.AreaRelease(shapely.box(34.9, 35.4, 35.1, 35.6), mass=3e5, time=START)
    leak = simulator.PointRelease(35.5, 35.5, mass=1e5, time=START + HOUR, end=START + 5 * HOUR)
    oil = simulator.seed_particles([slick, leak], 400, seed=1)
    return carry(forcing((0.5, 0.2)), oil, 6, outputs=(0, 2, 6))


def test_trajectories_run_along_particles_and_times(result):
    assert dict(result.sizes) == {"trajectory": 400, "time": 3, "stretch": 0}
    for name in ("lon", "lat", "status", "mass"):
        assert result[name].dims == ("trajectory", "time")
    assert result["release"].dims == ("trajectory",)
    np.testing.assert_array_equal(result["time"], START + np.array([0, 2, 6]) * HOUR)


def test_trajectories_have_a_number_that_cf_readers_find(result):
    assert result["trajectory"].attrs["cf_role"] == "trajectory_id"
    np.testing.assert_array_equal(result["trajectory"], np.arange(400))


@pytest.mark.parametrize(
    ("name", "standard_name", "units"),
    [("lon", "longitude", "degrees_east"), ("lat", "latitude", "degrees_north")],
)
def test_positions_carry_cf_names_and_units(result, name, standard_name, units):
    assert result[name].attrs["standard_name"] == standard_name
    assert result[name].attrs["units"] == units
    assert result[name].dtype == np.float64


def test_mass_is_in_kilograms(result):
    assert result["mass"].attrs["units"] == "kg"


def test_every_variable_says_what_it_is(result):
    assert all("long_name" in variable.attrs for variable in result.variables.values())


def test_flags_say_what_each_status_means(result):
    flags = result["status"].attrs
    assert flags["flag_values"].dtype == result["status"].dtype == np.int8
    meanings = flags["flag_meanings"].split()
    assert len(meanings) == flags["flag_values"].size
    for value, meaning in zip(flags["flag_values"], meanings, strict=True):
        assert Status(value) == Status[meaning.upper()]


def test_positions_are_missing_before_the_release_and_only_then(result):
    unreleased = result["status"].values == Status.UNRELEASED
    assert unreleased[:, 0].sum() == (result["release"].values == 1).sum()
    assert not unreleased[:, -1].any()
    for name in ("lon", "lat"):
        np.testing.assert_array_equal(np.isnan(result[name]), unreleased)


def test_each_fate_has_its_mass_and_together_they_are_what_was_released(result):
    np.testing.assert_allclose(result["released_mass"], [3e5, 3.25e5, 4e5], rtol=0.02)
    masses = [result[f"{name}_mass"] for name in simulator.FATES]
    assert all(mass.dims == ("time",) and mass.attrs["units"] == "kg" for mass in masses)
    np.testing.assert_allclose(sum(masses), result["released_mass"], rtol=1e-12)


@pytest.fixture(scope="module")
def ashore():
    """A slick off a coast, and a current that carries it ashore within hours."""
    land = shapely.box(35.3, 34.0, 37.0, 37.0)
    slick = simulator.AreaRelease(shapely.box(35.25, 35.48, 35.27, 35.52), mass=3e5, time=START)
    return carry(
        forcing((0.5, 0.0), (5.0, 0.0)),
        simulator.seed_particles([slick], 300, seed=1),
        12,
        land=land,
        outputs=range(13),
        oil=simulator.generic_oil(25.0),
        processes=simulator.Processes(),
    )


def test_the_coast_holds_what_is_beached_loose_and_absorbed(ashore):
    held, taken = ashore["coast_mass"], ashore["coast_absorbed_mass"]
    assert held.dims == taken.dims == ("stretch", "time")
    np.testing.assert_allclose(held.sum("stretch"), ashore["beached_mass"], rtol=1e-12)
    assert ashore["beached_mass"].values[-1] > 1e5
    assert 0.0 < taken.values[:, -1].sum() < held.values[:, -1].sum()
    assert (taken <= held).all()
    assert (np.diff(taken, axis=1) >= 0.0).all()


def test_weathered_oil_tells_its_state_from_its_release_on(ashore, result):
    hidden = ashore["status"].values == Status.UNRELEASED
    for name in ("z", "water_fraction", "viscosity", "density", "thickness"):
        assert name not in result
        assert ashore[name].dims == ("trajectory", "time")
        assert np.isnan(ashore[name].values[hidden]).all()
        assert np.isfinite(ashore[name].values[:, -1]).all()
    assert ashore["evaporated_mass"].values[-1] > 0.0


def test_results_survive_a_netcdf_file(result, tmp_path):
    result.to_netcdf(tmp_path / "particles.nc")
    with xr.open_dataset(tmp_path / "particles.nc") as back:
        xr.testing.assert_equal(back.load(), result)
        np.testing.assert_array_equal(
            back["status"].attrs["flag_values"], result["status"].attrs["flag_values"]
        )
