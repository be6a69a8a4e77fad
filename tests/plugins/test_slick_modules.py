"""The modules of slicks, from a file to the map, to other formats and to a run."""

import json

import numpy as np
import pytest
import rasterio
import shapely
from onnx import helper

from catalog.slicks.events import read_events
from tests.aquatic.sea_scenes import sea_scene
from tests.aquatic.test_safe import NAME, write_safe
from tests.plugins.builders import card, graph, plugin_in
from tests.witoil.command import witoil
from witoil.plugins.batch import Options, predict_files
from witoil.plugins.prediction import predict
from witoil.plugins.registry import find_plugins, plugin_named

TIMED = "S1A_IW_GRDH_1SDV_20210824T034300_sigma0.tif"
OPEN_SEA = {"coastline": "none"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """The file of a scene with a plume."""
    plume = shapely.Point(0.0, 0.0).buffer(1500.0)
    made = sea_scene(1, side=200, calm=0, coast=False, shapes=[plume], wind=(6.0, 6.5))
    return made.write(tmp_path_factory.mktemp("scene") / TIMED)


def test_modules_are_listed_without_a_library():
    names = {it.name: it.fault for it in find_plugins()}
    assert names["slick-detection"] is None
    assert names["slick-optical"] is None


@pytest.mark.slow
def test_slicks_are_written_as_services_of_the_sea_do(scene, tmp_path):
    report = predict_files(
        plugin_named("slick-detection"),
        [scene],
        tmp_path,
        Options(parameters=OPEN_SEA, formats=["json", "geojson", "geotiff", "orbital-eos", "stac"]),
    )
    assert report["failed"] == {}
    assert report["labels"] == {"oil": 1}
    name = "20210824-0343-XXX-UO-A-01-S1"
    assert {f"{name}.shp", f"{name}.stac.json", f"{TIMED}.probability.tif"} <= {*report["written"]}
    shown = json.loads((tmp_path / "features.geojson").read_text())["features"][0]
    for file in (f"{name}.shp", f"{name}.stac.json"):
        (event,), problems = read_events([tmp_path / file])
        assert problems == []
        (detection,) = event.detections
        assert f"{detection.time:%Y%m%d-%H%M}" == "20210824-0343"
        assert detection.quality == "A"
        assert detection.area_km2 == pytest.approx(shown["properties"]["area_km2"], rel=1e-3)
        least, most = detection.volume_m3
        assert (least, most) == pytest.approx(
            (0.04 * detection.area_km2, 5.0 * detection.area_km2), rel=1e-2
        )
    with rasterio.open(tmp_path / f"{TIMED}.probability.tif") as dataset:
        assert dataset.nodata == 255
        assert dataset.read(1).max() > 50


@pytest.mark.slow
def test_slicks_without_a_time_are_left_out_and_said(scene, tmp_path):
    untimed = tmp_path / "scene.tif"
    untimed.write_bytes(scene.read_bytes())
    (tmp_path / "out").mkdir()
    report = predict_files(
        plugin_named("slick-detection"),
        [untimed],
        tmp_path / "out",
        Options(parameters=OPEN_SEA, formats=["orbital-eos"]),
    )
    assert "1 slicks without an area on the map or a time were left out" in report["remarks"][0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_product_is_one_file_of_a_folder(tmp_path):
    rng = np.random.default_rng(2)
    rows, columns = np.mgrid[0:800, 0:800]
    oil = np.hypot(rows - 400, columns - 400) < 140
    power = 0.03 * np.where(oil, 0.4, 1.0) * rng.gamma(4.4, 1 / 4.4, oil.shape)
    numbers = np.sqrt(power * 450.0**2 + 600.0).astype(np.uint16)
    write_safe(tmp_path / "in", numbers)
    out = tmp_path / "out"
    out.mkdir()
    report = predict_files(
        plugin_named("slick-detection"),
        [tmp_path / "in"],
        out,
        Options(parameters=OPEN_SEA, formats=["json", "geojson", "geotiff"]),
    )
    assert report["failed"] == {}
    assert (report["files"], report["labels"]) == (1, {"oil": 1})
    (feature,) = json.loads((out / "features.geojson").read_text())["features"]
    said = feature["properties"]
    assert said["time"] == "2021-08-24T03:43:00Z"
    assert said["satellite"] == "Sentinel-1A"
    assert 2.0 < said["wind_speed"] < 12.0
    with rasterio.open(out / f"{NAME}.probability.tif") as dataset:
        values = dataset.read(1)
        y, x = np.nonzero((values > 50) & (values != 255))
        lon, lat = dataset.xy(y.mean(), x.mean())
    assert (
        shapely.geometry.shape(feature["geometry"]).centroid.distance(shapely.Point(lon, lat))
        < 5e-4
    )


@pytest.mark.slow
def test_a_scene_on_land_fails_in_one_line_and_stops_no_other(scene, tmp_path):
    land = tmp_path / "land.geojson"
    shape = shapely.geometry.mapping(shapely.box(30.0, 30.0, 40.0, 40.0))
    land.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "properties": {}, "geometry": shape}],
            }
        )
    )
    answer = witoil(
        *("predict", "slick-detection", scene, "--set", f"land={land}", "--out", tmp_path / "out"),
    )
    assert answer.returncode == 1
    assert "has sea on 0.0 % of its area" in answer.stderr
    assert "Traceback" not in answer.stderr


