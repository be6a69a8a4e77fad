"""A real model, on a real frame: the figures that its makers' own program gives."""

import json

import pytest

from tests.plugins.builders import AQUATIC, EYEONWATER, plugin_in
from tests.witoil.command import witoil

MODEL = AQUATIC / "models" / "eyeonwater_yolov8n_cls.onnx"
FRAME = AQUATIC / "img" / "uc3o_obsea_fish17.jpg"

pytestmark = pytest.mark.skipif(not MODEL.is_file(), reason="needs the real models")


@pytest.mark.slow
@pytest.mark.parametrize(("size", "score"), [(576, 0.974), (256, 0.9956)])
def test_the_frame_of_a_station_is_classified(tmp_path, size, score):
    plugin_in(tmp_path / "plugins" / "eow", MODEL.read_bytes(), EYEONWATER.format(size=size))
    answer = witoil(
        *("predict", "eyeonwater-yolo", FRAME, "--out", tmp_path / "out", "--quiet"),
        *("--georef", "station:lon=1.7525,lat=41.18217", "--time", "2024-04-22T08:00:02"),
        env={"WITOIL_PLUGIN_PATH": str(tmp_path / "plugins")},
    )
    assert answer.returncode == 0, answer.stderr
    document = json.loads((tmp_path / "out" / f"{FRAME.name}.json").read_text())
    (feature,) = document["features"]
    assert feature["properties"]["label"] == "water_bad"
    assert feature["properties"]["score"] == pytest.approx(score, abs=0.001)
    assert feature["properties"]["time"] == "2024-04-22T08:00:02Z"
    assert feature["geometry"] == {"type": "Point", "coordinates": [1.7525, 41.18217]}
    assert document["crs"] == "EPSG:4326"
    mapped = json.loads((tmp_path / "out" / "features.geojson").read_text())
    assert mapped == {"type": "FeatureCollection", "features": [feature]}
