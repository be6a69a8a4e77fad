"""What a person asks of a run, and the answers in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from witoil.report.words import number, percent, quantity
from witoil.scenario.coast import OILED_FROM

# fmt: off
_WINDS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE",
          "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
# fmt: on


def answers(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a person asks of a run, with the answers: where, how large, how thick, ashore.

    Parameters
    ----------
    summary : mapping
        As in ``summary.json``.
    """
    afloat, ashore = summary["afloat"], summary["ashore"]
    found = []
    if afloat is None:
        found.append(("Where", "nothing is afloat"))
    else:
        way = f"{number(afloat['travelled_km'])} km {compass(afloat['bearing_deg'])}"
        place = position(afloat["lon"], afloat["lat"])
        limit = number(summary["parameters"]["detection_limit_um"])
        found += [
            ("Where", f"middle at {place}, {way} of where it was released"),
            ("How large", f"{quantity(afloat['area_km2'], 'km2')} thicker than {limit} µm"),
            (
                "How thick",
                f"{number(afloat['mean_thickness_um'])} µm in the mean, "
                f"{number(afloat['greatest_thickness_um'])} µm at most",
            ),
        ]
    if ashore is None:
        found.append(("Ashore", "none"))
    else:
        oiled = f"on {number(ashore['oiled_km'])} km"
        if not ashore["oiled_km"]:
            oiled = f"nowhere as much as {OILED_FROM:g} kg on a kilometre"
        share = percent(1e3 * ashore["mass_t"] / summary["mass_balance_kg"]["released"])
        found.append(
            (
                "Ashore",
                f"{number(ashore['mass_t'])} t ({share}) {oiled}, "
                f"since {ashore['first_oiled'].replace('T', ' ').replace(':00Z', ' UTC')}",
            )
        )
    return found


def position(lon: float, lat: float) -> str:
    """Return a place, longitude within -180 to 180 degrees, with its hemispheres."""
    east, north = "E" if lon >= 0.0 else "W", "N" if lat >= 0.0 else "S"
    return f"{abs(lat):.4f}° {north}, {abs(lon):.4f}° {east}"


def compass(bearing_deg: float) -> str:
    """Return the nearest of the sixteen winds."""
    return _WINDS[round(bearing_deg / 22.5) % 16]
