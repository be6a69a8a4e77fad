"""The page as a browser shows it: opened from disk, without a network."""

import http.server
import io
import re
import threading
from dataclasses import replace
from functools import partial
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.witoil.player.made import HOUR, ISLAND, OPEN_SEA, START, drifting
from tests.witoil.player.test_pack import CASE, write_raster
from tests.witoil.player.test_page import HOSTILE
from witoil.outputs.pictures import write_page
from witoil.player.mercator import northing
from witoil.player.pack import pack
from witoil.player.page import embedded, script_policy

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SEA, LAND, SEEN, BEACHED = (
    (0xF3, 0xF7, 0xFA),
    (0xDD, 0xD8, 0xCC),
    (0xB3, 0x22, 0x6F),
    (0xD5, 0x5E, 0x00),
)
DARK_SEA = (0x10, 0x1A, 0x22)
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def opened(browser, tmp_path):
    """Return what opens the page of a run from disk; nothing may go wrong in it unseen."""
    contexts, wrong = [], []

    def open_page(run, land=ISLAND, size=(1400, 900), **options):
        path = tmp_path / "ein Lauf <b> ü.html"
        write_page(run, path, land)
        width, height = size
        context = browser.new_context(
            offline=True, viewport={"width": width, "height": height}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith("file:") else None)
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        page.evaluate(FRAMES)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def count(page, colour):
    """Return how many pixels of the map have a colour; the frame of what has focus hides some."""
    page.evaluate("document.activeElement.blur()")
    page.evaluate(FRAMES)
    image = Image.open(io.BytesIO(page.locator("#map").screenshot())).convert("RGB")
    return int((np.asarray(image) == colour).all(axis=2).sum())


def clock(page):
    page.evaluate(FRAMES)
    return page.text_content("#clock")


def place_of(page, run, land, lon, lat):
    """Return where on the screen a place is, while the page shows all."""
    west, south, east, north = pack(run, land).header["view"]
    box = page.locator("#map").bounding_box()
    low, high = northing(south), northing(north)
    scale = min(box["width"] / (east - west), box["height"] / (high - low))
    return (
        box["x"] + box["width"] / 2 + scale * (lon - 0.5 * (west + east)),
        box["y"] + box["height"] / 2 + scale * (0.5 * (low + high) - northing(lat)),
    )


def test_it_shows_sea_land_and_the_first_time(opened):
    page = opened(drifting())
    assert page.title() == "a spill"
    assert clock(page) == "1 Jun 2025 06:00 UTC"
    assert count(page, SEA) > 100_000
    assert count(page, LAND) > 1_000
    assert page.text_content("#about").endswith("60 particles")


def test_it_plays_and_pauses_at_an_output(opened):
    page = opened(drifting())
    page.select_option("#speed", "4")
    page.focus("#map")
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    expect(page.locator("#clock")).to_have_text(re.compile("06:[45]|07:"))
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play")
    assert clock(page)[-9:] in {f"0{hour}:00 UTC" for hour in range(7, 10)}
    page.click("#play")
    expect(page.locator("#clock")).to_have_text("1 Jun 2025 12:00 UTC")
    page.wait_for_selector("#play[aria-label=Play]")


def test_keys_step_through_the_outputs(opened):
    page = opened(drifting())
    for key, expected in (
        ("ArrowRight", "07:00"),
        ("ArrowRight", "08:00"),
        ("ArrowLeft", "07:00"),
        ("End", "12:00"),
        ("ArrowRight", "12:00"),
        ("Home", "06:00"),
        ("ArrowLeft", "06:00"),
    ):
        page.keyboard.press(key)
        assert clock(page) == f"1 Jun 2025 {expected} UTC"
    assert page.get_attribute("#time", "aria-valuetext") == "1 Jun 2025 06:00 UTC"


def test_the_slider_seeks_the_nearest_output(opened):
    page = opened(drifting())
    box = page.locator("#time").bounding_box()
    page.mouse.click(box["x"] + 0.52 * box["width"], box["y"] + 0.5 * box["height"])
    assert clock(page) == "1 Jun 2025 09:00 UTC"


def test_a_slick_seen_is_shown_at_its_time_alone(opened):
    page = opened(drifting())
    assert count(page, SEEN) == 0
    page.click("#seen-list button")
    assert clock(page) == "1 Jun 2025 09:00 UTC"
    assert count(page, SEEN) > 200
    assert page.text_content("#seen-now") == "Observed 1 Jun 2025 09:00 UTC"
    page.uncheck("#seen")
    assert count(page, SEEN) == 0
    page.check("#seen")
    page.keyboard.press("ArrowRight")
    assert count(page, SEEN) == 0
    assert page.is_hidden("#seen-now")


