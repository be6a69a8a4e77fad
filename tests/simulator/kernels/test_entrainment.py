"""Entrainment and droplets, against their formulas worked by hand and against distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.kernels.entrainment import (
    PERMANENT_DIAMETER,
    delvigne_diameter,
    droplet_diameter,
    droplet_median_diameter_li2017,
    entrainment_rate_delvigne1988,
    entrainment_rate_li2017,
    entrainment_rate_mackay1980,
    intrusion_depth_delvigne1988,
    share_below,
    whitecap_rate_holthuijsen1986,
)

whitecaps = whitecap_rate_holthuijsen1986.py_func
li = entrainment_rate_li2017.py_func
median = droplet_median_diameter_li2017.py_func
below = share_below.py_func
delvigne = entrainment_rate_delvigne1988.py_func
mackay = entrainment_rate_mackay1980.py_func

# An oil of 0.05 Pa s and 900 kg m-3 under waves of 2 m, sigma = 0.02 N m-1, in 1025 kg m-3:
# d = 4 sqrt(0.02 / (9.81 * 125)), We = 1025 * 9.81 * 2 * d / 0.02,
# Oh = 0.05 / sqrt(900 * 0.02 * d)
LARGEST, WEBER, OHNESORGE = 0.0161543, 16243.6, 0.0927230
OIL = (0.05, 900.0, 1025.0, 0.02)

viscosities = st.floats(1e-3, 100.0)


def test_whitecaps_by_hand():
    assert whitecaps(10.0, 8.0) == pytest.approx(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("wind_speed", [0.0, 3.0, 5.0])
def test_no_wave_breaks_below_five_metres_a_second(wind_speed):
    assert whitecaps(wind_speed, 8.0) == 0.0
    assert li(2.0, 0.0, *OIL) == 0.0
    assert delvigne(2.0, 0.0, 1e-5, 1e-3, 900.0, 1025.0, 0.0) == 0.0


def test_entrainment_of_li_by_hand():
    expected = 4.604e-10 * WEBER**1.805 * OHNESORGE**-1.023 * 0.02
    assert li(2.0, 0.02, *OIL) == pytest.approx(expected, rel=1e-4)


def test_median_diameter_of_li_by_hand():
    expected = LARGEST * 1.791 * (1.0 + 10.0 * OHNESORGE) ** 0.460 * WEBER**-0.518
    assert median(2.0, *OIL) == pytest.approx(expected, rel=1e-4)
    assert 100e-6 < median(2.0, *OIL) < 1e-3


@given(viscosities, st.floats(0.1, 10.0))
def test_viscous_oil_is_entrained_less_and_in_larger_droplets(viscosity, height):
    thin, thick = (viscosity, *OIL[1:]), (2.0 * viscosity, *OIL[1:])
    assert li(height, 0.02, *thick) == pytest.approx(li(height, 0.02, *thin) * 2.0**-1.023)
    assert median(height, *thick) > median(height, *thin)


@given(viscosities, st.floats(0.1, 10.0))
def test_high_waves_entrain_more_and_in_smaller_droplets(viscosity, height):
    oil = (viscosity, *OIL[1:])
    assert li(2.0 * height, 0.02, *oil) == pytest.approx(li(height, 0.02, *oil) * 2.0**1.805)
    assert median(2.0 * height, *oil) == pytest.approx(median(height, *oil) * 2.0**-0.518)


@given(st.floats(1016.0, 1100.0))
def test_oil_that_hardly_floats_or_sinks_is_entrained_at_a_finite_rate(oil_density):
    at_limit = li(2.0, 0.02, 0.05, 1015.0, 1025.0, 0.02)
    assert li(2.0, 0.02, 0.05, oil_density, 1025.0, 0.02) == pytest.approx(at_limit, rel=0.05)
    assert median(2.0, 0.05, oil_density, 1025.0, 0.02) < 0.01


def test_half_the_volume_lies_below_the_median_and_two_thirds_within_a_spread():
    assert below(2e-4, 2e-4) == 0.5
    within = below(2e-4 * 10**0.4, 2e-4) - below(2e-4 * 10**-0.4, 2e-4)
    assert within == pytest.approx(0.682689, abs=1e-6)


def test_sampled_droplets_have_the_share_of_volume_that_the_law_says():
    normal = np.random.default_rng(1).standard_normal(20_000)
    sampled = np.array([droplet_diameter.py_func(2e-4, n) for n in normal])
    for diameter in (70e-6, 2e-4, 8e-4):
        assert np.mean(sampled < diameter) == pytest.approx(below(diameter, 2e-4), abs=0.015)


def test_loss_of_delvigne_and_sweeney_by_hand():
    # rms height 2 / sqrt(2): D = 0.0034 * 1025 * 9.81 * 2 = 68.3757 J m-2; D**0.57 = 11.1146;
    # C = 2400 exp(-73.682 * 0.01) = 1148.72
    expected = 1148.72 * 11.1146 * 0.02 * 3.9e-8 * 0.6 / (900.0 * 1e-3)
    assert delvigne(2.0, 0.02, 1e-4, 1e-3, 900.0, 1025.0, 0.4) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("viscosity", "a_day"),
    [(1e-5, (0.5, 3.0)), (1e-3, (0.05, 0.3)), (1e-2, (1e-4, 3e-3))],
)
def test_strong_wind_disperses_diesel_in_a_day_and_fuel_oil_hardly(viscosity, a_day):
    rate = delvigne(2.46, whitecaps(10.0, 7.85), viscosity, 1e-3, 900.0, 1025.0, 0.0)
    assert a_day[0] < 86400.0 * rate < a_day[1]


def test_a_film_twice_as_thick_loses_half_its_share():
    thin = delvigne(2.0, 0.02, 1e-4, 1e-3, 900.0, 1025.0, 0.0)
    assert delvigne(2.0, 0.02, 1e-4, 2e-3, 900.0, 1025.0, 0.0) == pytest.approx(thin / 2.0)


def test_loss_of_medslik_by_hand():
    # f = 0.8e-5 * 100; s = 1 / (1 + 50 sqrt(40 / 10) * 2); c = 2 f s / 1.3e-3; 0.5 * 7e-4 * c
    small = 1.0 / 201.0
    concentration = 2.0 * 8e-4 * small / (3e-4 + 1e-3)
    expected = 0.5 * (1e-3 - 3e-4) * concentration
    assert mackay(9.0, 40e-6, 2e-3) == pytest.approx(expected)


@given(st.floats(0.0, 40.0), st.floats(1e-6, 1.0), st.floats(1e-5, 0.05))
def test_loss_of_medslik_grows_with_wind_and_falls_with_viscosity(wind_speed, viscosity, thick):
    loss = mackay(wind_speed, viscosity, thick)
    assert 0.0 < loss < 0.8e-5 * (wind_speed + 1.0) ** 2
    assert mackay(wind_speed + 1.0, viscosity, thick) > loss
    assert mackay(wind_speed, 2.0 * viscosity, thick) < loss


def test_permanent_droplets_have_the_number_density_of_delvigne_and_sweeney():
    uniform = (np.arange(200_000) + 0.5) / 200_000
    diameter = delvigne_diameter.py_func(uniform)
    number, edges = np.histogram(diameter, np.geomspace(5e-6, 70e-6, 9), weights=diameter**-3)
    middle = np.sqrt(edges[1:] * edges[:-1])
    slope = np.polyfit(np.log(middle), np.log(number / np.diff(edges)), 1)[0]
    assert slope == pytest.approx(-2.3, abs=0.02)
    assert diameter.max() <= PERMANENT_DIAMETER


def test_droplets_fill_a_layer_of_one_and_a_half_wave_heights():
    assert intrusion_depth_delvigne1988.py_func(2.0, 0.0) == 0.0
    assert intrusion_depth_delvigne1988.py_func(2.0, 0.5) == pytest.approx(1.5)
    assert intrusion_depth_delvigne1988.py_func(2.0, 1.0) == pytest.approx(3.0)


@pytest.mark.slow
def test_compiled_and_plain_agree():
    assert whitecap_rate_holthuijsen1986(8.0, 6.0) == pytest.approx(whitecaps(8.0, 6.0))
    assert entrainment_rate_li2017(2.0, 0.02, *OIL) == pytest.approx(li(2.0, 0.02, *OIL))
    assert droplet_median_diameter_li2017(2.0, *OIL) == pytest.approx(median(2.0, *OIL))
    assert share_below(1e-4, 2e-4) == pytest.approx(below(1e-4, 2e-4))
    assert droplet_diameter(1e-4, 1.0) == pytest.approx(1e-4 * 10**0.4)
    film = (2.0, 0.02, 1e-4, 1e-3, 900.0, 1025.0, 0.4)
    assert entrainment_rate_delvigne1988(*film) == pytest.approx(delvigne(*film))
    assert entrainment_rate_mackay1980(9.0, 4e-5, 2e-3) == pytest.approx(mackay(9.0, 4e-5, 2e-3))
    assert delvigne_diameter(1.0) == pytest.approx(PERMANENT_DIAMETER)
    assert intrusion_depth_delvigne1988(2.0, 0.5) == pytest.approx(1.5)
