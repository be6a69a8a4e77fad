"""A run of a scenario, and the slick that a sensor would see in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import simulator
from witoil.case.tunables import TUNABLES, refuse_values
from witoil.errors import CaseError
from witoil.scenario.afloat import slick_of, thickness_at
from witoil.scenario.changes import particles_with
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask, SlickMasks


def run(
    scenario: Scenario,
    changed: Mapping[str, float] | None = None,
    *,
    regular_outputs: bool = True,
    threads: int | None = None,
    on_output: Callable[[float], None] | None = None,
    resume: xr.Dataset | None = None,
    on_end: Callable[[xr.Dataset], None] | None = None,
    recorded: Sequence[Mapping[str, NDArray[Any]]] = (),
    on_halt: Callable[[Callable[[], simulator.Halt]], None] | None = None,
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
    resume, on_end, recorded, on_halt : optional
        To go on from an earlier run, see `simulator.run`.

    Returns
    -------
    Dataset
        See `simulator.run`.

    Raises
    ------
    CaseError
        Where a parameter is unknown or beyond its limits, or there is no oil to follow.
    SimulatorError
    """
    model = scenario.case.model
    changed = changed or {}
    refuse_values(changed)
    if scenario.particles.mass.size == 0:
        raise CaseError(
            "release: none given; expected one or more [[release]] to run a case once, since only "
            "legs of optimise and forecast start from observations"
        )
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
        parameters=model.physics(physics),
        seed=scenario.seed,
        threads=threads,
        on_output=on_output,
        resume=resume,
        on_end=on_end,
        recorded=recorded,
        on_halt=on_halt,
    )


def detection_limit_of(scenario: Scenario, changed: float | None) -> float:
    """Return a detection limit that was changed, else that of the case. [um]

    Raises
    ------
    CaseError
        Where no run can have it.
    """
    limit = scenario.case.score.detection_limit_um if changed is None else changed
    refuse_values({"detection_limit_um": limit})
    return limit


def mask_at(
    scenario: Scenario,
    result: xr.Dataset,
    time: np.datetime64,
    detection_limit_um: float | None = None,
) -> Mask:
    """Return the slick that a sensor would see at an output time of a run; see `masks_at`."""
    return masks_at(scenario, result, time, detection_limit_um).oil


def masks_at(
    scenario: Scenario,
    result: xr.Dataset,
    time: np.datetime64,
    detection_limit_um: float | None = None,
) -> SlickMasks:
    """Return the slick that a sensor would see at an output time of a run.

    Parameters
    ----------
    scenario : Scenario
    result : Dataset
        From `run`.
    time : datetime64
        UTC. At that of an observation the slick is what its sensor would see, at any other what
        radar would.
    detection_limit_um : float, optional
        Of radar; default: that of the case. [um]

    Returns
    -------
    SlickMasks
        Where it would look thick is told where an observation of the scenario tells it, too.

    Raises
    ------
    CaseError
        Where no run can have the limit.
    """
    limit = detection_limit_of(scenario, detection_limit_um)
    thickness = thickness_at(scenario, result, time)
    oil = slick_of(scenario, thickness, scenario.times_as_thick(time) * limit)
    if all(seen.thick is None for seen in scenario.observations):
        return SlickMasks(oil)
    thick = simulator.slick_mask(thickness, 1e-6 * scenario.case.score.thick_limit_um)
    return SlickMasks(oil, oil & thick)
