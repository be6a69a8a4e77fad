"""Finds the parameters of a case with which the simulated slick matches the slicks seen."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import optimizer
from simulator import FATES, SimulatorError
from witoil.errors import CaseError
from witoil.files import stamp
from witoil.outputs import versions, write_run
from witoil.priors import evidence, prior_of, prior_rows, total_weight
from witoil.report import write_report
from witoil.scoring import score_observations
from witoil.simulation import Scenario, mask_at, run
from witoil.study import read_history, write_study
from witoil.tunables import TUNABLES
from witoil.verification import Mask
from witoil.windows import windows_of

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
    _refuse_missing_method(case.optimise.method)
    space = search_space(scenario)
    windows = windows_of(scenario)
    head = study_head(scenario, windows, space)
    history = read_history(folder, head)

    def record(history: optimizer.History) -> None:
        write_study(folder, head, history, space)
        if on_trial:
            on_trial(history)

    record(history)
    history = optimizer.maximise(
        lambda points: evaluate_batch(windows, points),
        space,
        evaluations=case.optimise.evaluations,
        batch=case.optimise.batch,
        seed=case.model.seed,
        initial=case.optimise.initial_points,
        method=case.optimise.method,
        evidence=evidence(total_weight(windows)),
        tolerance=case.optimise.tolerance,
        history=history,
        on_trial=record,
    )
    study = write_study(folder, head, history, space)
    if study["best"] is None:
        raise CaseError(f"every simulation failed; the first: {history[0].failure}")
    _write_best(scenario, windows, study, folder)
    return study


def search_space(scenario: Scenario) -> optimizer.Space:
    """Return the parameters that the case searches, starting from what the case has."""
    parameters = []
    for name, (low, high) in scenario.case.optimise.parameters.items():
        if name in ("source_share", "source_factor"):
            _refuse_without_source(scenario, name)
        tunable = TUNABLES[name]
        default = float(np.clip(scenario.default_of(name), low, high))
        parameters.append(
            optimizer.Parameter(
                name,
                low,
                high,
                default,
                scale=tunable.scale,
                units=tunable.units,
                **prior_of(scenario, name),
            )
        )
    return optimizer.Space(tuple(parameters))


def _refuse_missing_method(method: str) -> None:
    """Refuse a method whose package is not installed, before any simulation."""
    if method == "cma" and importlib.util.find_spec("cma") is None:
        raise CaseError(
            'optimise.method: "cma" needs the package cma, which is not installed; expected it to '
            'be (pip install "witoil[cma]"), or another method'
        )


def _refuse_without_source(scenario: Scenario, name: str) -> None:
    """Refuse to search the mass of sources where there is none, or nothing beside them."""
    key = f"optimise.parameters.{name}"
    if not {"source_share", "source_factor"} - scenario.case.optimise.parameters.keys():
        raise CaseError(f"{key}: expected one of source_share and source_factor, not both")
    starts_anew = scenario.case.starts_from_observations
    if name == "source_share" and starts_anew:
        raise CaseError(
            f'{key}: found beside start_from = "observations", where windows differ in length; '
            "expected source_factor"
        )
    fresh = scenario.from_source
    if not fresh.any() or (fresh.all() and not starts_anew):
        raise CaseError(
            f"{key}: the case has no two kinds of release to share "
            'between; expected an "area" release and one of another kind'
        )


def evaluate(windows: Sequence[Scenario], changed: Mapping[str, float]) -> dict[str, Any]:
    """Run scenarios once and score them against all observations.

    Parameters
    ----------
    windows : sequence of Scenario
        From `witoil.windows.windows_of`.
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
    masks = simulated_masks(windows, changed)
    return {"parameters": windows[0].parameters(changed), **combined_scores(windows, masks)}


def simulated_masks(
    windows: Sequence[Scenario], changed: Mapping[str, float], *, threads: int | None = 1
) -> list[Mask]:
    """Run scenarios once and return the slick at each of their observations."""
    masks = []
    for window in windows:
        result = run(window, changed, regular_outputs=False, threads=threads)
        limit = changed.get("detection_limit_um")
        masks += [mask_at(window, result, seen.time, limit) for seen in window.observations]
    return masks


def persistence(windows: Sequence[Scenario]) -> dict[str, Any] | None:
    """Score the slick last seen, unmoved, as the forecast of the next one.

    None where no slick was seen before the first observation.
    """
    last = []
    for window in windows:
        seen = [window.seen_first, *(observation.mask for observation in window.observations)]
        last += seen[:-1]
    return combined_scores(windows, last) if last[0].any() else None


def combined_scores(windows: Sequence[Scenario], masks: Sequence[Mask]) -> dict[str, Any]:
    """Score one mask for each observation of all windows, and combine them.

    The score is the mean of the FSS over its scales, weighted by 1 / scale, and over
    observations, by their weights: it follows the finest scale, and still has a slope where the
    slicks do not overlap yet.
    """
    scales = windows[0].case.score.windows
    seen = [observation for window in windows for observation in window.observations]
    observations = score_observations(replace(windows[0], observations=tuple(seen)), masks)
    weights = [observation.weight for observation in seen]
    fss = {
        str(w): float(
            np.average([scores["fss"][str(w)] for scores in observations], weights=weights)
        )
        for w in scales
    }
    score = float(np.average([*fss.values()], weights=1.0 / np.array(scales)))
    return {"score": score, "fss": fss, "observations": observations}


def evaluate_batch(
    windows: Sequence[Scenario], points: Iterable[Mapping[str, float]]
) -> Iterator[optimizer.Outcome]:
    """Evaluate candidates side by side, one thread each; outcomes in the order of the points."""

    def outcome(changed: Mapping[str, float]) -> optimizer.Outcome:
        try:
            details = evaluate(windows, changed)
        except SimulatorError as error:
            return optimizer.Outcome(failure=str(error))
        return optimizer.Outcome(score=details["score"], details=details)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(outcome, points)


def study_head(
    scenario: Scenario, windows: Sequence[Scenario], space: optimizer.Space
) -> dict[str, Any]:
    """Return the part of the study that does not change during the search."""
    case = scenario.case
    return {
        "name": case.name,
        "default": evaluate(windows, {}),
        "persistence": persistence(windows),
        "priors": prior_rows(space),
        "seeds": {"model": case.model.seed, "search": case.model.seed},
        "versions": versions(),
        "coverage": [report.as_dict() for report in scenario.coverage],
        "stokes_drift": scenario.forcing.stokes_origin,
        "case": case.model_dump(mode="json"),
    }


def _write_best(
    scenario: Scenario, windows: Sequence[Scenario], study: dict[str, Any], folder: Path
) -> None:
    """Run the best parameters once more with all outputs, and draw the report."""
    best = study["best"]["parameters"]
    after: list[Mask] = []
    summary: dict[str, Any] = {}
    for window in windows:
        result = run(window, best)
        into = folder / "best"
        if len(windows) > 1:
            into /= stamp(window.forcing.start)
        summary = write_run(window, result, into, parameters=best)
        after += [
            mask_at(window, result, seen.time, best["detection_limit_um"])
            for seen in window.observations
        ]
    seen = tuple(observation for window in windows for observation in window.observations)
    write_report(
        folder / "report.html",
        replace(windows[0], case=scenario.case, observations=seen),
        study,
        before=simulated_masks(windows, {}, threads=None),
        after=after,
        fate={name: summary["mass_balance_kg"][name] for name in FATES},
    )
