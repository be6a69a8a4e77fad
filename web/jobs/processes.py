"""What the service does for people: one table of processes, each a job of `witoil`.

A process is described from its row: its id and title, the model that its inputs are checked by, the
function that does it, and the files that come of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from catalog.forcing.names import RoleName
from catalog.services.registry import Registry
from web.jobs.wanted import Area, Span
from witoil import jobs
from witoil.case.parts import Time
from witoil.case.schema import Case
from witoil.case.sensors import SensorKind
from witoil.jobs import chosen_datasets

if TYPE_CHECKING:
    from witoil.plugins.hosted.module import HostedModule
    from witoil.plugins.registry import Plugin
    from witoil.runs.slick import Sensor

_JSON = "application/json"

MEDIA_TYPES = {
    ".covjson": "application/prs.coverage+json",
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".html": "text/html",
    ".json": _JSON,
    ".kmz": "application/vnd.google-earth.kmz",
    ".nc": "application/x-netcdf",
    ".png": "image/png",
    ".tif": "image/tiff; application=geotiff",
    ".zip": "application/zip",
}
"""Media types of the files that jobs write, by how their names end."""

NAME_OF_RESULT = "result"
"""Output of every process: what its function returns."""


def media_type(name: str) -> str:
    """Return the media type of a file that a job has written."""
    return MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")


def _without_folder(case: Any) -> Any:
    if isinstance(case, Mapping) and "folder" in case:
        raise ValueError("folder: unknown key; a case names stored uploads and catalogue entries")
    return case


CheckedCase = Annotated[Case, BeforeValidator(_without_folder)]


def unqualified(value: Any) -> Any:
    """Return an input out of how OGC API – Processes wraps objects: `{"value": …}`.

    Raises
    ------
    ValueError
        For a link, and for another form than JSON.
    """
    if not isinstance(value, Mapping):
        return value
    if "href" in value:
        raise ValueError("found a link, expected the value itself: store files, and name these")
    if "value" not in value:
        return value
    if value.keys() - {"value", "mediaType"} or value.get("mediaType", _JSON) != _JSON:
        raise ValueError(f"found a value in another form, expected one of mediaType {_JSON}")
    return value["value"]


class Inputs(BaseModel):
    """Inputs of a process; closed to unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _inline(cls, value: Any) -> Any:
        return unqualified(value)


class CaseInputs(Inputs):
    """A case, and whether to draw."""

    case: CheckedCase = Field(description="The case, keys as in a case file.")
    pictures: bool = Field(True, description="Draw, and write a page of what is drawn.")


class EnsembleInputs(CaseInputs):
    """A case that is run many times."""

    members: int | None = Field(
        None, ge=1, le=100_000, description="Number of runs; default: as the case says."
    )


class CheckInputs(Inputs):
    """A case that is only looked at."""

    case: CheckedCase = Field(description="The case, keys as in a case file.")


Name = Annotated[str, Field(min_length=1, max_length=300)]
"""Name of a stored file, a result of a job or an entry of the catalogue."""


class SensorInputs(Inputs):
    """What is seen of particles, where a run does not say it itself."""

    windows: list[int] = Field(
        [1, 7, 21, 67], min_length=1, max_length=50, description="Odd numbers of cells."
    )
    resolution_m: float | None = Field(None, ge=1.0, le=1e5, description="Cell of the grid. [m]")
    detection_limit_um: float | None = Field(
        None, gt=0.0, le=1e6, description="Thinnest oil that is seen. [micrometre]"
    )
    density: float | None = Field(
        None, ge=600.0, le=1200.0, description="Density of the oil without its water. [kg m-3]"
    )
    coastline: Name | None = Field(
        None, description='"osm" (default), "gshhg", "none", or a stored polygon file.'
    )

    @field_validator("windows")
    @classmethod
    def _odd(cls, windows: list[int]) -> list[int]:
        from witoil.calibration.scoring import refuse_even  # loads what a start has no need of

        refuse_even(windows)
        return windows

    def seen_by(self, kind: SensorKind | None = None) -> Sensor | None:
        """Return the same for jobs; None where nothing is said, and masks are taken as they are."""
        given = (self.resolution_m, self.detection_limit_um, self.density)
        if all(each is None for each in (*given, self.coastline, kind)):
            return None
        from witoil.runs.slick import Sensor  # a server that asks nothing of runs starts sooner

        return Sensor(*given, self.coastline or "osm", kind)


