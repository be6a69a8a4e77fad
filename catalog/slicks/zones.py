"""Time zones as people write them, read only where they can mean one thing."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Not behind another letter: in `BRT+3` and `Etc/GMT+3` the sign is the other way round (POSIX).
_OFFSET = re.compile(
    r"(?<![a-z/\d])(?:utc|gmt)?\s*(?P<sign>[+-])\s*(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?(?![\d:])"
)
_UTC = {"z", "zulu", "utc", "gmt"}
_MOST_HOURS = 14


def read_zone(text: str) -> tzinfo | None:
    """Read a time zone: an offset, UTC, or a place of the IANA database; None where it is none."""
    bare = text.strip()
    if re.fullmatch(r"[+-]?\d\d?(?:\.0)?", bare):
        return _at(int(float(bare)), 0)
    words = plain(bare)
    if words in _UTC:
        return UTC
    if found := _OFFSET.fullmatch(words):
        return _offset(found)
    if "/" not in bare:
        return None  # abbreviations stand for several zones
    try:
        return ZoneInfo(bare)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_beside(words: str) -> tuple[tzinfo | None, str]:
    """Read what stands beside a clock.

    Parameters
    ----------
    words : str
        As `plain` returns it.

    Returns
    -------
    tzinfo or None
        UTC, or the only offset among them, whatever the zone is called.
    str
        The words where they may name a zone, but do not tell which; else empty.
    """
    bare = re.sub(r"^-\s*(?=[^\W\d_])", "", words.strip(" ,;_()[]"))
    if not re.search(r"[^\W_]", bare):
        return None, ""
    if bare in _UTC:
        return UTC, ""
    offsets = list(_OFFSET.finditer(bare))
    zone = _offset(offsets[0]) if len(offsets) == 1 and is_words(bare) else None
    return (None, bare) if zone is None else (zone, "")


def is_words(text: str) -> bool:
    """Say whether a text has no digits but those of offsets."""
    return not re.search(r"\d", _OFFSET.sub("", text))


def plain(text: str) -> str:
    """Return a text in small letters without accents."""
    flat = unicodedata.normalize("NFKD", text.strip().lower().replace("\N{MINUS SIGN}", "-"))
    return "".join(letter for letter in flat if not unicodedata.combining(letter))


def _offset(found: re.Match[str]) -> tzinfo | None:
    sign = 1 if found["sign"] == "+" else -1
    return _at(sign * int(found["hours"]), sign * int(found["minutes"] or 0))


def _at(hours: int, minutes: int) -> tzinfo | None:
    if abs(minutes) >= 60 or abs(hours) + abs(minutes) / 60.0 > _MOST_HOURS:
        return None
    return timezone(timedelta(hours=hours, minutes=minutes))
