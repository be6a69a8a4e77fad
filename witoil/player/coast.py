"""The coast of a page: cut to what the page shows, and simplified to its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

import catalog
from catalog.antimeridian import moved, turn_between
from catalog.errors import CatalogError
from witoil.player.mercator import POLEMOST, Box, northing
from witoil.player.quantise import Linear
from witoil.runs.run import Run

PIXELS = 3000
"""Detail of the coast: this many dots across what the page shows first."""

MOST_CORNERS = 60_000

_MOST = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class Land:
    """Land as far as it is known.

    Attributes
    ----------
    polygons : BaseGeometry
        [degrees]
    box : tuple of float
        West, south, east, north: all land in it is there. [degrees]
    """

    polygons: BaseGeometry
    box: Box


def surroundings(view: Box) -> Box:
    """Return the box to which one can move and zoom out. [degrees]"""
    west, south, east, north = view
    margin = max(east - west, north - south, 0.05)
    middle, half = 0.5 * (west + east), min(0.5 * (east - west) + margin, 180.0)
    low, high = max(south - margin, -POLEMOST), min(north + margin, POLEMOST)
    return middle - half, low, middle + half, high


def within(box: Box, other: Box) -> Box:
    """Return the part of a box that lies in another, whose longitudes may be whole turns apart."""
    west, south, east, north = box
    turn = 360.0 * round((west + east - other[0] - other[2]) / 720.0)
    left, right = other[0] + turn, other[2] + turn
    return max(west, left), max(south, other[1]), min(east, right), min(north, other[3])


def land_of(run: Run, box: Box) -> tuple[Land, str]:
    """Return the land that a run had in a box, and what to say of it where that is not known.

    Parameters
    ----------
    run : Run
    box : tuple of float
        West, south, east, north. [degrees]
    """
    source = run.summary.get("case", {}).get("forcing", {}).get("coastline")
    note = ""
    if source is None:
        source, note = "osm", "The coast is OpenStreetMap's, not that of the run."
    try:
        return Land(catalog.read_land(box, source), box), note
    except CatalogError as error:
        return Land(shapely.Polygon(), box), f"No coast is drawn: {error}"


def coast_arrays(
    land: Land, view: Box, box: Box
) -> tuple[dict[str, Any], dict[str, NDArray[np.unsignedinteger]]]:
    """Return land as rings of whole numbers, and their scales.

    Parameters
    ----------
    land : Land
    view : tuple of float
        What the page shows first. [degrees]
    box : tuple of float
        To which the land is cut. [degrees]

    Returns
    -------
    header : dict
        Scales of x and y, in Mercator's projection. [degrees]
    arrays : dict
        ``coast_x`` and ``coast_y``, shape (corners, 1), ``coast_sizes``, shape (rings, 1), corners
        of each ring. A ring's first and last number are those of the box where it was cut.
    """
    cut = land.polygons
    if not cut.is_empty:
        cut = moved(cut, turn_between(shapely.box(*land.box), 0.5 * (box[0] + box[2])))
    cut = shapely.clip_by_rect(cut, *box)
    flat = shapely.transform(cut, lambda p: np.stack([p[:, 0], northing(p[:, 1])], axis=-1))
    tolerance = max(view[2] - view[0], 1e-3) / PIXELS
    rings = _rings(flat, tolerance)
    while sum(map(len, rings)) > MOST_CORNERS:
        tolerance *= 1.5
        rings = _rings(flat, tolerance)
    scales = (
        Linear.over(box[0], box[2], _MOST),
        Linear.over(float(northing(box[1])), float(northing(box[3])), _MOST),
    )
    corners = np.concatenate([*rings, np.empty((0, 2))])
    arrays: dict[str, NDArray[np.unsignedinteger]] = {
        name: scale.encode(values, _MOST).astype(np.uint16)[:, np.newaxis]
        for name, scale, values in zip(("coast_x", "coast_y"), scales, corners.T, strict=True)
    }
    arrays["coast_sizes"] = np.array([[len(ring)] for ring in rings], np.uint32).reshape(-1, 1)
    return {"x": scales[0].as_dict(), "y": scales[1].as_dict(), "most": _MOST}, arrays


def _rings(land: BaseGeometry, tolerance: float) -> list[NDArray[np.float64]]:
    """Return the rings of polygons, without those smaller than a dot."""
    simple = shapely.simplify(land, tolerance)
    polygons = [part for part in shapely.get_parts(simple) if isinstance(part, shapely.Polygon)]
    lines = shapely.get_rings(polygons)
    return [shapely.get_coordinates(line) for line in lines if line.length > 4.0 * tolerance]
