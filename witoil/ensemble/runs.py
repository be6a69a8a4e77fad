"""Many runs of one case that differ in what is uncertain, and how often each place is oiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, fields, replace
from functools import reduce
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from catalog.errors import CatalogError
from simulator.errors import SimulatorError
from witoil.case import Case, with_changes
from witoil.ensemble.coast import CoastStatistics, MemberCoast, coast_statistics
from witoil.ensemble.members import Member, ensemble_of
from witoil.errors import CaseError, WitoilError
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Box, VerificationGrid
from witoil.times import datetime64
from witoil.workers import LostWorkersError, Workers, result_of, workers

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class MemberResult:
    """What one member leaves: few numbers, so that thousands of members fit into memory.

    Attributes
    ----------
    number : int
        Of the member.
    cells : ndarray of int64, shape (oiled,)
        Numbers of the cells with a slick at any output time, row by row; rising.
    first : ndarray of int32, shape (oiled,)
        Number of the output time at which each is first seen.
    coast : MemberCoast
    """

    number: int
    cells: NDArray[np.int64]
    first: NDArray[np.int32]
    coast: MemberCoast

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all but the number, for `from_arrays`."""
        coast = {f"coast_{name}": values for name, values in vars(self.coast).items()}
        return {"cells": self.cells, "first": self.first, **coast}

    @classmethod
    def from_arrays(cls, number: int, arrays: Mapping[str, NDArray[Any]]) -> MemberResult:
        """Return what `to_arrays` told."""
        coast = {part.name: arrays[f"coast_{part.name}"] for part in fields(MemberCoast)}
        return cls(number, arrays["cells"], arrays["first"], MemberCoast(**coast))


@dataclass(frozen=True)
class EnsembleResult:
    """Statistics over the members that ran.

    Attributes
    ----------
    scenarios : tuple of Scenario
        One for each forcing product.
    members : tuple of Member
        All of them.
    failures : mapping
        Number of a member that failed -> why.
    hours : ndarray, shape (outputs,)
        Output times, since the start of the run. [h]
    probability : ndarray of float32, shape of the verification grid
        Share of members whose slick was in a cell at any output time. [1]
    first_arrival_earliest, first_arrival_median : ndarray of float32, same shape
        Over the members that reach a cell; NaN where none does. [h]
    coast : CoastStatistics
    """

    scenarios: tuple[Scenario, ...]
    members: tuple[Member, ...]
    failures: Mapping[int, str]
    hours: FloatArray
    probability: NDArray[np.float32]
    first_arrival_earliest: NDArray[np.float32]
    first_arrival_median: NDArray[np.float32]
    coast: CoastStatistics

    @property
    def grid(self) -> VerificationGrid:
        """The verification grid, common to all products."""
        return self.scenarios[0].grid

    @property
    def land(self) -> BaseGeometry:
        """Land in degrees, as far as any product reaches."""
        lands = [scenario.coast.land for scenario in self.scenarios]
        return lands[0] if len(lands) == 1 else shapely.union_all(lands)


def prepare_products(case: Case, scenario: Scenario) -> tuple[Scenario, ...]:
    """Return a scenario for each forcing product of an ensemble, all on one verification grid.

    Parameters
    ----------
    case : Case
    scenario : Scenario
        The case with its own forcing, prepared.

    Raises
    ------
    WitoilError
        Where a product does not cover the case.
    """
    scenarios = [scenario, *other_products(case)]
    grid = scenario.grid
    if len(scenarios) > 1:
        box = reduce(_around_both, (s.forcing.grid.box for s in scenarios))
        grid = VerificationGrid.covering(
            box,
            scenario.grid.resolution,
            margin=max(case.score.windows) // 2,
            may_be_coarser=not scenario.observations,
        )
    seen_first = grid.cells_of(scenario.seen_first, scenario.grid)
    # what was observed has no place in an ensemble, and would only travel to the workers
    return tuple(replace(s, grid=grid, observations=(), seen_first=seen_first) for s in scenarios)


def other_products(case: Case) -> list[Scenario]:
    """Return a scenario for each forcing product of an ensemble, beside that of the case.

    Raises
    ------
    WitoilError
        Where a product does not cover the case.
    """
    scenarios = []
    for k, product in enumerate(ensemble_of(case).forcing):
        instead = {role: getattr(product, role) for role in ("currents", "winds", "waves")}
        files = {role: files for role, files in instead.items() if files is not None}
        try:
            scenarios.append(prepare(with_changes(case, "forcing", files)))
        except (CatalogError, SimulatorError, WitoilError) as error:
            raise WitoilError(f"ensemble.forcing.{k}: {error}") from error
    return scenarios


def run_ensemble(
    scenarios: Sequence[Scenario],
    members: Sequence[Member],
    *,
    scheduler: str | None = None,
    known: Mapping[int, MemberResult] | None = None,
    on_member: Callable[[int, MemberResult | str], None] | None = None,
) -> EnsembleResult:
    """Run all members side by side, each on one thread, and gather their statistics.

    Parameters
    ----------
    scenarios : sequence of Scenario
        One for each forcing product, see `prepare_products`.
    members : sequence of Member
    scheduler : str, optional
        Address of a Dask scheduler, `tcp://host:port`. Default: threads of this process.
    known : mapping, optional
        What each member gave that has been run already, by its number.
    on_member : callable, optional
        Called with the number of every member that is run and what it gave, or why it failed.

    Returns
    -------
    EnsembleResult
        The same, to the last bit, wherever and in whatever order the members were run.

    Raises
    ------
    WitoilError
        Where the scheduler cannot be reached or has no workers, or all members failed.
    """
    for scenario in scenarios:
        _ = scenario.land  # once here, and not once on each worker
    results: dict[int, MemberResult | str] = dict(known or {})
    to_run = [member for member in members if member.number not in results]
    with workers(scheduler) as there:
        for number, result in _results(there, scenarios, to_run):
            results[number] = result
            if on_member:
                on_member(number, result)
    those = [result for result in results.values() if isinstance(result, MemberResult)]
    failures = {n: why for n, why in sorted(results.items()) if isinstance(why, str)}
    return summarise(scenarios, members, those, failures)


