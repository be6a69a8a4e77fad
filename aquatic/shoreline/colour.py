"""Sea and land in a picture of a beach, by colour alone.

Water is bluer than the land beside it, so one number of each pixel tells them apart: −b* of CIELAB.
No level of it holds for all scenes. It is taken where Otsu (1979) would part the pixels, and where
the border that it draws runs along the steepest change of colour: a slow change from shallow to
deep water is no shoreline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_BLACK = 16
"""Bytes up to which a pixel beyond the border of a warped picture may be grey, by JPEG."""

_RIM = 3
"""Width of mixed colours along what has no data. [pixel]"""

_NEUTRAL = 10.0
"""b* beyond which a colour is as good as all yellow, or all blue.

Dunes are far yellower than sand and deep water is far bluer than shallow, and both are nothing to
the shoreline.
"""

_NEAR = 5
"""Width at each side of the border whose colours tell where in a pixel it runs. [pixel]"""

_LEVELS = 256
_SHARE_OF_OTSU = 0.8
"""Variance between the classes, of the most that a level can have, at which a level is tried."""

_LEAST_CONTRAST = 5.0
"""Difference of b* below which sea and land are as good as one colour; one of 2.3 is just seen."""

_SHARE_OF_PICTURE = 0.01
"""Areas below this share of the picture are boats, shadows, foam and pools."""


@dataclass(frozen=True)
class SeaAndLand:
    """What a picture shows.

    Attributes
    ----------
    sea : numpy.ndarray of bool
        (height, width).
    valid : numpy.ndarray of bool
        (height, width), False where the picture has nothing.
    lines : list of numpy.ndarray
        (n, 2) each, x and y from the outer corner of the picture, the longest line first. [pixel]
    contrast : float
        How much bluer the sea is than the land, in b*.
    difference : numpy.ndarray
        (height, width), of which `lines` are the zeros: above 0 in the sea, NaN without a picture.
    """

    sea: Mask
    valid: Mask
    lines: list[Floats]
    contrast: float
    difference: Floats


def find_sea(pixels: npt.NDArray[np.uint8], opaque: Mask | None = None) -> SeaAndLand:
    """Return sea, land and the line between them.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8
        (height, width, 3), RGB.
    opaque : numpy.ndarray of bool, optional
        (height, width), where there is a picture. Black areas at its border are none, either.

    Returns
    -------
    SeaAndLand

    Raises
    ------
    AquaticError
        Where sea and land have one colour, or one of them is missing.

    References
    ----------
    Otsu (1979), https://doi.org/10.1109/TSMC.1979.4310076
    """
    from scipy import ndimage

    valid = ~_without_data(pixels)
    if opaque is not None:
        valid &= opaque
    valid = _without_specks(valid)
    inner = ~ndimage.binary_dilation(~valid, iterations=_RIM)
    if inner.sum() < 64:
        raise AquaticError("found no picture but black, expected sea and land")
    blueness = _smoothed(_blueness(pixels), inner)
    hue = np.tanh(blueness / _NEUTRAL)
    sea = _without_small(_from_nearest(hue > _level(hue, inner), inner), valid)
    if not (sea.any() and (valid & ~sea).any()):
        raise AquaticError("found one colour all over, expected sea and land in the picture")
    near, middle = _at_border(blueness, sea, inner)
    sea = _without_small(np.where(near, blueness > middle, sea), valid)
    land = valid & ~sea
    contrast = float(np.median(blueness[sea & inner]) - np.median(blueness[land & inner]))
    if not contrast >= _LEAST_CONTRAST:
        raise AquaticError(
            f"the bluer part is bluer by {contrast:.1f} in b* only, expected "
            f"{_LEAST_CONTRAST:g} at least between sea and land; mark the shoreline by hand"
        )
    difference = _difference(blueness - middle, sea, inner)
    return SeaAndLand(sea, valid, _lines(difference), contrast, difference)


def _without_data(pixels: npt.NDArray[np.uint8]) -> Mask:
    """Return what is black and touches the border of the picture, as round a warped one."""
    from scipy import ndimage

    numbers, count = ndimage.label(pixels.max(axis=-1) <= _BLACK)
    border = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    outside = np.zeros(count + 1, dtype=bool)
    outside[border] = True
    outside &= sizes >= _SHARE_OF_PICTURE * numbers.size
    outside[0] = False
    found: Mask = outside[numbers]
    return found


def _blueness(pixels: npt.NDArray[np.uint8]) -> Floats:
    from skimage.color import rgb2lab

    found: Floats = -rgb2lab(pixels)[:, :, 2]
    return found


def _smoothed(values: Floats, known: Mask) -> Floats:
    """Return values less their noise, as if nothing were beyond what is known."""
    from scipy.ndimage import gaussian_filter

    weight = gaussian_filter(known.astype(np.float64), 1.0)
    smooth = gaussian_filter(np.where(known, values, 0.0), 1.0)
    found: Floats = np.where(known, smooth / np.maximum(weight, 1e-9), values)
    return found


def _level(values: Floats, known: Mask) -> float:
    """Return the level whose border is the steepest, of those at which two classes are apart."""
    from scipy.ndimage import binary_erosion, gaussian_gradient_magnitude

    steepness = gaussian_gradient_magnitude(values, 1.0)
    inner = binary_erosion(known, iterations=_RIM, border_value=1)
    levels = _levels(values[known])
    sums, counts = np.zeros((2, len(levels) + 1))
    for ahead, behind in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        both = inner[ahead] & inner[behind]
        one, other = values[ahead][both], values[behind][both]
        steep = 0.5 * (steepness[ahead][both] + steepness[behind][both])
        # a border runs between two pixels at each level from the lower one up to the higher one
        for ends, sign in ((np.minimum(one, other), 1.0), (np.maximum(one, other), -1.0)):
            first = np.searchsorted(levels, ends)
            sums += sign * np.bincount(first, steep, len(sums))
            counts += sign * np.bincount(first, minlength=len(counts))
    lengths = np.cumsum(counts)[:-1]
    means = np.where(lengths > 0.5, np.cumsum(sums)[:-1] / np.maximum(lengths, 1.0), 0.0)
    return float(levels[int(means.argmax())])


def _at_border(blueness: Floats, sea: Mask, inner: Mask) -> tuple[Mask, float]:
    """Return where the border is near, and the middle between the colours on both sides of it.

    A pixel that is half sea and half land has it, whatever the colours are further away.
    """
    from scipy.ndimage import binary_dilation

    land = ~sea & inner
    near_land = sea & inner & binary_dilation(land, iterations=_NEAR)
    near_sea = land & binary_dilation(sea & inner, iterations=_NEAR)
    if not (near_land.any() and near_sea.any()):
        return np.zeros_like(sea), 0.0
    middle = 0.5 * (np.median(blueness[near_land]) + np.median(blueness[near_sea]))
    return near_land | near_sea, float(middle)


def _levels(values: Floats) -> Floats:
    """Return levels at which the variance between two classes is near the most that it can be."""
    counts, edges = np.histogram(values, bins=_LEVELS)
    middles = 0.5 * (edges[1:] + edges[:-1])
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * middles)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = (sums[-1] - sums[:-1]) / above - sums[:-1] / below
    between = np.nan_to_num(below * above * apart**2)
    good = between >= _SHARE_OF_OTSU * between.max()
    levels: Floats = edges[1:-1][good]
    return levels


def _from_nearest(sea: Mask, inner: Mask) -> Mask:
    """Return the classes, those of the rim as the nearest inner pixel has them."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(~inner, return_distances=False, return_indices=True)
    found: Mask = sea[rows, columns]
    return found


def _without_small(sea: Mask, valid: Mask) -> Mask:
    """Return the sea without small areas of either class, which go to the other one."""
    large = _without_specks(sea & valid, int(valid.sum()))
    return valid & ~_without_specks(valid & ~large, int(valid.sum()))


def _without_specks(mask: Mask, whole: int | None = None) -> Mask:
    from skimage.morphology import remove_small_objects

    most = int(_SHARE_OF_PICTURE * (mask.sum() if whole is None else whole))
    found: Mask = remove_small_objects(mask, max_size=most)
    return found


def _difference(values: Floats, sea: Mask, inner: Mask) -> Floats:
    """Return values with the sign of their class, which small areas have changed."""
    signed = np.where(sea, np.maximum(values, 1e-3), np.minimum(values, -1e-3))
    found: Floats = np.where(inner, signed, np.nan)
    return found


def _lines(difference: Floats) -> list[Floats]:
    """Return where the difference is zero, between the middles of pixels."""
    from skimage.measure import find_contours

    lines = [line[:, ::-1] + 0.5 for line in find_contours(difference, 0.0)]
    return sorted(lines, key=lambda line: -_length(line))


def _length(line: Floats) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())
