"""Seconds and peak memory of a calibration and of a walk forward, on the masks of Baniyas.

100 evaluations on one leg with 30,000 particles, with the time of the search apart from that
of the simulations; the whole command `witoil forecast` with 60 evaluations a step. Needs the cases.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import optimizer
from witoil.calibration.evaluation import evaluate
from witoil.calibration.search import search
from witoil.case import load_case
from witoil.outputs.calibration import write_calibration
from witoil.scenario.prepare import prepare

EXAMPLES = Path(__file__).parents[1] / "examples"
EVALUATIONS = 100
PARTICLES = 30_000


def run() -> dict[str, float]:
    """Return seconds of both, of the search alone, and the peak memory of each process.

    Returns
    -------
    dict of str to float
        [s], and [MB].
    """
    if "WITOIL_CASES" not in os.environ:
        raise SystemExit("benchmarks calibration: expected WITOIL_CASES, the folder of the cases")
    with TemporaryDirectory() as name:
        figures = _calibration(Path(name)) | {"optimise_peak_memory_mb": _peak_mb("SELF")}
        figures |= _forecast(Path(name)) | {"forecast_peak_memory_mb": _peak_mb("CHILDREN")}
    return figures


def _calibration(folder: Path) -> dict[str, float]:
    """Calibrate in this process; the time of a trial is that of its simulations."""
    case = load_case(EXAMPLES / "baniyas-1.toml")
    model = case.model.model_copy(update={"particles": PARTICLES})
    asked = case.optimise.model_copy(update={"evaluations": EVALUATIONS})
    scenario = prepare(case.model_copy(update={"model": model, "optimise": asked}))
    evaluate([scenario], {})  # compiles
    clock: list[float] = []

    def on_trial(history: optimizer.History) -> None:
        clock.append(time.perf_counter())

    start = time.perf_counter()
    found = search(scenario, folder / "optimise", on_trial=on_trial)
    write_calibration(found, folder / "optimise")
    study = found.study
    total = time.perf_counter() - start
    simulations = sum(study["seconds"])
    searching = clock[-1] - clock[0] - simulations
    return {
        f"optimise_{EVALUATIONS}_x_{PARTICLES}_s": total,
        "of_which_simulations_s": simulations,
        "of_which_search_s": searching,
        "of_which_default_best_and_report_s": total - simulations - searching,
        "search_by_simulations": searching / simulations,
    }


def _forecast(folder: Path) -> dict[str, float]:
    case = EXAMPLES / "forecast-baniyas.toml"
    command = [sys.executable, "-m", "witoil", "forecast", str(case), "--out", str(folder / "walk")]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return {"forecast_60_a_step_s": time.perf_counter() - start}


def _peak_mb(whose: str) -> float:
    return float(resource.getrusage(getattr(resource, f"RUSAGE_{whose}")).ru_maxrss / 1024.0)
