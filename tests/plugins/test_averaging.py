"""Plug-ins of sites averaged by files: a linear model served, equal to the one of pooled data."""

import numpy as np
import pytest
from PIL import Image

from tests.plugins.builders import card, mean_colour, plugin_in
from tests.plugins.made_models import linear_of_mean
from tests.witoil.command import witoil
from witoil.plugins.prediction import predict
from witoil.plugins.registry import open_folder

LABELS = 'labels = ["a", "b"]'
TEXT = card(
    "image-classify",
    how='size = [8, 8]\nresize = "none"\nscale = 0.00392156862745098',
    output=f'format = "logits"\ntopk = 2\n{LABELS}',
    rest="[training]\nimages = {images}\n",
)


def site(folder, weights, bias, images, text=TEXT):
    content = linear_of_mean([1, 3, 8, 8], [2, 3], weights, bias)
    return plugin_in(folder, content, text.replace("{images}", str(images)))


def data(count, centre, seed):
    """Return mean colours and what is to be told of them, of one site."""
    random = np.random.default_rng(seed)
    colours = random.normal(centre, 0.15, (count, 3)).clip(0, 1)
    truth = np.array([[2.0, -1.0], [0.5, 1.5], [-1.0, 0.2]])
    return colours, colours @ truth + [0.3, -0.1] + random.normal(0, 0.05, (count, 2))


def step(model, colours, target, rate=0.4):
    design = np.column_stack([colours, np.ones(len(colours))])
    return model - rate * design.T @ (design @ model - target) / len(colours)


@pytest.mark.slow
def test_a_round_by_files_is_the_step_of_pooled_data(tmp_path):
    sites = [data(30, 0.3, 1), data(90, 0.6, 2)]
    pooled = tuple(np.concatenate(part) for part in zip(*sites, strict=True))
    shared = central = np.zeros((4, 2))
    for k in range(6):
        folders = []
        for name, (colours, target) in zip("ab", sites, strict=True):
            local = step(shared, colours, target)
            folder = tmp_path / f"{name}{k}"
            folders.append(site(folder, local[:3], local[3], len(colours)))
        answer = witoil("modules", "average", *folders, "--out", tmp_path / f"mean{k}")
        assert answer.returncode == 0, answer.stderr
        assert "2 tensors, 30 + 90 samples" in answer.stdout
        plugin = open_folder(tmp_path / f"mean{k}")
        assert plugin.fault is None
        assert plugin.card.training.images == 120
        shared = weights_of(tmp_path / f"mean{k}")
        central = step(central, *pooled)
        np.testing.assert_allclose(shared, central, rtol=1e-5, atol=1e-7)
    Image.fromarray(np.full((8, 8, 3), 200, np.uint8)).save(tmp_path / "image.png")
    (feature,) = predict(plugin, tmp_path / "image.png").findings.features
    logits = np.full(3, 200 / 255) @ central[:3] + central[3]
    expected = np.exp(logits) / np.exp(logits).sum()
    assert feature.score == pytest.approx(expected.max(), abs=1e-5)


def weights_of(folder):
    import onnx
    from onnx import numpy_helper

    model = onnx.load(folder / "model.onnx")
    tensors = {it.name: numpy_helper.to_array(it) for it in model.graph.initializer}
    return np.vstack([tensors["w"], tensors["b"]]).astype(float)


@pytest.mark.slow
def test_counts_of_the_command_line_come_first(tmp_path):
    folders = [
        site(tmp_path / name, np.full((3, 2), value), [0, 0], 1)
        for name, value in (("a", 0.0), ("b", 1.0))
    ]
    out = tmp_path / "mean"
    answer = witoil("modules", "average", *folders, "--samples", "3,1", "--out", out)
    assert answer.returncode == 0, answer.stderr
    np.testing.assert_allclose(weights_of(out)[:3], 0.25)
    again = witoil("modules", "average", *folders, "--out", out)
    assert again.returncode == 2
    assert "expected a new folder" in again.stderr


def test_metrics_of_the_sites_are_none_of_the_mean(tmp_path):
    text = f'{TEXT}[[metrics]]\nname = "accuracy"\nvalue = 0.9\n'
    folders = [site(tmp_path / it, np.eye(3)[:, :2], [0, 0], 9, text) for it in "ab"]
    answer = witoil("modules", "average", *folders, "--out", tmp_path / "mean")
    assert "metrics, drift and ood of the sites were left out" in answer.stdout
    assert open_folder(tmp_path / "mean").card.metrics == ()


@pytest.mark.parametrize(
    ("other", "arguments", "text"),
    [
        ({"text": TEXT.replace('"b"', '"c"')}, (), "output: differs"),
        ({"text": TEXT.replace('"logits"', '"probs"')}, (), "output: differs"),
        ({"images": 0}, (), "training.images: found none"),
        ({}, ("--samples", "3"), "found 1 counts of samples for 2"),
        ({}, ("--samples", "3,x"), "expected whole numbers"),
        ({}, ("--samples", "3,0"), "found 0 samples"),
        ({"weights": np.eye(3)[:, :2] * np.nan}, (), "not finite"),
    ],
)
def test_sites_that_do_not_fit_are_refused(tmp_path, other, arguments, text):
    how = {"weights": np.eye(3)[:, :2], "bias": [0, 0], "images": 5} | other
    folders = [site(tmp_path / "a", np.ones((3, 2)), [0, 0], 5), site(tmp_path / "b", **how)]
    answer = witoil("modules", "average", *folders, *arguments, "--out", tmp_path / "mean")
    assert answer.returncode == 2
    assert text in answer.stderr
    assert not (tmp_path / "mean").exists()


@pytest.mark.slow
def test_another_graph_is_refused(tmp_path):
    text = TEXT.replace("{images}", "5")
    folders = [site(tmp_path / "a", np.eye(3)[:, :2], [0, 0], 5)]
    folders.append(plugin_in(tmp_path / "b", mean_colour(), text))
    answer = witoil("modules", "average", *folders, "--out", tmp_path / "mean")
    assert answer.returncode == 2
    assert "one model alone" in answer.stderr
    one = witoil("modules", "average", folders[0], "--out", tmp_path / "mean")
    assert "expected two models" in one.stderr
