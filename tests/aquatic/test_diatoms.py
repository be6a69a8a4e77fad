"""Valves that are drawn: their measures are known; scenes have what they say."""

import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from aquatic.diatoms import make_scene, measure_valve, valve_of
from aquatic.errors import AquaticError
from tests.aquatic.pictures import keep_picture


def valve(length=160.0, width=40.0, degrees=0.0, pitch=8.0, light=170, noise=2.0, seed=0):
    """Return a picture of an ellipse with striae across its length."""
    side = int(length * 1.4)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2.0
    turned = np.radians(degrees)
    along = x * np.cos(turned) + y * np.sin(turned)
    across = y * np.cos(turned) - x * np.sin(turned)
    inside = np.hypot(along / (length / 2.0), across / (width / 2.0)) <= 1.0
    striae = 18.0 * np.cos(2.0 * np.pi * along / pitch) if pitch else 0.0
    grey = np.where(inside, 95.0 + striae, light)
    grey = grey + np.random.default_rng(seed).normal(0.0, noise, grey.shape)
    return np.clip(grey, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 137.0])
@pytest.mark.parametrize("light", [170, 20])
def test_an_ellipse_has_its_axes_and_its_striae(degrees, light):
    grey = valve(degrees=degrees, light=light)
    found = measure_valve(valve_of(grey)[0], grey)
    assert found.length == pytest.approx(160.0, abs=3.0)
    assert found.width == pytest.approx(40.0, abs=3.0)
    assert min(abs(found.angle - degrees), 180.0 - abs(found.angle - degrees)) < 2.5
    assert found.area == pytest.approx(np.pi / 4.0 * 160.0 * 40.0, rel=0.08)
    assert found.rectangularity == pytest.approx(np.pi / 4.0, abs=0.03)
    assert found.striae_pitch == pytest.approx(8.0, rel=0.02)


@pytest.mark.parametrize("pitch", [4.0, 6.5, 12.0])
def test_striae_of_other_pitches(pitch):
    grey = valve(degrees=20.0, pitch=pitch)
    assert measure_valve(valve_of(grey)[0], grey).striae_pitch == pytest.approx(pitch, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_a_valve_without_striae_has_none(seed):
    grey = valve(pitch=None, seed=seed, noise=4.0)
    assert measure_valve(valve_of(grey)[0], grey).striae_pitch is None


@pytest.mark.parametrize("blur", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("length", [110.0, 240.0])
def test_spots_that_are_blurred_are_no_striae(blur, length):
    for seed in range(3):
        spots = gaussian_filter(np.random.default_rng(seed).normal(size=(400, 400)), blur)
        grey = valve(length, 50.0, degrees=40.0 * seed, pitch=None, noise=0.0).astype(float)
        grey += 6.0 * (spots / spots.std())[: len(grey), : len(grey)]
        grey = grey.clip(0, 255).astype(np.uint8)
        assert measure_valve(valve_of(grey)[0], grey).striae_pitch is None


@pytest.mark.parametrize("degrees", [28.0, 63.0, 143.0])
@pytest.mark.parametrize("width", [110.0, 100.0])
def test_striae_of_a_valve_that_is_nearly_round_have_their_pitch(degrees, width):
    """The smallest rectangle about it lies anyhow; along that their pitch would be a tenth more."""
    grey = valve(120.0, width, degrees)
    assert measure_valve(valve_of(grey)[0], grey).striae_pitch == pytest.approx(8.0, rel=0.02)


def test_what_is_no_valve_is_refused():
    noise = np.random.default_rng(1).normal(150.0, 3.0, (80, 80)).astype(np.uint8)
    for grey in (np.full((50, 50), 9, np.uint8), noise):
        with pytest.raises(AquaticError, match="expected"):
            valve_of(grey)
    assert valve_of(valve()[:, 60:])[1]
    assert not valve_of(valve())[1]


@pytest.mark.slow
def test_scenes_have_what_they_say():
    cutouts = [valve(60, 20, pitch=6), valve(90, 16, pitch=7, seed=1), valve(40, 38, pitch=5)]
    scene = make_scene(cutouts, 12, (300, 400), np.random.default_rng(5))
    assert scene.pixels.shape == (300, 400)
    assert len(scene.corners) == len(scene.numbers) == 12
    lengths = {0: (60, 20), 1: (90, 16), 2: (40, 38)}
    boxes = [shapely.Polygon(it) for it in scene.corners]
    for source, corners, box in zip(scene.numbers, scene.corners, boxes, strict=True):
        sides = np.hypot(*np.diff(corners[:3], axis=0).T)
        assert max(sides) == pytest.approx(max(lengths[source]), abs=4.0)
        assert min(sides) == pytest.approx(min(lengths[source]), abs=5.0)
        # it is dark within, and each lies in the image
        row, column = round(box.centroid.y), round(box.centroid.x)
        assert scene.pixels[row - 3 : row + 4, column - 3 : column + 4].mean() < 140
        assert box.within(shapely.box(-1, -1, 401, 301))
    again = make_scene(cutouts, 12, (300, 400), np.random.default_rng(5))
    assert (again.pixels == scene.pixels).all()
    picture = Image.fromarray(scene.pixels).convert("RGB")
    for corners in scene.corners:
        ImageDraw.Draw(picture).polygon([*map(tuple, corners.tolist())], outline=(213, 94, 0))
    keep_picture("diatom-scenes", picture)


def test_scenes_without_room_have_fewer_and_those_too_small_are_refused():
    rng = np.random.default_rng(0)
    assert len(make_scene([valve(60, 40)], 200, (120, 120), rng).corners) < 12
    with pytest.raises(AquaticError, match="that fits into 50 x 50"):
        make_scene([valve(100, 90)], 1, (50, 50), rng)
    with pytest.raises(AquaticError, match="no cut-outs"):
        make_scene([], 1, (50, 50), rng)
