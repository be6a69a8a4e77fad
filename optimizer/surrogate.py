"""A Gaussian process in place of the objective, and where it promises most.

The only module that knows skopt. All points are in the unit cube, and low is good.
"""

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cholesky
from scipy.optimize import fmin_l_bfgs_b, minimize
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.special import ndtr
from sklearn.exceptions import ConvergenceWarning
from skopt.learning import GaussianProcessRegressor
from skopt.learning.gaussian_process.kernels import ConstantKernel, Matern
from threadpoolctl import ThreadpoolController

__all__ = ["one_thread", "promising_points", "trend_and_mean"]

Array = npt.NDArray[np.float64]

_JITTER = 1e-10  # keeps the covariance of points that are close to one another invertible

Penalty = tuple[Array, Array]
"""Middle and curvatures of a paraboloid that is known and added to the losses."""


@dataclass(frozen=True)
class _Covariance:
    """Covariance of a Gaussian process: Matern 5/2 with a length for each parameter, and noise.

    Attributes
    ----------
    amplitude, noise : float
        Variances, in those of the losses. [1]
    lengths : ndarray, shape (n_parameters,)
    """

    amplitude: float
    lengths: Array
    noise: float

    def between(self, points: Array, others: Array) -> Array:
        """Return the covariances of points with others, noise left out; shape (n, n_others)."""
        r = np.sqrt(5.0) * cdist(points / self.lengths, others / self.lengths)
        covariance: Array = self.amplitude * (1.0 + r + r * r / 3.0) * np.exp(-r)
        return covariance

    def slopes(self, point: Array, others: Array) -> Array:
        """Return the gradients at a point of its covariances, shape (n_others, n_parameters)."""
        apart = (point - others) / self.lengths
        r = np.sqrt(5.0 * (apart * apart).sum(axis=1))
        factor = -5.0 / 3.0 * self.amplitude * (1.0 + r) * np.exp(-r)
        gradients: Array = factor[:, np.newaxis] * apart / self.lengths
        return gradients

    def inverse(self, points: Array) -> Array:
        """Return the inverse of the covariance of losses at points, noise and all."""
        matrix = self.between(points, points)
        matrix[np.diag_indices_from(matrix)] += self.noise + _JITTER
        inverse: Array = cho_solve(cho_factor(matrix, lower=True), np.eye(len(points)))
        return inverse


