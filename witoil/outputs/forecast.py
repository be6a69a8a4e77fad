"""What a walk forward leaves behind: probabilities, slicks, tables and the report."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from witoil.files import mask_name, replacing, write_bytes, write_json, write_text
from witoil.forecast.experts import likeliest
from witoil.forecast.forecasting import Forecasts, seen_at_end
from witoil.forecast.outlook import Outlook
from witoil.forecast.reliability import EDGES, Reliability, reliability
from witoil.outputs.ensemble import write_bands
from witoil.outputs.playing import player_of_fields, seen_in
from witoil.outputs.run import write_mask, write_observed, write_outline
from witoil.scenario.surroundings import box_of_land
from witoil.times import second, stamp


def write_forecast(
    result: Forecasts, folder: Path, outlook: Outlook | None = None, *, pictures: bool = True
) -> None:
    """Write all that a walk leaves beside its `study.json`.

    Parameters
    ----------
    result : Forecasts
    folder : Path
    outlook : Outlook, optional
        Beyond the last slick; goes into `outlook/`.
    pictures : bool
        Whether to draw, and to write a page of what is drawn.

    Raises
    ------
    OutputError
        Where something cannot be written; no file is then left half-written.
    """
    for step in result.steps:
        leg = result.legs[step.leg]
        seen = leg.observations[0]
        time = seen.time
        bands = {f"probability of oil at {second(time)}": step.probability}
        write_bands(folder / f"probability_{stamp(time)}.tif", leg.grid, bands, 0.0)
        write_mask(step.masks["forecast"], leg.grid, time, folder / mask_name(time), leg.land)
        write_outline(
            step.masks["forecast"], leg.grid, time, folder / f"slick_{stamp(time)}.geojson"
        )
        write_observed(time, seen.slick.geometry, seen.slick.files, folder, sensor=seen.sensor)
    _write_table(folder / "forecast.csv", *_score_table(result))
    found, before = reliability_of(result)
    _write_table(folder / "reliability.csv", *_reliability_table(found))
    if outlook is not None:
        write_outlook(outlook, folder / "outlook")
    if not pictures:
        return
    from witoil.figures.forecast import reliability_chart  # loads much
    from witoil.report.forecast import render

    write_bytes(folder / "reliability.png", reliability_chart(found, before))
    scenario = result.scenario
    player = player_of_fields(
        "forecast",
        folder,
        result.study,
        scenario.grid.resolution,
        seen_in(scenario.observations),
        (scenario.coast.land, box_of_land(scenario.forcing.grid.box)),
    )
    write_text(folder / "report.html", render(result, (found, before), outlook, player))


def write_outlook(outlook: Outlook, folder: Path) -> None:
    """Write probability, slick and outline at each time beyond the last slick, and a record."""
    grid, rows = outlook.leg.grid, []
    for k, time in enumerate(outlook.times):
        probability = outlook.probability(k)
        slick = likeliest(probability)
        bands = {f"probability of oil at {second(time)}, not verified": probability}
        write_bands(folder / f"probability_{stamp(time)}.tif", grid, bands, 0.0)
        write_mask(slick, grid, time, folder / mask_name(time), outlook.leg.land)
        write_outline(slick, grid, time, folder / f"slick_{stamp(time)}.geojson", verified=False)
        rows.append(
            {
                "time": second(time),
                "slick_km2": round(grid.area_km2(slick), 3),
                "possible_km2": round(grid.area_km2(probability > 0.0), 3),
                "trust": outlook.trust(k),
            }
        )
    write_json(
        folder / "outlook.json",
        {
            "name": outlook.leg.case.name,
            "verified": False,
            "from": second(outlook.leg.forcing.start),
            "to": second(outlook.times[-1]),
            "runs": len(outlook.cells),
            "times": rows,
        },
    )


def reliability_of(result: Forecasts) -> tuple[Reliability, Reliability]:
    """Return how reliable all forecasts were, and how they were before their correction."""
    seen = [seen_at_end(result.legs[step.leg]) for step in result.steps]
    pairs = [*zip(result.steps, seen, strict=True)]
    return (
        reliability((step.probability, *each) for step, each in pairs),
        reliability((step.mixed, *each) for step, each in pairs),
    )


def _score_table(result: Forecasts) -> tuple[list[str], list[list[Any]]]:
    scales = [str(w) for w in result.scenario.case.score.windows]
    table = result.study["forecast"]
    rows: list[list[Any]] = []
    for step in table["steps"]:
        for name, scores in step["scores"].items():
            fss = (scores["fss"][w] for w in scales)
            rows.append([step["from"], step["to"], name, *fss, scores["area_ratio"]])
    for name, fss in table["mean"].items():
        means = (fss[w] for w in scales)
        rows.append(["", "mean", name, *means, table["area_ratio"][name]])
    return ["from", "to", "prediction", *(f"fss_{w}" for w in scales), "area_ratio"], rows


def _reliability_table(found: Reliability) -> tuple[list[str], list[list[Any]]]:
    rows = [
        [low, high, int(cells), *(round(float(v), 6) if cells else "" for v in (p, o))]
        for low, high, cells, p, o in zip(
            EDGES[:-1], EDGES[1:], found.cells, found.forecast, found.observed, strict=True
        )
    ]
    names = ["probability_above", "probability_to", "cells", "mean_probability", "share_with_oil"]
    return names, rows


def _write_table(path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
