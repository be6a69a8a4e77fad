"""What is measured of things: of drawn ones by hand, of real ones by the table of their makers."""

import csv

import numpy as np
import pytest
from onnx import helper

from aquatic.plankton import measures
from tests.plugins.builders import AQUATIC, card, graph
from witoil.plugins.card import MEASURES
from witoil.plugins.prediction import predict

ALL = ", ".join(f'"{name}"' for name in MEASURES)


def measurer(crop=0):
    labels = ", ".join(f'"{name}"' for name in MEASURES)
    return card(
        "measure-classify",
        how=f"measures = [{ALL}]\ncrop_bottom = {crop}",
        output=f'format = "logits"\nactivation = "sigmoid"\nlabels = [{labels}]',
        rest='[geo]\nkinds = ["samples"]',
    )


def given_back():
    """Return a model that puts out what it is given."""
    count = len(MEASURES)
    node = helper.make_node("Identity", ["x"], ["y"])
    return graph([node], {"x": ["n", count]}, {"y": ["n", count]})


def test_every_measure_has_a_function():
    assert tuple(measures.MEASURES) == MEASURES


def test_a_bar_has_the_measures_of_a_bar(found):
    pixels = np.full((60, 80, 3), 255)
    pixels[10:20, 5:65] = (10, 20, 30)
    pixels[40:45, 5:10] = 0  # something smaller
    (bar,) = found(given_back(), measurer(), pixels).findings.features
    measured = bar.properties["measures_pixels"]
    assert bar.pixel.bounds == (5, 10, 65, 20)
    assert measured["area"] == measured["area_filled"] == measured["area_convex"] == 600
    assert measured["feret"] == pytest.approx(np.hypot(60, 10))
    assert measured["perimeter_convex"] == 140.0
    assert (measured["width"], measured["height"]) == (60.0, 10.0)
    # an ellipse with the axes' ratio of a bar, and its area
    assert measured["major"] / measured["minor"] == pytest.approx(6.0, rel=0.01)
    assert np.pi / 4 * measured["major"] * measured["minor"] == pytest.approx(600.0)
    assert (measured["solidity"], measured["extent"]) == (1.0, 1.0)
    assert (measured["red_mean"], measured["blue_mean"]) == (10.0, 30.0)
    assert measured["red_std"] == 0.0


def test_a_disc_is_round_and_a_hole_is_filled(found):
    y, x = np.mgrid[0:100, 0:100] - 49.5
    disc = np.hypot(x, y)
    pixels = np.where(((disc < 40) & (disc > 10))[..., None], 100, 255) * np.ones(3)
    (ring,) = found(given_back(), measurer(), pixels).findings.features
    measured = ring.properties["measures_pixels"]
    assert measured["area_filled"] == pytest.approx(np.pi * 1600, rel=0.01)
    assert measured["area"] == pytest.approx(np.pi * 1500, rel=0.01)
    assert measured["eccentricity"] == pytest.approx(0.0, abs=0.05)
    assert ring.pixel.area == measured["area"]
    assert measured["holes_percent"] == pytest.approx(100 / 16, abs=0.2)
    assert measured["symmetry_major"] > 0.95
    assert measured["centroid_shift"] == pytest.approx(0.0, abs=0.01)
    assert (measured["grey_range"], measured["grey_skewness"]) == (0.0, 0.0)


def test_an_image_with_nothing_has_nothing(found):
    answer = found(given_back(), measurer(), np.full((9, 9, 3), 240))
    assert answer.findings.features == []
    assert "nothing is darker than the background" in answer.findings.remarks[0]


@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real vignettes")
@pytest.mark.parametrize("number", ["821", "851"])
def test_real_vignettes_have_the_measures_of_their_table(made, number):
    lines = (AQUATIC / "img" / "uc2_ecotaxa.tsv").read_text().splitlines()
    rows = list(csv.DictReader(lines, delimiter="\t"))
    (row,) = (it for it in rows if it["object_id"].endswith(f"_{number}"))
    answer = predict(
        made(given_back(), measurer(crop=31)), AQUATIC / "img" / f"uc2_zooscan_{number}.jpg"
    )
    measured = answer.findings.features[0].properties["measures_pixels"]
    assert measured["area"] == pytest.approx(float(row["object_area"]), abs=1.0)
    for name in ("major", "minor", "feret"):
        assert measured[name] == pytest.approx(float(row[f"object_{name}"]), abs=0.25)
