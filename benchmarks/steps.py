"""What a step of a particle costs at sea and along a coast, beside a bare loop over the same sea.

The bare loop is the same drift, turbulence and number of particles over the same grid: two
look-ups and a kick a step, and nothing else; no coast, no oil, nobody on the beach. All that
is beyond 1 is the price of the coast, or of the processes.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xarray as xr

import simulator
from benchmarks.coast import EXAMPLE as LEBANON
from benchmarks.transport import EXAMPLE as BANIYAS
from benchmarks.transport import STEPS, one_day
from simulator import Processes, Status, model
from simulator.elements import inert_table, new_elements
from simulator.kernels._jit import kernel
from simulator.kernels.chunk import TURBULENCE, new_chunk
from simulator.kernels.random import step_key
from simulator.kernels.state import ELAPSED, NEW_X, NEW_Y, Chunk, Fields
from simulator.kernels.transport import kept_inside, propose
from simulator.kernels.variables import X, Y
from simulator.model import CHUNK
from witoil.case import load_case
from witoil.demo import make_twin
from witoil.scenario.prepare import prepare
from witoil.scenario.scenario import Scenario

PARTICLES = 20_000
REPEATS = 7
PROCESSES = {"drift": Processes.none(), "all": Processes()}


def run() -> dict[str, float]:
    """Return figures by name.

    Returns
    -------
    dict of str to float
        For the demo at sea and, where the cases are at hand, for Baniyas and Lebanon along a
        full-resolution coast: `bare_ns` of the bare loop, `drift_ns` and `all_ns` of a step of a
        particle afloat or under water, drift alone and all processes, what those on the beach cost
        included; how many times the bare loop that is; and `on_beach`, the share of
        particle-steps on the beach with all processes. Processor time of the kernels on one
        thread, the shortest of runs that take turns.
    """
    figures: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        seas = {"demo": prepare(one_day(load_case(make_twin(Path(folder))), PARTICLES))}
        if "WITOIL_CASES" in os.environ:
            seas["baniyas"] = prepare(one_day(load_case(BANIYAS), PARTICLES))
            seas["lebanon"] = prepare(load_case(LEBANON))
        for name, scenario in seas.items():
            for key, value in _measure(scenario).items():
                figures[f"{name}_{key}"] = value
    return figures


def _measure(scenario: Scenario) -> dict[str, float]:
    tasks: dict[str, Callable[[], float]] = {"bare": _bare(scenario)}
    figures = {}
    for name, processes in PROCESSES.items():
        at_work, on_beach = _shares(_simulate(scenario, processes, hourly=True))
        tasks[name] = _moving(scenario, processes, at_work)
        figures["on_beach"] = on_beach
    shortest = dict.fromkeys(tasks, np.inf)
    for _ in range(REPEATS):
        for name, task in tasks.items():
            shortest[name] = min(shortest[name], task())
    for name, seconds in shortest.items():
        figures[f"{name}_ns"] = 1e9 * seconds
    for name in PROCESSES:
        figures[f"{name}_to_bare"] = shortest[name] / shortest["bare"]
    return figures


def _shares(result: xr.Dataset) -> tuple[float, float]:
    """Return which share of all particles is at work, and which on the beach, on average."""
    status = result["status"].values
    at_work = np.isin(status, [Status.AFLOAT, Status.SUBMERGED])
    return float(at_work.mean()), float((status == Status.BEACHED).mean())


def _moving(scenario: Scenario, processes: Processes, at_work: float) -> Callable[[], float]:
    """Return what tells the time of a step of a particle that is at work. [s]"""
    duration = (scenario.end - scenario.start) / np.timedelta64(1, "s")
    steps = duration / scenario.time_step * scenario.particles.size * at_work

    def seconds() -> float:
        with _timed("advance", "visit_shore") as spent:
            _simulate(scenario, processes, hourly=False)
        return sum(spent) / steps

    return seconds


@contextmanager
def _timed(*names: str) -> Iterator[list[float]]:
    """Note the processor time of each call of some kernels of the model. [s]"""
    spent: list[float] = []
    kernels = {name: getattr(model, name) for name in names}

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            began = time.thread_time()
            outcome = function(*arguments)
            spent.append(time.thread_time() - began)
            return outcome

        return call

    for name, function in kernels.items():
        setattr(model, name, timed(function))
    try:
        yield spent
    finally:
        for name, function in kernels.items():
            setattr(model, name, function)


def _simulate(scenario: Scenario, processes: Processes, *, hourly: bool) -> xr.Dataset:
    every = np.timedelta64(1, "h") if hourly else scenario.end - scenario.start
    return simulator.run(
        scenario.forcing,
        scenario.particles,
        scenario.coast,
        end=scenario.end,
        output_times=np.arange(scenario.start + every, scenario.end + every, every),
        time_step=scenario.time_step,
        oil=scenario.oil,
        processes=processes,
        parameters=scenario.case.model.physics(),
        threads=1,
    )


def _bare(scenario: Scenario) -> Callable[[], float]:
    """Return what tells the time of a step of the bare loop. [s]"""
    grid, parameters = scenario.forcing.grid, scenario.case.model.physics()
    moments = 0.5 * scenario.time_step * np.arange(2 * STEPS)
    drift = np.empty((moments.size, grid.rows, grid.columns, 2))
    scenario.forcing.drift(moments, parameters, drift)
    none = np.empty((0, grid.rows, grid.columns, 4))
    fields = Fields(grid.first_column, grid.first_row, grid.cells_per_metre, drift, none, none)
    elements = new_elements(scenario.particles, inert_table(), grid, spreads=False)
    chunk = new_chunk(CHUNK, 1)
    steps = STEPS * elements.size

    def seconds() -> float:
        numbers = elements.numbers.copy()
        began = time.thread_time()
        _drift(numbers, fields, scenario.time_step, parameters.horizontal_diffusivity, chunk)
        return (time.thread_time() - began) / steps

    seconds()  # compiles
    return seconds


@kernel
def _drift(numbers, fields, dt, diffusivity, room):
    """Carry particles through all steps, chunk after chunk, over the sea and over the land."""
    elapsed, new_x, new_y = room.scratch[ELAPSED], room.scratch[NEW_X], room.scratch[NEW_Y]
    column, row = fields.first_column, fields.first_row
    rows, columns = fields.drift.shape[1], fields.drift.shape[2]
    for first in range(0, numbers.shape[1], room.ids.size):
        count = min(room.ids.size, numbers.shape[1] - first)
        x, y = numbers[X, first : first + count], numbers[Y, first : first + count]
        chunk = Chunk(first, numbers, room.codes, room.scratch, room.ids, room.table_row)
        for k in range(count):
            elapsed[k] = dt
            room.ids[k] = first + k
        for step in range(fields.drift.shape[0] // 2):
            key = step_key(1, step, TURBULENCE)
            propose(count, chunk, fields, step, key, diffusivity, False)
            for k in range(count):
                x[k] = kept_inside(new_x[k] - column, columns) + column
                y[k] = kept_inside(new_y[k] - row, rows) + row
