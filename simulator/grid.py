"""The regular longitude-latitude grid on which drift is blended and positions are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_SEMI_MAJOR = 6378137.0  # WGS 84 [m]
_ECCENTRICITY_SQUARED = 6.69437999014e-3  # WGS 84


POLEMOST = 89.9
"""Poleward of this there are no nodes: at the pole a degree of longitude has no length. [degree]"""


def metres_per_degree(latitude: Any) -> tuple[Any, Any]:
    """Return the length of a degree of longitude and of latitude on the WGS 84 ellipsoid.

    Parameters
    ----------
    latitude : float or ndarray
        [degrees_north]

    Returns
    -------
    east, north : float or ndarray
        [m degree-1]
    """
    phi = np.radians(latitude)
    w = 1.0 - _ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    prime_vertical = _SEMI_MAJOR / np.sqrt(w)
    meridional = _SEMI_MAJOR * (1.0 - _ECCENTRICITY_SQUARED) / w**1.5
    return np.radians(1.0) * prime_vertical * np.cos(phi), np.radians(1.0) * meridional


@dataclass(frozen=True)
class Grid:
    """A part of the nodes of a numbering that goes on beyond it.

    Columns and rows are numbered from a node that does not depend on the part, so that a
    place has the same fractional column and row, to the last bit, in every part.

    Attributes
    ----------
    west, south : float
        Column 0 and row 0 of the numbering. [degrees]
    dlon, dlat : float
        Spacing of the nodes. [degrees]
    columns, rows : int
        Size of the part.
    first_column, first_row : int
        Numbers of the part's first node, possibly negative.
    """

    west: float
    south: float
    dlon: float
    dlat: float
    columns: int
    rows: int
    first_column: int = 0
    first_row: int = 0

    @property
    def longitude(self) -> FloatArray:
        """Longitude of the part's columns, shape (columns,). [degrees_east]"""
        number = np.arange(self.first_column, self.first_column + self.columns, dtype=np.float64)
        return self.west + self.dlon * number

    @property
    def latitude(self) -> FloatArray:
        """Latitude of the part's rows, shape (rows,). [degrees_north]"""
        number = np.arange(self.first_row, self.first_row + self.rows, dtype=np.float64)
        return self.south + self.dlat * number

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the part. [degrees]"""
        last_column = self.first_column + self.columns - 1
        last_row = self.first_row + self.rows - 1
        return (
            self.west + self.dlon * self.first_column,
            self.south + self.dlat * self.first_row,
            self.west + self.dlon * last_column,
            self.south + self.dlat * last_row,
        )

    @property
    def cells_per_metre(self) -> FloatArray:
        """Grid cells a metre eastward and northward at each of the rows, shape (rows, 2). [m-1]"""
        east, north = metres_per_degree(self.latitude)
        return np.stack([1.0 / (east * self.dlon), 1.0 / (north * self.dlat)], axis=-1)

    def to_cells(
        self, longitude: FloatArray, latitude: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Convert degrees to fractional column and row of the numbering."""
        return (longitude - self.west) / self.dlon, (latitude - self.south) / self.dlat

    def to_degrees(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Convert fractional column and row of the numbering to degrees."""
        return self.west + self.dlon * x, self.south + self.dlat * y
