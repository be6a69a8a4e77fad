"""Land and coast as vector tiles: cut, simplified to a fraction of a pixel, and encoded.

Tiles are those of web maps, ``z/x/y`` with y from the north; content is that of Mapbox Vector Tile
2.1.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from witoil.player.mercator import northing

EXTENT = 4096
"""Units from one side of a tile to the other; a tile has 512 pixels at most."""

BUFFER = 64
"""What is drawn beyond each side, so that outlines have no gaps between tiles. [unit]"""

TOLERANCE = 2.0
"""How far a simplified line may lie off. [unit]"""

SMALLEST = 8.0
"""What is smaller is left out: one pixel. [unit]"""

TURNS = (-720.0, -360.0, 0.0, 360.0, 720.0)
"""How far longitudes that mean the same may be from those of tiles, -180 to 180. [degrees]"""

_MOST_PIECES = 256

Tile = tuple[int, int, int]


def tile_bounds(tile: Tile, buffer: float = 0.0) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a tile in Mercator's projection. [degrees]

    Parameters
    ----------
    tile : tuple of int
        z, x, y.
    buffer : float
        Beyond each side. [side of the tile]
    """
    z, x, y = tile
    side = 360.0 / 2**z
    west, north = -180.0 + side * x, 180.0 - side * y
    margin = buffer * side
    return west - margin, north - side - margin, west + side + margin, north + margin


def projected(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry of degrees in Mercator's projection. [degrees]"""
    most = 89.9  # the edge of tiles is at 85.05

    def project(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([points[:, 0], northing(np.clip(points[:, 1], -most, most))], axis=-1)

    return shapely.transform(geometry, project)


class Layer:
    """Polygons or lines of one layer, from which tiles are cut.

    A tile is cut out of what was cut for the tile around it, so that a large geometry is gone
    through once and not for each tile.

    Parameters
    ----------
    name : str
    geometry : BaseGeometry
        Polygons or lines in Mercator's projection; longitudes may be whole turns off. [degrees]
    coarsest : int
        The first z that will be asked for.
    """

    def __init__(self, name: str, geometry: BaseGeometry, coarsest: int) -> None:
        self.name = name
        self._coarsest = coarsest
        self._parts = shapely.get_parts(geometry)
        self._parts = self._parts[~shapely.is_empty(self._parts)]
        self._tree = shapely.STRtree(self._parts)
        self._dimensions = shapely.get_dimensions(geometry)
        self._pieces: OrderedDict[Tile, NDArray[np.object_]] = OrderedDict()
        self._lock = threading.Lock()

    def features(self, tile: Tile) -> list[dict[str, object]]:
        """Return what a tile shows, in units from its south-western corner."""
        west, south, east, _ = tile_bounds(tile)
        per_degree = EXTENT / (east - west)
        corner = np.array([west, south])
        parts = shapely.transform(self._cut(tile), lambda p: (p - corner) * per_degree)
        left, low, right, high = shapely.bounds(parts).T
        parts = parts[(right - left > SMALLEST) | (high - low > SMALLEST)]
        whole = shapely.set_precision(shapely.simplify(parts, TOLERANCE), 1.0)
        shown = shapely.get_parts(whole)
        shown = shown[shapely.get_dimensions(shown) == self._dimensions]
        return [{"geometry": part, "properties": {}} for part in shown]

    def _cut(self, tile: Tile) -> NDArray[np.object_]:
        """Return the parts within a tile and its buffer. [degrees]"""
        with self._lock:
            if tile in self._pieces:
                self._pieces.move_to_end(tile)
                return self._pieces[tile]
        z, x, y = tile
        box = tile_bounds(tile, BUFFER / EXTENT)
        if z > self._coarsest:
            found = _clipped(self._cut((z - 1, x // 2, y // 2)), box)
        else:
            found = np.concatenate([self._turned(box, turn) for turn in TURNS])
        with self._lock:
            self._pieces[tile] = found
            while len(self._pieces) > _MOST_PIECES:
                self._pieces.popitem(last=False)
        return found

    def _turned(self, box: tuple[float, float, float, float], turn: float) -> NDArray[np.object_]:
        """Return the parts within a box when they are moved by a turn."""
        west, south, east, north = box
        there = (west - turn, south, east - turn, north)
        parts = _clipped(self._parts[self._tree.query(shapely.box(*there))], there)
        return shapely.transform(parts, lambda p: np.add(p, (turn, 0.0))) if turn else parts


def _clipped(
    parts: NDArray[np.object_], box: tuple[float, float, float, float]
) -> NDArray[np.object_]:
    cut: NDArray[np.object_] = shapely.get_parts(shapely.clip_by_rect(parts, *box))
    return cut[~shapely.is_empty(cut)]


def encode(layers: Sequence[Layer], tile: Tile) -> bytes:
    """Return a vector tile."""
    import mapbox_vector_tile  # Protobuf: a tenth of what a web server would load at its start

    content: bytes = mapbox_vector_tile.encode(
        [{"name": layer.name, "features": layer.features(tile)} for layer in layers],
        default_options={"extents": EXTENT},
    )
    return content
