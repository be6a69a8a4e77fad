"""CF time axes of any calendar, as ``datetime64[ns]``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catalog.errors import CatalogError

# What datetime64[ns] can hold; beyond it numpy wraps round in silence.
_YEARS = (1678, 2261)

Times = npt.NDArray[np.datetime64]


def decode_times(values: npt.NDArray[np.generic], units: str, calendar: str, where: str) -> Times:
    """Dates of a CF time axis.

    Model output in a no-leap or Julian calendar is dated by its maker as year, month, day; the
    date is therefore read as written, not converted between calendars.

    Parameters
    ----------
    values : ndarray, shape (n_times,)
        Numbers on the time axis. [units]
    units : str
        For example ``hours since 1950-01-01``.
    calendar : str
        CF calendar.
    where : str
        Variable and file, for the error message.

    Returns
    -------
    ndarray of datetime64[ns], shape (n_times,)
        Rounded to the second, as fractions of a day in floating point are not exact.

    Raises
    ------
    CatalogError
        If a value is missing, the unit or the calendar is unknown, or a date does not exist.
    """
    import cftime

    numbers = np.asarray(values)
    if numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
        raise CatalogError(
            f"{where}: the time axis has values that are missing or not numbers; expected one "
            "number for each record"
        )
    try:
        dates = cftime.num2date(numbers, units, calendar, only_use_cftime_datetimes=True)
    except (ValueError, OverflowError) as error:
        raise CatalogError(
            f"{where}: times in {units!r}, calendar {calendar!r}, cannot be read ({error}); "
            "expected for example 'hours since 1950-01-01'"
        ) from error
    exact = np.array([_as_datetime64(date, calendar, where) for date in dates], "datetime64[us]")
    nearest = (exact + np.timedelta64(500, "ms")).astype("datetime64[s]")
    return nearest.astype("datetime64[ns]")


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
