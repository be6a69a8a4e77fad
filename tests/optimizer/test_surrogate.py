"""The Gaussian process behind a search, against that of scikit-learn and finite differences."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from optimizer.surrogate import _Covariance, _expected_improvement, _misfit, _Model

LENGTHS = np.array([0.3, 0.8, 2.0])
COVARIANCE = _Covariance(1.7, LENGTHS, 0.01)
PENALTY = (np.array([0.5, 0.2, 0.7]), np.array([2.0, 0.0, 1.0]))


@pytest.fixture
def trials():
    rng = np.random.default_rng(2)
    points = rng.uniform(size=(20, 3))
    return points, np.sin(4.0 * points).sum(axis=1)


def test_mean_and_standard_deviation_are_those_of_a_gaussian_process(trials):
    kernel = ConstantKernel(1.7) * Matern(LENGTHS, nu=2.5)
    known = GaussianProcessRegressor(kernel, alpha=0.01, optimizer=None, normalize_y=True)
    wanted = np.random.default_rng(3).uniform(size=(50, 3))
    mean, sd = known.fit(*trials).predict(wanted, return_std=True)
    ours = _Model(COVARIANCE, *trials, penalty=None).at(wanted)
    np.testing.assert_allclose(ours[0], mean, atol=1e-7)
    np.testing.assert_allclose(ours[1], sd, atol=1e-7)


@pytest.mark.parametrize("parameters", [1, 3, 9])
def test_a_covariance_is_as_likely_as_scikit_learn_has_it(parameters):
    rng = np.random.default_rng(5)
    points = rng.uniform(size=(20, parameters))
    losses = np.sin(4.0 * points).sum(axis=1)
    kernel = ConstantKernel() * Matern(np.ones(parameters), nu=2.5) + WhiteKernel()
    known = GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True).fit(points, losses)
    misfit = _misfit(points, (losses - losses.mean()) / losses.std())
    for theta in rng.uniform(-3.0, 3.0, (5, parameters + 2)):
        likelihood, slopes = known.log_marginal_likelihood(theta, eval_gradient=True)
        found = misfit(theta)
        assert found[0] == pytest.approx(-likelihood, rel=1e-10)
        np.testing.assert_allclose(found[1], -slopes, rtol=1e-8, atol=1e-8)


def test_a_covariance_that_cannot_be_inverted_is_not_likely_at_all(trials):
    # alike everywhere, without noise
    misfit, slopes = _misfit(*trials)(np.array([30.0, 9.0, 9.0, 9.0, -30.0]))
    assert misfit == np.inf
    assert (slopes == 0.0).all()


@pytest.mark.parametrize("penalty", [None, PENALTY])
def test_slopes_are_those_of_mean_and_standard_deviation(trials, penalty):
    model = _Model(COVARIANCE, *trials, penalty)
    point, step = np.array([0.4, 0.6, 0.1]), 1e-6
    ends = point + step * np.vstack([np.eye(3), -np.eye(3)])
    mean, sd = model.at(ends)
    of_mean, of_sd = model.slopes(point, model.at(point[np.newaxis])[1][0])
    np.testing.assert_allclose(of_mean, (mean[:3] - mean[3:]) / (2.0 * step), rtol=1e-5)
    np.testing.assert_allclose(of_sd, (sd[:3] - sd[3:]) / (2.0 * step), rtol=1e-4)


def test_expected_improvement_is_the_mean_gain_of_many_draws():
    draws = np.random.default_rng(4).normal(0.3, 0.5, 1_000_000)
    expected = np.maximum(0.2 - draws, 0.0).mean()
    found = _expected_improvement(np.array([0.3, 0.3]), np.array([0.5, 0.0]), 0.2)
    assert found[0] == pytest.approx(expected, rel=5e-3)
    assert found[1] == 0.0
