"""Land of the whole world, coarse, as it comes with the package.

The file is made from OpenStreetMap's land in roaring-landmask (© OpenStreetMap contributors, ODbL
1.0, see ``coarse_land.txt``) by ``python -m catalog.shapes.coarse_land``, which takes some minutes
and 1.5 GB of memory.
"""

from __future__ import annotations

import lzma
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely

from catalog.errors import CatalogError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.shapes.vector import Area

TOLERANCES = (0.025, 0.1, 0.4)
"""How far the coasts in the file lie off, each for maps of another scale. [degrees]

What is smaller, from corner to corner of the box around it, is left out.
"""

_GRIDS = (0.005, 0.025, 0.1)
"""What a number in the file counts, of each. [degrees]"""

_DETAIL = 0.015
"""How far that lies off which the file is made of. [degrees]"""

FILE = Path(__file__).with_suffix(".npz.xz")


def read_coarse_land(tolerance: float) -> Area:
    """Land of the whole world, for maps of much of it.

    Parameters
    ----------
    tolerance : float
        How far a coast may lie off; islands that are smaller may be left out. [degrees]

    Returns
    -------
    MultiPolygon
        In EPSG:4326, longitudes from -180 to 180. [degrees]

    Raises
    ------
    CatalogError
        If the coasts that come with the package lie farther off.
    """
    fitting = [each for each in TOLERANCES if each <= tolerance]
    if not fitting:
        raise CatalogError(
            f"found a tolerance of {tolerance:g} degrees, expected {min(TOLERANCES):g} or more: "
            "cut closer coasts out by `read_land`"
        )
    level = TOLERANCES.index(max(fitting))
    rings, polygons, steps = (_file()[f"{name}_{level}"] for name in ("rings", "polygons", "steps"))
    points = np.ascontiguousarray(_GRIDS[level] * np.cumsum(steps, axis=1).T)
    offsets = rings, polygons, np.array([0, len(polygons) - 1])
    (land,) = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, points, offsets)
    return cast("Area", land)


@lru_cache(maxsize=1)
def _file() -> dict[str, NDArray[Any]]:
    with np.load(BytesIO(lzma.decompress(FILE.read_bytes()))) as arrays:
        return dict(arrays)


def packed(world: NDArray[np.object_]) -> bytes:
    """Return the content of the file.

    Parameters
    ----------
    world : array of Polygon
        Land that lies `_DETAIL` off, longitudes from -180 to 180. [degrees]
    """
    arrays: dict[str, Any] = {}
    for level, (tolerance, grid) in enumerate(zip(TOLERANCES, _GRIDS, strict=True)):
        land = _simplified(world, tolerance, grid)
        _, points, (rings, polygons, _) = shapely.to_ragged_array(
            np.array([shapely.multipolygons(land)])
        )
        numbers = np.round(points / grid).astype("<i4")
        # small whole numbers, all of x before all of y, are packed best
        arrays[f"steps_{level}"] = np.diff(numbers, axis=0, prepend=0 * numbers[:1]).T.copy()
        arrays[f"rings_{level}"] = np.asarray(rings, "<i4")
        arrays[f"polygons_{level}"] = np.asarray(polygons, "<i4")
    content = BytesIO()
    np.savez(content, **arrays)
    return lzma.compress(content.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def _simplified(
    polygons: NDArray[np.object_], tolerance: float, grid: float
) -> NDArray[np.object_]:
    west, south, east, north = shapely.bounds(polygons).T
    large = polygons[np.hypot(east - west, north - south) > tolerance]
    simple = shapely.make_valid(shapely.simplify(large, max(0.0, tolerance - grid - _DETAIL)))
    land: NDArray[np.object_] = shapely.get_parts(shapely.union_all(simple, grid_size=grid))
    areas: NDArray[np.object_] = land[shapely.get_dimensions(land) == 2]
    return areas


def main() -> None:
    """Make the file anew."""
    from catalog.files.scratch import scratch_folder
    from catalog.shapes.coastline import cut_world_land

    with scratch_folder(FILE.parent) as folder:
        cut = folder / "world.wkb"
        cut_world_land("osm", {cut: (-180, -90, 180, 90)}, _DETAIL)
        made = packed(shapely.get_parts(shapely.from_wkb(cut.read_bytes())))
        packed_file = folder / FILE.name
        packed_file.write_bytes(made)
        packed_file.replace(FILE)
    print(f"{FILE.name}: {len(made)} bytes")


if __name__ == "__main__":
    main()
