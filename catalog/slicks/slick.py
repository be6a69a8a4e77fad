"""Oil slicks as seen from space: vector layers and raster masks, read into one geometry."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from datetime import time as clock
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from catalog.antimeridian import moved, turned, unbroken
from catalog.errors import CatalogError, UnclearError
from catalog.files.archives import unpack
from catalog.files.scratch import scratch_folder
from catalog.paths import PathsLike, expand_paths
from catalog.shapes.vector import (
    Area,
    in_degrees,
    layer_names,
    polygons_of,
    read_polygons,
    say_crossing,
)
from catalog.slicks.bonn import ThicknessClass
from catalog.slicks.masks import oil_cells
from catalog.slicks.raster import NETCDF, RASTERS
from catalog.slicks.time_keys import NO_KEYS, TimeKeys
from catalog.slicks.times import SAME_SCENE, Times, as_utc, scenes_of, times_of

_log = logging.getLogger(__name__)

VECTORS = {".shp", ".geojson", ".json", ".gpkg", ".kml", ".gml", ".fgb"}
_ARCHIVES = {".zip", ".kmz"}
_CLASSES = ("sheen", "thick")
_CENTRE_TOLERANCE_DEG = 0.1
_SHOWN = 6  # times in a message


@dataclass(frozen=True)
class Slick:
    """One observed slick.

    Attributes
    ----------
    time : datetime or None
        When it was seen, in UTC; None where neither the caller nor the files say.
    geometry : Polygon or MultiPolygon
        All the oil, in EPSG:4326; longitudes from -180 on, past 180 where it lies across. [degrees]
    thickness_class : dict
        ``sheen`` and ``thick`` -> their geometries, disjoint; empty where not told apart.
    attributes : dict
        What the files say of the slick as a whole, plain values only.
    files : tuple of str
        What it was read from: names of files, with layers.
    doubt : str
        Why the time is not known, where the files say something of one.
    time_keys : TimeKeys
        By which the time was read, if by any.
    """

    time: datetime | None
    geometry: Area
    thickness_class: dict[str, Area] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    doubt: str = ""
    time_keys: TimeKeys = NO_KEYS

    @cached_property
    def area_km2(self) -> float:
        """Area of the polygons on the WGS 84 ellipsoid. [km2]"""
        from pyproj import Geod

        # rings have to run round the oil and round its holes the other way
        rings = shapely.orient_polygons(self.geometry)
        area, _ = Geod(ellps="WGS84").geometry_area_perimeter(rings)
        return 1e-6 * abs(float(area))

    def moved(self, turn: float) -> Slick:
        """Return the slick moved by whole turns of longitude. [degrees]"""
        classes = {name: moved(part, turn) for name, part in self.thickness_class.items()}
        return replace(self, geometry=moved(self.geometry, turn), thickness_class=classes)

    def by_class(self) -> dict[ThicknessClass, Area]:
        """Return all the oil by class: what is not known to be thick counts as sheen."""
        thick = self.thickness_class.get("thick")
        if thick is None:
            return {"sheen": self.geometry}
        sheen = polygons_of([self.geometry.difference(thick)])
        return {"thick": thick} if sheen.is_empty else {"sheen": sheen, "thick": thick}


@dataclass(frozen=True)
class _Keys:
    """What the user says of how files are to be read."""

    layer: str | None
    threshold: float | None
    oil_values: Sequence[float] | None
    times: TimeKeys


@dataclass(frozen=True)
class _Layer:
    """One file's oil: shape, attributes and time of each of its records."""

    label: str
    stem: str
    shapes: npt.NDArray[np.object_]
    records: list[dict[str, Any]]
    times: Times

    @cached_property
    def geometry(self) -> Area:
        """All its oil. [degrees]"""
        return polygons_of(self.shapes)

    def at(self, shapes: npt.NDArray[np.object_]) -> _Layer:
        """Return it with other shapes; itself, with the geometry that it knows, where none is."""
        same = all(ours is theirs for ours, theirs in zip(self.shapes, shapes, strict=True))
        return self if same else replace(self, shapes=shapes)

    def part(self, chosen: Sequence[bool]) -> _Layer:
        """Return some of its records."""
        kept = [k for k, kept in enumerate(chosen) if kept]
        times = replace(self.times, moments=tuple(self.times.moments[k] for k in kept))
        records = [self.records[k] for k in kept]
        return replace(self, shapes=self.shapes[kept], records=records, times=times)


