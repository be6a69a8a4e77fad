"""Mercator's projection, in which pages draw: x is the longitude, y grows poleward. [degrees]"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

import simulator

FloatArray = NDArray[np.float64]
Box = tuple[float, float, float, float]

MOST_CELLS = 360_000
"""A grid is made coarser until it has no more: about as many as a page has pixels for it."""

POLEMOST = 89.95
"""Beyond it the projection runs away. [degrees]"""

_RADIUS = 6_378_137.0


def northing(latitude: Any) -> Any:
    """Return the y of latitudes; as long as a degree of longitude at the equator. [degrees]"""
    return np.degrees(np.arcsinh(np.tan(np.radians(latitude))))


def latitude_of(y: Any) -> Any:
    """Return the latitude of a y. [degrees]"""
    return np.degrees(np.arctan(np.sinh(np.radians(y))))


def box_of(lon: NDArray[np.floating], lat: NDArray[np.floating]) -> Box:
    """Return west, south, east, north of places. [degrees]"""
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


@dataclass(frozen=True)
class MercatorGrid:
    """Square cells, row 0 in the north.

    Attributes
    ----------
    west, north : float
        Outer corner of the first cell, in the projection. [degrees]
    cell : float
        Side of a cell. [degrees]
    shape : tuple of int
        Rows and columns.
    """

    west: float
    north: float
    cell: float
    shape: tuple[int, int]

    @classmethod
    def covering(cls, box: Box, resolution: float, margin: int = 0) -> MercatorGrid:
        """Return the grid over a box.

        Parameters
        ----------
        box : tuple of float
            West, south, east, north, in longitudes without a break. [degrees]
        resolution : float
            Wanted in the middle of the box. [m]
        margin : int
            Cells beyond the box on every side.
        """
        west, south, east, north = box
        low, high = northing(south), northing(north)
        middle = float(latitude_of(0.5 * (low + high)))
        cell = resolution / float(simulator.metres_per_degree(middle)[0])
        while True:
            columns = math.ceil((east - west) / cell) + 2 * margin + 1
            rows = math.ceil((high - low) / cell) + 2 * margin + 1
            if rows * columns <= MOST_CELLS:
                break
            cell *= 1.25
        return cls(west - margin * cell, float(high) + margin * cell, cell, (rows, columns))

    def cells(self, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return fractional columns and rows of places."""
        return (lon - self.west) / self.cell, (self.north - northing(lat)) / self.cell

    @property
    def areas(self) -> FloatArray:
        """Area of a cell of each row, shape (rows, 1). [m2]"""
        y = self.north - self.cell * (np.arange(self.shape[0]) + 0.5)
        latitude = latitude_of(y)
        east, north = simulator.metres_per_degree(latitude)
        # a step of y is shorter in latitude by the cosine
        per_square_degree = np.asarray(east * north * np.cos(np.radians(latitude)))
        return (self.cell**2 * per_square_degree)[:, np.newaxis]

    @property
    def resolution(self) -> float:
        """Side of a cell in the middle. [m]"""
        return float(np.sqrt(np.median(self.areas)))

    def take(self, bands: NDArray[Any], transform: Affine, crs: Any) -> NDArray[Any]:
        """Return bands of another grid on this one.

        Where this grid is coarser, the greatest value counts: what is small is not lost. Else
        that of the cell in which a middle lies.

        Parameters
        ----------
        bands : ndarray, shape (bands, rows, columns)
        transform : Affine
        crs : CRS
            Of the bands, in metres.
        """
        from rasterio.warp import Resampling, reproject  # servers that only place points load none

        taken = np.zeros((len(bands), *self.shape), bands.dtype)
        middle = self.west + 0.5 * self.cell * self.shape[1]
        # as of web maps, but about a meridian of its own: 180 degrees may be in the middle
        mercator = f"+proj=merc +a={_RADIUS} +b={_RADIUS} +lon_0={middle!r} +nadgrids=@null +wktext"
        metres = math.radians(1.0) * _RADIUS
        left, top, side = (self.west - middle) * metres, self.north * metres, self.cell * metres
        reproject(
            bands,
            taken,
            src_transform=transform,
            src_crs=crs,
            dst_transform=Affine(side, 0.0, left, 0.0, -side, top),
            dst_crs=mercator,
            resampling=Resampling.max if self.resolution > transform.a else Resampling.nearest,
        )
        return taken

    def as_dict(self) -> dict[str, Any]:
        """Return where the cells are."""
        return {"west": self.west, "north": self.north, "cell": self.cell}
