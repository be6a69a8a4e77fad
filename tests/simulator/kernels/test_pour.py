"""Oil about its pour point: free above, set well below."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.elements import inert_table, oil_table
from simulator.generic_oils import GENERIC_OILS
from simulator.kernels import pour
from simulator.kernels.pour import fluidity
from tests.simulator.compiled import from_python
from tests.simulator.strategies import NO_DEADLINE

law = fluidity.py_func
slow_down = from_python(pour.slow_down)
TEMPERATURES = st.floats(250.0, 330.0)


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (300.0, 1.0),
        (285.0, 1.0),
        (280.0, 1.0),
        (275.0, 0.5),
        (272.0, 0.2),
        (270.0, 0.0),
        (9.0, 0.0),
    ],
)
def test_oil_sets_from_5_to_15_kelvin_below_its_pour_point(temperature, expected):
    assert law(temperature, 285.0) == pytest.approx(expected)
    assert fluidity(temperature, 285.0) == law(temperature, 285.0)


@given(TEMPERATURES, TEMPERATURES, st.floats(0.0, 5.0))
def test_warmer_oil_moves_no_less_freely_and_without_a_jump(temperature, pour_point, warming):
    here, warmer = law(temperature, pour_point), law(temperature + warming, pour_point)
    assert 0.0 <= here <= warmer <= min(here + 0.1 * warming + 1e-12, 1.0)


@pytest.mark.slow
@NO_DEADLINE
@given(st.lists(TEMPERATURES, min_size=1, max_size=20), st.floats(150.0, 330.0))
def test_rates_slow_down_by_the_law(temperatures, pour_point):
    oil = oil_table(GENERIC_OILS["generic-medium-crude"])._replace(pour_point=pour_point)
    at = np.maximum(temperatures, oil.coldest)
    values = np.arange(1.0, at.size + 2.0)
    slow_down(at.size, at, oil, values)
    expected = [k * law(t, pour_point) for k, t in enumerate(at, start=1)]
    np.testing.assert_allclose(values[:-1], expected, rtol=1e-12)
    assert values[-1] == at.size + 1.0


@pytest.mark.parametrize("pour_point", [150.0, 258.0, 270.0])
def test_oil_that_is_liquid_in_any_sea_is_left_alone(pour_point):
    values = np.ones(3)
    slow_down(3, np.full(3, np.nan), inert_table()._replace(pour_point=pour_point), values)
    assert (values == 1.0).all()
