import numpy as np
import pytest

from tests.plugins.builders import card, constant, mean_colour
from witoil.plugins.errors import PluginError

LABELS = 'labels = ["red", "green", "blue"]'
SIZED = 'size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098'
WHOLE = card("image-classify", how=SIZED, output=f'format = "probs"\ntopk = 3\n{LABELS}')
PICTURE = np.full((8, 8, 3), (51, 102, 255))


def test_the_class_of_an_image_is_that_of_its_highest_score(found):
    (feature,) = found(mean_colour(), WHOLE, PICTURE).findings.features
    assert feature.label == "blue"
    assert feature.score == pytest.approx(1.0)
    assert feature.properties["scores"] == pytest.approx({"blue": 1.0, "green": 0.4, "red": 0.2})
    assert feature.geometry is None


def test_logits_become_probabilities(found):
    logits = card("image-classify", how=SIZED, output=f'format = "logits"\n{LABELS}')
    model = constant(["n", 3, 4, 4], y=[[0.0, np.log(3.0), 0.0]])
    (feature,) = found(model, logits, PICTURE).findings.features
    assert (feature.label, feature.score) == ("green", pytest.approx(0.6))


def test_logits_of_many_labels_are_each_their_own(found):
    text = f'format = "logits"\nactivation = "sigmoid"\ntopk = 3\n{LABELS}'
    sigmoid = card("image-classify", how=SIZED, output=text)
    model = constant(["n", 3, 4, 4], y=[[0.0, 1000.0, -1000.0]])
    (feature,) = found(model, sigmoid, PICTURE).findings.features
    assert feature.properties["scores"] == pytest.approx({"red": 0.5, "green": 1.0, "blue": 0.0})


def test_scores_of_one_name_are_added(found):
    text = 'format = "probs"\nlabels = ["a", "b", "a"]'
    model = constant(["n", 3, 4, 4], y=[[0.3, 0.4, 0.3]])
    (feature,) = found(
        model, card("image-classify", how=SIZED, output=text), PICTURE
    ).findings.features
    assert (feature.label, feature.score) == ("a", pytest.approx(0.6))


def test_a_score_that_is_too_low_gives_no_label(found):
    answer = found(mean_colour(), WHOLE, PICTURE / 2, parameters={"abstain": 0.9})
    (feature,) = answer.findings.features
    assert feature.label is None
    assert feature.properties["abstained_from"] == "blue"


@pytest.mark.parametrize(
    ("values", "text"), [([[0.1, 0.9]], "2 classes"), ([[0.1, 7.0, 0.2]], "no probability")]
)
def test_a_model_that_is_not_as_its_card_says_is_refused(found, values, text):
    with pytest.raises(PluginError, match=text):
        found(constant(["n", 3, 4, 4], y=values), WHOLE, PICTURE)


def test_numbers_that_are_not_finite_are_refused(found):
    with pytest.raises(PluginError, match="not finite"):
        found(constant(["n", 3, 4, 4], y=[[np.nan, 0.5, 0.5]]), WHOLE, PICTURE)


TILES = """
[tiling]
size = 8
parity = "{parity}"
pad = "drop"
"""


@pytest.mark.parametrize(("parity", "shape"), [("any", (2, 3)), ("even", (2, 2))])
def test_tiles_have_classes_of_their_own(found, parity, shape):
    text = card(
        "tile-classify",
        how=SIZED,
        output=f'format = "probs"\n{LABELS}',
        rest=TILES.format(parity=parity),
    )
    pixels = np.zeros((19, 25, 3))
    classes = np.arange(6).reshape(2, 3) % 3
    for row, column in np.ndindex(2, 3):
        pixels[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8, classes[row, column]] = 255
    answer = found(mean_colour(), text, pixels)
    (raster,) = answer.findings.rasters
    np.testing.assert_array_equal(raster.values, classes[: shape[0], : shape[1]])
    assert len(answer.findings.features) == shape[0] * shape[1]
    last = answer.findings.features[-1]
    assert last.pixel.bounds == (8 * shape[1] - 8, 8.0, 8 * shape[1], 16.0)
    assert f"3 rows below and {25 - 8 * shape[1]} columns" in answer.findings.remarks[0]


def test_tiles_that_are_transparent_are_left_out(found):
    text = card(
        "tile-classify",
        how=SIZED,
        output=f'format = "probs"\n{LABELS}',
        rest=TILES.format(parity="any"),
    )
    pixels = np.full((8, 16, 4), 255)
    pixels[:, 8:, 3] = 0
    answer = found(mean_colour(), text, pixels)
    assert answer.findings.rasters[0].values.tolist() == [[0, 255]]
    assert any("1 tiles with transparent" in it for it in answer.findings.remarks)


def test_the_grid_of_a_photo_of_a_drone_is_that_of_both_sizes_of_tile(found):
    """A photo of 4,000 x 3,000 has more tiles of 64 than twice those of 128 pixels."""
    text = 'format = "probs"\nlabels = ["red", "green", "blue"]'
    how = 'size = [1, 1]\nresize = "stretch"\nscale = 0.00392156862745098\ninterpolation = "box"'
    rest = '[tiling]\nsize = 128\nparity = "even"'
    pixels = np.zeros((300, 400, 3))
    pixels[:, :, 1] = 255
    answer = found(mean_colour(), card("tile-classify", how=how, output=text, rest=rest), pixels)
    assert answer.findings.rasters[0].values.shape == (2, 2)
