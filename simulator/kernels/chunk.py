"""The time loop of a chunk of particles: all processes, step after step.

A chunk of some thousand particles stays in the processor's cache through all steps of a window.
Measured against one pass over all particles a step, this is what keeps a particle-step of drift
near ten nanoseconds (see benchmarks/README.md).
"""

import numpy as np

from simulator.kernels._jit import kernel
from simulator.kernels.droplets import mix_vertically
from simulator.kernels.pour import slow_down
from simulator.kernels.random import step_key
from simulator.kernels.sampling import sample_weather
from simulator.kernels.state import AFLOAT, BEACHED, SUBMERGED, UNRELEASED, Chunk
from simulator.kernels.transport import commit, propose, propose_otherwise
from simulator.kernels.weathering import (
    describe,
    emulsify,
    evaporate,
    find_in_tables,
    let_go,
    spread,
    weigh,
)

TURBULENCE, ENTRAINMENT, SHORE = 0, 1, 2
"""Streams of random numbers."""

LONGEST_PIECE = 1800.0
"""The air works on oil for so long at once. [s]"""


def new_chunk(size: int, components: int) -> Chunk:
    """Return room for a number of particles."""
    integers = {"ids": np.int64, "status": np.int8, "stretch": np.int32, "row": np.uint32}
    room = {name: np.empty(size, integers.get(name, np.float64)) for name in Chunk._fields}
    room["component_mass"] = np.empty(size * components)
    return Chunk(**room | {"component_stride": size})


@kernel
def in_place(first, last, elements, room):
    """Return a chunk that is part of the elements themselves, with the scratch of another."""
    some = slice(first, last)
    return Chunk(
        ids=room.ids,
        status=elements.status[some],
        stretch=elements.stretch[some],
        row=room.row,
        component_mass=elements.component_mass.reshape(-1)[first:],
        component_stride=elements.x.size,
        x=elements.x[some],
        y=elements.y[some],
        z=elements.z[some],
        evaporated_mass=elements.evaporated_mass[some],
        initial_mass=elements.initial_mass[some],
        water_fraction=elements.water_fraction[some],
        thick_area=elements.thick_area[some],
        thin_area=elements.thin_area[some],
        spreading=elements.spreading[some],
        droplet_diameter=elements.droplet_diameter[some],
        viscosity=elements.viscosity[some],
        density=elements.density[some],
        parts=elements.parts[some],
        new_x=room.new_x,
        new_y=room.new_y,
        u=room.u,
        v=room.v,
        middle_u=room.middle_u,
        middle_v=room.middle_v,
        elapsed=room.elapsed,
        surfaced=room.surfaced,
        piece=room.piece,
        wind_speed=room.wind_speed,
        temperature=room.temperature,
        wave_height=room.wave_height,
        wave_period=room.wave_period,
        mass=room.mass,
        volume=room.volume,
        moles=room.moles,
        weight=room.weight,
        work=room.work,
        before=room.before,
        looked_up=room.looked_up,
    )


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
def take_components(begin, count, elements, chunk):
    """Copy masses of components from particles to the entries [begin, count) of a chunk."""
    ids, stride = chunk.ids[begin:count], chunk.component_stride
    for c in range(elements.component_mass.shape[0]):
        target = chunk.component_mass[c * stride + begin : c * stride + count]
        take(count - begin, ids, elements.component_mass[c], target)


@kernel
def put_components(count, chunk, elements):
    """Copy masses of components back."""
    stride = chunk.component_stride
    for c in range(elements.component_mass.shape[0]):
        source = chunk.component_mass[c * stride : c * stride + count]
        put(count, chunk.ids, source, elements.component_mass[c])


@kernel
def load(begin, count, chunk, elements, weathering):
    """Fill the entries [begin, count) of a chunk with the particles whose numbers stand there."""
    some = slice(begin, count)
    n = count - begin
    ids = chunk.ids[some]
    take(n, ids, elements.x, chunk.x[some])
    take(n, ids, elements.y, chunk.y[some])
    take(n, ids, elements.status, chunk.status[some])
    take(n, ids, elements.stretch, chunk.stretch[some])
    if not weathering:
        return
    take(n, ids, elements.z, chunk.z[some])
    take(n, ids, elements.evaporated_mass, chunk.evaporated_mass[some])
    take(n, ids, elements.initial_mass, chunk.initial_mass[some])
    take(n, ids, elements.water_fraction, chunk.water_fraction[some])
    take(n, ids, elements.thick_area, chunk.thick_area[some])
    take(n, ids, elements.thin_area, chunk.thin_area[some])
    take(n, ids, elements.spreading, chunk.spreading[some])
    take(n, ids, elements.droplet_diameter, chunk.droplet_diameter[some])
    take(n, ids, elements.viscosity, chunk.viscosity[some])
    take(n, ids, elements.density, chunk.density[some])
    take(n, ids, elements.parts, chunk.parts[some])
    take_components(begin, count, elements, chunk)


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
    put_components(count, chunk, elements)


