"""Nanoseconds a particle-step with everything switched on, and how they divide over processes.

The sea is that of the demo, with its wind of 6 to 9 m/s, its island and a fresh slick of medium
crude: oil evaporates, takes up water, spreads, is entrained, mixed and comes up again.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import simulator
from benchmarks.transport import COUNTS, REPEATS, STEPS, one_day
from simulator import Processes
from witoil.case import load_case
from witoil.demo import make_twin
from witoil.scenario.prepare import prepare
from witoil.scenario.scenario import Scenario

RUNS = {
    "all": Processes(),
    "all_mackay": Processes(evaporation="mackay1980", dispersion="mackay1980"),
    "all_delvigne": Processes(dispersion="delvigne1988"),
    "evaporation": Processes("pseudo-components", False, "off", False, False, False, False),
    "emulsification": Processes("off", True, "off", False, False, False, False),
    "dispersion": Processes("off", False, "li2017", True, False, False, False),
    "spreading": Processes("off", False, "off", False, True, False, False),
    "none": Processes.none(),
}


def run() -> dict[str, float]:
    """Return figures by name.

    Returns
    -------
    dict of str to float
        `<processes>_<particles>_ns`: the shortest of some runs of 96 steps of 15 minutes, hourly
        output off, on all cores, compilation left out. [ns a particle-step]
    """
    figures = {}
    with TemporaryDirectory() as folder:
        case = load_case(make_twin(Path(folder)))
        for count in COUNTS:
            scenario = prepare(one_day(case, count))
            names = RUNS if count == COUNTS[1] else ["all"]
            for name in names:
                figures[f"{name}_{count}_ns"] = _nanoseconds(scenario, RUNS[name])
    return figures


def _nanoseconds(scenario: Scenario, processes: Processes) -> float:
    end = scenario.forcing.start + np.timedelta64(15 * STEPS, "m")
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        simulator.run(
            scenario.forcing,
            scenario.particles,
            scenario.coast,
            end=end,
            output_times=[end],
            oil=scenario.oil,
            processes=processes,
        )
        times.append(time.perf_counter() - began)
    return 1e9 * min(times[1:]) / STEPS / scenario.particles.size
