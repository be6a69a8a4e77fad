"""When each of the slicks of a file was seen, by its attributes or its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from catalog.slicks.moments import Stamp, read_stamp
from catalog.slicks.name_times import days_in, find_stamp
from catalog.slicks.time_columns import (
    IN_UTC,
    LOCAL,
    OF_IMAGE,
    Column,
    is_other,
    may_tell,
    time_columns,
    zone_of,
)
from catalog.slicks.time_keys import Record, TimeKeys, as_text

SAME_SCENE = timedelta(hours=1)
"""What is seen within this time is seen in one scene."""

_NAME_FIELD = re.compile(r"identifier|^id$|name|scene|product|^file", re.IGNORECASE)
_LONGEST_SHOWN = 40  # letters of a value in a message
_MOST_SHOWN = 4


@dataclass(frozen=True)
class Times:
    """When the records of a file were seen.

    Attributes
    ----------
    moments : tuple of datetime or None
        UTC; None where it is not certain.
    doubt : str
        Why some are not certain, and what settles it, without the name of the file.
    several : bool
        Whether there are several scenes, though their times are not certain.
    by_keys : bool
        Whether they are as the keys of the user say.
    """

    moments: tuple[datetime | None, ...]
    doubt: str = ""
    several: bool = False
    by_keys: bool = False


def times_of(records: Sequence[Record], stem: str, keys: TimeKeys, label: str) -> Times:
    """Say when each record of a file was seen.

    Parameters
    ----------
    records : sequence of mapping
        Attributes, plain values only.
    stem : str
        Name of the file or layer.
    keys : TimeKeys
        Their attributes are passed over where the file has none of them.
    label : str
        The file's name for people.

    Raises
    ------
    CatalogError
        If the file has attributes that the keys name, and a record has no time by them.

    Notes
    -----
    By the keys, where there are some; else by attributes named like times: one that has date and
    hour, or a date and a clock in two. Whether the day or the month comes first has to be seen in
    one of the records, or in a date in the name. Without such attributes the identifier or the
    name tells.
    """
    keys.check()
    if any(name in record for record in records for name in keys.fields):
        moments = (keys.moment(r, f"{label}: feature {k}") for k, r in enumerate(records, 1))
        return Times(tuple(moments), by_keys=True)
    columns = time_columns(records)
    zones, strange = _zones(records, keys)
    names = Column("the name", tuple(_stamp_in_names(r) or find_stamp(stem) for r in records))
    whole = [column.in_zones(zones) for column in _whole(columns)]
    if whole:
        return _by_columns(whole, strange, records, stem)
    if any(names.stamps):
        return _by_names(names.in_zones(zones), strange, columns)
    several = any(column.spans(SAME_SCENE) for column in _of_image(columns))
    return Times((None,) * len(records), _asking(records, columns), several)


def scenes_of(moments: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """Return the first and last time of each scene among some moments."""
    scenes: list[tuple[datetime, datetime]] = []
    for moment in sorted(moments):
        if scenes and moment - scenes[-1][0] <= SAME_SCENE:
            scenes[-1] = (scenes[-1][0], moment)
        else:
            scenes.append((moment, moment))
    return scenes


def as_utc(moment: datetime) -> datetime:
    """Return a moment in UTC, which it is of where it names no zone."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


# -- by what attributes look like


def _whole(columns: Sequence[Column]) -> list[Column]:
    """Return the attributes, or pairs of them, that have date and clock."""
    whole = [c for c in columns if c.has(day=True, clock=True)]
    if whole:
        return whole
    clocks = [c for c in columns if c.has(day=False, clock=True)]
    days = [c for c in columns if c.has(day=True, clock=False)]
    return [day.with_clocks(clock) for day in days for clock in clocks]


def _by_columns(
    columns: Sequence[Column], strange: str, records: Sequence[Record], stem: str
) -> Times:
    """Return the times that attributes tell, or why they are not certain."""
    unknown = (None,) * len(records)
    named = [_days_in_names(record, stem) for record in records]
    found = {c.name: moments for c in columns if (moments := c.moments(named))}
    if not found:
        several = columns[0].spans(SAME_SCENE)
        return Times(unknown, _which_first(columns[0].name, records), several)
    best = next(c for c in columns if c.name == _best(found))
    doubt = _doubt_among(found, best.name) or _doubt_of_zone(best, strange, records)
    several = len(scenes_of(moment for moment in found[best.name] if moment)) > 1
    return Times(unknown, doubt, several) if doubt else Times(found[best.name])


def _best(names: Iterable[str]) -> str:
    """Return the attribute to go by: of the image, and in UTC, before others."""
    return min(names, key=lambda name: (not OF_IMAGE.search(name), not IN_UTC.search(name)))


def _doubt_among(found: Mapping[str, tuple[datetime | None, ...]], best: str) -> str:
    """Say which attributes tell different times; nothing where they do not."""
    of_image = bool(OF_IMAGE.search(best))
    rivals = [name for name in found if bool(OF_IMAGE.search(name)) == of_image]
    for name in [] if IN_UTC.search(best) else rivals:
        pairs = zip(found[best], found[name], strict=True)
        if any(a and b and abs(a - b) > SAME_SCENE for a, b in pairs):
            return f"{best} and {name} tell different times; say which by `time_field`"
    return ""


