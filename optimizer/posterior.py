"""Which parameters are likely: a sample of them, weighed by prior and likelihood.

Points are where the prior is the standard normal distribution (:meth:`Space.to_standard`). Their
likelihood may come from runs of their own (:func:`weigh`), or from the trials of a search
(:func:`posterior_sample`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr, ndtri
from scipy.stats import qmc

from optimizer.evidence import Evidence
from optimizer.history import Trial
from optimizer.space import Space

__all__ = [
    "NormalProposal",
    "effective_size",
    "next_proposal",
    "posterior_sample",
    "quantiles",
    "weigh",
]

ROUNDS = 10
"""Rounds in which points are drawn where the trials of a search make them likely."""

DRAWS = 1024
"""Points of each round."""

LEAST = 64.0
"""So many points count in each round, whatever the likelihood, so that the next is not narrow."""

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


def posterior_sample(
    history: Sequence[Trial], space: Space, size: int, seed: int, evidence: Evidence
) -> tuple[list[dict[str, float]], FloatArray]:
    """Sample parameter sets in proportion to the posterior that a search leaves.

    Parameters
    ----------
    history : sequence of Trial
        Trials of a search, by whatever method. Failed ones count as the lowest score seen.
    space : Space
        The parameters, their bounds and priors.
    size : int
        Points wanted.
    seed : int
        Seed of every random choice; the sample is a pure function of the arguments.
    evidence : Evidence
        Weighs the score against the priors.

    Returns
    -------
    points : list of dict, length `size`
        Parameter sets. [units of each]
    weights : ndarray, shape (size,)
        Their weights, which add up to 1. All are equal: likelier points are there more often.

    Raises
    ------
    ValueError
        If fewer than two trials have a score, or `size` is not positive.

    Notes
    -----
    A search crowds its trials where the score is high, so that they are no sample of anything.
    Here they are only what a Gaussian process is fitted to, and its mean stands for the score. Far
    from all trials it returns to its trend, which is found by generalised least squares: crowded
    trials count as one there, or the trend, and with it all that was never tried, would seem
    nearly as good as the best. Points are drawn from the prior, then in rounds where they were
    likely, and weighed as those of :func:`weigh`.

    The spread of the process itself is left out: with few trials the posterior is that of the
    score as it is best known, not wider.
    """
    if size < 1:
        raise ValueError(f"a sample needs a size of at least 1, got {size}")
    scores = [trial.score for trial in history if trial.score is not None]
    if len(scores) < 2:
        raise ValueError(f"a posterior needs two trials with a score, got {len(scores)}")
    # skopt takes seconds to import, which nobody should wait for who does not search.
    from optimizer.surrogate import one_thread, trend_and_mean

    worst = min(scores)
    losses = np.array([-(worst if trial.score is None else trial.score) for trial in history])
    with one_thread():
        mean = trend_and_mean(space.to_unit([trial.parameters for trial in history]), losses)
        proposals = [NormalProposal.prior(len(space.names), DRAWS)]
        points = proposals[0].draw([seed, 0])
        known = -mean(space.prior_points(ndtr(points))) / evidence.scale
        for n in range(1, ROUNDS):
            weights = weigh(points, known, proposals, least=LEAST)
            proposals.append(next_proposal(points, weights, DRAWS))
            new = proposals[-1].draw([seed, n])
            points = np.concatenate([points, new])
            known = np.append(known, -mean(space.prior_points(ndtr(new))) / evidence.scale)
        weights = weigh(points, known, proposals)
    chosen = np.random.default_rng([seed, ROUNDS]).choice(len(points), size, p=weights)
    return space.from_standard(points[chosen]), np.full(size, 1.0 / size)


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
