"""The mass balance of a run: where the oil that was released is, at any time."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from simulator import FATES
from witoil.files import replacing
from witoil.report.words import percents
from witoil.times import second


def final_balance(result: xr.Dataset) -> dict[str, float]:
    """Return what was released, and how much of it met each fate, at the end of a run. [kg]"""
    return {name: float(result[f"{name}_mass"].values[-1]) for name in ("released", *FATES)}


def in_words(status: Mapping[str, int], balance: Mapping[str, float]) -> list[str]:
    """Return what became of the particles and of the oil, a line each; nothing is left out.

    Parameters
    ----------
    status : mapping
        Number of particles in each status.
    balance : mapping
        As `final_balance` returns it. [kg]
    """
    counts = ", ".join(f"{n:,} {_spaced(name)}" for name, n in status.items() if n)
    released = balance["released"]
    there = [name for name in FATES if balance[name]]
    told = percents([balance[name] / released for name in there])
    shares = ", ".join(f"{share} {_spaced(name)}" for share, name in zip(told, there, strict=True))
    return [
        f"{sum(status.values()):,} particles at the end: {counts}",
        f"{1e-3 * released:,.1f} t of oil released" + (f": {shares}" if shares else ""),
    ]


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def write_budget(result: xr.Dataset, path: Path) -> None:
    """Write the mass released and the share of each fate in it, at every output time.

    The shares are those of the mass released so far, and add up to 1; they are left empty where
    nothing is released yet.
    """
    released = result["released_mass"].values
    fates = np.stack([result[f"{name}_mass"].values for name in FATES], axis=-1)
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "released_kg", *(f"{name}_fraction" for name in FATES)])
        for time, whole, parts in zip(result["time"].values, released, fates, strict=True):
            # of their own sum, not of what was released: the same but for rounding
            shares = parts / parts.sum() if whole > 0.0 else []
            written = [f"{share:.12f}" for share in shares] or [""] * len(FATES)
            writer.writerow([second(time), f"{whole:.9g}", *written])
