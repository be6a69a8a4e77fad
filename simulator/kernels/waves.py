"""Waves of a fully developed sea."""

import numpy as np

from simulator.kernels._jit import law

_G = 9.81  # standard gravity [m s-2]


@law
def wave_height_pierson1964(wind_speed):
    """Return the significant height of a fully developed sea from the wind at 10 m. [m]

    Pierson and Moskowitz (1964), J. Geophys. Res. 69(24), doi:10.1029/JZ069i024p05181.
    """
    return 0.0246 * wind_speed**2


@law
def wave_period_pierson1964(wind_speed):
    """Return the peak period of a fully developed sea from the wind at 10 m. [s]

    The spectrum peaks at 0.877 g / W, where W, the wind at 19.5 m, is 1.17 times that at 10 m.

    Pierson and Moskowitz (1964), J. Geophys. Res. 69(24), doi:10.1029/JZ069i024p05181.
    """
    return 2.0 * np.pi * 1.17 * wind_speed / (0.877 * _G)
