"""Unit strings as they are found in files, and how to turn them into ours."""

from __future__ import annotations

import math
import re
import unicodedata

from catalog.errors import CatalogError

_ANGLES = {
    **dict.fromkeys(("degrees", "degree", "deg", "degs", "°", "arc_degree"), 1.0),
    **dict.fromkeys(("decimal degrees", "decimal degree", "decimal_degrees"), 1.0),
    **dict.fromkeys(("degrees_true", "degree_true", "degrees true", "degree_t", "degt"), 1.0),
    **dict.fromkeys(("radians", "radian", "rad"), 180.0 / math.pi),
}
_LENGTHS = {
    **dict.fromkeys(("m", "meter", "metre", "meters", "metres"), 1.0),
    **dict.fromkeys(("km", "kilometer", "kilometre", "kilometers", "kilometres"), 1e3),
    **dict.fromkeys(("dm", "decimeter", "decimetre"), 0.1),
    **dict.fromkeys(("cm", "centimeter", "centimetre", "centimeters", "centimetres"), 1e-2),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e-3),
    **dict.fromkeys(("ft", "foot", "feet", "international_foot"), 0.3048),
    **dict.fromkeys(("us_survey_foot", "us_survey_feet", "ftus"), 1200.0 / 3937.0),
    **dict.fromkeys(("fathom", "fathoms"), 1.8288),
    **dict.fromkeys(("nautical_mile", "nautical_miles", "nmi"), 1852.0),
}
BARREL = 0.158987294928
"""Barrel of oil: 42 US gallons. [m3]"""

# Canonical unit -> unit found, tidied by `_tidy` -> (factor, offset): ours = found*factor + offset.
_CONVERSIONS: dict[str, dict[str, tuple[float, float]]] = {
    "m s-1": {
        **dict.fromkeys(("m s-1", "ms-1", "m/s", "m/sec", "m sec-1", "mps"), (1.0, 0.0)),
        **dict.fromkeys(("cm s-1", "cms-1", "cm/s", "cm/sec", "cm sec-1"), (0.01, 0.0)),
        **dict.fromkeys(("mm s-1", "mm/s", "mm/sec", "mm sec-1"), (0.001, 0.0)),
        **dict.fromkeys(("km h-1", "km/h", "kmh", "kph"), (1.0 / 3.6, 0.0)),
        **dict.fromkeys(("kt", "kts", "knot", "knots", "kn"), (1852.0 / 3600.0, 0.0)),
    },
    "K": {
        **dict.fromkeys(("k", "kelvin", "degk", "deg_k", "degree_k", "degrees_k"), (1.0, 0.0)),
        **dict.fromkeys(
            (
                "c",
                "celsius",
                "°c",
                "degc",
                "deg_c",
                "deg c",
                "degree_c",
                "degrees_c",
                "degree_celsius",
                "degrees_celsius",
                "degree celsius",
                "degrees celsius",
            ),
            (1.0, 273.15),
        ),
        **dict.fromkeys(
            (
                "f",
                "°f",
                "degf",
                "deg_f",
                "degree_f",
                "degrees_f",
                "fahrenheit",
                "degree_fahrenheit",
            ),
            (5.0 / 9.0, 273.15 - 32.0 * 5.0 / 9.0),
        ),
    },
    "m": {unit: (factor, 0.0) for unit, factor in _LENGTHS.items()},
    "s": {"s": (1.0, 0.0), "sec": (1.0, 0.0)},
    "degree": {unit: (factor, 0.0) for unit, factor in _ANGLES.items()},
    "kg": {
        **dict.fromkeys(("kg", "kilogram", "kilograms", "kilogramme", "kilogrammes"), (1.0, 0.0)),
        **dict.fromkeys(("g", "gram", "grams", "gramme", "grammes"), (1e-3, 0.0)),
        **dict.fromkeys(("t", "tonne", "tonnes", "metric ton", "metric tons"), (1e3, 0.0)),
        **dict.fromkeys(("lb", "lbs", "pound", "pounds"), (0.45359237, 0.0)),
    },
    "m3": {
        **dict.fromkeys(("m3", "m 3", "cubic m", "cu m"), (1.0, 0.0)),
        **dict.fromkeys(("l", "litre", "litres", "liter", "liters", "dm3"), (1e-3, 0.0)),
        **dict.fromkeys(("bbl", "bbls", "barrel", "barrels"), (BARREL, 0.0)),
        **dict.fromkeys(("gal", "gallon", "gallons", "us gallons"), (BARREL / 42.0, 0.0)),
    },
    "kg m-3": {
        **dict.fromkeys(("kg m-3", "kg/m3", "kgm-3"), (1.0, 0.0)),
        **dict.fromkeys(("g cm-3", "g/cm3", "gcm-3", "g/ml", "kg/l", "t/m3", "t m-3"), (1e3, 0.0)),
    },
}


