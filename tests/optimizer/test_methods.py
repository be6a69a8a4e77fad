"""All methods of search: resumption anywhere, priors, early stop, and optima found."""

import json
import math
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from optimizer import METHODS, Evidence, History, Outcome, Parameter, Space, maximise, propose

SPACE = Space((Parameter("x", 0.0, 1.0, 0.5), Parameter("y", 1.0, 100.0, 10.0, scale="log")))
PRIOR = Space(
    (
        Parameter("x", 0.0, 1.0, 0.5, prior_mean=0.3, prior_sd=0.1),
        Parameter("y", 1.0, 100.0, 10.0, scale="log"),
    )
)
BY_COST = [
    pytest.param(method, marks=pytest.mark.slow if method.startswith("gp") else ())
    for method in METHODS
]
EVIDENCE = Evidence(observations=2.0, temperature=0.03)
OPTIMUM = np.array([0.7, 0.4])


def hill(point: dict[str, float]) -> float:
    distance = (SPACE.to_unit([point])[0] - OPTIMUM) / 0.3
    return math.exp(-0.5 * float(distance @ distance))


def objective(points: list[dict[str, float]]) -> Iterator[Outcome]:
    """The hill, with failures in one corner."""
    for point in points:
        if point["x"] < 0.3 and point["y"] > 50.0:
            yield Outcome(failure="lost")
        else:
            yield Outcome(hill(point))


def search(
    method: str,
    evaluations: int,
    history: History | None = None,
    tolerance: float | None = None,
    space: Space = PRIOR,
) -> History:
    return maximise(
        objective,
        space,
        evaluations=evaluations,
        batch=3,
        seed=5,
        initial=5,
        method=method,
        evidence=EVIDENCE if space.has_prior else None,
        tolerance=tolerance,
        history=history or (),
    )


@pytest.mark.parametrize("method", BY_COST)
@pytest.mark.parametrize("space", [SPACE, PRIOR], ids=["flat", "prior"])
def test_a_search_stopped_anywhere_goes_on_with_the_same_bits(method: str, space: Space) -> None:
    through = search(method, 20, space=space)
    for done in (4, 10, 15, 17):  # in the design, within batches, and between two
        saved = json.dumps(History(through[:done]).to_rows())
        again = search(method, 20, History.from_rows(json.loads(saved)), space=space)
        assert again.to_rows() == [
            row | {"seconds": trial.seconds}
            for row, trial in zip(through.to_rows(), again, strict=True)
        ]


@pytest.mark.parametrize("method", METHODS)
def test_no_method_touches_the_generator_of_numpy(method: str) -> None:
    history = search(method, 9)
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # type: ignore[index,union-attr] # noqa: NPY002
    propose(PRIOR, history, count=3, seed=5, initial=5, method=method, evidence=EVIDENCE)
    after = np.random.get_state()[1].tolist()  # type: ignore[index,union-attr] # noqa: NPY002
    assert before == after


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_proposals_lie_in_the_space_and_differ(method: str) -> None:
    points = PRIOR.to_unit([trial.parameters for trial in search(method, 30)])
    assert len(np.unique(points, axis=0)) == len(points)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "near"), [("random", 0.2), ("gp", 0.02), ("gp+polish", 0.02)])
def test_the_best_trial_is_that_of_the_highest_posterior(method: str, near: float) -> None:
    history = search(method, 45)
    best = history.best
    assert best is not None
    # Solved on a fine grid: the prior at 0.3 pulls the top from 0.7 along x.
    x = np.linspace(0.0, 1.0, 100_001)
    value = np.exp(-0.5 * ((x - 0.7) / 0.3) ** 2) - EVIDENCE.scale * 0.5 * ((x - 0.3) / 0.1) ** 2
    assert best.parameters["x"] == pytest.approx(x[value.argmax()], abs=near)
    assert best.penalised == max(trial.penalised or -9.0 for trial in history)


def test_rows_keep_the_score_beside_the_penalised_one() -> None:
    for trial in search("gp", 9):
        if trial.score is not None:
            log_prior = PRIOR.log_prior(trial.parameters)
            assert trial.penalised == EVIDENCE.penalised(trial.score, log_prior)
            assert trial.score == hill(trial.parameters)
    for trial in search("gp", 9, space=SPACE):
        assert trial.penalised == trial.score


def test_priors_do_not_count_without_evidence() -> None:
    with_prior, without = (
        maximise(objective, space, evaluations=12, seed=5, initial=5) for space in (PRIOR, SPACE)
    )
    assert with_prior == without


def test_the_start_follows_the_prior_where_it_counts() -> None:
    design = propose(PRIOR, [], count=65, seed=0, initial=65, evidence=EVIDENCE)
    x = np.array([proposal.parameters["x"] for proposal in design[1:]])
    assert x.mean() == pytest.approx(0.3, abs=0.01)
    assert x.std() == pytest.approx(0.1, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["gp", "gp+polish", "cma"])
def test_a_search_stops_where_nothing_is_to_be_gained(method: str) -> None:
    history = search(method, 400, tolerance=0.002)
    assert 10 <= len(history) < 200
    assert len(history) % 3 == 0
    assert history.stopped is not None
    assert history.stopped.endswith("is below the tolerance 0.002")
    assert list(history) == search(method, len(history))[:]
    for done in (len(history) - 2, len(history)):
        again = search(method, 400, History(history[:done]), tolerance=0.002)
        assert again == history
        assert again.stopped == history.stopped


def test_a_search_without_a_model_does_not_stop_early() -> None:
    history = search("random", 40, tolerance=1.0)
    assert len(history) == 40
    assert history.stopped == "all 40 evaluations done"


@pytest.mark.slow
def test_a_large_tolerance_leaves_time_for_a_start() -> None:
    assert len(search("gp", 40, tolerance=1e9)) == 12  # the first batch from trial 10 on


def test_a_search_that_goes_on_has_not_stopped() -> None:
    states = []
    maximise(
        objective,
        SPACE,
        evaluations=4,
        on_trial=lambda history: states.append(history.stopped),
    )
    assert states == [None] * 4


@pytest.mark.slow
def test_an_evolution_strategy_improves_on_its_start() -> None:
    history = search("cma", 90, space=SPACE)
    assert {trial.origin for trial in history} == {"default", "sobol", "cma"}
    best = history.best
    assert best is not None
    assert best.score == pytest.approx(1.0, abs=0.01)


@pytest.mark.slow
def test_cma_works_for_one_parameter_and_any_batch() -> None:
    space = Space((Parameter("x", 0.0, 1.0, 0.5),))
    for batch in (1, 3, 16):
        history = maximise(
            lambda points: (Outcome(-((point["x"] - 0.2) ** 2)) for point in points),
            space,
            evaluations=60,
            batch=batch,
            initial=2,
            method="cma",
        )
        best = history.best
        assert best is not None
        assert best.parameters["x"] == pytest.approx(0.2, abs=0.05)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cma", None)
    with pytest.raises(ImportError, match=r'pip install "witoil\[cma\]"'):
        search("cma", 9)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="one of random, gp, gp"):
        search("annealing", 9)
