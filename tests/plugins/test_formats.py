"""Formats of other tools, read back: by their libraries where there are some, else by ours."""

import csv
import io
import json
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.plugins.builders import AQUATIC, EYEONWATER
from tests.witoil.command import witoil
from witoil.plugins.card import parse_card
from witoil.plugins.envelope import Envelope, Feature, Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.reading import READERS, convert, read_annotations
from witoil.plugins.formats.scenes import Scene
from witoil.plugins.formats.tables import write_csv, write_darwin_core, write_ecotaxa
from witoil.plugins.formats.writing import ANNOTATIONS

SIZE = (60, 100)
BOX = shapely.box(10.0, 5.0, 30.0, 25.0)
HOLED = shapely.Polygon(
    [(40, 10), (70, 10), (70, 40), (40, 40)], [[(50, 20), (60, 20), (60, 30), (50, 30)]]
)
KITE = shapely.Polygon([(80, 10), (90, 20), (80, 40), (75, 20)])
SCENE = Scene(
    "a.png",
    SIZE,
    [Feature("fish", 0.75, BOX), Feature("crab", 0.5, KITE), Feature("fish", 0.25, HOLED)],
    ("crab", "fish", "nothing"),
    "model 1",
)


@pytest.fixture
def place(tmp_path):
    """A folder with the image that annotations belong to."""
    for folder in ("labels", "images"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "images" / "a.png")
    return tmp_path


def path_of(written, folder):
    first = folder / written.names[0]
    return first if len(written.names) == 1 and first.suffix != ".xml" else first.parent


def read_back(scenes, form, folder):
    return read_annotations(path_of(ANNOTATIONS[form](scenes, folder), folder), form)


@pytest.mark.parametrize("form", READERS)
def test_what_is_written_is_read_back(form, place):
    (scene,) = read_back([SCENE], form, place)
    assert scene.file == "a.png"
    assert scene.size in (SIZE, None)
    assert [it.label for it in scene.features] == ["fish", "crab", "fish"]
    box, kite, holed = (it.pixel for it in scene.features)
    assert shapely.equals_exact(box.normalize(), BOX.normalize(), 1e-5)
    if form != "voc":
        assert kite.symmetric_difference(KITE).area == pytest.approx(0.0, abs=1e-3)
    assert holed.area == pytest.approx(800.0 if form == "coco" else 900.0, rel=1e-6)


def test_what_a_format_cannot_hold_is_said(place):
    line = Scene("a.png", SIZE, [Feature("fish", 1.0, shapely.LineString([(0, 0), (9, 9)]))])
    for form in ("coco", "yolo", "voc", "label-studio"):
        assert "lines or points: 1" in " ".join(ANNOTATIONS[form]([line], place).remarks)
    assert "holes" in " ".join(ANNOTATIONS["yolo"]([SCENE], place).remarks)
    assert "2 other shapes" in " ".join(ANNOTATIONS["voc"]([SCENE], place).remarks)


@pytest.mark.slow
@given(st.lists(st.tuples(*[st.integers(0, 50)] * 2, *[st.integers(1, 50)] * 2), max_size=5))
def test_boxes_of_whole_pixels_survive_every_format(tmp_path_factory, corners):
    folder = tmp_path_factory.mktemp("boxes")
    Image.new("RGB", (101, 103)).save(folder / "b.png")
    boxes = [shapely.box(x, y, x + w, y + h) for x, y, w, h in corners]
    scene = Scene("b.png", (103, 101), [Feature("x", None, box) for box in boxes], ("x",))
    for form in ("coco", "voc", "yolo", "label-studio", "biigle"):
        if form == "biigle" and not boxes:
            continue  # a table of annotations has no images without any
        written = ANNOTATIONS[form]([scene], folder)
        path = path_of(written, folder)
        if form == "yolo":
            Image.new("RGB", (101, 103)).save(path / "b.png")
        (found,) = read_annotations(path, form)
        for one, other in zip(found.features, boxes, strict=True):
            assert one.pixel.bounds == pytest.approx(other.bounds, abs=1e-5)


