"""The case file: one TOML document that describes a spill and what to do with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from catalog.slicks.bonn import BONN_THICKNESS_UM
from simulator.generic_oils import LEAST_API, MOST_API
from simulator.parameters import Parameters
from simulator.processes import Dispersion, Evaporation, Processes
from simulator.shore import SHORE_TYPE_NAMES
from witoil.case.forcing import Forcing
from witoil.case.parts import Bounds, Paths, Section, Time, refuse_bounds, refuse_unknown
from witoil.case.releases import (
    AnyRelease,
)
from witoil.case.sensors import SensorKind
from witoil.case.slicks import SlickFiles
from witoil.case.tunables import TUNABLES
from witoil.case.uncertainty import Ensemble, Trace
from witoil.times import minute


class Period(Section):
    """`[time]`: when the run starts and ends."""

    start: Time = Field(description="Start of the run, ISO 8601, UTC unless an offset is given.")
    end: Time = Field(description="End of the run.")

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: datetime, info: Any) -> datetime:
        start = info.data.get("start")
        if start is not None and end <= start:
            raise ValueError(f"expected a time after start, {minute(start)}")
        return end


class Oil(Section):
    """`[oil]`: what was spilt."""

    name: str | None = Field(
        None,
        min_length=1,
        description="A generic oil, a record of ADIOS by id or name, or a file of one (*.json).",
    )
    api_gravity: float | None = Field(None, ge=LEAST_API, le=MOST_API, description="[degrees API]")

    @model_validator(mode="after")
    def _one_choice(self) -> Oil:
        # Whether the name is known is seen when the case is prepared: it may stand in a database.
        if (self.name is None) == (self.api_gravity is None):
            raise ValueError("expected either name or api_gravity")
        return self


def _parameter(name: str) -> Any:
    tunable = TUNABLES[name]
    low, high = tunable.limits
    return Field(
        tunable.default,
        ge=low,
        le=high,
        description=f"{tunable.meaning} [{tunable.units}]",
    )


class Model(Section):
    """`[model]`: how the run is done, and its physical parameters before calibration."""

    particles: int = Field(30_000, ge=1, le=20_000_000, description="Number of particles.")
    time_step_minutes: float = Field(15.0, ge=0.001, le=180.0, description="[min]")
    output_interval_minutes: float = Field(60.0, gt=0.0, description="[min]")
    seed: int = Field(1, ge=0, lt=2**63, description="Seed of the turbulence and the release.")
    water_temperature_celsius: float = Field(
        15.0, ge=-2.0, le=40.0, description="Where no temperature is given. [degrees Celsius]"
    )
    wind_drift_factor: float = _parameter("wind_drift_factor")
    wind_drift_angle_deg: float = _parameter("wind_drift_angle_deg")
    stokes_factor: float = _parameter("stokes_factor")
    current_factor: float = _parameter("current_factor")
    current_bias_east: float = _parameter("current_bias_east")
    current_bias_north: float = _parameter("current_bias_north")
    horizontal_diffusivity: float = _parameter("horizontal_diffusivity")

    @model_validator(mode="after")
    def _outputs_between_steps(self) -> Model:
        # otherwise outputs would cut steps, and a run would depend on when it is looked at
        steps = self.output_interval_minutes / self.time_step_minutes
        if not 0.5 <= steps < math.inf or abs(steps - round(steps)) > 1e-9:
            raise ValueError(
                f"output_interval_minutes: found {self.output_interval_minutes:g}, expected a "
                f"multiple of time_step_minutes, {self.time_step_minutes:g}"
            )
        return self

    @property
    def water_temperature(self) -> float:
        """Temperature of the water where the forcing has none. [K]"""
        return 273.15 + self.water_temperature_celsius

    def physics(self, changed: Mapping[str, float] | None = None) -> Parameters:
        """Return the physical parameters among the keys, some of them changed."""
        keys = {name: getattr(self, name) for name in Parameters.names()}
        return Parameters(**keys | dict(changed or {}))


class ProcessSwitches(Section):
    """`[processes]`: what happens to the oil, and by which law."""

    evaporation: Evaporation = Field("pseudo-components", description="Law, or off.")
    emulsification: bool = Field(True, description="Floating oil takes up water.")
    dispersion: Dispersion = Field("li2017", description="Law of entrainment by waves, or off.")
    vertical_mixing: bool = Field(True, description="Droplets are mixed and rise again.")
    spreading: bool = Field(True, description="Thick oil spreads by its weight.")
    sinking: bool = Field(True, description="Oil denser than the sea sinks.")
    shore: bool = Field(True, description="Beached oil seeps in and comes off again.")
    vertical_diffusivity: float = Field(
        0.01, ge=0.0, le=10.0, description="Diffusivity in the mixed layer. [m2 s-1]"
    )
    mixed_layer_depth_m: float = Field(30.0, gt=0.0, le=2000.0, description="[m]")

    @property
    def physics(self) -> Processes:
        """The same for the simulator."""
        keys = self.model_dump()
        return Processes(mixed_layer_depth=keys.pop("mixed_layer_depth_m"), **keys)


class Shore(Section):
    """`[shore]`: what the coast is like."""

    type: str = Field("sand", description="Type where no zone says otherwise.")
    zones: Paths | None = Field(
        None, description="Vector file with an attribute shore_type, or a list of them."
    )

    @field_validator("type")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in SHORE_TYPE_NAMES:
            raise ValueError(f"expected one of {', '.join(SHORE_TYPE_NAMES)}")
        return name


class ClassWeights(Section):
    """`weight = { sheen = ..., thick = ... }` of an observation that has both."""

    sheen: float = Field(gt=0.0, le=1e6, description="Weight of the sheen.")
    thick: float = Field(gt=0.0, le=1e6, description="Weight of the thick oil.")


def _weight_tag(value: Any) -> str:
    return "classes" if isinstance(value, dict | ClassWeights) else "one"


Weight = Annotated[
    Annotated[float, Field(gt=0.0, le=1e6), Tag("one")] | Annotated[ClassWeights, Tag("classes")],
    Discriminator(_weight_tag),
]
"""Weight of an observation in the mean: a number, or one for each class."""


class ObservationFiles(SlickFiles):
    """`[[observation]]`: a slick mask to score against."""

    time: Time | None = Field(None, description="Default: from the attributes or the name.")
    weight: Weight = Field(1.0, description="Weight in the mean over observations.")
    swath: Paths | None = Field(
        None, description="Polygon file of what the sensor saw; outside nothing is compared."
    )
    mass_tonnes: float | None = Field(
        None, gt=0.0, description="Mass of the slick, where the next leg starts from it. [t]"
    )
    sensor: SensorKind | None = Field(
        None, description="Kind of sensor; optical is outside sunglint."
    )

    @property
    def whole_weight(self) -> float:
        """Weight of the observation, of all its classes."""
        if isinstance(self.weight, ClassWeights):
            return self.weight.sheen + self.weight.thick
        return self.weight


class Score(Section):
    """`[score]`: the verification grid and the scales of the Fractions Skill Score."""

    resolution_m: float = Field(150.0, ge=1.0, le=1e5, description="Cell of the grid. [m]")
    windows: list[int] = Field([1, 7, 21, 67], min_length=1, description="Odd, in cells.")
    detection_limit_um: float = _parameter("detection_limit_um")
    thick_limit_um: float = Field(
        BONN_THICKNESS_UM["thick"][0],
        gt=0.0,
        le=1e6,
        description="Thinnest oil that looks thick. [micrometre]",
    )

    @field_validator("windows")
    @classmethod
    def _odd_and_rising(cls, windows: list[int]) -> list[int]:
        if any(w < 1 or w % 2 == 0 for w in windows) or sorted(set(windows)) != windows:
            raise ValueError("expected odd numbers of cells, rising")
        return windows


SEARCHED: dict[str, tuple[float, float]] = {
    "wind_drift_factor": (0.0, 0.05),
    "wind_drift_angle_deg": (-60.0, 60.0),
    "horizontal_diffusivity": (0.1, 50.0),
    "current_factor": (-0.5, 1.5),
}
"""Searched by default. [units of each]"""

TOLD_BY_ONE: dict[str, tuple[float, float]] = {
    "current_bias_east": (-0.2, 0.2),
    "current_bias_north": (-0.2, 0.2),
}
"""Searched by default where a mask was seen: where the slick lies tells how far all drift is off.

