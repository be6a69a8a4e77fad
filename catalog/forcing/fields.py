"""A quantity in one file, whatever its dialect: read by records and box, as CF has it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.errors import CatalogError
from catalog.forcing.fills import CUSTOMARY_FILLS, Absence
from catalog.forcing.levels import Levels, choose_levels, merge_versions, surface_of
from catalog.forcing.means import Meaning, PlacedTimes
from catalog.forcing.names import Quantity
from catalog.forcing.placement import Cut, Directions, Placement, as_slice
from catalog.forcing.times import Times
from catalog.grid import FloatArray, RegularGrid, Section
from catalog.units import conversion

Records = npt.NDArray[np.intp]

_MASKS = frozenset({"sea_binary_mask", "land_binary_mask"})
_SEA_MASK_NAMES = frozenset({"mask_rho", "tmask"})
_WATER = re.compile(r"sea|water|ocean|wet")

_READ_AT_ONCE = 64 * 2**20
"""Decoding needs a few copies in double precision; so much is decoded at a time. [byte]"""

_MOST_READ = 32 * 2**30
"""More than this for one field is refused: no run needs it, a damaged header asks for it. [byte]"""

_SAMPLED = 200
"""Number of rows and of columns by which undeclared fills are told from data."""

Combine = Callable[[list[FloatArray], Cut, RegularGrid], FloatArray]
"""Turns the values of variables at the nodes of a file into a field on a regular grid."""


@dataclass(frozen=True)
class FieldPart:
    """What was read of a field.

    Attributes
    ----------
    values : ndarray of float32, shape (times, latitudes, longitudes)
        In the canonical unit, missing as NaN.
    grid : RegularGrid
        Its nodes.
    covered : ndarray of bool, shape (latitudes, longitudes), or None
        Which of them the grid of the file reaches, where that is another.
    """

    values: npt.NDArray[np.float32]
    grid: RegularGrid
    covered: npt.NDArray[np.bool_] | None


@dataclass
class Oddities:
    """What turned out to be odd while a variable was read.

    Attributes
    ----------
    read, outside : int
        Values read, and those of them outside the valid range that the file declares.
    """

    read: int = 0
    outside: int = 0


@dataclass(frozen=True)
class FileVariable:
    """One variable of a file on (time, row, column), not read yet.

    Attributes
    ----------
    quantity : Quantity
        Its unit and its plausible values.
    where : str
        File and variable, for messages.
    remarks : tuple of str
        What was odd about it.
    """

    quantity: Quantity
    where: str
    remarks: tuple[str, ...]
    _values: xr.DataArray
    _sea: xr.DataArray | None
    _absence: Absence
    _conversion: tuple[float, float]
    _oddities: Oddities = field(default_factory=Oddities)

    @classmethod
    def of(
        cls,
        dataset: xr.Dataset,
        array: xr.DataArray,
        quantity: Quantity,
        placement: Placement,
        time: str,
        where: str,
    ) -> FileVariable:
        """Leave (time, row, column), and ``expver`` last where there is one; reads next to nothing.

        Parameters
        ----------
        dataset : Dataset
        array : DataArray
        quantity : Quantity
        placement : Placement
        time : str
            Name of its time axis.
        where : str
            File and variable, for messages.

        Raises
        ------
        CatalogError
            If it has further dimensions, levels of an unknown kind, or an unknown unit.
        """
        _refuse_text(array, where)
        # A lone time may have no dimension.
        record = next(iter(dataset.variables[time].dims), time)
        values = array.drop_vars(list(array.coords))
        if record not in values.dims:
            values = values.expand_dims(record)
        row, column = placement.dims
        levels = choose_levels(dataset, values, {record, row, column}, where, quantity)
        values = values.isel(levels.chosen).transpose(record, row, column, ...)
        names = dict(zip(values.dims, ("time", "latitude", "longitude"), strict=False))
        values = values.rename(names)
        return cls(
            quantity=quantity,
            where=where,
            remarks=levels.remarks,
            _values=values,
            _sea=_sea_mask(dataset, quantity, (row, column), levels),
            _absence=Absence.of(array, partial(_sample, values)),
            _conversion=conversion(str(array.attrs.get("units", "")), quantity.units, where),
        )

    @property
    def odd(self) -> tuple[str, ...]:
        """What was odd about it, and about what has been read of it."""
        said = (*self.remarks, *self._absence.remarks)
        if not self._oddities.outside:
            return said
        share = self._oddities.outside / self._oddities.read
        return (*said, f"{share:.2%} outside the valid range that is declared: missing")

    def size(self, cut: Cut) -> int:
        """Return how many values a part has at each time."""
        return int(self._part(cut).isel(time=0).size)

    def read(self, records: Records, cut: Cut) -> FloatArray:
        """Read some times of a part, shape (times, rows, columns); missing as NaN."""
        found = self._part(cut).isel(time=as_slice(records))
        values = self._decode(merge_versions(found).to_numpy())
        if self._sea is not None:
            land = self._sea.isel(latitude=cut.rows, longitude=cut.columns).to_numpy() < 0.5
            values[:, land] = np.nan
        return values

    def _part(self, cut: Cut) -> xr.DataArray:
        return self._values.isel(latitude=cut.rows, longitude=cut.columns)

    def _decode(self, found: npt.NDArray[np.generic]) -> FloatArray:
        """Values in the canonical unit, with what stands for nothing as NaN."""
        values = found.astype(np.float64)
        low, high = self.quantity.valid_range
        outside = self._absence.mark(values)
        self._oddities.read += values.size
        self._oddities.outside += outside
        if outside and np.isnan(values).all():
            raise CatalogError(
                f"{self.where}: no value lies within the valid range that it declares, "
                f"{self._absence.low:.4g} to {self._absence.high:.4g}; remove valid_min, valid_max "
                "and valid_range if they are wrong"
            )
        factor, offset = self._conversion
        converted = values * factor + offset
        out_of_range = (converted < low) | (converted > high)
        if out_of_range.any():
            suspect = np.abs(values[out_of_range])[:, np.newaxis]
            is_fill = np.isclose(suspect, CUSTOMARY_FILLS, rtol=1e-6).any(axis=-1)
            converted[out_of_range] = np.where(is_fill, np.nan, converted[out_of_range])
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


@dataclass(frozen=True)
class Field:
    """One quantity in one file, not read yet.

    Attributes
    ----------
    quantity : Quantity
    where : str
        File and variable, for messages.
    placed : PlacedTimes
        Times as they come; means at the middle of their interval.
    grid : RegularGrid
        On which one of another kind is put.
    variables : tuple of str
        What it is made from in the file.
    dims : tuple
        Their dimensions of time, rows and columns there.
    """

    quantity: Quantity
    where: str
    placed: PlacedTimes
    grid: RegularGrid
    variables: tuple[str, ...]
    dims: tuple[Hashable, Hashable, Hashable]
    _placement: Placement
    _variables: tuple[FileVariable, ...]
    _combine: Combine

    def settled(self, meaning: Meaning) -> Field:
        """Return the field where somebody else has said what its values are."""
        return replace(self, placed=self.placed.settled(meaning))

    @property
    def times(self) -> Times:
        """Times at which the values hold, shape (n,)."""
        return self.placed.times

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was odd, and what was done about it."""
        of_variables = (remark for variable in self._variables for remark in variable.odd)
        return tuple(filter(None, (self.placed.remark, *of_variables)))

    def read(self, records: Records, section: Section | None) -> FieldPart:
        """Read some times of a part of the grid.

        Parameters
        ----------
        records : ndarray of int, shape (m,)
            Indices of the times.
        section : Section or None
            None reads the whole.

        Raises
        ------
        CatalogError
            If a value makes no sense.
        """
        grid = self.grid if section is None else self.grid.part(section)
        self._refuse_large(records.size * math.prod(grid.shape))
        cut = self._placement.onto(grid, self.where)
        out = np.empty((records.size, *grid.shape), np.float32)
        size = self._variables[0].size(cut) if records.size else 1
        for part in _blocks(records.size, size):
            values = [variable.read(records[part], cut) for variable in self._variables]
            out[part] = self._combine(values, cut, grid)
        return FieldPart(out, grid, None if cut.regridding is None else cut.regridding.covered)

    def _refuse_large(self, count: int) -> None:
        if 4 * count > _MOST_READ:
            raise CatalogError(
                f"{self.where}: the wanted part takes {4 * count / 2**30:,.0f} GiB, more than the "
                f"{_MOST_READ / 2**30:g} GiB allowed; choose a smaller box or a shorter period"
            )


