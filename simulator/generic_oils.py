"""Oils that need no file: typical crudes of any API gravity, and common products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.errors import SimulatorError
from simulator.oil import TEMPERATURE_15C, Oil, density_from_api
from simulator.plausible import real

_NOAA_CRUDES = (
    # API; kinematic viscosity at 0, 15 and 25 degrees Celsius [m2 s-1]; pour point [K]
    (15.37, (2.7355e-2, 5.855e-3, 2.283e-3), 265.6),
    (29.68, (1.04603e-4, 3.682e-5, 1.946e-5), 257.3),
    (39.11, (1.74644e-5, 7.686e-6, 4.656e-6), 262.3),
)
"""NOAA's generic heavy, medium and light crude, ADIOS AD04002, AD04001 and AD04000."""

LEAST_API, MOST_API = 2.0, 70.0
"""API gravities between which the generic oils are those of crude oils. [degrees]"""


def generic_oil(api_gravity: float, name: str | None = None) -> Oil:
    """Return a crude oil that is typical of its API gravity.

    Parameters
    ----------
    api_gravity : float
        From 2, since less is a specific gravity rather than the API gravity of a crude oil, to 70.
        [degrees]
    name : str, optional
        Default: says the API gravity.

    Raises
    ------
    SimulatorError
        If no crude oil has the API gravity.

    Notes
    -----
    Density by definition; viscosity and pour point between NOAA's generic heavy, medium and light
    crude (the logarithm of viscosity linear in API, also beyond them from 5 to 50); distillation
    by Jones (1997); the rest as in `Oil.from_measurements`.
    """
    if not LEAST_API <= real("generic", "api_gravity", api_gravity) <= MOST_API:
        raise SimulatorError(
            f"api_gravity = {api_gravity:g}: expected {LEAST_API:g} to {MOST_API:g} degrees API"
        )
    apis = [api for api, _, _ in _NOAA_CRUDES]
    api = min(max(api_gravity, 5.0), 50.0)
    k = 0 if api < apis[1] else 1
    weight = (api - apis[k]) / (apis[k + 1] - apis[k])
    viscosities = [
        (celsius + 273.15, heavier ** (1.0 - weight) * lighter**weight)
        for celsius, heavier, lighter in zip(
            (0.0, 15.0, 25.0), _NOAA_CRUDES[k][1], _NOAA_CRUDES[k + 1][1], strict=True
        )
    ]
    return Oil.from_measurements(
        name or f"generic crude of {api_gravity:g} API",
        densities=[(TEMPERATURE_15C, density_from_api(api_gravity))],
        viscosities=viscosities,
        pour_point=float(np.interp(api, apis, [pour for _, _, pour in _NOAA_CRUDES])),
    )


def _product(
    name: str,
    api_gravity: float,
    viscosities: Sequence[tuple[float, float]],
    cuts: Sequence[tuple[float, float]],
    pour_point: float,
    *,
    emulsifies: bool,
    cuts_by_volume: bool = False,
) -> Oil:
    """Return a refined product of an API gravity."""
    return Oil.from_measurements(
        name,
        densities=[(TEMPERATURE_15C, density_from_api(api_gravity))],
        viscosities=viscosities,
        cuts=cuts,
        cuts_by_volume=cuts_by_volume,
        emulsifies=emulsifies,
        pour_point=pour_point,
    )


def _generic_products() -> tuple[Oil, ...]:
    return (
        # Motor gasoline: middle of the distillation limits of EN 228 (E70, E100, E150, end point).
        _product(
            "generic-gasoline",
            60.0,
            [(288.15, 6.5e-7)],
            [(303.15, 0.0), (343.15, 0.36), (373.15, 0.59), (423.15, 0.85), (483.15, 1.0)],
            213.15,
            emulsifies=False,
            cuts_by_volume=True,
        ),
        # Viscosity, distillation and pour point of NOAA's generic diesel, ADIOS AD04007.
        _product(
            "generic-diesel",
            37.0,
            [(273.15, 1.5416e-5), (288.15, 7.472e-6), (298.15, 4.801e-6)],
            [(360.0, 0.0), (476.0, 0.065), (570.0, 0.541), (643.0, 0.977), (700.0, 1.0)],
            248.9,
            emulsifies=False,
        ),
        # 180 mm2 s-1 at 50 degrees Celsius gives the name; the rest of ADIOS AD01676.
        _product(
            "generic-ifo-180",
            16.0,
            [(288.15, 2.4e-3), (323.15, 1.8e-4)],
            [(517.0, 0.1), (609.0, 0.3), (805.0, 0.5), (903.0, 0.7), (997.0, 0.9)],
            263.15,
            emulsifies=True,
        ),
        # 380 mm2 s-1 at 50 degrees Celsius; the rest of NOAA's generic heavy fuel oil, AD04013.
        _product(
            "generic-ifo-380",
            12.0,
            [(288.15, 8.8e-3), (323.15, 3.8e-4)],
            [(360.0, 0.0), (476.0, 0.056), (570.0, 0.16), (643.0, 0.284), (807.0, 0.613)],
            271.15,
            emulsifies=True,
        ),
        # Mean of nine fuels of very low sulphur, AMSA, ADIOS AD02580; median of their pour points.
        _product(
            "generic-vlsfo",
            18.8,
            [(293.15, 1.9557e-3), (303.15, 6.306e-4), (323.15, 1.0468e-4)],
            [(469.0, 0.015), (509.0, 0.095), (604.0, 0.347), (705.0, 0.631), (785.0, 0.873)],
            273.15,
            emulsifies=True,
        ),
    )


GENERIC_OILS: dict[str, Oil] = {
    oil.name: oil
    for oil in (
        *_generic_products(),
        generic_oil(35.0, "generic-light-crude"),
        generic_oil(28.0, "generic-medium-crude"),
        generic_oil(18.0, "generic-heavy-crude"),
    )
}
"""Typical oils, from the lightest to the heaviest of products and of crudes."""
