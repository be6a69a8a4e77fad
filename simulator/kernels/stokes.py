"""Stokes drift of a wind sea."""

import numpy as np

from simulator.kernels._jit import kernel, law

_G = 9.81  # standard gravity [m s-2]
_FREQUENCY_STEP = 0.001  # [Hz]
_FREQUENCY_COUNT = 700  # the spectrum is cut at 0.7 Hz, as in MEDSLIK-II
_GAMMA = 3.3  # JONSWAP peak enhancement


@law
def jonswap_density(omega, wind_speed, fetch):
    """Return the JONSWAP spectral density at angular frequency `omega`. [m2 s rad-1]"""
    alpha = 0.076 * (wind_speed**2 / (fetch * _G)) ** 0.22
    peak = 22.0 * (_G**2 / (wind_speed * fetch)) ** (1.0 / 3.0)
    sigma = 0.07 if omega < peak else 0.09
    shape = np.exp(-((omega - peak) ** 2) / (2.0 * sigma**2 * peak**2))
    tail = np.exp(-1.25 * (peak / omega) ** 4)
    return alpha * _G**2 * omega**-5 * tail * _GAMMA**shape


@kernel
def stokes_drift_speed_jonswap(wind_speed, fetch):
    """Return the surface Stokes drift speed of a fetch-limited wind sea.

    Parameters
    ----------
    wind_speed : float
        Wind speed at 10 m. [m s-1]
    fetch : float
        Distance over which the wind has blown. [m]

    Returns
    -------
    float
        2 * integral of omega k S(omega), deep water, k = omega**2 / g. [m s-1]

    References
    ----------
    Hasselmann et al. (1973), Dtsch. Hydrogr. Z. A8(12); used for oil drift by
    De Dominicis et al. (2013), Geosci. Model Dev. 6, 1851-1869, doi:10.5194/gmd-6-1851-2013.
    """
    if wind_speed < 1e-3:
        return 0.0
    step = 2.0 * np.pi * _FREQUENCY_STEP
    total = 0.0
    for n in range(1, _FREQUENCY_COUNT + 1):
        omega = n * step
        weight = 0.5 if n == 1 or n == _FREQUENCY_COUNT else 1.0
        total += weight * omega**3 / _G * jonswap_density(omega, wind_speed, fetch)
    return 2.0 * total * step
