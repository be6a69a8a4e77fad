"""What a run leaves behind: CF NetCDF, masks, outlines, budget, oiled coast and a summary."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import rasterio
import xarray as xr
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import wrapped
from catalog.files.netcdf import write_netcdf
from simulator import Status, area_of
from witoil.calibration.evaluation import persistence
from witoil.calibration.scoring import areas_km2, score_observations, useful_skill
from witoil.case import Case
from witoil.case.sensors import SensorKind
from witoil.files import (
    mask_name,
    plain,
    replacing,
    side_by_side,
    write_bytes,
    write_json,
    write_text,
)
from witoil.geojson import geojson_of
from witoil.outputs.budget import final_balance, write_budget
from witoil.outputs.coast import write_coast
from witoil.outputs.drawing import Drawn, seen_during
from witoil.outputs.playing import player_of_run
from witoil.outputs.restart import NAME, write_restart
from witoil.report.run import run_page
from witoil.runs.run import OBSERVED
from witoil.scenario.afloat import Afloat
from witoil.scenario.coast import OiledCoast
from witoil.scenario.drivers import drivers_of
from witoil.scenario.run import masks_at
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask, SlickMasks, VerificationGrid
from witoil.times import second, stamp
from witoil.versions import versions


def write_run(
    scenario: Scenario,
    result: xr.Dataset,
    folder: Path,
    *,
    parameters: dict[str, float],
    restart: xr.Dataset | None = None,
    drawn: Drawn | None = None,
    report: bool = True,
) -> dict[str, Any]:
    """Write all outputs of one run.

    Parameters
    ----------
    scenario : Scenario
    result : Dataset
        From `witoil.scenario.run.run`.
    folder : Path
        Made where it does not exist.
    parameters : dict
        Tunable parameters as they were in this run.
    restart : Dataset, optional
        Where the run stood at its end, to go on from.
    drawn : callable, optional
        Waits for the pictures, see `witoil.outputs.drawing`; without it there are none.
    report : bool
        Whether to write a page of what is drawn.

    Returns
    -------
    dict
        The summary, as written to `summary.json`.

    Raises
    ------
    OutputError
        Where something cannot be written; no file is then left half-written.
    """
    # a run that goes on from a restart has no outputs before it
    unmoved, useful = _unmoved(scenario), useful_skill(scenario)
    scenario = seen_during(result, scenario)
    limit = parameters["detection_limit_um"]
    coast = OiledCoast.of_run(scenario, result)

    with side_by_side() as begin:
        case = scenario.case
        begin(write_trajectories, case, result, parameters, folder / "particles.nc")
        if restart is not None:
            begin(write_restart, case, restart, folder / NAME)
        begin(write_budget, result, folder / "budget.csv")
        if coast is not None:
            begin(write_coast, scenario, coast, folder)
        slicks = _slicks(scenario, result, limit)
        for time, slick in slicks.items():  # here: rasterio keeps warnings still for all threads
            write_mask(slick.oil, scenario.grid, time, folder / mask_name(time), scenario.land)
            write_outline(slick.oil, scenario.grid, time, folder / f"slick_{stamp(time)}.geojson")
        for seen in scenario.observations:
            files = seen.slick.files
            begin(write_observed, seen.time, seen.slick.geometry, files, folder, sensor=seen.sensor)
        scores = _scores(scenario, slicks, unmoved)
        summary: dict[str, Any] = plain(
            _summary(scenario, result, parameters, coast, scores, useful)
        )
        player = player_of_run(scenario, result, summary, folder) if drawn and report else None
        pictures = drawn() if drawn else {}
        for name, content in pictures.items():
            begin(write_bytes, folder / f"{name}.png", content)
        if player is not None:
            page = run_page(scenario, summary, pictures, coast=coast, player=player)
            begin(write_text, folder / "report.html", page)
    return write_json(folder / "summary.json", summary)


def status_counts(result: xr.Dataset) -> dict[str, int]:
    """Return how many particles ended in each status; they add up to the number of particles."""
    counts = np.bincount(result["status"].values[:, -1], minlength=len(Status))
    return {status.name.lower(): int(counts[status]) for status in Status}


def _unmoved(scenario: Scenario) -> dict[np.datetime64, dict[str, float | None]]:
    """Return the FSS for each window of the slick before each observation, left unmoved."""
    scores = persistence([scenario]) if scenario.observations else None
    if scores is None:
        return {}
    rows = zip(scenario.observations, scores["observations"], strict=True)
    return {seen.time: row["fss"] for seen, row in rows}


def _slicks(
    scenario: Scenario, result: xr.Dataset, detection_limit_um: float
) -> dict[np.datetime64, SlickMasks]:
    """Return the slick at each observation, else at the end."""
    end = result["time"].values[-1]
    return {
        time: masks_at(scenario, result, time, detection_limit_um)
        for time in [seen.time for seen in scenario.observations] or [end]
    }


def _scores(
    scenario: Scenario,
    slicks: Mapping[np.datetime64, SlickMasks],
    unmoved: Mapping[np.datetime64, Mapping[str, float | None]],
) -> list[dict[str, Any]]:
    """Return the score of each observation."""
    seen_then = [slicks[seen.time] for seen in scenario.observations]
    return [
        {
            "time": stamp(seen.time),
            "observation": list(seen.slick.files),
            "sensor": seen.sensor,
            **score,
            "persistence": next(iter(unmoved.get(seen.time, {"": None}).values())),
            "persistence_fss": unmoved.get(seen.time),
            "areas_km2": areas_km2(scenario, seen, slicks[seen.time].oil),
        }
        for seen, score in zip(
            scenario.observations,
            score_observations(scenario, scenario.observations, seen_then),
            strict=True,
        )
    ]


def _summary(
    scenario: Scenario,
    result: xr.Dataset,
    parameters: dict[str, float],
    coast: OiledCoast | None,
    scores: list[dict[str, Any]],
    useful_fss: float | None,
) -> dict[str, Any]:
    case = scenario.case
    return {
        "name": case.name,
        "parameters": parameters,
        "particles": int(result.sizes["trajectory"]),
        "seed": case.model.seed,
        "status": status_counts(result),
        "mass_balance_kg": final_balance(result),
        "oil": {
            "name": scenario.oil.name,
            "api_gravity": scenario.oil.api_gravity,
            "mass_kg": float(scenario.particles.mass.sum()),
        },
        "processes": case.processes.model_dump(mode="json"),
        "afloat": _afloat(scenario, result, parameters),
        "ashore": _ashore(coast),
        "drivers": drivers_of(scenario, result, parameters),
        "shore": {**case.shore.model_dump(mode="json"), **_on_shore(coast)},
        "scores": scores,
        "useful_fss": useful_fss,
        "area": list(scenario.forcing.grid.box),
        "coverage": [report.as_dict() for report in scenario.coverage],
        "stokes_drift": scenario.forcing.stokes_drift,
        "versions": versions(),
        "case": case.model_dump(mode="json"),
    }


def _afloat(
    scenario: Scenario, result: xr.Dataset, parameters: Mapping[str, float]
) -> dict[str, Any] | None:
    """Return the oil afloat at the end of a run; None where there is none."""
    end = result["time"].values[-1]
    found = Afloat.at(scenario, result, end, parameters["detection_limit_um"])
    return None if found is None else {**asdict(found), "time": second(end)}


def _ashore(coast: OiledCoast | None) -> dict[str, Any] | None:
    """Return the oil on the coast at the end of a run, and since when; None where there is none."""
    if coast is None:
        return None
    first = coast.times[np.argmax(coast.total_mass > 0.0)]
    return {
        "mass_t": 1e-3 * float(coast.total_mass[-1]),
        "oiled_km": float(coast.oiled_km[-1]),
        "first_oiled": second(first),
        "lon": float(coast.longitude[0]),
        "lat": float(coast.latitude[0]),
    }


def _on_shore(coast: OiledCoast | None) -> dict[str, float]:
    """Return the oil on the coast at the end of a run."""
    if coast is None:
        return {"loose_kg": 0.0, "absorbed_kg": 0.0, "oiled_km": 0.0}
    absorbed = float(coast.total_absorbed[-1])
    return {
        "loose_kg": float(coast.total_mass[-1]) - absorbed,
        "absorbed_kg": absorbed,
        "oiled_km": float(coast.oiled_km[-1]),
    }


def write_trajectories(
    case: Case, result: xr.Dataset, parameters: dict[str, float], path: Path
) -> None:
    """Write the particles as a CF trajectory file."""
    document = _trajectories(result).assign_attrs(
        Conventions="CF-1.8",
        featureType="trajectory",
        title=f"Drift of oil: {case.name}",
        institution="not given",
        source=f"witoil {version('witoil')}, Lagrangian particle model",
        history=f"{second(np.datetime64('now'))} written by witoil",
        references="see the documentation of witoil",
        comment="status tells floating, submerged, beached, evaporated and lost particles apart",
        witoil_case=json.dumps(case.model_dump(mode="json")),
        witoil_parameters=json.dumps(parameters),
    )
    with replacing(path) as temporary:
        write_netcdf(document, temporary, _encoding(document))


def _trajectories(result: xr.Dataset) -> xr.Dataset:
    """Return what a run tells of its particles: not its mass balance, and not the coast."""
    along = [name for name in result.data_vars if "trajectory" in result[name].dims]
    particles = result[along]
    particles = particles.drop_vars([n for n in particles.coords if str(n).startswith("stretch")])
    # CF asks for missing data where the position is missing
    released = result["status"] != Status.UNRELEASED
    particles["mass"] = particles["mass"].where(released)
    particles["lon"] = particles["lon"].copy(data=wrapped(particles["lon"].values))
    axes = {"lon": "X", "lat": "Y", "z": "Z", "time": "T"}
    for name in axes.keys() & set(particles.variables):
        particles[name] = particles[name].assign_attrs(axis=axes[name])
    return particles.set_coords("z") if "z" in particles else particles


def _encoding(document: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return how each variable is stored: compressed, and filled only where it can be missing."""
    encoding: dict[str, dict[str, Any]] = {}
    for name, variable in document.variables.items():
        may_miss = variable.ndim == 2 and variable.dtype.kind == "f"
        encoding[str(name)] = {"_FillValue": np.nan if may_miss else None}
        if variable.ndim == 2:
            # a chunk for each time, so that who looks at one does not unpack them all
            chunks = (variable.shape[0], 1)
            encoding[str(name)] |= {"zlib": True, "complevel": 1, "chunksizes": chunks}
    # of mass no more than single precision is worth the room
    encoding["mass"]["dtype"] = "float32"
    encoding["time"] |= {
        "units": f"seconds since {np.datetime_as_string(document['time'].values[0], unit='s')}",
        "calendar": "standard",
        "dtype": "float64",
    }
    return encoding


