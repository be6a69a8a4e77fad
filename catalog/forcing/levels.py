"""The level nearest the surface, or nearest 10 m of height, and dimensions to do without."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import xarray as xr

from catalog.errors import CatalogError
from catalog.forcing.names import Quantity
from catalog.grid import FloatArray
from catalog.units import length_in_metres

_DEPTHS = frozenset({"depth", "depth_below_geoid", "depth_below_sea_surface"})
_HEIGHTS = frozenset(
    {"height", "altitude", "height_above_mean_sea_level", "height_above_sea_surface"}
    | {"height_above_geopotential_datum", "height_above_reference_ellipsoid"}
)
_DEPTH_NAMES = frozenset({"depth", "deptht", "depthu", "depthv", "depthw", "depths"})
_PRESSURES = frozenset({"pa", "hpa", "mb", "mbar", "millibar", "millibars", "bar", "dbar"})
_LEVELS = _DEPTHS | _HEIGHTS | {"air_pressure", "sea_water_pressure", "model_level_number"}
_NAMES = _DEPTH_NAMES | {"height", "altitude", "height_above_ground", "heightaboveground"}
_TELLING = ("standard_name", "units", "positive", "long_name")

# In a long name: levels that are counted from somewhere else, or not in metres at all.
_ELSEWHERE = re.compile(
    r"bottom|sea ?floor|sea ?bed|\bbed\b|sigma|hybrid|pressure|isobar|terrain|\blayer"
    r"|\bmodel level",
    re.IGNORECASE,
)

_WIND_HEIGHT = 10.0  # [m]
_WIND_HEIGHTS = (5.0, 20.0)
"""The wind at a height beyond these is not that at 10 m: it differs by some 10 % and more. [m]"""

_SHALLOW = 5.0
"""A level below it is told of: what is there does not move floating oil. [m]"""


@dataclass(frozen=True)
class Levels:
    """Which entry is taken of each dimension to do without.

    Attributes
    ----------
    chosen : dict
        Dimension -> index.
    remarks : tuple of str
        Which level that is, where it is not plain.
    """

    chosen: dict[Hashable, int]
    remarks: tuple[str, ...] = ()


def choose_levels(
    dataset: xr.Dataset,
    array: xr.DataArray,
    keep: set[Hashable],
    where: str,
    quantity: Quantity | None = None,
) -> Levels:
    """Do without levels and the dimensions that ERA5 and others add; reads no values.

    ``expver`` stays, for `merge_versions`.

    Parameters
    ----------
    dataset : Dataset
    array : DataArray
    keep : set
        Dimensions that stay.
    where : str
        File and variable, for messages.
    quantity : Quantity, optional
        What the array is, which says which level is wanted; None: there is to be one only.

    Raises
    ------
    CatalogError
        If a dimension has several entries and nothing says which one is meant.
    """
    remarks: list[str] = []
    if quantity is not None:
        for name in _lone_levels(dataset, array):
            remarks += _of_lone_level(dataset, name, quantity)
    chosen: dict[Hashable, int] = {}
    for dim in [dim for dim in array.dims if dim not in keep and str(dim) != "expver"]:
        level = _find_level(dataset, array, dim)
        if array.sizes[dim] == 1:
            chosen[dim] = 0
        elif level is None or quantity is None:
            raise CatalogError(
                f"{where}: dimension {str(dim)!r} has {array.sizes[dim]} entries, expected only "
                f"time, depth, latitude and longitude; choose one entry (`ncks -d {dim},INDEX`)"
            )
        else:
            chosen[dim] = _nearest_level(dataset, level, quantity, where)
            remarks += _of_level(dataset, level, chosen[dim], quantity)
    return Levels(chosen, tuple(remarks))


def surface_of(dataset: xr.Dataset, array: xr.DataArray, dim: Hashable) -> int:
    """Index of the depth nearest the surface; of levels of which nothing is known the first."""
    level = _find_level(dataset, array, dim)
    if level is None or _kind(dataset.variables[level], level, of_air=False) != "depth":
        return 0
    return int(np.nanargmin(np.abs(_metres(dataset.variables[level]))))


def _lone_levels(dataset: xr.Dataset, array: xr.DataArray) -> Iterator[str]:
    """Yield the vertical coordinates of an array that has one level only."""
    named = {*map(str, array.dims), *str(array.attrs.get("coordinates", "")).split()}
    for name, variable in dataset.variables.items():
        is_lone = variable.size == 1 and set(variable.dims) <= set(array.dims)
        if str(name) in named and is_lone and _is_vertical(variable, str(name)):
            yield str(name)


def _is_vertical(variable: xr.Variable, name: str) -> bool:
    """Say whether a coordinate tells of a level, of any kind."""
    standard_name = str(variable.attrs.get("standard_name", ""))
    units = str(variable.attrs.get("units", "")).strip().lower()
    return bool(
        standard_name.endswith("_coordinate")
        or standard_name in _LEVELS
        or "positive" in variable.attrs
        or variable.attrs.get("axis") == "Z"
        or length_in_metres(units) is not None
        or units in _PRESSURES
        or _label(name) in _NAMES
    )


def merge_versions(array: xr.DataArray) -> xr.DataArray:
    """Join final (1) and preliminary (5) ERA5 side by side: each hour is in one of them."""
    if "expver" not in array.dims:
        return array
    versions = [array.isel(expver=i) for i in range(array.sizes["expver"])]
    return reduce(lambda first, other: first.fillna(other), versions)


def _find_level(dataset: xr.Dataset, array: xr.DataArray, dim: Hashable) -> str | None:
    """Name of the variable that says where the entries of a dimension are; None if none does."""
    if dim in dataset.variables and dataset.variables[dim].dims == (dim,):
        return str(dim)
    named = str(array.attrs.get("coordinates", "")).split()
    along = [str(name) for name, v in dataset.variables.items() if v.dims == (dim,)]
    along = [name for name in along if name in named] or along
    return along[0] if len(along) == 1 else None


def _nearest_level(dataset: xr.Dataset, name: str, quantity: Quantity, where: str) -> int:
    """Index of the level nearest the surface, or of wind nearest 10 m.

    Raises
    ------
    CatalogError
        If the levels are of another kind, or none is near enough.
    """
    of_air = quantity.medium == "air"
    kind = _kind(dataset.variables[name], name, of_air=of_air)
    if kind != ("height" if of_air else "depth"):
        wanted = "heights above the surface" if of_air else "depths below the surface"
        raise CatalogError(
            f"{where}: levels {_described(dataset, name)} are no {wanted} in metres that tell the "
            "surface; choose one level (`ncks -d "
            f"{dataset.variables[name].dims[0]},INDEX`), or set its standard_name and units"
        )
    metres = _metres(dataset.variables[name])
    if not np.isfinite(metres).all():
        raise CatalogError(
            f"{where}: levels {_described(dataset, name)} have missing values; choose one level"
        )
    nearest = int(np.argmin(np.abs(metres - (_WIND_HEIGHT if of_air else 0.0))))
    if of_air and not _WIND_HEIGHTS[0] <= metres[nearest] <= _WIND_HEIGHTS[1]:
        raise CatalogError(
            f"{where}: wind at {metres[nearest]:g} m is the nearest to 10 m among "
            f"{_described(dataset, name)}; expected that at 10 m, get it or reduce it to 10 m"
        )
    return nearest


def _kind(variable: xr.Variable, name: str, *, of_air: bool) -> str | None:
    """Return "depth" or "height" (above the surface, negative below), None for all else.

    Attributes go first. A length of which nothing says the direction is a depth in the sea and a
    height in the air.
    """
    attrs = {key: str(variable.attrs.get(key, "")).strip().lower() for key in _TELLING}
    label = _label(name)
    units, positive, standard_name = attrs["units"], attrs["positive"], attrs["standard_name"]
    is_length = length_in_metres(units) is not None
    if (units and not is_length) or _ELSEWHERE.search(attrs["long_name"]):
        return None
    if standard_name in _DEPTHS:
        kind, agrees = "depth", positive != "up"
    elif standard_name in _HEIGHTS:
        kind, agrees = "height", positive != "down"
    elif standard_name or _ELSEWHERE.search(name):
        return None
    else:
        kind, agrees = _by_direction(positive, label, of_air), is_length or label in _NAMES
    if not agrees:
        return None
    if kind == "height" and not of_air and (variable.to_numpy() <= 0.0).all():
        return "depth"
    return kind


def _by_direction(positive: str, label: str, of_air: bool) -> str:
    if positive in ("down", "up"):
        return "depth" if positive == "down" else "height"
    if label in _NAMES:
        return "depth" if label in _DEPTH_NAMES else "height"
    return "height" if of_air else "depth"


def _metres(variable: xr.Variable) -> FloatArray:
    factor = length_in_metres(str(variable.attrs.get("units", ""))) or 1.0
    return variable.to_numpy().astype(np.float64) * factor


def _of_level(dataset: xr.Dataset, name: str, chosen: int, quantity: Quantity) -> Iterator[str]:
    """Tell which of several levels was taken, where it is not plainly that of the surface."""
    metres = _metres(dataset.variables[name])
    wanted, near = (_WIND_HEIGHT, 0.0) if quantity.medium == "air" else (0.0, _SHALLOW)
    if abs(abs(metres[chosen]) - wanted) > near:
        yield f"at {abs(metres[chosen]):g} m, the nearest of {metres.size} levels"


def _of_lone_level(dataset: xr.Dataset, name: str, quantity: Quantity) -> Iterator[str]:
    """Tell of a single level that is not where the oil, or the wind over it, is."""
    of_air = quantity.medium == "air"
    variable = dataset.variables[name]
    if variable.dtype.kind not in "iuf":
        return
    kind, metres = _kind(variable, name, of_air=of_air), float(_metres(variable).ravel()[0])
    low, high = _WIND_HEIGHTS if of_air else (-_SHALLOW, _SHALLOW)
    if kind != ("height" if of_air else "depth") or not low <= metres <= high:
        yield f"of its only level, {_described(dataset, name)}, taken for that at the surface"


def _label(name: str) -> str:
    return name.lower().rstrip("0123456789_")


def _described(dataset: xr.Dataset, name: str) -> str:
    variable = dataset.variables[name]
    values = variable.to_numpy().ravel()
    shown = ", ".join(
        f"{value:g}" if isinstance(value, float) else str(value) for value in values[:3].tolist()
    )
    more = ", ..." if values.size > 3 else ""
    said = [f"{key} {variable.attrs[key]!r}" for key in _TELLING if key in variable.attrs]
    return f"{name!r} ({'; '.join([shown + more, *said])})"
