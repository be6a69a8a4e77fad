import hashlib

import numpy as np
import pytest
from PIL import Image
from scipy.stats import chi2

from tests.plugins.builders import card, constant, mean_colour, plugin_in
from witoil.plugins.batch import predict_files
from witoil.plugins.errors import PluginError
from witoil.plugins.prediction import predict
from witoil.plugins.registry import open_folder

HOW = 'size = [4, 4]\nresize = "stretch"'


def embedder(folder, **arrays):
    folder.mkdir()
    np.savez(folder / "ood.npz", **arrays)
    checksum = hashlib.sha256((folder / "ood.npz").read_bytes()).hexdigest()
    rest = f'[ood]\nfile = "ood.npz"\nsha256 = "{checksum}"'
    text = card("embed", how=HOW, output='format = "embedding"', rest=rest)
    return open_folder(plugin_in(folder, mean_colour(), text))


def test_an_embedding_is_compared_with_those_of_the_training(tmp_path, image):
    plugin = embedder(
        tmp_path / "ood",
        mean=[100.0, 100.0, 100.0],
        components=[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        centres=[[0.0, 0.0], [50.0, 0.0]],
        precision=np.diag([1.0 / 25.0, 1.0 / 4.0]),
    )
    path = image(np.full((4, 4, 3), (155, 102, 7)))
    (feature,) = predict(plugin, path).findings.features
    assert feature.properties["embedding"] == [155.0, 102.0, 7.0]
    assert feature.properties["distance2"] == pytest.approx(2.0)  # (5/5)^2 + (2/2)^2
    assert feature.properties["p_in_distribution"] == pytest.approx(chi2.sf(2.0, 2))


def test_a_reference_that_does_not_go_with_the_model_is_refused(tmp_path, image):
    plugin = embedder(tmp_path / "ood", mean=np.zeros(2), components=np.eye(2))
    with pytest.raises(PluginError, match="expected the arrays mean"):
        predict(plugin, image(np.zeros((4, 4, 3))))


def test_a_reference_with_code_is_refused(tmp_path, image):
    plugin = embedder(tmp_path / "ood", mean=np.array([{"a": 1}], dtype=object))
    with pytest.raises(PluginError, match=r"expected an .npz of numbers"):
        predict(plugin, image(np.zeros((4, 4, 3))))


@pytest.mark.slow
@pytest.mark.parametrize(("value", "is_alike"), [(100, True), (250, False)])
def test_scores_are_compared_with_those_of_the_training(tmp_path, value, is_alike):
    """Images whose mean is spread as that of the training, and those that are brighter."""
    generator = np.random.default_rng(1)
    folder = tmp_path / "drift"
    folder.mkdir()
    np.savez(folder / "drift.npz", scores=generator.normal(100.0 / 255.0, 0.02, 400))
    checksum = hashlib.sha256((folder / "drift.npz").read_bytes()).hexdigest()
    text = card(
        "image-classify",
        how=HOW + "\nscale = 0.00392156862745098",
        output='format = "probs"\nlabels = ["a", "b", "c"]',
        rest=f'[drift]\nfile = "drift.npz"\nsha256 = "{checksum}"',
    )
    plugin = open_folder(plugin_in(folder, mean_colour(), text))
    (tmp_path / "in").mkdir()
    for k in range(30):
        level = np.clip(generator.normal(value, 5.1), 0, 255).round()
        pixels = np.full((4, 4, 3), level, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{k}.png")
    (tmp_path / "out").mkdir()
    report = predict_files(plugin, [tmp_path / "in"], tmp_path / "out")
    assert report["drift"]["scores"] == 30
    assert (report["drift"]["p_value"] > 0.01) == is_alike
    few = predict_files(plugin, [tmp_path / "in" / "1.png"], tmp_path / "out")
    assert few["drift"] is None


def test_a_classifier_that_gives_its_embedding_is_compared_too(tmp_path, image):
    folder = tmp_path / "both"
    folder.mkdir()
    np.savez(folder / "o.npz", mean=[0.0], components=[[1.0]], centres=[[3.0]], precision=[[1.0]])
    checksum = hashlib.sha256((folder / "o.npz").read_bytes()).hexdigest()
    reference = f'[ood]\nfile = "o.npz"\nsha256 = "{checksum}"'
    model = constant(["n", 3, 4, 4], scores=[[0.25, 0.75]], deep=[[5.0]])
    output = 'format = "probs"\nlabels = ["a", "b"]\nnames = ["scores", "deep"]'
    text = card("image-classify", how=HOW, output=output, rest=reference)
    plugin = open_folder(plugin_in(folder, model, text))
    (feature,) = predict(plugin, image(np.zeros((4, 4, 3)))).findings.features
    assert (feature.label, feature.properties["distance2"]) == ("b", pytest.approx(4.0))
    alone = text.replace('\nnames = ["scores", "deep"]', "")
    assert "ood: found no embedding" in open_folder(plugin_in(folder, model, alone)).fault
