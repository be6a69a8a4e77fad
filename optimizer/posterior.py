"""Which parameters are likely: a sample of them, weighed by prior and likelihood.

Points are where the prior is the standard normal distribution (:meth:`Space.to_standard`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtri
from scipy.stats import qmc

__all__ = ["NormalProposal", "effective_size", "next_proposal", "quantiles", "weigh"]

FloatArray = NDArray[np.float64]

_EDGE = 1e-6  # keeps the corners of a design finite


@dataclass(frozen=True)
class NormalProposal:
    """A normal distribution that points of a sample were drawn from.

    Attributes
    ----------
    mean : ndarray, shape (parameters,)
    root : ndarray, shape (parameters, parameters)
        Lower triangle whose square is the covariance.
    count : int
        Points that were drawn from it.
    """

    mean: FloatArray
    root: FloatArray
    count: int

    @classmethod
    def prior(cls, parameters: int, count: int) -> "NormalProposal":
        """Return the prior."""
        return cls(np.zeros(parameters), np.eye(parameters), count)

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the logarithm of the density, less that of a constant of the dimension."""
        z = np.linalg.solve(self.root, (points - self.mean).T)
        density: FloatArray = -0.5 * (z * z).sum(axis=0) - np.log(np.diag(self.root)).sum()
        return density

    def draw(self, seed: Sequence[int]) -> FloatArray:
        """Return its points, an even cover by a scrambled Sobol sequence, shape (count, n)."""
        rng = np.random.default_rng(seed)
        sobol = qmc.Sobol(self.mean.size, seed=rng)
        unit = sobol.random_base2((self.count - 1).bit_length())[: self.count]
        points: FloatArray = self.mean + ndtri(np.clip(unit, _EDGE, 1.0 - _EDGE)) @ self.root.T
        return points


def weigh(
    points: FloatArray,
    log_likelihood: FloatArray,
    proposals: Sequence[NormalProposal],
    least: float = 1.0,
) -> FloatArray:
    """Return the weights of a sample that make it one of the posterior.

    Parameters
    ----------
    points : ndarray, shape (n, parameters)
    log_likelihood : ndarray, shape (n,)
        Minus infinity for a run that failed.
    proposals : sequence of NormalProposal
        All that points were drawn from, also those of points that are no longer kept.
    least : float
        The likelihood is flattened until so many points count, or all are alike: a few runs are
        not enough evidence to believe in one of them alone.

    Returns
    -------
    ndarray, shape (n,)
        Their sum is 1.

    References
    ----------
    Cornuet, J.-M., Marin, J.-M., Mira, A. and Robert, C. P. (2012). Adaptive multiple importance
    sampling. Scandinavian Journal of Statistics, 39, 798-812.
    https://doi.org/10.1111/j.1467-9469.2011.00756.x
    """
    mixture = logsumexp([np.log(p.count) + p.log_density(points) for p in proposals], axis=0)
    ratio = -0.5 * (points * points).sum(axis=1) - mixture
    low, high = 0.0, 1.0
    if effective_size(_normalised(ratio + log_likelihood)) < least:
        for _ in range(40):
            middle = 0.5 * (low + high)
            enough = effective_size(_normalised(_tempered(ratio, log_likelihood, middle))) >= least
            low, high = (middle, high) if enough else (low, middle)
        high = low
    return _normalised(_tempered(ratio, log_likelihood, high))


def effective_size(weights: FloatArray) -> float:
    """Return how many points of equal weight would tell as much."""
    return float(1.0 / (weights @ weights))


def next_proposal(points: FloatArray, weights: FloatArray, count: int) -> NormalProposal:
    """Return where to look next: the posterior so far, the wider the fewer points tell of it."""
    parameters = points.shape[1]
    mean = weights @ points
    apart = points - mean
    covariance = (weights[:, np.newaxis] * apart).T @ apart
    trust = effective_size(weights)
    trust /= trust + parameters
    # few points lie in a plane; beside them half of the prior's spread keeps all directions open
    covariance = trust * covariance + (1.0 - trust) * 0.25 * np.eye(parameters)
    return NormalProposal(mean, np.linalg.cholesky(covariance), count)


def quantiles(values: FloatArray, weights: FloatArray, levels: Sequence[float]) -> list[float]:
    """Return weighted quantiles of one parameter: each value stands in the middle of its weight.

    Parameters
    ----------
    values : ndarray, shape (n,)
    weights : ndarray, shape (n,)
    levels : sequence of float
        In [0, 1].
    """
    order = np.argsort(values, kind="stable")
    ordered = weights[order]
    middle = (np.cumsum(ordered) - 0.5 * ordered) / ordered.sum()
    found: list[float] = np.interp(levels, middle, values[order]).tolist()
    return found


def _tempered(ratio: FloatArray, log_likelihood: FloatArray, power: float) -> FloatArray:
    # 0 times infinity: a failed run never counts
    failed = np.isneginf(log_likelihood)
    return np.where(failed, -np.inf, ratio + power * np.where(failed, 0.0, log_likelihood))


def _normalised(log_weights: FloatArray) -> FloatArray:
    weights: FloatArray = np.exp(log_weights - logsumexp(log_weights))
    return weights