@kernel
def gather(first, last, elements, oil, room, weathering):
    """Put the particles at work side by side.

    Particles are released in their order. So those at work are neighbours until one is done with,
    and only from then on it pays to copy them next to one another.

    Returns
    -------
    chunk : Chunk
    count : int
        Particles at work.
    waiting : int
        The first one that is not released.
    apart : bool
        Whether the chunk is a copy.
    """
    status, ids = elements.status, room.ids
    count = 0
    waiting = last
    for p in range(first, last):
        if status[p] in (AFLOAT, SUBMERGED) or (weathering and status[p] == BEACHED):
            ids[count] = p
            count += 1
        elif status[p] == UNRELEASED:
            waiting = min(waiting, p)
    apart = count < waiting - first
    chunk = room if apart else in_place(first, last, elements, room)
    if apart:
        load(0, count, chunk, elements, weathering)
    if weathering:
        weigh(0, count, chunk, oil)
    return chunk, count, waiting, apart


@kernel
def release(waiting, last, step, dt, count, chunk, elements, oil, weathering, apart):
    """Add the particles whose time has come to a chunk; return its count and the next waiting."""
    begin = count
    while waiting < last and elements.release_step[waiting] <= step:
        chunk.ids[count] = waiting
        chunk.elapsed[count] = dt * elements.release_share[waiting]
        chunk.surfaced[count] = chunk.elapsed[count] + elements.age[waiting]
        elements.status[waiting] = AFLOAT if elements.z[waiting] == 0.0 else SUBMERGED
        count += 1
        waiting += 1
    if apart and count > begin:
        load(begin, count, chunk, elements, weathering)
    if weathering and count > begin:
        weigh(begin, count, chunk, oil)
    chunk.stretch[begin:count] = -1
    return count, waiting


@kernel
def weather(count, chunk, oil, settings):
    """Let the air work on the oil of a chunk, and let it spread.

    What takes long, old oil and long steps, is done in pieces, in which evaporation and water
    uptake take turns. Oil near its pour point is worked on for less of the time.

    Returns
    -------
    int
        How many elements have evaporated altogether.
    """
    surfaced, piece = chunk.surfaced, chunk.piece
    slow_down(count, chunk.temperature, oil, surfaced)
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
    return let_go(count, chunk, oil)


@kernel
def describe_all(size, elements, fields, oil, room):
    """Write viscosity and density of all elements, released or not, in the weather of one step.

    See `advance` for the arguments.
    """
    for first in range(0, elements.x.size, size):
        last = min(first + size, elements.x.size)
        chunk = in_place(first, last, elements, room)
        sample_weather(last - first, chunk, fields, 0)
        find_in_tables(last - first, chunk, oil)
        weigh(0, last - first, chunk, oil)
        describe(0, last - first, chunk, oil)


@kernel
def advance(
    first, last, size, elements, fields, coast, oil, settings, durations, moments, first_step, room
):
    """Carry the particles [first, last) through all steps of a window, in place.

    Parameters
    ----------
    first, last : int
        Range of particles.
    size : int
        Of them at a time, of no effect on the outcome.
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
    room : Chunk
        Room for `size` particles, whatever it holds.
    """
    for begin in range(first, last, size):
        advance_chunk(
            begin,
            min(begin + size, last),
            elements,
            fields,
            coast,
            oil,
            settings,
            durations,
            moments,
            first_step,
            room,
        )


@kernel
def advance_chunk(
    first, last, elements, fields, coast, oil, settings, durations, moments, first_step, room
):
    """Carry one chunk of particles through all steps of a window, see `advance`."""
    weathering, diffusivity = settings.weathering, settings.horizontal_diffusivity
    chunk, count, waiting, apart = gather(first, last, elements, oil, room, weathering)
    for step in range(durations.size):
        dt = durations[step]
        chunk.elapsed[:count] = dt
        chunk.surfaced[:count] = dt
        if first_step + step == 0:
            for k in range(count):  # those that were there when the run started
                chunk.surfaced[k] += elements.age[chunk.ids[k]]
        begins = count
        count, waiting = release(
            waiting, last, first_step + step, dt, count, chunk, elements, oil, weathering, apart
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
            describe(0 if first_step + step == 0 else begins, count, chunk, oil)  # new ones
            key = step_key(settings.seed, moments[step], ENTRAINMENT)
            gone += mix_vertically(count, chunk, oil, settings, key)
            gone += weather(count, chunk, oil, settings)
        if gone > 0:
            if apart:
                store(count, chunk, elements, weathering)
            chunk, count, waiting, apart = gather(first, last, elements, oil, room, weathering)
    if apart:
        store(count, chunk, elements, weathering)
