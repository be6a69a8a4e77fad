"""What no oil has is refused: most often a slip in a number, or another unit than was meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from math import log
from numbers import Real
from reprlib import repr as short

import numpy as np

from simulator.errors import SimulatorError

RANGES = {
    "temperature": (213.15, 473.15),
    "density": (600.0, 1200.0),
    "viscosity": (1e-7, 100.0),
    "boiling_points": (200.0, 1000.0),
    "max_water_fraction": (0.0, 0.97),
    "oil_water_interfacial_tension": (5e-4, 0.073),
    "pour_point": (123.15, 373.15),
    "cut_temperature": (200.0, 1073.15),
    "fraction": (0.0, 1.0),
}
"""Limits between which the properties of all oils lie, from naphtha to bitumen. [SI]"""

LEAST_OF_MOST = 0.02
"""There is always more that distils at all, and more water in the wettest emulsion. A fraction that
was divided by 100 once too often is 0.01 at most. [1]"""

SHORTEST_SPAN = 10.0
"""Distance of temperatures below which errors count for more than the difference. [K]"""

_UNITS = {
    "density": " kg m-3",
    "viscosity": " m2 s-1",
    "oil_water_interfacial_tension": " N m-1",
    "max_water_fraction": "",
    "fraction": "",
}
_ROUNDED = 0.02  # between fractions that say the same [1]
_STEEPEST_DENSITY = 8.0  # times as steep as of crude oil [1]
_STEEPEST_VISCOSITY = 30e3  # falls as exp(30 000 K / T) [K]
_WATSON_FACTORS = (8.0, 14.0)  # aromatics have 10, paraffins 13


def with_unit(name: str, value: float) -> str:
    """Return a value of a property in SI, as text."""
    return f"{value:g}{_UNITS.get(name, ' K')}"


def expansion(density: float) -> float:
    """Return how fast crude oil of a density [kg m-3] expands (API MPMS 11.1). [K-1]"""
    return 613.9723 / density**2


def real(oil: str, what: str, value: object) -> float:
    """Return a number; what is none is refused, texts and booleans too.

    Raises
    ------
    SimulatorError
    """
    if type(value) is not bool and isinstance(value, Real):
        with suppress(OverflowError):  # whole numbers have no limit
            return float(value)
    raise SimulatorError(f"oil {oil!r}: found the {what} {short(value)}, expected a number")


def reals(oil: str, what: str, values: object) -> tuple[float, ...]:
    """Return the numbers of a sequence; what is none is refused.

    Raises
    ------
    SimulatorError
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise SimulatorError(f"oil {oil!r}: found the {what} {short(values)}, expected numbers")
    return tuple(real(oil, what, value) for value in values)


