"""What models have found, on the map: drawn, chosen, read and judged by pointer and by keys."""

import re

import pytest
import shapely
from playwright.sync_api import expect

from tests.web.map.conftest import FRAMES
from web.features.detections import detections_of
from web.features.records import replace_features
from witoil.files import write_json

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AT = "#camera=35.20000,35.90000,9.00&layers=detections&panels="
THINGS = [
    ("oil", 0.9, shapely.box(35.8, 35.15, 35.95, 35.25), "2024-05-01T08:00:00Z"),
    ("ship", 0.6, shapely.box(35.865, 35.195, 35.885, 35.205), "2024-05-01T08:00:00Z"),
    ("buoy", 0.3, shapely.Point(36.05, 35.3), "2024-06-01T08:00:00Z"),
    ("wake", None, shapely.LineString([(35.7, 35.1), (35.75, 35.12)]), None),
]


@pytest.fixture(scope="module")
def things(served, tmp_path_factory):
    """Ids of things that a model has found for the person of the service."""
    folder = tmp_path_factory.mktemp("found")
    features = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(shape),
            "properties": {"label": label, "score": score, "time": time, "file": "a.tif"},
        }
        for label, score, shape, time in THINGS
    ]
    write_json(folder / "features.geojson", {"type": "FeatureCollection", "features": features})
    found = list(detections_of(folder, {"module": "eyes", "version": "2"}))
    with served.made.store.session() as session:
        replace_features(session, "job:none", "local", found)
    return [each.id for each in found]


@pytest.fixture(scope="module")
def kept_page(kept_open, things):
    return kept_open(AT)


@pytest.fixture
def page(kept_page):
    """A page with all of these."""
    kept_page.evaluate("(hash) => { location.hash = hash }", f"{AT}&found=,0,,")
    expect(kept_page.locator(".layers")).to_contain_text("oil (1)")
    return kept_page


def entries(page):
    page.evaluate(FRAMES)
    return page.locator(".layers .entries > li").all_text_contents()


def test_what_is_found_is_listed_chosen_and_read(page):
    assert entries(page) == ["oil (1)", "ship (1)", "buoy (1)", "wake (1)"]
    marks = page.locator(".layers .mark").all()
    looks = [mark.get_attribute("class") for mark in marks]
    assert len(set(looks)) == len(looks)  # not by colour alone
    label = page.locator("[data-layer='found:label']")
    label.select_option("buoy")
    expect(page.locator(".layers .entries > li")).to_have_text(["buoy (1)"])
    assert re.search(
        r"found=buoy,0,,",
        page.evaluate("new Promise(d => setTimeout(() => d(location.hash), 600))"),
    )
    label.select_option("")
    expect(page.locator(".layers .entries > li")).to_have_count(4)
    page.locator("[data-layer='found:score']").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".layers .entries > li")).to_have_text(["oil (1)", "ship (1)"])
    page.locator("[data-layer='found:from']").fill("2024-05-02")
    expect(page.locator(".layer-box")).to_contain_text("Nothing of this kind")


def click_at(page, lon, lat):
    box = page.locator(".maplibregl-canvas").bounding_box()
    spot = page.evaluate(
        """([lon, lat]) => {
            const [, lat0, lon0, zoom] = /camera=([^,]+),([^,]+),([^&]+)/.exec(location.hash);
            const degree = (512 * 2 ** zoom) / 360;
            const north = (y) => (180 / Math.PI) * Math.asinh(Math.tan((y * Math.PI) / 180));
            return [(lon - lon0) * degree, (north(lat0) - north(lat)) * degree];
        }""",
        [lon, lat],
    )
    page.mouse.click(box["x"] + box["width"] / 2 + spot[0], box["y"] + box["height"] / 2 + spot[1])


def test_a_thing_is_read_where_it_is_and_judged(page, served, things):
    click_at(page, 35.92, 35.17)
    expect(page.locator(".reading")).to_contain_text("oil, score 0.90")
    expect(page.locator(".reading")).to_contain_text("seen 2024-05-01 08:00:00 UTC")
    click_at(page, 35.875, 35.2)
    expect(page.locator(".reading")).to_contain_text("ship, score 0.60")  # the smaller lies on top
    with page.expect_response(lambda r: r.request.method == "PATCH") as answer:
        page.locator(".reading select").select_option("false positive")
    assert answer.value.status == 200
    client = served.made.app.test_client()
    item = client.get(f"/ogc/collections/detections/items/{things[1]}").json
    assert item["properties"]["verdict"] == "false positive"
    click_at(page, 36.05, 35.3)
    expect(page.locator(".reading")).to_contain_text("buoy, score 0.30")


def test_by_keys_on_a_small_screen_in_the_dark(opened, things):
    page = opened(AT, size=(390, 800), color_scheme="dark")
    summary = page.locator(".layer-box > summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".layers")).to_contain_text("oil (1)")
    box = page.locator(".layer-box").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    summary.focus()
    page.keyboard.press("Enter")
    page.locator(".maplibregl-canvas").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".reading")).to_contain_text("oil, score 0.90")


def test_without_the_layer_nothing_is_asked_for(opened, things):
    asked = []
    page = opened("#camera=35.20000,35.90000,9.00")
    page.on("request", lambda r: asked.append(r.url) if "detections" in r.url else None)
    page.locator("[data-layer=detections]").check()
    expect(page.locator(".layers")).to_contain_text("oil (1)")
    assert len(asked) == 1
