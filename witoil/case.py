"""The case file: one TOML document that describes a spill and what to do with it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from catalog.bonn import Estimate
from simulator.parameters import Parameters
from simulator.processes import Dispersion, Evaporation, Processes
from simulator.shore import SHORE_TYPE_NAMES
from witoil.errors import CaseError
from witoil.tunables import TUNABLES


def _in_utc(time: datetime) -> datetime:
    """Read a time without offset as UTC, as satellite and forecast products are."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


Time = Annotated[datetime, AfterValidator(_in_utc)]
Paths = str | list[str]


def _tag(value: Any) -> str:
    """Choose between one and several, that a mistake is told for the one that was meant."""
    return "several" if isinstance(value, list | tuple) else "one"


_Thickness = Annotated[float, Field(gt=0.0, le=1e6)]
OneOrSeveral = Annotated[
    Annotated[_Thickness, Tag("one")] | Annotated[list[_Thickness], Tag("several")],
    Discriminator(_tag),
]
FileOrFixes = Annotated[
    Annotated[str, Tag("one")] | Annotated[list["Fix"], Tag("several")], Discriminator(_tag)
]


class Section(BaseModel):
    """A table of the case file: closed to unknown keys, and never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Period(Section):
    """`[time]`: when the run starts and ends."""

    start: Time = Field(description="Start of the run, ISO 8601, UTC unless an offset is given.")
    end: Time = Field(description="End of the run.")

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: datetime, info: Any) -> datetime:
        start = info.data.get("start")
        if start is not None and end <= start:
            raise ValueError(f"expected a time after start, {start:%Y-%m-%dT%H:%MZ}")
        return end


class ForcingSources(Section):
    """`[forcing]`: where currents, winds, waves, temperature and land come from."""

    currents: Paths = Field(description="NetCDF files: path, glob pattern or list.")
    winds: Paths = Field(description="NetCDF files of the wind at 10 m.")
    waves: Paths | None = Field(
        None, description="NetCDF files of Stokes drift, significant height and peak period."
    )
    temperature: Paths | None = Field(
        None, description="NetCDF files of the temperature of the sea surface."
    )
    gap_policy: Literal["error", "hold", "interpolate"] = Field(
        "error", description="What to do where a field is missing for a while."
    )
    stokes_drift: Literal["auto", "field", "wind", "none"] = Field(
        "auto", description="auto: from waves where given, else parametrised from the wind."
    )
    coastline: str = Field("osm", description='"osm", "gshhg", "none", or a polygon file.')


Lon = Annotated[float, Field(ge=-180.0, le=360.0, description="[degrees_east]")]
Lat = Annotated[float, Field(ge=-90.0, le=90.0, description="[degrees_north]")]


class AreaSource(Section):
    """`[[release]]` with `kind = "area"`: a slick that was seen."""

    kind: Literal["area"]
    geometry: Paths = Field(description="Polygon file, or raster mask, or a list of them.")
    layer: str | None = Field(None, description="Layer of the file, where it has several.")
    raster_values: Literal["mask", "thickness_um"] = Field(
        "mask", description="What the values of a raster say."
    )
    mass_tonnes: float | None = Field(None, gt=0.0, description="Mass of the oil. [t]")
    thickness_um: OneOrSeveral | None = Field(
        None, description="Thickness of the oil, or of that in each file. [micrometre]"
    )
    thickness_class: Literal["sheen", "thick", "by-name"] | None = Field(
        None, description="What it looks like; by-name: as files or layers are named."
    )
    bonn_estimate: Estimate = Field("mean", description="Which volume of a thickness class.")
    time: Time | None = Field(None, description="Default: the start of the run.")
    end: Time | None = Field(None, description="Default: all is there at once.")
    age_hours: float = Field(0.0, ge=0.0, le=8760.0, description="Weathered so long. [h]")

    @model_validator(mode="after")
    def _one_amount(self) -> AreaSource:
        amounts = ("mass_tonnes", "thickness_um", "thickness_class")
        given = [name for name in amounts if getattr(self, name) is not None]
        found = f"found {' and '.join(given) or 'none'}, expected"
        if self.raster_values == "thickness_um":
            if given not in ([], ["mass_tonnes"]):
                raise ValueError(f"{found} at most mass_tonnes beside raster_values")
        elif len(given) != 1:
            raise ValueError(f"{found} one of {', '.join(amounts)}")
        _refuse_reversed(self.time, self.end)
        return self

    @model_validator(mode="after")
    def _thickness_of_each_file(self) -> AreaSource:
        if isinstance(self.thickness_um, list):
            files = 1 if isinstance(self.geometry, str) else len(self.geometry)
            if len(self.thickness_um) != files:
                raise ValueError(
                    f"thickness_um: found {len(self.thickness_um)} for {files} geometries, "
                    "expected one, or one for each"
                )
        return self

    def moments(self) -> list[datetime | None]:
        """Return the times that must be within the run."""
        return [self.time, self.end]


class Outflow(Section):
    """What all releases of fresh oil have in common."""

    rate_tonnes_per_hour: float | None = Field(None, gt=0.0, description="[t h-1]")
    mass_tonnes: float | None = Field(None, gt=0.0, description="Mass in all. [t]")
    start: Time | None = Field(None, description="Default: the start of the run.")
    end: Time | None = Field(
        None, description="Default: the end of the run, or at once for a mass."
    )
    age_hours: float = Field(0.0, ge=0.0, le=8760.0, description="Weathered so long. [h]")
    depth_m: float = Field(0.0, ge=0.0, le=11_000.0, description="Of the release. [m]")
    droplet_diameter_um: float | None = Field(
        None, gt=0.0, le=1e5, description="Of oil released at depth. [micrometre]"
    )

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.rate_tonnes_per_hour is None) == (self.mass_tonnes is None):
            raise ValueError("expected either rate_tonnes_per_hour or mass_tonnes")
        _refuse_reversed(self.start, self.end)
        if self.rate_tonnes_per_hour is not None and self.end and self.start == self.end:
            raise ValueError("end: found the time of start, expected a later one for a rate")
        return self

    @model_validator(mode="after")
    def _droplets_at_depth(self) -> Self:
        if self.droplet_diameter_um is not None and self.depth_m == 0.0:
            raise ValueError("droplet_diameter_um: expected depth_m above 0 beside it")
        return self

    def moments(self) -> list[datetime | None]:
        """Return the times that must be within the run."""
        return [self.start, self.end]


class PointSource(Outflow):
    """`[[release]]` with `kind = "point"`: a place that leaks."""

    kind: Literal["point"]
    lon: Lon
    lat: Lat


class LineSource(Outflow):
    """`[[release]]` with `kind = "line"`: oil along a line."""

    kind: Literal["line"]
    coordinates: list[tuple[Lon, Lat]] | None = Field(
        None, min_length=2, description="[[lon, lat], ...] [degrees]"
    )
    geometry: Paths | None = Field(None, description="Line file, or a list of them.")
    layer: str | None = Field(None, description="Layer of the file, where it has several.")

    @model_validator(mode="after")
    def _one_line(self) -> LineSource:
        if (self.coordinates is None) == (self.geometry is None):
            raise ValueError("expected either coordinates or geometry")
        if self.coordinates is not None and len(set(self.coordinates)) < 2:
            raise ValueError("coordinates: found one place, expected two or more")
        return self


class Fix(Section):
    """Where a ship was when."""

    time: Time = Field(description="ISO 8601, UTC unless an offset is given.")
    lon: Lon
    lat: Lat


class ShipSource(Outflow):
    """`[[release]]` with `kind = "ship"`: oil let out under way."""

    kind: Literal["ship"]
    track: FileOrFixes = Field(description="[{time, lon, lat}, ...], or a CSV or GeoJSON file.")
    start: Time | None = Field(None, description="Default: the first fix.")
    end: Time | None = Field(None, description="Default: the last fix.")

    @model_validator(mode="after")
    def _on_the_track(self) -> ShipSource:
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


def minute(time: datetime) -> str:
    """Return a time as messages have it."""
    return f"{time:%Y-%m-%dT%H:%MZ}"


def _refuse_reversed(start: datetime | None, end: datetime | None) -> None:
    if start is not None and end is not None and end < start:
        raise ValueError(f"end: expected a time after start, {minute(start)}")


Source = Annotated[AreaSource | PointSource | LineSource | ShipSource, Field(discriminator="kind")]


class Oil(Section):
    """`[oil]`: what was spilt."""

    name: str | None = Field(
        None,
        min_length=1,
        description="A generic oil, a record of ADIOS by id or name, or a file of one (*.json).",
    )
    api_gravity: float | None = Field(None, ge=0.0, le=70.0, description="[degrees API]")

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
        getattr(Parameters(), name),
        ge=low,
        le=high,
        description=f"{tunable.meaning} [{tunable.units}]",
    )


class Model(Section):
    """`[model]`: how the run is done, and its physical parameters before calibration."""

    particles: int = Field(30_000, ge=1, le=20_000_000, description="Number of particles.")
    time_step_minutes: float = Field(15.0, gt=0.0, le=180.0, description="[min]")
    output_interval_minutes: float = Field(60.0, gt=0.0, description="[min]")
    seed: int = Field(1, ge=0, lt=2**63, description="Of the turbulence and the release.")
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
        if abs(steps - round(steps)) > 1e-9 or steps < 0.5:
            raise ValueError(
                f"output_interval_minutes: found {self.output_interval_minutes:g}, expected a "
                f"multiple of time_step_minutes, {self.time_step_minutes:g}"
            )
        return self

    @property
    def physics(self) -> Parameters:
        """The physical parameters among the keys."""
        return Parameters(**{name: getattr(self, name) for name in Parameters.names()})


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
        0.01, ge=0.0, le=10.0, description="In the mixed layer. [m2 s-1]"
    )
    mixed_layer_depth_m: float = Field(30.0, gt=0.0, le=2000.0, description="[m]")

    @property
    def physics(self) -> Processes:
        """The same for the simulator."""
        keys = self.model_dump()
        return Processes(mixed_layer_depth=keys.pop("mixed_layer_depth_m"), **keys)


class ShoreSource(Section):
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


class ObservationSource(Section):
    """`[[observation]]`: a slick mask to score against."""

    geometry: Paths = Field(description="Polygon file, raster mask, or a list (sheen and thick).")
    layer: str | None = None
    time: Time | None = Field(None, description="Default: from the attributes or the name.")
    weight: float = Field(1.0, gt=0.0, le=1e6, description="In the mean over observations.")
    swath: Paths | None = Field(
        None, description="Polygon file of what the sensor saw; outside nothing is compared."
    )
    mass_tonnes: float | None = Field(
        None, gt=0.0, description="Of the slick, where the next window starts from it. [t]"
    )


class Score(Section):
    """`[score]`: the verification grid and the scales of the Fractions Skill Score."""

    resolution_m: float = Field(150.0, ge=1.0, le=1e5, description="Cell of the grid. [m]")
    windows: list[int] = Field([1, 7, 21, 67], min_length=1, description="Odd, in cells.")
    detection_limit_um: float = Field(
        0.1, gt=0.0, le=1e4, description="Thinnest oil that the sensor sees. [micrometre]"
    )

    @field_validator("windows")
    @classmethod
    def _odd_and_rising(cls, windows: list[int]) -> list[int]:
        if any(w < 1 or w % 2 == 0 for w in windows) or sorted(set(windows)) != windows:
            raise ValueError("expected odd numbers of cells, rising")
        return windows


Bounds = tuple[float, float]


class Optimise(Section):
    """`[optimise]`: which parameters to search, and how long."""

    evaluations: int = Field(60, ge=1, le=100_000, description="Simulations in all.")
    start_from: Literal["releases", "observations"] = Field(
        "releases", description="One long run, or anew from each slick seen."
    )
    batch: int = Field(4, ge=1, le=256, description="Simulations proposed and run together.")
    parameters: dict[str, Bounds] = Field(
        {
            "wind_drift_factor": (0.0, 0.05),
            "wind_drift_angle_deg": (-60.0, 60.0),
            "horizontal_diffusivity": (0.1, 50.0),
            "current_factor": (-0.5, 1.5),
        },
        min_length=1,
        description="Name of a parameter and the bounds of its search.",
    )

    @field_validator("parameters")
    @classmethod
    def _bounded(cls, parameters: dict[str, Bounds]) -> dict[str, Bounds]:
        for name, bounds in parameters.items():
            _refuse_unknown(name)
            _refuse_bounds(name, bounds)
        return parameters


def _refuse_unknown(name: str, known: Collection[str] = TUNABLES.keys()) -> None:
    if name not in known:
        raise ValueError(f"{name}: unknown parameter; expected some of {', '.join(known)}")


def _refuse_bounds(name: str, bounds: Bounds) -> None:
    """Refuse bounds of a parameter that are reversed or beyond its limits."""
    low, high = bounds
    if low >= high:
        raise ValueError(f"{name}: found [{low:g}, {high:g}], expected [lower, higher]")
    lowest, highest = TUNABLES[name].limits
    if TUNABLES[name].scale == "log" and low <= 0.0:
        raise ValueError(f"{name}: found {low:g}, expected a lower bound above 0")
    if low < lowest or high > highest:
        raise ValueError(
            f"{name}: found [{low:g}, {high:g}], expected bounds within "
            f"{lowest:g} to {highest:g} {TUNABLES[name].units}"
        )


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

    currents: Paths | None = Field(None, description="Instead of those of [forcing].")
    winds: Paths | None = Field(None, description="Instead of those of [forcing].")
    waves: Paths | None = Field(None, description="Instead of those of [forcing].")
    weight: float = Field(1.0, gt=0.0, le=1e6, description="Share of members; [forcing] has 1.")

    @model_validator(mode="after")
    def _some_files(self) -> ForcingProduct:
        if self.currents is None and self.winds is None and self.waves is None:
            raise ValueError("found none, expected some of currents, winds, waves")
        return self


class Ensemble(Section):
    """`[ensemble]`: what is uncertain, and by how much."""

    members: int = Field(50, ge=1, le=100_000, description="Runs, the unperturbed one included.")
    seed: int = Field(1, ge=0, lt=2**63, description="Of all that is drawn.")
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
        {"wind_drift_factor": Normal(sd=0.005)},
        description="Name of a parameter and its distribution.",
    )
    forcing: list[ForcingProduct] = Field([], description="Other forcing products.")

    @field_validator("parameters")
    @classmethod
    def _within_limits(cls, parameters: dict[str, Spread]) -> dict[str, Spread]:
        for name, spread in parameters.items():
            _refuse_unknown(name)
            if not isinstance(spread, Normal):
                _refuse_bounds(name, spread)
                continue
            lowest, highest = TUNABLES[name].limits
            if spread.mean is not None and not lowest <= spread.mean <= highest:
                raise ValueError(
                    f"{name}: found the mean {spread.mean:g}, expected one within "
                    f"{lowest:g} to {highest:g} {TUNABLES[name].units}"
                )
        return parameters


class Forecast(Section):
    """`[forecast]`: how the next slick is predicted from those before."""

    evaluations: int = Field(
        60, ge=8, le=100_000, description="Parameters tried at each step, beside those kept."
    )
    members: int = Field(40, ge=1, le=10_000, description="Most runs of each forecast.")
    memory_hours: float = Field(
        24.0, gt=0.0, le=1e5, description="In which what a slick tells fades, e-folding. [h]"
    )


class Trace(Section):
    """`[trace]`: which slick to follow back in time, how far, and what is not known."""

    slick: str | None = Field(
        None,
        pattern=r"^(observation|release)\.\d+$",
        description='"observation.0", "release.1" or the like. Default: the one seen first.',
    )
    hours: float | None = Field(
        None,
        gt=0.0,
        le=2400.0,
        description="How far back. Default: to the start of the case, or 48. [h]",
    )
    particles: int = Field(25_600, ge=1, le=20_000_000, description="Over all members.")
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

    @field_validator("parameters")
    @classmethod
    def _bounded(cls, parameters: dict[str, Bounds]) -> dict[str, Bounds]:
        for name, bounds in parameters.items():
            _refuse_unknown(name, Parameters.names())
            _refuse_bounds(name, bounds)
        return parameters

    @model_validator(mode="after")
    def _enough_particles(self) -> Trace:
        if self.particles < self.members:
            raise ValueError(
                f"particles: found {self.particles}, expected one at least for each of "
                f"{self.members} members"
            )
        return self


class Case(Section):
    """A whole case file; `folder` is where relative paths start."""

    name: str = Field(min_length=1, max_length=200)
    time: Period
    forcing: ForcingSources
    release: list[Source] = []
    oil: Oil = Oil(name="generic-medium-crude")
    model: Model = Model()
    processes: ProcessSwitches = ProcessSwitches()
    shore: ShoreSource = ShoreSource()
    observation: list[ObservationSource] = []
    score: Score = Score()
    optimise: Optimise = Optimise()
    forecast: Forecast = Forecast()
    trace: Trace | None = None
    ensemble: Ensemble | None = None
    folder: Path = Field(Path(), exclude=True)

    @model_validator(mode="after")
    def _something_to_follow(self) -> Case:
        alone = (self.trace and self.observation) or self.starts_from_observations
        if not self.release and not alone:
            raise ValueError(
                "release: none given; expected one or more [[release]], or a [trace] and an "
                "[[observation]] to trace back"
            )
        return self

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


def load_case(path: str | Path) -> Case:
    """Read and check a case file.

    Parameters
    ----------
    path : str or Path
        TOML.

    Returns
    -------
    Case

    Raises
    ------
    CaseError
        With one line for each mistake: the key, what was found, what was expected.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CaseError(f"{path}: no such file; expected a case file in TOML") from None
    except IsADirectoryError:
        raise CaseError(f"{path}: is a folder; expected a case file in TOML") from None
    except UnicodeDecodeError as error:
        raise CaseError(f"{path}: not a text file ({error.reason}); expected TOML") from None
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path}: not TOML: {error}") from None
    return parse_case(document, folder=path.resolve().parent, name=str(path))


