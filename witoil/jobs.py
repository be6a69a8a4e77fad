"""All that can be done with a case, from the case to a folder, for whoever asks for it.

A job claims its folder, reads what the case names, computes, writes, and records what it read. It
tells how far it is by one function, and ends early, with nothing half-written, if that raises.

Parameters of every job
-----------------------
case : Case
folder : Path
    Takes the outputs. Where the same job was broken off there, it goes on if it can.
force : bool
    Replace what another run has left in the folder.
pictures : bool
    Draw, and write a page of what is drawn.
progress : callable
    See `Progress`.
on_coverage : callable
    See `OnCoverage`.
on_cost : callable
    See `OnCost`.

Parameters of some
------------------
mlflow : str, optional
    Tracking store of MLflow that every evaluation goes to.
scheduler : str, optional
    Address of a Dask scheduler, ``tcp://host:port``, whose workers run the simulations.

Raises
------
WitoilError, CatalogError, SimulatorError
    One line that says what to change.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from witoil.claim import LEAST_BYTES, claimed, need_room
from witoil.errors import CaseError, OutputError
from witoil.times import datetime64

if TYPE_CHECKING:
    from catalog import Coverage, Parametrised, RoleName
    from catalog.grid import Box
    from catalog.services.registry import Choice, Registry
    from optimizer import History
    from simulator import Halt
    from witoil.case import Case
    from witoil.check.cost import Command, Cost
    from witoil.ensemble.runs import MemberResult
    from witoil.runs.slick import Sensor
    from witoil.scenario.scenario import Scenario

    Covers = Sequence[Coverage | Parametrised]

Progress = Callable[[float, str], None]
"""Called with the share that is done, 0 to 1, and a note; to cancel the job, it raises."""

OnCoverage = Callable[["Covers"], None]
"""Called with what the data of a case cover, before anything is computed."""

OnCost = Callable[["Cost"], None]
"""Called with what a job takes once its data are read, where it begins anew, on this machine."""


_READING = "reading forcing, slicks and coastline"


def _silent(share: float, note: str) -> None:
    """Tell nobody."""


def _unannounced(cost: Cost) -> None:
    """Tell nobody."""


def _unread(reports: Covers) -> None:
    """Tell nobody."""


def simulate(
    case: Case,
    folder: Path,
    *,
    resume: Path | None = None,
    force: bool = False,
    pictures: bool = True,
    progress: Progress = _silent,
    on_coverage: OnCoverage = _unread,
    on_cost: OnCost = _unannounced,
) -> dict[str, Any]:
    """Run a case once, or go on from the end of an earlier run.

    Parameters
    ----------
    case, folder, force, pictures, progress, on_coverage, on_cost
        Those of every job, see `witoil.jobs`.
    resume : Path, optional
        An earlier run: its folder or ``restart.nc``.

    Returns
    -------
    dict
        As in ``summary.json``.
    """
    from witoil.outputs.checkpoints import Checkpoints
    from witoil.outputs.restart import NAME, read_restart, write_restart
    from witoil.outputs.room import room_of_run
    from witoil.scenario.run import run

    before = None if resume is None else read_restart(resume, case)
    ends: list[Any] = []
    with _working("simulate", case, folder, room=room_of_run(case), force=force) as made_from:
        scenario = _prepared(
            "simulate", case, progress, on_coverage, on_cost if before is None else _unannounced
        )
        began = None if before is None else before.attrs
        kept = Checkpoints(case, folder, lambda: {**made_from(), "resume": began})
        recorded, restart = kept.take_up()

        def on_halt(halt: Callable[[], Halt]) -> None:
            if kept.are_due:
                kept.add(*halt())

        _load_beside("witoil.outputs.run")
        result = run(
            scenario,
            on_output=lambda share: progress(share, ""),
            resume=before if restart is None else restart,
            on_end=ends.append,
            recorded=recorded,
            on_halt=on_halt,
        )
        from witoil.outputs.run import write_run

        summary = write_run(
            scenario, result, folder, parameters=scenario.parameters(), pictures=pictures
        )
        write_restart(case, ends[0], folder / NAME)
    return summary


def ensemble(
    case: Case,
    folder: Path,
    *,
    members: int | None = None,
    scheduler: str | None = None,
    force: bool = False,
    pictures: bool = True,
    progress: Progress = _silent,
    on_coverage: OnCoverage = _unread,
    on_cost: OnCost = _unannounced,
) -> dict[str, Any]:
    """Run a case many times, with what is uncertain drawn anew for each member.

    Parameters
    ----------
    case, folder, scheduler, force, pictures, progress, on_coverage, on_cost
        Those of every job, see `witoil.jobs`.
    members : int, optional
        Default: as the case says.

    Returns
    -------
    dict
        As in ``ensemble.json``.
    """
    from witoil.ensemble.members import draw_members
    from witoil.ensemble.runs import MemberResult, prepare_products, run_ensemble
    from witoil.outputs.checkpoints import Checkpoints, KeptMembers
    from witoil.outputs.ensemble import write_ensemble

    count = members or (case.ensemble.members if case.ensemble else 0)
    if not count:
        raise CaseError("ensemble: found no number of members; expected [ensemble] members")
    with _working("simulate", case, folder, force=force) as made_from:
        # other machines, and what goes on from an earlier run, take another time
        told = on_cost if scheduler is None else _unannounced
        scenario = _prepared("ensemble", case, progress, on_coverage, told, members=count)
        drawn = draw_members(scenario, count)
        scenarios = prepare_products(case, scenario)
        on_coverage([report for other in scenarios[1:] for report in other.coverage])

        kept = KeptMembers(Checkpoints(case, folder, lambda: {**made_from(), "members": count}))
        known = {n: MemberResult.from_arrays(n, arrays) for n, arrays in kept.known.items()}
        done, failed = len(known), 0

        def on_member(number: int, result: MemberResult | str) -> None:
            nonlocal done, failed
            done += 1
            if isinstance(result, str):
                failed += 1  # not kept: whatever befell a worker may not befall another
            else:
                kept.add(number, result.to_arrays())
            progress(done / count, f"{failed} failed" if failed else "")

        found = run_ensemble(
            scenarios, drawn, scheduler=scheduler, known=known, on_member=on_member
        )
        return write_ensemble(found, folder, scenario.observations, pictures=pictures)


def optimise(
    case: Case,
    folder: Path,
    *,
    mlflow: str | None = None,
    scheduler: str | None = None,
    force: bool = False,
    pictures: bool = True,
    progress: Progress = _silent,
    on_coverage: OnCoverage = _unread,
    on_cost: OnCost = _unannounced,
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
        _working("optimise", case, folder, room=room_of_run(case), force=force),
        tracking(mlflow, "optimise", case, folder) as track,
    ):
        refuse_unobserved(case)
        is_begun = (folder / STUDY).exists()
        told = _unannounced if is_begun or scheduler is not None else on_cost
        scenario = _prepared("optimise", case, progress, on_coverage, told)

        def on_trial(history: History) -> None:
            best = history.best
            note = "" if best is None else f"best score {best.value:.3f}"
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
    force: bool = False,
    pictures: bool = True,
    progress: Progress = _silent,
    on_coverage: OnCoverage = _unread,
    on_cost: OnCost = _unannounced,
) -> dict[str, Any]:
    """Forecast each slick of a case from those seen before it, or go on with that.

    The folder takes ``study.json``, written after every batch of runs, and all outputs at the end.

    Parameters
    ----------
    case, folder, mlflow, force, pictures, progress, on_coverage, on_cost
        Those of every job, see `witoil.jobs`.

    Returns
    -------
    dict
        As in ``study.json``.
    """
    from witoil.calibration.study import NAME as STUDY
    from witoil.forecast.experts import forecast as walk_forward
    from witoil.forecast.experts import refuse_too_few
    from witoil.forecast.outlook import look_ahead
    from witoil.outputs.forecast import write_forecast
    from witoil.outputs.tracking import of_trials, tracking

    with (
        _working("forecast", case, folder, force=force),
        tracking(mlflow, "forecast", case, folder) as track,
    ):
        refuse_too_few(case)
        told = _unannounced if (folder / STUDY).exists() else on_cost
        scenario = _prepared("forecast", case, progress, on_coverage, told)
        result = walk_forward(
            scenario,
            folder,
            on_batch=lambda share: progress(share, ""),
            on_trials=lambda trials: track(of_trials(trials)),
        )
        outlook = look_ahead(result, on_run=lambda share: progress(share, "beyond the last slick"))
        progress(1.0, "writing")
        write_forecast(result, folder, outlook, pictures=pictures)
    return result.study


def trace(
    case: Case,
    folder: Path,
    *,
    force: bool = False,
    pictures: bool = True,
    progress: Progress = _silent,
    on_coverage: OnCoverage = _unread,
    on_cost: OnCost = _unannounced,
) -> dict[str, Any]:
    """Trace a slick of a case back to where and when it may have been released.

    Parameters
    ----------
    case, folder, force, pictures, progress, on_coverage, on_cost
        Those of every job, see `witoil.jobs`.

    Returns
    -------
    dict
        As in ``trace.json``.
    """
    from simulator import compile_early
    from witoil.check.cost import cost_of_trace
    from witoil.outputs.checkpoints import Checkpoints, KeptMembers
    from witoil.outputs.trace import write_trace
    from witoil.trace.backward import MemberPaths, prepare_trace, settings_of, trace_back
    from witoil.trace.source_map import map_sources

    with _working("trace", case, folder, force=force) as made_from:
        compile_early()
        progress(0.0, _READING)
        scenario = prepare_trace(case)
        on_coverage(scenario.coverage)
        on_cost(cost_of_trace(scenario))
        kept = KeptMembers(Checkpoints(case, folder, made_from))
        known = {number: MemberPaths(**arrays) for number, arrays in kept.known.items()}
        count, done = settings_of(case).members, len(known)

        def on_member(number: int, paths: MemberPaths) -> None:
            nonlocal done
            done += 1
            kept.add(number, paths._asdict())
            progress(done / count, "")

        paths = trace_back(scenario, known=known, on_member=on_member)
        return write_trace(scenario, map_sources(scenario, paths), folder, pictures=pictures)


def begin(
    path: Path,
    *,
    point: tuple[float, float] | None = None,
    slick: Sequence[str] = (),
    forcing: Mapping[RoleName, Sequence[str]] | None = None,
    period: tuple[datetime, datetime] | None = None,
    force: bool = False,
    **amounts: Any,
) -> Case:
    """Write the smallest case file that runs, commented.

    Parameters
    ----------
    path : Path
        TOML file.
    point : tuple of float, optional
        Longitude and latitude of what leaks. [degrees] Either this
    slick : sequence of str
        or files of a slick that was seen.
    forcing : mapping, optional
        Role -> files, those that there are.
    period : tuple of datetime, optional
        Of the run, UTC.
    force : bool
        Replace a file that is there.
    **amounts
        ``name``, and what is known of the oil: fields of `witoil.case.starter.Beginning`.

    Returns
    -------
    Case
        As it is read from the file.

    Raises
    ------
    WitoilError, CatalogError, SimulatorError
        One line that says what to change; nothing is written then.
    """
    from witoil.case.loading import parse_text
    from witoil.case.starter import text_of
    from witoil.files import replacing
    from witoil.scenario.beginning import at_point, from_slick
    from witoil.scenario.oils import oil_of

    with claimed(path, is_file=True):
        refuse_existing(path, force=force)
        if point is not None:
            beginning = at_point(point, forcing or {}, period, **amounts)
        else:
            beginning = from_slick(slick, forcing or {}, period, **amounts)
        text = text_of(beginning, path)
        case = parse_text(text, path)
        oil_of(case)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return case


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse to write a case file where one is, unless by force."""
    if path.exists() and not force:
        raise OutputError(f"{path}: is there already; expected a new name, or --force")


