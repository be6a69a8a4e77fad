"""What drives the oil of a run: how fast wind, current and waves take it along its way."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from witoil.scenario.afloat import middles_of
from witoil.scenario.scenario import Scenario


def drivers_of(
    scenario: Scenario, result: xr.Dataset, parameters: Mapping[str, float]
) -> dict[str, dict[str, float]] | None:
    """Return how fast each input takes the oil afloat, on average along the way of its middle.

    Parameters
    ----------
    scenario : Scenario
    result : Dataset
        From `witoil.scenario.run.run`.
    parameters : mapping
        All tunable parameters, as they were in this run.

    Returns
    -------
    dict or None
        ``current`` (with its constant correction), ``wind_drift``, and ``stokes_drift`` where the
        run has one -> ``speed`` [m s-1], the mean over the outputs at which oil is afloat, and
        ``share`` of the sum of these speeds, 0 to 1. None where nothing is ever afloat at an
        output, or nothing moves it.
    """
    middles = middles_of(scenario, result)
    known = np.isfinite(middles).all(axis=1)
    if not known.any():
        return None
    seconds = (result["time"].values[known] - scenario.forcing.start) / np.timedelta64(1, "s")
    fields = scenario.forcing.along(seconds, *middles[known].T)
    correction = parameters["current_bias_east"], parameters["current_bias_north"]
    drift = {
        "current": parameters["current_factor"] * fields["current"] + np.array(correction),
        "wind_drift": parameters["wind_drift_factor"] * fields["wind"],
    }
    if "Stokes drift" in fields:
        drift["stokes_drift"] = parameters["stokes_factor"] * fields["Stokes drift"]
    speeds = {name: float(np.hypot(*each.T).mean()) for name, each in drift.items()}
    whole = sum(speeds.values())
    if not whole > 0.0:
        return None
    return {name: {"speed": speed, "share": speed / whole} for name, speed in speeds.items()}
