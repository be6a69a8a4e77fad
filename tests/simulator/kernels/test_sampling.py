"""Sampling of gridded fields: exact where the field is what the rule assumes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from simulator.kernels import sampling
from simulator.kernels.sampling import (
    NONE,
    add_interpolated,
    linear,
    nearest_present,
    row_below,
)
from tests.simulator.compiled import from_python
from tests.simulator.strategies import NO_DEADLINE, SEEDS

bilinear_vector = from_python(sampling.bilinear_vector)

COEFFICIENTS = st.lists(st.floats(-10.0, 10.0), min_size=4, max_size=4)
ROWS, COLUMNS = 5, 7


def bilinear(c, x, y):
    return c[0] + c[1] * x + c[2] * y + c[3] * x * y


@pytest.mark.slow
@NO_DEADLINE
@given(COEFFICIENTS, COEFFICIENTS, st.floats(0.0, 5.999999), st.floats(0.0, 3.999999))
def test_a_bilinear_field_is_sampled_exactly(cu, cv, x, y):
    row, column = np.mgrid[:ROWS, :COLUMNS].astype(float)
    field = np.stack([bilinear(cu, column, row), bilinear(cv, column, row)], axis=-1)
    expected = bilinear(cu, x, y), bilinear(cv, x, y)
    np.testing.assert_allclose(bilinear_vector(field, x, y, 0), expected, rtol=1e-12, atol=1e-10)
    behind = np.concatenate([np.full_like(field, np.nan), field], axis=-1)
    np.testing.assert_array_equal(bilinear_vector(behind, x, y, 2), bilinear_vector(field, x, y, 0))


def test_a_node_gives_its_own_value():
    field = np.random.default_rng(0).normal(size=(ROWS, COLUMNS, 2))
    assert bilinear_vector(field, 3.0, 2.0, 0) == tuple(field[2, 3])


def test_a_missing_node_is_missing_in_the_cells_around_it_alone():
    field = np.zeros((ROWS, COLUMNS, 2))
    field[2, 3] = np.nan
    assert np.isnan(bilinear_vector(field, 2.5, 1.5, 0)).all()
    assert bilinear_vector(field, 1.5, 1.5, 0) == (0.0, 0.0)


@pytest.mark.slow
@NO_DEADLINE
@given(st.floats(-10.0, 10.0), st.floats(-10.0, 10.0), st.floats(0.0, 3.999999))
def test_a_linear_profile_is_sampled_exactly(offset, slope, y):
    profile = (offset + slope * np.arange(5.0))[:, np.newaxis]
    assert linear(profile, *row_below(y), 0) == pytest.approx(offset + slope * y, abs=1e-12)


def added(time, *, times=(0.0, 100.0, 300.0), factor=1.0, turned=0.0, clockwise=1.0):
    """Add to ones a field that is (1, 2) + (0.1, -0.2) * time."""
    times = np.array(times)
    target = np.ones((2, 3, 2))
    values = np.empty((times.size, 2, 3, 2), np.float32)
    values[..., 0] = 1.0 + 0.1 * times[:, None, None]
    values[..., 1] = 2.0 - 0.2 * times[:, None, None]
    wanted = np.array([time])
    add_interpolated(
        target[np.newaxis], 0, wanted, times, values, factor, turned, np.full(2, clockwise)
    )
    np.testing.assert_array_equal(target, np.broadcast_to(target[0, 0], target.shape))
    return target[0, 0]


@pytest.mark.parametrize("time", [0.0, 1.0, 50.0, 100.0, 101.0, 299.0, 300.0])
def test_records_are_linear_in_time(time):
    np.testing.assert_allclose(added(time), [2.0 + 0.1 * time, 3.0 - 0.2 * time], rtol=1e-6)


def test_a_single_record_holds_for_all_times():
    np.testing.assert_allclose(added(1e6, times=(0.0,)), [2.0, 3.0])


def test_a_turned_vector_points_to_the_right_in_the_north_and_to_the_left_in_the_south():
    np.testing.assert_allclose(added(0.0, factor=0.0, turned=1.0), [1.0 + 2.0, 1.0 - 1.0])
    south = added(0.0, factor=0.0, turned=1.0, clockwise=-1.0)
    np.testing.assert_allclose(south, [1.0 - 2.0, 1.0 + 1.0])


@pytest.mark.slow
@NO_DEADLINE
@given(SEEDS, st.integers(1, 25), st.integers(1, 25), st.sampled_from([0.1, 0.5, 0.9, 0.97]))
def test_the_nearest_node_is_the_one_that_scipy_finds(seed, rows, columns, share):
    missing = np.random.default_rng(seed).random((rows, columns)) < share
    missing[-1, -1] = False
    distance, expected = distance_transform_edt(missing, return_indices=True)
    np.testing.assert_array_equal(nearest_present(missing, np.inf), expected)
    near = np.where(distance <= 3.0, expected, NONE)
    np.testing.assert_array_equal(nearest_present(missing, 3.0), near)


def test_where_all_nodes_are_missing_none_is_near():
    found = nearest_present(np.ones((3, 4), bool), np.inf)
    np.testing.assert_array_equal(found, np.full((2, 3, 4), NONE))
