"""Exponential and logarithm against those of the library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.kernels._jit import kernel
from simulator.kernels.elementary import exponential, logarithm
from tests.simulator.strategies import NO_DEADLINE


@kernel
def exponentials(values):
    result = np.empty(values.size)
    for k in range(values.size):
        result[k] = exponential(values[k])
    return result


@kernel
def logarithms(values):
    result = np.empty(values.size)
    for k in range(values.size):
        result[k] = logarithm(values[k])
    return result


@pytest.mark.slow
def test_the_exponential_is_right_to_a_billionth():
    values = np.concatenate([np.linspace(-700.0, 700.0, 9973), np.linspace(-2.0, 2.0, 9973)])
    np.testing.assert_allclose(exponentials(values), np.exp(values), rtol=1e-9)


@pytest.mark.slow
def test_the_logarithm_is_right_to_a_billionth():
    values = np.exp(np.concatenate([np.linspace(-700.0, 700.0, 9973), np.linspace(-1, 1, 9973)]))
    np.testing.assert_allclose(logarithms(values), np.log(values), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 0.5 * np.log(2.0), -0.5 * np.log(2.0)])
def test_the_exponential_at_the_ends_of_its_series(value):
    assert exponential(value) == pytest.approx(np.exp(value), rel=1e-9)


def test_beyond_its_range_the_exponential_is_that_of_the_end():
    np.testing.assert_array_equal(
        exponentials(np.array([-1e9, 1e9])), exponentials(np.array([-700.0, 700.0]))
    )


def test_the_logarithm_of_nothing_is_low_and_finite():
    assert np.isfinite(logarithm(0.0))
    assert logarithm(0.0) < -700.0


@NO_DEADLINE
@given(st.integers(1, 40), st.floats(-50.0, 50.0))
def test_a_number_has_one_exponential_wherever_it_stands(length, value):
    values = np.full(length, value)
    assert set(exponentials(values)) == {exponential(value)}
    assert set(logarithms(exponentials(values))) == {logarithm(exponential(value))}
