import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.builders import card, constant
from witoil.plugins.errors import PluginError
from witoil.plugins.heads.detect import Candidates, boxes_iou, outline, turned_corners, turned_iou

LABELS = 'labels = ["fish", "crab"]'
BLACK = np.zeros((40, 80, 3))
# 80 x 40 pixels in 64 x 64: half as large, 16 pixels of grey above and below
HOW = 'size = [64, 64]\nresize = "letterbox"'


def detector(form, task="detect", **output):
    extra = "".join(f"\n{key} = {value}" for key, value in output.items())
    return card(task, how=HOW, output=f'format = "{form}"\n{LABELS}{extra}')


def columns(*boxes, classes=2, objectness=False, extra=()):
    """Return (1, numbers, n) of boxes: middle, size, score, class."""
    rows = []
    for k, (x, y, width, height, score, at, *rest) in enumerate(boxes):
        scores = [0.0] * classes
        scores[at] = score
        rows.append(
            [x, y, width, height, *([0.9] if objectness else []), *scores, *rest]
            + (list(extra[k]) if len(extra) else [])
        )
    return np.array([rows], np.float32).transpose(0, 2, 1)


def test_boxes_come_back_from_the_letterbox(found):
    model = constant([1, 3, 64, 64], y=columns((32, 32, 16, 8, 0.9, 1), (8, 20, 8, 8, 0.6, 0)))
    crab, fish = found(model, detector("yolov8"), BLACK).findings.features
    assert (crab.label, crab.score) == ("crab", pytest.approx(0.9))
    assert crab.pixel.bounds == pytest.approx((30.0, 15.0, 50.0, 25.0))
    assert fish.pixel.bounds == pytest.approx((5.0, 0.0, 15.0, 10.0))


def test_all_layouts_of_boxes_say_the_same(found):
    box = (32, 32, 16, 8)
    five = columns((*box, 1.0, 1), objectness=True).transpose(0, 2, 1)
    ends = np.array([[[24, 28, 40, 36, 0.9, 1.0], [0, 0, 4, 4, 0.1, 0.0]]], np.float32)
    for form, values in {
        "yolov8": columns((*box, 0.9, 1)),
        "yolov5": five,
        "e2e": ends,
    }.items():
        (crab,) = found(constant([1, 3, 64, 64], y=values), detector(form), BLACK).findings.features
        assert (crab.label, crab.score) == ("crab", pytest.approx(0.9))
        assert crab.pixel.bounds == pytest.approx((30.0, 15.0, 50.0, 25.0))


def test_boxes_of_one_class_do_not_overlap(found):
    boxes = (
        (30, 30, 16, 16, 0.9, 0),
        (30, 32, 16, 16, 0.8, 0),  # 14/18 of both
        (30, 32, 16, 16, 0.7, 1),  # of another class
        (30, 42, 16, 16, 0.6, 0),  # 4/28
    )
    model = constant([1, 3, 64, 64], y=columns(*boxes))
    scores = [it.score for it in found(model, detector("yolov8"), BLACK).findings.features]
    assert scores == pytest.approx([0.9, 0.7, 0.6])
    few = found(model, detector("yolov8", max_det=1), BLACK).findings.features
    assert [it.score for it in few] == pytest.approx([0.9])
    many = found(model, detector("yolov8"), BLACK, parameters={"iou": "0.8", "conf": 0.65})
    assert [it.score for it in many.findings.features] == pytest.approx([0.9, 0.8, 0.7])


def test_what_lies_in_the_grey_is_no_thing(found):
    model = constant([1, 3, 64, 64], y=columns((32, 4, 16, 6, 0.9, 0)))
    assert found(model, detector("yolov8"), BLACK).findings.features == []


def test_nothing_found_is_an_answer(found):
    model = constant([1, 3, 64, 64], y=columns((32, 32, 16, 8, 0.1, 0)))
    for form, task in (("yolov8", "detect"), ("obb", "detect-obb")):
        values = columns((32, 32, 16, 8, 0.1, 0, *([0.5] if form == "obb" else [])))
        model = constant([1, 3, 64, 64], y=values)
        assert found(model, detector(form, task), BLACK).findings.features == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (np.zeros((1, 7, 5)), "7 numbers for each box, expected 6"),
        (np.full((1, 6, 5), 9.0), "scores of 9 to 9, expected 0 to 1"),
        (np.zeros((6, 5)), "shape"),
    ],
)
def test_a_foreign_detector_is_refused(found, values, text):
    with pytest.raises(PluginError, match=text):
        found(constant([1, 3, 64, 64], y=values), detector("yolov8"), BLACK)


