"""Daily means, hourly means and instants told apart, and means put at the middle of their time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import xarray as xr

from catalog.errors import CatalogError
from catalog.forcing.times import TimeAxis, Times, read_times

Stamp = Literal["start", "middle", "end", "unsaid"]
"""Where in the interval of a mean its maker puts the time."""

# What the Copernicus Marine Service has at the end of a dataset's id, and so of a file's name:
# P1D-m daily means, PT1H-m hourly means, PT1H-i instants, PT15M-i, P1M-m monthly means ...
_TOKEN = re.compile(r"(?<![A-Za-z0-9])P(?:(\d+)D|(\d+)M|T(\d+)H|T(\d+)M)-([mi])(?![A-Za-z0-9])")
# The ids before these: med-cmcc-cur-rean-d, med-cmcc-tem-an-fc-m, global-...-001-030-daily.
_OLD_TOKEN = re.compile(
    r"(?<![a-z0-9])(?:[a-z]+(?:-[a-z]+){2,5}-(?:rean|an|fc|nrt|my|rep)"
    r"|[a-z]+(?:-[a-z]+){1,5}-\d{3}-\d{3})-(d|m|daily|monthly)(?![a-z0-9-])",
    re.IGNORECASE,
)
_CELL_METHOD = re.compile(
    r"(?:\b|_)time\w*: *([a-z_]+)\b(?: *(?:within|over) \w+)*"
    r"(?: *\((?:interval: *)?([\d.]+) *(day|hour|hr|minute|min|h|d)s?)?"
)
_NO_FIELD = frozenset({"maximum", "minimum", "standard_deviation", "variance", "range", "sum"})
_IN_WORDS = re.compile(
    r"\b(hourly|daily|monthly|(\d+)[- ]?(?:hourly|hours?|hrs?|h)|(\d+)[- ]?days?)[-_ ]+"
    r"(?:means?|averages?|averaged)\b",
    re.IGNORECASE,
)
_STAMPED = re.compile(r"(centered|centred|beginning|ending)_at_time_field", re.IGNORECASE)
_MEAN = re.compile(r"\s*(?:mean|average)s?\s*", re.IGNORECASE)
_INSTANTS = re.compile(r"instantaneous|snapshot", re.IGNORECASE)
_SECONDS = {"d": 86_400, "day": 86_400, "h": 3600, "hr": 3600, "hour": 3600}

Interval = np.timedelta64 | Literal["month", "step"]

_DAY = np.timedelta64(1, "D")

# Texts of a whole file that tell of where it was made, not of what is in it.
_ELSEWHERE = frozenset({"history", "references", "comment", "institution", "contact", "nco", "cdo"})


@dataclass(frozen=True)
class Meaning:
    """What the values at the times of a file are.

    Attributes
    ----------
    interval : timedelta64, "month", "step" or None
        Of means; None for instants. "step": from time to time, where a single time cannot tell.
    stamp : {"start", "middle", "end", "unsaid"}
        Where in it the times stand.
    said : bool
        Whether anything says so.
    """

    interval: Interval | None
    stamp: Stamp = "unsaid"
    said: bool = True


UNSAID = Meaning(None, said=False)
INSTANTS = Meaning(None)


@dataclass(frozen=True)
class PlacedTimes:
    """Times at which the values of a file hold.

    Attributes
    ----------
    times : ndarray of datetime64[ns], shape (n,)
        Of means the middle of their interval.
    stamps : ndarray of datetime64[ns], shape (n,)
        As the file has them.
    meaning : Meaning
        What they are.
    remark : str
        What was odd and is mended; empty where nothing was.
    """

    times: Times
    stamps: Times
    meaning: Meaning
    remark: str = ""

    def settled(self, meaning: Meaning) -> PlacedTimes:
        """Return the same stamps for values of which somebody else has said what they are."""
        return replace(self, times=place_means(self.stamps, meaning), meaning=meaning)


def placed_times(
    dataset: xr.Dataset, name: str, array: xr.DataArray, file_name: str, where: str
) -> PlacedTimes:
    """Return when the values of a variable hold.

    Parameters
    ----------
    dataset : Dataset
    name : str
        Of the time axis.
    array : DataArray
        The variable.
    file_name : str
    where : str
        File and variable, for messages.

    Raises
    ------
    CatalogError
        If times or their bounds make no sense, or do not belong together.
    """
    variable = dataset.variables[name]
    axis = read_times(variable, where)
    times = _in_a_row(axis.times, where)
    axis = TimeAxis(times, "; ".join(filter(None, (axis.remark, _of_repeated(times)))))
    bounds = dataset.variables.get(str(variable.attrs.get("bounds", "")))
    if bounds is not None:
        return _within_bounds(axis, read_bounds(bounds, variable, axis.times, where))
    methods = str(array.attrs.get("cell_methods", ""))
    if not methods and array.attrs.get("GRIB_stepType") == "instant":
        methods = "time: point"
    meaning = meaning_of(methods, dataset.attrs, file_name, axis.times, where)
    return PlacedTimes(place_means(axis.times, meaning), axis.times, meaning, axis.remark)


def _of_repeated(times: Times) -> str:
    repeated = times.size - np.unique(times).size
    if not repeated:
        return ""
    return f"{repeated} of {times.size} times stand twice: the later in the file is taken"


def read_bounds(bounds: xr.Variable, variable: xr.Variable, times: Times, where: str) -> TimeAxis:
    """Return when intervals start and end, shape (n, 2); by their own units, if they have any.

    Raises
    ------
    CatalogError
        If there is not a pair for each time, or a time lies far off its interval.
    """
    if bounds.size != 2 * times.size or bounds.shape[-1:] != (2,):
        raise CatalogError(
            f"{where}: the bounds of time have shape {bounds.shape}, expected a pair for each of "
            f"{times.size} times"
        )
    axis = read_times(bounds, f"{where}, bounds of time", inherited=variable)
    spans = np.sort(axis.times.reshape(-1, 2), axis=1)
    length = spans[:, 1] - spans[:, 0]
    # A stamp stands in its interval, or with some makers one interval beside it.
    astray = (times < spans[:, 0] - length) | (times > spans[:, 1] + length)
    astray &= length > np.timedelta64(0)
    if astray.any():
        k = int(np.argmax(astray))
        first, last = (np.datetime_as_string(t, "m") for t in spans[k])
        raise CatalogError(
            f"{where}: the time {np.datetime_as_string(times[k], 'm')}Z and its bounds, {first}Z "
            f"to {last}Z, contradict each other; correct the units of one of them"
        )
    return TimeAxis(spans, axis.remark)


def meaning_of(
    cell_methods: str, attrs: Mapping[Any, Any], file_name: str, times: Times, where: str
) -> Meaning:
    """Return what the values at some times are, as far as a file says.

    Parameters
    ----------
    cell_methods : str
        CF attribute of the variable, which goes first.
    attrs : mapping
        Attributes of the file: ``field_type``, the ids of a product, ``title``.
    file_name : str
        Which may hold the id of a product, too.
    times : ndarray of datetime64[ns], shape (n,)
        Times of the file. What is said of a file as a whole is believed only if they step by it:
        texts outlive changes of the content.
    where : str
        File and variable, for messages.

    Raises
    ------
    CatalogError
        If they are neither instants nor means.
    """
    method = _CELL_METHOD.search(cell_methods.lower())
    if method and method[1] in _NO_FIELD:
        raise CatalogError(
            f"{where}: cell_methods = {cell_methods!r}: the {method[1]} over a time moves no oil; "
            "expected instants or means"
        )
    if method and method[1] in ("point", "mean"):
        return INSTANTS if method[1] == "point" else _of_method(method, times)
    texts = {k: str(v) for k, v in attrs.items() if isinstance(v, str) and k not in _ELSEWHERE}
    field_type = texts.pop("field_type", "")
    for found in (
        *_of_field_type(field_type, times),
        *_of_ids([*texts.values(), file_name]),
        *_of_words(texts.get("title", "")),
    ):
        if _is_step(found.interval, times):
            return found
    return UNSAID


def place_means(times: Times, meaning: Meaning) -> Times:
    """Return the middle of the interval of each mean.

    Where nothing says where in it the times stand, those at a whole number of intervals since
    midnight (at the first of a month) are starts, as the Copernicus Marine Service has them since
    2024, and any others are taken to be the middle already.

    Parameters
    ----------
    times : ndarray of datetime64[ns], shape (n,)
    meaning : Meaning

    Returns
    -------
    ndarray of datetime64[ns], shape (n,)
    """
    interval, stamp = meaning.interval, meaning.stamp
    if interval is None or interval == "step" or not times.size or stamp == "middle":
        return times
    if stamp == "unsaid":
        if not are_starts(times, interval):
            return times
        stamp = "start"
    if interval == "month":
        months = times.astype("datetime64[M]")
        begin = months if stamp == "start" else months - 1
        first, last = (m.astype("datetime64[ns]") for m in (begin, begin + 1))
        return np.asarray(first + (last - first) // 2)
    half = interval.astype("timedelta64[ns]") // 2
    return np.asarray(times + half if stamp == "start" else times - half)


def are_starts(times: Times, interval: np.timedelta64 | Literal["month"]) -> bool:
    """Say whether all times stand at a whole number of intervals since midnight, or a month."""
    whole = "M" if interval == "month" else "D"
    since = times - times.astype(f"datetime64[{whole}]").astype("datetime64[ns]")
    over = since if interval == "month" else since % interval
    return bool((over == np.timedelta64(0)).all())


def _within_bounds(axis: TimeAxis, bounds: TimeAxis) -> PlacedTimes:
    """Put means at the middle of their interval, wherever their maker put the stamp."""
    begin, end = bounds.times.T
    middle = np.where(end > begin, begin + (end - begin) // 2, axis.times)
    return PlacedTimes(middle, axis.times, INSTANTS, bounds.remark or axis.remark)


def _in_a_row(times: Times, where: str) -> Times:
    """Leave out dimensions of one entry; refuse times in a table, as of several forecasts."""
    if times.size != max(times.shape):
        raise CatalogError(
            f"{where}: its times stand in a table of {' x '.join(map(str, times.shape))}, as of "
            "several forecasts; expected one row, choose one forecast (`ncks -d`)"
        )
    return times.ravel()


def _of_method(method: re.Match[str], times: Times) -> Meaning:
    # The interval in brackets is that of the samples; one of a day or of the step is the mean's.
    step = step_of(times)
    if method[2] is None:
        return Meaning("step" if step is None else step)
    given = np.timedelta64(round(_SECONDS.get(method[3], 60) * float(method[2])), "s")
    return Meaning(given if step is None else max(given, step))


def _of_field_type(text: str, times: Times) -> Iterator[Meaning]:
    """Read ``daily_mean_centered_at_time_field`` and the like."""
    if _INSTANTS.search(text):
        yield INSTANTS
    stamped, words = _STAMPED.search(text), list(_of_words(text.replace("_", " ")))
    stamps: dict[str, Stamp] = {"c": "middle", "b": "start", "e": "end"}
    stamp: Stamp = stamps[stamped[1][0].lower()] if stamped else "unsaid"
    of_step = [Meaning(step_of(times) or "step")] if stamped or _MEAN.fullmatch(text) else []
    for found in words or of_step:
        yield Meaning(found.interval, stamp)


def _of_words(text: str) -> Iterator[Meaning]:
    for word, hours, days in _IN_WORDS.findall(text):
        known = {"hourly": 1, "daily": 24, "monthly": 0}.get(word.lower())
        long = int(hours or 0) + 24 * int(days or 0) if known is None else known
        yield Meaning(np.timedelta64(long, "h") if long else "month")


def _of_ids(texts: list[str]) -> Iterator[Meaning]:
    """Find the ids of products of the Copernicus Marine Service, which tell means from instants."""
    for text in texts:
        for days, months, hours, minutes, kind in _TOKEN.findall(text):
            if kind == "i":
                yield INSTANTS
            elif months:
                yield Meaning("month")
            else:
                long = 1440 * int(days or 0) + 60 * int(hours or 0) + int(minutes or 0)
                yield Meaning(np.timedelta64(long, "m"))
        for kind in _OLD_TOKEN.findall(text):
            yield Meaning("month" if kind.lower().startswith("m") else _DAY)


def _is_step(interval: Interval | None, times: Times) -> bool:
    """Say whether times step by an interval; True where a single one cannot tell."""
    step = step_of(times)
    if interval is None or step is None or interval == "step":
        return True
    if interval == "month":
        return bool(27 * _DAY < step < 32 * _DAY)
    return bool(step == interval)


def step_of(times: Times) -> np.timedelta64 | None:
    """Median step of times; None of a single one."""
    rising = np.sort(times)
    step: np.timedelta64 | None = np.median(np.diff(rising)) if times.size > 1 else None
    return step
