"""Polygons of rasters: along the borders of pixels, neighbours by their sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry


def polygons_by_value(values: npt.NDArray[Any]) -> list[tuple[int, BaseGeometry]]:
    """Return what has each value above 0, as one geometry each, by rising values.

    Parameters
    ----------
    values : numpy.ndarray of int
        (height, width)
    """
    from rasterio.features import shapes

    found: dict[int, list[BaseGeometry]] = {}
    for shape, value in shapes(values, mask=values > 0, connectivity=4):
        found.setdefault(int(value), []).append(shapely.geometry.shape(shape))
    return [(value, shapely.union_all(found[value])) for value in sorted(found)]


def polygon_of(inside: npt.NDArray[np.bool_]) -> BaseGeometry:
    """Return where an array is true; empty where it is nowhere."""
    found = polygons_by_value(inside.astype(np.uint8))
    return found[0][1] if found else shapely.Polygon()
