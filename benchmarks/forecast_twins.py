"""What a forecast is worth on twin experiments, and what its constants do.

Each twin is forecast as `witoil forecast` does it. Beside that, sets of parameters drawn from the
priors are run on all legs, and weighed by rules that differ in their constants only: so they are
compared on the same runs. `docs/calibration.md` has the table.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

import optimizer
from benchmarks._twins import make_twin
from witoil.calibration.evaluation import combined_scores, simulated_slicks
from witoil.calibration.priors import EVIDENCE
from witoil.calibration.search import search_space
from witoil.case import load_case
from witoil.forecast.experts import forecast, likeliest, probability_of
from witoil.forecast.walk import LEAST
from witoil.scenario.legs import legs_of
from witoil.scenario.prepare import prepare
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask, SlickMasks

TWINS = 8
SETS = 128
PARTICLES = 10_000
RULES = {
    "sample_T_0.03_no_fading": (0.03, np.inf),
    "sample_T_0.1_no_fading": (EVIDENCE, np.inf),
    "sample_T_0.1_12_h": (EVIDENCE, 12.0),
    "sample_T_0.1_6_h": (EVIDENCE, 6.0),
    "sample_T_0.1_24_h": (EVIDENCE, 24.0),
}
"""Name -> difference of scores that makes e times as likely, and memory [h]."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Sets of parameters drawn from the priors, and how each did on the legs run so far.

    Attributes
    ----------
    legs : tuple of Scenario
    sets : list of dict
        The first is the default.
    points : ndarray, shape (sets, parameters)
        Where the prior is the standard normal distribution.
    scores : list of ndarray, shape (sets,)
        One for each leg run.
    """

    legs: tuple[Scenario, ...]
    sets: list[dict[str, float]]
    points: Array
    scores: list[Array] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path) -> "Sample":
        """Draw the sets of a case."""
        scenario = prepare(load_case(path))
        space = search_space(scenario)
        drawn = optimizer.NormalProposal.prior(len(space.names), SETS - 1).draw([1])
        sets = [space.default, *space.from_standard(drawn)]
        return cls(legs_of(scenario), sets, space.to_standard(sets))

    def run_next(self) -> list[Mask]:
        """Run all sets on the next leg, keep their scores and return their slicks."""
        leg = self.legs[len(self.scores)]

        def outcome(parameters: dict[str, float]) -> tuple[Mask, float]:
            (slick,) = simulated_slicks([leg], parameters)
            return slick.oil, combined_scores([leg], [slick])["score"]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            masks, scores = zip(*pool.map(outcome, self.sets), strict=True)
        self.scores.append(np.array(scores))
        return list(masks)


def run() -> dict[str, float]:
    """Forecast every slick but the first of each twin.

    Returns
    -------
    dict of str to float
        Number of forecasts; mean and lowest FSS of the finest window, of each column of
        `witoil forecast` and of each rule for the weights.
    """
    found: dict[str, list[float]] = {}
    for seed in range(TWINS):
        with TemporaryDirectory() as folder:
            case = make_twin(Path(folder), seed, PARTICLES)
            for name, scores in {**columns(case), **rules(Sample.of(case))}.items():
                found.setdefault(name, []).extend(scores)
    figures = {"forecasts": float(len(found["forecast"]))}
    for name, scores in found.items():
        figures |= {f"{name}_mean": float(np.mean(scores)), f"{name}_min": min(scores)}
    return figures


def columns(path: Path) -> dict[str, list[float]]:
    """Forecast as `witoil forecast` does; the FSS of each of its columns, for each forecast."""
    study = forecast(prepare(load_case(path)), path.parent / "walk").study
    table: dict[str, list[float]] = {}
    for step in study["forecast"]["steps"]:
        for name, scores in step["scores"].items():
            table.setdefault(name, []).append(scores["fss"]["1"])
    return table


def rules(found: Sample) -> dict[str, list[float]]:
    """Forecast by the weighted sets of a sample, with weights by each rule."""
    table: dict[str, list[float]] = {name: [] for name in RULES}
    for k, leg in enumerate(found.legs):
        masks = found.run_next()
        for name, (temperature, memory) in RULES.items() if k else ():
            probability = probability_of(masks, weights(found, k, temperature, memory))
            scores = combined_scores([leg], [SlickMasks(likeliest(probability))])
            table[name].append(scores["fss"]["1"])
    return table


def weights(found: Sample, k: int, temperature: float, memory: float) -> Array:
    """Return the posterior of the sets, given the slicks at the ends of the legs before `k`."""
    ends = np.array([leg.observations[0].time for leg in found.legs[:k]])
    fading = np.exp(-((ends[-1] - ends) / np.timedelta64(1, "h")) / memory)
    log_likelihood = fading @ np.array(found.scores[:k]) / temperature
    prior = optimizer.NormalProposal.prior(found.points.shape[1], SETS)
    return optimizer.weigh(found.points, log_likelihood, [prior], least=LEAST)
