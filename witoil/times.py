"""Times as cases have them and as arrays do, and how they are written.

A time without a zone is UTC, as satellite and forecast products have it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


_FIRST_YEAR, _LAST_YEAR = 1700, 2200


def in_utc(time: datetime) -> datetime:
    """Return a time with the zone UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def given_in_utc(time: datetime) -> datetime:
    """Return a time that a person gives with the zone UTC.

    Raises
    ------
    ValueError
        If it is none that an array can hold: nanoseconds since 1970 end in 1677 and in 2262.
    """
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise ValueError(f"expected a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return in_utc(time)


def no_number(value: object) -> object:
    """Return what a person gives as a time or a day, unless it is a number.

    Raises
    ------
    ValueError
        If it is one: seconds since 1970 look like 20210824, which is a day.
    """
    is_number = isinstance(value, int | float)
    if isinstance(value, str):
        try:
            float(value)
            is_number = True
        except ValueError:
            is_number = False
    if is_number:
        raise ValueError(
            "found a number, expected a time as 2021-08-24T03:43:00Z or a day as 2021-08-24"
        )
    return value


def datetime64(time: datetime) -> np.datetime64:
    """Return a time as arrays have it, to the nanosecond."""
    import numpy as np  # commands that compute nothing start without it

    return np.datetime64(in_utc(time).replace(tzinfo=None), "ns")


def to_datetime(time: np.datetime64) -> datetime:
    """Return a time of an array as cases have it, cut to the microsecond."""
    moment: datetime = time.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def minute(time: datetime | np.datetime64) -> str:
    """Return a time as messages have it, 2021-08-24T15:33Z."""
    return _written(time, "minutes")


def second(time: datetime | np.datetime64) -> str:
    """Return a time as tables and documents have it, 2021-08-24T15:33:00Z."""
    return _written(time, "seconds")


def exact(time: datetime) -> str:
    """Return a time with all its digits, which is read back the same."""
    return f"{in_utc(time).replace(tzinfo=None).isoformat()}Z"


def stamp(time: datetime | np.datetime64) -> str:
    """Return a time as names of files have it, 20210824T1533."""
    return minute(time).translate(str.maketrans("", "", "-:Z"))


def _written(time: datetime | np.datetime64, to: str) -> str:
    moment = in_utc(time) if isinstance(time, datetime) else to_datetime(time)
    return f"{moment.replace(tzinfo=None).isoformat(timespec=to)}Z"
