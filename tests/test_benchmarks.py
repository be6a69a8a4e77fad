import importlib

import pytest

NAMES = [
    "calibration",
    "commands",
    "damaged",
    "export",
    "features",
    "forecast_twins",
    "joint",
    "large_forcing",
    "page",
    "plugins",
    "preview",
    "score",
    "searches",
    "service",
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


@pytest.mark.slow
@pytest.mark.usefixtures("compiled")
def test_rules_of_the_forecast_are_tried_on_a_twin(monkeypatch):
    twins = importlib.import_module("benchmarks.forecast_twins")
    for name, value in {"TWINS": 1, "SETS": 4, "PARTICLES": 200}.items():
        monkeypatch.setattr(twins, name, value)
    generator = importlib.import_module("benchmarks._twins")
    fewer = generator.SEARCH.replace("evaluations = 36", "evaluations = 8\nmembers = 8")
    monkeypatch.setattr(generator, "SEARCH", fewer)
    figures = twins.run()
    assert figures["forecasts"] >= 1
    rules = {*twins.RULES, "forecast", "ensemble", "prior", "best", "default", "persistence"}
    assert all(0.0 <= figures[f"{rule}_min"] <= figures[f"{rule}_mean"] <= 1.0 for rule in rules)
    assert figures["persistence_mean"] != figures["default_mean"]
