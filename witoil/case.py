"""The case file: one TOML document that describes a spill and what to do with it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from catalog.bonn import BONN_THICKNESS_UM
from simulator.generic_oils import LEAST_API, MOST_API
from simulator.parameters import Parameters
from simulator.processes import Dispersion, Evaporation, Processes
from simulator.shore import SHORE_TYPE_NAMES
from witoil.case_forcing import FieldSource, ForcingSources
from witoil.case_parts import Bounds, Paths, Section, Time, minute, refuse_bounds, refuse_unknown
from witoil.case_releases import (
    AreaSource,
    Fix,
    LineSource,
    Outflow,
    PointSource,
    ShipSource,
    Source,
)
from witoil.case_slicks import SlickFiles
from witoil.case_uncertainty import Ensemble, ForcingProduct, Normal, Spread, Trace
from witoil.errors import CaseError
from witoil.tunables import TUNABLES

__all__ = [
    "AreaSource",
    "Bounds",
    "Case",
    "ClassWeights",
    "Ensemble",
    "FieldSource",
    "Fix",
    "ForcingProduct",
    "ForcingSources",
    "LineSource",
    "Model",
    "Normal",
    "ObservationSource",
    "Oil",
    "Optimise",
    "Outflow",
    "Paths",
    "Period",
    "PointSource",
    "ProcessSwitches",
    "Score",
    "Section",
    "ShipSource",
    "ShoreSource",
    "Source",
    "Spread",
    "Time",
    "Trace",
    "load_case",
    "minute",
    "parse_case",
]


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
    def water_temperature(self) -> float:
        """Where no temperature is given. [K]"""
        return 273.15 + self.water_temperature_celsius

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


class ClassWeights(Section):
    """`weight = { sheen = ..., thick = ... }` of an observation that has both."""

    sheen: float = Field(gt=0.0, le=1e6, description="Of the sheen, in the mean.")
    thick: float = Field(gt=0.0, le=1e6, description="Of the thick oil, in the mean.")


def _weight_tag(value: Any) -> str:
    return "classes" if isinstance(value, dict | ClassWeights) else "one"


Weight = Annotated[
    Annotated[float, Field(gt=0.0, le=1e6), Tag("one")] | Annotated[ClassWeights, Tag("classes")],
    Discriminator(_weight_tag),
]
"""Of an observation in the mean: a number, or one for each class."""


class ObservationSource(SlickFiles):
    """`[[observation]]`: a slick mask to score against."""

    time: Time | None = Field(None, description="Default: from the attributes or the name.")
    weight: Weight = Field(1.0, description="In the mean over observations.")
    swath: Paths | None = Field(
        None, description="Polygon file of what the sensor saw; outside nothing is compared."
    )
    mass_tonnes: float | None = Field(
        None, gt=0.0, description="Of the slick, where the next window starts from it. [t]"
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
    detection_limit_um: float = Field(
        0.1, gt=0.0, le=1e4, description="Thinnest oil that the sensor sees. [micrometre]"
    )
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
        24.0, gt=0.0, le=1e5, description="In which what a slick tells fades, e-folding. [h]"
    )


class Case(Section):
    """A whole case file; `folder` is where relative paths start."""

    name: str = Field(min_length=1, max_length=200)
    time: Period
    forcing: ForcingSources
    release: list[Source] = Field([], description="Where oil comes from.")
    oil: Oil = Oil(name="generic-medium-crude")
    model: Model = Model()
    processes: ProcessSwitches = ProcessSwitches()
    shore: ShoreSource = ShoreSource()
    observation: list[ObservationSource] = Field([], description="Slicks seen, to score against.")
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
            start = _environment(folder[1], name)
            start = start if "://" in start else os.path.abspath(start)
            value = start + value[folder.end() :]
        return re.sub(r"\$\{(\w+)\}", lambda match: _environment(match[1], name), value)
    return value


def _environment(variable: str, name: str) -> str:
    if variable not in os.environ:
        raise CaseError(
            f"{name}: ${{{variable}}}: environment variable not set; expected it to be, "
            f"for example: export {variable}=..."
        )
    return os.environ[variable]


KINDS = "'area', 'point', 'line' or 'ship'"

_NO_KEYS = (
    *("area", "point", "line", "ship", "one", "several", "bounds", "normal", "classes"),
    *("str", "list[str]", "path", "paths", "table", "tables"),
)
"""What pydantic puts into the place of a mistake to tell alternatives apart."""


def _lines(error: ValidationError) -> Iterator[str]:
    """Put each mistake that pydantic found into one line: key, found, expected."""
    for item in error.errors(include_url=False):
        location, kind = item["loc"], item["type"]
        key = ".".join(str(part) for part in location if part not in _NO_KEYS)
        message = _plainly(item["msg"])
        if kind == "extra_forbidden":
            yield f"{key}: unknown key; expected {_known_keys(location)}"
        elif kind == "missing":
            yield f"{key}: missing; expected {_describe(location)}"
        elif kind == "union_tag_not_found":
            yield f"{key}.kind: missing; expected {KINDS}"
        elif kind == "union_tag_invalid":
            yield f"{key}.kind: found {item['ctx']['tag']!r}, expected {KINDS}"
        elif kind == "list_type" and isinstance(item["input"], dict):
            yield f"{key}: found a table, expected a list of them, [[{key}]]"
        elif kind == "tuple_type":
            yield f"{key}: found {item['input']!r}, expected two numbers in brackets, [a, b]"
        elif location[-1:] == ("normal",):
            yield f"{key}: found {item['input']!r}, expected [lower, higher] or {{ mean, sd }}"
        elif kind == "value_error" and not isinstance(item["input"], str | int | float):
            yield f"{key}: {message}".removeprefix(": ")
        else:
            yield f"{key}: found {item['input']!r}, {message}"


def _plainly(message: str) -> str:
    """Return what pydantic says in the words of this project."""
    message = message.removeprefix("Value error, ")
    message = re.sub(
        r"^(Input|List|Tuple|String|Dictionary) should (be|have) ", "expected ", message
    )
    message = re.sub(r" after validation, not \d+$", "", message)
    return message[:1].lower() + message[1:]


def _section(location: tuple[int | str, ...]) -> type[BaseModel]:
    """Find the model of the table in which a key stands."""
    tables: dict[str, type[BaseModel]] = {
        "time": Period,
        "forcing": ForcingSources,
        "table": FieldSource,
        "tables": FieldSource,
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
        "weight": ClassWeights,
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
