"""Polygons in longitude and latitude from any vector file."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from catalog.antimeridian import parts_of, unbroken
from catalog.errors import CatalogError, UnclearError, UnreadableFileError
from catalog.shapes.rings import by_direction, outermost_first

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

_log = logging.getLogger(__name__)

Area = shapely.Polygon | shapely.MultiPolygon

# What pyogrio, GDAL and GEOS raise at files that are damaged.
_FAULTS = (
    *(shapely.errors.ShapelyError, RuntimeError, ValueError, TypeError, LookupError),
    *(NameError, AttributeError, OSError, MemoryError, ArithmeticError),
)

# A GeoPackage may hold any text in a column of moments: of what it does not know GDAL takes a part.
_GUESSED = re.compile(
    r"Non-conformant content .* in column (?P<column>.+?), (?P<value>.+), successfully parsed"
)
_ISO = re.compile(r"[\d-]+[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?")

_PICTURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF....WEBP",
    "HEIC or AVIF": rb"....ftyp(?:hei|hev|mif|msf|avi)",
}
"""Kind of picture -> how its files begin."""

_JSON = {".geojson", ".json"}
_POLYGONS = {"Polygon", "MultiPolygon", "GeometryCollection"}


def read_polygons(path: Path, label: str, layer: str | None = None) -> geopandas.GeoDataFrame:
    """Features of a vector file that have an area; see `read_shapes`."""
    return read_shapes(path, label, layer, _POLYGONS, "polygon")


def read_shapes(
    path: Path, label: str, layer: str | None, wanted: set[str], noun: str
) -> geopandas.GeoDataFrame:
    """Features of a vector file that are of the types wanted.

    Parameters
    ----------
    path : Path
        Any format that GDAL reads.
    label : str
        The file's name for people, in error messages.
    layer : str, optional
        Layer of a file with several; by default the only one.
    wanted : set of str
        Types of geometry.
    noun : str
        What people call these, in error messages.

    Returns
    -------
    GeoDataFrame
        In the file's own reference system, which may be absent.

    Raises
    ------
    UnreadableFileError
        If the file or a part of it is missing or damaged.
    CatalogError
        If there is no such feature, or no saying which layer is meant.
    """
    import geopandas

    frame = read_features(path, label, layer)
    count, kinds = len(frame), set()
    if isinstance(frame, geopandas.GeoDataFrame):
        refuse_not_finite(frame.geometry, label)
        absent = (frame.geometry.isna() | frame.is_empty).to_numpy()
        frame = frame[~absent]
        kinds = set(frame.geom_type)
    if not kinds & wanted:
        raise CatalogError(
            f"{label}: no {noun} among {count} features "
            f"(found {', '.join(sorted(kinds)) or 'no geometry'}); expected {noun}s"
        )
    if absent.any():
        _log.warning("%s: %s no geometry, left out", label, _numbered(absent, "has", "have"))
    return frame[frame.geom_type.isin(wanted)]


def refuse_not_finite(geometry: geopandas.GeoSeries, label: str) -> None:
    """Refuse features with a coordinate that is NaN or infinite.

    Raises
    ------
    CatalogError
        Naming the features, counted from 1.
    """
    places, feature = shapely.get_coordinates(geometry.array, return_index=True)
    faulty = np.zeros(len(geometry), bool)
    faulty[feature[~np.isfinite(places).all(axis=1)]] = True
    if faulty.any():
        raise CatalogError(
            f"{label}: {_numbered(faulty, 'has', 'have')} a coordinate that is NaN or infinite; "
            "expected numbers, correct the geometry or leave it out"
        )


def say_crossing(geometries: npt.NDArray[Any], label: str) -> None:
    """Say which features have outlines that cross themselves, and how `polygons_of` takes them."""
    reasons = shapely.is_valid_reason(geometries)
    crossing = np.array([reason.startswith("Self-intersection") for reason in reasons], bool)
    if crossing.any():
        _log.warning(
            "%s: %s itself; what its outline winds round is taken for inside",
            *(label, _numbered(crossing, "crosses", "cross")),
        )


def _numbered(chosen: npt.NDArray[np.bool_], one: str, several: str) -> str:
    """Name features by their numbers, counted from 1, with the verb that follows."""
    numbers = [str(k + 1) for k in np.flatnonzero(chosen)]
    shown = ", ".join(numbers[:5]) + (" ..." if len(numbers) > 5 else "")
    return f"feature{'s' * (len(numbers) > 1)} {shown} of {len(chosen)} " + (
        one if len(numbers) == 1 else several
    )


def layer_names(path: Path) -> list[str]:
    """Names of the layers of a vector file; none where it cannot be read."""
    try:
        return _list_layers(path)
    except _FAULTS:
        return []  # reading it says why


def _list_layers(path: Path) -> list[str]:
    import pyogrio

    with _remarks_logged():
        return [str(name) for name, _ in pyogrio.list_layers(path)]


@contextmanager
def _remarks_logged() -> Iterator[None]:
    """Send what GDAL remarks on a file to the log; refuse moments of which it took a part."""
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(str(remark.message) for remark in remarks):
        _log.info("%s", text)
        guessed = _GUESSED.search(text)
        if guessed and not _ISO.fullmatch(guessed["value"]):
            raise ValueError(
                f"{guessed['column']} is of moments, but has {guessed['value']!r}; make it a text"
            )


def read_features(path: Path, label: str, layer: str | None = None) -> pd.DataFrame:
    """All features of a vector file.

    Parameters
    ----------
    path, label, layer
        As for `read_polygons`.

    Returns
    -------
    GeoDataFrame, or DataFrame where there is no geometry
        In the file's own reference system, which may be absent.

    Raises
    ------
    UnreadableFileError
        If the file or a part of it is missing or damaged.
    CatalogError
        If there is no saying which layer is meant.
    """
    _refuse_picture(path, label)
    _refuse_partial_shapefile(path, label)
    try:
        layer = _choose_layer(path, label, layer)
        frame: pd.DataFrame = _read_frame(path, layer)
    except CatalogError:
        raise
    except _FAULTS as error:
        reason, *_ = str(error).split("; It might help")  # advice to those who call GDAL
        raise UnreadableFileError(
            f"{label}: cannot be read as a vector file ({reason.rstrip('.')}); expected a "
            "shapefile, GeoJSON or GeoPackage that is whole"
        ) from error
    return frame


def _refuse_picture(path: Path, label: str) -> None:
    """Refuse a photograph or drawing by its first bytes, whatever its name."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return  # a folder that GDAL reads, or nothing: reading it says why
    for kind, beginning in _PICTURES.items():
        if re.match(beginning, head, re.DOTALL):
            raise UnreadableFileError(
                f"{label}: is a picture ({kind}), which does not say where on the map it lies; "
                "expected outlines (shapefile, GeoJSON, GeoPackage) or a mask (GeoTIFF): a "
                "detection module makes one of a scene that has a georeference"
            )


