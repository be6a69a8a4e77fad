"""What lists are narrowed by, as OGC API has it: areas and periods."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from catalog.grid import Box
from witoil.times import given_in_utc

_DATE_LETTERS = len("2021-08-24")
_LAST = timedelta(days=1) - timedelta(microseconds=1)


def ends_of(text: str) -> tuple[datetime | None, datetime | None]:
    """Return the start and the end of a period as OGC API has it; None: it is open.

    A date without a time of day is all of that day.

    Raises
    ------
    ValueError
    """
    parts = text.split("/")
    try:
        starts, ends = zip(*map(_moments, parts), strict=True)
    except ValueError:
        starts = ends = ()
    if len(starts) not in (1, 2) or not any((*starts, *ends)):
        raise ValueError(
            f"found {text[:80]!r}, expected a time as 2021-08-24T03:43:00Z, or START/END, of which "
            "one may be `..`"
        )
    start, end = starts[0], ends[-1]
    if start is not None and end is not None and end < start:
        raise ValueError(f"found {text[:80]!r}, which ends before it starts; expected START/END")
    return start, end


def _moments(text: str) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last moment that a part of a period stands for.

    Raises
    ------
    ValueError
    """
    if text in ("", ".."):
        return None, None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        # near the first and the last year there are, zones lead out of what can be told
        moment = (moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta())).replace(
            tzinfo=UTC
        )
    first = given_in_utc(moment)
    return first, first + _LAST if len(text) == _DATE_LETTERS else first


def _period(text: str) -> str:
    try:
        ends_of(text)
    except OverflowError:
        raise ValueError(f"found {text[:80]!r}, expected a year from 1700 to 2200") from None
    return text


Period = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_period)]
"""A time, or two with a stroke between them, RFC 3339."""


def box_of(text: str) -> Box:
    """Return the area of a parameter `bbox`, without the heights that six numbers have. [degrees]

    Raises
    ------
    ValueError
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise ValueError(
            f"found {text[:80]!r}, expected WEST,SOUTH,EAST,NORTH in degrees, four numbers, or six "
            "with heights"
        )
    half = len(numbers) // 2
    west, south, east, north = numbers[0], numbers[1], numbers[half], numbers[half + 1]
    refuse_no_box((west, south, east, north))
    return west, south, east, north


def refuse_no_box(box: Box) -> None:
    """Refuse what is no area on Earth; east of less than west lies across 180 degrees.

    Raises
    ------
    ValueError
    """
    west, south, east, north = box
    if not (-180.0 <= west <= 180.0 and -180.0 <= east <= 180.0):
        raise ValueError(f"found {west:g} to {east:g} E, expected longitudes from -180 to 180")
    if not -90.0 <= south <= north <= 90.0:
        raise ValueError(
            f"found {south:g} to {north:g} N, expected south, then north, from -90 to 90"
        )


def _bbox(text: str) -> str:
    box_of(text)
    return text


BoundingBox = Annotated[str, Field(max_length=200), AfterValidator(_bbox)]
"""West, south, east, north; east less than west across 180 degrees."""
