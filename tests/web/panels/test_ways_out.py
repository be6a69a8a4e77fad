"""What each job shows and leaves: nothing is asked for in vain, files open elsewhere."""

import json
import re

import numpy as np
import pytest
import rasterio
from playwright.sync_api import expect

from tests.web.panels.conftest import ask, ended, figures, look_at, upload
from tests.web.pictures import take_picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROCESSES = ("simulate", "optimise", "reconstruct", "forecast", "trace", "ensemble")


@pytest.fixture(scope="module")
def jobs(service, baniyas, masks):
    """Id of a finished job of each process."""
    seen = [{"geometry": upload(service.url, mask)} for mask in masks[1:3]]
    case = json.loads(json.dumps(baniyas)) | {
        "ensemble": {"members": 3},
        "model": {"particles": 1000},
        "optimise": {"evaluations": 8},
    }
    later = {
        "time": case["time"] | {"end": "2021-08-24T18:00:00Z"},
        "observation": seen,
        "optimise": {"start_from": "observations"},
        "forecast": {"evaluations": 8, "members": 4},
    }
    source = {
        "optimise": {
            "evaluations": 8,
            "parameters": {"source_east_km": [-5, 5], "source_north_km": [-5, 5]},
        }
    }
    others = {"forecast": later, "reconstruct": source}
    made = {
        name: ask(service.url, name, case=case | others.get(name, {}), pictures=name == "simulate")
        for name in PROCESSES
    }
    for name, job in made.items():
        assert ended(service.url, job)["status"] == "successful", name
    return made


SHOWS = {
    "simulate": ["#balance", "#drivers"],
    "optimise": ["#balance", "#parameters", "#drivers"],
    "reconstruct": ["#parameters"],
    "forecast": ["#horizon", "#parameters"],
    "trace": [],
    "ensemble": [],
}


@pytest.fixture(scope="module")
def looking(kept_open, service, jobs):
    """A page on which one run is looked at after the other, and what it was refused."""
    page = kept_open(service.url, size=(1400, 900), world=True)
    refused = []
    page.on("response", lambda r: refused.append((r.status, r.url)) if r.status >= 400 else None)
    page.on("request", lambda r: refused.append(r.url) if "NaN" in r.url else None)
    page.wait_for_selector("#part-model")
    page.click("#left-tab-runs")
    return page, refused


@pytest.mark.parametrize("process", PROCESSES)
def test_each_job_shows_what_it_has_and_nothing_is_asked_for_in_vain(looking, jobs, process):
    page, refused = looking
    page.click(f"#run-{jobs[process]}")
    look_at(page, jobs[process])
    for part in SHOWS[process]:
        expect(page.locator(part)).to_be_visible()
    expect(page.locator(".layer-box input:checked").first).to_be_visible()
    slider = page.get_by_role("slider", name="Time")
    slider.press("End")
    slider.press("Home")
    page.wait_for_load_state("networkidle")
    take_picture(page, f"map-{process}")
    wide = page.evaluate("document.querySelector('#right').scrollWidth > 345")
    assert not wide
    assert refused == []


def test_what_drives_the_oil_is_said_with_its_share(looking, service, jobs):
    drivers = figures(service.url, jobs["simulate"])["drivers"]
    most = max(drivers, key=lambda name: drivers[name]["share"])
    names = {"current": "currents", "wind_drift": "wind drift", "stokes_drift": "Stokes drift"}
    page, _ = looking
    look_at(page, jobs["simulate"])
    said = page.locator("#drivers")
    expect(said).to_contain_text(f"Mostly {names[most]}")
    told = {
        name: int(re.search(rf"{names[name]} (\d+) %", said.inner_text())[1]) for name in drivers
    }
    assert sum(told.values()) == 100
    for name, each in drivers.items():
        assert told[name] == pytest.approx(100 * each["share"], abs=1)
    (step,) = figures(service.url, jobs["forecast"])["forecast"]["steps"]
    assert sum(each["share"] for each in step["drivers"].values()) == pytest.approx(1.0)
    look_at(page, jobs["forecast"])
    note = page.locator("#horizon .note")
    expect(note).to_contain_text("wind drift")
    found = re.search(r"wind drift (\d+) %", note.inner_text())
    assert int(found[1]) == pytest.approx(100 * step["drivers"]["wind_drift"]["share"], abs=1)


