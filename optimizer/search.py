"""Search for the highest score of an objective, in batches that can be stopped and resumed.

Highest is best everywhere but in the model, which minimises: the sign is turned in
:func:`propose` and nowhere else.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimizer.history import History, Trial
from optimizer.space import Space

__all__ = ["Objective", "Outcome", "Proposal", "maximise", "propose"]


@dataclass(frozen=True)
class Proposal:
    """A point to try.

    Parameters
    ----------
    parameters : dict of str to float
        The point. [units of each parameter]
    origin : {"default", "sobol", "global", "local"}
        The rule that proposed it: the default, the space-filling design, or the model over the
        whole space or near the best trial.
    """

    parameters: dict[str, float]
    origin: str


@dataclass(frozen=True)
class Outcome:
    """What the objective says of one point: a score, or why there is none.

    Parameters
    ----------
    score : float or None
        Higher is better.
    details : mapping
        Anything to keep beside the score; plain JSON data.
    failure : str or None
        Why there is no score.
    seconds : float or None
        How long the evaluation took; None for the time since the outcome before. [s]

    Raises
    ------
    ValueError
        If there is not exactly one of a finite score and a failure.
    """

    score: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.score is None) == (self.failure is None):
            raise ValueError(f"an outcome is either a score or a failure, got {self}")
        if self.score is not None and not np.isfinite(self.score):
            raise ValueError(f"a score must be finite, got {self.score}; report a failure instead")


Objective = Callable[[list[dict[str, float]]], Iterable[Outcome]]


def maximise(
    objective: Objective,
    space: Space,
    *,
    evaluations: int,
    batch: int = 4,
    seed: int = 0,
    initial: int = 8,
    history: Iterable[Trial] = (),
    on_trial: Callable[[History], None] | None = None,
) -> History:
    """Search for the point of the highest score.

    Parameters
    ----------
    objective : callable
        Takes the points of a batch and gives one outcome for each, in the same order, best as a
        generator that yields an outcome as soon as it is known. What it raises ends the search.
    space : Space
        Where to search.
    evaluations : int
        Trials wanted in all, those of `history` included.
    batch : int
        Points proposed together, for the objective to evaluate at the same time.
    seed : int
        Seed of every random choice.
    initial : int
        Trials that do without a model, see :func:`propose`.
    history : iterable of Trial
        Trials of the same search done before; it is not changed.
    on_trial : callable, optional
        Called with the whole history after every trial, so that it can be saved.

    Returns
    -------
    History
        All trials, at least `evaluations` of them.

    Raises
    ------
    ValueError
        If `history` is of another space or the objective gives too few or too many outcomes.

    Notes
    -----
    Batches start at multiples of `batch`, and the proposals of a batch depend on the trials
    before it only, not on `evaluations`. A search that is killed anywhere and continued from the
    history saved, or continued to more evaluations, therefore has the history of one that ran
    through.
    """
    history = History(history)
    space.to_unit([trial.parameters for trial in history])
    while len(history) < evaluations:
        start = len(history) - len(history) % batch
        proposals = propose(space, history[:start], count=batch, seed=seed, initial=initial)
        remaining = proposals[len(history) - start : evaluations - start]
        for trial in _evaluate(objective, remaining, len(history)):
            history.append(trial)
            if on_trial is not None:
                on_trial(history)
    return history


def propose(
    space: Space, history: Sequence[Trial], *, count: int, seed: int, initial: int
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

    Returns
    -------
    list of Proposal, length `count`

    Notes
    -----
    After `initial` trials a Gaussian process is fitted to the whole history, in the unit cube.
    Every point is where the expected improvement is greatest: for trials of even number over the
    whole space, for those of odd number in a box round the best trial, which shrinks as trials
    go by without a better one. Within a batch, each point goes on as if the points before it had
    reached the best score so far (the constant liar), which keeps the points of a batch apart.

    A failed trial counts as the lowest score seen: the search keeps away from there, without a
    cliff in the model that an arbitrary low number would make.

    References
    ----------
    Jones, D. R., Schonlau, M. and Welch, W. J. (1998). Efficient global optimization of expensive
    black-box functions. Journal of Global Optimization, 13, 455-492.
    https://doi.org/10.1023/A:1008306431147

    Ginsbourger, D., Le Riche, R. and Carraro, L. (2010). Kriging is well-suited to parallelize
    optimization. https://doi.org/10.1007/978-3-642-10701-6_6

    Eriksson, D. et al. (2019). Scalable global optimization via local Bayesian optimization.
    https://arxiv.org/abs/1910.01739
    """
    first = len(history)
    scores = [trial.score for trial in history if trial.score is not None]
    if first < initial or not scores:
        return _design(space, first, count, seed)
    # skopt takes seconds to import, which nobody should wait for who does not search.
    from optimizer.surrogate import promising_points

    worst = min(scores)
    losses = np.array([-(worst if trial.score is None else trial.score) for trial in history])
    points = space.to_unit([trial.parameters for trial in history])
    local = [number % 2 == 1 for number in range(first, first + count)]
    rng = np.random.default_rng([seed, first])
    found = space.from_unit(promising_points(points, losses, local, rng))
    return [
        Proposal(parameters, "local" if near else "global")
        for parameters, near in zip(found, local, strict=True)
    ]


def _evaluate(objective: Objective, proposals: Sequence[Proposal], number: int) -> Iterator[Trial]:
    """Put proposals to the objective and give each trial as soon as its outcome is known."""
    clock = time.perf_counter()
    outcomes = objective([dict(proposal.parameters) for proposal in proposals])
    for proposal, outcome in zip(proposals, outcomes, strict=True):
        elapsed = time.perf_counter() - clock
        yield Trial(
            number=number,
            parameters=proposal.parameters,
            score=None if outcome.score is None else float(outcome.score),
            details=dict(outcome.details),
            failure=outcome.failure,
            origin=proposal.origin,
            seconds=elapsed if outcome.seconds is None else float(outcome.seconds),
        )
        number += 1
        clock = time.perf_counter()


def _design(space: Space, start: int, count: int, seed: int) -> list[Proposal]:
    """Points before there is a model: the default, then a scrambled Sobol sequence."""
    from scipy.stats import qmc

    stop = start + count
    # A Sobol sequence is balanced in powers of two; a longer one starts with the shorter one.
    sobol = qmc.Sobol(len(space.names), seed=seed).random_base2(m=(stop - 1).bit_length())
    points = [Proposal(space.default, "default")]
    points += [Proposal(parameters, "sobol") for parameters in space.from_unit(sobol)]
    return points[start:stop]
