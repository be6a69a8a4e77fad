"""Run-up from a timestack in a file, next to what the waves let expect."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.aquatic.pictures import keep_picture
from tests.aquatic.scenes import timestack, waterline
from tests.witoil.command import witoil

SECONDS, WIDTH, SLOPE, PIXEL_M = 0.5, 220, 0.1, 0.25
STILL = 120.0
"""Pixel of still water."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Return the file of a timestack whose parts are those that Stockdon expects, and its heights.

    The waves are of 1.5 m and 9 s.
    """
    from aquatic.runup import expected

    waves = expected(1.5, 9.0, SLOPE)
    heights = waterline(
        1200,
        SECONDS,
        setup=waves.setup_m,
        incident=waves.incident_m,
        infragravity=waves.infragravity_m,
        seed=2,
    )
    pixels = timestack(STILL - heights / SLOPE / PIXEL_M, WIDTH)
    path = tmp_path_factory.mktemp("stack") / "stack.png"
    Image.fromarray(pixels).save(path)
    profile = path.with_name("profile.csv")
    rows = "".join(f"{it},{(STILL - it) * PIXEL_M * SLOPE + 0.3}\n" for it in range(0, WIDTH, 10))
    profile.write_text(f"pixel,height_m\n{rows}")
    return path, profile, heights


def predicted(tmp_path, image, **parameters):
    pairs = [part for key, value in parameters.items() for part in ("--set", f"{key}={value}")]
    answer = witoil("predict", "wave-runup", image, "--out", tmp_path / "found", *pairs)
    if answer.returncode:
        return answer, None
    return answer, json.loads((tmp_path / "found" / f"{image.name}.json").read_text())


@pytest.mark.slow
def test_run_up_is_that_of_the_waterline_and_near_the_formula(stack, tmp_path):
    path, profile, heights = stack
    waves = {"wave_height_m": 1.5, "wave_period_s": 9, "slope": SLOPE}
    answer, document = predicted(
        tmp_path, path, seconds=SECONDS, profile=profile, level_m=0.3, **waves
    )
    assert answer.returncode == 0, answer.stderr
    (feature,) = document["features"]
    known = feature["properties"]
    pixel_m = PIXEL_M * SLOPE  # the height of a pixel
    peaks = heights[1:-1][(heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])]
    assert known["r2_m"] == pytest.approx(np.quantile(peaks, 0.98), abs=2.5 * pixel_m)
    assert known["setup_m"] == pytest.approx(heights.mean(), abs=pixel_m)
    assert known["swash_m"] == pytest.approx(4 * heights.std(), abs=2 * pixel_m)
    for part in ("setup", "swash", "incident", "infragravity"):
        assert known[f"{part}_m"] == pytest.approx(known[f"stockdon_{part}_m"], rel=0.15)
    # 2 % of maxima of waves of random phase: within what the formula's own scatter is (0.38 m)
    assert known["r2_m"] == pytest.approx(known["stockdon_r2_m"], abs=0.38)
    (series,) = document["series"]
    assert (series["unit"], series["seconds"][1]) == ("m", SECONDS)
    np.testing.assert_allclose(series["values"], heights, atol=4 * pixel_m)
    _draw(path, np.array(feature["properties"]["pixel"]["coordinates"]))


@pytest.mark.slow
def test_without_a_profile_the_set_up_is_left_out_and_it_is_said(stack, tmp_path):
    path, _, heights = stack
    _, document = predicted(tmp_path, path, seconds=SECONDS, pixel_m=PIXEL_M, slope=SLOPE)
    known = document["features"][0]["properties"]
    assert known["setup_m"] == pytest.approx(0.0, abs=1e-9)
    assert known["swash_m"] == pytest.approx(4 * heights.std(), abs=0.05)
    assert any("the set-up is left out" in it for it in document["warnings"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({}, "seconds: found none"),
        ({"seconds": SECONDS}, "pixel_m: found none"),
        ({"seconds": SECONDS, "pixel_m": 0.2}, "slope: found none"),
        ({"seconds": "often"}, "expected a number"),
        ({"seconds": SECONDS, "profile": "missing.csv"}, "missing.csv"),
        (
            {"seconds": SECONDS, "pixel_m": 0.2, "slope": 0.1, "wave_height_m": 1},
            "expected wave_height_m, wave_period_s and slope together",
        ),
    ],
)
def test_what_makes_no_heights_is_refused(stack, tmp_path, parameters, text):
    answer, _ = predicted(tmp_path, stack[0], **parameters)
    assert answer.returncode in (1, 2)
    assert text in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_profile_of_other_columns_is_refused(stack, tmp_path):
    (tmp_path / "p.csv").write_text("x,z\n1,2\n")
    answer, _ = predicted(tmp_path, stack[0], seconds=SECONDS, profile=tmp_path / "p.csv")
    assert "expected pixel, height_m" in answer.stderr


def _draw(path, line):
    with Image.open(path) as image:
        picture = np.asarray(image).copy()
    for column, row in line.astype(int):
        picture[row, max(column - 1, 0) : column + 1] = (255, 30, 30)
    keep_picture("wave-runup", Image.fromarray(picture[:360].swapaxes(0, 1)[::-1]))


@pytest.mark.slow
def test_a_profile_that_ends_below_the_highest_waves_is_refused(stack, tmp_path):
    path, profile, _ = stack
    lines = profile.read_text().splitlines()
    short = tmp_path / "short.csv"
    kept = [it for it in lines[1:] if float(it.split(",")[0]) >= 80]
    short.write_text("\n".join([lines[0], *kept]) + "\n")
    answer, _ = predicted(tmp_path, path, seconds=SECONDS, profile=short, level_m=0.3)
    assert answer.returncode == 1
    assert "rows reach beyond pixels 80 to 210" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
