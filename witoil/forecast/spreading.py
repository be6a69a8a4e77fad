"""How a slick grows round where it was, learnt from slicks that followed one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.special import ndtr

from witoil.scenario.verification import Mask

FloatArray = NDArray[np.float64]

SPEED = 0.05
"""How fast edges of a slick move before it is known better. [m s-1]

The half of the 0.1 m/s by which drifts in modelled and observed currents part that lasts for days;
the prior of the current's bias has it, too."""

EDGES = np.arange(-6.0, 6.01, 0.25)
"""Bounds of the bins of distance from the outline, positive outside, in ways of `SPEED`. [1]"""

BINS = EDGES.size - 1

STATED = 0.5
"""So many slicks the stated spreading counts for, beside those that were seen."""

LEAST = 0.01
"""A probability below this is none: the tail of what is stated has no end. [1]"""


@dataclass(frozen=True)
class Growth:
    """What became of the surroundings of a slick until the next one was seen.

    Attributes
    ----------
    cells : ndarray, shape (bins,)
        At each distance, over those of the slick before.
    oil : ndarray, shape (bins,)
        Those of them that then held oil.
    """

    cells: FloatArray
    oil: FloatArray


def growth(
    before: Mask, after: Mask, valid: Mask, seconds: float, resolution: float
) -> Growth | None:
    """Return how a slick grew until the next one was seen; None where there was none before.

    Parameters
    ----------
    before, after : ndarray of bool, shape of the grid
    valid : ndarray of bool, shape of the grid
        Cells that can be compared.
    seconds : float
        From the one to the other. [s]
    resolution : float
        Side of a cell. [m]
    """
    area = np.count_nonzero(before)
    if not area:
        return None
    near, which = _bins_near(before, seconds, resolution)
    used = valid[near] & (which < BINS)
    cells = np.bincount(which[used], minlength=BINS) / area
    oil = np.bincount(which[used], after[near][used].astype(np.float64), BINS) / area
    return Growth(cells, oil)


def grown(
    before: Mask,
    seconds: float,
    resolution: float,
    earlier: Sequence[Growth | None],
    fading: FloatArray,
) -> NDArray[np.float32]:
    """Return the probability of oil round a slick after some time, if it grows as others did.

    The share of cells with oil at each distance from the outline, over the way that edges of slicks
    go meanwhile (`SPEED`): that of earlier slicks, shrunk to a normal law, and falling outward.

    Parameters
    ----------
    before : ndarray of bool, shape of the grid
        The slick.
    seconds : float
        How much later. [s]
    resolution : float
        Side of a cell. [m]
    earlier : sequence of Growth or None
    fading : ndarray, shape (earlier,)
        How much each counts. [1]

    Returns
    -------
    ndarray of float32, shape of the grid
        [1]
    """
    probability = np.zeros(before.shape, np.float32)
    area = np.count_nonzero(before)
    if not area:
        return probability
    from scipy.optimize import isotonic_regression  # large, and not for a look at a case

    near, which = _bins_near(before, seconds, resolution)
    middle = 0.5 * (EDGES[:-1] + EDGES[1:])
    cells = STATED * np.bincount(which.ravel(), minlength=BINS + 1)[:BINS] / area
    oil = cells * ndtr(-middle)
    for fades, each in zip(fading, earlier, strict=True):
        if each is not None:
            cells += fades * each.cells
            oil += fades * each.oil
    known = cells > 0.0
    share = np.zeros(BINS + 1)  # the last one is what lies beyond all bins
    share[:BINS][known] = isotonic_regression(
        oil[known] / cells[known], weights=cells[known], increasing=False
    ).x
    share[share < LEAST] = 0.0
    probability[near] = share[which]
    return probability


def _bins_near(
    before: Mask, seconds: float, resolution: float
) -> tuple[tuple[slice, slice], NDArray[np.int64]]:
    """Return the rows and columns that oil may reach, and the bin of each cell of them.

    The bin is that of its distance from the outline, `BINS` for those beyond all.
    """
    way = SPEED * seconds
    margin = math.ceil(EDGES[-1] * way / resolution) + 1
    rows, columns = (
        slice(max(found[0] - margin, 0), found[-1] + margin + 1)
        for found in (np.flatnonzero(before.any(axis=axis)) for axis in (1, 0))
    )
    slick = before[rows, columns]
    # half a cell less: from the middle of a cell to the edge of the nearest one
    outside, inside = distance_transform_edt(~slick), distance_transform_edt(slick)
    distance = np.where(slick, 0.5 - inside, outside - 0.5) * resolution / way
    which: NDArray[np.int64] = np.searchsorted(EDGES, distance, side="right") - 1
    return (rows, columns), which.clip(0, BINS)
