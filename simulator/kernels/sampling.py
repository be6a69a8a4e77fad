"""Values of gridded fields at particles and at other grids."""

import numpy as np

from simulator.kernels._jit import kernel, law


@law
def bilinear_vector(field, x, y):
    """Return both components of `field[row, column, 2]` at column `x`, row `y`.

    The caller keeps x and y at least one cell below the upper ends (`0 <= x < columns - 1`).
    """
    i = int(x)
    j = int(y)
    a = x - i
    b = y - j
    w11 = a * b
    w10 = a - w11
    w01 = b - w11
    w00 = 1.0 - a - w01
    u = (
        w00 * field[j, i, 0]
        + w10 * field[j, i + 1, 0]
        + w01 * field[j + 1, i, 0]
        + w11 * field[j + 1, i + 1, 0]
    )
    v = (
        w00 * field[j, i, 1]
        + w10 * field[j, i + 1, 1]
        + w01 * field[j + 1, i, 1]
        + w11 * field[j + 1, i + 1, 1]
    )
    return u, v


@law
def linear(profile, y):
    """Return `profile` at the fractional index `y`, `0 <= y < size - 1`."""
    j = int(y)
    return profile[j] + (y - j) * (profile[j + 1] - profile[j])


@kernel
def add_interpolated(target, times, values, time, east, right_turn, clockwise):
    """Add a rotated, scaled record of a series, linear in time, to `target` in place.

    Parameters
    ----------
    target : ndarray, shape (rows, columns, 2)
        Changed in place. [m s-1]
    times : ndarray, shape (records,)
        Seconds since the start of the run, increasing; `time` lies within. [s]
    values : ndarray, shape (records, rows, columns, 2)
        Eastward and northward components. [m s-1]
    time : float
        [s]
    east, right_turn : float
        Factor of the vector itself, and of the vector turned by 90 degrees to the right.
    clockwise : ndarray, shape (rows,)
        1 where "right" is clockwise (northern hemisphere), -1 in the southern.
    """
    k = min(max(np.searchsorted(times, time, side="right") - 1, 0), max(times.size - 2, 0))
    last = min(k + 1, times.size - 1)
    b = (time - times[k]) / (times[last] - times[k]) if last > k else 0.0
    for j in range(target.shape[0]):
        s = right_turn * clockwise[j]
        for i in range(target.shape[1]):
            u = (1.0 - b) * values[k, j, i, 0] + b * values[last, j, i, 0]
            v = (1.0 - b) * values[k, j, i, 1] + b * values[last, j, i, 1]
            target[j, i, 0] += east * u + s * v
            target[j, i, 1] += east * v - s * u
