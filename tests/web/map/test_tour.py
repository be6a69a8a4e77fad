"""The pictures of docs/map.md: WITOIL_PICTURES=docs/images pytest tests/web/map/test_tour.py."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.web.map.conftest import FRAMES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_BYTES = 200_000

VIEWS = {
    "map": ("#run={run}&layers=particles,observed,coast", (1400, 900), {}),
    "map-overlap": ("#run={run}&layers=overlap,observed,simulated&panels=", (1000, 700), {}),
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
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    assert len(picture.getcolors(1 << 24)) > 50  # there is more on it than ground
    content = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(content, "PNG", optimize=True)
    assert len(content.getvalue()) < MOST_BYTES
    if folder := os.environ.get("WITOIL_PICTURES"):
        Path(folder).mkdir(exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(content.getvalue())
