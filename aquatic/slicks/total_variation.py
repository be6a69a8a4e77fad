"""Total variation denoising: the image nearest to a noisy one that has short level lines."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]
Row = npt.NDArray[np.float32]

_STEP = np.float32(0.25)
"""Step of the fixed point with which it converges in two dimensions."""

_ONE = np.float32(1.0)


def denoised(image: npt.NDArray[Any], weight: float, tolerance: float, most: int) -> Image:
    """Return an image without what is not worth its border.

    Parameters
    ----------
    image : ndarray, shape (height, width)
        Finite.
    weight : float
        Weight of the total variation against the squares of what is taken away.
    tolerance : float
        Change of the energy from one iteration to the next at which it ends, of that of the first.
    most : int
        Iterations after which it ends nevertheless.

    Returns
    -------
    ndarray of float32, shape (height, width)

    Notes
    -----
    The fixed point of Chambolle (2004, https://doi.org/10.1023/B:JMIV.0000011325.36760.1e), step by
    step as `skimage.restoration.denoise_tv_chambolle` has it, which goes over whole arrays some
    twenty times for each iteration; here a row is done with while it is at hand.
    """
    scale = np.float32(float(_STEP) / weight)
    values = np.ascontiguousarray(image, np.float32)
    return np.asarray(_denoised(values, weight, scale, tolerance, most))


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _denoised(image: Image, weight: float, scale: np.float32, tolerance: float, most: int) -> Image:
    height, width = image.shape
    # the dual field, with a row and a column of zeros before the first
    down = np.zeros((height + 1, width), np.float32)
    right = np.zeros((height, width + 1), np.float32)
    smooth = np.empty_like(image)
    first = before = 0.0
    for k in range(most):
        energy = _iterate(image, smooth, down, right, weight, scale) / image.size
        if k == 0:
            first = energy
        elif abs(before - energy) < tolerance * first:
            break
        before = energy
    return smooth


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _iterate(
    image: Image, smooth: Image, down: Image, right: Image, weight: float, scale: np.float32
) -> float:
    """Make the image of a dual field, and the next field of that; return the energy of the image.

    A row of the image needs the field of that row and the one above, so the next row of the image
    is made before the field of this one changes.
    """
    height, width = image.shape
    lengths, squares = np.empty(width, np.float32), np.empty(width, np.float32)
    total = 0.0
    for i in range(-1, height):
        if i + 1 < height:
            k = i + 1
            _add_divergence(image[k], down[k], down[k + 1], right[k], smooth[k], squares)
            total += _sum(squares)
        if i >= 0:
            below = smooth[min(i + 1, height - 1)]
            _climb(smooth[i], below, down[i + 1], right[i], scale, lengths)
            total += weight * _sum(lengths)
    return total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _add_divergence(
    image: Row, above: Row, down: Row, right: Row, smooth: Row, squares: Row
) -> None:
    for j in range(len(image)):
        change = -(down[j] + right[j + 1]) + above[j] + right[j]
        smooth[j] = image[j] + change
        squares[j] = change * change


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _climb(smooth: Row, below: Row, down: Row, right: Row, scale: np.float32, lengths: Row) -> None:
    last = len(smooth) - 1
    for j in range(last):
        slope, across = below[j] - smooth[j], smooth[j + 1] - smooth[j]
        lengths[j] = np.sqrt(slope * slope + across * across)
        shrink = lengths[j] * scale + _ONE
        down[j] = (down[j] - _STEP * slope) / shrink
        right[j + 1] = (right[j + 1] - _STEP * across) / shrink
    slope = below[last] - smooth[last]
    lengths[last] = abs(slope)
    down[last] = (down[last] - _STEP * slope) / (lengths[last] * scale + _ONE)


# "reassoc" lets the compiler vectorise the sum, which only says when to end
@numba.njit(nogil=True, cache=True, fastmath={"reassoc"})
def _sum(row: Row) -> float:
    total = 0.0
    for value in row:
        total += value
    return total
