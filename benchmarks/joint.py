"""One set of parameters for all four legs of Baniyas: the score that is reached, by seed.

150 evaluations of `examples/forecast-baniyas.toml`, as `witoil optimise` does them, for each of
five seeds of search and turbulence. Needs the cases.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from witoil.calibration.search import search
from witoil.case import load_case
from witoil.scenario.prepare import prepare

CASE = Path(__file__).parents[1] / "examples" / "forecast-baniyas.toml"
EVALUATIONS = 150
SEEDS = range(1, 6)


def run() -> dict[str, float]:
    """Return FSS of the finest window, mean over the four slicks, of the best of each search.

    Returns
    -------
    dict of str to float
        For each seed, their mean, and the furthest from it.
    """
    if "WITOIL_CASES" not in os.environ:
        raise SystemExit("benchmarks joint: expected WITOIL_CASES, the folder of the cases")
    figures = {f"seed_{seed}_fss_1": best_fss(seed) for seed in SEEDS}
    scores = np.array([*figures.values()])
    return {
        **figures,
        "mean": float(scores.mean()),
        "furthest_from_mean": float(np.abs(scores - scores.mean()).max()),
    }


def best_fss(seed: int) -> float:
    """Return the best FSS of the finest window that one search finds."""
    case = load_case(CASE)
    model = case.model.model_copy(update={"seed": seed})
    asked = case.optimise.model_copy(update={"evaluations": EVALUATIONS})
    scenario = prepare(case.model_copy(update={"model": model, "optimise": asked}))
    with TemporaryDirectory() as folder:
        study = search(scenario, Path(folder)).study
    return float(study["best"]["fss"]["1"])
