"""Land polygons of a box, from the shapes in roaring-landmask or from the user's own file."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
from collections.abc import Iterable, Mapping
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

Region = tuple[int, int, int, int]

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
    boxes = {
        shift: (low - shift, south, high - shift, north)
        for shift in (-360.0, 0.0, 360.0)
        if (low := max(west, shift - 180.0)) < (high := min(east, shift + 180.0))
    }
    keep_land(boxes.values(), coastline)
    return polygons_of(
        [translate(_world_land(box, coastline), shift) for shift, box in boxes.items()]
    )


def keep_land(boxes: Iterable[Box], coastline: str = "osm") -> None:
    """Cut the land around boxes into the cache folder, unless it is there.

    The world is loaded once for all of them, which takes most of the time.

    Parameters
    ----------
    boxes : iterable of tuple of float
        West, south, east, north, within -180 to 180. [degrees]
    coastline : str
        ``osm`` or ``gshhg``.

    Raises
    ------
    CatalogError
        If the cache cannot be written, or there is not enough memory for the world's shapes.
    """
    regions = {_kept(region, coastline): region for region in map(_region_of, boxes)}
    missing = {file: region for file, region in regions.items() if not file.exists()}
    if missing:
        _log.info("cutting the %s coastline for %s, once", coastline, [*missing.values()])
        cut_world_land(coastline, missing)


def _world_land(box: Box, coastline: str) -> Area:
    """Land in a box within -180 to 180, which is kept."""
    region = _region_of(box)
    file = _kept(region, coastline)
    try:
        land = shapely.from_wkb(file.read_bytes())
    except shapely.errors.ShapelyError:
        _log.warning("%s is damaged and made again", file)
        cut_world_land(coastline, {file: region})
        land = shapely.from_wkb(file.read_bytes())
    return polygons_of([shapely.intersection(land, shapely.box(*box))])


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


def _region_of(box: Box) -> Region:
    """Widen a box so that runs near each other share a file."""
    west, south = (_STEP * math.floor(side / _STEP) for side in box[:2])
    east, north = (_STEP * math.ceil(side / _STEP) for side in box[2:])
    return west, south, east, north


def _kept(region: Region, coastline: str) -> Path:
    """Return the file that keeps the land of a region."""
    key = "_".join(map(str, (coastline, version("roaring-landmask"), *region)))
    return cache_folder() / f"land_{key}.wkb"


def cut_world_land(coastline: str, files: Mapping[Path, Region], tolerance: float = 0.0) -> None:
    """Write the land in regions as WKB; readers see a whole file or none.

    Parameters
    ----------
    coastline : str
        ``osm`` or ``gshhg``.
    files : mapping of Path to tuple of int
        Files of one folder, and west, south, east, north of each, within -180 to 180. [degrees]
    tolerance : float
        How far a coast may lie off; islands that are smaller are left out. [degrees]

    Raises
    ------
    CatalogError
        If there is not enough memory for the world's shapes.
    """
    script = Path(__file__).with_name("_cut_land.py")
    with scratch_folder(next(iter(files)).parent) as folder:
        # In a process of its own, as the world's shapes take 0.9 GB that would stay with ours;
        # -P keeps this package's folder from hiding other modules of the same names.
        command = [sys.executable, "-P", str(script), coastline, str(tolerance)]
        for file, region in files.items():
            command += [*map(str, region), str(folder / file.name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise CatalogError(
                f"the {coastline} coastline could not be cut ({reason}); it takes 1 GB of memory, "
                "or give a polygon file of land instead"
            )
        for file in files:
            (folder / file.name).replace(file)
