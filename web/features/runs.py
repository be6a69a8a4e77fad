"""What a job has made, as features: what a model found, its run, the slicks and coast it oiled.

The process that has done a job writes them beside the results, in one hidden file; whoever keeps
the database reads that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import box_of, split_at_180, turned, unbroken, unbroken_box
from web.features.collections import COAST, RUNS, SLICKS
from web.features.detections import detections_of, left_out
from web.features.found import Found, not_empty
from web.store.cases import PREDICT, case_of
from witoil.files import write_json
from witoil.times import given_in_utc, to_datetime

FILE = ".features.json"
"""Name of the file, in the folder of a job."""

_OUTPUTS = {
    "particles": "particles.nc",
    "masks": "mask_*.tif",
    "slicks": "slick_*.geojson",
    "probability": "probability*.tif",
    "first_arrival": "first_arrival_hours.tif",
    "coast": "coast.geojson",
    "report": "report.html",
    "summary": "summary.json",
}
"""Files of a run that are named with it."""


def write_features(folder: Path, process: str, inputs: Mapping[str, Any]) -> list[str]:
    """Write the features of a job into its folder.

    Parameters
    ----------
    folder : Path
        With the results.
    process : str
    inputs : mapping
        Of the job; those without a case and without a model have no features.

    Returns
    -------
    list of str
        What is odd about them, in words.
    """
    if not folder.is_dir():
        return []
    found: list[Found] = []
    remarks: list[str] = []
    if process == PREDICT:
        found += not_empty(detections_of(folder, inputs))
        remarks = left_out(folder)
    case = case_of(inputs)
    if case is not None:
        found += features_of(folder, process, case)
    if process == PREDICT or case is not None:
        write_json(folder / FILE, {"features": [each.document() for each in found]})
    return remarks


def read_features(folder: Path, job_id: str) -> list[Found]:
    """Read the features of a job; none where it has left no file of them.

    Parameters
    ----------
    folder : Path
        Of the job, or of the one whose results it shares.
    job_id : str
        By which they are called.
    """
    try:
        documents = json.loads((folder / FILE).read_text(encoding="utf-8"))["features"]
    except FileNotFoundError:
        return []
    return [_of_job(Found.read(document), job_id) for document in documents]


def _of_job(found: Found, job_id: str) -> Found:
    return replace(found, id=job_id + found.id, properties={"job": job_id} | found.properties)


def features_of(folder: Path, process: str, keys: Mapping[str, Any]) -> list[Found]:
    """Find the features that the files of a job hold.

    Parameters
    ----------
    folder : Path
    process : str
    keys : mapping
        The case, as the inputs have it.

    Returns
    -------
    list of Found
        Their ids are what follows that of the job.
    """
    told = {"process": process, "name": str(keys.get("name", ""))}
    start, end = (_time(keys["time"][name]) for name in ("start", "end"))
    slicks = not_empty(_slicks(folder, told))
    coast = not_empty(_coast(folder, told, end))
    run = next(iter(sorted(_files(folder, "particles.nc"))), None)
    extent = None
    if run is not None:
        extent, start, end = _extent_of(run)
    places = [each.geometry for each in (*slicks, *coast)]
    if extent is None and places:
        extent = shapely.box(*unbroken_box(box_of(unbroken(places, "run"))))
    runs = []
    if extent is not None:
        told |= _scores(folder)
        assets = dict(_assets(folder))
        runs = [Found(RUNS, "", split_at_180(extent), start, end, told, assets)]
    return [*runs, *slicks, *coast]


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    """Yield files by their names, in a folder and below; none that is hidden."""
    for path in sorted(folder.rglob(pattern)):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _time(value: Any) -> datetime:
    return given_in_utc(value if isinstance(value, datetime) else datetime.fromisoformat(value))


def _shapes(path: Path) -> Iterator[tuple[BaseGeometry, dict[str, Any]]]:
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        yield shape(feature["geometry"]), feature["properties"]


def _slicks(folder: Path, told: Mapping[str, Any]) -> Iterator[Found]:
    number = 0
    for path in _files(folder, "slick_*.geojson"):
        for geometry, properties in _shapes(path):
            number += 1
            time = _time(properties["time"])
            area = {"area_m2": 1e6 * properties["area_km2"], "time": properties["time"]}
            name = {"slick": path.relative_to(folder).as_posix()}
            yield Found(
                SLICKS, f"-slick-{number}", geometry, time, time, {**told, **area}, assets=name
            )


def _coast(folder: Path, told: Mapping[str, Any], end: datetime) -> Iterator[Found]:
    number = 0
    for path in _files(folder, "coast.geojson"):
        for geometry, properties in _shapes(path):
            number += 1
            since = properties.get("first_oiled")
            start = end if since is None else min(_time(since), end)
            known = {k: v for k, v in properties.items() if k not in ("lon", "lat")}
            yield Found(COAST, f"-coast-{number}", geometry, start, end, {**told, **known})


def _extent_of(path: Path) -> tuple[BaseGeometry | None, datetime, datetime]:
    """Return the box in which the particles of a run were, None if none was released; its times."""
    from catalog.files.netcdf import open_netcdf

    with open_netcdf(path) as run:
        times = run["time"].values
        longitude, latitude = (run[name].values.ravel() for name in ("lon", "lat"))
    ends = to_datetime(times[0]), to_datetime(times[-1])
    known = np.isfinite(longitude) & np.isfinite(latitude)
    if not known.any():
        return None, *ends
    longitude, latitude = longitude[known].astype(float), latitude[known].astype(float)
    longitude = turned(longitude, longitude[0])
    west, south, east, north = (
        float(end(axis)) for end in (np.min, np.max) for axis in (longitude, latitude)
    )
    return shapely.box(west, south, east, north), *ends


def _scores(folder: Path) -> dict[str, Any]:
    """Return what the summary of a run says of it and of its scores."""
    path = next(_files(folder, "summary.json"), None)
    if path is None:
        return {}
    summary = json.loads(path.read_text(encoding="utf-8"))
    scores = [
        {key: value for key, value in score.items() if key != "observation"}
        for score in summary.get("scores", [])
    ]
    found: dict[str, Any] = {"particles": summary.get("particles"), "scores": scores}
    tables = [score["fss"] for score in scores if score.get("fss")]
    if tables:
        window = min(map(int, tables[0]))
        values = [table[str(window)] for table in tables]
        if all(value is not None for value in values):
            found |= {"fss": float(np.mean(values)), "fss_window": window}
    return found


def _assets(folder: Path) -> Iterator[tuple[str, str]]:
    for name, pattern in _OUTPUTS.items():
        for path in _files(folder, pattern):
            place = path.relative_to(folder).as_posix()
            yield (name if "*" not in pattern else place.replace("/", "-")), place
