import hashlib

import numpy as np
import pytest
from scipy.stats import chi2

from tests.plugins.builders import card, mean_colour, plugin_in
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
