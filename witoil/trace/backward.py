"""Where and when a slick may have been released: the model run back in time, many times over.

Currents, wind and Stokes drift are turned round and time is counted back from when the slick was
seen; turbulence spreads the particles as it does forwards, since what it did to the oil is not
known. A single run would take the parameters for known, and be far too sure of itself: the
particles are dealt out to members, each with parameters drawn from ranges that the case states, and
pooled. A path back in time that meets the coast stops there, since no oil comes over land: from
that time back the place on the coast is a candidate, a source on the shore or oil that lay there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

import catalog
import optimizer
import simulator
from simulator.oil import TEMPERATURE_15C
from witoil.case import AreaRelease, Case, Trace
from witoil.case.tunables import TUNABLES
from witoil.errors import CaseError
from witoil.scenario.forcing import first_time
from witoil.scenario.observations import without_time
from witoil.scenario.oils import oil_of
from witoil.scenario.releases import estimate_of, releases_of, shared_out
from witoil.scenario.surroundings import bounds, read_surroundings
from witoil.times import datetime64, minute

DEFAULT_HOURS = 48.0
"""How far back where the case does not say, and does not start before the slick. [h]"""

FloatArray = NDArray[np.float64]

_HOUR = np.timedelta64(3600 * 10**9, "ns")


@dataclass(frozen=True)
class SeenSlick:
    """A slick to trace back.

    Attributes
    ----------
    key : str
        Where it stands in the case file.
    time : datetime64
        When it was seen, UTC.
    parts : tuple of simulator.AreaRelease
        Its oil; where the case does not say how much is where, the same on every square metre.
    """

    key: str
    time: np.datetime64
    parts: tuple[simulator.AreaRelease, ...]

    @property
    def geometry(self) -> BaseGeometry:
        """All its polygons. [degrees]"""
        # neighbours of different thickness share edges, which one geometry must not have
        return shapely.union_all(
            [p for part in self.parts for p in shapely.get_parts(part.geometry)]
        )


@dataclass(frozen=True)
class BackwardScenario:
    """A slick with all that is needed to carry it back in time.

    Attributes
    ----------
    case : Case
    slick : SeenSlick
    first_seen : datetime64
        When the first slick of the case was seen, UTC: the source starts then at the latest.
    ages : ndarray, shape (times,)
        Output times, in hours before the slick was seen; 0 first. [h]
    forcing : simulator.Forcing
        Reversed: its start is the time of the slick.
    coverage : tuple of catalog.Coverage or catalog.Parametrised
    coast : simulator.Coast
    particles : simulator.Particles
    """

    case: Case
    slick: SeenSlick
    first_seen: np.datetime64
    ages: FloatArray
    forcing: simulator.Forcing
    coverage: tuple[catalog.Coverage | catalog.Parametrised, ...]
    coast: simulator.Coast
    particles: simulator.Particles


class MemberPaths(NamedTuple):
    """Where the particles of one member were, each of shape (times, particles).

    Attributes
    ----------
    lon, lat : ndarray
        [degrees]
    status : ndarray of int8
        See `simulator.Status`.
    """

    lon: FloatArray
    lat: FloatArray
    status: NDArray[np.int8]


@dataclass(frozen=True)
class Paths:
    """Where the particles of all members were.

    Attributes
    ----------
    times : ndarray of datetime64, shape (times,)
        UTC, falling: the first is that of the slick.
    ages : ndarray, shape (times,)
        The same before the time of the slick. [h]
    longitude, latitude : ndarray, shape (times, particles)
        [degrees]
    status : ndarray of int8, shape (times, particles)
        See `simulator.Status`.
    """

    times: NDArray[np.datetime64]
    ages: FloatArray
    longitude: FloatArray
    latitude: FloatArray
    status: NDArray[np.int8]


def settings_of(case: Case) -> Trace:
    """Return how a case is traced back: its `[trace]`, or the defaults."""
    return case.trace or Trace()


def prepare_trace(case: Case) -> BackwardScenario:
    """Read all that is needed to trace a slick of a case back in time.

    Parameters
    ----------
    case : Case

    Returns
    -------
    BackwardScenario

    Raises
    ------
    CatalogError, CaseError, SimulatorError
        Before anything is computed; one line that says what to change.
    """
    settings = settings_of(case)
    slick = find_slick(case)
    hours = settings.hours or _default_hours(case, slick)
    first_seen = _seen_first(case).time
    _refuse_too_short(slick, hours, first_seen)
    ages = np.append(np.arange(0.0, hours - 1e-6, settings.output_interval_minutes / 60.0), hours)
    forcing, coverage, coast = read_surroundings(
        case, slick.time - _span(hours), slick.time, bounds([slick.geometry])
    )
    try:
        particles = simulator.seed_particles(
            slick.parts, settings.particles, seed=case.model.seed, land=coast.land
        )
    except simulator.SimulatorError as error:
        raise CaseError(f"trace of {slick.key}: {error}") from None
    turned = forcing.reversed(slick.time)
    return BackwardScenario(case, slick, first_seen, ages, turned, coverage, coast, particles)


def draw_members(case: Case) -> list[simulator.Parameters]:
    """Draw the parameters of each member from the ranges of the case.

    Sobol points, even over the ranges (over their logarithms for what is searched by ratio);
    parameters without a range are those of `[model]`.
    """
    settings = settings_of(case)
    known = case.model.physics()
    if not settings.parameters:
        return [known] * settings.members
    from scipy.stats import qmc  # large, and not for a look at a case

    space = optimizer.Space(
        tuple(
            optimizer.Parameter(name, low, high, low, scale=TUNABLES[name].scale)
            for name, (low, high) in settings.parameters.items()
        )
    )
    points = qmc.Sobol(len(space.names), seed=case.model.seed).random_base2(
        m=(settings.members - 1).bit_length()
    )
    return [replace(known, **drawn) for drawn in space.from_unit(points[: settings.members])]


def trace_back(
    scenario: BackwardScenario,
    *,
    threads: int | None = None,
    known: Mapping[int, MemberPaths] | None = None,
    on_member: Callable[[int, MemberPaths], None] | None = None,
) -> Paths:
    """Carry a slick back in time.

    Parameters
    ----------
    scenario : BackwardScenario
    threads : int, optional
        Default: one for each processor. The result does not depend on it.
    known : mapping, optional
        What each member that has been run already gave, by its number.
    on_member : callable, optional
        Called with the same of every member that is run.

    Returns
    -------
    Paths
    """
    model = scenario.case.model
    members = draw_members(scenario.case)
    # the model's clock goes on from the time of the slick, while the fields go back
    clock = scenario.slick.time + _spans(scenario.ages)

    def go(number: int) -> MemberPaths:
        result = simulator.run(
            scenario.forcing,
            _dealt(scenario.particles, number, len(members)),
            scenario.coast,
            end=clock[-1],
            output_times=list(clock),
            time_step=60.0 * model.time_step_minutes,
            parameters=members[number].reversed(),
            # members must not see the same turbulence: there are few particles in each
            seed=(model.seed + number) % 2**63,
            threads=1,
        )
        return MemberPaths(*(result[name].values.T for name in MemberPaths._fields))

    paths = dict(known or {})
    to_run = [number for number in range(len(members)) if number not in paths]
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for number, part in zip(to_run, pool.map(go, to_run), strict=True):
            paths[number] = part
            if on_member:
                on_member(number, part)
    parts = [paths[number] for number in range(len(members))]
    lon, lat, status = (np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True))
    return Paths(scenario.slick.time - _spans(scenario.ages), scenario.ages, lon, lat, status)


def find_slick(case: Case) -> SeenSlick:
    """Return the slick to trace: the one that the case names, else the one seen first.

    Raises
    ------
    CaseError
        Where there is none, or the one named is none.
    CatalogError, SimulatorError
        Where its file cannot be read.
    """
    wanted = settings_of(case).slick
    if wanted is not None:
        kind, number = wanted.split(".")
        return _named(case, kind, int(number))
    return _seen_first(case)


def _seen_first(case: Case) -> SeenSlick:
    areas = [k for k, release in enumerate(case.release) if isinstance(release, AreaRelease)]
    slicks = [_released(case, k) for k in areas]
    slicks += [_observed(case, k) for k in range(len(case.observation))]
    if not slicks:
        raise CaseError(
            "trace: the case has no slick that was seen; expected an [[observation]], or a "
            '[[release]] of kind = "area"'
        )
    return min(slicks, key=lambda slick: slick.time)


def _named(case: Case, kind: str, number: int) -> SeenSlick:
    found = case.release if kind == "release" else case.observation
    if number >= len(found):
        raise CaseError(
            f'trace.slick: found "{kind}.{number}", but the case has {len(found)} [[{kind}]]; '
            "expected the number of one of them, counted from 0"
        )
    return _released(case, number) if kind == "release" else _observed(case, number)


def _released(case: Case, k: int) -> SeenSlick:
    release = case.release[k]
    if not isinstance(release, AreaRelease):
        raise CaseError(
            f'trace.slick: found "release.{k}" of kind "{release.kind}"; expected one of kind '
            '"area", or an observation'
        )
    time = datetime64(release.time or case.time.start)
    parts = releases_of(case, k, oil_of(case).density(TEMPERATURE_15C))
    areas = [part for part in parts if isinstance(part, simulator.AreaRelease)]
    return SeenSlick(f"release.{k}", time, tuple(replace(a, time=time, end=time) for a in areas))


def _observed(case: Case, k: int) -> SeenSlick:
    given = case.observation[k]
    slick = catalog.read_slick(case.paths(given.geometry), given.time, **given.reading())
    if slick.time is None:
        raise CaseError(without_time(k, slick))
    time = datetime64(slick.time)
    spread = partial(simulator.AreaRelease, time=time)
    parts = shared_out(1.0, slick, estimate_of(case), spread)  # of what mass makes no difference
    return SeenSlick(f"observation.{k}", time, tuple(parts))


def _refuse_too_short(slick: SeenSlick, hours: float, first_seen: np.datetime64) -> None:
    """Refuse to trace back no further than to a time when a slick of the case had been seen."""
    if slick.time - _span(hours) > first_seen:
        raise CaseError(
            f"trace.hours: found {hours:g}, to {minute(slick.time - _span(hours))}, but a slick of "
            f"the case was seen before, at {minute(first_seen)}; expected "
            f"{float((slick.time - first_seen) / _HOUR):.4g} or more, since the source was there"
        )


def _default_hours(case: Case, slick: SeenSlick) -> float:
    """Return how far back [h]: to the start of the case, or as the fields allow."""
    since_start = float((slick.time - datetime64(case.time.start)) / _HOUR)
    if since_start > 0.0:
        return since_start
    first = first_time(case)
    covered = float((slick.time - first) / _HOUR)
    if covered <= 0.0:
        raise CaseError(
            f"trace: the slick {slick.key} was seen at {minute(slick.time)}, and the forcing "
            f"begins at {minute(first)}; expected fields of the time before the slick"
        )
    return min(DEFAULT_HOURS, covered)


def _dealt(particles: simulator.Particles, number: int, members: int) -> simulator.Particles:
    """Return every so many-th particle: neighbours go to different members."""
    return simulator.Particles(
        **{name: values[number::members].copy() for name, values in vars(particles).items()}
    )


def _span(hours: float) -> np.timedelta64:
    return np.timedelta64(round(hours * 3600e9), "ns")


def _spans(hours: FloatArray) -> NDArray[np.timedelta64]:
    return np.round(hours * 3600e9).astype("timedelta64[ns]")