class _Model:
    """What losses at some points say of those elsewhere, plus a known paraboloid.

    skopt predicts a point and its gradient, too, but in ten times the time, and then a search takes
    longer than the simulations that it is to save.
    """

    def __init__(
        self, covariance: _Covariance, points: Array, losses: Array, penalty: Penalty | None
    ) -> None:
        self._covariance = covariance
        self._points = points
        self._penalty = penalty
        self._mean = losses.mean()
        self._scale = losses.std() or 1.0
        self._inverse = covariance.inverse(points)
        self._factors = self._inverse @ ((losses - self._mean) / self._scale)

    def at(self, points: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation at points, each of shape (n,)."""
        near = self._covariance.between(points, self._points)
        variance = self._covariance.amplitude - ((near @ self._inverse) * near).sum(axis=1)
        mean = self._mean + self._scale * (near @ self._factors) + _height(points, self._penalty)
        return mean, self._scale * np.sqrt(np.maximum(variance, 0.0))

    def slopes(self, point: Array, sd: float) -> tuple[Array, Array]:
        """Return the gradients of both at a point, where the standard deviation is known."""
        near = self._covariance.between(point[np.newaxis], self._points)[0]
        gradients = self._covariance.slopes(point, self._points)
        of_mean = self._scale * (self._factors @ gradients)
        if self._penalty is not None:
            middle, curvature = self._penalty
            of_mean += curvature * (point - middle)
        if sd <= 0.0:
            return of_mean, np.zeros_like(of_mean)
        return of_mean, -(self._scale**2) / sd * (self._inverse @ near) @ gradients


def _expected_improvement(mean: Array, sd: Array, target: float) -> Array:
    """Return by how much losses are expected to lie below a target (Jones et al. 1998)."""
    gain = target - mean
    with np.errstate(divide="ignore", invalid="ignore"):
        z = gain / sd
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    improvement: Array = np.where(sd > 0.0, gain * ndtr(z) + sd * density, 0.0)
    return improvement


def _height(points: Array, penalty: Penalty | None) -> Array:
    """Value of the paraboloid at points, shape (n_points,)."""
    if penalty is None:
        return np.zeros(len(points))
    middle, curvature = penalty
    height: Array = 0.5 * ((points - middle) ** 2 @ curvature)
    return height


def promising_points(
    points: Array,
    losses: Array,
    kinds: Sequence[str],
    rng: np.random.Generator,
    penalty: Penalty | None = None,
) -> tuple[Array, list[float]]:
    """Points of the greatest expected improvement, for a batch.

    Parameters
    ----------
    points : ndarray, shape (n_trials, n_parameters)
        Points tried.
    losses : ndarray, shape (n_trials,)
        What they gave.
    kinds : sequence of {"global", "local", "polish"}, length n_points
        Whether each point wanted is sought everywhere, near the best trial, or near the best
        trial and where the mean is lowest.
    rng : numpy.random.Generator
        Draws the places where the ascent starts.
    penalty : tuple of ndarray, optional
        Paraboloid to be added to the losses, known all over the space.

    Returns
    -------
    points : ndarray, shape (n_points, n_parameters)
    gains : list of float, length n_points
        Expected improvement of each, as the model saw it before the lies.

    Notes
    -----
    The model is fitted once. For each further point of the batch it is conditioned on the lie
    that the point before has given the lowest loss so far. ``skopt.Optimizer.ask`` fits it anew
    for each point, which takes ten times as long, and starts no ascent close to the best trial,
    which finds less (measured on functions of six parameters, in batches of four).
    """
    values = losses + _height(points, penalty)
    best = points[values.argmin()]
    half_width = _half_width(len(values) - 1 - int(values.argmin()))
    near = np.clip([best - half_width, best + half_width], 0.0, 1.0)
    everywhere = np.array([np.zeros_like(best), np.ones_like(best)])
    with one_thread():
        covariance = _fit(points, losses)
        honest = _Model(covariance, points, losses, penalty)
        target = _target(values)
        for kind in kinds:
            model = _Model(covariance, points, values - _height(points, penalty), penalty)
            box = everywhere if kind == "global" else near
            find = _lowest if kind == "polish" else _most_promising
            point = find(model, points, values, box, rng)
            points = np.vstack([points, point])
            values = np.append(values, values.min())
        found = points[-len(kinds) :]
        gains = _expected_improvement(*honest.at(found), target)
    return found, gains.tolist()


def one_thread() -> AbstractContextManager[object]:
    """Keep BLAS to one thread.

    The matrices are small: threads would cost more than they give, and the order of their sums,
    so the last bits of a point, would depend on how many there are.
    """
    limits: AbstractContextManager[object] = _blas().limit(limits=1)
    return limits


@cache
def _blas() -> ThreadpoolController:
    """Return the BLAS of numpy and that of scipy; to look for them takes as long as a small fit."""
    return ThreadpoolController().select(user_api="blas")


def trend_and_mean(points: Array, losses: Array) -> Callable[[Array], Array]:
    """Fit a Gaussian process and return its mean, round a trend that clusters do not pull.

    Parameters
    ----------
    points : ndarray, shape (n_trials, n_parameters)
        Points tried.
    losses : ndarray, shape (n_trials,)
        What they gave.

    Returns
    -------
    callable
        Takes points, shape (n, n_parameters), and gives the mean there, shape (n,). Far from all
        trials it is the trend by generalised least squares (ordinary kriging); skopt takes the
        plain mean of the losses.
    """
    covariance = _fit(points, losses)
    inverse = covariance.inverse(points)
    weights = inverse.sum(axis=0)
    trend = float(weights @ losses / weights.sum())
    factors = inverse @ (losses - trend)

    def mean(wanted: Array) -> Array:
        found: Array = trend + covariance.between(wanted, points) @ factors
        return found

    return mean


def _half_width(stale: int) -> float:
    """Half side of the local box after so many trials without a better one."""
    return float(max(0.2 * 0.5 ** (stale // 8), 0.01))


def _fit(points: Array, losses: Array) -> _Covariance:
    """Fit the covariance of a Gaussian process."""
    n_parameters = points.shape[1]
    matern = Matern(np.ones(n_parameters), [(0.01, 100.0)] * n_parameters, nu=2.5)
    kernel = ConstantKernel(1.0, (0.01, 1000.0)) * matern

    def likeliest(_: object, start: Array, bounds: Array) -> tuple[Array, float]:
        # in place of skopt's own function, which takes two times as long
        function = _misfit(points, (losses - losses.mean()) / (losses.std() or 1.0))
        found = minimize(function, start, method="L-BFGS-B", jac=True, bounds=bounds)
        return found.x, found.fun

    model = GaussianProcessRegressor(
        kernel, noise="gaussian", normalize_y=True, optimizer=likeliest
    )
    with warnings.catch_warnings():
        # A length at its bound means that the losses do not depend on that parameter: no fault.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points, losses)
    # A fitted model of skopt holds the noise in `noise_`, and the rest of the kernel in `k1`.
    constant, fitted = model.kernel_.k1.k1, model.kernel_.k1.k2
    lengths = np.broadcast_to(np.asarray(fitted.length_scale, float), n_parameters)
    return _Covariance(float(constant.constant_value), lengths, float(model.noise_))


def _misfit(points: Array, losses: Array) -> Callable[[Array], tuple[float, Array]]:
    """Return what tells how unlikely losses are by a covariance, and its slopes.

    Parameters
    ----------
    points : ndarray, shape (n_trials, n_parameters)
    losses : ndarray, shape (n_trials,)
        Of mean 0 and variance 1.

    Returns
    -------
    callable
        Takes logarithms of amplitude, lengths and noise, and gives the negative logarithm of the
        marginal likelihood: that of skopt, to the same bits, operation by operation.
    """
    column, identity = losses[:, np.newaxis], np.eye(len(points))
    first, second = np.triu_indices(len(points), 1)
    squares = (points[first] - points[second]) ** 2

    def misfit(theta: Array) -> tuple[float, Array]:
        amplitude, lengths, noise = np.exp(theta[0]), np.exp(theta[1:-1]), np.exp(theta[-1])
        distances = pdist(points / lengths)
        r = np.sqrt(5.0) * distances
        correlation = squareform((1.0 + r + r**2 / 3.0) * np.exp(-r))
        np.fill_diagonal(correlation, 1.0)
        covariance = amplitude * correlation
        slopes = np.empty((*covariance.shape, theta.size))
        slopes[..., 0] = covariance
        # of a single length, scikit-learn takes the distances that it has
        apart = squares / lengths**2 if lengths.size > 1 else distances[:, np.newaxis] ** 2
        r = np.sqrt(5.0 * apart.sum(axis=-1))
        apart = np.ascontiguousarray(apart.T)  # for loops over pairs, which are many
        of_lengths = 5.0 / 3.0 * apart * (r + 1.0) * np.exp(-r) * amplitude
        for k, of_length in enumerate(of_lengths, start=1):
            slopes[..., k] = squareform(of_length)
        slopes[..., -1] = noise * identity
        covariance[np.diag_indices_from(covariance)] += noise
        covariance[np.diag_indices_from(covariance)] += _JITTER
        try:
            root = cholesky(covariance, lower=True, check_finite=False)
        except LinAlgError:
            return np.inf, np.zeros_like(theta)
        factors = cho_solve((root, True), column, check_finite=False)
        value = -0.5 * np.einsum("ik,ik->k", column, factors) - np.log(np.diag(root)).sum()
        value -= len(points) / 2 * np.log(2.0 * np.pi)
        inner = np.einsum("ik,jk->ijk", factors, factors)
        inner -= cho_solve((root, True), identity, check_finite=False)[..., np.newaxis]
        return -value.sum(), -0.5 * np.einsum("ijl,jik->kl", inner, slopes).sum(axis=-1)

    return misfit


def _most_promising(
    model: _Model, points: Array, values: Array, box: Array, rng: np.random.Generator
) -> Array:
    """Point of the greatest expected improvement in a box.

    Parameters
    ----------
    model : _Model
    points : ndarray, shape (n_trials, n_parameters)
        Points tried.
    values : ndarray, shape (n_trials,)
        What they gave, the penalty included.
    box : ndarray, shape (2, n_parameters)
        Lower and upper corner.
    rng : numpy.random.Generator
        Draws the places where the ascent starts.

    Returns
    -------
    ndarray, shape (n_parameters,)
    """
    target = _target(values)

    def negative_improvement(point: Array) -> tuple[float, Array]:
        mean, sd = model.at(point[np.newaxis])
        improvement = _expected_improvement(mean, sd, target)[0]
        if sd[0] <= 0.0:
            return 0.0, np.zeros_like(point)
        of_mean, of_sd = model.slopes(point, sd[0])
        z = (target - mean[0]) / sd[0]
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        return -float(improvement), ndtr(z) * of_mean - density * of_sd

    starts = _starts(points[values.argmin()], box, rng)
    order = np.argsort(-_expected_improvement(*model.at(starts), target), kind="stable")
    point = _descend(negative_improvement, starts[order[:2]], box)
    return _unlike(point, points, box, rng)


def _lowest(
    model: _Model, points: Array, values: Array, box: Array, rng: np.random.Generator
) -> Array:
    """Point of the lowest mean in a box; arguments and result as `_most_promising`."""

    def mean(point: Array) -> tuple[float, Array]:
        value, sd = model.at(point[np.newaxis])
        return float(value[0]), model.slopes(point, sd[0])[0]

    starts = _starts(points[values.argmin()], box, rng)
    order = np.argsort(model.at(starts)[0], kind="stable")
    return _unlike(_descend(mean, starts[order[:2]], box), points, box, rng)


def _target(values: Array) -> float:
    """Return the value to be improved on: less than a thousandth of the range is no trial worth."""
    return float(values.min() - 0.001 * np.ptp(values))


def _descend(function: Callable[[Array], tuple[float, Array]], starts: Array, box: Array) -> Array:
    """Lowest point found from several starts."""
    descents = [fmin_l_bfgs_b(function, start, bounds=box.T, maxiter=20) for start in starts]
    lowest = min(descents, key=lambda descent: float(descent[1]))
    point: Array = np.clip(lowest[0], *box)
    return point


def _unlike(point: Array, points: Array, box: Array, rng: np.random.Generator) -> Array:
    """Return the point, or a random one: nothing is learnt from trying a point twice."""
    tried = np.abs(points - point).max(axis=1).min() < 1e-6
    return rng.uniform(box[0], box[1], size=box.shape[1]) if tried else point


def _starts(best: Array, box: Array, rng: np.random.Generator) -> Array:
    """Random points all over a box, and at all distances from the best trial."""
    n_parameters = len(best)
    spread = rng.uniform(box[0], box[1], size=(1000, n_parameters))
    distances = 10.0 ** rng.uniform(-3.0, -0.5, size=(300, 1))
    steps = distances * rng.normal(size=(300, n_parameters))
    return np.vstack([spread, np.clip(best + steps, box[0], box[1])])
