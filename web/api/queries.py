"""What lists are narrowed by, as OGC API has it: areas, periods, pages."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from catalog.grid import Box
from web.api.documents import Link, href
from web.jobs.wanted import on_earth
from witoil.times import given_in_utc

NO_NUL = r"^[^\x00]*$"
"""Pattern of the texts that any database can be asked for."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
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
            f"found {text[:80]!r}, expected a time as 2021-08-24T03:43:00Z, a date as 2021-08-24, "
            "or START/END, of which one may be `..`"
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
    date = _DATE.match(text)
    if date is None:  # of the other forms of ISO 8601, the length does not tell what is a day
        raise ValueError(f"found {text[:80]!r}, expected a date as 2021-08-24")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        # near the first and the last year there are, zones lead out of what can be told
        moment = (moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta())).replace(
            tzinfo=UTC
        )
    first = given_in_utc(moment)
    return first, first + _LAST if text == date[0] else first


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
    return on_earth((west, south, east, north))


def _bbox(text: str) -> str:
    box_of(text)
    return text


BoundingBox = Annotated[str, Field(max_length=200), AfterValidator(_bbox)]
"""West, south, east, north; east less than west across 180 degrees."""


class PageQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=10**9)


def page_links(address: str, query: BaseModel, total: int) -> list[Link]:
    """Return links to this page of a list, the next and the one before.

    Parameters
    ----------
    address : str
        Path of the list.
    query : BaseModel
        With `limit` and `offset`.
    total : int
        How many there are on all pages.
    """
    limit, offset = query.limit, query.offset  # type: ignore[attr-defined]
    starts = {"self": offset}
    if offset + limit < total:
        starts["next"] = offset + limit
    if offset > 0:
        starts["prev"] = max(offset - limit, 0)
    asked = query.model_dump(by_alias=True, exclude={"offset"}, exclude_unset=True)
    return [
        Link(href=f"{href(address)}?{urlencode(asked | {'offset': start}, doseq=True)}", rel=rel)
        for rel, start in starts.items()
    ]
