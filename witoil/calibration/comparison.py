"""Runs side by side under one referee: the same slicks, grid, land and windows for all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import catalog
from catalog.errors import without_keys
from simulator import Status
from witoil.calibration.scoring import ScoredSlick, refuse_even, score_runs
from witoil.case.comparison import differences
from witoil.case.sensors import sensor_told
from witoil.case.tunables import TUNABLES
from witoil.errors import WitoilError
from witoil.runs.opening import open_run
from witoil.runs.run import Run, Seen
from witoil.runs.slick import Sensor, particles_at, particles_of, taken_for
from witoil.times import datetime64, second
from witoil.versions import versions

_SAME_AREA = 0.01
"""Outlines of one time whose areas differ by no more than this share are of one slick."""


@dataclass(frozen=True)
class Moment:
    """A time at which runs are compared.

    Attributes
    ----------
    time : datetime64
        UTC.
    seen : Seen or None
        The slick that was observed then.
    slicks : tuple of ScoredSlick
        Of each run, on one grid.
    """

    time: np.datetime64
    seen: Seen | None
    slicks: tuple[ScoredSlick, ...]


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes
    ----------
    runs : tuple of Run
    labels : tuple of str
        A letter for each, and its name.
    sensors : tuple of Sensor
        What made slicks of the particles of each.
    windows : tuple of int
        [cells]
    moments : tuple of Moment
        In time order; a single one without an observation where nothing was seen.
    end : datetime64
        The last time that all runs reach, UTC.
    remarks : tuple of str
        On slicks that were left out.
    """

    runs: tuple[Run, ...]
    labels: tuple[str, ...]
    sensors: tuple[Sensor, ...]
    windows: tuple[int, ...]
    moments: tuple[Moment, ...]
    end: np.datetime64
    remarks: tuple[str, ...]


def compare(
    paths: Sequence[Path],
    observations: Sequence[Path] = (),
    *,
    windows: Sequence[int],
    sensor: Sensor | None = None,
) -> Comparison:
    """Put runs side by side.

    Parameters
    ----------
    paths : sequence of Path
        Two or more runs: see `witoil.runs.opening.open_run`.
    observations : sequence of Path
        Slicks that were seen, beside those that the runs were scored against.
    windows : sequence of int
        [cells]
    sensor : Sensor, optional
        By default the coarsest grid of the runs, and the detection limit and density of each.

    Raises
    ------
    WitoilError, CatalogError
        Also where the runs have no time in common.
    """
    refuse_even(windows)
    if len(paths) < 2:
        raise WitoilError(f"found {len(paths)} run; expected two or more to compare")
    runs = tuple(open_run(path) for path in paths)
    start, end = _common_time(runs)
    asked = sensor or Sensor()
    resolution = asked.resolution or max(run.resolution for run in runs)
    sensors = tuple(replace(asked, resolution=resolution).of(run) for run in runs)
    seen, remarks = _seen_by_all(runs, [_read_seen(path) for path in observations], start, end)
    moments = []
    chosen: list[Seen | None] = [*seen] or [None]
    for one in chosen:
        time = end if one is None else one.time
        outline = None if one is None else one.outline
        kind = None if one is None else one.sensor
        seen_by = [replace(each, kind=kind) for each in sensors]
        slicks = score_runs(runs, outline, time, windows=windows, sensors=seen_by)
        moments.append(Moment(time, one, tuple(slicks)))
    labels = tuple(f"{_letter(k)} {run.name}" for k, run in enumerate(runs))
    return Comparison(runs, labels, sensors, tuple(windows), tuple(moments), end, tuple(remarks))


def _letter(k: int) -> str:
    return chr(ord("A") + k) if k < 26 else f"{k + 1}"


def _common_time(runs: Sequence[Run]) -> tuple[np.datetime64, np.datetime64]:
    spans = []
    for run in runs:
        times = particles_of(run)["time"].values
        spans.append((times[0], times[-1]))
    start, end = max(first for first, _ in spans), min(last for _, last in spans)
    if start > end:
        told = ", ".join(
            f"{run.path} from {second(first)} to {second(last)}"
            for run, (first, last) in zip(runs, spans, strict=True)
        )
        raise WitoilError(f"{told}: no time is in all of them; expected runs of one time")
    return start, end


def _read_seen(path: Path) -> Seen:
    with without_keys("expected polygons of one layer and time, or one band of 0 and 1"):
        slick = catalog.read_slick(path)
    if slick.time is None:
        raise WitoilError(
            f"{path}: does not say when the slick was seen; expected its time in its attributes or "
            "its name, such as 20210824-0810"
        )
    time = datetime64(slick.time)
    return Seen(time, slick.geometry, path.name, sensor_told(slick.attributes))


