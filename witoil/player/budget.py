"""What became of the oil of a run, at each of its outputs."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import FATES, Status
from witoil.errors import WitoilError
from witoil.runs.run import Run

_LABELS = {"left_domain": "left the area", "unreleased": "not yet released"}

_FATES = {
    Status.AFLOAT: "floating",
    Status.SUBMERGED: "dispersed",
    Status.BEACHED: "beached",
    Status.SUNK: "sunk",
    Status.EVAPORATED: "evaporated",
    Status.LEFT_DOMAIN: "left_domain",
}
"""Fates of the oil on a particle. What else has evaporated is known to the run alone."""


def label_of(name: str) -> str:
    """Return the name of a status or of a fate in words."""
    return _LABELS.get(name, name.replace("_", " "))


@dataclass(frozen=True)
class Budget:
    """How much met each fate.

    Attributes
    ----------
    title : str
        Of what.
    unit : str
        ``kg``, or nothing where particles are counted.
    parts : mapping
        Name of a fate -> ndarray, shape (times,).
    """

    title: str
    unit: str
    parts: Mapping[str, NDArray[np.floating]]

    def as_dict(self) -> dict[str, Any]:
        """Return the fates that anything meets, in the unit that suits the largest sum."""
        most = max(sum(self.parts.values(), np.zeros(1)), default=0.0)
        in_tonnes = self.unit == "kg" and most >= 1000.0
        factor = 1e-3 if in_tonnes else 1.0
        return {
            "title": self.title,
            "unit": "t" if in_tonnes else self.unit,
            "rows": [
                {
                    "name": name,
                    "label": label_of(name),
                    "values": [float(f"{factor * value:.6g}") for value in values],
                }
                for name, values in self.parts.items()
                if np.any(values)
            ],
        }


def budget_of(run: Run, particles: xr.Dataset) -> Budget:
    """Return the budget of a run, as it wrote it or as its particles have it.

    Raises
    ------
    WitoilError
        Where the run has the budget of others.
    """
    # of a search, the run is the best one
    found = [p for p in (run.path / "budget.csv", run.path / "best" / "budget.csv") if p.is_file()]
    if found:
        return Budget("of oil released", "kg", _read(found[0], particles["time"].values))
    status = particles["status"].values
    if "mass" in particles:
        mass = np.nan_to_num(particles["mass"].values).astype(np.float64)
        parts = {
            name: np.where(status == code, mass, 0.0).sum(axis=0) for code, name in _FATES.items()
        }
        return Budget("of oil on the particles", "kg", parts)
    counts = {name: 1.0 * (status == code).sum(axis=0) for code, name in _FATES.items()}
    return Budget("particles", "", counts)


def _read(path: Path, times: NDArray[np.datetime64]) -> dict[str, NDArray[np.float64]]:
    """Return the mass of each fate. [kg]"""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        written = np.array([row["time"].removesuffix("Z") for row in rows], "M8[s]")
        released = np.array([float(row["released_kg"]) for row in rows])
        parts = {
            name: released * [float(row[f"{name}_fraction"] or 0.0) for row in rows]
            for name in FATES
        }
        agrees = np.array_equal(written, times.astype("M8[s]"))
    except (KeyError, ValueError, AttributeError, TypeError):
        agrees = False
    if not agrees:
        raise WitoilError(
            f"{path}: not the budget of the particles beside it; expected a row for each of their "
            f"{times.size} times, run it again"
        )
    return parts
