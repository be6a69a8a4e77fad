"""The search space: what it refuses, and the way to the unit cube and back."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer import Parameter, Space

SPACE = Space(
    (
        Parameter("angle", -60.0, 60.0, 0.0, units="degree"),
        Parameter("diffusivity", 0.1, 50.0, 2.0, scale="log", units="m2 s-1"),
    )
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low": 2.0}, r"drift: bounds must be finite and rising, got \[2.0, 1.0\]"),
        ({"low": 1.0}, "drift: bounds must be finite and rising"),
        ({"low": math.nan}, "drift: bounds must be finite and rising"),
        ({"high": math.inf}, "drift: bounds must be finite and rising"),
        ({"default": 1.5}, r"drift: default 1.5 lies outside \[0.0, 1.0\]"),
        ({"default": math.nan}, "drift: default nan lies outside"),
        ({"scale": "log"}, "drift: a log scale needs a positive low"),
        ({"scale": "cubic"}, "drift: scale must be linear or log, got 'cubic'"),
    ],
)
def test_parameter_refuses_what_does_not_fit(changes: dict[str, Any], message: str) -> None:
    fields = {"name": "drift", "low": 0.0, "high": 1.0, "default": 0.5} | changes
    with pytest.raises(ValueError, match=message) as error:
        Parameter(**fields)
    assert "\n" not in str(error.value)


def test_space_needs_parameters_of_different_names() -> None:
    with pytest.raises(ValueError, match="at least one parameter"):
        Space(())
    with pytest.raises(ValueError, match=r"repeated: \['angle'\]"):
        Space((SPACE.parameters[0], SPACE.parameters[0]))


def test_log_scale_halves_ratios() -> None:
    middle = SPACE.from_unit([[0.5, 0.5]])[0]
    assert middle == pytest.approx({"angle": 0.0, "diffusivity": math.sqrt(0.1 * 50.0)})


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), max_size=5))
def test_unit_cube_and_back(unit: list[tuple[float, float]]) -> None:
    points = SPACE.from_unit(np.reshape(unit, (-1, 2)))
    for point in points:
        assert -60.0 <= point["angle"] <= 60.0
        assert 0.1 <= point["diffusivity"] <= 50.0
    np.testing.assert_allclose(SPACE.to_unit(points), np.reshape(unit, (-1, 2)), atol=1e-12)


def test_corners_are_the_bounds() -> None:
    low, high = SPACE.from_unit([[0.0, 0.0], [1.0, 1.0]])
    assert low == pytest.approx({"angle": -60.0, "diffusivity": 0.1}, rel=1e-14)
    assert high == pytest.approx({"angle": 60.0, "diffusivity": 50.0}, rel=1e-14)


def test_default_lies_in_the_space() -> None:
    assert SPACE.default == {"angle": 0.0, "diffusivity": 2.0}
    assert SPACE.to_unit([SPACE.default])[0, 0] == 0.5


def test_to_unit_refuses_points_of_another_space() -> None:
    with pytest.raises(ValueError, match="expected parameters"):
        SPACE.to_unit([{"angle": 0.0}])
    with pytest.raises(ValueError, match=r"angle = 90.0 lies outside \[-60.0, 60.0\]"):
        SPACE.to_unit([SPACE.default, {"angle": 90.0, "diffusivity": 1.0}])
    with pytest.raises(ValueError, match="diffusivity = nan lies outside"):
        SPACE.to_unit([{"angle": 0.0, "diffusivity": math.nan}])
