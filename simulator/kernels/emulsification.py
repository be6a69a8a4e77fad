"""Water taken up by the slick, and what it does to viscosity and density."""

import numpy as np

from simulator.kernels._jit import law
from simulator.kernels.elementary import exponential
from simulator.kernels.evaporation import decay


@law
def water_uptake_rate_mackay1980(wind_speed):
    """Return how fast fresh oil takes up water.

    Parameters
    ----------
    wind_speed : float
        Wind speed at 10 m. [m s-1]

    Returns
    -------
    float
        1.6e-6 (U + 1)**2, volume of water in that of the emulsion per second. [s-1]

    References
    ----------
    Mackay, Paterson and Trudel (1980), A mathematical model of oil spill behaviour, Environment
    Canada EE-7; constant as in De Dominicis et al. (2013), Geosci. Model Dev. 6, 1851-1869,
    doi:10.5194/gmd-6-1851-2013.
    """
    return 1.6e-6 * (wind_speed + 1.0) * (wind_speed + 1.0)


@law
def water_fraction_after(water_fraction, max_water_fraction, wind_speed, dt):
    """Return the water fraction of an emulsion after a step.

    Parameters
    ----------
    water_fraction : float
        Volume of water in that of the emulsion, w. [1]
    max_water_fraction : float
        The same of the wettest emulsion; 0 for an oil that takes up none. [1]
    wind_speed : float
        Wind speed at 10 m. [m s-1]
    dt : float
        [s]

    Returns
    -------
    float
        Solution of dw/dt = k (1 - w / w_max) with constant k, by `decay`: stable for any step,
        never above w_max. [1]
    """
    if max_water_fraction <= 0.0:
        return 0.0
    x = water_uptake_rate_mackay1980(wind_speed) * dt / max_water_fraction
    room = max(max_water_fraction - water_fraction, 0.0)
    return max_water_fraction - room * decay(x)


@law
def viscosity_factor_mooney1951(water_fraction):
    """Return by how much water makes an emulsion more viscous than its oil.

    Parameters
    ----------
    water_fraction : float
        Volume of water in that of the emulsion, w. [1]

    Returns
    -------
    float
        exp(2.5 w / (1 - 0.65 w)). [1]

    References
    ----------
    Mooney (1951), J. Colloid Sci. 6, 162-170, doi:10.1016/0095-8522(51)90036-0; the constant
    0.65 of Mackay et al. (1980), as in MEDSLIK-II.
    """
    return np.exp(_mooney1951(water_fraction))


@law
def viscosity_factor_evaporation(evaporated_fraction, kinematic_viscosity):
    """Return by how much the loss of light components thickens an oil.

    Parameters
    ----------
    evaporated_fraction : float
        F. [1]
    kinematic_viscosity : float
        Of the fresh oil at the present temperature. [m2 s-1]

    Returns
    -------
    float
        exp(C F), C = 1500 sqrt(viscosity) kept within 1 and 10. [1]

    Notes
    -----
    The form exp(C F) is that of Mackay et al. (1980), with C between 1 and 10 from gasoline to
    heavy crude; MEDSLIK-II has C = 4 for all. The dependence on viscosity is that of ADIOS2.

    References
    ----------
    Mackay, Paterson and Trudel (1980), A mathematical model of oil spill behaviour, Environment
    Canada EE-7; Lehr et al. (2002), Environ. Model. Softw. 17, 189-197,
    doi:10.1016/S1364-8152(01)00064-0.
    """
    return np.exp(_loss(evaporated_fraction, kinematic_viscosity))


@law
def weathered_viscosity(kinematic_viscosity, evaporated_fraction, water_fraction):
    """Return the viscosity of an oil that has lost light components and taken up water. [m2 s-1]

    The product of the fresh oil's at the present temperature and of the two factors above, at the
    price of one exponential.
    """
    exponent = _loss(evaporated_fraction, kinematic_viscosity) + _mooney1951(water_fraction)
    return kinematic_viscosity * exponential(exponent)


@law
def _mooney1951(water_fraction):
    return 2.5 * water_fraction / (1.0 - 0.65 * water_fraction)


@law
def _loss(evaporated_fraction, kinematic_viscosity):
    return min(max(1500.0 * np.sqrt(kinematic_viscosity), 1.0), 10.0) * evaporated_fraction


@law
def emulsion_density(oil_density, water_fraction, water_density):
    """Return the density of an emulsion from those of its oil and of sea water. [kg m-3]"""
    return oil_density + water_fraction * (water_density - oil_density)
