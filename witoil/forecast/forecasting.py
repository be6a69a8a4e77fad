"""Walks forward through the slicks seen: learns from those up to one, and predicts the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import optimizer
from witoil.calibration.evaluation import combined_scores, evaluate, mean_ratio
from witoil.calibration.scoring import useful_skill
from witoil.calibration.search import search_space, study_head
from witoil.calibration.study import (
    COMPARED,
    NAME,
    checksum,
    default_score,
    refuse_changed,
    refuse_other,
)
from witoil.case import Case
from witoil.errors import CaseError, WitoilError
from witoil.files import plain, read_json, write_plain
from witoil.forecast.experts import (
    SETS,
    STILL,
    Maps,
    Record,
    areas_of,
    expert_named,
    growth_of,
    hours_of,
    likeliest,
    maps_of,
    members_of,
    mix,
    variants_of,
)
from witoil.forecast.reliability import Curve, Forecast, brier, crps, reliability
from witoil.forecast.spreading import Growth
from witoil.forecast.walk import Posterior, Trial, Walk
from witoil.scenario.drivers import drivers_of
from witoil.scenario.legs import legs_of
from witoil.scenario.run import run
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask, SlickMasks
from witoil.times import second
from witoil.workers import workers

FloatArray = NDArray[np.float64]

OnBatch = Callable[[float], None]
OnTrials = Callable[[Sequence[Trial]], None]
OnStep = Callable[["Step", Maps], None]


@dataclass
class Step:
    """One forecast: from a slick seen to the next.

    Attributes
    ----------
    leg : int
        Number of the leg that is forecast; those before it have been seen.
    mixed : ndarray of float32, shape of the grid
        Mean of the experts' probabilities of oil in each cell, by their shares.
    curve : Curve
        What it is corrected by.
    masks : dict
        Column of the table -> the slick it predicts.
    areas : tuple of ndarray
        Areas that the slick may have [km2], and their weights.
    trust : dict
        Expert -> its share in the forecast.
    trials : dict
        Column -> the trial whose parameters it has, where it is a single run.
    posterior : Posterior
    scores : dict
        Column -> how well it did, once the slick was seen.
    growth : Growth or None
        How that slick had grown.
    drivers : dict or None
        What drives the oil with the parameters that did best before, see `drivers_of`.
    """

    leg: int
    mixed: NDArray[np.float32]
    curve: Curve
    masks: dict[str, Mask]
    areas: tuple[FloatArray, FloatArray]
    trust: dict[str, float]
    trials: dict[str, Trial]
    posterior: Posterior
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    growth: Growth | None = None
    drivers: dict[str, dict[str, float]] | None = None

    @property
    def probability(self) -> NDArray[np.float32]:
        """Probability of oil in each cell, shape of the grid. [1]"""
        return self.curve(self.mixed)


@dataclass(frozen=True)
class Forecasts:
    """A finished walk.

    Attributes
    ----------
    scenario : Scenario
    walk : Walk
    steps : list of Step
        The first from the second slick on: at the first there was nothing to learn from.
    record : Record
        How all forecasts did, the first one, too.
    posteriors : list of Posterior
        Before any slick was compared, and after each.
    study : dict
        As in `study.json`.
    """

    scenario: Scenario
    walk: Walk
    steps: list[Step]
    record: Record
    posteriors: list[Posterior]
    study: dict[str, Any]

    @property
    def legs(self) -> Sequence[Scenario]:
        """The runs from slick to slick."""
        return self.walk.legs

    @property
    def space(self) -> optimizer.Space:
        """The parameters that are learnt."""
        return self.walk.space

    @property
    def trials(self) -> list[Trial]:
        """All sets of parameters that were run."""
        return self.walk.trials


def forecast(
    scenario: Scenario,
    folder: Path,
    *,
    scheduler: str | None = None,
    on_batch: OnBatch | None = None,
    on_trials: OnTrials | None = None,
    on_step: OnStep = lambda step, maps: None,
) -> Forecasts:
    """Forecast each slick of a scenario from those before it, or go on with that.

    Parameters
    ----------
    scenario : Scenario
        Whose case starts from observations, with two legs or more.
    folder : Path
        Takes `study.json`, written after every batch of runs. A study already there is continued.
    scheduler : str, optional
        Address of a Dask scheduler, `tcp://host:port`. Default: threads of this process. The
        outcome is the same, to the last bit.
    on_batch : callable, optional
        Called with the share of the runs that is done after every batch.
    on_trials : callable, optional
        Called with all trials after every batch.
    on_step : callable, optional
        Called with each forecast, once it has been scored, and what each expert said.

    Returns
    -------
    Forecasts

    Raises
    ------
    WitoilError, SimulatorError
        One line that says what to change.
    """
    legs = legs_of(scenario)
    refuse_too_few(scenario.case, len(legs))
    space = search_space(scenario)
    head = study_head(scenario, legs, space, evaluate(legs, {})) | {
        "space": [vars(parameter) for parameter in space.parameters]
    }

    def record(walk: Walk) -> None:
        _write(folder, head, walk)
        if on_batch:
            on_batch(min(walk.runs / total, 1.0))
        if on_trials:
            on_trials(walk.trials)

    case = scenario.case
    total = expected_runs(case, len(legs))
    with workers(scheduler) as there:
        walk = Walk(
            legs,
            space,
            evaluations=case.forecast.evaluations,
            memory_hours=case.forecast.memory_hours,
            seed=case.model.seed,
            there=there,
            variants=variants_of(scenario, legs),
            recorded=_read_rows(folder, head),
            on_batch=record,
        )
        steps = _steps(walk, case.forecast.members, on_step)
        posteriors = [*(step.posterior for step in steps), walk.learn(len(legs))]
    study = _write(folder, head, walk, steps, posteriors[-1])
    return Forecasts(scenario, walk, steps[1:], record_of(legs, steps), posteriors, study)


def _steps(walk: Walk, members: int, on_step: OnStep) -> list[Step]:
    """Predict each leg from those before it, then see it."""
    steps: list[Step] = []
    for k in range(len(walk.legs)):
        posterior = walk.learn(k) if k else walk.prior()
        step, maps = predict(walk, k, posterior, members, record_of(walk.legs, steps))
        step.scores = {
            name: combined_scores([walk.legs[k]], [SlickMasks(mask)])
            for name, mask in step.masks.items()
        }
        step.growth = growth_of(walk.legs[k])
        if "best" in step.masks:  # its run has not failed
            step.drivers = _drivers_of_leg(walk.legs[k], step.trials["best"].parameters)
        steps.append(step)
        on_step(step, maps)
    return steps


def _drivers_of_leg(
    leg: Scenario, changed: Mapping[str, float]
) -> dict[str, dict[str, float]] | None:
    return drivers_of(leg, run(leg, changed), leg.parameters(changed))


def record_of(legs: Sequence[Scenario], steps: Sequence[Step]) -> Record:
    """Return what is known of forecasts once their slicks have been seen."""
    return Record(
        [hours_of(legs[step.leg]) for step in steps],
        [{name: step.scores[name]["score"] for name in step.trust} for step in steps],
        [(step.mixed, *seen_at_end(legs[step.leg])) for step in steps],
        [step.growth for step in steps],
    )


def seen_at_end(leg: Scenario) -> tuple[Mask, Mask]:
    """Return the slick at the end of a leg, and the cells that can be compared."""
    seen = leg.observations[0]
    return seen.mask, leg.valid(seen)


def predict(
    walk: Walk, k: int, posterior: Posterior, most: int, record: Record
) -> tuple[Step, Maps]:
    """Predict the slick at the end of a leg from the one at its start; also what experts say."""
    leg = walk.legs[k]
    singles = {"default": walk.trials[0]}
    if k:
        singles |= {"best": walk.best(range(k)), "latest": walk.best([k - 1])}
    members = members_of(walk, k, posterior, most)
    runs = {trial.number: trial for each in members.values() for trial in each.trials}
    runs |= {trial.number: trial for trial in singles.values()}
    found = dict(zip(runs, walk.forecast([*runs.values()], k), strict=True))
    maps = maps_of(walk, k, members, found, record.growths)
    trust = record.trust([*maps], hours_of(leg))
    mixed, curve = mix(maps, trust), record.curve(hours_of(leg))
    masks = {"forecast": likeliest(curve(mixed))}
    masks |= {name: likeliest(probability) for name, probability in maps.items()}
    for name, trial in singles.items():
        if (mask := found[trial.number]) is not None:
            masks[name] = mask
    areas = areas_of(leg, maps, members, found, trust)
    return Step(k, mixed, curve, masks, areas, trust, singles, posterior), maps


def expected_runs(case: Case, legs: int) -> int:
    """Return about how many runs the walk of a case takes: shares of trials, and forecasts.

    Of the trials the first leg has one share; each further one has another of those kept, and one
    of new ones on all legs before, too.
    """
    settings, products = case.forecast, len(case.ensemble.forcing) if case.ensemble else 0
    learning = settings.evaluations * sum(k + (k > 1) for k in range(1, legs + 1))
    own = sum(SETS[name] for name in STILL) + products * SETS["product"]
    return learning + (settings.members + own) * legs


def refuse_too_few(case: Case, legs: int | None = None) -> None:
    """Refuse a case whose slicks are too few to learn from one and forecast the next.

    Parameters
    ----------
    case : Case
    legs : int, optional
        From slick to slick. Default: the most that there can be.
    """
    if legs is None:
        legs = len(case.observation) - (not case.release)
    if not case.starts_from_observations:
        raise CaseError(
            'optimise.start_from: expected "observations", since each forecast starts from a slick '
            "that was seen"
        )
    if legs < 2:
        raise CaseError(
            f"observation: found {len(case.observation)}, expected one to learn from and one "
            "to forecast at least"
        )


def _write(
    folder: Path,
    head: Mapping[str, Any],
    walk: Walk,
    steps: Sequence[Step] = (),
    last: Posterior | None = None,
) -> dict[str, Any]:
    best = None if last is None else _best(walk)
    rows = plain([trial.as_row() for trial in walk.trials])
    found = {
        **head,
        "forecast": _table(walk, steps[1:]),
        "best": best,
        "posterior": None if last is None else last.marginals(),
    }
    return write_plain(
        folder / NAME,
        {**plain(found), "history": rows, "checksum": checksum(rows)},
        indent=2 if steps else None,  # until all is done it is written anew after every batch
    )


def _best(walk: Walk) -> dict[str, Any]:
    """Return the trial that matches all slicks best, and how well."""
    seen = range(len(walk.legs))
    trial = walk.best(seen)
    scores = [trial.outcomes[k] for k in seen]
    weights = [walk.legs[k].observations[0].weight for k in seen]
    scales = scores[0]["fss"].keys()
    return {
        "trial": trial.number,
        "parameters": walk.legs[0].parameters(trial.parameters),
        "score": float(np.average([s["score"] for s in scores], weights=weights)),
        "penalised": walk.penalised(trial, seen),
        "fss": {
            w: float(np.average([s["fss"][w] for s in scores], weights=weights)) for w in scales
        },
        "observations": scores,
    }


def _table(walk: Walk, steps: Sequence[Step]) -> dict[str, Any] | None:
    """Return the scores of each forecast and their means."""
    if not steps:
        return None
    rows = []
    for step in steps:
        leg = walk.legs[step.leg]
        rows.append(
            {
                "from": second(leg.forcing.start),
                "to": second(leg.observations[0].time),
                "in_sample": {
                    str(k): step.trials["best"].outcomes[k]["fss"] for k in range(step.leg)
                },
                "scores": step.scores,
                "useful_fss": useful_skill(leg),
                "drivers": step.drivers,
                "trust": step.trust,
                "probabilities": {
                    **_probabilities([step], walk.legs),
                    "curve": step.curve.as_dict(),
                },
                "trials": {name: trial.number for name, trial in step.trials.items()},
            }
        )
    names = [name for name in steps[0].scores if all(name in step.scores for step in steps)]
    scales = [str(w) for w in walk.legs[0].case.score.windows]
    mean = {
        name: {w: float(np.mean([s.scores[name]["fss"][w] for s in steps])) for w in scales}
        for name in names
    }
    return {
        "steps": rows,
        "mean": mean,
        "area_ratio": {
            name: mean_ratio(s.scores[name]["area_ratio"] for s in steps) for name in names
        },
        "experts": {name: expert_named(name).reason for name in steps[-1].trust},
        "probabilities": _probabilities(steps, walk.legs),
    }


def _probabilities(steps: Sequence[Step], legs: Sequence[Scenario]) -> dict[str, Any]:
    """Return how far the probabilities of forecasts came true."""
    forecasts: list[Forecast] = [(s.probability, *seen_at_end(legs[s.leg])) for s in steps]
    error, parts = reliability(forecasts).expected_error, brier(forecasts)
    return {
        "expected_error": None if np.isnan(error) else error,
        "brier": parts and asdict(parts),
        "area_crps_km2": float(np.mean([_area_crps(s, legs[s.leg]) for s in steps])),
    }


def _area_crps(step: Step, leg: Scenario) -> float:
    mask, valid = seen_at_end(leg)
    return crps(*step.areas, leg.grid.area_km2(mask & valid))


def _read_rows(folder: Path, head: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the trials of a study to go on with; none where there is none yet."""
    path = folder / NAME
    try:
        study = read_json(path)
        rows: list[dict[str, Any]] = [dict(row) for row in study["history"]]
        if not all({"parameters", "outcomes"} <= row.keys() for row in rows):
            raise ValueError("its history is that of a calibration")
        refuse_changed(study)
        before = {key: study[key] for key in COMPARED}
        default_score(before)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise WitoilError(
            f"{path}: not a forecast study of witoil ({error}); expected one to continue, or "
            "another --out"
        ) from None
    refuse_other(path, before, head)
    return rows
