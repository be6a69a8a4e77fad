"""Land polygons of a box, from the shapes in roaring-landmask or from the user's own file."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import shapely
from shapely.affinity import translate

from catalog.errors import CatalogError, without_keys
from catalog.files.scratch import scratch_folder
from catalog.paths import expand_paths
from catalog.remote.store import cache_folder
from catalog.shapes.vector import Area, polygons_of, read_polygons, to_lon_lat

if TYPE_CHECKING:
    from catalog.grid import Box

_log = logging.getLogger(__name__)

_WORLD_SHAPES = ("osm", "gshhg")

_STEP = 5  # to load the world takes seconds, and a few degrees more hardly any [degrees]


def read_land(box: Box, coastline: str = "osm") -> Area:
    """Land in a box.

    Parameters
    ----------
    box : tuple of float
        West, south, east, north. [degrees] East may be past 180, or below west, for a box across
        the dateline.
    coastline : str
        ``osm`` or ``gshhg``: world coastlines that come with roaring-landmask; the part wanted is
        kept under the user's cache folder, or under ``WITOIL_CACHE``. ``none``: no land. Else the
        path of a polygon file.

    Returns
    -------
    Polygon or MultiPolygon
        In EPSG:4326, empty at open sea; longitudes in the range of the box. [degrees]

    Raises
    ------
    UnreadableFileError
        If the coastline is a path that cannot be read.
    CatalogError
        If the box is not one, or the cache cannot be written.
    """
    west, south, east, north = box
    east += 360.0 if east < west else 0.0
    if not (-90.0 <= south < north <= 90.0 and -360.0 <= west < east <= west + 360.0):
        raise CatalogError(f"box {box}: expected west, south, east, north in degrees")
    if coastline == "none":
        return shapely.Polygon()
    if coastline not in _WORLD_SHAPES:
        return _land_of_file((west, south, east, north), coastline)
    parts = [
        translate(_world_land((low - shift, south, high - shift, north), coastline), shift)
        for shift in (-360.0, 0.0, 360.0)
        if (low := max(west, shift - 180.0)) < (high := min(east, shift + 180.0))
    ]
    return polygons_of(parts)


def _world_land(box: Box, coastline: str) -> Area:
    """Land in a box within -180 to 180."""
    return polygons_of(
        [shapely.intersection(_cached_world_land(box, coastline), shapely.box(*box))]
    )


def _land_of_file(box: Box, coastline: str) -> Area:
    """Land of a file in a box; its polygons may lie whole turns off."""
    land = _read_land_file(coastline)
    copies = (translate(land, turn) for turn in (-360.0, 0.0, 360.0))
    return polygons_of([shapely.intersection(copy, shapely.box(*box)) for copy in copies])


def _read_land_file(coastline: str) -> Area:
    with without_keys("expected a file of one layer"):
        pieces = [
            to_lon_lat(read_polygons(path, str(path)).geometry, str(path))
            for path in expand_paths(coastline)
        ]
    return polygons_of(pieces)


def _cached_world_land(box: Box, coastline: str) -> shapely.Geometry:
    """Land in at least the box, widened so that runs in one region share a file."""
    west, south = (_STEP * math.floor(side / _STEP) for side in box[:2])
    east, north = (_STEP * math.ceil(side / _STEP) for side in box[2:])
    whole = (west, south, east, north)
    key = "_".join(map(str, (coastline, version("roaring-landmask"), *whole)))
    file = cache_folder() / f"land_{key}.wkb"
    try:
        return shapely.from_wkb(file.read_bytes())
    except FileNotFoundError:
        _log.info("cutting the %s coastline for %s, once", coastline, whole)
    except shapely.errors.ShapelyError:
        _log.warning("%s is damaged and made again", file)
    cut_world_land(coastline, whole, file)
    return shapely.from_wkb(file.read_bytes())


def cut_world_land(
    coastline: str, box: tuple[int, int, int, int], file: Path, tolerance: float = 0.0
) -> None:
    """Write the land in a box as WKB; readers see the whole file or none.

    Parameters
    ----------
    coastline : str
        ``osm`` or ``gshhg``.
    box : tuple of int
        West, south, east, north, within -180 to 180. [degrees]
    file : Path
    tolerance : float
        How far a coast may lie off; islands that are smaller are left out. [degrees]

    Raises
    ------
    CatalogError
        If there is not enough memory for the world's shapes.
    """
    script = Path(__file__).with_name("_cut_land.py")
    with scratch_folder(file.parent) as folder:
        target = folder / file.name
        # In a process of its own, as the world's shapes take 0.9 GB that would stay with ours;
        # -P keeps this package's folder from hiding other modules of the same names.
        command = [sys.executable, "-P", str(script), coastline]
        command += [*map(str, box), str(target), str(tolerance)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise CatalogError(
                f"the {coastline} coastline could not be cut ({reason}); it takes 1 GB of memory, "
                "or give a polygon file of land instead"
            )
        target.replace(file)
