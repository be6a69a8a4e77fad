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

_SHARE = 0.3
"""What the plug-in takes of a chain, roughly."""


def predict(
    module: str,
    files: Sequence[Path],
    folder: Path,
    *,
    version: str | None = None,
    georeference: str | None = None,
    time: datetime | None = None,
    parameters: Mapping[str, Any] | None = None,
    formats: Sequence[str] = ("json", "geojson"),
    progress: Progress = silent,
) -> dict[str, Any]:
    """Run a plug-in on files; see `witoil.plugins.batch.predict_files`.

    Parameters
    ----------
    module : str
        Name of the plug-in.
    files : sequence of Path
        Images, rasters or sounds, and folders of them.
    folder : Path
        Takes ``report.json`` and a file or more for each format.
    version : str, optional
        That the plug-in has to have.
    georeference : str, optional
        As `witoil.plugins.georeference.parse_georeference` reads it.
    time : datetime, optional
        When they were taken; without a zone it is UTC.
    parameters : mapping, optional
        Of the plug-in, instead of those of its card.
    formats : sequence of str
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
    from witoil.plugins.georeference import parse_georeference
    from witoil.plugins.registry import plugin_named

    plugin = plugin_named(module, version)
    placed = None if georeference is None else parse_georeference(georeference)
    with claimed(folder):
        need_room(folder)
        return predict_files(
            plugin,
            files,
            folder,
            georeference=placed,
            time=time,
            parameters=parameters,
            formats=formats,
            progress=progress,
        )


def predict_then(
    step: Literal["simulate", "trace"],
    case: Case,
    module: str,
    files: Sequence[Path],
    folder: Path,
    *,
    label: str | None = None,
    radius_m: float | None = None,
    version: str | None = None,
    georeference: str | None = None,
    time: datetime | None = None,
    parameters: Mapping[str, Any] | None = None,
    formats: Sequence[str] = ("json", "geojson"),
    progress: Progress = silent,
    **options: Any,
) -> dict[str, Any]:
    """Run a plug-in on files, and simulate or trace back the oil that it finds.

    Parameters
    ----------
    step : {"simulate", "trace"}
    case : Case
        With all but the oil that is seen, see `witoil.plugins.chain.case_of_features`.
    module, files, version, georeference, time, parameters, formats
        See `predict`; ``geojson`` is written in any case.
    folder : Path
        Takes what was found, ``slick.geojson``, and a folder with the name of the step.
    label : str, optional
        Which of what is found is oil.
    radius_m : float, optional
        Of the oil round a place without an extent; without it such places are refused. [m]
    progress : Progress
    **options
        Those of `simulate` or `trace`.

    Returns
    -------
    dict
        That of the step, and as ``found`` that of `predict`.

    Raises
    ------
    WitoilError, CatalogError, SimulatorError
        Also where a file fails: a part of the oil would be missing.
    """
    from witoil.plugins.chain import NAME, case_of_features

    report = predict(
        module,
        files,
        folder,
        version=version,
        georeference=georeference,
        time=time,
        parameters=parameters,
        formats=list(dict.fromkeys([*formats, "geojson"])),
        progress=lambda share, note: progress(_SHARE * share, note),
    )
    for message in report["failed"].values():
        raise OutputError(message)
    with claimed(folder):
        changed = case_of_features(
            case, folder / "features.geojson", label, step, folder / NAME, radius_m=radius_m
        )
    jobs = {"simulate": simulate, "trace": trace}
    figures = jobs[step](
        changed,
        folder / step,
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
