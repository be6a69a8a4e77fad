import itertools
import math
import tomllib

import numpy as np
import pytest
import rasterio
import rasterio.control
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from tests.plugins.builders import AQUATIC, card, graph, same
from witoil.plugins.card import Tiling, parse_card
from witoil.plugins.errors import PluginError
from witoil.plugins.heads import segment
from witoil.plugins.heads.segment import features_of, starts
from witoil.plugins.prediction import predict

LABELS = """
[[labels]]
name = "land"
background = true
[[labels]]
name = "oil"
[[labels]]
name = "sea"
"""
HOW = "scale = 0.00392156862745098\nresize = 'none'"


def tiled(size=16, stride=8, blend="mean", **output):
    extra = "".join(f"\n{key} = {value}" for key, value in output.items())
    return card(
        "semantic-seg",
        how=HOW,
        output=f'format = "probs"{extra}',
        rest=f'[tiling]\nsize = {size}\nstride = {stride}\nblend = "{blend}"\n{LABELS}',
    )


def coloured(classes):
    """Return pixels whose channel of the class is full, which the model gives back."""
    return 255 * (np.arange(3) == np.asarray(classes)[..., np.newaxis])


@pytest.mark.parametrize("shape", [(16, 16), (40, 40), (37, 51), (5, 70), (9, 3)])
@pytest.mark.parametrize(("stride", "blend"), [(16, "mean"), (8, "mean"), (5, "hann")])
def test_tiles_give_what_the_whole_would(found, shape, stride, blend):
    classes = np.random.default_rng(1).integers(0, 3, shape)
    answer = found(same(), tiled(stride=stride, blend=blend), coloured(classes))
    np.testing.assert_array_equal(answer.findings.rasters[0].values, classes)


@given(st.integers(1, 3000), st.integers(8, 512), st.data())
def test_tiles_leave_no_gap(length, size, data):
    tiling = Tiling(size=size, stride=data.draw(st.integers(1, size)))
    places = starts(length, tiling)
    assert places[0] == 0
    assert places[-1] + size >= length
    assert len(places) == 1 or places[-2] + size < length
    assert all(b - a == tiling.step for a, b in itertools.pairwise(places))


def test_areas_have_label_extent_and_mean_score(found):
    pixels = coloured(np.zeros((20, 30), int)).astype(np.uint8)
    pixels[2:6, 3:8] = (0, 204, 51)
    pixels[10:12, 20:30] = (0, 0, 153)
    oil, sea = found(same(), tiled(), pixels).findings.features
    assert (oil.label, oil.score) == ("oil", pytest.approx(0.8))
    assert oil.pixel.bounds == (3, 2, 8, 6)
    assert (sea.label, sea.score, sea.pixel.area) == ("sea", pytest.approx(0.6), 20.0)
    few = found(same(), tiled(least_pixels=21), pixels)
    assert [it.label for it in few.findings.features] == []


def test_what_is_averaged_is_what_the_model_put_out(found):
    """Two tiles that overlap see other things: their logits are averaged before the softmax."""
    position = helper.make_node("CumSum", ["x", "axis"], ["y"])
    model = graph(
        [position],
        {"x": [1, 3, 8, 8]},
        {"y": [1, 3, 8, 8]},
        {"axis": np.array(3, np.int64)},
    )
    logits = tiled(size=8, stride=4).replace('"probs"', '"logits"').replace(HOW, "resize = 'none'")
    pixels = np.zeros((8, 12, 3), np.uint8)
    pixels[:, :, 1] = 1
    answer = found(model, logits, pixels)
    columns = (np.r_[1:9, 0, 0, 0, 0] + np.r_[0, 0, 0, 0, 1:9]) / np.r_[
        np.ones(4), np.full(4, 2), np.ones(4)
    ]
    expected = np.mean([math.exp(v) / (math.exp(v) + 2.0) for v in columns])
    (oil,) = answer.findings.features
    assert oil.score == pytest.approx(expected, rel=1e-5)