def check(case: Case, *, fetch: bool = False) -> dict[str, Any]:
    """Say what a case would read, cover, cost and lack; see `witoil.check.case.check`.

    Raises
    ------
    CatalogError
        Where the cache cannot be used.
    """
    from witoil.check.case import check as check_case

    return check_case(case, fetch=fetch)


def view(run: Path, page: Path) -> None:
    """Write a page that plays a run; see `witoil.outputs.pictures.write_page`.

    Parameters
    ----------
    run : Path
        As `witoil.runs.opening.open_run` takes it.
    page : Path
        An HTML file.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.outputs.pictures import write_page
    from witoil.runs.opening import open_run

    write_page(open_run(run), page)


def animate(
    run: Path,
    film: Path,
    what: str | None = None,
    *,
    pictures_per_second: float | None = None,
    progress: Progress = _silent,
) -> None:
    """Write a film of a run; see `witoil.outputs.pictures.write_film`.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.outputs.pictures import write_film
    from witoil.runs.opening import open_run

    write_film(
        open_run(run), film, what, pictures_per_second=pictures_per_second, progress=progress
    )


def plot(run: Path, picture: Path, what: str | None = None, time: datetime | None = None) -> None:
    """Write a picture of a run at one of its times; see `witoil.outputs.pictures.write_still`.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.outputs.pictures import write_still
    from witoil.runs.opening import open_run
    from witoil.times import datetime64

    write_still(open_run(run), picture, what, None if time is None else datetime64(time))


def score(
    run: Path,
    observation: Path,
    *,
    windows: Sequence[int],
    time: datetime | None = None,
    sensor: Sensor | None = None,
) -> dict[str, Any]:
    """Score a run or a mask against an observation; see `witoil.calibration.scoring.score_files`.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.calibration.scoring import score_files

    return score_files(run, observation, windows=windows, time=time, sensor=sensor)


