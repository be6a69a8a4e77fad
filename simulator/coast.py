"""The coast as the kernels want it: exact segments behind a raster of distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from simulator.grid import FloatArray, Grid, metres_per_degree
from simulator.kernels.shoreline import clearance, rasterise_segments
from simulator.kernels.state import Coastline
from simulator.shore import Shore, Zone

CELL_METRES = 100.0
"""Raster cell where the domain is small enough. [m]"""

MAX_CELLS = 4096
"""Raster cells along one side at most; larger domains get coarser cells, not a coarser coast."""

KEPT_OFF_METRES = 0.5
"""Distance that a beached particle keeps from the coast, along its path. [m]"""


@dataclass(frozen=True)
class Coast:
    """The coast of one drift grid. Make it with `Coast.from_land`.

    Attributes
    ----------
    land : BaseGeometry
        Land polygons in degrees; may be empty.
    line : simulator.kernels.state.Coastline
        What the kernels take: the margin is `KEPT_OFF_METRES` in grid cells, and the clearance
        at most 255.
    shore : Shore
        The same coast in stretches.
    """

    land: BaseGeometry
    line: Coastline
    shore: Shore

    @classmethod
    def from_land(
        cls,
        land: BaseGeometry,
        grid: Grid,
        *,
        shore_type: str = "sand",
        zones: Sequence[Zone] = (),
    ) -> Coast:
        """Prepare the coast of polygons on a grid.

        Parameters
        ----------
        land : BaseGeometry
            Polygons in degrees, reaching beyond the grid where land does; empty for open sea.
        grid : Grid
        shore_type : str
            Name of the type of shore where no zone says otherwise.
        zones : sequence of (geometry, str)
            Where the shore is of another type, see `simulator.shore.Shore.from_segments`.
        """
        east, north = metres_per_degree(0.5 * (grid.box[1] + grid.box[3]))
        scale_x, columns = _raster_axis(grid.columns, east * grid.dlon)
        scale_y, rows = _raster_axis(grid.rows, north * grid.dlat)
        ends = _segments(land, grid)
        x, y = grid.to_cells(ends[:, 0::2], ends[:, 1::2])
        x, y = x - grid.first_column, y - grid.first_row
        segments = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=-1)
        cell_start, members = rasterise_segments(segments, scale_x, scale_y, rows, columns)
        shore = Shore.from_segments(ends, shore_type, zones)
        line = Coastline(
            clearance=clearance(cell_start),
            scale_x=scale_x,
            scale_y=scale_y,
            cell_start=cell_start,
            cell_segments=members,
            segments=segments,
            stretch=shore.stretch_of_segment,
            margin=KEPT_OFF_METRES / min(_metres_per_cell(grid)),
        )
        return cls(land, line, shore)


def _metres_per_cell(grid: Grid) -> tuple[float, float]:
    """Return the size of a cell where the numbering of the grid starts, whatever is held of it.

    But not at the pole, where a cell has no width.
    """
    east, north = metres_per_degree(max(grid.south, -80.0))
    return east * grid.dlon, north * grid.dlat


def _raster_axis(nodes: int, cell_metres: float) -> tuple[float, int]:
    """Return raster cells per grid cell and their number along one side."""
    span = nodes - 1
    scale = min(cell_metres / CELL_METRES, MAX_CELLS / span)
    return scale, int(np.ceil(span * scale)) + 1


def _segments(land: BaseGeometry, grid: Grid) -> FloatArray:
    """Return the edges of all rings that come near the grid, shape (n, 4). [degrees]"""
    west, south, east, north = grid.box
    near = shapely.clip_by_rect(
        shapely.get_parts(land), west - 0.1, south - 0.1, east + 0.1, north + 0.1
    )
    rings = shapely.get_rings(shapely.get_parts(near[~shapely.is_empty(near)]))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    if ring.size == 0:
        return np.empty((0, 4))
    ends = np.concatenate([points[:-1], points[1:]], axis=-1)
    return np.ascontiguousarray(ends[ring[1:] == ring[:-1]])
