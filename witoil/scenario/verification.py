"""The grid on which simulated and observed slicks are compared."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import LambertAzimuthalEqualAreaConversion
from rasterio.features import rasterize
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import unbroken, wrapped
from catalog.slicks.bonn import ThicknessClass
from catalog.slicks.raster import outlines_of
from witoil.errors import WitoilError

_log = logging.getLogger(__name__)

MAX_CELLS = 50_000_000
"""More cells than this are refused: some 50 MB for each mask."""

WIDEST_DEG = 60.0
"""A box wider than this is too wide for a UTM zone. [degrees]"""

_SHRINK = 1e-4
"""What is taken off a slick all round before it is burnt in. [cells]"""

Box = tuple[float, float, float, float]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class VerificationGrid:
    """Square cells in the local UTM zone, row 0 in the north.

    Poleward of 84 N and 80 S there is no zone, and Lambert's azimuthal equal-area projection about
    the pole takes its place, as in EASE-Grid 2.0 but with the meridian of the middle upright. Areas
    are true, and lengths to 0.14 % poleward of 84 N and to 0.4 % poleward of 80 S; in Universal
    Polar Stereographic areas are 1.2 % too small at the pole. A box too wide for a zone has the
    same projection about its own middle.

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
    def covering(
        cls, box: Box, resolution: float, margin: int = 0, *, may_be_coarser: bool = False
    ) -> VerificationGrid:
        """Return the grid over a box of degrees.

        Parameters
        ----------
        box : tuple of float
            West, south, east, north, in longitudes without a break. [degrees]
        resolution : float
            [m]
        margin : int
            Cells beyond the box on every side. With half a window of them, the score is that of
            an endless grid.
        may_be_coarser : bool
            Double the resolution, and say so, until there are not too many cells.

        Raises
        ------
        WitoilError
            Where there would be too many cells.
        """
        crs = _projection(box)
        bounds = _bounds(crs, box)
        asked = resolution
        while (size := _shape(bounds, resolution, margin))[0] * size[1] > MAX_CELLS:
            if not may_be_coarser:
                raise WitoilError(
                    f"score.resolution_m = {resolution:g}: the verification grid would have "
                    f"{size[1]} x {size[0]} cells; expected at most {MAX_CELLS:,}, take a "
                    "coarser one"
                )
            resolution *= 2.0
        if resolution != asked:
            _log.warning(
                "score.resolution_m = %g: masks have cells of %g m, as the area of the run would "
                "have more than %s of that size",
                *(asked, resolution, f"{MAX_CELLS:,}"),
            )
        left, bottom = (resolution * (np.floor(v / resolution) - margin) for v in bounds[:2])
        return cls(crs, float(left), float(bottom + size[0] * resolution), resolution, size)

    @property
    def transform(self) -> Affine:
        """Column and row to metres, as rasterio wants it."""
        return Affine(self.resolution, 0.0, self.west, 0.0, -self.resolution, self.north)

    @cached_property
    def to_metres(self) -> Transformer:
        """Transformer from longitude and latitude to the grid's reference system."""
        return Transformer.from_crs(4326, self.crs, always_xy=True)

    @cached_property
    def to_degrees(self) -> Transformer:
        """Transformer from the grid's reference system to longitude and latitude."""
        return Transformer.from_crs(self.crs, 4326, always_xy=True)

    def area_km2(self, mask: Mask) -> float:
        """Return the area of some cells. [km2]"""
        return float(mask.sum()) * self.resolution**2 / 1e6

    def outline(self, mask: Mask) -> BaseGeometry:
        """Return the outline of some cells in degrees, in longitudes without a break."""
        parts, _ = outlines_of(mask.astype(np.uint8), mask, self.transform)
        cells = shapely.union_all(parts)
        whole: BaseGeometry = unbroken([transformed(cells, self.to_degrees)], "a mask")[0]
        return whole

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


def _projection(box: Box) -> CRS:
    """Return the reference system of cells over a box of degrees."""
    west, south, east, north = box
    # Rounded, since a box between two zones must not lie in one or the other by its last bit.
    lon, lat = (round(float(v), 6) for v in (wrapped(0.5 * (west + east)), 0.5 * (south + north)))
    lon = 180.0 if lon == -180.0 else lon
    zone = _utm_zone(lon, lat)
    if zone is not None and east - west <= WIDEST_DEG:
        return CRS.from_epsg(zone)
    centre = float(np.copysign(90.0, lat)) if zone is None else lat
    return ProjectedCRS(
        LambertAzimuthalEqualAreaConversion(centre, lon),
        name=f"WGS 84 / Lambert azimuthal equal area about {centre:g} N {lon:g} E",
    )


def _utm_zone(lon: float, lat: float) -> int | None:
    """Return the EPSG code of the UTM zone of a place [degrees]; none beyond 80 S and 84 N.

    Between two zones it is the western, and on the equator the northern one. A query of the
    register of EPSG says the same, but reads all of it.
    """
    if not -80.0 <= lat <= 84.0:
        return None
    return (32600 if lat >= 0.0 else 32700) + max(math.ceil((lon + 180.0) / 6.0), 1)


def _bounds(crs: CRS, box: Box) -> Box:
    """Return left, bottom, right, top of a box of degrees in a reference system. [m]"""
    to_metres = Transformer.from_crs(4326, crs, always_xy=True)
    if crs.utm_zone is not None:
        left, bottom, right, top = to_metres.transform_bounds(*box, densify_pts=21)
        return left, bottom, right, top
    west, south, east, north = box
    # circles round the pole reach farthest at right angles to the meridian of the middle
    quarters = 0.5 * (west + east) + 90.0 * np.arange(-2, 3)
    lon = np.union1d(np.linspace(west, east, 361), np.clip(quarters, west, east))
    lat = np.linspace(south, north, 181)
    x, y = to_metres.transform(
        np.concatenate([lon, lon, np.full(lat.size, west), np.full(lat.size, east)]),
        np.concatenate([np.full(lon.size, south), np.full(lon.size, north), lat, lat]),
    )
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _shape(bounds: Box, resolution: float, margin: int) -> tuple[int, int]:
    """Return the rows and columns of cells over bounds, with a margin all round."""
    left, bottom = (resolution * (np.floor(v / resolution) - margin) for v in bounds[:2])
    columns, rows = (
        int(np.ceil(span / resolution)) + margin for span in (bounds[2] - left, bounds[3] - bottom)
    )
    return rows, columns


def transformed(geometry: BaseGeometry, transformer: Transformer) -> BaseGeometry:
    """Return a geometry in another reference system."""

    def each(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(transformer.transform(*points.T), axis=-1)

    return shapely.transform(geometry, each)
