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
from simulator.kernels.weathering import (
    describe,
    emulsify,
    evaporate,
    find_in_tables,
    spread,
    weigh,
)

TURBULENCE, ENTRAINMENT, SHORE = 0, 1, 2
"""Streams of random numbers."""

LONGEST_PIECE = 1800.0
"""The air works on oil for so long at once. [s]"""


def new_chunk(size: int, components: int) -> Chunk:
    """Return room for a number of particles."""
    integers = [np.empty(size, kind) for kind in (np.int64, np.int8, np.int32, np.int64)]
    floats = [np.empty(size) for _ in range(len(Chunk._fields) - len(integers) - 1)]
    return Chunk(*integers, np.empty((components, size)), *floats)


@kernel
def take(count, ids, source, target):
    """Copy the entries of some particles, in rising order, next to one another."""
    if count > 0 and ids[count - 1] - ids[0] == count - 1:
        target[:count] = source[ids[0] : ids[0] + count]
        return
    for k in range(count):
        target[k] = source[ids[k]]


@kernel
def put(count, ids, source, target):
    """Copy the entries of some particles, in rising order, back."""
    if count > 0 and ids[count - 1] - ids[0] == count - 1:
        target[ids[0] : ids[0] + count] = source[:count]
        return
    for k in range(count):
        target[ids[k]] = source[k]


@kernel
def take_components(begin, count, ids, source, target):
    """Copy masses of components from one particle after the other to one component after it."""
    for k in range(begin, count):
        for c in range(source.shape[1]):
            target[c, k] = source[ids[k], c]


@kernel
def put_components(count, ids, source, target):
    """Copy masses of components back."""
    for k in range(count):
        for c in range(target.shape[1]):
            target[ids[k], c] = source[c, k]


@kernel
def load(begin, count, chunk, elements, weathering):
    """Fill the entries [begin, count) of a chunk with the particles whose numbers stand there."""
    some = slice(begin, count)
    n = count - begin
    ids = chunk.ids[some]
    take(n, ids, elements.x, chunk.x[some])
    take(n, ids, elements.y, chunk.y[some])
    take(n, ids, elements.status, chunk.status[some])
    if not weathering:
        return
    take(n, ids, elements.z, chunk.z[some])
    take(n, ids, elements.stretch, chunk.stretch[some])
    take(n, ids, elements.evaporated_mass, chunk.evaporated_mass[some])
    take(n, ids, elements.water_fraction, chunk.water_fraction[some])
    take(n, ids, elements.thick_area, chunk.thick_area[some])
    take(n, ids, elements.thin_area, chunk.thin_area[some])
    take(n, ids, elements.spreading, chunk.spreading[some])
    take(n, ids, elements.droplet_diameter, chunk.droplet_diameter[some])
    take(n, ids, elements.viscosity, chunk.viscosity[some])
    take(n, ids, elements.density, chunk.density[some])
    take(n, ids, elements.parts, chunk.parts[some])
    take_components(begin, count, chunk.ids, elements.component_mass, chunk.component_mass)


@kernel
def store(count, chunk, elements, weathering):
    """Write a chunk back to its particles."""
    ids = chunk.ids
    put(count, ids, chunk.x, elements.x)
    put(count, ids, chunk.y, elements.y)
    put(count, ids, chunk.status, elements.status)
    put(count, ids, chunk.stretch, elements.stretch)
    if not weathering:
        return
    put(count, ids, chunk.z, elements.z)
    put(count, ids, chunk.evaporated_mass, elements.evaporated_mass)
    put(count, ids, chunk.water_fraction, elements.water_fraction)
    put(count, ids, chunk.thick_area, elements.thick_area)
    put(count, ids, chunk.thin_area, elements.thin_area)
    put(count, ids, chunk.spreading, elements.spreading)
    put(count, ids, chunk.droplet_diameter, elements.droplet_diameter)
    put(count, ids, chunk.viscosity, elements.viscosity)
    put(count, ids, chunk.density, elements.density)
    put_components(count, ids, chunk.component_mass, elements.component_mass)


