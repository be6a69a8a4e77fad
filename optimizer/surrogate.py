"""A Gaussian process in place of the objective, and where it promises most.

The only module that knows skopt. All points are in the unit cube, and low is good.
"""

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import fmin_l_bfgs_b
from sklearn.exceptions import ConvergenceWarning
from skopt.acquisition import gaussian_ei
from skopt.learning import GaussianProcessRegressor
from skopt.learning.gaussian_process.kernels import ConstantKernel, Matern
from threadpoolctl import threadpool_limits

__all__ = ["one_thread", "promising_points", "trend_and_mean"]

Array = npt.NDArray[np.float64]


Penalty = tuple[Array, Array]
"""Middle and curvatures of a paraboloid that is known and added to the losses."""


class _Model:
    """A Gaussian process plus a known paraboloid; predicts as skopt's acquisition functions ask."""

    def __init__(self, process: GaussianProcessRegressor, penalty: Penalty) -> None:
        self._process = process
        self._penalty = penalty

    def predict(self, points: Array, **wanted: bool) -> Any:
        """As `GaussianProcessRegressor.predict`: the mean, and in this order the rest wanted."""
        found = self._process.predict(points, **wanted)
        added = _height(points, self._penalty)
        if not wanted:
            return found + added
        mean, *rest = found
        if wanted.get("return_mean_grad"):
            middle, curvature = self._penalty
            gradient = 1 if wanted.get("return_std") else 0
            rest[gradient] = rest[gradient] + curvature * (points[0] - middle)
        return (mean + added, *rest)


def _with_penalty(process: GaussianProcessRegressor, penalty: Penalty | None) -> Any:
    """Return a model of the losses with the penalty added."""
    return process if penalty is None else _Model(process, penalty)


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
        Source of the places where the ascent starts.
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
        process = _fit(points, losses)
        honest = _with_penalty(process, penalty)
        target = _target(values)
        for kind in kinds:
            model = _with_penalty(process, penalty)
            box = everywhere if kind == "global" else near
            find = _lowest if kind == "polish" else _most_promising
            point = find(model, points, values, box, rng)
            points = np.vstack([points, point])
            values = np.append(values, values.min())
            process = _condition(process, points, values - _height(points, penalty))
        found = points[-len(kinds) :]
        gains = gaussian_ei(found, honest, target, xi=0.0)
    return found, gains.tolist()


def one_thread() -> AbstractContextManager[object]:
    """Keep BLAS to one thread.

    The matrices are small: threads would cost more than they give, and the order of their sums,
    so the last bits of a point, would depend on how many there are.
    """
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


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
    process = _fit(points, losses)
    kernel, inverse = process.kernel_.k1, process.K_inv_
    weights = inverse.sum(axis=0)
    trend = float(weights @ losses / weights.sum())
    factors = inverse @ (losses - trend)

    def mean(wanted: Array) -> Array:
        found: Array = trend + kernel(wanted, points) @ factors
        return found

    return mean


def _half_width(stale: int) -> float:
    """Half side of the local box after so many trials without a better one."""
    return float(max(0.2 * 0.5 ** (stale // 8), 0.01))


def _fit(points: Array, losses: Array) -> GaussianProcessRegressor:
    """Fit a Gaussian process, Matern 5/2 with a length for each parameter, and noise."""
    n_parameters = points.shape[1]
    matern = Matern(np.ones(n_parameters), [(0.01, 100.0)] * n_parameters, nu=2.5)
    kernel = ConstantKernel(1.0, (0.01, 1000.0)) * matern
    model = GaussianProcessRegressor(kernel, noise="gaussian", normalize_y=True)
    with warnings.catch_warnings():
        # A length at its bound means that the losses do not depend on that parameter: no fault.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(points, losses)


def _condition(
    model: GaussianProcessRegressor, points: Array, losses: Array
) -> GaussianProcessRegressor:
    """Put other trials into a model and keep its lengths, which a lie should not change."""
    # A fitted model of skopt holds the noise in `noise_`, and the rest of the kernel in `k1`.
    return GaussianProcessRegressor(
        model.kernel_.k1, noise=model.noise_, optimizer=None, normalize_y=True
    ).fit(points, losses)


def _most_promising(
    model: Any, points: Array, values: Array, box: Array, rng: np.random.Generator
) -> Array:
    """Point of the greatest expected improvement in a box.

    Parameters
    ----------
    model : GaussianProcessRegressor or _Model
        Fitted to the trials.
    points : ndarray, shape (n_trials, n_parameters)
        Points tried.
    values : ndarray, shape (n_trials,)
        What they gave, the penalty included.
    box : ndarray, shape (2, n_parameters)
        Lower and upper corner.
    rng : numpy.random.Generator
        Source of the places where the ascent starts.

    Returns
    -------
    ndarray, shape (n_parameters,)
    """
    target = _target(values)

    def negative_improvement(point: Array) -> tuple[float, Array]:
        value, gradient = gaussian_ei(point[None], model, target, xi=0.0, return_grad=True)
        return -float(value[0]), -gradient

    starts = _starts(points[values.argmin()], box, rng)
    order = np.argsort(-gaussian_ei(starts, model, target, xi=0.0), kind="stable")
    point = _descend(negative_improvement, starts[order[:2]], box)
    return _unlike(point, points, box, rng)


def _lowest(
    model: Any, points: Array, values: Array, box: Array, rng: np.random.Generator
) -> Array:
    """Point of the lowest mean in a box; arguments and result as `_most_promising`."""

    def mean(point: Array) -> tuple[float, Array]:
        value, gradient = model.predict(point[None], return_mean_grad=True)
        return float(value[0]), gradient

    starts = _starts(points[values.argmin()], box, rng)
    order = np.argsort(model.predict(starts), kind="stable")
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
