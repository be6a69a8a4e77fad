"""All that is wrong with a case, and what mends each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

import shapely

import catalog
import simulator
from catalog.forcing.names import ROLES
from catalog.grid import Box
from simulator.oil import TEMPERATURE_15C
from witoil.case import Case
from witoil.case.starter import fetched, how_to_fetch
from witoil.scenario.faults import Faults
from witoil.scenario.observations import (
    in_one_range,
    read_observation,
    read_swath,
    refuse_before_releases,
    refuse_disorder,
    refuse_swapped,
)
from witoil.scenario.oils import oil_of
from witoil.scenario.releases import releases_of
from witoil.scenario.surroundings import bounds, note_faults_around
from witoil.times import datetime64

_OF_WATER = 1000.0
"""Density that stands in for that of an oil that cannot be read. [kg m-3]"""


@dataclass(frozen=True)
class Lack:
    """One thing that keeps a case from running.

    Attributes
    ----------
    key : str
        Of the case, or the command that lacks it.
    what : str
        Where, what was found, what was expected, what to do.
    mend : str or None
        What may help.
    """

    key: str
    what: str
    mend: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return it for JSON."""
        return {"key": self.key, "what": self.what, "mend": self.mend}


def lacks_of(case: Case, unread: Collection[str] = ()) -> tuple[list[Lack], list[catalog.Coverage]]:
    """Return all that can be found to be wrong with what a case reads, not only the first.

    Parameters
    ----------
    case : Case
    unread : collection of str
        Keys whose files are not at hand: they are not looked at.

    Returns
    -------
    lacks : list of Lack
    covers : list of catalog.Coverage
        What forcing that can be read covers.
    """
    faults = Faults()
    density = _OF_WATER
    if "oil.name" not in unread:
        with faults.of("oil"):
            density = oil_of(case).density(TEMPERATURE_15C)
    parts = _releases(case, density, unread, faults)
    slicks = _slicks(case, unread, faults)
    box = _compare(case, parts, slicks, faults)
    covers: list[catalog.Coverage] = []
    if box is not None:
        start, end = datetime64(case.time.start), datetime64(case.time.end)
        roles = [role for role in ROLES if f"forcing.{role}" not in unread]
        covers = note_faults_around(case, start, end, box, parts, roles, faults)
    return [lack_of(case, key, error, box) for key, error in faults.found], covers


def lack_of(case: Case, key: str, error: Exception, box: Box | None = None) -> Lack:
    """Return what an error says of a key of a case, with the command that may mend it."""
    role = next((role for role in ROLES if key == f"forcing.{role}"), None)
    if role is None or box is None:
        return Lack(key, str(error))
    command = how_to_fetch(role, box, case.time.start, case.time.end, case.folder)
    return Lack(key, str(error), f'{command}, then {role} = "{fetched(role).as_posix()}"')


def _releases(
    case: Case, density: float, unread: Collection[str], faults: Faults
) -> dict[int, list[simulator.Release]]:
    parts = {}
    for k in range(len(case.release)):
        if not {f"release.{k}.geometry", f"release.{k}.track"} & {*unread}:
            with faults.of(f"release.{k}"):
                parts[k] = releases_of(case, k, density)
    return parts


def _slicks(case: Case, unread: Collection[str], faults: Faults) -> dict[int, catalog.Slick]:
    slicks = {}
    for k in range(len(case.observation)):
        if f"observation.{k}.geometry" not in unread:
            with faults.of(f"observation.{k}"):
                slicks[k] = read_observation(case, k)
                if f"observation.{k}.swath" not in unread:
                    read_swath(case, k, slicks[k].time)
    for (_, earlier), (k, later) in pairwise(slicks.items()):
        with faults.of(f"observation.{k}"):
            refuse_disorder(k, earlier, later)
    return slicks


def _compare(
    case: Case,
    parts: dict[int, list[simulator.Release]],
    slicks: Mapping[int, catalog.Slick],
    faults: Faults,
) -> Box | None:
    """Hold what could be read against each other; return the box round the oil of a run."""
    if not any(parts.values()) and not slicks:
        return None
    turned, seen = in_one_range([*parts.values()], [*slicks.values()])
    parts.update(zip(parts, turned, strict=True))
    releases = [release for several in turned for release in several]
    with faults.of("observation"):
        refuse_before_releases(case, seen, releases)
    with faults.of("release"):
        refuse_swapped(
            {
                f"release.{k}": shapely.GeometryCollection([r.geometry for r in several])
                for k, several in parts.items()
            }
            | {f"observation ({', '.join(slick.files)})": slick.geometry for slick in seen}
        )
    shapes = [release.geometry for release in releases]
    if case.starts_from_observations or not shapes:
        shapes += [slick.geometry for slick in seen]
    return bounds(shapes)
