"""Seconds and peak memory of an ensemble, 100 members of 10,000 particles over 48 hours.

The whole command, process start included, on the sea of the demo, its fields held constant, or on
that of Baniyas where the cases are at hand.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from witoil.demo import make_twin

EXAMPLE = Path(__file__).parents[1] / "examples" / "baniyas-1.toml"
MEMBERS = 100
PARTICLES = "particles = 10_000"


def run() -> dict[str, float]:
    """Return the command's seconds, on the clock and of processors, and its peak memory.

    Returns
    -------
    dict of str to float
        [s], [s] and [MB].
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        case = folder / "case.toml"
        case.write_text(_real() if "WITOIL_CASES" in os.environ else _synthetic(folder))
        _run(case, folder / "out", 2)  # compiles, and cuts the coastline out of the world
        start, processor = time.perf_counter(), _processor_seconds()
        _run(case, folder / "out", MEMBERS)
        seconds, processor = time.perf_counter() - start, _processor_seconds() - processor
    return {
        f"ensemble_{MEMBERS}_x_10000_x_48h_s": seconds,
        f"ensemble_{MEMBERS}_x_10000_x_48h_cpu_s": processor,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0,
    }


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(case: Path, out: Path, members: int) -> None:
    command = [sys.executable, "-m", "witoil", "simulate", str(case), "--out", str(out)]
    subprocess.run([*command, "--members", str(members)], check=True, capture_output=True)


def _real() -> str:
    text = EXAMPLE.read_text(encoding="utf-8")
    return _without_observations(
        text.replace("particles = 50_000", PARTICLES).replace(
            "2021-08-24T08:10", "2021-08-26T03:43"
        )
    )


def _synthetic(folder: Path) -> str:
    text = make_twin(folder).read_text(encoding="utf-8")
    return _without_observations(
        text.replace("particles = 20_000", PARTICLES)
        .replace("end = 2025-06-01T18", "end = 2025-06-03T06")
        .replace("[forcing]", '[forcing]\ngap_policy = "hold"')
    )


def _without_observations(text: str) -> str:
    """Leave out all from the first observation on, which an ensemble has no use for."""
    return text[: text.index("[[observation]]")]
