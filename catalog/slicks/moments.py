"""Dates, clocks and time zones as people write them, read only where they can mean one thing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo

from catalog.slicks.zones import is_words, plain, zone_beside

_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DATES = (
    re.compile(rf"{_YEAR}(?P<sep>[-/.])(?P<month>\d\d?)(?P=sep)(?P<day>\d\d?)"),
    re.compile(rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)(?!\d(?!\d{{3}}))"),
    re.compile(rf"(?P<first>\d\d?)(?P<sep>[-/.])(?P<second>\d\d?)(?P=sep){_YEAR}"),
    re.compile(
        rf"(?P<day>\d\d?)[\s./-]*(?:de\s+)?(?P<name>[a-z]{{3,}})\.?[\s./,-]*(?:de\s+)?{_YEAR}"
    ),
    re.compile(rf"(?P<name>[a-z]{{3,}})\.?\s+(?P<day>\d\d?)(?:st|nd|rd|th)?,?\s+{_YEAR}"),
)
_CLOCK = re.compile(
    r"(?P<hour>\d\d?)(?:\s*[:h]\s*)(?P<minute>\d\d)"
    r"(?:\s*[:m]\s*(?P<second>\d\d)(?:[.,]\d+)?(?:\s*s(?![^\W\d_]))?)?"
    r"(?:\s*m(?:in)?(?![^\W\d_]))?(?:\s*(?P<half>[ap]\.?m\.?)(?![^\W\d_]))?"
)
_PACKED_CLOCK = re.compile(r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?:\.\d+)?")
_WORDS = re.compile(r"\b(?:uhr|hrs?|hs|horas?|heures?|ore|h)\b")  # o'clock

# By their first letters, without accents: English, French, German, Italian, Portuguese, Spanish.
_MONTHS = {
    **dict.fromkeys(("jan", "gen", "ene"), 1),
    **dict.fromkeys(("feb", "fev"), 2),
    **dict.fromkeys(("mar", "mae", "mrz"), 3),
    **dict.fromkeys(("apr", "abr", "avr"), 4),
    **dict.fromkeys(("may", "mai", "mag"), 5),
    **dict.fromkeys(("jun", "giu", "juin"), 6),
    **dict.fromkeys(("jul", "lug", "juil"), 7),
    **dict.fromkeys(("aug", "ago", "aou"), 8),
    **dict.fromkeys(("sep", "set"), 9),
    **dict.fromkeys(("oct", "okt", "out", "ott"), 10),
    **dict.fromkeys(("nov",), 11),
    **dict.fromkeys(("dec", "dez", "dic"), 12),
}

_EPOCHS = (1.0, 1e3, 1e6, 1e9)
"""Parts of a second in which computers count from 1970."""

_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)
"""What is counted from 1970 lies between these; later numbers are dates written together."""


@dataclass(frozen=True)
class Stamp:
    """What a text says of a moment, as far as it does.

    Attributes
    ----------
    day : date or None
    swapped : date or None
        The same with day and month exchanged, where nothing tells which comes first.
    clock : time or None
    zone : tzinfo or None
        Where the text has one.
    day_first : bool or None
        Whether the day comes before the month; None where that is not to be seen.
    unknown_zone : str
        Words behind the clock that may name a zone, but do not tell which.
    """

    day: date | None = None
    swapped: date | None = None
    clock: time | None = None
    zone: tzinfo | None = None
    day_first: bool | None = None
    unknown_zone: str = ""

    def at(self, day: date, zone: tzinfo | None) -> datetime:
        """Return the moment on a day, UTC; without a zone of its own in the given one, or UTC."""
        assert self.clock is not None
        return datetime.combine(day, self.clock, self.zone or zone or UTC).astimezone(UTC)


def read_stamp(text: str) -> Stamp | None:
    """Read a whole text as a date, a clock, or both; None where it is neither.

    Parameters
    ----------
    text : str
        Numbers counted from 1970 are moments, too.
    """
    counted = _since_1970(text)
    if counted is not None:
        return Stamp(counted.date(), clock=counted.time(), zone=UTC)
    day, rest = _take_date(plain(text))
    clock, *sides = _take_clock(rest, packed=day is not None)
    before, after = (without_fillers(words) for words in sides)
    if (before and after) or not is_words(before + after):
        return None
    zone, unknown = zone_beside(before or after)
    if clock is None and (before or day is None):
        return None
    if before and unknown:
        return None  # a zone stands behind the clock
    first, second, day_first = day or (None, None, None)
    return Stamp(first, second, clock, zone, day_first, unknown)


def _since_1970(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{9,19}(?:\.\d+)?", text.strip()):
        return None
    for parts in _EPOCHS:
        try:
            moment = datetime.fromtimestamp(float(text) / parts, UTC)
        except (ValueError, OverflowError, OSError):
            continue
        if _EARLIEST <= moment < _LATEST and not _is_packed(text):
            return moment.replace(microsecond=0)
    return None


def _is_packed(text: str) -> bool:
    """Say whether digits are a date and a clock written together, such as 20250612160600."""
    digits = text.strip().split(".")[0]
    if len(digits) not in (12, 14) or not re.match(_YEAR, digits):
        return False
    try:
        datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return True


_Day = tuple[date, date | None, bool | None]


def _take_date(text: str) -> tuple[_Day | None, str]:
    """Return the date in a text, if there is one, and the rest of it."""
    for pattern in _DATES:
        found = pattern.search(text)
        if found is None:
            continue
        day = _day_of(found.groupdict())
        if day is not None:
            return day, f"{text[: found.start()]} {text[found.end() :]}".strip()
    return None, text


def _day_of(found: dict[str, str]) -> _Day | None:
    year = int(found["year"])
    if "first" not in found:
        month = _month(found["name"]) if "name" in found else int(found["month"])
        day = _date(year, month, int(found["day"]))
        return None if day is None else (day, None, None)
    first, second = int(found["first"]), int(found["second"])
    by_day, by_month = _date(year, second, first), _date(year, first, second)
    if by_day is not None and by_month is not None and by_day != by_month:
        return by_day, by_month, None
    only = by_day or by_month
    told = None if by_day == by_month else by_day is not None
    return None if only is None else (only, None, told)


def _month(name: str) -> int:
    return _MONTHS.get(name[:4], _MONTHS.get(name[:3], 0))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _take_clock(text: str, *, packed: bool) -> tuple[time | None, str, str]:
    """Return the clock in a text, if there is one, and what stands before and behind it."""
    found = _CLOCK.search(text)
    if found is None and (packed or re.fullmatch(r"\s*(?:\d{4}|\d{6})\s*", text)):
        found = _PACKED_CLOCK.search(text)
    clock = None if found is None else _clock(found)
    if found is None or clock is None:
        return None, text, ""
    return clock, text[: found.start()], text[found.end() :]


def _clock(found: re.Match[str]) -> time | None:
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    half = found.groupdict().get("half")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        return None


def without_fillers(words: str) -> str:
    """Return what is left of words without those that only join a date and a clock."""
    bare = _WORDS.sub("", words).strip(" ,;_()")
    return "" if bare == "t" or not re.search(r"[^\W_]", bare) else bare
