"""Rising droplets against Stokes and a drag table, sea water against published check values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.kernels.buoyancy import (
    diameter_rising,
    rise_velocity,
    sea_water_density,
    sea_water_kinematic_viscosity,
)
from tests.simulator.strategies import NO_DEADLINE

rise = rise_velocity.py_func
density = sea_water_density.py_func
viscosity = sea_water_kinematic_viscosity.py_func

NU = 1e-6


@pytest.mark.parametrize("diameter", [1e-6, 5e-6, 20e-6])
def test_small_droplets_rise_as_stokes_has_it(diameter):
    stokes = 9.81 * (1025.0 - 900.0) / 1025.0 * diameter**2 / (18.0 * NU)
    assert rise(diameter, 900.0, 1025.0, NU) == pytest.approx(stokes, rel=0.03)


@pytest.mark.parametrize(
    ("reynolds", "drag"),
    [
        (0.1, 240.0),
        (1.0, 26.5),
        (10.0, 4.1),
        (30.0, 2.0),
        (100.0, 1.07),
        (300.0, 0.65),
        (1000.0, 0.46),
        (3000.0, 0.40),
    ],
)
def test_spheres_rise_as_the_drag_table_of_lapple_and_shepherd_has_it(reynolds, drag):
    # Lapple and Shepherd (1940), Ind. Eng. Chem. 32, 605-617: buoyancy balances this drag
    buoyancy = 9.81 * (1025.0 - 900.0) / 1025.0
    diameter = (0.75 * drag * reynolds**2 * NU**2 / buoyancy) ** (1.0 / 3.0)
    velocity = rise(diameter, 900.0, 1025.0, NU)
    assert velocity * diameter / NU == pytest.approx(reynolds, rel=0.1)


@given(st.floats(1e-6, 1e-2), st.floats(700.0, 1020.0))
def test_larger_and_lighter_droplets_rise_faster(diameter, oil_density):
    here = rise(diameter, oil_density, 1025.0, NU)
    assert 0.0 < here < rise(1.1 * diameter, oil_density, 1025.0, NU)
    assert here < rise(diameter, oil_density - 5.0, 1025.0, NU)


@given(st.floats(1e-6, 1e-2), st.floats(1.0, 100.0))
def test_dense_oil_sinks_as_fast_as_light_oil_rises(diameter, difference):
    up = rise(diameter, 1025.0 - difference, 1025.0, NU)
    assert rise(diameter, 1025.0 + difference, 1025.0, NU) == pytest.approx(-up)


def test_neutral_oil_stays():
    assert rise(1e-4, 1025.0, 1025.0, NU) == 0.0


@pytest.mark.parametrize(("celsius", "published"), [(5.0, 1027.67547), (25.0, 1023.34306)])
def test_density_of_sea_water_meets_the_check_values_of_unesco(celsius, published):
    assert density(celsius + 273.15) == pytest.approx(published, abs=0.02)


@pytest.mark.parametrize(("celsius", "published"), [(0.0, 1.838e-6), (15.0, 1.189e-6)])
def test_viscosity_of_sea_water_is_that_published(celsius, published):
    # Recommended values of the International Towing Tank Conference
    assert viscosity(celsius + 273.15) == pytest.approx(published, rel=0.01)


def test_warm_water_is_lighter_and_thinner():
    kelvin = np.arange(271.0, 313.0)
    assert (np.diff([density(t) for t in kelvin]) < 0.0).all()
    assert (np.diff([viscosity(t) for t in kelvin]) < 0.0).all()


def test_compiled_and_plain_agree():
    arguments = (3e-4, 900.0, 1025.0, NU)
    assert rise_velocity(*arguments) == pytest.approx(rise(*arguments))
    assert sea_water_density(290.0) == pytest.approx(density(290.0))
    assert sea_water_kinematic_viscosity(290.0) == pytest.approx(viscosity(290.0))


@pytest.mark.slow
@NO_DEADLINE
@given(st.floats(1e-6, 1e-2), st.floats(700.0, 1020.0))
def test_the_diameter_of_a_speed_is_the_inverse_of_the_speed_of_a_diameter(diameter, density):
    speed = rise_velocity(diameter, density, 1025.0, 1e-6)
    assert diameter_rising(speed, density, 1025.0, 1e-6) == pytest.approx(diameter, rel=1e-9)


def test_oil_that_does_not_rise_has_no_diameter_that_does():
    assert diameter_rising(1e-3, 1030.0, 1025.0, 1e-6) == np.inf
