"""CF time axes of any calendar, as ``datetime64[ns]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.errors import CatalogError

# What datetime64[ns] can hold; beyond it numpy wraps round in silence.
_YEARS = (1678, 2261)

Times = npt.NDArray[np.datetime64]

# UDUNITS: a date, perhaps a time, perhaps an offset from UTC.
_REFERENCE = re.compile(
    r"\s*(?P<unit>[A-Za-z]+)\s+since\s+(?P<date>[+-]?\d{1,4}-\d{1,2}-\d{1,2})(?!\d)"
    r"(?:(?:T|\s+)(?P<time>\d{1,2}(?::\d{1,2}){0,2}(?:\.\d*)?))?"
    r"\s*(?P<zone>\S.*?)?\s*$",
    re.IGNORECASE,
)
_ZONE = re.compile(
    r"(?:(?:UTC|GMT|Z)\s*)?(?:(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?"
    r"|(?P<unsigned>\d{1,2}:\d{2}))$",
    re.IGNORECASE,
)
_MONTHS = {
    name: f"{number:02d}"
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_UTC = frozenset({"", "z", "utc", "gmt", "ut", "zulu", "utc+0", "gmt+0"})
_WIDEST_OFFSET = 18  # of any place on Earth, with room [h]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEPS = (
    *(_DAY, 12 * _HOUR, 8 * _HOUR, 6 * _HOUR, 4 * _HOUR, 3 * _HOUR, 2 * _HOUR, _HOUR),
    *(30 * _MINUTE, 20 * _MINUTE, 15 * _MINUTE, 10 * _MINUTE, 5 * _MINUTE, _MINUTE),
)
"""Steps on which times of data stand, or on the middle between them. [s]"""


@dataclass(frozen=True)
class TimeAxis:
    """The times of a file.

    Attributes
    ----------
    times : ndarray of datetime64[ns], shape (n_times,)
        Rounded to the second, as fractions of a day in floating point are not exact.
    remark : str
        What was odd and is mended; empty where nothing was.
    """

    times: Times
    remark: str = ""


def read_times(
    variable: xr.Variable, where: str, *, inherited: xr.Variable | None = None
) -> TimeAxis:
    """Dates of a CF time axis.

    Model output in a no-leap or Julian calendar is dated by its maker as year, month, day; the
    date is therefore read as written, not converted between calendars. Times that single precision
    has moved off the regular step that they show are put back on it.

    Parameters
    ----------
    variable : Variable, shape (n_times,) or ()
        Numbers, with the attributes ``units``, for example ``hours since 1950-01-01``, and
        ``calendar``.
    where : str
        Variable and file, for the error message.
    inherited : Variable, optional
        What gives units and calendar where the variable has none of its own, as bounds do.

    Returns
    -------
    TimeAxis

    Raises
    ------
    CatalogError
        If a value is missing, the unit, the offset from UTC or the calendar is unknown, or a date
        does not exist.
    """
    attrs = {**({} if inherited is None else inherited.attrs), **variable.attrs}
    _refuse_time_zone(attrs, where)
    units, calendar = str(attrs.get("units", "")), str(attrs.get("calendar", "standard")).lower()
    numbers = np.atleast_1d(variable.to_numpy())
    times = decode_times(numbers.ravel(), units, calendar, where)
    smear = _smear(numbers, units)
    axis = put_back(times, smear) if smear > 1.0 else TimeAxis(times)
    return TimeAxis(axis.times.reshape(numbers.shape), axis.remark)


def decode_times(values: npt.NDArray[np.generic], units: str, calendar: str, where: str) -> Times:
    """Dates of numbers on a CF time axis, see `read_times`.

    Parameters
    ----------
    values : ndarray, shape (n_times,)
        [units]
    units : str
    calendar : str
        CF calendar.
    where : str
        Variable and file, for the error message.

    Returns
    -------
    ndarray of datetime64[ns], shape (n_times,)

    Raises
    ------
    CatalogError
    """
    import cftime

    numbers = np.asarray(values)
    if numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
        raise CatalogError(
            f"{where}: the time axis has values that are missing or not numbers; expected one "
            "number for each record"
        )
    reference, offset = _in_utc(units, where)
    try:
        dates = cftime.num2date(numbers, reference, calendar, only_use_cftime_datetimes=True)
    except (ValueError, OverflowError, TypeError) as error:
        raise CatalogError(
            f"{where}: times in {units!r}, calendar {calendar!r}, cannot be read ({error}); "
            "expected for example 'hours since 1950-01-01'"
        ) from error
    exact = np.array([_as_datetime64(date, calendar, where) for date in dates], "datetime64[us]")
    nearest = (exact + np.timedelta64(500, "ms")).astype("datetime64[s]")
    return (nearest - offset).astype("datetime64[ns]")


def put_back(times: Times, smear: float) -> TimeAxis:
    """Put times that are not exact back on the regular step that they show.

    Parameters
    ----------
    times : ndarray of datetime64[ns], shape (n_times,)
    smear : float
        How far each may be off. [s]

    Returns
    -------
    TimeAxis
        On the longest step from a minute to a day, counted from midnight or from half a step
        after it, from which no time is further off than `smear`. Left as they are, and told of,
        where there is none that the times can tell.
    """
    seconds = times.astype("datetime64[s]").astype(np.int64)
    for step in _STEPS:
        if step <= 3.0 * smear:
            break
        for phase in (0, step // 2):
            slots = np.round((seconds - phase) / step).astype(np.int64)
            on_step = slots * step + phase
            off = np.abs(seconds - on_step)
            if (off <= smear + 0.5).all() and np.unique(slots).size == np.unique(seconds).size:
                back = on_step.astype("datetime64[s]").astype("datetime64[ns]")
                return TimeAxis(back, _in_words(step, float(off.max())))
    return TimeAxis(times, f"times in single precision, which may be off by {smear:.0f} s")


def _in_words(step: int, off: float) -> str:
    if off == 0.0:
        return ""
    length = f"{step / _HOUR:g} h" if step >= _HOUR else f"{step / _MINUTE:g} min"
    return (
        f"times put back on steps of {length}, off which single precision had moved them by up to "
        f"{off:.0f} s"
    )


def _smear(numbers: npt.NDArray[np.generic], units: str) -> float:
    """Return how far single precision may have moved the largest of some numbers. [s]"""
    if numbers.dtype.kind != "f" or not numbers.size:
        return 0.0
    single = numbers.astype(np.float32)
    if not np.array_equal(single.astype(numbers.dtype), numbers):
        return 0.0
    unit = units.split()[0].lower().rstrip("s") if units.split() else ""
    seconds = _UNIT_SECONDS.get(unit, 0.0)
    return 0.5 * seconds * float(np.spacing(np.abs(single).max()))


_UNIT_SECONDS = {
    **dict.fromkeys(("day", "d"), float(_DAY)),
    **dict.fromkeys(("hour", "hr", "h"), float(_HOUR)),
    **dict.fromkeys(("minute", "min"), float(_MINUTE)),
    **dict.fromkeys(("second", "sec", ""), 1.0),  # "s" without its s
}


def _in_utc(units: str, where: str) -> tuple[str, np.timedelta64]:
    """Part units of time from the offset that their reference has from UTC.

    Raises
    ------
    CatalogError
        If what stands behind the reference date is no offset in figures.
    """
    found = _REFERENCE.match(_in_iso(units))
    if found is None:
        raise CatalogError(
            f"{where}: times in {units!r} cannot be read; expected for example "
            "'hours since 1950-01-01 00:00:00'"
        )
    time = found["time"] or "00:00"
    time = time if ":" in time else f"{time}:00"
    reference = f"{found['unit']} since {found['date']} {time}"
    zone = (found["zone"] or "").strip()
    if zone.lower() in _UTC:
        return reference, np.timedelta64(0, "s")
    offset = _ZONE.match(zone)
    # UDUNITS, and so wgrib2, has offsets without a sign, too.
    hours, minutes = (
        (offset["unsigned"] or f"{offset['hours']}:{offset['minutes'] or 0}").split(":")
        if offset
        else ("99", "0")
    )
    if offset is None or int(hours) > _WIDEST_OFFSET or int(minutes) > 59:
        raise CatalogError(
            f"{where}: the reference time of {units!r} ends in {zone!r}; expected UTC, or an "
            "offset from it such as +03:00; correct the attribute `units` of the time axis"
        )
    total = 60 * int(hours) + int(minutes)
    return reference, np.timedelta64(60 * (-total if offset["sign"] == "-" else total), "s")


def _in_iso(units: str) -> str:
    """Return units with a date such as 2021/01/31 or 31-JAN-2021 as ISO 8601 has it."""
    units = re.sub(r"(since\s+\d{4})/(\d{1,2})/(\d{1,2})\b", r"\1-\2-\3", units)
    return re.sub(
        r"(since\s+)(\d{1,2})-([A-Za-z]{3})-(\d{4})\b",
        lambda m: f"{m[1]}{m[4]}-{_MONTHS.get(m[3].lower(), '00')}-{m[2]}",
        units,
    )


def _refuse_time_zone(attrs: dict[str, object], where: str) -> None:
    """Refuse times that an attribute says are not in UTC."""
    for key in ("time_zone", "timezone", "tz"):
        zone = str(attrs.get(key, "")).strip()
        if zone.lower() not in _UTC:
            raise CatalogError(
                f"{where}: the time axis has {key} = {zone!r}; expected times in UTC, shift them "
                "and correct the attribute"
            )


def _as_datetime64(date: object, calendar: str, where: str) -> np.datetime64:
    text = str(date)
    if not _YEARS[0] <= int(text.split("-")[0] or 0) <= _YEARS[1]:
        raise CatalogError(
            f"{where}: the time {text} is outside the years {_YEARS[0]} to {_YEARS[1]}; "
            "correct the units of the time axis"
        )
    try:
        return np.datetime64(text, "us")
    except ValueError:
        raise CatalogError(
            f"{where}: {text} exists in the calendar {calendar!r} only; "
            "remove the record or correct the calendar"
        ) from None
