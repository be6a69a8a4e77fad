"""The time loop: steps, blended fields, chunks of particles on threads, visits to the shore."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import compilation
from simulator.coast import Coast
from simulator.elements import Elements, inert_table, new_elements, oil_table, schedule
from simulator.errors import SimulatorError
from simulator.forcing import Forcing
from simulator.grid import FloatArray
from simulator.kernels.chunk import SHORE, advance, describe_all, new_chunk
from simulator.kernels.random import step_key
from simulator.kernels.shore import visit_shore
from simulator.kernels.state import Chunk, Fields, OilTable, Settings
from simulator.laws import DISPERSION_CODES, EVAPORATION_CODES
from simulator.oil import TEMPERATURE_15C, Oil
from simulator.parameters import Parameters
from simulator.processes import Processes
from simulator.release import Particles
from simulator.restart import from_restart, to_restart
from simulator.results import Recorder
from simulator.steps import Steps

CHUNK = 2048
"""Particles that one thread carries at most through a span of steps: they fit its cache."""

TURNS = 4
"""Times at most that a thread takes work in a span: more even it out. Each costs a call, so it is
of as many chunks at least, too."""

SPAN_BYTES = 32 * 2**20
"""Memory for blended fields; a span has as many steps as fit."""


def run(
    forcing: Forcing,
    particles: Particles,
    coast: Coast,
    *,
    end: np.datetime64,
    output_times: Sequence[np.datetime64],
    time_step: float = 900.0,
    oil: Oil | None = None,
    processes: Processes | None = None,
    parameters: Parameters | None = None,
    water_temperature: float = TEMPERATURE_15C,
    seed: int = 1,
    threads: int | None = None,
    on_output: Callable[[float], None] | None = None,
    resume: xr.Dataset | None = None,
    on_end: Callable[[xr.Dataset], None] | None = None,
    recorded: Sequence[Mapping[str, NDArray[Any]]] = (),
    on_halt: Callable[[Callable[[], Halt]], None] | None = None,
) -> xr.Dataset:
    """Carry particles from the start of the forcing to `end`.

    Parameters
    ----------
    forcing : Forcing
        Its start is the start of the run.
    particles : Particles
    coast : Coast
        Made for the grid of the forcing.
    end : datetime64
        UTC.
    output_times : sequence of datetime64
        Increasing, within the run. Steps are cut so that each is met exactly.
    time_step : float
        [s]
    oil : Oil, optional
        Without it the particles only drift and beach.
    processes : Processes, optional
        What happens to the oil; default: everything, by the default laws.
    parameters : Parameters, optional
    water_temperature : float
        Where the forcing has none. [K]
    seed : int
        The same seed gives the same bits, whatever the number of threads.
    threads : int, optional
        Default: one for each processor.
    on_output : callable, optional
        Called with the share of the run that is done.
    resume : Dataset, optional
        What `on_end` was given by an earlier run of the same oil: go on from there. Output times
        before it are left out. The result is, bit for bit, that of a run that was not
        interrupted, if the earlier one ended with a whole step.
    on_end : callable, optional
        Called with what is needed to go on from the end.
    recorded : sequence of dict, optional
        What all `on_halt` of the same run gave before it was killed at `resume`, in their order:
        then its outputs are kept, too, and the outcome is that of the whole run.
    on_halt : callable, optional
        Called after every window of steps but the last with a function that returns a `Halt`.

    Returns
    -------
    Dataset
        CF trajectories, mass balance and oil on the coast, see
        `simulator.results.Recorder.to_dataset`.

    Raises
    ------
    SimulatorError
        Where the run has no length, the output times are not increasing or not within it, the
        fields do not last as long, a particle starts where there is no drift, or `resume`
        belongs to another run.
    """
    processes = processes or (Processes.none() if oil is None else Processes())
    if oil is None and processes != Processes.none():
        raise SimulatorError("oil: none given; expected one for the processes to work on")
    times = np.asarray(output_times, "datetime64[ns]")
    stops = _seconds(times, forcing.start)
    duration = float(_seconds(end, forcing.start))
    _check_times(forcing, duration, stops, time_step)
    simulation = _Simulation.at_start(
        forcing,
        particles,
        coast,
        oil,
        processes,
        parameters or Parameters(),
        water_temperature,
        time_step,
        seed,
    )
    done = 0.0 if resume is None else simulation.go_on_from(resume, duration)
    later = (stops >= done) | bool(recorded)
    if not later.any():
        raise SimulatorError(
            f"output_times: all before {done:g} seconds, where the restart goes on; expected later"
        )
    steps = Steps.regular(duration, time_step, np.append(stops, done))
    release_seconds = _seconds(particles.release_time, forcing.start)
    schedule(simulation.elements, release_seconds, steps.edges, done)
    recorder = Recorder(
        particles,
        times[later],
        forcing.grid,
        coast.shore,
        simulation.oil.volume_per_mass,
        simulation.weathers,
    )
    for kept in recorded:
        recorder.take_over(kept)

    def on_part(seconds: float) -> None:
        if on_halt:
            on_halt(lambda: Halt(recorder.news(), simulation.restart(seconds)))

    compilation.wait()
    _go(
        simulation,
        steps,
        stops[later][recorder.count :],
        done,
        recorder,
        threads or os.cpu_count() or 1,
        on_output,
        on_part,
    )
    if on_end:
        on_end(simulation.restart(duration))
    return recorder.to_dataset()


OnThreads = Callable[[Callable[[Any], None], Iterable[Any]], Iterable[None]]
"""Calls a function with each of many, as `map` does."""


class Halt(NamedTuple):
    """A run that has come so far.

    Attributes
    ----------
    recorded : dict
        What was recorded since the `Halt` before.
    restart : Dataset
        What is needed to go on.
    """

    recorded: dict[str, NDArray[Any]]
    restart: xr.Dataset


@dataclass
class _Simulation:
    """A run: what does not change in it, and `elements` and `absorbed`, which do."""

    forcing: Forcing
    coast: Coast
    oil: OilTable
    density: float
    processes: Processes
    parameters: Parameters
    water_temperature: float
    time_step: float
    seed: int
    weathers: bool
    elements: Elements
    absorbed: FloatArray
    spare: SimpleQueue[Chunk] = field(default_factory=SimpleQueue)

    @classmethod
    def at_start(
        cls,
        forcing: Forcing,
        particles: Particles,
        coast: Coast,
        oil: Oil | None,
        processes: Processes,
        parameters: Parameters,
        water_temperature: float,
        time_step: float,
        seed: int,
    ) -> _Simulation:
        below = bool((particles.z < 0.0).any())
        weathers = below or processes.weathering
        table = oil_table(oil) if oil and weathers else inert_table()
        elements = new_elements(particles, table, forcing.grid, spreads=processes.spreading)
        _check_covered(forcing, particles, elements)
        return cls(
            forcing=forcing,
            coast=coast,
            oil=table,
            density=1.0 / float(table.mass_fraction @ table.volume_per_mass),
            processes=processes,
            parameters=parameters,
            water_temperature=water_temperature,
            time_step=time_step,
            seed=seed,
            weathers=weathers,
            elements=elements,
            absorbed=np.zeros(coast.shore.length.size),
        )

    @property
    def settings(self) -> Settings:
        """What the kernels have to know."""
        chosen = self.processes
        return Settings(
            seed=self.seed,
            horizontal_diffusivity=self.parameters.horizontal_diffusivity,
            vertical_diffusivity=chosen.vertical_diffusivity,
            mixed_layer_depth=chosen.mixed_layer_depth,
            weathering=self.weathers,
            evaporation=EVAPORATION_CODES[chosen.evaporation],
            dispersion=DISPERSION_CODES[chosen.dispersion],
            emulsification=chosen.emulsification,
            spreading=chosen.spreading,
            vertical_mixing=chosen.vertical_mixing,
            sinking=chosen.sinking,
        )

    @property
    def _made_with(self) -> dict[str, Any]:
        return {
            "start": self.forcing.start,
            "seed": self.seed,
            "time_step": self.time_step,
            "water_temperature": self.water_temperature,
            "components": self.oil.mass_fraction.tolist(),
            **asdict(self.parameters),
            **asdict(self.processes),
        }

    def go_on_from(self, restart: xr.Dataset, duration: float) -> float:
        """Take over the state of a restart; return the seconds that the run has gone."""
        self.elements, self.absorbed, done = from_restart(
            restart, self.elements, self.coast.shore, self.forcing.grid, made_with=self._made_with
        )
        if done >= duration:
            raise SimulatorError(
                f"the restart stands at {done:g} seconds after the start, and the run ends at "
                f"{duration:g}; expected a later end"
            )
        return done

    def restart(self, seconds: float) -> xr.Dataset:
        """Return what is needed to go on."""
        return to_restart(
            self.elements,
            self.absorbed,
            self.coast.shore,
            self.forcing.grid,
            seconds=seconds,
            made_with=self._made_with,
        )

    @property
    def most_steps(self) -> int:
        """How many steps at once there is memory for the fields of."""
        grid = self.forcing.grid
        numbers = 16 if self.weathers else 4
        return max(SPAN_BYTES // (8 * numbers * grid.rows * grid.columns), 1)

    def blend(
        self, steps: Steps, first: int, last: int, threads: int, on_threads: OnThreads
    ) -> Fields:
        """Return what surrounds the oil during a span of steps."""
        grid = self.forcing.grid
        durations, starts = steps.durations[first:last], steps.edges[first:last]
        moments = np.stack([starts, starts + 0.5 * durations], axis=1).ravel()
        shape = (grid.rows, grid.columns)
        drift = np.empty((moments.size, *shape, 2))
        below = np.empty((moments.size if self.weathers else 0, *shape, 4))
        weather = np.empty((durations.size if self.weathers else 0, *shape, 4))
        part = 2 * -(-durations.size // threads)

        def some(begin: int) -> None:
            piece = slice(begin, begin + part)
            self.forcing.drift(moments[piece], self.parameters, drift[piece])
            if below.size:
                self.forcing.drift_below(moments[piece], self.parameters, below[piece])
            if weather.size:
                half = slice(begin // 2, (begin + part) // 2)
                self.forcing.weather(
                    np.ascontiguousarray(moments[piece][1::2]),
                    weather[half],
                    water_temperature=self.water_temperature,
                )

        list(on_threads(some, range(0, moments.size, part)))
        return Fields(
            grid.first_column, grid.first_row, grid.cells_per_metre, drift, below, weather
        )

    def advance(
        self, steps: Steps, first: int, last: int, fields: Fields, begin: int, end: int
    ) -> None:
        """Carry the particles [begin, end) through a span of steps."""
        chunk = self.spare.get()
        advance(
            begin,
            end,
            chunk.ids.size,
            self.elements.numbers,
            self.elements.codes,
            fields,
            self.coast.line,
            self.oil,
            self.settings,
            steps.durations[first:last],
            steps.moments[first:last],
            first,
            chunk,
        )
        self.spare.put(chunk)

    def describe(self) -> None:
        """Write the viscosity and density that all oil has at the start of the run."""
        grid = self.forcing.grid
        weather = np.empty((1, grid.rows, grid.columns, 4))
        self.forcing.weather(np.zeros(1), weather, water_temperature=self.water_temperature)
        none = np.empty((0, grid.rows, grid.columns, 2))
        fields = Fields(
            grid.first_column, grid.first_row, grid.cells_per_metre, none, none, weather
        )
        room = new_chunk(CHUNK, self.oil.mass_fraction.size)
        describe_all(CHUNK, self.elements.numbers, self.elements.codes, fields, self.oil, room)

    def visit_shore(self, moment: int, since: float) -> None:
        """Let beached oil seep in and come off."""
        visit_shore(
            since,
            np.uint64(step_key(self.seed, moment, SHORE)),
            self.elements["status"],
            self.elements["stretch"],
            self.elements["component_mass"],
            self.elements["absorbed_mass"],
            self.density,
            self.absorbed,
            *self.coast.shore.arrays,
        )


def _go(
    simulation: _Simulation,
    steps: Steps,
    stops: FloatArray,
    done: float,
    recorder: Recorder,
    threads: int,
    on_output: Callable[[float], None] | None,
    on_part: Callable[[float], None],
) -> None:
    """Take a run to its end, and record it at the stops."""
    visits = steps.visits() if simulation.processes.shore else {}
    wanted = set(stops.tolist())
    size, shares = _shares(simulation.elements.size, threads)
    most, held_to = simulation.most_steps, 0
    if done == 0.0 and 0.0 in wanted and simulation.weathers:
        simulation.describe()  # later ones are described in the step that they are released in
    if done in wanted:
        recorder.record(simulation.elements, simulation.absorbed)
    for _ in range(threads):
        simulation.spare.put(new_chunk(size, simulation.oil.mass_fraction.size))
    with _threads(threads) as on_threads:
        for first, last in steps.spans(done, wanted, set(visits), most):
            if last > held_to:
                held_from, held_to = first, min(first + most, steps.durations.size)
                held = simulation.blend(steps, held_from, held_to, threads, on_threads)
            fields = held.between(first - held_from, last - held_from)
            list(
                on_threads(
                    lambda share: simulation.advance(steps, first, last, fields, *share),  # noqa: B023
                    shares,
                )
            )
            if last in visits:
                simulation.visit_shore(steps.moments[last], visits[last])
            if steps.edges[last] in wanted:
                recorder.record(simulation.elements, simulation.absorbed)
                if on_output:
                    on_output(float(steps.edges[last] / steps.edges[-1]))
            if last < steps.durations.size:
                on_part(float(steps.edges[last]))


@contextmanager
def _threads(count: int) -> Iterator[OnThreads]:
    """Give what uses so many threads; one is this one, since to start another costs a small run."""
    if count == 1:
        yield map
        return
    with ThreadPoolExecutor(count) as pool:
        yield pool.map


def _shares(particles: int, threads: int) -> tuple[int, list[tuple[int, int]]]:
    """Return the size of chunks, and the ranges of particles that threads take in turn.

    Threads get as many chunks each, all of a size, as far as these go.
    """
    each = max(-(-particles // (threads * CHUNK)), 1)
    chunks = threads * each
    size = max(-(-particles // chunks), 1)
    turns = threads * min(max(each // TURNS, 1), TURNS)
    edges = [min(turn * chunks // turns * size, particles) for turn in range(turns + 1)]
    return size, [(begin, end) for begin, end in pairwise(edges) if begin < end]


def _seconds(times: np.datetime64 | NDArray[np.datetime64], start: np.datetime64) -> FloatArray:
    return np.asarray((times - start) / np.timedelta64(1, "s"), dtype=np.float64)


def _check_times(forcing: Forcing, duration: float, stops: FloatArray, time_step: float) -> None:
    """Refuse a run of no length, outputs out of order or beyond it, and fields that end before."""
    end = forcing.start + np.timedelta64(round(1e9 * duration), "ns")
    if not duration > 0.0:
        raise SimulatorError(f"end = {end}: expected a time after the start, {forcing.start}")
    if not time_step > 0.0:
        raise SimulatorError(f"time_step = {time_step}: expected more than 0 seconds")
    if stops.size == 0 or stops[0] < 0.0 or stops[-1] > duration or (np.diff(stops) <= 0.0).any():
        raise SimulatorError(
            f"output_times = {stops} seconds after the start: expected one or more, increasing, "
            f"from 0 to {duration:g}"
        )
    given = {name: series.times for name, series in forcing.fields.items()}
    given |= {name: series.times for name, series in forcing.scalars.items()}
    for name, times in given.items():
        # a single record holds for all times
        if times.size > 1 and (times[0] > 0.0 or times[-1] < duration):
            raise SimulatorError(
                f"the {name} is given from {times[0]:g} to {times[-1]:g} seconds "
                f"after the start; expected 0 to {duration:g}"
            )


def _check_covered(forcing: Forcing, particles: Particles, elements: Elements) -> None:
    """Refuse particles that start outside the grid, or where a field has no value."""
    x = elements["x"] - forcing.grid.first_column
    y = elements["y"] - forcing.grid.first_row
    rows, columns = forcing.grid.rows, forcing.grid.columns
    i = np.clip(x, 0, columns - 2).astype(np.intp)
    j = np.clip(y, 0, rows - 2).astype(np.intp)
    outside = np.asarray((x < 0.0) | (y < 0.0) | (x >= columns - 1) | (y >= rows - 1))
    lost = {"forcing": outside}
    for name, series in forcing.fields.items():
        empty = series.missing
        lost[name] = empty[j, i] | empty[j + 1, i] | empty[j, i + 1] | empty[j + 1, i + 1]
    for name, where in lost.items():
        if where.any():
            k = int(np.argmax(where))
            west, south, east, north = forcing.grid.box
            raise SimulatorError(
                f"release {particles.release_number[k] + 1}: no {name} at "
                f"{particles.longitude[k]:.4f} E {particles.latitude[k]:.4f} N; expected a place "
                f"at sea within {west:.3f} to {east:.3f} E, {south:.3f} to {north:.3f} N"
            )