def test_boxes_that_are_turned_keep_their_corners(found):
    model = constant([1, 3, 64, 64], y=columns((32, 32, 20, 10, 0.9, 0, np.pi / 6)))
    (fish,) = found(model, detector("obb", "detect-obb"), BLACK).findings.features
    # 64 pixels stand for 80: each is 1.25 wide
    along = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)]) * 12.5
    across = np.array([-np.sin(np.pi / 6), np.cos(np.pi / 6)]) * 6.25
    middle = np.array([40.0, 20.0])
    expected = [middle + a * along + b * across for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
    np.testing.assert_allclose(np.array(fish.pixel.exterior.coords)[:4], expected, atol=1e-4)


numbers = st.floats(2.0, 40.0)


def candidate(x, y, width, height, angle):
    one = np.ones(1, np.float32)
    return Candidates(
        np.array([[x, y, width, height]], np.float32),
        np.array([angle], np.float32),
        one,
        np.zeros(1, np.intp),
        np.zeros((1, 0), np.float32),
    )


@pytest.mark.slow
@given(numbers, numbers, st.floats(-4.0, 4.0), st.floats(0.0, 30.0), st.floats(-4.0, 4.0))
def test_likeness_of_turned_boxes_is_symmetric_and_turns_with_them(w, h, angle, apart, turn):
    a, b = candidate(0, 0, w, h, angle), candidate(apart, 0, h, w, 0.3)
    likeness = turned_iou(a, b)[0]
    assert 0.0 <= likeness <= 1.0
    assert turned_iou(b, a)[0] == pytest.approx(likeness, abs=1e-4)
    assert turned_iou(a, a)[0] == pytest.approx(1.0, abs=1e-3)
    turned = candidate(apart * np.cos(turn), apart * np.sin(turn), h, w, 0.3 + turn)
    both = turned_iou(candidate(0, 0, w, h, angle + turn), turned)[0]
    assert both == pytest.approx(likeness, abs=1e-3)


@pytest.mark.parametrize("apart", [0.0, 1.0, 5.0, 20.0])
def test_likeness_of_two_squares_is_that_of_their_gaussians(apart):
    """Two normal distributions of variance s: Hellinger distance sqrt(1 - exp(-d^2 / 8 s))."""
    a, b = candidate(0, 0, 12, 12, 0.4), candidate(apart, 0, 12, 12, 1.1)
    expected = 1.0 - np.sqrt(1.0 - np.exp(-(apart**2) / (8.0 * 12.0)))
    assert turned_iou(a, b)[0] == pytest.approx(expected, abs=1e-3)


@given(numbers, numbers, numbers, numbers, st.floats(0, 20), st.floats(0, 20))
def test_overlap_of_boxes_is_that_of_their_areas(w, h, v, k, x, y):
    one, other = candidate(0, 0, w, h, 0), candidate(x, y, v, k, 0)
    a, b = (shapely.Polygon(turned_corners(it.boxes, it.angles)[0]) for it in (one, other))
    expected = a.intersection(b).area / a.union(b).area
    assert boxes_iou(one, other)[0] == pytest.approx(expected, abs=1e-5)


def test_outlines_of_things_are_level_lines_of_their_masks(found):
    """Two prototypes, a disc and a half plane, in a quarter of the pixels of the tensor."""
    y, x = np.mgrid[0:16, 0:16] + 0.5
    disc = 5.0 - np.hypot(x - 8.0, y - 8.0)
    half = x - 8.0
    boxes = columns(
        (32, 32, 60, 44, 0.9, 0),
        (20, 32, 40, 20, 0.8, 1),
        extra=[(1.0, 0.0), (0.0, 1.0)],
    )
    model = constant([1, 3, 64, 64], y=boxes, p=np.stack([disc, half])[None])
    text = detector("seg", "instance-seg", names='["y", "p"]')
    fish, crab = found(model, text, BLACK).findings.features
    # 80 pixels stand for 16 of the prototypes
    cut = 25.0**2 * np.arccos(20.0 / 25.0) - 20.0 * 15.0  # of a circle, beyond the image
    assert fish.pixel.area == pytest.approx(np.pi * 25.0**2 - 2.0 * cut, rel=0.01)
    assert fish.pixel.bounds[0] == pytest.approx(15.0, abs=0.3)
    assert fish.pixel.bounds[1] == 0.0  # the image ends there
    assert crab.pixel.bounds == pytest.approx((40.0, 7.5, 50.0, 32.5), abs=1e-3)


@pytest.mark.slow
@given(st.integers(2, 9), st.integers(2, 9), st.data())
def test_an_outline_has_what_is_above_zero(rows, columns_, data):
    values = np.array(
        data.draw(
            st.lists(
                st.sampled_from([-1.0, 1.0]), min_size=rows * columns_, max_size=rows * columns_
            )
        )
    ).reshape(rows, columns_)
    shape = outline(values, np.ones(2))
    for row, column in np.ndindex(values.shape):
        middle = shapely.Point(column + 0.5, row + 0.5)
        assert shape.contains(middle) == (values[row, column] > 0.0)


def test_an_outline_has_holes():
    values = np.ones((9, 9))
    values[3:6, 3:6] = -1.0
    shape = outline(values, np.ones(2))
    assert len(shape.interiors) == 1
