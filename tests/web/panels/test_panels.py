"""Panels by themselves: what is empty, wrong, narrow, dark, read aloud, or another's."""

import json
import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.web.map.conftest import serving
from tests.web.panels.conftest import ask, figures, look_at, upload
from tests.web.panels.test_first_path import drop, type_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PANELS = Path(__file__).parents[3] / "web" / "static" / "panels"

ASKED = re.compile(r"Forward.*20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC")
"""How a run is told from others, in lists of them."""


def module(page, name, expression):
    """Return what an expression on a module `m` of the panels comes to."""
    return page.evaluate(f"import('/static/now/map/panels/{name}').then((m) => ({expression}))")


def assert_accessible(page, part=None):
    serious = [
        (found["id"], [node["html"][:200] for node in found["nodes"]])
        for found in Axe().run(page, part).response["violations"]
        if found["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_an_empty_page_says_what_is_missing_and_nothing_is_asked_for(page):
    for process in ("simulate", "optimise", "reconstruct", "forecast", "trace", "ensemble"):
        expect(page.locator(f"#do-{process}")).to_have_attribute("aria-disabled", "true")
        expect(page.locator(f"#needs-{process}")).to_contain_text("Needs")
    page.locator("#do-simulate").press("Enter")
    assert page.evaluate("document.activeElement.closest('#part-release') !== null")
    expect(page.locator("#right-title")).to_have_text("Nothing is shown yet")


def test_a_wrong_file_is_refused_in_words_and_the_form_keeps_what_it_has(page, masks, tmp_path):
    drop(page, masks[0])
    expect(page.locator("#case-time-start")).to_have_value("2021-08-24 03:43")
    page.fill("#case-name", "kept")
    page.locator("#case-name").press("Tab")
    for name, content in (
        ("slick.zip", b"PK\x05\x06" + bytes(18)),
        ("notes.geojson", b'{"type": "FeatureCollection", "features": []}'),
        ("slick.tif", b"not a raster"),
        ("winds.nc", b"CDF\x01 broken"),
        ("song.mp3", b"ID3"),
    ):
        wrong = tmp_path / name
        wrong.write_bytes(content)
        drop(page, wrong)
        expect(page.locator("#drop-news .error")).to_contain_text(name)
        assert "Traceback" not in page.inner_text("#drop-news")
    expect(page.locator("#case-name")).to_have_value("kept")
    expect(page.locator("#case-time-start")).to_have_value("2021-08-24 03:43")
    expect(page.locator("#part-release > summary .chip")).to_have_text("complete")


def test_what_is_typed_wrong_is_said_at_the_field_and_not_taken(page, masks):
    drop(page, masks[0])
    expect(page.locator("#case-time-start")).to_have_value("2021-08-24 03:43")
    page.locator("#part-time > summary").click()
    type_in(page, "time-end", "tomorrow")
    expect(page.locator("#case-time-end-fault")).to_contain_text("expected a time such as")
    expect(page.locator("#case-time-end")).to_have_attribute("aria-invalid", "true")
    page.locator("#part-model > summary").click()
    for typed, said in (
        ("-5", "1"),
        ("1e99", "20000000"),
        ("2.5", "whole number"),
        ("1,000", "without a comma"),
        ("0x10", "number"),
    ):
        type_in(page, "model-particles", typed)
        expect(page.locator("#case-model-particles-fault")).to_contain_text(said)
    # no run is asked for with another value than the field shows
    chip = page.locator("#part-model > summary .chip")
    expect(chip).to_have_text("missing: a correction in the field that says so")
    expect(page.locator("#needs-trace")).to_contain_text("a correction in the field")
    page.locator("#do-trace").dispatch_event("click")
    assert page.evaluate("document.activeElement.id") == "case-time-end"
    expect(page.locator("#right-title")).to_have_text("Nothing is shown yet")
    type_in(page, "model-particles", "500")
    expect(page.locator("#case-model-particles-fault")).to_be_empty()
    expect(chip).to_have_text("complete")
    type_in(page, "time-end", "2021-08-24 09:00")
    expect(page.locator("#needs-simulate")).to_be_empty()


def test_what_the_service_refuses_is_said_at_the_field(page, masks):
    drop(page, masks[0])
    expect(page.locator("#part-forcing > summary .chip")).to_have_text("complete")
    page.locator("#part-model > summary").click()
    page.locator("#part-model details.more > summary").first.click()
    type_in(page, "model-output_interval_minutes", "7")  # no multiple of the time step
    page.click("#do-simulate")
    expect(page.locator("#action-news [role=alert]")).to_contain_text("multiple of time_step")
    expect(page.locator("#part-model > summary .chip")).to_have_text("refused")
    assert page.evaluate("document.activeElement.id") == "action-news"


def test_a_part_is_not_complete_while_its_file_or_the_service_asks_for_something(
    page, masks, tmp_path
):
    drop(page, masks[0])
    expect(page.locator("#part-forcing > summary .chip")).to_have_text("complete")
    unclear = tmp_path / "20210824-0810-sure.tif"
    profile = {"driver": "GTiff", "width": 20, "height": 20, "count": 1, "dtype": "uint8"}
    place = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.01, 0, 35.7, 0, -0.01, 35.3)}
    with rasterio.open(unclear, "w", **profile, **place) as file:
        file.write(np.full((1, 20, 20), 87, np.uint8))
    drop(page, unclear)
    chip = page.locator("#part-observation > summary .chip")
    expect(chip).to_contain_text("what the file of the slick leaves open")
    page.locator("#part-observation details.more > summary").first.click()
    type_in(page, "observation-0-threshold", "50")
    expect(chip).not_to_contain_text("leaves open")


