"""Slicks in optical scenes with sunglint: contrast with the water around, in units of its scatter.

A slick smooths the waves, so that it mirrors more sun than the sea about it, or less, by where the
sun stands. In the near and short-wave infrared hardly any light comes out of the water, so what is
seen there is glint. Contrasts are normalised by the scatter of the water around, and count where
both bands have the same sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

BANDS: Mapping[str, tuple[str, str]] = {
    "Sentinel-2": ("B8A", "B11"),
    "Sentinel-3": ("Oa17", "Oa21"),
}
"""Bands that are looked at, of each sensor: 865 and 1610 nm, 865 and 1020 nm."""

AROUND_M, AROUND_PIXELS = 3000.0, 30
"""Side of the squares of water that a pixel is compared with, in the last pass: at least so long
[m], and at least so many pixels.
"""

_PASSES = (8, 4, 2, 1)  # times that side
_LARGE = 0.1  # of such a square: what moves its median, and is left out of the surroundings

LEAST_CONTRAST = 3.0
"""Contrast that counts, in robust standard deviations of the water around."""

LEAST_KM2, LEAST_PIXELS = 0.02, 10
"""Area of a slick that counts: at least so large [km2], and at least so many pixels, which is one
that noise alone, a mean of 3 x 3, has hardly ever.
"""

CLOUD = 0.2
"""Reflectance from which on a pixel is cloud, foam or land."""

LEAST_REFLECTANCE = -0.05
"""Reflectance that water has at least where the light of the air was taken away."""

_MOST_MEDIAN = 0.5  # of reflectances of water, glint and all


@dataclass(frozen=True)
class GlintContrast:
    """Contrasts of a scene.

    Attributes
    ----------
    contrast : ndarray of float32, shape (height, width)
        The smaller one of both bands where they have one sign, else 0; NaN where there is no
        water.
    numbers : ndarray of int32, shape (height, width)
        Of the slick, from 1 on; 0 elsewhere.
    """

    contrast: Floats
    numbers: npt.NDArray[np.int32]


def find_contrasts(
    bands: tuple[Floats, Floats],
    water: Bools,
    pixel_m: tuple[float, float],
    sign: int | None = None,
) -> GlintContrast:
    """Return where a scene is brighter or darker than the water around.

    Parameters
    ----------
    bands : tuple of ndarray, shape (height, width)
        Reflectances of two bands of the infrared; NaN where there is none. [1]
    water : ndarray of bool, shape (height, width)
        Where there is no land.
    pixel_m : tuple of float
        Height and width of a pixel. [m]
    sign : {1, -1}, optional
        Whether slicks are brighter or darker where the sun stands so. Default: either.

    Raises
    ------
    AquaticError
        Where values are no reflectances, or there is hardly any water.
    """
    # fill that no file may tell of: far below 0, or 0 in both bands as outside a swath
    fill = (np.minimum(*bands) < LEAST_REFLECTANCE) | ((bands[0] == 0.0) & (bands[1] == 0.0))
    bands = np.where(fill, np.nan, bands[0]), np.where(fill, np.nan, bands[1])
    seen = water & np.isfinite(bands[0]) & np.isfinite(bands[1])
    for band in bands:
        seen &= ~(band > CLOUD)
        middle = float(np.nanmedian(band)) if np.isfinite(band).any() else np.nan
        if not -0.1 < middle < _MOST_MEDIAN:
            raise AquaticError(
                f"has values about {middle:.4g}, which are no reflectances of water; expected "
                "fractions of 1 (Sentinel-2: (DN - 1000) / 10000 from baseline 04.00 on, and "
                "DN / 10000 before), also by scale and offset of the file"
            )
    if seen.mean() < 0.01:
        raise AquaticError(
            f"has cloudless water on {100.0 * seen.mean():.1f} % of its area; expected a scene of "
            "the sea"
        )
    smooth = tuple(_smoothed(band, seen) for band in bands)
    left = np.zeros(seen.shape, bool)
    square = [max(AROUND_PIXELS, round(AROUND_M / side)) for side in pixel_m]
    for times in _PASSES:
        sides = tuple(times * side for side in square)
        contrast = _common(*(_normalised(band, left, sides) for band in smooth))
        large = np.abs(contrast) > LEAST_CONTRAST
        left = _areas(large, _LARGE * square[0] * square[1]) > 0
    if sign is not None:
        large &= np.sign(contrast) == sign
    least = max(LEAST_PIXELS, 1e6 * LEAST_KM2 / (pixel_m[0] * pixel_m[1]))
    return GlintContrast(contrast.astype(np.float32), _areas(large, least))


def _common(first: Floats, second: Floats) -> Floats:
    """Return the smaller one of two contrasts where they have one sign, else 0."""
    agree = np.sign(first) == np.sign(second)
    common = np.where(agree, np.sign(first) * np.minimum(np.abs(first), np.abs(second)), 0.0)
    return np.where(np.isfinite(first) & np.isfinite(second), common, np.nan)


def _areas(large: Bools, least: float) -> npt.NDArray[np.int32]:
    """Return the numbers of areas that have so many pixels, from 1 on."""
    from scipy.ndimage import label

    numbers, count = label(large, structure=np.ones((3, 3), bool))
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    kept = sizes >= least
    kept[0] = False
    order = np.cumsum(kept) * kept
    return np.asarray(order[numbers], np.int32)


def _smoothed(band: Floats, seen: Bools) -> Floats:
    """Return means of 3 x 3 pixels of water, NaN elsewhere: waves are seen one by one."""
    from scipy.ndimage import uniform_filter

    share = uniform_filter(seen.astype(np.float32), 3)
    smooth = uniform_filter(np.where(seen, band, 0.0).astype(np.float32), 3)
    return np.where(seen, smooth / np.maximum(share, 1e-6), np.nan).astype(np.float32)


def _normalised(smooth: Floats, left: Bools, sides: tuple[int, ...]) -> Floats:
    """Return (R - median) / (1.4826 MAD) of the water around, both robust, without what is left."""
    around = np.where(left, np.float32(np.nan), smooth)
    middle = _by_squares(around, sides)
    spread = 1.4826 * _by_squares(np.abs(around - middle), sides)
    return np.asarray((smooth - middle) / np.maximum(spread, 1e-6))


def _by_squares(values: Floats, sides: tuple[int, ...]) -> Floats:
    """Return the medians of squares, linear between their middles."""
    from scipy.ndimage import distance_transform_edt, map_coordinates

    counts = [max(1, round(n / side)) for n, side in zip(values.shape, sides, strict=True)]
    down, across = (
        np.linspace(0, n, k + 1).astype(int) for n, k in zip(values.shape, counts, strict=True)
    )
    medians = np.full(counts, np.nan)
    for y in range(counts[0]):
        for x in range(counts[1]):
            part = values[down[y] : down[y + 1], across[x] : across[x + 1]]
            known = part[np.isfinite(part)]
            if known.size >= 0.05 * part.size and known.size:
                medians[y, x] = np.median(known)
    unknown = np.isnan(medians)
    if unknown.all():
        return np.full(values.shape, np.nanmedian(values), np.float32)
    nearest = distance_transform_edt(unknown, return_distances=False, return_indices=True)
    medians = medians[tuple(nearest)]
    places = [(np.arange(n) + 0.5) / n * k - 0.5 for n, k in zip(values.shape, counts, strict=True)]
    grid = np.meshgrid(*places, indexing="ij", copy=False)
    return np.asarray(map_coordinates(medians, grid, order=1, mode="nearest", output=np.float32))
