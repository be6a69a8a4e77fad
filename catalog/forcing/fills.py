"""What stands for nothing in a variable: fills declared and not, and values out of range."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.grid import FloatArray

DEFAULT_FILLS = tuple(float(netCDF4.default_fillvals[kind]) for kind in ("f4", "f8"))
"""What netCDF writes where nothing was written, seen when a file does not declare it."""

CUSTOMARY_FILLS = (
    *(1e10, 1e15, 1e20, 1e30, 1e33, 1e34, 1e35, 1e36, 1.70141e38, 3.4028235e38),
    *(9999999.0, 999999.0, 99999.0, 9999.0, 999.0, 9999.9, 999.9, 99.99, 999.99),
    *(32768.0, 32767.0, 32766.0, 65535.0, 2147483647.0, 2147483648.0),
)
"""What makers write for nothing without declaring it, with either sign; missing where it is no
value that there can be."""

_APART = 0.25
"""A value that is so far off all others, as a share of their range, is none of them."""

_LEAST_APART = 16.0
"""Nor is one that is nearer than this, where the others hardly differ. [steps of packed values]"""

_OFTEN, _FAR = 0.01, 4.0
"""A value at so many nodes, as a share, and so far off all others, as a share of their range, may
be a fill."""


@dataclass(frozen=True)
class Absence:
    """What stands for nothing in a variable, beside the fills that reading has made NaN.

    Attributes
    ----------
    fills : ndarray, shape (n,)
        In the unit of the file, unpacked.
    nearness : float
        How near to one of them counts: less than a step of packed values.
    low, high : float
        The valid range that the file declares; infinite where it declares none.
    remarks : tuple of str
        On values that may be fills, too.
    """

    fills: FloatArray
    nearness: float
    low: float
    high: float
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, array: xr.DataArray, sample: Callable[[], FloatArray]) -> Absence:
        """Read what a variable declares, and what packed values hold undeclared.

        Parameters
        ----------
        array : DataArray
            Unpacked when it is read; ``encoding`` tells how it is packed.
        sample : callable
            Returns some values of it, unpacked, by which undeclared fills are told from data.
        """
        packing = _Packing.of(array)
        low, high = _valid_range(array.attrs, packing)
        raw = list(packing.mistaken_fills(array.encoding))
        suspect: list[float] = []
        if not packing.declared:
            found = packing.pack(sample())
            raw += [*packing.default_fill, *packing.standing_apart(found)]
            suspect = _suspects(found[~np.isin(found, raw)])
        unpacked = packing.unpack(np.array(raw, np.float64))
        # Unpacked to single precision, large numbers are no nearer than this.
        single = 2.0 * float(np.finfo(np.float32).eps) * np.abs(unpacked).max(initial=0.0)
        rounding = single if array.dtype == np.float32 else 0.0
        nearness = max(0.25 * packing.quantum, rounding)
        remarks = tuple(
            f"the value {value:g} stands at many nodes, far off all others: if it is a fill, "
            "declare it (_FillValue)"
            for value in suspect
        )
        return cls(np.append(unpacked, DEFAULT_FILLS), nearness, low, high, remarks)

    def mark(self, values: FloatArray) -> int:
        """Make all that is absent NaN, in place.

        Returns
        -------
        int
            How many values lay outside the declared valid range.
        """
        values[np.isinf(values)] = np.nan
        for fill in self.fills:
            values[np.abs(values - fill) <= self.nearness] = np.nan
        outside = (values < self.low) | (values > self.high)
        values[outside] = np.nan
        return int(outside.sum())


@dataclass(frozen=True)
class _Packing:
    """Numbers in a file that stand for `number * scale + offset`, most often integers."""

    kind: np.dtype[Any]
    scale: float
    offset: float
    declared: bool

    @classmethod
    def of(cls, array: xr.DataArray) -> _Packing:
        """Return how a variable is packed; with a scale of 1 where it is not."""
        encoding = array.encoding
        kind = np.dtype(encoding.get("dtype", array.dtype))
        if str(encoding.get("_Unsigned", "")).lower() == "true":
            kind = np.dtype(f"u{kind.itemsize}")
        scale = float(np.ravel(encoding.get("scale_factor", 1.0))[0])
        offset = float(np.ravel(encoding.get("add_offset", 0.0))[0])
        declared = "_FillValue" in encoding or "missing_value" in encoding
        return cls(kind, scale or 1.0, offset, declared)

    @property
    def is_integer(self) -> bool:
        """Whether the numbers in the file are integers."""
        return self.kind.kind in "iu"

    @property
    def quantum(self) -> float:
        """Least difference of two unpacked values; 0 for floating-point numbers."""
        return abs(self.scale) if self.is_integer else 0.0

    @property
    def default_fill(self) -> list[float]:
        """What netCDF writes where nothing was written; bytes have none, all of them are data."""
        if not self.is_integer or self.kind.itemsize == 1:
            return []
        return [float(netCDF4.default_fillvals[f"{self.kind.kind}{self.kind.itemsize}"])]

    def mistaken_fills(self, encoding: Mapping[str, Any]) -> Iterator[float]:
        """Yield declared fills that no packed integer can be: they are meant unpacked."""
        if not self.is_integer:
            return
        limits = np.iinfo(self.kind)
        for key in ("_FillValue", "missing_value"):
            for fill in np.ravel(encoding.get(key, [])):
                value = _number(fill)
                if value is not None and not (
                    value == round(value) and limits.min <= value <= limits.max
                ):
                    yield float(self.pack(np.array([value]))[0])

    def standing_apart(self, raw: FloatArray) -> list[float]:
        """Return customary fills among values in the file that stand apart from all the others."""
        if self.kind.kind not in "iuf":
            return []
        customary = np.array([sign * v for v in CUSTOMARY_FILLS for sign in (-1.0, 1.0)])
        if self.is_integer:
            limits = np.iinfo(self.kind)
            extremes = [float(limits.max), float(limits.min)] if self.kind.itemsize > 1 else []
            customary = np.append(customary[customary == np.round(customary)], extremes)
            customary = customary[customary != 0.0]  # the least of those without sign is data
            is_customary, least = np.isin(raw, customary), _LEAST_APART
        else:
            is_customary = np.isclose(raw[..., np.newaxis], customary, rtol=1e-6).any(axis=-1)
            least = 0.0
        others = raw[~is_customary & np.isfinite(raw)]
        if not others.size:
            return []
        # Floating-point numbers hardly differ where they are small beside the fill.
        least = least or float(np.abs(others).max())
        far = max(_APART * float(np.ptp(others)), least)
        found = np.unique(raw[is_customary])
        return [float(v) for v in found if v < others.min() - far or v > others.max() + far]

    def pack(self, values: FloatArray) -> FloatArray:
        raw = (values - self.offset) / self.scale
        return np.asarray(np.round(raw) if self.is_integer else raw)

    def unpack(self, raw: FloatArray) -> FloatArray:
        return np.asarray(raw * self.scale + self.offset)


def _suspects(raw: FloatArray) -> list[float]:
    """Return the least or greatest of some values if it comes often and is far off all others.

    Zeros are another matter, and by a single other value nothing can be told.
    """
    values, counts = np.unique(raw[np.isfinite(raw)], return_counts=True)
    often = max(_OFTEN * counts.sum(), 4)
    found = []
    for k, others in ((0, values[1:]), (-1, values[:-1])):
        if others.size > 1 and values[k] != 0.0 and counts[k] >= often:
            far = max(_FAR * float(np.ptp(others)), float(np.abs(others).max()))
            found += [float(values[k])] if np.abs(values[k] - others).min() > far else []
    return found


def _valid_range(attrs: Mapping[Any, Any], packing: _Packing) -> tuple[float, float]:
    """Return the valid range that attributes declare, unpacked and a hair wider.

    By the conventions of netCDF it is in the unit of the packed values where it is of their type,
    and in that of the data where it is a floating-point number.
    """
    pair = np.ravel(attrs.get("valid_range", [np.nan, np.nan]))
    pair = pair if pair.size == 2 else np.array([np.nan, np.nan])
    limits = []
    for k, key in enumerate(("valid_min", "valid_max")):
        given = attrs.get(key, pair[k])
        value, far = _number(given), (-np.inf, np.inf)[k]
        if value is None:
            limits.append(far)
            continue
        if packing.is_integer and np.asarray(given).dtype.kind in "iu":
            value = float(packing.unpack(np.array([value]))[0])
        hair = max(1e-6 * abs(value), 0.5 * packing.quantum)
        limits.append(value + (hair if k else -hair))
    return (min(limits), max(limits)) if packing.scale < 0.0 else (limits[0], limits[1])


def _number(value: Any) -> float | None:
    """Return a finite number, also one written as text; None where there is none."""
    try:
        number = float(np.ravel(value)[0])
    except (TypeError, ValueError, IndexError):
        return None
    return number if np.isfinite(number) else None


_HUGE = 1e15
"""Neither a probability nor a class nor a thickness is so great. [any unit]"""


def is_impossible(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Say which values of a raster of oil are none: no numbers, huge, or fills below 0."""
    if values.dtype.kind not in "if":
        return np.zeros(values.shape, bool)
    wide = values.astype(np.float64, copy=False)
    with np.errstate(invalid="ignore"):
        fills = np.isin(values, _customary(values.dtype, -1.0))
        return np.asarray(~(np.abs(wide) < _HUGE) | fills)


def is_customary(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Say which values of a raster of oil are customary for no data, but may be data."""
    if values.dtype.kind not in "iuf":
        return np.zeros(values.shape, bool)
    return np.asarray(np.isin(values, _customary(values.dtype, 1.0)))


def _customary(kind: np.dtype[Any], sign: float) -> npt.NDArray[Any]:
    """Return customary fills of one sign, as a type of values has them."""
    fills = sign * np.array([255.0 if sign > 0.0 else 128.0, *CUSTOMARY_FILLS])
    if kind.kind == "f":
        return fills.astype(kind)
    limits = np.iinfo(kind)
    held = fills[(fills == np.round(fills)) & (fills >= limits.min) & (fills <= limits.max)]
    extreme = limits.max if sign > 0.0 else limits.min
    return np.append(held.astype(kind), np.array([extreme] if extreme else [], kind))
