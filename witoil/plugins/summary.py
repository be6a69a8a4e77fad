"""What a batch came to: ``report.json``, and a page for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from witoil.files import write_json, write_text
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.layers import Results
from witoil.plugins.formats.scenes import Written, middle_of
from witoil.plugins.registry import Plugin
from witoil.plugins.weights import read_arrays
from witoil.report.prediction import Marks, render
from witoil.versions import versions

Scores = npt.NDArray[np.float64]

NAME, PAGE = "report.json", "report.html"
_LEAST_SCORES = 20
_MOST_MARKS = 50_000
_MOST_REMARKS = 100


def write_report(
    plugin: Plugin,
    results: Results,
    folder: Path,
    *,
    total: int,
    refused: Mapping[str, str],
    written: Sequence[Written],
    left_out: Mapping[str, int],
    reference: Scores | None,
) -> dict[str, Any]:
    """Write what a batch came to.

    Parameters
    ----------
    plugin : Plugin
    results : Results
    folder : Path
    total : int
        Number of files.
    refused : mapping
        Name of a format -> why it cannot hold what was found.
    written : sequence of Written
    left_out : mapping
        Ending -> number of files of folders that the plug-in does not take.
    reference : ndarray, shape (n,), optional
        Scores of the data of training.

    Returns
    -------
    dict
        As in ``report.json``.
    """
    labels: Counter[str] = Counter()
    without_label = 0
    remarks: Counter[str] = Counter()
    scores: list[float] = []
    marks = Marks()
    milliseconds: Counter[str] = Counter()
    for envelope in results.found:
        remarks.update(envelope.findings.remarks)
        milliseconds.update(envelope.timing_ms)
        for feature in envelope.findings.features:
            if feature.label is None:
                without_label += 1
            else:
                labels[feature.label] += 1
            if feature.score is not None:
                scores.append(feature.score)
            if feature.geometry is not None and len(marks.lon) < _MOST_MARKS:
                marks.add(*middle_of(feature), feature.label)
    model = plugin.card.model if plugin.card else None
    report = {
        "model": plugin.name,
        "version": model and model.version,
        "files": total,
        "succeeded": len(results.found),
        "failed": {**results.faults, **refused},
        "left_out": dict(left_out),
        "features": sum(labels.values()) + without_label,
        "labels": dict(sorted(labels.items())),
        "without_label": without_label,
        "written": [name for it in written for name in it.names],
        "remarks": [remark for it in written for remark in it.remarks],
        "remarks_of_files": dict(remarks.most_common(_MOST_REMARKS)),
        "seconds_per_file": {
            key: value / 1e3 / len(results.found) for key, value in milliseconds.items()
        },
        "drift": _drift(scores, reference),
        "versions": versions(),
    }
    page = render(report, marks, np.array(scores), reference, title=model.title if model else "")
    write_text(folder / PAGE, page)
    return write_json(folder / NAME, report)


def reference_scores(plugin: Plugin) -> Scores | None:
    """Return the scores of the data of training, where the card has them.

    Raises
    ------
    PluginError
        Where the file is not that of the card, or has no scores.
    """
    card, folder = plugin.card, plugin.folder
    if card is None or card.drift is None or folder is None:
        return None
    reference = read_arrays(card.drift, folder).get("scores")
    if reference is None or reference.ndim != 1 or not reference.size:
        raise PluginError(
            f"{plugin.name}: drift: expected the array scores (n) in {card.drift.file}"
        )
    return reference


def _drift(scores: Sequence[float], reference: Scores | None) -> dict[str, float] | None:
    """Return how unlike the scores are to those of the training; None where there are too few.

    The statistic of Kolmogorov and Smirnov for two samples, and how likely one as large is where
    both are of one distribution.
    """
    if reference is None or len(scores) < _LEAST_SCORES:
        return None
    from scipy.stats import ks_2samp

    compared = ks_2samp(scores, reference)
    return {
        "statistic": float(compared.statistic),
        "p_value": float(compared.pvalue),
        "scores": float(len(scores)),
    }