def pairs(oil: str, what: str, values: object) -> tuple[tuple[float, float], ...]:
    """Return pairs of a temperature [K] and a number; what is none is refused.

    Raises
    ------
    SimulatorError
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise SimulatorError(
            f"oil {oil!r}: found the {what} {short(values)}, expected pairs of a temperature [K] "
            "and a value"
        )
    found = []
    for pair in values:
        numbers = reals(oil, what, pair)
        if len(numbers) != 2:
            raise SimulatorError(
                f"oil {oil!r}: found {short(numbers)} among the {what}, expected a temperature [K] "
                "and a value"
            )
        found.append((numbers[0], numbers[1]))
    return tuple(found)


def require_within(oil: str, name: str, value: float, place: str = "") -> None:
    """Refuse a value of a property beyond its range.

    Parameters
    ----------
    oil : str
        Its name, for the message, as everywhere here.
    name : str
        One of `RANGES`.
    value : float
        [SI]
    place : str
        What the message says after the value.

    Raises
    ------
    SimulatorError
    """
    low, high = RANGES[name]
    if not low <= value <= high:
        raise SimulatorError(
            f"oil {oil!r}: found the {name} {with_unit(name, value)}{place}, expected {low:g} to "
            f"{high:g}; check the number and its unit"
        )


def require_measurable(oil: str, what: str, points: Iterable[tuple[float, float]]) -> None:
    """Refuse temperatures [K] and values of density or viscosity beyond their ranges.

    Raises
    ------
    SimulatorError
    """
    for temperature, value in points:
        require_within(oil, "temperature", temperature, f" of a {what}")
        require_within(oil, what, value, f" at {temperature:g} K")


def require_falling(oil: str, what: str, points: Sequence[tuple[float, float]]) -> None:
    """Refuse densities or viscosities that rise with temperature [K], or fall faster than any.

    Raises
    ------
    SimulatorError
    """
    for (low, most), (high, least) in pairwise(points):
        if not (low < high and most > least):
            raise SimulatorError(
                f"oil {oil!r}: found {points}, expected a {what} that falls as temperature rises"
            )
        if what == "density":
            too_steep = most / least - 1.0 > _STEEPEST_DENSITY * expansion(least) * (high - low)
        else:
            too_steep = log(most / least) > _STEEPEST_VISCOSITY * (1.0 / low - 1.0 / high)
        if too_steep and high - low >= SHORTEST_SPAN:
            raise SimulatorError(
                f"oil {oil!r}: found the {what} {with_unit(what, most)} at {low:g} K and "
                f"{with_unit(what, least)} at {high:g} K, expected less of a difference; check the "
                "numbers and their unit"
            )


def require_flowing(oil: str, viscosity: float, temperature: float, api_gravity: float) -> None:
    """Refuse a viscosity [m2 s-1] of more than any oil has that flows.

    Notes
    -----
    At most 10**(1.6 - 0.1 API) m2 s-1, the API gravity counted up to 50: three orders of magnitude
    more than is typical at 15 degrees Celsius. `temperature` [K] is for the message.

    Raises
    ------
    SimulatorError
    """
    most = 10.0 ** (1.6 - 0.1 * min(api_gravity, 50.0))
    if viscosity > most:
        raise SimulatorError(
            f"oil {oil!r}: found viscosities that make {viscosity:.3g} m2 s-1 at "
            f"{temperature:g} K, expected at most {most:.3g}, as of oils of {api_gravity:.3g} API "
            "that flow; check the numbers and their unit"
        )


def require_distillation(oil: str, cuts: Sequence[tuple[float, float]], recovered: float) -> None:
    """Refuse a distillation, temperatures [K] and fractions [1], that no laboratory can measure.

    Raises
    ------
    SimulatorError
    """
    for temperature, fraction in cuts:
        require_within(oil, "cut_temperature", temperature)
        require_within(oil, "fraction", fraction, f" distilled at {temperature:g} K")
    require_within(oil, "fraction", recovered, " recovered")
    most = max(fraction for _, fraction in cuts)
    require_most(oil, "distilled fraction", most)
    require_most(oil, "recovered fraction", recovered)
    if recovered < most - _ROUNDED:
        raise SimulatorError(
            f"oil {oil!r}: found {recovered:g} recovered but {most:g} distilled; expected no less "
            "recovered than distilled"
        )


def require_most(oil: str, what: str, fraction: float) -> None:
    """Refuse the largest fraction [1] of a kind if it was divided by 100 once too often.

    Raises
    ------
    SimulatorError
    """
    if fraction < LEAST_OF_MOST:
        raise SimulatorError(
            f"oil {oil!r}: found no {what} above {fraction:g}, expected {LEAST_OF_MOST:g} or more; "
            "check the unit"
        )


def mended(cuts: Sequence[tuple[float, float]]) -> list[str]:
    """Return remarks on cuts [K, 1] at which less has distilled than at colder ones."""
    ordered = sorted(cuts)
    most = np.maximum.accumulate([fraction for _, fraction in ordered])
    return [
        f"the distilled fraction {fraction:g} at {temperature - 273.15:g} C is taken for "
        f"{already:g}, which has distilled before"
        for (temperature, fraction), already in zip(ordered, most, strict=True)
        if already - fraction > _ROUNDED
    ]


def require_watson(
    oil: str,
    specific_gravity: float,
    mass_fractions: Sequence[float],
    boiling_points: Sequence[float],
) -> None:
    """Refuse boiling points [K] that do not belong to a density, or the other way round.

    Notes
    -----
    By the characterisation factor (1.8 Tb)**(1/3) / specific gravity of Watson and Nelson (1933),
    doi:10.1021/ie50284a012, Tb**(-1/3) the mean by mass.

    Raises
    ------
    SimulatorError
    """
    root = float(np.sum(np.asarray(mass_fractions) / np.cbrt(boiling_points)))
    factor = np.cbrt(1.8) / (specific_gravity * root)
    low, high = _WATSON_FACTORS
    if not low <= factor <= high:
        raise SimulatorError(
            f"oil {oil!r}: found boiling points and a density that make a Watson factor of "
            f"{factor:.3g}, expected {low:g} to {high:g}; check the numbers and their units"
        )
