"""Rasters of oil: GeoTIFF and NetCDF, binary, of probabilities or of thickness."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.errors import CatalogError, UnclearError
from catalog.files.inputs import open_input, reading
from catalog.forcing.axes import find_axis
from catalog.forcing.fills import Absence, is_customary, is_impossible
from catalog.forcing.levels import choose_levels
from catalog.forcing.placement import (
    Curvilinear,
    OnDegrees,
    OnProjection,
    Placement,
    find_placement,
)
from catalog.forcing.times import read_times
from catalog.grid import FloatArray, ascending_longitudes
from catalog.slicks.raster import NETCDF, Raster, wgs84

_SAME_SCENE = np.timedelta64(1, "h")

_UNEVEN = 0.02  # of a step; float32 coordinates of fine grids are no better


def read_raster(
    path: Path, label: str, *, layer: str | None = None, time: datetime | None = None
) -> Raster:
    """Read a raster of one band.

    Parameters
    ----------
    path : Path
        GeoTIFF, or NetCDF on latitude and longitude or on a projection.
    label : str
        The file's name for people.
    layer : str, optional
        Variable of a NetCDF file with several, or band of a GeoTIFF, by its description or number.
    time : datetime, optional
        Which record of a NetCDF file with several.

    Raises
    ------
    UnreadableFileError
        If the file is damaged.
    CatalogError
        If it has no position, or no saying which part of it is meant.
    """
    if path.suffix.lower() in NETCDF:
        return _read_netcdf(path, label, layer, time)
    from catalog.slicks.geotiff import read_geotiff

    return read_geotiff(path, label, layer)


def raster_variables(dataset: xr.Dataset) -> list[str]:
    """Names of the variables of a NetCDF file that are fields on a regular grid."""
    found = []
    for name, variable in dataset.data_vars.items():
        if variable.ndim < 2 or variable.dtype.kind not in "iufb" or str(name).endswith("_bnds"):
            continue
        try:
            placement = find_placement(dataset, variable, str(name))
        except CatalogError:
            continue
        if not isinstance(placement, Curvilinear):
            found.append(str(name))
    return found


def _read_netcdf(path: Path, label: str, layer: str | None, time: datetime | None) -> Raster:
    import affine

    with open_input(path) as dataset, reading(path):
        name = _choose_variable(dataset, layer, label)
        where = f"{label}, variable {name!r}"
        array = dataset[name]
        placement = find_placement(dataset, array, where)
        dims = list(placement.dims)
        x, columns, y, system = _nodes(placement, where)
        rows = np.argsort(-y)
        y = y[rows]
        moment, array = _choose_time(dataset, array, dims, time, where)
        array = array.drop_vars(list(array.coords))
        array = array.isel(choose_levels(dataset, array, set(dims), where).chosen)
        values = array.transpose(*dims).to_numpy()[rows][:, columns]
        tags = {str(k): v for k, v in {**dataset.attrs, **array.attrs}.items()}
        present, doubtful = _told_apart(values, array)
    step_x, step_y = (_even_step(axis, where) for axis in (x, y))
    # The nodes are the centres of cells.
    west, north = x[0] - step_x / 2.0, y[0] - step_y / 2.0
    return Raster(
        values,
        present,
        system,
        affine.Affine(step_x, 0.0, west, 0.0, step_y, north),
        tags,
        moment,
        units=str(array.attrs["units"]) if "units" in array.attrs else None,
        doubtful=doubtful,
        meanings=_meanings(array),
        name=f"{name} {array.attrs.get('long_name', '')}",
    )


def _nodes(
    placement: Placement, where: str
) -> tuple[FloatArray, npt.NDArray[np.intp], FloatArray, Any]:
    """Return ascending x and the columns they are in, y, and the reference system of both."""
    if isinstance(placement, OnProjection):
        columns = np.argsort(placement.x)
        return placement.x[columns], columns, placement.y, placement.projection.system
    if not isinstance(placement, OnDegrees):
        raise CatalogError(
            f"{where}: its nodes lie on curved lines, expected a regular grid; put it on one first "
            "(`cdo remapnn`)"
        )
    longitude, columns = ascending_longitudes(placement.longitude)
    return longitude, columns, placement.latitude, wgs84()


def _told_apart(
    values: npt.NDArray[Any], array: xr.DataArray
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Say where there are values, and which of them may be fills that are not declared."""
    marked = values.astype(np.float64)
    Absence.of(array, lambda: marked.copy()).mark(marked)
    present = np.isfinite(marked) & ~is_impossible(values)
    declared = any(key in array.encoding for key in ("_FillValue", "missing_value"))
    doubtful = np.zeros(values.shape, bool) if declared else present & is_customary(values)
    return present, doubtful


