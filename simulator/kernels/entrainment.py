"""Natural dispersion: oil that breaking waves drive into the water as droplets.

Two families. Li et al. (2017) count all oil that a breaking wave entrains, large droplets that soon
resurface among it: a rate in the range of minutes, made for models that follow droplets. Delvigne
and Sweeney (1988), as in ADIOS2, and Mackay et al. (1980), as in MEDSLIK-II, count the small
droplets only, which stay: a net loss.
"""

from math import erf

import numpy as np

from simulator.kernels._jit import law
from simulator.kernels.elementary import exponential, logarithm

DROPLET_LOG10_SPREAD = 0.4
"""Standard deviation of log10 of the droplet diameter, by volume (Johansen et al. 2015)."""

PERMANENT_DIAMETER = 70e-6
"""Droplets up to this size count as dispersed for good (Delvigne and Sweeney 1988; ADIOS2). [m]"""

_G = 9.81  # standard gravity [m s-2]
_LOG_4604E10 = np.log(4.604e-10)
_BREAKING_WIND = 5.0  # [m s-1]
_SMALLEST_DEFICIT = 10.0  # [kg m-3]


@law
def whitecap_rate_holthuijsen1986(wind_speed, wave_period):
    """Return the fraction of the sea surface that breaking waves cover anew each second.

    Parameters
    ----------
    wind_speed : float
        Wind speed at 10 m. [m s-1]
    wave_period : float
        Peak period. [s]

    Returns
    -------
    float
        0.032 (U - 5) / Tp; 0 below 5 m s-1. [s-1]

    References
    ----------
    Holthuijsen and Herbers (1986), J. Phys. Oceanogr. 16, 290-297; as used by Delvigne and Sweeney
    (1988) and Li et al. (2017).
    """
    return 0.032 * max(wind_speed - _BREAKING_WIND, 0.0) / wave_period


@law
def _largest_stable_droplet(oil_density, water_density, interfacial_tension):
    """Return the Rayleigh-Taylor limit of the droplet diameter, 4 sqrt(sigma / (g deficit)). [m]

    The deficit of density is kept at 10 kg m-3 or more: the limit grows without bound towards
    neutral buoyancy, far beyond the oils (deficit of some tens of kg m-3 and more) that the laws
    were fitted to, and is imaginary for oil that sinks.
    """
    deficit = max(water_density - oil_density, _SMALLEST_DEFICIT)
    return 4.0 * np.sqrt(interfacial_tension / (_G * deficit))


@law
def entrainment_rate_li2017(
    wave_height,
    whitecap_rate,
    dynamic_viscosity,
    oil_density,
    water_density,
    interfacial_tension,
):
    """Return the fraction of a slick that waves entrain each second, as droplets of all sizes.

    Parameters
    ----------
    wave_height : float
        Significant. [m]
    whitecap_rate : float
        See `whitecap_rate_holthuijsen1986`. [s-1]
    dynamic_viscosity : float
        Of the oil or emulsion. [Pa s]
    oil_density, water_density : float
        [kg m-3]
    interfacial_tension : float
        Of oil and water. [N m-1]

    Returns
    -------
    float
        4.604e-10 We**1.805 Oh**-1.023 whitecap_rate. [s-1]

    Notes
    -----
    We = rho_w g H d / sigma and Oh = mu / sqrt(rho_o sigma d), d the largest stable droplet.

    References
    ----------
    Li, Spaulding and French-McCay (2017), Mar. Pollut. Bull. 119, 145-152,
    doi:10.1016/j.marpolbul.2017.03.048.
    """
    weber, ohnesorge2 = numbers_li2017(
        wave_height, dynamic_viscosity, oil_density, water_density, interfacial_tension
    )
    return whitecap_rate * exponential(exponent_li2017(weber, ohnesorge2))


@law
def numbers_li2017(wave_height, dynamic_viscosity, oil_density, water_density, interfacial_tension):
    """Return We and the square of Oh, see `entrainment_rate_li2017`. [1, 1]"""
    d = _largest_stable_droplet(oil_density, water_density, interfacial_tension)
    weber = water_density * _G * wave_height * d / interfacial_tension
    return weber, dynamic_viscosity * dynamic_viscosity / (oil_density * interfacial_tension * d)


@law
def exponent_li2017(weber, ohnesorge2):
    """Return the logarithm of 4.604e-10 We**1.805 Oh**-1.023. [1]"""
    return _LOG_4604E10 + 1.805 * logarithm(weber) - 0.5 * 1.023 * logarithm(ohnesorge2)


@law
def droplet_median_diameter_li2017(
    wave_height, dynamic_viscosity, oil_density, water_density, interfacial_tension
):
    """Return the diameter which half the volume of entrained droplets stays below.

    Parameters
    ----------
    wave_height : float
        Significant, above 0. [m]
    dynamic_viscosity : float
        Of the oil or emulsion. [Pa s]
    oil_density, water_density : float
        [kg m-3]
    interfacial_tension : float
        Of oil and water. [N m-1]

    Returns
    -------
    float
        1.791 d (1 + 10 Oh)**0.460 We**-0.518; symbols as in `entrainment_rate_li2017`. [m]

    References
    ----------
    Li, Spaulding, French McCay, Crowley and Payne (2017), Mar. Pollut. Bull. 114, 247-257,
    doi:10.1016/j.marpolbul.2016.09.008.
    """
    d = _largest_stable_droplet(oil_density, water_density, interfacial_tension)
    weber = water_density * _G * wave_height * d / interfacial_tension
    ohnesorge = dynamic_viscosity / np.sqrt(oil_density * interfacial_tension * d)
    power = np.exp(0.460 * np.log(1.0 + 10.0 * ohnesorge) - 0.518 * np.log(weber))
    return 1.791 * d * power


