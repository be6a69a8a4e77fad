"""One file of forcing, whatever its dialect, as CF fields on (time, latitude, longitude)."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
import xarray as xr

from catalog.errors import CatalogError
from catalog.files.inputs import Input, open_input, reading
from catalog.forcing.axes import find_axis
from catalog.forcing.blanks import Record
from catalog.forcing.fields import (
    Combine,
    Field,
    FieldPart,
    FileVariable,
    Records,
    as_it_is,
    component,
    turned,
)
from catalog.forcing.means import placed_times
from catalog.forcing.names import (
    NORTHWARD,
    POLAR,
    QUANTITIES,
    STOKES_INCLUDED,
    TOTALS,
    Quantity,
    Role,
)
from catalog.forcing.placement import Placement, find_placement
from catalog.forcing.times import Times
from catalog.grid import FloatArray, Section

_ALONG_GRID = re.compile(r"(?:^|_)[xy]_|^grid_(?:east|north)ward")
_TRUE = re.compile(r"(?:^|_)(?:east|north)ward")
_HEIGHT_IN_WORDS = re.compile(r"\b(\d+)[ -]?m(?:et(?:er|re)s?)?\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Found:
    """Which variables of a file make a quantity, and as which quantities they are read."""

    variables: tuple[tuple[str, Quantity], ...]
    combine: Combine = as_it_is


class ForcingFile:
    """What a role needs from one file, opened but not read; a context manager.

    Attributes
    ----------
    path : Path or Lazy
    fields : dict
        Canonical name -> `Field`, for those quantities of the role that the file has, which may be
        none.
    variables : str
        All that the file has, for messages.
    includes_stokes_drift : int
        1 where the file says so, itself or by the names of its variables, and 0 elsewhere.
    """

    def __init__(self, path: Input, role: Role, label: Input | None = None) -> None:
        """Open a file and find its axes.

        Parameters
        ----------
        path : Path or Lazy
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
        self._dataset = open_input(path)
        path = self.path = label or path
        try:
            with reading(path):
                self.fields = find_fields(self._dataset, role, path)
                self.variables = ", ".join(map(str, self._dataset.variables))
                self.includes_stokes_drift = _includes_stokes_drift(self._dataset, self.fields)
        except BaseException:
            self._dataset.close()
            raise

    def __enter__(self) -> ForcingFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._dataset.close()

    def read(self, name: str, records: Records, section: Section | None) -> FieldPart:
        """Read some times of one quantity, see `Field.read`."""
        with reading(self.path):
            return self.fields[name].read(records, section)

    def times(self, names: Sequence[str]) -> Times:
        """Return the times of the first of some quantities that the file has, in its order."""
        held = [self.fields[name].times for name in names if name in self.fields]
        return held[0] if held else np.zeros(0, "datetime64[ns]")

    def record(self, names: Sequence[str], number: int) -> Record:
        """Return a time of some quantities as it is written."""
        fields = [self.fields[name] for name in names if name in self.fields]
        time, *nodes = fields[0].dims

        def values(name: str) -> FloatArray:
            with reading(self.path):
                return np.asarray(self._dataset[name].isel({time: number}), np.float64)

        made_from = tuple(dict.fromkeys(name for field in fields for name in field.variables))
        on_nodes = {
            str(name)
            for name, variable in self._dataset.variables.items()
            if variable.dtype.kind in "iuf" and {time, *nodes} <= set(variable.dims)
        }
        return Record(made_from, tuple(sorted(on_nodes - set(made_from))), values)

    def missing_share(self, names: Sequence[str]) -> float:
        """Return which share of the nodes is missing at the first time of some quantities."""
        first = np.zeros(1, np.intp)
        read = (self.read(name, first, None) for name in names if name in self.fields)
        return max((float(np.isnan(part.values).mean()) for part in read), default=0.0)


def _includes_stokes_drift(dataset: xr.Dataset, fields: Mapping[str, Field]) -> int:
    declared = str(dataset.attrs.get(STOKES_INCLUDED, "")).lower() in ("true", "1", "yes")
    names = {name for field in fields.values() for name in field.variables}
    return int(declared or not names.isdisjoint(TOTALS.values()))


