"""Where paths meet a real coast: the raster in front of it against a look at every segment."""

import numpy as np
import pytest

from catalog import read_land
from simulator import Coast, Grid
from simulator.kernels import shoreline
from simulator.kernels.shoreline import _TOUCH, NO_CROSSING
from tests.simulator.compiled import from_python

first_crossing = from_python(shoreline.first_crossing)

GRID = Grid(west=35.1, south=33.2, dlon=0.04, dlat=0.04, columns=21, rows=26)
PATHS = 1000


@pytest.fixture(scope="module")
def lebanon():
    """The coast of Lebanon from the shapes that come with roaring-landmask."""
    west, south, east, north = GRID.box
    land = read_land((west - 0.1, south - 0.1, east + 0.1, north + 0.1), "osm")
    return Coast.from_land(land, GRID).line


def paths_along(coast, rng, count):
    """Return paths of 30 m to 3 km in all directions, most of them across the coast."""
    middles = 0.5 * (coast.segments[:, :2] + coast.segments[:, 2:])
    size = np.array([GRID.columns, GRID.rows]) - 1.0
    within = ((middles > 0.05) & (middles < size - 0.05)).all(axis=1)
    metre = 1.0 / 4000.0  # about, in grid cells
    lengths = metre * 10.0 ** rng.uniform(1.5, 3.5, (count, 1))
    angles = rng.uniform(0.0, 2.0 * np.pi, count)
    step = lengths * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    through = middles[within][rng.integers(0, within.sum(), count)]
    through += 0.2 * lengths * rng.normal(size=(count, 2))
    start = through - rng.uniform(0.0, 1.0, (count, 1)) * step
    return np.clip(np.hstack([start, start + step]), 0.0, np.tile(size, 2))


def raster_crossings(coast, paths):
    """Return how far along each path the coast is met, and by which segment."""
    scales = coast.scale_x, coast.scale_y
    raster = coast.cell_start, coast.cell_segments, coast.segments
    met = [first_crossing(*path, *scales, *raster) for path in paths]
    return np.array([t for t, _ in met]), np.array([segment for _, segment in met])


def brute_force_crossing(segments, path):
    """Return the smallest crossing of a path and any segment, as `shoreline.crossing` has it.

    And the first segment that it is of, or -1.
    """
    x0, y0, x1, y1 = path
    ax, ay, bx, by = segments.T
    dx, dy, ex, ey = x1 - x0, y1 - y0, bx - ax, by - ay
    det = dx * ey - dy * ex
    with np.errstate(divide="ignore", invalid="ignore"):
        t = ((ax - x0) * ey - (ay - y0) * ex) / det
        s = ((ax - x0) * dy - (ay - y0) * dx) / det
    met = (det != 0.0) & (t >= 0.0) & (t <= 1.0) & (s >= -_TOUCH) & (s <= 1.0 + _TOUCH)
    t = np.where(met, t, NO_CROSSING)
    return t.min(), np.argmin(t) if met.any() else -1


@pytest.mark.slow
def test_no_crossing_of_the_lebanese_coast_is_missed(lebanon):
    assert len(lebanon.segments) > 500
    paths = paths_along(lebanon, np.random.default_rng(2006), PATHS)
    brute = [brute_force_crossing(lebanon.segments, path) for path in paths]
    expected = np.array([t for t, _ in brute])
    assert (expected < NO_CROSSING).mean() > 0.6
    assert (expected == NO_CROSSING).any()
    found, segments = raster_crossings(lebanon, paths)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(segments, [segment for _, segment in brute])
