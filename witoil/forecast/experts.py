"""The named predictors that a forecast is mixed of, and how far each is trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import optimizer
from witoil.ensemble.runs import other_products
from witoil.errors import CaseError
from witoil.forecast.reliability import Curve, Forecast, learnt_curve
from witoil.forecast.spreading import Growth, grown, growth
from witoil.forecast.walk import Posterior, Variant, Walk
from witoil.scenario.legs import legs_of
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask

FloatArray = NDArray[np.float64]
Maps = dict[str, NDArray[Any]]


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
"""Name -> what it is; all others are products of the forcing."""

PRODUCT = Expert(0.15, "other fields for currents, winds or waves, with parameters by the priors")

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

SETS = {"without_currents": 8, "without_wind": 8, "without_drift": 4, "product": 8}
"""Sets of parameters that such experts run, which learn from their own forecasts only; without
drift they differ by spreading and sources alone."""

GAIN = 0.05
"""Difference of scores of one forecast that makes an expert e times as trusted as another.

Less than `witoil.calibration.priors.EVIDENCE`, since there are fewer experts than parameters that
fit by chance."""

SHARE = 0.2
"""Part of the trust that is dealt out anew after each forecast: what has fallen can come back."""


def variants_of(scenario: Scenario, legs: Sequence[Scenario]) -> list[Variant]:
    """Return the variants of the drift that experts of a forecast are made of.

    Without currents or without wind only where there are both: else nothing would be left, or
    nothing be taken away. Each product of `[[ensemble.forcing]]` is one more.
    """
    forcing = scenario.case.forcing
    both = forcing.products("currents") and forcing.products("winds")
    variants = [
        Variant(name, tuple(legs), fixed, SETS[name], scenario)
        for name, fixed in STILL.items()
        if both or name == "without_drift"
    ]
    for k, other in enumerate(other_products(scenario.case), start=1):
        # the same slicks on the same grid, whatever area the fields of the product have
        alike_but_driven = replace(
            other,
            grid=scenario.grid,
            observations=scenario.observations,
            seen_first=scenario.seen_first,
        )
        legs = legs_of(alike_but_driven)
        variants.append(Variant(f"product_{k}", legs, {}, SETS["product"], alike_but_driven))
    return variants


def expert_named(name: str) -> Expert:
    """Return an expert by its name, as columns of a forecast have it."""
    return EXPERTS.get(name, PRODUCT)


def members_of(walk: Walk, k: int, posterior: Posterior, most: int) -> dict[str, Posterior]:
    """Return the runs that each expert is made of, once the first `k` legs have been seen."""
    found = {"ensemble": posterior.likeliest(most), "prior": walk.prior().likeliest(most)}
    # of those of a variant none is left out: each forecast is what the variant learns from
    own = {name: each for name in walk.variants if (each := walk.varied(name, k))}
    return found | {name: each.likeliest(len(each.trials)) for name, each in own.items()}


def maps_of(
    walk: Walk,
    k: int,
    members: Mapping[str, Posterior],
    masks: Mapping[int, Mask | None],
    growths: Sequence[Growth | None],
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
    growths : sequence of Growth or None
        How the slicks of the legs before grew.
    """
    maps: Maps = {}
    for name, of_expert in members.items():
        known = of_expert.known(masks)
        if known:
            maps[name] = probability_of(known)
    if not maps:
        raise CaseError("every member of the forecast failed; see the history in study.json")
    leg = walk.legs[k]
    if leg.seen_first.any():
        maps["persistence"] = leg.seen_first.astype(np.float32)
        maps["grown"] = grown_by(leg, hours_of(leg), growths, walk.fading(k))
    return maps


def grown_by(
    leg: Scenario, hours: float, growths: Sequence[Growth | None], fading: FloatArray
) -> NDArray[np.float32]:
    """Return the probability of oil round the slick that a leg starts from, after some hours."""
    probability = grown(leg.seen_first, 3600.0 * hours, leg.grid.resolution, growths, fading)
    probability[leg.land] = 0.0
    return probability


