"""One set of parameters: run, and scored against all slicks seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import numpy as np

import optimizer
from simulator import SimulatorError
from witoil.calibration.scoring import score_observations
from witoil.scenario.run import masks_at, run
from witoil.scenario.scenario import Observation, Scenario
from witoil.scenario.verification import Mask, SlickMasks
from witoil.workers import LostWorkersError, result_of, workers

Evaluate = Callable[[Iterable[Mapping[str, float]]], Iterator[optimizer.Outcome]]


def evaluate(legs: Sequence[Scenario], changed: Mapping[str, float]) -> dict[str, Any]:
    """Run scenarios once and score them against all observations.

    Parameters
    ----------
    legs : sequence of Scenario
        From `witoil.scenario.legs.legs_of`.
    changed : mapping
        Tunable parameters that differ from the case.

    Returns
    -------
    dict
        `parameters` (all tunable ones), `score` (see `combined_scores`), `fss` (window -> mean
        over observations), and `observations` (all scores of each).

    Raises
    ------
    SimulatorError
    """
    return evaluation_of(legs, changed, simulated_slicks(legs, changed))


def evaluation_of(
    legs: Sequence[Scenario], changed: Mapping[str, float], slicks: Sequence[SlickMasks]
) -> dict[str, Any]:
    """Score the slicks that `simulated_slicks` has; returns what `evaluate` does."""
    return {"parameters": legs[0].parameters(changed), **combined_scores(legs, slicks)}


BLIND = 0.05
"""A search that has found no score above it goes by `approach`. [1]