def as_it_is(values: list[FloatArray], cut: Cut, grid: RegularGrid) -> FloatArray:
    """Take a quantity for what it is."""
    return cut.apply(values[0])


def component(towards: float, northward: bool) -> Combine:
    """Make a component of speed and direction.

    Parameters
    ----------
    towards : float
        1 where directions are those to which, -1 where those from which it goes; clockwise from
        north. [degree]
    northward : bool
        Or eastward.
    """

    def combine(values: list[FloatArray], cut: Cut, grid: RegularGrid) -> FloatArray:
        speed, direction = values
        angle = np.radians(direction)
        share = np.cos(angle) if northward else np.sin(angle)
        # A calm has no direction.
        return cut.apply(np.where(speed == 0.0, 0.0, towards * speed * share))

    return combine


def turned(placement: Placement, northward: bool) -> Combine:
    """Make the true component of those along the axes of a grid, x and y."""

    def combine(values: list[FloatArray], cut: Cut, grid: RegularGrid) -> FloatArray:
        directions: Directions | None = placement.directions(grid)
        assert directions is not None  # else it was refused
        along_x, along_y = (part[..., int(northward)] for part in directions)
        return np.asarray(cut.apply(values[0]) * along_x + cut.apply(values[1]) * along_y)

    return combine


