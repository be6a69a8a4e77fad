"""Finds the parameters of a case with which the simulated slick matches the slicks seen."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import optimizer
from simulator import FATES, SimulatorError
from witoil.errors import CaseError
from witoil.files import stamp
from witoil.outputs import versions, write_run
from witoil.priors import EVIDENCE, evidence, prior_of, prior_rows, total_weight
from witoil.reconstruction import Reconstruction, reconstruct
from witoil.reconstruction_outputs import write_reconstruction
from witoil.report import write_report
from witoil.scoring import score_observations
from witoil.simulation import Observation, Scenario, mask_at, masks_at, run
from witoil.sources import PLACE, START, refuse_unfit
from witoil.study import read_history, write_study
from witoil.tunables import TUNABLES
from witoil.verification import Mask, SlickMasks
from witoil.windows import windows_of

SETTLED = 0.75
"""Share of its evaluations after which a search that has settled has found its best, nearly."""

POSTERIOR_SAMPLE = 4096
"""Sets of parameters that stand for the posterior."""

OnTrial = Callable[[optimizer.History], None]

Sample = list[dict[str, float]]

Evaluate = Callable[[Iterable[Mapping[str, float]]], Iterator[optimizer.Outcome]]


def optimise(
    scenario: Scenario,
    folder: Path,
    *,
    on_trial: OnTrial | None = None,
    scheduler: str | None = None,
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
    scheduler : str, optional
        Address of a Dask scheduler, `tcp://host:port`, whose workers run the simulations.

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
    with evaluator(windows, scheduler) as evaluate_points:
        history = optimizer.maximise(
            evaluate_points,
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
    sample = likely(windows, history, space, case.model.seed)
    source = reconstructed(scenario, windows, history, space, sample)
    found = {"posterior": _marginals(sample), "source": source and source.as_dict()}
    study = write_study(folder, {**head, **found}, history, space)
    if source is not None:
        write_reconstruction(scenario, source, folder)
    _write_best(scenario, windows, study, folder, source)
    return study


def likely(
    windows: Sequence[Scenario], history: optimizer.History, space: optimizer.Space, seed: int
) -> Sample:
    """Return sets of parameters that are likely after a search, the likelier the more often.

    Empty where fewer than two runs went well. Where a run fails, as with a source on land, is known
    without a model of the score, and would only pull it down beside the coast: such trials are left
    out.
    """
    done = [trial for trial in history if trial.score is not None]
    if len(done) < 2:
        return []
    sample, _ = optimizer.posterior_sample(done, space, POSTERIOR_SAMPLE, seed, _counts(windows))
    return sample


def _counts(windows: Sequence[Scenario]) -> optimizer.Evidence:
    return optimizer.Evidence(total_weight(windows), EVIDENCE)


def _marginals(sample: Sample) -> list[dict[str, Any]]:
    """Return median and 5 to 95 % range of each parameter by itself."""
    weights = np.full(len(sample), 1.0)
    rows = []
    for name in sample[0] if sample else ():
        values = np.array([point[name] for point in sample])
        low, middle, high = optimizer.quantiles(values, weights, (0.05, 0.5, 0.95))
        rows.append({"name": name, "p5": low, "p50": middle, "p95": high})
    return rows


def reconstructed(
    scenario: Scenario,
    windows: Sequence[Scenario],
    history: optimizer.History,
    space: optimizer.Space,
    sample: Sample,
) -> Reconstruction | None:
    """Return where and when the source leaked, where a search has looked for it."""
    if not {*PLACE, START} & {*space.names} or not sample:
        return None
    best = history.best
    assert best is not None
    early = optimizer.History(history[: round(SETTLED * len(history))]).best
    settled = early is not None and _value(best) - _value(early) < _counts(windows).scale
    return reconstruct(scenario, sample, best.parameters, settled=settled)


def _value(trial: optimizer.Trial) -> float:
    assert trial.value is not None
    return trial.value


def search_space(scenario: Scenario) -> optimizer.Space:
    """Return the parameters that the case searches, starting from what the case has."""
    case = scenario.case
    refuse_unfit(
        scenario,
        case.optimise.parameters,
        "optimise.parameters",
        anew=case.starts_from_observations,
    )
    parameters = []
    for name, (low, high) in case.optimise.parameters.items():
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
    slicks = simulated_slicks(windows, changed)
    return {"parameters": windows[0].parameters(changed), **combined_scores(windows, slicks)}


def simulated_slicks(
    windows: Sequence[Scenario], changed: Mapping[str, float], *, threads: int | None = 1
) -> list[SlickMasks]:
    """Run scenarios once and return the slick at each of their observations."""
    slicks = []
    for window in windows:
        result = run(window, changed, regular_outputs=False, threads=threads)
        limit = changed.get("detection_limit_um")
        slicks += [masks_at(window, result, seen.time, limit) for seen in window.observations]
    return slicks


def persistence(windows: Sequence[Scenario]) -> dict[str, Any] | None:
    """Score the slick last seen, unmoved, as the forecast of the next one.

    None where no slick was seen before the first observation.
    """
    last = []
    for window in windows:
        seen = [SlickMasks(o.mask, o.thick) for o in window.observations]
        last += [SlickMasks(window.seen_first, window.thick_first), *seen][:-1]
    return combined_scores(windows, last) if last[0].oil.any() else None


def combined_scores(windows: Sequence[Scenario], slicks: Sequence[SlickMasks]) -> dict[str, Any]:
    """Score one slick for each observation of all windows, and combine them.

    The score is the mean of the FSS over its scales, weighted by 1 / scale, and over
    observations, by their weights: it follows the finest scale, and still has a slope where the
    slicks do not overlap yet. An observation with sheen and thick oil stands for two, one of each
    class. `fss` is of all the oil, whatever its class.
    """
    scales = windows[0].case.score.windows
    seen = [observation for window in windows for observation in window.observations]
    observations = score_observations(replace(windows[0], observations=tuple(seen)), slicks)
    whole = [(row["fss"], o.weight) for row, o in zip(observations, seen, strict=True)]
    scored = [part for row, o in zip(observations, seen, strict=True) for part in _parts(row, o)]
    return {
        "score": float(
            np.average([*_mean_fss(scored, scales).values()], weights=1.0 / np.array(scales))
        ),
        "fss": _mean_fss(whole, scales),
        "observations": observations,
    }


def _parts(
    row: Mapping[str, Any], observation: Observation
) -> list[tuple[Mapping[str, float], float]]:
    """Return what of an observation enters the score: FSS and weight, of each class or of all."""
    if "classes" not in row:
        return [(row["fss"], observation.weight)]
    weights = observation.class_weights
    return [(scores["fss"], weights[name]) for name, scores in row["classes"].items()]


def _mean_fss(
    parts: Sequence[tuple[Mapping[str, float], float]], scales: Sequence[int]
) -> dict[str, float]:
    weights = [weight for _, weight in parts]
    return {
        str(w): float(np.average([fss[str(w)] for fss, _ in parts], weights=weights))
        for w in scales
    }


@contextmanager
def evaluator(windows: Sequence[Scenario], scheduler: str | None) -> Iterator[Evaluate]:
    """Yield what evaluates a batch of candidates side by side, one thread each, in their order.

    `scheduler` is the address of a Dask scheduler [tcp://host:port] whose workers run them; without
    it, threads of this process do. The outcomes are the same, to the last bit.
    """
    if scheduler is None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            yield lambda points: pool.map(partial(outcome_of, windows), points)
        return
    # takes a second to import
    from witoil.workers import workers

    with workers(scheduler) as client:
        (there,) = client.scatter([tuple(windows)], broadcast=True, hash=False)

        def evaluate_there(points: Iterable[Mapping[str, float]]) -> Iterator[optimizer.Outcome]:
            futures = [client.submit(outcome_of, there, point, pure=False) for point in points]
            yield from map(_gathered, futures)

        yield evaluate_there


def outcome_of(windows: Sequence[Scenario], changed: Mapping[str, float]) -> optimizer.Outcome:
    """Evaluate one candidate."""
    try:
        details = evaluate(windows, changed)
    except SimulatorError as error:
        return optimizer.Outcome(failure=str(error))
    return optimizer.Outcome(score=details["score"], details=details)


def _gathered(future: Any) -> optimizer.Outcome:
    try:
        outcome: optimizer.Outcome = future.result()
    except Exception as error:
        # whatever befell one worker, the other candidates are still worth having
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return optimizer.Outcome(failure=reason)
    return outcome


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
        "posterior": [],
        "source": None,
        "seeds": {"model": case.model.seed, "search": case.model.seed},
        "versions": versions(),
        "coverage": [report.as_dict() for report in scenario.coverage],
        "stokes_drift": scenario.forcing.stokes_origin,
        "case": case.model_dump(mode="json"),
    }


def _write_best(
    scenario: Scenario,
    windows: Sequence[Scenario],
    study: dict[str, Any],
    folder: Path,
    source: Reconstruction | None,
) -> None:
    """Run the best parameters once more with all outputs, and draw the report."""
    best = study["best"]["parameters"]
    # not all of them: a share of the mass that was not searched would undo a factor that was
    changed = study["history"][study["best"]["trial"]]["parameters"]
    after: list[Mask] = []
    summary: dict[str, Any] = {}
    for window in windows:
        result = run(window, changed)
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
        before=[slick.oil for slick in simulated_slicks(windows, {}, threads=None)],
        after=after,
        fate={name: summary["mass_balance_kg"][name] for name in FATES},
        source=source,
    )
