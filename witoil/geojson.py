"""Geometries as GeoJSON wants them (RFC 7946)."""

from __future__ import annotations

from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import split_at_180


def geojson_of(geometry: BaseGeometry) -> dict[str, Any]:
    """Return a geometry cut at 180 degrees, outer rings counter-clockwise.

    Parameters
    ----------
    geometry : BaseGeometry
        Valid, in longitudes without a break. [degrees]
    """
    found: dict[str, Any] = mapping(shapely.orient_polygons(split_at_180(geometry)))
    return found
