import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation
from scipy.special import ndtr

from witoil.forecast.spreading import LEAST, SPEED, grown, growth

CELL = 100.0
ALL = np.ones((60, 70), bool)
HOURS = 6.0
SECONDS = 3600.0 * HOURS


def slick(rows=(25, 35), columns=(20, 40)):
    mask = np.zeros(ALL.shape, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def disc(cells):
    y, x = np.mgrid[-cells : cells + 1, -cells : cells + 1]
    return np.hypot(x, y) <= cells


def after(*pairs, seconds=SECONDS):
    earlier = [growth(before, later, ALL, seconds, CELL) for before, later in pairs]
    return grown(slick(), seconds, CELL, earlier, np.ones(len(earlier)))


def test_without_a_record_edges_move_as_stated():
    probability = grown(slick(), SECONDS, CELL, [], np.zeros(0))
    # right of the middle of the right edge: n cells off
    for n in (1, 5, 10):
        distance = (n - 0.5) * CELL / (SPEED * SECONDS)
        assert probability[30, 39 + n] == pytest.approx(ndtr(-distance), abs=0.06)
    assert probability[30, 39] > 0.5 > probability[30, 40]
    assert not probability[0, 0]


def test_a_slick_that_grew_grows_again():
    grew = binary_dilation(slick(), disc(5))
    stated = grown(slick(), SECONDS, CELL, [], np.zeros(0))
    learnt = after(*[(slick(), grew)] * 3)
    ring = grew & ~slick()
    assert learnt[ring].mean() > stated[ring].mean() + 0.3
    assert learnt[slick()].mean() > stated[slick()].mean()
    outside = ~binary_dilation(grew, disc(3))
    assert learnt[outside].mean() < stated[outside].mean()


def test_a_slick_that_stayed_stays():
    learnt = after(*[(slick(), slick())] * 6)
    assert learnt[slick()].min() > 0.8
    assert learnt[~slick()].mean() < 0.05


def test_longer_reaches_farther():
    day = grown(slick(), 4.0 * SECONDS, CELL, [], np.zeros(0))
    assert day[30, 50] > grown(slick(), SECONDS, CELL, [], np.zeros(0))[30, 50] + 0.1


@pytest.mark.slow
@given(st.integers(1, 9), st.integers(0, 8), st.lists(st.floats(0.0, 1.0), min_size=2, max_size=2))
def test_probabilities_fall_outward_and_are_none_far_off(cells, shift, fading):
    moved = np.roll(slick(), shift, axis=1)
    earlier = [
        growth(slick(), binary_dilation(slick(), disc(cells)), ALL, SECONDS, CELL),
        growth(slick(), moved, ALL, SECONDS, CELL),
    ]
    probability = grown(slick(), SECONDS, CELL, earlier, np.array(fading))
    assert (np.diff(probability[30, 39:]) <= 1e-6).all()
    assert ((probability == 0.0) | (probability >= LEAST)).all()
    assert probability.max() <= 1.0


def test_what_cannot_be_compared_teaches_nothing():
    half = ALL.copy()
    half[:, 35:] = False
    wrong = np.where(half, slick(), True)  # oil everywhere where nobody looked
    one, other = (growth(slick(), seen, half, SECONDS, CELL) for seen in (slick(), wrong))
    np.testing.assert_array_equal(one.oil, other.oil)
    np.testing.assert_array_equal(one.cells, other.cells)


def test_nothing_grows_from_nothing():
    none = np.zeros_like(ALL)
    assert growth(none, slick(), ALL, SECONDS, CELL) is None
    assert not grown(none, SECONDS, CELL, [None], np.ones(1)).any()
