"""Pictures of docs/map.md: WITOIL_PICTURES=docs/images pytest tests/web/map/test_tour.py."""

import pytest
from playwright.sync_api import expect

from tests.web.map.conftest import FRAMES
from tests.web.pictures import take_picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEWS = {
    "map": ("#run={run}&layers=particles,observed,coast", (1400, 900), {}),
    "map-overlap": ("#run={run}&layers=overlap,observed,simulated&panels=", (1000, 700), {}),
    "map-age": ("#run={run}&layers=age,observed&panels=", (1000, 700), {}),
    "map-compare": ("#run={run}&other={other}&panels=", (1000, 700), {}),
    "map-thickness": (
        "#run={run}&layers=raster:thickness,observed&panels=",
        (1000, 700),
        {"color_scheme": "dark"},
    ),
    "map-narrow": ("#run={run}", (390, 844), {}),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_picture_of_the_tour(opened, run, other, name):
    fragment, size, options = VIEWS[name]
    page = opened(fragment.format(run=run, other=other), size=size, **options)
    expect(page.locator("#utc")).to_contain_text("UTC")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    page.evaluate(FRAMES)
    take_picture(page, name)
