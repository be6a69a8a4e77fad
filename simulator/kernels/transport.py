"""The time loop of a chunk of particles: drift, turbulence, coast and domain.

One fused kernel: a chunk of some thousand particles stays in the processor's cache through all
steps between two outputs. Measured against one pass over all particles a step, this is what keeps
a particle-step near ten nanoseconds (see benchmarks/README.md).
"""

import numpy as np

from simulator.kernels._jit import kernel, law
from simulator.kernels.random import step_key, symmetric_pair
from simulator.kernels.sampling import bilinear_vector, linear
from simulator.kernels.shoreline import first_crossing

UNRELEASED = 0
AFLOAT = 1
BEACHED = 2
LEFT_DOMAIN = 3

_BELOW_ONE = 1.0 - 1e-9  # keeps a sampled position inside the last grid cell


@law
def midpoint_displacement(at_start, at_middle, x, y, dt):
    """Return the displacement over `dt` by the explicit midpoint rule. [grid cells]

    `at_start` and `at_middle` are the drift at the start and in the middle of the step
    [grid cells s-1]: second order in space and time.
    """
    u, v = bilinear_vector(at_start, x, y)
    mx = min(max(x + 0.5 * dt * u, 0.0), at_start.shape[1] - 2 + _BELOW_ONE)
    my = min(max(y + 0.5 * dt * v, 0.0), at_start.shape[0] - 2 + _BELOW_ONE)
    u, v = bilinear_vector(at_middle, mx, my)
    return dt * u, dt * v


@law
def inside(x, y, rows, columns):
    """Tell whether a position can be sampled; False for NaN."""
    return x >= 0.0 and y >= 0.0 and x < columns - 1 and y < rows - 1


@law
def fraction_inside(start, end, size):
    """Return how much of the way start -> end lies in [0, size - 1), along one axis."""
    if end < 0.0:
        return start / (start - end)
    if end >= size - 1:
        return (size - 2 + _BELOW_ONE - start) / (end - start)
    return 1.0


@kernel
def settle(x0, y0, x1, y1, rows, columns, coast):
    """Decide where a path that may leave the open sea ends.

    Returns
    -------
    x, y : float
        The end of the path, or the point where it met coast or boundary. [grid cells]
    status : int
        AFLOAT, BEACHED, or LEFT_DOMAIN (also when there is no drift to follow: NaN).
    """
    if not (np.isfinite(x1) and np.isfinite(y1)):
        return x0, y0, LEFT_DOMAIN
    _, scale_x, scale_y, cell_start, cell_segments, segments, margin = coast
    border = min(fraction_inside(x0, x1, columns), fraction_inside(y0, y1, rows))
    t = first_crossing(x0, y0, x1, y1, scale_x, scale_y, cell_start, cell_segments, segments)
    if t <= border:  # NO_CROSSING lies beyond any border
        # a hair before the coast, so that rounding never puts a particle on land
        t = max(t - margin / np.hypot(x1 - x0, y1 - y0), 0.0)
        return x0 + t * (x1 - x0), y0 + t * (y1 - y0), BEACHED
    if inside(x1, y1, rows, columns):
        return x1, y1, AFLOAT
    t = max(border, 0.0)
    return x0 + t * (x1 - x0), y0 + t * (y1 - y0), LEFT_DOMAIN


# A chunk is worked on in five arrays of its own: the numbers of its particles afloat, their
# positions, and the positions they are about to take. The first `count` entries are in use.


@kernel
def gather(first, last, x, y, status, chunk):
    """Fill a chunk with the particles afloat; return their count and the first one waiting."""
    ids, px, py, _, _ = chunk
    count = 0
    waiting = last
    for p in range(first, last):
        if status[p] == AFLOAT:
            ids[count] = p
            px[count] = x[p]
            py[count] = y[p]
            count += 1
        elif status[p] == UNRELEASED:
            waiting = min(waiting, p)
    return count, waiting


@kernel
def propose(count, chunk, at_start, at_middle, dt, kick, key, cells_per_metre):
    """Write where drift and turbulence take the particles of a chunk."""
    ids, px, py, qx, qy = chunk
    east_scale, north_scale = cells_per_metre[:, 0], cells_per_metre[:, 1]
    for k in range(count):  # on its own, this loop runs in vector registers
        a, b = symmetric_pair(key, ids[k])
        qx[k] = kick * a
        qy[k] = kick * b
    for k in range(count):
        dx, dy = midpoint_displacement(at_start, at_middle, px[k], py[k], dt)
        qx[k] = px[k] + dx + qx[k] * linear(east_scale, py[k])
        qy[k] = py[k] + dy + qy[k] * linear(north_scale, py[k])