def simulate_member(scenario: Scenario, member: Member) -> MemberResult | str:
    """Run one member.

    Parameters
    ----------
    scenario : Scenario
        With the member's forcing product.
    member : Member

    Returns
    -------
    MemberResult or str
        Why it could not be run, where its parameters are such that it cannot.
    """
    perturbed = replace(
        scenario,
        seed=member.seed,
        forcing=scenario.forcing.perturbed(
            wind_error=member.wind_error, current_error=member.current_error
        ),
    )
    try:
        result = run(perturbed, member.parameters, threads=1)
    except (SimulatorError, CaseError) as error:
        return str(error)
    never = np.iinfo(np.int32).max
    first = np.full(scenario.grid.shape, never, np.int32).ravel()
    limit = member.parameters.get("detection_limit_um")
    needed = result[["status", "mass"]]  # cut to each time, all variables would take longer
    for k, time in enumerate(result["time"].values):
        # masks of the unperturbed scenario, whose land is on its grid already
        cells = np.flatnonzero(mask_at(scenario, needed, time, limit))
        first[cells] = np.minimum(first[cells], k)
    oiled = np.flatnonzero(first != never)
    return MemberResult(
        number=member.number,
        cells=oiled,
        first=first[oiled],
        coast=MemberCoast.of(result, scenario.forcing.grid.box),
    )


def summarise(
    scenarios: Sequence[Scenario],
    members: Sequence[Member],
    results: Sequence[MemberResult],
    failures: Mapping[int, str],
) -> EnsembleResult:
    """Gather the statistics of members.

    Parameters
    ----------
    scenarios : sequence of Scenario
    members : sequence of Member
    results : sequence of MemberResult
        In any order.
    failures : mapping
        Number of a member -> why it failed.

    Raises
    ------
    WitoilError
        Where all members failed.
    """
    if not results:
        number, reason = next(iter(failures.items()))
        raise WitoilError(f"all {len(failures)} members failed; member {number}: {reason}")
    results = sorted(results, key=lambda result: result.number)
    grid = scenarios[0].grid
    hours = output_hours(scenarios[0].case)
    cells = np.concatenate([result.cells for result in results])
    first = np.concatenate([result.first for result in results])
    where, count, earliest, median = first_arrivals(cells, hours[first])
    product = {member.number: member.product for member in members}
    return EnsembleResult(
        scenarios=tuple(scenarios),
        members=tuple(members),
        failures=failures,
        hours=hours,
        probability=_spread_out(grid, where, count / len(results), 0.0),
        first_arrival_earliest=_spread_out(grid, where, earliest, np.nan),
        first_arrival_median=_spread_out(grid, where, median, np.nan),
        coast=coast_statistics(
            [scenario.coast.shore for scenario in scenarios],
            [(product[result.number], result.coast) for result in results],
            hours,
        ),
    )


def output_hours(case: Case) -> FloatArray:
    """Return the regular output times of a case, in hours since its start."""
    # whole nanoseconds, as in a run: then there are as many
    interval = round(case.model.output_interval_minutes * 60e9)
    duration = int((datetime64(case.time.end) - datetime64(case.time.start)).astype(np.int64))
    return np.append(np.arange(0, duration, interval), duration) / 3.6e12


def first_arrivals(
    places: NDArray[np.int64], hours: FloatArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray, FloatArray]:
    """Return the places there are, how many arrivals each has, and the first and median of these.

    Parameters
    ----------
    places : ndarray of int64, shape (arrivals,)
    hours : ndarray, shape (arrivals,)
        [h]
    """
    order = np.lexsort((hours, places))
    sorted_hours = hours[order]
    where, begin, count = np.unique(places[order], return_index=True, return_counts=True)
    middle = 0.5 * (sorted_hours[begin + (count - 1) // 2] + sorted_hours[begin + count // 2])
    return where, count, sorted_hours[begin], middle


def _spread_out(
    grid: VerificationGrid, cells: NDArray[np.int64], values: FloatArray, elsewhere: float
) -> NDArray[np.float32]:
    field = np.full(grid.shape, elsewhere, np.float32)
    field.ravel()[cells] = values
    return field


def _results(
    there: Workers, scenarios: Sequence[Scenario], members: Sequence[Member]
) -> Iterator[tuple[int, MemberResult | str]]:
    """Yield the number of each member and its result, or why there is none, as they come."""
    data = [there.share(scenario) for scenario in scenarios]
    numbers = {
        there.executor.submit(simulate_member, data[member.product], member): member.number
        for member in members
    }
    for future in as_completed(list(numbers)):
        number = numbers.pop(future)
        try:
            result = result_of(future)
        except LostWorkersError:
            raise  # nothing befell the members that are missing
        except Exception as error:
            # whatever befell one worker, the other members are still worth having
            result = f"{type(error).__name__}: {error}".splitlines()[0]
        yield number, result


def _around_both(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )
