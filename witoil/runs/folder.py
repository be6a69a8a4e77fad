"""Folders that commands of witoil filled, read back: whole runs of this version or earlier ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import rasterio
from pydantic import ValidationError
from shapely.errors import ShapelyError
from shapely.geometry import shape

from catalog.antimeridian import unbroken
from catalog.files.inputs import open_input
from simulator.oil import density_from_api
from witoil.case.sensors import sensor_told
from witoil.claim import is_half_written
from witoil.errors import WitoilError
from witoil.files import read_json
from witoil.runs.particles import NAME, CaseFacts, fault, read_particles, refuse_later, version_of
from witoil.runs.run import OBSERVED, Run, Seen

_RECORDS = {
    "summary.json": "simulate",
    "ensemble.json": "ensemble",
    "trace.json": "trace",
    "study.json": "optimise",
}
"""What a run wrote of itself -> the command; of a study, that of a walk forward says otherwise."""

_PROVENANCE = "provenance.json"


def open_folder(folder: Path) -> Run:
    """Open the folder of a run, or one within it such as ``best``.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Run
        Of a search over one window, the particles are those of its best parameters. Those over
        several windows have theirs in ``best/<window>``, which can be opened too.

    Raises
    ------
    WitoilError, CatalogError
    """
    _refuse_half(folder)
    path = _record_of(folder)
    record = _read_record(path)
    refuse_later(version_of(record, path), path)
    if (provenance := folder / _PROVENANCE).is_file():
        refuse_later(version_of(_read_record(provenance), provenance), provenance)
    command = "forecast" if "forecast" in record else _RECORDS[path.name]
    if path.name == "study.json":
        _refuse_unfinished(record, command, folder)
    try:
        facts = CaseFacts.model_validate(record.get("case"))
    except ValidationError as error:
        raise WitoilError(
            f"{path}: its case cannot be read ({fault(error)}); expected what a run writes"
        ) from None
    resolution = facts.score.resolution_m
    run = Run(folder, "witoil", command, facts.name, None, resolution, record, seen_in(folder))
    if command == "simulate":
        return _with_particles(run, folder)
    return _with_best(run) if command == "optimise" else run


def _refuse_half(folder: Path) -> None:
    # best/ and best/<window> are parts of a search
    within = [p for p in folder.resolve().parents[:2] if (p / "study.json").is_file()]
    if any(is_half_written(each) for each in (folder, *within)):
        raise WitoilError(
            f"{folder}: a command is writing there, or was killed while it did; expected a whole "
            "run: wait for it, or run the same command again"
        )


def _record_of(folder: Path) -> Path:
    found = [folder / name for name in _RECORDS if (folder / name).is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        raise WitoilError(
            f"{folder}: holds {' and '.join(path.name for path in found)}; expected one run"
        )
    if (folder / NAME).is_file():
        raise WitoilError(
            f"{folder}: holds {NAME} but no summary.json, so its run did not come to its end; "
            "expected a whole run: run it again"
        )
    inner = sorted(
        p.name for p in folder.iterdir() if p.is_dir() and (p / "summary.json").is_file()
    )
    if inner:
        raise WitoilError(f"{folder}: holds the runs {', '.join(inner)}; expected one: name it")
    files = sorted(p.name for p in folder.glob("*.nc"))
    if files:
        raise WitoilError(f"{folder}: holds {', '.join(files)}; expected a run: name the file")
    raise WitoilError(f"{folder}: is no run: found none of {', '.join(_RECORDS)}")


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = read_json(path)
    except (OSError, ValueError) as error:
        raise WitoilError(f"{path}: not JSON ({error}); expected what a run writes") from None
    if not isinstance(record, dict):
        raise WitoilError(
            f"{path}: found a {type(record).__name__}; expected an object as a run writes it"
        )
    return record


def _refuse_unfinished(record: dict[str, Any], command: str, folder: Path) -> None:
    """Refuse a study whose command has not come to its end."""
    has_ended = (folder / "best").is_dir() if command == "optimise" else record.get("best")
    if not has_ended:
        raise WitoilError(
            f"{folder}: holds a study that has not come to its end; expected a whole run: the same "
            "command goes on from there"
        )


def _with_best(run: Run) -> Run:
    best = run.path / "best"
    if (best / "summary.json").is_file():
        return replace(_with_particles(run, best), seen=seen_in(best))
    seen = [one for window in sorted(best.iterdir()) if window.is_dir() for one in seen_in(window)]
    return replace(run, seen=tuple(sorted(seen, key=lambda one: one.time)))


def _with_particles(run: Run, folder: Path) -> Run:
    """Add the particles and the grid of a simulation, which belong to what it says of itself."""
    path = folder / NAME
    if not path.is_file():
        raise WitoilError(f"{folder}: has no {NAME}; expected a whole run: run it again")
    summary = run.summary if folder == run.path else _read_record(folder / "summary.json")
    particles, case, parameters = read_particles(open_input(path), path)
    if case != summary.get("case") or parameters != summary.get("parameters"):
        raise WitoilError(
            f"{folder}: {NAME} and summary.json are of different runs; expected one run: run it "
            "again"
        )
    try:
        density = density_from_api(float(summary["oil"]["api_gravity"]))
    except (KeyError, TypeError, ValueError) as error:
        raise WitoilError(
            f"{folder}: summary.json names no oil ({fault(error)}); run it again"
        ) from None
    resolution = _resolution(folder, run.resolution)
    return replace(run, particles=particles, resolution=resolution, density=density)


def _resolution(folder: Path, asked: float) -> float:
    """Return the cells of the masks of a run, which may be coarser than the case asked. [m]"""
    for mask in sorted(folder.glob("mask_*.tif")):
        try:
            with rasterio.open(mask) as file:
                return float(file.transform.a)
        except rasterio.errors.RasterioError as error:
            raise WitoilError(f"{mask}: not a mask ({error}); run it again") from None
    return asked


def seen_in(folder: Path) -> tuple[Seen, ...]:
    """Read the slicks that a run was scored against.

    Raises
    ------
    WitoilError
        Where the outline of one is damaged.
    """
    return tuple(_read_seen(path) for path in sorted(folder.glob(f"{OBSERVED}*.geojson")))


def _read_seen(path: Path) -> Seen:
    try:
        (feature,) = read_json(path)["features"]
        time = np.datetime64(feature["properties"]["time"].removesuffix("Z"), "ns")
        names = [PurePath(file).name for file in feature["properties"]["observation"]]
        sensor = sensor_told(feature["properties"])
        outline = unbroken([shape(feature["geometry"])], str(path))[0]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ShapelyError) as error:
        raise WitoilError(
            f"{path}: is no outline of a slick ({error}); expected what a run writes, run it again"
        ) from None
    return Seen(time, outline, ", ".join(names), sensor)