@contextmanager
def new_raster(
    path: Path, grid: VerificationGrid, dtype: str, count: int, **options: Any
) -> Iterator[Any]:
    """Open a GeoTIFF of some bands on the verification grid, which appears when it is whole."""
    rows, columns = grid.shape
    with (
        replacing(path) as temporary,
        rasterio.open(
            temporary,
            "w",
            driver="GTiff",
            dtype=dtype,
            count=count,
            width=columns,
            height=rows,
            crs=grid.crs.to_wkt(),
            transform=grid.transform,
            compress="deflate",
            **options,
        ) as file,
    ):
        yield file


def write_mask(
    mask: Mask,
    grid: VerificationGrid,
    time: np.datetime64,
    path: Path,
    land: Mask | None = None,
) -> None:
    """Write a mask as GeoTIFF, uint8, 1 = oil; land is masked out, since no slick can be there."""
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),  # else in a file beside it
        new_raster(path, grid, "uint8", 1) as file,
    ):
        file.write(mask.astype(np.uint8), 1)
        if land is not None:
            file.write_mask(~land)
        file.update_tags(TIFFTAG_DATETIME=np.datetime_as_string(time, unit="s"), time=f"{time}Z")
        file.set_band_description(1, "oil")


def write_outline(
    mask: Mask, grid: VerificationGrid, time: np.datetime64, path: Path, **properties: Any
) -> None:
    """Write the outline of a mask as GeoJSON, longitude and latitude (RFC 7946)."""
    _write_slick(path, grid.outline(mask), time, area_km2=grid.area_km2(mask), **properties)


def write_observed(
    time: np.datetime64,
    outline: BaseGeometry,
    files: Sequence[str],
    folder: Path,
    *,
    sensor: SensorKind | None = None,
) -> None:
    """Write a slick that was seen as GeoJSON, so that the run can be looked at without its files.

    Parameters
    ----------
    time : datetime64
        UTC.
    outline : Polygon or MultiPolygon
        [degrees]
    files : sequence of str
        Files that it was read from.
    folder : Path
        Of the run.
    sensor : str, optional
        Kind of sensor that saw it.
    """
    _write_slick(
        folder / f"{OBSERVED}{stamp(time)}.geojson",
        outline,
        time,
        polygon_area_km2=area_of(outline) / 1e6,
        observation=[PurePath(file).name for file in files],
        sensor=sensor,
    )


def _write_slick(path: Path, outline: BaseGeometry, time: np.datetime64, **properties: Any) -> None:
    feature = {
        "type": "Feature",
        "geometry": geojson_of(outline),
        "properties": {"time": second(time), **properties},
    }
    write_json(path, {"type": "FeatureCollection", "features": [feature]})