def _refuse_partial_shapefile(path: Path, label: str) -> None:
    # GDAL can rebuild a missing index, and then pairs shapes and records by guess.
    if path.suffix.lower() != ".shp":
        return
    siblings = {file.name.lower() for file in path.parent.iterdir()}
    missing = [end for end in (".shx", ".dbf") if (path.stem + end).lower() not in siblings]
    if missing:
        raise UnreadableFileError(
            f"{label}: the shapefile has no {' and no '.join(missing)} beside it; a shapefile is "
            "at least .shp, .shx and .dbf, copy them all"
        )


def _choose_layer(path: Path, label: str, layer: str | None) -> str | None:
    names = _list_layers(path)
    if layer is None and len(names) > 1:
        raise UnclearError(
            f"{label}: has the layers {', '.join(names)}", "say which one by `layer`"
        )
    if layer is not None and layer not in names:
        raise CatalogError(f"{label}: no layer {layer!r}, only {', '.join(names)}")
    return layer


def _read_frame(path: Path, layer: str | None) -> geopandas.GeoDataFrame:
    import geopandas

    # Moments as they are written: as GDAL understands them they lose a zone that it does not know.
    options: dict[str, Any] = {"layer": layer, "datetime_as_string": True}
    if path.suffix.lower() in _JSON:
        options["DATE_AS_STRING"] = "YES"
    with _remarks_logged():
        try:
            frame = geopandas.read_file(path, **options)
        except UnicodeDecodeError:
            _log.info("%s: texts are not in the encoding it declares, read as Latin-1", path.name)
            frame = geopandas.read_file(path, **options, encoding="ISO-8859-1")
    if path.suffix.lower() == ".shp" and isinstance(frame, geopandas.GeoDataFrame):
        polygons = frame.geom_type.isin({"Polygon", "MultiPolygon"})
        frame.loc[polygons, "geometry"] = [by_direction(g) for g in frame.geometry[polygons]]
    return frame


