"""Data sets brought onto the grid of a run: holes filled, several made one, interpolated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.axes import ON_A_NODE
from simulator.errors import SimulatorError
from simulator.grid import FloatArray, Grid
from simulator.kernels.sampling import NONE, add_interpolated, nearest_present

GIVEN, NEAREST, NOTHING = 0, 1, 2
"""Where a value is from: the data, the nearest node that has one, nowhere (then it is 0)."""

COVERED = "covered"
"""Coordinate of data sets that do not reach all over their box: where they do."""

_JUST = 1.0
"""So long before and after a data set has values, the next one has its full share. [s]"""

BEFORE_GAP = "before_gap"
"""Coordinate of data sets with gaps: after which times they say nothing until the next one."""


@dataclass(frozen=True)
class VectorSeries:
    """Records of a horizontal vector on the drift grid.

    Attributes
    ----------
    times : ndarray, shape (records,)
        Seconds since the start of the run. [s]
    values : ndarray of float32, shape (records, rows, columns, 2)
        Eastward and northward component. [m s-1]
    support : ndarray of uint8, shape (records, rows, columns), optional
        Where the values are from: `GIVEN`, `NEAREST` or `NOTHING`.
    shares : tuple of float
        Of nodes and times, what each of several data sets gave.
    """

    times: FloatArray
    values: NDArray[np.float32]
    support: NDArray[np.uint8] | None = None
    shares: tuple[float, ...] = ()

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Nodes without a value at any time, shape (rows, columns); kept for further runs."""
        return np.asarray(np.isnan(self.values).any(axis=(0, 3)))

    def along(self, times: FloatArray, row: FloatArray, column: FloatArray) -> FloatArray:
        """Return the vector on a way, linear in time and between nodes, shape (n, 2). [m s-1]

        Parameters
        ----------
        times : ndarray, shape (n,)
            Seconds since the start of the run; before the first record and after the last one as
            there. [s]
        row, column : ndarray, shape (n,)
            Fractional places on the grid; beyond it as on its edge.
        """
        record = np.interp(times, self.times, np.arange(self.times.size))
        last = np.reshape(self.values.shape[:3], (3, 1)) - 1
        place = np.clip(np.stack([record, row, column]), 0, last)
        low = place.astype(np.intp)
        high = np.minimum(low + 1, last)
        found = np.zeros((place.shape[1], 2))
        for corner in product((0, 1), repeat=3):
            is_high = np.reshape(corner, (3, 1)) == 1
            share = np.where(is_high, place - low, low + 1 - place).prod(axis=0)
            found += share[:, np.newaxis] * self.values[tuple(np.where(is_high, high, low))]
        return found


@dataclass(frozen=True)
class ScalarSeries:
    """Records of a quantity on the drift grid, given at every node.

    Attributes
    ----------
    times : ndarray, shape (records,)
        Seconds since the start of the run. [s]
    values : ndarray of float32, shape (records, rows, columns)
        In the SI unit of the quantity.
    """

    times: FloatArray
    values: NDArray[np.float32]


def several(given: xr.Dataset | Sequence[xr.Dataset] | None) -> list[xr.Dataset]:
    """Return what is given for a role as a list, in order of preference; empty for none."""
    if given is None:
        return []
    return [*given] if isinstance(given, Sequence) else [given]


def vector_series(
    datasets: Sequence[xr.Dataset],
    names: tuple[str, str],
    grid: Grid,
    start: np.datetime64,
    *,
    reach: float,
) -> VectorSeries:
    """Bring a vector field onto the grid, from the first data set that has it.

    Raises
    ------
    SimulatorError
        Where the nearest value is taken however far it is, and none has one at some time.
    """
    found = [_series(data, names, grid, start, reach=reach) for data in datasets]
    one = found[0] if len(found) == 1 else _merged(found, [_before_gap(d) for d in datasets])
    assert one.support is not None
    empty = (one.support == NOTHING).all(axis=(1, 2))
    if reach == np.inf and empty.any():
        raise SimulatorError(
            f"{', '.join(names)}: no value anywhere in the area of the run at {empty.sum()} of "
            f"{empty.size} times; expected some at each: get data for the area, or leave out the "
            "times that have none"
        )
    return one


