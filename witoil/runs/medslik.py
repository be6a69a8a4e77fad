"""Runs of MEDSLIK-II, from its ``spill_properties.nc``.

De Dominicis et al. 2013, https://doi.org/10.5194/gmd-6-1851-2013. Its file does not say which model
wrote it, when the spill began, nor the unit that its volumes really have.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from catalog.files.inputs import reading
from catalog.forcing.times import decode_times
from catalog.units import BARREL, conversion
from simulator import Status
from witoil.errors import WitoilError
from witoil.runs.run import Run
from witoil.runs.trajectories import (
    NO_STATUS,
    Codes,
    Floats,
    Times,
    by_particle,
    followed,
    in_our_layout,
    is_moving,
    masses,
    positions_of,
    required,
    rising,
    times_of,
    values_of,
)

MODEL = "MEDSLIK-II"

_VOLUMES = ("evaporative_volume", "non_evaporative_volume")
_STATUS = "particle_status"

_CODES = {
    0: Status.UNRELEASED,
    1: Status.AFLOAT,  # spreading
    2: Status.AFLOAT,  # not spreading any more
    3: Status.SUBMERGED,
    4: Status.SUNK,
    9: Status.LEFT_DOMAIN,
}
"""Below 0 a particle is ashore: the number is that of a segment, or the oil that it took up."""

_START = re.compile(r"(\d{4})_(\d{2})_(\d{2})_(\d{2})(\d{2})(?!\d)")
"""Names of the folders that it makes, one for a run: MDK_SIM_2017_04_24_1300_NAME."""

_LEAST_DENSITY, _MOST_DENSITY = 600.0, 1200.0
"""Density of all oils. [kg m-3]"""


def is_of(file: xr.Dataset) -> bool:
    """Say whether MEDSLIK-II wrote a file, which nothing but its variables tell."""
    return {_STATUS, *_VOLUMES} <= set(file.variables)


def read(file: xr.Dataset, path: Path, resolution: float) -> Run:
    """Read a run of MEDSLIK-II.

    Raises
    ------
    WitoilError, CatalogError
    """
    time, times, told = _times(file, path)
    lon_name, lon, lat = positions_of(file, path)
    density, of_density = _density(file, path)
    volume, of_volume = _volume(file, path)
    of_mass, no_mass = masses(volume * density, path)
    columns = {
        name: by_particle(file[variable].dims, time, values, path)
        for name, variable, values in (
            ("lon", lon_name, lon),
            ("lat", lon_name, lat),
            *(("mass", _VOLUMES[0], values) for values in of_mass.values()),
        )
    }
    codes = by_particle(file[_STATUS].dims, time, values_of(file, _STATUS, path), path)
    status = _status(codes, f"{path}: {_STATUS}")
    status[np.isnan(columns["lon"])] = NO_STATUS
    status, columns, odd = followed(status, is_moving(status), columns)
    unreleased = status == Status.UNRELEASED
    for values in columns.values():
        values[unreleased] = np.nan
    name = path.resolve().parent.name if path.stem == "spill_properties" else path.stem
    return Run(
        path=path,
        model=MODEL,
        command="simulate",
        name=name,
        particles=in_our_layout(times, status, columns),
        resolution=resolution,
        summary={},
        density=density,
        remarks=(*told, *of_density, *of_volume, *no_mass, *odd),
    )


def _times(file: xr.Dataset, path: Path) -> tuple[str, Times, tuple[str, ...]]:
    """Return the dimension of time, its values, and where their start was found."""
    name = required(file, ["time"], ["time"], path)
    units = str(file[name].attrs.get("units", "")).strip()
    if " since " in units:
        return *times_of(file, path), ()
    found = [m for part in reversed(path.resolve().parts) for m in _START.finditer(part)]
    if not found:
        raise WitoilError(
            f"{path}: {name} is in {units!r} after the start of the spill, which the file does not "
            "say; expected it in its name or that of its folder, as MEDSLIK-II has it, "
            "MDK_SIM_2017_04_24_1300_..., or units such as 'hours since 2017-04-24 13:00'"
        )
    year, month, day, hour, minute = found[0].groups()
    start = f"{year}-{month}-{day} {hour}:{minute}"
    with reading(path):
        numbers = file[name].values
        times = decode_times(numbers, f"{units} since {start}", "standard", f"{path}: {name}")
    remark = (
        f"the file does not say when the spill began: {start} UTC by the name {found[0].string}"
    )
    return str(file[name].dims[0]), rising(times, path), (remark,)


def _density(file: xr.Dataset, path: Path) -> tuple[float, tuple[str, ...]]:
    """Return the density of the oil [kg m-3], and what was odd about it."""
    told = [
        file[name].attrs["oil_density"] for name in _VOLUMES if "oil_density" in file[name].attrs
    ]
    values = {float(value) for each in told for value in np.ravel(each)}
    if len(values) != 1:
        raise WitoilError(
            f"{path}: found {len(values)} oil densities; expected the attribute oil_density of "
            f"{_VOLUMES[1]}"
        )
    value = values.pop()
    for factor, remark in (
        (1.0, ()),
        (1e3, (f"oil_density = {value:g} is taken for g cm-3",)),
    ):
        if _LEAST_DENSITY <= factor * value <= _MOST_DENSITY:
            return factor * value, remark
    raise WitoilError(
        f"{path}: found oil_density = {value:g}; expected {_LEAST_DENSITY:g} to "
        f"{_MOST_DENSITY:g} kg m-3"
    )


def _volume(file: xr.Dataset, path: Path) -> tuple[Floats, tuple[str, ...]]:
    """Return the volume of oil of each particle [m3], and what was odd about its unit."""
    total: Floats = np.zeros(file[_VOLUMES[0]].shape)
    remarks: tuple[str, ...] = ()
    for name in _VOLUMES:
        factor, _ = conversion(str(file[name].attrs.get("units", "")), "m3", f"{path}: {name}")
        if factor == 1.0:
            factor = BARREL
            remarks = ("volumes are labelled m3, and taken for barrels, which MEDSLIK-II writes",)
        total += factor * values_of(file, name, path)
    return total, remarks


def _status(codes: Floats, where: str) -> Codes:
    """Return the status that codes stand for.

    On the shore it is minus the oil that a segment has taken up, and so 0 at first: who was
    released before is then not unreleased.
    """
    status = np.full(codes.shape, NO_STATUS, np.int8)
    for code, meaning in _CODES.items():
        status[codes == code] = meaning
    was_released = np.maximum.accumulate(np.nan_to_num(codes) != 0.0, axis=1)
    status[(codes < 0.0) | ((codes == 0.0) & was_released)] = Status.BEACHED
    unknown = codes[np.isfinite(codes) & (status == NO_STATUS)]
    if unknown.size:
        raise WitoilError(
            f"{where}: found the code {unknown[0]:g}; expected one of "
            f"{', '.join(map(str, _CODES))}, or one below 0 ashore"
        )
    return status
