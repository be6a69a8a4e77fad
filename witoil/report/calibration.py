"""The report of a calibration: one page that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.antimeridian import wrapped
from witoil.calibration.priors import EVIDENCE
from witoil.calibration.reconstruction import Reconstruction
from witoil.calibration.scoring import areas_km2, useful_skill
from witoil.case import PointRelease
from witoil.case.tunables import TUNABLES
from witoil.figures import calibration as figures
from witoil.figures import drawing
from witoil.figures.reconstruction import draw_reconstruction
from witoil.lengths import distance
from witoil.report.answers import position
from witoil.report.page import Player, context_of_run, image_uri, page_template
from witoil.report.verdicts import of_calibration
from witoil.report.words import number, quantity, time_in_words
from witoil.scenario.scenario import Observation, Scenario
from witoil.scenario.verification import Mask

NEAR_BOUND = 0.02
"""A best value this close to a bound, as a share of the range, is reported as lying at it."""


_OF_RELEASES = {
    "source_share": "mass of the releases",
    "source_factor": "mass or rate of the releases",
    "source_east_km": "longitude of the source",
    "source_north_km": "latitude of the source",
    "source_start_hours": "start of the source",
    "slick_age_hours": "age_hours of the slick",
}
"""Parameters that no key of the case file has -> what they change."""


def render(
    scenario: Scenario,
    study: Mapping[str, Any],
    *,
    before: Sequence[Mask],
    after: Sequence[Mask],
    fate: Mapping[str, float] | None = None,
    source: Reconstruction | None = None,
    player: Player | None = None,
) -> str:
    """Return the report of a finished calibration, as a page that loads nothing.

    Parameters
    ----------
    scenario : Scenario
    study : mapping
        As in `study.json`, with a best trial.
    before, after : sequence of Mask
        The slick at each observation with the default and with the best parameters.
    fate : mapping, optional
        Mass of oil that met each fate until the end of the best run. [kg]
    source : Reconstruction, optional
        Where and when the source leaked, where this was searched.
    player : Player, optional
        Plays the best run.

    Returns
    -------
    str
        HTML; images and style are inside.
    """
    template = page_template("report.html")
    places = places_of_sources(scenario)
    if source is not None:
        places = np.array([scenario.grid.to_metres.transform(*source.best)])
    scales = [w * scenario.grid.resolution for w in scenario.case.score.windows]
    return template.render(
        study=study,
        **context_of_run(scenario.case, study, player),
        played="The best run, played",
        facts=_facts(scenario, study),
        verdict=of_calibration(study),
        scales=[distance(scale) for scale in scales],
        styles=figures.STYLES,
        colours=drawing,
        has_sources=bool(places_of_sources(scenario).size),
        has_first=bool(scenario.seen_first.any()),
        observations=[
            _observation(scenario, study, k, before[k], after[k], places)
            for k in range(len(scenario.observations))
        ],
        charts=_charts(scenario, study, scales),
        parameters=[_parameter(study, row) for row in study["space"]],
        held=_held(study),
        snippet=snippet(study),
        fate=_fate(fate or {}),
        source=None if source is None else _source(scenario, source),
        evidence=EVIDENCE,
        thick_limit=scenario.case.score.thick_limit_um,
    )


def _facts(scenario: Scenario, study: Mapping[str, Any]) -> list[tuple[str, str]]:
    failed = sum(row["score"] is None for row in study["history"])
    done = f"{len(study['history'])}" + (f", {failed} of them failed" if failed else "")
    grid = scenario.grid
    return [
        ("Slicks matched", f"{len(scenario.observations)}"),
        ("Evaluations", done),
        ("Particles", f"{scenario.particles.mass.size:,}"),
        ("Verification grid", f"{distance(grid.resolution)} cells, {grid.crs.name}"),
    ]


def _observation(
    scenario: Scenario,
    study: Mapping[str, Any],
    k: int,
    before: Mask,
    after: Mask,
    sources: NDArray[np.float64],
) -> dict[str, Any]:
    """Return the maps and the scores of one observation; `sources` are those of the best run."""
    given = places_of_sources(scenario)
    seen = scenario.observations[k]
    scores = {key: study[key]["observations"][k] for key in figures.STYLES if study[key]}
    frame = drawing.Frame.around(
        scenario.grid,
        [before, after, seen.mask, scenario.seen_first],
        np.concatenate([given, sources]),
    )
    labels = {}
    for key, label in (("default", "Before: default parameters"), ("best", "After: calibrated")):
        window, score = next(iter(scores[key]["fss"].items()))
        at = distance(int(window) * scenario.grid.resolution)
        labels[key] = f"{label}\nFSS {number(score, 2)} at {at}"
    return {
        "time": time_in_words(seen.time),
        "files": [PurePath(file).name for file in seen.slick.files],
        "maps": [
            map_figure(scenario, seen, frame, before, given, labels["default"]),
            map_figure(scenario, seen, frame, after, sources, labels["best"]),
        ],
        "scores": scores,
        "class_weights": seen.class_weights,
    }


def map_figure(
    scenario: Scenario,
    seen: Observation,
    frame: drawing.Frame,
    simulated: Mask,
    sources: NDArray[np.float64],
    title: str,
) -> dict[str, str]:
    """Return one map with its texts."""
    image = figures.slick_map(
        scenario.grid,
        scenario.coast.land,
        frame,
        simulated=simulated,
        observed=seen.mask,
        first=scenario.seen_first,
        sources=sources,
        title=title,
    )
    areas = areas_in_words(scenario, simulated, seen)
    alt = f"Map. {title}. {areas}".replace("\n", ", ")
    return {"uri": image_uri(image), "alt": alt, "caption": areas}


def areas_in_words(scenario: Scenario, simulated: Mask, seen: Observation) -> str:
    """Say how large the slicks are and how much they share."""
    areas = {k: quantity(v, "km2") for k, v in areas_km2(scenario, seen, simulated).items()}
    cell = distance(scenario.grid.resolution)
    return (
        f"Cells of {cell} at sea: observed {areas['observed_cells']}, simulated "
        f"{areas['simulated_cells']}, in both {areas['both_cells']}. The polygons observed enclose "
        f"{areas['observed_polygons']}."
    )


def _charts(
    scenario: Scenario, study: Mapping[str, Any], scales: Sequence[float]
) -> dict[str, dict[str, str]]:
    useful = useful_skill(scenario)
    fss = {key: [*study[key]["fss"].values()] for key in figures.STYLES if study[key] is not None}
    finest = "; ".join(f"{figures.STYLES[key].label} {number(v[0], 2)}" for key, v in fss.items())
    persistence = None if study["persistence"] is None else study["persistence"]["score"]
    return {
        "skill": {
            "uri": image_uri(figures.skill_chart(scales, fss, useful)),
            "alt": f"FSS against window side. At {distance(scales[0])}: {finest}.",
            "useful": "" if useful is None else f"{useful:.2f}",
        },
        "search": {
            "uri": image_uri(figures.search_chart(study["history"], persistence)),
            "alt": f"Score of each of {len(study['history'])} evaluations; the best is "
            f"{number(study['best']['penalised'], 2)}, in evaluation {study['best']['trial'] + 1}.",
        },
    }


def _parameter(study: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page says of one parameter of the search."""
    likely = {found["name"]: found for found in study["posterior"]}.get(row["name"])
    name, low, high = row["name"], row["low"], row["high"]
    default, best = (study[key]["parameters"][name] for key in ("default", "best"))
    place = _place(best, row)
    limits = TUNABLES[name].limits
    warning = ""
    if place <= NEAR_BOUND or place >= 1.0 - NEAR_BOUND:
        bound, limit = (low, limits[0]) if place <= NEAR_BOUND else (high, limits[1])
        side = ("lower", "lowest") if place <= NEAR_BOUND else ("upper", "highest")
        ask = f"the {side[1]} value allowed" if bound == limit else "widen it?"
        warning = f"at its {side[0]} bound: {ask}"
    return {
        "name": name,
        "meaning": TUNABLES[name].meaning,
        "units": row["units"],
        "low": low,
        "high": high,
        "log": row["scale"] == "log",
        "default": default,
        "best": best,
        "default_place": round(100.0 * _place(default, row), 1),
        "best_place": round(100.0 * place, 1),
        "likely": likely,
        "likely_places": likely
        and [round(100.0 * _place(likely[end], row), 1) for end in ("p5", "p95")],
        "warning": warning,
    }


