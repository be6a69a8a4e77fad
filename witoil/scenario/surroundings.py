"""Fields and coast as far as the oil of a case can get."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

import catalog
import simulator
from catalog.errors import without_keys
from witoil.case import Case
from witoil.case.tunables import PLACE
from witoil.errors import CaseError
from witoil.scenario.changes import displaced
from witoil.scenario.faults import Faults
from witoil.scenario.forcing import note_faults_of_forcing, read_forcing
from witoil.scenario.verification import Box

USUAL_DRIFT = 2.0
"""Speed at which the area of a run is first cut out of the forcing; a storm needs more. [m s-1]"""

_MARGIN = 1.1
"""Factor by which the area is wider than the fastest drift found in it needs. [1]"""


def read_surroundings(
    case: Case,
    start: np.datetime64,
    end: np.datetime64,
    wanted: Box,
    longest: np.timedelta64 | None = None,
) -> tuple[simulator.Forcing, tuple[catalog.Coverage | catalog.Parametrised, ...], simulator.Coast]:
    """Read the fields and the coast as far as oil can get, whichever way time runs.

    Parameters
    ----------
    case : Case
    start, end : datetime64
        Which time the fields have to cover, UTC.
    wanted : tuple of float
        Where the oil is known to be: west, south, east, north. [degrees]
    longest : timedelta64, optional
        How long oil is followed from there. Default: from `start` to `end`.

    Returns
    -------
    forcing : simulator.Forcing
        Its start is `start`.
    coverage : tuple of catalog.Coverage or catalog.Parametrised
    coast : simulator.Coast

    Raises
    ------
    CatalogError, SimulatorError
    """
    refuse_the_pole(wanted)
    duration, around = end - start if longest is None else longest, _displaced(case, wanted)
    speed = USUAL_DRIFT
    while True:
        reach = _reach(around, duration, speed)
        forcing, coverage = read_forcing(case, start, end, wanted, reach)
        fastest = forcing.fastest(_greatest(case))
        if fastest <= speed or not _is_cut(forcing.grid, reach):
            break
        # oil could leave what was read while it is within the area of the files
        speed = _MARGIN * fastest
    land = catalog.read_land(box_of_land(forcing.grid.box), _coastline(case))
    coast = simulator.Coast.from_land(
        land, forcing.grid, shore_type=case.shore.type, zones=_shore_zones(case)
    )
    return forcing, coverage, coast


def note_faults_around(
    case: Case,
    start: np.datetime64,
    end: np.datetime64,
    wanted: Box,
    releases: Mapping[int, Sequence[simulator.Release]],
    roles: Collection[catalog.RoleName],
    faults: Faults,
) -> list[catalog.Coverage]:
    """Note all that is wrong with fields and coast round the oil of a case.

    Parameters
    ----------
    case, start, end, wanted
        As for `read_surroundings`.
    releases : mapping
        By their numbers in the case: they have to be at sea.
    roles : collection of {"currents", "winds", "waves", "temperature"}
        Those to look at.
    faults : Faults
        Takes what is wrong, by the keys of the case.

    Returns
    -------
    list of catalog.Coverage
        What those that can be read cover, with all their gaps.
    """
    with faults.of("release"):
        refuse_the_pole(wanted)
    reach = _reach(_displaced(case, wanted), end - start, USUAL_DRIFT)
    covers = note_faults_of_forcing(case, start, end, wanted, reach, roles, faults)
    with faults.of("forcing.coastline"):
        land = catalog.read_land(box_of_land(wanted), _coastline(case))
        for number, several in releases.items():
            for release in several:
                with faults.of(f"release.{number}"):
                    simulator.seed_particles(
                        [release], 1, seed=case.model.seed, land=land, numbers=(number,)
                    )
    with faults.of("shore.zones"):
        _shore_zones(case)
    return covers


def refuse_the_pole(wanted: Box) -> None:
    """Refuse oil so near a pole that it cannot be followed."""
    south, north = wanted[1], wanted[3]
    if max(-south, north) > simulator.POLEMOST:
        raise CaseError(
            f"oil lies between {south:.4f} and {north:.4f} N; expected latitudes within "
            f"{simulator.POLEMOST:g}, since drift over the pole is not followed"
        )


def bounds(geometries: list[BaseGeometry]) -> Box:
    """Return the box around geometries: west, south, east, north. [degrees]"""
    low = np.min([g.bounds for g in geometries], axis=0)
    high = np.max([g.bounds for g in geometries], axis=0)
    return float(low[0]), float(low[1]), float(high[2]), float(high[3])


def box_of_land(box: Box) -> Box:
    """Return the box whose land is read for a run in a box of fields: a little more. [degrees]"""
    west, south, east, north = box
    degrees = 0.2
    return west - degrees, max(south - degrees, -90.0), east + degrees, min(north + degrees, 90.0)


def _greatest(case: Case) -> simulator.Parameters:
    """Return the greatest size of each parameter of the drift that a case may run with."""
    ranges = [case.optimise.parameters, case.trace.parameters if case.trace else {}]
    return simulator.Parameters(
        **{
            name: max(
                abs(value)
                for value in (
                    getattr(case.model, name),
                    *(v for r in ranges for v in r.get(name, ())),
                )
            )
            for name in simulator.Parameters.names()
        }
    )


def _is_cut(grid: simulator.Grid, reach: Box) -> bool:
    """Say whether an area ends where the reach of the oil does, not the files, on some side."""
    box, steps = grid.box, (grid.dlon, grid.dlat, grid.dlon, grid.dlat)
    signs = (1.0, 1.0, -1.0, -1.0)
    return any(
        sign * (side - limit) <= step
        for side, limit, step, sign in zip(box, reach, steps, signs, strict=True)
    )


def _reach(box: Box, duration: np.timedelta64, speed: float) -> Box:
    """Widen a box by what oil of a speed [m s-1] covers, but never round the whole earth."""
    metres = speed * float(duration / np.timedelta64(1, "s"))
    west, south, east, north = box
    poleward = max(abs(south), abs(north))
    if poleward > 80.0:
        # there meridians converge within the reach of the oil
        poleward = min(poleward + metres / float(simulator.metres_per_degree(90.0)[1]), 90.0)
    per_lon, per_lat = simulator.metres_per_degree(poleward)
    dx = min(metres / per_lon, max(179.0 - 0.5 * (east - west), 0.0))
    dy = metres / per_lat
    return west - dx, south - dy, east + dx, north + dy


def _displaced(case: Case, box: Box) -> Box:
    """Widen a box by what a search may move the source of a case."""
    (west, east), (south, north) = (case.optimise.parameters.get(k, (0.0, 0.0)) for k in PLACE)
    left, bottom = displaced(box[0], box[1], min(west, 0.0), min(south, 0.0))
    right, top = displaced(box[2], box[3], max(east, 0.0), max(north, 0.0))
    return left, bottom, right, top


def _shore_zones(case: Case) -> list[tuple[BaseGeometry, str]]:
    paths = [] if case.shore.zones is None else case.paths(case.shore.zones)
    with without_keys("expected a file of one layer"):
        return [
            zone
            for path in paths
            for zone in catalog.read_shore_types(path, simulator.SHORE_TYPE_NAMES)
        ]


def _coastline(case: Case) -> str:
    coastline = case.forcing.coastline
    return coastline if coastline in ("osm", "gshhg", "none") else case.paths(coastline)[0]