def compare(
    runs: Sequence[Path],
    folder: Path,
    *,
    observations: Sequence[Path] = (),
    windows: Sequence[int],
    sensor: Sensor | None = None,
) -> dict[str, Any]:
    """Put runs side by side; see `witoil.calibration.comparison.compare`.

    Parameters
    ----------
    runs : sequence of Path
    folder : Path
        Takes ``compare.html`` and ``compare.json``.
    observations : sequence of Path
    windows : sequence of int
    sensor : Sensor, optional

    Returns
    -------
    dict
        As in ``compare.json``.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.calibration.comparison import compare as side_by_side
    from witoil.outputs.comparison import write_comparison

    # before the folder is claimed, since a run may lie in it
    found = side_by_side(runs, observations, windows=windows, sensor=sensor)
    with claimed(folder):
        need_room(folder)
        return write_comparison(found, folder)


def export(
    run: Path,
    to: str,
    out: Path | None = None,
    *,
    time: datetime | None = None,
    every: int = 1,
) -> dict[str, Any]:
    """Write a run in the format of another tool.

    Parameters
    ----------
    run : Path
        Folder of a run, or a file of particles.
    to : str
        ``kmz``, ``gpkg``, ``shp``, ``csv``, ``geojson``, ``covjson`` or ``zarr``.
    out : Path, optional
        File to write; default: beside the run, by its name.
    time : datetime, optional
        The one output to write; without a zone it is UTC.
    every : int
        Write every so many outputs of the particles.

    Returns
    -------
    dict
        ``file``, ``files`` (names of all that was written beside each other), ``layers`` (name ->
        number of features) and ``remarks``.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.exports.formats import format_named, place_of, write
    from witoil.runs.opening import open_run

    place = place_of(run, format_named(to), out)
    opened = open_run(run)
    moment = None if time is None else datetime64(time)
    with claimed(place, is_file=True):
        return {"file": str(place), **write(opened, to, place, time=moment, every=every)}


