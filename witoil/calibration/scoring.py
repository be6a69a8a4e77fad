"""Scores of masks against observations: those of a run, and those of files already there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

import catalog
import optimizer
from catalog.errors import without_keys
from simulator.slick import WIDEST_CELLS
from witoil.case.sensors import sensor_told, times_as_thick
from witoil.errors import WitoilError
from witoil.files import mask_name
from witoil.runs.folder import seen_in
from witoil.runs.opening import open_run
from witoil.runs.run import Run
from witoil.runs.slick import (
    Sensor,
    afloat,
    grid_over,
    land_on,
    particles_at,
    slick_of,
    taken_for,
)
from witoil.scenario.scenario import Observation, Scenario
from witoil.scenario.verification import Mask, SlickMasks, VerificationGrid
from witoil.times import datetime64, second


def score_observations(
    scenario: Scenario, observations: Sequence[Observation], slicks: Sequence[SlickMasks]
) -> list[dict[str, Any]]:
    """Score one slick for each observation.

    Parameters
    ----------
    scenario : Scenario
        On its grid, with its land, are the observations.
    observations : sequence of Observation
    slicks : sequence of SlickMasks
        Simulated, in the order of the observations.

    Returns
    -------
    list of dict
        The scores of `optimizer.score_masks` for all the oil; where both sheen and thick oil were
        seen, and the slick knows them, also `classes`, the same for each.
    """
    rows = []
    for slick, seen in zip(slicks, observations, strict=True):
        row = _score(scenario, seen, slick.oil, seen.mask)
        classes = slick.by_class()
        if classes and seen.class_weights:
            observed = SlickMasks(seen.mask, seen.thick).by_class()
            row["classes"] = {
                name: _score(scenario, seen, classes[name], observed[name])
                for name in seen.class_weights
            }
        rows.append(row)
    return rows


def areas_km2(scenario: Scenario, seen: Observation, simulated: Mask) -> dict[str, float]:
    """Return how large a slick is that was seen, and the simulated one; two kinds of area.

    Parameters
    ----------
    scenario : Scenario
    seen : Observation
    simulated : Mask

    Returns
    -------
    dict
        ``observed_polygons``: what the polygons of the observation enclose, as `catalog events` has
        it. ``observed_cells``, ``simulated_cells``, ``both_cells``: cells that are compared, at sea
        and seen by the sensor; every cell that the slick touches counts whole. [km2]
    """
    valid, grid = scenario.valid(seen), scenario.grid
    return {
        "observed_polygons": seen.slick.area_km2,
        "observed_cells": grid.area_km2(seen.mask & valid),
        "simulated_cells": grid.area_km2(simulated & valid),
        "both_cells": grid.area_km2(simulated & seen.mask & valid),
    }


def useful_skill(scenario: Scenario) -> float | None:
    """Return the FSS from which a forecast is useful, halfway from a random one to a perfect one.

    It is 0.5 + f / 2 with f the share of the domain that was observed as oil. The domain is the
    smallest box that holds the slick last seen and the one observed: it depends on nothing that
    was simulated, and holds no open sea that would only flatter the score. Mean over observations;
    None where there are none, or no slick was seen before.

    References
    ----------
    Roberts and Lean (2008), section 2c, https://doi.org/10.1175/2007MWR2123.1
    """
    seen = [scenario.seen_first, *(observation.mask for observation in scenario.observations)]
    if not scenario.observations or not seen[0].any():
        return None
    shares = []
    for last, now in pairwise(seen):
        rows, columns = np.nonzero(last | now)
        cells = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        shares.append(now.sum() / cells)
    return 0.5 + 0.5 * float(np.mean(shares))


def _score(
    scenario: Scenario, seen: Observation, simulated: Mask, observed: Mask
) -> dict[str, Any]:
    return optimizer.score_masks(
        simulated,
        observed,
        windows=scenario.case.score.windows,
        resolution=scenario.grid.resolution,
        valid=scenario.valid(seen),
    )


def score_files(
    run: Path,
    observation: Path,
    *,
    windows: Sequence[int],
    time: datetime | None = None,
    sensor: Sensor | None = None,
) -> dict[str, Any]:
    """Score a mask, or the slick of a run, against an observation.

    Parameters
    ----------
    run : Path
        A mask (GeoTIFF), or the folder of a run: then its mask at the time of the observation,
        and its grid. Particles of a run (NetCDF) of witoil or another model: then their slick at
        that time, on a grid of its own.
    observation : Path
        Polygon file or raster mask; or the folder of another run, whose mask is then of the one
        time that both have.
    windows : sequence of int
        [cells]
    time : datetime, optional
        When the observation was made, UTC; by default as its file says.
    sensor : Sensor, optional
        What makes a slick of particles; with it the particles of a folder are taken, too. Its kind
        is by default that of the attributes of the observation, else that of the run's own
        observation. The particles are also taken where the mask of a folder was not made for that
        kind.

    Returns
    -------
    dict
        `mask` or `run`, `observation`, the scores of `optimizer.score_masks`, and of particles
        `sensor` (its kind, None where that is not known) and what was taken for granted: see
        `witoil.runs.slick.taken_for`.

    Raises
    ------
    WitoilError, CatalogError
    """
    refuse_even(windows)
    if not run.exists():
        raise WitoilError(f"{run}: no such file; expected a mask (GeoTIFF) or a run")
    if observation.is_dir():
        observation = _mask_of_both(observation, run, time)
    with without_keys("expected polygons of one layer and time, or one band of 0 and 1"):
        slick = catalog.read_slick(observation, time)
    if sensor is not None or is_netcdf(run) or _is_for_another(run, slick):
        return _score_file_of_particles(run, observation, slick, windows, sensor or Sensor())
    path = _mask_of_run(run, slick.time) if run.is_dir() else run
    mask, grid, valid = read_mask(path)
    seen = grid.cells_touched(slick.geometry)
    if not seen.any():
        raise WitoilError(f"{observation}: shares no cell with {path}; expected the same area")
    scores = optimizer.score_masks(
        mask, seen, windows=windows, resolution=grid.resolution, valid=valid
    )
    return {"mask": str(path), "observation": str(observation), **scores}


def refuse_even(windows: Sequence[int]) -> None:
    """Refuse windows that have no cell in their middle, and none at all.

    Raises
    ------
    WitoilError
    """
    if not windows or any(window < 1 or window % 2 == 0 for window in windows):
        raise WitoilError(
            f"windows: found {', '.join(map(str, windows)) or 'none'}; expected odd numbers of "
            "cells, such as 1,7,21,67"
        )


def is_netcdf(path: Path) -> bool:
    """Say whether a file is NetCDF, by how it begins."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8).startswith((b"CDF", b"\x89HDF"))


