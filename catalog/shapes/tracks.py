"""Lines along which oil came out, and tracks of ships and drifters, read from files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from catalog.antimeridian import parts_of, unbroken, unwrapped
from catalog.errors import CatalogError, UnreadableFileError
from catalog.paths import PathsLike, expand_paths
from catalog.shapes.vector import in_degrees, read_shapes

_LINES = {"LineString", "MultiLineString", "GeometryCollection"}
_COLUMNS = {"time": "time", "lon": "lon", "longitude": "lon", "lat": "lat", "latitude": "lat"}
_TIME_KEYS = ("times", "time", "coordTimes")
_NAME_KEYS = ("drifter", "drifter_id", "id", "trajectory", "name", "buoy", "mmsi")

_Place = tuple[Any, Any, Any]
_Row = tuple[
    str, str, _Place
]  # where it stands, whose it is, and time, longitude, latitude as read


@dataclass(frozen=True)
class Track:
    """Where a ship or a drifter was when.

    Attributes
    ----------
    times : ndarray of datetime64[ns], shape (fixes,)
        Rising; UTC.
    longitude, latitude : ndarray, shape (fixes,)
        Longitudes run on past 180 where it is crossed. [degrees]
    """

    times: npt.NDArray[np.datetime64]
    longitude: npt.NDArray[np.float64]
    latitude: npt.NDArray[np.float64]


def read_lines(paths: PathsLike, *, layer: str | None = None) -> shapely.MultiLineString:
    """Read all lines of vector files.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Shapefile, GeoJSON or GeoPackage, in any reference system.
    layer : str, optional
        Layer of a file with several.

    Returns
    -------
    MultiLineString
        In EPSG:4326; longitudes from -180 on, past 180 where they lie across. [degrees]

    Raises
    ------
    UnreadableFileError
        If a file is missing or damaged.
    CatalogError
        If there is no line, or the coordinates are not degrees.
    """
    lines: list[Any] = []
    for path in expand_paths(paths):
        frame = read_shapes(path, str(path), layer, _LINES, "line")
        degrees = in_degrees(frame.geometry, str(path))
        parts = parts_of(shapely.force_2d(degrees.array))
        found = parts[shapely.length(parts) * (shapely.get_dimensions(parts) == 1) > 0.0]
        if not found.size:
            raise CatalogError(f"{path}: the lines have no length; expected a line of two points")
        lines += list(found)
    return shapely.MultiLineString(list(parts_of(unbroken(lines, str(paths)))))


def read_track(path: str | Path) -> Track:
    """Read the track of a ship.

    Parameters
    ----------
    path : str or Path
        CSV with the columns ``time``, ``lon`` and ``lat``, or GeoJSON: points, each with a
        ``time``, or a line with ``times``, one for each of its points. ISO 8601, UTC where no
        offset is given.

    Returns
    -------
    Track

    Raises
    ------
    UnreadableFileError
        If the file is missing or is neither.
    CatalogError
        If there are fewer than two fixes, their times do not rise, or a place is none.
    """
    file = _the_file(path)
    return _track([(where, row) for where, _, row in _rows(file)], file)


def read_tracks(path: str | Path) -> dict[str, Track]:
    """Read the tracks of drifters, told apart by their names.

    Parameters
    ----------
    path : str or Path
        As for `read_track`; in CSV a column ``drifter``, ``id`` or ``name`` says whose each fix is,
        in GeoJSON a property of these names. Without one all fixes are of one drifter, and each
        line is one.

    Returns
    -------
    dict
        Name -> track, in the order of the file.

    Raises
    ------
    UnreadableFileError
        If the file is missing or is neither.
    CatalogError
        If a drifter has fewer than two fixes, its times do not rise, or a place is none.
    """
    file = _the_file(path)
    by_name: dict[str, list[tuple[str, _Place]]] = {}
    for where, name, row in _rows(file):
        by_name.setdefault(name, []).append((where, row))
    if not by_name:
        raise CatalogError(f"{file}: found no fix; expected two at least")
    return {
        name or "1": _track(rows, file, f"{name}: " if name else "")
        for name, rows in by_name.items()
    }


def _the_file(path: str | Path) -> Path:
    files = expand_paths(path)
    if len(files) != 1:
        raise CatalogError(f"{path}: {len(files)} files match; expected the one with the track")
    return files[0]


def _rows(file: Path) -> Iterator[_Row]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"{file}: not a text file ({error.reason}); expected a track in CSV or GeoJSON"
        ) from error
    is_json = file.suffix.lower() in (".geojson", ".json")
    yield from _fixes_of_json(text, file) if is_json else _fixes_of_csv(text, file)


def _track(rows: Sequence[tuple[str, _Place]], file: Path, whose: str = "") -> Track:
    fixes = [_fix(row, where) for where, row in rows]
    if len(fixes) < 2:
        raise CatalogError(f"{file}: {whose}found {len(fixes)} fixes, expected two at least")
    times = np.array([time for time, _, _ in fixes], "datetime64[ns]")
    falls = np.flatnonzero(np.diff(times) <= np.timedelta64(0))
    if falls.size:
        raise CatalogError(
            f"{file}: {whose}found the time {np.datetime_as_string(times[falls[0] + 1], 's')}Z "
            f"after {np.datetime_as_string(times[falls[0]], 's')}Z; expected rising times, sort "
            "the fixes"
        )
    longitude, latitude = np.array([place for _, *place in fixes], np.float64).T
    return Track(times, unwrapped(longitude), latitude)


def _fixes_of_csv(text: str, file: Path) -> Iterator[_Row]:
    rows = csv.reader(text.splitlines())
    names = [name.strip().lower() for name in next(rows, [])]
    header = [_COLUMNS.get(name, "") for name in names]
    whose = next((names.index(key) for key in _NAME_KEYS if key in names), None)
    missing = [name for name in ("time", "lon", "lat") if name not in header]
    if missing:
        raise CatalogError(
            f"{file}: no column {', '.join(missing)}; expected a first line time,lon,lat"
        )
    columns = [header.index(name) for name in ("time", "lon", "lat")]
    for row in rows:
        where = f"{file}: line {rows.line_num}"
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(header):
            raise CatalogError(f"{where}: found {len(row)} cells, expected {len(header)}")
        time, lon, lat = (row[column].strip() for column in columns)
        yield where, "" if whose is None else row[whose].strip(), (time, lon, lat)


def _fixes_of_json(text: str, file: Path) -> Iterator[_Row]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{file}: not GeoJSON ({error})") from error
    features = document.get("features") if isinstance(document, dict) else None
    for k, feature in enumerate(features if isinstance(features, list) else [document]):
        where = f"{file}: feature {k + 1}"
        try:
            yield from _fixes_of_feature(feature, where, k + 1)
        except (AttributeError, KeyError, TypeError, IndexError):
            raise CatalogError(
                f"{where}: expected a point with a `time`, or a line with `times`"
            ) from None


def _fixes_of_feature(feature: dict[str, Any], where: str, number: int) -> Iterable[_Row]:
    geometry, properties = feature["geometry"], feature.get("properties") or {}
    times = next((properties[key] for key in _TIME_KEYS if key in properties), None)
    if geometry["type"] not in ("Point", "LineString") or times is None:
        raise KeyError
    is_line = geometry["type"] == "LineString"
    places, times = (
        (geometry["coordinates"], times)
        if is_line
        else (
            [geometry["coordinates"]],
            [times],
        )
    )
    if not isinstance(times, list) or len(times) != len(places):
        found = len(times) if isinstance(times, list) else "a single"
        raise CatalogError(
            f"{where}: found {found} times for {len(places)} points, expected one for each"
        )
    told = next((str(properties[key]) for key in _NAME_KEYS if properties.get(key)), "")
    name = told or (str(number) if is_line else "")
    return [
        (where, name, (time, place[0], place[1])) for time, place in zip(times, places, strict=True)
    ]


def _fix(row: tuple[Any, Any, Any], where: str) -> tuple[datetime, float, float]:
    time, *place = row
    try:
        moment = datetime.fromisoformat(str(time))
    except ValueError:
        raise CatalogError(
            f"{where}: time: found {time!r}, expected ISO 8601 such as 2021-08-24T03:43:00Z"
        ) from None
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    try:
        lon, lat = (float(value) for value in place)
    except (TypeError, ValueError, OverflowError):
        raise CatalogError(
            f"{where}: found the place {place[0]!r}, {place[1]!r}, expected degrees east and north"
        ) from None
    if not (-360.0 <= lon <= 360.0 and -90.0 <= lat <= 90.0):
        raise CatalogError(
            f"{where}: found the place {lon:g} E {lat:g} N, expected longitude and latitude in "
            "degrees"
        )
    return utc, lon, lat
