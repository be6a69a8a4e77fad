"""The methods of search: each a pure function of the history that says what to try next.

Highest is best everywhere but in the models, which minimise: the sign is turned here and nowhere
else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from optimizer.evidence import Evidence
from optimizer.history import History, Trial
from optimizer.space import Space

__all__ = ["METHODS", "Proposal", "propose"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Proposal:
    """A point to try.

    Parameters
    ----------
    parameters : dict of str to float
        The point. [units of each parameter]
    origin : {"default", "sobol", "global", "local", "polish", "cma"}
        The rule that proposed it: the default, the space-filling design, the model over the whole
        space or near the best trial, the top of the model's mean, or a sample of the evolution
        strategy.
    gain : float or None
        How much better than the best trial the method expects it to be; None where the method
        expects nothing. It does not take part in comparisons. [score]
    """

    parameters: dict[str, float]
    origin: str
    gain: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class _Search:
    """What a method knows: the trials in the unit cube, and what is asked of it."""

    space: Space
    points: Array
    scores: Sequence[float | None]
    count: int
    seed: int
    initial: int
    evidence: Evidence | None

    @property
    def first(self) -> int:
        """Number of the first trial to propose."""
        return len(self.scores)

    @property
    def in_design(self) -> bool:
        """Whether the trials so far are too few for a model."""
        return self.first < self.initial or all(score is None for score in self.scores)

    def losses(self) -> Array:
        """Turn scores into losses; a failed trial counts as the lowest score seen."""
        worst = min(score for score in self.scores if score is not None)
        return np.array([-(worst if score is None else score) for score in self.scores])

    def penalty(self) -> tuple[Array, Array] | None:
        """Return the prior as a paraboloid of the loss: its middle, and its curvatures."""
        if self.evidence is None or not self.space.has_prior:
            return None
        mean, sd = self.space.unit_prior()
        return mean, self.evidence.scale / sd**2


def propose(
    space: Space,
    history: Sequence[Trial],
    *,
    count: int,
    seed: int,
    initial: int,
    method: str = "gp",
    evidence: Evidence | None = None,
) -> list[Proposal]:
    """Choose the points to try next, as a pure function of the arguments.

    Parameters
    ----------
    space : Space
        Where to search.
    history : sequence of Trial
        All trials so far.
    count : int
        Points wanted.
    seed : int
        Seed of every random choice.
    initial : int
        Trials that do without a model: the default, then a scrambled Sobol sequence. It goes on
        for longer while no trial has a score.
    method : {"random", "gp", "gp+polish", "cma"}
        What follows the initial trials, see the notes.
    evidence : Evidence, optional
        Weighs the priors of the space against the score. By default they do not count.

    Returns
    -------
    list of Proposal, length `count`

    Raises
    ------
    ValueError
        If there is no such method.

    Notes
    -----
    ``random`` goes on with the Sobol sequence.

    ``gp`` fits a Gaussian process to the whole history, in the unit cube. Every point is where the
    expected improvement is greatest: for trials of even number over the whole space, for those of
    odd number in a box round the best trial, which shrinks as trials go by without a better one.
    Within a batch, each point goes on as if the points before it had reached the best score so far
    (the constant liar), which keeps the points of a batch apart. The prior is not left for the
    process to learn: it is added to its mean.

    ``gp+polish`` is ``gp`` but for every fourth trial, which is where the mean of the process is
    best in a box round the best trial.

    ``cma`` is the evolution strategy with adapted covariances, from the best of the initial trials.

    A failed trial counts as the lowest score seen: the search keeps away from there, without a
    cliff in the model that an arbitrary low number would make.

    With priors and evidence, the Sobol sequence follows the prior within the bounds.

    A start may be so far off that the score is the same all round. As long as the best trial has an
    `approach`, that takes the place of the score, and any trial whose score tells counts as nearer
    than all others. Priors count as always.

    References
    ----------
    Jones, D. R., Schonlau, M. and Welch, W. J. (1998). Efficient global optimization of expensive
    black-box functions. Journal of Global Optimization, 13, 455-492.
    https://doi.org/10.1023/A:1008306431147

    Ginsbourger, D., Le Riche, R. and Carraro, L. (2010). Kriging is well-suited to parallelize
    optimization. https://doi.org/10.1007/978-3-642-10701-6_6

    Eriksson, D. et al. (2019). Scalable global optimization via local Bayesian optimization.
    https://arxiv.org/abs/1910.01739

    Hansen, N. (2016). The CMA evolution strategy: a tutorial. https://arxiv.org/abs/1604.00772
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    points = space.to_unit([trial.parameters for trial in history])
    far = is_far(history)
    scores = [_nearness(trial) if far else trial.score for trial in history]
    search = _Search(space, points, scores, count, seed, initial, evidence)
    return _design(search) if search.in_design else METHODS[method](search)


