"""The modules of ZooScan, as they are called."""

import json

import numpy as np
import pytest
from PIL import Image

from aquatic.errors import AquaticError
from aquatic.plankton.ecotaxa import read_table
from tests.aquatic.test_plankton import PLACES, scan_of, vignette_of
from tests.plugins.builders import AQUATIC
from tests.witoil.command import witoil
from witoil.plugins.errors import PluginError
from witoil.plugins.prediction import predict
from witoil.plugins.registry import plugin_named

TABLE = AQUATIC / "img" / "uc2_ecotaxa.tsv"
real = pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real vignettes")


def vignette(tmp_path, number):
    """Return a vignette under the name that its table has."""
    path = tmp_path / f"m106_mn01_n1_sml_{number}.jpg"
    path.write_bytes((AQUATIC / "img" / f"uc2_zooscan_{number}.jpg").read_bytes())
    return path


@real
@pytest.mark.parametrize("number", [821, 851])
def test_vignettes_have_the_measures_of_their_table(tmp_path, number):
    path = vignette(tmp_path, number)
    answer = predict(plugin_named("zooscan-vignette"), path, parameters={"table": str(TABLE)})
    (feature,) = answer.findings.features
    row = read_table(TABLE.read_text()).of_image(path.name)
    found = feature.properties["measures_pixels"]
    for ours, theirs in {"grey_mean": "mean"}.items() | {
        name: name for name in ("area", "major", "minor", "feret", "width", "height")
    }.items():
        assert found[ours] == pytest.approx(float(row[f"object_{theirs}"]), rel=0.01), ours
    assert feature.properties["pixel_um"] == 10.6
    assert feature.properties["measures_um"]["feret"] == pytest.approx(10.6 * found["feret"])


@real
def test_a_vignette_that_its_table_does_not_have_is_refused(tmp_path):
    Image.fromarray(vignette_of(np.ones((20, 20), bool))).save(tmp_path / "other.png")
    module = plugin_named("zooscan-vignette")
    with pytest.raises(PluginError, match="no row whose img_file_name is other"):
        predict(module, tmp_path / "other.png", parameters={"table": str(TABLE)})
    with pytest.raises(PluginError, match="expected a table of EcoTaxa"):
        predict(module, tmp_path / "other.png", parameters={"table": str(tmp_path / "none.tsv")})


@pytest.mark.slow
def test_a_scan_becomes_a_table_of_ecotaxa(tmp_path):
    scan, blank, _ = scan_of(PLACES)
    Image.fromarray(scan).save(tmp_path / "scan.png")
    Image.fromarray(blank).save(tmp_path / "blank.png")
    settings = {"blank": tmp_path / "blank.png", "separate": "yes", "least_esd_um": 150}
    told = [f"--set={key}={value}" for key, value in settings.items()]
    out = tmp_path / "out"
    answer = witoil(
        "predict", "zooscan", tmp_path / "scan.png", *told, "--to=json,ecotaxa", "--out", out
    )
    assert answer.returncode == 0, answer.stderr
    table = read_table((out / "ecotaxa.tsv").read_text())
    areas = sorted(float(it["object_area"]) for it in table.records())
    assert areas == pytest.approx(sorted(np.pi * r**2 for _, _, r in PLACES), rel=0.03)
    found = json.loads((out / "scan.png.json").read_text())
    assert not any(it["properties"]["on_edge"] for it in found["features"])


def test_what_a_scan_lacks_is_said(image):
    scan, *_ = scan_of(PLACES)
    answer = predict(plugin_named("zooscan"), image(scan), parameters={"upper": 190})
    assert "no blank scan was given" in answer.findings.remarks[0]


@pytest.mark.parametrize(("dpi", "um"), [(4800, 25400 / 4800), (1200, 25400 / 1200), (72, None)])
@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg"])
def test_lengths_go_by_the_resolution_of_the_file(tmp_path, dpi, um, suffix):
    pixels = np.full((80, 80), 255, np.uint8)
    pixels[20:60, 20:60] = 100
    path = tmp_path / f"scan{suffix}"
    Image.fromarray(pixels).save(path, dpi=(dpi, dpi), quality=100)
    module = plugin_named("zooscan")
    answer = predict(module, path, parameters={"upper": 180, "least_esd_um": 0})
    (feature,) = answer.findings.features
    assert feature.properties["pixel_um"] == pytest.approx(um or 25400 / 2400, rel=1e-3)
    said = "by the resolution in the file" if um else "taken to be 2400 dots per inch"
    assert any(said in it for it in answer.findings.remarks)
    told = predict(module, path, parameters={"upper": 180, "least_esd_um": 0, "pixel_um": 7.0})
    assert told.findings.features[0].properties["pixel_um"] == 7.0


def table_of(path, **cells):
    names = {"img_file_name": "v.png", **cells}
    types = ["[t]"] + ["[f]"] * len(cells)
    lines = [list(names), types, [str(it) for it in names.values()]]
    path.write_text("\n".join("\t".join(it) for it in lines) + "\n")
    return {"table": str(path)}


def test_the_size_of_a_pixel_is_in_the_unit_of_its_column(tmp_path):
    image, table = tmp_path / "v.png", tmp_path / "t.tsv"
    Image.fromarray(vignette_of(np.ones((20, 20), bool))).save(image)
    module = plugin_named("zooscan-vignette")
    known = {"process_upper": 245, "process_gamma_value": 2}
    for size in ({"process_pixel": 10.6}, {"process_particle_pixel_size_mm": 0.0106}):
        told = table_of(table, **known, **size)
        (feature,) = predict(module, image, parameters=told).findings.features
        assert feature.properties["pixel_um"] == pytest.approx(10.6)
    for odd in ({"process_pixel": 0.0106}, {"process_gamma_value": 0}, {"process_upper": 62000}):
        told = table_of(table, **(known | odd))
        with pytest.raises(PluginError, match=rf"v\.png: {next(iter(odd))}: found"):
            predict(module, image, parameters=told)
    remarks = predict(module, image).findings.remarks
    assert {"upper is not known: 245 was taken", "gamma is not known: 2 was taken"} <= {*remarks}


def test_a_vignette_that_was_processed_in_two_ways_is_refused():
    lines = ["img_file_name\tprocess_gamma_value", "[t]\t[f]", "a/1.jpg\t2", "b/1.jpg\t1"]
    with pytest.raises(AquaticError, match=r"found 2 rows of 1\.jpg, in which process_gamma_value"):
        read_table("\n".join(lines)).of_image("1.jpg")
    same = "\n".join([*lines[:3], "a/1.jpg\t2"])
    assert read_table(same).of_image("1.jpg")["process_gamma_value"] == "2"
