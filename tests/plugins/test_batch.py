import json
import os
import re
from dataclasses import replace
from datetime import datetime
from io import BytesIO

import fsspec
import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.plugins.builders import card, mean_colour, plugin_in, same
from tests.witoil.command import witoil
from witoil.claim import CHECKPOINT
from witoil.errors import OutputError
from witoil.plugins import batch, inputs
from witoil.plugins.batch import Options, predict_files
from witoil.plugins.envelope import Envelope, Feature, Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.layers import Results
from witoil.plugins.formats.writing import RESERVED
from witoil.plugins.georeference import Affine, Station, Track
from witoil.plugins.inputs import Item
from witoil.plugins.ledger import opened
from witoil.plugins.registry import open_folder
from witoil.plugins.summary import write_report
from witoil.report.prediction import counts_of

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
SEGMENTS_ON_MAP = SEGMENTS + '[geo]\nkinds = ["affine"]\n'


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


@pytest.mark.slow
def test_files_of_one_name_have_envelopes_of_their_own(predicted):
    _, report = predicted("made-image-classify")
    assert set(report["written"]) == {"same.png.json", "same.png-2.json", "features.geojson"}


@pytest.mark.slow
def test_nothing_on_the_map_leaves_nothing_of_before(predicted, tmp_path):
    georeference = ("--georef", "station:lon=1,lat=2", "--time", "2024-04-22T08:00")
    predicted("made-image-classify", *georeference)
    path = tmp_path / "out" / "features.geojson"
    features = json.loads(path.read_text())["features"]
    assert [it["properties"]["time"] for it in features] == ["2024-04-22T08:00:00Z"] * 2
    predicted("made-image-classify")
    assert json.loads(path.read_text())["features"] == []


@pytest.mark.slow
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


@pytest.mark.slow
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
    _, _, known = answer.stderr.partition("expected one of: ")
    assert {"made-image-classify", "made-semantic-seg"} <= {*known.partition(" (")[0].split(", ")}


def pictures_in(folder, count, colour=(0, 255, 0)):
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        Image.new("RGB", (8, 6), colour).save(folder / f"{k}.png")
    return folder


@pytest.fixture
def classes(tmp_path):
    return open_folder(plugin_in(tmp_path / "plugin", mean_colour(), TEXT))


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


STATION = Options(Station(kind="station", lon=179.99, lat=-16.5))


@pytest.mark.slow
def test_all_of_a_batch_is_one_geopackage(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 3)
    (folder / "1.png").write_bytes(b"bad")
    (folder / "notes.txt").write_text("no picture")
    report = predict_files(classes, [folder], out, replace(STATION, formats=("gpkg",)))
    features = gpd.read_file(out / "results.gpkg", layer="features")
    assert list(features["file"]) == ["0.png", "2.png"]
    assert features.crs == "EPSG:4326"
    assert features["label"].tolist() == ["green", "green"]
    assert [it.coords[0] for it in features.geometry] == [(179.99, -16.5)] * 2
    files = gpd.read_file(out / "results.gpkg", layer="files").set_index("place")
    assert files.state.to_dict() == {
        str(folder / "0.png"): "done",
        str(folder / "2.png"): "done",
        str(folder / "1.png"): "failed",
    }
    assert "is no image" in files.fault[str(folder / "1.png")]
    assert files.height[str(folder / "0.png")] == 6
    assert report["left_out"] == {".txt": 1}
    assert report["written"] == ["results.gpkg"]


@pytest.mark.slow
def test_geoparquet_has_the_same(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 2)
    predict_files(classes, [folder], out, replace(STATION, formats=("gpkg", "geoparquet")))
    there = gpd.read_parquet(out / "features.parquet")
    here = gpd.read_file(out / "results.gpkg", layer="features")
    assert there.crs == "EPSG:4326"
    for name in ("place", "file", "frame", "label", "score", "properties"):
        assert there[name].fillna("").tolist() == here[name].fillna("").tolist()
    assert there.geometry.geom_equals(here.geometry).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpkg", "geoparquet"])
def test_a_batch_without_a_map_has_its_tables_all_the_same(classes, tmp_path, out, name):
    folder = pictures_in(tmp_path / "in", 1)
    (folder / "0.png").write_bytes(b"bad")
    report = predict_files(classes, [folder], out, Options(formats=(name,)))
    assert report["succeeded"] == 0
    if name == "gpkg":
        assert gpd.read_file(out / "results.gpkg", layer="features").empty
    else:
        assert gpd.read_parquet(out / "features.parquet").empty


