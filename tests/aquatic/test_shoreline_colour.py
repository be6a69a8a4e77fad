"""Sea and land by colour: on scenes whose shoreline is known, and on a real one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import distance_transform_edt

from aquatic.errors import AquaticError
from aquatic.shoreline.colour import find_sea
from tests.aquatic.pictures import keep_picture
from tests.aquatic.scenes import COLOURS, beach
from tests.plugins.builders import AQUATIC


def overlap(found, truth, known):
    """Return intersection over union."""
    return (found & truth & known).sum() / ((found | truth) & known).sum()


def distance(line, truth_line):
    """Return the mean distance of a line's points from the pixels of another. [pixel]"""
    away = distance_transform_edt(~truth_line)
    columns, rows = line.astype(int).T
    return away[rows, columns].mean()


@pytest.mark.parametrize("kind", COLOURS)
@pytest.mark.parametrize("seed", [1, 2])
def test_beaches_of_other_colours_have_their_shoreline(kind, seed):
    pixels, sea = beach(kind, seed=seed)
    found = find_sea(pixels)
    assert overlap(found.sea, sea, found.valid) > 0.97
    border = sea ^ (distance_transform_edt(sea) > 1)
    assert distance(found.lines[0], border) < 2.5


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(
    sand=st.tuples(st.integers(90, 230), st.floats(0.85, 0.97), st.floats(0.6, 0.85)),
    water=st.tuples(st.integers(70, 200), st.floats(0.3, 0.8), st.floats(0.7, 0.95)),
)
def test_beaches_of_any_colour_have_their_shoreline(sand, water):
    bright, green, blue = sand
    sand = (bright, bright * green, bright * blue)
    bright, red, green = water
    water = (bright * red, bright * green, bright)
    pixels, sea = beach((water, sand), seed=3, size=(100, 160))
    assert overlap(find_sea(pixels).sea, sea, True) > 0.95


def test_a_turned_scene_has_the_same_sea():
    pixels, _ = beach()
    found = find_sea(pixels)
    for turns in (1, 2, 3):
        assert overlap(np.rot90(found.sea, turns), find_sea(np.rot90(pixels, turns)).sea, True) > (
            0.999
        )


def test_what_lies_beyond_a_warped_picture_is_no_land():
    pixels, sea = beach()
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    outside = rows + columns < 90
    pixels[outside] = 3
    found = find_sea(pixels)
    assert not found.valid[outside].any()
    assert (found.valid | outside).mean() > 0.999
    assert overlap(found.sea, sea, found.valid) > 0.97
    assert not outside[*found.lines[0].astype(int).T[::-1]].any()


@pytest.mark.parametrize(
    ("pixels", "text"),
    [
        (np.zeros((40, 40, 3), np.uint8), "no picture but black"),
        (np.full((40, 40, 3), 120, np.uint8), "expected"),
        (
            np.random.default_rng(1).normal(120, 3, (60, 60, 1)).repeat(3, 2).astype(np.uint8),
            "expected",
        ),
    ],
)
def test_a_picture_without_a_shore_is_refused(pixels, text):
    with pytest.raises(AquaticError, match=text):
        find_sea(pixels)


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real images")
def test_a_real_beach_is_as_its_makers_part_it():
    with Image.open(AQUATIC / "img" / "uc7_rectified.jpg") as image:
        found = find_sea(np.asarray(image.convert("RGB")))
    with Image.open(AQUATIC / "img" / "uc7_rectified_sea.png") as image:
        theirs = np.asarray(image)
    assert overlap(found.sea, theirs == 255, theirs != 128) > 0.98
    assert distance(found.lines[0], theirs == 64) < 1.5
    drawn = np.ones(theirs.shape, bool)
    drawn[*found.lines[0].astype(int).T[::-1]] = False
    assert distance_transform_edt(drawn)[theirs == 64].mean() < 2.0
    with Image.open(AQUATIC / "img" / "uc7_rectified.jpg") as image:
        picture = np.asarray(image.convert("RGB")).copy()
    for row, column in found.lines[0][:, ::-1].astype(int):
        picture[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = (255, 40, 40)
    keep_picture("shoreline-colour", Image.fromarray(picture[:, 230:720]))


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real images")
def test_a_grey_sea_before_grey_sand_is_refused_and_a_dull_one_is_found():
    with Image.open(AQUATIC / "img" / "uc7_wrack_snb.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    with pytest.raises(AquaticError, match="mark the shoreline by hand"):
        find_sea(pixels)
    with Image.open(AQUATIC / "img" / "uc7_wrack_clm.png") as image:
        found = find_sea(np.asarray(image.convert("RGB")))
    # the far shore of the picture is at the row 103 at its left side, at 292 at its right one
    line = found.lines[0]
    ends = line[[line[:, 0].argmin(), line[:, 0].argmax()]]
    assert abs(ends[:, 1] - [101.0, 294.0]).max() < 6.0
    assert not found.sea[330:].any()
