"""Oil on a grid: nothing comes, nothing goes, and the spread follows the density."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.kernels.gridding import bin_particles, smooth_by_density
from tests.simulator.strategies import NO_DEADLINE, SEEDS

ROWS, COLUMNS = 40, 60


def smoothed(count, total, neighbours=20.0, pilot=2, widest=8):
    return smooth_by_density(count, total, neighbours, pilot, widest)


@NO_DEADLINE
@given(SEEDS, st.integers(0, 500))
def test_particles_are_counted_where_they_are(seed, size):
    rng = np.random.default_rng(seed)
    column, row = rng.uniform(-10.0, 70.0, size), rng.uniform(-10.0, 50.0, size)
    mass = rng.uniform(0.0, 5.0, size)
    count, total = bin_particles(column, row, mass, ROWS, COLUMNS)
    edges = [np.arange(ROWS + 1), np.arange(COLUMNS + 1)]
    np.testing.assert_array_equal(count, np.histogram2d(row, column, edges)[0])
    np.testing.assert_allclose(total, np.histogram2d(row, column, edges, weights=mass)[0])


@pytest.mark.parametrize(
    "place", [(-1e-9, 1), (60, 1), (1, -1e-9), (1, 40), (np.nan, 1), (1, np.nan)]
)
def test_particles_outside_are_left_out(place):
    column, row = np.array([[float(value)] for value in place])
    count, total = bin_particles(column, row, np.ones(1), ROWS, COLUMNS)
    assert count.sum() == 0
    assert total.sum() == 0.0


@NO_DEADLINE
@given(SEEDS, st.integers(1, 2000), st.floats(0.5, 10.0))
def test_smoothing_keeps_the_mass(seed, size, spread):
    rng = np.random.default_rng(seed)
    column, row = np.clip(rng.normal([[30.0], [20.0]], spread, (2, size)), 9.0, [[50.0], [30.0]])
    count, total = bin_particles(column, row, rng.uniform(0.0, 5.0, size), ROWS, COLUMNS)
    smooth = smoothed(count, total)
    assert smooth.sum() == pytest.approx(total.sum())
    assert smooth.min() > -1e-12 * total.sum()


def test_a_lone_particle_paints_the_widest_square_and_no_more():
    count, total = np.zeros((ROWS, COLUMNS), np.int64), np.zeros((ROWS, COLUMNS))
    count[20, 30], total[20, 30] = 1, 289.0
    expected = np.zeros((ROWS, COLUMNS))
    expected[12:29, 22:39] = 1.0
    np.testing.assert_allclose(smoothed(count, total), expected, atol=1e-12)


def test_what_falls_over_the_edge_is_lost():
    count, total = np.zeros((ROWS, COLUMNS), np.int64), np.zeros((ROWS, COLUMNS))
    count[0, 0], total[0, 0] = 1, 289.0
    smooth = smoothed(count, total, pilot=0)
    # without a pilot square the lone particle would need 20 cells: a half width of 2
    assert smooth.sum() == pytest.approx(289.0 * 9 / 25)


def test_many_particles_stay_where_they_are():
    rng = np.random.default_rng(0)
    count = rng.integers(100, 200, (ROWS, COLUMNS))
    np.testing.assert_allclose(smoothed(count, 2.0 * count), 2.0 * count)


def test_the_square_holds_about_as_many_particles_as_asked():
    for per_cell, half in ((1, 2), (2, 1), (4, 1), (6, 0)):
        count = np.full((ROWS, COLUMNS), per_cell)
        total = np.zeros((ROWS, COLUMNS))
        total[20, 30] = 1.0
        painted = smoothed(count, total) > 1e-9
        assert painted.sum() == (2 * half + 1) ** 2


def test_an_even_slab_stays_even():
    count = np.zeros((ROWS, COLUMNS), np.int64)
    count[5:35, 5:55] = 4
    smooth = smoothed(count, 0.5 * count)
    np.testing.assert_allclose(smooth[8:32, 8:52], 2.0)
