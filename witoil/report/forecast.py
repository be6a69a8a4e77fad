"""The report of a walk forward through slicks: one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import numpy as np

from witoil.calibration.scoring import useful_skill
from witoil.case.tunables import TUNABLES
from witoil.figures import calibration as figures
from witoil.figures import drawing
from witoil.figures.forecast import (
    CHARTED,
    STYLES,
    learning_chart,
    parameter_chart,
    probability_map,
    reliability_chart,
    styles_of,
)
from witoil.forecast.experts import likeliest
from witoil.forecast.forecasting import Forecasts, Step
from witoil.forecast.outlook import Outlook
from witoil.forecast.reliability import Reliability
from witoil.lengths import distance
from witoil.report.calibration import areas_in_words, places_of_sources, snippet
from witoil.report.page import Player, context_of_run, image_uri, page_template
from witoil.report.verdicts import of_forecast
from witoil.report.words import number, percent, time_in_words
from witoil.scenario.scenario import Scenario

OUTLOOK_MAPS = 4
"""Times beyond the last slick that are drawn."""


def render(
    result: Forecasts,
    found: tuple[Reliability, Reliability],
    outlook: Outlook | None = None,
    player: Player | None = None,
) -> str:
    """Return the report of a forecast, as a page that loads nothing.

    Parameters
    ----------
    result : Forecasts
    found : tuple of Reliability
        How often oil was seen where it was forecast, and before forecasts were corrected.
    outlook : Outlook, optional
        What is likely after the last slick, where the case goes on.
    player : Player, optional

    Returns
    -------
    str
        HTML; images and style are inside.
    """
    scenario, study = result.scenario, result.study
    scales = [w * scenario.grid.resolution for w in scenario.case.score.windows]
    return page_template("forecast.html").render(
        study=study,
        **context_of_run(scenario.case, study, player),
        played="The forecasts, played",
        verdict=of_forecast(study),
        scales=[distance(scale) for scale in scales],
        styles=styles_of(study["forecast"]["mean"]),
        colours=drawing,
        table=_table(study),
        experts=_experts(study),
        probabilities=study["forecast"]["probabilities"],
        steps=[
            _step(result, step, row)
            for step, row in zip(result.steps, study["forecast"]["steps"], strict=True)
        ],
        outlook=None if outlook is None else _outlook(outlook),
        charts=_charts(result, found, scales),
        parameters=_parameters(study),
        snippet=snippet(study),
    )


def _table(study: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return scores at the finest scale and area ratios, a row for each way to predict."""
    forecasts = study["forecast"]
    rows = []
    for key in styles_of(forecasts["mean"]):
        scores = [step["scores"][key] for step in forecasts["steps"]]
        rows.append(
            {
                "key": key,
                "scores": [(next(iter(s["fss"].values())), s["area_ratio"]) for s in scores],
                "mean": next(iter(forecasts["mean"][key].values())),
                "area_ratio": forecasts["area_ratio"][key],
            }
        )
    return rows


