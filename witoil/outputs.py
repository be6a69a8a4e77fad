"""What a run leaves behind: CF NetCDF, masks, outlines, a budget and a summary."""

from __future__ import annotations

import csv
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
import xarray as xr
from rasterio.features import shapes
from shapely.geometry import mapping, shape

from simulator import Status
from witoil.case import Case
from witoil.files import mask_name, replacing, stamp, write_json
from witoil.scoring import score_observations
from witoil.simulation import Scenario, mask_at
from witoil.verification import Mask, VerificationGrid, transformed

LIBRARIES = ("witoil", "numba", "numpy", "scikit-optimize", "scikit-learn", "xarray")


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {name: version(name) for name in LIBRARIES}


def write_run(
    scenario: Scenario,
    result: xr.Dataset,
    folder: Path,
    *,
    parameters: dict[str, float],
) -> dict[str, Any]:
    """Write all outputs of one run.

    Parameters
    ----------
    scenario : Scenario
    result : Dataset
        From `witoil.simulation.run`.
    folder : Path
        Made where it does not exist.
    parameters : dict
        Tunable parameters as they were in this run.

    Returns
    -------
    dict
        The summary, as written to `summary.json`.

    Raises
    ------
    OutputError
        Where something cannot be written; no file is then left half-written.
    """
    write_trajectories(scenario.case, result, parameters, folder / "particles.nc")
    write_budget(result, folder / "budget.csv")
    limit = parameters["detection_limit_um"]
    times = [seen.time for seen in scenario.observations] or [result["time"].values[-1]]
    masks = {time: mask_at(scenario, result, time, limit) for time in times}
    for time, mask in masks.items():
        write_mask(mask, scenario.grid, time, folder / mask_name(time))
        write_outline(mask, scenario.grid, time, folder / f"slick_{stamp(time)}.geojson")
    seen_then = [masks[seen.time] for seen in scenario.observations]
    scores = [
        {"time": stamp(seen.time), "observation": list(seen.slick.sources), **score}
        for seen, score in zip(
            scenario.observations, score_observations(scenario, seen_then), strict=True
        )
    ]
    summary = {
        "name": scenario.case.name,
        "parameters": parameters,
        "particles": int(result.sizes["trajectory"]),
        "seed": scenario.case.model.seed,
        "status": status_counts(result),
        "oil": {
            "name": scenario.oil.name,
            "api_gravity": scenario.oil.api_gravity,
            "mass_kg": float(result["mass"].sum()),
        },
        "scores": scores,
        "coverage": [report.as_dict() for report in scenario.coverage],
        "stokes_drift": scenario.forcing.stokes_origin,
        "versions": versions(),
        "case": scenario.case.model_dump(mode="json"),
    }
    write_json(folder / "summary.json", summary)
    return summary


def status_counts(result: xr.Dataset) -> dict[str, int]:
    """Return how many particles ended in each status; they add up to the number of particles."""
    counts = np.bincount(result["status"].values[:, -1], minlength=len(Status))
    return {status.name.lower(): int(counts[status]) for status in Status}


def write_trajectories(
    case: Case, result: xr.Dataset, parameters: dict[str, float], path: Path
) -> None:
    """Write the particles as a CF trajectory file."""
    document = result.assign_attrs(
        Conventions="CF-1.8",
        featureType="trajectory",
        title=f"Drift of oil: {case.name}",
        institution="not given",
        source=f"witoil {version('witoil')}, Lagrangian particle model",
        history=f"{np.datetime_as_string(np.datetime64('now'), unit='s')}Z written by witoil",
        references="see the documentation of witoil",
        comment="status tells floating, beached and lost particles apart",
        witoil_case=json.dumps(case.model_dump(mode="json")),
        witoil_parameters=json.dumps(parameters),
    )
    encoding: dict[str, dict[str, Any]] = {
        name: {"zlib": True, "complevel": 1} for name in ("lon", "lat", "status")
    }
    encoding["lon"]["_FillValue"] = encoding["lat"]["_FillValue"] = np.nan
    encoding["time"] = {
        "units": f"seconds since {np.datetime_as_string(result['time'].values[0], unit='s')}",
        "calendar": "standard",
        "dtype": "float64",
        "_FillValue": None,
    }
    for name in ("mass", "release", "trajectory"):
        encoding[name] = {"_FillValue": None}
    with replacing(path) as temporary:
        document.to_netcdf(temporary, engine="netcdf4", encoding=encoding)


def write_budget(result: xr.Dataset, path: Path) -> None:
    """Write the mass in each status at every output time, as shares of the mass released."""
    mass = result["mass"].values
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        names = [status.name.lower() for status in Status]
        writer.writerow(["time", "mass_kg", *(f"{name}_fraction" for name in names)])
        for k, time in enumerate(result["time"].values):
            status = result["status"].values[:, k]
            parts = np.bincount(status, weights=mass, minlength=len(Status)) / mass.sum()
            text = np.datetime_as_string(time, unit="s") + "Z"
            writer.writerow([text, f"{mass.sum():.6g}", *(f"{part:.9f}" for part in parts)])


def write_mask(mask: Mask, grid: VerificationGrid, time: np.datetime64, path: Path) -> None:
    """Write a mask as GeoTIFF, uint8, 1 = oil."""
    rows, columns = grid.shape
    with (
        replacing(path) as temporary,
        rasterio.open(
            temporary,
            "w",
            driver="GTiff",
            dtype="uint8",
            count=1,
            width=columns,
            height=rows,
            crs=grid.crs.to_wkt(),
            transform=grid.transform,
            compress="deflate",
        ) as file,
    ):
        file.write(mask.astype(np.uint8), 1)
        file.update_tags(TIFFTAG_DATETIME=np.datetime_as_string(time, unit="s"), time=f"{time}Z")
        file.set_band_description(1, "oil")


def write_outline(mask: Mask, grid: VerificationGrid, time: np.datetime64, path: Path) -> None:
    """Write the outline of a mask as GeoJSON, longitude and latitude (RFC 7946)."""
    polygons = [
        shape(part)
        for part, value in shapes(mask.astype(np.uint8), mask=mask, transform=grid.transform)
        if value == 1
    ]
    outline = transformed(shapely.union_all(polygons), grid.to_degrees)
    feature = {
        "type": "Feature",
        "geometry": mapping(outline),
        "properties": {
            "time": np.datetime_as_string(time, unit="s") + "Z",
            "area_km2": float(mask.sum() * grid.resolution**2 / 1e6),
        },
    }
    write_json(path, {"type": "FeatureCollection", "features": [feature]})