def test_a_line_runs_where_two_classes_are_as_likely(found):
    share = np.linspace(0.0, 1.0, 21)[np.newaxis, :] * np.ones((10, 1))
    pixels = np.round(255 * np.stack([1.0 - share, 0.0 * share, share], axis=-1))
    answer = found(same(), tiled(line='["land", "sea"]'), pixels)
    line = answer.findings.features[0]
    assert (line.label, line.pixel.geom_type) == ("land-sea", "LineString")
    x, y = np.array(line.pixel.coords).T
    np.testing.assert_allclose(x, 10.5, atol=0.05)  # the middle of the pixel with both as likely
    assert (y.min(), y.max()) == (0.5, 9.5)


def test_rows_are_sequences(found):
    text = card("row-sequence", how=HOW, output='format = "probs"', rest=LABELS)
    node = helper.make_node("Identity", ["x"], ["y"])
    model = graph([node], {"x": ["n", "w", 3]}, {"y": ["n", "w", 3]})
    classes = np.random.default_rng(2).integers(0, 3, (150, 7))
    answer = found(model, text, coloured(classes))
    np.testing.assert_array_equal(answer.findings.rasters[0].values, classes)


def test_a_model_that_gives_other_pixels_is_refused(found):
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    model = graph([node], {"x": ["n", 3, "h", "w"]}, {"y": ["n", 3, "a", "b"]})
    with pytest.raises(PluginError, match="put out 8 x 8 pixels for tiles of 16 x 16"):
        found(model, tiled(), coloured(np.zeros((16, 16), int)))


def geotiff(path, values, nodata=None, names=None, scale=None, crs="EPSG:32637", **options):
    """Write (bands, height, width) with pixels of 10 m."""
    profile = {
        "driver": "GTiff",
        "count": len(values),
        "height": values.shape[1],
        "width": values.shape[2],
        "dtype": values.dtype,
        "crs": crs,
        "transform": rasterio.Affine(10.0, 0.0, 500_000.0, 0.0, -10.0, 3_900_000.0),
        "nodata": nodata,
    }
    with rasterio.open(path, "w", **profile | options) as dataset:
        dataset.write(values)
        if names:
            dataset.descriptions = names
        if scale:
            dataset.scales = [scale] * len(values)
    return path


def test_a_geotiff_is_on_the_map(made, tmp_path):
    classes = np.zeros((20, 30), int)
    classes[5:10, 10:20] = 1
    values = np.moveaxis(coloured(classes), -1, 0).astype(np.uint8)
    answer = predict(made(same(), tiled()), geotiff(tmp_path / "scene.tif", values))
    (oil,) = answer.findings.features
    assert oil.pixel.bounds == (10, 5, 20, 10)
    west, south, east, north = oil.geometry.bounds
    assert (west, east) == pytest.approx((39.0011, 39.0022), abs=1e-4)
    assert north - south == pytest.approx(50.0 / 110_900.0, rel=1e-2)
    assert answer.document()["crs"] == "EPSG:4326"


BANDS = """
bands = ["B", "G", "R", "NIR", "SWIR"]
indices = [["NIR", "G"], ["SWIR", "G"], ["NIR", "R"], ["SWIR", "NIR"], ["B", "R"]]
texture_radius = 1
"""
COASTSAT = card(
    "pixel-classify",
    "raster",
    how=BANDS,
    output='format = "probs"\nlabels = ["other", "sand", "whitewater", "water"]',
)
SPECTRA = {  # reflectance of blue, green, red, near and short-wave infrared
    "water": (0.06, 0.05, 0.03, 0.01, 0.005),
    "sand": (0.20, 0.25, 0.30, 0.35, 0.40),
    "whitewater": (0.55, 0.55, 0.53, 0.45, 0.20),
    "other": (0.04, 0.07, 0.05, 0.35, 0.18),
}
TURBID = (0.12, 0.14, 0.13, 0.06, 0.03)


def features_by_hand(values):
    """Return the 20 features of a scene, each square on its own."""
    bands = [values[..., k] for k in range(5)]
    pairs = [(3, 1), (4, 1), (3, 2), (4, 3), (0, 2)]
    layers = bands + [(bands[a] - bands[b]) / (bands[a] + bands[b]) for a, b in pairs]
    for layer in layers[:10]:
        padded = np.pad(layer, 1, mode="reflect")
        squares = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
        layers.append(squares.std(axis=(2, 3)))
    return np.stack(layers, axis=-1)


