"""Finds the parameters of a case with which the simulated slick matches the slicks seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import optimizer
from simulator import FATES, SimulatorError
from witoil.errors import CaseError
from witoil.outputs import versions, write_run
from witoil.report import write_report
from witoil.scoring import score_observations
from witoil.simulation import Scenario, mask_at, run
from witoil.study import read_history, write_study
from witoil.tunables import TUNABLES
from witoil.verification import Mask

INITIAL_PER_PARAMETER = 2
"""Points of the space-filling start for each parameter searched, and at least `MIN_INITIAL`."""

MIN_INITIAL = 8

OnTrial = Callable[[optimizer.History], None]


def optimise(
    scenario: Scenario, folder: Path, *, on_trial: OnTrial | None = None
) -> dict[str, Any]:
    """Calibrate a scenario, or go on with a calibration that was interrupted.

    Parameters
    ----------
    scenario : Scenario
        With at least one observation.
    folder : Path
        Takes `study.json`, written after every evaluation, and at the end `best/` and
        `report.html`. A study already there is continued.
    on_trial : callable, optional
        Called with the history after every evaluation, and once at the start.

    Returns
    -------
    dict
        The study.

    Raises
    ------
    WitoilError, SimulatorError
        One line that says what to change.
    """
    case = scenario.case
    if not scenario.observations:
        raise CaseError("observation: none given; expected at least one [[observation]] to match")
    space = search_space(scenario)
    head = _head(scenario)
    history = read_history(folder, head)

    def record(history: optimizer.History) -> None:
        write_study(folder, head, history, space)
        if on_trial:
            on_trial(history)

    record(history)
    history = optimizer.maximise(
        lambda points: _evaluate_batch(scenario, points),
        space,
        evaluations=case.optimise.evaluations,
        batch=case.optimise.batch,
        seed=case.model.seed,
        initial=max(INITIAL_PER_PARAMETER * len(space.names), MIN_INITIAL),
        history=history,
        on_trial=record,
    )
    study = write_study(folder, head, history, space)
    if study["best"] is None:
        raise CaseError(f"every simulation failed; the first: {history[0].failure}")
    _write_best(scenario, study, folder)
    return study


def search_space(scenario: Scenario) -> optimizer.Space:
    """Return the parameters that the case searches, starting from what the case has."""
    parameters = []
    for name, (low, high) in scenario.case.optimise.parameters.items():
        if name == "source_share" and (
            scenario.from_source.all() or not scenario.from_source.any()
        ):
            raise CaseError(
                "optimise.parameters.source_share: the case has no two kinds of release to share "
                'between; expected an "area" release and one of another kind'
            )
        tunable = TUNABLES[name]
        default = float(np.clip(scenario.default_of(name), low, high))
        parameters.append(
            optimizer.Parameter(name, low, high, default, scale=tunable.scale, units=tunable.units)
        )
    return optimizer.Space(tuple(parameters))


def evaluate(scenario: Scenario, changed: Mapping[str, float]) -> dict[str, Any]:
    """Run a scenario once and score it against all observations.

    Parameters
    ----------
    scenario : Scenario
    changed : mapping
        Tunable parameters that differ from the case.

    Returns
    -------
    dict
        `parameters` (all tunable ones), `score` (the objective), `fss` (window -> mean over
        observations), and `observations` (all scores of each).

    Raises
    ------
    SimulatorError
    """
    result = run(scenario, changed, regular_outputs=False, threads=1)
    limit = changed.get("detection_limit_um")
    masks = [mask_at(scenario, result, seen.time, limit) for seen in scenario.observations]
    return {"parameters": scenario.parameters(changed), **_scores(scenario, masks)}


def persistence(scenario: Scenario) -> dict[str, Any] | None:
    """Score the slick last seen, unmoved, as the forecast of the next one.

    None where no slick was seen before the first observation, and there is only that one.
    """
    seen = [scenario.seen_first, *(observation.mask for observation in scenario.observations)]
    if not seen[0].any():
        return None
    return _scores(scenario, seen[:-1])


def _scores(scenario: Scenario, masks: list[Mask]) -> dict[str, Any]:
    """Score one mask for each observation, and combine them.

    The objective is the mean of the FSS over windows, weighted by 1 / window: it follows the
    finest scale, and still has a slope where the slicks do not overlap yet.
    """
    windows = scenario.case.score.windows
    observations = score_observations(scenario, masks)
    fss = {
        str(w): float(np.mean([scores["fss"][str(w)] for scores in observations])) for w in windows
    }
    weights = 1.0 / np.array(windows)
    score = float(weights @ np.array(list(fss.values())) / weights.sum())
    return {"score": score, "fss": fss, "observations": observations}


def _evaluate_batch(
    scenario: Scenario, points: Iterable[Mapping[str, float]]
) -> Iterator[optimizer.Outcome]:
    """Evaluate candidates side by side, one thread each; outcomes in the order of the points."""

    def outcome(changed: Mapping[str, float]) -> optimizer.Outcome:
        try:
            details = evaluate(scenario, changed)
        except SimulatorError as error:
            return optimizer.Outcome(failure=str(error))
        return optimizer.Outcome(score=details["score"], details=details)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(outcome, points)


def _head(scenario: Scenario) -> dict[str, Any]:
    """Return the part of the study that does not change during the search."""
    case = scenario.case
    return {
        "name": case.name,
        "default": evaluate(scenario, {}),
        "persistence": persistence(scenario),
        "seeds": {"model": case.model.seed, "search": case.model.seed},
        "versions": versions(),
        "coverage": [report.as_dict() for report in scenario.coverage],
        "stokes_drift": scenario.forcing.stokes_origin,
        "case": case.model_dump(mode="json"),
    }


def _write_best(scenario: Scenario, study: dict[str, Any], folder: Path) -> None:
    """Run the best parameters once more with all outputs, and draw the report."""
    best = study["best"]["parameters"]
    result = run(scenario, best)
    summary = write_run(scenario, result, folder / "best", parameters=best)
    before = run(scenario, regular_outputs=False)
    after = [
        mask_at(scenario, result, seen.time, best["detection_limit_um"])
        for seen in scenario.observations
    ]
    default = [mask_at(scenario, before, seen.time) for seen in scenario.observations]
    write_report(
        folder / "report.html",
        scenario,
        study,
        before=default,
        after=after,
        fate={name: summary["mass_balance_kg"][name] for name in FATES},
    )
