"""The map as a browser shows it: what stands on it, how it is used, what a link restores."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.web.map.conftest import FRAMES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AFLOAT, OBSERVED = (0x2B, 0x37, 0x43), (0xE6, 0x9F, 0x00)


def painted(page, canvas="oil", pane=0):
    """Return the opaque-enough pixels of a canvas, shape (rows, columns), and their colours."""
    script = f"""() => {{
        const canvas = document.querySelectorAll(".pane .{canvas}")[{pane}];
        return canvas.toDataURL();
    }}"""
    url = page.evaluate(script)
    import base64

    image = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA")
    pixels = np.asarray(image).astype(int)
    return pixels[..., 3] > 60, pixels[..., :3]


def shown_at(page, run):
    """Wait until particles of a run are drawn."""
    for _ in range(100):
        if painted(page)[0].any():
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError(f"nothing is drawn of {run}")
    page.evaluate(FRAMES)


@pytest.fixture(scope="module")
def run_page(kept_open, run):
    """A page with the run, and the address of what it shows at first."""
    page = kept_open(f"#run={run}")
    shown_at(page, run)
    page.wait_for_function("() => location.hash.includes('camera=')")
    return page, page.url


@pytest.fixture
def map_page(run_page):
    """That page, with what it shows at first, however a test has left it."""
    page, address = run_page
    for end in page.get_by_role("button", name="End", exact=True).all():
        end.click()  # nothing is compared
    page.keyboard.press("Escape")  # nor picked or measured
    page.evaluate(
        """(hash) => {
          location.hash = "";
          location.hash = hash;
          document.querySelector(".layer-box").open = true;
        }""",
        "layers=particles,observed,coast&panels=left,right&" + address.partition("#")[2],
    )
    page.click("#left-tab-case")
    page.mouse.move(0, 0)
    page.evaluate(FRAMES)
    return page


def layer(page, name):
    """Return the box of a layer whose name begins so."""
    return page.locator(".layer-box").get_by_role("checkbox", name=re.compile(f"^{name}"))


def close_to(pixels, colour, within=12):
    return (np.abs(pixels - colour) <= within).all(axis=-1)


def test_particles_and_slicks_are_drawn_where_they_are(map_page):
    there, colours = painted(map_page)
    assert there.sum() > 200
    assert close_to(colours[there], AFLOAT).mean() > 0.5
    rows, columns = np.nonzero(there)
    height, width = there.shape  # the run was brought into view
    assert 0.2 * height < np.median(rows) < 0.8 * height
    assert 0.1 * width < np.median(columns) < 0.8 * width
    marks, ink = painted(map_page, "marks")
    assert close_to(ink[marks], OBSERVED).sum() > 50
    layer(map_page, "Slick observed").uncheck()
    map_page.evaluate(FRAMES)
    marks, ink = painted(map_page, "marks")
    assert close_to(ink[marks], OBSERVED, 2).sum() == 0


def test_what_is_on_the_page(map_page):
    expect(map_page).to_have_title(re.compile("twin|truth|witoil"))
    expect(map_page.locator("#middle")).to_match_aria_snapshot("""
    - main "Where":
      - region "Map of the run"
      - group "Map":
        - button "Zoom in"
        - button "Zoom out"
        - button "Show the whole run"
        - button "Measure a distance"
        - button "Save a picture of the map"
    """)
    expect(map_page.locator("#clock")).to_match_aria_snapshot("""
    - button "Play"
    - slider "Time"
    - group "Observations":
      - button /Observed .* UTC/
    - status: /UTC/
    - combobox "Speed"
    """)
    box = map_page.locator(".layer-box")
    expect(box).to_contain_text("Afloat")
    expect(box).to_contain_text("%")


def test_time_by_keys_and_ticks(map_page):
    clock = map_page.locator("#utc")
    seen = clock.inner_text()
    slider = map_page.get_by_role("slider", name="Time")
    slider.press("Home")
    first = clock.inner_text()
    slider.press("ArrowRight")
    second = clock.inner_text()
    assert len({seen, first, second}) == 3
    expect(map_page.locator(".pane").first).to_have_attribute("data-step", "1")
    expect(map_page.locator(".layer-box")).to_contain_text("Dashed")
    layer(map_page, "Observed against simulated").check()
    expect(map_page.locator(".layer-box")).to_contain_text("the nearest that there is")
    map_page.get_by_role("button", name=re.compile("Observed .* UTC")).first.press("Enter")
    expect(clock).to_have_text(seen)
    expect(map_page.locator(".layer-box")).not_to_contain_text("Dashed")
    expect(map_page.locator(".layer-box")).not_to_contain_text("the nearest that there is")
    map_page.locator("body").press(",")
    expect(clock).not_to_have_text(seen)


def test_clock_and_map_never_differ_in_time(map_page, run):
    clock, pane = map_page.locator("#utc"), map_page.locator(".pane").first
    map_page.get_by_role("slider", name="Time").press("End")
    map_page.evaluate(FRAMES)
    last, step = clock.inner_text(), pane.get_attribute("data-step")
    map_page.click("#left-tab-runs")
    map_page.click(f"#run-{run}")  # it is shown already
    map_page.evaluate(FRAMES)
    expect(clock).to_have_text(last)
    expect(pane).to_have_attribute("data-step", step)
    map_page.evaluate("location.hash += '&time=2031-01-01T00:00:00Z'")
    map_page.evaluate(FRAMES)
    expect(clock).to_have_text(last)
    expect(pane).to_have_attribute("data-step", step)
    expect(map_page.locator(".pane .message")).to_be_hidden()


def test_it_plays_and_stops(map_page):
    map_page.get_by_role("slider", name="Time").press("Home")
    before, _ = painted(map_page)
    map_page.locator("body").press(" ")
    expect(map_page.get_by_role("button", name="Pause")).to_be_visible()
    map_page.wait_for_function("() => Number(document.querySelector('.pane').dataset.step) > 1")
    map_page.locator("body").press(" ")
    expect(map_page.get_by_role("button", name="Play")).to_be_visible()
    map_page.evaluate(FRAMES)
    after, _ = painted(map_page)
    assert (before != after).sum() > 50


def test_a_particle_is_read_by_pointer_and_by_keyboard(map_page):
    there, _ = painted(map_page)
    rows, columns = np.nonzero(there[:, : there.shape[1] // 2 + 60])
    k = len(rows) // 2
    box = map_page.locator(".pane").bounding_box()
    map_page.mouse.click(box["x"] + int(columns[k]), box["y"] + int(rows[k]))
    reading = map_page.locator(".reading")
    expect(reading).to_contain_text(re.compile("Afloat|On the coast|Under water"))
    expect(reading).to_contain_text("of oil")
    place = map_page.locator(".place")
    expect(place).to_have_text(re.compile(r"\d+\.\d{4}° [NS], .*° \d\d\.\d\d\u2032 [NS], "))
    map_page.keyboard.press("Escape")
    expect(reading).to_be_hidden()
    map_page.locator(".maplibregl-canvas").first.press("Enter")
    expect(reading).to_contain_text("of oil")


def test_a_distance_is_measured(map_page):
    map_page.get_by_role("button", name="Measure a distance").click()
    box = map_page.locator(".pane").bounding_box()
    for x in (200, 300):
        map_page.mouse.click(box["x"] + x, box["y"] + 500)
    text = map_page.locator(".reading").inner_text()
    found = float(re.match(r"([\d.]+) k?m in all", text)[1]) * (1000 if " km" in text else 1)
    camera = re.search(r"camera=([-\d.]+),([-\d.]+),([\d.]+)", map_page.url)
    latitude, _, zoom = map(float, camera.groups())
    metres = 100 * 2 * np.pi * 6_371_008.8 * np.cos(np.radians(latitude)) / (512 * 2**zoom)
    assert found == pytest.approx(metres, rel=0.02)  # the latitude is that of the middle


def test_a_link_restores_the_view(map_page, opened, run):
    """Also where the run lies under the list of layers: whoever made the link has seen to it."""
    map_page.evaluate("location.hash = 'camera=36.55000,19.22000,9.00'")
    map_page.get_by_role("slider", name="Time").press("Home")
    layer(map_page, "Slick observed").uncheck()
    map_page.get_by_role("button", name="How good").click()
    map_page.locator(".maplibregl-canvas").first.press("+")
    map_page.wait_for_timeout(1200)
    address, clock = map_page.url, map_page.locator("#utc").inner_text()
    assert run in address
    assert "camera=36.55000,19.22000,10.00" in address
    again = opened("#" + address.partition("#")[2])
    shown_at(again, run)
    expect(again.locator("#utc")).to_have_text(clock)
    expect(layer(again, "Slick observed")).not_to_be_checked()
    expect(again.get_by_role("button", name="How good")).to_have_attribute("aria-expanded", "false")
    again.wait_for_timeout(700)
    assert again.url == address


def test_the_way_to_the_map_by_keys_keeps_the_view_in_the_address(map_page, run):
    map_page.evaluate("location.hash = 'camera=36.55000,19.42000,10.00'")
    map_page.get_by_role("link", name="Skip to the map").press("Enter")
    expect(map_page.locator("#map")).to_be_focused()
    expect(map_page).to_have_url(re.compile(f"run={run}.*camera=36.55"))


DAMAGED = (
    "run=../../x",
    "camera=NaN,1,2&time=yesterday&speed=7&side=up",
    "camera=99,1,2",
    "layers=%22%3E&panels=none&x=1",
    "time=",
    "other=1&run=2",
)


@pytest.fixture(scope="module")
def damaged(kept_open):
    """A page that a damaged link has opened, for tests that show no run on it."""
    return kept_open(f"#{'&'.join(DAMAGED)}")


def test_a_link_that_is_damaged_opens_the_page(damaged):
    for fragment in ("", *DAMAGED):  # one takes a link on an open page as one does another
        if fragment:
            damaged.evaluate("(hash) => { location.hash = hash }", fragment)
            damaged.evaluate(FRAMES)
        expect(damaged.get_by_role("button", name="Zoom in")).to_be_visible()
        expect(damaged.locator("#clock")).to_be_hidden()


def test_a_link_is_followed_though_the_view_before_is_written_over_it(map_page):
    map_page.evaluate(
        """() => {
          const before = location.hash;
          location.hash = "camera=36.50000,19.40000,9.00";
          history.replaceState(null, "", before); // as happens soon after a move
        }"""
    )
    map_page.wait_for_function("() => location.hash.includes('camera=36.50000,19.40000')")


def test_a_run_that_there_is_none_of_says_so(damaged):
    damaged.evaluate("location.hash = 'run=00000000-0000-4000-8000-000000000000'")
    expect(damaged.locator(".message")).to_contain_text("no such run of yours")


def test_two_runs_have_one_camera_and_one_clock(map_page, other):
    page = map_page
    page.evaluate(f"location.hash = 'other={other}&side=swipe'")
    expect(page.locator(".pane-name").filter(visible=True)).to_have_count(2)
    line = page.get_by_role("slider", name="Line between the two runs")
    for _ in range(7):
        line.press("ArrowLeft")  # each map has its name on its own side
        at = line.bounding_box()
        first, second = (page.locator(".pane-name").nth(k).bounding_box() for k in (0, 1))
        assert first["x"] + first["width"] <= at["x"] + 12
        assert second["x"] >= at["x"] + 12
    line.press("Home")
    expect(line).to_have_attribute("aria-valuenow", "0")
    page.get_by_role("button", name="Side by side").click()
    page.wait_for_timeout(800)
    page.get_by_role("slider", name="Time").press("Home")
    page.evaluate(FRAMES)
    first, second = (painted(page, pane=k)[0] for k in (0, 1))
    assert first.sum() > 100
    rows = min(first.shape[0], second.shape[0])
    columns = min(first.shape[1], second.shape[1])
    shift = (first[:rows, :columns] != second[:rows, :columns]).mean()
    assert shift < 0.01  # the same files, seen through the same camera
    page.get_by_role("button", name="End", exact=True).click()
    expect(page.locator(".pane")).to_have_count(1)


def test_a_run_is_not_drawn_at_times_that_it_has_not(map_page, other):
    """Two runs have one clock, which goes on where one of them has not begun or has ended."""

    def a_month_later(route):
        answer = route.fetch()
        header = answer.json()
        header["times"] = [time.replace("2025-06", "2025-07") for time in header["times"]]
        route.fulfill(response=answer, json=header)

    page = map_page
    page.route(f"**/jobs/{other}/particles", a_month_later)
    page.evaluate(f"location.hash = 'other={other}&side=beside'")
    said = page.locator(".pane .message").nth(1)
    expect(said).to_contain_text(
        "B: At this time there is nothing of this run, which goes from 1 J"
    )
    assert not painted(page, pane=1)[0].any()
    page.get_by_role("slider", name="Time").press("End")
    expect(said).to_be_hidden()
    expect(page.locator(".pane .message").first).to_contain_text("nothing of this run")
    page.evaluate(FRAMES)
    assert not painted(page)[0].any()
    page.unroute(f"**/jobs/{other}/particles")


def test_oil_that_is_on_its_way_is_said_and_what_is_drawn_keeps_its_place(opened, run):
    """Else it would be taken for that of the time that the clock has, or of another place."""
    small = lambda text: text.replace("BATCH_BYTES = 4e6", "BATCH_BYTES = 1")  # noqa: E731
    give = lambda r: r.fulfill(content_type="text/javascript", body=small(r.fetch().text()))  # noqa: E731
    page = opened(f"#run={run}", before=lambda page: page.route("**/static/*/map/steps.js", give))
    shown_at(page, run)
    slider = page.get_by_role("slider", name="Time")
    slider.press("Home")
    page.wait_for_load_state("networkidle")
    held = []
    page.route(re.compile(r"/particles/\d+-\d+"), lambda route: held.append(route))
    slider.press("End")
    said = page.locator(".pane .message")
    expect(said).to_contain_text(re.compile("on its way. Drawn is that of 1 Jun 2025 .* UTC"))
    middle = lambda: np.median(np.nonzero(painted(page)[0])[1])  # noqa: E731
    before = middle()
    page.locator(".maplibregl-canvas").press("ArrowRight")
    page.wait_for_timeout(800)
    assert middle() < before - 50
    for route in held:
        route.continue_()
    expect(said).to_be_hidden()


def test_a_picture_has_the_map_and_its_legend(map_page, tmp_path):
    with map_page.expect_download() as download:
        map_page.get_by_role("button", name="Save a picture of the map").click()
    assert download.value.suggested_filename.endswith("-UTC.png")
    path = tmp_path / "picture.png"
    download.value.save_as(path)
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    width, height = (map_page.locator(".pane").bounding_box()[name] for name in ("width", "height"))
    assert pixels.shape[1] == int(width)
    assert pixels.shape[0] > height + 40
    assert close_to(pixels[: int(height)], AFLOAT).sum() > 100
    assert close_to(pixels[int(height) :], OBSERVED, 2).sum() > 20  # the line in the legend


def test_the_gpu_and_the_processor_draw_the_same(map_page, opened, run):
    map_page.wait_for_timeout(500)  # until the address has the camera
    gpu = opened(f"?draw=gpu#{map_page.url.partition('#')[2]}")
    gpu.wait_for_timeout(1500)
    cut = {"x": 500, "y": 150, "width": 250, "height": 500}
    one, two = (
        np.asarray(Image.open(io.BytesIO(page.screenshot(clip=cut))).convert("RGB")).astype(int)
        for page in (map_page, gpu)
    )
    dark = [(pixels.sum(axis=-1) < 450) for pixels in (one, two)]
    assert dark[0].sum() > 100
    assert (dark[0] & dark[1]).sum() / (dark[0] | dark[1]).sum() > 0.5
    assert not painted(gpu)[0].any()  # nothing is drawn twice


@pytest.fixture(scope="module")
def dark_page(kept_open, run):
    """A page with the run, not large, of a system that is dark and wants no motion."""
    page = kept_open(f"#run={run}", size=(1024, 700), color_scheme="dark", reduced_motion="reduce")
    shown_at(page, run)
    return page


def test_colours_follow_the_system_and_the_button(dark_page):
    page = dark_page
    there, colours = painted(page)
    assert close_to(colours[there], (0xE8, 0xED, 0xF1)).any()
    page.get_by_role("button", name="Colours: as the system").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.wait_for_timeout(300)
    there, colours = painted(page)
    assert close_to(colours[there], AFLOAT).any()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.wait_for_load_state("networkidle")
    for theme in ("dark", "auto"):
        page.get_by_role("button", name="Colours").click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)


def test_the_legend_follows_the_system_as_the_map_does(map_page):
    """Ramps turn round on a dark ground: a legend that stays tells masses that are wrong."""
    page = map_page
    page.evaluate("location.hash = 'layers=age'")
    page.evaluate(FRAMES)
    colours = "() => [...document.querySelectorAll('.entries .mark')].map((m) => m.style.cssText)"
    is_other = f"(before) => ({colours})().join() !== before"
    at_first = page.evaluate(colours)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(is_other, arg=",".join(at_first))
    dark = page.evaluate(colours)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(is_other, arg=",".join(dark))
    assert page.evaluate(colours) == at_first


def test_a_small_screen_shows_the_map_first(opened, run):
    page = opened(f"#run={run}", size=(390, 844))
    shown_at(page, run)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    left = page.locator("#left")
    expect(left).to_be_hidden()
    page.get_by_role("button", name="What").click()
    expect(left).to_be_visible()
    page.get_by_role("button", name="How good").click()
    expect(left).to_be_hidden()  # there is room for one
    expect(page.locator("#right")).to_be_visible()
    page.locator("#right summary, #right button").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator("#right")).to_be_hidden()
    expect(page.locator("#right-toggle")).to_be_focused()
    for button in page.locator("button:visible").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24, button.inner_html()


def test_between_two_open_sides_there_is_room_for_time_and_map(dark_page):
    page = dark_page
    assert page.locator("#time").bounding_box()["width"] > 250
    assert page.locator(".layer-box").get_attribute("open") is None
    page.mouse.move(512, 300)
    place, credit = (page.locator(each) for each in (".place", ".maplibregl-ctrl-attrib"))
    expect(place).to_be_visible()
    bottom = place.bounding_box()["y"] + place.bounding_box()["height"]
    assert bottom <= credit.bounding_box()["y"]
    for side in ("left", "right"):  # nothing is cut off
        tabs = f"e => Math.max(...[...document.querySelectorAll('#{side} [role=tab]')]"
        edge = f"{tabs}.map((tab) => tab.getBoundingClientRect().right), 0)"
        box = page.locator(f"#{side}").bounding_box()
        assert page.locator(f"#{side}").evaluate(edge) <= box["x"] + box["width"]


def test_who_wants_no_motion_sees_outputs_only(dark_page):
    page = dark_page
    page.get_by_role("slider", name="Time").press("Home")
    page.evaluate(FRAMES)
    before, _ = painted(page)
    changed, times = page.evaluate(
        """() => new Promise((done) => {
            const canvas = document.querySelector(".pane .oil");
            const seen = new Map();
            const times = new Set();
            document.querySelector("#play").click();
            const look = () => {
                const step = document.querySelector(".pane").dataset.step;
                if (!seen.has(step)) seen.set(step, new Set());
                seen.get(step).add(canvas.toDataURL());
                times.add(document.querySelector("#utc").textContent);
                if (Number(step) < 2) requestAnimationFrame(look);
                else done([[...seen.values()].slice(1, -1).map((each) => each.size), times.size]);
            };
            look();
        })"""
    )
    page.click("#play")
    assert before.any()
    assert changed == [1] * len(changed)
    assert times <= 4  # the clock tells those of the outputs


def test_no_serious_fault_of_access(map_page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(map_page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def test_the_service_may_go_and_come_back(damaged):
    damaged.route("**/ogc/jobs/*", lambda route: route.abort())
    damaged.evaluate("location.hash = 'run=00000000-0000-4000-8000-000000000001'")
    banner = damaged.locator("#banner")
    expect(banner).to_contain_text("does not answer")
    damaged.unroute("**/ogc/jobs/*")
    expect(banner).to_contain_text("is back", timeout=10_000)
    expect(damaged.locator(".message")).to_contain_text("no such run of yours")


@pytest.fixture
def world_page(map_page):
    """That page, for tests that let the coast of the world through from some time on."""
    yield map_page
    map_page.context.route("**/tiles/coast/**", lambda route: route.abort())


def test_tiles_that_did_not_come_are_told_and_got_when_the_service_is_back(world_page):
    """Land must not be taken for sea in silence."""
    page = world_page
    page.context.unroute("**/tiles/coast/**")
    for path in ("**/*.mvt", "**/session"):
        page.route(path, lambda route: route.abort())
    page.evaluate("location.hash = 'camera=58.00000,6.00000,7.00'")
    banner = page.locator("#banner")
    expect(banner).to_contain_text("does not answer")
    with page.expect_response("**/*.mvt"):
        for path in ("**/*.mvt", "**/session"):
            page.unroute(path)
        expect(banner).to_contain_text("is back", timeout=15_000)


def test_a_coast_that_is_coarse_says_so(damaged, map_page):
    """A slick that was dropped may seem to lie on land."""
    near = "location.hash = 'camera=36.55,19.42,10'"
    damaged.evaluate(near)
    rough = damaged.locator(".rough")
    expect(rough).to_contain_text("up to 3 km off")
    damaged.evaluate("location.hash = 'camera=36.55,19.42,5'")
    expect(rough).to_be_hidden()
    map_page.evaluate(near)  # a run has its own
    map_page.evaluate(FRAMES)
    expect(map_page.locator(".rough")).to_be_hidden()


def shown_colours(page):
    """Return the colours of the map as the screen has them, shape (rows, columns, 3)."""
    box = page.locator(".pane").first.bounding_box()
    cut = {
        "x": box["x"] + 120,
        "y": box["y"] + 20,
        "width": box["width"] - 420,
        "height": box["height"] - 60,
    }
    image = Image.open(io.BytesIO(page.screenshot(clip=cut))).convert("RGB")
    return np.asarray(image).astype(int)


def until_shown(page, colour, least, most=np.inf, *, within=25):
    """Wait until so many pixels of the map have a colour."""
    for _ in range(300):
        found = close_to(shown_colours(page), colour, within).sum()
        if least <= found <= most:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"found {found} pixels of {colour}, expected {least} to {most}")


def test_all_of_a_run_across_the_antimeridian_is_looked_at(map_page):
    """Its slicks are cut there, and would reach round the world."""
    west = "[[179, 0], [180, 0], [180, 1], [179, 0]]"
    east = "[[-180, 0], [-179, 0], [-180, 1], [-180, 0]]"
    bounds = map_page.evaluate(
        f"""() => import("/static/now/map/run.js").then((m) => {{
            const run = new m.Run("x", {{}});
            run.observed = [{{ time: 0, name: "", areaKm2: null, rings: [{west}, {east}] }}];
            return run.bounds;
        }})"""
    )
    assert bounds == pytest.approx([179, 0, 181, 1], abs=1e-3)


def test_a_run_is_brought_from_under_the_list_of_layers(map_page, other):
    longitude = "() => Number(location.hash.match(/camera=[-0-9.]+,([-0-9.]+)/)[1])"
    map_page.evaluate("location.hash = 'camera=36.55000,19.22000,10.00'")
    map_page.evaluate(f"location.hash += '&run={other}'")
    shown_at(map_page, other)
    map_page.wait_for_function(f"() => ({longitude})() > 19.3")


def test_the_coast_of_the_run_and_the_coast_around_it(world_page):
    land, sea = (0xDD, 0xD8, 0xCC), (0xF3, 0xF7, 0xFA)
    page = world_page
    page.evaluate("location.hash = 'camera=36.6,19.5,10&layers='")
    until_shown(page, land, 2000, within=12)  # the island of the twin; lines of degrees are greyer
    assert close_to(shown_colours(page), sea).sum() > 2000
    page.evaluate("location.hash = 'camera=45,9.5,4'")
    until_shown(page, land, 0, most=0, within=12)
    page.context.unroute("**/tiles/coast/**")
    page.evaluate("location.hash = 'camera=45,9.5,5'")
    until_shown(page, land, 2000, within=12)


def test_thickness_has_its_colours_and_its_values(map_page):
    layer(map_page, "Particles").uncheck()
    layer(map_page, "Thickness").check()
    legend = map_page.locator(".layer-box")
    expect(legend).to_contain_text("µm")
    expect(legend).to_contain_text("metallic")
    metallic = (0x21, 0x90, 0x8D)
    until_shown(map_page, metallic, 20)
    rows, columns = np.nonzero(close_to(shown_colours(map_page), metallic, 25))
    box = map_page.locator(".pane").bounding_box()
    k = len(rows) // 2
    map_page.mouse.click(box["x"] + 120 + int(columns[k]), box["y"] + 20 + int(rows[k]))
    reading = map_page.locator(".reading")
    expect(reading).to_contain_text(re.compile(r"Thickness.*: [\d.]+ µm"))
    assert 5 <= float(re.search(r": ([\d.]+) µm", reading.inner_text())[1]) <= 50
    layer(map_page, "Slick as a sensor").check()  # one field at a time
    expect(layer(map_page, "Thickness")).not_to_be_checked()


def test_arrows_that_there_are_none_of_say_why(map_page):
    layer(map_page, "Currents").check()
    expect(map_page.locator(".layer-box")).to_contain_text("of the run are on another server")