def test_a_slick_of_unknown_time_asks_when_it_was_seen(page, masks):
    drop(page, masks[0])
    expect(page.locator("#case-time-start")).to_have_value("2021-08-24 03:43")
    draw(page, "slick", [(300, 200), (420, 200), (420, 320), (300, 320)])
    expect(page.locator("#part-observation > summary .chip")).to_contain_text("when the slick")
    expect(page.locator("#needs-simulate")).to_contain_text("when the slick was seen")
    type_in(page, "observation-0-time", "2021-08-24 08:10")
    expect(page.locator("#part-observation > summary .chip")).to_have_text("complete")


def draw(page, tool, places):
    """Click places on the map, and end by the Enter key."""
    page.click(f"#draw-{tool}")
    box = page.locator("#map").bounding_box()
    for x, y in places:
        page.mouse.click(box["x"] + x, box["y"] + y)
        page.wait_for_timeout(400)  # else two are a double click
    if tool != "point":
        page.keyboard.press("Enter")


def test_a_ships_track_and_a_point_are_drawn(page, masks):
    drop(page, masks[0])
    expect(page.locator("#case-time-start")).to_have_value("2021-08-24 03:43")
    draw(page, "ship", [(200, 200), (260, 320), (300, 440)])
    expect(page.locator("#part-release > div > fieldset")).to_have_count(2)
    assert page.locator("input[id^=case-release-1-track-]").count() == 3
    draw(page, "point", [(330, 300)])
    expect(page.locator("#case-release-2-lon")).to_have_value(re.compile(r"^3[56]\.\d+$"))


def test_drawing_by_keys_alone(page):
    page.locator("#draw-line").press("Enter")
    assert page.evaluate("document.activeElement.className").startswith("maplibregl-canvas")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(600)  # the map glides
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#part-release > summary .chip")).to_have_text("complete")
    expect(page.locator("#part-release legend").first).to_contain_text("Line")
    expect(page.locator("#draw-line")).to_be_focused()
    page.locator("#draw-slick").press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#draw-slick")).to_be_focused()


@pytest.fixture(scope="module")
def kept_telephone(kept_open, service, simulated):
    made = kept_open(f"{service.url}#run={simulated}", size=(390, 844), has_touch=True)
    made.wait_for_selector("#part-model", state="attached")
    return made


@pytest.fixture
def telephone(kept_telephone):
    """A page with a run on a small screen that is touched, which shows the map."""
    kept_telephone.evaluate("location.hash = 'panels='")
    expect(kept_telephone.locator("#left, #right").filter(visible=True)).to_have_count(0)
    return kept_telephone


def test_a_slick_is_drawn_by_touch_on_a_telephone(telephone):
    page = telephone
    page.locator("#left-toggle").tap()
    page.locator("#draw-slick").tap()
    expect(page.locator("#left")).to_be_hidden()  # it would lie over the map
    expect(page.locator(".draw-guide")).to_contain_text("Click round the slick")
    done = page.locator("#draw-done")
    for place in ((120, 250), (260, 250), (260, 380)):
        expect(done).to_be_disabled()
        page.touchscreen.tap(*place)
        page.wait_for_timeout(400)
    done.tap()
    expect(page.locator("#left")).to_be_visible()
    expect(page.locator("#part-release > summary .chip")).to_have_text("complete")


