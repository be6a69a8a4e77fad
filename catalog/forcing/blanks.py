"""Exact zeros told apart: a calm or slack water, land, and records in which nothing was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import and_
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.forcing.names import SEA_TEMPERATURE, WINDS
from catalog.forcing.times import Times
from catalog.grid import FloatArray

Zeros = Literal["auto", "data", "missing"]
"""What exact zeros of a vector stand for: told apart by `without_blanks`, values, or nothing."""

_FREEZING = np.float32(273.15)
"""What a temperature of 0 degrees Celsius is read as. [K]"""

_CLOSE_TO_FREEZING = np.float32(1.0)
"""A sea of which some is frozen is somewhere so little warmer. [K]"""

_MOST_VANISHED = 0.5
"""Share of the land of other records that holds zeros in a record where nothing was written."""


def without_blanks(
    forcing: xr.Dataset,
    names: Sequence[str],
    zeros: Zeros,
    is_blank: Callable[[np.datetime64, Sequence[str]], bool],
    missing_share: Callable[[], float],
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
        that are 0 at every time are land, unless all are, or as many are missing.
        ``data``: all are values. ``missing``: times and nodes that are 0 throughout are missing.
    is_blank : callable
        Asked for times at which all components are 0 everywhere, or some; see `looks_blank`.
    missing_share : callable
        Returns which share of all nodes of the files is missing; asked only where it matters.

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
    values = [forcing[name].to_numpy() for name in names]
    still = [np.isnan(part) | (part == 0.0) for part in values]
    nowhere = np.array([one.all((1, 2)) for one in still])
    suspect, times = np.asarray(nowhere.all(axis=0)), forcing["time"].to_numpy()
    blank = {"missing": suspect, "data": np.zeros_like(suspect)}.get(zeros)
    if blank is None:
        blank = _blank(times, names, nowhere, is_blank)
    written = forcing.isel(time=~blank)
    land = reduce(and_, still)[~blank].all(0)
    as_zero = land & ~np.isnan(values[0][~blank]).all(0)
    is_land = zeros == "missing" or (
        zeros == "auto" and _are_land(as_zero, land, names, missing_share)
    )
    at_sea = xr.DataArray(~land, dims=("latitude", "longitude"))
    kept = written.where(at_sea) if is_land else written
    if zeros != "auto":
        return kept, ()
    share = float(as_zero.mean())
    return kept, (*_of_times(times, suspect, blank), *_of_nodes(share, is_land))


def _blank(
    times: Times,
    names: Sequence[str],
    nowhere: npt.NDArray[np.bool_],
    is_blank: Callable[[np.datetime64, Sequence[str]], bool],
) -> npt.NDArray[np.bool_]:
    """Say at which times nothing was written, of the vector or of one of its components.

    Parameters
    ----------
    nowhere : ndarray of bool, shape (components, times)
        Where a component is nowhere but 0.
    """

    def looks_so(k: int) -> bool:
        if nowhere[:, k].all():
            return is_blank(times[k], names)
        # one that is 0 at all times is a flow along an axis
        halves = (n for n, one in zip(names, nowhere, strict=True) if one[k] and not one.all())
        return any(is_blank(times[k], (name,)) for name in halves)

    return np.array([nowhere[:, k].any() and looks_so(k) for k in range(times.size)], np.bool_)


def _without_freezing_land(forcing: xr.Dataset) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Mark as NaN the nodes that are always at 0 degrees Celsius, if no other comes near."""
    temperature = forcing[SEA_TEMPERATURE]
    land = (temperature == _FREEZING).all("time")
    others = temperature.where(~land)
    if not land.any() or not float(others.min()) > _FREEZING + _CLOSE_TO_FREEZING:
        return forcing, ()
    share = float(land.mean())
    return forcing.where(~land), (
        f"0 degrees Celsius at every time at {share:.1%} of the nodes, and nowhere else near it: "
        'taken for land; if the sea is so cold there, say zeros = "data"',
    )


@dataclass(frozen=True)
class Record:
    """A time of a file, as it is written there.

    Attributes
    ----------
    variables : tuple of str
        Components of a vector.
    beside : tuple of str
        Other variables on the same times and nodes.
    read : callable
        Returns the values of a variable; missing ones are NaN.
    """

    variables: tuple[str, ...]
    beside: tuple[str, ...]
    read: Callable[[str], FloatArray]

    @cached_property
    def is_written(self) -> bool:
        """Whether a component is anywhere something else than 0."""
        return any(np.nan_to_num(self.read(name)).any() for name in self.variables)


def looks_blank(here: Record, near: Iterable[Record]) -> bool:
    """Say whether nothing was written at a time at which a vector is exactly 0 everywhere.

    Parameters
    ----------
    here : Record
    near : iterable of Record
        Of the same variables, the nearest first.

    Returns
    -------
    bool
        Where another time is not like it, and either land, which is missing there, holds zeros
        here; or another variable of the file, which is nowhere 0 there, is 0 everywhere here:
        temperature, pressure, waves.
    """
    values = [here.read(name) for name in here.variables]
    if not all(_is_zero(part) for part in values):
        return False
    there = next((record for record in near if record.is_written), None)
    if there is None:
        return False
    land = reduce(and_, (np.isnan(there.read(name)) for name in there.variables))
    written = reduce(and_, (~np.isnan(part) for part in values))
    if land.shape != written.shape:
        return False
    if land.any() and (land & written).sum() >= _MOST_VANISHED * land.sum():
        return True
    return any(
        _is_zero(here.read(name)) and not (there.read(name) == 0.0).any()
        for name in here.beside
        if name in there.beside
    )


def _are_land(
    as_zero: npt.NDArray[np.bool_],
    land: npt.NDArray[np.bool_],
    names: Sequence[str],
    missing_share: Callable[[], float],
) -> bool:
    """Say whether nodes that are always 0 are land: of both, land is what there is more of."""
    if set(names) <= set(WINDS) or not as_zero.any() or land.all():
        return False
    return float(as_zero.mean()) > missing_share()


def _of_times(
    times: Times, suspect: npt.NDArray[np.bool_], blank: npt.NDArray[np.bool_]
) -> Iterator[str]:
    if blank.any():
        yield f"0 everywhere {_when(times[blank])}: taken for missing"
    if (suspect & ~blank).any():
        yield (
            f"0 everywhere {_when(times[suspect & ~blank])}: taken for a calm or slack water; if "
            'nothing was written then, say zeros = "missing"'
        )


def _of_nodes(share: float, is_land: bool) -> Iterator[str]:
    if is_land:
        yield (
            f"0 at every time at {share:.1%} of the nodes: taken for land; if the water stands "
            'still there, say zeros = "data"'
        )
    elif 0.0 < share < 1.0:
        yield (
            f"0 at every time at {share:.1%} of the nodes: taken for a calm or slack water; if it "
            'is land, say zeros = "missing"'
        )


def _when(times: Times) -> str:
    first = f"{np.datetime_as_string(times[0], 'm')}Z"
    return f"at {first}" if times.size == 1 else f"at {times.size} times from {first} on"


def _is_zero(values: FloatArray) -> bool:
    return bool(((values == 0.0) | np.isnan(values)).all() and not np.isnan(values).all())