A score of 0.05 is less than a prior takes for two standard deviations of one parameter: below it
the search would follow the priors and not the slicks.
"""


def approach(legs: Sequence[Scenario], slicks: Sequence[SlickMasks]) -> float:
    """Return how near slicks that miss come to those seen: the mean FSS over coarse windows.

    Windows grow threefold from the coarsest of the case until they span the grid, so that some of
    them hold both slicks, wherever these are.

    Returns
    -------
    float
        From 0 to 1, mean over the windows and, by their weights, over observations.
    """
    seen = [(leg, observation) for leg in legs for observation in leg.observations]
    found = [
        _nearness(leg, observation, slick.oil)
        for (leg, observation), slick in zip(seen, slicks, strict=True)
    ]
    return float(np.average(found, weights=[observation.weight for _, observation in seen]))


def _nearness(leg: Scenario, seen: Observation, simulated: Mask) -> float:
    windows = [max(leg.case.score.windows)]
    while windows[-1] < max(leg.grid.shape):
        windows.append(3 * windows[-1])
    scores = optimizer.score_masks(
        simulated,
        seen.mask,
        windows=windows,
        resolution=leg.grid.resolution,
        valid=leg.valid(seen),
    )
    return float(np.mean([*scores["fss"].values()]))


def simulated_slicks(
    legs: Sequence[Scenario], changed: Mapping[str, float], *, threads: int | None = 1
) -> list[SlickMasks]:
    """Run scenarios once and return the slick at each of their observations."""
    slicks = []
    for leg in legs:
        result = run(leg, changed, regular_outputs=False, threads=threads)
        limit = changed.get("detection_limit_um")
        slicks += [masks_at(leg, result, seen.time, limit) for seen in leg.observations]
    return slicks


def persistence(legs: Sequence[Scenario]) -> dict[str, Any] | None:
    """Score the slick last seen, unmoved, as the forecast of the next one.

    None where no slick was seen before the first observation.
    """
    last = []
    for leg in legs:
        seen = [SlickMasks(o.mask, o.thick) for o in leg.observations]
        last += [SlickMasks(leg.seen_first, leg.thick_first), *seen][:-1]
    return combined_scores(legs, last) if last[0].oil.any() else None


def combined_scores(legs: Sequence[Scenario], slicks: Sequence[SlickMasks]) -> dict[str, Any]:
    """Score one slick for each observation of all legs, and combine them.

    The score is the mean of the FSS over its scales, weighted by 1 / scale, and over
    observations, by their weights: it follows the finest scale, and still has a slope where the
    slicks do not overlap yet. Of an observation with sheen and thick oil half of the weight is for
    all the oil, half for its classes by theirs: a run that matches a class may not lose the slick.
    `fss` and `area_ratio` (see `mean_ratio`) are of all the oil, whatever its class.
    """
    scales = legs[0].case.score.windows
    seen = [observation for leg in legs for observation in leg.observations]
    observations = score_observations(legs[0], seen, slicks)
    whole = [(row["fss"], o.weight) for row, o in zip(observations, seen, strict=True)]
    scored = [part for row, o in zip(observations, seen, strict=True) for part in _parts(row, o)]
    return {
        "score": float(
            np.average([*_mean_fss(scored, scales).values()], weights=1.0 / np.array(scales))
        ),
        "fss": _mean_fss(whole, scales),
        "area_ratio": mean_ratio(row["area_ratio"] for row in observations),
        "observations": observations,
    }


def mean_ratio(ratios: Iterable[float | None]) -> float | None:
    """Return the geometric mean of area ratios: half and twice the area are 1 on the mean.

    None where one is not known, as where nothing was seen.
    """
    found = [*ratios]
    if not found or any(ratio is None for ratio in found):
        return None
    with np.errstate(divide="ignore"):
        return float(np.exp(np.mean(np.log(np.array(found, np.float64)))))


def _parts(
    row: Mapping[str, Any], observation: Observation
) -> list[tuple[Mapping[str, float], float]]:
    """Return what of an observation enters the score: FSS and weight, of all and of each class."""
    if "classes" not in row:
        return [(row["fss"], observation.weight)]
    weights = observation.class_weights
    of_classes = [(c["fss"], 0.5 * weights[name]) for name, c in row["classes"].items()]
    return [(row["fss"], 0.5 * observation.weight), *of_classes]


def _mean_fss(
    parts: Sequence[tuple[Mapping[str, float], float]], scales: Sequence[int]
) -> dict[str, float]:
    weights = [weight for _, weight in parts]
    return {
        str(w): float(np.average([fss[str(w)] for fss, _ in parts], weights=weights))
        for w in scales
    }


@contextmanager
def evaluator(legs: Sequence[Scenario], scheduler: str | None) -> Iterator[Evaluate]:
    """Yield what evaluates a batch of candidates side by side, one thread each, in their order.

    `scheduler` is the address of a Dask scheduler [tcp://host:port] whose workers run them; without
    it, threads of this process do. The outcomes are the same, to the last bit.
    """
    with workers(scheduler) as there:
        shared = there.share(tuple(legs))
        # of a worker elsewhere, not of this process, any fault is one that others may not have
        result = Future[optimizer.Outcome].result if scheduler is None else _result_or_fault

        def evaluate_there(points: Iterable[Mapping[str, float]]) -> Iterator[optimizer.Outcome]:
            futures = [there.executor.submit(outcome_of, shared, point) for point in points]
            yield from map(result, futures)

        yield evaluate_there


def outcome_of(legs: Sequence[Scenario], changed: Mapping[str, float]) -> optimizer.Outcome:
    """Evaluate one candidate."""
    try:
        slicks = simulated_slicks(legs, changed)
    except SimulatorError as error:
        return optimizer.Outcome(failure=str(error))
    details = evaluation_of(legs, changed, slicks)
    missed = details["score"] < BLIND
    return optimizer.Outcome(
        score=details["score"],
        details=details,
        approach=approach(legs, slicks) if missed else None,
    )


def _result_or_fault(future: Future[optimizer.Outcome]) -> optimizer.Outcome:
    try:
        return result_of(future)
    except LostWorkersError:
        raise  # nothing befell the candidates that are missing
    except Exception as error:
        # whatever befell one worker, the other candidates are still worth having
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return optimizer.Outcome(failure=reason)
