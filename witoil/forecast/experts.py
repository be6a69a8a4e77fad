"""The named predictors that a forecast is mixed of, and how far each is trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import optimizer
from witoil.calibration.priors import EVIDENCE
from witoil.errors import CaseError
from witoil.forecast.spreading import Growth, growth, grown
from witoil.forecast.walk import Posterior, Variant, Walk
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask

FloatArray = NDArray[np.float64]
Maps = dict[str, NDArray[Any]]
Round = tuple[float, dict[str, float]]


@dataclass(frozen=True)
class Expert:
    """A predictor: how far it is trusted before there is any record of it, and why it is there."""

    trust: float
    reason: str


EXPERTS = {
    "ensemble": Expert(0.40, "parameters that matched the slicks before"),
    "prior": Expert(0.15, "parameters by the priors alone, should those before mislead"),
    "without_currents": Expert(0.10, "currents of models may be those of another day or place"),
    "without_wind": Expert(0.05, "winds of models miss what coasts and mountains make of them"),
    "without_drift": Expert(0.05, "source and spreading alone, should all of the forcing mislead"),
    "persistence": Expert(0.10, "the slick before, unmoved"),
    "grown": Expert(0.15, "the slick before, grown as slicks before it grew"),
}
"""Name -> what it is; those of other forcing products are `PRODUCT`."""

STILL: dict[str, dict[str, float]] = {
    "without_currents": dict.fromkeys(
        ("current_factor", "current_bias_east", "current_bias_north"), 0.0
    ),
    "without_wind": dict.fromkeys(("wind_drift_factor", "stokes_factor"), 0.0),
}
STILL["without_drift"] = STILL["without_currents"] | STILL["without_wind"]
"""Expert -> parameters that take a part of the drift away."""

ALIKE = np.log(4.0)
"""Forecasts of a day and of six hours tell exp(-1/2) of each other, as a normal law has it."""

SETS = 12
"""Sets of parameters that an expert of its own runs has: those without currents or wind."""


SHARE = 0.1
"""Part of the trust that is dealt out anew after each forecast: what has fallen can come back."""


def variants_of(scenario: Scenario, legs: Sequence[Scenario]) -> list[Variant]:
    """Return the variants of the drift that experts of a forecast are made of.

    Without currents or without wind only where there are both: else nothing would be left, or
    nothing be taken away.
    """
    forcing = scenario.case.forcing
    both = forcing.products("currents") and forcing.products("winds")
    names = STILL if both else ["without_drift"]
    return [Variant(name, tuple(legs), STILL[name], SETS) for name in names]


def maps_of(
    walk: Walk, k: int, members: Mapping[str, Posterior], masks: Mapping[int, Mask | None]
) -> Maps:
    """Return what each expert says of a leg: expert -> probability of oil in each cell.

    Parameters
    ----------
    walk : Walk
    k : int
        Number of the leg.
    members : mapping
        Expert -> the runs that it is made of.
    masks : mapping
        Number of a trial -> its slick at the end of the leg; None where it failed.
    """
    maps: Maps = {}
    for name, of_expert in members.items():
        found = [masks[trial.number] for trial in of_expert.trials]
        if any(mask is not None for mask in found):
            maps[name] = probability_of(found, of_expert.weights)
    if not maps:
        raise CaseError("every member of the forecast failed; see the history in study.json")
    leg = walk.legs[k]
    if leg.seen_first.any():
        maps["persistence"] = leg.seen_first.astype(np.float32)
        grew = [growth_of(earlier) for earlier in walk.legs[:k]]
        maps["grown"] = grown(
            leg.seen_first, _seconds(leg), leg.grid.resolution, grew, walk.fading(k)
        )
        maps["grown"][leg.land] = 0.0
    return maps


def growth_of(leg: Scenario) -> Growth | None:
    """Return how the slick at the start of a leg grew to that at its end."""
    seen = leg.observations[0]
    return growth(
        leg.seen_first, seen.mask, leg.valid(seen), _seconds(leg), leg.grid.resolution
    )


def hours_of(leg: Scenario) -> float:
    """Return how far the forecast of a leg looks ahead. [h]"""
    return float((leg.end - leg.start) / np.timedelta64(1, "h"))


def _seconds(leg: Scenario) -> float:
    return 3600.0 * hours_of(leg)


def trust_after(
    names: Sequence[str], rounds: Sequence[Round], hours: float
) -> dict[str, float]:
    """Return how far each expert is trusted, from how it did at the forecasts before.

    What counts is how it forecast slicks before they were seen, and never how well it fits
    afterwards (Dawid 1984): fixed share, `optimizer.FixedShare`, with 1 less the score as loss.

    Parameters
    ----------
    names : sequence of str
        The experts of this forecast.
    rounds : sequence of tuple
        Of each forecast before: how far it looked ahead [h], and expert -> score.
    hours : float
        How far this forecast looks ahead. [h]
    """
    rule = optimizer.FixedShare(
        {name: EXPERTS[name].trust for name in EXPERTS}, rate=1.0 / EVIDENCE, share=SHARE
    )
    losses = [{name: 1.0 - score for name, score in scores.items()} for _, scores in rounds]
    trust = rule.trust(losses, [alike(then, hours) for then, _ in rounds])
    whole = sum(trust[name] for name in names)
    return {name: trust[name] / whole for name in names}


def alike(one: float, other: float) -> float:
    """Return how much a forecast over one time tells of one over another, both in hours. [1]"""
    return float(np.exp(-0.5 * (np.log(one / other) / ALIKE) ** 2))


def mix(maps: Mapping[str, NDArray[Any]], trust: Mapping[str, float]) -> NDArray[np.float32]:
    """Return the mean of the experts' probabilities, each with its share of the trust."""
    mixed = np.sum([np.float32(trust[name]) * maps[name] for name in maps], axis=0)
    return np.asarray(mixed, np.float32)


def probability_of(masks: Sequence[Mask | None], weights: FloatArray) -> NDArray[np.float32]:
    """Return the weighted share of the members with oil in each cell; failed ones do not count."""
    known = [
        (mask, weight) for mask, weight in zip(masks, weights, strict=True) if mask is not None
    ]
    if not known:
        raise CaseError("every member of the forecast failed; see the history in study.json")
    total = sum(weight for _, weight in known)
    probability = np.zeros(known[0][0].shape, np.float32)
    for mask, weight in known:
        probability[mask] += weight / total
    return probability


def likeliest(probability: NDArray[Any]) -> Mask:
    """Return the mask whose expected FSS at one cell is greatest, if the probabilities are right.

    Of all masks of one area, the one of the likeliest cells overlaps most; its expected overlap
    2 sum(p) / (area + expected area) is greatest where cells are taken down to some probability,
    which is below 0.5 the less certain the forecast is.
    """
    falling = np.sort(probability[probability > 0])[::-1].astype(np.float64)
    if not falling.size:
        return np.zeros(probability.shape, bool)
    overlap = 2.0 * np.cumsum(falling) / (np.arange(1, falling.size + 1) + falling.sum())
    mask: Mask = probability >= falling[overlap.argmax()]
    return mask
