"""The coast of a grid: exact, and never nearer than its raster of distances says."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given

from simulator import Coast, Grid, metres_per_degree
from simulator.coast import CELL_METRES, KEPT_OFF_METRES
from simulator.kernels import shoreline
from simulator.kernels.shoreline import NO_CROSSING
from tests.simulator.builders import OPEN_SEA
from tests.simulator.compiled import from_python
from tests.simulator.strategies import NO_DEADLINE, SEEDS, lands

first_crossing = from_python(shoreline.first_crossing)

GRID = Grid(west=34.0, south=35.0, dlon=0.1, dlat=0.1, columns=4, rows=4)


def crossings(coast, paths):
    scales = coast.scale_x, coast.scale_y
    raster = coast.cell_start, coast.cell_segments, coast.segments
    return np.array([first_crossing(*path, *scales, *raster)[0] for path in paths])


def random_paths(rng, count, size):
    starts = rng.uniform(0.0, 3.0, (count, 2))
    return np.hstack([starts, np.clip(starts + size * rng.normal(size=(count, 2)), 0.0, 3.0)])


@pytest.mark.slow
@NO_DEADLINE
@given(lands(GRID.box), SEEDS)
def test_paths_cross_the_coast_where_the_polygons_say(land, seed):
    coast = Coast.from_land(land, GRID).line
    paths = random_paths(np.random.default_rng(seed), 200, 0.5)
    lon, lat = GRID.to_degrees(paths[:, ::2], paths[:, 1::2])
    lines = shapely.linestrings(lon, lat)
    met = shapely.intersection(lines, shapely.boundary(land))
    there = shapely.distance(shapely.points(lon[:, 0], lat[:, 0]), met) / shapely.length(lines)
    expected = np.where(shapely.is_empty(met), NO_CROSSING, there)
    np.testing.assert_allclose(crossings(coast, paths), expected, atol=1e-6)


@pytest.mark.slow
@NO_DEADLINE
@given(lands(GRID.box), SEEDS)
def test_a_path_shorter_than_the_clearance_meets_no_coast(land, seed):
    coast = Coast.from_land(land, GRID).line
    rng = np.random.default_rng(seed)
    start = rng.uniform(0.0, 3.0, (500, 2))
    scale = np.array([coast.scale_x, coast.scale_y])
    column, row = (start * scale).astype(int).T
    reach = np.maximum(coast.clearance[row, column].astype(float) - 1.0, 0.0) * (1.0 - 1e-9)
    direction = rng.uniform(-1.0, 1.0, (500, 2))
    direction[::2] = np.sign(direction[::2])  # into the corners of the square
    paths = np.hstack([start, start + direction * reach[:, np.newaxis] / scale])
    assert (crossings(coast, paths) == NO_CROSSING).all()


def test_clearance_counts_cells_from_the_coast():
    coast = Coast.from_land(shapely.box(34.1, 35.1, 34.2, 35.2), GRID).line
    column, row = int(1.0 * coast.scale_x), int(1.5 * coast.scale_y)
    np.testing.assert_array_equal(coast.clearance[row, column - 3 : column], [3, 2, 1])
    assert coast.clearance[row, column] == 0


def test_open_sea_is_clear_everywhere():
    coast = Coast.from_land(OPEN_SEA, GRID).line
    assert coast.segments.shape == (0, 4)
    assert (coast.clearance == 255).all()


@pytest.mark.parametrize("latitude", [0.0, 60.0])
def test_raster_cells_are_as_wide_as_they_are_high(latitude):
    grid = Grid(west=0.0, south=latitude, dlon=0.1, dlat=0.05, columns=5, rows=5)
    coast = Coast.from_land(OPEN_SEA, grid).line
    east, north = metres_per_degree(latitude + 0.1)
    assert 0.1 * east / coast.scale_x == pytest.approx(CELL_METRES)
    assert 0.05 * north / coast.scale_y == pytest.approx(CELL_METRES)
    rows, columns = coast.clearance.shape
    assert (columns - 1) / coast.scale_x >= 4.0
    assert (rows - 1) / coast.scale_y >= 4.0


def test_a_large_domain_keeps_its_coast_on_a_coarser_raster(monkeypatch):
    monkeypatch.setattr("simulator.coast.MAX_CELLS", 16)
    land = shapely.Point(34.15, 35.15).buffer(0.05)
    coast = Coast.from_land(land, GRID).line
    assert max(coast.clearance.shape) <= 17
    paths = np.array([[0.2, 1.5, 2.8, 1.5]])
    assert crossings(coast, paths)[0] == pytest.approx((1.0 - 0.2) / 2.6)


def test_islands_holes_and_far_land_each_bring_their_own_edges():
    atoll = shapely.box(34.05, 35.05, 34.15, 35.15) - shapely.box(34.08, 35.08, 34.12, 35.12)
    island, far = shapely.box(34.2, 35.2, 34.21, 35.21), shapely.box(38.0, 38.0, 39.0, 39.0)
    coast = Coast.from_land(shapely.union_all([atoll, island, far]), GRID).line
    assert coast.segments.shape == (12, 4)
    lengths = np.hypot(*(coast.segments[:, 2:] - coast.segments[:, :2]).T)
    np.testing.assert_allclose(np.sort(lengths), np.repeat([0.1, 0.4, 1.0], 4))


def test_beached_oil_is_kept_off_by_half_a_metre_however_the_grid_is_cut():
    coast = Coast.from_land(OPEN_SEA, GRID).line
    cut = Coast.from_land(OPEN_SEA, replace(GRID, rows=3, first_row=1)).line
    assert cut.margin == coast.margin
    east, north = metres_per_degree(GRID.south)
    assert coast.margin * 0.1 * min(east, north) == pytest.approx(KEPT_OFF_METRES, rel=1e-6)
