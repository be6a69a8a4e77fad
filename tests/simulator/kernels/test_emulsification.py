"""Water uptake against its differential equation, factors against published values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.kernels.emulsification import (
    emulsion_density,
    viscosity_factor_evaporation,
    viscosity_factor_mooney1951,
    water_fraction_after,
    water_uptake_rate_mackay1980,
)

after = water_fraction_after.py_func
mooney = viscosity_factor_mooney1951.py_func
thickening = viscosity_factor_evaporation.py_func
density = emulsion_density.py_func

fractions = st.floats(0.0, 1.0)
winds = st.floats(0.0, 40.0)


def test_uptake_is_that_of_medslik():
    assert water_uptake_rate_mackay1980.py_func(9.0) == pytest.approx(1.6e-4)


@pytest.mark.parametrize("wind_speed", [3.0, 10.0, 20.0])
def test_a_day_of_steps_solves_the_equation_of_uptake(wind_speed):
    w, dt = 0.0, 900.0
    for _ in range(96):
        w = after(w, 0.75, wind_speed, dt)
    k = 1.6e-6 * (wind_speed + 1.0) ** 2
    assert w == pytest.approx(0.75 * (1.0 - np.exp(-k * 86400.0 / 0.75)), abs=2e-3)


@given(fractions, st.floats(0.0, 0.95), winds, st.floats(0.0, 1e6))
def test_water_never_leaves_and_never_passes_its_maximum(share, most, wind_speed, dt):
    start = share * most
    end = after(start, most, wind_speed, dt)
    assert start - 1e-15 <= end <= most


def test_an_oil_that_holds_no_water_takes_up_none():
    assert after(0.0, 0.0, 20.0, 3600.0) == 0.0


def test_water_above_the_maximum_is_cut():
    assert after(0.9, 0.8, 5.0, 900.0) == 0.8


@pytest.mark.parametrize(
    ("water_fraction", "factor"), [(0.0, 1.0), (0.5, 6.374), (0.7, 24.83), (0.8, 64.49)]
)
def test_water_thickens_as_mooney_has_it(water_fraction, factor):
    assert mooney(water_fraction) == pytest.approx(factor, rel=2e-3)


def test_a_little_water_thickens_as_einstein_has_it():
    assert mooney(1e-4) == pytest.approx(1.0 + 2.5e-4, abs=1e-7)


@pytest.mark.parametrize(
    ("viscosity", "constant"), [(1e-7, 1.0), (4e-6, 3.0), (1e-5, 4.7434), (1e-2, 10.0)]
)
def test_evaporation_thickens_viscous_oils_more(viscosity, constant):
    assert np.log(thickening(0.3, viscosity)) / 0.3 == pytest.approx(constant, rel=1e-4)


@given(fractions, st.floats(1e-7, 1.0))
def test_evaporation_thickens_every_oil(fraction, viscosity):
    assert np.exp(fraction) - 1e-12 <= thickening(fraction, viscosity) <= np.exp(10.0 * fraction)


@given(st.floats(700.0, 1020.0), fractions)
def test_an_emulsion_weighs_what_its_parts_weigh(oil, water_fraction):
    expected = oil * (1.0 - water_fraction) + 1026.0 * water_fraction
    assert density(oil, water_fraction, 1026.0) == pytest.approx(expected)


@pytest.mark.slow
def test_compiled_and_plain_agree():
    assert water_fraction_after(0.1, 0.8, 7.0, 900.0) == pytest.approx(after(0.1, 0.8, 7.0, 900.0))
    assert viscosity_factor_mooney1951(0.6) == pytest.approx(mooney(0.6))
    assert viscosity_factor_evaporation(0.2, 2e-5) == pytest.approx(thickening(0.2, 2e-5))
    assert emulsion_density(900.0, 0.5, 1026.0) == 963.0
