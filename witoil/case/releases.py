"""The `[[release]]` tables of a case file: areas, points, lines and ships."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from catalog.slicks.bonn import Estimate
from witoil.case.parts import Lat, Lon, Paths, Section, Time, refuse_reversed
from witoil.case.slicks import SlickFiles
from witoil.times import minute


def _tag(value: Any) -> str:
    """Choose between one and several, that a mistake is told for the one that was meant."""
    return "several" if isinstance(value, list | tuple) else "one"


_Thickness = Annotated[float, Field(gt=0.0, le=1e6)]
OneOrSeveral = Annotated[
    Annotated[_Thickness, Tag("one")] | Annotated[list[_Thickness], Tag("several")],
    Discriminator(_tag),
]


class Fix(Section):
    """Where a ship was when."""

    time: Time = Field(description="ISO 8601, UTC unless an offset is given.")
    lon: Lon
    lat: Lat


FileOrFixes = Annotated[
    Annotated[str, Tag("one")] | Annotated[list[Fix], Tag("several")], Discriminator(_tag)
]


class Release(Section, ABC):
    """What all releases have in common.

    The time of the first oil has a key of its own in each kind, and so have the amounts, just
    one of which is to be given.
    """

    amounts: ClassVar[tuple[str, ...]]

    mass_tonnes: float | None = Field(None, gt=0.0, description="Mass of all the oil. [t]")
    end: Time | None = Field(
        None, description="Time of the last oil. Default: all comes at once, a rate to the end."
    )
    age_hours: float = Field(
        0.0, ge=0.0, le=8760.0, description="How long the oil has weathered by then. [h]"
    )

    @property
    @abstractmethod
    def first(self) -> datetime | None:
        """Time of the first oil; None for the start of the run."""

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        self.refuse_amounts([name for name in self.amounts if getattr(self, name) is not None])
        return self

    @model_validator(mode="after")
    def _end_after_start(self) -> Self:
        refuse_reversed(self.first, self.end)
        return self

    def refuse_amounts(self, given: list[str]) -> None:
        """Refuse a release of which not just one amount is given."""
        if len(given) != 1:
            raise ValueError(
                f"found {' and '.join(given) or 'none'}, expected one of {', '.join(self.amounts)}"
            )

    def moments(self) -> list[datetime | None]:
        """Return the times that must be within the run."""
        return [self.first, self.end]


class AreaRelease(Release, SlickFiles):
    """`[[release]]` with `kind = "area"`: a slick that was seen."""

    amounts = ("mass_tonnes", "thickness_um", "thickness_class")

    kind: Literal["area"]
    raster_values: Literal["mask", "thickness_um"] = Field(
        "mask", description="What the values of a raster say."
    )
    thickness_um: OneOrSeveral | None = Field(
        None, description="Thickness of the oil, or of that in each file. [micrometre]"
    )
    thickness_class: Literal["sheen", "thick", "by-name"] | None = Field(
        None, description="What it looks like; by-name: as files or layers are named."
    )
    bonn_estimate: Estimate = Field("mean", description="Which volume of a thickness class.")
    time: Time | None = Field(
        None, description="When the slick is there. Default: the start of the run."
    )

    @property
    def first(self) -> datetime | None:
        """Time of the first oil; None for the start of the run."""
        return self.time

    def refuse_amounts(self, given: list[str]) -> None:
        """Refuse a slick of which not just one amount is given, by key or by raster."""
        if self.raster_values == "mask":
            super().refuse_amounts(given)
        elif given not in ([], ["mass_tonnes"]):
            raise ValueError(
                f"found {' and '.join(given)}, expected at most mass_tonnes beside raster_values"
            )

    @model_validator(mode="after")
    def _thickness_of_each_file(self) -> AreaRelease:
        if isinstance(self.thickness_um, list):
            files = 1 if isinstance(self.geometry, str) else len(self.geometry)
            if len(self.thickness_um) != files:
                raise ValueError(
                    f"thickness_um: found {len(self.thickness_um)} for {files} geometries, "
                    "expected one, or one for each"
                )
        return self


class Source(Release):
    """What all releases of oil that comes out have in common: points, lines and ships."""

    amounts = ("rate_tonnes_per_hour", "mass_tonnes")

    rate_tonnes_per_hour: float | None = Field(
        None, gt=0.0, description="Steady rate from start to end. [t h-1]"
    )
    start: Time | None = Field(
        None, description="Time of the first oil. Default: the start of the run."
    )
    depth_m: float = Field(0.0, ge=0.0, le=11_000.0, description="Depth of the release. [m]")
    droplet_diameter_um: float | None = Field(
        None, gt=0.0, le=1e5, description="Diameter of droplets at depth. [micrometre]"
    )

    @property
    def first(self) -> datetime | None:
        """Time of the first oil; None for the start of the run."""
        return self.start

    @model_validator(mode="after")
    def _rate_for_a_time(self) -> Self:
        if self.rate_tonnes_per_hour is not None and self.end and self.start == self.end:
            raise ValueError("end: found the time of start, expected a later one for a rate")
        return self

    @model_validator(mode="after")
    def _droplets_at_depth(self) -> Self:
        if self.droplet_diameter_um is not None and self.depth_m == 0.0:
            raise ValueError("droplet_diameter_um: expected depth_m above 0 beside it")
        return self


class PointRelease(Source):
    """`[[release]]` with `kind = "point"`: a place that leaks."""

    kind: Literal["point"]
    lon: Lon
    lat: Lat


class LineRelease(Source):
    """`[[release]]` with `kind = "line"`: oil along a line."""

    kind: Literal["line"]
    coordinates: list[tuple[Lon, Lat]] | None = Field(
        None, min_length=2, description="[[lon, lat], ...] [degrees]"
    )
    geometry: Paths | None = Field(None, description="Line file, or a list of them.")
    layer: str | None = Field(None, description="Layer of the file, where it has several.")

    @model_validator(mode="after")
    def _one_line(self) -> LineRelease:
        if (self.coordinates is None) == (self.geometry is None):
            raise ValueError("expected either coordinates or geometry")
        if self.coordinates is not None and len(set(self.coordinates)) < 2:
            raise ValueError("coordinates: found one place, expected two or more")
        return self


class ShipRelease(Source):
    """`[[release]]` with `kind = "ship"`: oil let out under way."""

    kind: Literal["ship"]
    track: FileOrFixes = Field(description="[{time, lon, lat}, ...], or a CSV or GeoJSON file.")
    start: Time | None = Field(None, description="Time of the first oil. Default: the first fix.")
    end: Time | None = Field(None, description="Time of the last oil. Default: the last fix.")

    @model_validator(mode="after")
    def _on_the_track(self) -> ShipRelease:
        if isinstance(self.track, str):
            return self
        times = [fix.time for fix in self.track]
        if len(times) < 2:
            raise ValueError(f"track: found {len(times)} fixes, expected two at least")
        for before, after in pairwise(times):
            if after <= before:
                raise ValueError(
                    f"track: found the time {minute(after)} after {minute(before)}, expected "
                    "rising times"
                )
        self.refuse_off_track(times[0], times[-1])
        return self

    def refuse_off_track(self, first: datetime, last: datetime) -> None:
        """Refuse a start or an end when the ship's place is not known."""
        for key, time in (("start", self.start), ("end", self.end)):
            if time is not None and not first <= time <= last:
                raise ValueError(
                    f"{key}: found {minute(time)}, expected a time within the track, "
                    f"{minute(first)} to {minute(last)}"
                )

    def moments(self) -> list[datetime | None]:
        """Return the times that must be within the run; those of a file are not known yet."""
        first, last = (
            (None, None)
            if isinstance(self.track, str)
            else (self.track[0].time, self.track[-1].time)
        )
        return [self.start or first, self.end or last]


AnyRelease = Annotated[
    AreaRelease | PointRelease | LineRelease | ShipRelease, Field(discriminator="kind")
]
