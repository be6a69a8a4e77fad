"""Spill events: what was seen of a slick from space, by whom, in the order of time."""

from __future__ import annotations

import logging
import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from catalog.antimeridian import moved, turn_between, wrapped
from catalog.errors import CatalogError, UnclearError
from catalog.files.archives import ZIP_ERRORS
from catalog.files.probe import ask_ahead
from catalog.paths import PathsLike, expand_paths
from catalog.slicks.detection import EARTH_KM, Detection
from catalog.slicks.event import Event
from catalog.slicks.raster import NETCDF, RASTERS
from catalog.slicks.slick import VECTORS, Slick, read_slicks
from catalog.slicks.time_keys import NO_KEYS, TimeKeys

_log = logging.getLogger(__name__)

SAME_EVENT = timedelta(days=3)
"""A slick seen so long after another, near it, is still of the same spill."""

NEAR_KM = 50.0
"""How far oil drifts meanwhile, as far as events are told apart. [km]"""

# 20210824-0810-SYR-PL-A-01-S3: date, time, country, origin, class, number, satellite.
_IDENTIFIER = re.compile(
    r"(?P<date>\d{8})-(?P<time>\d{4})-(?P<country>[A-Z]{3})-(?P<origin>[A-Z]{2})"
    r"-(?P<quality>[A-Z])-(?P<number>\d{1,3})-(?P<sensor>[A-Z0-9]{2,4})",
    re.IGNORECASE,
)

_CAUSES = {"PL": "platform", "UO": "unknown origin"}

_PART = re.compile(r"_(sheen|thick|source)$", re.IGNORECASE)

_KNOWN = VECTORS | RASTERS | {".zip"}

_UNDATED = (
    "nothing says when the slick was seen; expected a time in its attributes (time_field, "
    "time_format), or a name such as 20210824-0810-SYR-PL-A-01-S3"
)


def read_events(paths: PathsLike, time_keys: TimeKeys = NO_KEYS) -> tuple[list[Event], list[str]]:
    """Find the spill events in folders and files.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Folders, which are searched with all below them, and files: shapefiles, GeoJSON,
        GeoPackages, zips of these, GeoTIFF and NetCDF masks, STAC catalogues and items. Also the
        URL of a THREDDS catalogue, of which all but NetCDF is taken, and URLs of files.
    time_keys : TimeKeys, optional
        Which attributes tell the time, and how, in the files that have them.

    Returns
    -------
    events : list of Event
        In the order of their first detections; after them files of slicks whose times are not
        certain, each with what is missing.
    problems : list of str
        What could not be read, a line each; one damaged file does not hide the others.

    Raises
    ------
    CatalogError
        If there is nothing at all.

    Notes
    -----
    Files named ``<id>``, ``<id>_sheen``, ``<id>_thick`` and ``<id>_source`` are one detection, or
    one for each time that they hold. Detections are one event where they say so (STAC), or are
    chained by at most three days and 50 km from one to the next.
    """
    from catalog.slicks.stac import read_stac

    detections: list[Detection] = []
    problems: list[str] = []
    stac, groups = _sort_files(_find_files(paths, problems))
    seen: set[str] = set()
    # A catalogue goes before what it links to.
    for file in sorted(stac, key=lambda file: (len(file.parts), file)):
        found, faults = read_stac(file, seen)
        detections += found
        problems += faults
    told = {name for d in detections for name in d.files}
    for files in groups:
        names = [found.name for found in files]
        if told.isdisjoint(names):
            try:
                detections += read_detections([f.path for f in files], names, time_keys)
            except UnclearError as error:
                problems.append(f"{error} of a case")
            except CatalogError as error:
                problems.append(str(error))
    if not detections and not problems:
        raise CatalogError(
            f"{_names(paths)}: no slick found; expected shapefiles, GeoJSON, GeoPackages, masks "
            "(GeoTIFF, NetCDF), zips of these or STAC items"
        )
    dated = [d for d in detections if d.slick.time is not None]
    events = group_events(dated)
    for detection in detections:
        if detection.slick.time is None:
            name = _unused(detection.identifier, events)
            events.append(Event(name, (detection,), detection.slick.doubt or _UNDATED))
    return events, problems


