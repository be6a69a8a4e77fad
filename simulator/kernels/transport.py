"""Where drift and turbulence take the oil of a chunk, and where coast and boundary stop it."""

import numpy as np

from simulator.kernels._jit import law, loop
from simulator.kernels.random import symmetric_pair
from simulator.kernels.sampling import bilinear_vector, linear, row_below, sample_vector
from simulator.kernels.shoreline import first_crossing
from simulator.kernels.state import (
    AFLOAT,
    BEACHED,
    ELAPSED,
    LEFT_DOMAIN,
    MIDDLE_U,
    MIDDLE_V,
    NEW_X,
    NEW_Y,
    SUBMERGED,
    SURFACED,
    WAVE_PERIOD,
    U,
    V,
)
from simulator.kernels.variables import SPREADING, STATUS, STRETCH, X, Y, Z

_BELOW_ONE = 1.0 - 1e-9  # keeps a sampled position inside the last grid cell
_STILL = 1e-60  # so that no drift at all divides nothing by zero [grid cells4 s-4]
_G = 9.81  # standard gravity [m s-2]


@law
def without_spiral(u, v, um, vm):
    """Return the velocity in the middle of a step such that turns keep their radius.

    Parameters
    ----------
    u, v, um, vm : float
        Velocity at the start and in the middle of the step.

    Notes
    -----
    In a rotation by the angle c a step, the midpoint rule widens the radius by c**4 / 8: by two
    per mille in ten turns of a day. The change of velocity from start to middle, times the square
    of how much it turns, is of third order and takes that away up to c**6.
    """
    du, dv = um - u, vm - v
    speed = u * u + v * v
    turn = (u * dv - v * du) ** 2
    share = turn / (speed * speed + turn + _STILL)
    # what changes by more than itself, slack water or a calm, is in no rotation
    share = share if du * du + dv * dv < speed else 0.0
    return um + share * du, vm + share * dv


@law
def displacement_below(at_start, at_middle, x, y, dt, z, wave_period, column, row):
    """Return the displacement of oil under water, by the rule of `propose`. [grid cells]

    `at_start` and `at_middle` are current and surface Stokes drift at the start and in the middle
    of the step [grid cells s-1], `column` and `row` the numbers of their first node. It moves with
    the current and the Stokes drift, which decays with exp(2 k z), k = omega**2 / g of the waves
    at the peak of the spectrum in deep water.
    """
    omega = 2.0 * np.pi / wave_period
    share = np.exp(2.0 * omega**2 / _G * z)
    u, v = bilinear_vector(at_start, x - column, y - row, 0)
    us, vs = bilinear_vector(at_start, x - column, y - row, 2)
    u, v = u + share * us, v + share * vs
    mx, my = x + 0.5 * dt * u - column, y + 0.5 * dt * v - row
    mx, my = kept_inside(mx, at_start.shape[1]), kept_inside(my, at_start.shape[0])
    um, vm = bilinear_vector(at_middle, mx, my, 0)
    us, vs = bilinear_vector(at_middle, mx, my, 2)
    um, vm = without_spiral(u, v, um + share * us, vm + share * vs)
    return dt * um, dt * vm


@law
def kept_inside(position, size):
    """Return a position along one axis of so many nodes, or the nearest that can be sampled."""
    # in this order, a position that is not a number becomes 0
    return min(max(0.0, position), size - 2 + _BELOW_ONE)


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


