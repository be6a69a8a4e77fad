"""Forcing files in, one CF dataset out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import reduce
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from catalog.errors import CatalogError
from catalog.grid import TOLERANCE_DEG, Box, format_box, grid_box
from catalog.names import QUANTITIES, ROLES, STOKES_INCLUDED, RoleName
from catalog.normalise import read_file
from catalog.paths import PathsLike, expand_sources

_log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from catalog.opendap import Opendap

_Part = tuple["Path | Opendap", xr.Dataset]


def open_forcing(paths: PathsLike, role: RoleName, *, box: Box | None = None) -> xr.Dataset:
    """Read one kind of forcing from NetCDF files of any common dialect.

    Parameters
    ----------
    paths : str, Path or sequence of them
        A path, a glob pattern, a URL or a list. The variables may be spread over several files;
        files may overlap in time, the later one in the list (or in sorted order) then wins.
    role : {"currents", "winds", "waves", "temperature"}
        What the files are for: `catalog.names.ROLES` says which variables that takes.
    box : tuple of float, optional
        West, south, east, north: read only this part and a node round it. [degrees]

    Returns
    -------
    Dataset
        Canonical CF names on (time, latitude, longitude), in memory: time datetime64[ns] and
        strictly increasing, latitude and longitude ascending, float32 in SI units, land and
        missing values NaN. Longitudes are within -180 to 180 unless the grid lies across the
        dateline. The coordinate `source_coordinate` names the file of each time of a variable.

    Raises
    ------
    UnreadableFileError
        If a file is missing, cut short or not NetCDF.
    CoverageError
        If the grid does not hold the box.
    CatalogError
        If a variable is missing, ambiguous, empty or implausible, or grids differ.

    Notes
    -----
    Nodes where both components of a vector are exactly 0 at every time are land, as are NaN. A
    time at which a component is NaN everywhere, or both are 0 everywhere, is blank and is left out:
    it becomes a gap, which `prepare_forcing` deals with. An optional variable is taken from its
    nearest time. Waves without Stokes drift will do: their height, or else their period, then
    says which times there are.
    """
    wanted = ROLES[role]
    parts = [(path, read_file(path, wanted, box)) for path in expand_sources(paths)]
    held = {str(name) for _, part in parts for name in part.data_vars}
    settling = wanted.settled_by(held)
    _refuse_missing(parts, settling, role)
    _refuse_different_grids(parts)
    forcing = _without_land_and_blanks(_together(parts, settling), settling, wanted.without)
    at_sea = forcing[list(settling)].to_dataarray().notnull().any(("variable", "time"))
    for name in wanted.optional:
        if name in held and name not in settling:
            nearest = _join_times(parts, name).reindex(time=forcing["time"], method="nearest")
            forcing[name] = nearest.where(at_sea)
    return forcing.assign_attrs(
        {STOKES_INCLUDED: max(part.attrs[STOKES_INCLUDED] for _, part in parts)}
    )


def source_coordinate(name: str) -> str:
    """Name of the coordinate that says which file each time of a variable is from."""
    return f"source_of_{name}"


def _refuse_missing(parts: Sequence[_Part], required: Sequence[str], role: str) -> None:
    """Every file has to bring something, and together they have to bring all that is required."""
    for path, part in parts:
        if not part.data_vars:
            raise CatalogError(_describe_missing(path, part, required, role))
    absent = [name for name in required if not any(name in part for _, part in parts)]
    if absent:
        raise CatalogError(_describe_missing(*parts[0], absent, role))


def _describe_missing(
    path: Path | Opendap, part: xr.Dataset, names: Sequence[str], role: str
) -> str:
    return (
        f"{path}: no {' and no '.join(names)} for the {role} among the variables "
        f"{part.attrs['variables']}; expected a variable with that standard_name or called for "
        f"example {QUANTITIES[names[0]].aliases[0]!r}"
    )


def _refuse_different_grids(parts: Sequence[_Part]) -> None:
    fields = [(path, field) for path, part in parts for field in part.data_vars.values()]
    first_path, first = fields[0]
    for path, field in fields[1:]:
        if not all(_agree(first[axis], field[axis]) for axis in ("latitude", "longitude")):
            raise CatalogError(
                f"{path}: {_describe_grid(field)}, but {first_path} has {_describe_grid(first)}; "
                "files used together need the same grid"
            )


def _agree(first: xr.DataArray, other: xr.DataArray) -> bool:
    return first.size == other.size and np.allclose(first, other, rtol=0.0, atol=TOLERANCE_DEG)


def _describe_grid(field: xr.DataArray) -> str:
    rows, columns = field.sizes["latitude"], field.sizes["longitude"]
    return f"{rows} x {columns} nodes over {format_box(grid_box(field))}"


def _join_times(parts: Sequence[_Part], name: str) -> xr.DataArray:
    """Chain one variable of all files along time, sorted, the last of equal times kept."""
    holders = [(path, part[name]) for path, part in parts if name in part]
    pieces = []
    for path, field in holders:
        filled = field.isel(time=field.notnull().any(("latitude", "longitude")).to_numpy())
        source = np.full(filled.sizes["time"], str(path))
        pieces.append(filled.assign_coords({source_coordinate(name): ("time", source)}))
    joined = xr.concat(pieces, "time", coords="minimal", compat="override", join="override")
    times = joined["time"].to_numpy()
    if not times.size:
        raise CatalogError(f"{holders[0][0]}: {name} has no value anywhere; get the file again")
    # The last of equal times is the first of them in reverse.
    last = times.size - 1 - np.unique(times[::-1], return_index=True)[1]
    return joined.isel(time=last)


def _together(parts: Sequence[_Part], names: Sequence[str]) -> xr.Dataset:
    """Join some variables at the times that they share."""
    fields = xr.align(*(_join_times(parts, name) for name in names), join="inner")
    if not fields[0].sizes["time"]:
        raise CatalogError(
            f"{parts[0][0]}: {' and '.join(names)} have no time in common; "
            "expected both at the same times"
        )
    return xr.Dataset(dict(zip(names, fields, strict=True)))


def _without_land_and_blanks(forcing: xr.Dataset, names: Sequence[str], without: str) -> xr.Dataset:
    """Mark as NaN the nodes that never move, and drop the times at which nothing does."""
    fields = [forcing[name] for name in names]
    # Models write 0 for a vector on land. A wave height of 0 is a calm.
    still = reduce(and_, (f.isnull() | ((f == 0.0) & (len(fields) > 1)) for f in fields))
    land = still.all("time")
    blank = still.all(("latitude", "longitude"))
    files = dict.fromkeys(forcing[source_coordinate(names[0])].to_numpy().tolist())
    if blank.all():
        raise CatalogError(
            f"{', '.join(files)}: {' and '.join(names)} have no value anywhere, all are "
            f"0 or missing; check the files ({without})"
        )
    if blank.any():
        _log.info("%d blank times left out of %s", int(blank.sum()), ", ".join(files))
    return forcing.where(~land).isel(time=~blank.to_numpy())