def read_detections(
    files: Sequence[Path], names: Sequence[str], time_keys: TimeKeys = NO_KEYS
) -> list[Detection]:
    """Read what one sensor saw of one slick, at each of the times that the files hold.

    Parameters
    ----------
    files : sequence of Path
        The layers of a detection, see `read_events`.
    names : sequence of str
        What others can read them by: paths or URLs.
    time_keys : TimeKeys, optional

    Returns
    -------
    list of Detection
        In the order of their times; a single one without a time where that is not certain.

    Raises
    ------
    CatalogError
        If a file is damaged.
    """
    layers = [file for file in files if not _is_part(file, "source")]
    classes = [file for file in layers if _PART.search(file.stem)]
    slicks = read_slicks(list(classes or layers or files), time_keys=time_keys)
    found = [_describe(slick, files, names) for slick in slicks]
    if len({d.identifier for d in found}) < len(found):
        found = [replace(d, identifier=f"{d.identifier}-{d.time:%Y%m%dT%H%M}") for d in found]
    return found


def _describe(slick: Slick, files: Sequence[Path], names: Sequence[str]) -> Detection:
    stem = _stem(files[0])
    attributes = {str(key).upper(): value for key, value in slick.attributes.items()}
    name = str(attributes.get("IDENTIFIER") or stem)
    match = _IDENTIFIER.search(name) or _IDENTIFIER.search(stem)
    told = match.groupdict() if match else {}
    cause = told.get("origin")
    return Detection(
        identifier=match[0] if match else stem,
        slick=slick,
        sensor=_text(attributes.get("SATELLITE") or told.get("sensor")),
        quality=_text(attributes.get("CLASS") or told.get("quality")),
        cause=_CAUSES.get(str(cause).upper(), cause),
        country=told.get("country"),
        volume_m3=_volume(attributes),
        source=_source(files),
        files=tuple(names),
    )


def group_events(detections: Iterable[Detection]) -> list[Event]:
    """Put detections of the same spill together.

    Parameters
    ----------
    detections : iterable of Detection

    Returns
    -------
    list of Event
        In the order of their first detections.
    """
    groups: list[list[Detection]] = []
    for detection in sorted(detections, key=lambda d: (d.time, d.identifier)):
        near = [group for group in groups if _belongs(detection, group)]
        merged = [d for group in near for d in group] + [detection]
        groups = [group for group in groups if group not in near] + [
            sorted(merged, key=lambda d: (d.time, d.identifier))
        ]
    groups.sort(key=lambda group: (group[0].time, group[0].identifier))
    events: list[Event] = []
    for group in groups:
        events.append(Event(_unused(_event_name(group[0]), events), tuple(group)))
    return events


def _belongs(detection: Detection, group: Sequence[Detection]) -> bool:
    if detection.event is not None or any(other.event is not None for other in group):
        return any(other.event == detection.event for other in group)
    return any(
        abs(detection.time - other.time) <= SAME_EVENT
        and _distance_km(detection.slick, other.slick) <= NEAR_KM
        for other in group
    )


def _event_name(first: Detection) -> str:
    if first.event is not None:
        return first.event
    match = _IDENTIFIER.search(first.identifier)
    if match is None:
        return f"{first.time:%Y%m%d-%H%M}"
    return f"{match['date']}-{match['time']}-{match['country']}-{match['origin']}"


def _unused(name: str, events: Sequence[Event]) -> str:
    taken = {event.identifier for event in events}
    names = (name if k == 1 else f"{name}-{k}" for k in range(1, len(events) + 2))
    return next(candidate for candidate in names if candidate not in taken)


def _distance_km(first: Slick, other: Slick) -> float:
    """Distance of the boxes of two slicks, which may lie on two sides of 180 degrees. [km]"""
    a = first.geometry.bounds
    turn = turn_between(other.geometry, 0.5 * (a[0] + a[2]))
    b = moved(other.geometry, turn).bounds
    dx = max(a[0] - b[2], b[0] - a[2], 0.0)
    dy = max(a[1] - b[3], b[1] - a[3], 0.0)
    stretch = math.cos(math.radians(0.25 * (a[1] + a[3] + b[1] + b[3])))
    return math.radians(math.hypot(dx * stretch, dy)) * EARTH_KM


@dataclass(frozen=True)
class _Found:
    """A file, what others can read it by, and the folder in which its layers lie together."""

    path: Path
    name: str
    folder: str


def _find_files(paths: PathsLike, problems: list[str]) -> Iterator[_Found]:
    for name in [paths] if isinstance(paths, str | Path) else list(paths):
        if isinstance(name, str) and _is_catalogue(name):
            yield from _find_on_server(name, problems)
            continue
        folder = Path(name).expanduser()
        if folder.is_dir():
            yield from _find_in_folder(folder)
        else:
            remote = isinstance(name, str) and ":/" in name
            for path in expand_paths(name):
                yield _Found(path, str(name) if remote else str(path), "")