def scalar_series(
    datasets: Sequence[xr.Dataset], name: str, grid: Grid, start: np.datetime64
) -> ScalarSeries | None:
    """Bring a quantity onto the grid, from the first data set that has it; None if none has.

    It has a value at every node.
    """
    holders = [data for data in datasets if name in data]
    if not holders:
        return None
    found = [_scalar_of(data, name, grid, start) for data in holders]
    if len(found) == 1:
        return found[0]
    merged = _merged(
        [
            VectorSeries(
                series.times,
                np.where(_beyond(data, grid), np.nan, series.values)[..., np.newaxis],
                np.broadcast_to(np.uint8(GIVEN), series.values.shape),
            )
            for data, series in zip(holders, found, strict=True)
        ],
        [_before_gap(data)[_has_values(data, name)] for data in holders],
    )
    filled, _ = _fill_holes(merged.values[..., 0], np.inf, np.ones(merged.values.shape[1:3], bool))
    return ScalarSeries(merged.times, filled)


def _series(
    data: xr.Dataset, names: tuple[str, str], grid: Grid, start: np.datetime64, *, reach: float
) -> VectorSeries:
    """Fill the holes of a vector field and interpolate it onto the grid."""
    values = np.empty((data.sizes["time"], grid.rows, grid.columns, 2), np.float32)
    covered, supports = _covered(data), []
    for component, name in enumerate(names):
        filled, support = _fill_holes(_records(data, name), reach, covered)
        values[..., component] = _interpolate(filled, data, grid)
        supports.append(_worst(support, data, grid))
    beyond = _beyond(data, grid)
    values[:, beyond] = np.nan
    return VectorSeries(_seconds(data, start), values, np.maximum(*supports))


def _scalar_of(data: xr.Dataset, name: str, grid: Grid, start: np.datetime64) -> ScalarSeries:
    """Fill a quantity on all land and interpolate it onto the grid."""
    for axis, nodes in (("longitude", grid.longitude), ("latitude", grid.latitude)):
        own = data[axis].values
        if own[0] > nodes[-1] or own[-1] < nodes[0]:
            raise SimulatorError(
                f"{name} is given for {axis} {own[0]:.3f} to {own[-1]:.3f} and the drift for "
                f"{nodes[0]:.3f} to {nodes[-1]:.3f}; expected some of it there"
            )
    present = _has_values(data, name)
    if not present.any():
        raise SimulatorError(
            f"{name} has no value anywhere in the area of the run; expected some at sea: leave it "
            "out, or get data for the area"
        )
    field = _records(data, name)[present]
    filled, _ = _fill_holes(field, np.inf, np.ones(field.shape[1:], np.bool_))
    return ScalarSeries(_seconds(data, start)[present], _interpolate(filled, data, grid))


def _has_values(data: xr.Dataset, name: str) -> NDArray[np.bool_]:
    """Say at which times a quantity has a value somewhere."""
    return np.asarray(np.isfinite(_records(data, name)).any(axis=(1, 2)))


def _before_gap(data: xr.Dataset) -> NDArray[np.bool_]:
    """Say after which times a data set has a gap, shape (records,)."""
    if BEFORE_GAP in data.coords:
        return np.asarray(data.coords[BEFORE_GAP].values, np.bool_)
    return np.zeros(data.sizes["time"], np.bool_)


