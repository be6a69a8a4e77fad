"""Values of gridded fields at particles and at other grids."""

import numpy as np

from simulator.kernels._jit import kernel, law, loop, merged
from simulator.kernels.state import TEMPERATURE, WAVE_HEIGHT, WAVE_PERIOD, WIND_SPEED
from simulator.kernels.variables import X, Y

_NEXT = np.uint64(1)
NONE = -1
"""Place of a node that is not there."""


@law
def row_below(position):
    """Return the index below a fractional one, which is not negative, and the weight of the next.

    By way of 32 bits, a third faster than 64 where indices come from floating-point numbers, to
    an index without a sign, as one that may be negative takes longer.
    """
    row = np.int32(position)
    return np.uint64(row), position - row


@merged
def bilinear_vector(field, x, y, c):
    """Return the components `c` and `c + 1` of `field[row, column, :]` at column `x`, row `y`.

    The caller keeps x and y at least one cell below the upper ends (`0 <= x < columns - 1`).
    """
    i, a = row_below(x)
    j, b = row_below(y)
    w11 = a * b
    w10 = a - w11
    w01 = b - w11
    w00 = 1.0 - a - w01
    u = (
        w00 * field[j, i, c]
        + w10 * field[j, i + _NEXT, c]
        + w01 * field[j + _NEXT, i, c]
        + w11 * field[j + _NEXT, i + _NEXT, c]
    )
    v = (
        w00 * field[j, i, c + 1]
        + w10 * field[j, i + _NEXT, c + 1]
        + w01 * field[j + _NEXT, i, c + 1]
        + w11 * field[j + _NEXT, i + _NEXT, c + 1]
    )
    return u, v


@law
def linear(profile, row, weight, c):
    """Return the component `c` of `profile[row, :]` between two rows, see `row_below`."""
    here = profile[row, c]
    return here + weight * (profile[row + _NEXT, c] - here)


@loop
def sample_vector(count, field, x, y, u, v):
    """Write the components of `field[row, column, :]` at columns `x` and rows `y`."""
    for k in range(count):
        u[k], v[k] = bilinear_vector(field, x[k], y[k], 0)


@loop
def sample_weather(count, chunk, fields, step):
    """Write the weather at the particles of a chunk; where there is none, it is calm."""
    weather = fields.weather[step]
    some = slice(chunk.first, chunk.first + count)
    at_x, at_y = chunk.numbers[X, some], chunk.numbers[Y, some]
    first_column, first_row = fields.first_column, fields.first_row
    speeds, temperatures = chunk.scratch[WIND_SPEED], chunk.scratch[TEMPERATURE]
    heights, periods = chunk.scratch[WAVE_HEIGHT], chunk.scratch[WAVE_PERIOD]
    for k in range(count):
        x = at_x[k] - first_column
        y = at_y[k] - first_row
        wind_speed, temperature = bilinear_vector(weather, x, y, 0)
        wave_height, wave_period = bilinear_vector(weather, x, y, 2)
        known = np.isfinite(wind_speed)
        speeds[k] = wind_speed if known else 0.0
        temperatures[k] = temperature
        heights[k] = wave_height if known else 0.0
        periods[k] = wave_period if known else 1.0


@kernel
def add_interpolated(target, place, wanted, times, values, along, right_turn, clockwise):
    """Add a rotated, scaled series, linear in time, to fields at some times, in place.

    Parameters
    ----------
    target : ndarray, shape (wanted, rows, columns, components)
        Two components are changed in place. [m s-1]
    place : int
        Place of the first of them along the last axis.
    wanted : ndarray, shape (wanted,)
        Times of the fields, within `times`. [s]
    times : ndarray, shape (records,)
        Seconds since the start of the run, increasing. [s]
    values : ndarray, shape (records, rows, columns, 2)
        Eastward and northward components. [m s-1]
    along, right_turn : float
        Factor of the vector itself, and of the vector turned by 90 degrees to the right.
    clockwise : ndarray, shape (rows,)
        1 where "right" is clockwise (northern hemisphere), -1 in the southern.
    """
    east, north = np.uint64(place), np.uint64(place + 1)  # see `row_below`
    for n in range(wanted.size):
        time = wanted[n]
        k = min(max(np.searchsorted(times, time, side="right") - 1, 0), max(times.size - 2, 0))
        last = min(k + 1, times.size - 1)
        b = (time - times[k]) / (times[last] - times[k]) if last > k else 0.0
        for j in range(target.shape[1]):
            s = right_turn * clockwise[j]
            for i in range(target.shape[2]):
                u = (1.0 - b) * values[k, j, i, 0] + b * values[last, j, i, 0]
                v = (1.0 - b) * values[k, j, i, 1] + b * values[last, j, i, 1]
                target[n, j, i, east] += along * u + s * v
                target[n, j, i, north] += along * v - s * u


@kernel
def nearest_present(missing, reach):
    """Return where the nearest node lies that is not missing, for each node.

    Where several are as near, the one of the first column, and of the first row there.

    Parameters
    ----------
    missing : ndarray of bool, shape (rows, columns)
    reach : float
        Nodes farther away are not found. [nodes]

    Returns
    -------
    row, column : ndarray of int32, shape (rows, columns)
        `NONE` where none is found.

    References
    ----------
    Aggarwal et al. (1987), Algorithmica 2, 195-208, doi:10.1007/BF01840359: what is nearest to the
    nodes of a row moves in one direction along it, so that a node is looked for between what its
    neighbours on either side have found.
    """
    rows, columns = missing.shape
    upright = nearest_in_column(missing)
    row, column = np.full((2, rows, columns), NONE, np.int32)
    found = np.empty(columns, np.int64)
    for j in range(rows):
        step = 1
        while 2 * step <= columns:
            step *= 2
        while step > 0:
            for i in range(step - 1, columns, 2 * step):
                first = found[i - step] if i >= step else 0
                last = found[i + step] if i + step < columns else columns - 1
                found[i] = first
                least = np.inf
                for k in range(first, last + 1):
                    square = (k - i) ** 2 + (upright[j, k] - j) ** 2
                    if upright[j, k] != NONE and square < least:
                        least = square
                        found[i] = k
                if least < np.inf and least <= reach * reach:
                    row[j, i], column[j, i] = upright[j, found[i]], found[i]
            step //= 2
    return row, column


@loop
def nearest_in_column(missing):
    """Return the row of the nearest node of a column that is not missing, the upper of two."""
    nearest = np.full(missing.shape, NONE, np.int32)
    rows, columns = missing.shape
    for j in range(rows):
        for i in range(columns):
            if not missing[j, i]:
                nearest[j, i] = j
            elif j > 0:
                nearest[j, i] = nearest[j - 1, i]
    for j in range(rows - 2, -1, -1):
        for i in range(columns):
            here, below = nearest[j, i], nearest[j + 1, i]
            if below > j and (here == NONE or below - j < j - here):
                nearest[j, i] = below
    return nearest
