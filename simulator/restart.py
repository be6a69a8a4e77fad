"""The state of a run at a moment, from which it can go on to the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from simulator.elements import Elements
from simulator.errors import SimulatorError
from simulator.grid import FloatArray, Grid
from simulator.kernels.variables import VARIABLES
from simulator.shore import CELLS_PER_DEGREE, Shore


def to_restart(
    elements: Elements,
    absorbed_by_stretch: FloatArray,
    shore: Shore,
    grid: Grid,
    *,
    seconds: float,
    made_with: dict[str, Any],
) -> xr.Dataset:
    """Return what is needed to go on.

    Parameters
    ----------
    elements : Elements
    absorbed_by_stretch : ndarray, shape (stretches,)
        [kg]
    shore : Shore
    grid : Grid
    seconds : float
        Since the start of the run. [s]
    made_with : dict
        What must not change when the run goes on; values that compare by their text.

    Returns
    -------
    Dataset
        One variable for each of `simulator.kernels.variables.VARIABLES` that restarts; stretches
        are named by their lattice cell, since their numbers depend on how much coast there is.
    """
    data: dict[str, Any] = {}
    for variable in VARIABLES:
        if variable.restarts:
            values = elements[variable.name].astype(variable.dtype)
            data[variable.name] = (("component", "trajectory")[-values.ndim :], values)
    stretch = elements["stretch"]
    lies = stretch >= 0
    cell = np.zeros((elements.size, 2), np.int64)
    cell[lies] = shore.cell[stretch[lies]]
    data["on_coast"] = ("trajectory", lies.astype(np.int8))
    data["coast_cell"] = (("trajectory", "axis"), cell)
    held = absorbed_by_stretch > 0.0
    data["absorbed"] = ("stretch", absorbed_by_stretch[held])
    data["absorbed_cell"] = (("stretch", "axis"), shore.cell[held])
    numbering = [grid.west, grid.south, grid.dlon, grid.dlat]
    written = {key: str(value) for key, value in made_with.items()}
    attributes = {"seconds": seconds, "grid": numbering, **written}
    return xr.Dataset(data, attrs={"conventions": "witoil restart 1", **attributes})


def from_restart(
    restart: xr.Dataset,
    planned: Elements,
    shore: Shore,
    grid: Grid,
    *,
    made_with: dict[str, Any],
) -> tuple[Elements, FloatArray, float]:
    """Return elements, what the shore has absorbed, and the seconds that the run has gone.

    Raises
    ------
    SimulatorError
        Where the restart belongs to another run; the message names the first difference.
    """
    numbering = [grid.west, grid.south, grid.dlon, grid.dlat]
    expected = {"grid": numbering, **{key: str(value) for key, value in made_with.items()}}
    for key, wanted in expected.items():
        found = restart.attrs.get(key)
        found = found.tolist() if isinstance(found, np.ndarray) else found
        if found != wanted:
            raise SimulatorError(
                f"the restart was made with {key} = {found}, the run has {wanted}; expected the "
                "same, so that the run goes on as it would have"
            )
    if restart.sizes["trajectory"] != planned.size:
        raise SimulatorError(
            f"the restart has {restart.sizes['trajectory']:,} particles, the run "
            f"{planned.size:,}; expected the same releases and number of particles"
        )
    stretches = {tuple(cell): number for number, cell in enumerate(shore.cell.tolist())}
    elements = Elements(planned.numbers.copy(), planned.codes.copy())
    for variable in VARIABLES:
        if variable.restarts:
            elements[variable.name] = restart[variable.name].transpose(..., "trajectory").values
    lies = restart["on_coast"].values != 0
    elements["stretch"][lies] = _numbers(restart["coast_cell"].values[lies], stretches)
    absorbed = np.zeros(shore.length.size)
    absorbed[_numbers(restart["absorbed_cell"].values, stretches)] = restart["absorbed"].values
    return elements, absorbed, float(restart.attrs["seconds"])


def _numbers(cells: np.ndarray, stretches: dict[tuple[int, ...], int]) -> np.ndarray:
    """Return the number of the stretch in each lattice cell, and refuse one without a stretch."""
    for column, row in cells.tolist():
        if (column, row) not in stretches:
            lon, lat = (column + 0.5) / CELLS_PER_DEGREE, (row + 0.5) / CELLS_PER_DEGREE
            raise SimulatorError(
                f"the restart has oil on the coast at {lon:.3f} E {lat:.3f} N, where the run has "
                "no coast; expected the same coastline"
            )
    return np.array([stretches[tuple(cell)] for cell in cells.tolist()], np.int32)
