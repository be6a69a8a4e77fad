"""Nanoseconds a particle-step: currents, wind, Stokes drift, diffusion and a real coast.

Particles start on the slick of 24 August 2021 off Baniyas where the cases are at hand (a crowded
coast, the hard case), and on that of the demo's twin experiment in any case.
"""

import os
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import simulator
from witoil.case import load_case
from witoil.demo import make_twin
from witoil.simulation import Scenario, prepare

STEPS = 96
TIME_STEP = 900.0
COUNTS = (10_000, 100_000, 1_000_000)
REPEATS = 3

BANIYAS = """
name = "transport"
[time]
start = 2021-08-24T03:43:00Z
end = 2021-08-25T03:43:00Z
[forcing]
currents = "${WITOIL_CASES}/baniyas-2021/currents.nc"
winds = "${WITOIL_CASES}/baniyas-2021/winds.nc"
[[release]]
kind = "area"
geometry = "${WITOIL_CASES}/baniyas-2021/observations/20210824-0343-SYR-PL-B-01-S1.shp"
mass_tonnes = 2000
"""


def run() -> dict[str, float]:
    """Return figures by name: ns a particle-step, share still afloat, and memory growth in MB."""
    figures: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        cases = {"demo": make_twin(Path(folder))}
        if "WITOIL_CASES" in os.environ:
            cases["baniyas"] = Path(folder) / "baniyas.toml"
            cases["baniyas"].write_text(BANIYAS)
        for name, path in cases.items():
            scenario = prepare(load_case(path))
            for count in COUNTS:
                for key, value in _measure(scenario, count).items():
                    figures[f"{name}_{count}_{key}"] = value
    return figures


def _measure(scenario: Scenario, count: int) -> dict[str, float]:
    particles = simulator.seed_particles(
        [simulator.AreaRelease(_area(scenario), 1e6, scenario.forcing.start)],
        count,
        seed=1,
        land=scenario.coast.land,
    )
    end = scenario.forcing.start + np.timedelta64(int(STEPS * TIME_STEP), "s")
    memory, times = _peak_megabytes(), []
    for _ in range(REPEATS + 1):  # the first one compiles
        began = time.perf_counter()
        result = simulator.run(
            scenario.forcing,
            particles,
            scenario.coast,
            end=end,
            output_times=[end],
            time_step=TIME_STEP,
            parameters=simulator.Parameters(wind_drift_factor=0.0, stokes_factor=0.3),
        )
        times.append(time.perf_counter() - began)
    afloat = float((result["status"].values[:, -1] == simulator.Status.AFLOAT).mean())
    return {
        "ns_per_particle_step": min(times[1:]) / count / STEPS * 1e9,
        "share_afloat": afloat,
        "memory_growth_mb": _peak_megabytes() - memory,
    }


def _area(scenario: Scenario) -> object:
    from witoil.simulation import _release

    return _release(scenario.case, 0).geometry


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
