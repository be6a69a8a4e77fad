"""Which parameters the trials of a search leave possible: a sample of their posterior."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from optimizer.evidence import Evidence
from optimizer.history import Trial
from optimizer.space import Space

__all__ = ["posterior_sample", "quantiles"]

Array = npt.NDArray[np.float64]
Density = Callable[[Array], Array]

PARTICLES = 1024
"""Points that are carried from the prior to the posterior, and at least the size wanted."""

MOVES = 8
"""Metropolis steps of each point at each temperature."""


def posterior_sample(
    history: Sequence[Trial], space: Space, size: int, seed: int, evidence: Evidence
) -> tuple[list[dict[str, float]], Array]:
    r"""Sample parameter sets in proportion to their posterior.

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
        Their weights, which add up to 1. All are equal: the sample is thinned, not weighted.

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
    nearly as good as the best.

    Points start as a sample of the prior within the bounds, uniform on its scale where a parameter
    has none, and the likelihood is raised to powers that rise from 0 to 1 such that half of the
    points stay effective; each time they are drawn anew by weight and moved by random-walk
    Metropolis steps (sequential Monte Carlo). So narrow posteriors are found in many dimensions,
    and more than one top.

    The spread of the process itself is left out: with few trials the posterior is that of the
    score as it is best known, not wider.

    References
    ----------
    Del Moral, P., Doucet, A. and Jasra, A. (2006). Sequential Monte Carlo samplers. Journal of the
    Royal Statistical Society B, 68(3), 411-436. https://doi.org/10.1111/j.1467-9868.2006.00553.x
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
    tried = space.to_unit([trial.parameters for trial in history])
    rng = np.random.default_rng([seed, len(history)])
    with one_thread():
        mean = trend_and_mean(tried, losses)
        unit = _sample(
            lambda points: -mean(points) / evidence.scale,
            space,
            max(size, PARTICLES),
            rng,
        )
    chosen = rng.permutation(len(unit))[:size]
    return space.from_unit(unit[chosen]), np.full(size, 1.0 / size)


def quantiles(
    points: Sequence[Mapping[str, float]],
    weights: npt.ArrayLike,
    levels: Sequence[float] = (0.05, 0.5, 0.95),
) -> dict[str, list[float]]:
    """Quantiles of each parameter, whatever the others are.

    Parameters
    ----------
    points : sequence of mapping
        Parameter sets, as of :func:`posterior_sample`. [units of each]
    weights : array_like, shape (n_points,)
        Their weights.
    levels : sequence of float
        Levels in [0, 1].

    Returns
    -------
    dict of str to list of float
        One value a level for each parameter. [units of each]
    """
    weights = np.asarray(weights, dtype=np.float64)
    return {
        name: _quantiles(np.array([point[name] for point in points]), weights, levels)
        for name in points[0]
    }


def _quantiles(values: Array, weights: Array, levels: Sequence[float]) -> list[float]:
    """Weighted quantiles: each value stands in the middle of its weight."""
    order = np.argsort(values, kind="stable")
    weights = weights[order]
    middle = (np.cumsum(weights) - 0.5 * weights) / weights.sum()
    found: list[float] = np.interp(levels, middle, values[order]).tolist()
    return found


def _sample(log_likelihood: Density, space: Space, size: int, rng: np.random.Generator) -> Array:
    """Carry points of the unit cube from the prior to the posterior."""
    middle, sd = space.unit_prior()

    def log_prior(points: Array) -> Array:
        inside = ((points >= 0.0) & (points <= 1.0)).all(axis=1)
        height = -0.5 * (((points - middle) / sd) ** 2).sum(axis=1)
        return np.where(inside, height, -np.inf)

    points = space.prior_points(rng.uniform(size=(size, len(middle))))
    known = log_likelihood(points)
    power = 0.0
    while power < 1.0:
        step = _step(known, 1.0 - power)
        power = min(power + step, 1.0)
        weights = np.exp(step * (known - known.max()))
        chosen = _resample(weights / weights.sum(), rng)
        points, known = _move(points[chosen], log_likelihood, log_prior, power, rng)
    return points


def _step(log_likelihood: Array, most: float) -> float:
    """Find the rise of the power that leaves half of the points effective, by bisection."""

    def effective(step: float) -> float:
        weights = np.exp(step * (log_likelihood - log_likelihood.max()))
        return float(weights.sum() ** 2 / (weights @ weights))

    if effective(most) >= 0.5 * len(log_likelihood):
        return most
    low, high = 0.0, most
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (
            (middle, high) if effective(middle) >= 0.5 * len(log_likelihood) else (low, middle)
        )
    return high


def _resample(weights: Array, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Draw as many points as there are, by weight, with the least noise (systematic)."""
    places = (rng.uniform() + np.arange(len(weights))) / len(weights)
    drawn = np.searchsorted(np.cumsum(weights), places)
    return np.minimum(drawn, len(weights) - 1)


def _move(
    points: Array,
    log_likelihood: Density,
    log_prior: Density,
    power: float,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Metropolis steps as wide as the points lie apart; they widen or narrow as they succeed."""
    n_points, n_parameters = points.shape
    covariance = np.cov(points.T).reshape(n_parameters, n_parameters)
    factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(n_parameters))
    width = 2.38 / np.sqrt(n_parameters)
    known, prior = log_likelihood(points), log_prior(points)
    for _ in range(MOVES):
        tried = points + width * rng.normal(size=points.shape) @ factor.T
        new_prior = log_prior(tried)
        new = log_likelihood(np.clip(tried, 0.0, 1.0))
        rise = power * (new - known) + new_prior - prior
        accepted = np.log(rng.uniform(size=n_points)) < rise
        points = np.where(accepted[:, None], tried, points)
        known, prior = np.where(accepted, new, known), np.where(accepted, new_prior, prior)
        width *= np.exp(accepted.mean() - 0.3)
    return points, known
