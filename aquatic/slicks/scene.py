"""A radar scene of the sea, whatever its file: calibrated, placed, read by parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from aquatic.slicks.speckle import block_means

Floats = npt.NDArray[np.floating[Any]]
Places = npt.NDArray[np.float64]

CELL_M = 40.0
"""Side of a cell, as far as pixels are finer and few enough. [m]"""

MOST_CELLS = 16_000_000
_STRIP = 4_000_000  # pixels that are read at once
_EDGE = 64.0  # longest of a box's outline [pixel]


@dataclass(frozen=True)
class RadarScene:
    """A scene whose values are normalised radar cross-sections.

    Attributes
    ----------
    name : str
    size : tuple of int
        Height and width. [pixel]
    pixel_m : tuple of float
        Height and width of a pixel on the ground. [m]
    read : callable
        From a slice of rows to intensities, (rows, width), linear, less the noise where that is
        known; NaN where there is none.
    to_lonlat, to_pixel : callable
        From places of the image, (n, 2), x to the right and y down from its corner, to longitude
        and latitude without a break, and back. [pixel, degrees]
    transform, crs
        Affine, from pixels to a reference system, where the map is one; else None.
    incidence_deg : callable or None
        From rows and columns to angles; None where it is not known. [degrees]
    noise : float or None
        Cross-section that the instrument's noise looks like, in the middle of its range. [1]
    time : datetime or None
        UTC.
    platform, polarisation : str or None
    remarks : tuple of str
        What was odd, or had to be assumed.
    """

    name: str
    size: tuple[int, int]
    pixel_m: tuple[float, float]
    read: Callable[[slice], Floats]
    to_lonlat: Callable[[Places], Places]
    to_pixel: Callable[[Places], Places]
    transform: tuple[float, float, float, float, float, float] | None = None
    crs: str | None = None
    incidence_deg: Callable[[Floats, Floats], Floats] | None = None
    noise: float | None = None
    time: datetime | None = None
    platform: str | None = None
    polarisation: str | None = None
    remarks: tuple[str, ...] = field(default=())

    def box(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north, east past 180 where it lies across. [degrees]"""
        height, width = self.size
        outline = shapely.segmentize(
            shapely.box(0.0, 0.0, width, height), _EDGE * max(1, width // 4096)
        )
        lons, lats = self.to_lonlat(shapely.get_coordinates(outline)).T
        return float(lons.min()), float(lats.min()), float(lons.max()), float(lats.max())


@dataclass(frozen=True)
class Cells:
    """A scene averaged over blocks of pixels.

    Attributes
    ----------
    sigma0 : ndarray of float32, shape (height, width)
        Linear; NaN where there is none. [1]
    cell_m : tuple of float
        Height and width of a cell. [m]
    pixels : tuple of int
        Height and width of a cell. [pixel]
    """

    sigma0: Floats
    cell_m: tuple[float, float]
    pixels: tuple[int, int]


def multilooked(scene: RadarScene) -> Cells:
    """Return a scene averaged over blocks, read by strips.

    Cells have sides of `CELL_M`, or those of a pixel where that is coarser; more where there
    would be more than `MOST_CELLS`.
    """
    rows, columns = (max(1, round(CELL_M / side)) for side in scene.pixel_m)
    height, width = scene.size
    while (height // rows) * (width // columns) > MOST_CELLS:
        rows, columns = rows + 1, columns + 1
    strip = rows * max(1, _STRIP // (width * rows))
    parts = [
        block_means(scene.read(slice(top, min(top + strip, height))), rows, columns)
        for top in range(0, height, strip)
    ]
    cell_m = scene.pixel_m[0] * rows, scene.pixel_m[1] * columns
    return Cells(np.concatenate(parts), cell_m, (rows, columns))


def land_cells(scene: RadarScene, cells: Cells, land: Any) -> npt.NDArray[np.bool_]:
    """Return which cells touch land.

    Parameters
    ----------
    scene : RadarScene
    cells : Cells
    land : Geometry
        In longitude and latitude. [degrees]
    """
    from rasterio.features import rasterize

    shape = cells.sigma0.shape
    if land.is_empty:
        return np.zeros(shape, bool)
    rows, columns = cells.pixels
    fine = shapely.segmentize(land, 0.02)
    placed = shapely.transform(fine, lambda lonlat: scene.to_pixel(lonlat) / [columns, rows])
    usable = [it for it in shapely.get_parts(placed) if np.isfinite(it.bounds).all()]
    if not usable:
        return np.zeros(shape, bool)
    found: npt.NDArray[np.bool_] = rasterize(usable, out_shape=shape, all_touched=True) > 0
    return found
