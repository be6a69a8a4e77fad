"""The page that shows runs side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from witoil.calibration.comparison import Comparison, Moment
from witoil.calibration.scoring import ScoredSlick
from witoil.case.tunables import TUNABLES
from witoil.figures import drawing
from witoil.figures.calibration import slick_map
from witoil.lengths import distance
from witoil.report.page import image_uri, page_template
from witoil.report.words import number, time_in_words

_NO_SOURCES = np.zeros((0, 2))


def render(found: Comparison, document: Mapping[str, Any]) -> str:
    """Return the page of a comparison, which loads nothing.

    Parameters
    ----------
    found : Comparison
    document : mapping
        As in ``compare.json``.
    """
    resolution = found.moments[0].slicks[0].grid.resolution
    return page_template("comparison.html").render(
        study={"name": ", ".join(found.labels), "versions": document["versions"]},
        document=document,
        period=f"to {time_in_words(found.end)}",
        verdict=_verdict(found, document, resolution),
        resolution=distance(resolution),
        end=time_in_words(found.end),
        scales=[distance(window * resolution) for window in found.windows],
        moments=[_moment(found, moment) for moment in found.moments],
        rows=[_row(row) for row in document["differences"]],
        statuses=[
            name
            for name in document["runs"][0]["at_end"]
            if any(run["at_end"][name] for run in document["runs"])
        ],
        colours=drawing,
        styles={},
    )


def _verdict(found: Comparison, document: Mapping[str, Any], resolution: float) -> dict[str, str]:
    """Say in words which run matches best, at the finest scale, as it is printed."""
    window = str(found.windows[0])
    scores = [means.get(window) for means in document["mean_fss"]]
    if not any(score is not None for score in scores):
        return {
            "kind": "open",
            "short": "Nothing to score against",
            "text": "No slick was seen in the time that all runs have: what differs is shown, not "
            "which is right.",
        }
    at = distance(found.windows[0] * resolution)
    order = sorted(zip(scores, found.labels, strict=True), key=lambda row: -(row[0] or 0.0))
    said = "; ".join(f"{label} {number(score, 2)}" for score, label in order)
    count = sum(moment.seen is not None for moment in found.moments)
    slicks = "one slick" if count == 1 else f"the mean over {count} slicks"
    text = f"FSS at {at}, {slicks}: {said}."
    if number(order[0][0], 2) == number(order[1][0], 2):
        return {"kind": "open", "short": "No run matches better", "text": text}
    return {"kind": "good", "short": f"{order[0][1]} matches best", "text": text}


def _moment(found: Comparison, moment: Moment) -> dict[str, Any]:
    grid = moment.slicks[0].grid
    nothing = np.zeros(grid.shape, bool)
    seen = moment.slicks[0].seen
    observed = nothing if seen is None else seen
    shown = np.any([observed, *(slick.mask for slick in moment.slicks)], axis=0)
    # where no run has oil thick enough to be seen, the map shows where it is sought
    shown = shown if shown.any() else ~nothing
    frame = drawing.Frame.around(grid, [shown], _NO_SOURCES)
    maps = []
    for label, slick in zip(found.labels, moment.slicks, strict=True):
        title = f"{label}\n{_score_in_words(found, slick)}"
        image = slick_map(
            grid,
            slick.coast,
            frame,
            simulated=slick.mask,
            observed=observed,
            first=nothing,
            sources=_NO_SOURCES,
            title=title,
        )
        alt = f"Map. {title}".replace("\n", ", ")
        maps.append({"uri": image_uri(image), "alt": alt, "caption": _areas(slick)})
    return {
        "time": time_in_words(moment.time),
        "seen": None if moment.seen is None else moment.seen.name,
        "maps": maps,
        "scores": [slick.scores for slick in moment.slicks],
    }


def _score_in_words(found: Comparison, slick: ScoredSlick) -> str:
    if not slick.scores:
        return "not scored"
    fss = slick.scores["fss"][str(found.windows[0])]
    at = distance(found.windows[0] * slick.grid.resolution)
    return f"FSS {number(fss, 2)} at {at}"


def _areas(slick: ScoredSlick) -> str:
    unit = "\N{NO-BREAK SPACE}km²"
    area = slick.grid.area_km2
    text = f"Simulated {number(area(slick.mask))}{unit}"
    if slick.seen is not None:
        text += f", observed {number(area(slick.seen))}{unit}"
        text += f", in both {number(area(slick.mask & slick.seen))}{unit}"
    return f"{text}, counted in cells."


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    name = row["key"].removeprefix("parameters.")
    units = TUNABLES[name].units if name in TUNABLES else "1"
    return {"key": row["key"], "units": units, "values": [_text(v) for v in row["values"]]}


def _text(value: Any) -> str:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return number(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
