"""CMOD5.N: how bright the sea is to a C-band radar with VV, by wind and incidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_C = np.array(
    [
        *(0.0, -0.6878, -0.7957, 0.3380, -0.1728, 0.0000, 0.0040, 0.1103, 0.0159, 6.7329),
        *(2.7713, -2.2885, 0.4971, -0.7250, 0.0450, 0.0066, 0.3222, 0.0120, 22.700, 2.0813),
        *(3.0000, 8.3659, -3.3428, 1.3236, 6.2437, 2.3893, 0.3249, 4.1590, 1.6930),
    ]
)
"""Coefficients 1 to 28 of the paper; 0 is not used."""

LEAST_DEG, MOST_DEG = 17.0, 55.0
"""Incidence for which the model holds. [degrees]"""

_SPEEDS = np.geomspace(0.5, 30.0, 80)


def sigma0_hersbach2010(wind_speed: Any, direction_deg: Any, incidence_deg: Any) -> Floats:
    """Return the normalised radar cross-section of the sea.

    Parameters
    ----------
    wind_speed : array_like
        Equivalent neutral wind at 10 m. [m s-1]
    direction_deg : array_like
        Angle between wind and radar beam, 0 where the radar looks upwind. [degrees]
    incidence_deg : array_like
        [degrees]

    Returns
    -------
    ndarray
        Linear, not in dB. [1]

    References
    ----------
    Hersbach (2010), https://doi.org/10.1175/2009JTECHO698.1, and Hersbach (2008), ECMWF Technical
    Memorandum 554: CMOD5.N.
    """
    v = np.asarray(wind_speed, np.float64)
    phi = np.radians(np.asarray(direction_deg, np.float64))
    x = (np.asarray(incidence_deg, np.float64) - 40.0) / 25.0
    around = 1.0 + _upwind(v, x) * np.cos(phi) + _crosswind(v, x) * np.cos(2.0 * phi)
    # storms under steep angles, for which the model was not made, would have less than nothing
    return np.asarray(_isotropic(v, x) * np.maximum(around, 1e-3) ** 1.6)


def _isotropic(v: Floats, x: Floats) -> Floats:
    c = _C
    a0 = c[1] + c[2] * x + c[3] * x**2 + c[4] * x**3
    a1, a2 = c[5] + c[6] * x, c[7] + c[8] * x
    gamma = c[9] + c[10] * x + c[11] * x**2
    s0 = c[12] + c[13] * x
    s = a2 * v
    a3 = 1.0 / (1.0 + np.exp(-np.maximum(s, s0)))
    # beyond 57 degrees s0 is negative, and nothing below it
    below = a3 * np.maximum(s / s0, 1e-9) ** (s0 * (1.0 - a3))
    return np.asarray(np.where(s < s0, below, a3) ** gamma * 10.0 ** (a0 + a1 * v))


def _upwind(v: Floats, x: Floats) -> Floats:
    c = _C
    lift = 0.5 + x - np.tanh(4.0 * (x + c[16] + c[17] * v))
    return np.asarray((c[14] * (1.0 + x) - c[15] * v * lift) / (1.0 + np.exp(0.34 * (v - c[18]))))


def _crosswind(v: Floats, x: Floats) -> Floats:
    c = _C
    v0 = c[21] + c[22] * x + c[23] * x**2
    d1 = c[24] + c[25] * x + c[26] * x**2
    d2 = c[27] + c[28] * x
    y0, n = c[19], c[20]
    y = v / v0 + 1.0
    low = y0 - (y0 - 1.0) / n + (1.0 / (n * (y0 - 1.0) ** (n - 1.0))) * (y - 1.0) ** n
    y = np.where(y < y0, low, y)
    return np.asarray((d2 * y - d1) * np.exp(-y))


def mean_over_directions(wind_speed: Any, incidence_deg: Any) -> Floats:
    """Return the cross-section where the wind may come from anywhere: the mean of eight. [1]"""
    directions = np.arange(0.0, 360.0, 45.0)
    found = [sigma0_hersbach2010(wind_speed, phi, incidence_deg) for phi in directions]
    return np.asarray(np.mean(found, axis=0))


def wind_of(sigma0: Any, incidence_deg: Any) -> Floats:
    """Return the wind that would make the sea as bright, whose direction is not known.

    Parameters
    ----------
    sigma0 : array_like
        Linear. [1]
    incidence_deg : array_like
        As many. [degrees]

    Returns
    -------
    ndarray
        0.5 to 30; NaN where the cross-section is none. Without a direction it is uncertain by a
        third. [m s-1]
    """
    values, angles = np.broadcast_arrays(
        np.asarray(sigma0, np.float64), np.asarray(incidence_deg, np.float64)
    )
    flat, steps = values.ravel(), np.round(angles.ravel(), 0)
    found = np.full(flat.shape, np.nan)
    for angle in np.unique(steps[np.isfinite(steps)]):
        at = (steps == angle) & (flat > 0.0)
        bright = mean_over_directions(_SPEEDS, angle)
        rising = np.maximum.accumulate(bright)
        found[at] = np.interp(np.log(flat[at]), np.log(rising), _SPEEDS)
    return found.reshape(values.shape)


def slope_db(wind_speed: float, incidence_deg: Any, reference_deg: float) -> Floats:
    """Return how much brighter the sea is than where it is seen at another incidence. [dB]"""
    here = mean_over_directions(wind_speed, incidence_deg)
    there = mean_over_directions(wind_speed, reference_deg)
    return np.asarray(10.0 * np.log10(here / there))