@pytest.mark.slow
def test_what_crosses_180_is_cut_in_tables(tmp_path, out):
    plugin = open_folder(plugin_in(tmp_path / "plugin", same(), SEGMENTS_ON_MAP))
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[..., 0] = 255
    pixels[4:12, 2:14] = (0, 255, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    place = Affine(kind="affine", transform=(0.1, 0, 179.2, 0, -0.1, -16.0), crs="EPSG:4326")
    predict_files(plugin, [tmp_path / "a.png"], out, Options(place, formats=("gpkg",)))
    features = gpd.read_file(out / "results.gpkg", layer="features")
    west, _, east, _ = features.total_bounds
    assert (west, east) == (-180.0, 180.0)
    assert shapely.area(features.geometry.values).sum() == pytest.approx(8 * 12 * 0.01)


@pytest.mark.slow
def test_files_of_a_bucket_are_looked_at(classes, out):
    bucket = fsspec.filesystem("memory")
    content = BytesIO()
    Image.new("RGB", (8, 6), (255, 0, 0)).save(content, "png")
    bucket.pipe({"/b/x/0.png": content.getvalue(), "/b/1.png": b"bad", "/b/a.csv": b""})
    try:
        report = predict_files(classes, ["memory://b"], out, Options(formats=("gpkg",)))
        assert report["labels"] == {"red": 1}
        ((place, fault),) = report["failed"].items()
        assert place == "memory:///b/1.png"
        assert fault.startswith("memory:///b/1.png: is no image")
        assert report["left_out"] == {".csv": 1}
        bucket.pipe({"/b/1.png": content.getvalue()})
        report = predict_files(classes, ["memory://b"], out, Options(formats=("gpkg",)))
        assert report["labels"] == {"red": 2}
        one = predict_files(classes, ["memory://b/x/0.png"], out, Options(formats=("gpkg",)))
        assert one["files"] == 1
    finally:
        bucket.rm("/b", recursive=True)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("nothing://b", "nothing://b: cannot be opened"),
        ("memory://none-of-this", "found no files"),
        ("file:///does/not/exist", "found no files"),
    ],
)
def test_a_bucket_that_cannot_be_read_is_told(classes, out, url, text):
    with pytest.raises(PluginError, match=re.escape(text)) as caught:
        predict_files(classes, [url], out)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_files_that_changed_or_went_are_as_they_are_now(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 3)
    predict_files(classes, [folder], out)
    Image.new("RGB", (8, 6), (255, 0, 0)).save(folder / "1.png")
    os.utime(folder / "1.png", ns=(1, 1))
    (folder / "2.png").unlink()
    report = predict_files(classes, [folder], out)
    assert report["labels"] == {"green": 1, "red": 1}
    assert sorted(it.name for it in out.glob("*.png.json")) == ["0.png.json", "1.png.json"]


def test_other_parameters_begin_anew(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 1)
    predict_files(classes, [folder], out)
    report = predict_files(classes, [folder], out, Options(parameters={"topk": 3}))
    (feature,) = json.loads((out / "0.png.json").read_text())["features"]
    assert {*feature["properties"]["scores"]} == {"red", "green", "blue"}
    assert report["succeeded"] == 1


@pytest.mark.slow
def test_what_was_done_is_done_again_by_force_alone(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 1)
    predict_files(classes, [folder], out)
    written = (out / "0.png.json").stat().st_mtime_ns
    predict_files(classes, [folder], out)
    assert (out / "0.png.json").stat().st_mtime_ns == written
    predict_files(classes, [folder], out, Options(force=True))
    assert (out / "0.png.json").stat().st_mtime_ns > written


@pytest.mark.slow
def test_a_track_that_has_changed_moves_what_was_found(tmp_path, out):
    text = TEXT.replace('"station"', '"track"')
    plugin = open_folder(plugin_in(tmp_path / "plugin", mean_colour(), text))
    folder = pictures_in(tmp_path / "in", 1)
    track = tmp_path / "track.csv"
    for lon in (1.5, 2.25):
        track.write_text(f"time,lon,lat\n2024-01-01T00:00,{lon},41\n2024-01-03T00:00,{lon},41\n")
        place = Track(kind="track", file=track)
        options = Options(place, time=datetime(2024, 1, 2))
        predict_files(plugin, [folder], out, options)
        (feature,) = json.loads((out / "features.geojson").read_text())["features"]
        assert feature["geometry"]["coordinates"] == [lon, 41.0]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_results_are_no_inputs(tmp_path):
    plugin = open_folder(plugin_in(tmp_path / "plugin", same(), SEGMENTS))
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(folder / "a.png")
    (folder / "out").mkdir()
    for _ in range(2):
        report = predict_files(plugin, [folder], folder / "out", Options(formats=("geotiff",)))
        assert (report["files"], report["left_out"]) == (1, {})
        assert (folder / "out" / "a.png.classes.tif").is_file()
    with pytest.raises(PluginError, match="expected another --out"):
        predict_files(plugin, [folder], folder)


def test_files_that_a_model_does_not_take_are_counted(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 1)
    for name in ("a.wav", "b.WAV", "c", "d.zip"):
        (folder / name).write_bytes(b"")
    report = predict_files(classes, [folder], out)
    assert report["left_out"] == {".wav": 2, ".zip": 1, "none": 1}
    assert report["files"] == 1
    named = predict_files(classes, [folder / "a.wav"], out)
    assert "is no image" in named["failed"][str(folder / "a.wav")]


