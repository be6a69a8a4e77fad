"""Longitudes across 180 degrees: one unbroken range inside, cut at 180 in files.

What is read may be cut at 180 (RFC 7946), may jump there from one vertex to the next, or may run
on beyond it. All of these become one range of longitudes without a break, from -180 on and past 180
where something lies across: in it lengths, areas and neighbours are as anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from catalog.errors import CatalogError

if TYPE_CHECKING:
    from catalog.grid import Box

FloatArray = npt.NDArray[np.float64]
_Shape = TypeVar("_Shape", bound=BaseGeometry)
Shapes = npt.NDArray[np.object_]

_TOLERANCE_DEG = 1e-6
"""Gaps between parts are told apart by more than this: a tenth of a metre."""


def wrapped(longitude: Any) -> Any:
    """Return longitudes within -180 to 180; those that are there already keep their bits."""
    return longitude - 360.0 * np.round(longitude / 360.0)


def turned(longitude: Any, middle: float) -> Any:
    """Return longitudes within half a turn of a meridian, moved by whole turns. [degrees]"""
    return longitude + 360.0 * np.round((middle - longitude) / 360.0)


def unwrapped(longitude: FloatArray) -> FloatArray:
    """Return longitudes along a way without steps of more than half a turn. [degrees]"""
    turns = np.cumsum(np.round(np.diff(longitude) / 360.0))
    return longitude - 360.0 * np.append(0.0, turns)


def turn_between(geometry: BaseGeometry, middle: float) -> float:
    """Return the whole turns that bring the middle of a geometry nearest a meridian. [degrees]"""
    west, _, east, _ = geometry.bounds
    return 360.0 * round((middle - 0.5 * (west + east)) / 360.0)


def moved(geometry: _Shape, turn: float) -> _Shape:
    """Return a geometry moved by whole turns; by none it keeps its bits. [degrees]"""
    return translate(geometry, turn) if turn else geometry


def parts_of(geometries: Iterable[Any]) -> Shapes:
    """Return the points, lines and polygons of geometries, collections taken apart."""
    return _parts_and_owners(np.asarray(list(geometries), object))[0]


def _parts_and_owners(geometries: Shapes) -> tuple[Shapes, npt.NDArray[np.intp]]:
    """Return the parts of geometries that are not empty, and the number of what each is of."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    while (shapely.get_type_id(parts) > shapely.GeometryType.POLYGON).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
    filled = ~shapely.is_empty(parts)
    return parts[filled], owner[filled]


def unbroken(geometries: Iterable[BaseGeometry], label: str) -> Shapes:
    """Bring geometries, and the parts of each, into one range of longitudes without a break.

    Parameters
    ----------
    geometries : iterable of BaseGeometry
        In longitude and latitude. [degrees]
    label : str
        What they are of, for the error message.

    Returns
    -------
    ndarray of BaseGeometry
        One for each; as it was where nothing had to be moved.
        The range begins after the widest empty sector, from -180 on.

    Raises
    ------
    CatalogError
        If a hole encloses the pole.

    Notes
    -----
    An edge of more than 180 degrees is taken to go the other way round, across 180 degrees; one of
    360 degrees, as maps of the whole world have them, stays. A ring round the pole is closed along
    the pole.
    """
    shapes: Shapes = np.asarray(list(geometries), object)
    parts, owner = _parts_and_owners(shapes)
    if not parts.size:
        return shapes
    bounds = shapely.bounds(parts)
    changed = bounds[:, 2] - bounds[:, 0] > 180.0  # only these can have an edge that jumps
    parts[changed] = [_without_jumps(part, label) for part in parts[changed]]
    turns = 360.0 * _turns(shapely.bounds(parts))
    parts = np.array([moved(p, turn) for p, turn in zip(parts, turns, strict=True)], object)
    changed |= turns != 0.0
    for k in np.unique(owner[changed]):
        shapes[k] = _joined(list(parts[owner == k]))
    return shapes