def _seen_by_all(
    runs: Sequence[Run], given: Sequence[Seen], start: np.datetime64, end: np.datetime64
) -> tuple[list[Seen], list[str]]:
    """Return the slicks of the time that all runs have, one for each moment, and remarks."""
    found: dict[np.datetime64, Seen] = {}
    remarks = []
    for one in (*given, *(seen for run in runs for seen in run.seen)):
        if not start <= one.time <= end:
            remarks.append(
                f"{one.name}, seen at {second(one.time)}, is left out: not all runs have that time"
            )
        elif one.time not in found:
            found[one.time] = one
        elif _differ(one, found[one.time]):
            remarks.append(
                f"of {second(one.time)} there are two slicks: {found[one.time].name} is taken, "
                f"{one.name} is left out"
            )
    return [found[time] for time in sorted(found)], list(dict.fromkeys(remarks))


def _differ(one: Seen, other: Seen) -> bool:
    apart = one.outline.symmetric_difference(other.outline).area
    return float(apart) > _SAME_AREA * float(other.outline.area)


def as_document(found: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON has it, with all numbers of the page."""
    return {
        "windows": list(found.windows),
        "end": second(found.end),
        "runs": [_run(found, k) for k in range(len(found.runs))],
        "differences": differing(found),
        "moments": [_moment(found, moment) for moment in found.moments],
        "mean_fss": mean_fss(found),
        "remarks": list(found.remarks),
        "versions": versions(),
    }


def _run(found: Comparison, k: int) -> dict[str, Any]:
    run = found.runs[k]
    particles = particles_of(run)
    times = particles["time"].values
    return {
        "label": found.labels[k],
        "path": str(run.path),
        "name": run.name,
        "command": run.command,
        "from": second(times[0]),
        "to": second(times[-1]),
        "particles": int(particles.sizes["trajectory"]),
        **taken_for(run, found.sensors[k]),
        "at_end": _shares(run, found.end),
    }


def _shares(run: Run, time: np.datetime64) -> dict[str, float]:
    """Return what share of the oil released has each status, of particles where there is no mass.

    Oil that has evaporated, or that the shore has absorbed, weighs nothing any more and is no
    part of the whole.
    """
    at = particles_at(run, time)
    status = at["status"].values
    weights = at["mass"].values if "mass" in at else np.ones(status.size)
    weights = np.where(status == Status.UNRELEASED, 0.0, np.nan_to_num(weights))
    totals = np.bincount(status, weights, minlength=len(Status))
    whole = totals.sum()
    names = [each for each in Status if each != Status.UNRELEASED]
    return {each.name.lower(): float(totals[each] / whole) if whole else 0.0 for each in names}


def _moment(found: Comparison, moment: Moment) -> dict[str, Any]:
    rows = [
        {"label": label, "area_km2": slick.grid.area_km2(slick.mask), **slick.scores}
        for label, slick in zip(found.labels, moment.slicks, strict=True)
    ]
    return {
        "time": second(moment.time),
        "observation": None if moment.seen is None else moment.seen.name,
        "sensor": None if moment.seen is None else moment.seen.sensor,
        "runs": rows,
    }


def mean_fss(found: Comparison) -> list[dict[str, float | None]]:
    """Return the FSS of each run by window, mean over the slicks seen; empty where none was."""
    scored = [moment for moment in found.moments if moment.seen is not None]
    if not scored:
        return [{} for _ in found.runs]
    return [
        {
            str(window): _mean([moment.slicks[k].scores["fss"][str(window)] for moment in scored])
            for window in found.windows
        }
        for k in range(len(found.runs))
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def differing(found: Comparison) -> list[dict[str, Any]]:
    """Return the keys in which parameters and cases of runs differ, with the value of each run.

    A run that does not say what it was made with, as of another model, has null for all of them.
    """
    told = [_told(run) for run in found.runs]
    known = [each for each in told if each]
    keys = dict.fromkeys(
        key
        for other in known[1:]
        for key, before, now in differences(known[0], other, _SAID_ELSEWHERE)
        if not _only_rounded(before, now)
    )
    return [{"key": key, "values": [_value(each, key) for each in told]} for key in keys]


_SAID_ELSEWHERE = {"name", *(f"{part}.{name}" for part in ("model", "score") for name in TUNABLES)}
"""Keys of a case that are in the table of runs, or among the parameters as they were in a run."""


def _told(run: Run) -> dict[str, Any]:
    """Return what a run says it was made with, nothing where it does not."""
    case = run.summary.get("case")
    return {"parameters": run.parameters, **case} if isinstance(case, Mapping) else {}


def _only_rounded(before: Any, now: Any) -> bool:
    """Say whether two numbers are one but for the way in which it was computed."""
    if not (isinstance(before, float) and isinstance(now, float)):
        return False
    return math.isclose(before, now, rel_tol=1e-9)


def _value(told: Mapping[str, Any], key: str) -> Any:
    value: Any = told
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