def test_pipes_in_a_folder_are_not_waited_for(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 1)
    os.mkfifo(folder / "pipe.png")
    (folder / "gone.png").symlink_to(folder / "none.png")
    report = predict_files(classes, [folder], out)
    assert [*report["failed"]] == [str(folder / "gone.png")]
    assert report["files"] == 2


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(["a", "a-2", "a-3", "b", "report", "features"]), max_size=9))
def test_no_two_files_have_one_name_in_the_results(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("ledger")
    items = [Item(f"{k}/{name}", "1") for k, name in enumerate(names)]
    with opened(folder) as ledger:
        ledger.begin("kind")
        ledger.enter(items, RESERVED)
        stems = [waiting.stem for waiting in ledger.waiting()]
        assert [waiting.item for waiting in ledger.waiting()] == items
    assert len({*stems}) == len(items)
    assert not {*stems} & RESERVED


def test_a_ledger_that_is_damaged_is_told(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 1)
    predict_files(classes, [folder], out)
    (out / CHECKPOINT / "files.sqlite").write_bytes(b"no database at all" * 99)
    with pytest.raises(OutputError, match="remove it to begin anew"):
        predict_files(classes, [folder], out)


class _EndedError(KeyboardInterrupt):
    pass


@pytest.mark.slow
def test_files_that_arrive_are_waited_for_until_they_are_whole(classes, tmp_path, out, monkeypatch):
    monkeypatch.setattr(batch, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(inputs, "SETTLED_SECONDS", 0.15)
    folder = pictures_in(tmp_path / "in", 1)
    content = (folder / "0.png").read_bytes()
    notes = []

    def progress(share, note):
        notes.append(note)
        report = out / "report.json"
        done = json.loads(report.read_text())["succeeded"] if report.is_file() else 0
        if done == 1 and not (folder / "1.png").exists():
            (folder / "1.png").write_bytes(content[:20])
            (folder / ".2.png").write_bytes(content[:20])
        elif (folder / "1.png").exists() and (size := (folder / "1.png").stat().st_size) < len(
            content
        ):
            (folder / "1.png").write_bytes(content[: size + 2])
        if done == 2:
            raise _EndedError

    with pytest.raises(_EndedError):
        predict_files(classes, [folder], out, watch=True, progress=progress)
    report = json.loads((out / "report.json").read_text())
    assert (report["files"], report["succeeded"], report["failed"]) == (2, 2, {})
    assert any("waiting for files" in note for note in notes)


@pytest.mark.slow
def test_what_was_found_is_written_when_waiting_ends(classes, tmp_path, out, monkeypatch):
    monkeypatch.setattr(batch, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(inputs, "SETTLED_SECONDS", 0.0)
    folder = pictures_in(tmp_path / "in", 5)

    def progress(share, note):
        raise _EndedError

    with pytest.raises(_EndedError):
        predict_files(classes, [folder], out, watch=True, progress=progress)
    report = json.loads((out / "report.json").read_text())
    assert report["succeeded"] >= 1
    predict_files(classes, [folder], out)
    assert json.loads((out / "report.json").read_text())["succeeded"] == 5


@pytest.mark.slow
def test_the_page_says_what_was_found_and_what_failed(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 3)
    (folder / "<b>.png").write_bytes(b"bad")
    predict_files(classes, [folder], out, STATION)
    page = (out / "report.html").read_text()
    assert "3 found in 3 of 4 files" in page
    assert "&lt;b&gt;.png: is no image" in page
    assert "<b>.png" not in page
    assert page.count("data:image/png;base64,") == 2
    assert "3 of 3 found are on the map" in page


def test_a_format_whose_package_is_not_installed_is_refused_before_any_file(
    classes, tmp_path, out, monkeypatch
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    folder = pictures_in(tmp_path / "in", 1)
    with pytest.raises(PluginError, match=r"geoparquet is written by pyarrow.*or another format"):
        predict_files(classes, [folder], out, Options(formats=("json", "geoparquet")))
    assert not [*out.iterdir()]


def test_things_without_a_label_are_counted_apart(classes, out):
    things = [Feature(label="none"), Feature(), Feature()]
    envelope = Envelope(classes.card, "a.png", (1, 1), Findings(things), False, {})
    report = write_report(
        classes,
        Results((envelope,), ("a.png",), {}),
        out,
        total=1,
        refused={},
        written=[],
        left_out={},
        reference=None,
    )
    assert report["features"] == 3
    assert report["labels"] == {"none": 1}
    assert report["without_label"] == 2
    assert counts_of(report) == [("none", 1), ("without a label", 2)]
    assert "without a label" in (out / "report.html").read_text()


@pytest.mark.slow
def test_a_full_disk_is_said_to_be_and_the_batch_goes_on_with_room(classes, tmp_path, out):
    folder = pictures_in(tmp_path / "in", 3)

    def fill():
        with opened(out) as ledger:
            ledger._connection.execute("PRAGMA max_page_count = 1")
            ledger._connection.execute("CREATE TABLE large (content)")

    with pytest.raises(OutputError, match=r"disk is full.*make some, and the same command goes on"):
        fill()
    assert predict_files(classes, [folder], out)["succeeded"] == 3
