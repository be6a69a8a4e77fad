"""Height and period of a fully developed wind sea, for where no wave model is at hand."""

import numpy as np

from simulator.kernels._jit import law

_G = 9.81  # standard gravity [m s-2]
_SHORTEST_PERIOD = 2.0 * np.pi / 5.0  # so that a calm divides nothing by zero [s]


@law
def wave_height_pierson1964(wind_speed):
    """Return the significant height of a fully developed sea.

    Parameters
    ----------
    wind_speed : float
        Wind speed at 10 m. [m s-1]

    Returns
    -------
    float
        0.0246 U**2. [m]

    Notes
    -----
    Pierson and Moskowitz have 0.21 U**2 / g with the wind at 19.5 m, which is 1.075 times that at
    10 m (WMO 1998). Short fetch gives lower waves.

    References
    ----------
    Pierson and Moskowitz (1964), J. Geophys. Res. 69, 5181-5190, doi:10.1029/JZ069i024p05181;
    WMO (1998), Guide to wave analysis and forecasting, WMO-No. 702.
    """
    return 0.0246 * wind_speed * wind_speed


@law
def wave_period_pierson1964(wind_speed):
    """Return the peak period of a fully developed sea.

    Parameters
    ----------
    wind_speed : float
        Wind speed at 10 m. [m s-1]

    Returns
    -------
    float
        2 pi / (0.877 g / (1.075 U)) = 0.785 U, not below 1.26 s. [s]

    Notes
    -----
    Same spectrum and same wind profile as `wave_height_pierson1964`. A factor of 1.17 instead of
    1.075 is also met with in oil drift models: periods 9 % longer.

    References
    ----------
    See `wave_height_pierson1964`.
    """
    return max(2.0 * np.pi * 1.075 / (0.877 * _G) * wind_speed, _SHORTEST_PERIOD)
