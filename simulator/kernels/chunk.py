"""The time loop of a chunk of particles: all processes, step after step.

A chunk of some thousand particles stays in the processor's cache through all steps of a span.
Measured against one pass over all particles a step, this is what keeps a particle-step of drift
near ten nanoseconds (see benchmarks/README.md).
"""

import numpy as np

from simulator.kernels._jit import kernel, loop, part
from simulator.kernels.droplets import mix_vertically
from simulator.kernels.pour import slow_down
from simulator.kernels.random import step_key
from simulator.kernels.sampling import sample_weather
from simulator.kernels.state import (
    AFLOAT,
    BEACHED,
    ELAPSED,
    PIECE,
    SCRATCH,
    SUBMERGED,
    SURFACED,
    TEMPERATURE,
    UNRELEASED,
    Chunk,
)
from simulator.kernels.transport import commit, propose, propose_otherwise
from simulator.kernels.variables import (
    AGE,
    CODES,
    COMPONENT_MASS,
    DRIFTING,
    RELEASE_SHARE,
    RELEASE_STEP,
    STATUS,
    STRETCH,
    Z,
)
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

FEW_BEACHED = 0.125
"""Share of particles on the shore up to which it does not pay to sort them out. [1]"""

FEW_GONE = 0.0625
"""Share of particles that are done with up to which it does not pay to drop them. [1]"""

LONGEST_PIECE = 1800.0
"""The air works on oil for so long at once. [s]"""


def new_chunk(size: int, components: int) -> Chunk:
    """Return room for a number of particles."""
    return Chunk(
        first=0,
        numbers=np.empty((COMPONENT_MASS + components, size)),
        codes=np.empty((len(CODES), size), np.int32),
        scratch=np.empty((SCRATCH, size)),
        ids=np.empty(size, np.int64),
        table_row=np.empty(size, np.uint32),
    )


@loop
def take(count, ids, values, target):
    """Copy the entries of some particles, in rising order, next to one another."""
    if count > 0 and ids[count - 1] - ids[0] == count - 1:
        first = ids[0]
        for k in range(count):
            target[k] = values[first + k]
        return
    for k in range(count):
        target[k] = values[ids[k]]


@loop
def put(count, ids, values, target):
    """Copy the entries of some particles, in rising order, back."""
    if count > 0 and ids[count - 1] - ids[0] == count - 1:
        first = ids[0]
        for k in range(count):
            target[first + k] = values[k]
        return
    for k in range(count):
        target[ids[k]] = values[k]


@loop
def load(begin, end, chunk, numbers, codes, weathering):
    """Fill the entries [begin, end) of a chunk with the particles whose numbers stand there."""
    n, ids = end - begin, chunk.ids[begin:end]
    for row in range(numbers.shape[0] if weathering else DRIFTING):
        take(n, ids, numbers[row], chunk.numbers[row, begin:end])
    for row in range(codes.shape[0]):
        for k in range(n):
            chunk.codes[row, begin + k] = codes[row, ids[k]]


@loop
def store(begin, end, chunk, numbers, codes, weathering):
    """Write the entries [begin, end) of a chunk back to its particles."""
    n, ids = end - begin, chunk.ids[begin:end]
    for row in range(numbers.shape[0] if weathering else DRIFTING):
        put(n, ids, chunk.numbers[row, begin:end], numbers[row])
    for row in range(codes.shape[0]):
        for k in range(n):
            codes[row, ids[k]] = chunk.codes[row, begin + k]


@loop
def put_back(moving, count, chunk, numbers, codes, weathering):
    """Write a chunk back to its particles."""
    store(np.int64(0), moving, chunk, numbers, codes, weathering)
    store(moving, count, chunk, numbers, codes, weathering)