def test_what_a_forecast_is_good_for_stands_by_how_far_it_looks(looking, service, jobs):
    page, _ = looking
    (step,) = figures(service.url, jobs["forecast"])["forecast"]["steps"]
    look_at(page, jobs["forecast"])
    row = page.locator("#horizon tbody tr:not(.note)")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("7.4")  # hours from 08:10 to 15:33
    fss, useful = step["scores"]["forecast"]["fss"], step["useful_fss"]
    good = [w for w, score in fss.items() if score >= useful]
    better = good and fss[good[0]] > step["scores"]["persistence"]["fss"][good[0]]
    level = "low" if not better else "high" if good[0] == "1" else "medium"
    expect(row.locator(".chip")).to_have_text(level)


def test_a_mask_is_downloaded_and_is_a_geotiff_of_the_slick(looking, service, jobs, tmp_path):
    page, _ = looking
    look_at(page, jobs["simulate"])
    with page.expect_download() as got:
        page.locator(f"#run-files a[href*='{jobs['simulate']}']", has_text=".tif").first.click()
    path = tmp_path / got.value.suggested_filename
    got.value.save_as(path)
    (score,) = figures(service.url, jobs["simulate"])["scores"]
    with rasterio.open(path) as file:
        assert file.crs is not None
        oil = file.read(1) == 1
        cell = abs(file.transform.a * file.transform.e) / 1e6
    assert cell * np.count_nonzero(oil) == pytest.approx(
        score["areas_km2"]["simulated_cells"], rel=0.05
    )


def test_the_single_page_plays_from_disk_without_a_network(opened, looking, jobs, tmp_path):
    page, _ = looking
    look_at(page, jobs["simulate"])
    expect(page.get_by_role("link", name="Report as a single HTML file")).to_be_visible()
    with page.expect_download() as got:
        page.get_by_role("link", name="Save the report").click()
    path = tmp_path / got.value.suggested_filename
    got.value.save_as(path)
    alone = opened(path.as_uri(), offline=True)
    asked = []
    alone.on("request", lambda r: asked.append(r.url))
    expect(alone.locator("body")).to_contain_text("What drove it")
    alone.locator("iframe").scroll_into_view_if_needed()  # what is out of view does not move
    player = alone.frame_locator("iframe")
    expect(player.locator("html[data-ready]")).to_be_attached()
    drawn = player.locator("#map")
    before = drawn.evaluate("(canvas) => canvas.toDataURL()")
    player.get_by_role("button", name=re.compile("^Play")).click()
    for _ in range(600):
        if drawn.evaluate("(canvas) => canvas.toDataURL()") != before:
            break
        alone.wait_for_timeout(100)
    else:
        raise AssertionError("nothing moves")
    assert not [url for url in asked if url.startswith("http")]


def test_ages_are_coloured_and_told(looking, jobs):
    page, _ = looking
    look_at(page, jobs["simulate"])
    page.evaluate("location.hash = 'layers=particles'")
    box = page.locator(".layer-box")
    expect(box).to_contain_text("Afloat")
    page.get_by_role("slider", name="Time").press("End")

    def hues():
        return page.evaluate(
            """() => {
              const canvas = document.querySelector(".pane .oil");
              const context = canvas.getContext("2d");
              const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
              const found = new Set();
              for (let k = 0; k < data.length; k += 4) {
                if (data[k + 3] > 200) found.add(data.slice(k, k + 3).join());
              }
              return [...found];
            }"""
        )

    page.wait_for_timeout(500)
    before = hues()
    box.get_by_role("checkbox", name=re.compile("^Age of the oil")).check()
    expect(box).to_contain_text("less than 1")
    expect(box).to_contain_text("3 to 6")
    page.wait_for_timeout(500)
    after = hues()
    assert len(after) > len(before)  # a point source lets oil out all the time
    assert not set(before) & set(after)
    page.evaluate("location.hash = 'layers=particles,observed,coast'")
