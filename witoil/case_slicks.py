"""What area releases and observations have in common: a slick in files, and how to read them."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from catalog.moments import read_zone
from catalog.slick_times import TimeKeys
from witoil.case_parts import Paths, Section

_HOURS = ("%H", "%I", "%X", "%c")


class SlickFiles(Section):
    """Keys of a slick that was seen."""

    geometry: Paths = Field(description="Polygon file, raster mask, or a list (sheen and thick).")
    layer: str | None = Field(
        None, description="Layer, variable or band of the file, where it has several."
    )
    threshold: float | None = Field(None, description="Least value of a raster mask that is oil.")
    oil_values: list[float] | None = Field(
        None, min_length=1, description="Values of a raster mask that are oil."
    )
    time_field: str | Annotated[list[str], Field(min_length=1)] | None = Field(
        None, description="Attribute with the time, or [date, clock]."
    )
    time_format: str | None = Field(
        None, description='Of time_field, such as "%d/%m/%Y %H:%M"; parts joined by a blank.'
    )
    time_zone: str | None = Field(
        None, description='Of times that name none: "-03:00", "America/Sao_Paulo"; default UTC.'
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and read_zone(zone) is None:
            raise ValueError("expected an offset such as -03:00, or a place such as Europe/Rome")
        return zone

    @model_validator(mode="after")
    def _one_way_to_read(self) -> Self:
        if self.threshold is not None and self.oil_values is not None:
            raise ValueError("expected threshold or oil_values, not both")
        if self.time_format is not None:
            if self.time_field is None:
                raise ValueError("time_format: expected time_field beside it")
            if not any(hour in self.time_format for hour in _HOURS):
                raise ValueError(
                    f"time_format: found {self.time_format!r}, expected one with an hour, such as "
                    "%d/%m/%Y %H:%M"
                )
        return self

    def reading(self) -> dict[str, Any]:
        """Return the arguments of `catalog.read_slick` beside paths and time."""
        fields = [self.time_field] if isinstance(self.time_field, str) else self.time_field
        return {
            "layer": self.layer,
            "threshold": self.threshold,
            "oil_values": self.oil_values,
            "time_keys": TimeKeys(tuple(fields or ()), self.time_format, self.time_zone),
        }
