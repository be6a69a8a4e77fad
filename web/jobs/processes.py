"""What the service does for people: one table of processes, each a job of `witoil`.

A process is described from its row: its id and title, the model that its inputs are checked by, the
function that does it, and the files that come of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from web.jobs import tasks
from web.jobs.inputs import (
    CaseInputs,
    CheckInputs,
    CompareInputs,
    EnsembleInputs,
    ExportInputs,
    FetchInputs,
    Inputs,
    PredictInputs,
    RasteriseInputs,
    ScoreInputs,
    TrainInputs,
)
from web.jobs.outputs import Output
from witoil import jobs


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
    work: tasks.Work
    outputs: tuple[Output, ...] = ()
    is_short: bool = False


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
        tasks.with_case(jobs.simulate),
        _SIMULATION,
    ),
    Process(
        "ensemble",
        "Run an ensemble",
        "Run a case many times, with what is uncertain drawn anew for each member.",
        EnsembleInputs,
        tasks.with_case(jobs.ensemble, on_cluster=True),
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
        tasks.with_case(jobs.optimise, on_cluster=True),
        _CALIBRATION,
    ),
    Process(
        "reconstruct",
        "Reconstruct a source",
        "Find where or since when the source of a case leaked.",
        CaseInputs,
        tasks.with_case(jobs.reconstruct, on_cluster=True),
        _CALIBRATION,
    ),
    Process(
        "forecast",
        "Forecast slick by slick",
        "Forecast each slick of a case from those seen before it, and score what was forecast.",
        CaseInputs,
        tasks.with_case(jobs.forecast, on_cluster=True),
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
        tasks.with_case(jobs.trace),
        _TRACE,
    ),
    Process(
        "predict",
        "Run a model on images or sound",
        "Find things in images, rasters or recordings, and put them on the map; simulate the oil "
        "among them, or trace it back.",
        PredictInputs,
        tasks.predict,
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
        tasks.train,
        (Output("files", "What it has written", "trained/**/*"),),
    ),
    Process(
        "score",
        "Score a slick",
        "Compare a mask or a run with a slick seen: Fractions Skill Score, overlap, distance; or a "
        "run with tracks of drifters.",
        ScoreInputs,
        tasks.score,
        is_short=True,
    ),
    Process(
        "compare",
        "Compare runs",
        "Put runs side by side, each with the slicks seen: scores, areas, mass, drift.",
        CompareInputs,
        tasks.compare,
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
        tasks.check,
        is_short=True,
    ),
    Process(
        "export",
        "Export a run",
        "Write a run in the format of another tool.",
        ExportInputs,
        tasks.export,
        (Output("files", "The run in that format", "run*"),),
        is_short=True,
    ),
    Process(
        "rasterise-mask",
        "Put a slick on a grid",
        "Write the cells of a grid that a slick touches, land masked out, and their outline.",
        RasteriseInputs,
        tasks.rasterise,
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
        tasks.fetch,
        (Output("files", "What was fetched", "data/*"),),
    ),
)

PROCESSES: Mapping[str, Process] = {process.id: process for process in _ALL}
"""Processes by id."""
