"""One NetCDF file, whatever its dialect, as CF variables on (time, latitude, longitude)."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import netCDF4
import numpy as np
import xarray as xr
from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK

from catalog.errors import CatalogError, UnreadableFileError
from catalog.grid import Box, FloatArray, ascending_longitudes, select_box
from catalog.names import QUANTITIES, STOKES_INCLUDED, WITH_STOKES_DRIFT, Quantity, Role
from catalog.times import Times, decode_times
from catalog.units import conversion

if TYPE_CHECKING:
    from catalog.opendap import Opendap

_SIGNATURES = {
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"GRIB": "a GRIB file: convert it to NetCDF first (`cdo -f nc copy IN OUT`)",
    b"<": "an HTML or XML page, as servers send instead of data when a login or request fails: "
    "download it again",
}

_DAMAGED = "cannot be read as NetCDF, it is cut short, damaged or something else; get it again"

# Axis -> (standard names and units that settle it, variable names that suggest it).
_AXES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "time": (
        frozenset({"time"}),
        frozenset({"time", "valid_time", "time_counter", "t"}),
    ),
    "latitude": (
        frozenset({"latitude", "degrees_north", "degree_north", "degrees_n", "degree_n"}),
        frozenset({"latitude", "lat", "nav_lat", "y"}),
    ),
    "longitude": (
        frozenset({"longitude", "degrees_east", "degree_east", "degrees_e", "degree_e"}),
        frozenset({"longitude", "lon", "nav_lon", "x"}),
    ),
    "depth": (
        frozenset({"depth", "height"}),
        frozenset({"depth", "deptht", "depthu", "depthv", "z", "olevel", "height"}),
    ),
}

# Values netCDF writes where nothing was written, seen when a file does not declare them.
_DEFAULT_FILLS = [netCDF4.default_fillvals[kind] for kind in ("f4", "f8")]


def read_file(path: Path | Opendap, role: Role, box: Box | None) -> xr.Dataset:
    """Read what a role needs from one NetCDF file.

    Parameters
    ----------
    path : Path or Opendap
        NetCDF file of any version, or a data set on a server.
    role : Role
        What to look for.
    box : tuple of float or None
        Only this part, and a node round it. [degrees]

    Returns
    -------
    Dataset
        In memory, float32, in the canonical units, missing as NaN; times as they come.
        Holds those quantities of the role that the file has, which may be none; the attribute
        ``variables`` lists all that the file has, ``includes_stokes_drift`` is 1 where it
        says so, itself or by the names of its variables, and 0 elsewhere.

    Raises
    ------
    UnreadableFileError
        If the file is not whole or not NetCDF.
    CatalogError
        If an axis, a unit or a value makes no sense.
    """
    if isinstance(path, Path):
        _refuse_other_formats(path)
    try:
        with _open(path) as source:
            found = _find_quantities(source, role, path)
            return xr.Dataset(
                {
                    name: _read_variable(source, str(variable), QUANTITIES[name], path, box)
                    for name, variable in found.items()
                },
                attrs={
                    "variables": ", ".join(map(str, source.variables)),
                    STOKES_INCLUDED: _includes_stokes_drift(source, found),
                },
            )
    except (OSError, RuntimeError) as error:
        raise UnreadableFileError(f"{path}: {_DAMAGED} ({error})") from error


def _includes_stokes_drift(source: xr.Dataset, found: dict[str, Hashable]) -> int:
    declared = str(source.attrs.get(STOKES_INCLUDED, "")).lower() in ("true", "1", "yes")
    return int(declared or not WITH_STOKES_DRIFT.isdisjoint(map(str, found.values())))


def _refuse_other_formats(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(64).lstrip()
    except OSError as error:
        raise UnreadableFileError(f"{path}: cannot be opened ({error.strerror})") from error
    if not head:
        raise UnreadableFileError(f"{path}: the file is empty, expected NetCDF; get it again")
    for signature, meaning in _SIGNATURES.items():
        if head.startswith(signature):
            raise UnreadableFileError(f"{path}: expected NetCDF, found {meaning}")
    if head.startswith((b"CDF\x01", b"CDF\x02")):
        _refuse_truncated_classic(path)


def refuse_damaged_netcdf(path: Path) -> None:
    """Refuse a NetCDF file that is not whole.

    Raises
    ------
    UnreadableFileError
    """
    with path.open("rb") as file:
        if file.read(3) == b"CDF":
            _refuse_truncated_classic(path)
    try:
        with NETCDF4_PYTHON_LOCK, netCDF4.Dataset(path):
            pass
    except (OSError, RuntimeError) as error:
        raise UnreadableFileError(f"{path}: {_DAMAGED} ({error})") from error


def _refuse_truncated_classic(path: Path) -> None:
    """Find out what netCDF-C does not say: it reads the lost end of a NetCDF 3 file as zeros."""
    from scipy.io import netcdf_file

    try:
        # The file is closed here, whatever becomes of scipy's object.
        with path.open("rb") as file, netcdf_file(file, mmap=True):
            pass
    except (ValueError, IndexError) as error:
        raise UnreadableFileError(f"{path}: {_DAMAGED}") from error


def _open(path: Path | Opendap) -> xr.Dataset:
    with warnings.catch_warnings():
        # Files with both _FillValue and missing_value, or with a NaN fill on integers.
        warnings.simplefilter("ignore", xr.SerializationWarning)
        if not isinstance(path, Path):
            return path.open()
        return xr.open_dataset(
            path, engine="netcdf4", decode_times=False, decode_coords=False, cache=False
        )


def _find_quantities(source: xr.Dataset, role: Role, path: Path | Opendap) -> dict[str, Hashable]:
    """Canonical name -> variable of the file, for those quantities of the role it has."""
    found: dict[str, Hashable] = {}
    for name in role.quantities:
        candidates = _candidates(source, QUANTITIES[name])
        if len(candidates) > 1:
            raise CatalogError(
                f"{path}: {', '.join(map(str, candidates))} could each be {name}; "
                "keep one of them in the file"
            )
        if candidates:
            found[name] = candidates[0]
    return found


def _candidates(source: xr.Dataset, quantity: Quantity) -> list[Hashable]:
    """Variables that may be the quantity, by the most telling kind of name that matches any."""
    fields = [name for name, variable in source.variables.items() if variable.ndim >= 2]

    def attribute(field: Hashable, key: str) -> str:
        return str(source.variables[field].attrs.get(key, "")).lower()

    def matches() -> Iterator[list[Hashable]]:
        yield [f for f in fields if attribute(f, "standard_name") == quantity.name]
        yield [f for f in fields if attribute(f, "standard_name") in quantity.aliases]
        yield [f for f in fields if str(f).lower() in (quantity.name, *quantity.aliases)]
        yield [f for f in fields if attribute(f, "short_name") in quantity.aliases]

    return next(filter(None, matches()), [])


def _read_variable(
    source: xr.Dataset, variable: str, quantity: Quantity, path: Path | Opendap, box: Box | None
) -> xr.DataArray:
    where = f"{path}, variable {variable!r}"
    array = source[variable]
    axes = [_find_axis(source, array, axis, where) for axis in ("time", "latitude", "longitude")]
    factor, offset = conversion(str(array.attrs.get("units", "")), quantity.units, where)

    times = _read_times(source, axes[0], where)
    field = _as_time_lat_lon(source, array, axes, where)
    if box is not None:
        field = select_box(field, box, where)

    values = field.to_numpy().astype(np.float64)
    values[np.isin(values, _DEFAULT_FILLS) | np.isinf(values)] = np.nan
    values = values * factor + offset
    _refuse_implausible(values, quantity, where)
    return xr.DataArray(
        values.astype(np.float32),
        coords={"time": times, "latitude": field["latitude"], "longitude": field["longitude"]},
        dims=("time", "latitude", "longitude"),
        attrs={"standard_name": quantity.name, "units": quantity.units},
    )


def _find_axis(source: xr.Dataset, array: xr.DataArray, axis: str, where: str) -> str:
    """Name of the coordinate variable of an axis."""
    telling, suggestive = _AXES[axis]

    def settles(name: Hashable) -> bool:
        attrs = source.variables[name].attrs
        return not telling.isdisjoint(
            str(attrs.get(key, "")).lower() for key in ("standard_name", "units")
        )

    names = [
        name
        for name, variable in source.variables.items()
        if name != array.name and set(variable.dims) <= set(array.dims)
    ]
    found = list(filter(settles, names))
    found = found or [name for name in names if str(name).lower() in suggestive]
    if not found:
        raise CatalogError(
            f"{where}: no {axis} axis among {', '.join(map(str, source.variables))}; "
            f"expected a coordinate with standard_name {axis!r}"
        )
    # A dimension's own variable before others, then what varies along any dimension.
    found.sort(key=lambda name: (name not in array.dims, not source.variables[name].dims))
    return str(found[0])


def _read_times(source: xr.Dataset, name: str, where: str) -> Times:
    variable = source.variables[name]
    values = np.atleast_1d(variable.to_numpy())
    bounds = source.variables.get(variable.attrs.get("bounds"))
    if bounds is not None:
        begin, end = bounds.to_numpy().reshape(-1, 2).astype(np.float64).T
        # A mean stands for the middle of its interval, wherever its maker put the stamp.
        values = np.where(end > begin, (begin + end) / 2.0, values)
    return decode_times(
        values,
        str(variable.attrs.get("units", "")),
        str(variable.attrs.get("calendar", "standard")).lower(),
        where,
    )


def _as_time_lat_lon(
    source: xr.Dataset, array: xr.DataArray, axes: Sequence[str], where: str
) -> xr.DataArray:
    """Leave (time, latitude, longitude), the latter two ascending; reads no values yet."""
    latitude, longitude = (_horizontal_axis(source, name, where) for name in axes[1:])
    if np.abs(latitude).max() > 90.0:
        raise CatalogError(
            f"{where}: latitude runs from {latitude.min():g} to {latitude.max():g}, outside -90 to "
            "90; latitude and longitude are swapped or not in degrees"
        )
    # A lone time may have no dimension.
    time, row, column = (next(iter(source.variables[name].dims), name) for name in axes)
    if row == column:
        raise CatalogError(
            f"{where}: latitude and longitude both run along {row!r}; expected a grid, put "
            "scattered nodes on a regular one first (`cdo remapbil`)"
        )
    array = array.drop_vars(list(array.coords))
    if time not in array.dims:
        array = array.expand_dims(time)
    array = _drop_other_dimensions(source, array, {time, row, column}, where)

    rows = np.argsort(latitude, kind="stable")
    ascending, columns = ascending_longitudes(longitude)
    return (
        array.transpose(time, row, column)
        .isel({row: rows, column: columns})
        .rename({time: "time", row: "latitude", column: "longitude"})
        .assign_coords(latitude=latitude[rows], longitude=ascending)
    )


def _horizontal_axis(source: xr.Dataset, name: str, where: str) -> FloatArray:
    variable = source.variables[name]
    if variable.ndim != 1 or variable.size < 2:
        raise CatalogError(
            f"{where}: coordinate {name!r} has shape {variable.shape}, expected one dimension of "
            "at least two nodes; put a curvilinear grid on a regular one first (`cdo remapbil`)"
        )
    values = variable.to_numpy().astype(np.float64)
    if not np.isfinite(values).all():
        raise CatalogError(f"{where}: coordinate {name!r} has missing values, expected none")
    return values


def _drop_other_dimensions(
    source: xr.Dataset, array: xr.DataArray, keep: set[Hashable], where: str
) -> xr.DataArray:
    """Do without depth and the dimensions that ERA5 and others add."""
    for dim in set(array.dims) - keep:
        if str(dim) == "expver":
            # Final (1) and preliminary (5) ERA5 side by side: each hour is in one of them.
            versions = [array.isel({dim: i}) for i in range(array.sizes[dim])]
            array = reduce(lambda first, other: first.fillna(other), versions)
        elif array.sizes[dim] == 1:
            array = array.isel({dim: 0})
        elif (level := _surface_level(source, dim)) is not None:
            array = array.isel({dim: level})
        else:
            raise CatalogError(
                f"{where}: dimension {dim!r} has {array.sizes[dim]} entries, expected only time, "
                "depth, latitude and longitude; choose one entry (`ncks -d`)"
            )
    return array


def _surface_level(source: xr.Dataset, dim: Hashable) -> int | None:
    """Index nearest the surface along a depth dimension; None if it is not one."""
    telling, suggestive = _AXES["depth"]
    for name, variable in source.variables.items():
        standard_name = str(variable.attrs.get("standard_name", "")).lower()
        is_depth = standard_name in telling or str(name).lower() in suggestive
        if is_depth and variable.dims == (dim,):
            return int(np.argmin(np.abs(variable.to_numpy())))
    # Without values, as models write them: from the surface down.
    return 0 if str(dim).lower() in suggestive else None


def _refuse_implausible(values: FloatArray, quantity: Quantity, where: str) -> None:
    low, high = quantity.valid_range
    present = values[~np.isnan(values)]
    if present.size and (present.min() < low or present.max() > high):
        raise CatalogError(
            f"{where}: values run from {present.min():g} to {present.max():g} {quantity.units}, "
            f"expected {low:g} to {high:g}; the unit is not what the file says, or a fill value "
            "is not declared"
        )