def test_a_slick_seen_beyond_the_run_is_said_not_shown(opened):
    run = drifting()
    page = opened(replace(run, seen=(replace(run.seen[0], time=START + 30 * HOUR),)))
    assert "not within the times shown" in page.text_content("#seen-list")
    page.keyboard.press("End")
    assert count(page, SEEN) == 0


def test_a_particle_under_the_pointer_is_read_out(opened):
    run = drifting()
    page = opened(run)
    page.keyboard.press("ArrowRight")
    page.mouse.move(*place_of(page, run, ISLAND, 19.60, 36.56))
    page.evaluate(FRAMES)
    status, place, mass, depth, age = page.text_content("#readout").splitlines()
    assert status == "Submerged"
    assert place == "36.5600° N, 19.6000° E"
    assert mass.endswith(" kg of oil")
    assert float(mass.split()[0]) == pytest.approx(49.0, rel=0.01)
    assert depth == "12.5 m deep"
    assert age == "released 1 h ago or earlier"
    page.mouse.move(5, 5)
    page.evaluate(FRAMES)
    assert page.is_hidden("#readout")


def test_a_particle_let_out_later_is_as_old_as_that(opened):
    run = drifting()
    page = opened(run)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    lon, lat = (float(run.particles[name][1, 3]) for name in ("lon", "lat"))
    page.mouse.move(*place_of(page, run, ISLAND, lon, lat))
    page.evaluate(FRAMES)
    assert page.text_content("#readout").endswith("released 2 h to 3 h ago")


def test_without_a_pointer_the_nearest_to_the_middle_is_read_out(opened):
    page = opened(drifting())
    page.focus("#map")
    page.keyboard.press("Enter")
    page.evaluate(FRAMES)
    assert page.text_content("#readout").startswith("Afloat")


def test_statuses_are_counted_and_can_be_hidden(opened):
    page = opened(drifting())
    page.keyboard.press("End")
    assert count(page, BEACHED) > 20
    assert page.text_content("#legend li:has-text('beached') .count") == "20"
    page.uncheck("#legend li:has-text('beached') input")
    assert count(page, BEACHED) == 0


def test_the_budget_is_that_of_the_time(opened):
    page = opened(drifting())
    page.keyboard.press("End")
    page.evaluate(FRAMES)
    rows = {
        line.split("\t")[0]: line.split("\t")[1:]
        for line in page.inner_text("#budget tbody").splitlines()
    }
    assert rows["beached"] == ["0.886 t", "33.3 %"]
    assert page.text_content("#budget figcaption").startswith("1 Jun 2025 12:00 UTC: 2.66 t")


def test_thickness_has_a_legend_with_its_unit_and_values(opened):
    run = drifting()
    page = opened(run)
    page.check("#show input[value=thickness]")
    page.focus("#map")
    page.keyboard.press("ArrowRight")
    assert page.text_content("#legend h2") == "Thickness of the oil afloat [µm]"
    assert "rainbow, 0.3 to 5" in page.text_content("#legend")
    page.mouse.move(*place_of(page, run, ISLAND, 19.6123, 36.5815))
    page.evaluate(FRAMES)
    value, unit = page.text_content("#readout").splitlines()[0].split(" ")
    assert unit == "µm"
    assert 0.1 < float(value) < 20.0
    page.mouse.move(*place_of(page, run, ISLAND, 19.66, 36.5625))
    page.evaluate(FRAMES)
    assert page.text_content("#readout").startswith("nothing here")


def test_the_map_moves_and_comes_back(opened):
    page = opened(drifting())
    before = count(page, LAND)
    page.click("#zoom-out")
    assert 1_000 < count(page, LAND) != before
    page.click("#whole")
    assert count(page, LAND) == before
    page.mouse.move(700, 400)
    page.mouse.wheel(0, -400)
    assert count(page, LAND) != before
    page.focus("#map")
    page.keyboard.press("0")
    assert count(page, LAND) == before
    page.mouse.move(600, 300)
    page.mouse.down()
    page.mouse.move(200, 300, steps=4)
    page.mouse.up()
    assert count(page, LAND) != before
    page.focus("#map")
    page.keyboard.press("0")
    page.keyboard.press("Shift+ArrowLeft")
    assert count(page, LAND) != before
    assert clock(page) == "1 Jun 2025 06:00 UTC"


