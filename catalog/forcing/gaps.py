"""Cutting forcing to a run's period and box, and what to do where it has gaps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.errors import CoverageError
from catalog.forcing.files import NOMINAL_STEP, REMARKS, file_coordinate, usual_steps
from catalog.grid import Box, format_box, grid_box, select_box

GapPolicy = Literal["error", "hold", "interpolate", "next"]
Span = tuple[np.datetime64, np.datetime64]
Times = npt.NDArray[np.datetime64]

# Steps jitter (float32 seconds, months); one lost record doubles the step.
_GAP_FACTOR = 1.5

BEFORE_GAP = "before_gap"
"""Coordinate that says after which times another product has to have the data."""

_JUST_BEFORE = np.timedelta64(1, "s")


@dataclass(frozen=True)
class Coverage:
    """What one forcing variable covers of a run, for reports.

    Attributes
    ----------
    variable : str
        Canonical name.
    files : tuple of str
        Files that the used times are from; empty for a dataset that was not read from files.
    start, end : datetime64
        First and last time used.
    step : timedelta64
        Usual step: the median one; NaT for a single time.
    box : tuple of float
        West, south, east, north of the nodes used. [degrees]
    missing_share : float
        Share of values that are missing, land included.
    gaps : tuple of (datetime64, datetime64)
        Spans of the run without data: between two times, or at its ends.
    action : str
        What was done about the gaps.
    remarks : tuple of str
        What else was odd, and what was done about it.
    """

    variable: str
    files: tuple[str, ...]
    start: np.datetime64
    end: np.datetime64
    step: np.timedelta64
    box: Box
    missing_share: float
    gaps: tuple[Span, ...]
    action: str
    remarks: tuple[str, ...] = ()

    def remarked(self, remarks: Iterable[str]) -> Coverage:
        """Return the same with more remarks."""
        return replace(self, remarks=(*self.remarks, *remarks))

    def __str__(self) -> str:
        every = "once" if np.isnat(self.step) else f"every {_hours(self.step):g} h"
        told = f"; from {_format_files(self.files)}" if self.files else ""
        return (
            f"{self.variable}: {_format_span((self.start, self.end))} {every}, "
            f"{format_box(self.box)}, {self.missing_share:.1%} missing or land, "
            f"{'; '.join([self.action, *self.remarks])}{told}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Values that JSON can hold: times as ISO 8601 in UTC, the step in hours or None."""
        return {
            "variable": self.variable,
            "files": list(self.files),
            "start": _iso(self.start),
            "end": _iso(self.end),
            "step_hours": None if np.isnat(self.step) else _hours(self.step),
            "box": list(self.box),
            "missing_share": self.missing_share,
            "gaps": [[_iso(first), _iso(last)] for first, last in self.gaps],
            "action": self.action,
            "remarks": list(self.remarks),
        }


@dataclass(frozen=True)
class Parametrised:
    """What stands in for a forcing variable that no data are used for, for reports.

    Attributes
    ----------
    variable : str
        Canonical name.
    action : str
        That it is not given, and what is done instead.
    """

    variable: str
    action: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.action}"

    def as_dict(self) -> dict[str, Any]:
        """Values that JSON can hold; no period and no area, unlike those of `Coverage`."""
        return {"variable": self.variable, "action": self.action}


def prepare_forcing(
    ds: xr.Dataset,
    *,
    start: np.datetime64,
    end: np.datetime64,
    box: Box | None,
    gap_policy: GapPolicy,
) -> tuple[xr.Dataset, list[Coverage]]:
    """Cut forcing to a period and a box, and bridge the gaps in time.

    Parameters
    ----------
    ds : Dataset
        As `catalog.open_forcing` returns it.
    start, end : datetime64
        Period wanted. [UTC]
    box : tuple of float or None
        West, south, east, north wanted; None takes the whole grid. [degrees]
    gap_policy : {"error", "hold", "interpolate", "next"}
        ``error`` refuses gaps. ``hold`` keeps the last value until just before the next time,
        the first one backwards to the start and the last one on to the end. ``interpolate``
        leaves gaps between two times to linear interpolation and refuses them at the ends.
        ``next`` leaves them to another product, which the caller has.

    Returns
    -------
    Dataset
        From the last time at or before the start to the first at or after the end, with one
        node more than the box all round where the grid has one. Gaps that are left to another
        product are marked by the coordinate `BEFORE_GAP`.
    list of Coverage
        One for each variable.

    Raises
    ------
    CoverageError
        If the period or the box is not covered and the policy does not allow for it.

    Notes
    -----
    A gap is a step longer than 1.5 times the usual one of the files there, or the part of the
    period before the first or after the last time. Missing values at single nodes stay.
    """
    if end < start:
        raise CoverageError(f"the period ends at {_iso(end)}, before its start at {_iso(start)}")
    if box is not None:
        ds = select_box(ds, box, _describe(ds))
    times = ds["time"].to_numpy().astype("datetime64[ns]")
    if NOMINAL_STEP not in ds.coords:
        ds = ds.assign_coords({NOMINAL_STEP: ("time", usual_steps(times))})
    is_gap = np.diff(times) > _GAP_FACTOR * ds[NOMINAL_STEP].to_numpy()[:-1]
    gaps = _find_gaps(times, is_gap, start, end)
    _refuse_gaps(ds, times, gaps, gap_policy)

    first = max(int(np.searchsorted(times, start, side="right")) - 1, 0)
    last = min(int(np.searchsorted(times, end, side="left")), times.size - 1)
    # A period wholly before the first time or after the last one still has a record to hold.
    used = ds.isel(time=slice(min(first, last), max(first, last) + 1))
    bridged = _hold(used, gaps) if gap_policy == "hold" else used
    if gap_policy == "next":
        before_gap = np.isin(used["time"].to_numpy(), times[:-1][is_gap])
        bridged = used.assign_coords({BEFORE_GAP: ("time", before_gap)})
    return bridged, [_coverage(used, str(name), gaps, gap_policy) for name in ds.data_vars]


