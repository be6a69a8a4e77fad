"""Runs of PyGNOME, from its files of particles: a ragged row for each time.

The layout is that of nc_particles, https://github.com/NOAA-ORR-ERD/nc_particles.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import Status
from witoil.errors import WitoilError
from witoil.runs.run import Run
from witoil.runs.trajectories import (
    NO_STATUS,
    Floats,
    below_surface,
    find,
    flags_of,
    followed,
    in_our_layout,
    is_moving,
    masses,
    positions_of,
    status_of,
    times_of,
    values_of,
)

MODEL = "PyGNOME"

_MEANINGS = {
    "not_released": Status.UNRELEASED,
    "in_water": Status.AFLOAT,
    "floating": Status.AFLOAT,
    "on_land": Status.BEACHED,
    "on_tideflat": Status.BEACHED,
    "off_maps": Status.LEFT_DOMAIN,
    "evaporated": Status.EVAPORATED,
    "below_surface": Status.SUBMERGED,
}

_CODE = re.compile(r"(-?\d+)\s*:\s*(\w+)")
"""How it writes flag_meanings: ``2:in_water 3:on_land`` or ``2: in_water, 3: on_land,``."""


def is_of(file: xr.Dataset) -> bool:
    """Say whether PyGNOME, or GNOME before it, wrote a file."""
    told = [str(file.attrs.get(key, "")) for key in ("source", "comment")]
    return any("gnome" in text.lower() for text in told)


def read(file: xr.Dataset, path: Path, resolution: float) -> Run:
    """Read a run of PyGNOME.

    Raises
    ------
    WitoilError, CatalogError
    """
    time, times = times_of(file, path)
    _, lon, lat = positions_of(file, path)
    flags_name = _with_flags(file, path)
    rows = {"lon": lon, "lat": lat} | _heights(file, path)
    of_mass, remarks = masses(values_of(file, "mass", path, "kg") if "mass" in file else None, path)
    rows |= of_mass
    where = f"{path}: {flags_name}"
    flags = _flags(file[flags_name], where)
    codes, unknown = status_of(values_of(file, flags_name, path), flags, _MEANINGS, where)
    particle, at = _places(file, path, time, lon.size)
    shape = (int(particle.max(initial=-1)) + 1, times.size)
    status = np.full(shape, NO_STATUS, np.int8)
    status[particle, at] = codes
    columns = {}
    for name, values in rows.items():
        columns[name] = np.full(shape, np.nan)
        columns[name][particle, at] = values
    status[np.isnan(columns["lon"])] = NO_STATUS
    if "z" in columns:
        status = below_surface(status, columns["z"])
    status, columns, odd = followed(status, is_moving(status), columns)
    if "time zone" in str(file[time].attrs.get("comment", "")):
        odd = (*odd, "the file does not say the time zone of its times: taken for UTC")
    return Run(
        path=path,
        model=MODEL,
        command="simulate",
        name=path.stem,
        particles=in_our_layout(times, status, columns),
        resolution=resolution,
        summary={},
        density=_density(file, path),
        remarks=(*remarks, *unknown, *odd),
    )


def _places(
    file: xr.Dataset, path: Path, time: str, size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of the particle, and of the time, of each item of the ragged rows.

    Raises
    ------
    WitoilError
        Where rows and items do not fit together, or particles cannot be told apart.
    """
    counted = [
        str(name)
        for name, variable in file.variables.items()
        if "ragged_row_count" in variable.attrs or name == "particle_count"
    ]
    if len(counted) != 1 or file[counted[0]].dims != (time,):
        raise WitoilError(f"{path}: has no particle_count ({time}); expected that of PyGNOME")
    counts = values_of(file, counted[0], path)
    if not (np.isfinite(counts).all() and (counts >= 0).all() and counts.sum() == size):
        raise WitoilError(
            f"{path}: {counted[0]} counts {np.nansum(counts):,.0f} particles over all times, and "
            f"there are {size:,}; expected the same: the file is not whole"
        )
    at = np.repeat(np.arange(counts.size), counts.astype(np.int64))
    keys = [values_of(file, name, path) for name in ("spill_num", "id") if name in file]
    if "id" not in file or any(key.shape != (size,) for key in keys):
        raise WitoilError(f"{path}: has no id of each particle; expected it, to follow particles")
    _, particle = np.unique(np.stack(keys), axis=1, return_inverse=True)
    particle = particle.ravel().astype(np.int64)
    if np.unique(np.stack([particle, at]), axis=1).shape[1] != size:
        raise WitoilError(f"{path}: has an id twice at a time; expected one for each particle")
    return particle, at


def _with_flags(file: xr.Dataset, path: Path) -> str:
    found = [str(name) for name, v in file.variables.items() if "flag_meanings" in v.attrs]
    if len(found) != 1:
        raise WitoilError(
            f"{path}: found {', '.join(found) or 'no variable'} with flag_meanings; expected one, "
            "the status of particles"
        )
    return found[0]


def _flags(array: xr.DataArray, where: str) -> dict[int, str]:
    numbered = _CODE.findall(str(array.attrs["flag_meanings"]))
    if numbered:
        return {int(code): name for code, name in numbered}
    return flags_of(array, where)


def _heights(file: xr.Dataset, path: Path) -> dict[str, Floats]:
    """Return heights above the surface, negative under water, where they are given. [m]"""
    name = find(file, ["depth"], ["depth"], path)
    return {} if name is None else {"z": -values_of(file, name, path, "m")}


def _density(file: xr.Dataset, path: Path) -> float | None:
    """Return the density of the oil in the first row, where it is fresh. [kg m-3]"""
    for name in ("oil_density", "density"):
        if name in file and file[name].size:
            values = values_of(file, name, path, "kg m-3")
            known = values[np.isfinite(values)]
            if known.size:
                return float(known[0])
    return None