def find_fields(dataset: xr.Dataset, role: Role, path: Input) -> dict[str, Field]:
    """Find what a data set has for a role, nothing of it read but the axes.

    Parameters
    ----------
    dataset : Dataset
        As `open_input` opens it; the fields read from it.
    role : Role
    path : Path or Lazy
        Its name for people.

    Returns
    -------
    dict
        Canonical name -> `Field`, for those quantities of the role that there are, maybe none.

    Raises
    ------
    CatalogError
        If an axis or a unit makes no sense.
    """
    found = _find_quantities(dataset, role, path)
    placements = {
        name: _placement(dataset, made.variables[0][0], path) for name, made in found.items()
    }
    _refuse_staggered(role, found, placements, path)
    return {
        name: _field(dataset, name, found, placement, path)
        for name, placement in placements.items()
    }


def _find_quantities(dataset: xr.Dataset, role: Role, path: Input) -> dict[str, _Found]:
    """Canonical name -> what makes it, for those quantities of the role that a file has."""
    found: dict[str, _Found] = {}
    for name in role.quantities:
        variable = _total(dataset, name) or _find(dataset, QUANTITIES[name], path)
        if variable is not None:
            found[name] = _Found(((variable, QUANTITIES[name]),))
    if len(role.required) == 2 and not any(name in found for name in role.required):
        found |= _find_polar(dataset, role.required, path)
    return {name: found[name] for name in role.quantities if name in found}


def _total(dataset: xr.Dataset, name: str) -> str | None:
    """Return the current that holds tide and Stokes drift, where a file has it beside others."""
    wanted = TOTALS.get(name)
    return wanted if wanted is not None and wanted in dataset.variables else None


def _find(dataset: xr.Dataset, quantity: Quantity, path: Input) -> str | None:
    candidates = _candidates(dataset, quantity)
    if len(candidates) > 1:
        raise CatalogError(
            f"{path}: {', '.join(map(str, candidates))} could each be {quantity.name}; "
            "keep one of them in the file"
        )
    return str(candidates[0]) if candidates else None


def _candidates(dataset: xr.Dataset, quantity: Quantity) -> list[Hashable]:
    """Variables that may be the quantity, by the most telling kind of name that matches any.

    The name of a variable counts only where it has no standard name that says something else.
    """
    fields = [name for name, variable in dataset.variables.items() if variable.ndim >= 2]

    def attribute(field: Hashable, key: str) -> str:
        return str(dataset.variables[field].attrs.get(key, "")).lower()

    silent = [f for f in fields if attribute(f, "standard_name") in _SILENT]

    def matches() -> Iterator[list[Hashable]]:
        yield [f for f in fields if attribute(f, "standard_name") == quantity.name]
        yield [f for f in fields if attribute(f, "standard_name") in quantity.aliases]
        yield [f for f in silent if str(f).lower() in (quantity.name, *quantity.aliases)]
        yield [f for f in silent if attribute(f, "short_name") in quantity.aliases]

    found = [stage for stage in matches() if stage]
    # Of the wind at several heights each may be called so.
    fitting = ([f for f in stage if _is_at_10_m(dataset.variables[f], quantity)] for stage in found)
    return next(filter(None, fitting), found[0] if found else [])


def _find_polar(dataset: xr.Dataset, names: tuple[str, ...], path: Input) -> dict[str, _Found]:
    """Look for a vector by its speed and its direction."""
    polar = POLAR.get((names[0], names[1]))
    speed = None if polar is None else _find(dataset, polar.speed, path)
    if polar is None or speed is None:
        return {}
    for direction, towards in polar.directions:
        variable = _find(dataset, direction, path)
        if variable is not None:
            towards = _towards(dataset.variables[variable], towards)
            pair = ((speed, polar.speed), (variable, direction))
            return {n: _Found(pair, component(towards, n in NORTHWARD)) for n in names}
    return {}


def _towards(variable: xr.Variable, by_name: float) -> float:
    """Return 1 for a direction to which, -1 for one from which; its long name goes before a name.

    A standard name has settled it already.
    """
    if str(variable.attrs.get("standard_name", "")).lower() not in _SILENT:
        return by_name
    words = str(variable.attrs.get("long_name", "")).lower()
    if re.search(r"\bto(?:wards?)?\b", words):
        return 1.0
    return -1.0 if re.search(r"\bfrom\b", words) else by_name


def _where(path: Input, variable: str) -> str:
    return f"{path}, variable {variable!r}"


def _placement(dataset: xr.Dataset, variable: str, path: Input) -> Placement:
    return find_placement(dataset, dataset[variable], _where(path, variable))