def _is_for_another(run: Path, slick: catalog.Slick) -> bool:
    """Say whether the mask in the folder of a run is cut otherwise than the sensor of a slick."""
    told = sensor_told(slick.attributes)
    if told is None or slick.time is None or not run.is_dir():
        return False
    time = datetime64(slick.time)
    own = next((seen.sensor for seen in seen_in(run) if seen.time == time), None)
    return times_as_thick(told) != times_as_thick(own)


def _score_file_of_particles(
    path: Path, observation: Path, slick: catalog.Slick, windows: Sequence[int], sensor: Sensor
) -> dict[str, Any]:
    run = open_run(path)
    if slick.time is None:
        raise WitoilError(
            f"{observation}: does not say when the slick was seen; expected its time (--time)"
        )
    time = datetime64(slick.time)
    told = sensor_told(slick.attributes) or run.sensor_at(time)
    sensor = replace(sensor, kind=sensor.kind or told).of(run)
    (scored,) = score_runs([run], slick.geometry, time, windows=windows, sensors=[sensor])
    return {
        "run": str(path),
        "observation": str(observation),
        "time": second(time),
        "sensor": sensor.kind,
        **scored.scores,
        **taken_for(run, sensor),
    }


@dataclass(frozen=True)
class ScoredSlick:
    """The slick of a run at a time, on the grid of an observation.

    Attributes
    ----------
    mask : Mask
        At sea.
    seen : Mask or None
        What was observed then.
    land : Mask
    grid : VerificationGrid
    coast : BaseGeometry
        Land. [degrees]
    scores : dict
        Of `optimizer.score_masks`; empty where nothing was observed.
    """

    mask: Mask
    seen: Mask | None
    land: Mask
    grid: VerificationGrid
    coast: BaseGeometry
    scores: dict[str, Any]


