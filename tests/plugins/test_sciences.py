"""Commands for tables and images that follow a prediction."""

import csv
import json

import numpy as np
import pytest
from PIL import Image
from shapely.geometry import box, mapping

from tests.aquatic.test_diatoms import valve
from tests.witoil.command import witoil
from witoil.plugins.cleaning import clean_annotations
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.yolo import read_yolo
from witoil.plugins.litter import black_out, litter_totals
from witoil.plugins.prediction import predict
from witoil.plugins.registry import plugin_named
from witoil.plugins.scenes import write_diatom_scenes


def test_annotations_are_cleaned(tmp_path):
    (tmp_path / "all.csv").write_text(
        "name_img,name_sp,x1,y1,x2,y2\n"
        "a.jpg,crab,100,200,200,200\n"
        "a.jpg,crab,105,205,205,205\n"
        "a.jpg,crab,900,900,,\n"
        "a.jpg,snail,100,200,200,200\n"
        "a.jpg,,100,200,200,200\n"
    )
    out = tmp_path / "clean.csv"
    answer = witoil(
        "modules", "clean-annotations", tmp_path / "all.csv", "--species=crab", "-o", out
    )
    assert answer.returncode == 0, answer.stderr
    assert "3 ->      2  crab" in answer.stdout
    assert "2 rows of other species" in answer.stdout
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert rows[0] == {
        "name_img": "a.jpg",
        "name_sp": "crab",
        "xmin": "100",
        "xmax": "205",
        "ymin": "150",
        "ymax": "255",
        "group": "1",
        "length": "100",
        "occurences": "2",
    }
    assert (rows[1]["xmin"], rows[1]["ymax"], rows[1]["occurences"]) == ("899", "901", "1")


