"""A long run along a full-resolution coast, and finding crossings against testing every segment.

The run is that of `examples/lebanon.toml`: 20,000 particles, 14 days in steps of 15 minutes, with
weathering, seepage and wash-off.
"""

import os
import time
from pathlib import Path

import numpy as np

from simulator.kernels._jit import kernel
from simulator.kernels.shoreline import NO_CROSSING, crossing, first_crossing
from simulator.kernels.state import Coastline
from witoil.case import load_case
from witoil.scenario.prepare import prepare
from witoil.scenario.run import run as run_scenario

EXAMPLE = Path(__file__).parents[1] / "examples" / "lebanon.toml"
REPEATS = 3
PATHS = 1000


def run() -> dict[str, float]:
    """Return figures by name.

    Returns
    -------
    dict of str to float
        `lebanon_14_days_s`, the shortest of some runs, compilation and reading left out [s];
        `first_crossing_us` and `every_segment_us` a path of some hundred metres near the coast,
        and by how much their outcomes differ at most, `difference`, over a thousand paths.
    """
    if "WITOIL_CASES" not in os.environ:
        raise SystemExit("WITOIL_CASES is not set: this benchmark runs on a real coast")
    scenario = prepare(load_case(EXAMPLE))
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        run_scenario(scenario)
        times.append(time.perf_counter() - began)
    return {"lebanon_14_days_s": min(times[1:]), **_crossings(scenario.coast.line)}


def _crossings(coast: Coastline) -> dict[str, float]:
    rng = np.random.default_rng(1)
    middles = 0.5 * (coast.segments[:, :2] + coast.segments[:, 2:])
    rows, columns = coast.clearance.shape
    inner = np.array([columns / coast.scale_x, rows / coast.scale_y]) - 1.0
    middles = middles[((middles > 1.0) & (middles < inner)).all(axis=1)]
    middles = middles[rng.integers(0, len(middles), PATHS)]
    paths = np.concatenate([middles, middles], axis=1) + rng.normal(0.0, 0.1, (PATHS, 4))
    raster = (coast.scale_x, coast.scale_y, coast.cell_start, coast.cell_segments, coast.segments)
    figures, outcomes = {}, []
    for name, find in (("first_crossing", _by_raster), ("every_segment", _by_brute_force)):
        find(paths, *raster)
        began = time.perf_counter()
        outcomes.append(find(paths, *raster))
        figures[f"{name}_us"] = 1e6 * (time.perf_counter() - began) / PATHS
    return {**figures, "difference": float(np.abs(outcomes[0] - outcomes[1]).max())}


@kernel
def _by_raster(paths, scale_x, scale_y, cell_start, cell_segments, segments):
    found = np.empty(len(paths))
    for n in range(len(paths)):
        x0, y0, x1, y1 = paths[n, 0], paths[n, 1], paths[n, 2], paths[n, 3]
        found[n], _ = first_crossing(
            x0, y0, x1, y1, scale_x, scale_y, cell_start, cell_segments, segments
        )
    return found


@kernel
def _by_brute_force(paths, scale_x, scale_y, cell_start, cell_segments, segments):
    found = np.full(len(paths), NO_CROSSING)
    for n in range(len(paths)):
        x0, y0, x1, y1 = paths[n, 0], paths[n, 1], paths[n, 2], paths[n, 3]
        for s in range(len(segments)):
            t = crossing(
                x0, y0, x1, y1, segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
            )
            found[n] = min(found[n], t)
    return found