def _place(value: float, row: Mapping[str, Any]) -> float:
    """Return where a value lies between its bounds, 0 to 1, as the search sees it."""
    low, high = row["low"], row["high"]
    value = min(max(value, low), high)
    if row["scale"] == "log":
        low, high, value = math.log(low), math.log(high), math.log(value)
    return float((value - low) / (high - low))


def _held(study: Mapping[str, Any]) -> list[tuple[str, float, str]]:
    """Return name, value and units of the parameters that were not searched."""
    searched = {row["name"] for row in study["space"]}
    values: dict[str, float] = study["best"]["parameters"]
    return [(n, v, TUNABLES[n].units) for n, v in values.items() if n not in searched]


def snippet(study: Mapping[str, Any]) -> str:
    """Return the best parameters as they go into a case file."""
    model, score = ["[model]"], []
    for row in study["space"]:
        name, value = row["name"], f"{study['best']['parameters'][row['name']]:.6g}"
        if name in _OF_RELEASES:
            model.append(f"# {name} = {value}: change the {_OF_RELEASES[name]} accordingly")
        elif name == "detection_limit_um":
            score += ["", "[score]", f"{name} = {value}"]
        else:
            model.append(f"{name} = {value}")
    return "\n".join(model + score)


def _source(scenario: Scenario, found: Reconstruction) -> dict[str, Any]:
    """Say where and when the source leaked, with the picture."""
    lines = []
    for ellipse in found.ellipses:
        longer, shorter = (number(axis) for axis in ellipse.semi_axes_km)
        lines.append(
            f"{ellipse.level} %: an ellipse of {longer} by {shorter} km (half axes; the longer "
            f"one bears {number(ellipse.bearing_deg, 0)}\N{DEGREE SIGN}), "
            f"{quantity(ellipse.area_km2, 'km2')}."
        )
    for level, (first, last) in found.intervals.items():
        lines.append(f"{level} %: it began from {time_in_words(first)} to {time_in_words(last)}.")
    lon, lat = found.middle
    place = position(float(wrapped(lon)), lat)
    return {
        "uri": image_uri(draw_reconstruction(scenario, found)),
        "place": place if found.ellipses else "",
        "lines": lines,
        "settled": found.settled,
    }


def _fate(masses: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the fates that occur, with their share of the oil released, largest first."""
    total = sum(masses.values())
    shares = [(name.replace("_", " "), mass / total) for name, mass in masses.items() if mass]
    return sorted(shares, key=lambda item: -item[1])


def places_of_sources(scenario: Scenario) -> NDArray[np.float64]:
    """Return eastings and northings of the point sources, shape (n, 2). [m]"""
    points = [(r.lon, r.lat) for r in scenario.case.release if isinstance(r, PointRelease)]
    longitude, latitude = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return np.stack(scenario.grid.to_metres.transform(longitude, latitude), axis=-1)