def _find_in_folder(folder: Path) -> Iterator[_Found]:
    files = [
        file
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in _KNOWN and file.is_file()
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    ask_ahead(file for file in files if file.suffix.lower() in NETCDF)
    for file in files:
        if _may_hold(file):
            yield _Found(file, str(file), str(file.parent))


def _is_catalogue(name: str) -> bool:
    return name.lower().startswith("thredds:") or (
        "://" in name and name.lower().partition("#")[0].endswith((".xml", ".html"))
    )


def _find_on_server(name: str, problems: list[str]) -> Iterator[_Found]:
    """Fetch what a catalogue and those below it have of slicks; model output is left there."""
    from catalog.locate import fetch
    from catalog.remote.thredds_xml import HTTP
    from catalog.thredds import walk

    def tell(error: CatalogError) -> None:
        problems.append(str(error))

    wanted = _KNOWN - NETCDF
    seen = {""}  # no files
    for _, catalogue in walk(name.removeprefix("thredds:"), on_fault=tell):
        for dataset in catalogue.datasets:
            url = dataset.access.get(HTTP, "")
            names = (dataset.name, urlsplit(url).path)
            if url in seen or wanted.isdisjoint(Path(n).suffix.lower() for n in names):
                continue
            seen.add(url)
            try:
                path = fetch(url)
            except CatalogError as error:
                tell(error)
            else:
                # layers lie together on the server; two files of one name need not
                yield _Found(path, url, url.rpartition("/")[0])


def _may_hold(file: Path) -> bool:
    """Say whether a file found in a folder may be of a slick; other things lie there too."""
    from catalog.slicks.stac import is_stac

    suffix = file.suffix.lower()
    if suffix == ".json":
        return is_stac(file) or b'"coordinates"' in file.read_bytes()[:2_000_000]
    if suffix in NETCDF:
        return _holds_one_mask(file)
    return suffix != ".zip" or _packs_layers(file)


def _packs_layers(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            suffixes = {Path(name).suffix.lower() for name in archive.namelist()}
    except ZIP_ERRORS:
        return True  # reading it says what is wrong
    return not suffixes.isdisjoint((VECTORS | RASTERS) - {".json"})


def _holds_one_mask(file: Path) -> bool:
    from catalog.files.inputs import open_input
    from catalog.forcing.names import QUANTITIES
    from catalog.slicks.rasters import raster_variables

    try:
        with open_input(file) as dataset:
            names = raster_variables(dataset)
    except CatalogError as error:
        _log.info("%s", error)
        return False
    known = {alias for quantity in QUANTITIES.values() for alias in quantity.aliases}
    return len(names) == 1 and names[0].lower() not in known


def _sort_files(files: Iterable[_Found]) -> tuple[list[Path], list[list[_Found]]]:
    """Tell STAC apart from data, and put the layers of one detection together."""
    from catalog.slicks.stac import is_stac

    stac: list[Path] = []
    groups: dict[tuple[str, str, str], list[_Found]] = {}
    for file in files:
        if file.path.suffix.lower() == ".json" and is_stac(file.path):
            stac.append(file.path)
        else:
            key = (file.folder, _stem(file.path), file.path.suffix.lower())
            groups.setdefault(key, []).append(file)
    return stac, list(groups.values())


def _stem(file: Path) -> str:
    return _PART.sub("", file.stem)


def _is_part(file: Path, part: str) -> bool:
    return file.stem.lower().endswith(f"_{part}")


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _volume(attributes: dict[str, Any]) -> tuple[float, float] | None:
    low, high = (attributes.get(name) for name in ("MIN_VOLUME", "MAX_VOLUME"))
    if not isinstance(low, int | float):
        return None
    return float(low), float(high) if isinstance(high, int | float) else math.nan


def _source(files: Sequence[Path]) -> tuple[float, float] | None:
    """Point of release that comes beside some slicks."""
    from catalog.shapes.vector import in_degrees, read_shapes

    for file in files:
        if _is_part(file, "source"):
            frame = read_shapes(file, str(file), None, {"Point", "MultiPoint"}, "point")
            centre = in_degrees(frame.geometry, str(file)).union_all().centroid
            return float(wrapped(centre.x)), float(centre.y)
    return None


def _names(paths: PathsLike) -> str:
    return str(paths) if isinstance(paths, str | Path) else ", ".join(map(str, paths))
