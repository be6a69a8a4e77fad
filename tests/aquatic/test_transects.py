"""Where shorelines cross transects, and the level of the sea."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aquatic.errors import AquaticError
from aquatic.shoreline.transects import Transect, at_level, crossing, levels_at

FINITE = st.floats(-1e4, 1e4)


def shore(transect, distance, aside):
    """Return points at right angles to a transect, so far along it."""
    direction = (np.array(transect.end) - transect.start) / transect.length
    normal = np.array([-direction[1], direction[0]])
    return np.array(transect.start) + distance * direction + np.outer(aside, normal)


@given(
    start=st.tuples(FINITE, FINITE),
    angle=st.floats(0.0, 2 * math.pi),
    distance=st.floats(-50.0, 350.0),
)
def test_a_shoreline_at_right_angles_is_where_it_is(start, angle, distance):
    end = (start[0] + 300 * math.cos(angle), start[1] + 300 * math.sin(angle))
    transect = Transect("a", start, end)
    points = shore(transect, distance, np.linspace(-60.0, 60.0, 25))
    assert crossing(points, transect) == pytest.approx(distance, abs=1e-6)


TRANSECT = Transect("a", (0.0, 0.0), (0.0, 200.0))


@pytest.mark.parametrize(
    "points",
    [
        np.empty((0, 2)),
        shore(TRANSECT, 80.0, np.array([-5.0, 5.0])),  # two points
        shore(TRANSECT, 80.0, np.linspace(40.0, 60.0, 9)),  # beside it
        shore(TRANSECT, -150.0, np.linspace(-9.0, 9.0, 9)),  # inland
        shore(TRANSECT, 330.0, np.linspace(-9.0, 9.0, 9)),  # far out
        np.concatenate([shore(TRANSECT, d, np.linspace(-9.0, 9.0, 9)) for d in (60.0, 120.0)]),
    ],
)
def test_what_is_no_crossing_is_nothing(points):
    assert math.isnan(crossing(points, TRANSECT))


def test_high_water_brings_the_shoreline_inland_and_is_taken_back():
    slope, level, reference = 0.05, np.array([0.7, -0.2]), 0.1
    at_reference = 90.0
    seen = at_reference - (level - reference) / slope
    np.testing.assert_allclose(at_level(seen, level, slope, reference), at_reference)
    for wrong in (0.0, -0.1, 3.0, math.nan):
        with pytest.raises(AquaticError, match="slope"):
            at_level(seen, level, wrong)


def test_levels_between_known_ones_are_on_a_line_and_no_others_are():
    hours = np.array([0, 1, 2, 6, 7], "timedelta64[h]")
    known = np.datetime64("2021-03-01T00:00") + hours
    levels = np.array([0.0, 1.0, 3.0, 5.0, np.nan])
    minutes = np.array([-1, 0, 30, 90, 120, 180, 360, 361], "timedelta64[m]")
    found = levels_at(known[0] + minutes, known, levels)
    np.testing.assert_allclose(found, [np.nan, 0.0, 0.5, 2.0, 3.0, np.nan, 5.0, np.nan])
    with pytest.raises(AquaticError, match="ascend"):
        levels_at(known[:1], known[::-1], levels)


def test_a_straight_line_leaves_a_tide_by_as_much_as_is_said():
    period_s = 12.42 * 3600.0
    seconds = np.arange(0.0, period_s, 5400.0)
    known = np.datetime64("2021-03-01") + (1e3 * seconds).astype("timedelta64[ms]")
    dense = np.arange(0.0, seconds[-1], 60.0)
    times = known[0] + (1e3 * dense).astype("timedelta64[ms]")
    found = levels_at(times, known, np.sin(2 * np.pi * seconds / period_s))
    assert np.abs(found - np.sin(2 * np.pi * dense / period_s)).max() < 0.073


def test_a_transect_without_a_direction_is_refused():
    with pytest.raises(AquaticError, match="starts where it ends"):
        Transect("a", (1.0, 2.0), (1.0, 2.0))
