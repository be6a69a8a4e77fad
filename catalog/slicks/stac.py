"""Spill events as STAC: an item for each detection, a collection for each event."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import shapely

from catalog.antimeridian import box_of, split_at_180
from catalog.errors import CatalogError, UnreadableFileError
from catalog.shapes.vector import Area, refuse_not_finite, to_lon_lat
from catalog.slicks.slick import Slick, read_slick
from catalog.slicks.time_keys import NO_KEYS, TimeKeys

if TYPE_CHECKING:
    import pystac

    from catalog.slicks.detection import Detection
    from catalog.slicks.event import Event

_TYPES = {
    ".shp": "application/vnd.shp",
    ".zip": "application/zip",
    ".geojson": "application/geo+json",
    ".json": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".tif": "image/tiff; application=geotiff",
    ".tiff": "image/tiff; application=geotiff",
    ".nc": "application/netcdf",
    ".nc4": "application/netcdf",
}
_OURS = {
    **{name: name for name in ("sensor", "quality", "country", "event", "identifier")},
    "origin": "cause",
}
"""Properties of an item, and the attributes of a detection that they are."""
# What pystac raises where a document only looks like one of STAC.
_FAULTS = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
_MOST_ITEMS = 10_000
_PREFIX = "witoil:"


def is_stac(path: Path) -> bool:
    """Say whether a JSON file is of STAC, by its head."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(document, dict):
        return False
    features = document.get("features")
    parts = [document, *(features if isinstance(features, list) else [])]
    return any(isinstance(part, dict) and "stac_version" in part for part in parts)


def read_stac(path: Path, seen: set[str] | None = None) -> tuple[list[Detection], list[str]]:
    """Read detections from a STAC catalogue, collection, item or collection of items.

    Parameters
    ----------
    path : Path
        JSON. Links to other files are followed.
    seen : set of str, optional
        Files that have been read, which are left out; those that are read now are added.

    Returns
    -------
    detections : list of Detection
        Geometry and classes are those of the assets where these can be read, and else of the item.
    problems : list of str
        What could not be read, a line each.

    Raises
    ------
    UnreadableFileError
        If the file itself cannot be read.
    """
    import pystac

    detections: list[Detection] = []
    problems: list[str] = []
    seen = set() if seen is None else seen
    try:
        for item in _items(path, seen):
            try:
                detections.append(_detection(item))
            except CatalogError as error:
                problems.append(str(error))
            if len(detections) + len(problems) > _MOST_ITEMS:
                raise CatalogError(f"{path}: more than {_MOST_ITEMS} items; read a part of them")
    except CatalogError:
        raise
    except (pystac.STACError, pystac.STACTypeError, *_FAULTS) as error:
        raise UnreadableFileError(
            f"{path}: cannot be read as STAC ({error}); expected a catalogue, collection or item"
        ) from error
    return detections, problems


def write_stac(events: Iterable[Event], folder: Path) -> Path:
    """Write a self-contained STAC catalogue.

    Parameters
    ----------
    events : iterable of Event
        Those whose times are not known are left out.
    folder : Path
        Is made; what it held under the same names is replaced.

    Returns
    -------
    Path
        ``catalog.json``.

    Raises
    ------
    CatalogError
        If it cannot be written.
    """
    import pystac

    catalogue = pystac.Catalog("spill-events", "Oil slicks seen from space, event by event.")
    for event in events:
        if event.missing:
            continue  # an item has a time
        collection = pystac.Collection(
            event.identifier,
            f"{len(event.detections)} detections of one spill.",
            pystac.Extent(
                pystac.SpatialExtent([list(event.box)]),
                pystac.TemporalExtent([[event.start, event.end]]),
            ),
        )
        collection.add_items(_items_of(event))
        catalogue.add_child(collection)
    try:
        catalogue.normalize_and_save(str(folder), pystac.CatalogType.SELF_CONTAINED)
    except OSError as error:
        raise CatalogError(f"{folder}: cannot be written ({error.strerror})") from error
    return folder / "catalog.json"


def _items_of(event: Event) -> Iterator[pystac.Item]:
    """Yield an item for each detection; files are called by their ids, so no two have one."""
    taken: set[str] = set()
    for detection in event.detections:
        item = to_item(detection, event.identifier)
        names = chain([item.id], (f"{item.id}-{k}" for k in count(2)))
        item.id = next(name for name in names if name not in taken)
        taken.add(item.id)
        yield item


