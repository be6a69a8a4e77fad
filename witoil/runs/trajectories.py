"""What files of particles have in common, whichever model wrote them, and our layout for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from catalog.antimeridian import wrapped
from catalog.files.inputs import reading
from catalog.forcing.fills import Absence
from catalog.forcing.times import read_times
from catalog.units import angle_in_degrees, conversion
from simulator import Status
from witoil.errors import WitoilError

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Times = NDArray[np.datetime64]

NO_STATUS = -1
"""Status of a particle about which a file says nothing at a time."""


def find(
    file: xr.Dataset, standard_names: Collection[str], names: Collection[str], path: Path
) -> str | None:
    """Return the variable with one of some standard names; by its own name where none has one.

    Raises
    ------
    WitoilError
        Where several have.
    """
    told = {str(n): str(v.attrs.get("standard_name", "")) for n, v in file.variables.items()}
    found = [name for name, standard in told.items() if standard in standard_names]
    if not found:  # and its attributes must not say that it is something else
        found = [name for name, standard in told.items() if name in names and not standard]
    if len(found) > 1:
        raise WitoilError(
            f"{path}: found {' and '.join(found)} for {' or '.join(standard_names)}; expected one "
            "variable with that standard_name"
        )
    return found[0] if found else None


def required(
    file: xr.Dataset, standard_names: Collection[str], names: Collection[str], path: Path
) -> str:
    """Return the variable that `find` finds.

    Raises
    ------
    WitoilError
        Where there is none, or several.
    """
    found = find(file, standard_names, names, path)
    if found is None:
        raise WitoilError(
            f"{path}: has no {' or '.join(standard_names)} among "
            f"{', '.join(map(str, file.variables))}; expected a variable with that standard_name"
        )
    return found


def times_of(file: xr.Dataset, path: Path) -> tuple[str, Times]:
    """Return the dimension of time, and its values.

    Raises
    ------
    WitoilError, CatalogError
    """
    name = required(file, ["time"], ["time"], path)
    if not file[name].size:
        raise WitoilError(f"{path}: has no outputs; expected one at least")
    with reading(path):
        times = read_times(file[name].variable, f"{path}: {name}").times
    return str(file[name].dims[0]) if file[name].ndim else name, rising(times, path)


def rising(times: Times, path: Path) -> Times:
    """Return times that rise from each to the next.

    Raises
    ------
    WitoilError
    """
    if not times.size or (np.diff(times) <= np.timedelta64(0)).any():
        raise WitoilError(
            f"{path}: found {times.size} times that do not rise from each to the next; expected "
            "outputs in the order of their times"
        )
    return times


def values_of(file: xr.Dataset, name: str, path: Path, unit: str | None = None) -> Floats:
    """Return the values of a variable, NaN where there is none.

    Parameters
    ----------
    file : Dataset
    name : str
    path : Path
    unit : str, optional
        That the values are wanted in, see `catalog.units.conversion`.

    Raises
    ------
    CatalogError
        Where they cannot be read, or their unit is not known.
    """
    where = f"{path}: {name}"
    with reading(path):
        values = np.array(file[name].values, np.float64)
        Absence.of(file[name], lambda: values).mark(values)
    if unit is None:
        return values
    factor, offset = conversion(str(file[name].attrs.get("units", "")), unit, where)
    return values * factor + offset


def positions_of(file: xr.Dataset, path: Path) -> tuple[str, Floats, Floats]:
    """Return the name of the longitudes, longitudes and latitudes. [degrees]

    Raises
    ------
    WitoilError, CatalogError
    """
    found = []
    names = ("longitude", "lon"), ("latitude", "lat")
    for several, limit in zip(names, (540.0, 90.0), strict=True):
        name = required(file, several[:1], several, path)
        values = values_of(file, name, path) * _degrees(file[name], f"{path}: {name}")
        beyond = np.abs(values) > limit
        if beyond.any():
            raise WitoilError(
                f"{path}: {name}: found {values[beyond][0]:g} degrees; expected at most {limit:g}"
            )
        found.append((name, values))
    (name, lon), (other, lat) = found
    if file[name].dims != file[other].dims:
        raise WitoilError(
            f"{path}: found {name} {file[name].dims} and {other} {file[other].dims}; "
            "expected the same dimensions"
        )
    absent = np.isnan(lon) | np.isnan(lat)
    return name, np.where(absent, np.nan, wrapped(lon)), np.where(absent, np.nan, lat)


def _degrees(array: xr.DataArray, where: str) -> float:
    """Return the degrees in the unit of an angle; degrees where none is given."""
    units = str(array.attrs.get("units", "degrees"))
    one = angle_in_degrees(units.partition("_")[0])
    if one is None:
        raise WitoilError(f"{where}: found the unit {units!r}; expected degrees or radians")
    return one


def flags_of(array: xr.DataArray, where: str) -> dict[int, str]:
    """Return what the codes of a variable mean, as its attributes say.

    Raises
    ------
    WitoilError
        Where they do not fit together.
    """
    meanings = str(array.attrs.get("flag_meanings", "")).replace(",", " ").split()
    codes = np.ravel(array.attrs.get("flag_values", []))
    if codes.dtype.kind not in "iuf" or codes.size != len(meanings) or not meanings:
        raise WitoilError(
            f"{where}: found flag_values {codes.tolist()} and flag_meanings "
            f"{' '.join(meanings)!r}; expected a meaning for each code"
        )
    return {int(code): name for code, name in zip(codes, meanings, strict=True)}


def status_of(
    codes: Floats, flags: Mapping[int, str], known: Mapping[str, Status], where: str
) -> tuple[Codes, tuple[str, ...]]:
    """Return the status that codes stand for, and remarks on those that we do not know.

    Parameters
    ----------
    codes : ndarray
        NaN where a file says nothing.
    flags : mapping
        Code -> what it means.
    known : mapping
        Meanings that we know.
    where : str
        Variable and file, for the error message.

    Raises
    ------
    WitoilError
        Where a code has no meaning.
    """
    status = np.full(codes.shape, NO_STATUS, np.int8)
    remarks = []
    for code in np.unique(codes[np.isfinite(codes)]):
        meaning = flags.get(int(code)) if code == int(code) else None
        if meaning is None:
            raise WitoilError(
                f"{where}: found the code {code:g}; expected one of "
                f"{', '.join(f'{key} {name}' for key, name in flags.items())}"
            )
        chosen = codes == code
        status[chosen] = known.get(meaning.lower(), Status.LEFT_DOMAIN)
        if meaning.lower() not in known:
            remarks.append(
                f"the status {meaning!r} is not known here: {int(chosen.any(-1).sum())} particles "
                "with it count as gone"
            )
    return status, tuple(remarks)


def is_moving(status: Codes) -> NDArray[np.bool_]:
    """Say which particles a model goes on with, as long as it gives no reason to end."""
    return np.isin(status, (Status.AFLOAT, Status.SUBMERGED))


def followed(
    status: Codes, moving: NDArray[np.bool_], columns: Mapping[str, Floats]
) -> tuple[Codes, dict[str, Floats], tuple[str, ...]]:
    """Say at every time what is known of particles that models write only while they move.

    Parameters
    ----------
    status : ndarray, shape (particles, times)
        `NO_STATUS` where the file says nothing.
    moving : ndarray of bool
        Where the status is no reason for a model to follow a particle no further.
    columns : mapping
        Name -> values of the same shape.

    Returns
    -------
    status : ndarray
        Before the first that is known a particle is unreleased. Afterwards it stays what it was
        last; if it was moving, the model has given it up, and it is gone.
    columns : dict
        Values, those last known where a file says nothing.
    remarks : tuple of str
    """
    present = status != NO_STATUS
    numbers = np.where(present, np.arange(status.shape[1]), -1)
    last = np.maximum.accumulate(numbers, axis=1)
    held = np.take_along_axis(status, np.maximum(last, 0), axis=1)
    over = numbers.max(axis=1, keepdims=True, initial=-1) == last
    given_up = over & ~present & np.take_along_axis(moving, np.maximum(last, 0), axis=1)
    remarks = []
    if count := int((~over & ~present & (last >= 0)).any(axis=1).sum()):
        remarks.append(f"{count} particles are missing for a while: they stay where they were")
    if count := int((given_up & (last >= 0)).any(axis=1).sum()):
        remarks.append(
            f"{count} particles are written no more, though afloat or under water before: they "
            "count as gone"
        )
    held[given_up] = Status.LEFT_DOMAIN
    held[last < 0] = Status.UNRELEASED
    filled = {}
    for name, values in columns.items():
        filled[name] = np.take_along_axis(values, np.maximum(last, 0), axis=1)
        filled[name][last < 0] = np.nan
    if "mass" in filled:
        lacking = np.isnan(filled["mass"]) & (held != Status.UNRELEASED)
        filled["mass"][lacking] = 0.0
        if count := int(lacking.any(axis=1).sum()):
            remarks.append(f"{count} particles have a place but no mass: they count for nothing")
    return held, filled, tuple(remarks)


def below_surface(status: Codes, z: Floats) -> Codes:
    """Return a status in which what is afloat, but under water, is submerged."""
    return np.where((status == Status.AFLOAT) & (z < 0.0), np.int8(Status.SUBMERGED), status)


_ATTRIBUTES: dict[str, dict[str, str]] = {
    "lon": {"standard_name": "longitude", "units": "degrees_east", "axis": "X"},
    "lat": {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"},
    "z": {"standard_name": "height", "units": "m", "positive": "up", "axis": "Z"},
    "mass": {"long_name": "mass of oil that the particle still stands for", "units": "kg"},
}


def in_our_layout(times: Times, status: Codes, columns: Mapping[str, Floats]) -> xr.Dataset:
    """Return particles in the layout of ``particles.nc``.

    Parameters
    ----------
    times : ndarray, shape (times,)
    status : ndarray, shape (particles, times)
    columns : mapping
        ``lon``, ``lat``, and as far as they are known ``mass`` and ``z``, of the same shape.
    """
    dims = ("trajectory", "time")
    flags = {
        "long_name": "what the particle is doing",
        "flag_values": np.array(list(Status), np.int8),
        "flag_meanings": " ".join(each.name.lower() for each in Status),
    }
    variables = {name: (dims, values, _ATTRIBUTES[name]) for name, values in columns.items()}
    return xr.Dataset(
        {"status": (dims, status, flags), **variables},
        coords={"time": ("time", times, {"standard_name": "time"})},
        attrs={"featureType": "trajectory"},
    )


def masses(values: Floats | None, path: Path) -> tuple[dict[str, Floats], tuple[str, ...]]:
    """Return the masses of particles [kg] as a column; none, and a remark, where none has any.

    Raises
    ------
    WitoilError
        Where one is below 0.
    """
    if values is None or not np.nansum(np.abs(values)) > 0.0:
        return {}, ("the file has no masses of oil: every particle counts the same",)
    if (least := float(np.nanmin(values))) < 0.0:
        raise WitoilError(f"{path}: found a mass of {least:g} kg; expected none below 0")
    return {"mass": values}, ()


def by_particle(dims: Sequence[object], time: str, values: Floats, path: Path) -> Floats:
    """Return values with the dimensions particle, time.

    Raises
    ------
    WitoilError
        Where there are other dimensions.
    """
    if len(dims) != 2 or time not in dims:
        raise WitoilError(
            f"{path}: found the dimensions {', '.join(map(str, dims))}; expected particles and "
            f"{time}"
        )
    return values.T if dims[0] == time else values
