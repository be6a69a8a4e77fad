"""The run from each slick seen to the next, started anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

import simulator
from witoil.errors import CaseError
from witoil.scenario.changes import seed
from witoil.scenario.releases import estimate_of, shared_out
from witoil.scenario.scenario import Observation, Scenario
from witoil.scenario.surroundings import bounds, read_surroundings
from witoil.scenario.verification import VerificationGrid


def legs_of(scenario: Scenario) -> tuple[Scenario, ...]:
    """Return the runs that a case is compared by.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    tuple of Scenario
        The scenario itself, or, where the case starts from observations, one for each pair of
        consecutive slicks, the first from the releases before the first observation if there are
        any. Each has one observation, at its end. All share grid and coast with the scenario.

    Raises
    ------
    CaseError
        Where the mass of a slick is not known.
    """
    if not scenario.case.starts_from_observations:
        return (scenario,)
    return tuple(_legs(scenario))


def leg_beyond(scenario: Scenario) -> Scenario | None:
    """Return the run from the last slick seen to the end of a case that starts from observations.

    Its fields, coast and grid are read anew, round the last slick: those of the legs must not
    depend on where that lies.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    Scenario or None
        Without observations; None where the case ends with the last slick.

    Raises
    ------
    CatalogError, CaseError, SimulatorError
    """
    seen, number = scenario.observations[-1], len(scenario.observations) - 1
    start, end = seen.time, scenario.end
    if end <= start:
        return None
    releases, numbers = _released_between(scenario, start, end)
    parts = _as_releases(scenario, seen, number)
    releases += parts
    numbers += [len(scenario.sources)] * len(parts)
    case = scenario.case
    forcing, coverage, coast = read_surroundings(
        case, start, end, bounds([release.geometry for release in releases])
    )
    grid = VerificationGrid.covering(forcing.grid.box, case.score.resolution_m, may_be_coarser=True)
    return replace(
        scenario,
        sources=(*scenario.sources, False),
        forcing=forcing,
        coverage=coverage,
        coast=coast,
        grid=grid,
        particles=_seeded(scenario, releases, numbers, coast),
        observations=(),
        seen_first=grid.cells_touched(seen.slick.geometry),
        releases=tuple(releases),
        release_numbers=tuple(numbers),
    )


def _legs(scenario: Scenario) -> Iterator[Scenario]:
    start, slick = scenario.forcing.start, None
    for k, seen in enumerate(scenario.observations):
        releases, numbers = _released_between(scenario, start, seen.time)
        if slick is not None:
            parts = _as_releases(scenario, slick, k - 1)
            releases += parts
            numbers += [len(scenario.sources)] * len(parts)
        if releases:
            yield _leg(scenario, start, seen, slick, releases, numbers)
        start, slick = seen.time, seen


def _leg(
    scenario: Scenario,
    start: np.datetime64,
    seen: Observation,
    slick: Observation | None,
    releases: list[simulator.Release],
    numbers: list[int],
) -> Scenario:
    return replace(
        scenario,
        end=seen.time,
        sources=scenario.sources if slick is None else (*scenario.sources, False),
        forcing=scenario.forcing.starting_at(start),
        particles=_seeded(scenario, releases, numbers, scenario.coast),
        observations=(seen,),
        seen_first=scenario.seen_first if slick is None else slick.mask,
        releases=tuple(releases),
        release_numbers=tuple(numbers),
        thick_first=None if slick is None else slick.thick,
    )


def _seeded(
    scenario: Scenario,
    releases: list[simulator.Release],
    numbers: list[int],
    coast: simulator.Coast,
) -> simulator.Particles:
    return seed(releases, numbers, coast, scenario.case.model.particles, scenario.seed)


def _released_between(
    scenario: Scenario, start: np.datetime64, end: np.datetime64
) -> tuple[list[simulator.Release], list[int]]:
    """Return what is released from `start` until before `end`, and its numbers in the case."""
    releases, numbers = [], []
    for release, number in zip(scenario.releases, scenario.release_numbers, strict=True):
        part = _part(release, start, end)
        if part is not None:
            releases.append(part)
            numbers.append(number)
    return releases, numbers


def _part(
    release: simulator.Release, start: np.datetime64, end: np.datetime64
) -> simulator.Release | None:
    """Return what a release lets out from `start` until before `end`; None where it is nothing."""
    if release.end == release.time:
        return release if start <= release.time < end else None
    first, last = max(release.time, start), min(release.end, end)
    if first >= last:
        return None
    share = float((last - first) / (release.end - release.time))
    return replace(release, time=first, end=last, mass=share * release.mass)


def _as_releases(scenario: Scenario, slick: Observation, k: int) -> list[simulator.AreaRelease]:
    """Return the slick that was seen as releases: as a case that starts from it would have them."""
    spread = partial(simulator.AreaRelease, time=slick.time)
    return shared_out(_mass(scenario, slick, k), slick.slick, estimate_of(scenario.case), spread)


def _mass(scenario: Scenario, slick: Observation, k: int) -> float:
    """Return the mass of a slick that was seen: its own, else that of the case's slicks. [kg]"""
    if slick.mass is not None:
        return slick.mass
    mass = sum(r.mass for r in scenario.releases if isinstance(r, simulator.AreaRelease))
    if not mass:
        raise CaseError(
            f'observation.{k}.mass_tonnes: none given, and no release of kind "area" to take it '
            "from; expected the mass of the slick, from which the next leg starts"
        )
    return mass
