"""When each of the slicks of a file was seen, by its attributes or its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from catalog.errors import CatalogError
from catalog.moments import Stamp, read_stamp, read_zone

SAME_SCENE = timedelta(hours=1)
"""What is seen within this time is seen in one scene."""

Record = Mapping[str, Any]

# 20210824-0810, 20210824T081000, 2021-08-24T08:10:00Z, 2021-08-24 08:10:00+02:00 ...
_MOMENT = re.compile(
    r"(?<!\d)((?:19|20)\d\d)-?(\d\d)-?(\d\d)[T _-]?(\d\d):?(\d\d)(?::?(\d\d))?(?!\d)"
    r"(?:\.\d+)?([+-]\d\d:\d\d)?"
)
_WORD_AFTER = re.compile(r"\d\d:?\d\d(?::?\d\d)?(?:\.\d+)?\s*\(?(?!Z|T|UTC|GMT)[A-Za-z]")
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?!\d)")

# In English, French, German, Italian, Portuguese and Spanish.
_TIME_FIELD = re.compile(
    r"time|date|data|fecha|datum|zeit|uhr|hora|heure|tempo|^ora|_ora|hour|^dia|_dia|jour|giorno|"
    r"acqui|aquis|adquis|sensing|observ|epoch|passag|utc|gmt",
    re.IGNORECASE,
)
# Not when the file was made, changed or sent.
_NOT_SEEN = re.compile(
    r"creat|process|updat|modif|publi|report|upload|download|insert|edit|receiv|ingest|"
    r"cria|elabor|atualiz|actualiz|aggiorn|receb|laudo|relat|valida|"
    # nor how long something lasts
    r"durat|durac|lifetime|runtime|elapsed|delay|interval|step",
    re.IGNORECASE,
)
_OF_IMAGE = re.compile(
    r"acq|aquis|adq|sensing|observ|^obs|detec|imag|scene|passag|satel", re.IGNORECASE
)
_NAME_FIELD = re.compile(r"identifier|^id$|name|scene|product|^file", re.IGNORECASE)
_ZONE_FIELD = re.compile(
    r"time_?zone|^tz$|_tz$|(?:fuso|huso|fuseau|zona)_?hor|zeitzone|(?:utc|gmt|time)_?off",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"local|lokal|ortszeit", re.IGNORECASE)


@dataclass(frozen=True)
class TimeKeys:
    """What the user says of the times in a file.

    Attributes
    ----------
    fields : tuple of str
        Attributes that hold the time, or the date and the clock.
    format : str or None
        As `datetime.strptime` wants it, of the attributes joined by blanks.
    zone : str or None
        IANA name or offset, of times that name none.
    """

    fields: tuple[str, ...] = ()
    format: str | None = None
    zone: str | None = None

    def tzinfo(self) -> tzinfo | None:
        """Return the zone.

        Raises
        ------
        CatalogError
            If it is none.
        """
        if self.zone is None:
            return None
        found = read_zone(self.zone)
        if found is None:
            raise CatalogError(
                f"time_zone: found {self.zone!r}, expected an offset such as -03:00, or a "
                "place such as America/Sao_Paulo"
            )
        return found


NO_KEYS = TimeKeys()


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
    if any(name in record for record in records for name in keys.fields):
        moments = (_by_keys(record, k, keys, label) for k, record in enumerate(records))
        return Times(tuple(moments), by_keys=True)
    told = _by_attributes(records, stem, keys)
    if told is not None:
        return told
    names = tuple(_time_in_names(record) or find_time(stem) for record in records)
    return Times(names) if any(names) else Times(names, _asking(records))


def scenes_of(moments: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """Return the first and last time of each scene among some moments."""
    scenes: list[tuple[datetime, datetime]] = []
    for moment in sorted(moments):
        if scenes and moment - scenes[-1][0] <= SAME_SCENE:
            scenes[-1] = (scenes[-1][0], moment)
        else:
            scenes.append((moment, moment))
    return scenes


def find_time(text: str) -> datetime | None:
    """First date with an hour and minute in a text, as UTC; None if there is none.

    Parameters
    ----------
    text : str
        File name, identifier or ISO 8601 time.
    """
    for year, month, day, hour, minute, second, offset in _MOMENT.findall(text):
        iso = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{offset}"
        try:
            return as_utc(datetime.fromisoformat(iso))
        except ValueError:
            continue  # digits that only look like a date
    return None


def as_utc(moment: datetime) -> datetime:
    """Return a moment in UTC, which it is of where it names no zone."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


# -- by the keys of the user


