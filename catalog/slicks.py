"""Oil slicks as seen from space: vector layers and raster masks, read into one geometry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from catalog.archives import unpack
from catalog.bonn import ThicknessClass
from catalog.errors import CatalogError
from catalog.paths import PathsLike, expand_paths
from catalog.rasters import RASTERS, read_raster
from catalog.scratch import scratch_folder
from catalog.vector import (
    Area,
    in_degrees,
    layer_names,
    polygons_of,
    read_polygons,
    to_lon_lat,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

VECTORS = {".shp", ".geojson", ".json", ".gpkg", ".kml", ".gml", ".fgb"}
_CLASSES = ("sheen", "thick")
_CENTRE_TOLERANCE_DEG = 0.1
_SAME_SCENE = timedelta(hours=1)

# 20210824-0810, 20210824T081000, 2021-08-24T08:10:00Z, 2021-08-24 08:10:00+02:00 ...
_MOMENT = re.compile(
    r"(?<!\d)((?:19|20)\d\d)-?(\d\d)-?(\d\d)[T _-]?(\d\d):?(\d\d)(?::?(\d\d))?(?!\d)"
    r"(?:\.\d+)?([+-]\d\d:\d\d)?"
)
# Not when the file was made or changed.
_TIME_FIELD = re.compile(
    r"^(?!.*(?:creat|process|updat|modif|publi)).*(?:time|date|acqui|sensing|observed)",
    re.IGNORECASE,
)
_NAME_FIELD = re.compile(r"identifier|^id$|name|scene|product|^file", re.IGNORECASE)


@dataclass(frozen=True)
class Slick:
    """One observed slick.

    Attributes
    ----------
    time : datetime or None
        When it was seen, in UTC; None where neither the caller nor the files say.
    geometry : Polygon or MultiPolygon
        All the oil, in EPSG:4326. [degrees]
    thickness_class : dict
        ``sheen`` and ``thick`` -> their geometries, disjoint; empty where not told apart.
    attributes : dict
        What the files say of the slick as a whole, plain values only.
    sources : tuple of str
        The files.
    """

    time: datetime | None
    geometry: Area
    thickness_class: dict[str, Area] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    def by_class(self) -> dict[ThicknessClass, Area]:
        """Return all the oil by class: what is not known to be thick counts as sheen."""
        thick = self.thickness_class.get("thick")
        if thick is None:
            return {"sheen": self.geometry}
        sheen = polygons_of([self.geometry.difference(thick)])
        return {"thick": thick} if sheen.is_empty else {"sheen": sheen, "thick": thick}


@dataclass(frozen=True)
class ThicknessMap:
    """Oil whose thickness is known cell by cell.

    Attributes
    ----------
    geometry : MultiPolygon
        Cells, in EPSG:4326; neighbours of one thickness joined. [degrees]
    thickness : ndarray, shape (polygons,)
        [m]
    """

    geometry: shapely.MultiPolygon
    thickness: npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Layer:
    """One file's oil: its geometry, and the attributes of each of its features."""

    label: str
    stem: str
    geometry: Area
    records: list[dict[str, Any]]
    time: datetime | None = None


def read_slick(
    paths: PathsLike,
    time: datetime | None = None,
    *,
    layer: str | None = None,
    threshold: float | None = None,
) -> Slick:
    """Read an observed slick from one or more files of the same scene.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Shapefile, GeoJSON, GeoPackage, raster mask (GeoTIFF, or NetCDF on latitude and longitude;
        neither 0 nor the no-data value is oil), or a zip of these; files, or layers of one file,
        named ``<id>_sheen`` and ``<id>_thick`` are classes of one slick.
    time : datetime, optional
        When it was seen, UTC unless it says otherwise. By default from the attributes where they
        carry an hour (midnight there mostly is a date that lost its hour), else from the
        identifier or the file's name, such as ``20210824-0810-SYR-PL-A-01-S3``.
    layer : str, optional
        Layer of a file with several, or variable of a NetCDF file.
    threshold : float, optional
        Least value of a raster that is oil; for probabilities (fractions from 0 to 1) 0.5 unless
        it is given.

    Returns
    -------
    Slick
        The union of all files.

    Raises
    ------
    UnreadableFileError
        If a file, or a part of it, is missing or damaged.
    CatalogError
        If there is no oil, the coordinates are not degrees, or the times differ by over an hour.
    """
    with ExitStack() as stack:
        files = [member for path in expand_paths(paths) for member in _members(path, stack)]
        layers = [
            _read_layer(path, label, name, time, threshold)
            for path, label in _without_points(files)
            for name in _layers_by_class(path, layer)
        ]
    for part in layers:
        _refuse_swapped(part)
    return Slick(
        time=_as_utc(time) if time is not None else _common_time(layers),
        geometry=polygons_of(part.geometry for part in layers),
        thickness_class=_by_thickness(layers),
        attributes=_common_attributes(layers),
        sources=tuple(part.label for part in layers),
    )


