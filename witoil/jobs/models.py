"""Models of images and sound, run on files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from witoil.claim import claimed, need_room
from witoil.errors import OutputError
from witoil.jobs.drift import simulate, trace
from witoil.jobs.working import Progress, silent

if TYPE_CHECKING:
    from witoil.case import Case
    from witoil.plugins.batch import Options

_SHARE = 0.3
"""What the plug-in takes of a chain, roughly."""


def predict(
    module: str,
    files: Sequence[Path | str],
    folder: Path,
    *,
    version: str | None = None,
    georeference: str | None = None,
    time: datetime | None = None,
    parameters: Mapping[str, Any] | None = None,
    formats: Sequence[str] = ("json", "geojson"),
    scheduler: str = "threads",
    most_seconds: float | None = None,
    watch: bool = False,
    force: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Run a plug-in on files; see `witoil.plugins.batch.predict_files`.

    Parameters
    ----------
    module : str
        Name of the plug-in.
    files : sequence of Path or str
        Images, rasters or sounds, and folders of them; URLs of buckets.
    folder : Path
        Takes ``report.json``, ``report.html`` and a file or more for each format.
    version : str, optional
        That the plug-in has to have.
    georeference : str, optional
        As `witoil.plugins.georeference.parse_georeference` reads it.
    time : datetime, optional
        When they were taken; without a zone it is UTC.
    parameters : mapping, optional
        Of the plug-in, instead of those of its card.
    formats : sequence of str
    scheduler : str
        ``threads`` or ``processes`` of this machine, or the address of a Dask scheduler. A file at
        which a library crashes ends a process: that of a thread is this one. A script that asks
        for processes has to stand under ``if __name__ == "__main__"``.
    most_seconds : float, optional
        How long a file may take. [s]
    watch : bool
        Wait for files that arrive, until `progress` raises.
    force : bool
        Begin anew, where the same was begun there before.
    progress : Progress

    Returns
    -------
    dict
        As in ``report.json``: what was found in how many files, and which failed by what.

    Raises
    ------
    WitoilError
        Where nothing can be done at all; files that fail are named in the report.
    """
    from witoil.plugins.batch import predict_files
    from witoil.plugins.registry import plugin_named

    plugin = plugin_named(module, version)
    options = _options(georeference, time, parameters, formats, scheduler, most_seconds, force)
    with claimed(folder):
        need_room(folder)
        return predict_files(plugin, files, folder, options, watch=watch, progress=progress)


def _options(
    georeference: str | None,
    time: datetime | None,
    parameters: Mapping[str, Any] | None,
    formats: Sequence[str],
    scheduler: str,
    most_seconds: float | None,
    force: bool,
) -> Options:
    from witoil.plugins.batch import MOST_SECONDS, Options
    from witoil.plugins.georeference import parse_georeference

    return Options(
        None if georeference is None else parse_georeference(georeference),
        time,
        parameters or {},
        formats,
        scheduler,
        MOST_SECONDS if most_seconds is None else most_seconds,
        force,
    )


def predict_then(
    step: Literal["simulate", "trace"],
    case: Case,
    module: str,
    files: Sequence[Path | str],
    folder: Path,
    *,
    label: str | None = None,
    radius_m: float | None = None,
    version: str | None = None,
    georeference: str | None = None,
    time: datetime | None = None,
    parameters: Mapping[str, Any] | None = None,
    formats: Sequence[str] = ("json", "geojson"),
    scheduler: str = "threads",
    most_seconds: float | None = None,
    force: bool = False,
    progress: Progress = silent,
    **options: Any,
) -> dict[str, Any]:
    """Run a plug-in on files, and simulate or trace back the oil that it finds.

    Parameters
    ----------
    step : {"simulate", "trace"}
    case : Case
        With all but the oil that is seen, see `witoil.plugins.chain.case_of_features`.
    module, files, version, georeference, time, parameters, formats, scheduler, most_seconds
        See `predict`; ``geojson`` is written in any case.
    folder : Path
        Takes what was found, ``slick.geojson``, and a folder with the name of the step.
    label : str, optional
        Which of what is found is oil. Default: the label of the card whose group is ``oil``.
    radius_m : float, optional
        Of the oil round a place without an extent; without it such places are refused. [m]
    force : bool
        Begin both anew, see `predict` and `simulate`.
    progress : Progress
    **options
        Others of `simulate` or `trace`.

    Returns
    -------
    dict
        That of the step, and as ``found`` that of `predict`.

    Raises
    ------
    WitoilError, CatalogError, SimulatorError
        Also where a file fails: a part of the oil would be missing.
    """
    from witoil.plugins.batch import predict_files
    from witoil.plugins.card import OIL
    from witoil.plugins.chain import NAME, case_of_features
    from witoil.plugins.registry import plugin_named

    plugin = plugin_named(module, version)
    if label is None and plugin.card is not None:
        label = next((it.name for it in plugin.card.labels if it.group == OIL), None)
    written = list(dict.fromkeys([*formats, "geojson"]))
    asked = _options(georeference, time, parameters, written, scheduler, most_seconds, force)
    with claimed(folder):
        need_room(folder)
        report = predict_files(
            plugin,
            files,
            folder,
            asked,
            progress=lambda share, note: progress(_SHARE * share, note),
        )
        for message in report["failed"].values():
            raise OutputError(message)
        changed = case_of_features(
            case, folder / "features.geojson", label, step, folder / NAME, radius_m=radius_m
        )
    jobs = {"simulate": simulate, "trace": trace}
    figures = jobs[step](
        changed,
        folder / step,
        force=force,
        progress=lambda share, note: progress(_SHARE + (1.0 - _SHARE) * share, note),
        **options,
    )
    return {**figures, "found": report}


def convert_annotations(path: Path, of: str, to: str, folder: Path) -> dict[str, Any]:
    """Write annotations of images in another format; see `witoil.plugins.formats.reading.convert`.

    Returns
    -------
    dict
        ``written``, names of files, and ``remarks``, what the format could not hold.

    Raises
    ------
    WitoilError
    """
    from witoil.plugins.formats.reading import convert

    with claimed(folder):
        need_room(folder)
        found = convert(path, of, to, folder)
    return {"written": list(found.names), "remarks": list(found.remarks)}


def shoreline_series(
    shorelines: Sequence[Path],
    transects: Path,
    path: Path,
    *,
    tide: Path | None = None,
    slope: float | None = None,
    level_m: float = 0.0,
) -> dict[str, Any]:
    """Write where shorelines cross transects; see `witoil.plugins.shorelines.shoreline_series`.

    Parameters
    ----------
    shorelines, transects
        Files of lines.
    path : Path
        Of the table to write, CSV.
    tide, slope, level_m
        See `witoil.plugins.shorelines.Beach`.

    Returns
    -------
    dict
        ``times`` and ``transects``, how many, and ``remarks``.

    Raises
    ------
    WitoilError
    """
    from witoil.plugins.shorelines import Beach, shoreline_series, write_series

    series = shoreline_series(shorelines, transects, Beach(tide, slope, level_m))
    write_series(series, path)
    times, count = series.table.shape
    return {"times": times, "transects": count, "remarks": series.remarks}


def average_models(
    folders: Sequence[Path], out: Path, samples: Sequence[int] | None = None
) -> dict[str, Any]:
    """Write the mean of plug-ins; see `witoil.plugins.averaging.average_plugins`.

    Returns
    -------
    dict
        ``model``, ``samples``, ``tensors`` and ``remarks``.

    Raises
    ------
    WitoilError
    """
    from witoil.plugins.averaging import average_plugins

    return average_plugins(folders, out, samples)
