"""The time loop: steps, blended drift, chunks of particles handed to threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.coast import Coast
from simulator.errors import SimulatorError
from simulator.forcing import Forcing
from simulator.grid import FloatArray
from simulator.kernels.transport import advance_chunk
from simulator.parameters import Parameters
from simulator.release import Particles
from simulator.results import Recorder
from simulator.status import Status

CHUNK = 2048
"""Particles that one thread carries through a window of steps: they fit its cache."""

WINDOW_BYTES = 32 * 2**20
"""Memory for blended drift fields; a window has as many steps as fit."""


@dataclass(frozen=True)
class Steps:
    """When the steps of a run start and end.

    Attributes
    ----------
    edges : ndarray, shape (steps + 1,)
        Seconds since the start of the run. [s]
    """

    edges: FloatArray

    @classmethod
    def regular(cls, duration: float, time_step: float, stops: FloatArray) -> Steps:
        """Return steps of `time_step`, cut where an output is wanted in between. [s]"""
        whole = np.arange(0.0, duration, time_step)
        return cls(np.unique(np.concatenate([whole, stops, [duration]])))

    @property
    def durations(self) -> FloatArray:
        """Length of each step. [s]"""
        return np.diff(self.edges)


def run(
    forcing: Forcing,
    particles: Particles,
    coast: Coast,
    *,
    end: np.datetime64,
    output_times: Sequence[np.datetime64],
    time_step: float = 900.0,
    parameters: Parameters | None = None,
    seed: int = 1,
    threads: int | None = None,
    on_output: Callable[[float], None] | None = None,
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
    parameters : Parameters, optional
    seed : int
        The same seed gives the same bits, whatever the number of threads.
    threads : int, optional
        Default: one for each processor.
    on_output : callable, optional
        Called with the share of the run that is done.

    Returns
    -------
    Dataset
        CF trajectories, see `simulator.results.Recorder`.

    Raises
    ------
    SimulatorError
        Where the run has no length, the output times are not increasing or not within it, the
        fields do not last as long, or a particle starts where there is no drift.
    """
    parameters = parameters or Parameters()
    times = np.asarray(output_times, "datetime64[ns]")
    stops = _seconds(times, forcing.start)
    duration = float(_seconds(end, forcing.start))
    _check_times(forcing, duration, stops, time_step)
    steps = Steps.regular(duration, time_step, stops)
    state = _State.at_start(forcing, particles, steps)
    windows = _windows(steps, stops, forcing)
    recorder = Recorder(particles, times)
    threads = threads or os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        if stops[0] == 0.0:
            recorder.record(state.x, state.y, state.status, forcing.grid)
        for first, last in windows:
            _advance(state, forcing, coast, steps, first, last, parameters, seed, threads, pool)
            if steps.edges[last] in stops:
                recorder.record(state.x, state.y, state.status, forcing.grid)
                if on_output:
                    on_output(float(steps.edges[last] / duration))
    return recorder.to_dataset()


@dataclass
class _State:
    """What changes during a run; one entry a particle."""

    x: FloatArray
    y: FloatArray
    status: NDArray[np.int8]
    release_step: NDArray[np.int32]
    release_share: FloatArray

    @classmethod
    def at_start(cls, forcing: Forcing, particles: Particles, steps: Steps) -> _State:
        x, y = forcing.grid.to_cells(particles.longitude, particles.latitude)
        _check_covered(forcing, particles, x, y)
        seconds = _seconds(particles.release_time, forcing.start)
        # one released when a step ends is afloat from then on, and moves in the next
        step = np.searchsorted(steps.edges, seconds, side="left") - 1
        step = np.clip(step, 0, steps.durations.size - 1)
        share = (steps.edges[step + 1] - seconds) / steps.durations[step]
        # those released later than the end of the run stay unreleased
        step = np.where(seconds > steps.edges[-1], np.iinfo(np.int32).max, step)
        status = np.where(seconds <= 0.0, Status.AFLOAT, Status.UNRELEASED).astype(np.int8)
        return cls(x.copy(), y.copy(), status, step.astype(np.int32), np.clip(share, 0.0, 1.0))


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
    for name, series in forcing.fields.items():
        # a single record holds for all times
        if series.times.size > 1 and (series.times[0] > 0.0 or series.times[-1] < duration):
            raise SimulatorError(
                f"the {name} is given from {series.times[0]:g} to {series.times[-1]:g} seconds "
                f"after the start; expected 0 to {duration:g}"
            )


def _check_covered(forcing: Forcing, particles: Particles, x: FloatArray, y: FloatArray) -> None:
    """Refuse particles that start outside the grid, or where a field has no value."""
    rows, columns = forcing.grid.rows, forcing.grid.columns
    i = np.clip(x, 0, columns - 2).astype(np.intp)
    j = np.clip(y, 0, rows - 2).astype(np.intp)
    outside = np.asarray((x < 0.0) | (y < 0.0) | (x >= columns - 1) | (y >= rows - 1))
    lost = {"forcing": outside}
    for name, series in forcing.fields.items():
        empty: NDArray[np.bool_] = np.asarray(np.isnan(series.values).any(axis=(0, 3)))
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


def _windows(steps: Steps, stops: FloatArray, forcing: Forcing) -> list[tuple[int, int]]:
    """Cut the steps at outputs, and where the drift of a window would need too much memory."""
    field = 2 * forcing.grid.rows * forcing.grid.columns * 2 * 8
    most = max(WINDOW_BYTES // field, 1)
    windows = []
    first = 0
    count = steps.durations.size
    for last in range(1, count + 1):
        if last == count or last - first == most or steps.edges[last] in stops:
            windows.append((first, last))
            first = last
    return windows


def _advance(
    state: _State,
    forcing: Forcing,
    coast: Coast,
    steps: Steps,
    first: int,
    last: int,
    parameters: Parameters,
    seed: int,
    threads: int,
    pool: ThreadPoolExecutor,
) -> None:
    """Blend the drift of a window of steps and carry all particles through it."""
    grid = forcing.grid
    durations = steps.durations[first:last]
    starts = steps.edges[first:last]
    drift = np.empty((2 * durations.size, grid.rows, grid.columns, 2))
    moments = np.stack([starts, starts + 0.5 * durations], axis=1).ravel()
    part = -(-moments.size // threads)

    def blend(begin: int) -> None:
        some = slice(begin, begin + part)
        forcing.drift(moments[some], parameters, drift[some])

    def carry(begin: int) -> None:
        advance_chunk(
            begin,
            min(begin + CHUNK, state.x.size),
            state.x,
            state.y,
            state.status,
            state.release_step,
            state.release_share,
            drift,
            durations,
            first,
            parameters.horizontal_diffusivity,
            grid.cells_per_metre,
            seed,
            coast.arrays,
        )

    list(pool.map(blend, range(0, moments.size, part)))
    list(pool.map(carry, range(0, state.x.size, CHUNK)))
