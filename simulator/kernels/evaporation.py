"""Evaporation: of pseudo-components, and of a whole oil as in MEDSLIK-II."""

import numpy as np

from simulator.kernels._jit import law

ATMOSPHERE = 101325.0
"""Pressure at which boiling points are given. [Pa]"""

_GAS_CONSTANT = 1.987  # [cal mol-1 K-1], the unit of the entropy below
_COMPRESSIBILITY = 0.97  # of the vapour at the boiling point less that of the liquid [1]
_BUCHANAN = 0.0025  # [m s-1 (m s-1)**-0.78]
_STRONG_WIND = 10.0  # [m s-1]


@law
def vapour_pressure_lyman1990(temperature, boiling_point):
    """Return the vapour pressure of a hydrocarbon of a given boiling point.

    Parameters
    ----------
    temperature : float
        [K]
    boiling_point : float
        At one atmosphere. [K]

    Returns
    -------
    float
        [Pa]

    Notes
    -----
    Antoine's equation through the boiling point,
    ln(P / atm) = S (Tb - C)**2 / (0.97 R Tb) (1 / (Tb - C) - 1 / (T - C)), with C = 0.19 Tb - 18 K
    (Thomson) and the entropy of vaporisation S = 8.75 + R ln Tb cal mol-1 K-1 (Kistiakowsky).
    Against n-alkanes at 25 degrees Celsius: pentane to octane within a fifth, dodecane twice.

    References
    ----------
    Lyman, Reehl and Rosenblatt (1990), Handbook of Chemical Property Estimation Methods, ch. 14;
    the form of NOAA's ADIOS2 (Jones 1997, Proc. 20th AMOP).
    """
    c = 0.19 * boiling_point - 18.0
    entropy = 8.75 + _GAS_CONSTANT * np.log(boiling_point)
    span = boiling_point - c
    scale = entropy * span / (_COMPRESSIBILITY * _GAS_CONSTANT * boiling_point)
    return ATMOSPHERE * np.exp(scale * (temperature - boiling_point) / (temperature - c))


@law
def mass_transfer_mackay1973(wind_speed):
    """Return the mass transfer coefficient of evaporation.

    Parameters
    ----------
    wind_speed : float
        Wind speed at 10 m. [m s-1]

    Returns
    -------
    float
        0.0025 U**0.78 up to 10 m s-1, 0.06 * 0.0025 U**2 above; 0 in a calm. [m s-1]

    Notes
    -----
    Mackay and Matsugu have 0.0292 U**0.78 X**-0.11 Sc**-0.67 in metres per hour, which is
    0.0048 U**0.78 X**-0.11 Sc**-0.67 in SI units, X the diameter of the slick [m] and Sc the
    Schmidt number. The constant 0.0025 (Buchanan and Hurford 1988) leaves both out, for one to two
    times as much over slicks of 10 m to 1 km; it and the square law of strong winds are those of
    ADIOS2. Where the two laws meet they differ by 0.4 %.

    References
    ----------
    Mackay and Matsugu (1973), Can. J. Chem. Eng. 51, 434-439, doi:10.1002/cjce.5450510407;
    Buchanan and Hurford (1988), Oil Chem. Pollut. 4, 311-328.
    """
    if wind_speed <= 0.0:
        return 0.0
    if wind_speed > _STRONG_WIND:
        return 0.06 * _BUCHANAN * wind_speed * wind_speed
    return _BUCHANAN * np.exp(0.78 * np.log(wind_speed))


@law
def decay(x):
    """Return about exp(-x) for x >= 0, without the cost of an exponential.

    Parameters
    ----------
    x : float
        Duration over time scale, not negative. [1]

    Returns
    -------
    float
        1 / (1 + x + x**2 / 2 + x**3 / 6): in (0, 1], falling. [1]

    Notes
    -----
    An implicit step of third order. Never below exp(-x); above it by less than x**4 / 24, by 0.2 %
    at most for x <= 0.5, and by 0.028 at most for any x. Loops that call it run in vector
    registers, which those that call an exponential do not.
    """
    return 1.0 / (1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0))))


@law
def evaporation_rate_mackay1980(
    wind_speed, temperature, thickness, vapour_pressure_bar, evaporated_fraction
):
    """Return how fast the evaporated fraction of an oil grows.

    Parameters
    ----------
    wind_speed : float
        Wind speed at 10 m. [m s-1]
    temperature : float
        Of the oil, that of the sea surface. [K]
    thickness : float
        Volume over area of the slick. [m]
    vapour_pressure_bar : float
        Of the fresh oil. [bar]
    evaporated_fraction : float
        Volume evaporated over initial volume, F. [1]

    Returns
    -------
    float
        8e-4 (3.6 U)**0.78 (1 - F) P exp(-12 F) / (T h). [s-1]

    Notes
    -----
    The constant 8e-4 stands for the mass transfer coefficient, the molar volume and the gas
    constant in MEDSLIK-II's units; some of its versions have 3.3e-5.

    References
    ----------
    Mackay, Paterson and Trudel (1980), A mathematical model of oil spill behaviour, Environment
    Canada EE-7; De Dominicis et al. (2013), Geosci. Model Dev. 6, 1851-1869,
    doi:10.5194/gmd-6-1851-2013.
    """
    if wind_speed <= 0.0:
        return 0.0
    wind_and_loss = np.exp(0.78 * np.log(3.6 * wind_speed) - 12.0 * evaporated_fraction)
    left = 1.0 - evaporated_fraction
    return 8.0e-4 * wind_and_loss * left * vapour_pressure_bar / (temperature * thickness)
