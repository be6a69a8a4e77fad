"""Search for the highest score of an objective, in batches that can be stopped and resumed."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from optimizer.evidence import Evidence
from optimizer.history import History, Trial
from optimizer.proposals import Proposal, propose
from optimizer.space import Space

__all__ = ["Objective", "Outcome", "maximise"]


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
    approach : float or None
        Where the score tells nothing of where to go, as where two slicks lie far apart: how near
        they come, from 0 to 1. None where the score tells. See :func:`propose`.

    Raises
    ------
    ValueError
        If there is not exactly one of a finite score and a failure.
    """

    score: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None
    seconds: float | None = None
    approach: float | None = None

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
    method: str = "gp",
    evidence: Evidence | None = None,
    tolerance: float | None = None,
    history: Iterable[Trial] = (),
    on_trial: Callable[[History], None] | None = None,
) -> History:
    """Search for the point of the highest score, or of the highest posterior.

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
    method : {"random", "gp", "gp+polish", "cma"}
        How the points after them are chosen, see :func:`propose`.
    evidence : Evidence, optional
        Makes the search look for the highest posterior: the priors of the space are weighed
        against the score, and the best trial is that of the highest penalised score. By default
        only the score counts.
    tolerance : float, optional
        The search stops before a batch that is not expected to gain as much. It does not stop
        during the initial trials and the first as many after them, and never if the method
        expects nothing (``random``). [score]
    history : iterable of Trial
        Trials of the same search done before; it is not changed.
    on_trial : callable, optional
        Called with the whole history after every trial, so that it can be saved.

    Returns
    -------
    History
        All trials, and why there are no more (`stopped`).

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
        proposals = propose(
            space,
            history[:start],
            count=batch,
            seed=seed,
            initial=initial,
            method=method,
            evidence=evidence,
        )
        # A batch begun was worth it; the proposals say so again after a break.
        if tolerance is not None and start >= 2 * initial:
            gain = _gain(proposals)
            if gain < tolerance:
                history.stopped = f"expected gain {gain:.2g} is below the tolerance {tolerance:g}"
                return history
        remaining = proposals[len(history) - start : evaluations - start]
        for trial in _evaluate(
            objective, remaining, len(history), partial(_penalised, space, evidence)
        ):
            history.append(trial)
            if on_trial is not None:
                on_trial(history)
    history.stopped = f"all {evaluations} evaluations done"
    return history


def _gain(proposals: Sequence[Proposal]) -> float:
    """Return what the most promising point may gain; no limit where nothing is expected."""
    return max(np.inf if each.gain is None else each.gain for each in proposals)


def _penalised(
    space: Space, evidence: Evidence | None, point: Mapping[str, float], score: float
) -> float:
    """Return what the search maximises."""
    if evidence is None:
        return score
    return evidence.penalised(score, space.log_prior(point))


def _evaluate(
    objective: Objective,
    proposals: Sequence[Proposal],
    number: int,
    penalised: Callable[[Mapping[str, float], float], float],
) -> Iterator[Trial]:
    """Put proposals to the objective and give each trial as soon as its outcome is known."""
    clock = time.perf_counter()
    outcomes = objective([dict(proposal.parameters) for proposal in proposals])
    for proposal, outcome in zip(proposals, outcomes, strict=True):
        elapsed = time.perf_counter() - clock
        score = None if outcome.score is None else float(outcome.score)
        yield Trial(
            number=number,
            parameters=proposal.parameters,
            score=score,
            details=dict(outcome.details),
            failure=outcome.failure,
            origin=proposal.origin,
            seconds=elapsed if outcome.seconds is None else float(outcome.seconds),
            penalised=None if score is None else penalised(proposal.parameters, score),
            approach=outcome.approach,
        )
        number += 1
        clock = time.perf_counter()