def test_tabs_go_by_arrows(page):
    page.focus("#left-tab-case")
    for key, name in (("ArrowRight", "runs"), ("End", "models"), ("ArrowRight", "case")):
        page.keyboard.press(key)
        expect(page.locator(f"#left-tab-{name}")).to_be_focused()
        expect(page.locator(f"#left-part-{name}")).to_be_visible()
        expect(page.locator("#left [role=tabpanel]:visible")).to_have_count(1)


def test_narrow_one_panel_at_a_time_and_nothing_sticks_out(telephone):
    page = telephone
    expect(page.locator("#run-name")).not_to_be_empty()
    for side in ("left", "right"):
        page.click(f"#{side}-toggle")
        expect(page.locator(f"#{side}")).to_be_visible()
        wide = page.evaluate(
            """(side) => [...document.querySelectorAll(`#${side} *`)].filter((each) => {
              const { right, width } = each.getBoundingClientRect();
              return width > 0 && right > innerWidth + 0.5;
            }).map((each) => each.outerHTML.slice(0, 120))""",
            side,
        )
        assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.fixture(scope="module")
def small(service, baniyas):
    """Id of a job that has simulated the same with few particles."""
    case = {**baniyas, "name": "small", "model": {"particles": 400, "seed": 3}}
    job = ask(service.url, "simulate", case=case, pictures=False)
    figures(service.url, job)
    return job


def test_nothing_serious_by_axe(ran):
    ran.click("#run-again")
    expect(ran.locator("#part-release > summary .chip")).to_have_text("complete")
    closed = ran.evaluate_handle("[...document.querySelectorAll('.panel details:not([open])')]")
    closed.evaluate("(closed) => closed.forEach((each) => { each.open = true; })")
    for scheme in ("light", "dark"):
        ran.emulate_media(color_scheme=scheme)
        ran.click("#left-tab-case")
        assert_accessible(ran)
        for part in ("runs", "files", "events"):  # all else stands as it did
            ran.click(f"#left-tab-{part}")
            assert_accessible(ran, "#left")
    ran.emulate_media(color_scheme="light")
    closed.evaluate("(closed) => closed.forEach((each) => { each.open = false; })")


def test_the_service_goes_and_comes_back_and_the_view_stays(ran):
    ran.route("**/ogc/jobs/*/inputs", lambda route: route.abort())
    ran.click("#run-again")
    expect(ran.locator("#banner")).to_contain_text("does not answer")
    expect(ran.locator("#verdict")).to_be_visible()
    ran.unroute("**/ogc/jobs/*/inputs")
    expect(ran.locator("#part-release > summary .chip")).to_have_text("complete")


def test_a_run_of_another_is_as_if_it_were_not_there(ran):
    ran.evaluate("location.hash = 'run=00000000-0000-4000-8000-000000000000'")
    expect(ran.locator("#right-title")).to_have_text("Nothing is shown yet")
    expect(ran.locator("#verdict")).to_have_count(0)


def test_figures_of_a_run_never_stand_under_the_name_of_another(ran, small):
    expect(ran.locator("#balance table")).to_be_visible()
    ran.route(f"**/ogc/jobs/{small}/results", lambda route: route.abort())
    ran.evaluate(f"location.hash = 'run={small}'")
    expect(ran.locator("#banner")).to_contain_text("does not answer")
    expect(ran.locator("#verdict")).to_have_count(0)
    expect(ran.locator("#balance")).to_be_hidden()
    ran.unroute(f"**/ogc/jobs/{small}/results")
    expect(ran.locator("#verdict")).to_be_visible()


def test_a_preview_is_drawn_at_the_time_that_the_clock_has(ran):
    ran.click("#run-again")
    time = ran.get_by_role("slider", name="Time")
    time.press("Home")
    expect(ran.locator("#utc")).to_have_text("24 Aug 2021 03:43 UTC")
    ran.locator("#hands > summary").click()
    ran.locator("#hand-wind_drift_factor").press("ArrowRight")
    expect(ran.locator("#hand-score")).to_contain_text("The map shows it at 2021-08-24 08:10")
    expect(ran.locator("#utc")).to_have_text("24 Aug 2021 08:10 UTC")
    previewed = ran.locator(".pane.previewing")
    expect(previewed).to_have_count(1)
    time.press("Home")
    expect(previewed).to_have_count(0)
    time.press("End")
    expect(previewed).to_have_count(1)


