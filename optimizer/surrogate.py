"""A Gaussian process in place of the objective, and where it promises most.

The only module that knows skopt. All points are in the unit cube, and low is good.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import fmin_l_bfgs_b
from sklearn.exceptions import ConvergenceWarning
from skopt.acquisition import gaussian_ei
from skopt.learning import GaussianProcessRegressor
from skopt.learning.gaussian_process.kernels import ConstantKernel, Matern
from threadpoolctl import threadpool_limits

__all__ = ["promising_points"]

Array = npt.NDArray[np.float64]


def promising_points(
    points: Array, losses: Array, local: Sequence[bool], rng: np.random.Generator
) -> Array:
    """Points of the greatest expected improvement, for a batch.

    Parameters
    ----------
    points : ndarray, shape (n_trials, n_parameters)
        Points tried.
    losses : ndarray, shape (n_trials,)
        What they gave.
    local : sequence of bool, length n_points
        Whether each point wanted is sought near the best trial, or everywhere.
    rng : numpy.random.Generator
        Source of the places where the ascent starts.

    Returns
    -------
    ndarray, shape (n_points, n_parameters)

    Notes
    -----
    The model is fitted once. For each further point of the batch it is conditioned on the lie
    that the point before has given the lowest loss so far. ``skopt.Optimizer.ask`` fits it anew
    for each point, which takes ten times as long, and starts no ascent close to the best trial,
    which finds less (measured on functions of six parameters, in batches of four).
    """
    best = points[losses.argmin()]
    half_width = _half_width(len(losses) - 1 - int(losses.argmin()))
    near = np.clip([best - half_width, best + half_width], 0.0, 1.0)
    everywhere = np.array([np.zeros_like(best), np.ones_like(best)])
    # The matrices are small: BLAS threads would cost more than they give, and the order of
    # their sums, so the last bits of a point, would depend on how many there are.
    with threadpool_limits(limits=1, user_api="blas"):
        model = _fit(points, losses)
        for is_local in local:
            box = near if is_local else everywhere
            point = _most_promising(model, points, losses, box, rng)
            points = np.vstack([points, point])
            losses = np.append(losses, losses.min())
            model = _condition(model, points, losses)
    return points[-len(local) :]


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
    model: GaussianProcessRegressor,
    points: Array,
    losses: Array,
    box: Array,
    rng: np.random.Generator,
) -> Array:
    """Point of the greatest expected improvement in a box.

    Parameters
    ----------
    model : GaussianProcessRegressor
        Fitted to the trials.
    points : ndarray, shape (n_trials, n_parameters)
        Points tried.
    losses : ndarray, shape (n_trials,)
        What they gave.
    box : ndarray, shape (2, n_parameters)
        Lower and upper corner.
    rng : numpy.random.Generator
        Source of the places where the ascent starts.

    Returns
    -------
    ndarray, shape (n_parameters,)
    """
    # An improvement by less than a thousandth of the range seen is not worth a trial.
    target = losses.min() - 0.001 * np.ptp(losses)

    def negative_improvement(point: Array) -> tuple[float, Array]:
        value, gradient = gaussian_ei(point[None], model, target, xi=0.0, return_grad=True)
        return -float(value[0]), -gradient

    starts = _starts(points[losses.argmin()], box, rng)
    order = np.argsort(-gaussian_ei(starts, model, target, xi=0.0), kind="stable")
    ascents = [
        fmin_l_bfgs_b(negative_improvement, start, bounds=box.T, maxiter=20)
        for start in starts[order[:2]]
    ]
    point: Array = np.clip(min(ascents, key=lambda ascent: float(ascent[1]))[0], *box)
    if np.abs(points - point).max(axis=1).min() < 1e-6:
        # Nothing is learnt from trying a point twice.
        point = rng.uniform(box[0], box[1], size=box.shape[1])
    return point


def _starts(best: Array, box: Array, rng: np.random.Generator) -> Array:
    """Random points all over a box, and at all distances from the best trial."""
    n_parameters = len(best)
    spread = rng.uniform(box[0], box[1], size=(1000, n_parameters))
    distances = 10.0 ** rng.uniform(-3.0, -0.5, size=(300, 1))
    steps = distances * rng.normal(size=(300, n_parameters))
    return np.vstack([spread, np.clip(best + steps, box[0], box[1])])
