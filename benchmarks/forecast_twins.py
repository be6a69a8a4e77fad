"""What a forecast is worth where the forcing is right, and where it is wrong.

Each twin is forecast as `witoil forecast` does it, beside the rule that summed the scores of three
experts for ever: both mix the same maps. `docs/calibration.md` has the table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks._twins import GAPS, WORLDS, make_twin
from witoil.calibration.evaluation import combined_scores
from witoil.calibration.priors import EVIDENCE
from witoil.case import load_case
from witoil.forecast.experts import Maps, likeliest, mix
from witoil.forecast.forecasting import Forecasts, Step, forecast, seen_at_end
from witoil.forecast.reliability import Forecast, brier, reliability
from witoil.scenario.prepare import prepare
from witoil.scenario.verification import SlickMasks

SEEDS = int(os.environ.get("WITOIL_TWINS", "12"))
"""Twins of each world and window."""

PARTICLES = 1000
SUMMED = {"ensemble": 0.5, "prior": 0.25, "persistence": 0.25}
"""Experts of the rule before, and how far it trusted them at first."""

SINGLES = ("best", "latest", "default")
"""Columns that are single runs, and no experts."""

NORMAL_95 = 1.645
"""One-sided. [standard deviations]"""

Array = NDArray[np.float64]


@dataclass
class Told:
    """What the forecasts of the twins of one world came to.

    Attributes
    ----------
    fss : dict
        Column -> FSS of the finest window, of each forecast; `summed` is the rule before.
    gains : list of float
        Of each twin: mean FSS of the forecast less that of the rule before.
    forecasts : list of tuple
        Probability, slick seen and cells to compare, cut to where there is something.
    """

    fss: dict[str, list[float]] = field(default_factory=dict)
    gains: list[float] = field(default_factory=list)
    forecasts: list[Forecast] = field(default_factory=list)

    def add(self, other: Told) -> None:
        """Add what the forecasts of another twin came to."""
        for column, scores in other.fss.items():
            self.fss.setdefault(column, []).extend(scores)
        self.gains += other.gains
        self.forecasts += other.forecasts

    def mean(self, column: str) -> float:
        """Return the mean FSS of a column."""
        return float(np.mean(self.fss[column]))

    @property
    def best_expert(self) -> tuple[str, float]:
        """Name and mean FSS of the expert that did best."""
        experts = [n for n in self.fss if n not in ("forecast", "summed", *SINGLES)]
        best = max(experts, key=self.mean)
        return best, self.mean(best)


def run() -> dict[str, float]:
    """Forecast twins on all cores; see `forecast_all`."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return forecast_all(pool.map)


def forecast_all(over: Callable[..., Iterable[Told]]) -> dict[str, float]:
    """Forecast every slick but the first of each twin.

    Parameters
    ----------
    over : callable
        Calls a function for each twin, in their order, as `map` does.

    Returns
    -------
    dict of str to float
        Of each world and of all: mean FSS of every column and expected calibration error; of each
        world how far the forecast is ahead of its best expert and of persistence; over all how far
        it is ahead of the rule before, and the lower limit of that with 95 %.
    """
    worlds = {world: Told() for world in WORLDS}
    twins = [
        (1000 * number + 500 * (window == "day") + seed, world, window)
        for seed, window, (number, world) in product(range(SEEDS), GAPS, enumerate(WORLDS))
    ]
    for twin, told in zip(twins, over(tell, *zip(*twins, strict=True)), strict=True):
        number, world, window = twin
        worlds[world].add(told)
        print(f"{world}, {window}, {number}: {told.gains[0]:+.3f}", file=sys.stderr, flush=True)
    figures: dict[str, float] = {}
    for world, told in worlds.items():
        _, best = told.best_expert
        figures |= {f"{world}: {name}": told.mean(name) for name in told.fss}
        figures |= {
            f"{world}: ahead of its best expert": told.mean("forecast") - best,
            f"{world}: ahead of persistence": told.mean("forecast") - told.mean("persistence"),
            f"{world}: expected calibration error": reliability(told.forecasts).expected_error,
        }
    return figures | over_all([*worlds.values()])


def over_all(worlds: list[Told]) -> dict[str, float]:
    """Return the figures of all worlds together."""
    names = worlds[0].fss
    means = {n: float(np.mean(np.concatenate([w.fss[n] for w in worlds]))) for n in names}
    gains = np.concatenate([told.gains for told in worlds])
    error = gains.std(ddof=1) / np.sqrt(gains.size)
    forecasts = [each for told in worlds for each in told.forecasts]
    parts = brier(forecasts)
    assert parts is not None
    return {
        **{f"all: {name}": mean for name, mean in means.items()},
        "all: forecasts": float(len(forecasts)),
        "all: ahead of the rule before, mean over twins": float(gains.mean()),
        "all: the same, lower limit with 95 %": float(gains.mean() - NORMAL_95 * error),
        "all: expected calibration error": reliability(forecasts).expected_error,
        "all: Brier score": parts.score,
        "all: spread over skill": parts.spread_skill,
    }


def tell(seed: int, world: str, window: str) -> Told:
    """Forecast a twin and return what came of it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        said: list[tuple[Step, Maps]] = []
        result = forecast(
            prepare(load_case(make_twin(folder, seed, PARTICLES, world, window))),
            folder / "walk",
            on_step=lambda step, maps: said.append((step, maps)),
        )
    before = [*summed(result, said)]
    mine = [step.scores["forecast"]["fss"]["1"] for step in result.steps]
    told = Told({"summed": before}, [float(np.mean(mine) - np.mean(before))])
    for step in result.steps:
        for column, scores in step.scores.items():
            told.fss.setdefault(column, []).append(scores["fss"]["1"])
        probability = step.probability
        oil, valid = seen_at_end(result.legs[step.leg])
        used = valid & (oil | (probability > 0.0))
        told.forecasts.append((probability[used], oil[used], np.ones(used.sum(), bool)))
    return told


def summed(result: Forecasts, said: list[tuple[Step, Maps]]) -> Iterator[float]:
    """Yield the FSS of the rule before: trust by the sum of all scores, nothing corrected."""
    log = {name: np.log(trust) for name, trust in SUMMED.items()}
    for step, maps in said:
        known = [name for name in SUMMED if name in maps]
        weight = np.exp(np.array([log[name] for name in known]) - max(log.values()))
        trust = dict(zip(known, weight / weight.sum(), strict=True))
        mask = likeliest(mix({name: maps[name] for name in known}, trust))
        leg = result.legs[step.leg]
        if step.leg:  # at the first there was nothing to learn from
            yield combined_scores([leg], [SlickMasks(mask)])["fss"]["1"]
        for name in known:
            log[name] += step.scores[name]["score"] / EVIDENCE
