"""The coast as the kernels want it: exact segments behind a raster of distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt
from shapely.geometry.base import BaseGeometry

from simulator.grid import FloatArray, Grid, metres_per_degree
from simulator.kernels.shoreline import rasterise_segments

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
    clearance : ndarray of uint8, shape (raster rows, raster columns)
        Number of raster cells to the nearest cell that the coast runs through, at most 255.
    scale_x, scale_y : float
        Raster cells per grid cell.
    cell_start, cell_segments, segments
        See `simulator.kernels.shoreline.first_crossing`.
    margin : float
        `KEPT_OFF_METRES` in grid cells.
    """

    land: BaseGeometry
    clearance: NDArray[np.uint8]
    scale_x: float
    scale_y: float
    cell_start: NDArray[np.int32]
    cell_segments: NDArray[np.int32]
    segments: FloatArray
    margin: float

    @classmethod
    def from_land(cls, land: BaseGeometry, grid: Grid) -> Coast:
        """Prepare the coast of polygons on a grid.

        Parameters
        ----------
        land : BaseGeometry
            Polygons in degrees, reaching beyond the grid where land does; empty for open sea.
        grid : Grid
        """
        east, north = metres_per_degree(0.5 * (grid.box[1] + grid.box[3]))
        scale_x, columns = _raster_axis(grid.columns, east * grid.dlon)
        scale_y, rows = _raster_axis(grid.rows, north * grid.dlat)
        segments = _segments(land, grid)
        cell_start, members = rasterise_segments(segments, scale_x, scale_y, rows, columns)
        coastal = np.diff(cell_start, axis=1) > 0
        if coastal.any():
            clearance = np.minimum(distance_transform_cdt(~coastal, metric="chessboard"), 255)
        else:
            clearance = np.full(coastal.shape, 255)
        return cls(
            land=land,
            clearance=clearance.astype(np.uint8),
            scale_x=scale_x,
            scale_y=scale_y,
            cell_start=cell_start,
            cell_segments=members,
            segments=segments,
            margin=KEPT_OFF_METRES / min(east * grid.dlon, north * grid.dlat),
        )

    @property
    def arrays(self) -> tuple[object, ...]:
        """What `simulator.kernels.transport.advance_chunk` takes as `coast`."""
        return (
            self.clearance,
            self.scale_x,
            self.scale_y,
            self.cell_start,
            self.cell_segments,
            self.segments,
            self.margin,
        )


def _raster_axis(nodes: int, cell_metres: float) -> tuple[float, int]:
    """Return raster cells per grid cell and their number along one side."""
    span = nodes - 1
    scale = min(cell_metres / CELL_METRES, MAX_CELLS / span)
    return scale, int(np.ceil(span * scale)) + 1


def _segments(land: BaseGeometry, grid: Grid) -> FloatArray:
    """Return the edges of all rings that come near the grid, in grid cells, shape (n, 4)."""
    west, south, east, north = grid.box
    near = shapely.clip_by_rect(
        shapely.get_parts(land), west - 0.1, south - 0.1, east + 0.1, north + 0.1
    )
    rings = shapely.get_rings(shapely.get_parts(near[~shapely.is_empty(near)]))
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    if ring.size == 0:
        return np.empty((0, 4))
    same_ring = ring[1:] == ring[:-1]
    x, y = grid.to_cells(coordinates[:, 0], coordinates[:, 1])
    ends = np.stack([x[:-1], y[:-1], x[1:], y[1:]], axis=-1)
    return np.ascontiguousarray(ends[same_ring])
