"""The probability that the source was in a cell, by particles carried back in time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

import simulator
from simulator import Status
from witoil.errors import CaseError
from witoil.scenario.verification import Mask, VerificationGrid
from witoil.times import second
from witoil.trace.backward import BackwardScenario, FloatArray, Paths

MAX_CELLS = 250_000
"""The grid is made coarser until it has no more: the particles would be few in finer cells."""

NEIGHBOURS = 100.0
"""Particles in the square over which the probability of a cell is spread: noise of a tenth. A slick
has sharp edges that more would blur; a probability has none."""

WIDEST_CELLS = {Status.AFLOAT: 12, Status.BEACHED: 3}
"""Largest half width of the square: what is on the coast is not at sea. [cells]"""

LEVELS = (50, 90)
"""Shares of the probability that contours hold. [%]"""


@dataclass(frozen=True)
class SourceMap:
    """Probability of the source, in space at each time back.

    It holds for a source that let out its oil at one moment, within the area of the forcing and
    the time traced, before anything else is known: every square metre of sea and every moment up
    to the first slick of the case count the same.

    Attributes
    ----------
    grid : VerificationGrid
    times : ndarray of datetime64, shape (times,)
        UTC, falling: the first is that of the slick.
    ages : ndarray, shape (times,)
        The same before the time of the slick. [h]
    by_time : ndarray of float32, shape (times, rows, columns)
        Probability that the source is in a cell if it let out its oil at this time; the sum of
        each time is 1, or 0 where all particles have left the area of the forcing, and after the
        first slick of the case was seen: the source had started by then. [1]
    ashore, left : ndarray, shape (times,)
        Shares of the particles that have met the coast, and that have left the area. [1]
    land : ndarray of bool, shape (rows, columns)
        Cells whose middle is on land.
    """

    grid: VerificationGrid
    times: NDArray[np.datetime64]
    ages: FloatArray
    by_time: NDArray[np.float32]
    ashore: FloatArray
    left: FloatArray
    land: Mask

    @cached_property
    def whole(self) -> FloatArray:
        """Probability that the source is in a cell, whenever it let out its oil. [1]"""
        total = self.by_time.sum(axis=0, dtype=np.float64)
        return np.asarray(total / total.sum())

    def centre(self, k: int) -> tuple[float, float]:
        """Return the centre of the probability at a time, in the grid's reference system. [m]"""
        chances = self.by_time[k].astype(np.float64)
        rows, columns = chances.sum(axis=1), chances.sum(axis=0)
        if rows.sum() == 0.0:
            return np.nan, np.nan
        row = rows @ (np.arange(rows.size) + 0.5) / rows.sum()
        column = columns @ (np.arange(columns.size) + 0.5) / columns.sum()
        return (
            float(self.grid.west + self.grid.resolution * column),
            float(self.grid.north - self.grid.resolution * row),
        )

    def densest(self, chances: NDArray[np.floating]) -> tuple[float, float]:
        """Return the middle of the likeliest cell at sea; NaN where none is. [degrees]"""
        chances = np.where(self.land, 0.0, chances)
        if not chances.any():
            return np.nan, np.nan
        row, column = np.unravel_index(int(np.argmax(chances)), chances.shape)
        lon, lat = self.grid.to_degrees.transform(
            self.grid.west + self.grid.resolution * (column + 0.5),
            self.grid.north - self.grid.resolution * (row + 0.5),
        )
        return float(lon), float(lat)


def map_sources(scenario: BackwardScenario, paths: Paths) -> SourceMap:
    """Return where the source may have been, from the particles of all members.

    Particles are spread over squares as in the thickness of a slick (`simulator.oil_thickness`),
    wider ones; those afloat and those on the coast each keep their share.

    Raises
    ------
    CaseError
        Where all particles had left the area of the forcing when the first slick was seen.
    """
    status = paths.status
    inside = (status == Status.AFLOAT) | (status == Status.BEACHED)
    grid = _grid(paths, inside, scenario.case.score.resolution_m)
    # a cell on the coast may be the place of a source on the shore
    on_land = grid.cells_centred_in(scenario.coast.land)
    land = np.asarray(binary_erosion(on_land), bool)
    by_time = np.zeros((paths.times.size, *grid.shape), np.float32)
    for k in np.flatnonzero(paths.times <= scenario.first_seen):
        chances = np.zeros(grid.shape)
        for doing, widest in WIDEST_CELLS.items():
            chosen = status[k] == doing
            lon, lat = paths.longitude[k, chosen], paths.latitude[k, chosen]
            chances += _spread(grid, lon, lat, land, widest)
        if chances.any():
            by_time[k] = chances / chances.sum()
    if not by_time.any():
        raise CaseError(
            f"trace: all paths have left the fields on their way back to "
            f"{second(scenario.first_seen)}, when the first slick of the case was seen; expected "
            "fields of a larger area"
        )
    return SourceMap(
        grid,
        paths.times,
        paths.ages,
        by_time,
        ashore=np.asarray((status == Status.BEACHED).mean(axis=1)),
        left=np.asarray((~inside).mean(axis=1)),
        land=on_land,
    )


def region(chances: NDArray[np.floating], level: float) -> Mask:
    """Return the fewest cells that hold a share of the probability.

    Parameters
    ----------
    chances : ndarray
        [1]
    level : float
        [%]
    """
    falling = np.argsort(-chances, axis=None, kind="stable")
    held = np.cumsum(chances.ravel()[falling], dtype=np.float64)
    mask = np.zeros(chances.size, bool)
    if held[-1] > 0.0:
        count = int(np.searchsorted(held, 0.01 * level * held[-1] * (1.0 - 1e-12))) + 1
        mask[falling[:count]] = True
    return mask.reshape(chances.shape)


def _grid(paths: Paths, inside: Mask, resolution: float) -> VerificationGrid:
    """Return cells over all places where particles were, no more than `MAX_CELLS`."""
    lon, lat = paths.longitude[inside], paths.latitude[inside]
    box = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
    east, north = simulator.metres_per_degree(0.5 * (box[1] + box[3]))
    margin = 2 * (max(WIDEST_CELLS.values()) + 1)
    spans = (box[2] - box[0]) * float(east), (box[3] - box[1]) * float(north)
    while np.prod([span / resolution + margin for span in spans]) > MAX_CELLS:
        resolution *= 2.0
    return VerificationGrid.covering(box, resolution, margin=margin // 2)


def _spread(
    grid: VerificationGrid, longitude: FloatArray, latitude: FloatArray, land: Mask, widest: int
) -> FloatArray:
    """Return the smoothed number of particles in each cell at sea; the sum is their number."""
    column, row = grid.cells(longitude, latitude)
    smooth = simulator.oil_thickness(
        column,
        row,
        np.ones(column.size),
        grid.shape,
        cell_area=1.0,
        density=1.0,
        neighbours=NEIGHBOURS,
        widest=widest,
    )
    # particles are never on land: where they are there is some sea, however little
    occupied = np.zeros(grid.shape, bool)
    occupied[row.astype(np.intp), column.astype(np.intp)] = True
    # rounding of the running sums leaves specks of either sign
    smooth[(land & ~occupied) | (smooth < 1e-9)] = 0.0
    total = smooth.sum()
    return np.asarray(smooth * (column.size / total)) if total > 0.0 else smooth