def test_a_job_that_is_cancelled_is_told_as_ended_and_is_gone(ran, service, baniyas):
    page = ran
    case = {**baniyas, "name": "cancelled", "optimise": {"evaluations": 500}}
    job = ask(service.url, "optimise", case=case, pictures=False)
    page.evaluate(f"location.hash = 'run={job}'")
    said = page.locator("#job-live")
    expect(said).to_have_text(re.compile("Calibrate: (waits|runs)"))
    page.locator("#job-cancel").press("Enter")
    expect(said).to_have_text("Calibrate: ended")
    expect(page.locator("#right-title")).to_be_focused()
    page.goto(service.url)  # anew: the address has no run any more
    page.wait_for_selector("#part-model")
    page.wait_for_load_state("networkidle")
    expect(page.locator(f"#run-{job}")).to_have_count(0)
    page.evaluate(f"location.hash = 'run={job}'")
    expect(page.locator(".message")).to_contain_text("cancelled or removed")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#run-remove").press("Enter")
    expect(page.locator("#right-title")).to_have_text("Nothing is shown yet")
    expect(page.locator("#right-title")).to_be_focused()


def test_a_link_that_is_told_once_stays_while_another_run_is_compared(ran, small):
    ran.locator("#share > summary").click()
    ran.click("#share-make")
    link = ran.input_value("#share-link")
    expect(ran.locator("#share-link")).to_be_focused()
    ran.evaluate("window.dispatchEvent(new Event('focus'))")  # and it lists the other
    ran.select_option("#compare-with", small)
    expect(ran.locator("#compare-with option:checked")).to_have_text(ASKED)
    expect(ran.locator('#score-table tr[data-line="other"]')).to_be_visible()
    assert ran.input_value("#share-link") == link
    ran.select_option("#compare-with", "")


def test_who_changes_a_file_by_keys_stays_in_the_list(page, masks):
    drop(page, masks[0])
    expect(page.locator("#drop-news")).to_contain_text("the run starts from it")
    page.click("#left-tab-files")
    row = page.locator("#left-part-files li", has_text=masks[0].name).first
    use = row.get_by_role("combobox")
    use.focus()
    use.select_option("observation")
    expect(use).to_have_value("observation")
    expect(use).to_be_focused()
    row.get_by_role("button", name="Remove").press("Enter")
    within = "() => document.querySelector('#left-part-files').contains(document.activeElement)"
    page.wait_for_function(within)


def test_two_pages_of_a_person_have_the_same_runs_and_files(page, service, baniyas, tmp_path):
    path = tmp_path / "of-the-other-page.geojson"
    path.write_text(json.dumps(shapely.geometry.mapping(shapely.box(35, 34, 35.1, 34.1))))
    upload(service.url, path)
    case = {**baniyas, "name": "of the other page", "model": {"particles": 400, "seed": 4}}
    job = ask(service.url, "simulate", case=case, pictures=False)
    page.evaluate("window.dispatchEvent(new Event('focus'))")  # one comes back to it
    page.click("#left-tab-runs")
    expect(page.locator(f"#run-{job}")).to_contain_text(ASKED)
    page.click("#left-tab-files")
    expect(page.locator("#left-part-files")).to_contain_text(path.name)
    figures(service.url, job)


def test_progress_goes_on_by_asking_where_events_do_not_come_through(ran, service, baniyas):
    ran.route("**/events", lambda route: route.fulfill(status=429, json={"detail": "too many"}))
    case = {**baniyas, "name": "polled", "model": {"particles": 400, "seed": 7}}
    look_at(ran, ask(service.url, "simulate", case=case, pictures=False))
    ran.unroute("**/events")


def test_what_is_typed_is_read_as_it_is_meant(empty):
    read = lambda text: module(empty, "schema.js", f"m.readTime({text!r})")  # noqa: E731
    assert read("2021-08-24 03:43")["value"] == "2021-08-24T03:43:00Z"
    assert read("2021-08-24T03:43:30Z")["value"] == "2021-08-24T03:43:30Z"
    assert read("2021-08-24 03:43 +03:00")["value"] == "2021-08-24T00:43:00Z"
    for wrong in (
        "2021-02-30 00:00",
        "2021-02-30 00:00 +03:00",
        "24.08.2021 03:43",
        "2021-08-24",
        "2021-08-24 25:00",
        "x",
    ):
        assert read(wrong)["fault"], wrong


