"""The tool that makes ONNX of other weights: what it writes is what they are."""

import re
import tomllib
from pathlib import Path

import joblib
import numpy as np
import onnx
import onnxruntime
import pytest
from sklearn.neural_network import MLPClassifier

from tools import to_onnx

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def network():
    random = np.random.default_rng(1)
    points = random.normal(size=(200, 20))
    classes = points[:, :4].argmax(axis=1)
    made = MLPClassifier((30, 12), max_iter=60, random_state=1, tol=1e9)
    return made.fit(points, classes)


def test_a_network_of_scikit_learn_stays_what_it_is(network, tmp_path, capsys):
    joblib.dump(network, tmp_path / "network.pkl")
    (tmp_path / "names.txt").write_text("other\nsand\nwhitewater\nwater\n")
    out = tmp_path / "network.onnx"
    arguments = ["scikit-learn", str(tmp_path / "network.pkl"), "-o", str(out)]
    assert to_onnx.main([*arguments, "--names", str(tmp_path / "names.txt")]) == 0
    assert "largest difference" in capsys.readouterr().out
    points = np.random.default_rng(2).normal(size=(70, 20)).astype(np.float32)
    session = onnxruntime.InferenceSession(out)
    (found,) = session.run(None, {"features": points})
    np.testing.assert_allclose(found, network.predict_proba(points), atol=1e-6)
    names = session.get_modelmeta().custom_metadata_map["names"]
    assert names == "{0: 'other', 1: 'sand', 2: 'whitewater', 3: 'water'}"
    assert {it.name for it in tmp_path.iterdir()} == {"network.pkl", "names.txt", out.name}


def test_a_conversion_that_is_another_model_is_thrown_away(network, tmp_path, monkeypatch):
    joblib.dump(network, tmp_path / "network.pkl")

    def broken(network):
        model = original(network)
        weights = onnx.numpy_helper.to_array(model.graph.initializer[0]).copy()
        weights[0, 0] += 1.0
        model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(weights, "w0"))
        return model

    original = to_onnx.perceptron
    monkeypatch.setattr(to_onnx, "perceptron", broken)
    arguments = ["scikit-learn", str(tmp_path / "network.pkl"), "-o", str(tmp_path / "n.onnx")]
    assert to_onnx.main(arguments) == 1
    assert [it.name for it in tmp_path.iterdir()] == ["network.pkl"]


def test_every_card_has_a_recipe_that_there_is():
    text = (ROOT / "docs" / "conversion.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    patterns = {
        pattern.replace("*", ".*"): re.findall(r"`([a-z][\w-]+) ", recipe)
        for names, recipe in rows
        for pattern in re.findall(r"`([^`]+)`", names)
    }
    assert {it for recipes in patterns.values() for it in recipes} == {*to_onnx.RECIPES}
    for path in (ROOT / "witoil" / "plugins" / "cards").glob("*/card.toml"):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        name, form = card["model"]["id"], card["weights"]["upstream"]["form"]
        (recipe,) = (it for pattern, it in patterns.items() if re.fullmatch(pattern, name))
        made = {"torch": {"deeplab", "torch-module"}, "transformers": {"mask2former", "clap"}}
        assert {*recipe} <= made.get(form, {form}), name