def _meanings(array: xr.DataArray) -> dict[float, str]:
    """Return what the values of a variable of categories mean, as CF has it."""
    words = str(array.attrs.get("flag_meanings", "")).split()
    flags = np.ravel(array.attrs.get("flag_values", []))
    return dict(zip(map(float, flags), words, strict=False)) if flags.size == len(words) else {}


def raster_times(path: Path, label: str, layer: str | None = None) -> list[datetime]:
    """Return the times of a NetCDF file of rasters, UTC; none of other files."""
    if path.suffix.lower() not in NETCDF:
        return []
    with open_input(path) as dataset, reading(path):
        name = _choose_variable(dataset, layer, label)
        found = _times(dataset, dataset[name], f"{label}, variable {name!r}")
    return [] if found is None else [_moment(time) for time in found[1]]


def _choose_variable(dataset: xr.Dataset, layer: str | None, label: str) -> str:
    found = raster_variables(dataset)
    if layer is not None and layer in found:
        return layer
    if layer is not None or not found:
        raise CatalogError(
            f"{label}: expected one variable on a regular grid"
            + ("" if layer is None else f" called {layer!r}")
            + f", found {', '.join(found) or 'none'}"
        )
    if len(found) > 1:
        raise UnclearError(
            f"{label}: has {len(found)} variables on a regular grid, {', '.join(found)}",
            "expected one; say which one by `layer`",
        )
    return found[0]


def _choose_time(
    dataset: xr.Dataset,
    array: xr.DataArray,
    dims: list[Hashable],
    wanted: datetime | None,
    where: str,
) -> tuple[datetime | None, xr.DataArray]:
    """Take the record of a time, and say of when it is."""
    found = _times(dataset, array, where)
    if found is None:
        return None, array
    variable, times = found
    record = 0
    if times.size > 1:
        if wanted is None:
            raise CatalogError(
                f"{where}: has {times.size} times, expected one; say which is meant by its time"
            )
        moment = np.datetime64(wanted.astimezone(UTC).replace(tzinfo=None), "ns")
        record = int(np.argmin(np.abs(times - moment)))
        if abs(times[record] - moment) > _SAME_SCENE:
            raise CatalogError(
                f"{where}: has {times.size} times from {np.datetime_as_string(times.min(), 'm')}Z "
                f"to {np.datetime_as_string(times.max(), 'm')}Z; expected one within an hour of "
                f"{np.datetime_as_string(moment, 'm')}Z"
            )
    dim = next((d for d in variable.dims if d in array.dims and d not in dims), None)
    if dim is not None:
        array = array.isel({dim: record})
    return _moment(times[record]), array


def _times(
    dataset: xr.Dataset, array: xr.DataArray, where: str
) -> tuple[xr.Variable, npt.NDArray[np.datetime64]] | None:
    """Return the time axis of a variable, and its times; None where it has none."""
    try:
        name = find_axis(dataset, array, "time", where)
    except CatalogError:
        return None
    variable = dataset.variables[name]
    return variable, read_times(variable, where).times


def _moment(time: np.datetime64) -> datetime:
    moment: datetime = time.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def _even_step(axis: npt.NDArray[np.float64], where: str) -> float:
    steps = np.diff(axis)
    mean = float(steps.mean())
    if np.abs(steps - mean).max() > _UNEVEN * abs(mean):
        raise CatalogError(
            f"{where}: the nodes lie {steps.min():g} to {steps.max():g} apart, expected a regular "
            "grid"
        )
    return mean
