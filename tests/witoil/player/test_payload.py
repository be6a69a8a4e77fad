import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from witoil.player.payload import Payload, pack_array, unpack
from witoil.player.quantise import Linear, Logarithmic

MOST = 65534

finite = st.floats(-1e6, 1e6)
shapes = arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=20)
numbers = st.sampled_from([np.uint8, np.uint16, np.uint32]).flatmap(
    lambda kind: arrays.arrays(kind, shapes)
)


@pytest.mark.slow
@given(st.lists(numbers, max_size=4))
def test_arrays_come_back_as_they_were(values):
    given = {f"a{k}": each for k, each in enumerate(values)}
    packed = {name: pack_array(each) for name, each in given.items()}
    payload = Payload({"kept": "äß"}, packed)
    header, text = payload.as_text()
    assert header["kept"] == "äß"
    found = unpack(header, text)
    assert [*found] == [*given]
    for name, each in given.items():
        assert found[name].dtype == each.dtype
        np.testing.assert_array_equal(found[name], each)


def test_what_hardly_changes_is_short():
    still = np.random.default_rng(1).integers(0, 65536, 5000, np.uint16)
    one, many = pack_array(still[np.newaxis]), pack_array(np.tile(still, (48, 1)))
    assert len(many.content) < 1.2 * len(one.content)


@given(arrays.arrays(np.float64, st.integers(1, 50), elements=finite))
def test_equal_steps_are_off_by_half_a_step(values):
    scale = Linear.over(values.min(), values.max(), MOST)
    found = scale.decode(scale.encode(values, MOST))
    assert np.abs(found - values).max() <= scale.step * (0.5 + 1e-6) + 1e-9


@given(arrays.arrays(np.float64, st.integers(1, 50), elements=st.floats(0.0, 1e9)))
def test_equal_ratios_are_off_by_half_a_ratio(values):
    scale = Logarithmic(values.max() or 1.0, 1.005, MOST)
    found = scale.decode(scale.encode(values, MOST))
    np.testing.assert_array_equal(found[values == 0.0], 0.0)
    some = values > scale.least
    np.testing.assert_allclose(found[some], values[some], rtol=0.0026)
    assert (found[(values > 0.0) & ~some] <= scale.least).all()


@pytest.mark.parametrize("most", [1, 200, MOST])
def test_the_greatest_value_is_the_last_number(most):
    assert Linear.over(-3.0, 5.0, most).encode(np.array([5.0]), most) == most
    assert Logarithmic(5.0, 1.05, most).encode(np.array([5.0]), most) == most


def test_values_that_are_all_the_same_are_kept():
    scale = Linear.over(7.0, 7.0, MOST)
    assert scale.decode(scale.encode(np.array([7.0]), MOST)) == 7.0
