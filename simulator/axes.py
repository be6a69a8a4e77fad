"""The regular grid of a run, from the axes of the data sets that it is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np
import xarray as xr

from simulator.errors import SimulatorError
from simulator.grid import POLEMOST, FloatArray, Grid

ON_A_NODE = 2e-3
"""Single-precision axes miss the regular grid by less than this. [cells]"""


def common_grid(datasets: Sequence[xr.Dataset]) -> Grid:
    """Return a regular grid over the box that some data sets cover, the finest of their own.

    Parameters
    ----------
    datasets : sequence of Dataset
        With `longitude` and `latitude`, ascending. [degrees]

    Returns
    -------
    Grid
        Its nodes are those of the finest data set, to single precision.

    Raises
    ------
    SimulatorError
        Where they share no area.
    """
    west, dlon, columns = _common_axis(datasets, "longitude")
    south, dlat, rows = _common_axis(datasets, "latitude")
    return Grid(west, south, dlon, dlat, columns, rows)


def joined_axes(datasets: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return regular axes over all that some data sets reach, with the nodes of the finest.

    Parameters
    ----------
    datasets : sequence of Dataset
        With `longitude` and `latitude`, ascending. [degrees]

    Returns
    -------
    Dataset
        Without variables; a single data set's own axes.
    """
    if len(datasets) == 1:
        return datasets[0]
    return xr.Dataset(
        coords={name: _joined_axis(_axes(datasets, name)) for name in ("longitude", "latitude")}
    )


def _joined_axis(axes: list[FloatArray]) -> FloatArray:
    steps = [float(np.median(np.diff(axis))) for axis in axes]
    finest = int(np.argmin(steps))
    axis, step = axes[finest], steps[finest]
    low, high = min(float(a[0]) for a in axes), max(float(a[-1]) for a in axes)
    before = math.floor((axis[0] - low) / step + ON_A_NODE)
    after = math.floor((high - axis[-1]) / step + ON_A_NODE)
    return np.concatenate(
        [
            axis[0] - step * np.arange(before, 0, -1),
            axis,
            axis[-1] + step * np.arange(1, after + 1),
        ]
    )


def _common_axis(datasets: Sequence[xr.Dataset], name: str) -> tuple[float, float, int]:
    """Return the first node, spacing and number of nodes that all share."""
    axes = _axes(datasets, name)
    low, high = _shared(axes)
    steps = [float(np.median(np.diff(axis))) for axis in axes]
    # of two grids that are alike but for single precision, the first
    finest = next(k for k, step in enumerate(steps) if step < 1.001 * min(steps))
    step, near = steps[finest], 0.05 * steps[finest]
    nodes = axes[finest][(axes[finest] >= low - near) & (axes[finest] <= high + near)]
    cells = int((nodes[-1] - nodes[0]) / step + 0.05) if nodes.size else 0
    if cells < 1:
        _refuse_no_area(axes, name)
    if abs(nodes[-1] - nodes[0] - cells * step) < near:
        # so that the last node is that of the data, to the last bit
        step = float(nodes[-1] - nodes[0]) / cells
    return float(nodes[0]), step, cells + 1


def nodes_covered(datasets: Sequence[xr.Dataset], numbering: Grid) -> Grid:
    """Return the nodes of a numbering that all data sets cover."""
    first_column, columns = _range(datasets, "longitude", numbering.west, numbering.dlon)
    first_row, rows = _range(datasets, "latitude", numbering.south, numbering.dlat, POLEMOST)
    return replace(
        numbering, first_column=first_column, columns=columns, first_row=first_row, rows=rows
    )


def _range(
    datasets: Sequence[xr.Dataset], name: str, zero: float, step: float, most: float = np.inf
) -> tuple[int, int]:
    """Return the number of the first node that all share, and how many these are up to `most`."""
    axes = _axes(datasets, name)
    low, high = _shared(axes)
    low, high = max(low, -most), min(high, most)
    first = math.ceil((low - zero) / step - ON_A_NODE)
    last = math.floor((high - zero) / step + ON_A_NODE)
    if last <= first:
        _refuse_no_area(axes, name)
    return first, last - first + 1


def _axes(datasets: Sequence[xr.Dataset], name: str) -> list[FloatArray]:
    axes = [data[name].values.astype(np.float64) for data in datasets]
    if min(axis.size for axis in axes) < 2:
        raise SimulatorError(f"a forcing grid has a single {name}; expected at least two")
    return axes


def _shared(axes: list[FloatArray]) -> tuple[float, float]:
    return max(float(axis[0]) for axis in axes), min(float(axis[-1]) for axis in axes)


def _refuse_no_area(axes: list[FloatArray], name: str) -> NoReturn:
    spans = ", ".join(f"{axis[0]:.3f} to {axis[-1]:.3f}" for axis in axes)
    raise SimulatorError(f"the forcing fields share no area: their {name} is {spans}")