Without masks they would only widen the area that is read. [m s-1]"""

TOLD_BY_SEVERAL: dict[str, tuple[float, float]] = {"detection_limit_um": (0.01, 10.0)}
"""Searched by default where more masks were seen: areas at several times tell it from spreading.
[um]"""


class Optimise(Section):
    """`[optimise]`: which parameters to search, and how long."""

    evaluations: int = Field(60, ge=1, le=100_000, description="Simulations in all.")
    start_from: Literal["releases", "observations"] = Field(
        "releases", description="One long run, or anew from each slick seen."
    )
    batch: int = Field(4, ge=1, le=256, description="Simulations proposed and run together.")
    method: Literal["gp", "random", "gp+polish", "cma"] = Field(
        "gp", description="How the search chooses what to try next."
    )
    initial: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Simulations before the method takes over; two a parameter, 8 at least.",
    )
    tolerance: float | None = Field(
        None, gt=0.0, le=1.0, description="Stop where no more is expected to be gained."
    )
    parameters: dict[str, Bounds] = Field(
        SEARCHED,
        min_length=1,
        description="Name of a parameter and the bounds of its search.",
    )

    @field_validator("parameters")
    @classmethod
    def _bounded(cls, parameters: dict[str, Bounds]) -> dict[str, Bounds]:
        for name, bounds in parameters.items():
            refuse_unknown(name)
            refuse_bounds(name, bounds)
        return parameters

    @property
    def initial_points(self) -> int:
        """Simulations of the space-filling start."""
        return self.initial or max(2 * len(self.parameters), 8)


class Forecast(Section):
    """`[forecast]`: how the next slick is predicted from those before."""

    evaluations: int = Field(
        60, ge=8, le=100_000, description="Parameters tried at each step, beside those kept."
    )
    members: int = Field(40, ge=1, le=10_000, description="Most runs of each forecast.")
    memory_hours: float = Field(
        24.0, gt=0.0, le=1e5, description="Time in which what a slick tells fades, e-folding. [h]"
    )


class Case(Section):
    """A whole case file; `folder` is where relative paths start."""

    name: str = Field(min_length=1, max_length=200)
    time: Period
    forcing: Forcing
    release: list[AnyRelease] = Field([], description="Where oil comes from.")
    oil: Oil = Oil(name="generic-medium-crude")
    model: Model = Model()
    processes: ProcessSwitches = ProcessSwitches()
    shore: Shore = Shore()
    observation: list[ObservationFiles] = Field([], description="Slicks seen, to score against.")
    score: Score = Score()
    optimise: Optimise = Optimise()
    forecast: Forecast = Forecast()
    trace: Trace | None = None
    ensemble: Ensemble | None = None
    folder: SkipJsonSchema[Path] = Field(Path(), exclude=True)

    @model_validator(mode="after")
    def _something_to_follow(self) -> Case:
        alone = (self.trace and self.observation) or self.starts_from_observations
        if not self.release and not alone:
            raise ValueError(
                "release: none given; expected one or more [[release]], or a [trace] and an "
                "[[observation]] to trace back"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _searched_where_masks_tell(cls, data: Any) -> Any:
        """Search by default what the masks of the case can tell.

        It stands in the case from then on, so that one that is written and read again is the same.
        """
        if not isinstance(data, dict):
            return data
        seen, optimise = data.get("observation"), data.get("optimise", {})
        given = not isinstance(optimise, dict) or "parameters" in optimise
        if given or not isinstance(seen, list) or not seen:
            return data
        parameters = SEARCHED | TOLD_BY_ONE | (TOLD_BY_SEVERAL if len(seen) > 1 else {})
        return {**data, "optimise": {**optimise, "parameters": parameters}}

    @model_validator(mode="after")
    def _releases_in_time(self) -> Case:
        for k, release in enumerate(self.release):
            self.refuse_outside(k, release.moments())
        return self

    def refuse_outside(self, k: int, times: list[datetime | None]) -> None:
        """Refuse times of a release that are not within the run."""
        for time in times:
            if time is not None and not self.time.start <= time <= self.time.end:
                raise ValueError(
                    f"release.{k}: found the time {minute(time)}, expected one within the run, "
                    f"{minute(self.time.start)} to {minute(self.time.end)}"
                )

    @property
    def starts_from_observations(self) -> bool:
        """Whether a run starts anew from each slick seen."""
        return self.optimise.start_from == "observations" and bool(self.observation)

    def paths(self, value: Paths) -> list[str]:
        """Return paths as absolute text, relative ones taken from the case file's folder."""
        values = [value] if isinstance(value, str) else value
        return [v if "://" in v else str(self.folder / v) for v in values]