def parse_case(document: dict[str, Any], *, folder: Path = Path(), name: str = "case") -> Case:
    """Check a case that is already a mapping (a TOML document or a JSON body).

    Parameters
    ----------
    document : dict
        Keys and values of the case file.
    folder : Path
        Where relative paths start.
    name : str
        How messages call the case.

    Raises
    ------
    CaseError
    """
    if "folder" in document:
        raise CaseError(f"{name}: folder: unknown key; expected {', '.join(Case.model_fields)}")
    try:
        return Case(**_expand(document, name), folder=folder)
    except ValidationError as error:
        raise CaseError("\n".join(f"{name}: {line}" for line in _lines(error))) from None


def _expand(value: Any, name: str) -> Any:
    """Replace `${NAME}` by environment variables, all through a document.

    `${NAME}/...` is a path that starts in a folder named by the shell's user, for whom a relative
    one starts where he stands, and not at the case file.
    """
    if isinstance(value, dict):
        return {key: _expand(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, name) for item in value]
    if isinstance(value, str):
        folder = re.match(r"\$\{(\w+)\}(?=/)", value)
        if folder:
            value = os.path.abspath(_environment(folder[1], name)) + value[folder.end() :]
        return re.sub(r"\$\{(\w+)\}", lambda match: _environment(match[1], name), value)
    return value


