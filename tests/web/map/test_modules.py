"""Modules of the page, each by itself, in a browser: places as text, addresses, lengths, state."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from witoil.player.mercator import northing

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def calls(browser, served):
    """Return what calls functions of a module with lists of arguments, all at once."""
    page = browser.new_page()
    page.goto(served.url)
    page.wait_for_selector("html[data-ready]")

    def call(module, name, arguments):
        script = """async ([module, name, arguments_]) => {
            const found = await import(`/static/now/${module}`);
            return arguments_.map((each) => found[name](...each));
        }"""
        return page.evaluate(script, [module, name, arguments])

    yield call
    page.close()


def test_degrees_and_minutes(calls):
    asked = [
        (0.0, "0° 00.00\u2032"),
        (-1e-6, "0° 00.00\u2032"),
        (-180.0, "180° 00.00\u2032"),
        (35.240333, "35° 14.42\u2032 N"),
        (-0.5, "0° 30.00\u2032 S"),
        (59.99999, "60° 00.00\u2032 N"),  # never 59° 60.00\u2032
        (-33.999, "33° 59.94\u2032 S"),
    ]
    found = calls("map/reading.js", "minutes", [[value, "N", "S"] for value, _ in asked])
    assert found == [text for _, text in asked]


@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.floats(-180, 180), min_size=200, max_size=200))
def test_minutes_are_the_degrees(calls, values):
    for value, text in zip(
        values, calls("map/reading.js", "minutes", [[v, "E", "W"] for v in values]), strict=True
    ):
        whole, minutes, *side = text.replace("°", "").replace("\u2032", "").split()
        assert 0 <= float(minutes) < 60
        again = int(whole) + float(minutes) / 60
        assert again == pytest.approx(abs(value), abs=0.005 / 60 + 1e-9)
        assert side == ([] if again in (0, 180) else ["W" if value < 0 else "E"])


def test_the_equator_greenwich_and_the_antimeridian_have_no_side(calls):
    asked = [
        (0.0, 0, "0°"),
        (-0.04, 1, "0.0°"),
        (-180.0, 1, "180.0°"),
        (179.96, 1, "180.0°"),
        (-179.9, 1, "179.9° W"),
        (0.05, 2, "0.05° E"),
    ]
    found = calls("player/format.js", "degrees", [[v, "E", "W", k] for v, k, _ in asked])
    assert found == [text for *_, text in asked]


@pytest.mark.parametrize(
    ("shares", "decimals", "expected"),
    [
        ([0.905, 0.095], 0, ["91 %", "9 %"]),
        ([1 / 3, 1 / 3, 1 / 3], 1, ["33.4 %", "33.3 %", "33.3 %"]),
        ([0.9997, 0.0003], 1, ["100.0 %", "<0.1 %"]),
        ([0.5, 0.25], 1, ["50.0 %", "25.0 %"]),
        ([0.58, 0.42, 0.0], 1, ["58.0 %", "42.0 %", "0.0 %"]),
        ([], 1, []),
    ],
)
def test_shares_add_up_to_their_whole(calls, shares, decimals, expected):
    assert calls("player/format.js", "percentages", [[shares, decimals]]) == [expected]


def test_where_a_file_cuts_a_slick_at_the_antimeridian_is_no_border(calls):
    west = [[179, 0], [180, 0], [180, 1], [179, 1], [179, 0]]
    east = [[-180, 0], [-179, 0], [-179, 1], [-180, 1], [-180, 0]]
    whole = [[179, 0], [179.5, 0], [179.5, 1], [179, 0]]
    found = calls("map/drawing.js", "withoutCuts", [[west], [east], [whole]])
    assert found == [[west[:2], west[2:]], [east[:4]], [whole]]


@pytest.mark.parametrize("dark", [False, True])
def test_what_lies_on_the_coast_has_not_the_colour_of_a_slick_observed(calls, dark):
    (beached,) = calls("player/palette.js", "colourOf", [["beached", dark]])
    (observed,) = calls("map/drawing.js", "slickColour", [["observed", dark]])
    one, other = (
        np.array([int(each[k : k + 2], 16) for k in (1, 3, 5)]) for each in (beached, observed)
    )
    assert np.abs(one - other).max() > 40


def test_lengths_are_those_on_the_ellipsoid(calls):
    rng = np.random.default_rng(1)
    start = np.column_stack([rng.uniform(-170, 160, 100), rng.uniform(-70, 70, 100)])
    end = start + rng.uniform(-5, 5, (100, 2))
    wanted = Geod(ellps="WGS84").inv(*start.T, *end.T)[2]
    lines = [
        [[[float(x), float(northing(y))] for x, y in pair]] for pair in zip(start, end, strict=True)
    ]
    np.testing.assert_allclose(calls("map/geodesic.js", "lengthOf", lines), wanted, rtol=0.006)


@pytest.mark.parametrize(
    ("fragment", "found"),
    [
        ("#camera=35.1,35.9,9.5", {"camera": {"lat": 35.1, "lon": 35.9, "zoom": 9.5}}),
        ("#camera=35.1,35.9", {}),
        ("#camera=91,0,3", {}),
        ("#camera=1,2,NaN", {}),
        ("#camera=,,", {}),
        ("#time=2021-08-24T08:10:00Z", {"time": "2021-08-24T08:10:00Z"}),
        ("#time=soon", {}),
        ("#speed=4&side=beside", {"speed": 4, "side": "beside"}),
        ("#speed=5&side=over&constructor=1&__proto__=2", {}),
        ("#panels=left", {"panels": {"left": True, "right": False}}),
        ("#layers=a,b", {"layers": {"a": True, "b": True}}),
        ("#run=1;drop", {}),
        ("#shared=../../etc", {}),
        ("#%E0%A4%A=1&&==", {}),
    ],
)
def test_addresses_are_read_or_left(calls, fragment, found):
    assert calls("map/address.js", "read", [[fragment]]) == [found]


def test_points_within_rings(calls):
    square = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
    hole = [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]]
    asked = [([1, 1], True), ([5, 5], False), ([11, 5], False), ([-1, 5], False)]
    found = calls("map/things.js", "isWithin", [[at, [square, hole]] for at, _ in asked])
    assert found == [inside for _, inside in asked]


def test_a_moment_lies_between_two_outputs(calls):
    times = [0, 10, 30]
    asked = [(-5, 0, 0), (0, 0, 0), (5, 0, 0.5), (10, 1, 0), (25, 1, 0.75), (30, 2, 0), (99, 2, 0)]
    found = calls("map/run.js", "momentOf", [[times, now] for now, _, _ in asked])
    assert [(each["step"], each["part"]) for each in found] == [each[1:] for each in asked]


def test_state_tells_of_what_is_different_once(browser, served):
    page = browser.new_page()
    page.goto(served.url)
    heard = page.evaluate(
        """async () => {
            const { State } = await import("/static/now/map/state.js");
            const state = new State();
            const heard = [];
            const end = state.subscribe(["time", "layers"], (it) => heard.push(it.get("time")));
            state.set({ time: "a", layers: { x: true } });
            state.set({ time: "a", layers: { x: true } });
            state.set({ speed: 2 });
            end();
            state.set({ time: "b" });
            let refused = false;
            try { state.set({ nonsense: 1 }); } catch { refused = true; }
            return JSON.stringify([heard, refused]);
        }"""
    )
    page.close()
    assert json.loads(heard) == [["a"], True]


def test_lines_over_the_antimeridian_do_not_go_round_the_world(calls):
    """Whichever copy of the world is in view."""
    line = [[179.5, 1], [-179.5, 2], [-178, 3], [179, 4]]
    found = calls("map/drawing.js", "inView", [[{"x": x}, line] for x in (175, -175, 185)])
    east = [[179.5, 1], [180.5, 2], [182, 3], [179, 4]]
    assert found == [[[x + turn, y] for x, y in east] for turn in (0, -360, 0)]
