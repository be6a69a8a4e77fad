"""The page of a batch of predictions: what was found, where, what failed, whether scores drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from witoil.report.page import image_uri, page_template
from witoil.report.words import number

MOST_ROWS = 500
"""Files that failed which the page names; all of them stand in ``report.json``."""

LIKELY = 0.01
"""Chance below which a difference of scores is called one."""


NO_LABEL = "without a label"
"""What things that were measured and not named are called."""


@dataclass
class Marks:
    """Places for the map: longitudes and latitudes [degrees], and what was found there."""

    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def add(self, lon: float, lat: float, label: str | None) -> None:
        """Take in a place, also of a thing without a label."""
        self.lon.append(lon)
        self.lat.append(lat)
        self.labels.append(NO_LABEL if label is None else label)


def render(
    report: Mapping[str, Any],
    marks: Marks,
    scores: NDArray[np.float64],
    reference: NDArray[np.float64] | None = None,
    *,
    title: str = "",
) -> str:
    """Return the page of a batch, which loads nothing.

    Parameters
    ----------
    report : mapping
        As in ``report.json``.
    marks : Marks
    scores : ndarray, shape (n,)
        Of all that was found.
    reference : ndarray, shape (m,), optional
        Of the data of training.
    title : str
        Of the plug-in.
    """
    failed = [*report["failed"].items()]
    return page_template("prediction.html").render(
        study={"name": title or report["model"], "versions": report["versions"]},
        period=f"{report['model']} {report['version']}",
        verdict=_verdict(report),
        facts=_facts(report),
        report=report,
        failed=failed[:MOST_ROWS],
        more_failed=len(failed) - MOST_ROWS,
        labels=counts_of(report),
        map=_map(report, marks),
        scores=_scores(scores, reference),
        likely=LIKELY,
    )


def counts_of(report: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return how many things of each label were found, the most first; last those without one.

    Parameters
    ----------
    report : mapping
        As in ``report.json``.
    """
    counts = sorted(report["labels"].items(), key=lambda item: -item[1])
    unnamed = report["without_label"]
    return [*counts, (NO_LABEL, unnamed)] if unnamed else counts


def _verdict(report: Mapping[str, Any]) -> dict[str, str]:
    """Say how many files were done, and whether the scores are those of the training."""
    failed = report["files"] - report["succeeded"]
    short = f"{report['features']:,} found in {report['succeeded']:,} of {report['files']:,} files"
    drift = report["drift"]
    if drift is None:
        text = "Scores were not compared with those of the training."
        return {"kind": "bad" if failed else "open", "short": short, "text": text}
    drifts = drift["p_value"] < LIKELY
    text = (
        f"Scores {'differ from' if drifts else 'are like'} those of the training: the largest "
        f"distance of their distributions is {number(drift['statistic'], 3)}, and one as large "
        f"comes by chance with a probability of {number(drift['p_value'])}."
    )
    return {"kind": "bad" if failed or drifts else "good", "short": short, "text": text}


def _facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("Files", f"{report['files']:,}"),
        ("Failed", f"{report['files'] - report['succeeded']:,}"),
        ("Found", f"{report['features']:,}"),
    ]
    seconds = sum(report["seconds_per_file"].values())
    return [*facts, ("Time for a file", f"{number(1e3 * seconds)} ms")] if seconds else facts


def _map(report: Mapping[str, Any], marks: Marks) -> dict[str, str] | None:
    if not marks.lon:
        return None
    # matplotlib takes a second to load, and a batch may have nothing to draw
    from witoil.figures.prediction import draw_places

    lon, lat = np.unwrap(marks.lon, period=360.0), np.array(marks.lat)
    ranked = [name for name, _ in Counter(marks.labels).most_common()]
    shown = f"{len(marks.lon):,} of {report['features']:,} found"
    return {
        "uri": image_uri(draw_places(lon, lat, marks.labels, ranked)),
        "alt": f"Map of {shown}, from {lat.min():.2f} to {lat.max():.2f} degrees north.",
        "caption": f"{shown} are on the map; the coast is coarse.",
    }


def _scores(
    scores: NDArray[np.float64], reference: NDArray[np.float64] | None
) -> dict[str, str] | None:
    finite = scores[np.isfinite(scores)]
    if finite.size < 2:
        return None
    from witoil.figures.prediction import draw_scores

    return {
        "uri": image_uri(draw_scores(finite, reference)),
        "alt": f"Histogram of {finite.size:,} scores, from {finite.min():.2f} to "
        f"{finite.max():.2f}; the median is {np.median(finite):.2f}.",
    }