def _environment(variable: str, name: str) -> str:
    if variable not in os.environ:
        raise CaseError(
            f"{name}: ${{{variable}}}: environment variable not set; expected it to be, "
            f"for example: export {variable}=..."
        )
    return os.environ[variable]


_NO_KEYS = (
    *("area", "point", "line", "ship", "one", "several", "bounds", "normal"),
    *("str", "list[str]"),
)
"""What pydantic puts into the place of a mistake to tell alternatives apart."""


def _lines(error: ValidationError) -> Iterator[str]:
    """Put each mistake that pydantic found into one line: key, found, expected."""
    for item in error.errors(include_url=False):
        key = ".".join(str(part) for part in item["loc"] if part not in _NO_KEYS)
        message = item["msg"].removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        if item["type"] == "extra_forbidden":
            yield f"{key}: unknown key; expected {_known_keys(item['loc'])}"
        elif item["type"] == "missing":
            yield f"{key}: missing; expected {_describe(item['loc'])}"
        elif item["type"] == "union_tag_invalid":
            context = item["ctx"]
            yield f"{key}.kind: found {context['tag']!r}, expected {context['expected_tags']}"
        elif item["type"] == "value_error" and not isinstance(item["input"], str | int | float):
            yield f"{key}: {message}".removeprefix(": ")
        else:
            yield f"{key}: found {item['input']!r}, {message}"


def _section(location: tuple[int | str, ...]) -> type[BaseModel]:
    """Find the model of the table in which a key stands."""
    tables: dict[str, type[BaseModel]] = {
        "time": Period,
        "forcing": ForcingSources,
        "area": AreaSource,
        "point": PointSource,
        "line": LineSource,
        "ship": ShipSource,
        "track": Fix,
        "oil": Oil,
        "model": Model,
        "processes": ProcessSwitches,
        "shore": ShoreSource,
        "observation": ObservationSource,
        "score": Score,
        "optimise": Optimise,
        "forecast": Forecast,
        "trace": Trace,
        "ensemble": Ensemble,
        "normal": Normal,
    }
    if location[0] == "ensemble":
        tables["forcing"] = ForcingProduct
    named = [tables[part] for part in location[:-1] if isinstance(part, str) and part in tables]
    return named[-1] if named else Case


def _known_keys(location: tuple[int | str, ...]) -> str:
    return "one of " + ", ".join(k for k in _section(location).model_fields if k != "folder")


def _describe(location: tuple[int | str, ...]) -> str:
    field = _section(location).model_fields.get(str(location[-1]))
    return (field.description if field else None) or f"a table [{location[-1]}]"
