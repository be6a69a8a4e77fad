"""How long the commands take with a case, and how much memory, from how many steps they compute."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from simulator.results import WRITTEN
from witoil.case import Case, Trace
from witoil.outputs.room import room_of_run
from witoil.scenario.legs import legs_of
from witoil.scenario.scenario import Scenario

if TYPE_CHECKING:
    from witoil.trace.backward import BackwardScenario

Command = Literal["simulate", "ensemble", "optimise", "forecast"]

_WEATHERING_STEP = 120e-9
"""Processor time of one step of one particle with all processes. [s]"""

_DRIFT_STEP = 30e-9
"""The same of drift alone. [s]"""

_RUN = 0.02
"""Processor time of any run, before its first step. [s]"""

_CELL = 5e-9
"""Time of putting particles on the verification grid, and of scoring: for each cell of it. [s]"""

_PROPOSAL = 0.04
"""Time of the model of the score from which a search takes its next proposal; as much again for
each fifty that it has seen before. [s]"""

START_UP = 2.5
"""Time of Python, and of loading what a command needs. [s]"""

_WRITING = 2.5
"""Time of files and pictures of one run. [s]"""

_BYTE = 2e-8
"""Time of compressing and writing what a run keeps: for each byte in memory. [s byte-1]"""

_LIBRARIES_BYTES = 520e6
_COPIES = 2.5
"""So many times what a run keeps is in memory while it is written."""

_CELL_BYTES = 40.0

_PROBE = 1.3e-2
"""Processor time of `_probe` on the machine that all these figures were measured on. [s]"""


@dataclass(frozen=True)
class Cost:
    """What a command takes on this machine, to a factor of three, where nothing else runs.

    Attributes
    ----------
    processor_seconds : float
        Over all cores. [s]
    seconds : float
        From its start to its end. [s]
    memory_bytes : float
        At its peak. [byte]
    disk_bytes : float or None
        Of the particles of a run, about; None where they are not kept. [byte]
    runs : int
        Simulations.
    """

    processor_seconds: float
    seconds: float
    memory_bytes: float
    disk_bytes: float | None
    runs: int = 1

    @property
    def duration(self) -> str:
        """The time as people say it: 20 s, 3 min, 2 h, 4 days."""
        return _in_words(self.seconds)

    def in_words(self) -> str:
        """Return time, memory and disk as people say them."""
        disk = "" if self.disk_bytes is None else f", {self.disk_bytes / 1e6:,.0f} MB of disk"
        return f"about {self.duration}, {self.memory_bytes / 1e9:.1f} GB of memory{disk}"


def cost_of(
    command: Command,
    scenario: Scenario,
    *,
    members: int | None = None,
    before: float = 0.0,
) -> Cost:
    """Estimate what a command takes with a case that has been read.

    Parameters
    ----------
    command : {"simulate", "ensemble", "optimise", "forecast"}
    scenario : Scenario
    members : int, optional
        Of an ensemble. Default: as the case has it.
    before : float
        Processor time of what comes before: starting, reading. [s]

    Returns
    -------
    Cost
    """
    if command == "ensemble":
        return _cost(scenario.case, _of_ensemble(scenario, members), before)
    return _cost(scenario.case, _PARTS[command](scenario), before)


def cost_of_trace(scenario: BackwardScenario, *, before: float = 0.0) -> Cost:
    """Estimate what it takes to trace a slick back; see `cost_of`."""
    return _cost(scenario.case, _of_trace(scenario), before)


def _cost(case: Case, parts: _Parts, before: float) -> Cost:
    factor, cores = _slowness(), min(os.cpu_count() or 1, max(parts.width, 1))
    return Cost(
        processor_seconds=before + factor * (parts.alone + parts.shared),
        seconds=before + factor * (parts.alone + parts.shared / cores),
        memory_bytes=_LIBRARIES_BYTES + parts.memory,
        disk_bytes=2.0 * room_of_run(case) if parts.keeps_particles else None,
        runs=parts.runs,
    )


def _in_words(seconds: float) -> str:
    for limit, unit, name in ((90.0, 1.0, "s"), (5400.0, 60.0, "min"), (172800.0, 3600.0, "h")):
        if seconds < limit:
            return f"{max(float(f'{seconds / unit:.2g}'), 1.0):.0f} {name}"
    return f"{float(f'{seconds / 86400.0:.2g}'):.0f} days"


@dataclass(frozen=True)
class _Parts:
    """Processor time of what one core does alone and of what `width` share, and memory."""

    alone: float
    shared: float
    memory: float
    width: int
    runs: int = 1
    keeps_particles: bool = False


def _of_simulation(scenario: Scenario) -> _Parts:
    kept, cells = _kept_bytes(scenario, _outputs(scenario)), _cells(scenario)
    seen = max(len(scenario.observations), 1)
    writing = _WRITING + _BYTE * kept + 2.0 * seen * _CELL * cells
    memory = _COPIES * kept + _CELL_BYTES * cells + _fields_bytes(scenario)
    return _Parts(writing, _seconds_of_run(scenario), memory, _MANY, keeps_particles=True)


def _of_ensemble(scenario: Scenario, members: int | None) -> _Parts:
    settings = scenario.case.ensemble
    members = members or (settings.members if settings else 1)
    products = 1 + (len(settings.forcing) if settings else 0)
    outputs, cells = _outputs(scenario), _cells(scenario)
    each = _seconds_of_run(scenario) + outputs * _CELL * cells
    kept = _kept_bytes(scenario, outputs) * _side_by_side(members)
    memory = _COPIES * kept + _CELL_BYTES * cells + products * _fields_bytes(scenario)
    return _Parts(_WRITING + members * _CELL * cells, members * each, memory, members, members)


def _of_search(scenario: Scenario) -> _Parts:
    settings, legs = scenario.case.optimise, legs_of(scenario)
    runs = settings.evaluations
    each = _scored(legs)
    last = _of_simulation(scenario)
    is_modelled = settings.method.startswith("gp")
    search = runs * _PROPOSAL * (1.0 + runs / 100.0) if is_modelled else 0.0
    outputs = max(len(leg.observations) for leg in legs)
    kept = _kept_bytes(scenario, outputs) * _side_by_side(settings.batch)
    memory = max(last.memory, _COPIES * kept + _CELL_BYTES * _cells(scenario))
    return _Parts(
        search + 2.0 * each + last.alone + _WRITING,
        runs * each + last.shared,
        memory + _fields_bytes(scenario),
        settings.batch,
        runs,
        keeps_particles=True,
    )


def _of_forecast(scenario: Scenario) -> _Parts:
    from witoil.forecast.forecasting import expected_runs  # brings along what else needs no search

    settings, legs = scenario.case.forecast, legs_of(scenario)
    runs = expected_runs(scenario.case, len(legs))
    each = _scored(legs) / len(legs)
    beyond = (scenario.end - scenario.observations[-1].time) / np.timedelta64(1, "s")
    ahead = 2 * settings.members * _steps_seconds(scenario, float(beyond))
    kept = _kept_bytes(scenario, 1.0) * _side_by_side(_MANY)
    memory = _COPIES * kept + 3.0 * _CELL_BYTES * _cells(scenario) + _fields_bytes(scenario)
    alone = 3.0 * _WRITING + len(legs) * settings.evaluations * 0.1 * _PROPOSAL
    return _Parts(alone, runs * each + ahead, memory, _MANY, runs)


def _of_trace(scenario: BackwardScenario) -> _Parts:
    settings, model = scenario.case.trace or Trace(), scenario.case.model
    steps = 60.0 * scenario.ages[-1] / model.time_step_minutes
    shared = settings.particles * steps * _DRIFT_STEP + settings.members * _RUN
    kept = 30.0 * settings.particles * scenario.ages.size
    writing = _WRITING + 5.0 * _BYTE * kept
    return _Parts(writing, shared, _COPIES * kept, settings.members, settings.members)


_PARTS: dict[Command, Callable[[Scenario], _Parts]] = {
    "simulate": _of_simulation,
    "optimise": _of_search,
    "forecast": _of_forecast,
}

_MANY = 1_000_000


def _scored(legs: Sequence[Scenario]) -> float:
    """Return the processor time of one run of each window, scored. [s]"""
    seen = sum(len(leg.observations) for leg in legs)
    runs = sum(_seconds_of_run(leg) for leg in legs)
    return runs + seen * 3.0 * _CELL * _cells(legs[0])


def _seconds_of_run(scenario: Scenario) -> float:
    """Return the processor time of a run: of the steps of each particle after its release. [s]"""
    released = scenario.particles.release_time
    longest = (scenario.end - scenario.start) / np.timedelta64(1, "s")
    seconds = (released - scenario.end) / np.timedelta64(-1, "s")
    steps = float(np.clip(seconds, 0.0, longest).sum()) / scenario.time_step
    return _RUN + steps * _step(scenario.case)


def _steps_seconds(scenario: Scenario, seconds: float) -> float:
    """Return the processor time of all particles of a case for so long. [s]"""
    steps = max(seconds, 0.0) / scenario.time_step
    return _RUN + scenario.case.model.particles * steps * _step(scenario.case)


def _step(case: Case) -> float:
    return _WEATHERING_STEP if case.processes.physics.weathering else _DRIFT_STEP


def _outputs(scenario: Scenario) -> float:
    seconds = (scenario.end - scenario.start) / np.timedelta64(1, "s")
    regular = float(seconds) / (60.0 * scenario.case.model.output_interval_minutes) + 1.0
    return regular + len(scenario.observations)


def _kept_bytes(scenario: Scenario, outputs: float) -> float:
    """Return what a run keeps of its particles in memory. [byte]"""
    names = WRITTEN if scenario.case.processes.physics.weathering else ("status", "mass")
    each = 16.0 + sum(np.dtype(WRITTEN[name].written).itemsize for name in names)
    return each * outputs * scenario.case.model.particles


def _fields_bytes(scenario: Scenario) -> float:
    """Return what the fields take in memory; about as much again while they are read. [byte]"""
    forcing = scenario.forcing
    fields = (forcing.current, forcing.wind, forcing.stokes, forcing.temperature)
    waves = (forcing.wave_height, forcing.wave_period)
    return 2.0 * sum(series.values.nbytes for series in (*fields, *waves) if series is not None)


def _cells(scenario: Scenario) -> int:
    rows, columns = scenario.grid.shape
    return rows * columns


def _side_by_side(runs: int) -> int:
    return min(runs, os.cpu_count() or 1)


@cache
def _slowness() -> float:
    """Return how much slower this machine is than the one that the figures are of."""
    return float(np.clip(min(_probe() for _ in range(3)) / _PROBE, 0.2, 5.0))


def _probe() -> float:
    """Return the processor time of a little arithmetic. [s]"""
    start = time.process_time()
    values = np.linspace(0.1, 1.0, 100_000)
    for _ in range(20):
        values = np.sqrt(np.exp(-values) + values)
    return time.process_time() - start
