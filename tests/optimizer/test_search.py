"""The search: pure proposals, resumption anywhere, failures, and optima found."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from optimizer import History, Outcome, Parameter, Proposal, Space, Trial, maximise, propose
from optimizer.proposals import is_far

SPACE = Space(
    (
        Parameter("drift", 0.0, 0.05, 0.03),
        Parameter("angle", -60.0, 60.0, 0.0),
        Parameter("diffusivity", 0.1, 50.0, 2.0, scale="log"),
    )
)
OPTIMUM = np.array([0.35, 0.6, 0.7])


def bump(point: dict[str, float]) -> float:
    """A hill of height 1 in a plain of zeros, as where two slicks overlap."""
    distance = (SPACE.to_unit([point])[0] - OPTIMUM) / np.array([0.15, 0.2, 0.4])
    return max(0.0, 1.1 * math.exp(-0.5 * float(distance @ distance)) - 0.1)


def objective(points: list[dict[str, float]]) -> Iterator[Outcome]:
    """The bump, with failures on one side of the space."""
    for point in points:
        if point["angle"] < -40.0:
            yield Outcome(failure="every particle left the grid")
        else:
            yield Outcome(bump(point), {"angle": point["angle"]})


def search(evaluations: int, history: History | None = None, seed: int = 3) -> History:
    """A search with 2 trials beyond whole batches and a design that ends within a batch."""
    return maximise(
        objective,
        SPACE,
        evaluations=evaluations,
        batch=4,
        seed=seed,
        initial=6,
        history=history or (),
    )


@pytest.fixture(scope="module")
def through() -> History:
    """A search that ran through."""
    return search(18)


@pytest.mark.slow
@pytest.mark.parametrize("done", range(19))
def test_a_search_stopped_anywhere_goes_on_as_if_it_had_not(through: History, done: int) -> None:
    saved = json.dumps(History(through[:done]).to_rows())
    assert search(18, History.from_rows(json.loads(saved))) == through


@pytest.mark.slow
def test_a_search_of_fewer_evaluations_is_the_start_of_a_longer_one(through: History) -> None:
    for evaluations in (0, 1, 5, 10, 15):
        assert list(search(evaluations)) == through[:evaluations]


def test_a_finished_search_is_left_as_it_is(through: History) -> None:
    assert search(7, through) == through


@pytest.mark.slow
def test_a_crash_of_the_objective_loses_no_trial(through: History) -> None:
    saved: list[list[dict[str, object]]] = []

    def crashing(points: list[dict[str, float]]) -> Iterator[Outcome]:
        for point, outcome in zip(points, objective(points), strict=True):
            if point == through[9].parameters:
                raise KeyboardInterrupt
            yield outcome

    with pytest.raises(KeyboardInterrupt):
        maximise(
            crashing,
            SPACE,
            evaluations=18,
            batch=4,
            seed=3,
            initial=6,
            on_trial=lambda history: saved.append(history.to_rows()),
        )
    assert [len(rows) for rows in saved] == list(range(1, 10))
    assert search(18, History.from_rows(saved[-1])) == through


@pytest.mark.slow
def test_batches_are_whole_and_start_at_multiples(through: History) -> None:
    sizes = []

    def counting(points: list[dict[str, float]]) -> Iterator[Outcome]:
        sizes.append(len(points))
        return objective(points)

    maximise(counting, SPACE, evaluations=15, batch=4, seed=3, initial=6, history=through[:6])
    assert sizes == [2, 4, 3]


def test_history_given_is_not_changed(through: History) -> None:
    given = History(through[:8])
    search(10, given)
    assert len(given) == 8


@pytest.mark.slow
def test_propose_depends_on_its_arguments_only(through: History) -> None:
    history = through[:12]
    first = propose(SPACE, history, count=4, seed=3, initial=6)
    propose(SPACE, through[:8], count=2, seed=5, initial=6)
    assert propose(SPACE, history, count=4, seed=3, initial=6) == first
    assert [(each.parameters, each.origin) for each in through[12:16]] == [
        (each.parameters, each.origin) for each in first
    ]
    assert propose(SPACE, history, count=4, seed=4, initial=6) != first


@pytest.mark.slow
def test_propose_is_the_same_in_another_process(through: History) -> None:
    program = (
        "import json, sys; from optimizer import *; space, rows = json.load(sys.stdin);"
        "space = Space(tuple(Parameter(**each) for each in space));"
        "found = propose(space, History.from_rows(rows), count=4, seed=3, initial=6);"
        "print(json.dumps([[each.parameters, each.origin] for each in found]))"
    )
    space = [vars(parameter) for parameter in SPACE.parameters]
    answer = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([space, History(through[:12]).to_rows()]),
        capture_output=True,
        text=True,
        check=True,
    )
    found = [Proposal(*each) for each in json.loads(answer.stdout)]
    assert found == propose(SPACE, through[:12], count=4, seed=3, initial=6)


def test_design_starts_with_the_default_and_fills_the_space() -> None:
    design = propose(SPACE, [], count=17, seed=1, initial=17)
    assert design[0] == Proposal(SPACE.default, "default")
    assert {each.origin for each in design[1:]} == {"sobol"}
    sobol = SPACE.to_unit([each.parameters for each in design[1:]])
    for column in sobol.T:
        # 16 points of a scrambled Sobol sequence lie one in each sixteenth of every side.
        assert sorted(np.floor(16 * column)) == list(range(16))


def test_origins_follow_the_number_of_the_trial(through: History) -> None:
    assert [each.origin for each in through] == (
        ["default"] + ["sobol"] * 7 + ["global", "local"] * 5
    )


def test_proposals_lie_in_the_space_and_differ(through: History) -> None:
    points = SPACE.to_unit([each.parameters for each in through])
    assert len(np.unique(points, axis=0)) == len(points)


@pytest.mark.slow
def test_a_failed_trial_is_a_row_with_its_reason() -> None:
    history = search(24)
    failed = [each for each in history if each.parameters["angle"] < -40.0]
    assert failed
    assert {(each.score, each.failure) for each in failed} == {
        (None, "every particle left the grid")
    }
    assert {each.failure for each in history if each not in failed} == {None}


def test_a_failure_counts_as_the_lowest_score_seen(through: History) -> None:
    history = list(through[:12])
    worst = min(each.score for each in history if each.score is not None)
    point = history[5].parameters
    failed, low = (
        Trial(5, point, score, {}, failure, "sobol", 0.0)
        for score, failure in ((None, "lost"), (worst, None))
    )
    proposals = [
        propose(SPACE, [*history[:5], trial, *history[6:]], count=2, seed=3, initial=6)
        for trial in (failed, low)
    ]
    assert proposals[0] == proposals[1]


def test_nothing_but_failures_prolongs_the_design() -> None:
    def failing(points: list[dict[str, float]]) -> Iterator[Outcome]:
        return (Outcome(failure="no forcing") for _ in points)

    history = maximise(failing, SPACE, evaluations=12, batch=4, seed=0, initial=2)
    assert [each.origin for each in history] == ["default"] + ["sobol"] * 11
    assert history.best is None


@pytest.mark.slow
def test_a_plateau_of_equal_scores_is_searched_on() -> None:
    def flat(points: list[dict[str, float]]) -> Iterator[Outcome]:
        return (Outcome(0.0) for _ in points)

    history = maximise(flat, SPACE, evaluations=24, batch=4, seed=0, initial=8)
    points = SPACE.to_unit([each.parameters for each in history])
    assert len(np.unique(points, axis=0)) == len(points)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_finds_the_top_of_a_bump(seed: int) -> None:
    best = search(48, seed=seed).best
    assert best is not None
    assert best.score == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(SPACE.to_unit([best.parameters])[0], OPTIMUM, atol=0.1)


@pytest.mark.slow
def test_the_search_does_not_depend_on_the_scale_of_the_score() -> None:
    def larger(points: list[dict[str, float]]) -> Iterator[Outcome]:
        return (Outcome(1024.0 * bump(point)) for point in points)

    best = maximise(larger, SPACE, evaluations=48, batch=4, seed=0, initial=6).best
    assert best is not None
    assert best.score == pytest.approx(1024.0, abs=10.0)


def test_objective_owes_one_outcome_a_point() -> None:
    with pytest.raises(ValueError, match="shorter"):
        maximise(lambda points: [Outcome(1.0)], SPACE, evaluations=4, batch=4)
    with pytest.raises(ValueError, match="longer"):
        maximise(lambda points: [Outcome(1.0)] * 5, SPACE, evaluations=4, batch=4)


def test_time_of_a_trial_is_what_the_objective_says() -> None:
    history = maximise(lambda points: [Outcome(1.0, seconds=7.5)], SPACE, evaluations=1, batch=1)
    assert history[0].seconds == 7.5


def test_outcome_is_a_score_or_a_failure() -> None:
    with pytest.raises(ValueError, match="either a score or a failure"):
        Outcome()
    with pytest.raises(ValueError, match="either a score or a failure"):
        Outcome(1.0, failure="lost")
    with pytest.raises(ValueError, match="a score must be finite, got nan"):
        Outcome(math.nan)


def test_history_of_another_space_is_refused(through: History) -> None:
    narrow = Space((Parameter("drift", 0.0, 0.05, 0.03),))
    with pytest.raises(ValueError, match="expected parameters"):
        maximise(objective, narrow, evaluations=20, history=through)


@pytest.mark.slow
def test_package_loads_without_the_slow_libraries() -> None:
    program = (
        "import sys, optimizer.search, optimizer.history, optimizer.space;"
        "print({'numba', 'scipy', 'sklearn', 'skopt'} & set(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "set()"


def test_package_has_all_it_names() -> None:
    import optimizer

    assert all(hasattr(optimizer, name) for name in optimizer.__all__)
    with pytest.raises(AttributeError, match="colour"):
        _ = optimizer.colour


FAR = np.array([0.92, 0.08, 0.9])
"""Where a hill stands that no trial of a design comes near."""


def narrow(point: dict[str, float], *, guided: bool) -> Outcome:
    """A hill so narrow that nothing of it is seen from afar, but for how far it is."""
    apart = float(np.linalg.norm(SPACE.to_unit([point])[0] - FAR))
    score = max(0.0, 1.0 - apart / 0.15)
    return Outcome(score, approach=1.0 - apart / 2.0 if guided and score < 0.05 else None)


def far_search(guided: bool, seed: int, history: History | None = None) -> History:
    return maximise(
        lambda points: (narrow(point, guided=guided) for point in points),
        SPACE,
        evaluations=40,
        batch=4,
        seed=seed,
        initial=6,
        history=history or (),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_a_start_far_off_finds_its_way_by_how_near_it_comes(seed: int) -> None:
    found = far_search(True, seed)
    assert found.best is not None
    assert found.best.value is not None
    assert found.best.value > 0.7
    alone = far_search(False, seed).best
    assert alone is not None
    assert alone.value == 0.0
    saved = json.dumps(History(found[:18]).to_rows())
    assert far_search(True, seed, History.from_rows(json.loads(saved))) == found


def test_what_is_near_is_worth_more_than_what_is_not_whatever_the_scores() -> None:
    far, near, met = (
        Trial(n, SPACE.default, score, {}, None, "sobol", 0.0, approach=approach)
        for n, (score, approach) in enumerate([(0.04, 0.1), (0.01, 0.9), (0.06, None)])
    )
    assert is_far([far, near])
    assert not is_far([far, near, met])
    assert not is_far([])
