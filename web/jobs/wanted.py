"""An area and a period for which somebody wants data."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from catalog.grid import Box
from witoil.case.parts import Time, refuse_reversed


def on_earth(box: Box) -> Box:
    """Return an area; east of less than west lies across 180 degrees.

    Raises
    ------
    ValueError
        If it is none.
    """
    west, south, east, north = box
    if not (-180.0 <= west <= 180.0 and -180.0 <= east <= 180.0):
        raise ValueError(f"found {west:g} to {east:g} E, expected longitudes from -180 to 180")
    if not -90.0 <= south <= north <= 90.0:
        raise ValueError(
            f"found {south:g} to {north:g} N, expected south, then north, from -90 to 90"
        )
    return box


Area = Annotated[Box, AfterValidator(on_earth)]
"""West, south, east, north. [degrees]"""


class Span(BaseModel):
    """A period; times without a zone are UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Time
    end: Time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse_reversed(self.start, self.end)
        return self

    @property
    def ends(self) -> tuple[datetime, datetime]:
        """Start and end, UTC."""
        return self.start, self.end
