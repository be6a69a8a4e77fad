"""What area releases and observations have in common: a slick in files, and how to read them."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from catalog.slicks.time_keys import TimeKeys
from witoil.case.parts import Paths, Section


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
        None, description='Format of time_field, such as "%d/%m/%Y %H:%M"; parts joined by a blank.'
    )
    time_zone: str | None = Field(
        None,
        description='Zone of times that name none: "-03:00", "America/Sao_Paulo"; default UTC.',
    )

    @model_validator(mode="after")
    def _one_way_to_read(self) -> Self:
        if self.threshold is not None and self.oil_values is not None:
            raise ValueError("expected threshold or oil_values, not both")
        self._time_keys().check()
        return self

    def reading(self) -> dict[str, Any]:
        """Return the arguments of `catalog.read_slick` beside paths and time."""
        return {
            "layer": self.layer,
            "threshold": self.threshold,
            "oil_values": self.oil_values,
            "time_keys": self._time_keys(),
        }

    def _time_keys(self) -> TimeKeys:
        fields = [self.time_field] if isinstance(self.time_field, str) else self.time_field
        return TimeKeys(tuple(fields or ()), self.time_format, self.time_zone)
