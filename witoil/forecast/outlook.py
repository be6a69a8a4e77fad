"""The forecast beyond the last slick seen, to the end of the case: nothing verifies it yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator import SimulatorError
from witoil.errors import CaseError
from witoil.forecast.experts import Maps, grown_by, members_of, mix
from witoil.forecast.forecasting import Forecasts
from witoil.forecast.walk import Posterior
from witoil.scenario.legs import leg_beyond
from witoil.scenario.run import mask_at, run
from witoil.scenario.scenario import Scenario
from witoil.workers import result_of, workers

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
    result : Forecasts
        The walk through all slicks, by which experts are trusted.
    members : dict
        Expert -> the runs that it is made of.
    cells : dict
        Number of a trial -> cells with oil at each time, numbered along the rows of the grid.
    """

    leg: Scenario
    times: NDArray[np.datetime64]
    result: Forecasts
    members: dict[str, Posterior]
    cells: dict[int, list[Cells]]

    def probability(self, k: int) -> NDArray[np.float32]:
        """Return the probability of oil in each cell at a time, shape of the grid. [1]"""
        mixed = mix(self._maps(k), self.trust(k))
        return self.result.record.curve(self._hours(k))(mixed)

    def trust(self, k: int) -> dict[str, float]:
        """Return the share of each expert at a time, by how it forecast all slicks."""
        names = [*self._members_that_ran(), *(["persistence", "grown"] if self._seen else [])]
        return self.result.record.trust(names, self._hours(k))

    @property
    def _seen(self) -> bool:
        return bool(self.leg.seen_first.any())

    def _hours(self, k: int) -> float:
        return float((self.times[k] - self.leg.start) / np.timedelta64(1, "h"))

    def _members_that_ran(self) -> dict[str, Posterior]:
        ran = self.cells.keys()
        return {
            name: each
            for name, each in self.members.items()
            if any(trial.number in ran for trial in each.trials)
        }

    def _maps(self, k: int) -> Maps:
        maps: Maps = {name: self._share(each, k) for name, each in self._members_that_ran().items()}
        if self._seen:
            walk = self.result.walk
            maps["persistence"] = self.leg.seen_first.astype(np.float32)
            growths, fading = self.result.record.growths, walk.fading(len(walk.legs))
            maps["grown"] = grown_by(self.leg, self._hours(k), growths, fading)
        return maps

    def _share(self, members: Posterior, k: int) -> NDArray[np.float32]:
        pairs = zip(members.trials, members.weights, strict=True)
        known = [(t.number, w) for t, w in pairs if t.number in self.cells]
        whole = sum(weight for _, weight in known)
        probability = np.zeros(self.leg.grid.shape, np.float32)
        for number, weight in known:
            probability.ravel()[self.cells[number][k]] += weight / whole
        return probability


def look_ahead(
    result: Forecasts,
    *,
    scheduler: str | None = None,
    on_run: Callable[[float], None] = lambda share: None,
) -> Outlook | None:
    """Forecast from the last slick seen to the end of the case.

    The parameters are those likely after all slicks, the mixture that of the forecasts of slicks
    (`witoil.forecast.experts`), each trusted by how it did on all of them.

    Parameters
    ----------
    result : Forecasts
        A finished walk.
    scheduler : str, optional
        Address of a Dask scheduler, `tcp://host:port`. Default: threads of this process.
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
    walk = result.walk
    most = result.scenario.case.forecast.members
    members = members_of(walk, len(walk.legs), result.posteriors[-1], most)
    legs = {
        name: leg if variant.scenario is result.scenario else _beyond(variant.scenario, leg)
        for name, variant in walk.variants.items()
    }
    trials = {trial.number: trial for each in members.values() for trial in each.trials}
    cells: dict[int, list[Cells]] = {}
    with workers(scheduler) as there:
        own = there.share(leg)
        shared = {name: there.share(each) for name, each in legs.items() if each is not leg}
        futures = [
            there.executor.submit(_cells_of, shared.get(trial.origin, own), trial.parameters)
            for trial in trials.values()
        ]
        for done, (number, future) in enumerate(zip(trials, futures, strict=True), start=1):
            found = result_of(future)
            if found is not None:
                cells[number] = found
            on_run(done / len(trials))
    if not cells:
        raise CaseError("every run beyond the last slick failed; expected some to reach time.end")
    return Outlook(leg, _times(leg), result, members, cells)


def _beyond(scenario: Scenario, leg: Scenario) -> Scenario:
    """Return the leg beyond the last slick in other fields, on one grid with a first one."""
    other = leg_beyond(scenario)
    assert other is not None  # its case has the same period
    return replace(other, grid=leg.grid, seen_first=leg.seen_first)


def _times(leg: Scenario) -> NDArray[np.datetime64]:
    """Return the regular outputs after the start."""
    interval = np.timedelta64(round(leg.case.model.output_interval_minutes * 60e9), "ns")
    times = np.arange(leg.start + interval, leg.end, interval)
    return np.append(times, leg.end)


def _cells_of(leg: Scenario, changed: Mapping[str, float]) -> list[Cells] | None:
    """Run a leg and return its cells with oil at each time; None where it fails."""
    try:
        result = run(leg, changed, threads=1)
    except SimulatorError:
        return None
    limit = changed.get("detection_limit_um")
    return [np.flatnonzero(mask_at(leg, result, time, limit)) for time in _times(leg)]