def _sample(values: xr.DataArray) -> FloatArray:
    """Return some values of the first time, from all over the grid."""
    some = {
        dim: slice(None, None, max(values.sizes[dim] // _SAMPLED, 1))
        for dim in ("latitude", "longitude")
    }
    return values.isel({"time": slice(0, 1), **some}).to_numpy().astype(np.float64)


def _refuse_text(array: xr.DataArray, where: str) -> None:
    for key in ("scale_factor", "add_offset"):
        value = array.encoding.get(key)
        if isinstance(value, str):
            raise CatalogError(
                f"{where}: its {key} is the text {value[:40]!r}, expected a number; correct it "
                f"(`ncatted -a {key},{array.name},o,d,NUMBER`)"
            )


def _sea_mask(
    dataset: xr.Dataset, quantity: Quantity, dims: tuple[Hashable, ...], levels: Levels
) -> xr.DataArray | None:
    """Share of sea of each node, where the file has it and what is read is of the sea."""
    if quantity.medium == "air":
        return None
    for name, variable in dataset.variables.items():
        wet = _wet_values(variable, str(name).lower())
        if wet is not None and set(dims) <= set(variable.dims):
            mask = dataset[name].drop_vars(list(dataset[name].coords))
            # A mask does not change with time.
            others = {
                dim: levels.chosen.get(dim, surface_of(dataset, mask, dim))
                for dim in set(mask.dims) - set(dims)
            }
            top = mask.isel(others).transpose(*dims)
            top = top.rename(dict(zip(dims, ("latitude", "longitude"), strict=True)))
            return wet(top)
    return None


def _wet_values(variable: xr.Variable, name: str) -> Callable[[xr.DataArray], xr.DataArray] | None:
    """Return what makes the share of sea of a mask; None where a variable is none.

    Its standard name and its flags go before its name. A "mask" may be 1 on land or at sea, so
    that such a name says nothing.
    """
    standard_name = str(variable.attrs.get("standard_name", "")).lower()
    meanings = str(variable.attrs.get("flag_meanings", "")).lower().split()
    values = np.ravel(variable.attrs.get("flag_values", []))
    is_mask = standard_name in _MASKS or name in {*_SEA_MASK_NAMES, "mask"}
    if is_mask and meanings and len(meanings) == values.size:
        wet = [v for v, m in zip(values, meanings, strict=True) if _WATER.search(m)]
        return lambda mask: mask.isin(wet).astype(np.float64)
    if standard_name == "land_binary_mask":
        return lambda mask: 1.0 - mask
    is_of_sea = standard_name == "sea_binary_mask" or (
        not standard_name and name in _SEA_MASK_NAMES
    )
    return (lambda mask: mask) if is_of_sea else None


def _blocks(count: int, size: int) -> Iterator[slice]:
    """Slices of so many records of a size that none takes too much memory."""
    step = max(_READ_AT_ONCE // (8 * max(size, 1)), 1)
    for first in range(0, count, step):
        yield slice(first, min(first + step, count))
