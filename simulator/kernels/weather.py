"""The weather over the oil: wind, temperature and waves on the drift grid."""

import numpy as np

from simulator.kernels._jit import kernel, law
from simulator.kernels.waves import wave_height_pierson1964, wave_period_pierson1964

_SHORTEST_PERIOD = 1.0  # of waves that mix oil; the wind sea of a calm has none [s]


@law
def bracket(times, time):
    """Return the records before and after a time, and the weight of the later one.

    Beyond the records, or where there is a single one, the nearest holds.
    """
    first = min(max(np.searchsorted(times, time, side="right") - 1, 0), max(times.size - 2, 0))
    last = min(first + 1, times.size - 1)
    weight = 0.0
    if last > first:
        weight = min(max((time - times[first]) / (times[last] - times[first]), 0.0), 1.0)
    return first, last, weight


@kernel
def write_speed(out, wanted, times, values):
    """Write the wind speed at some times, of components that are linear in time.

    Parameters
    ----------
    out : ndarray, shape (wanted, rows, columns, quantities)
        The first quantity is overwritten. [m s-1]
    wanted : ndarray, shape (wanted,)
        Seconds since the start of the run. [s]
    times : ndarray, shape (records,)
        Seconds since the start of the run, increasing. [s]
    values : ndarray, shape (records, rows, columns, 2)
        Eastward and northward wind. [m s-1]
    """
    for n in range(wanted.size):
        k, last, b = bracket(times, wanted[n])
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                u = (1.0 - b) * values[k, j, i, 0] + b * values[last, j, i, 0]
                v = (1.0 - b) * values[k, j, i, 1] + b * values[last, j, i, 1]
                out[n, j, i, 0] = np.sqrt(u * u + v * v)


@kernel
def write_scalar(out, quantity, wanted, times, values):
    """Write one quantity at some times, linear in time between records.

    Parameters
    ----------
    out : ndarray, shape (wanted, rows, columns, quantities)
        One quantity is overwritten.
    quantity : int
        Its place along the last axis.
    wanted : ndarray, shape (wanted,)
        Seconds since the start of the run. [s]
    times : ndarray, shape (records,)
        Seconds since the start of the run, increasing. [s]
    values : ndarray, shape (records, rows, columns)
        In the unit of the quantity.
    """
    for n in range(wanted.size):
        k, last, b = bracket(times, wanted[n])
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                value = (1.0 - b) * values[k, j, i] + b * values[last, j, i]
                out[n, j, i, quantity] = value


@kernel
def write_waves_of_wind(out, height, period):
    """Write the waves of a fully developed sea where they are wanted, and bound all periods.

    Parameters
    ----------
    out : ndarray, shape (wanted, rows, columns, 4)
        Wind speed [m s-1], temperature [K], significant wave height [m] and peak period [s],
        which is at least 1 s afterwards.
    height, period : bool
        Whether to overwrite these with what follows from the wind speed.
    """
    for n in range(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                wind_speed = out[n, j, i, 0]
                if height:
                    out[n, j, i, 2] = wave_height_pierson1964(wind_speed)
                if period:
                    out[n, j, i, 3] = wave_period_pierson1964(wind_speed)
                # written so that NaN stays
                if out[n, j, i, 3] < _SHORTEST_PERIOD:
                    out[n, j, i, 3] = _SHORTEST_PERIOD
