"""Parameters that are searched for: calibration, reconstruction, forecast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.errors import CaseError
from witoil.jobs.working import (
    OnCost,
    OnCoverage,
    Progress,
    prepared,
    silent,
    unannounced,
    unread,
    working,
)

if TYPE_CHECKING:
    from optimizer import History
    from witoil.case import Case


def optimise(
    case: Case,
    folder: Path,
    *,
    mlflow: str | None = None,
    scheduler: str | None = None,
    force: bool = False,
    pictures: bool = True,
    progress: Progress = silent,
    on_coverage: OnCoverage = unread,
    on_cost: OnCost = unannounced,
) -> dict[str, Any]:
    """Find the parameters with which a case matches its observations, or go on with that.

    The folder takes ``study.json``, written after every evaluation, and at the end the best run and
    the report.

    Parameters
    ----------
    case, folder, mlflow, scheduler, force, pictures, progress, on_coverage, on_cost
        Those of every job, see `witoil.jobs`.

    Returns
    -------
    dict
        As in ``study.json``.
    """
    from witoil.calibration.search import refuse_unobserved, search
    from witoil.calibration.study import NAME as STUDY
    from witoil.outputs.calibration import write_calibration
    from witoil.outputs.room import room_of_run
    from witoil.outputs.tracking import of_history, tracking

    total = case.optimise.evaluations
    with (
        working("optimise", case, folder, room=room_of_run(case), force=force),
        tracking(mlflow, "optimise", case, folder) as track,
    ):
        refuse_unobserved(case)
        is_begun = (folder / STUDY).exists()
        told = unannounced if is_begun or scheduler is not None else on_cost
        scenario = prepared("optimise", case, progress, on_coverage, told)

        def on_trial(history: History) -> None:
            best = history.best
            note = "" if best is None else f"best score {best.score:.3f}"  # priors not counted
            progress(min(len(history) / total, 1.0), note)
            track(of_history(history))

        found = search(scenario, folder, on_trial=on_trial, scheduler=scheduler)
        write_calibration(found, folder, pictures=pictures)
    return found.study


def reconstruct(case: Case, folder: Path, **options: Any) -> dict[str, Any]:
    """Find where or since when the source of a case leaked; options and result of `optimise`.

    Raises
    ------
    WitoilError, CatalogError, SimulatorError
        Also where the case does not search place or start of its source.
    """
    from witoil.case.tunables import PLACE, START

    if not {*PLACE, START} & {*case.optimise.parameters}:
        raise CaseError(
            f"optimise.parameters: found none of {', '.join((*PLACE, START))}; expected one at "
            "least, to look for a source"
        )
    return optimise(case, folder, **options)


def forecast(
    case: Case,
    folder: Path,
    *,
    mlflow: str | None = None,
    scheduler: str | None = None,
    force: bool = False,
    pictures: bool = True,
    progress: Progress = silent,
    on_coverage: OnCoverage = unread,
    on_cost: OnCost = unannounced,
) -> dict[str, Any]:
    """Forecast each slick of a case from those seen before it, or go on with that.

    The folder takes ``study.json``, written after every batch of runs, and all outputs at the end.

    Parameters
    ----------
    case, folder, mlflow, scheduler, force, pictures, progress, on_coverage, on_cost
        Those of every job, see `witoil.jobs`.

    Returns
    -------
    dict
        As in ``study.json``.
    """
    from witoil.calibration.study import NAME as STUDY
    from witoil.forecast.forecasting import forecast as walk_forward
    from witoil.forecast.forecasting import refuse_too_few
    from witoil.forecast.outlook import look_ahead
    from witoil.outputs.forecast import write_forecast
    from witoil.outputs.tracking import of_trials, tracking

    with (
        working("forecast", case, folder, force=force),
        tracking(mlflow, "forecast", case, folder) as track,
    ):
        refuse_too_few(case)
        is_begun = (folder / STUDY).exists()
        told = unannounced if is_begun or scheduler is not None else on_cost
        scenario = prepared("forecast", case, progress, on_coverage, told)
        result = walk_forward(
            scenario,
            folder,
            scheduler=scheduler,
            on_batch=lambda share: progress(share, ""),
            on_trials=lambda trials: track(of_trials(trials)),
        )
        outlook = look_ahead(
            result,
            scheduler=scheduler,
            on_run=lambda share: progress(share, "beyond the last slick"),
        )
        progress(1.0, "writing")
        write_forecast(result, folder, outlook, pictures=pictures)
    return result.study
