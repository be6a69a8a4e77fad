"""Whether forecast probabilities come true: of the cells given 30 %, did 30 % hold oil?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from witoil.scenario.verification import Mask

EDGES = np.array([0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0])
"""Bounds of the bins of probability; cells of exactly 0 are a bin of their own. [1]"""


@dataclass(frozen=True)
class Reliability:
    """Forecast and observed frequencies.

    Attributes
    ----------
    cells : ndarray of int64, shape (bins,)
        In each bin; that of probability 0 is left out, since the sea has no end.
    forecast : ndarray, shape (bins,)
        Mean probability of these cells; NaN where there are none. [1]
    observed : ndarray, shape (bins,)
        Share of them in which oil was seen. [1]
    missed : int
        Cells of probability 0 in which oil was seen.
    seen : int
        Cells in which oil was seen.
    """

    cells: NDArray[np.int64]
    forecast: NDArray[np.float64]
    observed: NDArray[np.float64]
    missed: int
    seen: int


def reliability(
    forecasts: Iterable[tuple[NDArray[np.float32], Mask, Mask]],
) -> Reliability:
    """Return the reliability of forecasts taken together.

    Parameters
    ----------
    forecasts : iterable of tuple
        Probability, slick that was seen, and cells that can be compared.
    """
    bins = EDGES.size - 1
    cells = np.zeros(bins, np.int64)
    expected, found = np.zeros(bins), np.zeros(bins)
    missed = seen = 0
    for probability, mask, valid in forecasts:
        p, oil = probability[valid].astype(np.float64), mask[valid]
        some = p > 0.0
        which = np.clip(np.searchsorted(EDGES, p[some], side="left") - 1, 0, bins - 1)
        cells += np.bincount(which, minlength=bins)
        expected += np.bincount(which, p[some], bins)
        found += np.bincount(which, oil[some].astype(np.float64), bins)
        missed += int(np.count_nonzero(oil & ~some))
        seen += int(np.count_nonzero(oil))
    with np.errstate(invalid="ignore"):
        return Reliability(cells, expected / cells, found / cells, missed, seen)