@loop
def list_at_work(first, last, status, weathering, ids):
    """Write the numbers of the particles at work, in rising order; many on the shore come last.

    Returns
    -------
    moving : int
        Those before which none of these stands.
    count : int
        All of them.
    waiting : int
        The first particle that is not released.
    """
    count, beached, waiting = np.int64(0), np.int64(0), last  # see `describe_all`
    for p in range(first, last):
        lies = weathering and status[p] == BEACHED
        beached += lies
        if lies or status[p] in (AFLOAT, SUBMERGED):
            ids[count] = p
            count += 1
        elif status[p] == UNRELEASED:
            waiting = min(waiting, p)
    if waiting < last or beached <= FEW_BEACHED * count:
        return count, count, waiting  # those to come are added at the end
    moving, lying = np.int64(0), count - beached
    for p in range(first, last):
        if status[p] == BEACHED:
            ids[lying] = p
            lying += 1
        elif status[p] in (AFLOAT, SUBMERGED):
            ids[moving] = p
            moving += 1
    return moving, count, waiting


@loop
def gather(first, last, numbers, codes, oil, room, weathering):
    """Put the particles at work side by side.

    Particles are released in their order. So those at work are neighbours until one is done with,
    and only from then on it pays to copy them next to one another. It also does where many lie on
    the shore: the air alone works on these, and what moves is dealt with apart from them.

    Returns
    -------
    chunk : Chunk
    moving : int
        Particles at the front that may move. Those behind lie on the shore.
    count : int
        Particles at work.
    waiting : int
        The first one that is not released.
    apart : bool
        Whether the chunk is a copy.
    """
    begin = np.int64(0)  # numba takes a literal 0 for a type of its own
    moving, count, waiting = list_at_work(first, last, codes[STATUS], weathering, room.ids)
    apart = moving < count or count < waiting - first
    chunk = room
    if apart:
        load(begin, moving, chunk, numbers, codes, weathering)
        load(moving, count, chunk, numbers, codes, weathering)
    else:
        chunk = Chunk(first, numbers, codes, room.scratch, room.ids, room.table_row)
    if weathering:
        weigh(begin, count, chunk, oil)
    return chunk, moving, count, waiting, apart


@loop
def start_step(count, step, dt, chunk, numbers):
    """Write how long the particles at work live through a step, and how long the air works."""
    elapsed, surfaced, ids = chunk.scratch[ELAPSED], chunk.scratch[SURFACED], chunk.ids
    for k in range(count):
        elapsed[k] = dt
        surfaced[k] = dt
    if step == 0:
        for k in range(count):  # those that were there when the run started
            surfaced[k] += numbers[AGE, ids[k]]


@loop
def release(waiting, last, step, dt, count, chunk, numbers, codes, oil, weathering, apart):
    """Add the particles whose time has come to a chunk; return its count and the next waiting."""
    elapsed, surfaced = chunk.scratch[ELAPSED], chunk.scratch[SURFACED]
    begin = count
    while waiting < last and codes[RELEASE_STEP, waiting] <= step:
        chunk.ids[count] = waiting
        elapsed[count] = dt * numbers[RELEASE_SHARE, waiting]
        surfaced[count] = elapsed[count] + numbers[AGE, waiting]
        codes[STATUS, waiting] = AFLOAT if numbers[Z, waiting] == 0.0 else SUBMERGED
        codes[STRETCH, waiting] = -1
        count += 1
        waiting += 1
    if apart and count > begin:
        load(begin, count, chunk, numbers, codes, weathering)
    if weathering and count > begin:
        weigh(begin, count, chunk, oil)
    return count, waiting


@part
def weather(moving, count, chunk, oil, settings):
    """Let the air work on the oil of a chunk, and that which moves take up water and spread.

    What takes long, old oil and long steps, is done in pieces, in which evaporation and water
    uptake take turns. Oil near its pour point is worked on for less of the time.

    Returns
    -------
    int
        How many elements have evaporated altogether.
    """
    surfaced, piece = chunk.scratch[SURFACED], chunk.scratch[PIECE]
    slow_down(count, chunk.scratch[TEMPERATURE], oil, surfaced)
    longest = 0.0
    for k in range(count):
        longest = max(longest, surfaced[k])
    for n in range(int(np.ceil(longest / LONGEST_PIECE))):
        for k in range(count):
            pieces = np.ceil(surfaced[k] / LONGEST_PIECE)
            piece[k] = surfaced[k] / pieces if n < pieces else 0.0
        evaporate(count, chunk, oil, settings)
        emulsify(moving, chunk, oil, settings)
    spread(moving, chunk, settings)
    describe(np.int64(0), count, chunk, oil)
    return let_go(count, chunk, oil)


