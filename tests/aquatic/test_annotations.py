"""Annotations of many people: the rules on a made table, counts exact, order of no matter."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aquatic.annotations import (
    Annotation,
    Box,
    box_of_line,
    box_of_point,
    counts,
    iou,
    share_of_smaller,
    united,
)
from aquatic.errors import AquaticError

SIZE = (1920, 1080)


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ((100, 200, 140, 230), Box(100, 140, 200, 230)),  # 37 degrees: its own box
        ((100, 200, 200, 200), Box(100, 200, 150, 250)),  # lies: half of its length on both sides
        ((200, 200, 100, 200), Box(100, 200, 150, 250)),
        ((100, 200, 100, 300), Box(50, 150, 200, 300)),  # stands
        ((5, 300, 5, 200), Box(0, 55, 200, 300)),  # within the image
        ((1000, 1079, 1010, 1079), Box(1000, 1010, 1074, 1080)),
    ],
)
def test_lines_become_boxes(line, box):
    assert box_of_line(*line, SIZE) == box


def test_lines_are_straight_below_18_degrees():
    thin, wide = box_of_line(0, 0, 1000, 324, SIZE), box_of_line(0, 0, 1000, 326, SIZE)
    assert thin.ymax > 800.0  # atan(0.324) is 17.95 degrees
    assert wide.ymax == 326.0


def test_points_and_room():
    assert box_of_point(10, 20, SIZE) == Box(9, 11, 19, 21)
    assert box_of_point(0, 1080, SIZE) == Box(0, 1, 1079, 1080)
    assert box_of_line(100, 200, 140, 230, SIZE, pad=25) == Box(75, 165, 175, 255)


def test_what_boxes_share():
    one, other = Box(0, 10, 0, 10), Box(5, 15, 0, 10)
    assert iou(one, other) == pytest.approx(1 / 3)
    assert share_of_smaller(one, other) == 0.5
    assert iou(one, Box(2, 4, 2, 4)) == 0.04
    assert share_of_smaller(one, Box(2, 4, 2, 4)) == 1.0
    assert iou(one, Box(10, 20, 0, 10)) == iou(Box(1, 1, 1, 1), Box(1, 1, 1, 1)) == 0.0


def drawn(image, species, xmin, xmax, ymin, ymax):
    return Annotation(image, species, Box(xmin, xmax, ymin, ymax), xmax - xmin)


MADE = [
    # three of one crab: the first and the last are linked by the middle one alone
    drawn("a.jpg", "crab", 0, 100, 0, 100),
    drawn("a.jpg", "crab", 40, 140, 0, 100),
    drawn("a.jpg", "crab", 20, 120, 0, 100),
    # within it, small: the same by its share
    drawn("a.jpg", "crab", 30, 50, 30, 50),
    # another species, another image, another place
    drawn("a.jpg", "snail", 0, 100, 0, 100),
    drawn("b.jpg", "crab", 0, 100, 0, 100),
    drawn("a.jpg", "crab", 500, 600, 0, 100),
    # overlaps that by less than either threshold
    drawn("a.jpg", "crab", 570, 670, 0, 100),
]


def test_the_rules_on_a_made_table():
    found = united(MADE)
    assert counts(found) == {"crab": (7, 4), "snail": (1, 1)}
    crab = found[0]
    assert (crab.box, crab.occurrences, crab.length) == (Box(0, 140, 0, 100), 4, 100)
    assert [it.occurrences for it in found] == [4, 1, 1, 1, 1]
    assert counts(united(MADE, least_share=0.3)) == {"crab": (7, 3), "snail": (1, 1)}
    # the small one lies within two of the three
    assert counts(united(MADE, least_iou=0.9, least_share=1.0))["crab"] == (7, 5)


def test_a_small_box_within_a_large_one_is_not_one_by_the_first_rule():
    inner = [drawn("a", "x", 0, 100, 0, 100), drawn("a", "x", 90, 110, 90, 110)]
    assert len(united(inner)) == 2


def test_two_boxes_from_one_corner_have_an_order_of_their_own():
    high, wide = drawn("a", "x", 0, 1, 0, 3), drawn("a", "x", 0, 3, 0, 1)
    assert united([high, wide]) == united([wide, high])


_side = st.integers(0, 60)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(_side, _side, st.integers(1, 40), st.integers(1, 40)), max_size=12),
    st.randoms(use_true_random=False),
)
def test_order_is_of_no_matter_and_none_is_lost(places, chance: random.Random):
    made = [drawn("a", "x", x, x + w, y, y + h) for x, y, w, h in places]
    mixed = made[:]
    chance.shuffle(mixed)
    found = united(made)
    assert found == united(mixed)
    assert sum(it.occurrences for it in found) == len(made)
    for group in found:
        assert any(group.box.xmin == it.box.xmin for it in made)


@pytest.mark.parametrize("value", [0.0, 1.1, float("nan")])
def test_thresholds_that_are_none_are_refused(value):
    with pytest.raises(AquaticError, match="least_iou"):
        united(MADE, least_iou=value)
