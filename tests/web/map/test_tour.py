"""Pictures of docs/map.md: WITOIL_PICTURES=docs/images pytest tests/web/map/test_tour.py."""

import pytest
from playwright.sync_api import expect

from tests.web.map.conftest import FRAMES
from tests.web.pictures import take_picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEWS = {
    "map": ("run={run}&layers=particles,observed,coast", (1400, 900), "light"),
    "map-overlap": ("layers=overlap,observed,simulated&panels=", (1000, 700), "light"),
    "map-age": ("layers=age,observed&panels=", (1000, 700), "light"),
    "map-thickness": ("layers=raster:thickness,observed&panels=", (1000, 700), "dark"),
    "map-compare": ("other={other}&layers=particles,observed,coast&panels=", (1000, 700), "light"),
}


def take(page, name):
    expect(page.locator("#utc")).to_contain_text("UTC")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    page.evaluate(FRAMES)
    take_picture(page, name)


def test_pictures_of_the_tour(opened, run, other):
    """One page is led from view to view, and looks at the whole run in each."""
    page = opened(f"#run={run}", size=(1400, 900), reduced_motion="reduce")
    for name, (fragment, (width, height), scheme) in VIEWS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.evaluate("(hash) => { location.hash = hash }", fragment.format(run=run, other=other))
        page.evaluate(FRAMES)
        page.get_by_role("button", name="Show the whole run").click()
        take(page, name)


def test_a_picture_of_a_small_screen(opened, run):
    take(opened(f"#run={run}", size=(390, 844)), "map-narrow")
