"""Attributes that are named like times: what each of them says in the records of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from catalog.slicks.moments import Stamp, read_stamp
from catalog.slicks.name_times import find_stamp
from catalog.slicks.time_keys import Record, as_text
from catalog.slicks.zones import read_zone

OF_IMAGE = re.compile(
    r"acq|aquis|adq|sens(?:ed|ing)|observ|^obs|detec|imag|scene|passag|satel", re.IGNORECASE
)
"""Names of what tells of the image, rather than of something else."""

IN_UTC = re.compile(r"(?:utc|gmt)(?![_ ]?[+-]?\d)", re.IGNORECASE)
LOCAL = re.compile(r"local|lokal|ortszeit|(?:utc|gmt)[_ ]?[+-]?\d", re.IGNORECASE)

# In English, French, German, Italian, Portuguese and Spanish.
_TIME = re.compile(
    r"time|date|data|fecha|datum|zeit|uhr|hora|heure|tempo|^ora|_ora|hour|^dia|_dia|jour|giorno|"
    r"acqui|aquis|adquis|sens(?:ed|ing)|observ|epoch|passag|utc|gmt|^when$|(?:^|_)(?:acq|dt|dth|dthr)(?:_|$)|"
    r"^dt(?:ini|fim|fin|obs|img|acq|hr|hora)|"
    # the ends of a span, as in KML
    r"^(?:begin|start|end|inicio|debut|beginn|ende|fim|fin)$",
    re.IGNORECASE,
)
# Not when the file was made, changed or sent.
_NOT_SEEN = re.compile(
    r"creat|process|updat|modif|publi|report|upload|download|insert|edit|receiv|ingest|"
    r"cria|elabor|atualiz|actualiz|aggiorn|receb|laudo|relat|valida|"
    # nor what the data are, nor how long something lasts
    r"database|dataset|metadata|data_?(?:source|type|id$)|durat|durac|lifetime|runtime|elapsed|delay|interval|step",
    re.IGNORECASE,
)
_ZONE = re.compile(
    r"time_?zone|^tz$|_tz$|(?:fuso|huso|fuseau|zona)_?hor|zeitzone|(?:utc|gmt|time)_?off",
    re.IGNORECASE,
)
_MIDNIGHT = time(0)


@dataclass(frozen=True)
class Column:
    """An attribute, or two of which one has the date and the other the clock.

    Attributes
    ----------
    name : str
        Two are joined by `` + ``.
    stamps : tuple of Stamp or None
        What it says in each record.
    """

    name: str
    stamps: tuple[Stamp | None, ...]

    @classmethod
    def of(cls, name: str, records: Sequence[Record]) -> Column:
        """Read an attribute of some records."""
        stamps = [_stamp(record[name]) if name in record else None for record in records]
        if all(stamp is None or stamp.clock in (None, _MIDNIGHT) for stamp in stamps):
            stamps = [stamp and _without_clock(stamp) for stamp in stamps]
        return cls(name, tuple(stamps))

    def has(self, *, day: bool, clock: bool) -> bool:
        """Say whether all that it says has a day, and a clock, or has none."""
        said = [s for s in self.stamps if s is not None]
        return bool(said) and all(
            (s.day is not None, s.clock is not None) == (day, clock) for s in said
        )

    def with_clocks(self, other: Column) -> Column:
        """Return the dates of this one with the clocks of another."""
        both = [d and c and _joined(d, c) for d, c in zip(self.stamps, other.stamps, strict=True)]
        return Column(f"{self.name} + {other.name}", tuple(both))

    def in_zones(self, zones: Sequence[tzinfo | None]) -> Column:
        """Return what it says where each record is of a zone, unless it names another itself."""
        utc = UTC if IN_UTC.search(self.name.rpartition(" + ")[2]) else None
        zoned = [
            s and _in_zone(s, zone if s.unknown_zone else utc or zone)
            for s, zone in zip(self.stamps, zones, strict=True)
        ]
        return replace(self, stamps=tuple(zoned))

    def bare(self) -> bool:
        """Say whether it has a clock without a zone."""
        return any(s is not None and s.zone is None for s in self.stamps)

    def unknown_zone(self) -> str:
        """Return words that may name a zone of one of its clocks; none where all are known."""
        return next((s.unknown_zone for s in self.stamps if s is not None and s.unknown_zone), "")

    def spans(self, longest: timedelta) -> bool:
        """Say whether its records are further apart, if the day comes before the month."""
        said = [s for s in self.stamps if s is not None]
        clocks = [datetime.combine(s.day or date.min, s.clock or _MIDNIGHT) for s in said]
        return bool(clocks) and max(clocks) - min(clocks) > longest

    def moments(self, named: Sequence[set[date]]) -> tuple[datetime | None, ...] | None:
        """Return when it says, UTC; None where day and month cannot be told apart.

        Parameters
        ----------
        named : sequence of set of date
            Days in the names of each record, which show the order where no record does.
        """
        said = [s for s in self.stamps if s is not None]
        orders = {s.day_first for s in said if s.day_first is not None}
        doubtful = any(s.swapped is not None for s in said)
        if doubtful and not orders:
            orders = self._orders(named)
        if len(orders) > 1 or (doubtful and not orders):
            return None
        day_first = next(iter(orders), True)
        return tuple(
            None
            if s is None or s.day is None
            else s.at(s.day if day_first or s.swapped is None else s.swapped, None)
            for s in self.stamps
        )

    def _orders(self, named: Sequence[set[date]]) -> set[bool]:
        """Return the orders of day and month that names show: True for the day first."""
        shown: set[bool] = set()
        for stamp, days in zip(self.stamps, named, strict=True):
            if stamp is not None and stamp.swapped is not None:
                shown |= {True} if stamp.day in days else set()
                shown |= {False} if stamp.swapped in days else set()
        return shown


def time_columns(records: Sequence[Record]) -> list[Column]:
    """Return the attributes that say something of a time."""
    names = dict.fromkeys(name for record in records for name in record)
    columns = (Column.of(name, records) for name in names if may_tell(name))
    return [column for column in columns if any(column.stamps)]


def may_tell(name: str) -> bool:
    """Say whether an attribute of this name may tell when a slick was seen."""
    return bool(_TIME.search(name)) and not is_other(name)


def is_other(name: str) -> bool:
    """Say whether an attribute of this name tells of another time, or of the zone."""
    return bool(_NOT_SEEN.search(name) or _ZONE.search(name))


def zone_of(record: Record) -> tuple[tzinfo | None, str]:
    """Return the zone that a record names in an attribute of its own; its text if not known."""
    texts = [as_text(value) for name, value in record.items() if _ZONE.search(name)]
    zone = read_zone(texts[0]) if texts else None
    return zone, texts[0] if texts and zone is None else ""


def _stamp(value: Any) -> Stamp | None:
    text = as_text(value)
    stamp = read_stamp(text)
    if isinstance(value, str):
        return stamp or find_stamp(text, sentence=True)
    return None if stamp is None or stamp.day is None else stamp  # a number may count anything


def _without_clock(stamp: Stamp) -> Stamp | None:
    """Return a date that has lost its hour: all of a column stand at midnight."""
    if stamp.day is None:
        return None
    zone = None if stamp.zone is UTC else stamp.zone  # which is written by default
    return replace(stamp, clock=None, zone=zone, unknown_zone="")


def _joined(day: Stamp, clock: Stamp) -> Stamp:
    zone = clock.zone or (None if clock.unknown_zone else day.zone)
    return replace(day, clock=clock.clock, zone=zone, unknown_zone=clock.unknown_zone)


def _in_zone(stamp: Stamp, zone: tzinfo | None) -> Stamp:
    if stamp.zone is not None or zone is None:
        return stamp
    return replace(stamp, zone=zone, unknown_zone="")
