import json

import numpy as np
import pytest
import rasterio
from PIL import Image

from tests.plugins.builders import card, mean_colour, plugin_in, same
from tests.witoil.command import witoil

TEXT = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098',
    output='format = "probs"\nlabels = ["red", "green", "blue"]',
    rest='[geo]\nkinds = ["station"]',
)
SEGMENTS = card(
    "semantic-seg",
    how='resize = "none"\nscale = 0.00392156862745098',
    output='format = "probs"',
    rest="""
[tiling]
size = 16
[[labels]]
name = "sea"
background = true
[[labels]]
name = "oil"
[[labels]]
name = "ship"
""",
)


@pytest.fixture
def predicted(tmp_path):
    """Return what runs the command on a file of each folder, and gives answer and report."""
    plugin_in(tmp_path / "plugins" / "classes", mean_colour(), TEXT)
    plugin_in(tmp_path / "plugins" / "segments", same(), SEGMENTS)
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[..., 0] = 255
    pixels[5:10, 5:15] = (0, 255, 0)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.fromarray(pixels).save(tmp_path / folder / "same.png")

    def run(name, *arguments):
        answer = witoil(
            *("predict", name, tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out"),
            *arguments,
            env={"WITOIL_PLUGIN_PATH": str(tmp_path / "plugins")},
        )
        path = tmp_path / "out" / "report.json"
        return answer, json.loads(path.read_text()) if path.is_file() else None

    return run


def test_files_of_one_name_have_envelopes_of_their_own(predicted):
    _, report = predicted("made-image-classify")
    assert set(report["written"]) == {"same.png.json", "same.png-2.json", "features.geojson"}


def test_nothing_on_the_map_leaves_nothing_of_before(predicted, tmp_path):
    georeference = ("--georef", "station:lon=1,lat=2", "--time", "2024-04-22T08:00")
    predicted("made-image-classify", *georeference)
    path = tmp_path / "out" / "features.geojson"
    features = json.loads(path.read_text())["features"]
    assert [it["properties"]["time"] for it in features] == ["2024-04-22T08:00:00Z"] * 2
    predicted("made-image-classify")
    assert json.loads(path.read_text())["features"] == []


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_rasters_are_written_as_they_are_found(predicted, tmp_path):
    answer, report = predicted("made-semantic-seg", "--to", "geotiff,csv")
    assert answer.returncode == 0
    assert "same.png-2.classes.tif" in report["written"]
    with rasterio.open(tmp_path / "out" / "same.png.classes.tif") as dataset:
        values = dataset.read(1)
        assert dataset.tags()["class_1"] == "oil"
    assert (values[5:10, 5:15] == 1).all()
    assert (values == 1).sum() == 50


def test_a_format_that_cannot_hold_it_stops_no_other(predicted, tmp_path):
    answer, report = predicted("made-semantic-seg", "--to", "json,yolo,csv")
    assert answer.returncode == 1
    assert "expected other names" in report["failed"]["yolo"]
    assert "features.csv" in report["written"]
    assert report["succeeded"] == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--to", "jason"), "found the format 'jason'"),
        (("--georef", "nowhere"), "georef"),
        (("--georef", "nadir:lon=1,lat=2,gsd_m=1"), "kinds: station"),
        (("--set", "conf"), "KEY=VALUE"),
        (("--set", "conf=7"), "conf: Input should be"),
        (("--set", "colour=7"), "found the parameter 'colour'"),
        (("--time", "soon"), "expected a time"),
        (("--then", "simulate"), "--then and --case together"),
    ],
)
def test_a_wrong_option_is_told(predicted, arguments, text):
    answer, report = predicted("made-image-classify", *arguments)
    assert answer.returncode == 2
    assert text in " ".join(answer.stderr.split())
    assert report is None


def test_a_model_that_there_is_not_is_told(predicted):
    answer, _ = predicted("nothing")
    assert answer.returncode == 2
    assert "expected one of: " in answer.stderr
    assert "made-image-classify, made-semantic-seg" in answer.stderr
