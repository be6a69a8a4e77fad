"""Finds the parameters of a case with which the simulated slick matches the slicks seen."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import optimizer
from witoil.calibration.evaluation import (
    evaluation_of,
    evaluator,
    persistence,
    simulated_slicks,
)
from witoil.calibration.priors import EVIDENCE, evidence, prior_of, prior_rows, total_weight
from witoil.calibration.reconstruction import Reconstruction, reconstruct
from witoil.calibration.scoring import useful_skill
from witoil.calibration.study import read_history, write_study
from witoil.case import Case
from witoil.case.tunables import PLACE, START, TUNABLES
from witoil.errors import CaseError
from witoil.scenario.changes import allowed_values, first_seen_of, refuse_unfit, searched_bounds
from witoil.scenario.legs import legs_of
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import SlickMasks
from witoil.times import second
from witoil.versions import versions

_log = logging.getLogger(__name__)

SETTLED = 0.75
"""Share of its evaluations after which a search that has settled has found its best, nearly."""

ON_BOUND = 0.01
"""A parameter that is nearer to a bound than this share of its range sits on it. [1]"""

BEYOND = {
    START: (
        "as early as the run allows: start the run earlier (time.start), with fields of that time",
        "as late as the case allows: a source starts before its slick is first seen and before its "
        "release ends; let the release end later, or search more of what drives the oil",
    ),
    **dict.fromkeys(
        PLACE,
        ("at the edge of the fields: give fields of a larger area",) * 2,
    ),
}
"""Parameter -> what its least and greatest value that a case allows mean, and what to do."""

POSTERIOR_SAMPLE = 4096
"""Sets of parameters that stand for the posterior."""

OnTrial = Callable[[optimizer.History], None]

Sample = list[dict[str, float]]

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Calibration:
    """A finished search.

    Attributes
    ----------
    scenario : Scenario
    legs : tuple of Scenario
        From slick to slick, or the scenario alone.
    study : dict
        As in `study.json`.
    default : tuple of SlickMasks
        Of the run with the parameters of the case, at each observation.
    source : Reconstruction or None
        Where and since when it leaked, where that was looked for.
    """

    scenario: Scenario
    legs: tuple[Scenario, ...]
    study: dict[str, Any]
    default: tuple[SlickMasks, ...]
    source: Reconstruction | None


def search(
    scenario: Scenario,
    folder: Path,
    *,
    on_trial: OnTrial | None = None,
    scheduler: str | None = None,
) -> Calibration:
    """Find the parameters of a scenario, or go on with a search that was interrupted.

    Parameters
    ----------
    scenario : Scenario
        With at least one observation.
    folder : Path
        Takes `study.json`, written after every evaluation. A study already there is continued.
    on_trial : callable, optional
        Called with the history after every evaluation, and once at the start.
    scheduler : str, optional
        Address of a Dask scheduler, `tcp://host:port`, whose workers run the simulations.

    Returns
    -------
    Calibration

    Raises
    ------
    WitoilError, SimulatorError
        One line that says what to change.
    """
    case = scenario.case
    refuse_unobserved(case)
    refuse_missing_method(case.optimise.method)
    space = search_space(scenario)
    legs = legs_of(scenario)
    default = simulated_slicks(legs, {})
    head = study_head(scenario, legs, space, evaluation_of(legs, {}, default))
    history = read_history(folder, head)

    def record(history: optimizer.History) -> None:
        write_study(folder, head, history, space)
        if on_trial:
            on_trial(history)

    record(history)
    with evaluator(legs, scheduler) as evaluate_points:
        history = optimizer.maximise(
            evaluate_points,
            space,
            evaluations=case.optimise.evaluations,
            batch=case.optimise.batch,
            seed=case.model.seed,
            initial=case.optimise.initial_points,
            method=case.optimise.method,
            evidence=evidence(total_weight(legs)),
            tolerance=case.optimise.tolerance,
            history=history,
            on_trial=record,
        )
    study = write_study(folder, head, history, space)
    if study["best"] is None:
        raise CaseError(f"every simulation failed; the first: {history[0].failure}")
    sample = likely(legs, history, space, case.model.seed)
    reasons = unsettled(
        history,
        space,
        _counts(legs).scale,
        {name: allowed_values(scenario, name) for name in space.names},
    )
    source = reconstructed(scenario, history, space, sample, settled=not reasons)
    found = {
        "posterior": _marginals(sample),
        "source": source and source.as_dict(),
        "unsettled": reasons,
    }
    study = write_study(folder, {**head, **found}, history, space)
    return Calibration(scenario, tuple(legs), study, tuple(default), source)


def refuse_unobserved(case: Case) -> None:
    """Refuse a case in which there is nothing to match."""
    if not case.observation:
        raise CaseError("observation: none given; expected at least one [[observation]] to match")


def likely(
    legs: Sequence[Scenario], history: optimizer.History, space: optimizer.Space, seed: int
) -> Sample:
    """Return sets of parameters that are likely after a search, the likelier the more often.

    Empty where fewer than two runs went well. Where a run fails, as with a source on land, is known
    without a model of the score, and would only pull it down beside the coast: such trials are left
    out.
    """
    done = [trial for trial in history if trial.score is not None]
    if len(done) < 2:
        return []
    sample, _ = optimizer.posterior_sample(done, space, POSTERIOR_SAMPLE, seed, _counts(legs))
    return sample


def _counts(legs: Sequence[Scenario]) -> optimizer.Evidence:
    return optimizer.Evidence(total_weight(legs), EVIDENCE)


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
    history: optimizer.History,
    space: optimizer.Space,
    sample: Sample,
    *,
    settled: bool,
) -> Reconstruction | None:
    """Return where and when the source leaked, where a search has looked for it."""
    if not {*PLACE, START} & {*space.names} or not sample:
        return None
    best = history.best
    assert best is not None
    return reconstruct(scenario, sample, best.parameters, settled=settled)


def unsettled(
    history: optimizer.History,
    space: optimizer.Space,
    scale: float,
    allowed: Mapping[str, Bounds],
) -> list[str]:
    """Return why a search may not have found the best that there is; nothing where it has settled.

    Parameters
    ----------
    history : History
        With one trial at least that has a score.
    space : Space
    scale : float
        Difference of scores that makes a set of parameters e times as likely.
    allowed : mapping
        Name -> the bounds beyond which the case cannot be run, see `allowed_values`.

    Returns
    -------
    list of str
        One line each, which says what to change.
    """
    best = history.best
    assert best is not None
    reasons = []
    if best.approach is not None:
        reasons.append(
            f"no run that the priors allow met the slicks seen, the best scored {best.score:.2g}: "
            "search more parameters that move the slick, such as current_bias_east and "
            "current_bias_north, or give more evaluations"
        )
    early = optimizer.History(history[: round(SETTLED * len(history))]).best
    if early is None or _value(best) - _value(early) >= scale:
        reasons.append(
            "the best score still rose towards the end: give the search more evaluations"
        )
    return [*reasons, *_on_bounds(best.parameters, space, allowed)]


def _on_bounds(
    best: Mapping[str, float], space: optimizer.Space, allowed: Mapping[str, Bounds]
) -> Iterator[str]:
    """Yield a line for each bound on which the best parameters sit, where something can be done."""
    (unit,) = space.to_unit([best])
    for at, parameter in zip(unit, space.parameters, strict=True):
        ends = zip(
            ("lower", "upper"),
            (parameter.low, parameter.high),
            allowed[parameter.name],
            TUNABLES[parameter.name].limits,
            strict=True,
        )
        for end, (side, bound, farthest, limit) in enumerate(ends):
            # no parameter can go beyond its limit, and there is nothing to widen
            if abs(at - end) < ON_BOUND and bound != limit:
                what = f"the best {parameter.name}, {best[parameter.name]:.4g}, sits on"
                if bound != farthest:
                    advice = f"its {side} bound, {bound:g}: widen it in [optimise.parameters]"
                else:
                    advice = f"{bound:.4g}, {BEYOND[parameter.name][end]}"
                yield f"{what} {advice}"


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
    for name, (_, asked) in case.optimise.parameters.items():
        low, high = searched_bounds(scenario, name)
        seen = first_seen_of(scenario) if name == START and high < asked else None
        if seen is not None:
            _log.warning(
                "optimise.parameters.%s: found %g h, searched up to %.4g h: a source starts before "
                "its slick is first seen, here at %s, and before its release ends",
                *(name, asked, high, second(seen)),
            )
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


def refuse_missing_method(method: str) -> None:
    """Refuse a method whose package is not installed, before any simulation."""
    if method == "cma" and importlib.util.find_spec("cma") is None:
        raise CaseError(
            'optimise.method: "cma" needs the package cma, which is not installed; expected it to '
            'be (pip install "witoil[cma]"), or another method'
        )


def study_head(
    scenario: Scenario,
    legs: Sequence[Scenario],
    space: optimizer.Space,
    default: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the part of the study that does not change during the search.

    Parameters
    ----------
    scenario : Scenario
    legs : sequence of Scenario
    space : Space
    default : mapping
        What `evaluate` says of the parameters of the case.
    """
    case = scenario.case
    seen = tuple(observation for leg in legs for observation in leg.observations)
    return {
        "name": case.name,
        "default": dict(default),
        "persistence": persistence(legs),
        "useful_fss": useful_skill(replace(legs[0], observations=seen)),
        "priors": prior_rows(space),
        "posterior": [],
        "source": None,
        "unsettled": None,
        "seeds": {"model": case.model.seed, "search": case.model.seed},
        "versions": versions(),
        "coverage": [report.as_dict() for report in scenario.coverage],
        "stokes_drift": scenario.forcing.stokes_drift,
        "case": case.model_dump(mode="json"),
    }
