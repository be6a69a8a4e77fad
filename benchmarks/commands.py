"""Seconds of whole commands, process start included: help, demo, a run and a calibration."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

EXAMPLE = Path(__file__).parents[1] / "examples" / "baniyas-1.toml"
REPEATS = 3


def run() -> dict[str, float]:
    """Return the shortest of some runs of each command. [s]

    The first run of each is left out: it compiles, and cuts the coastline out of the world.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        figures = {
            "help_s": _seconds("--help"),
            "demo_s": _seconds("demo", "--out", folder / "demo"),
        }
        if "WITOIL_CASES" in os.environ:
            case = folder / "baniyas.toml"
            text = EXAMPLE.read_text(encoding="utf-8")
            case.write_text(text.replace("particles = 50_000", "particles = 30_000"))
            whole = ("simulate", EXAMPLE, "--out", folder / "run")
            figures["simulate_s"] = _seconds(*whole)
            figures["simulate_without_pictures_s"] = _seconds(*whole, "--no-pictures")
            out = ("--out", folder / "baniyas", "--evaluations", "60")
            figures["optimise_60_x_30000_s"] = _seconds("optimise", case, *out)
    figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0
    return figures


def _seconds(*arguments: object) -> float:
    command = [sys.executable, "-m", "witoil", *map(str, arguments)]
    times = []
    for _ in range(REPEATS + 1):
        _forget(arguments)
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times[1:])


def _forget(arguments: tuple[object, ...]) -> None:
    """Remove the study of the run before, which would be continued."""
    for argument in arguments:
        if isinstance(argument, Path) and argument.is_dir():
            (argument / "study.json").unlink(missing_ok=True)