def rasterise(
    observation: Path,
    folder: Path,
    *,
    time: datetime | None = None,
    resolution: float = 150.0,
    margin: int = 0,
    coastline: str = "osm",
) -> dict[str, Any]:
    """Put a slick that was seen on a grid, as runs are compared with it.

    The folder takes ``mask.tif`` and ``mask.geojson``.

    Parameters
    ----------
    observation : Path
        Outlines or a mask.
    folder : Path
    time : datetime, optional
        When it was seen, UTC; by default as its file says.
    resolution : float
        Cells of the grid. [m]
    margin : int
        Cells beyond the slick on every side.
    coastline : str
        Of the land that is masked out, see `catalog.read_land`.

    Returns
    -------
    dict
        ``time``, ``resolution_m``, ``shape`` (rows and columns), ``cells`` with oil at sea, and
        ``areas_km2``: of the ``polygons``, and of these ``cells``.

    Raises
    ------
    WitoilError, CatalogError
    """
    import catalog
    from catalog.errors import without_keys
    from witoil.errors import WitoilError
    from witoil.outputs.run import write_mask, write_outline
    from witoil.runs.slick import grid_over, land_on
    from witoil.times import second

    with without_keys("expected polygons of one layer and time, or one band of 0 and 1"):
        slick = catalog.read_slick(observation, time)
    if slick.time is None:
        raise WitoilError(f"{observation}: does not say when the slick was seen; expected its time")
    grid = grid_over([slick.geometry], resolution, margin)
    land, _ = land_on(grid, coastline)
    mask = grid.cells_touched(slick.geometry) & ~land
    if not mask.any():
        raise WitoilError(
            f"{observation}: has no cell at sea with the coastline {coastline}; expected one at "
            "least, choose another"
        )
    moment = datetime64(slick.time)
    with claimed(folder):
        need_room(folder)
        write_mask(mask, grid, moment, folder / "mask.tif", land)
        write_outline(mask, grid, moment, folder / "mask.geojson")
    return {
        "time": second(moment),
        "resolution_m": grid.resolution,
        "shape": list(grid.shape),
        "cells": int(mask.sum()),
        "areas_km2": {"polygons": slick.area_km2, "cells": grid.area_km2(mask)},
    }