@kernel
def gather(first, last, elements, chunk, weathering):
    """Fill a chunk with the particles at work; return their count and the first one waiting."""
    status, ids = elements.status, chunk.ids
    count = 0
    waiting = last
    for p in range(first, last):
        if status[p] in (AFLOAT, SUBMERGED) or (weathering and status[p] == BEACHED):
            ids[count] = p
            count += 1
        elif status[p] == UNRELEASED:
            waiting = min(waiting, p)
    load(0, count, chunk, elements, weathering)
    take(count, ids, elements.stretch, chunk.stretch)
    return count, waiting


@kernel
def release(waiting, last, step, dt, count, chunk, elements, weathering):
    """Add the particles whose time has come to a chunk; return its count and the next waiting."""
    begin = count
    while waiting < last and elements.release_step[waiting] <= step:
        chunk.ids[count] = waiting
        chunk.elapsed[count] = dt * elements.release_share[waiting]
        chunk.surfaced[count] = chunk.elapsed[count] + elements.age[waiting]
        elements.status[waiting] = AFLOAT if elements.z[waiting] == 0.0 else SUBMERGED
        count += 1
        waiting += 1
    if count > begin:
        load(begin, count, chunk, elements, weathering)
        for k in range(begin, count):
            chunk.stretch[k] = -1
    return count, waiting


@kernel
def weather(count, chunk, oil, settings):
    """Let the air work on the oil of a chunk, and let it spread.

    What takes long, old oil and long steps, is done in pieces, in which evaporation and water
    uptake take turns.
    """
    surfaced, piece = chunk.surfaced, chunk.piece
    longest = 0.0
    for k in range(count):
        longest = max(longest, surfaced[k])
    for n in range(int(np.ceil(longest / LONGEST_PIECE))):
        for k in range(count):
            pieces = np.ceil(surfaced[k] / LONGEST_PIECE)
            piece[k] = surfaced[k] / pieces if n < pieces else 0.0
        evaporate(count, chunk, oil, settings)
        emulsify(count, chunk, oil, settings)
    spread(count, chunk, settings)
    describe(0, count, chunk, oil)


@kernel
def advance_chunk(
    first, last, elements, fields, coast, oil, settings, durations, moments, first_step, chunk
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
    chunk : Chunk
        Room for as many particles, whatever it holds.
    """
    weathering, diffusivity = settings.weathering, settings.horizontal_diffusivity
    count, waiting = gather(first, last, elements, chunk, weathering)
    for step in range(durations.size):
        dt = durations[step]
        chunk.elapsed[:count] = dt
        chunk.surfaced[:count] = dt
        if first_step + step == 0:
            for k in range(count):  # those that were there when the run started
                chunk.surfaced[k] += elements.age[chunk.ids[k]]
        begins = count
        count, waiting = release(
            waiting, last, first_step + step, dt, count, chunk, elements, weathering
        )
        key = step_key(settings.seed, moments[step], TURBULENCE)
        if weathering:
            sample_weather(count, chunk, fields, step)
            find_in_tables(count, chunk, oil)
        propose(count, chunk, fields, step, key, diffusivity, settings.spreading)
        if weathering:
            propose_otherwise(count, chunk, fields, step, key, diffusivity)
        gone = commit(count, chunk, fields, coast, weathering)
        if weathering:
            weigh(count, chunk, oil)
            describe(0 if first_step + step == 0 else begins, count, chunk, oil)  # new ones
            key = step_key(settings.seed, moments[step], ENTRAINMENT)
            gone += mix_vertically(count, chunk, oil, settings, key)
            weather(count, chunk, oil, settings)
        if gone > 0:
            store(count, chunk, elements, weathering)
            count, waiting = gather(first, last, elements, chunk, weathering)
    store(count, chunk, elements, weathering)
