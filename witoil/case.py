"""The case file: one TOML document that describes a spill and what to do with it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from simulator.parameters import Parameters
from witoil.errors import CaseError
from witoil.tunables import TUNABLES


def _in_utc(time: datetime) -> datetime:
    """Read a time without offset as UTC, as satellite and forecast products are."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


Time = Annotated[datetime, AfterValidator(_in_utc)]
Paths = str | list[str]


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


class AreaSource(Section):
    """`[[release]]` with `kind = "area"`: a slick that was seen."""

    kind: Literal["area"]
    geometry: Paths = Field(description="Polygon file, or raster mask, or a list of them.")
    layer: str | None = Field(None, description="Layer of the file, where it has several.")
    mass_tonnes: float = Field(gt=0.0, description="Mass of the oil. [t]")
    time: Time | None = Field(None, description="Default: the start of the run.")


class PointSource(Section):
    """`[[release]]` with `kind = "point"`: a place that leaks."""

    kind: Literal["point"]
    lon: float = Field(ge=-180.0, le=360.0, description="[degrees_east]")
    lat: float = Field(ge=-90.0, le=90.0, description="[degrees_north]")
    rate_tonnes_per_hour: float | None = Field(None, gt=0.0, description="[t h-1]")
    mass_tonnes: float | None = Field(None, gt=0.0, description="Mass in all. [t]")
    start: Time | None = Field(None, description="Default: the start of the run.")
    end: Time | None = Field(
        None, description="Default: the end of the run, or at once for a mass."
    )

    @model_validator(mode="after")
    def _one_amount(self) -> PointSource:
        if (self.rate_tonnes_per_hour is None) == (self.mass_tonnes is None):
            raise ValueError("expected either rate_tonnes_per_hour or mass_tonnes")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"end: expected a time after start, {self.start:%Y-%m-%dT%H:%MZ}")
        return self


Source = Annotated[AreaSource | PointSource, Field(discriminator="kind")]


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


class ObservationSource(Section):
    """`[[observation]]`: a slick mask to score against."""

    geometry: Paths = Field(description="Polygon file, raster mask, or a list (sheen and thick).")
    layer: str | None = None
    time: Time | None = Field(None, description="Default: from the attributes or the name.")


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
        for name, (low, high) in parameters.items():
            if name not in TUNABLES:
                raise ValueError(
                    f"{name}: unknown parameter; expected some of {', '.join(TUNABLES)}"
                )
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
        return parameters


class Case(Section):
    """A whole case file; `folder` is where relative paths start."""

    name: str = Field(min_length=1, max_length=200)
    time: Period
    forcing: ForcingSources
    release: list[Source] = Field(min_length=1)
    oil: Oil = Oil(name="generic-medium-crude")
    model: Model = Model()
    observation: list[ObservationSource] = []
    score: Score = Score()
    optimise: Optimise = Optimise()
    folder: Path = Field(Path(), exclude=True)

    @model_validator(mode="after")
    def _releases_in_time(self) -> Case:
        for k, release in enumerate(self.release):
            times = (
                [release.time] if isinstance(release, AreaSource) else [release.start, release.end]
            )
            for time in times:
                if time is not None and not self.time.start <= time <= self.time.end:
                    raise ValueError(
                        f"release.{k}: found the time {time:%Y-%m-%dT%H:%MZ}, expected one within "
                        f"the run, {self.time.start:%Y-%m-%dT%H:%MZ} to "
                        f"{self.time.end:%Y-%m-%dT%H:%MZ}"
                    )
        return self

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


def _lines(error: ValidationError) -> Iterator[str]:
    """Put each mistake that pydantic found into one line: key, found, expected."""
    for item in error.errors(include_url=False):
        key = ".".join(str(part) for part in item["loc"] if part not in ("area", "point", "str"))
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
        "oil": Oil,
        "model": Model,
        "observation": ObservationSource,
        "score": Score,
        "optimise": Optimise,
    }
    named = [tables[part] for part in location[:-1] if isinstance(part, str) and part in tables]
    return named[-1] if named else Case


def _known_keys(location: tuple[int | str, ...]) -> str:
    return "one of " + ", ".join(k for k in _section(location).model_fields if k != "folder")


def _describe(location: tuple[int | str, ...]) -> str:
    field = _section(location).model_fields.get(str(location[-1]))
    return (field.description if field else None) or f"a table [{location[-1]}]"