@pytest.mark.parametrize(
    ("columns", "cells", "box"),
    [
        ("xmin,xmax,ymin,ymax", "-20,60,1000,1200", ["0", "60", "1000", "1080"]),
        ("x1,y1,x2,y2", "1900,500,1980,580", ["1900", "1920", "500", "580"]),
        ("x1,y1,x2,y2", "700,500,700,500", ["699", "701", "499", "501"]),  # a click
    ],
)
def test_no_box_leaves_its_image_and_none_is_empty(tmp_path, columns, cells, box):
    (tmp_path / "all.csv").write_text(f"name_img,name_sp,{columns}\na,crab,{cells}\n")
    clean_annotations(tmp_path / "all.csv", tmp_path / "out.csv")
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
    assert [row[it] for it in ("xmin", "xmax", "ymin", "ymax")] == box


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,species\na,b\n", "no column name_img, name_sp"),
        ("name_img,name_sp,x1,y1\na,b,1\n", "line 2: found 3 cells, expected 4"),
        ('name_img,name_sp,x1,y1\na,b,1,"2\n', "expected a table in CSV"),
        ("name_img,name_sp,x1,y1\na,b,1,nan\n", "expected places within"),
        ("", "is empty"),
        ("name_img,name_sp,x1,y1\na,b,,\n", "line 2: found no place"),
        ("name_img,name_sp,x1,y1\na,b,1,x\n", "line 2: found 1, x, expected numbers"),
        ("name_img,name_sp,x1,y1\na,b,1,9000\n", "within 1920 x 1080"),
        # a third beyond the image, each way and in each kind
        ("name_img,name_sp,x1,y1\na,b,2500,100\n", "within 1920 x 1080"),
        ("name_img,name_sp,x1,y1,x2,y2\na,b,10,1300,90,1400\n", "within 1920 x 1080"),
        ("name_img,name_sp,xmin,xmax,ymin,ymax\na,b,-300,-10,5,90\n", "within 1920 x 1080"),
        ("name_img,name_sp,xmin,xmax,ymin,ymax\na,b,9,1,2,3\n", "least is more than its most"),
        ("name_img,name_sp,x1,y1\na,,1,1\n", "no row to keep"),
    ],
)
def test_what_is_no_table_of_annotations_is_refused(tmp_path, text, said):
    (tmp_path / "all.csv").write_text(text)
    with pytest.raises(PluginError, match=said):
        clean_annotations(tmp_path / "all.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_files_that_are_not_there_are_told_in_a_line(tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"name_img,name_sp\n\xff,a\n")
    for name in ("none.csv", "latin.csv"):
        with pytest.raises(PluginError, match="expected a table in CSV"):
            clean_annotations(tmp_path / name, tmp_path / "out.csv")
    with pytest.raises(PluginError, match="expected what"):
        litter_totals([tmp_path / "none.json"], tmp_path / "out.csv", gsd_cm=0.2)


def envelope(path, labels, pixel=None):
    """Write what a prediction writes of an image, as far as it is read here."""
    features = [{"properties": {"label": it, "pixel": pixel and mapping(pixel)}} for it in labels]
    path.write_text(json.dumps({"features": features}))
    return path


def test_litter_is_summed_up_and_named(tmp_path):
    high = envelope(tmp_path / "a.json", ["Litter-high"] * 2 + ["Water"] * 5)
    low = envelope(tmp_path / "b.json", ["Litter-low", "Organic debris", "P - bottles PET"])
    out = tmp_path / "litter.csv"
    answer = witoil("modules", "litter-totals", high, low, "--gsd-cm", "0.2", "-o", out)
    assert answer.returncode == 0, answer.stderr
    assert "P - bottles PET: not translatable (J7 or J8" in answer.stdout
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [float(it["items"]) for it in rows] == [7.0, 1.5, 8.5]
    assert float(rows[2]["volume_m3"]) == pytest.approx(0.67 * 0.065536)
    (tmp_path / "codes.csv").write_text("label,code\nP - bottles PET,G6\n")
    found = litter_totals([low], out, gsd_cm=0.2, codes=tmp_path / "codes.csv")
    assert found["codes"] == [("P - bottles PET", 1, "G6", "")]
    (tmp_path / "bad.json").write_text("[1]")
    with pytest.raises(PluginError, match=r"bad\.json: .*expected what"):
        litter_totals([tmp_path / "bad.json"], out, gsd_cm=0.2)
    with pytest.raises(PluginError, match=r"a\.json: found pixels of 0 cm"):
        litter_totals([high], out, gsd_cm=0.0)


def test_faces_are_made_black(tmp_path):
    Image.new("RGB", (60, 40), (200, 100, 50)).save(tmp_path / "a.jpg")
    envelope(tmp_path / "a.jpg.json", ["FACE"], box(10, 10, 20, 20))
    told = ["--predicted", tmp_path, "--label", "FACE", "--out", tmp_path / "out"]
    answer = witoil("modules", "black-out", tmp_path / "a.jpg", *told)
    assert answer.returncode == 0, answer.stderr
    pixels = np.asarray(Image.open(tmp_path / "out" / "a.png"))
    assert not pixels[9:21, 9:21].any()
    assert (pixels[:8] > 20).all()
    assert (pixels[:, 23:] > 20).all()


def test_an_image_that_was_not_looked_at_is_not_passed_on(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (60, 40)).save(tmp_path / name)
    envelope(tmp_path / "a.jpg.json", [])
    images = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    with pytest.raises(PluginError, match="FACE would stay"):
        black_out(images, tmp_path, tmp_path / "out", label="FACE")
    assert not (tmp_path / "out").exists()
    envelope(tmp_path / "b.jpg.json", ["FACE"])
    with pytest.raises(PluginError, match="without a place"):
        black_out(images, tmp_path, tmp_path / "out", label="FACE")


@pytest.mark.slow
def test_scenes_of_diatoms_are_made_and_measured(tmp_path):
    for k, (length, width) in enumerate([(60, 20), (80, 14)]):
        (tmp_path / "cut" / f"taxon{k}").mkdir(parents=True)
        place = tmp_path / "cut" / f"taxon{k}" / "valve.png"
        Image.fromarray(valve(length, width, pitch=6.0)).save(place)
    out = tmp_path / "scenes"
    told = ["--count=2", "--each=3", "--size=200x160", "--seed=3", "--out", out]
    answer = witoil("modules", "diatom-scenes", tmp_path / "cut", *told)
    assert answer.returncode == 0, answer.stderr
    assert "6 valves in 2 scenes" in answer.stdout
    scenes = read_yolo(out / "labels")
    assert [len(it.features) for it in scenes] == [3, 3]
    assert {it.label for scene in scenes for it in scene.features} <= {"taxon0", "taxon1"}
    measured = predict(
        plugin_named("diatom-morphometry"),
        tmp_path / "cut" / "taxon0" / "valve.png",
        parameters={"pixel_um": 0.5},
    )
    (feature,) = measured.findings.features
    assert feature.properties["measures_um"]["length"] == pytest.approx(30.0, abs=1.5)
    assert feature.properties["measures_um"]["striae_in_10_um"] == pytest.approx(10 / 3, rel=0.03)
    with pytest.raises(PluginError, match="found no images"):
        write_diatom_scenes(out / "labels", out, scenes=1, each=1, size=(64, 64))
    with pytest.raises(PluginError, match="expected one of coco"):
        write_diatom_scenes(out, out, scenes=1, each=1, size=(64, 64), form="pascal")


def test_what_other_models_found_is_no_litter(tmp_path):
    fish = envelope(tmp_path / "f.json", ["Chromis chromis", "fish"])
    with pytest.raises(PluginError, match="found Chromis chromis, fish, expected squares"):
        litter_totals([fish], tmp_path / "out.csv", gsd_cm=0.2)
    for clean in (["Water", "Stones"], ["NW - sand"], []):
        path = envelope(tmp_path / "c.json", clean)
        assert litter_totals([path], tmp_path / "out.csv", gsd_cm=0.2)["total"]["items"] == 0.0


def test_a_label_that_nothing_has_blacks_nothing_out_in_silence(tmp_path):
    Image.fromarray(np.full((9, 9, 3), 90, np.uint8)).save(tmp_path / "a.png")
    envelope(tmp_path / "a.png.json", ["Face"])
    with pytest.raises(PluginError, match="found FACE, expected Face"):
        black_out([tmp_path / "a.png"], tmp_path, tmp_path / "out", label="FACE")
    found = black_out([tmp_path / "a.png"], tmp_path, tmp_path / "out", label="head")
    assert found["remarks"] == ["nothing is called head, but Face: nothing is black"]
