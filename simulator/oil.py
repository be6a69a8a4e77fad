"""Properties of the oil."""

from __future__ import annotations

WATER_DENSITY_15C = 999.1
"""Fresh water at 15 degrees Celsius. [kg m-3]"""

GENERIC_API_GRAVITY = {
    "generic-diesel": 37.0,
    "generic-light-crude": 35.0,
    "generic-medium-crude": 28.0,
    "generic-heavy-crude": 18.0,
    "generic-ifo-180": 16.0,
    "generic-ifo-380": 12.0,
}
"""API gravity of typical oils. [degrees]"""


def density_from_api(api_gravity: float) -> float:
    """Return the density of oil at 15 degrees Celsius from its API gravity. [kg m-3]

    API = 141.5 / specific gravity - 131.5 (American Petroleum Institute).
    """
    return WATER_DENSITY_15C * 141.5 / (api_gravity + 131.5)