def test_confidence_comes_from_scores(empty):
    def level(forecast, persistence, useful=0.6):
        fss = lambda values: dict(zip(("1", "7", "21"), values, strict=True))  # noqa: E731
        step = {
            "from": "2021-08-24T03:00:00Z",
            "to": "2021-08-24T09:00:00Z",
            "scores": {
                "forecast": {"fss": fss(forecast)},
                "persistence": {"fss": fss(persistence)},
            },
            "useful_fss": useful,
        }
        value = {"case": {"score": {"resolution_m": 150}}, "forecast": {"steps": [step]}}
        return empty.evaluate(
            "(v) => import('/static/now/map/panels/results.js').then((m) => m.horizonOf(v)[0])",
            value,
        )

    assert level((0.7, 0.8, 0.9), (0.5, 0.6, 0.7))["level"] == "high"
    assert level((0.5, 0.65, 0.9), (0.4, 0.5, 0.7))["level"] == "medium"
    assert level((0.5, 0.65, 0.9), (0.4, 0.7, 0.7))["level"] == "low"  # persistence does as well
    assert level((0.1, 0.2, 0.3), (0.0, 0.0, 0.0))["level"] == "low"
    assert level((0.7, 0.8, 0.9), (0.5, 0.6, 0.7))["hours"] == 6


def test_each_slick_seen_has_its_distance_and_no_slick_has_none(empty):
    """Where nothing is left to be seen the middle is not 0 km off."""
    rows = [
        {"time": "20210824T0810", "centroid_distance_m": 1720.0},
        {"time": "20210824T1533", "centroid_distance_m": None},
    ]
    value = json.dumps({"scores": rows})
    facts = module(empty, "scores.js", f"m.factsOf('simulate', {value})")
    name = "Middle of the slick seen, off by"
    assert facts == [
        [f"{name} (2021-08-24 08:10 UTC)", "1.72 km"],
        [f"{name} (2021-08-24 15:33 UTC)", "\u2013"],
    ]
    (one,) = module(
        empty, "scores.js", f"m.factsOf('simulate', {json.dumps({'scores': rows[:1]})})"
    )
    assert one == [name, "1.72 km"]


def test_the_best_run_so_far_is_that_of_the_search(empty):
    """Priors count: a run may score more, and not be the best."""
    rows = [(0.4, 0.4), (None, None), (0.5, 0.45), (0.6, 0.3), (0.55, 0.5)]
    trials = [
        {"number": k, "score": score, "penalised": penalised}
        for k, (score, penalised) in enumerate(rows)
    ]
    best = [[1, 0.4], [2, 0.4], [3, 0.5], [4, 0.5], [5, 0.55]]
    assert module(empty, "scores.js", f"m.bestOf({json.dumps(trials)})") == best