class ScoreInputs(SensorInputs):
    """A slick or a run, and what it is compared with."""

    run: Name = Field(description="A mask, or a run of this service or another model.")
    observation: Name | None = Field(None, description="A slick that was seen.")
    track: Name | None = Field(None, description="Tracks of drifters, in place of a slick.")
    time: Time | None = Field(
        None, description="Time of the observation; default: as its file says."
    )
    sensor: SensorKind | None = Field(
        None, description="Kind of sensor; default: as the file of the observation or the run says."
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if (self.observation is None) == (self.track is None):
            raise ValueError("expected an observation or a track, one of the two")
        return self


class CompareInputs(SensorInputs):
    """Runs that are put side by side."""

    runs: list[Name] = Field(min_length=2, max_length=20, description="Runs, of any model.")
    observations: list[Name] = Field([], max_length=50, description="Slicks that were seen.")


class ExportInputs(Inputs):
    """A run, and the format of another tool."""

    run: Name = Field(description="A run, of any model.")
    format: Literal["kmz", "gpkg", "shp", "csv", "geojson", "covjson", "zarr"] = Field(
        description="Format of Google Earth, QGIS, a spreadsheet ..."
    )
    time: Time | None = Field(None, description="The one output to write; default: all.")
    every: int = Field(1, ge=1, le=100_000, description="Write every so many outputs.")


class RasteriseInputs(Inputs):
    """A slick that was seen, and the grid that it is put on."""

    observation: Name = Field(description="A slick: outlines or a mask.")
    time: Time | None = Field(None, description="When it was seen; default: as its file says.")
    resolution_m: float = Field(150.0, ge=1.0, le=1e5, description="Cell of the grid. [m]")
    margin: int = Field(0, ge=0, le=1000, description="Cells beyond the slick on every side.")
    coastline: Name = Field("osm", description='"osm", "gshhg", "none", or a stored polygon file.')


Url = Annotated[
    str, Field(max_length=2000, pattern=r"^([Tt]hredds:|[Oo]pendap:)?[Hh][Tt][Tt][Pp][Ss]?://")
]
Word = Annotated[str, Field(min_length=1, max_length=200)]


class FetchInputs(Inputs):
    """Data sets of the registry for an area and a period; or names of data on servers."""

    names: list[Url] = Field(
        [],
        max_length=50,
        description="URLs of files, `thredds:URL#PATTERN` or `opendap:URL`, of allowed hosts.",
    )
    variables: list[Word] = Field(
        [], max_length=50, description="Variables of OPeNDAP; default: all."
    )
    roles: list[RoleName] = Field([], max_length=4, description="Which forcing of the registry.")
    dataset: Word | None = Field(None, description="Id in the registry; default: the best.")
    box: Area | None = Field(None, description="West, south, east, north. [degrees]")
    time: Span | None = Field(None, description="The period.")

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.names:
            if self.roles or self.dataset is not None:
                raise ValueError("names: found roles or a dataset beside it, expected one of both")
        elif self.box is None or self.time is None or not (self.roles or self.dataset):
            raise ValueError(
                "found no names; expected these, or box, time and roles (or a dataset)"
            )
        elif self.variables:
            raise ValueError("variables: expected names beside it, data of the registry are whole")
        return self


_Scalar = bool | int | float | str

Parameter = _Scalar | list[_Scalar] | None
"""What a parameter of a model may be."""


def _to_be_found(case: Any) -> Any:
    """Let the areas of a case be without a place, which a model is to find."""
    if not isinstance(case, Mapping) or not isinstance(case.get("release"), list):
        return case
    return {
        **case,
        "release": [
            {"geometry": "found", **it}
            if isinstance(it, Mapping) and it.get("kind") == "area"
            else it
            for it in case["release"]
        ],
    }


class Then(BaseModel):
    """What is done with the oil that a model has found."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    step: Literal["simulate", "trace"] = Field(description="Where it goes, or comes from.")
    case: Annotated[CheckedCase, BeforeValidator(_to_be_found)] = Field(
        description="The case; its one area has the amount, and the place is what is found."
    )
    label: Name | None = Field(
        None, description="Which of what is found is oil; default: all, where it has one label."
    )
    radius_m: float | None = Field(
        None, gt=0.0, le=1e5, description="Radius of the oil round places without an extent. [m]"
    )
    pictures: bool = Field(True, description="Draw, and write a page of what is drawn.")


class PredictInputs(Inputs):
    """A model, and files that it is run on."""

    module: str = Field(min_length=1, max_length=64, description="Name that /v2/models/ lists.")
    version: str = Field(
        min_length=1, max_length=64, description="The same; other weights have another version."
    )
    files: list[Name] = Field(
        min_length=1, max_length=1000, description="Images, rasters or sounds that are stored."
    )
    georef: dict[str, Any] | None = Field(
        None, description="Where they are: kind, and its keys; default: as a GeoTIFF says."
    )
    time: Time | None = Field(None, description="When they were taken; default: as EXIF says.")
    parameters: dict[str, Parameter] = Field(
        {},
        description="topk, abstain, conf, iou, max_det, or those of a program or a hosted module; "
        "default: its card.",
    )
    formats: list[str] = Field(
        ["json", "geojson"], min_length=1, max_length=20, description="What is written."
    )
    then: Then | None = Field(None, description="What is done with the oil that is found.")

    @field_validator("georef")
    @classmethod
    def _is_one(cls, georef: dict[str, Any] | None) -> dict[str, Any] | None:
        from witoil.plugins.georeference import georeference_of_request

        if georef is not None:
            georeference_of_request(json.dumps(georef), files=True)
        return georef

    @model_validator(mode="after")
    def _has_known_parameters(self) -> Self:
        known = _parameters_of(self.module)
        unknown = sorted({*self.parameters} - {*known})
        if unknown:
            raise ValueError(
                f"parameters: found {unknown[0]!r}, expected one of {', '.join(known) or 'none'}"
            )
        return self


class TrainInputs(Inputs):
    """A hosted module, and how it is trained."""

    module: str = Field(min_length=1, max_length=64, description="Name that /v2/models/ lists.")
    parameters: dict[str, Parameter] = Field(
        {}, description="Those that the module has for its training."
    )


def _parameters_of(module: str) -> tuple[str, ...]:
    """Return the parameters that a module has; where there is no such module, those of all."""
    from witoil.plugins.card import PARAMETERS
    from witoil.plugins.errors import PluginError
    from witoil.plugins.registry import plugin_named

    try:
        plugin = plugin_named(module)
    except PluginError:  # which the job will tell
        return PARAMETERS
    hosted = _hosted(plugin)
    if hosted is not None:
        return tuple(hosted.names("predict"))
    return PARAMETERS if plugin.card is None else plugin.card.parameter_names


def _hosted(plugin: Plugin) -> HostedModule | None:
    """Return the module of others that a plug-in is; None where it is of another kind."""
    from witoil.plugins.hosted.module import HostedModule

    return plugin.code if isinstance(plugin.code, HostedModule) else None


@dataclass(frozen=True)
class Output:
    """Files that come of a process.

    Attributes
    ----------
    id : str
        Name of the output.
    title : str
        What it is.
    pattern : str
        Name of the file, or what the names of all its files match, within the folder of the job;
        alternatives are parted by ``|``.
    """

    id: str
    title: str
    pattern: str

    @property
    def is_many(self) -> bool:
        """Whether there may be several files, or none."""
        return "*" in self.pattern

    def files(self, folder: Path) -> list[Path]:
        """Return its files within the folder of a job; none that is hidden."""
        found = {path for pattern in self.pattern.split("|") for path in folder.glob(pattern)}
        return sorted(
            path
            for path in found
            if path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        )


Work = Callable[[Mapping[str, Any], Path, jobs.Progress], dict[str, Any]]
"""What takes resolved inputs and a folder, returns the result, and tells how far it is."""


@dataclass(frozen=True)
class Process:
    """A row of the table.

    Attributes
    ----------
    id, title, description : str
    inputs : type of Inputs
        What its inputs are checked by.
    work : Work
        What a runner calls, with inputs whose texts name files.
    outputs : tuple of Output
        Beside `result`, what the function returns.
    is_short : bool
        Whether a client may wait for it.
    """

    id: str
    title: str
    description: str
    inputs: type[Inputs]
    work: Work
    outputs: tuple[Output, ...] = ()
    is_short: bool = False


SCHEDULER = "WITOIL_SCHEDULER"
"""Names the Dask scheduler of a site; without it jobs start workers of their own."""


PRODUCTS = "WITOIL_PRODUCTS"
"""Names the data sets of the registry that jobs may fetch."""


def _with_case(function: Callable[..., dict[str, Any]], *, on_cluster: bool = False) -> Work:
    """Have a job that takes a case and a folder take inputs of a process.

    Its result has, beside the figures, `verdict`: what they come to, in words.
    """

    def work(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
        options = {name: value for name, value in inputs.items() if name != "case"}
        if on_cluster:
            options["scheduler"] = os.environ.get(SCHEDULER)
        # not parse_case: that puts environment variables into texts, and these are a stranger's
        case = Case.model_validate(inputs["case"])
        found = function(case, folder, progress=progress, **options)
        from witoil.report.verdicts import OF_JOB  # draws, which a server does not

        return {**found, "verdict": OF_JOB[function.__name__](found)}

    return work


def _check(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    return jobs.check(Case.model_validate(inputs["case"]))


def _score(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    it = ScoreInputs.model_validate(inputs)
    if it.track is not None:
        return jobs.score_tracks(Path(it.run), Path(it.track))
    assert it.observation is not None
    return jobs.score(
        Path(it.run),
        Path(it.observation),
        windows=it.windows,
        time=it.time,
        sensor=it.seen_by(it.sensor),
    )


def _compare(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    it = CompareInputs.model_validate(inputs)
    return jobs.compare(
        [Path(run) for run in it.runs],
        folder,
        observations=[Path(seen) for seen in it.observations],
        windows=it.windows,
        sensor=it.seen_by(),
    )


def _predict(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    it = PredictInputs.model_validate(inputs)
    asked: dict[str, Any] = {
        "version": it.version,
        "georeference": None if it.georef is None else json.dumps(it.georef),
        "time": it.time,
        "parameters": it.parameters,
        # of which the features of the collection are made
        "formats": list(dict.fromkeys([*it.formats, "geojson"])),
        "scheduler": "processes",  # files of strangers: what crashes a library costs one of them
        "progress": progress,
    }
    files = [Path(file) for file in it.files]
    if it.then is None:
        return jobs.predict(it.module, files, folder, **asked)
    then = it.then
    found = jobs.predict_then(
        then.step,
        then.case,
        it.module,
        files,
        Path(os.path.relpath(folder)),  # which results quote
        label=then.label,
        radius_m=then.radius_m,
        pictures=then.pictures,
        **asked,
    )
    from witoil.report.verdicts import OF_JOB  # draws, which a server does not

    return {**found, "verdict": OF_JOB[then.step](found), "then": then.step}


def _train(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    from witoil.plugins.errors import PluginError
    from witoil.plugins.registry import plugin_named

    it = TrainInputs.model_validate(inputs)
    module = _hosted(plugin_named(it.module))
    if module is None or not module.record.can_be_trained:
        raise PluginError(f"{it.module}: is not trained here, its weights are those of its card")
    work = folder / "trained"
    work.mkdir(parents=True, exist_ok=True)
    return module.train(it.parameters, work.resolve(), progress)


def _export(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    it = ExportInputs.model_validate(inputs)
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"run.{it.format}"
    written = jobs.export(Path(it.run), it.format, place, time=it.time, every=it.every)
    if place.is_dir():  # a Zarr store, of which the one file is a zip
        from witoil.exports.zarr_store import pack

        pack(place)
    names = sorted(path.name for path in folder.glob("run*") if path.is_file())
    return {"files": names, "layers": written["layers"], "remarks": written["remarks"]}


def _rasterise(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    it = RasteriseInputs.model_validate(inputs)
    return jobs.rasterise(
        Path(it.observation),
        folder,
        time=it.time,
        resolution=it.resolution_m,
        margin=it.margin,
        coastline=it.coastline,
    )


def _fetch(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    it = FetchInputs.model_validate(inputs)
    period = None if it.time is None else it.time.ends
    place = folder / "data"
    if it.names:
        return jobs.fetch(place, it.names, it.box, period, it.variables, progress=progress)
    assert it.box is not None
    assert period is not None
    names = [name.strip() for name in os.environ.get(PRODUCTS, "").split(",")]
    choices = chosen_datasets(Registry.load().only(names), it.roles, it.dataset, it.box, period)
    return jobs.fetch_forcing(place, choices, progress=progress)


_REPORT = Output("report", "A page with all that is found", "report.html")
_PICTURES = Output("pictures", "Pictures of the page", "*.png")
_PROVENANCE = Output(
    "provenance", "The exact inputs, by name, version and checksum", "provenance.json"
)
_STUDY = Output("study", "The search, evaluation by evaluation", "study.json")
_COAST = (
    Output("coast", "Oil on each stretch of coast, a table", "coast.csv"),
    Output("coast_map", "The same stretches as lines", "coast.geojson"),
)
_OBSERVED = Output("observed", "Slicks observed, their outlines", "**/observed_*.geojson")
_SLICKS = (
    Output("masks", "Slicks on the grid, at the times of the observations", "mask_*.tif"),
    Output("slicks", "Their outlines", "slick_*.geojson"),
    _OBSERVED,
)
_RUN = (
    Output("particles", "Particles of the run, CF trajectories", "particles.nc"),
    *_SLICKS,
    Output("budget", "Where the oil went, by the hour", "budget.csv"),
    *_COAST,
    Output("summary", "Figures of the run", "summary.json"),
)


def _within(folder: str, outputs: Iterable[Output]) -> tuple[Output, ...]:
    return tuple(replace(output, pattern=f"{folder}/{output.pattern}") for output in outputs)


_TRACE = (
    Output("probability", "Probability of the source in each cell", "*.tif"),
    _OBSERVED,
    Output("outlines", "Areas that hold the source, by probability", "source_contours.geojson"),
    Output("summary", "Figures of the trace", "trace.json"),
    _REPORT,
    _PICTURES,
    _PROVENANCE,
)
_SIMULATION = (
    *_RUN,
    Output("restart", "State at the end", "restart.nc"),
    _REPORT,
    _PICTURES,
    _PROVENANCE,
)


def _of_chain() -> tuple[Output, ...]:
    """Return the outputs of whichever step ends a chain, each in the folder of its name."""
    found: dict[str, Output] = {}
    for output in (*_within("simulate", _SIMULATION), *_within("trace", _TRACE)):
        other = found.get(output.id)
        pattern = output.pattern if other is None else f"{other.pattern}|{output.pattern}"
        found[output.id] = replace(other or output, pattern=pattern)
    return tuple(found.values())


_CALIBRATION = (
    _STUDY,
    *_within("best", _RUN),
    _REPORT,
    Output("pictures", "Pictures of the page", "**/*.png"),
    _PROVENANCE,
)

_ALL = (
    Process(
        "simulate",
        "Simulate the drift of oil",
        "Run a case once: where the oil goes, how much stays, what it does on the coast.",
        CaseInputs,
        _with_case(jobs.simulate),
        _SIMULATION,
    ),
    Process(
        "ensemble",
        "Run an ensemble",
        "Run a case many times, with what is uncertain drawn anew for each member.",
        EnsembleInputs,
        _with_case(jobs.ensemble, on_cluster=True),
        (
            Output("probability", "Probability of a slick in each cell", "probability.tif"),
            Output("first_arrival", "When it arrives", "first_arrival_hours.tif"),
            _OBSERVED,
            *_COAST,
            Output("summary", "Figures of the ensemble", "ensemble.json"),
            _REPORT,
            _PICTURES,
            _PROVENANCE,
        ),
    ),
    Process(
        "optimise",
        "Calibrate against observations",
        "Find the parameters with which a case matches the slicks seen.",
        CaseInputs,
        _with_case(jobs.optimise, on_cluster=True),
        _CALIBRATION,
    ),
    Process(
        "reconstruct",
        "Reconstruct a source",
        "Find where or since when the source of a case leaked.",
        CaseInputs,
        _with_case(jobs.reconstruct, on_cluster=True),
        _CALIBRATION,
    ),
    Process(
        "forecast",
        "Forecast slick by slick",
        "Forecast each slick of a case from those seen before it, and score what was forecast.",
        CaseInputs,
        _with_case(jobs.forecast, on_cluster=True),
        (
            _STUDY,
            Output("probability", "Probability of oil in each cell", "**/probability_*.tif"),
            Output("masks", "Forecast slicks on the grid", "**/mask_*.tif"),
            Output("slicks", "Their outlines", "**/slick_*.geojson"),
            _OBSERVED,
            Output("scores", "FSS of each forecast", "forecast.csv"),
            Output("reliability", "How often what was forecast came", "reliability.csv"),
            _REPORT,
            _PICTURES,
            _PROVENANCE,
        ),
    ),
    Process(
        "trace",
        "Trace a slick back",
        "Trace a slick of a case back to where and when it may have been released.",
        CaseInputs,
        _with_case(jobs.trace),
        _TRACE,
    ),
    Process(
        "predict",
        "Run a model on images or sound",
        "Find things in images, rasters or recordings, and put them on the map; simulate the oil "
        "among them, or trace it back.",
        PredictInputs,
        _predict,
        (
            *_of_chain(),
            Output("features", "All that is on the map", "features.geojson"),
            Output("rasters", "Classes or values of pixels", "*.tif"),
            Output("tables", "Tables", "*.[ct]sv"),
            Output("geopackage", "Features and files in one GeoPackage", "results.gpkg"),
            Output("geoparquet", "Features and files as GeoParquet", "*.parquet"),
            _REPORT,
            Output("documents", "What was found in each file, and annotations", "**/*.json"),
            Output("labels", "Annotations with a file for each image", "*/*.[tx]*"),
        ),
    ),
    Process(
        "train",
        "Train a hosted module",
        "Train a module of DEEPaaS, in a process and a folder of its own.",
        TrainInputs,
        _train,
        (Output("files", "What it has written", "trained/**/*"),),
    ),
    Process(
        "score",
        "Score a slick",
        "Compare a mask or a run with a slick seen: Fractions Skill Score, overlap, distance; or a "
        "run with tracks of drifters.",
        ScoreInputs,
        _score,
        is_short=True,
    ),
    Process(
        "compare",
        "Compare runs",
        "Put runs side by side, each with the slicks seen: scores, areas, mass, drift.",
        CompareInputs,
        _compare,
        (
            Output("report", "A page with all that is found", "compare.html"),
            Output("figures", "The same figures", "compare.json"),
        ),
        is_short=True,
    ),
    Process(
        "check",
        "Check a case",
        "Say what a case would read, cover, cost and lack, without running it.",
        CheckInputs,
        _check,
        is_short=True,
    ),
    Process(
        "export",
        "Export a run",
        "Write a run in the format of another tool.",
        ExportInputs,
        _export,
        (Output("files", "The run in that format", "run*"),),
        is_short=True,
    ),
    Process(
        "rasterise-mask",
        "Put a slick on a grid",
        "Write the cells of a grid that a slick touches, land masked out, and their outline.",
        RasteriseInputs,
        _rasterise,
        (
            Output("mask", "The mask, GeoTIFF", "mask.tif"),
            Output("outline", "Its outline", "mask.geojson"),
        ),
        is_short=True,
    ),
    Process(
        "fetch",
        "Fetch data",
        "Fetch forcing of an area and a period, or data of servers, for cases to name.",
        FetchInputs,
        _fetch,
        (Output("files", "What was fetched", "data/*"),),
    ),
)

PROCESSES: Mapping[str, Process] = {process.id: process for process in _ALL}
"""Processes by id."""