def segmenter():
    """Return a model that says oil where the contrast is below -2 dB: a steep logistic curve."""
    nodes = [
        helper.make_node("Add", ["x", "two"], ["shifted"]),
        helper.make_node("Mul", ["shifted", "steep"], ["scaled"]),
        helper.make_node("Sigmoid", ["scaled"], ["y"]),
    ]
    constants = {"two": np.float32(2.0), "steep": np.float32(-4.0)}
    shape = ["n", 1, "h", "w"]
    return graph(nodes, {"x": shape}, {"y": shape}, {k: np.array(v) for k, v in constants.items()})


SEGMENTER = card(
    "semantic-seg",
    "raster",
    how='bands = ["contrast_db"]',
    output='format = "prob-map"',
    rest="""
[tiling]
size = 64
stride = 48
[[labels]]
name = "sea"
background = true
[[labels]]
name = "oil"
group = "oil"
""",
)


@pytest.mark.slow
def test_a_model_takes_the_place_of_the_threshold(scene, tmp_path, monkeypatch):
    plugin_in(tmp_path / "p", segmenter(), SEGMENTER)
    plugin_in(
        tmp_path / "q",
        segmenter(),
        SEGMENTER.replace('"contrast_db"', '"sigma0"').replace("made-", "other-"),
    )
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path))
    plugin = plugin_named("slick-detection")
    found = predict(plugin, scene, parameters=OPEN_SEA | {"segmenter": "made-semantic-seg"})
    largest = found.findings.features[0]
    plain = predict(plugin, scene, parameters=OPEN_SEA).findings.features[0]
    assert largest.pixel.intersection(plain.pixel).area > 0.7 * plain.pixel.area
    with pytest.raises(ValueError, match="segmenter: other-semantic-seg is no plug-in of the task"):
        predict(plugin, scene, parameters=OPEN_SEA | {"segmenter": "other-semantic-seg"})


def optical(path, names, factor=1.0):
    from tests.aquatic.test_glint import bands

    values, slick = bands()
    profile = {
        "driver": "GTiff",
        "count": 2,
        "height": slick.shape[0],
        "width": slick.shape[1],
        "dtype": "float32",
        "crs": "EPSG:32636",
        "transform": rasterio.Affine(20.0, 0.0, 700_000.0, 0.0, -20.0, 3_920_000.0),
    }
    with rasterio.open(path, "w", **profile) as dataset:
        for k, (name, band) in enumerate(zip(names, values, strict=True), 1):
            dataset.write((factor * band).astype(np.float32), k)
            dataset.set_band_description(k, name)
    return path, slick


@pytest.mark.slow
def test_a_slick_in_sunglint_is_on_the_map(tmp_path):
    path, slick = optical(tmp_path / "S2.tif", ("B8A", "B11"))
    found = predict(plugin_named("slick-optical"), path, parameters=OPEN_SEA)
    (feature,) = found.findings.features
    assert feature.properties["contrast_sign"] == "brighter"
    assert feature.pixel.area == pytest.approx(slick.sum(), rel=0.15)
    assert feature.geometry is not None
    angles = {"sun_zenith_deg": 40.0, "view_zenith_deg": 0.0, "azimuth_deg": 90.0}
    darker = predict(plugin_named("slick-optical"), path, parameters=OPEN_SEA | angles)
    assert darker.findings.features == []
    assert "slicks are darker than water here" in darker.findings.remarks


@pytest.mark.parametrize(
    ("names", "parameters", "text"),
    [
        (("B2", "B3"), {}, "has the bands b2, b3, expected B8A, B11"),
        (("B8A", "B11"), {"sensor": "Sentinel-3"}, "expected Oa17, Oa21"),
        (("B8A", "B11"), {"sun_zenith_deg": 40.0}, "expected all of them or none"),
        (
            ("B8A", "B11"),
            {"sun_zenith_deg": 22.0, "view_zenith_deg": 0.0, "azimuth_deg": 0.0},
            "slicks are as bright as water at",
        ),
    ],
)
def test_what_sunglint_cannot_tell_is_refused(tmp_path, names, parameters, text):
    path, _ = optical(tmp_path / "S2.tif", names)
    with pytest.raises(ValueError, match=text) as caught:
        predict(plugin_named("slick-optical"), path, parameters=OPEN_SEA | parameters)
    assert "\n" not in str(caught.value)
