"""`restart.nc`: where a run stood at its end, and the way on from there with a later end."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr

from catalog.files.inputs import reading
from catalog.files.netcdf import NETCDF_LOCK, open_netcdf, write_netcdf
from catalog.files.probe import refuse_fatal
from witoil.case import Case, ShipRelease, Source
from witoil.case.comparison import differences
from witoil.errors import WitoilError
from witoil.files import replacing
from witoil.times import datetime64, second

NAME = "restart.nc"

MAY_DIFFER = (
    "name",
    "time.end",
    "model.output_interval_minutes",
    "observation",
    "score",
    "optimise",
    "trace",
    "ensemble",
)
"""Keys of a case by which a run that goes on may differ from the one before."""

_CASE, _CHECKSUM = "witoil_case", "witoil_checksum"


def write_restart(case: Case, restart: xr.Dataset, path: Path) -> None:
    """Write what `simulator.run` gives at the end, and the case that was run."""
    document = restart.assign_attrs({_CASE: json.dumps(case.model_dump(mode="json"))})
    encoding = {name: {"zlib": True, "complevel": 1} for name in document.data_vars}
    with replacing(path) as temporary:
        write_netcdf(document, temporary, encoding)
        # of what is read again, as some types are others in a file
        digest = _checksum(_load(temporary))
        with NETCDF_LOCK, netCDF4.Dataset(temporary, "a") as file:
            file.setncattr(_CHECKSUM, digest)


def read_restart(path: Path, case: Case) -> xr.Dataset:
    """Read where an earlier run of a case ended.

    Parameters
    ----------
    path : Path
        Written by `write_restart`, or the folder of that run.
    case : Case
        That is to go on.

    Returns
    -------
    Dataset
        For `resume` of `witoil.scenario.run.run`.

    Raises
    ------
    WitoilError
        Where the file is no restart, belongs to another case, or does not end before the case
        does; the message names the first difference.
    """
    path = path / NAME if path.is_dir() else path
    restart, before = load_restart(path)
    now = case.model_dump(mode="json")
    for key, found, wanted in differences(before, now, MAY_DIFFER):
        raise WitoilError(
            f"{path}: cannot go on: {key} was {found!r} and is now {wanted!r}; expected the same "
            f"case, but for {', '.join(MAY_DIFFER)}"
        )
    if before["time"]["end"] != now["time"]["end"]:
        _refuse_open_releases(path, case)
    stands_at = _end(restart)
    if not stands_at < datetime64(case.time.end):
        raise WitoilError(
            f"{path}: ends at {second(stands_at)}, and the case at {second(case.time.end)}; "
            "expected a later time.end to go on to"
        )
    return restart


def load_restart(path: Path) -> tuple[xr.Dataset, dict[str, Any]]:
    """Return a restart and the case that it was made with.

    Raises
    ------
    WitoilError
        Where the file is none, or not as it was written.
    """
    expected = f"expected the {NAME} of an earlier witoil simulate"
    if not path.is_file():
        raise WitoilError(f"{path}: no such file; {expected}")
    try:
        with reading(path):
            refuse_fatal(path)
            restart = _load(path)
        if restart.attrs[_CHECKSUM] != _checksum(restart):
            raise ValueError("it is not as it was written")
        case: dict[str, Any] = json.loads(restart.attrs[_CASE])
    except (ValueError, KeyError) as error:
        raise WitoilError(f"{path}: not a restart of witoil ({error}); {expected}") from None
    return restart, case


def _load(path: Path) -> xr.Dataset:
    """Read a file as it was written: NaN is a value here."""
    with open_netcdf(path, decode_cf=False) as file:
        return file.load()


def _checksum(restart: xr.Dataset) -> str:
    """Return what tells a state from any other."""
    told = {str(name): np.asarray(value).tolist() for name, value in restart.attrs.items()}
    told.pop(_CHECKSUM, None)
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode())
    for name, variable in sorted(restart.variables.items(), key=lambda item: str(item[0])):
        values = np.ascontiguousarray(variable.to_numpy())
        digest.update(f"{name} {variable.dims} {values.dtype.str} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def _end(restart: xr.Dataset) -> np.datetime64:
    """Return the time at which a restart stands."""
    seconds = float(restart.attrs["seconds"])
    return np.datetime64(restart.attrs["start"], "ns") + np.timedelta64(round(1e9 * seconds), "ns")


def _refuse_open_releases(path: Path, case: Case) -> None:
    """Refuse another end of the run where it is the end of a release too."""
    for k, release in enumerate(case.release):
        if not isinstance(release, Source) or isinstance(release, ShipRelease):
            continue
        if release.rate_tonnes_per_hour is not None and release.end is None:
            raise WitoilError(
                f"{path}: cannot go on to another time.end: release.{k} has no end and lasts to "
                "the end of the run, so a later one changes what was released; expected an end of "
                "the release, in both runs"
            )
