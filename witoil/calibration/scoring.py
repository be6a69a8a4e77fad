"""Scores of masks against observations: those of a run, and those of files already there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pyproj import CRS

import catalog
import optimizer
from catalog.errors import without_keys
from witoil.errors import WitoilError
from witoil.files import mask_name
from witoil.scenario.scenario import Observation, Scenario
from witoil.scenario.verification import Mask, SlickMasks, VerificationGrid
from witoil.times import datetime64


def score_observations(scenario: Scenario, slicks: Sequence[SlickMasks]) -> list[dict[str, Any]]:
    """Score one slick for each observation of a scenario.

    Parameters
    ----------
    scenario : Scenario
    slicks : sequence of SlickMasks
        Simulated, in the order of the observations.

    Returns
    -------
    list of dict
        The scores of `optimizer.score_masks` for all the oil; where both sheen and thick oil were
        seen, and the slick knows them, also `classes`, the same for each.
    """
    rows = []
    for slick, seen in zip(slicks, scenario.observations, strict=True):
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
    run: Path, observation: Path, *, windows: Sequence[int], time: datetime | None = None
) -> dict[str, Any]:
    """Score a mask against an observation, on the grid of the mask.

    Parameters
    ----------
    run : Path
        A mask (GeoTIFF), or the folder of a run: then its mask at the time of the observation.
    observation : Path
        Polygon file or raster mask; or the folder of another run, whose mask is then of the one
        time that both have.
    windows : sequence of int
        [cells]
    time : datetime, optional
        When the observation was made, UTC; by default as its file says.

    Returns
    -------
    dict
        `mask`, `observation`, and the scores of `optimizer.score_masks`.

    Raises
    ------
    WitoilError, CatalogError
    """
    if not run.exists():
        raise WitoilError(f"{run}: no such file; expected a GeoTIFF or the folder of a run")
    if observation.is_dir():
        observation = _mask_of_both(observation, run, time)
    with without_keys("expected polygons of one layer and time, or one band of 0 and 1"):
        slick = catalog.read_slick(observation, time)
    path = _mask_of_run(run, slick.time) if run.is_dir() else run
    mask, grid, valid = read_mask(path)
    seen = grid.cells_touched(slick.geometry)
    if not seen.any():
        raise WitoilError(f"{observation}: shares no cell with {path}; expected the same area")
    scores = optimizer.score_masks(
        mask, seen, windows=windows, resolution=grid.resolution, valid=valid
    )
    return {"mask": str(path), "observation": str(observation), **scores}


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
            f"{path}: not a mask ({error}); expected a GeoTIFF or the folder of a run"
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
