"""Cut a box out of the world's land polygons; run as a script by `catalog.shapes.coastline`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import roaring_landmask
import shapely


def main(
    coastline: str,
    west: str,
    south: str,
    east: str,
    north: str,
    target: str,
    tolerance: str = "0",
) -> None:
    """Write the land of one provider within a box as WKB to a file; all but the target in degrees.

    Coasts lie up to the tolerance off, and islands that are smaller are left out.
    """
    provider = {
        "osm": roaring_landmask.LandmaskProvider.Osm,
        "gshhg": roaring_landmask.LandmaskProvider.Gshhg,
    }[coastline]
    world = shapely.get_parts(shapely.from_wkb(roaring_landmask.Shapes.wkb(provider)))
    box = (float(west), float(south), float(east), float(north))
    near = world[_bounds_meet(shapely.bounds(world), box)]
    if float(tolerance) > 0.0:
        near = _simplified(near, float(tolerance))
    # Cutting first leaves little of a continent to make valid.
    pieces = shapely.make_valid(shapely.clip_by_rect(near, *box))
    Path(target).write_bytes(shapely.to_wkb(shapely.disjoint_subset_union_all(pieces)))


def _simplified(
    polygons: np.ndarray[tuple[int], np.dtype[np.object_]], tolerance: float
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    west, south, east, north = shapely.bounds(polygons).T
    large = polygons[(east - west > tolerance) | (north - south > tolerance)]
    return np.asarray(shapely.make_valid(shapely.simplify(large, tolerance)))


def _bounds_meet(
    bounds: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    box: tuple[float, float, float, float],
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    west, south, east, north = bounds.T
    return np.asarray((west <= box[2]) & (east >= box[0]) & (south <= box[3]) & (north >= box[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