def _by_keys(record: Record, number: int, keys: TimeKeys, label: str) -> datetime:
    where = f"{label}: feature {number + 1}"
    absent = [name for name in keys.fields if name not in record]
    if absent:
        known = ", ".join(record) or "none"
        raise CatalogError(
            f"{where}: no {' and no '.join(absent)} of time_field; expected some of {known}"
        )
    text = " ".join(_as_text(record[name]) for name in keys.fields)
    moment = _formatted(text, keys) if keys.format else _unmistakable(text, keys)
    if moment is None:
        expected = (
            f"time_format {keys.format!r}"
            if keys.format
            else "a date and an hour that can be read in one way; give time_format"
        )
        raise CatalogError(f"{where}: found the time {text!r}, expected {expected}")
    return moment


def _formatted(text: str, keys: TimeKeys) -> datetime | None:
    assert keys.format is not None
    try:
        moment = datetime.strptime(text, keys.format)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=keys.tzinfo() or UTC)).astimezone(
        UTC
    )


def _unmistakable(text: str, keys: TimeKeys) -> datetime | None:
    stamp = read_stamp(text)
    if stamp is None or stamp.day is None or stamp.clock is None or stamp.swapped is not None:
        return None
    return stamp.at(stamp.day, keys.tzinfo())


# -- by what attributes look like


@dataclass(frozen=True)
class _Column:
    """An attribute named like a time, or two: what it says in each record."""

    name: str
    stamps: tuple[Stamp | None, ...]

    @classmethod
    def of(cls, name: str, records: Sequence[Record]) -> _Column:
        stamps = [_stamp(record[name]) if name in record else None for record in records]
        if all(stamp is None or stamp.clock in (None, time(0)) for stamp in stamps):
            # clocks that all stand at midnight are of dates that have lost their hour
            stamps = [None if s is None or not s.day else replace(s, clock=None) for s in stamps]
        return cls(name, tuple(stamps))

    def has(self, *, day: bool, clock: bool) -> bool:
        """Say whether all that it says has a day, and a clock, or has none."""
        said = [s for s in self.stamps if s is not None]
        return bool(said) and all(
            (s.day is not None, s.clock is not None) == (day, clock) for s in said
        )

    def with_clocks(self, other: _Column) -> _Column:
        """Return the dates of this one with the clocks of another."""
        both = [
            d and c and replace(d, clock=c.clock, zone=c.zone)
            for d, c in zip(self.stamps, other.stamps, strict=True)
        ]
        return _Column(f"{self.name} + {other.name}", tuple(both))

    def days_first(self) -> list[datetime]:
        """Return when it says if the day comes before the month."""
        return [s.at(s.day, None) for s in self.stamps if s is not None and s.day is not None]

    def moments(
        self, zones: Sequence[tzinfo | None], records: Sequence[Record], stem: str
    ) -> tuple[datetime | None, ...] | None:
        """Return when it says; None where day and month cannot be told apart."""
        said = [s for s in self.stamps if s is not None]
        orders = {s.day_first for s in said if s.day_first is not None}
        doubtful = any(s.swapped is not None for s in said)
        if doubtful and not orders:
            orders = _orders_in_names(self.stamps, records, stem)
        if len(orders) > 1 or (doubtful and not orders):
            return None
        day_first = next(iter(orders), True)
        return tuple(
            None
            if s is None or s.day is None
            else s.at(s.day if day_first or s.swapped is None else s.swapped, zone)
            for s, zone in zip(self.stamps, zones, strict=True)
        )


def _columns(records: Sequence[Record]) -> list[_Column]:
    """Return the attributes that say something of a time."""
    names = dict.fromkeys(name for record in records for name in record)
    columns = (_Column.of(name, records) for name in names if _may_tell(name))
    return [column for column in columns if any(column.stamps)]


def _may_tell(name: str) -> bool:
    """Say whether an attribute of this name may tell when a slick was seen."""
    others = _NOT_SEEN.search(name) or _ZONE_FIELD.search(name)
    return bool(_TIME_FIELD.search(name)) and not others


def _stamp(value: Any) -> Stamp | None:
    text = _as_text(value)
    stamp = read_stamp(text)
    if stamp is not None and stamp.day is None and not isinstance(value, str):
        return None  # a number alone may count anything
    # within a longer text, such as an identifier; but what follows a clock may be its zone
    if stamp is None and not _WORD_AFTER.search(text) and (moment := find_time(text)) is not None:
        return Stamp(moment.date(), clock=moment.time(), zone=UTC)
    return stamp


def _as_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # a date in a table comes with a clock at midnight
    return str(value).removesuffix("T00:00:00")


