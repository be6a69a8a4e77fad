"""Longitude and latitude axes: order, range, and cutting out a box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from catalog.errors import CoverageError

if TYPE_CHECKING:
    import xarray as xr

Box = tuple[float, float, float, float]
"""West, south, east, north. [degrees] East is below west where the box crosses the dateline."""

FloatArray = npt.NDArray[np.float64]
_Data = TypeVar("_Data", "xr.Dataset", "xr.DataArray")

# A hundredth of the finest grids in use: float32 longitudes are good to 1e-5 degrees.
TOLERANCE_DEG = 1e-4


@dataclass(frozen=True)
class Section:
    """A part of a regular grid.

    Attributes
    ----------
    rows : slice
    columns : ndarray of int, shape (n,)
    longitude : ndarray, shape (n,)
        Of the columns; other than in the whole by full turns. [degrees east]
    """

    rows: slice
    columns: npt.NDArray[np.intp]
    longitude: FloatArray


@dataclass(frozen=True)
class RegularGrid:
    """Nodes of a field, without values: a data set for them takes a hundred times as long to make.

    Attributes
    ----------
    latitude, longitude : ndarray
        Ascending. [degrees]
    rows, columns : ndarray of int
        Which row and column of the file each is.
    """

    latitude: FloatArray
    longitude: FloatArray
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of latitudes and longitudes."""
        return self.latitude.size, self.longitude.size

    @property
    def box(self) -> Box:
        """Outermost nodes."""
        return _outermost(self.latitude, self.longitude)

    def part(self, section: Section) -> RegularGrid:
        """Return the nodes of a part."""
        rows, columns = section.rows, section.columns
        latitude = self.latitude[rows]
        return RegularGrid(latitude, section.longitude, self.rows[rows], self.columns[columns])

    def section(self, box: Box, where: str) -> Section:
        """Find a box with one more node all round, see `select_box`."""
        return _section(self.latitude, self.longitude, box, where)


def ascending_longitudes(longitude: FloatArray) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Longitudes in ascending order without a jump, and the nodes they belong to.

    Parameters
    ----------
    longitude : ndarray, shape (n,)
        In any range and order. [degrees east]

    Returns
    -------
    longitude : ndarray, shape (m,)
        From -180 on; where the grid lies across the dateline it runs past 180 instead. m < n if
        meridians are repeated. [degrees east]
    nodes : ndarray of int, shape (m,)
        Index of each in the input.
    """
    wrapped = np.asarray((longitude + 180.0) % 360.0 - 180.0, dtype=np.float64)
    # Rounded, since 359.99999 and 0 are one meridian that modulo puts at the two ends.
    nodes = np.unique(np.round(wrapped, 4) % 360.0, return_index=True)[1]
    nodes = nodes[np.argsort(wrapped[nodes], kind="stable")]
    wrapped = wrapped[nodes]
    steps = np.diff(wrapped, append=wrapped[0] + 360.0)
    widest = int(np.argmax(steps))
    # The axis begins after the widest empty sector, unless that is the one at the dateline.
    if steps[widest] > steps[-1] + TOLERANCE_DEG:
        wrapped = np.roll(wrapped, -(widest + 1))
        nodes = np.roll(nodes, -(widest + 1))
        wrapped = np.where(wrapped < wrapped[0], wrapped + 360.0, wrapped)
    return wrapped, nodes


def turn_longitudes(
    longitude: FloatArray, middle: float
) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Longitudes within half a turn of a meridian, ascending, and the nodes they belong to.

    Parameters
    ----------
    longitude : ndarray, shape (n,)
        [degrees east]
    middle : float
        The meridian. [degrees east]

    Returns
    -------
    longitude : ndarray, shape (n,)
        Changed by whole turns only, so those that need none keep their bits. [degrees east]
    nodes : ndarray of int, shape (n,)
        Index of each in the input.
    """
    turned = longitude + 360.0 * np.round((middle - longitude) / 360.0)
    nodes = np.argsort(turned, kind="stable")
    return turned[nodes], nodes


def select_box(data: _Data, box: Box, where: str) -> _Data:
    """Cut out a box with one more node all round, where there is one.

    Parameters
    ----------
    data : Dataset or DataArray
        On ``latitude`` and ``longitude``, both ascending. [degrees]
    box : tuple of float
        West, south, east, north. [degrees]
    where : str
        Variable and file, for the error message.

    Returns
    -------
    Dataset or DataArray
        Longitudes are in the range of the box, so past 180 if it crosses the dateline.

    Raises
    ------
    CoverageError
        If the grid does not hold the whole box.
    """
    latitude, longitude = (
        data[axis].to_numpy().astype(np.float64) for axis in ("latitude", "longitude")
    )
    found = _section(latitude, longitude, box, where)
    part = data.isel(latitude=found.rows, longitude=found.columns)
    return part.assign_coords(longitude=found.longitude)


def _section(latitude: FloatArray, longitude: FloatArray, box: Box, where: str) -> Section:
    west, south, east, north = box
    east += 360.0 if east < west else 0.0
    turned, order = turn_longitudes(longitude, (west + east) / 2.0)

    columns = _span(turned, west, east)
    rows = _span(latitude, south, north)
    if columns is None or rows is None:
        raise CoverageError(
            f"{where}: the grid covers {format_box(_outermost(latitude, longitude))}, which does "
            f"not hold the wanted box {format_box((west, south, east, north))}; get data for the "
            "whole box"
        )
    return Section(rows, order[columns], turned[columns])


def _span(axis: FloatArray, low: float, high: float) -> slice | None:
    """Slice of an ascending axis that holds [low, high] and a node more; None if it cannot."""
    if axis[0] > low + TOLERANCE_DEG or axis[-1] < high - TOLERANCE_DEG:
        return None
    first = max(int(np.searchsorted(axis, low, side="right")) - 2, 0)
    last = min(int(np.searchsorted(axis, high, side="left")) + 1, axis.size - 1)
    within = slice(first, last + 1)
    # Seen from the box, a grid may end on one side and begin again on the other.
    return None if _jumps(axis)[first:last].any() else within


def _jumps(axis: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which steps of an ascending axis are none of its grid: far wider than both neighbours.

    Those of a stretched axis change little by little.
    """
    steps = np.diff(axis)
    neighbours = np.maximum(np.append(steps[1:], 0.0), np.append(0.0, steps[:-1]))
    return np.asarray((steps > 2.0 * neighbours + TOLERANCE_DEG) & (neighbours > 0.0))


def grid_box(data: xr.Dataset | xr.DataArray) -> Box:
    """Outermost nodes as west, south, east, north, in degrees."""
    return _outermost(data["latitude"].to_numpy(), data["longitude"].to_numpy())


def _outermost(latitude: FloatArray, longitude: FloatArray) -> Box:
    return (
        float(longitude[0]),
        float(latitude[0]),
        float(longitude[-1]),
        float(latitude[-1]),
    )


def format_box(box: Box) -> str:
    """Write a box for people."""
    west, south, east, north = box
    return f"{west:.2f} to {east:.2f} E, {south:.2f} to {north:.2f} N"
