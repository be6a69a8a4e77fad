"""Depth from colours: exact where the law is, and how far off it is where it is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aquatic.bathymetry import Calibration, calibrate, depths
from aquatic.errors import AquaticError
from tests.aquatic.scenes import DEEP, SAND, SEAGRASS, water_colours


def rmse(found, known):
    return float(np.sqrt(np.nanmean((found - known) ** 2)))


@given(
    m0=st.floats(-60.0, 60.0),
    m1=st.floats(20.0, 120.0),
    blue=st.floats(0.01, 0.3),
)
def test_the_ratio_is_that_of_stumpf(m0, m1, blue):
    green = np.linspace(0.005, 0.2, 9)
    bands = np.column_stack([np.full(9, blue), green])
    law = Calibration("ratio", (-m0, m1), (0.0, 0.0), 9, 0.0, 0.0, 20.0)
    expected = m1 * np.log(1000 * blue) / np.log(1000 * green) - m0
    # a depth near 0 is the difference of two numbers of some hundred
    np.testing.assert_allclose(depths(bands, law), expected, rtol=1e-12, atol=1e-11)


def test_soundings_give_back_the_law_that_they_were_made_by():
    bands = np.random.default_rng(1).uniform(0.01, 0.2, (60, 2))
    law = Calibration("ratio", (-40.0, 45.0), (0.0, 0.0), 60, 0.0, 0.0, 20.0)
    found = calibrate(bands, depths(bands, law))
    np.testing.assert_allclose(found.coefficients, law.coefficients, rtol=1e-9)
    assert found.rmse_m < 1e-9
    deep = (0.004, 0.002)
    law = Calibration("log-linear", (3.0, -9.0, 2.0), deep, 60, 0.0, 0.0, 20.0)
    found = calibrate(bands, depths(bands, law), "log-linear", deep)
    np.testing.assert_allclose(found.coefficients, law.coefficients, rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("law", "most"), [("ratio", 0.6), ("log-linear", 0.2)])
def test_one_bottom_to_18_metres(law, most, seed):
    depth = np.random.default_rng(seed).uniform(0.0, 18.0, 3000)
    bands = water_colours(depth, SAND, noise=5e-4, seed=seed)
    calibration = calibrate(bands[:150], depth[:150], law, DEEP)
    error = rmse(depths(bands[150:], calibration), depth[150:])
    assert error < most
    assert calibration.rmse_m == pytest.approx(error, rel=0.3)


def test_another_bottom_makes_the_error_larger_and_soundings_on_it_tell():
    depth = np.random.default_rng(4).uniform(0.0, 18.0, 3000)
    bottom = np.where((np.arange(3000) % 2 == 0)[:, np.newaxis], SAND, SEAGRASS)
    bands = water_colours(depth, bottom, noise=5e-4)
    both = calibrate(bands[:300], depth[:300])
    sand = calibrate(bands[:300:2], depth[:300:2])
    one, two = (rmse(depths(bands[300::2], it), depth[300::2]) for it in (sand, both))
    assert one < 0.6 < rmse(depths(bands[301::2], sand), depth[301::2])
    assert both.rmse_m > sand.rmse_m
    assert two > one


def test_water_as_dark_as_deep_water_has_no_depth():
    law = Calibration("log-linear", (1.0, -5.0, 1.0), (0.02, 0.01), 9, 0.0, 0.0, 20.0)
    found = depths(np.array([[0.02, 0.05], [0.05, 0.009], [0.05, 0.05], [np.nan, 0.1]]), law)
    assert np.isnan(found).tolist() == [True, True, False, True]
    law = Calibration("ratio", (1.0, 1.0), (0.0, 0.0), 9, 0.0, 0.0, 20.0)
    found = depths(np.array([[0.05, 0.001], [0.05, 0.0], [0.0, 0.05], [0.05, -0.1]]), law)
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("bands", "depth", "law", "deep", "text"),
    [
        (np.full((2, 2), 0.1), [1.0, 2.0], "ratio", None, "found 2 soundings"),
        (np.full((9, 2), 0.1), np.arange(9.0), "ratio", None, "one colour"),
        (np.random.default_rng(1).uniform(0.1, 0.2, (9, 2)), np.ones(9), "ratio", None, "one dep"),
        (np.full((9, 2), np.nan), np.arange(9.0), "ratio", None, "found 0 soundings"),
        (np.full((9, 2), 0.1), np.arange(9.0), "log-linear", None, "colour of deep water"),
    ],
)
def test_soundings_that_tell_nothing_are_refused(bands, depth, law, deep, text):
    with pytest.raises(AquaticError, match=text):
        calibrate(bands, np.asarray(depth), law, deep)