def areas_of(
    leg: Scenario,
    maps: Mapping[str, NDArray[Any]],
    members: Mapping[str, Posterior],
    masks: Mapping[int, Mask | None],
    trust: Mapping[str, float],
) -> tuple[FloatArray, FloatArray]:
    """Return the areas that a slick may have at the end of a leg, and their weights.

    Each expert has its share of the weight: that of its runs by theirs, or, where it has none, the
    area that its probabilities come to.

    Returns
    -------
    areas : ndarray, shape (n,)
        Of the cells that can be compared. [km2]
    weights : ndarray, shape (n,)
        Their sum is 1.
    """
    valid = leg.valid(leg.observations[0])
    cell = leg.grid.resolution**2 / 1e6
    areas, weights = [], []
    for name, probability in maps.items():
        runs = members.get(name)
        known = runs.known(masks) if runs else [(probability, 1.0)]
        whole = sum(weight for _, weight in known)
        areas += [cell * float(each[valid].sum()) for each, _ in known]
        weights += [trust[name] * weight / whole for _, weight in known]
    return np.array(areas), np.array(weights)


def growth_of(leg: Scenario) -> Growth | None:
    """Return how the slick at the start of a leg grew to that at its end."""
    seen = leg.observations[0]
    return growth(
        leg.seen_first,
        seen.mask,
        leg.valid(seen),
        3600.0 * hours_of(leg),
        leg.grid.resolution,
    )


def hours_of(leg: Scenario) -> float:
    """Return how far the forecast of a leg looks ahead. [h]"""
    return float((leg.end - leg.start) / np.timedelta64(1, "h"))


@dataclass(frozen=True)
class Record:
    """What is known of forecasts once their slicks have been seen.

    Attributes
    ----------
    hours : list of float
        How far each looked ahead. [h]
    scores : list of dict
        Of each: expert -> score, of those that were there.
    forecasts : list of tuple
        Of each: probability before its correction, slick that was seen, cells to compare.
    growths : list of Growth or None
        How each slick grew from the one before.
    """

    hours: list[float]
    scores: list[dict[str, float]]
    forecasts: list[Forecast]
    growths: list[Growth | None]

    def trust(self, names: Sequence[str], hours: float) -> dict[str, float]:
        """Return how far each expert is trusted, from how it did at the forecasts before.

        What counts is how it forecast slicks before they were seen, and never how well it fits
        afterwards (Dawid 1984): fixed share, `optimizer.FixedShare`, with 1 less the score as loss.

        Parameters
        ----------
        names : sequence of str
            The experts of this forecast.
        hours : float
            How far this forecast looks ahead. [h]
        """
        known = dict.fromkeys([*names, *(name for scores in self.scores for name in scores)])
        rule = optimizer.FixedShare(
            {name: expert_named(name).trust for name in known}, rate=1.0 / GAIN, share=SHARE
        )
        losses = [{name: 1.0 - s for name, s in scores.items()} for scores in self.scores]
        trust = rule.trust(losses, [alike(before, hours) for before in self.hours])
        whole = sum(trust[name] for name in names)
        return {name: trust[name] / whole for name in names}

    def curve(self, hours: float) -> Curve:
        """Return what probabilities are corrected by, from those before."""
        return learnt_curve(self.forecasts, [alike(before, hours) for before in self.hours])


def alike(one: float, other: float) -> float:
    """Return how much a forecast over one time tells of one over another, both in hours. [1]"""
    return float(np.exp(-0.5 * (np.log(one / other) / ALIKE) ** 2))


def mix(maps: Mapping[str, NDArray[Any]], trust: Mapping[str, float]) -> NDArray[np.float32]:
    """Return the mean of the experts' probabilities, each with its share of the trust."""
    mixed = np.sum([np.float32(trust[name]) * maps[name] for name in maps], axis=0)
    return np.asarray(mixed, np.float32)


def probability_of(members: Sequence[tuple[Mask, float]]) -> NDArray[np.float32]:
    """Return the share of members with oil in each cell, by their weights; of one or more."""
    total = sum(weight for _, weight in members)
    probability = np.zeros(members[0][0].shape, np.float32)
    for mask, weight in members:
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
