import importlib
import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scaling import Ensemble, plan
from witoil.case import load_case

NAMES = [
    "calibration",
    "commands",
    "damaged",
    "export",
    "far_twins",
    "features",
    "forecast_twins",
    "joint",
    "large_forcing",
    "page",
    "plugins",
    "preview",
    "scaling",
    "score",
    "searches",
    "service",
    "source_twins",
    "steps",
    "tiles",
    "transport",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_can_be_run(name):
    assert callable(importlib.import_module(f"benchmarks.{name}").run)


@pytest.mark.slow
def test_the_figures_of_the_score_are_positive():
    figures = importlib.import_module("benchmarks.score").run()
    assert figures
    assert all(figure > 0.0 for figure in figures.values())


def test_the_figure_of_the_searches_shows_all_cases_and_methods():
    searches = importlib.import_module("benchmarks.searches")
    curve = [min(1.0, 0.01 * count) for count in range(searches.EVALUATIONS)]
    curves = {case: {name: [curve, curve] for name in searches.STYLES} for case in ("a", "b")}
    panels = searches.draw(curves).axes
    assert [panel.get_title() for panel in panels] == ["a", "b"]
    assert [len(panel.lines) for panel in panels] == [4, 4]
    assert searches.figures(curves)["b_gp_40"] == curve[39]


@pytest.fixture
def short_seas(monkeypatch):
    """Fields of twins that end soon after their slicks do; to make them takes most of the time."""
    generator = importlib.import_module("benchmarks._twins")
    monkeypatch.setattr(generator, "HOURS", generator.HOURS[:70])


@pytest.mark.slow
@pytest.mark.usefixtures("compiled", "short_seas")
def test_a_forecast_is_compared_with_its_experts_on_a_twin_of_a_world(monkeypatch):
    twins = importlib.import_module("benchmarks.forecast_twins")
    generator = importlib.import_module("benchmarks._twins")
    worlds = generator.WORLDS[1:3]
    for name, value in {"SEEDS": 1, "PARTICLES": 200, "WORLDS": worlds}.items():
        monkeypatch.setattr(twins, name, value)
    monkeypatch.setattr(twins, "GAPS", ["hours"])
    monkeypatch.setattr(generator, "SLICKS", {"hours": 3})
    fewer = generator.SEARCH.replace(
        "evaluations = 24\nmembers = 24", "evaluations = 8\nmembers = 8"
    )
    assert fewer != generator.SEARCH
    monkeypatch.setattr(generator, "SEARCH", fewer)
    figures = twins.forecast_all(map)
    # of three slicks the first is forecast without a record, and does not count
    assert figures["all: forecasts"] == 4
    for world in worlds:
        for column in ("forecast", "summed", "grown", "without_currents", "default"):
            assert 0.0 <= figures[f"{world}: {column}"] <= 1.0
        ahead = figures[f"{world}: ahead of persistence"]
        assert ahead == pytest.approx(
            figures[f"{world}: forecast"] - figures[f"{world}: persistence"]
        )
    assert figures["all: persistence"] != figures["all: default"]
    assert 0.0 < figures["all: expected calibration error"] < 1.0


def test_a_plan_of_two_events_by_hand():
    event = Ensemble(
        10, member_seconds=3.0, prepare_seconds=2.0, forcing_bytes=4e8, result_bytes=1e7
    )
    apart = plan(event, events=2, workers=8, group=4, bytes_per_second=1e8)
    # 2 s to prepare, 4 x 4 s to send the forcing, 1 s for results, three rounds of members
    assert apart.seconds == pytest.approx(2.0 + 16.0 + 1.0 + 9.0)
    assert apart.moved_bytes == 2 * (4 * 4e8 + 10 * 1e7)
    assert apart.processor_hours == pytest.approx(8 * apart.seconds / 3600.0)
    assert apart.busy == pytest.approx(60.0 / (8 * apart.seconds))
    after = plan(event, events=2, workers=4, group=4, bytes_per_second=1e8)
    assert after.seconds == pytest.approx(2.0 * apart.seconds)


@pytest.mark.slow
@given(
    st.integers(1, 50),
    st.integers(1, 6),
    st.integers(0, 5),
    st.integers(1, 40),
    st.floats(0.1, 9.0),
)
def test_no_plan_is_quicker_than_all_workers_can_be(events, doubled, part, members, seconds):
    workers, group = 2**doubled, 2 ** min(part, doubled)
    event = Ensemble(members, seconds, 1.0, 1e6, 1e3)
    found = plan(event, events, workers, group)
    assert found.seconds >= events * members * seconds / workers
    assert 0.0 < found.busy <= 1.0
    groups = workers // group
    one = plan(event, 1, group, group).seconds
    assert found.seconds == pytest.approx(math.ceil(events / groups) * one)


@pytest.mark.slow
@pytest.mark.usefixtures("compiled", "short_seas")
def test_a_twin_has_no_slicks_after_oil_has_left_its_sea(monkeypatch, tmp_path):
    generator = importlib.import_module("benchmarks._twins")

    def seen(folder):
        case = generator.make_twin(tmp_path / folder, 3, 100, "good", "hours")
        return load_case(case)

    whole = seen("whole")
    assert len(whole.observation) == generator.SLICKS["hours"]
    monkeypatch.setattr(generator, "SEA", shapely.box(0.0, 0.0, 1.0, 1.0))
    left = seen("left")
    (first,) = left.observation
    assert first.geometry == whole.observation[0].geometry
    assert left.time.end < whole.time.end


@pytest.mark.slow
@pytest.mark.usefixtures("compiled", "short_seas")
def test_a_search_that_begins_far_off_is_led_by_coarse_windows_or_not(monkeypatch):
    twins = importlib.import_module("benchmarks.far_twins")
    fewer = twins.SEARCH.replace("evaluations = 60", "evaluations = 16")
    assert fewer != twins.SEARCH
    for name, value in {"SEEDS": 1, "PARTICLES": 200, "SEARCH": fewer}.items():
        monkeypatch.setattr(twins, name, value)
    figures = twins.run()
    assert figures["missed by the case"] == 1
    assert 5.0 < figures["off [km]"] < 20.0
    for way in twins.WAYS:
        assert 0.0 <= figures[f"best score, {way}"] <= 1.0
        assert figures[f"met, {way}"] == (figures[f"best score, {way}"] >= twins.MET)
