"""Mechanical spreading of a slick that is thick in its middle and a thin sheen around.

Mackay et al. (1980), A mathematical model of oil spill behaviour, Environment Canada EE-7, after
Fay (1971); constants as in De Dominicis et al. (2013), Geosci. Model Dev. 6, 1851-1869,
doi:10.5194/gmd-6-1851-2013. Each law holds its rate's coefficients over the step and is the exact
solution then, so that no sub-steps are needed.
"""

import numpy as np

from simulator.kernels._jit import law

THIN_THICKNESS = 1e-5
"""Thickness of the sheen, at all times. [m]"""

INITIAL_THICK_THICKNESS = 0.02
"""Thickness of the thick part, at release. [m]"""

INITIAL_THIN_SHARE = 4.0
"""Area of the sheen over that of the thick part, at release. [1]"""

_THICK_RATE = 150.0  # [s-1]
_THIN_RATE = 1.0  # [m(4/3) s-1]
_FEEDING_THICKNESS = 0.0015  # below it, little oil reaches the sheen [m]


@law
def thick_area_after(thick_area, thick_volume, dt):
    """Return the area of the thick part after a step.

    Parameters
    ----------
    thick_area : float
        A. [m2]
    thick_volume : float
        V, constant over the step. [m3]
    dt : float
        [s]

    Returns
    -------
    float
        Solution of dA/dt = 150 A**(1/3) (V / A)**(4/3): A**2 grows by 300 V**(4/3) dt. [m2]

    Notes
    -----
    Growth with the square root of time, as of Fay's balance of gravity and viscosity.
    """
    if thick_volume <= 0.0:
        return thick_area
    # a logarithm and an exponential, since a cube root takes longer
    growth = 2.0 * _THICK_RATE * np.exp(4.0 / 3.0 * np.log(thick_volume)) * dt
    return np.sqrt(thick_area * thick_area + growth)


@law
def total_area_after(total_area, thick_thickness, dt):
    """Return the area of thick part and sheen together after a step.

    Parameters
    ----------
    total_area : float
        A, above 0. [m2]
    thick_thickness : float
        T, constant over the step. [m]
    dt : float
        [s]

    Returns
    -------
    float
        Solution of dA/dt = A**(1/3) exp(-0.0015 / (T + 1e-5)): A**(2/3) grows linearly. [m2]
    """
    rate = _THIN_RATE * np.exp(-_FEEDING_THICKNESS / (thick_thickness + THIN_THICKNESS))
    grown = np.exp(2.0 / 3.0 * np.log(total_area)) + 2.0 / 3.0 * rate * dt
    return grown * np.sqrt(grown)


@law
def spreading_variance(area_growth):
    """Return the variance of random displacements that let particles spread as the slick does.

    Parameters
    ----------
    area_growth : float
        Of a slick over a step. [m2]

    Returns
    -------
    float
        Of the displacement, along each axis: growth / (4 pi). [m2]

    Notes
    -----
    A uniform disc of radius R has the variance R**2 / 4 = A / (4 pi) along each axis, and variances
    of independent displacements add up. Unlike a stretching about the centre of the slick, random
    displacements need no centre and hold for slicks of any shape, torn ones too.

    References
    ----------
    Another random walk tied to a theory of spreading: Durgut and Reed (2017), Mar. Pollut. Bull.
    118, 93-100, doi:10.1016/j.marpolbul.2017.02.038.
    """
    return area_growth / (4.0 * np.pi)
