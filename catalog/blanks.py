"""Exact zeros told apart: a calm or slack water, land, and records in which nothing was written."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import reduce
from operator import and_
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.grid import FloatArray
from catalog.names import SEA_TEMPERATURE, WINDS
from catalog.times import Times

Zeros = Literal["auto", "data", "missing"]
"""What exact zeros of a vector stand for: told apart by `without_blanks`, values, or nothing."""

_FREEZING = np.float32(273.15)
"""What a temperature of 0 degrees Celsius is read as. [K]"""

_MOST_VANISHED = 0.5
"""Of land that other records have, so much holds zeros in a record in which nothing was written."""


def without_blanks(
    forcing: xr.Dataset,
    names: Sequence[str],
    zeros: Zeros,
    is_blank: Callable[[np.datetime64], bool],
    marks_land: Callable[[], bool],
) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Leave out times at which nothing was written, and mark as NaN the land that is written as 0.

    Parameters
    ----------
    forcing : Dataset
        With the components of a vector, or a single quantity of which 0 is always a value.
    names : sequence of str
        Of these.
    zeros : {"auto", "data", "missing"}
        ``auto``: an exact zero everywhere is a calm or slack water, unless `is_blank` finds that
        the record looks like one in which nothing was written. Nodes of currents or Stokes drift
        that are 0 at every time are land, unless all are, or the files mark land otherwise.
        ``data``: all are values. ``missing``: times and nodes that are 0 throughout are missing.
    is_blank : callable
        Asked for times at which everything is 0, see `looks_blank`.
    marks_land : callable
        Says whether the files have missing values, anywhere; asked only where it matters.

    Returns
    -------
    forcing : Dataset
    remarks : tuple of str
        What was taken for what.
    """
    if not forcing.sizes["time"]:
        return forcing, ()
    if tuple(names) == (SEA_TEMPERATURE,) and zeros != "data":
        return _without_freezing_land(forcing)
    if len(names) < 2:
        return forcing, ()
    fields = [forcing[name] for name in names]
    still = reduce(and_, (field.isnull() | (field == 0.0) for field in fields))
    blank = still.all(("latitude", "longitude")).to_numpy()
    suspects, times = np.flatnonzero(blank), forcing["time"].to_numpy()
    if zeros != "missing":
        blank = np.zeros_like(blank)
        blank[[k for k in suspects if zeros == "auto" and is_blank(times[k])]] = True
    land = still.isel(time=~blank).all("time")
    if zeros == "data" or (zeros == "auto" and not _is_land(land, names, marks_land)):
        land = xr.zeros_like(land)
    kept = forcing.where(~land).isel(time=~blank)
    return kept, tuple(_remarks(times, suspects, blank, land, fields[0], zeros))


def _without_freezing_land(forcing: xr.Dataset) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Mark as NaN the nodes that are at 0 degrees Celsius at every time, if no other ever is."""
    freezing = forcing[SEA_TEMPERATURE] == _FREEZING
    land = freezing.all("time")
    if forcing.sizes["time"] < 2 or land.all() or not land.any() or (freezing & ~land).any():
        return forcing, ()
    share = float(land.mean())
    return forcing.where(~land), (
        f"0 degrees Celsius at every time at {share:.1%} of the nodes, and never elsewhere: taken "
        'for land; if the sea is so cold there, say zeros = "data"',
    )


def looks_blank(
    source: xr.Dataset,
    variables: Sequence[str],
    time: Hashable,
    dims: Sequence[Hashable],
    record: int,
) -> bool:
    """Say whether nothing was written at a time at which a vector is exactly 0 everywhere.

    Parameters
    ----------
    source : Dataset
        A file.
    variables : sequence of str
        The components.
    time : hashable
        Dimension of time.
    dims : sequence
        Dimensions of rows and columns.
    record : int
        Index of the time.

    Returns
    -------
    bool
        Where other times of the file are not like it, and either land, which is missing there,
        holds zeros here; or another variable of the file, which is nowhere 0 there, is 0
        everywhere here: temperature, pressure, waves.
    """
    here = [_record(source, name, time, record) for name in variables]
    if not all(_is_zero(values) for values in here):
        return False
    other = _nearest_written(source, variables, time, record)
    if other is None:
        return False
    there = [_record(source, name, time, other) for name in variables]
    land = reduce(and_, (np.isnan(values) for values in there))
    written = reduce(and_, (~np.isnan(values) for values in here))
    if land.any() and (land & written).sum() >= _MOST_VANISHED * land.sum():
        return True
    return any(
        _is_zero(_record(source, name, time, record))
        and not (_record(source, name, time, other) == 0.0).any()
        for name in _others(source, variables, time, dims)
    )


def _is_land(land: xr.DataArray, names: Sequence[str], marks_land: Callable[[], bool]) -> bool:
    if set(names) <= set(WINDS) or not land.any() or land.all():
        return False
    return not marks_land()


def _remarks(
    times: Times,
    suspects: npt.NDArray[np.intp],
    blank: npt.NDArray[np.bool_],
    land: xr.DataArray,
    field: xr.DataArray,
    zeros: Zeros,
) -> Iterator[str]:
    left_out = suspects[blank[suspects]]
    taken = suspects[~blank[suspects]]
    if left_out.size:
        yield f"0 everywhere {_when(times[left_out])}: taken for missing"
    if taken.size and zeros == "auto":
        yield (
            f"0 everywhere {_when(times[taken])}: taken for a calm or slack water; if nothing was "
            'written then, say zeros = "missing"'
        )
    as_zero = land & field.notnull().any("time")
    if zeros == "auto" and as_zero.any():
        yield (
            f"0 at every time at {float(as_zero.mean()):.1%} of the nodes: taken for land; if the "
            'water stands still there, say zeros = "data"'
        )


def _when(times: Times) -> str:
    first = f"{np.datetime_as_string(times[0], 'm')}Z"
    return f"at {first}" if times.size == 1 else f"at {times.size} times from {first} on"


def _record(source: xr.Dataset, name: str, time: Hashable, record: int) -> FloatArray:
    values = source[name].isel({time: record}).to_numpy()
    return np.asarray(values, np.float64)


def _is_zero(values: FloatArray) -> bool:
    return bool(((values == 0.0) | np.isnan(values)).all() and not np.isnan(values).all())


def _nearest_written(
    source: xr.Dataset, variables: Sequence[str], time: Hashable, record: int
) -> int | None:
    """Return the nearest record in which something is not 0; None if there is none near."""
    count = source.sizes[time]
    for distance in range(1, min(count, 49)):
        for other in (record - distance, record + distance):
            if 0 <= other < count and any(
                np.nan_to_num(_record(source, name, time, other)).any() for name in variables
            ):
                return other
    return None


def _others(
    source: xr.Dataset, variables: Sequence[str], time: Hashable, dims: Sequence[Hashable]
) -> Iterator[str]:
    """Yield the other fields of a file on the same times and nodes."""
    for name, variable in source.variables.items():
        is_field = variable.dtype.kind in "iuf" and {time, *dims} <= set(variable.dims)
        if is_field and str(name) not in variables:
            yield str(name)