@kernel
def release(waiting, last, step, count, chunk, x, y, status, release_step):
    """Add the particles whose time has come to a chunk; return its count and the next waiting."""
    ids, px, py, _, _ = chunk
    while waiting < last and release_step[waiting] <= step:
        ids[count] = waiting
        px[count] = x[waiting]
        py[count] = y[waiting]
        status[waiting] = AFLOAT
        count += 1
        waiting += 1
    return count, waiting


@kernel
def commit(count, chunk, x, y, status, rows, columns, coast):
    """Move the particles of a chunk, stop those that meet coast or boundary; return the count."""
    ids, px, py, qx, qy = chunk
    clearance, scale_x, scale_y = coast[0], coast[1], coast[2]
    k = 0
    while k < count:
        reach = max(abs(qx[k] - px[k]) * scale_x, abs(qy[k] - py[k]) * scale_y) + 1.0
        free = clearance[int(py[k] * scale_y), int(px[k] * scale_x)]
        if reach < free and inside(qx[k], qy[k], rows, columns):
            px[k] = qx[k]
            py[k] = qy[k]
            k += 1
            continue
        px[k], py[k], state = settle(px[k], py[k], qx[k], qy[k], rows, columns, coast)
        if state == AFLOAT:
            k += 1
            continue
        p = ids[k]
        x[p] = px[k]
        y[p] = py[k]
        status[p] = state
        # the last one afloat takes the free place and is looked at next
        count -= 1
        ids[k] = ids[count]
        px[k] = px[count]
        py[k] = py[count]
        qx[k] = qx[count]
        qy[k] = qy[count]
    return count


@kernel
def advance_chunk(
    first,
    last,
    x,
    y,
    status,
    release_step,
    release_share,
    drift,
    durations,
    first_step,
    diffusivity,
    cells_per_metre,
    seed,
    coast,
):
    """Carry the particles [first, last) through all steps of a window, in place.

    Parameters
    ----------
    first, last : int
        Range of particles; sorted by `release_step`.
    x, y : ndarray, shape (particles,)
        Positions, changed in place. [grid cells]
    status : ndarray of int8, shape (particles,)
        Changed in place.
    release_step : ndarray of int32, shape (particles,)
        Step in which the particle starts.
    release_share : ndarray, shape (particles,)
        Share of its first step that the particle lives through, in [0, 1].
    drift : ndarray, shape (2 * steps, rows, columns, 2)
        Drift velocity at the start and in the middle of each step. [grid cells s-1]
    durations : ndarray, shape (steps,)
        [s]
    first_step : int
        Number of the window's first step in the whole run (keys the random numbers).
    diffusivity : float
        Horizontal diffusivity K. Uniform kicks of variance 2 K dt in each direction. [m2 s-1]
    cells_per_metre : ndarray, shape (rows, 2)
        Grid cells a metre eastward and northward.
    seed : int
    coast : tuple
        clearance (uint8, raster cells to the nearest coast cell), scale_x, scale_y, cell_start,
        cell_segments, segments (see `first_crossing`), margin (distance that a beached particle
        keeps from the coast [grid cells]).
    """
    rows, columns = drift.shape[1], drift.shape[2]
    size = last - first
    chunk = (
        np.empty(size, np.int64),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size),
    )
    count, waiting = gather(first, last, x, y, status, chunk)
    for s in range(durations.size):
        at_start, at_middle = drift[2 * s], drift[2 * s + 1]
        dt = durations[s]
        step = first_step + s
        key = step_key(seed, step)
        kick = np.sqrt(6.0 * diffusivity * dt)
        propose(count, chunk, at_start, at_middle, dt, kick, key, cells_per_metre)
        newest = count
        count, waiting = release(waiting, last, step, count, chunk, x, y, status, release_step)
        for k in range(newest, count):
            # a part of a step each, since they start within it
            share = release_share[chunk[0][k]]
            one = (
                chunk[0][k : k + 1],
                chunk[1][k : k + 1],
                chunk[2][k : k + 1],
                chunk[3][k : k + 1],
                chunk[4][k : k + 1],
            )
            part = np.sqrt(share)
            propose(1, one, at_start, at_middle, share * dt, part * kick, key, cells_per_metre)
        count = commit(count, chunk, x, y, status, rows, columns, coast)

    ids, px, py, _, _ = chunk
    for k in range(count):
        x[ids[k]] = px[k]
        y[ids[k]] = py[k]
