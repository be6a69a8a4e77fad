"""Runs of OpenDrift (OpenOil and all its other models), from its trajectory files.

Its elements are written until they are deactivated, with the reason at the last time (Dagestad et
al. 2018, https://doi.org/10.5194/gmd-11-1405-2018).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from simulator import Status
from witoil.errors import WitoilError
from witoil.runs.run import Run
from witoil.runs.trajectories import (
    NO_STATUS,
    Floats,
    below_surface,
    by_particle,
    find,
    flags_of,
    followed,
    in_our_layout,
    masses,
    positions_of,
    status_of,
    times_of,
    values_of,
)

MODEL = "OpenDrift"

_MEANINGS = {
    "active": Status.AFLOAT,
    "initial": Status.AFLOAT,
    "stranded": Status.BEACHED,
    "seeded_on_land": Status.BEACHED,
    "evaporated": Status.EVAPORATED,
    "dispersed": Status.SUBMERGED,
    "seafloor": Status.SUNK,
    "sedimented": Status.SUNK,
    "settled": Status.SUNK,
    "outside": Status.LEFT_DOMAIN,
    "outside_domain": Status.LEFT_DOMAIN,
    "missing_data": Status.LEFT_DOMAIN,
}


def is_of(file: xr.Dataset) -> bool:
    """Say whether OpenDrift wrote a file."""
    told = [str(file.attrs.get(key, "")) for key in ("title", "source", "summary")]
    return "opendrift_version" in file.attrs or any("OpenDrift" in text for text in told)


def read(file: xr.Dataset, path: Path, resolution: float) -> Run:
    """Read a run of OpenDrift.

    Raises
    ------
    WitoilError, CatalogError
    """
    time, times = times_of(file, path)
    name, lon, lat = positions_of(file, path)
    if "status" not in file:
        raise WitoilError(f"{path}: has no status; expected it with flag_meanings")
    columns = {"lon": by_particle(file[name].dims, time, lon, path)}
    columns["lat"] = by_particle(file[name].dims, time, lat, path)
    columns |= _heights(file, path, time)
    mass = _matrix(file, "mass_oil", path, time, "kg") if "mass_oil" in file else None
    of_mass, remarks = masses(mass, path)
    columns |= of_mass
    codes = _matrix(file, "status", path, time)
    where = f"{path}: status"
    status, unknown = status_of(codes, flags_of(file["status"], where), _MEANINGS, where)
    status[np.isnan(columns["lon"])] = NO_STATUS
    moving = status == Status.AFLOAT  # all else is a reason to deactivate an element
    if "z" in columns:
        status = below_surface(status, columns["z"])
    status, columns, odd = followed(status, moving, columns)
    return Run(
        path=path,
        model=MODEL,
        command="simulate",
        name=path.stem,
        particles=in_our_layout(times, status, columns),
        resolution=resolution,
        summary={},
        density=_density(file, path, time),
        remarks=(*remarks, *unknown, *odd),
    )


def _matrix(file: xr.Dataset, name: str, path: Path, time: str, unit: str | None = None) -> Floats:
    return by_particle(file[name].dims, time, values_of(file, name, path, unit), path)


def _heights(file: xr.Dataset, path: Path, time: str) -> dict[str, Floats]:
    """Return heights above the surface, negative under water, where they are given. [m]"""
    name = find(file, ["z", "depth", "height", "altitude"], ["z", "depth"], path)
    if name is None:
        return {}
    z = _matrix(file, name, path, time, "m")
    downward = str(file[name].attrs.get("positive", "down" if name == "depth" else "up")) == "down"
    return {"z": -z if downward else z}


def _density(file: xr.Dataset, path: Path, time: str) -> float | None:
    """Return the density of the fresh oil: that of an emulsion grows with its water. [kg m-3]"""
    if "density" not in file:
        return None
    values = _matrix(file, "density", path, time, "kg m-3")
    known = np.isfinite(values)
    if not known.any():
        return None
    first = np.take_along_axis(values, known.argmax(axis=1)[:, np.newaxis], axis=1)
    return float(np.nanmedian(first))
