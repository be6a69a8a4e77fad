"""What an ensemble leaves behind: rasters, the coast as table and lines, a map and a record."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.antimeridian import wrapped
from witoil.ensemble.coast import CoastStatistics, Range
from witoil.ensemble.members import ensemble_of
from witoil.ensemble.runs import EnsembleResult
from witoil.files import replacing, write_bytes, write_json, write_text
from witoil.geojson import geojson_of
from witoil.outputs.playing import player_of_fields, seen_in
from witoil.outputs.run import new_raster, write_observed
from witoil.scenario.scenario import Observation
from witoil.scenario.surroundings import box_of_land
from witoil.scenario.verification import VerificationGrid
from witoil.versions import versions


def write_ensemble(
    result: EnsembleResult,
    folder: Path,
    seen: Sequence[Observation] = (),
    *,
    pictures: bool = True,
) -> dict[str, Any]:
    """Write all outputs of an ensemble.

    Parameters
    ----------
    result : EnsembleResult
    folder : Path
        Made where it does not exist.
    seen : sequence of Observation
        Slicks of the case, of which its members know nothing.
    pictures : bool
        Whether to draw, and to write a page of what is drawn.

    Returns
    -------
    dict
        The record, as written to `ensemble.json`.

    Raises
    ------
    OutputError
        Where something cannot be written; no file is then left half-written.
    """
    # 0 is what the members say of a cell that none reaches, and is not drawn either
    write_bands(folder / "probability.tif", result.grid, {"probability": result.probability}, 0.0)
    write_bands(
        folder / "first_arrival_hours.tif",
        result.grid,
        {
            "earliest first arrival, hours since the start": result.first_arrival_earliest,
            "median first arrival, hours since the start": result.first_arrival_median,
        },
        np.nan,
    )
    table = coast_table(result.coast)
    write_coast_table(folder / "coast.csv", table)
    write_coast_lines(folder / "coast.geojson", table, result.coast.line)
    for each in seen:
        write_observed(each.time, each.slick.geometry, each.slick.files, folder, sensor=each.sensor)
    record = write_json(folder / "ensemble.json", _record(result))
    if pictures:
        from witoil.figures.ensemble import ensemble_map  # loads much
        from witoil.report.ensemble import ensemble_page

        picture = ensemble_map(result)
        player = player_of_fields(
            "ensemble",
            folder,
            record,
            result.grid.resolution,
            seen_in(seen),
            (result.land, box_of_land(result.scenarios[0].forcing.grid.box)),
        )
        write_bytes(folder / "ensemble.png", picture)
        write_text(folder / "report.html", ensemble_page(result, record, picture, player))
    return record


def coast_table(coast: CoastStatistics) -> dict[str, list[Any]]:
    """Return the columns of the coast, a row for each stretch that any member oils."""
    kilometres = 1e-3 * coast.length
    greatest = _by_name(coast.greatest) | {"median_where_oiled": coast.greatest_where_oiled}
    numbers = {
        "probability": coast.probability,
        "first_arrival_hours_earliest": coast.first_arrival_earliest,
        "first_arrival_hours_median": coast.first_arrival_median,
        **{f"mass_kg_{name}": mass for name, mass in greatest.items()},
        **{f"mass_per_km_kg_{name}": mass / kilometres for name, mass in greatest.items()},
        **{f"mass_at_end_kg_{name}": mass for name, mass in _by_name(coast.last).items()},
    }
    return {
        "lon": wrapped(coast.longitude).round(5).tolist(),
        "lat": coast.latitude.round(5).tolist(),
        "length_m": coast.length.round(1).tolist(),
        "shore_type": coast.shore_type,
        **{name: values.round(6).tolist() for name, values in numbers.items()},
    }


def _by_name(spread: Range) -> dict[str, NDArray[np.float64]]:
    return {"minimum": spread.minimum, "median": spread.median, "maximum": spread.maximum}


def write_coast_table(path: Path, table: dict[str, list[Any]]) -> None:
    """Write the columns of the coast as CSV."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))


def write_coast_lines(path: Path, table: dict[str, list[Any]], lines: NDArray[np.object_]) -> None:
    """Write the stretches as GeoJSON, with the columns of the table as properties."""
    features = [
        {
            "type": "Feature",
            "geometry": geojson_of(line),
            "properties": dict(zip(table, row, strict=True)),
        }
        for line, *row in zip(lines, *table.values(), strict=True)
    ]
    write_json(path, {"type": "FeatureCollection", "features": features})


def write_bands(
    path: Path,
    grid: VerificationGrid,
    bands: dict[str, NDArray[np.float32]],
    nodata: float,
) -> None:
    """Write fields on the verification grid as the bands of a GeoTIFF, float32."""
    with new_raster(path, grid, "float32", len(bands), tiled=True, nodata=nodata) as file:
        for k, (name, values) in enumerate(bands.items(), start=1):
            file.write(values, k)
            file.set_band_description(k, name)


def _record(result: EnsembleResult) -> dict[str, Any]:
    scenario = result.scenarios[0]
    case = scenario.case
    return {
        "name": case.name,
        "members_counted": len(result.members) - len(result.failures),
        "area_km2": result.grid.area_km2(result.probability > 0.0),
        "likely_km2": result.grid.area_km2(result.probability >= 0.5),
        "coast_km": float(result.coast.length.sum() / 1e3),
        "particles": scenario.particles.size,
        "output_hours": result.hours.tolist(),
        "members": [member.as_dict() for member in result.members],
        "failed": [{"number": k, "reason": reason} for k, reason in result.failures.items()],
        "seeds": {"model": case.model.seed, "ensemble": ensemble_of(case).seed},
        "forcing": [
            {
                "files": product.case.forcing.model_dump(mode="json"),
                "members": sum(member.product == k for member in result.members),
                "coverage": [report.as_dict() for report in product.coverage],
                "stokes_drift": product.forcing.stokes_drift,
            }
            for k, product in enumerate(result.scenarios)
        ],
        "ensemble": ensemble_of(case).model_dump(mode="json"),
        "versions": versions() | {name: version(name) for name in ("dask", "distributed")},
        "case": case.model_dump(mode="json"),
    }