def test_the_case_is_changed_as_files_are_used(empty):
    got = empty.evaluate(
        """() => import("/static/now/map/panels/case.js").then((m) => {
          const file = (n, time) => ({ reference: `upload:${n}`, name: `${n}.zip`, purpose: "mask",
            facts: { times: time ? [time] : [] } });
          let form = m.taken(m.newCase(), file(1, "2021-08-24T03:43:00+00:00"), []);
          const started = form.time;
          form = m.taken(form, file(3, "2021-08-25T03:34:00+00:00"), []);
          form = m.taken(form, file(2, "2021-08-24T08:10:00+00:00"), []);
          const seen = form.observation.map(({ geometry }) => geometry);
          const end = form.time.end;
          const gone = m.without(form, "upload:1");
          return { started, seen, end, gone: gone.release.length, form: form.release.length };
        })"""
    )
    assert got["started"] == {"start": "2021-08-24T03:43:00Z", "end": "2021-08-26T03:43:00Z"}
    assert got["seen"] == ["upload:2", "upload:3"]
    assert got["end"] == "2021-08-25T03:34:00Z"
    assert (got["form"], got["gone"]) == (1, 0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_run_starts_from_the_first_slick_in_whatever_order_they_come(empty, order):
    got = empty.evaluate(
        """(order) => import("/static/now/map/panels/case.js").then((m) => {
          const times = ["2021-08-24T03:43:00Z", "2021-08-24T08:10:00Z", "2021-08-25T03:34:00Z"];
          const files = times.map((time, n) => ({ reference: `upload:${n}`, name: `${n}.zip`,
            purpose: "mask", facts: { times: [time] } }));
          let form = m.newCase();
          for (const k of order) form = m.taken(form, files[k], files);
          return { ...form, missing: m.missingIn(form, "observation") };
        })""",
        order,
    )
    assert got["name"] == "0"
    assert [row["geometry"] for row in got["release"]] == ["upload:0"]
    assert [row["geometry"] for row in got["observation"]] == ["upload:1", "upload:2"]
    assert got["time"] == {"start": "2021-08-24T03:43:00Z", "end": "2021-08-25T03:34:00Z"}
    assert got["missing"] == []


def test_a_slick_seen_before_the_start_is_not_complete(page, masks):
    drop(page, masks[1])
    expect(page.locator("#drop-news")).to_contain_text("the run starts from it")
    drop(page, masks[0])
    expect(page.locator("#drop-news")).to_contain_text("the run starts from it")
    expect(page.locator("#case-time-start")).to_have_value("2021-08-24 03:43")
    page.locator("#part-time > summary").click()
    page.fill("#case-time-start", "2021-08-24 09:00")
    page.press("#case-time-start", "Tab")
    chip = page.locator("#part-observation > summary .chip")
    expect(chip).to_have_text("missing: a slick seen after the start of the run")
    expect(page.locator("#do-simulate")).to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize("box", [[179.5, -18, -179.5, -16], [179.5, -18, 180.5, -16]])
def test_a_camera_looks_at_a_box_across_the_antimeridian(empty, box):
    camera = module(empty, "uploads.js", f"m.cameraOn({box})")
    assert (camera["lon"], camera["lat"]) == (180, -17)
    assert 6 < camera["zoom"] < 8  # both degrees of it are in view


def test_oil_across_the_antimeridian_is_asked_for_in_one_box(empty):
    point = "({ kind: 'point', lon: %s, lat: -17 })"
    rows = ", ".join(point % lon for lon in (179.5, -179.75, 180.25))
    box = module(empty, "coverage.js", f"m.boxOf({{ release: [{rows}] }}, [])")
    assert box == [179.5, -17, -179.75, -17]
    upload = "[{ reference: 'upload:1', facts: { box: [179.75, -17, 180.25, -16] } }]"
    slick = "{ kind: 'area', geometry: 'upload:1' }"
    box = module(empty, "coverage.js", f"m.boxOf({{ release: [{slick}] }}, {upload})")
    assert box == [179.75, -17, -179.75, -16]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A service that asks for tokens, and tokens of two people and of one who may only look."""
    scopes = {"ada": "run", "bob": "run", "eve": "read"}
    with serving(tmp_path_factory.mktemp("guarded")) as made:
        yield made, {name: made.made.token(name, scope=scope) for name, scope in scopes.items()}


def sign_in(page, token):
    page.fill("#token", token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("#part-model")


def test_two_people_see_nothing_of_each_other(opened, guarded, masks):
    made, tokens = guarded
    ada = opened(made.url)
    sign_in(ada, tokens["ada"])
    drop(ada, masks[0])
    expect(ada.locator("#drop-news")).to_contain_text("the run starts from it")
    ada.click("#left-tab-files")
    expect(ada.locator("#left-part-files")).to_contain_text(masks[0].name)
    bob = opened(made.url)  # who has all that there is for him by now
    sign_in(bob, tokens["bob"])
    bob.click("#left-tab-files")
    expect(bob.locator("#left-part-files")).to_contain_text("No files yet")


def test_who_may_only_look_is_told_what_is_missing(opened, guarded):
    made, tokens = guarded
    page = opened(made.url)
    sign_in(page, tokens["eve"])
    expect(page.locator("#needs-simulate")).to_contain_text("scope")
    expect(page.locator("#do-simulate")).to_have_attribute("aria-disabled", "true")


def test_uploads_named_as_hostile_markup_stay_text(page, service, tmp_path):
    name = "<img src=x onerror=alert(1)>.geojson"
    path = tmp_path / name
    path.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, '
        '"geometry": {"type": "Polygon", '
        '"coordinates": [[[35, 34], [35.1, 34], [35.1, 34.1], [35, 34]]]}}]}'
    )
    upload(service.url, path)
    page.evaluate("window.dispatchEvent(new Event('focus'))")  # one comes back to it
    page.click("#left-tab-files")
    expect(page.locator("#left-part-files")).to_contain_text("onerror")
    assert page.locator("#left-part-files img").count() == 0


def test_every_word_stands_in_the_one_file():
    """Texts of panels come from `words.js`: a literal with blanks in other modules is code."""
    texts = re.compile(r'"[A-Z][a-z]+ [a-z]+ [^"]*"')
    for path in sorted(PANELS.glob("*.js")):
        for line in path.read_text().splitlines():
            if not line.lstrip().startswith(("//", "*", "/*")):
                assert not texts.search(line), f"{path.name}: {line}"
