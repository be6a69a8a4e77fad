"""Run-up: the edge that was made is found, its statistics are its own, the formulas published."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aquatic.errors import AquaticError
from aquatic.runup import expected, statistics, swash_edge
from tests.aquatic.scenes import timestack, waterline


def test_formulas_are_those_of_stockdon():
    # H0 = 2 m, Tp = 10 s, slope 0.1: L0 = 156.13 m, sqrt(H0 L0) = 17.671 m
    found = expected(2.0, 10.0, 0.1)
    assert found.setup_m == pytest.approx(0.6185, abs=1e-4)
    assert found.incident_m == pytest.approx(1.3253, abs=1e-4)
    assert found.infragravity_m == pytest.approx(1.0603, abs=1e-4)
    assert found.swash_m == pytest.approx(1.6972, abs=1e-4)
    assert found.two_percent_m == pytest.approx(1.6341, abs=2e-4)
    # a slope of 0.02 is dissipative: Iribarren number 0.18
    assert expected(2.0, 10.0, 0.02).two_percent_m == pytest.approx(0.7598, abs=2e-4)


@given(height=st.floats(0.2, 8.0), period=st.floats(4.0, 20.0), slope=st.floats(0.05, 0.2))
def test_the_formula_of_the_source_is_near_the_sum_of_its_parts(height, period, slope):
    length = 9.81 * period**2 / (2 * math.pi)
    found = expected(height, period, slope)
    if slope / math.sqrt(height / length) >= 0.3:
        # the source rounds 0.06 squared up to 0.004
        parts = 1.1 * (found.setup_m + found.swash_m / 2)
        assert parts < found.two_percent_m < 1.03 * parts


def test_parts_of_the_swash_are_those_that_were_put_in():
    seconds = 0.5
    series = waterline(2400, seconds, setup=0.4, incident=1.2, infragravity=0.9, seed=3)
    found = statistics(series, seconds)
    assert found.setup_m == pytest.approx(0.4, abs=0.02)
    assert found.incident_m == pytest.approx(1.2, rel=0.1)
    assert found.infragravity_m == pytest.approx(0.9, rel=0.15)
    assert math.hypot(found.incident_m, found.infragravity_m) == pytest.approx(found.swash_m)
    peaks = series[1:-1][(series[1:-1] > series[:-2]) & (series[1:-1] > series[2:])]
    assert found.maxima == len(peaks)
    assert (peaks > found.two_percent_m).mean() == pytest.approx(0.02, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("land", ["left", "right"])
def test_the_edge_that_was_made_is_found(land):
    edge = 70.0 + 12.0 * waterline(600, 0.5, setup=0.0, incident=1.2, infragravity=0.9, seed=5)
    pixels = timestack(edge, 200, land=land)
    found, side = swash_edge(pixels)
    assert side == land
    made = edge if land == "left" else 200 - edge
    assert np.nanmean(np.abs(found - made)) < 1.0
    assert np.nanstd(found - made) < 0.3
    assert swash_edge(pixels, land)[1] == land


@pytest.mark.parametrize(
    ("pixels", "text"),
    [
        (np.full((80, 80, 3), 90, np.uint8), "expected sea and land"),
        # a beach seen from above and no timestack: most rows have no border
        (timestack(np.full(100, 60.0), 120).swapaxes(0, 1), "expected a timestack"),
    ],
)
def test_what_is_no_timestack_is_refused(pixels, text):
    with pytest.raises(AquaticError, match=text):
        swash_edge(pixels)


@pytest.mark.parametrize("seconds", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("noise_m", [0.02, 0.05])
def test_an_edge_that_jitters_has_the_run_up_of_its_waves(seconds, noise_m):
    made = waterline(
        round(1200 / seconds), seconds, setup=0.4, incident=1.2, infragravity=0.9, seed=3
    )
    peaks = made[1:-1][(made[1:-1] > made[:-2]) & (made[1:-1] > made[2:])]
    jitter = np.random.default_rng(4).normal(0.0, noise_m, made.shape)
    found = statistics(made + jitter, seconds)
    assert found.two_percent_m == pytest.approx(np.quantile(peaks, 0.98), abs=noise_m + 0.02)
    assert found.maxima == pytest.approx(len(peaks), rel=0.2)


def test_rows_too_far_apart_for_waves_are_refused():
    with pytest.raises(AquaticError, match="seconds: found 8"):
        statistics(np.sin(np.arange(400.0)), 8.0)


def test_a_short_record_is_refused():
    with pytest.raises(AquaticError, match="maxima"):
        statistics(np.sin(np.arange(20.0)), 0.5)
    with pytest.raises(AquaticError, match="maxima"):
        statistics(np.sin(np.arange(60.0)), 1.0)
    with pytest.raises(AquaticError, match="no waterline"):
        statistics(np.full(60, np.nan), 1.0)
