"""Speckle of radar scenes: multi-looked intensities follow a gamma distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

_BLOCK = 8
"""Side of the squares in which the spread of cells is looked at."""

_SCALES = (1, 2, 4)
_FEW = 30  # means that are too few to scatter


def block_means(values: Floats, rows: int, columns: int, least: float = 0.5) -> Floats:
    """Return the means of blocks, which is multi-looking where values are intensities.

    Parameters
    ----------
    values : ndarray, shape (height, width)
        Linear power; NaN where there is none. What is over at the lower and right ends makes
        smaller blocks.
    rows, columns : int
        Of a block.
    least : float
        Share of a block that has to be known.

    Returns
    -------
    ndarray of float32, shape (ceil(height / rows), ceil(width / columns))
        NaN where too little is known.
    """
    if rows == columns == 1:
        return values.astype(np.float32)
    tops = np.arange(0, values.shape[0], rows)
    lefts = np.arange(0, values.shape[1], columns)
    known = np.isfinite(values)

    def total(array: Floats) -> Floats:
        part: Floats = np.add.reduceat(np.add.reduceat(array, lefts, axis=1), tops, axis=0)
        return part

    sums = total(np.where(known, values, 0.0).astype(np.float64))
    counts = total(known.astype(np.float64))
    sizes = np.outer(np.diff([*tops, len(values)]), np.diff([*lefts, values.shape[1]]))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
    means[counts < least * sizes] = np.nan
    return means.astype(np.float32)


def equivalent_looks(ratio: Floats) -> float:
    """Return the number of looks that a cell is worth, of how its neighbours scatter.

    Parameters
    ----------
    ratio : ndarray, shape (height, width)
        Intensities over what is expected of the clean sea; NaN where there is none.

    Returns
    -------
    float
        At least 0.3. Cells that are correlated, and a sea that is rough by itself, scatter less in
        means of several than independent looks would: the least of what one, 2 x 2 and 4 x 4 cells
        are worth counts.

    Notes
    -----
    A gamma distribution of L looks has mean^2 / variance = L; the median over blocks is robust
    against edges and targets.
    """
    found = []
    for scale in _SCALES:
        means = block_means(ratio, scale, scale, least=1.0)
        looks = _median_looks(means.astype(np.float64))
        if looks is not None:
            found.append(looks / scale**2)
    return max(0.3, min(found)) if found else 1.0


def _median_looks(values: Floats) -> float | None:
    height, width = (side // _BLOCK * _BLOCK for side in values.shape)
    if not height or not width:
        return None
    squares = values[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    blocks = squares.transpose(0, 2, 1, 3).reshape(-1, _BLOCK**2)
    blocks = blocks[np.isfinite(blocks).all(axis=1)]
    spread = blocks.var(axis=1, ddof=1)
    usable = (spread > 0.0) & (blocks.mean(axis=1) > 0.0)
    if not usable.any():
        return None
    return float(np.median(blocks.mean(axis=1)[usable] ** 2 / spread[usable]))


def clutter_db(ratio: Floats, sea: npt.NDArray[np.bool_]) -> list[tuple[int, float]]:
    """Return by how much the sea scatters by itself, at several scales.

    Parameters
    ----------
    ratio : ndarray, shape (height, width)
        Intensities over what is expected of the clean sea.
    sea : ndarray of bool, shape (height, width)
        Where it is clean.

    Returns
    -------
    list of (int, float)
        Side of a square of cells, and the robust standard deviation of its mean. [dB]
    """
    found = []
    clean = np.where(sea, ratio, np.nan)
    for scale in (1, 2, 4, 8, 16):
        means = block_means(clean, scale, scale, least=0.9)
        values = means[np.isfinite(means) & (means > 0.0)]
        if values.size < _FEW:
            break
        decibel = 10.0 * np.log10(values)
        spread = np.median(np.abs(decibel - np.median(decibel)))
        found.append((scale, float(1.4826 * spread)))
    return found


def clutter_at(clutter: list[tuple[int, float]], width: Any) -> npt.NDArray[np.float64]:
    """Return the scatter of the sea in squares of any width, of `clutter_db`. [dB]

    Parameters
    ----------
    clutter : list of (int, float)
        Where it is empty, nothing is known and 0 returned. Beyond the largest squares, patches are
        taken to be independent.
    width : array_like
        [cell]
    """
    sides, spreads = np.array(clutter or [(1, 0.0)]).T
    beyond = np.maximum(np.asarray(width) / sides[-1], 1.0)
    return np.asarray(np.interp(width, sides, spreads) / beyond)
