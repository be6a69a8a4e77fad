"""Seconds and peak memory of a calibration and of a walk forward, on the masks of Baniyas.

100 evaluations on one window with 30,000 particles, and how much of that the search took; the
whole command `witoil forecast` with 60 evaluations a step. Needs the cases.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from witoil import calibration
from witoil.case import load_case
from witoil.simulation import prepare

EXAMPLES = Path(__file__).parents[1] / "examples"
EVALUATIONS = 100
PARTICLES = 30_000


def run() -> dict[str, float]:
    """Return seconds of both, of the search alone, and the peak memory.

    Returns
    -------
    dict of str to float
        [s], and [MB].
    """
    if "WITOIL_CASES" not in os.environ:
        raise SystemExit("benchmarks calibration: expected WITOIL_CASES, the folder of the cases")
    with TemporaryDirectory() as name:
        figures = _calibration(Path(name))
        figures["forecast_60_a_step_s"] = _forecast(Path(name))
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    kilobytes = max(resource.getrusage(kind).ru_maxrss for kind in kinds)
    return {**figures, "peak_memory_mb": kilobytes / 1024.0}


def _calibration(folder: Path) -> dict[str, float]:
    case = load_case(EXAMPLES / "baniyas-1.toml")
    model = case.model.model_copy(update={"particles": PARTICLES})
    search = case.optimise.model_copy(update={"evaluations": EVALUATIONS})
    scenario = prepare(case.model_copy(update={"model": model, "optimise": search}))
    calibration.evaluate([scenario], {})  # compiles
    start, busy = time.perf_counter(), 0.0
    once = calibration.evaluate_batch

    def timed(*arguments):  # type: ignore[no-untyped-def]
        nonlocal busy
        began = time.perf_counter()
        outcomes = [*once(*arguments)]
        busy += time.perf_counter() - began
        return outcomes

    calibration.evaluate_batch = timed
    try:
        calibration.optimise(scenario, folder / "optimise")
    finally:
        calibration.evaluate_batch = once
    seconds = time.perf_counter() - start
    return {
        f"optimise_{EVALUATIONS}_x_{PARTICLES}_s": seconds,
        "of_which_simulations_s": busy,
        "of_which_search_and_report_s": seconds - busy,
    }


def _forecast(folder: Path) -> float:
    case = EXAMPLES / "forecast-baniyas.toml"
    command = [sys.executable, "-m", "witoil", "forecast", str(case), "--out", str(folder / "walk")]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start
