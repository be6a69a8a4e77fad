"""Compiling the model: once on a machine, in two processes, beside the reading of data.

What is compiled lies in the cache of the kernels, so that nothing is handed over.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

from simulator.elements import Elements, inert_table
from simulator.kernels import chunk as chunks
from simulator.kernels import droplets, pour, sampling, shore, transport, weathering
from simulator.kernels.state import Coastline, Fields, Settings

_log = logging.getLogger(__name__)

_PACKAGES = Path(__file__).parents[1]

_running: list[subprocess.Popen[bytes]] = []

_Call = tuple[Callable[..., Any], tuple[Any, ...]]


@cache
def compile_early() -> None:
    """Begin to compile what a run needs, unless it is compiled, and log that; `run` waits for it.

    Without it a run compiles itself, one kernel after the other.
    """
    if _is_compiled(chunks.advance):
        return
    _log.warning("compiling the model, once ...")
    if (os.cpu_count() or 1) > 1:
        _running.append(_process("compile_model"))


def wait() -> None:
    """Wait for what `compile_early` has begun; where that failed, kernels compile when called."""
    for process in list(_running):
        process.wait()
    _running.clear()


def load_compiled() -> None:
    """Load what a run needs into this process, compiled before if it has to be."""
    compile_early()
    wait()
    for call in (whole(), *halves()[1]):  # Python calls some of the latter, too
        _compile(*call)


def compile_model() -> None:
    """Compile the time loop, half of its parts in another process."""
    helper = _process("compile_second_half")
    for call in halves()[0]:
        _compile(*call)
    helper.wait()
    _compile(*whole())


def compile_second_half() -> None:
    """Compile what `compile_model` leaves out."""
    for call in halves()[1]:
        _compile(*call)


def _process(task: str) -> subprocess.Popen[bytes]:
    """Run one of the functions above in another process.

    It seldom looks for garbage, of which compiling leaves little: a tenth of its time went there.
    """
    code = (
        "import gc; gc.set_threshold(50_000, 20, 20);"
        f"from simulator.compilation import {task}; {task}()"
    )
    paths = os.pathsep.join([str(_PACKAGES), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _is_compiled(kernel: Any) -> bool:
    """Tell whether the cache has a kernel, for whatever types."""
    function = kernel.py_func
    name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}-*.nbi"
    return any(Path(kernel.stats.cache_path).glob(name))


def types_of(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the types by which numba tells arguments apart."""
    return tuple(numba.typeof(argument) for argument in arguments)  # type: ignore[no-untyped-call]


def _compile(function: Any, arguments: tuple[Any, ...]) -> None:
    function.compile(types_of(arguments))


def whole() -> _Call:
    """Return the time loop, with arguments of the types that it has in runs."""
    room, fields, coast, oil, settings = _examples()
    seconds, moments = np.zeros(1), np.zeros(1, np.int64)
    state = (room.numbers, room.codes)
    arguments = (0, 0, 1, *state, fields, coast, oil, settings, seconds, moments, 0, room)
    return chunks.advance, arguments


def halves() -> tuple[list[_Call], list[_Call]]:
    """Return what the time loop calls, in two parts that take about as long.

    What is not here, or not with the types that it is called with, is compiled with the whole.
    """
    room, fields, coast, oil, settings = _examples()
    state = (room.numbers, room.codes)
    one, dt, key, yes = 1, 1.0, np.uint64(1), True
    column = room.scratch[0]
    first: list[_Call] = [
        (transport.propose, (one, room, fields, one, key, dt, yes)),
        (transport.propose_otherwise, (one, room, fields, one, key, dt)),
        (transport.commit, (one, room, fields, coast, yes)),
        (chunks.gather, (one, one, *state, oil, room, yes)),
        (chunks.start_step, (one, one, dt, room, room.numbers)),
        (chunks.release, (one, one, one, dt, one, room, *state, oil, yes, yes)),
        (chunks.put_back, (one, one, room, *state, yes)),
        (weathering.evaporate_components, (one, room, oil)),
        (weathering.evaporate_whole, (one, room, oil)),
        (weathering.emulsify, (one, room, oil, settings)),
        (weathering.spread, (one, room, settings)),
        (weathering.let_go, (one, room, oil)),
    ]
    second: list[_Call] = [
        (droplets.mix_vertically, (one, room, oil, settings, key)),
        (pour.slow_down, (one, column, oil, column)),
        (sampling.sample_weather, (one, room, fields, one)),
        (weathering.find_in_tables, (one, room, oil)),
        (weathering.describe, (one, one, room, oil)),
        (chunks.describe_all, (one, *state, fields, oil, room)),
        (shore.visit_shore, _visit()),
    ]
    return first, second


def _examples() -> tuple[Any, Fields, Coastline, Any, Settings]:
    """Return arguments of kernels, of the types that these have in runs."""
    fields = Fields(
        first_column=0,
        first_row=0,
        cells_per_metre=np.zeros((2, 2)),
        drift=np.zeros((2, 2, 2, 2)),
        below=np.zeros((2, 2, 2, 4)),
        weather=np.zeros((1, 2, 2, 4)),
    )
    coast = Coastline(
        clearance=np.zeros((1, 1), np.uint8),
        scale_x=1.0,
        scale_y=1.0,
        cell_start=np.zeros((1, 2), np.int32),
        cell_segments=np.zeros(0, np.int32),
        segments=np.zeros((0, 4)),
        stretch=np.zeros(0, np.int32),
        margin=0.0,
    )
    settings = Settings(
        seed=1,
        horizontal_diffusivity=0.0,
        vertical_diffusivity=0.0,
        mixed_layer_depth=0.0,
        weathering=True,
        evaporation=0,
        dispersion=0,
        emulsification=True,
        spreading=True,
        vertical_mixing=True,
        sinking=True,
    )
    return chunks.new_chunk(1, 1), fields, coast, inert_table(), settings


def _visit() -> tuple[Any, ...]:
    """Return arguments of a visit to the shore."""
    elements, stretches = Elements.blank(1, 1), np.zeros(1)
    names = ("status", "stretch", "component_mass", "absorbed_mass")
    state = tuple(elements[name] for name in names)
    return (1.0, np.uint64(1), *state, 1.0, *(stretches,) * 4)
