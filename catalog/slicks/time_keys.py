"""What a case says of the times in a file of slicks: their attributes, format and zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from catalog.errors import CatalogError
from catalog.slicks.moments import Stamp, read_stamp, without_fillers
from catalog.slicks.zones import plain, read_zone, zone_beside

Record = Mapping[str, Any]
"""Attributes of one slick, plain values only."""

LOST_HOUR = re.compile(r"T00:00:00(?:\.0+)?Z?$")
"""What a date has behind it where it is kept as a moment."""

_CLOCKS = ("%H", "%I", "%X", "%c")
_AFTER_CLOCK = re.compile(r".*%[HIMSfpXc]")
_UNITS = re.compile(r"\b(?:min|m|s)\b")


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

    def check(self) -> None:
        """Refuse keys by which no time can be read.

        Raises
        ------
        CatalogError
        """
        self.tzinfo()
        if self.format is None:
            return
        if not self.fields:
            raise CatalogError("time_format: expected time_field beside it")
        if not any(clock in self.format for clock in _CLOCKS):
            raise CatalogError(
                f"time_format: found {self.format!r}, expected one with an hour, such as "
                "%d/%m/%Y %H:%M"
            )
        if "%Z" in self.format:
            raise CatalogError(
                f"time_format: found {self.format!r}, expected no %Z, which knows only the zone of "
                "this machine; write the zone as it stands, such as BRT, and give `time_zone`"
            )

    def moment(self, record: Record, where: str) -> datetime:
        """Return the time of a record, UTC.

        Parameters
        ----------
        record : mapping
        where : str
            File and feature, for people.

        Raises
        ------
        CatalogError
            If the record has no time by the keys, or none that is certain.
        """
        absent = [name for name in self.fields if name not in record]
        if absent:
            known = ", ".join(record) or "none"
            raise CatalogError(
                f"{where}: no {' and no '.join(absent)} of time_field; expected some of {known}"
            )
        values = [as_text(record[name]) for name in self.fields]
        stamp = next(filter(None, map(self._read, _joined(values))), None)
        if stamp is None or stamp.day is None:
            expected = (
                f"time_format {self.format!r}"
                if self.format
                else "a date and an hour that can be read in one way; give time_format"
            )
            raise CatalogError(f"{where}: found the time {' '.join(values)!r}, expected {expected}")
        if stamp.unknown_zone and self.zone is None:
            raise CatalogError(
                f"{where}: found the time {' '.join(values)!r}, whose zone is not known; give it "
                "by `time_zone`"
            )
        return stamp.at(stamp.day, self.tzinfo())

    def _read(self, text: str) -> Stamp | None:
        """Read a text by the format, or as it can be read in one way; None where it cannot."""
        if self.format is None:
            stamp = read_stamp(text)
            certain = stamp is not None and stamp.clock is not None and stamp.swapped is None
            return stamp if certain else None
        try:
            moment = datetime.strptime(text, self.format)
        except ValueError:
            return None
        words = _UNITS.sub("", plain(re.sub("%.", " ", _AFTER_CLOCK.sub("", self.format))))
        zone, unknown = zone_beside(without_fillers(words))
        if moment.tzinfo is not None:
            zone, unknown = moment.tzinfo, ""
        return Stamp(moment.date(), clock=moment.time(), zone=zone, unknown_zone=unknown)


NO_KEYS = TimeKeys()


def as_text(value: Any) -> str:
    """Return the text of a value; a whole number without its decimals."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _joined(values: list[str]) -> Iterator[str]:
    """Return the texts that values make, also without hours that dates do not mean."""
    yield " ".join(values)
    yield " ".join(LOST_HOUR.sub("", value) for value in values)