def _by_attributes(records: Sequence[Record], stem: str, keys: TimeKeys) -> Times | None:
    """Return the times that attributes tell, or why they are not certain; None without any."""
    columns = _columns(records)
    whole = [c for c in columns if c.has(day=True, clock=True)]
    if not whole:
        clocks = [c for c in columns if c.has(day=False, clock=True)]
        days = [c for c in columns if c.has(day=True, clock=False)]
        whole = [day.with_clocks(clock) for day in days for clock in clocks]
    if not whole:
        return None
    unknown = (None,) * len(records)
    zones, strange = _zones(records, keys)
    if strange:
        return Times(unknown, f"the time zone {strange!r} is not known; give it by `time_zone`")
    found = {c.name: moments for c in whole if (moments := c.moments(zones, records, stem))}
    if not found:
        several = len(scenes_of(whole[0].days_first())) > 1
        return Times(unknown, _which_first(whole[0].name, records), several)
    best = found[_best(found)]
    doubt = _doubt_among(found, whole, zones)
    several = len(scenes_of(moment for moment in best if moment)) > 1
    return Times(unknown, doubt, several) if doubt else Times(best)


def _best(names: Iterable[str]) -> str:
    """Return the attribute to go by: of the image, and in UTC, before others."""
    return min(
        names,
        key=lambda name: (
            not _OF_IMAGE.search(name),
            not re.search(r"utc|gmt", name, re.IGNORECASE),
        ),
    )


def _doubt_among(
    found: Mapping[str, tuple[datetime | None, ...]],
    columns: Sequence[_Column],
    zones: Sequence[tzinfo | None],
) -> str:
    """Say why the times of attributes are not certain; nothing where they are."""
    best = _best(found)
    rivals = [
        name for name in found if bool(_OF_IMAGE.search(name)) == bool(_OF_IMAGE.search(best))
    ]
    if re.search(r"utc|gmt", best, re.IGNORECASE):
        rivals = [best]
    for name in rivals:
        pairs = zip(found[best], found[name], strict=True)
        if any(a and b and abs(a - b) > SAME_SCENE for a, b in pairs):
            return f"{best} and {name} tell different times; say which by `time_field`"
    stamps = next(column.stamps for column in columns if column.name == best)
    bare = any(s and not s.zone and not z for s, z in zip(stamps, zones, strict=True))
    if _LOCAL.search(best) and bare:
        return f"{best} is a local time; say of which zone by `time_zone`"
    return ""


def _orders_in_names(
    stamps: Sequence[Stamp | None], records: Sequence[Record], stem: str
) -> set[bool]:
    """Return the orders of day and month that dates in names show: True for the day first."""
    shown: set[bool] = set()
    for stamp, record in zip(stamps, records, strict=True):
        texts = [str(v) for k, v in record.items() if _NAME_FIELD.search(k)]
        days = {day for text in (*texts, stem) for day in _days_in(text)}
        if stamp is not None and stamp.swapped is not None:
            shown |= {True} if stamp.day in days else set()
            shown |= {False} if stamp.swapped in days else set()
    return shown


def _days_in(text: str) -> Iterable[date]:
    for year, month, day in _DAY.findall(text):
        try:
            yield date(int(year), int(month), int(day))
        except ValueError:
            continue


def _zones(records: Sequence[Record], keys: TimeKeys) -> tuple[list[tzinfo | None], str]:
    """Return the zone of each record, by the key or an attribute; and one that is not known."""
    given = keys.tzinfo()
    if given is not None:
        return [given] * len(records), ""
    zones: list[tzinfo | None] = []
    for record in records:
        texts = [_as_text(v) for k, v in record.items() if _ZONE_FIELD.search(k)]
        zone = read_zone(texts[0]) if texts else None
        if texts and zone is None:
            return [], texts[0]
        zones.append(zone)
    return zones, ""


def _time_in_names(record: Record) -> datetime | None:
    found = (find_time(str(v)) for k, v in record.items() if _NAME_FIELD.search(k))
    return next((moment for moment in found if moment), None)


def _which_first(name: str, records: Sequence[Record]) -> str:
    fields = name.split(" + ")
    shown = " and ".join(f"{field} {_as_text(records[0].get(field))!r}" for field in fields)
    return (
        f"{shown}: the day or the month first? write time_field = {json.dumps(fields)} and "
        'time_format, such as "%d/%m/%Y %H:%M" or "%m/%d/%Y %H:%M"'
    )


def _asking(records: Sequence[Record]) -> str:
    """Say what looks like a time but is none, and which keys would settle it."""
    named = {
        name: value for name, value in (records[0].items() if records else ()) if _may_tell(name)
    }
    if not named:
        return ""
    shown = ", ".join(f"{name} {_as_text(value)!r}" for name, value in list(named.items())[:4])
    return (
        f"nothing certain in {shown}; write time_field and time_format, such as "
        'time_field = ["DATE", "HOUR"] and time_format = "%d/%m/%Y %H:%M"'
    )