def read_thickness(paths: PathsLike) -> ThicknessMap:
    """Read rasters whose values are the thickness of the oil.

    Parameters
    ----------
    paths : str, Path or sequence of them
        GeoTIFF of one band, or NetCDF of one field; they do not overlap. [micrometre]

    Returns
    -------
    ThicknessMap

    Raises
    ------
    UnreadableFileError
        If a file is damaged.
    CatalogError
        If it is no raster, holds no oil, or a thickness below 0.
    """
    import numpy as np

    shapes: list[Any] = []
    values: list[float] = []
    for path in expand_paths(paths):
        if path.suffix.lower() not in RASTERS:
            raise CatalogError(f"{path}: not a raster; expected a GeoTIFF of thicknesses")
        raster = read_raster(path, str(path))
        filled = raster.present & (raster.values != 0)
        if not filled.any():
            raise CatalogError(f"{path}: the mask is empty, no cell is other than 0 and no-data")
        outlines, thickness = raster.outline(filled, by_value=True)
        if min(thickness) < 0.0:
            raise CatalogError(
                f"{path}: found a thickness of {min(thickness):g} micrometres, expected 0 or more"
            )
        shapes += list(in_degrees(outlines, str(path)))
        values += thickness
    return ThicknessMap(shapely.MultiPolygon(shapes), 1e-6 * np.array(values))


def _members(path: Path, stack: ExitStack) -> list[tuple[Path, str]]:
    """Files to read for one path, each with its name for people: a zip has several."""
    if path.suffix.lower() != ".zip":
        return [(path, str(path))]
    folder = stack.enter_context(scratch_folder())
    unpack(path, folder)
    found = sorted(
        file
        for file in folder.rglob("*")
        # macOS adds a hidden "._" twin to every file it packs.
        if file.suffix.lower() in RASTERS | VECTORS and not file.name.startswith(".")
    )
    # What lies beside a layer as JSON tells of it.
    members = [file for file in found if file.suffix.lower() != ".json"] or found
    if not members:
        raise CatalogError(f"{path}: no shapefile, GeoJSON, GeoPackage or GeoTIFF in the archive")
    return [(file, f"{path}/{file.relative_to(folder).as_posix()}") for file in members]