def _tidy(units: str) -> str:
    """Write ``m s**-1``, ``m*s-1``, ``meters/second`` and the like in one way."""
    # Superscripts become digits.
    text = (
        unicodedata.normalize("NFKC", units.replace("º", "°"))
        .replace("\N{MINUS SIGN}", "-")
        .strip()
        .lower()
    )
    text = text.replace("**", "").replace("^", "")
    text = re.sub(r"\s*(?: per |/)\s*", "/", text)
    text = re.sub(r"[*.·\s]+", " ", text)
    text = re.sub(r"^[°˚] ?", "°", text)
    text = re.sub(r"\b(centi|milli)?met(?:er|re)s?\b", lambda m: f"{(m[1] or '')[:1]}m", text)
    return re.sub(r"\bseconds?(?=$|-|\s)", "s", text)


def conversion(found: str, wanted: str, where: str) -> tuple[float, float]:
    """Factor and offset from a unit found in a file to the wanted one.

    Parameters
    ----------
    found : str
        Unit as written in the file.
    wanted : str
        Canonical unit: ``m s-1``, ``K``, ``m``, ``s``, ``degree``, ``kg``, ``m3`` or ``kg m-3``.
    where : str
        Variable and file, for the error message.

    Returns
    -------
    tuple of float
        ``(factor, offset)`` such that ``value_wanted = value_found * factor + offset``.

    Raises
    ------
    CatalogError
        If the unit is absent or not in the table.
    """
    table = _CONVERSIONS[wanted]
    several, unit = _multiple(found)
    factor, offset = table.get(_tidy(unit), (math.nan, 0.0))
    if math.isnan(factor) or (offset and several != 1.0):
        fault = f"unit {found!r} is unknown" if found.strip() else "there is no unit"
        raise CatalogError(
            f"{where}: {fault}; expected {wanted!r} or one of {', '.join(table)}; "
            "correct the variable's `units` attribute"
        )
    return several * factor, offset


_MULTIPLE = re.compile(r"([0-9.]+(?:e[+-]?[0-9]+)?)\s*\*?\s*(\D.*)$", re.IGNORECASE)


def _multiple(units: str) -> tuple[float, str]:
    """Split ``0.01 m/s`` into its number and its unit; a unit alone is taken once."""
    found = _MULTIPLE.match(units.strip())
    try:
        return (float(found[1]), found[2].strip()) if found else (1.0, units)
    except ValueError:  # no number, such as 1.2.3
        return 1.0, units


def angle_in_degrees(units: str) -> float | None:
    """Return the degrees in a unit of angle; None where a text is none."""
    return _ANGLES.get(units.strip().lower())


def length_in_metres(units: str) -> float | None:
    """Return the metres in a unit of length, or a multiple of one; None where a text is none."""
    several, unit = _multiple(units)
    factor = _LENGTHS.get(unit.strip().lower())
    return None if factor is None else several * factor
