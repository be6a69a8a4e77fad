"""Importance weights, held against posteriors known in closed form."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from optimizer import (
    Evidence,
    History,
    NormalProposal,
    Outcome,
    Parameter,
    Space,
    Trial,
    effective_size,
    maximise,
    next_proposal,
    posterior_sample,
    quantiles,
    weigh,
)

FloatArray = NDArray[np.float64]

SURROGATES = [pytest.param(name, marks=pytest.mark.slow) for name in ("gp", "gp+polish")]


def test_a_normal_posterior_is_found_in_rounds() -> None:
    # a normal likelihood round 1.5 with sd 0.5 and the standard prior: mean 1.2, variance 0.2
    proposals = [NormalProposal.prior(2, 64)]
    points = proposals[0].draw([1])

    def log_likelihood(points: FloatArray) -> FloatArray:
        found: FloatArray = -2.0 * ((points - 1.5) ** 2).sum(axis=1)
        return found

    for n in range(6):
        weights = weigh(points, log_likelihood(points), proposals)
        proposals.append(next_proposal(points, weights, 64))
        points = np.concatenate([points, proposals[-1].draw([2, n])])
    weights = weigh(points, log_likelihood(points), proposals)
    mean = weights @ points
    np.testing.assert_allclose(mean, 1.2, atol=0.06)
    np.testing.assert_allclose(weights @ (points - mean) ** 2, 0.2, atol=0.04)


def test_a_score_that_says_nothing_leaves_the_prior() -> None:
    proposals = [NormalProposal.prior(3, 128), NormalProposal(np.ones(3), 0.5 * np.eye(3), 64)]
    points = np.concatenate([each.draw([k]) for k, each in enumerate(proposals)])
    weights = weigh(points, np.full(192, 0.4), proposals)
    np.testing.assert_allclose(weights @ points, 0.0, atol=0.05)
    np.testing.assert_allclose(weights @ points**2, 1.0, atol=0.15)


def test_few_runs_are_never_believed_alone() -> None:
    prior = NormalProposal.prior(3, 32)
    scores = np.zeros(32)
    scores[5] = 50.0
    weights = weigh(prior.draw([1]), scores, [prior], least=8.0)
    assert effective_size(weights) == pytest.approx(8.0, rel=1e-3)
    assert weights.argmax() == 5


def test_a_failed_run_has_no_weight() -> None:
    prior = NormalProposal.prior(2, 8)
    scores = np.zeros(8)
    scores[3] = -np.inf
    assert weigh(prior.draw([1]), scores, [prior])[3] == 0.0


def test_draws_are_a_pure_function_of_the_seed() -> None:
    prior = NormalProposal.prior(2, 10)
    np.testing.assert_array_equal(prior.draw([3]), prior.draw([3]))
    assert (prior.draw([3]) != prior.draw([4])).all()


EVIDENCE = Evidence(observations=1.5, temperature=0.03)


def searched(
    space: Space, score: Callable[[np.ndarray], float], method: str, evaluations: int
) -> History:
    def objective(points: list[dict[str, float]]) -> Iterator[Outcome]:
        return (Outcome(score(space.to_unit([point])[0])) for point in points)

    return maximise(
        objective, space, evaluations=evaluations, seed=1, method=method, evidence=EVIDENCE
    )


def assert_like(values: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> None:
    """Mean within 15 % of a standard deviation, which is right within 15 %."""
    np.testing.assert_allclose((values.mean(axis=0) - mean) / sd, 0.0, atol=0.15)
    np.testing.assert_allclose(values.std(axis=0) / sd, 1.0, atol=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["random", *SURROGATES, "cma"])
@pytest.mark.parametrize("n_parameters", [1, 3, 5])
def test_a_gaussian_posterior_is_found_however_it_was_searched(
    method: str, n_parameters: int
) -> None:
    rng = np.random.default_rng(n_parameters)
    space = Space(tuple(Parameter(f"p{k}", 0.0, 1.0, 0.5) for k in range(n_parameters)))
    mean = rng.uniform(0.4, 0.6, n_parameters)
    mixed = rng.normal(size=(n_parameters, n_parameters))
    covariance = 0.07**2 * (np.eye(n_parameters) + mixed @ mixed.T / n_parameters)
    precision = np.linalg.inv(covariance)

    def score(unit: np.ndarray) -> float:
        return 0.8 - 0.5 * EVIDENCE.scale * float((unit - mean) @ precision @ (unit - mean))

    history = searched(space, score, method, 60)
    points, weights = posterior_sample(history, space, 1000, 0, EVIDENCE)
    assert weights.sum() == pytest.approx(1.0)
    assert_like(space.to_unit(points), mean, np.sqrt(np.diag(covariance)))


@pytest.mark.parametrize("method", ["random", SURROGATES[0]])
def test_prior_and_score_are_multiplied(method: str) -> None:
    # Both are normal: precisions add up, and means are weighed by them.
    space = Space(
        (
            Parameter("a", -1.0, 1.0, 0.0, prior_mean=-0.1, prior_sd=0.2),
            Parameter("b", 0.1, 10.0, 1.0, scale="log", prior_mean=1.0, prior_sd=0.5),
        )
    )
    prior_mean, prior_sd = np.array([-0.1, 0.0]), np.array([0.2, 0.5])
    likely, width = np.array([0.2, 0.8]), np.array([0.2, 0.4])

    def score(unit: np.ndarray) -> float:
        point = space.from_unit(unit[None])[0]
        z = (np.array([point["a"], np.log(point["b"])]) - likely) / width
        return 0.6 - 0.5 * EVIDENCE.scale * float(z @ z)

    history = searched(space, score, method, 50)
    points, _ = posterior_sample(history, space, 1000, 0, EVIDENCE)
    values = np.array([[point["a"], np.log(point["b"])] for point in points])
    sd = (prior_sd**-2 + width**-2) ** -0.5
    mean = sd**2 * (prior_mean / prior_sd**2 + likely / width**2)
    assert_like(values, mean, sd)


@pytest.mark.slow
def test_two_tops_are_both_kept() -> None:
    space = Space((Parameter("a", 0.0, 1.0, 0.5), Parameter("b", 0.0, 1.0, 0.5)))

    def score(unit: np.ndarray) -> float:
        distances = [((unit - top) ** 2).sum() / 0.08**2 for top in (0.25, 0.75)]
        return 0.3 * float(np.exp(-0.5 * min(distances)))

    history = searched(space, score, "random", 150)
    points, _ = posterior_sample(history, space, 1000, 0, EVIDENCE)
    high = np.array([point["a"] > 0.5 for point in points])
    assert 0.3 < high.mean() < 0.7


def test_trials_that_say_nothing_leave_the_prior() -> None:
    space = Space(
        (
            Parameter("a", 0.0, 1.0, 0.5, prior_mean=0.5, prior_sd=0.1),
            Parameter("b", 0.0, 1.0, 0.5),
        )
    )
    history = searched(space, lambda unit: 0.4, "random", 30)
    points, _ = posterior_sample(history, space, 1000, 0, EVIDENCE)
    assert_like(space.to_unit(points), np.array([0.5, 0.5]), np.array([0.1, 12**-0.5]))


@pytest.mark.slow
def test_the_sample_is_a_pure_function_in_the_space() -> None:
    space = Space((Parameter("a", 0.0, 1.0, 0.5), Parameter("b", 1.0, 9.0, 3.0, scale="log")))
    history = searched(space, lambda unit: float(unit[0] - unit[1]), "random", 20)
    first = posterior_sample(history, space, 50, 3, EVIDENCE)
    again = posterior_sample(History(history[:]), space, 50, 3, EVIDENCE)
    other = posterior_sample(history, space, 50, 4, EVIDENCE)
    assert first[0] == again[0]
    assert first[0] != other[0]
    assert len(first[0]) == len(first[1]) == 50
    assert len(posterior_sample(history, space, 1500, 3, EVIDENCE)[0]) == 1500
    space.to_unit(first[0])  # raises where a point is outside


def test_failed_trials_are_places_of_low_score() -> None:
    space = Space((Parameter("a", 0.0, 1.0, 0.5),))
    trials = [
        Trial(k, {"a": k / 20}, *((None, {}, "lost") if k < 10 else (0.5, {}, None)), "sobol", 0.0)
        for k in range(20)
    ]
    trials.append(Trial(20, {"a": 1.0}, 0.0, {}, None, "sobol", 0.0))
    points, _ = posterior_sample(trials, space, 500, 0, EVIDENCE)
    assert np.mean([point["a"] < 0.4 for point in points]) < 0.02


def test_what_is_too_little_is_refused() -> None:
    space = Space((Parameter("a", 0.0, 1.0, 0.5),))
    trial = Trial(0, {"a": 0.5}, 0.5, {}, None, "default", 0.0)
    with pytest.raises(ValueError, match="two trials with a score, got 1"):
        posterior_sample([trial], space, 10, 0, EVIDENCE)
    with pytest.raises(ValueError, match="size of at least 1, got 0"):
        posterior_sample([trial, trial], space, 0, 0, EVIDENCE)


def test_quantiles_are_weighted() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert quantiles(values, np.ones(3), [0.0, 0.5, 1.0]) == [1.0, 2.0, 3.0]
    assert quantiles(values, np.array([8.0, 1.0, 1.0]), [0.6]) == [3.0]
    normal = np.random.default_rng(0).normal(size=4000)
    found = quantiles(normal, np.full(4000, 1 / 4000), (0.05, 0.5, 0.95))
    np.testing.assert_allclose(found, [-1.645, 0.0, 1.645], atol=0.08)
