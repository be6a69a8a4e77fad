"""Lengths as people read them."""

from __future__ import annotations


def distance(metres: float) -> str:
    """Return a distance as text with its unit."""
    number, unit = (metres, "m") if metres < 1000.0 else (metres / 1000.0, "km")
    return f"{number:.3g}\N{NO-BREAK SPACE}{unit}"
