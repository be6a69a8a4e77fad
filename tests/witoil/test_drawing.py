"""Pictures of few colours, and the bar of a logarithmic scale."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from PIL import Image

from witoil.figures.drawing import EXACT, _few, as_png, draw_bar

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def as_rgb(image):
    """Return red, green and blue of an image, as it is read again from PNG."""
    content = BytesIO()
    image.save(content, "png")
    return np.asarray(Image.open(content).convert("RGB"))


@given(st.data(), st.integers(1, EXACT), st.sampled_from([64, 128, 256]))
def test_a_drawing_of_few_colours_stays_as_it_is(data, count, colours):
    palette = data.draw(arrays(np.uint8, (count, 4)))
    numbers = data.draw(arrays(np.intp, SHAPES, elements=st.integers(0, count - 1)))
    drawn = palette[numbers]
    np.testing.assert_array_equal(as_rgb(_few(drawn, colours)), drawn[..., :3])


def test_colours_of_the_largest_areas_are_kept_in_a_drawing_of_very_many():
    rng = np.random.default_rng(3)
    drawn = rng.integers(0, 256, (200, 300, 4), np.uint8)
    areas = rng.integers(0, 256, (EXACT, 4), np.uint8)
    for k, colour in enumerate(areas):
        drawn[6 * k : 6 * k + 4, 10:20] = colour
    image = _few(drawn, 64)
    assert len(np.unique(np.asarray(image))) <= 64
    found = as_rgb(image)
    for k, colour in enumerate(areas):
        assert (found[6 * k : 6 * k + 4, 10:20] == colour[:3]).all()


@pytest.mark.parametrize("colours", [64, 256])
def test_shades_stay_near(colours):
    shades = np.arange(256, dtype=np.uint8)
    drawn = np.broadcast_to(shades[np.newaxis, :, np.newaxis], (50, 256, 4)).copy()
    off = np.abs(as_rgb(_few(drawn, colours)).astype(int) - drawn[..., :3])
    assert off.max() <= 256 // (colours - EXACT)


def test_pictures_of_few_and_of_all_colours_are_as_large():
    figure = Figure(figsize=(1.0, 0.5))
    figure.add_subplot().plot([0.0, 1.0], [0.0, 1.0])
    few, whole = (Image.open(BytesIO(as_png(figure, colours))) for colours in (64, None))
    assert few.size == whole.size
    assert (few.mode, whole.mode) == ("P", "RGB")


@pytest.mark.parametrize(("low", "high"), [(0.04, 246.0), (10.0, 1e5), (1.0, 10.0), (2.0, 3.0)])
def test_ticks_between_are_those_of_a_logarithmic_scale(low, high):
    axes = Figure().add_subplot()
    norm = LogNorm(low, high)
    draw_bar(axes, ScalarMappable(norm), "mass [kg]", lambda number, _: f"{number:g}")
    (line,) = axes.get_lines()
    wanted = [d * 10.0**p for p in range(-3, 7) for d in range(2, 10)]
    inside = [number for number in wanted if low <= number <= high * (1.0 + 1e-12)]
    np.testing.assert_allclose(line.get_ydata(), inside)
    assert axes.get_ylim() == pytest.approx((low, high))
    assert axes.get_ylabel() == "mass [kg]"