def _experts(study: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the experts with their reasons, and the share that each had at each step."""
    forecasts = study["forecast"]
    return [
        {
            "key": name,
            "reason": reason,
            "shares": [step["trust"].get(name, 0.0) for step in forecasts["steps"]],
        }
        for name, reason in forecasts["experts"].items()
    ]


def _step(result: Forecasts, step: Step, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the maps and numbers of one forecast."""
    leg = result.legs[step.leg]
    seen, masks = leg.observations[0], step.masks
    frame = drawing.Frame.around(
        leg.grid,
        [masks["default"], masks["forecast"], seen.mask, leg.seen_first],
        places_of_sources(leg),
    )
    labels = {"default": "With default parameters", "forecast": "Forecast"}
    maps = []
    for name, label in labels.items():
        scale, score = next(iter(step.scores[name]["fss"].items()))
        at = distance(int(scale) * leg.grid.resolution)
        title = f"{label}\nFSS {number(score, 2)} at {at}"
        image = figures.slick_map(
            leg.grid,
            leg.coast.land,
            frame,
            simulated=masks[name],
            observed=seen.mask,
            first=leg.seen_first,
            sources=places_of_sources(leg),
            title=title,
        )
        areas = areas_in_words(leg, masks[name], seen)
        alt = f"Map. {title}. {areas}".replace("\n", ", ")
        maps.append({"uri": image_uri(image), "alt": alt, "caption": areas})
    image = probability_map(
        leg.grid,
        leg.coast.land,
        frame,
        probability=step.probability,
        observed=seen.mask,
        sources=places_of_sources(leg),
        title="Probability of oil",
    )
    caption = "Probability of the forecast; the outline is the slick observed."
    maps.append({"uri": image_uri(image), "alt": f"Map. {caption}", "caption": caption})
    in_sample = [next(iter(fss.values())) for fss in row["in_sample"].values()]
    return {
        "time": time_in_words(seen.time),
        "start": time_in_words(leg.forcing.start),
        "files": [PurePath(file).name for file in seen.slick.files],
        "maps": maps,
        "in_sample": float(np.mean(in_sample)),
    }


def _outlook(outlook: Outlook) -> dict[str, Any]:
    """Return maps of the probability at some times beyond the last slick."""
    leg, last = outlook.leg, outlook.times.size - 1
    chosen = np.unique(np.linspace(0, last, OUTLOOK_MAPS + 1).round().astype(int)[1:])
    probabilities = {int(k): outlook.probability(int(k)) for k in chosen}
    slicks = {k: likeliest(probability) for k, probability in probabilities.items()}
    frame = drawing.Frame.around(
        leg.grid, [leg.seen_first, *slicks.values()], places_of_sources(leg)
    )
    maps = []
    for k, probability in probabilities.items():
        at = time_in_words(outlook.times[k])
        image = probability_map(
            leg.grid,
            leg.coast.land,
            frame,
            probability=probability,
            observed=leg.seen_first,
            sources=places_of_sources(leg),
            title=f"Not verified: {at}",
        )
        area = leg.grid.area_km2(slicks[k])
        caption = f"{at}. Likeliest slick: {number(area)} km\N{SUPERSCRIPT TWO}."
        maps.append({"uri": image_uri(image), "alt": f"Map. {caption}", "caption": caption})
    return {
        "start": time_in_words(leg.forcing.start),
        "end": time_in_words(outlook.times[-1]),
        "maps": maps,
        "trust": ", ".join(
            f"{styles_of([name])[name].label} {share:.0%}"
            for name, share in outlook.trust(last).items()
        ),
    }


def _charts(
    result: Forecasts, both: tuple[Reliability, Reliability], scales: Sequence[float]
) -> dict[str, dict[str, str]]:
    mean = result.study["forecast"]["mean"]
    shown = {key: [*mean[key].values()] for key in CHARTED if key in mean}
    found, _ = both
    useful = useful_skill(_as_one(result))
    finest = "; ".join(f"{STYLES[key].label} {number(fss[0], 2)}" for key, fss in shown.items())
    labels = ["prior", *(f"{n} slick{'s' * (n > 1)}" for n in range(1, len(result.legs) + 1))]
    posteriors = dict(zip(labels, result.posteriors, strict=True))
    share = percent(found.missed / max(found.seen, 1))
    missed = f"Of the cells with oil, {share} had probability 0."
    return {
        "skill": {
            "uri": image_uri(figures.skill_chart(scales, shown, useful, STYLES)),
            "alt": f"FSS against window side. At {distance(scales[0])}: {finest}.",
            "useful": "" if useful is None else f"{useful:.2f}",
        },
        "reliability": {
            "uri": image_uri(reliability_chart(*both)),
            "alt": "Share of cells with oil against forecast probability.",
            "missed": missed,
        },
        "learning": {
            "uri": image_uri(learning_chart(result.trials, len(result.legs))),
            "alt": f"Score of each of {len(result.trials)} sets of parameters.",
        },
        "parameters": {
            "uri": image_uri(parameter_chart(result.space, posteriors)),
            "alt": "Ranges of the parameters, before and after each slick seen.",
        },
    }


def _as_one(result: Forecasts) -> Scenario:
    """Return the slicks that were forecast as those of one scenario."""
    legs = [result.legs[step.leg] for step in result.steps]
    return replace(legs[0], observations=tuple(leg.observations[0] for leg in legs))


def _parameters(study: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return prior and posterior of each parameter."""
    after = {row["name"]: row for row in study["posterior"]}
    return [
        {
            **after[row["name"]],
            **row,
            "log": row["scale"] == "log",
            "units": TUNABLES[row["name"]].units,
        }
        for row in study["priors"]
    ]
