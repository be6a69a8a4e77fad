"""The history: its order, its best trial, and the way to JSON and back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer import History, Trial

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def trial(number: int, score: float | None, seconds: float = 1.0) -> Trial:
    failure = "no particle left" if score is None else None
    return Trial(number, {"x": 0.1 * number}, score, {"fss": {"1": score}}, failure, "gp", seconds)


def test_best_is_the_highest_score_and_the_earliest_of_equals() -> None:
    history = History([trial(0, None), trial(1, -2.0), trial(2, -1.0), trial(3, -1.0)])
    best = history.best
    assert best is not None
    assert best.number == 2


def test_no_best_without_a_score() -> None:
    assert History().best is None
    assert History([trial(0, None)]).best is None


def test_trials_are_numbered_without_gaps() -> None:
    history = History([trial(0, 1.0)])
    with pytest.raises(ValueError, match="expected trial 1, got 2"):
        history.append(trial(2, 1.0))
    assert [each.number for each in history] == [0]


def test_time_taken_does_not_make_a_history_another() -> None:
    assert History([trial(0, 1.0, seconds=1.0)]) == History([trial(0, 1.0, seconds=2.0)])
    assert History([trial(0, 1.0)]) != History([trial(0, 1.5)])
    assert History([trial(0, 1.0)]) != [trial(0, 1.0)]


@given(st.lists(st.tuples(FINITE, st.none() | FINITE, FINITE), max_size=5))
def test_json_keeps_every_bit(numbers: list[tuple[float, float | None, float]]) -> None:
    history = History(
        Trial(
            number, {"x": x}, score, {"fss": {"7": x}}, "lost" if score is None else None, "gp", t
        )
        for number, (x, score, t) in enumerate(numbers)
    )
    again = History.from_rows(json.loads(json.dumps(history.to_rows(), allow_nan=False)))
    assert again == history
    assert [each.seconds for each in again] == [each.seconds for each in history]


def test_rows_of_something_else_are_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        History.from_rows([History([trial(0, 1.0)]).to_rows()[0] | {"colour": "black"}])
