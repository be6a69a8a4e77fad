"""Plug-ins that are trained: as good as asked, and served as they were trained."""

import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from aquatic.plankton.training import cross_validated, macro_f1, train
from tests.aquatic.plankton_scenes import discs
from tests.witoil.command import witoil
from witoil.plugins.errors import PluginError
from witoil.plugins.prediction import predict
from witoil.plugins.registry import open_folder
from witoil.plugins.training import train_measured

FLOWCAM = (
    "planktonclas==0.2.4",
    "planktonclas/resources/demo-images/",
)


def made_images(folder, count=8):
    """Write discs and bars, of random sizes and greys, into a folder for each."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:60, :60] - 30
    for k in range(count):
        long, grey = rng.integers(12, 25), rng.integers(20, 110)
        shapes = {"bar": (abs(x) < long) & (abs(y) < 5), "disc": discs((60, 60), [(30, 30, long)])}
        for name, inside in shapes.items():
            pixels = np.where(inside, grey, 180) + rng.integers(-8, 8, inside.shape)
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{k}.png")
    return folder


@pytest.mark.slow
def test_a_plugin_is_trained_and_served(tmp_path):
    images = made_images(tmp_path / "images", 5)
    (images / "disc" / "bad.png").write_bytes(b"bad")
    Image.new("L", (9, 9), 200).save(images / "disc" / "blank.png")
    told = ("--name", "bars-and-discs", "--licence", "CC0-1.0", "--out", tmp_path / "made")
    answer = witoil("modules", "train", images, *told)
    assert answer.returncode == 0, answer.stderr
    assert "macro-F1 1.000" in answer.stdout
    assert answer.stdout.count("left out") == 2
    plugin = open_folder(tmp_path / "made")
    assert plugin.fault is None
    assert plugin.card.metrics[0].value == 1.0
    for path in images.glob("*/[0-4].png"):
        (feature,) = predict(plugin, path).findings.features
        assert feature.label == path.parent.name
    again = witoil("modules", "train", images, *told)
    assert again.returncode == 2
    assert "Traceback" not in again.stderr


@pytest.mark.slow
def test_what_is_served_is_what_was_trained(tmp_path):
    """Against scikit-learn's own probabilities."""
    from witoil.plugins.card import MEASURES

    images = made_images(tmp_path / "images", 5)
    train_measured(images, tmp_path / "made", name="a", licence="CC0-1.0")
    plugin = open_folder(tmp_path / "made")
    features = {
        path: predict(plugin, path, parameters={"topk": 2}).findings.features[0]
        for path in sorted(images.glob("*/*.png"))
    }
    values = np.array(
        [[it.properties["measures_pixels"][m] for m in MEASURES] for it in features.values()]
    )
    model = train(values, [path.parent.name for path in features])
    logits = (values - model.mean) / model.std @ model.weights + model.bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for feature, expected in zip(features.values(), shares, strict=True):
        found = [feature.properties["scores"][name] for name in model.classes]
        assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 4])
def test_linear_classes_are_told_apart(classes):
    rng = np.random.default_rng(1)
    labels = [f"c{k % classes}" for k in range(20 * classes)]
    values = rng.normal(size=(len(labels), 5))
    values[:, :4] += 8.0 * np.eye(4)[[int(it[1]) for it in labels]]
    assert macro_f1(labels, cross_validated(values, labels)) == 1.0
    model = train(values, labels)
    logits = (values - model.mean) / model.std @ model.weights + model.bias
    assert [model.classes[k] for k in logits.argmax(axis=1)] == labels


@pytest.mark.parametrize(
    ("count", "drop", "text"),
    [(4, None, "found 4 of the class bar, expected 5"), (5, "bar", "found 1 class, expected two")],
)
def test_too_few_images_are_refused(tmp_path, count, drop, text):
    images = made_images(tmp_path / "images", count)
    if drop:
        (images / drop).rename(tmp_path / drop)
    with pytest.raises(PluginError, match=text):
        train_measured(images, tmp_path / "made", name="a", licence="MIT")
    assert not (tmp_path / "made").exists()
    with pytest.raises(PluginError, match="is no folder"):
        train_measured(tmp_path / "none", tmp_path / "made", name="a", licence="MIT")


@pytest.mark.slow
def test_flowcam_is_told_apart(tmp_path):
    """105 images of six classes, which planktonclas brings (Apache-2.0)."""
    requirement, place = FLOWCAM
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", requirement]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if answer.returncode:
        pytest.skip(f"{requirement} cannot be had: {answer.stderr.strip()[-200:]}")
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path, [it for it in packed.namelist() if it.startswith(place)])
    found = train_measured(tmp_path / place, tmp_path / "made", name="a", licence="Apache-2.0")
    assert sum(found["images"].values()) == 105
    assert found["macro_f1"] >= 0.80
    plugin = open_folder(tmp_path / "made")
    paths = sorted((tmp_path / place).glob("*/*.jpg"))
    labels = [predict(plugin, path).findings.features[0].label for path in paths]
    assert macro_f1([path.parent.name for path in paths], labels) > 0.95


@pytest.mark.slow
def test_an_image_that_is_there_twice_counts_once(tmp_path):
    images = made_images(tmp_path / "images", 5)
    for k in range(5):
        twin = Image.open(images / "disc" / f"{k}.png")
        twin.save(images / "disc" / f"twin_{k}.bmp")
    found = train_measured(images, tmp_path / "made", name="a", licence="CC0-1.0")
    assert found["images"] == {"bar": 5, "disc": 5}
    assert sum("is the same image as" in it for it in found["left_out"]) == 5