def test_names_are_text_whatever_is_in_them(opened):
    run = drifting()
    seen = tuple(replace(each, name=HOSTILE) for each in run.seen)
    page = opened(replace(run, name=HOSTILE, seen=seen, remarks=(HOSTILE,)))
    assert page.text_content("#name") == HOSTILE
    assert page.locator("img").count() == 0
    assert page.title().startswith("</script><img")
    assert HOSTILE in page.text_content("#seen-list")
    assert page.text_content("#notes") == HOSTILE


def test_the_policy_lets_nothing_else_run_or_load(browser, tmp_path):
    write_page(drifting(), tmp_path / "run.html", ISLAND)
    page = browser.new_page()
    page.goto((tmp_path / "run.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    refused = page.evaluate(
        """async () => {
          const refused = [];
          document.addEventListener("securitypolicyviolation", (event) => {
            refused.push(event.effectiveDirective);
          });
          const script = document.createElement("script");
          script.textContent = "document.title = 'taken'";
          document.body.append(script);
          const image = document.createElement("img");
          image.src = "http://127.0.0.1:9/x.png";
          document.body.append(image);
          await fetch("http://127.0.0.1:9/").catch(() => null);
          await new Promise((done) => setTimeout(done, 100));
          return refused.sort();
        }"""
    )
    assert refused == ["connect-src", "img-src", "script-src-elem"]
    assert page.title() == "a spill"
    page.close()


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_is_wider_than_the_screen(opened, width):
    page = opened(drifting(), size=(width, 844), has_touch=width == 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#map").bounding_box()["height"] >= 300
    if width == 390:
        box = page.locator("#map").bounding_box()
        page.touchscreen.tap(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
        page.tap("#play")
        page.wait_for_selector("#play[aria-label=Pause]")


def test_it_is_dark_where_the_reader_wants_it(opened):
    page = opened(drifting(), color_scheme="dark")
    assert count(page, DARK_SEA) > 100_000
    assert count(page, SEA) == 0


def test_every_control_has_a_name(opened):
    page = opened(drifting())
    tree = page.locator("body").aria_snapshot()
    for role, name in (
        ("application", "Map of a spill"),
        ("button", "Play"),
        ("button", "Zoom in"),
        ("button", "Zoom out"),
        ("button", "Show all"),
        ("slider", "Time"),
        ("combobox", "Speed"),
        ("radio", "Particles"),
        ("checkbox", "beached 0"),
        ("group", "Show"),
    ):
        assert f'{role} "{name}"' in tree
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, canvas")]
          .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim()
            || e.closest("label")?.textContent.trim())).map((e) => e.outerHTML)"""
    )
    assert nameless == []


def test_probabilities_play(opened, tmp_path):
    chances = np.zeros((30, 40))
    chances[5:25, 5:25] = np.linspace(1.0, 0.05, 20)
    since = np.where(chances > 0.0, np.repeat(np.arange(10.0), 4), np.nan)
    write_raster(tmp_path / "probability.tif", [chances], ["probability"], nodata=0.0)
    write_raster(tmp_path / "first_arrival_hours.tif", [since, since], ["", ""], nodata=np.nan)
    summary = {"output_hours": [float(h) for h in range(10)], "case": CASE}
    run = replace(
        drifting(), particles=None, command="ensemble", path=tmp_path, summary=summary, seen=()
    )
    page = opened(run, OPEN_SEA)
    open_sea = count(page, SEA)
    page.keyboard.press("End")
    assert count(page, SEA) < 0.8 * open_sea
    assert page.text_content("#legend h2").endswith("[%]")
    assert page.is_hidden("#budget")
    assert page.is_hidden("#observed")


def test_it_plays_within_another_page(browser, tmp_path):
    """With a policy of its own, which holds for what is in it, too."""
    frame = embedded(drifting(), ISLAND)
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; {script_policy()}"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    path = tmp_path / "report.html"
    path.write_text(f"<!doctype html>{meta}<title>a report</title>{frame}", encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    inner = page.frame_locator("iframe")
    inner.locator("html[data-ready]").wait_for()
    inner.locator("#play").click()
    inner.locator("#play[aria-label=Pause]").wait_for()
    assert page.title() == "a report"
    page.close()


def test_the_modules_are_modules_by_themselves(browser):
    """A server may hand them out as they are."""
    folder = files("witoil.player").joinpath("static")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/player.css")
        found = page.evaluate(
            """async (address) => {
              const { SlickMap, nearestStep } = await import(`${address}/map.js`);
              return [typeof SlickMap, nearestStep([0, 10, 20], 14)];
            }""",
            f"http://127.0.0.1:{server.server_port}",
        )
        assert found == ["function", 1]
        page.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