def _merged(found: Sequence[VectorSeries], before_gap: Sequence[NDArray[np.bool_]]) -> VectorSeries:
    """Take each node and time from the first series that has a value of its own there.

    Where none has, values filled in from neighbours go before none at all. A series has values
    from its first record to its last, but for gaps.
    """
    times = _joined_times([series.times for series in found], before_gap)
    shape = (times.size, *found[0].values.shape[1:])
    values = np.full(shape, np.nan, np.float32)
    support = np.full(shape[:-1], NOTHING + 1, np.uint8)
    giver = np.full(shape[:-1], -1, np.int8)
    for number, series in enumerate(found):
        known = np.flatnonzero(_has(series.times, before_gap[number], times))
        mine, from_where = at_times(series, times[known]), _support_at(series, times[known])
        better = ~np.isnan(mine).any(axis=-1) & (from_where < support[known])
        values[known] = np.where(better[..., np.newaxis], mine, values[known])
        support[known] = np.where(better, from_where, support[known])
        giver[known] = np.where(better, number, giver[known])
    shares = tuple(float((giver == number).mean()) for number in range(len(found)))
    return VectorSeries(times, values, np.minimum(support, NOTHING), shares)


def _support_at(series: VectorSeries, times: FloatArray) -> NDArray[np.uint8]:
    """Return where values at some times are from: the worse of the records round them."""
    assert series.support is not None
    before = np.clip(np.searchsorted(series.times, times, side="right") - 1, 0, None)
    between = series.times[before] < times
    after = np.minimum(before + between, series.times.size - 1)
    return np.maximum(series.support[before], series.support[after])


def _joined_times(
    given: Sequence[FloatArray], before_gap: Sequence[NDArray[np.bool_]]
) -> FloatArray:
    """Return all times of some series, and those at which one of them sets in or out."""
    edges = [[times[0] - _JUST, times[-1] + _JUST] for times in given[:-1]]
    gaps = [
        [early + _JUST, late - _JUST]
        for times, before in zip(given[:-1], before_gap, strict=False)
        for (early, late), is_gap in zip(pairwise(times), before, strict=False)
        if is_gap
    ]
    last = given[-1]
    joined: FloatArray = np.unique(np.concatenate([*given, *edges, *gaps]))
    within: FloatArray = joined[(joined >= last[0]) & (joined <= last[-1])]
    return within


def _has(times: FloatArray, before_gap: NDArray[np.bool_], wanted: FloatArray) -> NDArray[np.bool_]:
    """Say for which times a series has values: at its records, and between them but for gaps."""
    last = np.searchsorted(times, wanted, side="right") - 1
    within = (last >= 0) & (wanted <= times[-1])
    return np.asarray(within & (~before_gap[last] | np.isin(wanted, times)))


def _beyond(data: xr.Dataset, grid: Grid) -> NDArray[np.bool_]:
    """Return the nodes of a grid beyond the outermost ones of a data set, shape (rows, columns)."""
    rows, columns = (
        (nodes < own[0] - 2.0 * ON_A_NODE * step) | (nodes > own[-1] + 2.0 * ON_A_NODE * step)
        for nodes, own, step in (
            (grid.latitude, data["latitude"].values, grid.dlat),
            (grid.longitude, data["longitude"].values, grid.dlon),
        )
    )
    return np.asarray(rows[:, np.newaxis] | columns)


def at_times(series: VectorSeries, times: FloatArray) -> NDArray[np.float32]:
    """Return a vector field at other times, linear between records."""
    if np.array_equal(times, series.times):
        return series.values
    values = np.zeros((times.size, *series.values.shape[1:]))
    level = np.ones(values.shape[1])
    add_interpolated(values, 0, times, series.times, series.values, 1.0, 0.0, level)
    return values.astype(np.float32)


def _covered(data: xr.Dataset) -> NDArray[np.bool_]:
    """Return which nodes a data set reaches, shape (rows, columns)."""
    if COVERED in data.coords:
        return np.asarray(data.coords[COVERED].transpose("latitude", "longitude").values, np.bool_)
    return np.ones((data.sizes["latitude"], data.sizes["longitude"]), np.bool_)


