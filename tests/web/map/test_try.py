"""A model is tried on a page: a file is dropped, and the answer drawn on it."""

import io
import json
import re

import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import expect

from tests.plugins.builders import card, constant, mean_colour, plugin_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOXES = [[[8, 8, 24, 24, 0.9, 0], [32, 8, 48, 24, 0.6, 1]]]
DETECT = card(
    "detect",
    how='size = [64, 64]\nresize = "stretch"',
    output='format = "e2e"\nconf = 0.1\nlabels = ["boat", "buoy"]',
    rest='[geo]\nkinds = ["nadir"]',
)
CLASSIFY = card(
    "image-classify",
    how='size = [8, 8]\nresize = "stretch"\nscale = 0.00392156862745098',
    output='format = "probs"\ntopk = 3\nlabels = ["red", "green", "blue"]',
)


@pytest.fixture(scope="module")
def models(served, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    plugin_in(folder / "boats", constant(["n", 3, 64, 64], y=BOXES), DETECT)
    plugin_in(folder / "colours", mean_colour(), CLASSIFY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WITOIL_PLUGIN_PATH", str(folder))
        yield served


def picture(size=(640, 320)):
    file = io.BytesIO()
    Image.new("RGB", size, (0, 200, 40)).save(file, "PNG")
    return {"name": "scene.png", "mimeType": "image/png", "buffer": file.getvalue()}


def pixels(page):
    """Return the picture as the page shows it, (height, width, 3)."""
    content = page.locator(".picture canvas").screenshot()
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def test_boxes_are_drawn_on_the_image_and_kept_on_the_map(opened, models):
    page = opened("try?model=made-detect")
    page.locator("#file").set_input_files(picture())
    expect(page.locator("#summary")).to_have_text("boat: 1, buoy: 1")
    shown = pixels(page)
    height, width = shown.shape[:2]
    # the box of the boat: 8 to 24 of 64 across and down; its sides are blue, the rest as it was
    side = shown[round(16 / 64 * height), round(8 / 64 * width) - 3 : round(8 / 64 * width) + 4]
    assert (side[:, 2] > side[:, 0] + 80).any()
    assert np.abs(shown[round(0.8 * height), round(0.8 * width)] - (0, 200, 40)).max() < 8
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator("#least").fill("0.7")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("on no map")).to_be_visible()
    page.locator("#georef-kind").select_option("nadir")
    for key, value in {"lon": "35.9", "lat": "35.2", "gsd_m": "10"}.items():
        page.locator(f"#nadir-{key}").fill(value)
    page.locator("#when-time").fill("2024-05-01 08:00")
    page.locator("#run").click()
    page.locator("#keep").click()
    expect(page.locator("#on-map")).to_be_visible()
    client = models.made.app.test_client()
    (job,) = client.get("/ogc/jobs?processID=predict").json["jobs"]
    inputs = client.get(f"/ogc/jobs/{job['jobID']}/inputs").json["inputs"]
    assert inputs["georef"]["gsd_m"] == 10
    assert inputs["time"] == "2024-05-01T08:00:00Z"


def test_classes_are_told_with_their_scores(opened, models):
    page = opened("try?model=made-image-classify", color_scheme="dark", size=(390, 800))
    page.locator("#file").set_input_files(picture())
    expect(page.locator("tbody tr")).to_contain_text("green")
    expect(page.locator("tbody tr")).to_contain_text("0.784")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.fixture(scope="module")
def detect(kept_open, models):
    return kept_open("try?model=made-detect")


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("#parameters-conf", "2", "0 to 1"),
        ("#parameters-conf", "0,5", "number"),
        ("#parameters-max_det", "1.5", "whole"),
        ("#when-time", "soon", "time"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(detect, field, text, says):
    preset = detect.locator(field).input_value()
    detect.locator(field).fill(text)
    detect.locator("#file").set_input_files(picture())
    expect(detect.locator(f"{field}-fault")).to_contain_text(says)
    expect(detect.locator("#answer")).to_be_empty()
    detect.locator(field).fill(preset)


def test_an_answer_goes_when_another_file_is_asked_about(opened, models):
    page = opened("try?model=made-image-classify")
    page.locator("#file").set_input_files(picture())
    expect(page.locator("#summary")).to_have_text("green")
    none = {"name": "none.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator("#file").set_input_files(none)
    expect(page.locator("form [role=status]")).to_contain_text("none.png: is no image")
    expect(page.locator("#answer")).to_be_empty()


def test_a_program_is_told_what_it_can_be_and_its_measures_are_shown(opened, models):
    page = opened("try?model=sound-levels")
    file = io.BytesIO()
    tone = 0.5 * np.sin(np.arange(80_000) / 3.0)
    soundfile.write(file, tone, 8_000, format="WAV")
    page.locator("#parameters-sensitivity_db").fill("-170")
    page.locator("#parameters-seconds").fill("5")
    recording = {"name": "tone.wav", "mimeType": "audio/wav", "buffer": file.getvalue()}
    page.locator("#file").set_input_files(recording)
    expect(page.locator("#summary")).to_have_text("measured")
    expect(page.locator(".measures dl")).to_contain_text("spl_db160.969")
    expect(page.get_by_text("more over time")).to_be_visible()
    page.locator("#parameters-seconds").fill("0.5")
    page.locator("#run").click()
    expect(page.locator("#parameters-seconds-fault")).to_contain_text("1 to 3600 s")
    expect(page.locator("#answer")).to_be_empty()


@pytest.mark.parametrize("name", ["none-such", "vessel-distance"])
def test_a_model_that_cannot_be_tried_leads_to_those_that_can(opened, models, name):
    page = opened(f"try?model={name}")
    expect(page.get_by_role("alert")).to_contain_text(name)
    expect(page.get_by_role("link", name="sound-levels")).to_be_visible()


@pytest.fixture
def hosted(served, hosted_modules, monkeypatch):
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(hosted_modules))
    yield served
    from witoil.plugins.hosted import process

    for each in list(process._RUNNING):
        each.stop()


def test_a_hosted_module_is_asked_for_what_is_its_own(opened, hosted):
    page = opened("try?model=plugdemo")
    preset = {"scale": "1", "k": "2", "task": "mean", "imgsz": "[704,512]", "flag": "true"}
    for name, value in preset.items():
        expect(page.locator(f"#parameters-{name}")).to_have_value(re.compile(re.escape(value)))
    expect(page.locator("#georef-kind, #when-time, #parameters-accept")).to_have_count(0)
    for name, value in {"scale": "2.5", "k": "9", "imgsz": "[8, 9]"}.items():
        page.locator(f"#parameters-{name}").fill(value)
    for name, value in {"task": "sum", "flag": "false"}.items():
        page.locator(f"#parameters-{name}").select_option(value)
    page.locator("#file").set_input_files(picture())
    expect(page.locator("#parameters-k-fault")).to_contain_text("1 to 5")
    expect(page.locator("#answer")).to_be_empty()
    page.locator("#parameters-k").fill("3")
    page.locator("#run").click()
    answer = page.locator("#answer pre")
    expect(answer).to_contain_text("scene.png", timeout=60_000)
    told = json.loads(answer.inner_text())
    content = picture()["buffer"]
    assert told["mean"] == pytest.approx(2.5 * sum(content) / len(content))
    assert {name: told[name] for name in ("k", "task", "imgsz", "flag")} == {
        **{"k": 3, "task": "sum", "imgsz": [8, 9], "flag": False}
    }


def test_what_the_service_refuses_is_told(opened, models):
    page = opened("try?model=made-detect")
    page.locator("#file").set_input_files({**picture(), "buffer": b"no image"})
    expect(page.locator(".error")).to_contain_text(["scene.png: is no image"])


def test_models_are_listed_and_none_is_told(opened, models):
    page = opened("try")
    page.get_by_role("link", name="made-detect").click()
    expect(page.locator("h2")).to_have_text("made-detect")
    page = opened("try?model=none")
    expect(page.locator(".error")).to_contain_text("found no model")
