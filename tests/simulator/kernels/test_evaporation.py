"""Vapour pressures against measured ones, rates against published formulas worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.kernels.evaporation import (
    decay,
    evaporation_rate_mackay1980,
    mass_transfer_mackay1973,
    vapour_pressure_lyman1990,
)

pressure = vapour_pressure_lyman1990.py_func
transfer = mass_transfer_mackay1973.py_func
rate = evaporation_rate_mackay1980.py_func
fading = decay.py_func


@pytest.mark.parametrize("boiling_point", [300.0, 400.0, 600.0, 1000.0])
def test_a_component_boils_at_its_boiling_point(boiling_point):
    assert pressure(boiling_point, boiling_point) == pytest.approx(101325.0, rel=1e-12)


@pytest.mark.parametrize(
    ("boiling_point", "measured", "within"),
    [
        (309.2, 68.3e3, 1.03),  # n-pentane
        (371.6, 6.09e3, 1.15),  # n-heptane
        (398.8, 1.87e3, 1.25),  # n-octane
        (447.3, 182.0, 1.5),  # n-decane
        (489.5, 18.0, 2.1),  # n-dodecane: estimates run high far below the boiling point
    ],
)
def test_vapour_pressures_of_n_alkanes_at_25_celsius_are_those_measured(
    boiling_point, measured, within
):
    ratio = pressure(298.15, boiling_point) / measured
    assert 1.0 / within < ratio < within


@given(st.floats(270.0, 310.0), st.floats(311.0, 990.0))
def test_vapour_pressure_rises_with_temperature_and_falls_with_the_boiling_point(t, boiling_point):
    here = pressure(t, boiling_point)
    assert 0.0 < here < 101325.0
    assert pressure(t + 1.0, boiling_point) > here
    assert pressure(t, boiling_point + 10.0) < here


@pytest.mark.parametrize(
    ("wind_speed", "expected"),
    [(0.0, 0.0), (1.0, 0.0025), (5.0, 0.0025 * 3.50911), (20.0, 0.06)],
)
def test_mass_transfer_is_that_of_adios(wind_speed, expected):
    assert transfer(wind_speed) == pytest.approx(expected, rel=1e-5)


def test_mass_transfer_has_no_jump_at_10_metres_a_second():
    assert transfer(10.0 + 1e-9) == pytest.approx(transfer(10.0), rel=5e-3)


@pytest.mark.parametrize("diameter", [10.0, 100.0, 1000.0])
def test_mass_transfer_is_one_to_two_times_that_of_mackay_and_matsugu(diameter):
    # of a component with the Schmidt number 2.2
    full = 0.0292 * (5.0 * 3600.0) ** 0.78 * diameter**-0.11 * 2.2**-0.67 / 3600.0
    assert 1.0 < transfer(5.0) / full < 2.0


@given(st.floats(0.0, 1e3))
def test_decay_lies_above_the_exponential_and_near_it(x):
    excess = fading(x) - np.exp(-x)
    assert -1e-15 <= excess <= min(x**4 / 24.0, 0.028) + 1e-15


@given(st.floats(0.0, 1e6), st.floats(1e-3, 1e3))
def test_decay_falls_and_stays_positive(x, more):
    assert 0.0 < fading(x + more) < fading(x) <= 1.0


def test_decay_is_within_two_thousandths_for_steps_of_half_the_time_scale():
    assert fading(0.5) == pytest.approx(np.exp(-0.5), rel=2e-3)
    assert fading(0.5) != pytest.approx(np.exp(-0.5), rel=1e-3)


def test_the_rate_of_medslik_by_hand():
    # 8e-4 * 36**0.78 = 0.01309; * (1 - 0.1) * 0.3 bar * exp(-1.2) / (293 K * 1 mm)
    expected = 0.013091 * 0.9 * 0.3 * 0.301194 / 0.293
    assert rate(10.0, 293.0, 1e-3, 0.3, 0.1) == pytest.approx(expected, rel=1e-4)


def test_no_wind_evaporates_nothing():
    assert rate(0.0, 293.0, 1e-3, 0.3, 0.0) == 0.0


@given(st.floats(0.0, 0.9))
def test_the_rate_of_medslik_falls_as_the_oil_loses_its_light_part(fraction):
    less = rate(5.0, 290.0, 1e-3, 0.3, fraction)
    assert rate(5.0, 290.0, 1e-3, 0.3, fraction + 0.05) < less
    assert rate(5.0, 290.0, 2e-3, 0.3, fraction) == pytest.approx(less / 2.0)


def test_compiled_and_plain_agree():
    assert vapour_pressure_lyman1990(290.0, 420.0) == pytest.approx(pressure(290.0, 420.0))
    assert mass_transfer_mackay1973(6.0) == pytest.approx(transfer(6.0))
    assert decay(0.7) == pytest.approx(fading(0.7))
    arguments = (6.0, 290.0, 1e-3, 0.2, 0.1)
    assert evaporation_rate_mackay1980(*arguments) == pytest.approx(rate(*arguments))
