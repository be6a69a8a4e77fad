"""How a case begins: by keys alone, on a telephone, from an event, from a file of each kind."""

import re
import zipfile

import geopandas
import numpy as np
import pytest
import rasterio
from playwright.sync_api import expect

from tests.web.panels.conftest import figures, without_pictures
from tests.web.panels.test_first_path import drop, finest, shown, type_in
from tests.web.panels.test_panels import draw
from tests.web.pictures import take_picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_TABS = 300


def tab_to(page, selector):
    """Press Tab until an element has the focus, as somebody without a pointer does."""
    reached = f"document.activeElement.matches({selector!r})"
    for _ in range(MOST_TABS):
        if page.evaluate(reached):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def fill_by_keys(page, selector, text):
    tab_to(page, selector)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(str(text))
    page.keyboard.press("Tab")


def choose_by_keys(page, files):
    chosen = []
    page.on("filechooser", lambda chooser: chosen.append(chooser))
    tab_to(page, "#drop-file")
    page.keyboard.press("Enter")
    for _ in range(100):
        if chosen:
            break
        page.wait_for_timeout(50)
    chosen[0].set_files(files)


def test_the_first_path_by_keys_alone(opened, service, masks):
    page = opened(service.url)
    without_pictures(page)
    page.wait_for_selector("#part-model")
    choose_by_keys(page, masks[:2])
    expect(page.locator("#drop-news")).to_contain_text("the run is compared with it")
    for part in ("release", "time", "forcing", "observation"):
        expect(page.locator(f"#part-{part} > summary .chip")).to_have_text("complete")
    tab_to(page, "#part-model > summary")
    page.keyboard.press("Enter")
    fill_by_keys(page, "#case-model-particles", 1500)
    tab_to(page, "#part-model details[data-key=optimise] > summary")
    page.keyboard.press("Enter")
    fill_by_keys(page, "#case-optimise-evaluations", 8)
    tab_to(page, "#do-simulate")
    page.keyboard.press("Enter")
    expect(page.locator("#action-news")).to_contain_text("asked for")
    expect(page.locator("#do-simulate")).to_be_focused()
    expect(page.locator("#verdict")).to_contain_text("Against the slick of 24 August 2021")
    first = shown(page)
    told = figures(service.url, first)["scores"][0]
    assert finest(page, "run") == round(told["fss"]["1"], 2)

    tab_to(page, "#play")
    page.keyboard.press("Enter")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    page.keyboard.press("Enter")
    tab_to(page, "#hands > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#hand-wind_drift_factor")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#hand-score")).to_contain_text("FSS now")

    tab_to(page, "#do-optimise")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("The calibrated drift scores")
    study = figures(service.url, shown(page))
    assert finest(page, "best") == round(study["best"]["fss"]["1"], 2)
    tab_to(page, "#compare-with")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator('#score-table tr[data-line="other"]')).to_be_visible()
    expect(page.locator("#compare-with")).to_be_focused()


def test_the_first_path_on_a_telephone(opened, service, masks):
    page = opened(service.url, size=(390, 844), has_touch=True, world=True)
    without_pictures(page)
    page.locator("#left-toggle").tap()
    page.set_input_files("#drop-file", masks[:2])
    expect(page.locator("#drop-news")).to_contain_text("the run is compared with it")
    page.locator("#part-model > summary").tap()
    type_in(page, "model-particles", 1500)
    page.locator("#do-simulate").tap()
    expect(page.locator("#right")).to_be_visible()  # what one waits for, in place of the form
    expect(page.locator("#left")).not_to_be_visible()
    expect(page.locator("#verdict")).to_contain_text("Against the slick of 24 August 2021")
    told = figures(service.url, shown(page))["scores"][0]
    assert finest(page, "run") == round(told["fss"]["1"], 2)
    page.locator("#hands > summary").tap()
    page.locator("#hand-wind_drift_factor").press("ArrowRight")
    expect(page.locator("#hand-score")).to_contain_text("FSS now")
    take_picture(page, "map-narrow-right")
    page.locator("#right-toggle").tap()
    page.locator("#play").tap()
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_case_begins_with_an_event(page):
    page.click("#left-tab-events")
    events = page.locator("#left-part-events li")
    page.click("#events-search")
    expect(events).to_have_count(2)
    for field, text, found in (
        ("country", "syr", ["SYR"]),
        ("country", "ATL", []),
        ("sensor", "s2", ["ITA"]),
        ("q", "ITA-UO", ["ITA"]),
        ("from", "2022-01-01", ["ITA"]),
        ("to", "2021-08-24", ["SYR"]),
    ):
        page.fill(f"#events-{field}", text)
        page.keyboard.press("Enter")
        expect(events).to_have_count(len(found))
        for name in found:
            expect(events).to_contain_text(name)
        if not found:
            expect(page.locator("#left-part-events [role=status]")).not_to_be_empty()
        page.fill(f"#events-{field}", "")
    page.fill("#events-country", "SYR")
    page.click("#events-search")
    expect(events).to_have_count(1)
    events.get_by_role("button").click()
    expect(page.locator("#left-part-case")).to_be_visible()
    expect(page.locator("#case-time-start")).to_have_value("2021-08-24 03:43")
    for part in ("release", "observation"):
        expect(page.locator(f"#part-{part} > summary .chip")).to_have_text("complete")
    camera = page.evaluate("location.hash").partition("camera=")[2].split(",")
    assert float(camera[0]) == pytest.approx(35.3, abs=0.5)
    page.wait_for_function(  # its slicks are drawn
        """() => {
          const canvas = document.querySelector(".overlay");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.some((value) => value > 0);
        }"""
    )


