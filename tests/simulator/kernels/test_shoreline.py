"""The first crossing of a path and the coast, against shapely looking at every segment."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_cdt

from simulator.kernels import shoreline
from simulator.kernels.shoreline import NO_CROSSING, clearance, rasterise_segments
from tests.simulator.compiled import from_python
from tests.simulator.strategies import NO_DEADLINE, SEEDS

first_crossing = from_python(shoreline.first_crossing)

SIDE = 12.0  # of the sea, in grid cells


def edges(rings):
    pieces = [np.hstack([ring[:-1], ring[1:]]) for ring in rings]
    return np.concatenate([np.empty((0, 4)), *pieces])


def kernel_crossings(segments, paths, scale_x, scale_y):
    rows, columns = int(np.ceil(SIDE * scale_y)) + 1, int(np.ceil(SIDE * scale_x)) + 1
    raster = rasterise_segments(segments, scale_x, scale_y, rows, columns)
    return np.array([first_crossing(*p, scale_x, scale_y, *raster, segments)[0] for p in paths])


def shapely_crossings(segments, paths):
    coast = shapely.multilinestrings(shapely.linestrings(segments.reshape(-1, 2, 2)))
    lines = shapely.linestrings(paths.reshape(-1, 2, 2))
    met = shapely.intersection(lines, coast)
    there = shapely.distance(shapely.points(paths[:, :2]), met)
    return np.where(shapely.is_empty(met), NO_CROSSING, there / shapely.length(lines))


def random_rings(rng, count=8):
    """Islands with 3 to 40 corners, some of them bigger than the sea."""
    for _ in range(count):
        corners = rng.integers(3, 40)
        angles = np.sort(rng.uniform(0.0, 2.0 * np.pi, corners))
        radii = rng.uniform(0.2, 1.0, corners) * rng.choice([0.1, 1.0, 6.0])
        ring = rng.uniform(0.0, SIDE, 2) + np.stack(
            [radii * np.cos(angles), radii * np.sin(angles)], axis=-1
        )
        yield np.vstack([ring, ring[:1]])


@pytest.mark.slow
@NO_DEADLINE
@given(SEEDS, st.sampled_from([0.5, 1.0, 3.7, 20.0]), st.sampled_from([0.8, 2.0, 15.0]))
def test_paths_short_and_long_meet_the_coast_where_shapely_says(seed, scale_x, scale_y):
    rng = np.random.default_rng(seed)
    segments = edges(random_rings(rng))
    starts = rng.uniform(0.0, SIDE, (100, 2))
    steps = rng.normal(size=(100, 2)) * rng.choice([0.01, 0.3, 5.0], (100, 1))
    paths = np.hstack([starts, np.clip(starts + steps, 0.0, SIDE)])
    np.testing.assert_allclose(
        kernel_crossings(segments, paths, scale_x, scale_y),
        shapely_crossings(segments, paths),
        atol=1e-7,
    )


@pytest.mark.slow
@NO_DEADLINE
@given(SEEDS, st.sampled_from([1.0, 2.0, 4.0]))
def test_paths_through_joints_and_along_cell_borders_find_the_coast(seed, scale):
    """Everything lies on quarter cells, so that joints, borders and corners are met exactly."""
    rng = np.random.default_rng(seed)
    islands = [shapely.make_valid(shapely.Polygon(ring)) for ring in random_rings(rng)]
    islands = shapely.set_precision(islands, 0.25)
    segments = edges([shapely.get_coordinates(ring) for ring in shapely.get_rings(islands)])
    paths = rng.integers(0, int(4 * SIDE) + 1, (200, 4)) / 4.0
    paths[::4, 3] = paths[::4, 1]  # along a row
    paths[1::4, 2] = paths[1::4, 0]  # along a column
    paths = paths[(paths[:, :2] != paths[:, 2:]).any(axis=1)]
    expected = shapely_crossings(segments, paths)
    at_sea = expected > 0.0  # no particle starts on the coast itself
    found = kernel_crossings(segments, paths[at_sea], scale, scale)
    np.testing.assert_allclose(found, expected[at_sea], atol=1e-9)


@pytest.mark.parametrize("angle", np.linspace(0.0, np.pi, 7))
def test_a_path_through_the_joint_of_two_segments_does_not_slip_through(angle):
    joint = np.array([5.0, 5.0]) + 1e-3 * np.sqrt([2.0, 3.0])
    ahead = np.array([np.cos(angle), np.sin(angle)])
    aside = np.array([-ahead[1], ahead[0]])
    segments = edges([np.stack([joint - aside + 0.3 * ahead, joint, joint + aside])])
    path = np.concatenate([joint - ahead, joint + ahead])
    assert kernel_crossings(segments, [path], 3.0, 3.0)[0] == pytest.approx(0.5)


def test_a_path_with_no_coast_is_free():
    assert kernel_crossings(np.empty((0, 4)), [[1.0, 1.0, 9.0, 9.0]], 2.0, 2.0)[0] == NO_CROSSING


def test_a_path_of_no_length_is_free():
    segments = np.array([[0.0, 0.0, 10.0, 10.0]])
    assert kernel_crossings(segments, [[5.0, 5.0, 5.0, 5.0]], 2.0, 2.0)[0] == NO_CROSSING


def test_every_segment_is_filed_in_each_cell_it_runs_through_and_in_no_other():
    rng = np.random.default_rng(0)
    starts = rng.uniform(-1.0, SIDE + 1.0, (600, 2))
    steps = rng.normal(size=(600, 2)) * rng.choice([1e-6, 1e-2, 1.0, 10.0], (600, 2))
    segments = np.hstack([starts, starts + steps])
    rows = columns = 25
    start, members = rasterise_segments(segments, 2.0, 2.0, rows, columns)
    shore = shapely.linestrings(2.0 * segments.reshape(-1, 2, 2))
    shapely.prepare(shore)
    for row in range(rows):
        for column in range(columns):
            filed = members[start[row, column] : start[row, column + 1]]
            cell = shapely.box(column, row, column + 1, row + 1)
            assert set(np.flatnonzero(shapely.intersects(shore, cell))) <= set(filed)
            assert shapely.dwithin(shore[filed], cell, 1e-5).all()


@pytest.mark.slow
@NO_DEADLINE
@given(SEEDS, st.integers(1, 30), st.sampled_from([40, 600]), st.sampled_from([0.2, 0.01, 1e-3]))
def test_clearance_is_the_distance_that_scipy_finds(seed, rows, columns, share):
    coastal = np.random.default_rng(seed).random((rows, columns)) < share
    coastal[0, 0] = True
    before = np.zeros((rows, 1), np.int32)
    cell_start = np.hstack([before, np.cumsum(coastal, axis=1, dtype=np.int32)])
    expected = np.minimum(distance_transform_cdt(~coastal, metric="chessboard"), 255)
    np.testing.assert_array_equal(clearance(cell_start), expected)
