"""Litter by hand: squares of 128 pixels at 0.2 cm are 0.256 m wide, 0.065536 m2."""

import pytest

from aquatic.errors import AquaticError
from aquatic.litter import NOT_TRANSLATABLE, litter_in, translated


def test_ten_squares_of_much_and_four_of_little():
    found = litter_in(10, 4, 3, gsd_cm=0.2)
    assert found.items == 10 * 3.5 + 4 * 1.5 == 41.0
    assert found.area_m2 == pytest.approx(12 * 0.065536)
    assert found.volume_m3 == pytest.approx((10 * 0.30 + 4 * 0.07) * 0.065536)
    assert found.organic_m2 == pytest.approx(0.196608)
    assert found.organic_m3 == pytest.approx(0.0196608)


def test_squares_of_larger_ground_have_more():
    one, two = litter_in(1, 1, 1, gsd_cm=0.2), litter_in(1, 1, 1, gsd_cm=0.4)
    for name in ("items", "area_m2", "volume_m3", "organic_m2", "organic_m3"):
        assert getattr(two, name) == pytest.approx(4.0 * getattr(one, name))


def test_one_square_is_not_cut_to_nothing():
    assert litter_in(0, 1, 0, gsd_cm=0.2).items == 1.5
    assert litter_in(0, 1, 0, gsd_cm=0.2).area_m2 == pytest.approx(0.032768)


@pytest.mark.parametrize(("high", "gsd_cm"), [(-1, 0.2), (1, 0.0), (1, 200.0), (1, float("nan"))])
def test_counts_and_sizes_that_are_none_are_refused(high, gsd_cm):
    with pytest.raises(AquaticError, match="expected"):
        litter_in(high, 0, 0, gsd_cm=gsd_cm)


def test_what_the_list_cannot_tell_is_not_translated():
    assert translated("P - wrappers under 10cm") == ("J30", "")
    code, reason = translated("P - bottles PET")
    assert (code, reason) == (NOT_TRANSLATABLE, "J7 or J8: the class does not tell")
    assert translated("NP - rubber")[0] == NOT_TRANSLATABLE
    assert translated("crab", {"crab": ("X1",)}) == ("X1", "")
