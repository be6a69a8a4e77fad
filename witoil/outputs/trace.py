"""What a trace leaves behind: rasters, contours, a table, a summary and a picture."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

import simulator
from catalog.antimeridian import parts_of
from witoil.files import replacing, write_bytes, write_json, write_text
from witoil.geojson import geojson_of
from witoil.outputs.playing import player_of_fields
from witoil.outputs.run import new_raster, write_observed
from witoil.runs.run import Seen
from witoil.scenario.surroundings import box_of_land
from witoil.scenario.verification import Mask, VerificationGrid
from witoil.times import second
from witoil.trace.backward import BackwardScenario, settings_of
from witoil.trace.source_map import LEVELS, SourceMap, region
from witoil.versions import versions

ASSUMPTIONS = (
    "The oil was let out at one moment, within the time traced and the area of the forcing.",
    "It was there before the first slick of the case was seen; every moment before is equally "
    "likely, and so is every square metre of sea.",
    "Parameters lie anywhere within their ranges, and do not change in time.",
    "Oil whose path back meets the coast came from there, at that time or any time before.",
)


def write_trace(
    scenario: BackwardScenario, found: SourceMap, folder: Path, *, pictures: bool = True
) -> dict[str, Any]:
    """Write all outputs of a trace.

    Parameters
    ----------
    scenario : BackwardScenario
    found : SourceMap
        From `witoil.trace.source_map.map_sources`.
    folder : Path
        Made where it does not exist.
    pictures : bool
        Whether to draw, and to write a page of what is drawn.

    Returns
    -------
    dict
        The summary, as written to `trace.json`.

    Raises
    ------
    OutputError
        Where something cannot be written; no file is then left half-written.
    """
    regions = {level: region(found.whole, level) for level in LEVELS}
    by_time = {level: [region(chances, level) for chances in found.by_time] for level in LEVELS}
    whole = found.whole.astype(np.float32)[np.newaxis]
    _write_raster(whole, ["source_probability"], found.grid, folder / "source_probability.tif")
    names = [second(time) for time in found.times]
    _write_raster(found.by_time, names, found.grid, folder / "source_by_time.tif")
    _write_contours(found, regions, by_time, folder / "source_contours.geojson")
    _write_times(found, by_time, folder / "source_times.csv")
    slick = scenario.slick
    write_observed(slick.time, slick.geometry, [slick.key], folder)
    summary = write_json(folder / "trace.json", _summary(scenario, found, regions))
    if pictures:
        from witoil.figures.trace import draw_trace  # loads much
        from witoil.report.trace import trace_page

        player = player_of_fields(
            "trace",
            folder,
            summary,
            found.grid.resolution,
            [Seen(slick.time, slick.geometry, slick.key)],
            (scenario.coast.land, box_of_land(scenario.forcing.grid.box)),
        )
        picture = draw_trace(scenario, found, regions, by_time)
        write_bytes(folder / "trace.png", picture)
        write_text(folder / "report.html", trace_page(scenario, summary, picture, player))
    return summary


def _summary(
    scenario: BackwardScenario, found: SourceMap, regions: dict[int, Mask]
) -> dict[str, Any]:
    case, slick, settings = scenario.case, scenario.slick, settings_of(scenario.case)
    lon, lat = found.densest(found.whole)
    fixed = {
        name: getattr(case.model, name)
        for name in simulator.Parameters.names()
        if name not in settings.parameters
    }
    return {
        "name": case.name,
        "slick": {
            "key": slick.key,
            "time": second(slick.time),
            "area_km2": simulator.area_of(slick.geometry) / 1e6,
        },
        "traced": {
            "from": second(found.times[-1]),
            "to": second(found.times[0]),
            "latest_start": second(scenario.first_seen),
            "hours": float(found.ages[-1]),
        },
        "likeliest_cell": {"lon": lon, "lat": lat},
        "area_km2": {str(level): found.grid.area_km2(mask) for level, mask in regions.items()},
        "share_ashore": float(found.ashore[-1]),
        "share_left_domain": float(found.left[-1]),
        "resolution_m": found.grid.resolution,
        "particles": scenario.particles.size,
        "members": settings.members,
        "seed": case.model.seed,
        "priors": {name: list(limits) for name, limits in settings.parameters.items()},
        "fixed": fixed,
        "assumptions": ASSUMPTIONS,
        "coverage": [report.as_dict() for report in scenario.coverage],
        "stokes_drift": scenario.forcing.stokes_drift,
        "versions": versions(),
        "case": case.model_dump(mode="json"),
    }


def _write_raster(
    bands: NDArray[np.float32], names: list[str], grid: VerificationGrid, path: Path
) -> None:
    """Write probabilities as GeoTIFF, float32, each band with its name."""
    with new_raster(path, grid, "float32", len(bands)) as file:
        file.write(bands)
        file.update_tags(long_name="probability that the source of the oil is in a cell", units="1")
        for number, name in enumerate(names, start=1):
            file.set_band_description(number, name)


def _write_contours(
    found: SourceMap, regions: dict[int, Mask], by_time: dict[int, list[Mask]], path: Path
) -> None:
    """Write the regions that hold shares of the probability as GeoJSON (RFC 7946)."""
    features = [_feature(found, mask, level, None) for level, mask in regions.items()]
    features += [
        _feature(found, by_time[level][k], level, k)
        for k in range(found.times.size)
        for level in LEVELS
        if by_time[level][k].any()
    ]
    document = {"type": "FeatureCollection", "features": features}
    with replacing(path) as temporary:
        # on one line: there are many corners
        temporary.write_text(json.dumps(document, allow_nan=False) + "\n", encoding="utf-8")


def _feature(found: SourceMap, mask: Mask, level: int, k: int | None) -> dict[str, Any]:
    """Return a region as a feature; of the whole time, with no time of its own, where k is None."""
    return {
        "type": "Feature",
        "geometry": geojson_of(_outline(mask, found.grid)),
        "properties": {
            "level": level,
            "time": None if k is None else second(found.times[k]),
            "age_hours": None if k is None else round(float(found.ages[k]), 4),
            "area_km2": found.grid.area_km2(mask),
        },
    }


def _outline(mask: Mask, grid: VerificationGrid) -> shapely.MultiPolygon:
    """Return the outline of some cells in degrees."""
    # 1e-6 degrees are a tenth of a metre
    parts = parts_of([shapely.set_precision(grid.outline(mask), 1e-6)])
    return shapely.MultiPolygon([p for p in parts if isinstance(p, shapely.Polygon)])


def _write_times(found: SourceMap, by_time: dict[int, list[Mask]], path: Path) -> None:
    """Write how the region grows with time back, and where it is densest."""
    columns = [
        "time",
        "age_hours",
        *(f"area_{level}_km2" for level in LEVELS),
        "ashore_fraction",
        "left_domain_fraction",
        "lon",
        "lat",
    ]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for k, time in enumerate(found.times):
            lon, lat = found.densest(found.by_time[k])
            writer.writerow(
                [
                    second(time),
                    f"{found.ages[k]:.4f}",
                    *(f"{found.grid.area_km2(by_time[level][k]):.6g}" for level in LEVELS),
                    f"{found.ashore[k]:.6f}",
                    f"{found.left[k]:.6f}",
                    *("" if np.isnan(degrees) else f"{degrees:.6f}" for degrees in (lon, lat)),
                ]
            )
