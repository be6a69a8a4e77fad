"""How near slicks that miss come to those seen: what leads a search that starts far off."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from witoil.calibration.evaluation import BLIND, approach, combined_scores, outcome_of
from witoil.scenario.verification import SlickMasks


def moved(scenario, columns, rows):
    """Return the slicks seen, moved by so many cells; what leaves the grid is lost."""
    found = []
    for seen in scenario.observations:
        mask = np.zeros_like(seen.mask)
        j, i = np.nonzero(seen.mask)
        j, i = j + rows, i + columns
        kept = (j >= 0) & (j < mask.shape[0]) & (i >= 0) & (i < mask.shape[1])
        mask[j[kept], i[kept]] = True
        found.append(SlickMasks(mask))
    return found


def open_sea(scenario):
    """Return the scenario without its coast."""
    bare = replace(scenario)
    bare.__dict__["land"] = np.zeros(scenario.grid.shape, bool)
    return bare


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(angle=st.floats(0.0, 2.0 * math.pi), near=st.integers(30, 80), farther=st.integers(40, 100))
def test_slicks_that_are_nearer_are_the_better_ones(scenario, angle, near, farther):
    sea = open_sea(scenario)

    def away(cells):
        return round(cells * math.cos(angle)), round(cells * math.sin(angle))

    at_place, nearer, far = (
        approach([sea], moved(sea, *away(cells))) for cells in (0, near, near + farther)
    )
    assert at_place > 1.0 - 1e-6
    assert 1.0 >= at_place > nearer > far >= 0.0


def test_where_scores_tell_nothing_coarse_windows_do(scenario):
    sea = open_sea(scenario)
    west, farther_west = moved(sea, -150, 0), moved(sea, -250, 0)
    for slicks in (west, farther_west):
        assert combined_scores([sea], slicks)["score"] < BLIND
    assert approach([sea], west) > approach([sea], farther_west) + 0.02


@pytest.mark.slow
def test_only_runs_that_miss_tell_how_near_they_came(scenario):
    hit = outcome_of([scenario], {})
    assert hit.score >= BLIND
    assert hit.approach is None
    missed = outcome_of([scenario], {"current_bias_east": -3.0})
    assert missed.score < BLIND
    assert 0.0 <= missed.approach < 1.0