def _find_gaps(
    times: Times, is_gap: npt.NDArray[np.bool_], start: np.datetime64, end: np.datetime64
) -> list[Span]:
    """Spans without data that touch the period; those at its ends are cut to it."""
    inside = [
        (times[k], times[k + 1])
        for k in np.flatnonzero(is_gap)
        if times[k] < end and times[k + 1] > start
    ]
    ahead = [(start, min(times[0], end))] if start < times[0] else []
    behind = [(max(times[-1], start), end)] if end > times[-1] else []
    return [*ahead, *inside, *behind]


def _is_at_end(gap: Span, times: Times) -> bool:
    return bool(gap[0] < times[0] or gap[1] > times[-1])


def _refuse_gaps(ds: xr.Dataset, times: Times, gaps: list[Span], policy: GapPolicy) -> None:
    for gap in gaps:
        bridgeable = not _is_at_end(gap, times)
        if policy == "next":
            continue
        if policy == "error" or (policy == "interpolate" and not bridgeable):
            policies = "'hold' or 'interpolate'" if bridgeable else "'hold'"
            raise CoverageError(
                f"{_describe(ds)}: no data for {_format_span(gap)} "
                f"({_neighbours(ds, times, gap)}); get files that cover it, change the period, or "
                f"set the gap policy to {policies}"
            )


def _neighbours(ds: xr.Dataset, times: Times, gap: Span) -> str:
    """Say which times, in which files, lie next to a gap."""
    before = int(np.searchsorted(times, gap[0], side="right")) - 1
    after = int(np.searchsorted(times, gap[1], side="left"))
    sides = []
    if before >= 0:
        sides.append(f"last data before it {_iso(times[before])}{_from_files(ds, before)}")
    if after < times.size:
        sides.append(f"next data after it {_iso(times[after])}{_from_files(ds, after)}")
    return ", ".join(sides)


def _describe(ds: xr.Dataset) -> str:
    files = dict.fromkeys(file for name in ds.data_vars for file in _files(ds, str(name)))
    told = f" from {_format_files(tuple(files))}" if files else ""
    return f"{', '.join(map(str, ds.data_vars))}{told}"


def _from_files(ds: xr.Dataset, record: int) -> str:
    files = _files(ds.isel(time=[record]), str(next(iter(ds.data_vars))))
    return f" in {files[0]}" if files else ""


def _hold(used: xr.Dataset, gaps: list[Span]) -> xr.Dataset:
    """Repeat records so that each gap keeps the value before it, or else the one after it."""
    times = used["time"].to_numpy()
    moments = np.array([_held_until(gap, times) for gap in gaps], times.dtype)
    nearest = np.maximum(np.searchsorted(times, moments, side="right") - 1, 0)
    stretched = np.concatenate([times, moments])
    order = np.argsort(stretched)
    records = np.concatenate([np.arange(times.size), nearest])[order]
    return used.isel(time=records).assign_coords(time=stretched[order])


def _held_until(gap: Span, times: Times) -> np.datetime64:
    first, last = gap
    if first < times[0]:
        return first
    return last if last > times[-1] else last - _JUST_BEFORE


def _coverage(used: xr.Dataset, name: str, gaps: list[Span], policy: GapPolicy) -> Coverage:
    field = used[name]
    return Coverage(
        variable=name,
        files=_files(used, name),
        start=field["time"].to_numpy()[0],
        end=field["time"].to_numpy()[-1],
        step=np.median(field[NOMINAL_STEP].to_numpy()),
        box=grid_box(field),
        missing_share=float(field.isnull().mean()),
        gaps=tuple(gaps),
        action=_describe_action(gaps, policy),
        remarks=(field.attrs[REMARKS],) if REMARKS in field.attrs else (),
    )


def _describe_action(gaps: list[Span], policy: GapPolicy) -> str:
    if not gaps:
        return "no gaps"
    how = {"hold": "held at the nearest value", "next": "left to the next product"}.get(
        policy, "interpolated in time"
    )
    return f"no data for {', '.join(map(_format_span, gaps))}: {how}"


def _files(ds: xr.Dataset, name: str) -> tuple[str, ...]:
    coordinate = file_coordinate(name)
    return tuple(dict.fromkeys(ds[coordinate].to_numpy().tolist())) if coordinate in ds else ()


def _format_files(files: tuple[str, ...]) -> str:
    return ", ".join(files) if len(files) < 3 else f"{len(files)} files, {files[0]} to {files[-1]}"


def _iso(moment: np.datetime64) -> str:
    return f"{np.datetime_as_string(moment, unit='m')}Z"


def _format_span(span: Span) -> str:
    return f"{_iso(span[0])} to {_iso(span[1])}"


def _hours(step: np.timedelta64) -> float:
    return float(step / np.timedelta64(1, "h"))