def as_kmz(outlines, path):
    kml = path.with_suffix(".kml")
    outlines[["geometry"]].to_file(kml, driver="KML", layer="slick")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(kml, "doc.kml")


def as_geopackage(outlines, path):
    outlines[["geometry"]].to_file(path, driver="GPKG")


@pytest.mark.parametrize(("suffix", "write"), [(".kmz", as_kmz), (".gpkg", as_geopackage)])
def test_a_slick_is_dropped_as(page, masks, tmp_path, suffix, write):
    path = tmp_path / f"20210824-0343-SYR-PL-A-01-S1{suffix}"
    write(geopandas.read_file(masks[0]).to_crs(4326), path)
    drop(page, path)
    expect(page.locator("#drop-news")).to_contain_text("the run starts from it")
    if not page.input_value("#case-time-start"):  # what lies in an archive has another name
        expect(page.locator("#part-time > summary .chip")).to_contain_text("missing: the start")
        type_in(page, "time-start", "2021-08-24 03:43")
    expect(page.locator("#case-time-start")).to_have_value("2021-08-24 03:43")
    expect(page.locator("#part-release > summary .chip")).to_have_text("complete")


def test_oil_of_a_ship_whose_track_was_drawn_drifts(opened, service, masks):
    page = opened(service.url, size=(1400, 900), world=True)
    without_pictures(page)
    page.wait_for_selector("#part-model")
    type_in(page, "time-start", "2021-08-24 03:43")
    type_in(page, "time-end", "2021-08-24 12:00")
    expect(page.locator("#case-time-end")).to_be_visible()  # it did not fold up under the hand
    page.evaluate("location.hash = 'camera=35.20000,35.80000,10.00'")
    draw(page, "ship", [(250, 250), (280, 320), (300, 400)])
    take_picture(page, "map-ship")
    expect(page.locator("#part-release > div > fieldset")).to_have_count(1)
    page.locator("#part-release > summary").click()  # complete: it has times that may be wrong
    times = page.locator("input[id^=case-release-0-track-]")
    for k, text in enumerate(("04:00", "05:00", "06:00")):
        times.nth(k).fill(f"2021-08-24 {text}")
        times.nth(k).press("Tab")
    expect(page.locator("#part-release > summary .chip")).to_have_text("complete")
    expect(page.locator("#part-forcing > summary .chip")).to_have_text("complete")
    page.locator("#part-model > summary").click()
    type_in(page, "model-particles", 1000)
    page.click("#do-simulate")
    expect(page.locator("#verdict")).to_contain_text("Of 10 t of oil")
    run = figures(service.url, shown(page))
    (release,) = run["case"]["release"]
    assert release["kind"] == "ship"
    assert run["mass_balance_kg"]["released"] == pytest.approx(10_000)
    page.get_by_role("slider", name="Time").press("End")
    expect(page.locator(".layer-box")).to_contain_text("Afloat")


def test_a_picture_is_told_to_be_no_mask_and_each_file_has_a_line(page, masks, tmp_path):
    picture = tmp_path / "photo.tif"
    place = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.01, 0, 35.7, 0, -0.01, 35.3)}
    with rasterio.open(
        picture, "w", driver="GTiff", height=8, width=8, count=3, dtype="uint8", **place
    ) as file:
        file.write(np.full((3, 8, 8), 90, np.uint8))
    none = tmp_path / "none.txt"
    none.write_text("no slick")
    page.locator("#drop-file").set_input_files([picture, none])
    page.locator("#drop-file").set_input_files(masks[0])  # before the others are read
    rows = page.locator("#drop-news p")
    expect(rows.filter(has_text="photo.tif")).to_contain_text("a picture is not a mask")
    expect(rows.filter(has_text="photo.tif")).to_have_class("error")
    expect(rows.filter(has_text="none.txt")).to_have_text(
        re.compile(r"^none\.txt: the name ends in")
    )
    expect(rows.filter(has_text=masks[0].name)).to_be_visible()
