"""Where the nodes of a field are: on longitude and latitude, on curved lines, on a projection."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NoReturn, Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.errors import CatalogError
from catalog.forcing.axes import axis_values, find_axis, has_axis, horizontal_axis
from catalog.forcing.projection import Projection, find_projection
from catalog.forcing.regridding import Regridding, regular_axes
from catalog.grid import TOLERANCE_DEG, FloatArray, RegularGrid, ascending_longitudes

Nodes = slice | npt.NDArray[np.intp]

Directions = tuple[FloatArray, FloatArray]
"""Unit vectors along rising x and rising y, shape (rows, columns, 2): eastward, northward."""

_ASTRAY_CELLS = 1.0
"""So far off the projection, coordinates of longitude and latitude contradict it. [cells]"""


@dataclass(frozen=True)
class Cut:
    """A part of a file, and how to put it on a part of the regular grid.

    Attributes
    ----------
    rows, columns : slice or ndarray of int
        Of the file.
    regridding : Regridding or None
        None where these are those of the grid.
    """

    rows: Nodes
    columns: Nodes
    regridding: Regridding | None = None

    def apply(self, values: FloatArray) -> FloatArray:
        """Put fields on the grid, shape (times, rows, columns)."""
        return values if self.regridding is None else self.regridding.apply(values)


class Placement(Protocol):
    """Where the nodes of a field are.

    Attributes
    ----------
    axes : tuple of str
        Names of the coordinates along rows and columns.
    dims : tuple
        Dimensions of rows and columns.
    is_turned : bool
        Whether rows and columns may not run along parallels and meridians.
    """

    @property
    def axes(self) -> tuple[str, str]: ...  # noqa: D102
    @property
    def dims(self) -> tuple[Hashable, Hashable]: ...  # noqa: D102
    @property
    def is_turned(self) -> bool: ...  # noqa: D102

    def regular_grid(self) -> RegularGrid:
        """Return the regular grid over the nodes."""

    def onto(self, grid: RegularGrid, where: str) -> Cut:
        """Return what of the file a part of that grid needs."""

    def directions(self, grid: RegularGrid) -> Directions | None:
        """Return where x and y of the file point at the nodes of a grid; None if nothing tells."""


def find_placement(dataset: xr.Dataset, array: xr.DataArray, where: str) -> Placement:
    """Find out where the nodes of a variable are.

    Parameters
    ----------
    dataset : Dataset
        As `catalog.files.inputs.open_input` returns it.
    array : DataArray
    where : str
        File and variable, for the error message.

    Raises
    ------
    CatalogError
        If axes are missing, contradict each other, or are in a unit that leads nowhere.
    """
    projection = find_projection(dataset, array, where)
    if projection is not None and not _is_curvilinear(dataset, array, where):
        return _on_projection(dataset, array, projection, where)
    if projection is None and _is_only_projected(dataset, array, where):
        raise CatalogError(
            f"{where}: its axes are those of a projection or a rotated grid, and no grid_mapping "
            "says which; expected one, or put it on longitude and latitude first (`cdo remapbil`)"
        )
    axes = tuple(find_axis(dataset, array, axis, where) for axis in ("latitude", "longitude"))
    latitude, longitude = (horizontal_axis(dataset, name, where) for name in axes)
    if np.nanmax(np.abs(latitude)) > 90.0:
        raise CatalogError(
            f"{where}: latitude runs from {np.nanmin(latitude):g} to {np.nanmax(latitude):g}, "
            "outside -90 to 90; latitude and longitude are swapped or not in degrees"
        )
    names, dims = (axes[0], axes[1]), _rows_and_columns(dataset, axes, where)
    if latitude.ndim == 2:
        found = _curvilinear(dataset, names, dims, projection, where)
        return _along_meridians(found) or found
    if projection is not None:
        _refuse_both(names, projection, where)
    return OnDegrees(names, dims, latitude, longitude)


@dataclass(frozen=True)
class OnDegrees:
    """Along meridians and parallels, see `Placement`."""

    axes: tuple[str, str]
    dims: tuple[Hashable, Hashable]
    latitude: FloatArray
    longitude: FloatArray
    is_turned: bool = False

    def regular_grid(self) -> RegularGrid:
        """Return the nodes themselves, with the row and column of the file that each is."""
        return _grid(self.latitude, self.longitude)

    def onto(self, grid: RegularGrid, where: str) -> Cut:
        """Return the rows and columns of a part of the grid."""
        return Cut(as_slice(grid.rows), as_slice(grid.columns))

    def directions(self, grid: RegularGrid) -> Directions | None:
        """Return none: x is east and y is north."""
        return None


@dataclass(frozen=True)
class Curvilinear:
    """Placement on curved lines: longitude and latitude of each node, see `Placement`."""

    axes: tuple[str, str]
    dims: tuple[Hashable, Hashable]
    latitude: FloatArray
    longitude: FloatArray
    projection: Projection | None
    is_turned: bool = True

    def regular_grid(self) -> RegularGrid:
        """Return a grid about as fine."""
        return _grid(*regular_axes(self.latitude, self.longitude))

    def onto(self, grid: RegularGrid, where: str) -> Cut:
        """Return the nodes near a part of the grid, and their weights."""
        found = Regridding.between(
            self.latitude, self.longitude, grid.latitude, grid.longitude, where
        )
        return Cut(found.rows, found.columns, found)

    def directions(self, grid: RegularGrid) -> Directions | None:
        """Return the directions of the axes of the grid mapping, where there is one."""
        if self.projection is None:
            return None
        x, y = self.projection.to_plane(self.longitude, self.latitude)
        steps = np.hypot(np.diff(x, axis=1), np.diff(y, axis=1))
        size = float(np.median(steps[np.isfinite(steps)]))
        return _directions(self.projection, grid, (size, size))


@dataclass(frozen=True)
class OnProjection:
    """Regular in the plane of a projection, or on a rotated sphere, see `Placement`."""

    axes: tuple[str, str]
    dims: tuple[Hashable, Hashable]
    y: FloatArray
    x: FloatArray
    projection: Projection
    is_turned: bool = True

    def regular_grid(self) -> RegularGrid:
        """Return a grid about as fine."""
        x, y = np.meshgrid(self.x, self.y)
        longitude, latitude = self.projection.to_degrees(x, y)
        known = np.isfinite(longitude) & np.isfinite(latitude)
        latitude, longitude = (np.where(known, part, np.nan) for part in (latitude, longitude))
        poles = [pole for pole in (-90.0, 90.0) if self._holds_pole(pole)]
        return _grid(*regular_axes(latitude, longitude, poles=poles))

    def onto(self, grid: RegularGrid, where: str) -> Cut:
        """Return the nodes round a part of the grid, and their weights."""
        longitude, latitude = np.meshgrid(grid.longitude, grid.latitude)
        to_x, to_y = self.projection.to_plane(longitude, latitude)
        found = Regridding.in_plane(self.y, self.x, to_y, to_x, where)
        return Cut(found.rows, found.columns, found)

    def cell(self) -> tuple[float, float]:
        """Return the size of a cell in the unit of the projection."""
        return abs(float(self.x[1] - self.x[0])), abs(float(self.y[1] - self.y[0]))

    def directions(self, grid: RegularGrid) -> Directions | None:
        """Return the directions of the axes of the projection."""
        return _directions(self.projection, grid, self.cell())

    def _holds_pole(self, latitude: float) -> bool:
        x, y = self.projection.to_plane(np.array([0.0]), np.array([latitude]))
        return all(
            axis.min() <= place[0] <= axis.max() for axis, place in ((self.x, x), (self.y, y))
        )


def as_slice(nodes: npt.NDArray[np.intp]) -> Nodes:
    """Regular indices as a slice, which servers and libraries answer in one piece."""
    if nodes.size < 2:
        return nodes
    steps = np.diff(nodes)
    if steps[0] == 0 or not (steps == steps[0]).all():
        return nodes
    step, stop = int(steps[0]), int(nodes[-1]) + int(np.sign(steps[0]))
    return slice(int(nodes[0]), None if stop < 0 else stop, step)


def _directions(projection: Projection, grid: RegularGrid, cell: tuple[float, float]) -> Directions:
    longitude, latitude = np.meshgrid(grid.longitude, grid.latitude)
    return projection.directions(longitude, latitude, cell)


def _grid(latitude: FloatArray, longitude: FloatArray) -> RegularGrid:
    """Ascending axes, and which row and column of the file each node is."""
    rows = np.argsort(latitude, kind="stable")
    ascending, columns = ascending_longitudes(longitude)
    return RegularGrid(latitude[rows], ascending, rows, columns)


def _is_curvilinear(dataset: xr.Dataset, array: xr.DataArray, where: str) -> bool:
    """Say whether nodes are placed by longitude and latitude alone, on a grid without x and y."""
    if any(has_axis(dataset, array, axis, where) for axis in ("x", "y")):
        return False
    try:
        find_axis(dataset, array, "x", where)
    except CatalogError:
        return has_axis(dataset, array, "latitude", where)
    return False


def _is_only_projected(dataset: xr.Dataset, array: xr.DataArray, where: str) -> bool:
    return has_axis(dataset, array, "x", where) and not has_axis(dataset, array, "longitude", where)


def _on_projection(
    dataset: xr.Dataset, array: xr.DataArray, projection: Projection, where: str
) -> OnProjection:
    y_name, x_name = (find_axis(dataset, array, axis, where) for axis in ("y", "x"))
    units = str(dataset.variables[x_name].attrs.get("units", ""))
    y, x = (
        projection.in_plane(
            axis_values(dataset, name, where),
            str(dataset.variables[name].attrs.get("units", "")),
            f"{where}: coordinate {name!r}",
        )
        for name in (y_name, x_name)
    )
    names = (y_name, x_name)
    if y.ndim != 1 or x.ndim != 1:
        raise CatalogError(
            f"{where}: coordinates {y_name!r} and {x_name!r} of the projection have {y.ndim} and "
            f"{x.ndim} dimensions, expected one each"
        )
    for name, axis in ((y_name, y), (x_name, x)):
        steps = np.diff(axis)
        if not ((steps > 0.0).all() or (steps < 0.0).all()):
            raise CatalogError(f"{where}: coordinate {name!r} neither rises nor falls throughout")
    if not projection.system.is_geographic:
        projection = projection.with_origin_in(units, x, y)
    found = OnProjection(names, _rows_and_columns(dataset, names, where), y, x, projection)
    _refuse_contradiction(dataset, array, found, where)
    return found


def _refuse_contradiction(
    dataset: xr.Dataset, array: xr.DataArray, found: OnProjection, where: str
) -> None:
    """Hold a projection against the longitude and latitude that a file has of its nodes as well."""
    if not all(has_axis(dataset, array, axis, where) for axis in ("latitude", "longitude")):
        return
    names = [find_axis(dataset, array, axis, where) for axis in ("latitude", "longitude")]
    if any(set(dataset.variables[name].dims) != set(found.dims) for name in names):
        _refuse_both((names[0], names[1]), found.projection, where)
    latitude, longitude = (
        dataset[name].drop_vars(list(dataset[name].coords)).transpose(*found.dims).to_numpy()
        for name in names
    )
    corners = np.ix_([0, found.y.size // 2, -1], [0, found.x.size // 2, -1])
    x, y = found.projection.to_plane(
        longitude[corners].astype(np.float64), latitude[corners].astype(np.float64)
    )
    width, height = found.cell()
    off_x = np.abs(x - found.x[[0, found.x.size // 2, -1]]) / width
    off_y = np.abs(y - found.y[[0, found.y.size // 2, -1]][:, np.newaxis]) / height
    astray = float(np.nanmax(np.maximum(off_x, off_y), initial=0.0))
    if astray > _ASTRAY_CELLS:
        raise CatalogError(
            f"{where}: its {names[0]!r} and {names[1]!r} lie {astray:.3g} cells off what its "
            f"grid_mapping {found.projection.system.name!r} makes of {found.axes[1]!r} and "
            f"{found.axes[0]!r}; one of them is wrong, remove it"
        )


def _refuse_both(names: tuple[str, str], projection: Projection, where: str) -> NoReturn:
    raise CatalogError(
        f"{where}: its axes {names[0]!r} and {names[1]!r} are latitude and longitude, and its "
        f"grid_mapping is {projection.system.name!r}; one of them is wrong, remove it"
    )


def _curvilinear(
    dataset: xr.Dataset,
    axes: tuple[str, str],
    dims: tuple[Hashable, Hashable],
    projection: Projection | None,
    where: str,
) -> Curvilinear:
    """Latitude and longitude of the nodes; both NaN where either is missing."""
    latitude, longitude = (
        dataset[name].drop_vars(list(dataset[name].coords)).transpose(*dims).to_numpy()
        for name in axes
    )
    missing = ~(np.isfinite(latitude) & np.isfinite(longitude) & (np.abs(longitude) <= 720.0))
    if missing.all():
        raise CatalogError(f"{where}: its coordinates have no values; get the file again")
    return Curvilinear(
        axes,
        dims,
        np.where(missing, np.nan, latitude.astype(np.float64)),
        np.where(missing, np.nan, longitude.astype(np.float64)),
        projection,
    )


def _along_meridians(nodes: Curvilinear) -> OnDegrees | None:
    """Return the axes of a grid that is not curved at all, in either order; None where it is."""
    for (row, column), latitude, longitude in (
        (nodes.dims, nodes.latitude, nodes.longitude),
        (nodes.dims[::-1], nodes.latitude.T, nodes.longitude.T),
    ):
        y, x = latitude[:, :1], longitude[:1]
        near = 0.01 * min(float(np.median(np.abs(np.diff(axis.ravel())))) for axis in (y, x))
        astray = max(float(np.abs(latitude - y).max()), float(np.abs(longitude - x).max()))
        if astray <= min(near, TOLERANCE_DEG):
            return OnDegrees(nodes.axes, (row, column), y.ravel(), x.ravel())
    return None


def _rows_and_columns(
    dataset: xr.Dataset, axes: tuple[str, ...], where: str
) -> tuple[Hashable, Hashable]:
    """Dimensions along rows and columns."""
    first = dataset.variables[axes[0]].dims
    row, column = first if len(first) == 2 else (dataset.variables[n].dims[0] for n in axes)
    if row == column:
        raise CatalogError(
            f"{where}: latitude and longitude both run along {row!r}; expected a grid, put "
            "scattered nodes on a regular one first (`cdo remapbil`)"
        )
    return row, column
