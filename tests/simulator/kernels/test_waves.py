"""A fully developed sea, against Pierson and Moskowitz's own relations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.kernels.waves import wave_height_pierson1964, wave_period_pierson1964

height = wave_height_pierson1964.py_func
period = wave_period_pierson1964.py_func

TO_19_5_M = 1.075  # wind at 19.5 m over that at 10 m


@pytest.mark.parametrize("wind_speed", [5.0, 10.0, 20.0])
def test_height_is_that_of_the_wind_at_19_5_m(wind_speed):
    expected = 0.21 * (TO_19_5_M * wind_speed) ** 2 / 9.81
    assert height(wind_speed) == pytest.approx(expected, rel=0.01)


def test_ten_metres_a_second_raise_two_and_a_half_metres_with_a_period_of_eight_seconds():
    assert height(10.0) == pytest.approx(2.46)
    assert period(10.0) == pytest.approx(7.85, abs=0.01)


@given(st.floats(3.0, 50.0))
def test_steepness_at_the_peak_does_not_depend_on_the_wind(wind_speed):
    wavelength = 9.81 * period(wind_speed) ** 2 / (2.0 * np.pi)
    assert height(wind_speed) / wavelength == pytest.approx(height(10.0) / 96.24, rel=1e-3)


def test_a_calm_has_flat_water_and_a_period_to_divide_by():
    assert height(0.0) == 0.0
    assert 1.0 < period(0.0) < 1.5


def test_compiled_and_plain_agree():
    assert wave_height_pierson1964(7.0) == pytest.approx(height(7.0), rel=1e-14)
    assert wave_period_pierson1964(7.0) == pytest.approx(period(7.0), rel=1e-14)