@kernel
def describe_all(size, numbers, codes, fields, oil, room):
    """Write viscosity and density of all elements, released or not, in the weather of one step.

    See `advance` for the arguments.
    """
    zero = np.int64(0)  # numba takes a literal 0 for a type of its own
    for first in range(0, numbers.shape[1], size):
        count = min(size, numbers.shape[1] - first)
        chunk = Chunk(first, numbers, codes, room.scratch, room.ids, room.table_row)
        sample_weather(count, chunk, fields, zero)
        find_in_tables(count, chunk, oil)
        weigh(zero, count, chunk, oil)
        describe(zero, count, chunk, oil)


@kernel
def advance(
    first,
    last,
    size,
    numbers,
    codes,
    fields,
    coast,
    oil,
    settings,
    durations,
    moments,
    first_step,
    room,
):
    """Carry the particles [first, last) through all steps of a span, in place.

    Parameters
    ----------
    first, last : int
        Range of particles.
    size : int
        Of them at a time, of no effect on the result.
    numbers, codes : ndarray
        Of all particles, as in `Chunk`; changed in place.
    fields : Fields
    coast : Coastline
    oil : OilTable
    settings : Settings
    durations : ndarray, shape (steps,)
        [s]
    moments : ndarray of int64, shape (steps,)
        When the steps start, in milliseconds since the start of the run (keys the random numbers).
    first_step : int
        Number of the span's first step in the whole run.
    room : Chunk
        Room for `size` particles, whatever it holds.
    """
    for begin in range(first, last, size):
        advance_chunk(
            begin,
            min(begin + size, last),
            numbers,
            codes,
            fields,
            coast,
            oil,
            settings,
            durations,
            moments,
            first_step,
            room,
        )


@part
def advance_chunk(
    first, last, numbers, codes, fields, coast, oil, settings, durations, moments, first_step, room
):
    """Carry one chunk of particles through all steps of a span, see `advance`."""
    weathering, diffusivity = settings.weathering, settings.horizontal_diffusivity
    chunk, moving, count, waiting, apart = gather(
        first, last, numbers, codes, oil, room, weathering
    )
    gone = 0
    for step in range(durations.size):
        dt = durations[step]
        start_step(count, first_step + step, dt, chunk, numbers)
        begins = count
        count, waiting = release(
            waiting,
            last,
            first_step + step,
            dt,
            count,
            chunk,
            numbers,
            codes,
            oil,
            weathering,
            apart,
        )
        moving += count - begins
        key = step_key(settings.seed, moments[step], TURBULENCE)
        if weathering:
            sample_weather(count, chunk, fields, step)
            find_in_tables(count, chunk, oil)
        propose(moving, chunk, fields, step, key, diffusivity, settings.spreading)
        if weathering:
            propose_otherwise(moving, chunk, fields, step, key, diffusivity)
        gone += commit(moving, chunk, fields, coast, weathering)
        if weathering:
            describe(0 if first_step + step == 0 else begins, count, chunk, oil)  # new ones
            key = step_key(settings.seed, moments[step], ENTRAINMENT)
            gone += mix_vertically(moving, chunk, oil, settings, key)
            gone += weather(moving, count, chunk, oil, settings)
        # a few that are done with are carried along, but for the weather, which would change them
        if gone > (0 if weathering else FEW_GONE * count):
            if apart:
                put_back(moving, count, chunk, numbers, codes, weathering)
            chunk, moving, count, waiting, apart = gather(
                first, last, numbers, codes, oil, room, weathering
            )
            gone = 0
    if apart:
        put_back(moving, count, chunk, numbers, codes, weathering)
