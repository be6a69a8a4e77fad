"""Oil is found on a scene, simulated, scored and traced back; the page shows all of it."""

import re

import pytest
from playwright.sync_api import expect

from tests.plugins.scenes import radar_scene
from tests.web.panels.conftest import ask, figures, look_at, upload

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SEEN = "2025-06-01T06:00:00Z"


@pytest.fixture(scope="module")
def scene(demo_twin, tmp_path_factory):
    """File of a scene with the first slick of the twin."""
    file = tmp_path_factory.mktemp("scene") / "scene.tif"
    radar_scene(file, demo_twin / "slick_20250601T0600.geojson")
    return file


FOUND = re.compile(r"oil \([1-9]\)")  # those of other tests are on the map, too


def then(step, **more):
    return {
        "step": step,
        "pictures": False,
        "case": {
            "name": "found",
            "time": {"start": SEEN, "end": "2025-06-01T12:00:00Z"},
            "forcing": {
                "currents": "catalogue:currents",
                "winds": "catalogue:winds",
                "coastline": "catalogue:land",
            },
            "release": [{"kind": "area", "mass_tonnes": 500}],
            "observation": [{"geometry": "catalogue:noon"}],
            "model": {"particles": 2000},
            **more,
        },
    }


def chain(service, scene, time, **asked):
    """Return the id of a job that finds oil and goes on from it, and what came of it."""
    job = ask(
        service.url,
        "predict",
        module="made-semantic-seg",
        version="1",
        files=[upload(service.url, scene, "image")],
        time=time,
        then=then(**asked),
    )
    return job, figures(service.url, job)


def test_oil_that_is_found_is_simulated_and_scored(kept_page, service, scene):
    job, found = chain(service, scene, SEEN, step="simulate")
    page = kept_page
    look_at(page, job)
    expect(page.locator("#verdict")).to_contain_text("Against the slick of 1 June 2025")
    row = page.locator("#score-table tr[data-line=run] td").first
    expect(row).to_have_text(f"{found['scores'][0]['fss']['1']:.2f}")
    assert found["scores"][0]["fss"]["1"] > 0.4
    layers = page.locator(".layers")
    expect(layers).to_contain_text(FOUND)
    for name in ("particles", "observed", "simulated", "detections"):
        expect(layers.locator(f"[data-layer={name}]")).to_have_count(1)
    expect(page.locator(".facts")).to_contain_text("made-semantic-seg")
    page.locator("#left-tab-runs").click()
    expect(page.locator(f"#run-{job}")).to_contain_text("Found by a model")
    page.locator(".maplibregl-canvas").focus()
    page.locator("[data-layer=particles]").uncheck()
    page.keyboard.press("Escape")
    page.locator(".maplibregl-canvas").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".reading")).to_contain_text("oil, score 0.9")
    page.locator("[data-layer=particles]").check()


def test_oil_that_is_found_is_traced_back(kept_page, service, scene):
    trace = {"hours": 3, "members": 4, "particles": 400}
    job, found = chain(service, scene, "2025-06-01T11:00:00Z", step="trace", trace=trace)
    assert found["then"] == "trace"
    page = kept_page
    look_at(page, job)
    expect(page.locator("[data-layer='raster:source']")).to_be_checked()
    expect(page.locator(".layers")).to_contain_text(FOUND)
    expect(page.locator(".facts")).to_contain_text("Area that holds the source")


def test_what_was_tried_is_kept_on_the_map(opened, service, scene):
    page = opened(service.url)
    page.locator("#left-tab-models").click()
    page.get_by_role("link", name="Try made-semantic-seg").click()
    page.locator("#when-time").fill("2025-06-01 06:00")
    page.locator("#file").set_input_files(scene)
    expect(page.locator("#summary")).to_have_text("oil: 1")
    page.locator("#keep").click()
    page.locator("#on-map").click()
    expect(page.locator(".layers")).to_contain_text("oil (")
    expect(page.locator("#right-title")).to_have_text("Found by a model")
    expect(page.locator(".facts")).to_contain_text("Found: oil")
