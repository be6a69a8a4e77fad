"""How droplets rise, and the sea water that they rise in."""

import numpy as np

from simulator.kernels._jit import law

_G = 9.81  # standard gravity [m s-2]
_ZERO_CELSIUS = 273.15

# Abraham's boundary layer around a sphere: drag = _DRAG (1 + _LAYER / sqrt(Re))**2
_LAYER = 9.06
_DRAG = 24.0 / _LAYER**2


@law
def rise_velocity(diameter, oil_density, water_density, water_kinematic_viscosity):
    """Return the terminal velocity of a droplet.

    Parameters
    ----------
    diameter : float
        [m]
    oil_density, water_density : float
        [kg m-3]
    water_kinematic_viscosity : float
        [m2 s-1]

    Returns
    -------
    float
        Upward; negative where the oil is the denser. [m s-1]

    Notes
    -----
    Of a rigid sphere: natural surfactants stop the flow inside, and below a few millimetres a
    droplet stays round. Abraham's drag coefficient, 24 / 9.06**2 (1 + 9.06 / sqrt(Re))**2, covers
    all regimes from Stokes' (its exact limit) to Re of some thousands and can be solved for the
    velocity, which is within 10 % of that by the standard drag curve. The usual pair, Stokes' law
    up to Re = 50 and a constant form drag beyond, is up to twice as fast around Re = 25.

    References
    ----------
    Abraham (1970), Phys. Fluids 13, 2194-2195; standard drag curve: Clift, Grace and Weber (1978),
    Bubbles, Drops, and Particles, ch. 5.
    """
    if diameter <= 0.0:
        return 0.0
    deficit = (water_density - oil_density) / water_density
    archimedes = _G * abs(deficit) * diameter**3 / water_kinematic_viscosity**2
    # Re + 9.06 sqrt(Re) = s, solved without taking the difference of two close numbers
    s = np.sqrt(4.0 / (3.0 * _DRAG) * archimedes)
    root = 2.0 * s / (_LAYER + np.sqrt(_LAYER * _LAYER + 4.0 * s))
    speed = root * root * water_kinematic_viscosity / diameter
    return speed if deficit >= 0.0 else -speed


@law
def diameter_rising(speed, oil_density, water_density, water_kinematic_viscosity):
    """Return the diameter of the droplet that rises at a speed: the inverse of `rise_velocity`.

    Parameters
    ----------
    speed : float
        [m s-1]
    oil_density, water_density : float
        [kg m-3]
    water_kinematic_viscosity : float
        [m2 s-1]

    Returns
    -------
    float
        Infinite where the oil does not rise. [m]
    """
    deficit = (water_density - oil_density) / water_density
    if deficit <= 0.0:
        return np.inf
    # s = Re + 9.06 sqrt(Re) with s = scale d**1.5 and Re = U d / nu is quadratic in sqrt(d)
    scale = np.sqrt(4.0 / (3.0 * _DRAG) * _G * deficit) / water_kinematic_viscosity
    flow = speed / water_kinematic_viscosity
    root = 0.5 * (flow + np.sqrt(flow * flow + 4.0 * scale * _LAYER * np.sqrt(flow))) / scale
    return root * root


@law
def sea_water_density(temperature):
    """Return the density of sea water of salinity 35 at the surface.

    Parameters
    ----------
    temperature : float
        [K]

    Returns
    -------
    float
        Cubic within 0.02 kg m-3 of the equation of state of 1980 from -2 to 40 degrees Celsius.
        [kg m-3]

    References
    ----------
    Millero and Poisson (1981), Deep-Sea Res. 28A, 625-629, doi:10.1016/0198-0149(81)90122-9.
    """
    t = temperature - _ZERO_CELSIUS
    return 1028.11 + t * (-0.059176 + t * (-0.0059418 + t * 2.7312e-05))


@law
def sea_water_kinematic_viscosity(temperature):
    """Return the kinematic viscosity of sea water of salinity 35 at the surface.

    Parameters
    ----------
    temperature : float
        [K]

    Returns
    -------
    float
        [m2 s-1]

    References
    ----------
    Dynamic viscosity: Sharqawy, Lienhard and Zubair (2010), Desalin. Water Treat. 16, 354-380,
    doi:10.5004/dwt.2010.1079, eqs. 22 and 23; their salinity is in kg kg-1.
    """
    t = temperature - _ZERO_CELSIUS
    fresh = 4.2844e-5 + 1.0 / (0.157 * (t + 64.993) * (t + 64.993) - 91.296)
    a = 1.541 + t * (1.998e-2 - 9.52e-5 * t)
    b = 7.974 + t * (-7.561e-2 + 4.724e-4 * t)
    return fresh * (1.0 + 0.035 * (a + 0.035 * b)) / sea_water_density(temperature)