def test_features_of_pixels_are_those_of_each_square(tmp_path):

    parsed = parse_card(tomllib.loads(COASTSAT), "test")
    values = np.random.default_rng(3).uniform(0.01, 0.6, (12, 17, 5))
    np.testing.assert_allclose(features_of(values, parsed), features_by_hand(values), atol=1e-9)


@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real models")
def test_spectra_have_the_classes_of_coastsat(made, tmp_path):
    model = (AQUATIC / "models" / "coastsat_s2_mlp.onnx").read_bytes()
    plugin = made(model, COASTSAT)
    for name, spectrum in SPECTRA.items():
        values = np.broadcast_to(np.array(spectrum, np.float32)[:, None, None], (5, 6, 6))
        path = geotiff(tmp_path / f"{name}.tif", values, names=["B", "G", "R", "NIR", "SWIR"])
        answer = predict(plugin, path)
        (feature,) = answer.findings.features
        assert feature.label == name
        assert feature.score > 0.98
    values = np.broadcast_to(np.array(TURBID, np.float32)[:, None, None], (5, 6, 6))
    (feature,) = predict(plugin, geotiff(tmp_path / "t.tif", values)).findings.features
    assert feature.label == "water"


@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real models")
def test_bands_are_found_by_name_and_numbers_have_scale_and_gaps(made, tmp_path):
    plugin = made((AQUATIC / "models" / "coastsat_s2_mlp.onnx").read_bytes(), COASTSAT)
    stored = np.zeros((5, 70, 40), np.uint16)
    stored[:, :, :20] = np.round(np.array(SPECTRA["water"]) * 1e4)[:, None, None]
    stored[:, :, 20:] = np.round(np.array(SPECTRA["sand"]) * 1e4)[:, None, None]
    stored[:, :5] = 0
    order = [4, 2, 0, 1, 3]
    names = [("B", "G", "R", "NIR", "SWIR")[k] for k in order]
    path = geotiff(tmp_path / "s2.tif", stored[order], nodata=0, names=names, scale=1e-4)
    classes = predict(plugin, path).findings.rasters[0].values
    assert (classes[:5] == 255).all()
    assert (classes[6:, :19] == 3).all()
    assert (classes[6:, 21:] == 1).all()


def test_bands_that_are_not_there_are_refused(made, tmp_path):
    node = helper.make_node("Identity", ["x"], ["y"])
    plugin = made(graph([node], {"x": ["n", 20]}, {"y": ["n", 20]}), COASTSAT)
    three = np.zeros((3, 4, 4), np.float32)
    with pytest.raises(PluginError, match="has 3 bands without names, expected 5: B, G"):
        predict(plugin, geotiff(tmp_path / "three.tif", three))
    with pytest.raises(PluginError, match="has the bands r, g, b, expected B, G"):
        predict(plugin, geotiff(tmp_path / "named.tif", three, names=["R", "G", "B"]))


def test_a_value_for_each_pixel(made, tmp_path):
    """The ratio of Stumpf, 2 (ln 1000 blue / ln 1000 green) - 1, as a graph."""
    nodes = [
        helper.make_node("Mul", ["x", "n"], ["scaled"]),
        helper.make_node("Log", ["scaled"], ["logs"]),
        helper.make_node("Split", ["logs"], ["blue", "green"], axis=1),
        helper.make_node("Div", ["blue", "green"], ["ratio"]),
        helper.make_node("Mul", ["ratio", "m1"], ["steep"]),
        helper.make_node("Sub", ["steep", "m0"], ["y"]),
    ]
    constants = {
        "n": np.float32(1000.0),
        "m1": np.float32(2.0),
        "m0": np.float32(1.0),
    }
    model = graph(nodes, {"x": ["n", 2]}, {"y": ["n", 1]}, constants)
    text = card(
        "raster-regress",
        "raster",
        how='bands = ["B", "G"]',
        output='format = "values"\nunit = "m"',
    )
    values = np.random.default_rng(5).uniform(0.01, 0.1, (2, 70, 9)).astype(np.float32)
    values[:, 3, 4] = np.nan
    answer = predict(made(model, text), geotiff(tmp_path / "sdb.tif", values, nodata=np.nan))
    (raster,) = answer.findings.rasters
    expected = 2.0 * np.log(1000.0 * values[0]) / np.log(1000.0 * values[1]) - 1.0
    assert np.isnan(raster.values[3, 4])
    np.testing.assert_allclose(raster.values, expected, rtol=1e-5)
    assert (raster.unit, raster.crs is not None) == ("m", True)