@law
def droplet_diameter(median, normal):
    """Return a droplet diameter of the lognormal distribution by volume. [m]

    `median` is that of the volume [m], `normal` a standard normal number.

    References
    ----------
    Spread: Johansen, Reed and Bodsberg (2015), Mar. Pollut. Bull. 93, 20-26,
    doi:10.1016/j.marpolbul.2015.02.026.
    """
    return median * np.exp(np.log(10.0) * DROPLET_LOG10_SPREAD * normal)


@law
def share_below(diameter, median):
    """Return the share of the entrained volume in droplets below a diameter. [1]

    `diameter` and `median` (of the volume) in metres; see `droplet_diameter`.
    """
    scale = np.log(10.0) * DROPLET_LOG10_SPREAD * np.sqrt(2.0)
    return 0.5 + 0.5 * erf(np.log(diameter / median) / scale)


@law
def entrainment_rate_delvigne1988(
    wave_height,
    whitecap_rate,
    kinematic_viscosity,
    thickness,
    oil_density,
    water_density,
    water_fraction,
):
    """Return the fraction of a slick that is lost each second to droplets below 70 micrometres.

    Parameters
    ----------
    wave_height : float
        Significant. [m]
    whitecap_rate : float
        See `whitecap_rate_holthuijsen1986`. [s-1]
    kinematic_viscosity : float
        Of the oil or emulsion. [m2 s-1]
    thickness : float
        Of the oil, its water not counted. [m]
    oil_density, water_density : float
        Of the oil without its water, and of the sea. [kg m-3]
    water_fraction : float
        Volume of water in that of the emulsion, w. [1]

    Returns
    -------
    float
        C D**0.57 whitecap_rate 3.9e-8 (1 - w) / (rho_o thickness). [s-1]

    Notes
    -----
    C = 2400 exp(-73.682 sqrt(viscosity)) is ADIOS2's fit to the oils tested, in SI units, and
    3.9e-8 the integral of the droplet sizes up to 70 micrometres. D = 0.0034 rho_w g H**2 is the
    energy that a breaking wave dissipates per area [J m-2], H the root mean square height, which is
    the significant one over sqrt(2).

    References
    ----------
    Delvigne and Sweeney (1988), Oil Chem. Pollut. 4, 281-310,
    doi:10.1016/S0269-8579(88)80003-0; Lehr et al. (2002), Environ. Model. Softw. 17, 189-197,
    doi:10.1016/S1364-8152(01)00064-0.
    """
    energy = 0.0034 * water_density * _G * 0.5 * wave_height * wave_height
    power = exponential(0.57 * logarithm(energy) - 73.682 * np.sqrt(kinematic_viscosity))
    flux = 2400.0 * 3.9e-8 * power * whitecap_rate * (1.0 - water_fraction)
    return flux / (oil_density * thickness)


@law
def entrainment_rate_mackay1980(wind_speed, kinematic_viscosity, thickness):
    """Return the fraction of a thick slick that is lost each second to small droplets.

    Parameters
    ----------
    wind_speed : float
        Wind speed at 10 m. [m s-1]
    kinematic_viscosity : float
        Of the oil or emulsion. [m2 s-1]
    thickness : float
        Of the thick part. [m]

    Returns
    -------
    float
        7/13 f s, with f = 0.8e-5 (U + 1)**2 entrained each second and
        s = 1 / (1 + 50 sqrt(viscosity / 10 cSt) (thickness / 1 mm)) of it in small droplets. [s-1]

    Notes
    -----
    MEDSLIK-II's law. Small droplets at the concentration c = 2 f s thickness / (3e-4 + 1e-3 m s-1)
    leave through diffusion at 0.5 (1e-3 - 3e-4 m s-1) c, hence 7/13. Left out: what it takes to
    fill the layer under the slick with droplets, which MEDSLIK-II counts as lost too, at the start.
    An interfacial tension of 24 mN m-1 is built in, as there.

    References
    ----------
    Mackay, Paterson and Trudel (1980), A mathematical model of oil spill behaviour, Environment
    Canada EE-7; De Dominicis et al. (2013), Geosci. Model Dev. 6, 1851-1869,
    doi:10.5194/gmd-6-1851-2013.
    """
    entrained = 0.8e-5 * (wind_speed + 1.0) * (wind_speed + 1.0)
    ratio = np.sqrt(1e5 * kinematic_viscosity) * 1e3 * thickness
    return 7.0 / 13.0 * entrained / (1.0 + 50.0 * ratio)


@law
def delvigne_diameter(uniform):
    """Return the diameter of a droplet that is dispersed for good. [m]

    `uniform` is uniform on [0, 1). The number of droplets falls with the diameter as d**-2.3, so
    their volume up to d grows as d**1.7, to the whole at 70 micrometres.

    References
    ----------
    Delvigne and Sweeney (1988), Oil Chem. Pollut. 4, 281-310,
    doi:10.1016/S0269-8579(88)80003-0.
    """
    return PERMANENT_DIAMETER * uniform ** (1.0 / 1.7)


@law
def intrusion_depth_delvigne1988(wave_height, uniform):
    """Return how deep a breaking wave drives a droplet. [m]

    `wave_height` is the significant one [m], for that of the breaker; `uniform` is uniform on
    [0, 1).

    Notes
    -----
    Droplets fill a layer of depth (1.5 +- 0.35) H evenly. The scatter of the layer's depth is left
    out, since a uniform number within the layer already spreads the droplets.

    References
    ----------
    Delvigne and Sweeney (1988), Oil Chem. Pollut. 4, 281-310,
    doi:10.1016/S0269-8579(88)80003-0.
    """
    return 1.5 * wave_height * uniform
