"""Cover of corals: shares and colonies of masks that are drawn."""

import numpy as np
import pytest
from PIL import Image

from aquatic.corals import cover_of
from aquatic.errors import AquaticError
from witoil.plugins.errors import PluginError
from witoil.plugins.prediction import predict
from witoil.plugins.registry import plugin_named


def mask():
    """Return 20 x 20: two colonies of 1 (12 and 4), one of 2 (20), a strip that was not seen."""
    values = np.zeros((20, 20), np.uint8)
    values[2:5, 2:6] = 1
    values[10:12, 10:12] = 1
    values[15, :] = 2
    values[:, 16:] = 255
    return values


def test_cover_by_hand():
    found = cover_of(mask(), [1, 2, 3], nodata=255)
    assert (found[1].pixels, found[1].colonies, found[1].largest_pixels) == (16, 2, 12.0)
    assert found[1].share == 16 / 320
    assert found[1].mean_pixels == 8.0
    assert (found[2].pixels, found[2].colonies) == (16, 1)
    assert (found[3].pixels, found[3].share, found[3].colonies) == (0, 0.0, 0)
    assert found[1].share_error is None


def test_errors_are_of_quadrats_that_were_seen():
    values = np.zeros((4, 4), np.uint8)
    values[:2, :2] = 1
    found = cover_of(values, [1], quadrats=2)[1]
    # shares 1, 0, 0, 0: deviation 1/2, over the root of 4
    assert found.share_error == pytest.approx(0.25)
    values[2:, 2:] = 255
    found = cover_of(values, [1], nodata=255, quadrats=2)[1]
    assert found.share_error == pytest.approx(np.std([1, 0, 0], ddof=1) / np.sqrt(3))
    assert found.share == pytest.approx(1 / 3)


def test_masks_with_nothing_are_refused():
    with pytest.raises(AquaticError, match="no data"):
        cover_of(np.full((4, 4), 255), [1], nodata=255)
    with pytest.raises(AquaticError, match="for the quadrats"):
        cover_of(np.zeros((4, 4), int), [1], quadrats=5)


def test_the_module_reads_values_as_they_are(tmp_path):
    image = Image.fromarray(mask(), "P")
    image.putpalette([7, 8, 9] * 256)
    image.save(tmp_path / "mask.png")
    told = {"classes": "1=Madrepora oculata", "nodata": 255, "pixel_mm": 2.0}
    answer = predict(plugin_named("coral-cover"), tmp_path / "mask.png", parameters=told)
    (feature,) = answer.findings.features
    assert feature.label == "Madrepora oculata"
    assert feature.properties["area_m2"] == pytest.approx(16 * 4e-6)
    assert "2: values that are no class" in answer.findings.remarks[0]
    both = predict(plugin_named("coral-cover"), tmp_path / "mask.png", parameters={"nodata": 255})
    assert [it.label for it in both.findings.features] == ["1", "2"]


def test_pictures_are_no_masks(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    Image.new("L", (9, 9)).save(tmp_path / "a.jpg")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.jpg").read_bytes())
    (tmp_path / "c.png").write_bytes(b"no image")
    module = plugin_named("coral-cover")
    for name, text in {
        "a.png": "kind PNG RGB",
        "a.jpg": "JPEG changes them",
        "b.png": "kind JPEG L",
        "c.png": "expected a mask",
        "none.png": "No such file",
    }.items():
        with pytest.raises(PluginError, match=text):
            predict(module, tmp_path / name)
    Image.fromarray(mask()).save(tmp_path / "mask.png")
    with pytest.raises(PluginError, match="expected as 1=Madrepora oculata"):
        predict(module, tmp_path / "mask.png", parameters={"classes": "coral"})
