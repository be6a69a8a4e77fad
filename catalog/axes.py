"""Which variables of a file are its axes, by what they say of themselves and by their names."""

from __future__ import annotations

from collections.abc import Hashable
from functools import reduce

import numpy as np
import xarray as xr

from catalog.errors import CatalogError
from catalog.grid import FloatArray

# Axis -> (standard names and units that settle it, variable names that suggest it).
_AXES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "time": (
        frozenset({"time"}),
        frozenset({"time", "valid_time", "time_counter", "ocean_time", "t"}),
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
        frozenset({"depth", "height", "altitude"}),
        frozenset(
            {"depth", "deptht", "depthu", "depthv", "z", "lev", "olevel", "height"}
            | {"height_above_ground", "heightaboveground"}
        ),
    ),
}

_WIND_HEIGHT = 10.0  # [m]


def find_axis(source: xr.Dataset, array: xr.DataArray, axis: str, where: str) -> str:
    """Name of the coordinate variable of an axis.

    Parameters
    ----------
    source : Dataset
        As `catalog.sources.open_source` returns it.
    array : DataArray
        The variable whose axis it is.
    axis : {"time", "latitude", "longitude"}
    where : str
        File and variable, for the error message.

    Raises
    ------
    CatalogError
        If there is none.
    """
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


def horizontal_axis(source: xr.Dataset, name: str, where: str) -> FloatArray:
    """Values of a coordinate of latitude or longitude, of one dimension or of two. [degrees]

    Raises
    ------
    CatalogError
        If it is neither, or a grid of one dimension has missing nodes.
    """
    variable = source.variables[name]
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
    return values


def drop_other_dimensions(
    source: xr.Dataset, array: xr.DataArray, keep: set[Hashable], where: str
) -> xr.DataArray:
    """Do without levels and the dimensions that ERA5 and others add; reads no values.

    ``expver`` stays, for `merge_versions`.

    Raises
    ------
    CatalogError
        If a dimension has several entries and nothing says which one is meant.
    """
    for dim in set(array.dims) - keep:
        if str(dim) == "expver":
            continue
        if array.sizes[dim] == 1:
            array = array.isel({dim: 0})
        elif (level := _nearest_level(source, dim)) is not None:
            array = array.isel({dim: level})
        else:
            raise CatalogError(
                f"{where}: dimension {dim!r} has {array.sizes[dim]} entries, expected only time, "
                "depth, latitude and longitude; choose one entry (`ncks -d`)"
            )
    return array


def merge_versions(array: xr.DataArray) -> xr.DataArray:
    """Join final (1) and preliminary (5) ERA5 side by side: each hour is in one of them."""
    if "expver" not in array.dims:
        return array
    versions = [array.isel(expver=i) for i in range(array.sizes["expver"])]
    return reduce(lambda first, other: first.fillna(other), versions)


def _nearest_level(source: xr.Dataset, dim: Hashable) -> int | None:
    """Index nearest the surface, or nearest 10 m above ground; None if it is no vertical axis."""
    telling, suggestive = _AXES["depth"]
    for name, variable in source.variables.items():
        standard_name = str(variable.attrs.get("standard_name", "")).lower()
        label = str(name).lower().rstrip("0123456789")
        if variable.dims == (dim,) and (standard_name in telling or label in suggestive):
            wanted = _WIND_HEIGHT if "height" in (standard_name + label) else 0.0
            return int(np.argmin(np.abs(variable.to_numpy() - wanted)))
    # Without values, as models write them: from the surface down.
    return 0 if str(dim).lower() in suggestive else None
