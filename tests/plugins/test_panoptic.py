import numpy as np
import pytest

from tests.plugins.builders import card, constant
from witoil.plugins.errors import PluginError

TEXT = card(
    "panoptic",
    how='size = [32, 64]\nresize = "stretch"\nbackground_above = 200',
    output='format = "logits"\nconf = 0.9\nnames = ["classes", "masks"]',
    rest="""
[[labels]]
name = "copepod"
[[labels]]
name = "nothing"
background = true
""",
)


def two_discs():
    """Return dark discs of a radius of 20 about (30, 30) and (62, 30) that touch."""
    y, x = np.mgrid[0:60, 0:100] + 0.5
    dark = (np.hypot(x - 30, y - 30) < 20) | (np.hypot(x - 62, y - 30) < 20)
    return np.where(dark[..., None], 50, 255) * np.ones(3)


def model(masks, scores):
    """Return a model that sees things with masks (q, 4, 8), each with a logit against nothing."""
    classes = np.stack([scores, np.zeros(len(scores))], axis=-1)
    return constant([1, 3, 32, 64], classes=classes[None], masks=np.asarray(masks, float)[None])


def halves(count=2):
    left = np.where(np.arange(8) < 3.5, 1.0, -1.0) * np.ones((4, 1))
    return [left, -left, left][:count]


def test_things_that_touch_are_parted_at_the_neck(found):
    answer = found(model(halves(), [9.0, 8.0]), TEXT, two_discs())
    left, right = answer.findings.features
    assert (left.label, right.label) == ("copepod", "copepod")
    assert left.score == pytest.approx(1.0 / (1.0 + np.exp(-9.0)))
    dark = (two_discs()[..., 0] < 200).sum()
    assert left.pixel.area + right.pixel.area == dark
    assert left.pixel.area == pytest.approx(dark / 2, rel=0.03)
    assert left.pixel.bounds[2] == pytest.approx(46.0, abs=2.0)
    assert answer.findings.remarks[0].startswith("no georeference")


def test_what_is_likely_nothing_is_none(found):
    answer = found(model(halves(), [9.0, 0.0]), TEXT, two_discs())
    (only,) = answer.findings.features
    assert only.pixel.area == (two_discs()[..., 0] < 200).sum()
    assert any("% of what is dark is in no thing" in it for it in answer.findings.remarks)
    assert found(model(halves(), [0.0, 0.0]), TEXT, two_discs()).findings.features == []


def test_a_thing_that_is_found_twice_is_one(found):
    once = found(model(halves(), [9.0, 8.0]), TEXT, two_discs()).findings.features
    twice = found(model(halves(3), [9.0, 8.0, 7.0]), TEXT, two_discs()).findings.features
    assert [it.pixel for it in twice] == [it.pixel for it in once]


def test_other_shapes_are_refused(found):
    with pytest.raises(PluginError, match="2 classes for 1 masks"):
        found(model(halves(1), [9.0, 8.0]), TEXT, two_discs())
    with pytest.raises(PluginError, match="expected the last to be a background"):
        found(model(halves(), [9.0, 8.0]), TEXT.replace("background = true", ""), two_discs())