def score_runs(
    runs: Sequence[Run],
    outline: BaseGeometry | None,
    time: np.datetime64,
    *,
    windows: Sequence[int],
    sensors: Sequence[Sensor],
) -> list[ScoredSlick]:
    """Score the slicks of runs against one observation, on one grid that holds all of them.

    Parameters
    ----------
    runs : sequence of Run
    outline : Polygon or MultiPolygon, or None
        Of the slick that was seen; None where none was: the slicks are made all the same.
    time : datetime64
        When it was seen, UTC.
    windows : sequence of int
        [cells]
    sensors : sequence of Sensor
        From `Sensor.of`, one for each run, of one resolution and coastline.

    Raises
    ------
    WitoilError, CatalogError
    """
    resolution, coastline = sensors[0].resolution, sensors[0].coastline
    assert resolution is not None
    particles = [particles_at(run, time) for run in runs]
    places = [afloat(at) for at in particles]
    shapes = places if outline is None else [outline, *places]
    if all(shape.is_empty for shape in shapes):
        raise WitoilError(
            f"{runs[0].path}: has no oil afloat at {second(time)}; expected some, to compare"
        )
    # oil of stray particles is spread, and windows reach, beyond the outermost of them
    grid = grid_over(shapes, resolution, WIDEST_CELLS + max(windows) // 2)
    land, coast = land_on(grid, coastline)
    seen = None if outline is None else grid.cells_touched(outline)
    if seen is not None and not (seen & ~land).any():
        raise WitoilError(
            f"the slick seen at {second(time)} has no cell at sea, with the coastline {coastline}; "
            "expected one at least to compare with"
        )
    found = []
    for at, sensor in zip(particles, sensors, strict=True):
        mask = slick_of(at, grid, sensor) & ~land
        scores = (
            {}
            if seen is None
            else optimizer.score_masks(
                mask, seen, windows=windows, resolution=grid.resolution, valid=~land
            )
        )
        found.append(ScoredSlick(mask, seen, land, grid, coast, scores))
    return found


def read_mask(path: Path) -> tuple[Mask, VerificationGrid, Mask]:
    """Read a mask that `witoil.outputs.run.write_mask` wrote, or another like it.

    Returns
    -------
    mask : ndarray of bool
    grid : VerificationGrid
    valid : ndarray of bool
        Cells that can be compared: those that the file does not mask out.
    """
    try:
        with rasterio.open(path) as file:
            values, transform, crs = file.read(1, masked=True), file.transform, file.crs
    except Exception as error:  # some of what GDAL finds has a class that rasterio keeps private
        raise WitoilError(
            f"{path}: not a mask ({error}); expected a GeoTIFF, the folder of a run, or particles "
            "(NetCDF)"
        ) from None
    if crs is None or not crs.is_projected or transform.a != -transform.e:
        raise WitoilError(
            f"{path}: found the grid {crs} with cells of {transform.a:g} x {-transform.e:g}; "
            "expected square cells in metres, north up"
        )
    grid = VerificationGrid(
        CRS.from_wkt(crs.to_wkt()), transform.c, transform.f, transform.a, values.shape
    )
    return np.asarray(values.filled(0) != 0), grid, ~np.ma.getmaskarray(values)


def _mask_of_both(folder: Path, run: Path, time: datetime | None) -> Path:
    """Return the mask of a run for the one time that another run has a mask for, too."""
    if time is not None:
        return _mask_of_run(folder, time)
    names = {mask.name for mask in folder.glob("mask_*.tif")}
    others = {mask.name for mask in run.glob("mask_*.tif")} if run.is_dir() else {run.name}
    common = sorted(names & others)
    if len(common) != 1:
        raise WitoilError(
            f"{folder}: has {', '.join(common) or 'no mask'} in common with {run}; expected one: "
            "say which by its time"
        )
    return folder / common[0]


def _mask_of_run(folder: Path, time: datetime | None) -> Path:
    masks = sorted(folder.glob("mask_*.tif"))
    wanted = "" if time is None else mask_name(datetime64(time))
    for mask in masks:
        if mask.name == wanted or (time is None and len(masks) == 1):
            return mask
    found = ", ".join(mask.name for mask in masks) or "no mask_*.tif"
    raise WitoilError(
        f"{folder}: found {found}; expected a mask at the time of the observation, "
        + (wanted or "which has no time: name one of them")
    )