def split_at_180(geometry: BaseGeometry) -> BaseGeometry:
    """Cut a geometry at 180 degrees, as RFC 7946 wants it; longitudes within -180 to 180.

    Parameters
    ----------
    geometry : BaseGeometry
        Valid, in longitudes without a break. [degrees]
    """
    west, _, east, _ = geometry.bounds
    if geometry.is_empty or (west >= -180.0 and east <= 180.0):
        return geometry
    first, last = (int(np.floor((edge + 180.0) / 360.0)) for edge in (west, east))
    dimension = int(shapely.get_dimensions(geometry))
    pieces: list[BaseGeometry] = []
    for turn in range(first, last + 1):
        sector = shapely.box(360.0 * turn - 180.0, -90.0, 360.0 * turn + 180.0, 90.0)
        cut = parts_of([shapely.intersection(geometry, sector)])
        # what only touches the border is a line or a point
        kept = cut[shapely.get_dimensions(cut) == dimension]
        pieces += [translate(piece, -360.0 * turn) for piece in kept]
    return _joined(pieces)


def _joined(parts: list[BaseGeometry]) -> BaseGeometry:
    """Return parts as one geometry: of one kind where they are of one dimension."""
    if len(parts) == 1:
        return parts[0]
    dimensions = {int(d) for d in shapely.get_dimensions(parts)}
    if len(dimensions) > 1:
        return shapely.GeometryCollection(parts)
    kinds: tuple[Any, ...] = (shapely.MultiPoint, shapely.MultiLineString, shapely.MultiPolygon)
    whole: BaseGeometry = kinds[dimensions.pop()](parts)
    return whole


def box_of(geometries: Iterable[BaseGeometry]) -> Box:
    """Return west, south, east, north of geometries, each in longitudes without a break.

    Returns
    -------
    tuple of float
        Longitudes within -180 to 180, east below west where the box lies across 180. [degrees]
    """
    bounds = shapely.bounds(np.asarray(list(geometries), object))
    bounds[:, [0, 2]] += 360.0 * _turns(bounds)[:, np.newaxis]
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    return wrapped_box((float(west), float(south), float(east), float(north)))


def wrapped_box(box: Box) -> Box:
    """Return a box with longitudes within -180 to 180, east below west where it lies across 180."""
    west, south, east, north = unbroken_box(box)
    if east - west >= 360.0:
        return -180.0, south, 180.0, north
    return float(wrapped(west)), south, float(wrapped(east)), north


def unbroken_box(box: Box) -> Box:
    """Return a box whose east is above its west: past 180 where the box lies across it."""
    west, south, east, north = box
    return west, south, east + (360.0 if east < west else 0.0), north


def _without_jumps(part: Any, label: str) -> BaseGeometry:
    if not isinstance(part, shapely.Polygon):
        line: BaseGeometry = type(part)(_line_unwrapped(shapely.get_coordinates(part)))
        return line
    shell = _line_unwrapped(np.asarray(part.exterior.coords)[:, :2])
    if (turn := shell[-1, 0] - shell[0, 0]) != 0.0:
        pole = np.copysign(90.0, shell[:, 1].mean())
        shell = np.vstack([shell, [[shell[-1, 0], pole], [shell[-1, 0] - turn, pole]], shell[:1]])
    middle = 0.5 * (shell[:, 0].min() + shell[:, 0].max())
    holes = []
    for ring in part.interiors:
        hole = _line_unwrapped(np.asarray(ring.coords)[:, :2])
        if hole[-1, 0] != hole[0, 0]:
            raise CatalogError(
                f"{label}: a hole of a polygon encloses the pole; expected polygons cut at 180 "
                "degrees (RFC 7946)"
            )
        own = 0.5 * (hole[:, 0].min() + hole[:, 0].max())
        hole[:, 0] += turned(own, middle) - own
        holes.append(hole)
    return shapely.Polygon(shell, holes)


def _line_unwrapped(points: FloatArray) -> FloatArray:
    longitude = points[:, 0]
    if (np.abs(np.diff(longitude)) == 360.0).any():
        return points  # the edge of a map of the world
    return np.column_stack([unwrapped(longitude), points[:, 1]])


def _turns(bounds: FloatArray) -> FloatArray:
    """Return the whole turns that bring parts together after the widest empty sector."""
    west, east = bounds[:, 0], bounds[:, 2]
    turns = -np.floor((west + 180.0) / 360.0)
    west, east = west + 360.0 * turns, east + 360.0 * turns
    order = np.argsort(west, kind="stable")
    reached = np.maximum.accumulate(east[order])
    gaps = np.append(west[order][1:] - reached[:-1], west.min() + 360.0 - reached[-1])
    widest = int(np.argmax(gaps))
    if gaps[widest] > gaps[-1] + _TOLERANCE_DEG:
        turns[order[: widest + 1]] += 1.0
    return turns
