"""What the sections of a case file share: their base, times, places, bounds and refusals."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from witoil.case.tunables import TUNABLES, within_limits
from witoil.times import given_in_utc, minute, no_number

Time = Annotated[datetime, BeforeValidator(no_number), AfterValidator(given_in_utc)]
"""A time that a person gives, as ISO 8601 has it with hyphens; UTC where no zone is said."""

Paths = str | list[str]
Lon = Annotated[float, Field(ge=-180.0, le=360.0, description="longitude [degrees_east]")]
Lat = Annotated[float, Field(ge=-90.0, le=90.0, description="latitude [degrees_north]")]
Bounds = tuple[float, float]


class Section(BaseModel):
    """A table of the case file: closed to unknown keys, and never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def refuse_reversed(start: datetime | None, end: datetime | None) -> None:
    """Refuse an end before the start, where both are given."""
    if start is not None and end is not None and end < start:
        raise ValueError(f"end: expected a time after start, {minute(start)}")


def refuse_unknown(name: str, known: Collection[str] = TUNABLES.keys()) -> None:
    """Refuse a parameter that cannot be varied."""
    if name not in known:
        raise ValueError(f"{name}: unknown parameter; expected some of {', '.join(known)}")


def refuse_bounds(name: str, bounds: Bounds) -> None:
    """Refuse bounds of a parameter that are reversed or beyond its limits."""
    low, high = bounds
    if low >= high:
        raise ValueError(f"{name}: found [{low:g}, {high:g}], expected [lower, higher]")
    lowest, highest = TUNABLES[name].limits
    if TUNABLES[name].scale == "log" and low <= 0.0:
        raise ValueError(f"{name}: found {low:g}, expected a lower bound above 0")
    if low < lowest or high > highest:
        raise ValueError(
            f"{name}: found [{low:g}, {high:g}], expected bounds within {within_limits(name)}"
        )