def _refuse_staggered(
    role: Role, found: Mapping[str, _Found], placements: Mapping[str, Placement], path: Input
) -> None:
    """Refuse components that do not stand on the same nodes, as on an Arakawa C grid."""
    if len(role.required) != 2 or not all(name in found for name in role.required):
        return
    first, second = (found[name].variables[0][0] for name in role.required)
    axes = [placements[name].axes for name in role.required]
    if axes[0] != axes[1]:
        raise CatalogError(
            f"{path}: {first!r} is on ({', '.join(axes[0])}) but {second!r} on "
            f"({', '.join(axes[1])}), a staggered grid; expected both at the same nodes, "
            "put them at the centres of the cells first (xgcm, or the model's own tool)"
        )


def _field(
    dataset: xr.Dataset,
    name: str,
    found: Mapping[str, _Found],
    placement: Placement,
    path: Input,
) -> Field:
    quantity = QUANTITIES[name]
    first = found[name].variables[0][0]
    where = _where(path, first)
    array = dataset[first]
    time = find_axis(dataset, array, "time", where)
    _refuse_other_height(array.variable, quantity, where)
    made = _along_grid(dataset, name, found, placement, path) or found[name]
    return Field(
        quantity=quantity,
        where=where,
        placed=placed_times(dataset, time, array, Path(str(path)).name, where),
        grid=placement.regular_grid(),
        variables=tuple(variable for variable, _ in made.variables),
        dims=(next(iter(dataset.variables[time].dims), time), *placement.dims),
        _placement=placement,
        _variables=tuple(
            FileVariable.of(
                dataset, dataset[variable], kind, placement, time, _where(path, variable)
            )
            for variable, kind in made.variables
        ),
        _combine=made.combine,
    )


def _along_grid(
    dataset: xr.Dataset,
    name: str,
    found: Mapping[str, _Found],
    placement: Placement,
    path: Input,
) -> _Found | None:
    """Make a true component of those along the axes of a turned grid; None where it is one.

    Raises
    ------
    CatalogError
        If nothing says which of both it is, or it cannot be turned.
    """
    pair = next((pair for pair in POLAR if name in pair), None)
    if pair is None or not placement.is_turned or found[name].combine is not as_it_is:
        return None
    variable = found[name].variables[0][0]
    points = _points(dataset.variables[variable], variable)
    if points == "true":
        return None
    where = _where(path, variable)
    if points == "unsaid":
        raise CatalogError(
            f"{where}: on a curvilinear or turned grid, and nothing says that it points east or "
            f"north rather than along the grid; expected the standard_name {name!r}, rotate the "
            "vector if need be and set it"
        )
    grid = placement.regular_grid()
    corner = grid.part(Section(slice(2), np.arange(2), grid.longitude[:2]))
    if placement.directions(corner) is None or not all(
        component_name in found for component_name in pair
    ):
        raise CatalogError(
            f"{where}: points along the axes of a turned grid; expected both components in one "
            "file and a grid_mapping by which they can be turned to east and north, or components "
            f"that point there (standard_name {name!r})"
        )
    both = tuple(found[component_name].variables[0] for component_name in pair)
    return _Found(both, turned(placement, name in NORTHWARD))


def _points(variable: xr.Variable, name: str) -> Literal["true", "grid", "unsaid"]:
    """Tell components to true east and north from those along the axes of the grid."""
    standard_name = str(variable.attrs.get("standard_name", "")).lower()
    text = name.lower() if standard_name in _SILENT else standard_name
    if _ALONG_GRID.search(text):
        return "grid"
    if _TRUE.search(text):
        return "true"
    relative = str(variable.attrs.get("GRIB_uvRelativeToGrid", ""))
    return {"0": "true", "1": "grid"}.get(relative, "unsaid")  # type: ignore[return-value]


_SILENT = frozenset({"", "unknown", "none", "undefined"})
"""Standard names that say nothing."""


def _heights(variable: xr.Variable) -> list[int]:
    """Heights that a long name speaks of. [m]"""
    words = str(variable.attrs.get("long_name", ""))
    return [int(number) for number in _HEIGHT_IN_WORDS.findall(words)]


def _is_at_10_m(variable: xr.Variable, quantity: Quantity) -> bool:
    """Say whether a wind may be that at 10 m, by its long name; True of all else."""
    heights = _heights(variable)
    return quantity.medium != "air" or not heights or 10 in heights


def _refuse_other_height(variable: xr.Variable, quantity: Quantity, where: str) -> None:
    if not _is_at_10_m(variable, quantity):
        raise CatalogError(
            f"{where}: is the wind at {_heights(variable)[0]} m by its long name "
            f"{variable.attrs['long_name']!r}; expected that at 10 m"
        )