def _without_points(files: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """Leave out ``<id>_source``, the point of release that comes beside some slicks."""
    return [file for file in files if not file[0].stem.lower().endswith("_source")] or files


def _layers_by_class(path: Path, layer: str | None) -> list[str | None]:
    """Layers to read of one file: those named by class, where it has several and none is meant."""
    if layer is not None or path.suffix.lower() in RASTERS | {".shp"}:
        return [layer]
    names = layer_names(path)
    classes = [name for name in names if _class_of(name) is not None]
    return list(classes) if len(names) > 1 and classes else [None]


def _class_of(name: str) -> str | None:
    return next((c for c in _CLASSES if name.lower().endswith(f"_{c}")), None)


def _read_layer(
    path: Path,
    label: str,
    layer: str | None,
    time: datetime | None = None,
    threshold: float | None = None,
) -> _Layer:
    moment = None
    if path.suffix.lower() in RASTERS:
        raster = read_raster(path, label, layer=layer, time=time)
        geometry, _ = raster.outline(raster.oil(label, threshold))
        records, moment = [raster.tags], raster.time
    else:
        frame = read_polygons(path, label, layer)
        geometry = frame.geometry
        records = [
            {str(key): value for key, value in row.items()}
            for row in frame.drop(columns=geometry.name).to_dict("records")
        ]
    stem = layer if layer is not None and _class_of(layer) else path.stem
    return _Layer(label, stem, to_lon_lat(geometry, label), [_plain(r) for r in records], moment)


def _refuse_swapped(layer: _Layer) -> None:
    """Hold a slick against the centre that its attributes give: swapped axes fit crosswise."""
    west, south, east, north = layer.geometry.bounds
    near = shapely.box(west, south, east, north).buffer(_CENTRE_TOLERANCE_DEG)
    for record in layer.records:
        lon, lat = (record.get(name) for name in ("CENTR_LON", "CENTR_LAT"))
        if not (isinstance(lon, int | float) and isinstance(lat, int | float)):
            continue
        if shapely.contains_xy(near, lat, lon) and not shapely.contains_xy(near, lon, lat):
            raise CatalogError(
                f"{layer.label}: x runs from {west:.2f} to {east:.2f}, y from {south:.2f} to "
                f"{north:.2f}, but its attributes say {lon:.2f} E {lat:.2f} N; longitude and "
                "latitude are swapped"
            )


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """Leave values that JSON can hold, without the missing ones (also written ``****``)."""
    present = {
        key: value
        for key, value in record.items()
        # NaN and NaT differ from themselves.
        if isinstance(value, str | int | float | date) and value == value
        if str(value).strip("* ")
    }
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in present.items()}


def _common_time(layers: Iterable[_Layer]) -> datetime | None:
    """Time of the scene; None if nothing tells it."""
    times = {
        moment: part.label
        for part in layers
        for record in part.records or [{}]
        if (moment := part.time or _time_of(record, part.stem)) is not None
    }
    if not times:
        return None
    first, last = min(times), max(times)
    if last - first > _SAME_SCENE:
        raise CatalogError(
            f"{times[first]} is of {first:%Y-%m-%dT%H:%MZ} but {times[last]} of "
            f"{last:%Y-%m-%dT%H:%MZ}; one slick needs times within an hour, give them separately"
        )
    return first


def _time_of(record: dict[str, Any], stem: str) -> datetime | None:
    """Time from time-like attributes that carry an hour, else the identifier, else the name."""
    stamps = [find_time(str(v)) for k, v in record.items() if _TIME_FIELD.search(k)]
    hours = [stamp for stamp in stamps if stamp is not None and (stamp.hour or stamp.minute)]
    names = [find_time(str(v)) for k, v in record.items() if _NAME_FIELD.search(k)]
    return next((moment for moment in (*hours, *names, find_time(stem)) if moment), None)


def find_time(text: str) -> datetime | None:
    """First date with an hour and minute in a text, as UTC; None if there is none.

    Parameters
    ----------
    text : str
        File name, identifier or ISO 8601 time.
    """
    for year, month, day, hour, minute, second, offset in _MOMENT.findall(text):
        iso = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{offset}"
        try:
            return _as_utc(datetime.fromisoformat(iso))
        except ValueError:
            continue  # digits that only look like a date
    return None


def _as_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _by_thickness(layers: Iterable[_Layer]) -> dict[str, Area]:
    """Geometry of each class that file names tell; what is thick is not sheen."""
    classes = {
        name: polygons_of(parts)
        for name in _CLASSES
        if (parts := [p.geometry for p in layers if _class_of(p.stem) == name])
    }
    if len(classes) == len(_CLASSES):
        classes["sheen"] = polygons_of([classes["sheen"].difference(classes["thick"])])
    return classes


def _common_attributes(layers: Iterable[_Layer]) -> dict[str, Any]:
    """Attributes that hold one value over all features of a file; the first file wins."""
    merged: dict[str, Any] = {}
    for part in layers:
        merged = dict(_shared(part.records)) | merged
    return merged


def _shared(records: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for key, value in records[0].items() if records else ():
        if all(record.get(key) == value for record in records):
            yield key, value
