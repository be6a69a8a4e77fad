"""What a runner calls for each process: from checked inputs to a job of `witoil` in a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from catalog.services.registry import Registry
from web.jobs.inputs import (
    CompareInputs,
    ExportInputs,
    FetchInputs,
    PredictInputs,
    RasteriseInputs,
    ScoreInputs,
    TrainInputs,
    hosted_module,
)
from witoil import jobs
from witoil.case.schema import Case
from witoil.jobs import chosen_datasets

Work = Callable[[Mapping[str, Any], Path, jobs.Progress], dict[str, Any]]
"""What takes resolved inputs and a folder, returns the result, and tells how far it is."""

SCHEDULER = "WITOIL_SCHEDULER"
"""Names the Dask scheduler of a site; without it jobs start workers of their own."""

PRODUCTS = "WITOIL_PRODUCTS"
"""Names the data sets of the registry that jobs may fetch."""


def with_case(function: Callable[..., dict[str, Any]], *, on_cluster: bool = False) -> Work:
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


def check(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    """Say what a case would read, cover, cost and lack."""
    return jobs.check(Case.model_validate(inputs["case"]))


def score(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    """Compare a mask or a run with a slick seen, or a run with tracks of drifters."""
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


def compare(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    """Put runs side by side."""
    it = CompareInputs.model_validate(inputs)
    return jobs.compare(
        [Path(run) for run in it.runs],
        folder,
        observations=[Path(seen) for seen in it.observations],
        windows=it.windows,
        sensor=it.seen_by(),
    )


def predict(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    """Run a model on files, and simulate the oil that it finds or trace it back."""
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


def train(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    """Train a hosted module in a folder of its own.

    Raises
    ------
    PluginError
        If it is no hosted module, or one that is not trained.
    """
    from witoil.plugins.errors import PluginError
    from witoil.plugins.registry import plugin_named

    it = TrainInputs.model_validate(inputs)
    module = hosted_module(plugin_named(it.module))
    if module is None or not module.record.can_be_trained:
        raise PluginError(f"{it.module}: is not trained here, its weights are those of its card")
    work = folder / "trained"
    work.mkdir(parents=True, exist_ok=True)
    return module.train(it.parameters, work.resolve(), progress)


def export(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    """Write a run in the format of another tool."""
    it = ExportInputs.model_validate(inputs)
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"run.{it.format}"
    written = jobs.export(Path(it.run), it.format, place, time=it.time, every=it.every)
    if place.is_dir():  # a Zarr store, of which the one file is a zip
        from witoil.exports.zarr_store import pack

        pack(place)
    names = sorted(path.name for path in folder.glob("run*") if path.is_file())
    return {"files": names, "layers": written["layers"], "remarks": written["remarks"]}


def rasterise(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    """Write the cells of a grid that a slick touches."""
    it = RasteriseInputs.model_validate(inputs)
    return jobs.rasterise(
        Path(it.observation),
        folder,
        time=it.time,
        resolution=it.resolution_m,
        margin=it.margin,
        coastline=it.coastline,
    )


def fetch(inputs: Mapping[str, Any], folder: Path, progress: jobs.Progress) -> dict[str, Any]:
    """Fetch forcing of the registry, or data of servers."""
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
