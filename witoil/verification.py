"""The grid on which simulated and observed slicks are compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from rasterio.features import rasterize
from shapely.geometry.base import BaseGeometry

from catalog.bonn import ThicknessClass
from witoil.errors import WitoilError

MAX_CELLS = 50_000_000
"""More cells than this are refused: some 50 MB for each mask."""

_SHRINK = 1e-4
"""What is taken off a slick all round before it is burnt in. [cells]"""

Box = tuple[float, float, float, float]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class VerificationGrid:
    """Square cells in the local UTM zone, row 0 in the north.

    Attributes
    ----------
    crs : CRS
    west, north : float
        Outer corner of the first cell, a multiple of the resolution. [m]
    resolution : float
        [m]
    shape : tuple of int
        Rows and columns.
    """

    crs: CRS
    west: float
    north: float
    resolution: float
    shape: tuple[int, int]

    @classmethod
    def covering(cls, box: Box, resolution: float, margin: int = 0) -> VerificationGrid:
        """Return the grid over a box of degrees.

        Parameters
        ----------
        box : tuple of float
            West, south, east, north. [degrees]
        resolution : float
            [m]
        margin : int
            Cells beyond the box on every side. With half a window of them, the score is that of
            an endless grid.

        Raises
        ------
        WitoilError
            Where there is no UTM zone, or there would be too many cells.
        """
        west, south, east, north = box
        centre = AreaOfInterest(*(0.5 * (west + east), 0.5 * (south + north)) * 2)
        zones = query_utm_crs_info("WGS 84", centre, contains=True)
        if not zones:
            raise WitoilError(
                f"no UTM zone at {centre.west_lon_degree:.2f} E {centre.south_lat_degree:.2f} N; "
                "expected a case between 80 S and 84 N"
            )
        crs = CRS.from_epsg(zones[0].code)
        left, bottom, right, top = Transformer.from_crs(4326, crs, always_xy=True).transform_bounds(
            *box, densify_pts=21
        )
        left, bottom = (resolution * (np.floor(v / resolution) - margin) for v in (left, bottom))
        columns, rows = (
            int(np.ceil(span / resolution)) + margin for span in (right - left, top - bottom)
        )
        if columns * rows > MAX_CELLS:
            raise WitoilError(
                f"score.resolution_m = {resolution:g}: the verification grid would have "
                f"{columns} x {rows} cells; expected at most {MAX_CELLS:,}, take a coarser one"
            )
        return cls(crs, float(left), float(bottom + rows * resolution), resolution, (rows, columns))

    @property
    def transform(self) -> Affine:
        """Column and row to metres, as rasterio wants it."""
        return Affine(self.resolution, 0.0, self.west, 0.0, -self.resolution, self.north)

    @cached_property
    def to_metres(self) -> Transformer:
        """From longitude and latitude to the grid's reference system."""
        return Transformer.from_crs(4326, self.crs, always_xy=True)

    @cached_property
    def to_degrees(self) -> Transformer:
        """From the grid's reference system to longitude and latitude."""
        return Transformer.from_crs(self.crs, 4326, always_xy=True)

    def cells(
        self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return fractional column and row of points in degrees."""
        x, y = self.to_metres.transform(longitude, latitude)
        return (x - self.west) / self.resolution, (self.north - y) / self.resolution

    def middles(self, mask: Mask) -> NDArray[np.float64]:
        """Return eastings and northings of the middles of the cells of a mask, shape (n, 2). [m]"""
        rows, columns = np.nonzero(mask)
        x = self.west + self.resolution * (columns + 0.5)
        y = self.north - self.resolution * (rows + 0.5)
        return np.stack([x, y], axis=-1)

    def cells_of(self, mask: Mask, other: VerificationGrid) -> Mask:
        """Return the cells in which middles of the cells of a mask on another grid lie."""
        column, row = self.cells(*other.to_degrees.transform(*other.middles(mask).T))
        cells = np.zeros(self.shape, bool)
        cells[np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)] = True
        return cells

    def cells_touched(self, geometry: BaseGeometry) -> Mask:
        """Return the cells that a geometry in degrees touches.

        The rule for slicks: they are ribbons and specks, often narrower than a cell, and a rule by
        cell centres would lose them.
        """
        # a polygon made of this grid's cells must not touch the cells next to them
        projected = transformed(geometry, self.to_metres).buffer(-_SHRINK * self.resolution)
        return self._burn(projected, all_touched=True)

    def cells_centred_in(self, geometry: BaseGeometry) -> Mask:
        """Return the cells whose centre lies within a geometry in degrees: the rule for land."""
        return self._burn(transformed(geometry, self.to_metres), all_touched=False)

    def _burn(self, projected: BaseGeometry, *, all_touched: bool) -> Mask:
        if projected.is_empty:
            return np.zeros(self.shape, bool)
        burnt = rasterize(
            [projected], out_shape=self.shape, transform=self.transform, all_touched=all_touched
        )
        return np.asarray(burnt, dtype=bool)


@dataclass(frozen=True)
class SlickMasks:
    """A slick on the verification grid, seen or simulated.

    Attributes
    ----------
    oil : Mask
        Cells with any oil.
    thick : Mask or None
        Those with thick oil; None where this is not known.
    """

    oil: Mask
    thick: Mask | None = None

    def by_class(self) -> dict[ThicknessClass, Mask]:
        """Return the cells of each class; none where they are not known."""
        if self.thick is None:
            return {}
        return {"sheen": self.oil & ~self.thick, "thick": self.oil & self.thick}


def transformed(geometry: BaseGeometry, transformer: Transformer) -> BaseGeometry:
    """Return a geometry in another reference system."""

    def each(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(transformer.transform(*points.T), axis=-1)

    return shapely.transform(geometry, each)
