"""Measurements of ADIOS records in SI: what is no number, or beyond all oils, is refused."""

from __future__ import annotations

import math
from reprlib import repr as short
from typing import Any, NamedTuple

from catalog.errors import CatalogError

Points = tuple[tuple[float, float], ...]
"""Temperatures [K] and what was measured there. [SI]"""

MEND = "correct it in a copy of the record"
"""What a message tells to do about a slip."""

_ROUNDING = 1e-9
_VALUES = ("value", "max_value", "min_value")
_TEMPERATURE = {"K": (1.0, 0.0), "C": (1.0, 273.15), "F": (5.0 / 9.0, 459.67 * 5.0 / 9.0)}
_PARTS = {"fraction": (1.0, 0.0), "1": (1.0, 0.0), "%": (1e-2, 0.0)}


class Measured(NamedTuple):
    """What is measured of an oil.

    Attributes
    ----------
    name : str
    units : dict
        Units that the records use: the factor to SI and the zero of the scale in SI.
    low, high : float
        Between them are the values of all oils. [SI]
    """

    name: str
    units: dict[str, tuple[float, float]]
    low: float
    high: float

    def si(self, value: float, unit: str) -> float:
        """Return a value in SI."""
        factor, zero = self.units[unit]
        return value * factor + zero

    def holds(self, value: float) -> bool:
        """Return whether an oil can have a value [SI], but for rounding."""
        return self.low * (1.0 - _ROUNDING) <= value <= self.high * (1.0 + _ROUNDING)

    def range_in(self, unit: str) -> str:
        """Return the range in a unit, as text."""
        factor, zero = self.units[unit]
        low, high = ((limit - zero) / factor for limit in (self.low, self.high))
        return f"{low:.4g} to {high:.4g} {unit}"


DENSITY = Measured(
    "density",
    {"kg/m^3": (1.0, 0.0), "g/cm^3": (1e3, 0.0), "g/cm³": (1e3, 0.0), "g/mL": (1e3, 0.0)},
    600.0,
    1200.0,
)
KINEMATIC_VISCOSITY = Measured(
    "kinematic viscosity",
    {"m^2/s": (1.0, 0.0), "cSt": (1e-6, 0.0), "mm^2/s": (1e-6, 0.0)},
    1e-7,
    100.0,
)
DYNAMIC_VISCOSITY = Measured(
    "dynamic viscosity",
    {"kg/(m s)": (1.0, 0.0), "Pa.s": (1.0, 0.0), "mPa.s": (1e-3, 0.0), "cP": (1e-3, 0.0)},
    1e-4,
    1e5,
)
INTERFACIAL_TENSION = Measured(
    "interfacial tension",
    {"N/m": (1.0, 0.0), "mN/m": (1e-3, 0.0), "dyne/cm": (1e-3, 0.0)},
    5e-4,
    0.073,
)
REFERENCE_TEMPERATURE = Measured("temperature", _TEMPERATURE, 213.15, 473.15)
BOILING_TEMPERATURE = Measured("temperature of a distillation cut", _TEMPERATURE, 200.0, 1073.15)
POUR_POINT = Measured("pour point", _TEMPERATURE, 123.15, 373.15)
DISTILLED = Measured("distilled fraction", _PARTS, 0.0, 1.0)
EVAPORATED = Measured("evaporated fraction", _PARTS, 0.0, 1.0)
WATER_CONTENT = Measured("water content", _PARTS, 0.0, 0.97)


def table_in(table: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a table of a table; an empty one where there is none."""
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def tables_in(table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the tables of a list in a table."""
    value = table.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def number(value: object) -> float | None:
    """Return a finite number; None where there is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except OverflowError:  # JSON sets no limit to the digits of a whole number
        return None
    return found if math.isfinite(found) else None


def number_or_refused(value: object, what: str, oil: str, place: str = "") -> float | None:
    """Return a finite number; None where there is none. What is there and no number is refused.

    Parameters
    ----------
    value : object
    what, oil, place : str
        For the message: the property, file and oil, and what follows the value.

    Raises
    ------
    CatalogError
    """
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return number(value)
    raise CatalogError(f"{oil}: found the {what} {short(value)}{place}, expected a number; {MEND}")


def in_si(measurement: object, quantity: Measured, oil: str, place: str = "") -> float | None:
    """Return a measurement in SI; None where it has no number. Of a range, its upper end.

    Parameters
    ----------
    measurement : object
        A table with a unit, and a value or the ends of a range.
    quantity : Measured
    oil, place : str
        For messages, see `number_or_refused`.

    Raises
    ------
    CatalogError
        Where the unit is not known, what should be a number is none, or no oil has the value: a
        slip in the number or its unit.
    """
    if measurement is None:
        return None
    if not isinstance(measurement, dict):
        raise CatalogError(
            f"{oil}: found the {quantity.name} {short(measurement)}{place}, expected a table with "
            f"value and unit; {MEND}"
        )
    given = (number_or_refused(measurement.get(k), quantity.name, oil, place) for k in _VALUES)
    values = [value for value in given if value is not None]
    if not values:
        return None
    unit = measurement.get("unit")
    if not isinstance(unit, str) or unit not in quantity.units:
        raise CatalogError(
            f"{oil}: {quantity.name} in {short(unit)}, expected one of the units "
            + ", ".join(quantity.units)
        )
    for value in values:
        if not quantity.holds(quantity.si(value, unit)):
            raise CatalogError(
                f"{oil}: found the {quantity.name} {value:g} {unit}{place}, expected "
                f"{quantity.range_in(unit)}; {MEND}"
            )
    return quantity.si(values[0], unit)


def points(
    table: dict[str, Any],
    key: str,
    value: str,
    quantity: Measured,
    oil: str,
    *,
    at: str = "ref_temp",
    temperatures: Measured = REFERENCE_TEMPERATURE,
) -> Points:
    """Return a list of measurements as temperatures [K] and values, without incomplete ones.

    Parameters
    ----------
    table : dict
    key : str
        Of the list in the table.
    value, at : str
        Keys of value and temperature in each item of the list.
    quantity, temperatures : Measured
    oil : str
        For messages, see `number_or_refused`.

    Raises
    ------
    CatalogError
        See `in_si`.
    """
    pairs = (
        (
            in_si(item.get(at), temperatures, oil),
            in_si(item.get(value), quantity, oil, _at(table_in(item, at))),
        )
        for item in tables_in(table, key)
    )
    return tuple((t, v) for t, v in pairs if t is not None and v is not None)


def _at(temperature: dict[str, Any]) -> str:
    """Say at which temperature something was measured, as it is written."""
    value = number(temperature.get("value"))
    return "" if value is None else f" at {value:g} {temperature.get('unit')}"
