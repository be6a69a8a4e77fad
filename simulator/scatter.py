"""Points spread evenly over polygons, by their shape alone.

Each point has a latitude, by the area south of it, and a place along that parallel. So it does not
matter where the corners of the polygons are, in which order they stand, or whether a polygon is cut
in two; and polygons that change by a hair, as when they are moved, move their points by no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.grid import FloatArray

_STRIPS = 2**14
"""Strips of latitude, over which the area is summed up."""

_AT_ONCE = 2**16
"""Parallels that are cut at once: each has many cuts where a slick is ragged."""

Shapes = NDArray[np.object_]


def scatter(
    polygons: Shapes, density: FloatArray, along: FloatArray, across: FloatArray
) -> FloatArray:
    """Return points spread over polygons.

    Parameters
    ----------
    polygons : ndarray of Polygon, shape (polygons,)
        Valid; they do not overlap. [degrees]
    density : ndarray, shape (polygons,)
        Points for an area, relative to that of the others.
    along, across : ndarray, shape (points,)
        Coordinates of the points in the unit square, [0, 1): what is even there is even on the
        polygons. From south to north, and from west to east.

    Returns
    -------
    ndarray, shape (points, 2)
        Longitude and latitude. [degrees]
    """
    edges = _Edges.of(polygons)
    borders = np.linspace(edges.low.min(), edges.high.max(), _STRIPS + 1)
    middles = 0.5 * (borders[1:] + borders[:-1])
    width = _Chords.on(middles, edges, density).total
    south = np.append(0.0, np.cumsum(width * np.cos(np.radians(middles))))
    wanted = along * south[-1]
    strip = np.searchsorted(south[:-1], wanted, side="right") - 1
    share = (wanted - south[strip]) / (south[strip + 1] - south[strip])
    latitude = borders[strip] + share * (borders[strip + 1] - borders[strip])
    order = np.argsort(latitude, kind="stable")
    points = np.empty((along.size, 2))
    for first in range(0, order.size, _AT_ONCE):
        some = order[first : first + _AT_ONCE]
        chords = _Chords.on(latitude[some], edges, density)
        # in a strip that holds a border of a polygon a parallel may miss it
        missed = some[chords.total == 0.0]
        if missed.size:
            latitude[missed] = middles[strip[missed]]
            some = some[np.argsort(latitude[some], kind="stable")]
            chords = _Chords.on(latitude[some], edges, density)
        points[some] = np.column_stack([chords.places(across[some]), latitude[some]])
    return points


@dataclass(frozen=True)
class _Edges:
    """Edges of polygons that cross parallels, from their southern to their northern end."""

    low: FloatArray
    high: FloatArray
    longitude: FloatArray
    slope: FloatArray
    polygon: NDArray[np.intp]

    @classmethod
    def of(cls, polygons: Shapes) -> _Edges:
        rings, owner = shapely.get_rings(polygons, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        same = ring[1:] == ring[:-1]
        start, end = points[:-1][same], points[1:][same]
        rises = start[:, 1] < end[:, 1]
        south = np.where(rises[:, np.newaxis], start, end)
        north = np.where(rises[:, np.newaxis], end, start)
        crossing = south[:, 1] < north[:, 1]
        south, north = south[crossing], north[crossing]
        slope = (north[:, 0] - south[:, 0]) / (north[:, 1] - south[:, 1])
        polygon = owner[ring[:-1][same][crossing]]
        return cls(south[:, 1], north[:, 1], south[:, 0], slope, polygon)


@dataclass(frozen=True)
class _Chords:
    """What parallels have within polygons, from south to north and from west to east."""

    parallel: NDArray[np.intp]
    west: FloatArray
    east: FloatArray
    density: FloatArray
    parallels: int

    @classmethod
    def on(cls, latitude: FloatArray, edges: _Edges, density: FloatArray) -> _Chords:
        """Cut parallels, whose latitudes rise, with polygons of a density each."""
        # an edge holds its southern end and not its northern one, so that corners count once
        first, last = (np.searchsorted(latitude, ends) for ends in (edges.low, edges.high))
        edge = np.repeat(np.arange(first.size), last - first)
        before = np.cumsum(last - first) - (last - first)
        parallel = np.arange(edge.size) - before[edge] + first[edge]
        x = edges.longitude[edge] + edges.slope[edge] * (latitude[parallel] - edges.low[edge])
        order = np.lexsort((x, edges.polygon[edge], parallel))
        # along a parallel a polygon begins and ends by turns
        pairs, polygon, parallel = (
            x[order].reshape(-1, 2),
            edges.polygon[edge[order[::2]]],
            parallel[order[::2]],
        )
        order = np.lexsort((pairs[:, 0], parallel))
        west, east = pairs[order].T
        return cls(parallel[order], west, east, density[polygon[order]], latitude.size)

    @property
    def total(self) -> FloatArray:
        """Length of the chords of each parallel, times density."""
        lengths = (self.east - self.west) * self.density
        return np.bincount(self.parallel, lengths, minlength=self.parallels).astype(np.float64)

    def places(self, share: FloatArray) -> FloatArray:
        """Return the longitude at a share of the chords of each parallel."""
        reached = np.append(0.0, np.cumsum((self.east - self.west) * self.density))
        # from one sum both, else its rounding would move points
        first, last = (
            np.searchsorted(self.parallel, np.arange(self.parallels), side=side)
            for side in ("left", "right")
        )
        wanted = reached[first] + share * (reached[last] - reached[first])
        chord = np.clip(np.searchsorted(reached, wanted, side="right") - 1, first, last - 1)
        on = (wanted - reached[chord]) / self.density[chord]
        longitude: FloatArray = np.clip(self.west[chord] + on, self.west[chord], self.east[chord])
        return longitude
