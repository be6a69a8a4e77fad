"""Importance weights, held against posteriors known in closed form."""

import numpy as np
import pytest
from numpy.typing import NDArray

from optimizer import NormalProposal, effective_size, next_proposal, quantiles, weigh

FloatArray = NDArray[np.float64]


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


def test_quantiles_are_weighted() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert quantiles(values, np.ones(3), [0.0, 0.5, 1.0]) == [1.0, 2.0, 3.0]
    assert quantiles(values, np.array([8.0, 1.0, 1.0]), [0.6]) == [3.0]
    normal = np.random.default_rng(0).normal(size=4000)
    found = quantiles(normal, np.full(4000, 1 / 4000), (0.05, 0.5, 0.95))
    np.testing.assert_allclose(found, [-1.645, 0.0, 1.645], atol=0.08)
