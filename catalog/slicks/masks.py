"""Which cells of a raster hold oil, by what its values can only mean."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from catalog.errors import CatalogError, UnclearError
from catalog.slicks.oil_categories import means_oil
from catalog.slicks.raster import Raster

_log = logging.getLogger(__name__)

PROBABLE = 0.5
"""Least probability that counts as oil, where the caller does not say."""

Cells = npt.NDArray[np.bool_]

_PICTURE = 255.0  # of a mask as pictures have it
_ROUNDING = 1e-6
_PERCENT = {"%", "percent", "per cent", "pct"}
_FEW = 12


def oil_cells(
    raster: Raster,
    label: str,
    *,
    threshold: float | None = None,
    oil_values: Sequence[float] | None = None,
) -> Cells:
    """Say which cells hold oil.

    Parameters
    ----------
    raster : Raster
    label : str
        The file's name for people.
    threshold : float, optional
        Least value that is oil.
    oil_values : sequence of float, optional
        Values that are oil, as of categories.

    Returns
    -------
    ndarray of bool, shape (rows, columns)

    Raises
    ------
    CatalogError
        If none does, or the values may mean more than one thing and neither is given.

    Notes
    -----
    Without either, oil is 1 beside 0; 255 beside 0 alone, as pictures have masks; from `PROBABLE`
    on where all are fractions from 0 to 1, or per cent by their unit. Where the file names
    categories (``flag_values`` and ``flag_meanings``), those that it calls oil, see
    `catalog.slicks.oil_categories`.
    """
    if oil_values is not None:
        oil = raster.present & np.isin(raster.values, list(oil_values))
        wanted = f"of the values {_listed(oil_values)}"
    elif threshold is not None:
        oil = _without_fills(raster, label, threshold) & (raster.values >= threshold)
        wanted = f"of {threshold:g} or more"
    else:
        oil, wanted = _by_meaning(raster, label)
    if not oil.any():
        raise CatalogError(f"{label}: the mask is empty, no cell is {wanted}")
    return np.asarray(oil)


def _by_meaning(raster: Raster, label: str) -> tuple[Cells, str]:
    """Return the cells with oil by what the values can only mean, and what they are, in words."""
    values, present = raster.values, raster.present
    if raster.meanings:
        named = _categories_of_oil(raster, label)
        return present & np.isin(values, named), f"of the categories of oil, {_listed(named)}"
    if str(raster.units).strip().lower() in _PERCENT:
        return _from(raster, label, 100.0)
    nought, picture = (present & (values == value) for value in (0.0, _PICTURE))
    if nought.any() and picture.any() and (nought | picture)[present].all():
        return picture, "255"
    one, plain = present & (values == 1), present & ~_fills(raster, 1.0)
    if (nought | one)[plain].all():
        return one, "1" + _said(raster, label, 1.0)
    if raster.values.dtype.kind == "f" and _within(values[plain], 1.0):
        return _from(raster, label, 1.0)
    raise UnclearError(f"{label}: {_described(np.unique(values[present]))}", _ASK)


_ASK = (
    "expected a mask of 0 and 1 (or 0 and 255) or fractions of 1; say which of them are oil by "
    "`oil_values`, or the least that is by `threshold`"
)


def _from(raster: Raster, label: str, whole: float) -> tuple[Cells, str]:
    """Return the cells of probabilities, which are parts of a whole, from `PROBABLE` on."""
    values, present = raster.values, raster.present & ~_fills(raster, whole)
    if not _within(values[present], whole):
        found = np.unique(values[present])
        raise UnclearError(f"{label}: {_described(found)}, in per cent", _ASK)
    _log.info("%s: probabilities, from %g on counts as oil", label, PROBABLE * whole)
    wanted = f"of {PROBABLE * whole:g} or more" + _said(raster, label, whole)
    return present & (values >= PROBABLE * whole), wanted


def _without_fills(raster: Raster, label: str, threshold: float) -> Cells:
    """Return the cells that are present, and refuse values that may stand for no data."""
    values, present = raster.values, raster.present
    for value in np.unique(values[present & _doubtful(raster)]):
        others = values[present & (values != value)]
        greatest = float(others.max()) if others.size else 0.0
        is_mask = value == _PICTURE and greatest == 0.0 and others.size > 0
        if value >= threshold and greatest < 0.5 * value and not is_mask:
            raise CatalogError(
                f"{label}: {value:g} beside values up to {greatest:g}: oil, or no data? expected "
                f"it declared (gdal_edit.py -a_nodata {value:g}), or the values of oil by "
                "`oil_values`"
            )
    return present


def _doubtful(raster: Raster) -> Cells:
    return np.zeros(raster.values.shape, bool) if raster.doubtful is None else raster.doubtful


def _fills(raster: Raster, greatest: float) -> Cells:
    """Return the cells of customary fills that are greater than any value can be."""
    return _doubtful(raster) & (raster.values > greatest)


def _said(raster: Raster, label: str, greatest: float) -> str:
    """Say which values are taken for no data; the same for a message."""
    fills = np.unique(raster.values[_fills(raster, greatest)])
    if not fills.size:
        return ""
    _log.warning("%s: %s is taken for no data, undeclared", label, _listed(fills))
    return f" ({_listed(fills)} is taken for no data)"


def _within(values: npt.NDArray[np.floating], whole: float) -> bool:
    """Say whether all are parts of a whole, but for rounding."""
    hair = _ROUNDING * whole
    return bool(values.size and values.min() >= -hair and values.max() <= whole + hair)


def _categories_of_oil(raster: Raster, label: str) -> list[float]:
    """Return the values of categories that are of oil; refuse those that may be."""
    certain = {value: means_oil(meaning) for value, meaning in raster.meanings.items()}
    named = [value for value, is_oil in certain.items() if is_oil]
    found = set(np.unique(raster.values[raster.present]).tolist())
    open_ones = [value for value, is_oil in certain.items() if is_oil is None and value in found]
    if open_ones or not named:
        shown = (open_ones or list(certain))[:_FEW]
        listed = ", ".join(f"{raster.meanings[value]} ({value:g})" for value in shown)
        raise UnclearError(
            f"{label}: has the categories {listed}",
            "oil or not? say which values are by `oil_values`",
        )
    return named


def _described(found: npt.NDArray[np.generic]) -> str:
    if found.size <= _FEW:
        return f"holds the values {_listed(found)}"
    return f"values run from {found.min():g} to {found.max():g}"


def _listed(values: Sequence[float] | npt.NDArray[np.generic]) -> str:
    return ", ".join(f"{float(value):g}" for value in values)
