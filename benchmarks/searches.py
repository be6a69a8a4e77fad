"""Best score against the number of simulations, for each method of search.

On the twin experiment of the demo and, where the cases are at hand, on two legs of Baniyas.
Writes all curves as `docs/searches.json`.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.figure import Figure

import optimizer
from witoil.calibration.evaluation import evaluate
from witoil.calibration.search import search_space
from witoil.case import load_case
from witoil.demo import make_twin
from witoil.scenario.prepare import prepare
from witoil.scenario.scenario import Scenario

ROOT = Path(__file__).parents[1]
SEEDS = 10
EVALUATIONS = 100
PARTICLES = 5_000
EARLY = 40
"""Number of simulations at which the methods are compared a first time."""

STYLES = {
    "random": ("#5b6673", ":"),
    "cma": ("#e69f00", "-."),
    "gp": ("#0072b2", "--"),
    "gp+polish": ("#cc3d8f", "-"),
}
"""Colours of Okabe and Ito, which the colour-blind can tell apart, and dashes for print."""

Curves = dict[str, dict[str, list[list[float]]]]
"""Case -> method -> for each seed the best score after each simulation."""


def run() -> dict[str, float]:
    """Search with every method and seed, and keep the curves.

    Returns
    -------
    dict of str to float
        For each case and method the median over seeds of the best score after 40 and after 100
        simulations, and the seconds a search took besides its simulations.
    """
    curves: Curves = {}
    overhead: dict[str, list[float]] = {}
    for case in cases():
        for method in STYLES:
            found = [search(case, method, seed) for seed in range(SEEDS)]
            curves.setdefault(case, {})[method] = [curve for curve, _ in found]
            overhead.setdefault(method, []).extend(seconds for _, seconds in found)
    write(curves, ROOT / "docs")
    return figures(curves) | {
        f"overhead_{method}_s": float(np.median(seconds)) for method, seconds in overhead.items()
    }


def cases() -> list[str]:
    """Names of the cases that can be searched here."""
    return ["demo"] + (["baniyas-1", "baniyas-2"] if "WITOIL_CASES" in os.environ else [])


def search(case: str, method: str, seed: int) -> tuple[list[float], float]:
    """Search once.

    Returns
    -------
    curve : list of float, length `EVALUATIONS`
        Best score after each simulation.
    overhead : float
        Time of the search besides the simulations. [s]
    """
    prepared = scenario(case)
    space = search_space(prepared)
    simulations = 0.0

    def outcomes(points: list[dict[str, float]]) -> Iterator[optimizer.Outcome]:
        nonlocal simulations
        for point in points:
            start = time.perf_counter()
            score = evaluate([prepared], point)["score"]
            simulations += time.perf_counter() - start
            yield optimizer.Outcome(score)

    start = time.perf_counter()
    history = optimizer.maximise(
        outcomes,
        space,
        evaluations=EVALUATIONS,
        seed=seed,
        initial=prepared.case.optimise.initial_points,
        method=method,
    )
    overhead = time.perf_counter() - start - simulations
    return np.maximum.accumulate([trial.score or 0.0 for trial in history]).tolist(), overhead


@cache
def scenario(case: str) -> Scenario:
    """Prepare a case with few particles."""
    if case == "demo":
        with TemporaryDirectory() as name:
            return _prepare(make_twin(Path(name)))
    return _prepare(ROOT / "examples" / f"{case}.toml")


def _prepare(path: Path) -> Scenario:
    case = load_case(path)
    model = case.model.model_copy(update={"particles": PARTICLES})
    return prepare(case.model_copy(update={"model": model}))


def figures(curves: Curves) -> dict[str, float]:
    """Medians over seeds, early and at the end."""
    return {
        f"{case}_{method}_{count}": float(np.median([curve[count - 1] for curve in several]))
        for case, methods in curves.items()
        for method, several in methods.items()
        for count in (EARLY, EVALUATIONS)
    }


def write(curves: Curves, folder: Path) -> None:
    """Write the curves, which `python -m docs.pictures` draws."""
    rounded = {
        case: {name: np.round(several, 4).tolist() for name, several in methods.items()}
        for case, methods in curves.items()
    }
    (folder / "searches.json").write_text(json.dumps(rounded) + "\n", encoding="utf-8")


def draw(curves: Mapping[str, Mapping[str, list[list[float]]]]) -> Figure:
    """One panel a case: the median over seeds, and a band between the quartiles."""
    figure = Figure(figsize=(3.4 * len(curves), 3.4), layout="constrained")
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (case, methods) in zip(panels, curves.items(), strict=True):
        for method, several in methods.items():
            colour, dashes = STYLES[method]
            low, middle, high = np.quantile(several, [0.25, 0.5, 0.75], axis=0)
            count = np.arange(1, len(middle) + 1)
            axes.fill_between(count, low, high, color=colour, alpha=0.15, linewidth=0.0)
            axes.plot(count, middle, dashes, color=colour, label=method)
        # what the initial trials find is the same for all, and would take most of the axis
        start = np.array([curve for several in methods.values() for curve in several])[:, 9]
        axes.set_ylim(bottom=np.median(start))
        axes.set(title=case, xlabel="simulations", xlim=(8, EVALUATIONS))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("best score")
    panels[0].legend(loc="lower right", frameon=False)
    return figure
