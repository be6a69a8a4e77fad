import numpy as np
import pytest
from PIL import Image

from tests.plugins.builders import plugin_in
from witoil.plugins.prediction import predict
from witoil.plugins.registry import open_folder


@pytest.fixture
def made(tmp_path):
    """Return what makes a plug-in of a model and the text of a card."""

    def make(model, card, name="made"):
        plugin = open_folder(plugin_in(tmp_path / name, model, card))
        assert plugin.fault is None, plugin.fault
        return plugin

    return make


@pytest.fixture
def image(tmp_path):
    """Return what writes pixels as a PNG."""

    def write(pixels, name="image.png"):
        Image.fromarray(np.asarray(pixels, np.uint8)).save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def found(made, image):
    """Return what runs a model with a card on pixels, and gives its envelope."""

    def run(model, card, pixels, **options):
        return predict(made(model, card), image(pixels), **options)

    return run
