from dataclasses import replace

import pytest

from optimizer import History, Parameter, Space, Trial
from witoil.calibration import search
from witoil.case.tunables import TUNABLES

SPACE = Space(
    (
        Parameter("current_factor", -0.5, 1.5, 1.0),
        Parameter("wind_drift_factor", 0.0, 0.05, 0.01),
        Parameter("horizontal_diffusivity", 0.1, 50.0, 5.0, scale="log"),
    )
)
ALLOWED = {name: TUNABLES[name].limits for name in SPACE.names}
WITHIN = {"current_factor": 0.8, "wind_drift_factor": 0.02, "horizontal_diffusivity": 4.0}


def unsettled(found, space, scale, allowed=ALLOWED):
    return search.unsettled(found, space, scale, allowed)


def history(*scores, **changed):
    """Trials that scored so; the best has other parameters."""
    best = max(scores)
    return History(
        Trial(k, WITHIN | (changed if score == best else {}), score, {}, None, "sobol", seconds=0.0)
        for k, score in enumerate(scores)
    )


def test_a_search_that_found_its_best_early_and_within_its_bounds_has_settled():
    assert unsettled(history(0.5, 0.7, 0.6, 0.6, 0.65, 0.6, 0.6, 0.6), SPACE, 0.1) == []


def test_a_score_that_still_rises_asks_for_more_evaluations():
    rising = history(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9)
    (reason,) = unsettled(rising, SPACE, 0.1)
    assert "more evaluations" in reason
    assert unsettled(rising, SPACE, 0.5) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("current_factor", 1.5, "upper bound, 1.5"),
        ("current_factor", 1.49, "upper bound, 1.5"),
        ("current_factor", -0.5, "lower bound, -0.5"),
        ("wind_drift_factor", 0.05, "upper bound, 0.05"),
        ("horizontal_diffusivity", 0.1, "lower bound, 0.1"),
        ("horizontal_diffusivity", 49.0, "upper bound, 50"),
    ],
)
def test_a_parameter_on_its_bound_is_named_with_the_bound_to_widen(name, value, said):
    (reason,) = unsettled(history(0.7, 0.5, 0.5, 0.5, **{name: value}), SPACE, 0.1)
    assert f"the best {name}, " in reason
    assert said in reason
    assert "widen it in [optimise.parameters]" in reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wind_drift_factor", 0.0),  # less than none there cannot be
        ("current_factor", 1.4),
        ("horizontal_diffusivity", 0.12),
    ],
)
def test_what_cannot_be_widened_or_is_not_at_its_bound_is_not_complained_of(name, value):
    assert unsettled(history(0.7, 0.5, 0.5, 0.5, **{name: value}), SPACE, 0.1) == []


def test_each_reason_is_told():
    found = unsettled(
        history(0.5, 0.5, 0.5, 0.9, current_factor=1.5, horizontal_diffusivity=50.0), SPACE, 0.1
    )
    assert len(found) == 3


def test_a_search_that_met_no_slick_says_so():
    missed = [replace(trial, approach=0.4) for trial in history(0.01, 0.03, 0.02, 0.02)]
    (reason,) = unsettled(History(missed), SPACE, 0.1)
    assert "scored 0.03" in reason
    assert "current_bias_east" in reason


@pytest.mark.parametrize(
    ("name", "bounds", "value", "allowed", "said"),
    [
        ("source_start_hours", (-6.0, 2.0), -6.0, (-6.0, 2.0), "start the run earlier"),
        ("source_start_hours", (-6.0, 2.0), 1.99, (-6.0, 2.0), "let the release end later"),
        ("source_start_hours", (-6.0, 2.0), -6.0, (-9.0, 2.0), "-6: widen it in"),
        ("source_east_km", (-3.0, 9.0), -3.0, (-3.0, 50.0), "fields of a larger area"),
        ("source_north_km", (-3.0, 9.0), 9.0, (-50.0, 9.0), "fields of a larger area"),
        ("source_north_km", (-3.0, 9.0), 9.0, (-50.0, 9.5), "9: widen it in"),
    ],
)
def test_a_bound_is_to_be_widened_only_where_the_case_lets_it(name, bounds, value, allowed, said):
    space = Space((Parameter(name, *bounds, 0.0),))
    trials = History(
        Trial(k, {name: x}, score, {}, None, "sobol", seconds=0.0)
        for k, (x, score) in enumerate([(value, 0.9), (0.5, 0.4), (0.6, 0.4), (0.7, 0.4)])
    )
    (reason,) = unsettled(trials, space, 0.1, {name: allowed})
    assert f"the best {name}, " in reason
    assert said in reason
    assert ("widen" in reason) == ("widen" in said)