def read_slick(
    paths: PathsLike,
    time: datetime | None = None,
    *,
    layer: str | None = None,
    threshold: float | None = None,
    oil_values: Sequence[float] | None = None,
    time_keys: TimeKeys = NO_KEYS,
) -> Slick:
    """Read an observed slick from one or more files of the same scene.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Shapefile, GeoJSON, GeoPackage, KML, KMZ, raster mask (GeoTIFF, or NetCDF on latitude and
        longitude), or a zip of these; files, or layers of one file, named ``<id>_sheen`` and
        ``<id>_thick`` are classes of one slick.
    time : datetime, optional
        When it was seen, UTC unless it says otherwise. Where the files hold slicks of several
        times, those within an hour of it. By default as `catalog.slicks.times` reads attributes
        and names, such as ``20210824-0810-SYR-PL-A-01-S3``.
    layer : str, optional
        Layer of a file with several, variable of a NetCDF file, or band of a GeoTIFF.
    threshold : float, optional
        Least value of a raster that is oil.
    oil_values : sequence of float, optional
        Values of a raster that are oil; without either see `catalog.slicks.masks.oil_cells`.
    time_keys : TimeKeys, optional
        Which attributes tell the time, and how.

    Returns
    -------
    Slick
        The union of all files.

    Raises
    ------
    UnreadableFileError
        If a file, or a part of it, is missing or damaged.
    CatalogError
        If there is no oil, the coordinates are not degrees, or the times differ by over an hour
        and none is given that chooses among them.
    """
    keys = _Keys(layer, threshold, oil_values, time_keys)
    moment = None if time is None else as_utc(time)
    layers = _read_layers(paths, keys, moment)
    scenes = scenes_of(_moments(layers))
    if len(scenes) < 2:
        return _slick_of(layers, moment, time_keys)
    if moment is None:
        raise CatalogError(_several(layers, scenes))
    for first, last in scenes:
        if first - SAME_SCENE <= moment <= max(last, first + SAME_SCENE):
            return _slick_of(_seen_within(layers, first, last), moment, time_keys)
    raise CatalogError(
        f"{layers[0].label}: holds slicks of {_listed(scenes)}; expected one within an hour of "
        f"{moment:%Y-%m-%dT%H:%MZ}"
    )


def read_slicks(
    paths: PathsLike,
    *,
    layer: str | None = None,
    threshold: float | None = None,
    oil_values: Sequence[float] | None = None,
    time_keys: TimeKeys = NO_KEYS,
) -> list[Slick]:
    """Read the slicks of all times that files hold, one for each scene.

    Parameters
    ----------
    paths, layer, threshold, oil_values, time_keys
        As for `read_slick`.

    Returns
    -------
    list of Slick
        In the order of their times; a single one where these are not known.

    Raises
    ------
    UnreadableFileError, CatalogError
    """
    keys = _Keys(layer, threshold, oil_values, time_keys)
    names = expand_paths(paths)
    moments = []
    if len(names) == 1 and names[0].suffix.lower() in NETCDF:
        from catalog.slicks.rasters import raster_times  # vector files are read without xarray

        moments = raster_times(names[0], str(names[0]), layer)
    if len(moments) > 1:
        return [
            _slick_of(_read_layers(paths, keys, moment), moment, time_keys) for moment in moments
        ]
    layers = _read_layers(paths, keys, None, strict=False)
    scenes = scenes_of(_moments(layers))
    if len(scenes) < 2:
        return [_slick_of(layers, None, time_keys)]
    return [_slick_of(_seen_within(layers, *scene), scene[0], time_keys) for scene in scenes]


def _read_layers(
    paths: PathsLike, keys: _Keys, time: datetime | None, *, strict: bool = True
) -> list[_Layer]:
    """Read all layers of files.

    Unless `strict`, the files need not have the attributes of times that are named, and may hold
    slicks of several times that are not certain.
    """
    with ExitStack() as stack:
        files = [member for path in expand_paths(paths) for member in _members(path, stack)]
        layers = [
            _read_layer(path, label, replace(keys, layer=name), time)
            for path, label in _without_points(files)
            for name in _layers_by_class(path, keys.layer)
        ]
    if strict:
        _refuse_absent(keys.times, layers)
    for part in layers:
        if part.geometry.is_empty:
            raise CatalogError(
                f"{part.label}: the polygons enclose no area; expected a slick or land"
            )
        if part.times.several and strict:
            raise UnclearError(f"{part.label}: holds slicks of several times", part.times.doubt)
    layers = _together(layers)
    for part in layers:
        _refuse_swapped(part)
    return layers


def _refuse_absent(keys: TimeKeys, layers: Sequence[_Layer]) -> None:
    """Refuse attributes of times that no file has."""
    if keys.fields and not any(part.times.by_keys for part in layers):
        known = dict.fromkeys(name for part in layers for record in part.records for name in record)
        raise CatalogError(
            f"{layers[0].label}: no {' and no '.join(keys.fields)} of time_field; expected some of "
            f"{', '.join(known) or 'none'}"
        )


def _slick_of(layers: Sequence[_Layer], time: datetime | None, keys: TimeKeys) -> Slick:
    """Join what belongs to one scene; the time is by default what the layers say."""
    told = min(_moments(layers), default=None)
    if time is not None and told is not None and abs(time - told) > SAME_SCENE:
        _log.warning(
            "%s: says %s, taken for %s as the case says",
            *(layers[0].label, f"{told:%Y-%m-%dT%H:%MZ}", f"{time:%Y-%m-%dT%H:%MZ}"),
        )
    doubts = [part.times.doubt for part in layers if part.times.doubt]
    return Slick(
        time=time or told,
        geometry=polygons_of(part.geometry for part in layers),
        thickness_class=_by_thickness(layers),
        attributes=_common_attributes(layers),
        files=tuple(part.label for part in layers),
        doubt="" if time or told or not doubts else doubts[0],
        time_keys=keys if any(part.times.by_keys for part in layers) else TimeKeys(zone=keys.zone),
    )


