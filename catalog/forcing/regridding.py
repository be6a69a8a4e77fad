"""Grids of other kinds put on a regular one of longitude and latitude.

Curvilinear grids linearly in the triangles between nodes, those that are regular in a projection
bilinearly there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from catalog.errors import CatalogError, CoverageError
from catalog.grid import FloatArray

_LONGEST_EDGE = 3.0
"""A triangle with an edge of so many cells bridges a bay of the grid and holds no data."""

_LEAST_WEIGHT = 0.5
"""A value stands where the nodes with data have this share of the weight: the coast stays."""

_ON_EDGE = 1e-6
"""A target so far beyond the outermost nodes lies on them. [cells]"""


def regular_axes(
    latitude: FloatArray, longitude: FloatArray, *, poles: Sequence[float] = ()
) -> tuple[FloatArray, FloatArray]:
    """Regular axes over a grid of another kind, about as fine.

    Parameters
    ----------
    latitude, longitude : ndarray, shape (rows, columns)
        Of the nodes; missing ones NaN. [degrees]
    poles : sequence of float
        Latitudes of the poles that lie in the grid: the axes then go all round. [degrees]

    Returns
    -------
    latitude, longitude : ndarray, shape (n,)
        Ascending; longitudes without a jump. [degrees]
    """
    x = _unwrapped(longitude)
    south, north = (
        float(edge([found, *poles]))
        for edge, found in ((min, np.nanmin(latitude)), (max, np.nanmax(latitude)))
    )
    west, east = (-180.0, 180.0) if poles else (float(np.nanmin(x)), float(np.nanmax(x)))
    widest = min(abs(south), abs(north)) if poles else (south + north) / 2.0
    stretch = np.cos(np.radians(np.clip(widest, -85.0, 85.0)))
    step = min(_spacing(latitude, x))
    rows = 1 + max(round((north - south) / step), 1)
    columns = 1 + max(round((east - west) * stretch / step), 1)
    return np.linspace(south, north, rows), np.linspace(west, east, columns)


@dataclass(frozen=True)
class Regridding:
    """Weights from the nodes of a grid to those of a regular one.

    Attributes
    ----------
    rows, columns : slice
        The part of the grid read that is needed.
    nodes : ndarray of int, shape (targets, corners)
        Corners of the triangle or cell round each target, counted in that part.
    weights : ndarray, shape (targets, corners)
        0 where a target lies outside the grid read.
    covered : ndarray of bool, shape (rows, columns)
        Which targets lie within the grid read, on land or at sea.
    """

    rows: slice
    columns: slice
    nodes: npt.NDArray[np.intp]
    weights: FloatArray
    covered: npt.NDArray[np.bool_]

    @classmethod
    def between(
        cls,
        latitude: FloatArray,
        longitude: FloatArray,
        to_latitude: FloatArray,
        to_longitude: FloatArray,
        where: str,
    ) -> Regridding:
        """Find the weights of a curvilinear grid, once for all times.

        Parameters
        ----------
        latitude, longitude : ndarray, shape (rows, columns)
            Of the grid read; missing nodes NaN. [degrees]
        to_latitude, to_longitude : ndarray, shape (n,)
            Axes of the target. [degrees]
        where : str
            File and variable, for the error message.

        Raises
        ------
        CoverageError
            If the grid read has no node there.
        CatalogError
            If it does not spread over an area.
        """
        from scipy.spatial import Delaunay, QhullError

        middle = float(to_longitude.mean())
        x = longitude + 360.0 * np.round((middle - longitude) / 360.0)
        widest = max(_spacing(latitude, _unwrapped(longitude)))
        margin = 2.0 * widest
        stretch = float(np.cos(np.radians(np.clip(to_latitude.mean(), -85.0, 85.0))))
        near = (np.abs(latitude - to_latitude.mean()) <= np.ptp(to_latitude) / 2.0 + margin) & (
            np.abs(x - middle) <= np.ptp(to_longitude) / 2.0 + margin / stretch
        )
        if near.sum() < 3:
            raise CoverageError(f"{where}: the curvilinear grid has no nodes in the wanted box")
        rows, columns = (slice(used.min(), used.max() + 1) for used in np.nonzero(near))
        inside = near[rows, columns]
        places = np.column_stack([x[near] * stretch, latitude[near]])
        try:
            mesh = Delaunay(places)
        except QhullError:
            raise CatalogError(
                f"{where}: the nodes of the curvilinear grid lie on a line; expected an area"
            ) from None
        targets = np.stack(np.meshgrid(to_longitude * stretch, to_latitude), -1).reshape(-1, 2)
        corners, weights, within = _barycentric(mesh, targets, _LONGEST_EDGE * widest)
        covered = within.reshape(to_latitude.size, to_longitude.size)
        return cls(rows, columns, np.flatnonzero(inside)[corners], weights, covered)

    @classmethod
    def in_plane(
        cls,
        plane_y: FloatArray,
        plane_x: FloatArray,
        to_y: FloatArray,
        to_x: FloatArray,
        where: str,
    ) -> Regridding:
        """Find the weights of a grid that is regular in a plane, once for all times.

        Parameters
        ----------
        plane_y, plane_x : ndarray, shape (rows,), (columns,)
            Axes of the grid read, rising or falling.
        to_y, to_x : ndarray, shape (rows, columns)
            Targets in the plane; infinite where there are none.
        where : str
            File and variable, for the error message.

        Raises
        ------
        CoverageError
            If the grid read has no node there.
        """
        row, up, in_rows = _between_nodes(plane_y, to_y)
        column, right, in_columns = _between_nodes(plane_x, to_x)
        covered = in_rows & in_columns
        if not covered.any():
            raise CoverageError(f"{where}: its grid has no nodes in the wanted box")
        rows, columns = (
            slice(int(cell[covered].min()), int(cell[covered].max()) + 2) for cell in (row, column)
        )
        width = columns.stop - columns.start
        # What is not covered takes any node there is, with no weight.
        first = np.where(covered, (row - rows.start) * width + column - columns.start, 0).ravel()
        nodes = first[:, np.newaxis] + np.array([0, 1, width, width + 1])
        up, right = (np.where(covered, part, 0.0).ravel() for part in (up, right))
        weights = np.stack(
            [(1 - up) * (1 - right), (1 - up) * right, up * (1 - right), up * right], axis=-1
        )
        weights[~covered.ravel()] = 0.0
        return cls(rows, columns, nodes, weights, covered)

    def apply(self, values: FloatArray) -> FloatArray:
        """Regrid fields.

        Parameters
        ----------
        values : ndarray, shape (times, rows, columns)
            On the part of the grid read given by ``rows`` and ``columns``; missing as NaN.

        Returns
        -------
        ndarray, shape (times, *covered.shape)
            NaN outside the grid read, and where missing nodes have most of the weight.
        """
        flat = values.reshape(values.shape[0], -1)
        # Time by time: three corners of all times at once would be three copies.
        fields = [self._one(field) for field in flat]
        return np.reshape(fields, (-1, *self.covered.shape))

    def _one(self, field: FloatArray) -> FloatArray:
        corners = field[self.nodes]
        weights = np.where(np.isnan(corners), 0.0, self.weights)
        share = weights.sum(axis=1)
        total = (np.nan_to_num(corners) * weights).sum(axis=1)
        enough = share >= _LEAST_WEIGHT
        return np.where(enough, total / np.where(enough, share, 1.0), np.nan)


def _barycentric(
    mesh: Any, targets: FloatArray, longest_edge: float
) -> tuple[npt.NDArray[np.intp], FloatArray, npt.NDArray[np.bool_]]:
    # Outside the hull qhull would try every triangle. A target on the edge is inside.
    hull = shapely.MultiPoint(mesh.points).convex_hull.buffer(1e-9)
    inside = shapely.contains_xy(hull, targets)
    triangle = np.full(len(targets), -1)
    triangle[inside] = mesh.find_simplex(targets[inside], tol=1e-6)
    corners = mesh.simplices[triangle]
    transform = mesh.transform[triangle]
    first = np.einsum("nij,nj->ni", transform[:, :2], targets - transform[:, 2])
    weights = np.column_stack([first, 1.0 - first.sum(axis=1)])
    edges = np.linalg.norm(mesh.points[corners] - mesh.points[np.roll(corners, 1, axis=1)], axis=2)
    held = (triangle >= 0) & (edges.max(axis=1) <= longest_edge)
    return corners, np.where(held[:, None], np.clip(weights, 0.0, 1.0), 0.0), inside


def _between_nodes(
    axis: FloatArray, wanted: FloatArray
) -> tuple[npt.NDArray[np.intp], FloatArray, npt.NDArray[np.bool_]]:
    """Return the cell of an axis that places lie in, how far in it, and whether they do at all."""
    sign = 1.0 if axis[-1] > axis[0] else -1.0
    rising = sign * axis
    cell = np.clip(np.searchsorted(rising, sign * wanted, side="right") - 1, 0, axis.size - 2)
    far = (sign * wanted - rising[cell]) / (rising[cell + 1] - rising[cell])
    within = (far >= -_ON_EDGE) & (far <= 1.0 + _ON_EDGE)
    return cell, np.clip(far, 0.0, 1.0), within


def _unwrapped(longitude: FloatArray) -> FloatArray:
    middle = np.nanmedian(longitude)
    return np.asarray(longitude + 360.0 * np.round((middle - longitude) / 360.0))


def _spacing(latitude: FloatArray, longitude: FloatArray) -> tuple[float, float]:
    """Median distance of neighbours along a column and along a row. [degrees of latitude]"""
    stretch = np.cos(np.radians(np.clip(np.nanmean(latitude), -85.0, 85.0)))
    along_column, along_row = (
        float(
            np.nanmedian(
                np.hypot(np.diff(longitude, axis=axis) * stretch, np.diff(latitude, axis=axis))
            )
        )
        for axis in (0, 1)
    )
    return along_column, along_row
