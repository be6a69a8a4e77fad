"""Which rings of a polygon are its outside, where a file tells it wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Shapes = npt.NDArray[np.object_]
Numbers = npt.NDArray[np.intp]


def outermost_first(polygon: shapely.Polygon) -> shapely.Polygon:
    """Return a polygon whose outer ring lies within none of its holes: the two are exchanged."""
    rings = [polygon.exterior, *polygon.interiors]
    faces = shapely.polygons(rings)
    around = [k for k in range(1, len(rings)) if shapely.contains(faces[k], faces[0])]
    if not around:
        return polygon
    outer = max(around, key=lambda k: float(faces[k].area))
    return shapely.Polygon(rings[outer], rings[:outer] + rings[outer + 1 :])


def by_direction(record: Any) -> Any:
    """Return the polygons of a record of a shapefile, whose rings tell by direction what they are.

    Outer rings run clockwise, holes the other way (ESRI Shapefile Technical Description, 1998). In
    a record whose outermost rings all run counter-clockwise the two are exchanged, as writers leave
    them that take the directions of GeoJSON. Rings of one direction are parts, also within others.

    Parameters
    ----------
    record : BaseGeometry
        As GDAL reads it: the rings have their directions, but not always the right roles.

    Returns
    -------
    BaseGeometry
        The record itself where the roles are right.
    """
    polygons = shapely.get_parts(record)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    if len(rings) < 2:
        return record
    is_outer = shapely.is_ccw(rings)
    faces: Shapes = np.asarray(shapely.polygons(rings), object)
    inner, outer = _nested(faces)
    outermost = np.ones(len(rings), bool)
    outermost[inner] = False
    if not is_outer[outermost].all():
        is_outer = ~is_outer
    was_outer = np.append(True, polygon[1:] != polygon[:-1])
    if np.array_equal(is_outer, was_outer):
        return record
    return shapely.MultiPolygon(_with_holes(rings, faces, is_outer, inner, outer))


def _nested(faces: Shapes) -> tuple[Numbers, Numbers]:
    """Return pairs of rings of which the first lies within the second; of equal ones the later."""
    # in this direction each ring is prepared for all that may lie within it
    outer, inner = shapely.STRtree(faces).query(faces, predicate="contains")
    area = shapely.area(faces)
    larger = (area[outer] > area[inner]) | ((area[outer] == area[inner]) & (outer < inner))
    return inner[larger], outer[larger]


def _with_holes(
    rings: Shapes,
    faces: Shapes,
    is_outer: npt.NDArray[np.bool_],
    inner: Numbers,
    outer: Numbers,
) -> list[shapely.Polygon]:
    """Give each hole to the smallest outer ring that it lies within; without one it is a part."""
    holes: dict[int, list[Any]] = {int(k): [] for k in np.flatnonzero(is_outer)}
    area = shapely.area(faces)
    for hole in np.flatnonzero(~is_outer):
        around = [int(k) for k in outer[inner == hole] if is_outer[k]]
        if around:
            holes[min(around, key=lambda k: float(area[k]))].append(rings[hole])
        else:
            holes[int(hole)] = []
    return [shapely.Polygon(rings[k], found) for k, found in holes.items()]
