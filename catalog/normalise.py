"""One file of forcing, whatever its dialect, as CF fields on (time, latitude, longitude)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import netCDF4
import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.axes import drop_other_dimensions, find_axis, horizontal_axis, merge_versions
from catalog.curvilinear import Regridding, regular_axes
from catalog.errors import CatalogError
from catalog.grid import Box, FloatArray, ascending_longitudes, select_box
from catalog.means import averaging_time, place_means
from catalog.names import (
    EASTWARD_WIND,
    NORTHWARD_WIND,
    QUANTITIES,
    STOKES_INCLUDED,
    WITH_STOKES_DRIFT,
    Quantity,
    Role,
)
from catalog.sources import open_source, reading
from catalog.times import Times, decode_times
from catalog.units import conversion

if TYPE_CHECKING:
    from catalog.opendap import Opendap

Records = npt.NDArray[np.intp]

# Values netCDF writes where nothing was written, seen when a file does not declare them.
_DEFAULT_FILLS = [netCDF4.default_fillvals[kind] for kind in ("f4", "f8")]

# What makers write for nothing without declaring it; missing where it is out of range.
_COMMON_FILLS = [1e20, 1e30, 1e35, 99999.0, 32768.0, 32767.0, 32766.0, 9999.0, 999.0]

_MASKS = frozenset({"sea_binary_mask", "land_binary_mask"})
_SEA_MASK_NAMES = frozenset({"mask_rho", "tmask", "mask"})

_READ_AT_ONCE = 64 * 2**20
"""Decoding needs a few copies in double precision; so much is decoded at a time. [byte]"""

_MOST_READ = 32 * 2**30
"""More than this for one field is refused: no run needs it, a damaged header asks for it. [byte]"""


@dataclass(frozen=True)
class Field:
    """One quantity in one file, not read yet.

    Attributes
    ----------
    quantity : Quantity
    where : str
        File and variable, for messages.
    times : ndarray of datetime64[ns], shape (n,)
        As they come; means at the middle of their interval.
    grid : DataArray, shape (latitude, longitude)
        Its coordinates are the axes, ascending; of the regular grid on which a curvilinear one is
        put. It has no values. [degrees]
    """

    quantity: Quantity
    where: str
    times: Times
    grid: xr.DataArray
    _values: xr.DataArray
    _sea: xr.DataArray | None
    _nodes: tuple[FloatArray, FloatArray] | None
    _conversion: tuple[float, float]

    def read(self, records: Records, box: Box | None) -> xr.DataArray:
        """Read some times of a box.

        Parameters
        ----------
        records : ndarray of int, shape (m,)
            Indices of the times.
        box : tuple of float or None
            West, south, east, north; a node more comes along all round. [degrees]

        Returns
        -------
        DataArray
            float32 on (time, latitude, longitude), in the canonical unit, missing as NaN.

        Raises
        ------
        CoverageError
            If the grid does not hold the box.
        CatalogError
            If a value makes no sense.
        """
        grid = self.grid if box is None else select_box(self.grid, box, self.where)
        self._refuse_large(records.size * grid.size)
        cut, regridding = self._cut(grid)
        values = self._values.isel(cut)
        land = None if self._sea is None else self._sea.isel(cut).to_numpy() < 0.5
        out = np.empty((records.size, *grid.shape), np.float32)
        for part in _blocks(records.size, values.isel(time=0).size if records.size else 1):
            found = values.isel(time=_as_slice(records[part]))
            decoded = self._decode(merge_versions(found).to_numpy())
            if land is not None:
                decoded[:, land] = np.nan
            out[part] = decoded if regridding is None else regridding.apply(decoded)
        return xr.DataArray(
            out,
            coords={
                "time": self.times[records],
                "latitude": grid["latitude"].to_numpy(),
                "longitude": grid["longitude"].to_numpy(),
            },
            dims=("time", "latitude", "longitude"),
            attrs={"standard_name": self.quantity.name, "units": self.quantity.units},
        )

    def _cut(self, grid: xr.DataArray) -> tuple[dict[Hashable, slice | Records], Regridding | None]:
        """Rows and columns of the file that a part of the grid needs, and how to regrid them."""
        if self._nodes is None:
            rows, columns = grid["row"].to_numpy(), grid["column"].to_numpy()
            return {"latitude": _as_slice(rows), "longitude": _as_slice(columns)}, None
        latitude, longitude = (grid[axis].to_numpy() for axis in grid.dims)
        regridding = Regridding.between(*self._nodes, latitude, longitude, self.where)
        return {"latitude": regridding.rows, "longitude": regridding.columns}, regridding

    def _decode(self, found: npt.NDArray[np.generic]) -> FloatArray:
        """Values in the canonical unit, with what stands for nothing as NaN."""
        values = found.astype(np.float64)
        low, high = self.quantity.valid_range
        values[np.isin(values, _DEFAULT_FILLS) | np.isinf(values)] = np.nan
        factor, offset = self._conversion
        converted = values * factor + offset
        out_of_range = (converted < low) | (converted > high)
        if out_of_range.any():
            is_fill = np.isclose(np.abs(values)[..., None], _COMMON_FILLS, rtol=1e-6).any(-1)
            converted[out_of_range & is_fill] = np.nan
            self._refuse_implausible(converted)
        return converted

    def _refuse_implausible(self, values: FloatArray) -> None:
        low, high = self.quantity.valid_range
        present = values[~np.isnan(values)]
        if present.size and (present.min() < low or present.max() > high):
            raise CatalogError(
                f"{self.where}: values run from {present.min():g} to {present.max():g} "
                f"{self.quantity.units}, expected {low:g} to {high:g}; the unit is not what the "
                "file says, or a fill value is not declared"
            )

    def _refuse_large(self, count: int) -> None:
        if 4 * count > _MOST_READ:
            raise CatalogError(
                f"{self.where}: the wanted part takes {4 * count / 2**30:,.0f} GiB, more than the "
                f"{_MOST_READ / 2**30:g} GiB allowed; choose a smaller box or a shorter period"
            )


class ForcingFile:
    """What a role needs from one file, opened but not read; a context manager.

    Attributes
    ----------
    path : Path or Opendap
    fields : dict
        Canonical name -> `Field`, for those quantities of the role that the file has, which may be
        none.
    variables : str
        All that the file has, for messages.
    includes_stokes_drift : int
        1 where the file says so, itself or by the names of its variables, and 0 elsewhere.
    """

    def __init__(
        self, path: Path | Opendap, role: Role, label: Path | Opendap | None = None
    ) -> None:
        """Open a file and find its axes.

        Parameters
        ----------
        path : Path or Opendap
            NetCDF file of any version, a Zarr store, or a data set on a server.
        label : Path, optional
            Its name for people, where it has been unpacked.
        role : Role
            What to look for.

        Raises
        ------
        UnreadableFileError
            If the file is not whole or neither.
        CatalogError
            If an axis or a unit makes no sense.
        """
        self._source = open_source(path)
        path = self.path = label or path
        try:
            with reading(path):
                found = _find_quantities(self._source, role, path)
                _refuse_staggered(self._source, role, found, path)
                self.fields = {
                    name: _field(self._source, str(variable), QUANTITIES[name], path)
                    for name, variable in found.items()
                }
                self.variables = ", ".join(map(str, self._source.variables))
                self.includes_stokes_drift = _includes_stokes_drift(self._source, found)
        except BaseException:
            self._source.close()
            raise

    def __enter__(self) -> ForcingFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._source.close()

    def read(self, name: str, records: Records, box: Box | None) -> xr.DataArray:
        """Read some times of one quantity, see `Field.read`."""
        with reading(self.path):
            return self.fields[name].read(records, box)


def _includes_stokes_drift(source: xr.Dataset, found: dict[str, Hashable]) -> int:
    declared = str(source.attrs.get(STOKES_INCLUDED, "")).lower() in ("true", "1", "yes")
    return int(declared or not WITH_STOKES_DRIFT.isdisjoint(map(str, found.values())))


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


def _refuse_staggered(
    source: xr.Dataset, role: Role, found: dict[str, Hashable], path: Path | Opendap
) -> None:
    """Refuse components that do not stand on the same nodes, as on an Arakawa C grid."""
    if len(role.required) != 2 or not all(name in found for name in role.required):
        return
    first, second = (str(found[name]) for name in role.required)
    axes = [_horizontal_names(source, variable, path) for variable in (first, second)]
    if axes[0] != axes[1]:
        raise CatalogError(
            f"{path}: {first!r} is on ({', '.join(axes[0])}) but {second!r} on "
            f"({', '.join(axes[1])}), a staggered grid; expected both at the same nodes, "
            "put them at the centres of the cells first (xgcm, or the model's own tool)"
        )


def _horizontal_names(source: xr.Dataset, variable: str, path: Path | Opendap) -> list[str]:
    where = f"{path}, variable {variable!r}"
    array = source[variable]
    return [find_axis(source, array, axis, where) for axis in ("latitude", "longitude")]


def _field(source: xr.Dataset, variable: str, quantity: Quantity, path: Path | Opendap) -> Field:
    where = f"{path}, variable {variable!r}"
    array = source[variable]
    axes = [find_axis(source, array, axis, where) for axis in ("time", "latitude", "longitude")]
    latitude, longitude = (horizontal_axis(source, name, where) for name in axes[1:])
    if np.nanmax(np.abs(latitude)) > 90.0:
        raise CatalogError(
            f"{where}: latitude runs from {np.nanmin(latitude):g} to {np.nanmax(latitude):g}, "
            "outside -90 to 90; latitude and longitude are swapped or not in degrees"
        )
    values = _as_time_rows_columns(source, array, axes, where)
    nodes = None
    if latitude.ndim == 2:
        _refuse_turned(array, quantity, where)
        nodes = _curved_nodes(source, values, axes, where)
        grid = _grid(*regular_axes(*nodes))
    else:
        grid = _grid(latitude, longitude)
    return Field(
        quantity=quantity,
        where=where,
        times=_read_times(source, axes[0], array, path, where),
        grid=grid,
        _values=values.rename(_renaming(values)),
        _sea=_sea_mask(source, quantity, values.dims[1:3]),
        _nodes=nodes,
        _conversion=conversion(str(array.attrs.get("units", "")), quantity.units, where),
    )


def _renaming(values: xr.DataArray) -> dict[Hashable, str]:
    return dict(zip(values.dims, ("time", "latitude", "longitude"), strict=False))


def _sea_mask(
    source: xr.Dataset, quantity: Quantity, dims: tuple[Hashable, ...]
) -> xr.DataArray | None:
    """Share of sea of each node, where the file has it and what is read is of the sea."""
    if quantity.name in (EASTWARD_WIND, NORTHWARD_WIND):
        return None
    for name, variable in source.variables.items():
        standard_name = str(variable.attrs.get("standard_name", "")).lower()
        is_mask = standard_name in _MASKS or str(name).lower() in _SEA_MASK_NAMES
        if is_mask and set(dims) <= set(variable.dims):
            mask = source[name].drop_vars(list(source[name].coords))
            # The surface comes first, and a mask does not change with time.
            top = mask.isel(dict.fromkeys(set(mask.dims) - set(dims), 0)).transpose(*dims)
            top = top.rename(dict(zip(dims, ("latitude", "longitude"), strict=True)))
            return 1.0 - top if standard_name == "land_binary_mask" else top
    return None


def _grid(latitude: FloatArray, longitude: FloatArray) -> xr.DataArray:
    """Ascending axes, and which row and column of the file each node is."""
    rows = np.argsort(latitude, kind="stable")
    ascending, columns = ascending_longitudes(longitude)
    return xr.DataArray(
        # Without values of its own: one number seen through every node.
        np.broadcast_to(np.int8(0), (rows.size, columns.size)),
        coords={
            "latitude": latitude[rows],
            "longitude": ascending,
            "row": ("latitude", rows),
            "column": ("longitude", columns),
        },
        dims=("latitude", "longitude"),
    )


def _as_time_rows_columns(
    source: xr.Dataset, array: xr.DataArray, axes: Sequence[str], where: str
) -> xr.DataArray:
    """Leave (time, row, column), and ``expver`` last where there is one; reads no values."""
    # A lone time may have no dimension.
    time = next(iter(source.variables[axes[0]].dims), axes[0])
    curved = source.variables[axes[1]].dims
    row, column = (
        curved if len(curved) == 2 else (source.variables[name].dims[0] for name in axes[1:])
    )
    if row == column:
        raise CatalogError(
            f"{where}: latitude and longitude both run along {row!r}; expected a grid, put "
            "scattered nodes on a regular one first (`cdo remapbil`)"
        )
    array = array.drop_vars(list(array.coords))
    if time not in array.dims:
        array = array.expand_dims(time)
    array = drop_other_dimensions(source, array, {time, row, column}, where)
    return array.transpose(time, row, column, ...)


def _refuse_turned(array: xr.DataArray, quantity: Quantity, where: str) -> None:
    """Refuse components of which nothing says that they point east and north."""
    is_component = (
        quantity.name.startswith(("eastward", "northward")) or "ward_vel" in quantity.name
    )
    if is_component and str(array.attrs.get("standard_name", "")).lower() != quantity.name:
        raise CatalogError(
            f"{where}: on a curvilinear grid, and nothing says that it points east or north rather "
            f"than along the grid; expected the standard_name {quantity.name!r}, rotate the vector "
            "if need be and set it"
        )


def _curved_nodes(
    source: xr.Dataset, values: xr.DataArray, axes: Sequence[str], where: str
) -> tuple[FloatArray, FloatArray]:
    """Latitude and longitude of the nodes; both NaN where either is missing."""
    latitude, longitude = (
        source[name].drop_vars(list(source[name].coords)).transpose(*values.dims[1:3]).to_numpy()
        for name in axes[1:]
    )
    missing = ~(np.isfinite(latitude) & np.isfinite(longitude) & (np.abs(longitude) <= 720.0))
    if missing.all():
        raise CatalogError(f"{where}: its coordinates have no values; get the file again")
    return (
        np.where(missing, np.nan, latitude.astype(np.float64)),
        np.where(missing, np.nan, longitude.astype(np.float64)),
    )


def _read_times(
    source: xr.Dataset, name: str, array: xr.DataArray, path: Path | Opendap, where: str
) -> Times:
    variable = source.variables[name]
    values = np.atleast_1d(variable.to_numpy())
    units = str(variable.attrs.get("units", ""))
    calendar = str(variable.attrs.get("calendar", "standard")).lower()
    bounds = source.variables.get(variable.attrs.get("bounds"))
    if bounds is not None:
        begin, end = bounds.to_numpy().reshape(-1, 2).astype(np.float64).T
        # A mean stands for the middle of its interval, wherever its maker put the stamp.
        middle = np.where(end > begin, (begin + end) / 2.0, values)
        return decode_times(middle, units, calendar, where)
    times = decode_times(values, units, calendar, where)
    names = (
        Path(str(path)).name,
        *(str(source.attrs.get(key, "")) for key in ("dataset_id", "id", "product")),
    )
    return place_means(
        times, averaging_time(str(array.attrs.get("cell_methods", "")), names, times)
    )


def _blocks(count: int, size: int) -> Iterator[slice]:
    """Slices of so many records of a size that none takes too much memory."""
    step = max(_READ_AT_ONCE // (8 * max(size, 1)), 1)
    for first in range(0, count, step):
        yield slice(first, min(first + step, count))


def _as_slice(nodes: Records) -> slice | Records:
    """Regular indices as a slice, which servers and libraries answer in one piece."""
    if nodes.size < 2:
        return nodes
    steps = np.diff(nodes)
    if steps[0] == 0 or not (steps == steps[0]).all():
        return nodes
    step, stop = int(steps[0]), int(nodes[-1]) + int(np.sign(steps[0]))
    return slice(int(nodes[0]), None if stop < 0 else stop, step)
