"""Oil on a grid, summed up over particles."""

import numpy as np

from simulator.kernels._jit import kernel


@kernel
def bin_particles(column, row, mass, rows, columns):
    """Return the number and mass of particles in each cell; those outside are left out.

    Parameters
    ----------
    column, row : ndarray, shape (particles,)
        Fractional position; NaN is outside.
    mass : ndarray, shape (particles,)
        [kg]

    Returns
    -------
    count : ndarray of int64, shape (rows, columns)
    total : ndarray, shape (rows, columns)
        [kg]
    """
    count = np.zeros((rows, columns), np.int64)
    total = np.zeros((rows, columns))
    for p in range(column.size):
        if 0.0 <= column[p] < columns and 0.0 <= row[p] < rows:
            j = int(row[p])
            i = int(column[p])
            count[j, i] += 1
            total[j, i] += mass[p]
    return count, total


@kernel
def smooth_by_density(count, total, neighbours, pilot, widest):
    """Spread the mass of each cell over a square that holds about `neighbours` particles.

    Parameters
    ----------
    count, total : ndarray, shape (rows, columns)
        See `bin_particles`.
    neighbours : float
        Particles that the square of a cell should hold.
    pilot : int
        Half width of the square in which the density round a cell is first estimated. [cells]
    widest : int
        Largest half width of the square. [cells]

    Returns
    -------
    ndarray, shape (rows, columns)
        Mass in each cell; the sum is that of `total` but for what is spread over the edge. [kg]

    References
    ----------
    Abramson (1982), Ann. Stat. 10, 1217-1223, doi:10.1214/aos/1176345986: the bandwidth goes with
    the inverse square root of the density.
    """
    rows, columns = count.shape
    table = np.zeros((rows + 1, columns + 1), np.int64)
    for j in range(rows):
        line = 0
        for i in range(columns):
            line += count[j, i]
            table[j + 1, i + 1] = table[j, i + 1] + line
    corner = np.zeros((rows + 1, columns + 1))
    for j in range(rows):
        for i in range(columns):
            if count[j, i] == 0:
                continue
            top, bottom = max(j - pilot, 0), min(j + pilot + 1, rows)
            left, right = max(i - pilot, 0), min(i + pilot + 1, columns)
            near = table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
            side = np.sqrt(neighbours * (bottom - top) * (right - left) / near)
            half = min(int(0.5 * side), widest)
            part = total[j, i] / (2 * half + 1) ** 2
            top, bottom = max(j - half, 0), min(j + half + 1, rows)
            left, right = max(i - half, 0), min(i + half + 1, columns)
            corner[top, left] += part
            corner[top, right] -= part
            corner[bottom, left] -= part
            corner[bottom, right] += part
    smooth = np.empty((rows, columns))
    for j in range(rows):
        line = 0.0
        for i in range(columns):
            line += corner[j, i]
            smooth[j, i] = line + (smooth[j - 1, i] if j > 0 else 0.0)
    return smooth