def to_lon_lat(geometry: geopandas.GeoSeries, label: str) -> Area:
    """Union of geometries, valid, as polygons in EPSG:4326.

    Parameters
    ----------
    geometry : GeoSeries
        In any reference system; without one, degrees are assumed where the numbers allow it.
    label : str
        The file's name for people, in error messages.

    Returns
    -------
    Polygon or MultiPolygon
        Not empty; longitudes from -180 on, past 180 where it lies across.

    Raises
    ------
    CatalogError
        If the coordinates are not longitudes and latitudes, or enclose nothing.
    """
    area = polygons_of(in_degrees(geometry, label).array)
    if area.is_empty:
        raise CatalogError(f"{label}: the polygons enclose no area; expected a slick or land")
    return area


def in_degrees(geometry: geopandas.GeoSeries, label: str) -> geopandas.GeoSeries:
    """Geometries in EPSG:4326, one by one, in one range of longitudes; see `to_lon_lat`."""
    has_system = geometry.crs is not None
    if has_system:
        geometry = _to_wgs84(geometry, label)
    west, south, east, north = geometry.total_bounds
    if not (-360.0 <= west <= east <= 360.0 and -90.0 <= south <= north <= 90.0):
        cause = (
            "it has no reference system (.prj), add it"
            if not has_system
            else "longitude and latitude are swapped or the reference system is wrong"
        )
        raise CatalogError(
            f"{label}: x runs from {west:g} to {east:g} and y from {south:g} to {north:g}, "
            f"expected degrees east and north; {cause}"
        )
    return type(geometry)(unbroken(geometry.array, label), geometry.index, crs=geometry.crs)


def _to_wgs84(geometry: geopandas.GeoSeries, label: str) -> geopandas.GeoSeries:
    from pyproj.exceptions import ProjError

    try:
        return geometry.to_crs("EPSG:4326")
    except ProjError as error:
        raise CatalogError(
            f"{label}: its reference system leads to no longitude and latitude ({error}); "
            "correct it (.prj)"
        ) from error


def areas_together(areas: Sequence[Area], label: str) -> list[Area]:
    """Bring areas into one range of longitudes, see `catalog.antimeridian.unbroken`."""
    shapes = unbroken(areas, label)
    return [
        area if shape is area else polygons_of([shape])
        for area, shape in zip(areas, shapes, strict=True)
    ]


def polygons_of(geometries: Iterable[Any]) -> Area:
    """Union of what has an area in the geometries; may be empty.

    Each polygon is made valid by itself: it holds what its outer ring winds round, in whichever
    direction and however often, but for what its holes do; a hole that lies outside it is a part
    of its own. Parts that overlap are a union.
    """
    areas = _areal(shapely.force_2d(list(geometries)))
    invalid = ~shapely.is_valid(areas)
    areas[invalid] = [outermost_first(polygon) for polygon in areas[invalid]]
    # by structure: the other method takes what is wound round twice for a hole
    areas[invalid] = shapely.make_valid(areas[invalid], method="structure", keep_collapsed=False)
    # what is collapsed may be kept all the same, as a line beside the area
    union = shapely.disjoint_subset_union_all(_areal(areas) if invalid.any() else areas)
    return union if isinstance(union, Area) else shapely.Polygon()


def _areal(geometries: Iterable[Any]) -> npt.NDArray[Any]:
    """Return the parts of geometries that have an area."""
    parts = parts_of(geometries)
    areas: npt.NDArray[Any] = parts[shapely.get_dimensions(parts) == 2]
    return areas