@loop
def settle(x0, y0, x1, y1, rows, columns, coast):
    """Decide where a path that may leave the open sea ends.

    Parameters
    ----------
    x0, y0, x1, y1 : float
        Ends of the path, counted from the first node held. [grid cells]
    rows, columns : int
        Nodes held.
    coast : Coastline

    Returns
    -------
    t : float
        How much of the path is gone, in [0, 1]: to its end, or to coast or boundary.
    status : int
        AFLOAT, BEACHED, or LEFT_DOMAIN (also when there is no drift to follow: NaN).
    stretch : int
        Stretch of coast that was met, or -1.
    """
    if not (np.isfinite(x1) and np.isfinite(y1)):
        return 0.0, LEFT_DOMAIN, -1
    border = min(fraction_inside(x0, x1, columns), fraction_inside(y0, y1, rows))
    t, segment = first_crossing(
        x0,
        y0,
        x1,
        y1,
        coast.scale_x,
        coast.scale_y,
        coast.cell_start,
        coast.cell_segments,
        coast.segments,
    )
    if t <= border:  # NO_CROSSING lies beyond any border
        # a hair before the coast, so that rounding never puts a particle on land
        t = max(t - coast.margin / np.hypot(x1 - x0, y1 - y0), 0.0)
        return t, BEACHED, coast.stretch[segment]
    if inside(x1, y1, rows, columns):
        return 1.0, AFLOAT, -1
    return max(border, 0.0), LEFT_DOMAIN, -1


@loop
def propose(count, chunk, fields, step, key, diffusivity, spreads):
    """Write where drift, turbulence and spreading take the particles of a chunk, all as if afloat.

    The drift is followed by the explicit midpoint rule, of second order in space and time. Kicks
    are uniform, of the variance 2 K dt plus that of the slick's growth.

    Each loop does little, so that a processor can have many particles in hand at once: done in
    one loop, where each waits for its own velocities, it takes twice as long.
    """
    some = slice(chunk.first, chunk.first + count)
    x, y = chunk.numbers[X, some], chunk.numbers[Y, some]
    scratch = chunk.scratch
    new_x, new_y, elapsed = scratch[NEW_X], scratch[NEW_Y], scratch[ELAPSED]
    u, v, middle_u, middle_v = scratch[U], scratch[V], scratch[MIDDLE_U], scratch[MIDDLE_V]
    at_start, at_middle = fields.drift[2 * step], fields.drift[2 * step + 1]
    first_column, first_row = fields.first_column, fields.first_row
    for k in range(count):
        new_x[k] = x[k] - first_column
        new_y[k] = y[k] - first_row
    sample_vector(count, at_start, new_x, new_y, u, v)
    # The way to the middle is added to the number in the whole grid: so it is rounded alike,
    # whatever part of the grid is held.
    find_middles(count, x, u, elapsed, first_column, at_start.shape[1], new_x)
    find_middles(count, y, v, elapsed, first_row, at_start.shape[0], new_y)
    sample_vector(count, at_middle, new_x, new_y, middle_u, middle_v)
    follow_drift(count, u, v, middle_u, middle_v, elapsed, x, y, new_x, new_y)
    spreading = chunk.numbers[SPREADING, some]
    find_kicks(count, chunk.ids, elapsed, spreading, key, diffusivity, spreads, u, v)
    add_kicks(count, fields.cells_per_metre, first_row, y, u, v, new_x, new_y)


@loop
def find_middles(count, start, velocity, elapsed, first, size, middle):
    """Write where half a step leads, along one axis, counted from the first node held."""
    for k in range(count):
        middle[k] = kept_inside(start[k] + 0.5 * elapsed[k] * velocity[k] - first, size)


@loop
def follow_drift(count, u, v, middle_u, middle_v, elapsed, x, y, new_x, new_y):
    """Write where the drift at the start and in the middle of a step leads."""
    for k in range(count):
        ue, ve = without_spiral(u[k], v[k], middle_u[k], middle_v[k])
        new_x[k] = x[k] + elapsed[k] * ue
        new_y[k] = y[k] + elapsed[k] * ve


@loop
def find_kicks(count, ids, elapsed, spreading, key, diffusivity, spreads, east, north):
    """Write the random displacements of particles. [m]"""
    for k in range(count):
        east[k] = 2.0 * diffusivity * elapsed[k]
    if spreads:
        for k in range(count):
            east[k] += spreading[k]
    for k in range(count):
        a, b = symmetric_pair(key, ids[k])
        kick = np.sqrt(3.0 * east[k])
        east[k] = kick * a
        north[k] = kick * b


