"""The regular longitude-latitude grid on which drift is blended and positions are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_SEMI_MAJOR = 6378137.0  # WGS 84 [m]
_ECCENTRICITY_SQUARED = 6.69437999014e-3  # WGS 84


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
    """Nodes `west + i * dlon`, `south + j * dlat`, for 0 <= i < columns, 0 <= j < rows."""

    west: float
    south: float
    dlon: float
    dlat: float
    columns: int
    rows: int

    @property
    def longitude(self) -> FloatArray:
        """Longitude of the columns, shape (columns,). [degrees_east]"""
        return self.west + self.dlon * np.arange(self.columns, dtype=np.float64)

    @property
    def latitude(self) -> FloatArray:
        """Latitude of the rows, shape (rows,). [degrees_north]"""
        return self.south + self.dlat * np.arange(self.rows, dtype=np.float64)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north. [degrees]"""
        east = self.west + self.dlon * (self.columns - 1)
        north = self.south + self.dlat * (self.rows - 1)
        return self.west, self.south, east, north

    @property
    def cells_per_metre(self) -> FloatArray:
        """Grid cells a metre eastward and northward at each row, shape (rows, 2). [m-1]"""
        east, north = metres_per_degree(self.latitude)
        return np.stack([1.0 / (east * self.dlon), 1.0 / (north * self.dlat)], axis=-1)

    def to_cells(
        self, longitude: FloatArray, latitude: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Convert degrees to fractional column and row."""
        return (longitude - self.west) / self.dlon, (latitude - self.south) / self.dlat

    def to_degrees(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Convert fractional column and row to degrees."""
        return self.west + self.dlon * x, self.south + self.dlat * y
