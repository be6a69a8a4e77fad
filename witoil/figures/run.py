"""All pictures of a run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from witoil.figures.driving import driving_chart
from witoil.figures.fate import budget_chart, coast_map
from witoil.figures.map import run_map
from witoil.scenario.coast import OiledCoast
from witoil.scenario.scenario import Scenario


def draw_run(
    scenario: Scenario,
    result: xr.Dataset,
    thickness: Mapping[np.datetime64, NDArray[np.float64]],
    detection_limit_um: float,
    names: Collection[str],
) -> dict[str, bytes]:
    """Draw a run.

    Parameters
    ----------
    scenario : Scenario
    result : Dataset
        From `witoil.scenario.run.run`.
    thickness : mapping
        Of the oil at the times whose slicks are drawn, see `witoil.figures.map.run_map`. [m]
    detection_limit_um : float
        [um]
    names : collection of {"map", "budget", "driving", "coast"}
        Which pictures.

    Returns
    -------
    dict
        Name -> PNG; without ``driving`` and ``coast`` where there is nothing to draw.
    """
    coast = OiledCoast.of_run(scenario, result)
    pictures: dict[str, Callable[[], bytes | None]] = {
        "map": lambda: run_map(scenario, result, thickness, detection_limit_um),
        "budget": lambda: budget_chart(result),
        "driving": lambda: driving_chart(scenario, result),
        "coast": lambda: None if coast is None else coast_map(scenario, coast),
    }
    drawn = {name: pictures[name]() for name in names}
    return {name: content for name, content in drawn.items() if content is not None}