def chosen_datasets(
    registry: Registry,
    roles: Sequence[RoleName],
    dataset: str | None,
    box: Box,
    period: tuple[datetime, datetime],
) -> list[Choice]:
    """Return the data sets of a registry that are to be fetched, one for each role.

    Parameters
    ----------
    registry : Registry
    roles : sequence of {"currents", "winds", "waves", "temperature"}
        Default: all that the data set is for.
    dataset : str, optional
        Its id; by default the best for each role.
    box : tuple of float
        West, south, east, north. [degrees]
    period : tuple of datetime
        UTC.

    Raises
    ------
    CatalogError
        If there is none, or it covers nothing of what is wanted.
    """
    if dataset is None:
        return [registry.choose(role, box, period) for role in dict.fromkeys(roles)]
    chosen = registry.find(dataset)
    return [
        registry.choice_of(chosen, role, box, period)
        for role in dict.fromkeys(roles or chosen.roles)
    ]


def fetch_forcing(
    folder: Path, choices: Sequence[Choice], *, progress: Progress = _silent
) -> dict[str, Any]:
    """Fetch forcing from services.

    Parameters
    ----------
    folder : Path
        Takes a file for each choice.
    choices : sequence of Choice
        From `chosen_datasets`.
    progress : callable
        See `Progress`.

    Returns
    -------
    dict
        ``files``: of each its ``name``, ``role``, ``dataset``, and what of the period the service
        says that it has, ``covered``, and has not, ``missing``.

    Raises
    ------
    CatalogError, OutputError
    """
    from datetime import UTC

    from catalog.services.fetching import fetch_forcing as fetched
    from witoil.files import copy_into
    from witoil.times import second

    taken: set[str] = set()
    told = []
    with claimed(folder):
        for number, choice in enumerate(choices):
            progress(number / len(choices), f"fetching {choice.role} of {choice.dataset.id}")
            file = copy_into(folder, fetched(choice, now=datetime.now(UTC)), taken)
            covered = [] if choice.covered is None else [choice.covered]
            told.append(
                {
                    "name": file.name,
                    "role": choice.role,
                    "dataset": choice.dataset.id,
                    "covered": [[second(end) for end in span] for span in covered],
                    "missing": [[second(end) for end in span] for span in choice.gaps],
                }
            )
    return {"files": told}


def fetch(
    folder: Path,
    names: Sequence[str],
    box: Box | None = None,
    period: tuple[datetime, datetime] | None = None,
    variables: Sequence[str] = (),
    *,
    progress: Progress = _silent,
) -> dict[str, Any]:
    """Fetch data of servers, or parts of them, into a folder.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        URLs of files, ``opendap:URL`` or ``thredds:URL#PATTERN``.
    box : tuple of float, optional
        West, south, east, north. [degrees]
    period : tuple of datetime, optional
        UTC.
    variables : sequence of str
        Of OPeNDAP; default: all.
    progress : callable
        See `Progress`.

    Returns
    -------
    dict
        ``files``: of each its ``name``, ``bytes`` and ``sha256``.

    Raises
    ------
    CatalogError, OutputError
    """
    from catalog.services.subset import Part, fetch_parts
    from witoil.files import copy_into

    part = Part(box, period, tuple(variables))
    seen: set[str] = set()
    taken: set[str] = set()
    told = []
    with claimed(folder):
        for number, name in enumerate(names):
            progress(number / len(names), f"fetching {name}")
            for entry in fetch_parts(name, part):
                if entry.identifier not in seen:
                    seen.add(entry.identifier)
                    file = copy_into(folder, entry.path, taken)
                    told.append({"name": file.name, "bytes": entry.size, "sha256": entry.sha256})
    return {"files": told}