@loop
def add_kicks(count, cells_per_metre, first_row, y, east, north, new_x, new_y):
    """Add displacements in metres to positions in grid cells."""
    for k in range(count):
        row, weight = row_below(y[k] - first_row)
        new_x[k] += east[k] * linear(cells_per_metre, row, weight, 0)
        new_y[k] += north[k] * linear(cells_per_metre, row, weight, 1)


@loop
def propose_otherwise(count, chunk, fields, step, key, diffusivity):
    """Correct what `propose` wrote for oil under water and on the shore."""
    some = slice(chunk.first, chunk.first + count)
    ids, status = chunk.ids, chunk.codes[STATUS, some]
    x, y, z = chunk.numbers[X, some], chunk.numbers[Y, some], chunk.numbers[Z, some]
    new_x, new_y = chunk.scratch[NEW_X], chunk.scratch[NEW_Y]
    elapsed, wave_period = chunk.scratch[ELAPSED], chunk.scratch[WAVE_PERIOD]
    at_start, at_middle = fields.below[2 * step], fields.below[2 * step + 1]
    cells_per_metre = fields.cells_per_metre
    first_column, first_row = fields.first_column, fields.first_row
    for k in range(count):
        if status[k] == BEACHED:
            new_x[k] = x[k]
            new_y[k] = y[k]
        elif status[k] == SUBMERGED:
            a, b = symmetric_pair(key, ids[k])
            kick = np.sqrt(6.0 * diffusivity * elapsed[k])
            row, weight = row_below(y[k] - first_row)
            dx, dy = displacement_below(
                at_start,
                at_middle,
                x[k],
                y[k],
                elapsed[k],
                z[k],
                wave_period[k],
                first_column,
                first_row,
            )
            new_x[k] = x[k] + dx + kick * a * linear(cells_per_metre, row, weight, 0)
            new_y[k] = y[k] + dy + kick * b * linear(cells_per_metre, row, weight, 1)


@loop
def commit(count, chunk, fields, coast, weathering):
    """Move the particles of a chunk, stop those that meet coast or boundary.

    Changes x, y, z, status and stretch, and how long the air works on what is lost.

    Returns
    -------
    int
        How many have nothing more to do. Beached oil goes on weathering where anything does.
    """
    some = slice(chunk.first, chunk.first + count)
    x, y, z = chunk.numbers[X, some], chunk.numbers[Y, some], chunk.numbers[Z, some]
    status, stretch = chunk.codes[STATUS, some], chunk.codes[STRETCH, some]
    new_x, new_y, surfaced = chunk.scratch[NEW_X], chunk.scratch[NEW_Y], chunk.scratch[SURFACED]
    rows, columns = fields.drift.shape[1], fields.drift.shape[2]
    first_column, first_row = fields.first_column, fields.first_row
    clearance, scale_x, scale_y = coast.clearance, coast.scale_x, coast.scale_y
    gone = 0
    for k in range(count):
        if status[k] != AFLOAT and status[k] != SUBMERGED:
            continue
        x0, y0 = x[k] - first_column, y[k] - first_row
        x1, y1 = new_x[k] - first_column, new_y[k] - first_row
        reach = max(abs(x1 - x0) * scale_x, abs(y1 - y0) * scale_y) + 1.0
        row, _ = row_below(y0 * scale_y)
        column, _ = row_below(x0 * scale_x)
        if reach < clearance[row, column] and inside(x1, y1, rows, columns):
            x[k] = new_x[k]
            y[k] = new_y[k]
            continue
        t, state, met = settle(x0, y0, x1, y1, rows, columns, coast)
        if t == 1.0:
            x[k] = new_x[k]
            y[k] = new_y[k]
        elif t > 0.0:
            x[k] += t * (new_x[k] - x[k])
            y[k] += t * (new_y[k] - y[k])
        if state == AFLOAT:
            continue
        status[k] = state
        if state == BEACHED:
            stretch[k] = met
            z[k] = 0.0
            gone += 0 if weathering else 1
        else:
            surfaced[k] = 0.0
            gone += 1
    return gone