def test_a_map_of_one_probability_has_two_classes(found):
    """Oil from a probability of 0.3 on; what the first channel of the image has is given back."""
    node = helper.make_node("ReduceMax", ["x"], ["y"], axes=[1], keepdims=1)
    model = graph([node], {"x": ["n", 3, "h", "w"]}, {"y": ["n", 1, "h", "w"]})
    labels = '[[labels]]\nname = "sea"\nbackground = true\n[[labels]]\nname = "oil"'
    text = card(
        "semantic-seg",
        how=HOW,
        output='format = "prob-map"\nconf = 0.3',
        rest=f"[tiling]\nsize = 16\nstride = 8\n{labels}",
    )
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[2:5, 2:6] = 102  # 0.4
    pixels[10:12, 10:12] = 51  # 0.2
    (oil,) = found(model, text, pixels).findings.features
    assert oil.pixel.bounds == (2, 2, 6, 5)
    assert oil.score == pytest.approx(0.4, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("line", [None, '["land", "sea"]'])
def test_what_is_kept_on_disk_is_the_same(found, monkeypatch, line):
    classes = np.random.default_rng(4).integers(0, 3, (50, 60)).repeat(2, 0).repeat(3, 1)
    text = tiled(**({"line": line} if line else {}))
    before = found(same(), text, coloured(classes)).findings
    monkeypatch.setattr(segment, "MOST_PIXELS", 10)
    after = found(same(), text, coloured(classes)).findings
    assert isinstance(after.rasters[0].values, np.memmap)
    np.testing.assert_array_equal(before.rasters[0].values, after.rasters[0].values)
    assert [(it.label, it.pixel) for it in before.features] == [
        (it.label, it.pixel) for it in after.features
    ]
    assert "polygons of a raster as large as this have no score" in after.remarks


def test_a_file_that_takes_too_long_is_given_up(made, image):
    plugin = made(same(), tiled())
    pixels = coloured(np.zeros((400, 400), int))
    with pytest.raises(PluginError, match="took longer than 0 s"):
        predict(plugin, image(pixels), most_seconds=1e-9)


def test_a_scene_of_one_band_is_grey(made, tmp_path):
    """What a radar sees: a model of a grey image, whose darkness is the probability of oil."""
    nodes = [
        helper.make_node("Sub", ["one", "x"], ["dark"]),
        helper.make_node("Identity", ["dark"], ["y"]),
    ]
    shapes = {"x": ["n", 1, "h", "w"]}, {"y": ["n", 1, "h", "w"]}
    model = graph(nodes, *shapes, {"one": np.float32(1.0)})
    labels = '[[labels]]\nname = "sea"\nbackground = true\n[[labels]]\nname = "oil"'
    text = card(
        "semantic-seg",
        how=HOW + '\ncolor = "L"',
        output='format = "prob-map"\nconf = 0.5',
        rest=f"[tiling]\nsize = 16\n{labels}",
    )
    values = np.full((1, 20, 30), 200, np.uint8)
    values[0, 5:9, 10:20] = 51
    (oil,) = predict(made(model, text), geotiff(tmp_path / "sar.tif", values)).findings.features
    assert (oil.pixel.bounds, oil.score) == ((10, 5, 20, 9), pytest.approx(0.8, abs=1e-4))


def test_rasters_in_tiles_have_nothing_where_numbers_are_missing(made, tmp_path):
    text = card(
        "semantic-seg",
        "raster",
        how='bands = ["VV", "VH"]',
        output='format = "probs"\nlabels = ["a", "b"]',
        rest="[tiling]\nsize = 16",
    )
    values = np.zeros((2, 20, 20), np.float32)
    values[0], values[1] = 0.25, 0.75
    values[1, 3:5, 6:9] = np.nan  # and no nodata that would say so
    answer = predict(made(same(), text), geotiff(tmp_path / "a.tif", values, names=("VV", "VH")))
    classes = answer.findings.rasters[0].values
    assert (classes[3:5, 6:9] == 255).all()
    assert (classes == 1).sum() == 400 - 6


@pytest.mark.parametrize(
    ("values", "options", "text"),
    [
        (np.zeros((1, 8, 8), np.uint8), {"palette": True}, "in a palette"),
        (np.zeros((3, 8, 8), np.uint16), {}, "bands of uint16"),
        (np.zeros((2, 8, 8), np.uint8), {}, "found 2 bands"),
    ],
)
def test_numbers_that_are_no_colours_are_refused(made, tmp_path, values, options, text):
    path = geotiff(tmp_path / "a.tif", values)
    if options:
        with rasterio.open(path, "r+") as dataset:
            dataset.write_colormap(1, {0: (255, 0, 0, 255)})
    with pytest.raises(PluginError, match=text):
        predict(made(same(), tiled()), path)


def test_complex_numbers_are_refused(made, tmp_path):
    node = helper.make_node("Identity", ["x"], ["y"])
    plugin = made(graph([node], {"x": ["n", 20]}, {"y": ["n", 20]}), COASTSAT)
    with pytest.raises(PluginError, match="complex"):
        predict(plugin, geotiff(tmp_path / "c.tif", np.zeros((5, 4, 4), np.complex64)))


def test_a_scene_with_ground_control_points_alone_stays_in_pixels(made, tmp_path):
    values = np.moveaxis(coloured(np.ones((20, 30), int)), -1, 0).astype(np.uint8)
    points = [
        rasterio.control.GroundControlPoint(row, column, 35.0 + column / 100, 36.0 - row / 100)
        for row, column in ((0, 0), (0, 30), (20, 0), (20, 30))
    ]
    path = geotiff(tmp_path / "gcps.tif", values, crs="EPSG:4326", gcps=points, transform=None)
    answer = predict(made(same(), tiled()), path)
    assert answer.document()["crs"] is None
    assert any("ground control points" in it for it in answer.findings.remarks)


def test_a_turned_scene_across_180_is_where_it_is(made, tmp_path):
    values = np.moveaxis(coloured(np.zeros((20, 30), int)), -1, 0).astype(np.uint8)
    values[:, 5:10, 5:10] = np.array([0, 255, 0], np.uint8)[:, None, None]
    turned = rasterio.Affine(0.0, 0.01, 179.9, 0.01, 0.0, -17.0)  # rows go east, columns north
    path = geotiff(tmp_path / "t.tif", values, crs="EPSG:4326", transform=turned)
    answer = predict(made(same(), tiled()), path)
    (oil,) = answer.findings.features
    assert oil.geometry.bounds == pytest.approx((179.95, -16.95, 180.0, -16.9))
    far = rasterio.Affine(0.01, 0.0, 179.9, 0.0, -0.01, -17.0)
    path = geotiff(tmp_path / "f.tif", values, crs="EPSG:4326", transform=far)
    (oil,) = predict(made(same(), tiled(least_pixels=2)), path).findings.features
    assert oil.geometry.bounds == pytest.approx((179.95, -17.1, 180.0, -17.05))


def test_features_by_parts_are_those_of_the_whole(made, tmp_path):
    """A raster of more rows than are read at once, with gaps; the model adds up the features."""
    node = helper.make_node("ReduceSum", ["x", "axis"], ["y"], keepdims=1)
    model = graph([node], {"x": ["n", 6]}, {"y": ["n", 1]}, {"axis": np.array([1], np.int64)})
    how = 'bands = ["a", "b"]\nindices = [["a", "b"]]\ntexture_radius = 2'
    text = card("raster-regress", "raster", how=how, output='format = "values"')
    values = np.random.default_rng(7).uniform(0.1, 1.0, (2, 150, 20)).astype(np.float32)
    values[0, 63:65, 4:6] = np.nan
    plugin = made(model, text)
    answer = predict(plugin, geotiff(tmp_path / "a.tif", values, names=["a", "b"]))
    whole = features_of(np.moveaxis(values, 0, -1), plugin.card).sum(axis=-1)
    np.testing.assert_allclose(answer.findings.rasters[0].values, whole, rtol=1e-5)
    assert np.isnan(whole[61:67, 2:8]).all()
    assert np.isfinite(whole[60]).all()
