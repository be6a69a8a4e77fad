"""What the data of a run cover, in few lines: what drives the oil, and whatever is odd in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from witoil.report.coverage import oddities

_SHORT = {
    "sea_water_velocity": "currents",
    "wind": "wind",
    "sea_surface_wave_stokes_drift_velocity": "Stokes drift",
    "sea_surface_wave_stokes_drift": "Stokes drift",
    "sea_water_temperature": "water temperature",
    "sea_surface_wave_significant_height": "wave height",
    "sea_surface_wave_period_at_variance_spectral_density_maximum": "wave period",
}


def in_brief(reports: Iterable[Any]) -> list[str]:
    """Return what matters of the coverage of a run, variables that share it together.

    Parameters
    ----------
    reports : iterable of catalog.Coverage or catalog.Parametrised
    """
    covered: dict[str, list[str]] = {}
    odd: dict[str, list[str]] = {}
    for report in reports:
        row = report.as_dict()
        name = _short(row["variable"])
        if "box" in row:
            step = "once" if row["step_hours"] is None else f"every {row['step_hours']:g} h"
            where = f"{_files(row['files'])}, {row['start']} to {row['end']} {step}"
            covered.setdefault(where, []).append(name)
        for remark in oddities(row):
            odd.setdefault(remark, []).append(name)
    return [
        *(f"{_listed(names)}: {where}" for where, names in covered.items()),
        *(f"note: {_listed(names)}: {remark}" for remark, names in odd.items()),
    ]


def _short(variable: str) -> str:
    """Return a word for a quantity; both components of a vector have the same."""
    whole = variable
    for component in ("eastward_", "northward_"):
        whole = whole.replace(component, "")
    return _SHORT.get(whole, whole.replace("_", " "))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _files(files: list[str]) -> str:
    if not files:
        return "given"
    first = PurePath(files[0]).name
    return first if len(files) == 1 else f"{first} and {len(files) - 1} more"
