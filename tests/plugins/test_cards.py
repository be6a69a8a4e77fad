"""Cards of models whose weights are elsewhere: complete, and right on graphs of their shapes."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.plugins import made_models as made
from tests.plugins.builders import AQUATIC, card
from tests.witoil.command import witoil
from witoil.plugins.card import FETCHED, parse_card
from witoil.plugins.errors import PluginError
from witoil.plugins.georeference import parse_georeference
from witoil.plugins.prediction import predict
from witoil.plugins.registry import find_plugins, plugin_named

CARDS = Path(__file__).parents[2] / "witoil" / "plugins" / "cards"
NAMES = sorted(path.parent.name for path in CARDS.glob("*/card.toml"))


@pytest.fixture(autouse=True)
def weights(tmp_path, monkeypatch):
    """Keep the weights of each test, and what it writes, in a folder of its own."""
    monkeypatch.setenv("WITOIL_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def brought(tmp_path):
    """Return what gives a card a model, and returns the plug-in that it then is."""

    def bring(name, content):
        (tmp_path / "brought.onnx").write_bytes(content)
        answer = witoil("modules", "fetch", name, "--from", tmp_path / "brought.onnx")
        assert answer.returncode == 0, answer.stderr
        return plugin_named(name)

    return bring


def picture(path, pixels):
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_who_made_the_model_and_how_it_is_got(name):
    card = plugin_named(name).card
    assert card.model.id == name
    assert card.model.title
    assert card.model.homepage.startswith("https://github.com/")
    upstream = card.weights.upstream
    assert upstream.uri.startswith(FETCHED) or upstream.contact
    assert upstream.name
    assert card.labels or card.has_labels_in_model
    assert "to fetch" in listed(name) or "weights on request" in listed(name)


def listed(name):
    lines = witoil("modules", "list").stdout.splitlines()
    return next(line for line in lines if line.startswith(f"{name} "))


@pytest.mark.parametrize("name", NAMES)
def test_without_weights_nothing_is_found_and_it_is_said_how_they_are_got(name, tmp_path):
    answer = witoil("predict", name, picture(tmp_path / "a.png", np.zeros((9, 9, 3))))
    assert answer.returncode == 2
    assert f"`witoil modules fetch {name}`" in answer.stderr
    assert not Path("out").exists()


YOLOS = {
    "azores-buccinidae": 1,
    "azores-bythograeidae": 1,
    "cold-corals": 2,
    "beach-wracks": 2,
    "diatom-detection": 1,
    "obsea-fish-nano": 12,
    "obsea-fish-xlarge": 12,
    "rip-currents": 1,
    "smartbay-burrows": 5,
    "smartbay-species": 36,
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "classes"), YOLOS.items())
def test_boxes_and_outlines_lie_where_the_model_has_them(name, classes, brought, tmp_path):
    card = plugin_named(name).card
    names = [label.name for label in card.labels] or [f"species {k}" for k in range(classes)]
    (side, _) = card.input.size
    how = {"obb": {"turned": True}, "seg": {"masks": 32}}.get(card.output.format, {})
    plugin = brought(name, made.named(made.boxes(side, classes, **how), names))
    answer = predict(plugin, picture(tmp_path / "frame.png", np.zeros((90, 160, 3))))
    (feature,) = answer.findings.features
    assert feature.label == names[min(1, classes - 1)]
    assert feature.score == pytest.approx(0.9)
    # the frame is 160 wide and fills the width: 35 of 160 rows are grey above and below
    tolerance = 1.0 if how.get("masks") else 1e-3
    assert feature.pixel.bounds == pytest.approx((40.0, 25.0, 120.0, 65.0), abs=tolerance)


@pytest.mark.slow
def test_a_model_that_names_no_classes_is_refused(brought, tmp_path):
    plugin = brought("rip-currents", made.boxes(640, 1, turned=True))
    answer = witoil("predict", "rip-currents", picture(tmp_path / "a.png", np.zeros((9, 9, 3))))
    assert answer.returncode == 1
    assert "names" in answer.stderr
    assert plugin.card.labels == ()


@pytest.mark.slow
def test_another_size_than_the_models_own_is_refused(brought, tmp_path):
    import onnx

    model = onnx.load_model_from_string(made.boxes(640, 1))
    onnx.helper.set_model_props(model, {"names": "{0: 'crab'}", "imgsz": "[704, 704]"})
    brought("azores-buccinidae", model.SerializeToString())
    path = picture(tmp_path / "a.png", np.zeros((9, 9, 3)))
    answer = witoil("predict", "azores-buccinidae", path)
    assert "input.size: found 640, 640 in the card, but 704, 704 in the model" in answer.stderr


def test_a_vignette_is_fed_as_the_classifier_of_multiples_was_trained(brought, tmp_path):
    random = np.random.default_rng(2)
    vignette = np.full((131, 90), 255, np.uint8)
    vignette[20:71, 10:41] = random.integers(20, 200, (51, 31))
    vignette[100:] = 0  # the scale bar
    content = made.linear_of_mean([1, 3, 224, 224], [2, 3], [[4, 0], [4, 0], [4, 0]], [0, 1])
    plugin = brought("zooscan-multiple", content)
    answer = predict(plugin, picture(tmp_path / "v.png", vignette))
    # by hand: inverted, its content but for the last row and column, on a black square
    thing = 255 - vignette[20:70, 10:40]
    square = np.zeros((50, 50), np.uint8)
    square[:, 10:40] = thing
    small = Image.fromarray(square).resize((224, 224), Image.Resampling.BILINEAR)
    mean = np.asarray(small).mean() / 255.0
    (feature,) = answer.findings.features
    scores = feature.properties["scores"]
    assert scores["multiple"] == pytest.approx(1 / (1 + np.exp(1 - 12 * mean)), abs=1e-4)


@pytest.mark.slow
def test_a_vignette_without_anything_is_refused(brought, tmp_path):
    content = made.linear_of_mean([1, 3, 224, 224], [2, 3], [[4, 0], [4, 0], [4, 0]], [0, 1])
    brought("zooscan-multiple", content)
    empty = picture(tmp_path / "v.png", np.full((90, 90), 255))
    answer = witoil("predict", "zooscan-multiple", empty, "--out", tmp_path / "out")
    assert answer.returncode == 1
    assert "expected something in the image" in answer.stderr


@pytest.mark.slow
def test_touching_objects_are_parted(brought, tmp_path):
    vignette = np.full((256 + 31, 256), 255, np.uint8)
    rows, columns = np.mgrid[:256, :256]
    for centre in (90, 166):
        vignette[:256][(rows - 128) ** 2 + (columns - centre) ** 2 < 40**2] = 90
    wheres = [(slice(44, 84), slice(25, 62)), (slice(44, 84), slice(66, 103))]
    plugin = brought("zooscan-separator", made.parts(512, wheres))
    answer = predict(plugin, picture(tmp_path / "v.png", vignette))
    discs = answer.findings.features
    assert [it.label for it in discs] == ["object", "object"]
    for disc in discs:
        assert disc.properties["area_pixels"] == pytest.approx(np.pi * 40**2, rel=0.02)


@pytest.mark.slow
def test_numbers_of_plankton_are_scaled_as_in_its_configuration(brought, tmp_path):
    names = [f"taxon {k}" for k in range(95)]
    weights = np.zeros((3, 95))
    weights[:, 3] = 1.0
    content = made.linear_of_mean([1, 100, 100, 3], [1, 2], weights, np.zeros(95))
    plugin = brought("flowcam-efficientnet", made.named(made.softmaxed(content), names))
    answer = predict(plugin, picture(tmp_path / "p.png", np.full((40, 70, 3), 230)))
    (feature,) = answer.findings.features
    logit = 3 * (230 - 158.33844060679408) / 127.5
    assert feature.label == "taxon 3"
    assert feature.score == pytest.approx(np.exp(logit) / (np.exp(logit) + 94), abs=1e-5)
    assert len(feature.properties["scores"]) == 5


@pytest.mark.slow
def test_diatoms_of_another_size_are_refused(brought, tmp_path):
    content = made.linear_of_mean([1, 3, 512, 512], [2, 3], np.eye(3), np.zeros(3))
    content = made.named(made.softmaxed(content), ["a", "b", "c"])
    plugin = brought("diatom-species", content)
    pixels = np.zeros((512, 512, 3))
    pixels[:, :, 1] = 255
    answer = predict(plugin, picture(tmp_path / "d.png", pixels))
    assert answer.findings.features[0].label == "b"
    small = picture(tmp_path / "s.png", pixels[:300])
    answer = witoil("predict", "diatom-species", small, "--out", tmp_path / "out")
    assert "expected 512 x 512" in answer.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("name", "side"), [("litter-detection", 128), ("litter-kinds", 64)])
def test_each_square_has_its_litter(name, side, brought, tmp_path):
    labels = plugin_named(name).card.labels
    weights = np.zeros((3, len(labels)))
    weights[0, 0], weights[2, -1] = 30.0, 30.0  # red: the first, blue: the last
    content = made.linear_of_mean([0, side, side, 3], [1, 2], weights, np.zeros(len(labels)))
    plugin = brought(name, any_batch(made.softmaxed(content)))
    pixels = np.zeros((2 * side + 5, 4 * side + 9, 3))
    pixels[:, :, 2] = 255
    pixels[:side, side : 2 * side] = (255, 0, 0)
    answer = predict(plugin, picture(tmp_path / "p.png", pixels))
    (raster,) = answer.findings.rasters
    assert raster.values.shape == (2, 4)
    expected = np.full((2, 4), len(labels) - 1)
    expected[0, 1] = 0
    np.testing.assert_array_equal(raster.values, expected)


def any_batch(content):
    """Return a model that takes any number of images at once."""
    import onnx

    model = onnx.load_model_from_string(content)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    return model.SerializeToString()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rectified", "oblique"])
def test_the_shoreline_runs_where_both_are_as_likely(kind, brought, tmp_path):
    # the sea is more likely the bluer it is: as likely as land where blue is 100 of 255
    border = (100 / 255 - 0.406) / 0.225
    sea, land, nothing = [0, 0, 5], [0, 0, 0], [0, 0, 0]
    weights = [nothing, land, sea] if kind == "rectified" else [land, sea]
    bias = [-50.0, 0.0, -5.0 * border] if kind == "rectified" else [0.0, -5.0 * border]
    plugin = brought(f"shoreline-{kind}", made.linear_of_pixels(256, weights, bias))
    pixels = np.zeros((300, 400, 3))
    pixels[:, :, 2] = (np.arange(400) - 100).clip(0, 255)  # 100 in the middle of the 201st pixel
    answer = predict(plugin, picture(tmp_path / "p.png", pixels.astype(np.uint8)))
    line = answer.findings.features[0]
    assert line.label == "land-sea"
    x = np.array(line.pixel.coords)[:, 0]
    np.testing.assert_allclose(x, 200.5, atol=1e-3)
    areas = {it.label for it in answer.findings.features[1:]}
    assert areas == {"land", "sea"}


@pytest.mark.slow
def test_the_distance_of_a_vessel_is_heard_in_frames_of_ten_milliseconds(brought, tmp_path):
    logits = np.zeros((1, 11), np.float32)
    logits[0, 2] = 3.0
    plugin = brought("vessel-distance", made.constant([1, 1, 1001, 64], y=logits))
    noise = np.random.default_rng(1).normal(0, 0.1, 480_000)
    soundfile.write(tmp_path / "s.wav", noise, 48_000)
    answer = predict(plugin, tmp_path / "s.wav")
    (feature,) = answer.findings.features
    assert feature.label == "2-3 km"
    p = np.exp(logits[0]) / np.exp(logits).sum()
    assert feature.properties["expected"] == pytest.approx(p @ (np.arange(11) + 0.5), rel=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real models")
def test_eyeonwater_is_what_its_makers_say(brought):
    model = AQUATIC / "models" / "eyeonwater_yolov8n_cls.onnx"
    plugin = brought("eyeonwater-yolo", model.read_bytes())
    answer = predict(plugin, AQUATIC / "img" / "uc3o_obsea_fish17.jpg")
    (feature,) = answer.findings.features
    assert feature.label == "water_bad"
    assert feature.score == pytest.approx(0.974, abs=0.001)
    assert "ready, pinned" in listed("eyeonwater-yolo")
    assert len(answer.document()["sha256"]) == 64


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real models")
def test_coastsat_tells_four_spectra(brought, tmp_path):
    import rasterio

    spectra = {  # reflectance of blue, green, red, near and short-wave infrared
        "water": (0.06, 0.05, 0.03, 0.01, 0.005),
        "sand": (0.20, 0.25, 0.30, 0.35, 0.40),
        "whitewater": (0.55, 0.55, 0.53, 0.45, 0.20),
        "other": (0.04, 0.07, 0.05, 0.35, 0.18),
    }
    plugin = brought("coastsat-s2", (AQUATIC / "models" / "coastsat_s2_mlp.onnx").read_bytes())
    values = np.repeat(np.array(list(spectra.values()), np.float32), 12, axis=0)
    values = np.repeat(values[:, np.newaxis], 12, axis=1)
    how = {"crs": "EPSG:32756", "transform": rasterio.Affine(10, 0, 3e5, 0, -10, 6e6)}
    size = {"width": 12, "height": 48, "count": 5, "dtype": "float32"}
    with rasterio.open(tmp_path / "s.tif", "w", driver="GTiff", **size, **how) as file:
        file.write(np.moveaxis(values, -1, 0))
        file.descriptions = ("B", "G", "R", "NIR", "SWIR")
    answer = predict(plugin, tmp_path / "s.tif")
    (raster,) = answer.findings.rasters
    for k, name in enumerate(spectra):
        inner = raster.values[12 * k + 2 : 12 * k + 10, 2:10]
        assert {raster.labels[int(it)] for it in np.unique(inner)} == {name}


def test_no_two_plugins_of_the_package_are_broken_and_names_are_those_of_folders():
    assert [it.fault for it in find_plugins() if it.fault] == []
    for path in CARDS.glob("*/card.toml"):
        assert tomllib.loads(path.read_text("utf-8"))["model"]["id"] == path.parent.name
    rows = json.loads(witoil("modules", "list", "--json").stdout)
    assert {*NAMES} <= {row["name"] for row in rows}


@pytest.mark.slow
def test_another_ground_sample_distance_is_said(brought, tmp_path):
    labels = plugin_named("litter-detection").card.labels
    weights = np.ones((3, len(labels)))
    content = made.linear_of_mean([1, 128, 128, 3], [1, 2], weights, np.zeros(len(labels)))
    plugin = brought("litter-detection", any_batch(made.softmaxed(content)))
    path = picture(tmp_path / "p.png", np.zeros((256, 256, 3)))

    for gsd, said in ((0.002, None), (0.0025, None), (0.01, "a pixel is 0.01 m wide")):
        georef = parse_georeference(f"nadir:lon=103.5,lat=10.6,gsd_m={gsd},heading_deg=30")
        remarks = predict(plugin, path, georeference=georef).findings.remarks
        found = [it for it in remarks if "made for" in it]
        assert found == [] if said is None else said in found[0]
    remarks = predict(plugin, path).findings.remarks
    assert any("the size of a pixel is not known" in it for it in remarks)


@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real models")
def test_whole_numbers_of_reflectances_are_refused(brought, tmp_path):
    import rasterio

    plugin = brought("coastsat-s2", (AQUATIC / "models" / "coastsat_s2_mlp.onnx").read_bytes())
    how = {"crs": "EPSG:32756", "transform": rasterio.Affine(10, 0, 3e5, 0, -10, 6e6)}
    size = {"width": 12, "height": 12, "count": 5, "dtype": "uint16"}
    with rasterio.open(tmp_path / "s.tif", "w", driver="GTiff", **size, **how) as file:
        file.write(np.full((5, 12, 12), 900, np.uint16))
        file.descriptions = ("B", "G", "R", "NIR", "SWIR")
    with pytest.raises(PluginError, match="found values of 900, expected 0 to 1"):
        predict(plugin, tmp_path / "s.tif")
    with rasterio.open(tmp_path / "s.tif", "r+") as file:
        file.scales = [0.0001] * 5
    (raster,) = predict(plugin, tmp_path / "s.tif").findings.rasters
    assert (raster.values < 4).all()


def test_a_card_of_ones_own_stands_in_the_place_of_the_packages(tmp_path, monkeypatch):
    folder = tmp_path / "plugins" / "rips"
    folder.mkdir(parents=True)
    text = (CARDS / "rip-currents" / "card.toml").read_text("utf-8")
    (folder / "card.toml").write_text(text.replace("[640, 640]", "[960, 960]"))
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path / "plugins"))
    plugin = plugin_named("rip-currents")
    assert plugin.card.input.size == (960, 960)
    assert plugin.weights_folder == folder
    named = [it for it in find_plugins() if it.name == "rip-currents"]
    assert [it.fault for it in named] == [None]


SOUND = {"sample_rate", "seconds", "features", "n_fft", "hop", "n_mels", "fmin", "fmax", "mel"}
IMAGES = {"color", "resize", "interpolation", "pad_value", "every_seconds", "background"}
RASTERS = {"bands", "indices", "texture_radius"}


@pytest.mark.parametrize(
    ("task", "kind", "how", "others", "own"),
    [
        ("pixel-classify", "raster", 'bands = ["a"]', SOUND | IMAGES, RASTERS),
        ("image-classify", "image", "size = [4, 4]", SOUND | RASTERS, IMAGES),
        ("audio-classify", "audio", "sample_rate = 8000\nseconds = 1", IMAGES | RASTERS, {"n_fft"}),
    ],
)
def test_a_card_is_shown_with_the_keys_of_its_kind_of_input(task, kind, how, others, own):
    output = 'format = "probs"\nlabels = ["a", "b"]'
    weights = f'[weights]\nuri = "model.onnx"\nsha256 = "{"0" * 64}"\nbytes = 1'
    text = card(task, kind=kind, how=how, output=output, rest=weights)
    shown = parse_card(tomllib.loads(text), "card").shown()["input"]
    assert not others & {*shown}
    assert own <= {*shown}
    assert shown["kind"] == kind


def test_a_program_is_shown_with_what_its_card_says_of_input_and_output():
    shown = plugin_named("slick-detection").card.shown()
    assert set(shown["input"]) == {"kind", "bands"}
    assert set(shown["output"]) == {"format"}