def _doubt_of_zone(column: Column, strange: str, records: Sequence[Record]) -> str:
    """Say that the zone of an attribute is not certain; nothing where it is."""
    if not column.bare():
        return ""
    if strange:
        return f"the time zone {strange!r} is not known; give it by `time_zone`"
    if column.unknown_zone():
        number = [bool(s and s.unknown_zone) for s in column.stamps].index(True)
        shown = _shown(column.name.split(" + "), records[number])
        return f"nothing certain in {shown}: the zone is not known; give it by `time_zone`"
    if LOCAL.search(column.name):
        return f"{column.name} is a local time; say of which zone by `time_zone`"
    return ""


def _zones(records: Sequence[Record], keys: TimeKeys) -> tuple[list[tzinfo | None], str]:
    """Return the zone of each record, as the keys or its attributes say; what is not known."""
    given = keys.tzinfo()
    if given is not None:
        return [given] * len(records), ""
    told = [zone_of(record) for record in records]
    return [zone for zone, _ in told], next((strange for _, strange in told if strange), "")


def _which_first(name: str, records: Sequence[Record]) -> str:
    fields = name.split(" + ")
    shown = " and ".join(_shown([field], records[0]) for field in fields)
    return (
        f"{shown}: the day or the month first? write time_field = {json.dumps(fields)} and "
        'time_format, such as "%d/%m/%Y %H:%M" or "%m/%d/%Y %H:%M"'
    )


# -- by names


def _by_names(names: Column, strange: str, columns: Sequence[Column]) -> Times:
    """Return the times that names tell, or why they are not certain."""
    moments = names.moments([set()] * len(names.stamps)) or ()
    doubt = ""
    if names.bare() and (strange or names.unknown_zone()):
        zone = strange or names.unknown_zone()
        doubt = f"the name tells a time, but its zone {zone!r} is not known; give it by `time_zone`"
    days = _of_image([c for c in columns if c.has(day=True, clock=False)])
    for number, stamp in enumerate(names.stamps):
        told = [s for c in days if (s := c.stamps[number]) is not None]
        if stamp and told and all(stamp.day not in (s.day, s.swapped) for s in told):
            doubt = (
                f"{days[0].name} says {told[0].day}, the name {stamp.day}; say when by `time`, or "
                "correct one of them"
            )
    several = len(scenes_of(m for m in moments if m)) > 1 or any(c.spans(SAME_SCENE) for c in days)
    return Times((None,) * len(moments), doubt, several) if doubt else Times(moments)


def _of_image(columns: Sequence[Column]) -> list[Column]:
    """Return those of attributes that tell of the image, if there are any; else all of them."""
    return [c for c in columns if OF_IMAGE.search(c.name)] or list(columns)


def _stamp_in_names(record: Record) -> Stamp | None:
    found = (find_stamp(str(v)) for k, v in record.items() if _NAME_FIELD.search(k))
    return next((stamp for stamp in found if stamp), None)


def _days_in_names(record: Record, stem: str) -> set[date]:
    texts = [str(value) for name, value in record.items() if _NAME_FIELD.search(name)]
    return {day for text in (*texts, stem) for day in days_in(text)}


# -- by nothing


def _asking(records: Sequence[Record], columns: Sequence[Column]) -> str:
    """Say what looks like a time but is none, and what would settle it."""
    first: dict[str, object] = {}
    for record in records:
        first = dict(record) | first
    looks = [name for name, value in first.items() if may_tell(name) or _is_day(name, value)]
    if not looks:
        return ""
    days = [c.name for c in columns if c.has(day=True, clock=False)]
    whole = [name for name in looks if _has_clock(first[name])]
    if whole:
        midnight = "midnight may be an hour that was lost: " if whole[0] in days else ""
        settles = (
            f"{midnight}write time_field = {json.dumps(whole[0])} if that is when it was seen, "
            "else give `time`"
        )
    elif set(looks) == set(days):
        settles = "they have no hour: give it by `time` or in the name of the file"
    else:
        settles = (
            'write time_field and time_format, such as time_field = ["DATE", "HOUR"] and '
            'time_format = "%d/%m/%Y %H:%M"'
        )
    return f"nothing certain in {_shown(looks[:_MOST_SHOWN], first)}; {settles}"


def _has_clock(value: object) -> bool:
    """Say whether a value has a date and a clock that can be read in one way."""
    stamp = read_stamp(as_text(value))
    return None not in (stamp, stamp and stamp.day, stamp and stamp.clock)


def _is_day(name: str, value: object) -> bool:
    """Say whether an attribute that is not named like a time holds a date, which may be one."""
    stamp = read_stamp(value) if isinstance(value, str) and not is_other(name) else None
    return stamp is not None and stamp.day is not None


def _shown(names: Sequence[str], record: Record) -> str:
    """Return attributes with their values, shortened."""
    texts = {name: as_text(record.get(name)) for name in names}
    return ", ".join(
        f"{name} {text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + ' ...'!r}"
        for name, text in texts.items()
    )
