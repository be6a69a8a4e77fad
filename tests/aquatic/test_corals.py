"""Cover of corals: shares and colonies of masks that are drawn."""

import numpy as np
import pytest
import rasterio
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


def test_what_a_file_says_was_not_seen_counts_nowhere(tmp_path):
    mask = np.zeros((8, 8), np.uint8)
    mask[:4], mask[4:6] = 255, 1  # half was not seen, half of the rest is coral
    with rasterio.open(
        tmp_path / "tag.tif", "w", "GTiff", 8, 8, 1, None, rasterio.Affine.scale(2), "uint8", 255
    ) as file:
        file.write(mask, 1)
    Image.fromarray(mask).save(tmp_path / "grey.png", transparency=255)
    coloured = Image.fromarray(mask, "P")
    coloured.putpalette([0] * 768)
    coloured.save(tmp_path / "palette.png", transparency=bytes([255] * 255 + [0]))
    Image.fromarray(mask).save(tmp_path / "plain.png")
    module = plugin_named("coral-cover")
    for name in ("tag.tif", "grey.png", "palette.png"):
        found = predict(module, tmp_path / name).findings
        (feature,) = found.features
        assert (feature.label, feature.properties["share"]) == ("1", 0.5), name
        assert any("255: what was not seen" in it for it in found.remarks)
    plain = predict(module, tmp_path / "plain.png").findings.features
    shares = {it.label: it.properties["share"] for it in plain}
    assert shares == {"1": 0.25, "255": 0.5}


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"nodata": 1, "classes": "1=coral"}, "1 is the class coral and nodata"),
        ({"nodata": 0.5}, "nodata: found 0.5, expected a whole number"),
        ({"quadrats": 2.5}, "quadrats: found 2.5"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(tmp_path, told, text):
    Image.fromarray(np.eye(8, dtype=np.uint8)).save(tmp_path / "mask.png")
    with pytest.raises(PluginError, match=text):
        predict(plugin_named("coral-cover"), tmp_path / "mask.png", parameters=told)