def _fill_holes(
    field: NDArray[np.float32], reach: float, covered: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Copy the nearest value to missing nodes up to `reach` nodes away; 0 beyond.

    Returns
    -------
    field : ndarray, shape (records, rows, columns)
        Missing only where it is not covered.
    support : ndarray, shape (records, rows, columns)
    """
    missing = np.isnan(field)
    if not missing.any():
        return field, np.broadcast_to(np.uint8(GIVEN), field.shape)
    if missing.all():
        raise SimulatorError("a forcing field has no value anywhere")
    field = field.copy()
    static = bool((missing == missing[0]).all())
    support = np.full((1 if static else len(field), *covered.shape), GIVEN, np.uint8)
    for records in [slice(None)] if static else [slice(k, k + 1) for k in range(len(field))]:
        holes = missing[records][0]
        j, i = nearest_present(holes, float(reach))  # one kernel, not another for whole numbers
        near, far = (holes & covered & there for there in (j != NONE, j == NONE))
        field[records, near] = field[records][:, j[near], i[near]]
        field[records, far] = 0.0
        support[records, near] = NEAREST
        support[records, far] = NOTHING
    return field, np.broadcast_to(support, field.shape)


def _worst(support: NDArray[np.uint8], data: xr.Dataset, grid: Grid) -> NDArray[np.uint8]:
    """Return the worst support of the nodes that have a say in each node of the grid."""
    records = len(support)
    support = support[:1] if support.strides[0] == 0 else support  # the same at all times
    for axis, nodes, dim in ((1, grid.latitude, "latitude"), (2, grid.longitude, "longitude")):
        index, weight = _weights(data[dim].values.astype(np.float64), nodes)
        # a node of weight 0 has no say
        first = np.where(weight == 1.0, index + 1, index)
        second = np.where(weight == 0.0, index, index + 1)
        support = np.maximum(np.take(support, first, axis), np.take(support, second, axis))
    return np.broadcast_to(support, (records, *support.shape[1:]))


def _interpolate(field: NDArray[np.float32], data: xr.Dataset, grid: Grid) -> NDArray[np.float32]:
    """Interpolate records bilinearly onto the grid; NaN spreads to cells that touch it.

    Beyond the nodes of the data, where only quantities that do not move oil may end, the value
    is that of the nearest one.
    """
    j, b = _weights(data["latitude"].values.astype(np.float64), grid.latitude)
    i, a = _weights(data["longitude"].values.astype(np.float64), grid.longitude)
    rows: NDArray[np.float32] = _mix(field[:, j, :], field[:, j + 1, :], b[:, np.newaxis])
    return _mix(rows[:, :, i], rows[:, :, i + 1], a)


def _weights(axis: FloatArray, wanted: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    index = np.clip(np.searchsorted(axis, wanted, side="right") - 1, 0, axis.size - 2)
    weight = (wanted - axis[index]) / (axis[index + 1] - axis[index])
    on_a_node = np.abs(weight - np.round(weight)) < ON_A_NODE
    weight = np.where(on_a_node, np.round(weight), weight)
    return index, np.clip(weight, 0.0, 1.0).astype(np.float32)


def _mix(
    a: NDArray[np.float32], b: NDArray[np.float32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    # a node with weight 0 has no say, not even when it is missing
    mixed = (1.0 - weight) * a + weight * b
    return np.asarray(np.where(weight == 0.0, a, np.where(weight == 1.0, b, mixed)), np.float32)


def _records(data: xr.Dataset, name: str) -> NDArray[np.float32]:
    field = data[name].transpose("time", "latitude", "longitude").values
    return np.asarray(field, np.float32)


def _seconds(data: xr.Dataset, start: np.datetime64) -> FloatArray:
    return np.asarray((data["time"].values - start) / np.timedelta64(1, "s"), np.float64)
