"""A run of a scenario, and the slick that a sensor would see in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import simulator
from simulator.oil import TEMPERATURE_15C
from witoil.case.tunables import TUNABLES, refuse_values
from witoil.scenario.changes import particles_with
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask, SlickMasks, VerificationGrid


def run(
    scenario: Scenario,
    changed: Mapping[str, float] | None = None,
    *,
    regular_outputs: bool = True,
    threads: int | None = None,
    on_output: Callable[[float], None] | None = None,
    resume: xr.Dataset | None = None,
    on_end: Callable[[xr.Dataset], None] | None = None,
) -> xr.Dataset:
    """Run a scenario.

    Parameters
    ----------
    scenario : Scenario
    changed : mapping, optional
        Tunable parameters that differ from the case.
    regular_outputs : bool
        Also keep the regular outputs of the case, not only the observation times.
    threads : int, optional
    on_output : callable, optional
        Called with the share that is done.
    resume : Dataset, optional
        Go on from where an earlier run ended.
    on_end : callable, optional
        Called with what is needed to go on from the end.

    Returns
    -------
    Dataset
        See `simulator.run`.

    Raises
    ------
    CaseError
        Where a parameter is unknown or beyond its limits.
    SimulatorError
    """
    model = scenario.case.model
    changed = changed or {}
    refuse_values(changed)
    physics = {k: v for k, v in changed.items() if TUNABLES[k].acts_on == "drift"}
    start, end = scenario.start, scenario.end
    times = {observation.time for observation in scenario.observations}
    if regular_outputs or not times:
        interval = np.timedelta64(round(model.output_interval_minutes * 60e9), "ns")
        times |= {*np.arange(start, end, interval), end}
    return simulator.run(
        scenario.forcing,
        particles_with(scenario, changed),
        scenario.coast,
        end=end,
        output_times=sorted(times),
        time_step=scenario.time_step,
        oil=scenario.oil,
        processes=scenario.case.processes.physics,
        water_temperature=model.water_temperature,
        parameters=replace(model.physics, **physics),
        seed=scenario.seed,
        threads=threads,
        on_output=on_output,
        resume=resume,
        on_end=on_end,
    )


def mask_at(
    scenario: Scenario,
    result: xr.Dataset,
    time: np.datetime64,
    detection_limit_um: float | None = None,
) -> Mask:
    """Return the slick that a sensor would see at an output time of a run."""
    return masks_at(scenario, result, time, detection_limit_um).oil


def masks_at(
    scenario: Scenario,
    result: xr.Dataset,
    time: np.datetime64,
    detection_limit_um: float | None = None,
) -> SlickMasks:
    """Return the slick that a sensor would see at an output time of a run.

    Where it would look thick is told where an observation of the scenario tells it, too.
    """
    density = scenario.oil.density(TEMPERATURE_15C)
    thickness = thickness_afloat(result.sel(time=time), scenario.grid, density)
    score = scenario.case.score
    limit = score.detection_limit_um if detection_limit_um is None else detection_limit_um
    refuse_values({"detection_limit_um": limit})
    oil = simulator.slick_mask(thickness, 1e-6 * limit) & ~scenario.land
    if all(seen.thick is None for seen in scenario.observations):
        return SlickMasks(oil)
    return SlickMasks(oil, oil & simulator.slick_mask(thickness, 1e-6 * score.thick_limit_um))


def thickness_afloat(at: xr.Dataset, grid: VerificationGrid, density: float) -> NDArray[np.float64]:
    """Return the thickness of the oil afloat in each cell.

    Parameters
    ----------
    at : Dataset
        Particles at one time: `status`, `lon`, `lat` [degrees] and `mass` [kg].
    grid : VerificationGrid
    density : float
        Of the oil without its water. [kg m-3]

    Returns
    -------
    ndarray, shape of the grid
        [m]
    """
    afloat = at["status"].values == simulator.Status.AFLOAT
    column, row = grid.cells(at["lon"].values[afloat], at["lat"].values[afloat])
    return simulator.oil_thickness(
        column,
        row,
        at["mass"].values[afloat],
        grid.shape,
        cell_area=grid.resolution**2,
        density=density,
    )
