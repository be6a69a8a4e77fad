import importlib

import pytest


@pytest.mark.parametrize("name", ["commands", "score", "transport"])
def test_a_benchmark_can_be_run(name):
    assert callable(importlib.import_module(f"benchmarks.{name}").run)


def test_the_figures_of_the_score_are_positive():
    figures = importlib.import_module("benchmarks.score").run()
    assert figures
    assert all(figure > 0.0 for figure in figures.values())
