"""The first path of somebody who has a mask: reconstruct what the slick did, and see how well."""

import json
import re

import pytest
import requests
from playwright.sync_api import expect

from tests.web.panels.conftest import ended, figures, opening
from tests.web.pictures import take_picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def drop(page, path):
    """Drop a file on the page, as from a folder of the desktop."""
    content = list(path.read_bytes())
    transfer = page.evaluate_handle(
        """([name, content]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(content)], name));
          return transfer;
        }""",
        [path.name, content],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#map", event, {"dataTransfer": transfer})


def finest(page, line):
    """Return the score of a line of the table, at the finest scale."""
    return float(page.inner_text(f'#score-table tr[data-line="{line}"] td:nth-child(2)'))


def shown(page):
    return re.search(r"run=([0-9a-f-]{36})", page.evaluate("location.hash")).group(1)


def type_in(page, field, value):
    """Type into a field of the case, and leave it."""
    page.fill(f"#case-{field}", str(value))
    page.locator(f"#case-{field}").press("Tab")


def supersede_first(page):
    """Have the first preview of other parameters be superseded; return what was asked."""
    refused = []

    def answer(route):
        asked = route.request.post_data_json
        if not asked["parameters"] or refused:
            route.continue_()
            return
        refused.append(asked)
        detail = "superseded by a newer request of its session"
        route.fulfill(status=409, content_type="application/problem+json", json={"detail": detail})

    page.route("**/preview", answer)
    return refused


def test_the_first_path(chromium, service, masks):
    """In the whole browser: this is the path that most people go."""
    with opening(chromium) as opened:
        go_the_first_path(opened(service.url, size=(1400, 900), world=True), service, masks)


def go_the_first_path(page, service, masks):
    expect(page.locator("#part-release > summary .chip")).to_contain_text("missing: a slick")
    expect(page.locator("#do-simulate")).to_have_attribute("aria-disabled", "true")

    drop(page, masks[0])
    expect(page.locator("#drop-news")).to_contain_text("the run starts from it")
    expect(page.locator("#case-time-start")).to_have_value("2021-08-24 03:43")
    drop(page, masks[1])
    expect(page.locator("#drop-news")).to_contain_text("the run is compared with it")
    take_picture(page, "map-drop")
    expect(page.locator("#case-time-end")).to_have_value("2021-08-24 08:10")

    # what covers all of the run is chosen, and the bar under the time says so
    expect(page.locator("#case-forcing-currents")).to_have_value("catalogue:baniyas-currents")
    expect(page.locator("#case-forcing-winds")).to_have_value("catalogue:baniyas-winds")
    expect(page.locator("#coverage")).to_contain_text("all of the run")
    for part in ("release", "time", "forcing", "observation"):
        expect(page.locator(f"#part-{part} > summary .chip")).to_have_text("complete")

    page.locator("#part-release > summary").click()
    page.select_option("#case-release-0-amount", "mass_tonnes")
    type_in(page, "release-0-mass_tonnes", 2000)
    page.locator("#part-model > summary").click()
    type_in(page, "model-particles", 3000)
    page.click("#do-simulate")
    expect(page.locator("#right-title")).to_have_text("Forward")
    expect(page.locator("#job-live")).to_contain_text("Forward")
    expect(page.locator("#verdict")).to_contain_text("Against the slick of 24 August 2021")
    first = shown(page)
    told = figures(service.url, first)["scores"][0]
    assert finest(page, "run") == round(told["fss"]["1"], 2)
    assert finest(page, "persistence") == round(told["persistence"], 2)
    expect(page.locator("#balance table")).to_contain_text("evaporated")
    page.click("#play")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    page.click("#play")  # to draw all the time takes half a core
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play")

    # a slider answers before it is let go of
    page.locator("#hands > summary").click()
    slider = page.locator("#hand-wind_drift_factor")
    expect(slider).to_have_attribute("aria-valuetext", "1 %")
    refused = supersede_first(page)
    slider.press("ArrowRight")
    expect(page.locator("#hand-score")).to_contain_text("FSS now")
    assert len(refused) == 1  # by a request that came in later, though it is older: asked again
    expect(page.locator("#hand-score")).to_contain_text("against the case")
    before = page.inner_text("#hand-score strong")
    for _ in range(7):
        slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "1.8 %")
    expect(page.locator("#hand-score strong")).not_to_have_text(before)
    page.wait_for_load_state("networkidle")
    take_picture(page, "map-hands")
    page.click("#take-defaults")

    # few runs of the search, that it ends soon
    page.locator("#part-model details[data-key=optimise] > summary").click()
    type_in(page, "optimise-evaluations", 10)
    page.click("#do-optimise")
    expect(page.locator("#right-title")).to_have_text("Calibrate")
    expect(page.locator("#verdict")).to_contain_text("The calibrated drift scores")
    study = figures(service.url, shown(page))
    assert study["case"]["model"]["wind_drift_factor"] == 0.018
    assert len(study["history"]) == 10
    assert study["verdict"]["short"] in page.inner_text("#verdict")
    assert finest(page, "best") == round(study["best"]["fss"]["1"], 2)
    assert finest(page, "default") == round(study["default"]["fss"]["1"], 2)
    expect(page.locator("#parameters tbody tr")).to_have_count(6)
    expect(page.get_by_role("img", name=re.compile("Score of each of 10 runs"))).to_be_visible()

    page.select_option("#compare-with", first)
    expect(page.locator('#score-table tr[data-line="other"]')).to_be_visible()
    assert finest(page, "other") == round(told["fss"]["1"], 2)
    page.select_option("#compare-with", "")
    expect(page.locator('#score-table tr[data-line="other"]')).to_have_count(0)