def to_item(detection: Detection, event: str) -> pystac.Item:
    """Return the STAC item of a detection.

    Parameters
    ----------
    detection : Detection
    event : str
        Identifier of its event.
    """
    import pystac

    told: dict[str, Any] = {
        f"{_PREFIX}{key}": getattr(detection, name)
        for key, name in _OURS.items()
        if getattr(detection, name) is not None
    }
    told[f"{_PREFIX}event"] = event
    keys = detection.slick.time_keys
    if keys != NO_KEYS:
        told[f"{_PREFIX}time_keys"] = [list(keys.fields), keys.format, keys.zone]
    told[f"{_PREFIX}area_km2"] = round(detection.area_km2, 6)
    if detection.volume_m3 is not None:
        told[f"{_PREFIX}volume_m3"] = [None if math.isnan(v) else v for v in detection.volume_m3]
    if detection.source is not None:
        told[f"{_PREFIX}source"] = list(detection.source)
    if detection.sensor is not None:
        told["platform"] = detection.sensor.lower()
    item = pystac.Item(
        id=detection.identifier,
        geometry=shapely.geometry.mapping(split_at_180(detection.slick.geometry)),
        bbox=list(box_of([detection.slick.geometry])),
        datetime=detection.time,
        properties=told,
    )
    for file in detection.files:
        path = Path(file)
        item.add_asset(
            path.stem,
            pystac.Asset(
                href=file if "://" in file else path.resolve().as_posix(),
                media_type=_TYPES.get(path.suffix.lower()),
                roles=["data"],
            ),
        )
    return item


def _items(path: Path, seen: set[str]) -> Iterator[pystac.Item]:
    import pystac

    if str(path.resolve()) in seen:
        return
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("type") == "FeatureCollection":
        for feature in document["features"]:
            item = pystac.Item.from_dict(feature)
            item.set_self_href(str(path))
            yield item
        return
    found = pystac.read_file(str(path.resolve()))
    if isinstance(found, pystac.Item):
        yield from _unseen([found], seen)
    elif isinstance(found, pystac.Catalog):
        for folder, _, items in found.walk():
            # Links may lead back to where they came from.
            if _note(folder, seen):
                yield from _unseen(items, seen)


def _unseen(items: Iterable[pystac.Item], seen: set[str]) -> Iterator[pystac.Item]:
    return (item for item in items if _note(item, seen))


def _note(found: pystac.STACObject, seen: set[str]) -> bool:
    """Note that a file is read; whether it was not before."""
    name = str(found.get_self_href())
    new = name not in seen
    seen.add(name)
    return new


def _detection(item: pystac.Item) -> Detection:
    from catalog.slicks.detection import Detection

    told = {
        name: str(item.properties[f"{_PREFIX}{key}"])
        for key, name in _OURS.items()
        if f"{_PREFIX}{key}" in item.properties
    }
    volume, source = (item.properties.get(f"{_PREFIX}{name}") for name in ("volume_m3", "source"))
    if "sensor" not in told and item.properties.get("platform"):
        told["sensor"] = str(item.properties["platform"])
    files = tuple(
        str(asset.get_absolute_href())
        for asset in item.assets.values()
        if "data" in (asset.roles or ["data"]) and asset.get_absolute_href()
    )
    return Detection(
        **{"identifier": item.id, **told},
        slick=_slick(item, files),
        volume_m3=None if volume is None else _pair(volume),
        source=None if source is None else _pair(source),
        files=files,
    )


def _pair(values: Any) -> tuple[float, float]:
    first, second = (math.nan if value is None else float(value) for value in values)
    return first, second


def _slick(item: pystac.Item, files: tuple[str, ...]) -> Slick:
    """Slick of the assets that lie here, else of the item itself."""
    if item.datetime is None:
        raise CatalogError(f"item {item.id}: has no datetime; expected when the slick was seen")
    time = item.datetime.astimezone(UTC)
    layers = [f for f in files if not Path(f).stem.lower().endswith("_source")]
    here = [f for f in layers if not urlsplit(f).scheme and Path(f).is_file()]
    if here and here == layers:
        slick = read_slick(here, time, time_keys=_time_keys(item))
        return replace(slick, files=tuple(here))
    if item.geometry is None:
        raise CatalogError(f"item {item.id}: has no geometry, and its assets cannot be read")
    return Slick(time=time, geometry=_own_geometry(item), files=files)


def _time_keys(item: pystac.Item) -> TimeKeys:
    found = item.properties.get(f"{_PREFIX}time_keys")
    if not found:
        return NO_KEYS
    fields, template, zone = found
    return TimeKeys(tuple(map(str, fields)), template, zone)


def _own_geometry(item: pystac.Item) -> Area:
    import geopandas

    label = f"item {item.id}"
    assert item.geometry is not None  # refused before
    try:
        shape = shapely.geometry.shape(item.geometry)
    except (shapely.errors.ShapelyError, ValueError, TypeError, LookupError, AttributeError):
        raise CatalogError(f"{label}: its geometry is none of GeoJSON") from None
    series = geopandas.GeoSeries([shape], crs=4326)
    refuse_not_finite(series, label)
    return to_lon_lat(series, label)
