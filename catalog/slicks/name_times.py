"""Dates and clocks within longer texts: names of files, identifiers of products, sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, time, tzinfo

from catalog.slicks.moments import Stamp
from catalog.slicks.zones import plain, zone_beside

# 20210824-0810, 20210824T081000, 2021-08-24T08:10:00, 2021-08-24 08:10 ...
_MOMENT = re.compile(
    r"(?<!\d)((?:19|20)\d\d)-?(\d\d)-?(\d\d)([t _-]?)(\d\d):?(\d\d)(?::?(\d\d))?(?!\d)(?:\.\d+)?"
)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?!\d)")

# Orbital EOS (20210824-0810-SYR-PL-A-01-S3) and the Sentinels (S1A_IW_GRDH_...) count in UTC.
_IN_UTC = re.compile(r"(?<!\d)\d{8}-\d{4}-[a-z]{3}-[a-z]{2}-|(?<![a-z\d])s[1-6][a-d]_")

_ZONE = re.compile(
    r"[\s_-]*\(?((?:utc|gmt)(?:\s*[+-]\s*\d\d?(?::?\d\d)?)?|z)(?![a-z\d])"
    r"|\s?(\+\d\d(?::?\d\d)?|-\d\d:\d\d)(?!\d)"
)
# May name a zone: `-0300`, which may also be a number; letters at the digits but those for hours;
# what stands for a zone elsewhere.
_UNKNOWN = re.compile(
    r"\s?(-(?:0\d|1[0-4])(?:[03]0|15|45))(?!\d)"
    r"|(?!(?:h|hs|hrs?|uhr|min)(?![^\W\d_]))([^\W\d_]+)"
    r"|[\s_-]*\(?((?:(?:hora|heure|time|ora)[\s_-]*)?(?:local|locale|lokal|ortszeit)"
    r"|(?:utc|gmt)\d+|brs?t|est|edt|cst|cdt|pst|pdt|ces?t|mesz|mez|eest|eet|bst|msk|jst)"
    r"(?![^\W\d_])"
)
_BASIC_OFFSET = re.compile(r"(-\d\d)(?!\d)")
_SENTENCE = re.compile(r"[\s(]+([^\W\d_][^,;]*)")


def find_stamp(text: str, *, sentence: bool = False) -> Stamp | None:
    """Find the first date with a clock within a text; None where there is none.

    Parameters
    ----------
    text : str
        File name, identifier, or a text in which words may stand behind the clock.
    sentence : bool
        Whether any words behind the clock may name its zone: in names only those that are known
        for zones.
    """
    lower = plain(text)
    for found in _MOMENT.finditer(lower):
        year, month, day, _, hour, minute, second = found.groups()
        try:
            stamp_day = date(int(year), int(month), int(day))
            clock = time(int(hour), int(minute), int(second or 0))
        except ValueError:
            continue  # digits that only look like a date
        if _IN_UTC.search(lower):
            return Stamp(stamp_day, clock=clock, zone=UTC)
        zone, unknown = _zone(lower[found.end() :], iso=found[4] == "t", sentence=sentence)
        return Stamp(stamp_day, clock=clock, zone=zone, unknown_zone=unknown)
    return None


def _zone(rest: str, *, iso: bool, sentence: bool) -> tuple[tzinfo | None, str]:
    """Read the zone at the start of what stands behind a clock, see `zone_beside`."""
    if told := _ZONE.match(rest):
        return zone_beside(told[1] or told[2])
    doubts = [_UNKNOWN, *([_BASIC_OFFSET] if iso else []), *([_SENTENCE] if sentence else [])]
    found = next(filter(None, (doubt.match(rest) for doubt in doubts)), None)
    return None, "" if found is None else next(filter(None, found.groups()))


def days_in(text: str) -> Iterable[date]:
    """Return the dates, year first, within a text."""
    for year, month, day in _DAY.findall(text):
        try:
            yield date(int(year), int(month), int(day))
        except ValueError:
            continue
