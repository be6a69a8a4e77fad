"""A plug-in run on many files: one bad file never stops the rest."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from witoil.errors import WitoilError
from witoil.files import write_json
from witoil.plugins.envelope import Envelope
from witoil.plugins.errors import PluginError
from witoil.plugins.films import FILMS
from witoil.plugins.formats.scenes import Written
from witoil.plugins.formats.writing import FILE_WRITERS, WRITERS, refuse_unknown
from witoil.plugins.georeference import Georeference
from witoil.plugins.images import SUFFIXES
from witoil.plugins.prediction import predict, refuse_options
from witoil.plugins.registry import Plugin
from witoil.plugins.sound import SOUNDS
from witoil.plugins.weights import read_arrays

REPORT = "report.json"
_LEAST_SCORES = 20


def predict_files(
    plugin: Plugin,
    files: Sequence[Path],
    folder: Path,
    *,
    georeference: Georeference | None = None,
    time: datetime | None = None,
    parameters: Mapping[str, Any] | None = None,
    formats: Sequence[str] = ("json", "geojson"),
    progress: Callable[[float, str], None] = lambda share, note: None,
) -> dict[str, Any]:
    """Run a plug-in on files and write what it finds.

    Parameters
    ----------
    plugin : Plugin
    files : sequence of Path
        Also folders, of which all files with a suffix that is known are taken.
    folder : Path
        Exists.
    georeference, time, parameters
        See `witoil.plugins.prediction.predict`.
    formats : sequence of str
        Names out of those of `witoil.plugins.formats.writing`.
    progress : callable

    Returns
    -------
    dict
        As in ``report.json``.

    Raises
    ------
    PluginError
        Where there is no file, a format is not known, or the plug-in has not such options.
    """
    refuse_unknown(formats)
    refuse_options(plugin, georeference, parameters)
    paths = _listed(files)
    found: list[Envelope] = []
    failed: dict[str, str] = {}
    names: set[str] = set()
    for done, path in enumerate(paths):
        progress(done / len(paths), f"{len(failed)} failed" if failed else "")
        try:
            envelope = predict(
                plugin, path, georeference=georeference, time=time, parameters=parameters
            )
        except WitoilError as error:
            failed[str(path)] = str(error)
            continue
        for write in [FILE_WRITERS[name] for name in formats if name in FILE_WRITERS]:
            write(envelope, folder, names)
        found.append(_without_arrays(envelope))
    written = {name: _written(name, found, folder) for name in formats if name in WRITERS}
    failed |= {name: text for name, text in written.items() if isinstance(text, str)}
    kept = [it for it in written.values() if isinstance(it, Written)]
    kept.append(Written(sorted(names)))
    progress(1.0, "")
    return write_json(folder / REPORT, _report(plugin, paths, found, failed, kept))


def _without_arrays(envelope: Envelope) -> Envelope:
    """Return an envelope of which thousands fit into memory."""
    findings = dataclasses.replace(envelope.findings, rasters=(), series=())
    return dataclasses.replace(envelope, findings=findings)


def _written(name: str, found: Sequence[Envelope], folder: Path) -> Written | str:
    """Write a format, or return why it cannot hold what was found; the others go on."""
    try:
        return WRITERS[name](found, folder)
    except PluginError as error:
        return f"{name}: {error}"


def _report(
    plugin: Plugin,
    paths: Sequence[Path],
    found: Sequence[Envelope],
    failed: Mapping[str, str],
    written: Sequence[Written],
) -> dict[str, Any]:
    labels: dict[str, int] = {}
    for envelope in found:
        for feature in envelope.findings.features:
            name = feature.label or "none"
            labels[name] = labels.get(name, 0) + 1
    return {
        "model": plugin.name,
        "files": len(paths),
        "succeeded": len(found),
        "failed": dict(failed),
        "features": sum(labels.values()),
        "labels": dict(sorted(labels.items())),
        "written": [name for it in written for name in it.names],
        "remarks": [remark for it in written for remark in it.remarks],
        "drift": _drift(plugin, found),
    }


def _drift(plugin: Plugin, found: Sequence[Envelope]) -> dict[str, float] | None:
    """Return how unlike the scores are to those of the training; None where there are too few.

    The statistic of Kolmogorov and Smirnov for two samples, and how likely one as large is where
    both are of one distribution.
    """
    scores = [it.score for each in found for it in each.findings.features if it.score is not None]
    card, folder = plugin.card, plugin.folder
    if card is None or card.drift is None or folder is None or len(scores) < _LEAST_SCORES:
        return None
    from scipy.stats import ks_2samp

    reference = read_arrays(card.drift, folder).get("scores")
    if reference is None or reference.ndim != 1 or not reference.size:
        raise PluginError(
            f"{plugin.name}: drift: expected the array scores (n) in {card.drift.file}"
        )
    compared = ks_2samp(scores, reference)
    return {
        "statistic": float(compared.statistic),
        "p_value": float(compared.pvalue),
        "scores": float(len(scores)),
    }


def _listed(files: Sequence[Path]) -> list[Path]:
    paths = [each for path in files for each in (_within(path) if path.is_dir() else [path])]
    if not paths:
        raise PluginError("found no files; expected images, rasters or sounds, or a folder of them")
    return paths


def _within(folder: Path) -> list[Path]:
    """Return the files of a folder with a suffix that is known; a product of Sentinel is one."""
    if _is_product(folder):
        return [folder]
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            found += _within(path)
        elif path.suffix.lower() in (*SUFFIXES, *SOUNDS, *FILMS):
            found.append(path)
    return found


def _is_product(folder: Path) -> bool:
    return folder.suffix.lower() == ".safe" or (folder / "manifest.safe").is_file()
