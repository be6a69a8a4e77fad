import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer import cumulative_separation, liu_weisberg_skill

distances = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=20)


def test_the_separation_of_a_worked_example():
    # steps of 10: ways of 10, 20, 30; apart by 1, 2, 3: 6 / 60
    assert cumulative_separation([1.0, 2.0, 3.0], [10.0, 10.0, 10.0]) == pytest.approx(0.1)
    assert liu_weisberg_skill(0.1) == pytest.approx(0.9)
    assert liu_weisberg_skill(0.5, tolerance=2.0) == pytest.approx(0.75)


def test_no_skill_from_the_tolerance_on():
    assert liu_weisberg_skill(1.0) == 0.0
    assert liu_weisberg_skill(7.0) == 0.0


def test_a_drifter_that_stays_has_no_score():
    assert math.isnan(cumulative_separation([1.0, 2.0], [0.0, 0.0]))
    assert math.isnan(liu_weisberg_skill(math.nan))


@given(distances, st.floats(0.1, 100.0))
def test_the_score_does_not_depend_on_the_unit(steps, unit):
    steps = np.array(steps) + 1.0
    apart = np.linspace(0.0, 5.0, steps.size)
    one = cumulative_separation(apart, steps)
    assert cumulative_separation(unit * apart, unit * steps) == pytest.approx(one)
    assert 0.0 <= liu_weisberg_skill(one) <= 1.0


@pytest.mark.parametrize(
    ("separations", "steps"),
    [([1.0], [1.0, 2.0]), ([], []), ([-1.0], [1.0]), ([math.nan], [1.0]), ([[1.0]], [[1.0]])],
)
def test_what_is_no_distance_is_refused(separations, steps):
    with pytest.raises(ValueError, match="expected"):
        cumulative_separation(separations, steps)


def test_a_tolerance_is_above_zero():
    with pytest.raises(ValueError, match="tolerance"):
        liu_weisberg_skill(0.1, tolerance=0.0)