def test_coco_is_that_of_its_own_library(place):
    """An AP of 1 for what is compared with itself, by faster-coco-eval."""
    import faster_coco_eval as library

    ANNOTATIONS["coco"]([SCENE], place)
    document = json.loads((place / "coco.json").read_text())
    truth = library.COCO(document)
    results = [
        {key: it[key] for key in ("image_id", "category_id", "bbox", "score")}
        for it in document["annotations"]
    ]
    evaluation = library.COCOeval_faster(truth, truth.loadRes(results), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)
    masks = {it["id"]: truth.annToMask(it) for it in document["annotations"]}
    assert masks[3].sum() == pytest.approx(800.0, abs=1.0)
    assert masks[3][25, 55] == 0


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real annotations")
def test_real_outlines_of_wracks_are_read(tmp_path):
    (tmp_path / "classes.txt").write_text("dense\nintermediate\n")
    for name in ("clm", "snb"):
        for suffix in ("png", "txt"):
            stem = f"uc7_wrack_{name}.{suffix}"
            (tmp_path / stem).write_bytes((AQUATIC / "img" / stem).read_bytes())
    scenes = read_annotations(tmp_path, "yolo")
    labels = [[it.label for it in scene.features] for scene in scenes]
    assert [len(it) for it in labels] == [12, 3]
    assert labels[0].count("dense") == 5
    answer = witoil(
        *("modules", "convert", tmp_path, "--from", "yolo", "--to", "coco"),
        *("--out", tmp_path / "out"),
    )
    assert answer.returncode == 0, answer.stderr
    again = read_annotations(tmp_path / "out" / "coco.json", "coco")
    for before, after in zip(scenes, again, strict=True):
        for one, other in zip(before.features, after.features, strict=True):
            assert one.pixel.area == pytest.approx(other.pixel.area, rel=1e-9)


@pytest.mark.parametrize(
    ("form", "name", "content"),
    [
        ("coco", "x.json", "[]"),
        ("coco", "x.json", '{"images": [], "categories": [], "annotations": [{"image_id": 1}]}'),
        ("coco", "x.json", "{"),
        ("label-studio", "x.json", '[{"data": {}}]'),
        ("biigle", "x.csv", "a,b\n1,2\n"),
        ("biigle", "x.csv", 'shape_name,points,filename\nEllipse,"[1,2]",a.png\n'),
    ],
)
def test_files_that_are_none_are_refused_in_one_line(form, name, content, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(PluginError, match=name) as caught:
        read_annotations(tmp_path / name, form)
    assert "\n" not in str(caught.value)


def test_a_bomb_of_entities_is_refused(tmp_path):
    (tmp_path / "a.xml").write_text(
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><annotation>&b;</annotation>'
    )
    with pytest.raises(PluginError, match="is no VOC"):
        read_annotations(tmp_path, "voc")


def test_names_of_images_lead_nowhere_else(tmp_path):
    document = {
        "images": [{"id": 1, "file_name": "../../etc/a.png", "width": 9, "height": 9}],
        "categories": [],
        "annotations": [],
    }
    (tmp_path / "c.json").write_text(json.dumps(document))
    assert read_annotations(tmp_path / "c.json", "coco")[0].file == "a.png"
    convert(tmp_path / "c.json", "coco", "voc", tmp_path / "out")
    assert [it.name for it in (tmp_path / "out").rglob("*.xml")] == ["a.xml"]


def envelopes():
    import tomllib

    text = EYEONWATER.format(size=256)
    feature = Feature(
        "Chromis chromis",
        0.9,
        BOX,
        time=datetime(2024, 4, 22, 8, 0, 2, tzinfo=UTC),
        properties={"aphia_id": 127000, "depth_min_m": 20.0},
        geometry=shapely.Point(1.7525, 41.18217),
    )
    found = Findings([feature, Feature("bad", 0.4)])
    return [Envelope(parse_card(tomllib.loads(text), "card"), "f.jpg", SIZE, found, True, {})]


def test_darwin_core_has_what_is_a_species_in_a_place(tmp_path):
    written = write_darwin_core(envelopes(), tmp_path)
    (row,) = csv.DictReader(io.StringIO((tmp_path / "occurrence.csv").read_text()))
    assert row["scientificNameID"] == "urn:lsid:marinespecies.org:taxname:127000"
    assert (row["decimalLongitude"], row["decimalLatitude"]) == ("1.7525", "41.18217")
    assert row["eventDate"] == "2024-04-22T08:00:02Z"
    assert row["basisOfRecord"] == "MachineObservation"
    assert "1 without a place" in written.remarks[0]


def test_ecotaxa_has_types_in_its_second_line(tmp_path):
    write_ecotaxa(envelopes(), tmp_path)
    rows = list(csv.reader((tmp_path / "ecotaxa.tsv").read_text().splitlines(), delimiter="\t"))
    assert set(rows[1]) == {"[t]", "[f]"}
    row = dict(zip(rows[0], rows[2], strict=True))
    assert (row["object_date"], row["object_time"]) == ("20240422", "080002")
    assert row["object_annotation_status"] == "predicted"


def test_a_table_has_a_line_for_each_thing(tmp_path):
    write_csv(envelopes(), tmp_path)
    rows = list(csv.DictReader((tmp_path / "features.csv").read_text().splitlines()))
    assert [row["label"] for row in rows] == ["Chromis chromis", "bad"]
    assert [float(rows[0][key]) for key in ("x_min", "y_min", "x_max", "y_max")] == [10, 5, 30, 25]
    assert np.isclose(float(rows[0]["longitude"]), 1.7525)