def is_far(history: Sequence[Trial]) -> bool:
    """Say whether the best trial so far is one whose score tells nothing."""
    best = History(history).best
    return best is not None and best.approach is not None


def _nearness(trial: Trial) -> float | None:
    """Return how near a trial came, up to 1 by its approach and above by its score."""
    if trial.score is None:
        return None
    return 1.0 + trial.score if trial.approach is None else trial.approach


def _design(search: _Search) -> list[Proposal]:
    """Points before there is a model: the default, then a scrambled Sobol sequence."""
    from scipy.stats import qmc

    stop = search.first + search.count
    # A Sobol sequence is balanced in powers of two; a longer one starts with the shorter one.
    sobol = qmc.Sobol(len(search.space.names), seed=search.seed).random_base2(
        m=(stop - 1).bit_length()
    )
    if search.evidence is not None and search.space.has_prior:
        sobol = search.space.prior_points(sobol)
    points = [Proposal(search.space.default, "default")]
    points += [Proposal(parameters, "sobol") for parameters in search.space.from_unit(sobol)]
    return points[search.first : stop]


def _gp(search: _Search) -> list[Proposal]:
    """Even trials everywhere, odd ones near the best."""
    return _surrogate(search, ("global", "local"))


def _gp_polish(search: _Search) -> list[Proposal]:
    """Propose as `_gp` does, but the last of four goes to the top of the model's mean."""
    return _surrogate(search, ("global", "local", "global", "polish"))


def _surrogate(search: _Search, origins: Sequence[str]) -> list[Proposal]:
    # skopt takes seconds to import, which nobody should wait for who does not search.
    from optimizer.surrogate import promising_points

    numbers = range(search.first, search.first + search.count)
    kinds = [origins[number % len(origins)] for number in numbers]
    rng = np.random.default_rng([search.seed, search.first])
    points, gains = promising_points(search.points, search.losses(), kinds, rng, search.penalty())
    found = search.space.from_unit(points)
    return [Proposal(*each) for each in zip(found, kinds, gains, strict=True)]


def _cma(search: _Search) -> list[Proposal]:
    """Sample an evolution strategy that is replayed from its first generation."""
    from optimizer.evolution import samples

    losses = search.losses()
    penalty = search.penalty()
    if penalty is not None:
        middle, curvature = penalty
        losses += 0.5 * ((search.points - middle) ** 2 @ curvature)
    # The first generation starts with the first batch that is not of the design.
    start = -(-search.initial // search.count) * search.count
    while all(score is None for score in search.scores[:start]):
        start += search.count
    points, gain = samples(search.points, losses, start, search.count, search.seed)
    return [Proposal(found, "cma", gain) for found in search.space.from_unit(points)]


METHODS: dict[str, Callable[[_Search], list[Proposal]]] = {
    "random": _design,
    "gp": _gp,
    "gp+polish": _gp_polish,
    "cma": _cma,
}
"""Name -> what it proposes once there is something to learn from."""
