"""Nanoseconds a particle-step: currents, wind, Stokes drift, turbulence and coast.

Two seas: that of the demo (an island), and, where the cases are at hand, that of Baniyas on
24 August 2021: a slick that drifts along a full-resolution coast, the hard case.
"""

import os
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr

import simulator
from witoil.case import Case, load_case
from witoil.demo import make_twin
from witoil.scenario.prepare import prepare

STEPS = 96
COUNTS = (1_000_000, 100_000, 10_000)  # the largest first, for its memory
REPEATS = 3
EXAMPLE = Path(__file__).parents[1] / "examples" / "baniyas-1.toml"


def run() -> dict[str, float]:
    """Return figures by name.

    Returns
    -------
    dict of str to float
        For each sea and number of particles, the shortest of some runs, hourly output off:
        `ns` a particle-step, the same in processor time (`cpu_ns`), and for each step of a
        particle afloat (`ns_afloat`: those on the beach cost nothing); and `memory_mb`, by which
        the process grew at its peak, reading the data and seeding the particles included.
    """
    figures: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        seas = {"demo": load_case(make_twin(Path(folder)))}
        if "WITOIL_CASES" in os.environ:
            seas["baniyas"] = load_case(EXAMPLE)
        for name, case in seas.items():
            for count in COUNTS:
                for key, value in _measure(one_day(case, count)).items():
                    figures[f"{name}_{count}_{key}"] = value
    return figures


def one_day(case: Case, particles: int) -> Case:
    """Return a case with one slick, 96 steps of 15 minutes, and nothing to compare with."""
    end = case.time.start + timedelta(minutes=15 * STEPS)
    return case.model_copy(
        update={
            "time": case.time.model_copy(update={"end": end}),
            "forcing": case.forcing.model_copy(update={"gap_policy": "hold"}),
            "release": case.release[:1],
            "observation": [],
            "model": case.model.model_copy(
                update={"particles": particles, "wind_drift_factor": 0.0, "stokes_factor": 0.3}
            ),
        }
    )


def _measure(case: Case) -> dict[str, float]:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    memory = _memory("VmRSS")
    scenario = prepare(case)
    start = scenario.forcing.start
    hours = start + np.arange(STEPS // 4 + 1) * np.timedelta64(1, "h")

    def simulate(output_times: np.ndarray) -> xr.Dataset:
        return simulator.run(
            scenario.forcing,
            scenario.particles,
            scenario.coast,
            end=hours[-1],
            output_times=output_times,
            parameters=case.model.physics(),
        )

    wall, processor = [], []
    simulate(hours[-1:])  # compiles
    for _ in range(REPEATS):
        began = time.perf_counter(), time.process_time()
        simulate(hours[-1:])
        wall.append(time.perf_counter() - began[0])
        processor.append(time.process_time() - began[1])
    growth = _memory("VmHWM") - memory
    steps = 1e-9 * STEPS * scenario.particles.size
    afloat = float((simulate(hours)["status"].values == simulator.Status.AFLOAT).mean())
    return {
        "ns": min(wall) / steps,
        "cpu_ns": min(processor) / steps,
        "ns_afloat": min(wall) / steps / afloat,
        "memory_mb": growth,
    }


def _memory(key: str) -> float:
    """Return a figure of the process's memory, `VmRSS` now or `VmHWM` at its peak. [MB]"""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024.0
