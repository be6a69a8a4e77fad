"""Which variables of a file are its axes: what their attributes say, and only then their names."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from typing import Literal

import numpy as np
import xarray as xr

from catalog.errors import CatalogError
from catalog.grid import FloatArray
from catalog.units import angle_in_degrees, length_in_metres

AxisName = Literal["time", "latitude", "longitude", "x", "y"]
"""``x`` and ``y`` are axes of a projection, or of a rotated grid: no longitude and no latitude."""

Reading = frozenset[str]
"""What a coordinate may be, by one thing that is said of it: axes, "vertical", "other"."""

_VERTICAL = frozenset({"vertical"})
_OTHER = frozenset({"other"})

_STANDARD_NAMES: dict[str, Reading] = {
    **{name: frozenset({name}) for name in ("time", "latitude", "longitude")},
    **dict.fromkeys(
        ("grid_longitude", "projection_x_coordinate", "projection_x_angular_coordinate"),
        frozenset({"x"}),
    ),
    **dict.fromkeys(
        ("grid_latitude", "projection_y_coordinate", "projection_y_angular_coordinate"),
        frozenset({"y"}),
    ),
    **dict.fromkeys(("forecast_reference_time", "forecast_period", "realization"), _OTHER),
    **dict.fromkeys(("depth", "height", "altitude", "air_pressure"), _VERTICAL),
}

_AXIS_LETTERS: dict[str, Reading] = {
    "x": frozenset({"longitude", "x"}),
    "y": frozenset({"latitude", "y"}),
    "z": _VERTICAL,
    "t": frozenset({"time", "other"}),
}

# The attribute by which THREDDS and netCDF-Java tell axes apart.
_COORDINATE_AXIS_TYPES: dict[str, Reading] = {
    "lat": frozenset({"latitude"}),
    "lon": frozenset({"longitude"}),
    "geox": frozenset({"x"}),
    "geoy": frozenset({"y"}),
    "time": frozenset({"time"}),
    **dict.fromkeys(("height", "pressure", "geoz"), _VERTICAL),
    **dict.fromkeys(("runtime", "ensemble", "simpletime"), _OTHER),
}

_NORTH = re.compile(r"(?:°|(?:decimal[ _])?deg(?:rees?)?)[ _]?(?:true[ _]?)?n(?:orth)?$")
_EAST = re.compile(r"(?:°|(?:decimal[ _])?deg(?:rees?)?)[ _]?(?:true[ _]?)?e(?:ast)?$")
_SINCE = re.compile(r"\S+\s+since\s+\S", re.IGNORECASE)

# What the variable of an axis is called where nothing else is said of it. "x" is no longitude: it
# is as often in metres as in degrees.
_NAMES: dict[AxisName, frozenset[str]] = {
    "time": frozenset({"time", "valid_time", "time_counter", "ocean_time", "t"}),
    "latitude": frozenset({"latitude", "lat", "nav_lat"}),
    "longitude": frozenset({"longitude", "lon", "nav_lon"}),
    "x": frozenset({"x", "xc", "rlon", "easting"}),
    "y": frozenset({"y", "yc", "rlat", "northing"}),
}

# A second time that a forecast has beside the one it is for.
_START_OF_FORECAST = re.compile(r"reference|initial|(?:model|forecast) run|analysis time", re.I)


def find_axis(dataset: xr.Dataset, array: xr.DataArray | None, axis: AxisName, where: str) -> str:
    """Name of the coordinate variable of an axis.

    Parameters
    ----------
    dataset : Dataset
        As `catalog.files.inputs.open_input` returns it.
    array : DataArray or None
        The variable whose axis it is; None: any variable of the file.
    axis : {"time", "latitude", "longitude", "x", "y"}
    where : str
        File and variable, for the error message.

    Returns
    -------
    str
        Known by ``standard_name``, ``units``, ``axis`` and ``_CoordinateAxisType``; by its name
        where these say nothing.

    Raises
    ------
    CatalogError
        If there is none, its attributes contradict each other, or there are several and no saying
        which.
    """
    candidates = _candidates(dataset, array)
    found = [name for name in candidates if is_axis(dataset.variables[name], axis, name, where)]
    if not found:
        found = [name for name in candidates if _is_called(dataset.variables[name], axis, name)]
    if not found:
        raise CatalogError(f"{where}: no {axis} axis among {_described(dataset, candidates)}")
    return _best(dataset, array, [str(name) for name in found], axis, where)


def has_axis(dataset: xr.Dataset, array: xr.DataArray, axis: AxisName, where: str) -> bool:
    """Say whether attributes call some coordinate of an array this axis, see `find_axis`."""
    return any(
        is_axis(dataset.variables[name], axis, name, where) for name in _candidates(dataset, array)
    )


def is_axis(variable: xr.Variable, axis: AxisName, name: Hashable, where: str) -> bool:
    """Say whether attributes call a coordinate this axis.

    Raises
    ------
    CatalogError
        If one attribute does, and another says that it is something else.
    """
    said = dict(_readings(variable))
    agreed = _agreed(said.values())
    if agreed == {axis} or (axis == "time" and agreed == {"time", "other"}):
        return True
    if not agreed and any(reading == {axis} for reading in said.values()):
        facts = ", ".join(f"{key} = {variable.attrs[key]!r}" for key in said)
        raise CatalogError(
            f"{where}: the attributes of {str(name)!r} contradict each other ({facts}); correct "
            "the wrong one (`ncatted`)"
        )
    return False


def horizontal_axis(dataset: xr.Dataset, name: str, where: str) -> FloatArray:
    """Values of a coordinate of latitude or longitude, of one dimension or of two. [degrees]

    Raises
    ------
    CatalogError
        If it is neither, is not in degrees, or a grid of one dimension has missing or repeated
        nodes.
    """
    values = axis_values(dataset, name, where)
    units = str(dataset.variables[name].attrs.get("units", ""))
    if units.strip() and not _are_degrees(units):
        raise CatalogError(
            f"{where}: coordinate {name!r} is in {units!r}, expected degrees; correct the unit, or "
            "the data"
        )
    return values


def axis_values(dataset: xr.Dataset, name: str, where: str) -> FloatArray:
    """Values of a horizontal coordinate as they are written.

    Raises
    ------
    CatalogError
        If it does not span a grid, or one of one dimension has missing or repeated nodes.
    """
    variable = dataset.variables[name]
    if variable.ndim not in (1, 2) or min(variable.shape) < 2:
        raise CatalogError(
            f"{where}: coordinate {name!r} has shape {variable.shape}, expected one or two "
            "dimensions of at least two nodes"
        )
    if variable.dtype.kind not in "iuf":
        raise CatalogError(f"{where}: coordinate {name!r} does not hold numbers")
    values = variable.to_numpy().astype(np.float64)
    if variable.ndim == 1 and not np.isfinite(values).all():
        raise CatalogError(f"{where}: coordinate {name!r} has missing values, expected none")
    if variable.ndim == 1:
        nodes, times = np.unique(values, return_counts=True)
        if times.max() > 1:
            raise CatalogError(
                f"{where}: coordinate {name!r} has the node {nodes[times.argmax()]:g} "
                f"{times.max()} times, expected each once"
            )
    return values


def _candidates(dataset: xr.Dataset, array: xr.DataArray | None) -> list[Hashable]:
    """Variables that run along no other dimensions than an array."""
    return [
        name
        for name, variable in dataset.variables.items()
        if array is None or (name != array.name and set(variable.dims) <= set(array.dims))
    ]


def _readings(variable: xr.Variable) -> Iterator[tuple[str, Reading]]:
    """Yield what each attribute says that a coordinate may be; nothing where it says nothing."""
    tables = {
        "standard_name": _STANDARD_NAMES,
        "axis": _AXIS_LETTERS,
        "_CoordinateAxisType": _COORDINATE_AXIS_TYPES,
    }
    for key, table in tables.items():
        reading = table.get(str(variable.attrs.get(key, "")).strip().lower())
        if reading is not None:
            yield key, reading
    units = _of_units(str(variable.attrs.get("units", "")))
    if units is not None:
        yield "units", units
    if "positive" in variable.attrs:
        yield "positive", _VERTICAL


def _of_units(units: str) -> Reading | None:
    text = units.strip().lower()
    if _NORTH.match(text):
        return frozenset({"latitude"})
    if _EAST.match(text):
        return frozenset({"longitude"})
    if _SINCE.match(text):
        return frozenset({"time", "other"})
    if angle_in_degrees(text) is not None:
        return frozenset({"latitude", "longitude", "x", "y", "other"})
    if length_in_metres(text) is not None:
        return frozenset({"x", "y", "vertical", "other"})
    return frozenset({"time", "vertical", "other"}) if text else None


def _agreed(readings: Iterable[Reading]) -> Reading:
    """Return what all that is said allows; nothing where it contradicts, or nothing is said."""
    all_readings = list(readings)
    return frozenset.intersection(*all_readings) if all_readings else frozenset()


def _is_called(variable: xr.Variable, axis: AxisName, name: Hashable) -> bool:
    """Say whether a coordinate is an axis by its name, and no attribute speaks against it."""
    if str(name).lower() not in _NAMES[axis]:
        return False
    said = [reading for _, reading in _readings(variable)]
    return not said or axis in _agreed(said)


def _are_degrees(units: str) -> bool:
    text = units.strip().lower()
    return bool(_NORTH.match(text) or _EAST.match(text)) or angle_in_degrees(text) == 1.0


def _best(
    dataset: xr.Dataset, array: xr.DataArray | None, names: list[str], axis: AxisName, where: str
) -> str:
    """Choose among several: what the array names, a dimension's own, what varies at all."""
    named = set() if array is None else set(str(array.attrs.get("coordinates", "")).split())
    dims: tuple[Hashable, ...] = dataset.dims if array is None else array.dims  # type: ignore[assignment]

    def rank(name: str) -> tuple[bool, ...]:
        variable = dataset.variables[name]
        starts = bool(_START_OF_FORECAST.search(str(variable.attrs.get("long_name", ""))))
        return starts, name not in dims, name not in named, not variable.dims

    ordered = sorted(names, key=rank)
    first, rivals = ordered[0], [n for n in ordered[1:] if rank(n) == rank(ordered[0])]
    for rival in rivals:
        if not dataset.variables[first].equals(dataset.variables[rival]):  # type: ignore[no-untyped-call]
            raise CatalogError(
                f"{where}: {first!r} and {rival!r} could each be its {axis}; expected one of them "
                "in its attribute `coordinates`, or in the file at all"
            )
    return first


def _described(dataset: xr.Dataset, names: Iterable[Hashable]) -> str:
    """Name coordinates with what they say of themselves."""
    described = [_said(str(name), dataset.variables[name]) for name in names]
    return ", ".join(described) or "no coordinates"


def _said(name: str, variable: xr.Variable) -> str:
    keys = [key for key in ("standard_name", "units", "axis") if key in variable.attrs]
    facts = ", ".join(f"{key} {str(variable.attrs[key])[:40]!r}" for key in keys)
    return f"{name} ({facts})" if facts else name
