"""All pictures of a run."""

from __future__ import annotations

import xarray as xr

from witoil.figures.driving import driving_chart
from witoil.figures.fate import budget_chart, coast_map
from witoil.figures.map import run_map
from witoil.scenario.coast import OiledCoast
from witoil.scenario.scenario import Scenario


def draw_run(
    scenario: Scenario, result: xr.Dataset, coast: OiledCoast | None, detection_limit_um: float
) -> dict[str, bytes]:
    """Draw a run.

    Parameters
    ----------
    scenario : Scenario
    result : Dataset
        From `witoil.scenario.run.run`.
    coast : OiledCoast or None
    detection_limit_um : float
        [um]

    Returns
    -------
    dict
        ``map``, ``budget``, and ``driving`` and ``coast`` where there is something to draw; PNG.
    """
    drawn = {
        "map": run_map(scenario, result, detection_limit_um),
        "budget": budget_chart(result),
        "driving": driving_chart(scenario, result),
        "coast": None if coast is None else coast_map(scenario, coast),
    }
    return {name: content for name, content in drawn.items() if content is not None}
