"""Scores of a forecast mask against an observed one: arrays in, float out.

The masks are boolean arrays on the same regular grid, ``True`` where there is oil (or whatever
else is looked for). A score that is undefined for the masks given is NaN, never a made-up number.

References
----------
Roberts, N. M. and Lean, H. W. (2008). Scale-selective verification of rainfall accumulations
from high-resolution forecasts of convective events. Monthly Weather Review, 136(1), 78-97.
https://doi.org/10.1175/2007MWR2123.1
"""

import math
from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "area_ratio",
    "centroid_distance",
    "fractions_skill_score",
    "intersection_over_union",
    "score_masks",
]

Mask = npt.NDArray[np.bool_]


def fractions_skill_score(
    forecast: npt.ArrayLike,
    observed: npt.ArrayLike,
    windows: Sequence[int],
    valid: npt.ArrayLike | None = None,
) -> dict[int, float]:
    r"""Fractions skill score of two masks for several square windows.

    Parameters
    ----------
    forecast, observed : array_like of bool, shape (n_rows, n_columns)
        The two masks.
    windows : sequence of int
        Window sides, odd so that a window has a centre cell. [cells]
    valid : array_like of bool, shape (n_rows, n_columns), optional
        Cells where the observation can be trusted: not land, within the swath. The others are
        treated as if they lay outside the array. By default all cells are valid.

    Returns
    -------
    dict of int to float
        Score in [0, 1] for each window, 1 being perfect; NaN where both masks are empty.

    Raises
    ------
    ValueError
        If an array is not 2-D, the shapes differ, or a window is even or not positive.

    Notes
    -----
    With :math:`F` and :math:`O` the number of oil cells in the window round each valid cell,

    .. math:: FSS = 1 - \frac{\sum (F - O)^2}{\sum F^2 + \sum O^2}
              = \frac{2 \sum F O}{\sum F^2 + \sum O^2} .

    A cell that is not valid counts twice over for nothing: its oil is in no window, and the sums
    leave out the window round it. Counts are not divided by the number of valid cells in a window,
    so that a window of which little could be seen weighs little.

    Outside the array there is no oil, and the sums run over the cells of the array. This is
    ``scores.spatial.fss_2d_binary`` without padding, on masks first padded with half a window of
    zeros. The ``zero_padding=True`` of that function also sums over one more row and column,
    beyond the last ones, and so depends slightly on the orientation of the array.

    With a window of one cell the score is the Dice coefficient.

    References
    ----------
    Roberts and Lean (2008), equations 5 to 7, https://doi.org/10.1175/2007MWR2123.1
    """
    forecast, observed, inside = _seen(forecast, observed, valid)
    for window in windows:
        if window < 1 or window % 2 == 0:
            raise ValueError(f"windows must be odd and positive, got {window}")
    union = forecast | observed
    if not union.any():
        return {int(window): math.nan for window in windows}

    region = _bounding_box(union, margin=max(windows, default=1) // 2)
    inside = np.ascontiguousarray(inside[region])
    forecast_table = _summed_area_table(forecast[region])
    observed_table = _summed_area_table(observed[region])
    result = {}
    for window in windows:
        ff, oo, fo = _fraction_moments(forecast_table, observed_table, inside, int(window) // 2)
        result[int(window)] = 2.0 * fo / (ff + oo)
    return result


def intersection_over_union(
    forecast: npt.ArrayLike, observed: npt.ArrayLike, valid: npt.ArrayLike | None = None
) -> float:
    """Cells in both masks over cells in either; NaN where both are empty.

    Parameters
    ----------
    forecast, observed : array_like of bool, shape (n_rows, n_columns)
        The two masks.
    valid : array_like of bool, shape (n_rows, n_columns), optional
        Cells that count; by default all.

    Returns
    -------
    float
        Score in [0, 1], also known as the Jaccard index or the critical success index.
    """
    forecast, observed, _ = _seen(forecast, observed, valid)
    union = np.count_nonzero(forecast | observed)
    return np.count_nonzero(forecast & observed) / union if union else math.nan


def area_ratio(
    forecast: npt.ArrayLike, observed: npt.ArrayLike, valid: npt.ArrayLike | None = None
) -> float:
    """Forecast area over observed area; NaN where nothing was observed.

    Parameters
    ----------
    forecast, observed : array_like of bool, shape (n_rows, n_columns)
        The two masks.
    valid : array_like of bool, shape (n_rows, n_columns), optional
        Cells that count; by default all.

    Returns
    -------
    float
        The frequency bias: 1 is perfect, above 1 too much was forecast.
    """
    forecast, observed, _ = _seen(forecast, observed, valid)
    area = np.count_nonzero(observed)
    return np.count_nonzero(forecast) / area if area else math.nan


def centroid_distance(
    forecast: npt.ArrayLike,
    observed: npt.ArrayLike,
    resolution: float,
    valid: npt.ArrayLike | None = None,
) -> float:
    """Distance between the centroids of the masks; NaN where either is empty.

    Parameters
    ----------
    forecast, observed : array_like of bool, shape (n_rows, n_columns)
        The two masks.
    resolution : float
        Side of a cell. [m]
    valid : array_like of bool, shape (n_rows, n_columns), optional
        Cells that count; by default all.

    Returns
    -------
    float
        Distance. [m]
    """
    forecast, observed, _ = _seen(forecast, observed, valid)
    if not (forecast.any() and observed.any()):
        return math.nan
    separation = _centroid(forecast) - _centroid(observed)
    return float(np.hypot(*separation)) * resolution


def score_masks(
    forecast: npt.ArrayLike,
    observed: npt.ArrayLike,
    *,
    windows: Sequence[int],
    resolution: float,
    valid: npt.ArrayLike | None = None,
) -> dict[str, Any]:
    """All the scores of a pair of masks, ready for JSON.

    Parameters
    ----------
    forecast, observed : array_like of bool, shape (n_rows, n_columns)
        The two masks.
    windows : sequence of int
        Window sides of the fractions skill score, odd. [cells]
    resolution : float
        Side of a cell. [m]
    valid : array_like of bool, shape (n_rows, n_columns), optional
        Cells where the observation can be trusted; the others count in no score.

    Returns
    -------
    dict
        ``fss`` (window, as a string, to score), ``iou``, ``area_ratio`` and
        ``centroid_distance_m``. A score that is undefined is None.
    """
    forecast, observed, inside = _seen(forecast, observed, valid)
    # slicks are small beside the sea, and what lies further off than half a window changes nothing
    oil = forecast | observed
    region = _bounding_box(oil, max(windows, default=1) // 2) if oil.any() else ...
    near, seen, inside = forecast[region], observed[region], inside[region]
    fss = fractions_skill_score(near, seen, windows, inside)
    return {
        "fss": {str(window): _none_if_nan(score) for window, score in fss.items()},
        "iou": _none_if_nan(intersection_over_union(near, seen)),
        "area_ratio": _none_if_nan(area_ratio(near, seen)),
        "centroid_distance_m": _none_if_nan(centroid_distance(forecast, observed, resolution)),
    }


def _none_if_nan(score: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(score) else score


def _mask(array: npt.ArrayLike, shape: tuple[int, ...], name: str) -> Mask:
    """Boolean array of the shape wanted, or an error that names the argument."""
    mask = np.asarray(array, dtype=np.bool_)
    if mask.shape != shape:
        raise ValueError(f"{name} has shape {mask.shape}, expected {shape}")
    return mask


def _seen(
    forecast: npt.ArrayLike, observed: npt.ArrayLike, valid: npt.ArrayLike | None
) -> tuple[Mask, Mask, Mask]:
    """Both masks as 2-D boolean arrays of one shape, without the cells that are not valid."""
    observed = np.asarray(observed, dtype=np.bool_)
    if observed.ndim != 2:
        raise ValueError(f"masks must be 2-D, got observed of shape {observed.shape}")
    forecast = _mask(forecast, observed.shape, "forecast")
    inside = np.ones_like(observed) if valid is None else _mask(valid, observed.shape, "valid")
    return forecast & inside, observed & inside, inside


def _bounding_box(mask: Mask, margin: int) -> tuple[slice, slice]:
    """Rows and columns that hold the mask and a margin; beyond it every fraction is zero."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(rows[0] - margin, 0), rows[-1] + margin + 1),
        slice(max(columns[0] - margin, 0), columns[-1] + margin + 1),
    )


def _centroid(mask: Mask) -> npt.NDArray[np.float64]:
    """Row and column of the middle of a mask that is not empty."""
    region = _bounding_box(mask, 0)  # small beside the sea, all of which takes long to look through
    places = np.argwhere(mask[region])
    # of whole numbers: the sums are exact
    sums = places.sum(axis=0) + len(places) * np.array([side.start for side in region])
    centroid: npt.NDArray[np.float64] = sums / len(places)
    return centroid


@numba.njit(nogil=True, cache=True)
def _summed_area_table(mask: Mask) -> npt.NDArray[np.int32]:
    """Count the oil cells above and to the left of each cell corner.

    Parameters
    ----------
    mask : ndarray of bool, shape (n_rows, n_columns)

    Returns
    -------
    ndarray of int32, shape (n_rows + 1, n_columns + 1)
    """
    n_rows, n_columns = mask.shape
    table = np.zeros((n_rows + 1, n_columns + 1), dtype=np.int32)
    for i in range(n_rows):
        row_sum = np.int32(0)
        for j in range(n_columns):
            row_sum += mask[i, j]
            table[i + 1, j + 1] = table[i, j + 1] + row_sum
    return table


# "reassoc" lets the compiler vectorise the sums. Their terms are whole numbers, so the order
# changes nothing up to 2**53, and no NaN is involved.
@numba.njit(nogil=True, cache=True, fastmath={"reassoc"})
def _fraction_moments(
    forecast_table: npt.NDArray[np.int32],
    observed_table: npt.NDArray[np.int32],
    inside: Mask,
    half: int,
) -> tuple[float, float, float]:
    """Sum the squares and the product of the window counts over the valid cells.

    Parameters
    ----------
    forecast_table, observed_table : ndarray of int32, shape (n_rows + 1, n_columns + 1)
        Summed-area tables of the two masks.
    inside : ndarray of bool, shape (n_rows, n_columns)
        The valid cells.
    half : int
        Half the window: its side is ``2 * half + 1``. [cells]

    Returns
    -------
    tuple of float
        Sums of F squared, O squared, and F times O.
    """
    n_rows, n_columns = inside.shape
    half = min(half, max(n_rows, n_columns))
    # Sums of the rows in the window up to each column, continued as a constant beyond the array.
    forecast_row = np.zeros(n_columns + 1 + 2 * half, dtype=np.int32)
    observed_row = np.zeros_like(forecast_row)
    forecast_right = forecast_row[2 * half + 1 :]
    observed_right = observed_row[2 * half + 1 :]
    ff = oo = fo = 0.0
    for i in range(n_rows):
        top = max(i - half, 0)
        bottom = min(i + half + 1, n_rows)
        for j in range(n_columns + 1):
            forecast_row[half + j] = forecast_table[bottom, j] - forecast_table[top, j]
            observed_row[half + j] = observed_table[bottom, j] - observed_table[top, j]
        forecast_row[half + n_columns + 1 :] = forecast_row[half + n_columns]
        observed_row[half + n_columns + 1 :] = observed_row[half + n_columns]
        for j in range(n_columns):
            weight = np.float64(inside[i, j])
            f = np.float64(forecast_right[j] - forecast_row[j])
            o = np.float64(observed_right[j] - observed_row[j])
            ff += weight * f * f
            oo += weight * o * o
            fo += weight * f * o
    return ff, oo, fo
