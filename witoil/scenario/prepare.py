"""A case made a scenario: all that it names read, and refused where something is not covered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

import catalog
import simulator
from simulator.oil import TEMPERATURE_15C
from witoil.case import AreaRelease, Case
from witoil.errors import CaseError
from witoil.scenario.changes import seed
from witoil.scenario.forcing import with_holes
from witoil.scenario.observations import (
    in_one_range,
    on_grid,
    read_observations,
    refuse_before_releases,
    refuse_swapped,
)
from witoil.scenario.oils import oil_of, remarks_on
from witoil.scenario.releases import releases_of
from witoil.scenario.scenario import NO_PARTICLES, Scenario
from witoil.scenario.surroundings import bounds, read_surroundings
from witoil.scenario.verification import VerificationGrid
from witoil.times import datetime64


def prepare(case: Case) -> Scenario:
    """Read all that a case needs, and refuse it where something is not covered.

    Parameters
    ----------
    case : Case

    Returns
    -------
    Scenario

    Raises
    ------
    CatalogError, CaseError, SimulatorError
        Before anything is computed; one line that says what to change.
    """
    if not case.release and not (case.starts_from_observations and len(case.observation) > 1):
        raise CaseError("release: none given; expected one or more [[release]] to run a case")
    oil = oil_of(case)  # first: an unknown oil is refused before anything large is read
    start, end = datetime64(case.time.start), datetime64(case.time.end)
    density = oil.density(TEMPERATURE_15C)
    parts = [releases_of(case, k, density) for k in range(len(case.release))]
    slicks = read_observations(case)
    parts, slicks = in_one_range(parts, slicks)
    releases = [release for several in parts for release in several]
    refuse_before_releases(case, slicks, releases)
    refuse_swapped(
        {
            f"release.{k}": shapely.GeometryCollection([r.geometry for r in several])
            for k, several in enumerate(parts)
        }
        | {f"observation ({', '.join(slick.files)})": slick.geometry for slick in slicks}
    )
    shapes, longest = [r.geometry for r in releases], end - start
    if case.starts_from_observations:
        # no leg starts from the last one, and no forecast may depend on where it lies
        shapes += [slick.geometry for slick in slicks[:-1]]
        longest = _longest_leg(start, slicks)
    wanted = bounds(shapes)
    forcing, coverage, coast = read_surroundings(case, start, end, wanted, longest)
    coverage += remarks_on(case, oil, forcing)
    numbers = tuple(k for k, several in enumerate(parts) for _ in several)
    particles = (
        seed(releases, numbers, coast, case.model.particles, case.model.seed)
        if releases
        else NO_PARTICLES
    )
    grid = VerificationGrid.covering(
        forcing.grid.box,
        case.score.resolution_m,
        margin=max(case.score.windows) // 2,
        may_be_coarser=not slicks,  # nothing is scored then
    )
    areas = [
        # neighbours of different thickness share edges, which one geometry must not have
        shapely.union_all(shapely.get_parts(release.geometry))
        for release in releases
        if isinstance(release, simulator.AreaRelease)
    ]
    land = grid.cells_centred_in(coast.land)
    return Scenario(
        case=case,
        end=end,
        time_step=60.0 * case.model.time_step_minutes,
        seed=case.model.seed,
        sources=tuple(not isinstance(release, AreaRelease) for release in case.release),
        oil=oil,
        forcing=forcing,
        coverage=with_holes(coverage, forcing, particles),
        coast=coast,
        particles=particles,
        grid=grid,
        observations=tuple(on_grid(case, s, grid, land, k) for k, s in enumerate(slicks)),
        seen_first=np.any([np.zeros(grid.shape, bool), *map(grid.cells_touched, areas)], axis=0),
        releases=tuple(releases),
        release_numbers=numbers,
    )


def _longest_leg(start: np.datetime64, slicks: Sequence[catalog.Slick]) -> np.timedelta64:
    """Return the longest time from one slick to the next."""
    times = [start, *(datetime64(slick.time) for slick in slicks if slick.time)]
    longest: np.timedelta64 = max(np.diff(times))
    return longest
