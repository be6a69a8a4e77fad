import importlib

import pytest


@pytest.mark.parametrize("name", ["commands", "large_forcing", "score", "searches", "transport"])
def test_a_benchmark_can_be_run(name):
    assert callable(importlib.import_module(f"benchmarks.{name}").run)


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
