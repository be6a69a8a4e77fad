"""Daily means, hourly means and instants told apart, and means put at the middle of their time."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from catalog.times import Times

# What the Copernicus Marine Service has at the end of a dataset's id, and so of a file's name:
# P1D-m daily means, PT1H-m hourly means, PT1H-i instants, PT15M-i ...
_TOKEN = re.compile(r"(?<![A-Za-z0-9])P(?:(\d+)D|T(\d+)H|T(\d+)M)-([mi])(?![A-Za-z0-9])")
_CELL_METHOD = re.compile(r"\btime: *(mean|point)\b(?: *\(interval: *([\d.]+) *(day|hour|minute))?")
_UNITS = {"day": "D", "hour": "h", "minute": "m"}


def averaging_time(cell_methods: str, names: Iterable[str], times: Times) -> np.timedelta64 | None:
    """Time over which each value is a mean, as far as the file says.

    Parameters
    ----------
    cell_methods : str
        CF attribute of the variable, which goes first.
    names : iterable of str
        Name of the file, and ids that it gives: dataset ids of the Copernicus Marine Service end
        in ``P1D-m``, ``PT1H-m``, ``PT1H-i`` ...
    times : ndarray of datetime64[ns], shape (n,)
        Times of the file, which say the interval where ``cell_methods`` does not.

    Returns
    -------
    timedelta64 or None
        None for instants, and where nothing is said.
    """
    method = _CELL_METHOD.search(cell_methods.lower())
    if method:
        return None if method[1] == "point" else _interval_of(method, times)
    token = next(filter(None, map(_TOKEN.search, names)), None)
    if token is None or token[4] == "i":
        return None
    days, hours, minutes = (int(number or 0) for number in token.groups()[:3])
    interval = np.timedelta64(1440 * days + 60 * hours + minutes, "m")
    # A name that outlived a change of the content is not believed.
    return interval if times.size < 2 or _step(times) == interval else None


def place_means(times: Times, interval: np.timedelta64 | None) -> Times:
    """Return the middle of each interval, from stamps at its start or its middle.

    A stamp at a whole number of intervals since midnight is the start of one, as the Copernicus
    Marine Service has them since 2024; any other is taken to be the middle already.

    Parameters
    ----------
    times : ndarray of datetime64[ns], shape (n,)
        Stamps.
    interval : timedelta64 or None
        As `averaging_time` tells it.

    Returns
    -------
    ndarray of datetime64[ns], shape (n,)
    """
    if interval is None or not times.size:
        return times
    since_midnight = times - times.astype("datetime64[D]")
    whole = since_midnight % interval == np.timedelta64(0)
    return times + interval.astype("timedelta64[ns]") // 2 if whole.all() else times


def _interval_of(method: re.Match[str], times: Times) -> np.timedelta64 | None:
    # The interval in brackets is that of the samples; one of a day or of the step is the mean's.
    step = _step(times) if times.size > 1 else None
    if method[2] is None:
        return step
    seconds = {"D": 86400.0, "h": 3600.0, "m": 60.0}[_UNITS[method[3]]] * float(method[2])
    given = np.timedelta64(round(seconds), "s")
    return given if step is None else max(given, step)


def _step(times: Times) -> np.timedelta64:
    step: np.timedelta64 = np.median(np.diff(times))
    return step
