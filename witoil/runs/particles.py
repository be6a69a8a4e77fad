"""Our own `particles.nc`, read back: nothing of it but the longitudes until it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ValidationError

from catalog.files.inputs import reading
from catalog.forcing.times import read_times
from simulator import GENERIC_OILS
from simulator.oil import TEMPERATURE_15C, density_from_api
from witoil.errors import WitoilError
from witoil.runs.run import Run
from witoil.versions import versions

NAME = "particles.nc"

_LAYOUT = ("lon", "lat", "status")
_LATER = "install that version to read it"


class _Oil(BaseModel):
    name: str | None
    api_gravity: float | None


class _Score(BaseModel):
    resolution_m: float


class CaseFacts(BaseModel):
    """What is relied on of a case as a run wrote it."""

    name: str
    oil: _Oil
    score: _Score


def is_ours(file: xr.Dataset) -> bool:
    """Say whether witoil wrote a file of particles."""
    return "witoil_case" in file.attrs and "witoil_parameters" in file.attrs


def read_run(file: xr.Dataset, path: Path) -> Run:
    """Read a file of particles that witoil wrote, without the rest of its run.

    Raises
    ------
    WitoilError, CatalogError
    """
    particles, case, parameters = read_particles(file, path)
    facts = CaseFacts.model_validate(case)
    return Run(
        path=path,
        model="witoil",
        command="simulate",
        name=facts.name,
        particles=particles,
        resolution=facts.score.resolution_m,
        summary={"name": facts.name, "parameters": parameters, "case": case},
        density=_density(facts.oil),
    )


def _density(oil: _Oil) -> float | None:
    """Return the density of the oil of a case at 15 degrees Celsius [kg m-3]; None of a record."""
    if oil.api_gravity is not None:
        return density_from_api(oil.api_gravity)
    generic = GENERIC_OILS.get(str(oil.name).strip().lower())
    return None if generic is None else generic.density(TEMPERATURE_15C)


def read_particles(
    file: xr.Dataset, path: Path
) -> tuple[xr.Dataset, dict[str, Any], dict[str, float]]:
    """Read a file of particles that witoil wrote, with the case and the parameters in it.

    Raises
    ------
    WitoilError, CatalogError
    """
    refuse_later(str(file.attrs.get("source", "")).removeprefix("witoil ").partition(",")[0], path)
    try:
        case: dict[str, Any] = json.loads(file.attrs["witoil_case"])
        parameters: dict[str, float] = json.loads(file.attrs["witoil_parameters"])
        CaseFacts.model_validate(case)
    except (KeyError, ValueError, TypeError) as error:
        raise WitoilError(
            f"{path}: its case cannot be read ({fault(error)}); expected a {NAME} as witoil writes "
            "it"
        ) from None
    if not {*_LAYOUT, "time"} <= set(file.variables) or any(
        file[name].dims != ("trajectory", "time") for name in _LAYOUT
    ):
        raise WitoilError(
            f"{path}: found the variables {', '.join(map(str, file.variables))}; expected "
            f"{', '.join(_LAYOUT)} (trajectory, time) as witoil {versions()['witoil']} writes them"
        )
    with reading(path):
        times = read_times(file["time"].variable, f"{path}: time").times
    found = file.assign_coords(time=("time", times, {"standard_name": "time"}))
    return without_break(found, path), case, parameters


def refuse_later(version: str, path: Path) -> None:
    """Refuse what a later version of witoil wrote, whose layout nobody here can know.

    Raises
    ------
    WitoilError
    """
    ours = versions()["witoil"]
    try:
        is_later = Version(version) > Version(ours)
    except InvalidVersion:
        raise WitoilError(
            f"{path}: found the version {version!r} of witoil; expected one such as {ours}"
        ) from None
    if is_later:
        raise WitoilError(
            f"{path}: was written by witoil {version}; expected {ours} or an earlier one: {_LATER}"
        )


def without_break(particles: xr.Dataset, path: Path) -> xr.Dataset:
    """Let longitudes go on beyond 180 where particles cross it, so that neighbours stay such."""
    with reading(path):
        west = particles["lon"].values
    if not np.isfinite(west).any():
        return particles
    east = np.where(west < 0.0, west + 360.0, west)
    if np.nanmax(east) - np.nanmin(east) >= np.nanmax(west) - np.nanmin(west):
        return particles
    lon = particles["lon"]
    return particles.assign(lon=lon.copy(data=east))


def version_of(record: Mapping[str, Any], path: Path) -> str:
    """Return the version of witoil that wrote a record.

    Raises
    ------
    WitoilError
        Where it does not say so.
    """
    found = record.get("versions")
    if not isinstance(found, Mapping) or not isinstance(found.get("witoil"), str):
        raise WitoilError(f"{path}: names no version of witoil; expected what a run writes")
    version: str = found["witoil"]
    return version


def fault(error: Exception) -> str:
    """Return what is wrong with a document, in one line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"{type(error).__name__}: {error}"
