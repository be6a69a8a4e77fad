"""What is held to be uncertain: the `[ensemble]` and `[trace]` tables of a case file."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from simulator.parameters import Parameters
from witoil.case.forcing import FieldProducts
from witoil.case.parts import Bounds, Section, refuse_bounds, refuse_unknown
from witoil.case.tunables import TUNABLES, within_limits


class Normal(Section):
    """`{ mean = ..., sd = ... }`: a normal distribution, cut off at the parameter's limits."""

    mean: float | None = Field(None, description="Default: the value of the case.")
    sd: float = Field(gt=0.0, description="Standard deviation.")


def _spread_tag(value: Any) -> str:
    return "bounds" if isinstance(value, list | tuple) else "normal"


Spread = Annotated[
    Annotated[Bounds, Tag("bounds")] | Annotated[Normal, Tag("normal")],
    Discriminator(_spread_tag),
]
"""How a parameter is distributed: evenly between bounds, or normally."""


class ForcingProduct(Section):
    """`[[ensemble.forcing]]`: other files for a share of the members."""

    currents: FieldProducts | None = Field(None, description="Instead of those of [forcing].")
    winds: FieldProducts | None = Field(None, description="Instead of those of [forcing].")
    waves: FieldProducts | None = Field(None, description="Instead of those of [forcing].")
    weight: float = Field(1.0, gt=0.0, le=1e6, description="Share of members; [forcing] has 1.")

    @model_validator(mode="after")
    def _some_files(self) -> ForcingProduct:
        if self.currents is None and self.winds is None and self.waves is None:
            raise ValueError("found none, expected some of currents, winds, waves")
        return self


class Ensemble(Section):
    """`[ensemble]`: what is uncertain, and by how much."""

    members: int = Field(50, ge=1, le=100_000, description="Runs, the unperturbed one included.")
    seed: int = Field(1, ge=0, lt=2**63, description="Seed of all that is drawn.")
    wind_error_m_s: float = Field(
        1.5, ge=0.0, le=20.0, description="Standard deviation of each wind component. [m s-1]"
    )
    wind_error_hours: float | None = Field(
        None, gt=0.0, le=1e5, description="Decorrelation time; default: constant in time. [h]"
    )
    current_error_m_s: float = Field(
        0.1, ge=0.0, le=5.0, description="Standard deviation of each current component. [m s-1]"
    )
    current_error_hours: float | None = Field(
        None, gt=0.0, le=1e5, description="Decorrelation time; default: constant in time. [h]"
    )
    parameters: dict[str, Spread] = Field(
        {"wind_drift_factor": Normal(sd=0.01)},
        description="Name of a parameter and its distribution.",
    )
    forcing: list[ForcingProduct] = Field([], description="Other forcing products.")

    @field_validator("parameters")
    @classmethod
    def _within_limits(cls, parameters: dict[str, Spread]) -> dict[str, Spread]:
        for name, spread in parameters.items():
            refuse_unknown(name)
            if not isinstance(spread, Normal):
                refuse_bounds(name, spread)
                continue
            lowest, highest = TUNABLES[name].limits
            if spread.mean is not None and not lowest <= spread.mean <= highest:
                raise ValueError(
                    f"{name}: found the mean {spread.mean:g}, expected one within "
                    f"{within_limits(name)}"
                )
        return parameters


class Trace(Section):
    """`[trace]`: which slick to follow back in time, how far, and what is not known."""

    slick: str | None = Field(
        None,
        description='"observation.0", "release.1" or the like. Default: the one seen first.',
    )
    hours: float | None = Field(
        None,
        gt=0.0,
        le=2400.0,
        description="How far back. Default: to the start of the case, or 48. [h]",
    )
    particles: int = Field(
        25_600, ge=1, le=20_000_000, description="Particles of all members together."
    )
    members: int = Field(256, ge=1, le=65_536, description="Runs, each of other parameters.")
    output_interval_minutes: float = Field(60.0, gt=0.0, description="[min]")
    parameters: dict[str, Bounds] = Field(
        {
            "wind_drift_factor": (0.0, 0.03),
            "wind_drift_angle_deg": (-20.0, 20.0),
            "current_factor": (0.5, 1.5),
            "current_bias_east": (-0.05, 0.05),
            "current_bias_north": (-0.05, 0.05),
            "horizontal_diffusivity": (1.0, 20.0),
        },
        description="Name of a parameter and the range in which it is held to be.",
    )

    @field_validator("slick")
    @classmethod
    def _numbered(cls, slick: str | None) -> str | None:
        if slick is not None and not re.fullmatch(r"(observation|release)\.\d+", slick):
            raise ValueError('expected "observation.0", "release.1" or the like')
        return slick

    @field_validator("parameters")
    @classmethod
    def _bounded(cls, parameters: dict[str, Bounds]) -> dict[str, Bounds]:
        for name, bounds in parameters.items():
            refuse_unknown(name, Parameters.names())
            refuse_bounds(name, bounds)
        return parameters

    @model_validator(mode="after")
    def _enough_particles(self) -> Trace:
        if self.particles < self.members:
            raise ValueError(
                f"particles: found {self.particles}, expected one at least for each of "
                f"{self.members} members"
            )
        return self
