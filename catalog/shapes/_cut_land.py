"""Cut boxes out of the world's land polygons; run as a script by `catalog.shapes.coastline`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import roaring_landmask
import shapely


def main(coastline: str, tolerance: str, *wanted: str) -> None:
    """Write the land of one provider within boxes as WKB.

    Coasts lie up to the tolerance off, and islands that are smaller are left out. [degrees] What is
    wanted is west, south, east, north [degrees], and a file, for each box.
    """
    provider = {
        "osm": roaring_landmask.LandmaskProvider.Osm,
        "gshhg": roaring_landmask.LandmaskProvider.Gshhg,
    }[coastline]
    world = shapely.get_parts(shapely.from_wkb(roaring_landmask.Shapes.wkb(provider)))
    bounds = shapely.bounds(world)
    for west, south, east, north, target in zip(*[iter(wanted)] * 5, strict=True):
        box = (float(west), float(south), float(east), float(north))
        near = world[_bounds_meet(bounds, box)]
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
