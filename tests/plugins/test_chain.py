"""A mask of oil on an image starts a run and a trace, in one command."""

import json
import math

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Geod

from tests.plugins.builders import card, plugin_in, same
from tests.witoil.command import witoil
from witoil.case import load_case
from witoil.plugins.chain import case_of_features, disc
from witoil.plugins.errors import PluginError

pytestmark = pytest.mark.slow

CARD = card(
    "semantic-seg",
    how='resize = "none"\nscale = 0.00392156862745098',
    output='format = "probs"',
    rest="""
[tiling]
size = 32
[[labels]]
name = "sea"
background = true
[[labels]]
name = "oil"
[[labels]]
name = "ship"
""",
)


@pytest.fixture(scope="module")
def seen(demo_twin, tmp_path_factory):
    """A scene with oil within that of the twin's first slick, and the twin's case."""
    folder = tmp_path_factory.mktemp("seen")
    plugin_in(folder / "plugins" / "oil", same(), CARD)
    case = load_case(demo_twin / "demo.toml")
    slick = json.loads(next(demo_twin.glob("slick_*.geojson")).read_text())
    geometry = shapely.union_all([shapely.geometry.shape(f["geometry"]) for f in slick["features"]])
    west, south, east, north = geometry.bounds
    classes = np.zeros((40, 60), int)
    classes[10:30, 20:40] = 1
    pixels = (255 * (np.arange(3)[:, None, None] == classes)).astype(np.uint8)
    profile = {
        "driver": "GTiff",
        "count": 3,
        "height": 40,
        "width": 60,
        "dtype": "uint8",
        "crs": "EPSG:4326",
        "photometric": "RGB",
        "transform": rasterio.Affine(
            (east - west) / 60, 0.0, west, 0.0, -(north - south) / 40, north
        ),
    }
    with rasterio.open(folder / "scene.tif", "w", **profile) as dataset:
        dataset.write(pixels)
    return folder, demo_twin / "demo.toml", case


def command(seen, out, *arguments):
    folder, case, loaded = seen
    time = loaded.time.start.strftime("%Y-%m-%dT%H:%M:%S")
    return witoil(
        *("predict", "made-semantic-seg", folder / "scene.tif", "--case", case, "--time", time),
        *("--out", out, "--quiet", *arguments),
        env={"WITOIL_PLUGIN_PATH": str(folder / "plugins")},
    )


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("step", ["simulate", "trace"])
def test_oil_that_is_found_is_run(seen, tmp_path, step):
    answer = command(seen, tmp_path, "--then", step, "--label", "oil")
    assert answer.returncode == 0, answer.stderr
    slick = json.loads((tmp_path / "slick.geojson").read_text())
    found = json.loads((tmp_path / "features.geojson").read_text())
    assert [it["geometry"] for it in slick["features"]] == [
        it["geometry"] for it in found["features"]
    ]
    name = "summary.json" if step == "simulate" else "trace.json"
    summary = json.loads((tmp_path / step / name).read_text())
    if step == "simulate":
        (area,) = (it for it in summary["case"]["release"] if it["kind"] == "area")
        assert area["geometry"] == str(tmp_path / "slick.geojson")
        assert summary["scores"]
    else:
        assert summary["slick"]["key"] == "release.0"


@pytest.mark.usefixtures("compiled")
def test_options_of_the_model_count_in_a_chain_too(seen, tmp_path):
    """Formats are written; with --force both parts begin anew; an unknown format is refused."""
    chain = ("--then", "simulate", "--label", "oil")
    answer = command(seen, tmp_path, *chain, "--to", "csv", "--scheduler", "threads")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "features.geojson").exists()
    assert [*tmp_path.glob("*.csv")]
    began = (tmp_path / "report.json").stat().st_mtime_ns
    again = command(seen, tmp_path, *chain, "--scheduler", "threads", "--force")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "report.json").stat().st_mtime_ns > began
    refused = command(seen, tmp_path / "other", *chain, "--to", "parchment")
    assert refused.returncode == 2
    assert "parchment" in refused.stderr


def collection(*labels, time="2025-06-01T06:00:00Z", kind="Polygon"):
    shapes = {
        "Polygon": [[[20.0, 36.0], [20.1, 36.0], [20.1, 36.1], [20.0, 36.0]]],
        "Point": [20.0, 36.0],
    }
    return [
        {
            "type": "Feature",
            "geometry": {"type": kind, "coordinates": shapes[kind]},
            "properties": {"label": label, "time": time},
        }
        for label in labels
    ]


@pytest.mark.parametrize("lon", [20.0, 179.999, -180.0, 200.0])
@pytest.mark.parametrize("lat", [0.0, 60.0, -85.0])
def test_a_disc_has_its_area_anywhere(lon, lat):
    found = disc(shapely.Point(lon, lat), 500.0)
    area, _ = Geod(ellps="WGS84").geometry_area_perimeter(shapely.orient_polygons(found))
    assert abs(area) == pytest.approx(math.pi * 500.0**2, rel=0.003)
    west, _, east, _ = found.bounds
    assert west < lon < east
    assert east - west < 1.0


def test_places_with_a_radius_are_areas(seen, tmp_path):
    path = tmp_path / "features.geojson"
    features = collection("oil", kind="Point", time=seen[2].time.start.isoformat())
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    slick = tmp_path / "slick.geojson"
    case_of_features(seen[2], path, None, "simulate", slick, radius_m=300.0)
    (found,) = json.loads(slick.read_text())["features"]
    assert shapely.geometry.shape(found["geometry"]).contains(shapely.Point(20.0, 36.0))


def test_a_case_with_two_areas_is_refused(seen, tmp_path):
    path = tmp_path / "features.geojson"
    features = collection("oil", time=seen[2].time.start.isoformat())
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    area = next(it for it in seen[2].release if it.kind == "area")
    two = seen[2].model_copy(update={"release": (area, area)})
    with pytest.raises(PluginError, match="found 2 areas, expected one"):
        case_of_features(two, path, None, "simulate", tmp_path / "slick.geojson")


@pytest.mark.parametrize(
    ("features", "label", "text"),
    [
        ([], None, "nothing on the map"),
        (collection("oil", "ship"), None, "say by `label` which is the oil"),
        (collection("ship"), "oil", "found ship on the map, expected oil"),
        (collection("oil", kind="Point"), None, "without an extent"),
        (collection("oil", time=None), None, "when this was seen, .* by `time`"),
        (collection("oil") + collection("oil", time="2025-06-02T06:00:00Z"), None, "one time"),
        (collection("oil", time="1999-01-01T00:00:00Z"), None, "seen at 1999-01-01T00:00Z"),
    ],
)
def test_what_cannot_start_a_run_is_refused(seen, tmp_path, features, label, text):
    path = tmp_path / "features.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    step = "trace" if "1999" in text else "simulate"
    with pytest.raises(PluginError, match=text):
        case_of_features(seen[2], path, label, step, tmp_path / "slick.geojson")
