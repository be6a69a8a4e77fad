"""The time loop of a chunk of particles: all processes, step after step.

A chunk of some thousand particles stays in the processor's cache through all steps of a window.
Measured against one pass over all particles a step, this is what keeps a particle-step of drift
near ten nanoseconds (see benchmarks/README.md).
"""

import numpy as np

from simulator.kernels._jit import kernel
from simulator.kernels.droplets import mix_vertically
from simulator.kernels.random import step_key
from simulator.kernels.sampling import sample_weather
from simulator.kernels.state import AFLOAT, BEACHED, SUBMERGED, UNRELEASED, Chunk
from simulator.kernels.transport import commit, propose, propose_otherwise
from simulator.kernels.weathering import describe, emulsify, evaporate, spread, weigh

TURBULENCE, ENTRAINMENT, SHORE = 0, 1, 2
"""Streams of random numbers."""

LONGEST_PIECE = 1800.0
"""The air works on oil for so long at once. [s]"""


@kernel
def new_chunk(size):
    """Return scratch for a number of particles."""
    return Chunk(
        np.empty(size, np.int64),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
    )


@kernel
def gather(first, last, elements, chunk, weathering):
    """Fill a chunk with the particles at work; return their count and the first one waiting."""
    count = 0
    waiting = last
    for p in range(first, last):
        status = elements.status[p]
        if status in (AFLOAT, SUBMERGED) or (weathering and status == BEACHED):
            chunk.ids[count] = p
            chunk.x[count] = elements.x[p]
            chunk.y[count] = elements.y[p]
            count += 1
        elif status == UNRELEASED:
            waiting = min(waiting, p)
    return count, waiting


@kernel
def release(waiting, last, step, dt, count, chunk, elements):
    """Add the particles whose time has come to a chunk; return its count and the next waiting."""
    while waiting < last and elements.release_step[waiting] <= step:
        chunk.ids[count] = waiting
        chunk.x[count] = elements.x[waiting]
        chunk.y[count] = elements.y[waiting]
        chunk.elapsed[count] = dt * elements.release_share[waiting]
        chunk.surfaced[count] = chunk.elapsed[count] + elements.age[waiting]
        elements.status[waiting] = AFLOAT if elements.z[waiting] == 0.0 else SUBMERGED
        count += 1
        waiting += 1
    return count, waiting


@kernel
def scatter(count, chunk, elements):
    """Write the positions of a chunk back."""
    for k in range(count):
        p = chunk.ids[k]
        elements.x[p] = chunk.x[k]
        elements.y[p] = chunk.y[k]


@kernel
def weather(count, chunk, elements, oil, settings):
    """Let the air work on the oil of a chunk, and let it spread.

    What takes long, old oil and long steps, is done in pieces, in which evaporation and water
    uptake take turns.
    """
    pieces = np.ceil(chunk.surfaced[:count] / LONGEST_PIECE)
    rounds = int(pieces.max()) if count > 0 else 0
    for n in range(rounds):
        for k in range(count):
            chunk.piece[k] = chunk.surfaced[k] / pieces[k] if n < pieces[k] else 0.0
        evaporate(count, chunk, elements, oil, settings)
        emulsify(count, chunk, elements, oil, settings)
    weigh(count, chunk, elements, oil)
    spread(count, chunk, elements, settings)
    describe(count, chunk, elements, oil, False)


@kernel
def advance_chunk(
    first, last, elements, fields, coast, oil, settings, durations, moments, first_step
):
    """Carry the particles [first, last) through all steps of a window, in place.

    Parameters
    ----------
    first, last : int
        Range of particles.
    elements : Elements
        Changed in place.
    fields : Fields
    coast : Coastline
    oil : OilTable
    settings : Settings
    durations : ndarray, shape (steps,)
        [s]
    moments : ndarray of int64, shape (steps,)
        When the steps start, in milliseconds since the start of the run (keys the random numbers).
    first_step : int
        Number of the window's first step in the whole run.
    """
    chunk = new_chunk(last - first)
    count, waiting = gather(first, last, elements, chunk, settings.weathering)
    for step in range(durations.size):
        dt = durations[step]
        chunk.elapsed[:count] = dt
        chunk.surfaced[:count] = dt
        if first_step + step == 0:
            for k in range(count):  # those that were there when the run started
                chunk.surfaced[k] += elements.age[chunk.ids[k]]
        count, waiting = release(waiting, last, first_step + step, dt, count, chunk, elements)
        if settings.weathering:
            sample_weather(count, chunk, fields, step)
        key = step_key(settings.seed, moments[step], TURBULENCE)
        diffusivity, spreads = settings.horizontal_diffusivity, settings.spreading
        propose(count, chunk, elements, fields, step, key, diffusivity, spreads)
        if settings.weathering:
            propose_otherwise(count, chunk, elements, fields, step, key, diffusivity)
        count = commit(count, chunk, elements, fields, coast, settings.weathering)
        if settings.weathering:
            weigh(count, chunk, elements, oil)
            describe(count, chunk, elements, oil, True)
            key = step_key(settings.seed, moments[step], ENTRAINMENT)
            mix_vertically(count, chunk, elements, oil, settings, key)
            weather(count, chunk, elements, oil, settings)
    scatter(count, chunk, elements)