def test_again_with_changes_fills_the_form(ran):
    page = ran
    expect(page.locator("#part-release > summary .chip")).to_contain_text("missing")
    page.click("#run-again")
    expect(page.locator("#part-release > summary .chip")).to_have_text("complete")
    expect(page.locator("#case-model-particles")).to_have_value("2000")
    expect(page.locator("#case-release-0-mass_tonnes")).to_have_value("2000")
    expect(page.locator("#case-release-1-rate_tonnes_per_hour")).to_have_value("27.78")
    expect(page.locator("#case-time-end")).to_have_value("2021-08-24 08:10")


def test_each_process_has_its_verdict(ran, service):
    page = ran
    page.click("#run-again")
    page.click("#do-trace")
    expect(page.locator("#verdict")).to_contain_text("Likeliest place of the release")
    page.locator("#part-model > summary").click()
    page.locator("#part-model details[data-key=ensemble] > summary").click()
    type_in(page, "ensemble-members", 3)
    page.click("#do-ensemble")
    expect(page.locator("#verdict")).to_contain_text("Oil is possible on")
    page.click("#do-reconstruct")
    expect(page.locator("#verdict")).to_contain_text("The calibrated drift scores")
    expect(page.locator("#parameters")).to_contain_text("Source, east")
    place = figures(service.url, shown(page))["source"]["place"]["best"]
    told = page.locator("#scores .facts")
    expect(told).to_contain_text(f"{place['lat']:.4f}° N, {place['lon']:.4f}° E")
    expect(told).to_contain_text(re.compile("Area that holds .* 90"))
    page.click("#left-tab-runs")
    assert page.locator("#left-part-runs li").count() >= 4


def test_a_run_is_exported_and_shared(ran, opened, service, tmp_path):
    page = ran
    page.get_by_role("button", name="GeoJSON").click()
    expect(page.locator("#run-files a", has_text="run.geojson")).to_be_visible()
    with page.expect_download() as got:
        page.locator("#run-files a", has_text=".tif").first.click()
    saved = tmp_path / "mask.tif"
    got.value.save_as(saved)
    assert saved.read_bytes()[:2] in (b"II", b"MM")
    page.locator("#share > summary").click()
    page.click("#share-make")
    secret = page.input_value("#share-link").split("=")[-1]
    told = requests.get(f"{service.url}shared/{secret}", timeout=30).json()
    short = told["result"]["value"]["verdict"]["short"]
    other = opened(f"{service.url}#shared={secret}")  # by another, who shows nothing else
    expect(other.locator("#verdict")).to_contain_text(short)
    expect(other.locator("#left")).to_contain_text("Somebody has shared this run with you")
    expect(other.locator("#share")).to_have_count(0)
    page.get_by_role("button", name="Take back").click()
    expect(page.locator("#share-link")).to_have_count(0)
    assert requests.get(f"{service.url}shared/{secret}", timeout=30).status_code == 404


def test_what_fails_says_why_on_the_spot(ran, service):
    page = ran
    page.click("#run-again")
    expect(page.locator("#part-time > summary .chip")).to_have_text("complete")  # and has folded up
    page.locator("#part-time > summary").click()
    type_in(page, "time-end", "2021-09-20 00:00")
    expect(page.locator("#coverage")).to_contain_text("% of the run")
    page.click("#do-simulate")
    expect(page.locator("#right .card.bad")).to_contain_text("It failed")
    found = ended(service.url, shown(page))
    assert found["message"] in page.inner_text("#right .card.bad")
    assert "/tmp" not in json.dumps(found)
