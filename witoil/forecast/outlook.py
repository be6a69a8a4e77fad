"""The forecast beyond the last slick seen, to the end of the case: nothing verifies it yet."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator import SimulatorError
from witoil.errors import CaseError
from witoil.forecast.experts import Forecasts, mix
from witoil.forecast.walk import Trial
from witoil.scenario.legs import leg_beyond
from witoil.scenario.run import mask_at, run
from witoil.scenario.scenario import Scenario

FloatArray = NDArray[np.float64]
Cells = NDArray[np.int64]


@dataclass(frozen=True)
class Outlook:
    """What is likely after the last slick.

    Attributes
    ----------
    leg : Scenario
        From the last slick to the end of the case.
    times : ndarray of datetime64, shape (times,)
        Outputs after the last slick; the last is the end of the case.
    trust : dict
        Candidate -> its share, by how it forecast all slicks.
    members : dict
        Ensemble -> numbers of its trials and their weights.
    cells : dict
        Number of a trial -> cells with oil at each time, numbered along the rows of the grid.
    """

    leg: Scenario
    times: NDArray[np.datetime64]
    trust: dict[str, float]
    members: dict[str, tuple[list[int], FloatArray]]
    cells: dict[int, list[Cells]]

    def probability(self, k: int) -> NDArray[np.float32]:
        """Return the probability of oil in each cell at a time, shape of the grid."""
        maps: dict[str, NDArray[np.float32]] = {
            name: self._share(numbers, weights, k)
            for name, (numbers, weights) in self.members.items()
        }
        maps["persistence"] = self.leg.seen_first.astype(np.float32)
        return mix(maps, self.trust)[0]

    def _share(self, numbers: list[int], weights: FloatArray, k: int) -> NDArray[np.float32]:
        known = [(n, w) for n, w in zip(numbers, weights, strict=True) if n in self.cells]
        whole = sum(weight for _, weight in known)
        probability = np.zeros(self.leg.grid.shape, np.float32)
        for number, weight in known:
            probability.ravel()[self.cells[number][k]] += weight / whole
        return probability


def look_ahead(
    result: Forecasts, *, on_run: Callable[[float], None] = lambda share: None
) -> Outlook | None:
    """Forecast from the last slick seen to the end of the case.

    The parameters are those likely after all slicks, the mixture that of the forecasts of slicks
    (`witoil.forecast.experts`), each trusted by how it did on all of them.

    Parameters
    ----------
    result : Forecasts
        A finished walk.
    on_run : callable, optional
        Called with the share of the runs that is done.

    Returns
    -------
    Outlook or None
        None where the case ends with the last slick.

    Raises
    ------
    CatalogError, CaseError, SimulatorError
    """
    leg = leg_beyond(result.scenario)
    if leg is None:
        return None
    most = result.scenario.case.forecast.members
    ensembles = {
        "ensemble": result.posteriors[-1].members(most),
        "prior": result.posteriors[0].members(most),
    }
    trials = {trial.number: trial for found, _ in ensembles.values() for trial in found}
    cells: dict[int, list[Cells]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ran = pool.map(lambda trial: _cells_of(leg, trial), trials.values())
        for done, (number, found) in enumerate(zip(trials, ran, strict=True), start=1):
            if found is not None:
                cells[number] = found
            on_run(done / len(trials))
    members = {
        name: ([trial.number for trial in found], weights)
        for name, (found, weights) in ensembles.items()
    }
    if not all(cells.keys() & numbers for numbers, _ in members.values()):
        raise CaseError("every run beyond the last slick failed; expected some to reach time.end")
    return Outlook(leg, _times(leg), result.trust, members, cells)


def _times(leg: Scenario) -> NDArray[np.datetime64]:
    """Return the regular outputs after the start."""
    interval = np.timedelta64(round(leg.case.model.output_interval_minutes * 60e9), "ns")
    times = np.arange(leg.start + interval, leg.end, interval)
    return np.append(times, leg.end)


def _cells_of(leg: Scenario, trial: Trial) -> list[Cells] | None:
    """Run a trial and return its cells with oil at each time; None where it fails."""
    try:
        result = run(leg, trial.parameters, threads=1)
    except SimulatorError:
        return None
    limit = trial.parameters.get("detection_limit_um")
    return [np.flatnonzero(mask_at(leg, result, time, limit)) for time in _times(leg)]
