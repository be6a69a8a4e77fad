"""Sunglint on sea and on oil: where a slick is brighter than the water around it, where darker.

Cox and Munk (1954, https://doi.org/10.1364/JOSA.44.000838) for the slopes of clean and of slick
seas; Lu et al. (2016, https://doi.org/10.1002/2015JC011001) for the angle at which contrasts turn.
"""

from __future__ import annotations

import math

CLEAN_SLOPES = (0.003, 0.00512)
"""Variance of slopes of a clean sea: at no wind, and for each m/s."""

SLICK_SLOPES = (0.008, 0.00156)
"""Variance of slopes of a slick sea."""

WATER_INDEX, OIL_INDEX = 1.34, 1.47


def tilt_deg(sun_zenith_deg: float, view_zenith_deg: float, azimuth_deg: float) -> float:
    """Return how far a facet leans that mirrors the sun into the sensor.

    Parameters
    ----------
    sun_zenith_deg, view_zenith_deg : float
        [degrees]
    azimuth_deg : float
        Between the directions from which the sun shines and to which the sensor is, 180 where it
        looks into the glint. [degrees]

    Returns
    -------
    float
        [degrees]
    """
    sun, view = math.radians(sun_zenith_deg), math.radians(view_zenith_deg)
    doubled = math.cos(sun) * math.cos(view) + math.sin(sun) * math.sin(view) * math.cos(
        math.radians(azimuth_deg)
    )
    half = 0.5 * math.acos(max(-1.0, min(1.0, doubled)))
    cosine = (math.cos(sun) + math.cos(view)) / (2.0 * math.cos(half))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def turning_tilt_deg(wind_speed: float) -> float:
    """Return the tilt at which a slick is as bright as the water: brighter below, darker above.

    Parameters
    ----------
    wind_speed : float
        From 1.5 m/s on, where slopes of a slick are smaller than those of the sea. [m s-1]

    Returns
    -------
    float
        [degrees]
    """
    clean = CLEAN_SLOPES[0] + CLEAN_SLOPES[1] * wind_speed
    slick = SLICK_SLOPES[0] + SLICK_SLOPES[1] * wind_speed
    mirrored = _fresnel(OIL_INDEX) / _fresnel(WATER_INDEX)
    squared = math.log(mirrored * clean / slick) / (1.0 / slick - 1.0 / clean)
    return math.degrees(math.atan(math.sqrt(squared)))


def _fresnel(index: float) -> float:
    """Return the share of light that a smooth surface mirrors from straight above."""
    return ((index - 1.0) / (index + 1.0)) ** 2