def _moments(layers: Iterable[_Layer]) -> list[datetime]:
    return [moment for part in layers for moment in part.times.moments if moment is not None]


def _seen_within(layers: Sequence[_Layer], first: datetime, last: datetime) -> list[_Layer]:
    """Return what of layers was seen in one of several scenes."""
    parts = []
    for layer in layers:
        for number, moment in enumerate(layer.times.moments, start=1):
            if moment is None:
                raise CatalogError(
                    f"{layer.label}: feature {number} has no time, while others are of several; "
                    "expected one for each"
                )
        chosen = [m is not None and first <= m <= last for m in layer.times.moments]
        if any(chosen):
            parts.append(layer.part(chosen))
    return parts


def _several(layers: Sequence[_Layer], scenes: Sequence[tuple[datetime, datetime]]) -> str:
    """Say that there are slicks of several times, and what to do."""
    of_each = {part.label: scenes_of(_moments([part])) for part in layers}
    for label, own in of_each.items():
        if len(own) > 1:
            return (
                f"{label}: holds slicks of {_listed(own)}; one slick is expected: say which by "
                "`time`, each is an observation of its own"
            )
    (first, _), (last, _) = scenes[0], scenes[-1]
    names = {own[0][0]: label for label, own in reversed(of_each.items()) if own}
    return (
        f"{names[first]} is of {first:%Y-%m-%dT%H:%MZ} but {names[max(names)]} of "
        f"{last:%Y-%m-%dT%H:%MZ}; one slick needs times within an hour, give them separately"
    )


def _listed(scenes: Sequence[tuple[datetime, datetime]]) -> str:
    shown = ", ".join(f"{first:%Y-%m-%dT%H:%MZ}" for first, _ in scenes[:_SHOWN])
    return f"{len(scenes)} times, {shown}{' ...' if len(scenes) > _SHOWN else ''}"


def _members(path: Path, stack: ExitStack) -> list[tuple[Path, str]]:
    """Files to read for one path, each with its name for people: a zip has several."""
    if path.suffix.lower() not in _ARCHIVES:
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
        raise CatalogError(
            f"{path}: no shapefile, GeoJSON, GeoPackage, KML or GeoTIFF in the archive"
        )
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


def _read_layer(path: Path, label: str, keys: _Keys, time: datetime | None) -> _Layer:
    if path.suffix.lower() in RASTERS:
        return _read_raster_layer(path, label, keys, time)
    frame = read_polygons(path, label, keys.layer)
    records = [
        _plain({str(key): value for key, value in row.items()})
        for row in frame.drop(columns=frame.geometry.name).to_dict("records")
    ]
    stem = keys.layer if keys.layer is not None and _class_of(keys.layer) else path.stem
    times = times_of(records, stem, keys.times, label)
    shapes = np.asarray(in_degrees(frame.geometry, label).array, object)
    say_crossing(shapes, label)
    return _Layer(label, stem, shapes, records, times)


def _read_raster_layer(path: Path, label: str, keys: _Keys, time: datetime | None) -> _Layer:
    from catalog.slicks.rasters import read_raster

    raster = read_raster(path, label, layer=keys.layer, time=time)
    oil = oil_cells(raster, label, threshold=keys.threshold, oil_values=keys.oil_values)
    outlines, _ = raster.outline(oil, label)
    shape = shapely.GeometryCollection(list(in_degrees(outlines, label)))
    records = [_plain(raster.tags)]
    times = (
        Times((raster.time,))
        if raster.time is not None
        else times_of(records, path.stem, keys.times, label)
    )
    return _Layer(label, path.stem, np.array([shape], object), records, times)


def _together(layers: list[_Layer]) -> list[_Layer]:
    """Bring layers into one range of longitudes."""
    numbers = np.cumsum([0, *(len(part.shapes) for part in layers)])
    shapes = unbroken([shape for part in layers for shape in part.shapes], layers[0].label)
    return [
        part.at(shapes[first:last])
        for part, first, last in zip(layers, numbers[:-1], numbers[1:], strict=True)
    ]


def _refuse_swapped(layer: _Layer) -> None:
    """Hold a slick against the centre that its attributes give: swapped axes fit crosswise."""
    west, south, east, north = layer.geometry.bounds
    near = shapely.box(west, south, east, north).buffer(_CENTRE_TOLERANCE_DEG)
    for record in layer.records:
        lon, lat = (record.get(name) for name in ("CENTR_LON", "CENTR_LAT"))
        if not (isinstance(lon, int | float) and isinstance(lat, int | float)):
            continue
        here, crosswise = (turned(value, 0.5 * (west + east)) for value in (lon, lat))
        if shapely.contains_xy(near, crosswise, lon) and not shapely.contains_xy(near, here, lat):
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
        if isinstance(value, str | int | float | date | clock) and value == value
        if str(value).strip("* ")
    }
    return {k: v.isoformat() if isinstance(v, date | clock) else v for k, v in present.items()}


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