def predict(
    module: str,
    files: Sequence[Path],
    folder: Path,
    *,
    version: str | None = None,
    georeference: str | None = None,
    time: datetime | None = None,
    parameters: Mapping[str, Any] | None = None,
    formats: Sequence[str] = ("json", "geojson"),
    progress: Progress = _silent,
) -> dict[str, Any]:
    """Run a plug-in on files; see `witoil.plugins.batch.predict_files`.

    Parameters
    ----------
    module : str
        Name of the plug-in.
    files : sequence of Path
        Images, rasters or sounds, and folders of them.
    folder : Path
        Takes ``report.json`` and a file or more for each format.
    version : str, optional
        That the plug-in has to have.
    georeference : str, optional
        As `witoil.plugins.georeference.parse_georeference` reads it.
    time : datetime, optional
        When they were taken; without a zone it is UTC.
    parameters : mapping, optional
        Of the plug-in, instead of those of its card.
    formats : sequence of str
    progress : Progress

    Returns
    -------
    dict
        As in ``report.json``: what was found in how many files, and which failed by what.

    Raises
    ------
    WitoilError
        Where nothing can be done at all; files that fail are named in the report.
    """
    from witoil.plugins.batch import predict_files
    from witoil.plugins.georeference import parse_georeference
    from witoil.plugins.registry import plugin_named

    plugin = plugin_named(module, version)
    placed = None if georeference is None else parse_georeference(georeference)
    with claimed(folder):
        need_room(folder)
        return predict_files(
            plugin,
            files,
            folder,
            georeference=placed,
            time=time,
            parameters=parameters,
            formats=formats,
            progress=progress,
        )


def predict_then(
    step: Literal["simulate", "trace"],
    case: Case,
    module: str,
    files: Sequence[Path],
    folder: Path,
    *,
    label: str | None = None,
    georeference: str | None = None,
    time: datetime | None = None,
    parameters: Mapping[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Run a plug-in on files, and simulate or trace back the oil that it finds.

    Parameters
    ----------
    step : {"simulate", "trace"}
    case : Case
        With all but the oil that is seen, see `witoil.plugins.chain.case_of_features`.
    module, files, georeference, time, parameters
        See `predict`.
    folder : Path
        Takes what was found, ``slick.geojson``, and a folder with the name of the step.
    label : str, optional
        Which of what is found is oil.
    **options
        Those of `simulate` or `trace`.

    Returns
    -------
    dict
        That of the step.

    Raises
    ------
    WitoilError, CatalogError, SimulatorError
        Also where a file fails: a part of the oil would be missing.
    """
    from witoil.plugins.chain import NAME, case_of_features

    report = predict(
        module, files, folder, georeference=georeference, time=time, parameters=parameters
    )
    for message in report["failed"].values():
        raise OutputError(message)
    with claimed(folder):
        changed = case_of_features(case, folder / "features.geojson", label, step, folder / NAME)
    jobs = {"simulate": simulate, "trace": trace}
    return jobs[step](changed, folder / step, **options)


def convert_annotations(path: Path, of: str, to: str, folder: Path) -> dict[str, Any]:
    """Write annotations of images in another format; see `witoil.plugins.formats.reading.convert`.

    Returns
    -------
    dict
        ``written``, names of files, and ``remarks``, what the format could not hold.

    Raises
    ------
    WitoilError
    """
    from witoil.plugins.formats.reading import convert

    with claimed(folder):
        need_room(folder)
        found = convert(path, of, to, folder)
    return {"written": list(found.names), "remarks": list(found.remarks)}


@contextmanager
def _working(
    command: str, case: Case, folder: Path, *, force: bool, room: float = LEAST_BYTES
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Keep a folder for a job, and record in it what the job reads and writes."""
    from witoil.outputs.provenance import recorded

    with claimed(folder), recorded(command, case, folder, force=force) as made_from:
        need_room(folder, room)
        yield made_from


def _load_beside(module: str) -> None:
    """Import what draws and writes while the kernels run, which leave Python to others."""
    threading.Thread(target=importlib.import_module, args=(module,), daemon=True).start()


def _prepared(
    command: Command,
    case: Case,
    progress: Progress,
    on_coverage: OnCoverage,
    on_cost: OnCost,
    members: int | None = None,
) -> Scenario:
    from simulator import compile_early
    from witoil.check.cost import cost_of
    from witoil.scenario.prepare import prepare

    compile_early()
    progress(0.0, _READING)
    scenario = prepare(case)
    on_coverage(scenario.coverage)
    on_cost(cost_of(command, scenario, members=members))
    return scenario
