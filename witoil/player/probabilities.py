"""Probabilities that ensembles, forecasts and traces left in rasters, as layers of a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.transform import array_bounds
from rasterio.warp import transform_geom
from shapely.geometry import shape

from witoil.errors import WitoilError
from witoil.figures.ensemble import PERCENT_BOUNDS
from witoil.player.layers import FieldLayer, Fields
from witoil.player.mercator import Box, MercatorGrid, box_of
from witoil.player.quantise import Linear
from witoil.runs.run import Run
from witoil.times import datetime64
from witoil.trace.source_map import region

PERCENT_STEP = 0.01
"""Step between the numbers that stand for probabilities. [%]"""

_HELD = (90, 75, 50)


def read_fields(run: Run) -> Fields:
    """Return what an ensemble, a forecast or a trace tells over time.

    Raises
    ------
    WitoilError
        Where its rasters are not as a run writes them, or the run has none.
    """
    if run.command == "ensemble":
        return _of_ensemble(run)
    if run.command == "forecast":
        return _of_forecast(run)
    if run.command == "trace":
        return _of_trace(run)
    raise WitoilError(
        f"{run.path}: is a search over several windows, each with a run of its own; expected one "
        f"of them: name its folder in {run.path / 'best'}"
    )


@dataclass(frozen=True)
class Bands:
    """Fields of a raster, cut to where they are above 0.

    Attributes
    ----------
    values : ndarray of float32, shape (bands, rows, columns)
    names : tuple of str
        Descriptions of the bands.
    transform : Affine
    crs : CRS
    """

    values: NDArray[np.float32]
    names: tuple[str, ...]
    transform: Affine
    crs: Any

    @property
    def box(self) -> Box:
        """Where they are above 0: west, south, east, north. [degrees]"""
        bounds = array_bounds(*self.values.shape[1:], self.transform)
        metres = shapely.box(*bounds)
        dense = shapely.segmentize(metres, 0.05 * metres.length)
        degrees = shape(transform_geom(self.crs, "EPSG:4326", dense.__geo_interface__))
        lon, lat = shapely.get_coordinates(degrees).T
        return box_of(np.unwrap(lon, period=360.0), lat)


def read_bands(
    path: Path, prepared: Callable[[NDArray[np.float32]], NDArray[Any]] = np.nan_to_num
) -> Bands:
    """Return the fields of a raster that a run wrote.

    Parameters
    ----------
    path : Path
    prepared : callable
        Makes values that are above 0 where there is something to show.

    Raises
    ------
    WitoilError
    """
    try:
        with rasterio.open(path) as file:
            values = prepared(file.read(out_dtype=np.float32)).astype(np.float32)
            names, transform, crs = file.descriptions, file.transform, file.crs
    except rasterio.errors.RasterioError as error:
        raise WitoilError(
            f"{path}: not a raster ({error}); expected what a run writes, run it again"
        ) from None
    if crs is None or not crs.is_projected:
        raise WitoilError(f"{path}: found no projection; expected what a run writes, run it again")
    some = np.any(values > 0.0, axis=0)
    rows, columns = np.flatnonzero(some.any(axis=1)), np.flatnonzero(some.any(axis=0))
    if not rows.size:
        rows = columns = np.array([0])
    top, left = int(rows[0]), int(columns[0])
    part = values[:, top : rows[-1] + 1, left : columns[-1] + 1]
    a, _, west, _, e, north = transform[:6]
    corner = Affine(a, 0.0, west + a * left, 0.0, e, north + e * top)
    names = tuple(str(name or "") for name in names)
    return Bands(part, names, corner, crs)


def _of_ensemble(run: Run) -> Fields:
    """Return times and layers of an ensemble, and the box of its oil."""
    try:
        hours = np.array(run.summary["output_hours"], np.float64)
        start = _time_of(run.summary["case"]["time"]["start"])
    except (KeyError, TypeError, ValueError) as error:
        raise WitoilError(
            f"{run.path}: its record names no times ({error!r}); expected output_hours and the "
            "start of the case as a run writes them, run it again"
        ) from None
    times = start + np.rint(3.6e6 * hours).astype("m8[ms]")
    probability = read_bands(run.path / "probability.tif")
    last = float(hours.max())
    # the sooner, the greater: 0 is never
    soonness = read_bands(
        run.path / "first_arrival_hours.tif", lambda since: np.nan_to_num(1.0 + last - since)
    )
    box = probability.box
    grid = _grid(box, [probability])
    chances, since = _on(grid, probability)[0], 1.0 + last - _on(grid, soonness)[0]
    reached = since <= hours[:, np.newaxis, np.newaxis] + 1e-3
    label = "probability of oil at any time"
    resolution = max(probability.transform.a, grid.resolution)
    by_now = np.where(reached, chances, np.float32(0.0))
    layers = [
        _percent("reached", f"{label}, in cells reached by now", grid, resolution, by_now),
        _percent("probability", label, grid, resolution, chances[np.newaxis]),
    ]
    return Fields(times, layers, box)


def _of_forecast(run: Run) -> Fields:
    """Return times and layers of a forecast and of its outlook, and the box of its oil."""
    found = [
        (_time_in(bands.names[0], path), bands)
        for folder in (run.path, run.path / "outlook")
        for path in sorted(folder.glob("probability_*.tif"))
        for bands in [read_bands(path)]
    ]
    if not found:
        raise WitoilError(
            f"{run.path}: found no probability_*.tif; expected those of a forecast that has come "
            "to its end, give the same `witoil forecast` again"
        )
    found.sort(key=lambda each: each[0])
    box = _turned_together([bands.box for _, bands in found])
    grid = _grid(box, [bands for _, bands in found])
    chances = np.stack([_on(grid, bands)[0] for _, bands in found])
    times = np.array([time for time, _ in found])
    resolution = max(grid.resolution, *(bands.transform.a for _, bands in found))
    layer = _percent("probability", "probability of oil", grid, resolution, chances)
    return Fields(times, [layer], box)


def _of_trace(run: Run) -> Fields:
    """Return times and layers of a trace, and the box of where the source may have been."""
    path = run.path / "source_by_time.tif"
    bands = read_bands(path)
    times = np.array([_time_in(name, path) for name in bands.names])
    order = np.argsort(times)
    box = bands.box
    grid = _grid(box, [bands])
    whole = read_bands(run.path / "source_probability.tif")
    layers = [
        _held("source", "source of the oil, had it leaked at this time", grid, bands, order),
        _held("whole", "source of the oil, whenever it leaked", grid, whole, np.array([0])),
    ]
    return Fields(times[order], layers, box)


def _held(
    name: str, label: str, grid: MercatorGrid, bands: Bands, order: NDArray[np.intp]
) -> FieldLayer:
    """Return the regions that hold shares of a probability, the smallest innermost."""
    regions: NDArray[np.uint8] = np.stack(
        [
            np.sum([region(bands.values[k], level) for level in _HELD], axis=0, dtype=np.uint8)
            for k in order
        ]
    ).astype(np.uint8)
    numbers = grid.take(regions, bands.transform, bands.crs)
    classes = {k: f"lies within with {level} %" for k, level in enumerate(_HELD, start=1)}
    resolution = max(bands.transform.a, grid.resolution)
    return FieldLayer(name, label, "", grid, resolution, numbers, None, classes)


def _percent(
    name: str, label: str, grid: MercatorGrid, resolution: float, chances: NDArray[np.float32]
) -> FieldLayer:
    """Return probabilities as a layer, to 0.005 %; what is above 0 is at least the first number."""
    scale = Linear(0.0, PERCENT_STEP)
    numbers = scale.encode(100.0 * chances.astype(np.float64), round(100.0 / PERCENT_STEP))
    shown = np.where(chances > 0.0, np.maximum(numbers, 1), 0).astype(np.uint16)
    firsts = [max(round(low / PERCENT_STEP), 1) for low in PERCENT_BOUNDS[:-1]]
    classes = {
        first: f"{low:g} to {high:g}"
        for first, (low, high) in zip(firsts, pairwise(PERCENT_BOUNDS), strict=True)
    }
    return FieldLayer(name, label, "%", grid, resolution, shown, scale, classes)


def _grid(box: Box, bands: Sequence[Bands]) -> MercatorGrid:
    """Return a grid twice as fine as the finest raster, so that its cells keep their shape."""
    return MercatorGrid.covering(box, 0.5 * min(each.transform.a for each in bands))


def _on(grid: MercatorGrid, bands: Bands) -> NDArray[np.float32]:
    taken: NDArray[np.float32] = grid.take(bands.values, bands.transform, bands.crs)
    return taken


def _turned_together(boxes: Sequence[Box]) -> Box:
    """Return the box around boxes, whose longitudes may be whole turns apart."""
    middle = 0.5 * (boxes[0][0] + boxes[0][2])
    sides = np.array(boxes)
    turns = 360.0 * np.round((middle - 0.5 * (sides[:, 0] + sides[:, 2])) / 360.0)
    sides[:, [0, 2]] += turns[:, np.newaxis]
    west, south = sides[:, :2].min(axis=0)
    east, north = sides[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


def _time_in(text: str, path: Path) -> np.datetime64:
    """Return the time that a description of a band names."""
    found = re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z", text)
    if found is None:
        raise WitoilError(
            f"{path}: found the band {text!r}; expected a time in its description as a run writes "
            "it, run it again"
        )
    return _time_of(found[0])


def _time_of(text: str) -> np.datetime64:
    """Return a time that a run has written. UTC"""
    return datetime64(datetime.fromisoformat(text))
