"""What the forecast rule is worth on twin experiments, beside rules that it could have been.

The same sets of parameters, drawn from the priors, are run on all windows of all twins; the rules
differ in what they make of them. `docs/calibration.md` has the table.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

import optimizer
from benchmarks._twins import make_twin
from witoil.calibration import combined_scores, search_space, simulated_masks
from witoil.case import load_case
from witoil.forecast import likeliest, mix, probability_of, track_record
from witoil.priors import EVIDENCE, evidence
from witoil.simulation import Scenario, prepare
from witoil.verification import Mask
from witoil.walk import LEAST
from witoil.windows import windows_of

TWINS = 8
SETS = 128
PARTICLES = 10_000
MEMORY = 24.0
"""Of the rule. [h]"""

RULES = {
    "ensemble_T_0.03_no_fading": (0.03, np.inf),
    "ensemble_T_0.1_no_fading": (EVIDENCE, np.inf),
    "ensemble_T_0.1_12_h": (EVIDENCE, 12.0),
    "ensemble_T_0.1_6_h": (EVIDENCE, 6.0),
    "ensemble": (EVIDENCE, MEMORY),
}
"""Name -> difference of scores that makes e times as likely, and memory [h]."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Sets of parameters drawn from the priors, and how each did on the windows run so far.

    Attributes
    ----------
    windows : tuple of Scenario
    sets : list of dict
        The first is the default.
    points : ndarray, shape (sets, parameters)
        Where the prior is the standard normal distribution.
    log_prior : ndarray, shape (sets,)
    scores : list of ndarray, shape (sets,)
        One for each window run.
    """

    windows: tuple[Scenario, ...]
    sets: list[dict[str, float]]
    points: Array
    log_prior: Array
    scores: list[Array] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path) -> "Sample":
        """Draw the sets of a case."""
        scenario = prepare(load_case(path))
        space = search_space(scenario)
        drawn = optimizer.NormalProposal.prior(len(space.names), SETS - 1).draw([1])
        sets = [space.default, *space.from_standard(drawn)]
        log_prior = np.array([space.log_prior(each) for each in sets])
        return cls(windows_of(scenario), sets, space.to_standard(sets), log_prior)

    def run_next(self) -> list[Mask]:
        """Run all sets on the next window, keep their scores and return their slicks."""
        window = self.windows[len(self.scores)]

        def outcome(parameters: dict[str, float]) -> tuple[Mask, float]:
            (mask,) = simulated_masks([window], parameters)
            return mask, combined_scores([window], [mask])["score"]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            masks, scores = zip(*pool.map(outcome, self.sets), strict=True)
        self.scores.append(np.array(scores))
        return list(masks)


def run() -> dict[str, float]:
    """Forecast every slick but the first of each twin by every rule.

    Returns
    -------
    dict of str to float
        Number of forecasts; mean and lowest FSS of the finest window of each rule.
    """
    found: dict[str, list[float]] = {}
    for seed in range(TWINS):
        with TemporaryDirectory() as folder:
            twin = Sample.of(make_twin(Path(folder), seed, PARTICLES))
        for name, scores in forecasts(twin).items():
            found.setdefault(name, []).extend(scores)
    figures = {"forecasts": float(len(found["forecast"]))}
    for name, scores in found.items():
        figures |= {f"{name}_mean": float(np.mean(scores)), f"{name}_min": min(scores)}
    return figures


def forecasts(found: Sample) -> dict[str, list[float]]:
    """Return the FSS of the finest window of each rule, for each window but the first."""
    table: dict[str, list[float]] = {}
    record: list[SimpleNamespace] = []
    for k, window in enumerate(found.windows):
        masks_of_sets = found.run_next()
        maps = probabilities(found, k, masks_of_sets)
        candidates = {name: maps[name] for name in ("ensemble", "prior", "persistence")}
        mixed, _ = mix(candidates, track_record(record))  # type: ignore[arg-type]
        masks = {name: likeliest(p) for name, p in {**maps, "forecast": mixed}.items()}
        if k:
            masks |= single_runs(found, k, masks_of_sets)
        scores = {name: combined_scores([window], [mask]) for name, mask in masks.items()}
        record.append(SimpleNamespace(scores=scores))
        if k:
            for name, score in scores.items():
                table.setdefault(name, []).append(score["fss"]["1"])
    return table


def probabilities(found: Sample, k: int, masks: list[Mask]) -> dict[str, NDArray[np.float32]]:
    """Return the probability of oil in each cell at the end of window `k`, by each rule."""
    maps = {
        "prior": probability_of(masks, np.full(SETS, 1.0 / SETS)),
        "persistence": found.windows[k].seen_first.astype(np.float32),
    }
    for name, (temperature, memory) in RULES.items():
        maps[name] = probability_of(masks, weights(found, k, temperature, memory))
    return maps


def weights(found: Sample, k: int, temperature: float, memory: float) -> Array:
    """Return the posterior of the sets, given the slicks at the ends of the windows before `k`."""
    log_likelihood = np.zeros(SETS)
    if k:
        ends = np.array([window.observations[0].time for window in found.windows[:k]])
        fading = np.exp(-((ends[-1] - ends) / np.timedelta64(1, "h")) / memory)
        log_likelihood = fading @ np.array(found.scores[:k]) / temperature
    prior = optimizer.NormalProposal.prior(found.points.shape[1], SETS)
    return optimizer.weigh(found.points, log_likelihood, [prior], least=LEAST)


def single_runs(found: Sample, k: int, masks: list[Mask]) -> dict[str, Mask]:
    """Return the slicks of the default and of what fitted best before window `k`."""

    def best(scores: list[Array]) -> Mask:
        count = len(scores)
        penalised = np.mean(scores, axis=0) + evidence(count).scale * found.log_prior
        return masks[int(penalised.argmax())]

    return {
        "default": masks[0],
        "best_fit_to_all": best(found.scores[:k]),
        "best_fit_to_last": best(found.scores[k - 1 : k]),
    }
