"""What calibration can change of the oil itself: its mass and age, and where and when it leaks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

import simulator
from witoil.case import AreaRelease, Case, PointRelease
from witoil.case.releases import Source
from witoil.case.tunables import PLACE, START, TUNABLES
from witoil.errors import CaseError
from witoil.scenario.scenario import Scenario
from witoil.times import minute

_ONE_POINT = 'expected one release that is not an "area", of kind "point"'


def seed(
    releases: Sequence[simulator.Release],
    numbers: Sequence[int],
    coast: simulator.Coast,
    count: int,
    number: int,
) -> simulator.Particles:
    """Spread so many particles over releases at sea, by the number of the seed."""
    return simulator.seed_particles(releases, count, seed=number, land=coast.land, numbers=numbers)


def particles_with(scenario: Scenario, changed: Mapping[str, float]) -> simulator.Particles:
    """Return the particles of a scenario where sources or slicks are otherwise than in the case.

    Parameters
    ----------
    scenario : Scenario
    changed : mapping
        Tunable parameters that differ from the case; those of the model are passed over.

    Returns
    -------
    simulator.Particles

    Raises
    ------
    SimulatorError
        Where a source would lie on land, outside the area of the forcing, or leak when it cannot.
    """
    particles = scenario.particles
    if any(name in changed for name in (*PLACE, START)):
        particles = _with_source_moved(scenario, changed)
    fresh = scenario.is_source[particles.release_number]
    if "source_share" in changed:
        particles = _with_share(particles, fresh, changed["source_share"])
    elif "source_factor" in changed:
        particles = _times(particles, np.where(fresh, changed["source_factor"], 1.0))
    if "slick_age_hours" in changed:
        age = np.where(fresh, particles.age, 3600.0 * changed["slick_age_hours"])
        particles = replace(particles, age=age)
    return particles


def source_of(case: Case) -> int | None:
    """Return the number of the release that can be moved: the only one that is no slick."""
    match [(k, r) for k, r in enumerate(case.release) if not isinstance(r, AreaRelease)]:
        case [(number, PointRelease())]:
            return number
    return None


def refuse_unfit(
    scenario: Scenario, names: Collection[str], key: str, *, anew: bool = False
) -> None:
    """Refuse parameters of sources or slicks that a case does not have.

    Parameters
    ----------
    scenario : Scenario
    names : collection of str
        Parameters that are to vary.
    key : str
        Where the case has them.
    anew : bool
        Whether runs start anew from each slick seen.

    Raises
    ------
    CaseError
    """
    case, fresh = scenario.case, scenario.from_source
    beside_anew = 'found beside start_from = "observations", where'
    rules: dict[str, dict[str, bool]] = {
        "source_share": {
            "expected one of source_share and source_factor, not both": "source_factor" in names,
            f"{beside_anew} legs differ in length; expected source_factor": anew,
            'the case has no two kinds of release to share between; expected an "area" release '
            "and one of another kind": not fresh.any() or bool(fresh.all()),
        },
        "source_factor": {
            'expected a release that is not an "area", a source': not fresh.any(),
        },
        START: {
            f"{beside_anew} a run may start after the source; expected one long run": anew,
            _ONE_POINT: source_of(case) is None,
        },
        **{name: {_ONE_POINT: source_of(case) is None} for name in PLACE},
        "slick_age_hours": {
            'expected an "area" release, a slick that was seen': bool(fresh.all()) and not anew,
        },
    }
    for name in names:
        for message, broken in rules.get(name, {}).items():
            if broken:
                raise CaseError(f"{key}.{name}: {message}")


def moved_release(scenario: Scenario) -> simulator.PointRelease:
    """Return the release that can be moved, of a case that has one (`source_of`)."""
    number = source_of(scenario.case)
    assert number is not None
    release = scenario.releases[scenario.release_numbers.index(number)]
    assert isinstance(release, simulator.PointRelease)
    return release


def searched_bounds(scenario: Scenario, name: str) -> tuple[float, float]:
    """Return the bounds of a search for a parameter: those asked for, as far as a run can be made.

    What lies beyond would fail each time, and yet count as possible.

    Raises
    ------
    CaseError
        Where none of it can be run.
    """
    low, high = scenario.case.optimise.parameters[name]
    least, greatest = allowed_values(scenario, name)
    if not (low < greatest and least < high):
        raise CaseError(
            f"optimise.parameters.{name}: found {low:g} to {high:g}, expected some of what the "
            f"run allows, {least:.4g} to {greatest:.4g} {TUNABLES[name].units}"
        )
    return max(low, least), min(high, greatest)


def allowed_values(scenario: Scenario, name: str) -> tuple[float, float]:
    """Return the least and the greatest value of a tunable parameter with which a run can be made.

    A source is within the area of the forcing; it starts with the run at the earliest, and at the
    latest a time step before it ends, or before the first slick is seen where all the oil is from
    it.

    Parameters
    ----------
    scenario : Scenario
        One that `refuse_unfit` lets pass.
    name : str

    Returns
    -------
    tuple of float
        [units of the parameter]
    """
    low, high = TUNABLES[name].limits
    if name not in (*PLACE, START):
        return low, high
    release = moved_release(scenario)
    first, last = _reach_in_time(scenario, release)
    if name in PLACE:
        first, last = _reach_in_space(scenario, release, PLACE.index(name))
    return max(low, first), min(high, last)


def _reach_in_time(scenario: Scenario, release: simulator.PointRelease) -> tuple[float, float]:
    at_once = release.end == release.time
    last = scenario.end if at_once else release.end
    if (seen := first_seen_of(scenario)) is not None:
        last = min(last, seen)
    last = max(last - np.timedelta64(round(1e9 * scenario.time_step), "ns"), release.time)
    hour = np.timedelta64(1, "h")
    return float((scenario.start - release.time) / hour), float((last - release.time) / hour)


def first_seen_of(scenario: Scenario) -> np.datetime64 | None:
    """Return when a slick was first seen that is of the source, UTC; None where nothing tells.

    Oil beside the source, as that of an area release, may be all that the first slick is.
    """
    if not scenario.observations or not all(scenario.sources):
        return None
    return scenario.observations[0].time


def _reach_in_space(
    scenario: Scenario, release: simulator.PointRelease, axis: int
) -> tuple[float, float]:
    """Return how far a source can be moved east (axis 0) or north, but for a metre. [km]"""
    box = scenario.forcing.grid.box
    place = (release.longitude, release.latitude)[axis]
    km = 1e-3 * float(simulator.metres_per_degree(release.latitude)[axis])
    return km * (box[axis] - place) + 1e-3, km * (box[axis + 2] - place) - 1e-3


def _with_source_moved(scenario: Scenario, changed: Mapping[str, float]) -> simulator.Particles:
    """Return particles of a point that leaks elsewhere or from another time on.

    Each release keeps its number of particles, so that candidates of a search stay comparable.
    """
    number = source_of(scenario.case)
    releases: list[simulator.Release] = []
    factor = 1.0
    for release, n in zip(scenario.releases, scenario.release_numbers, strict=True):
        if n == number:
            assert isinstance(release, simulator.PointRelease)
            moved = _started(scenario, _placed(scenario, release, changed), changed)
            if _has_rate(scenario.case, n):
                factor = float((moved.end - moved.time) / (release.end - release.time))
            releases.append(moved)
        else:
            releases.append(release)
    particles = seed(
        releases,
        scenario.release_numbers,
        scenario.coast,
        scenario.case.model.particles,
        scenario.seed,
    )
    return _times(particles, np.where(particles.release_number == number, factor, 1.0))


def _placed(
    scenario: Scenario, release: simulator.PointRelease, changed: Mapping[str, float]
) -> simulator.PointRelease:
    longitude, latitude = displaced(
        release.longitude, release.latitude, *(changed.get(name, 0.0) for name in PLACE)
    )
    west, south, east, north = scenario.forcing.grid.box
    if not (west <= longitude <= east and south <= latitude <= north):
        raise simulator.SimulatorError(
            f"the source at {longitude:.4f} E {latitude:.4f} N lies outside the area of the "
            f"forcing, {west:.2f} to {east:.2f} E and {south:.2f} to {north:.2f} N"
        )
    return replace(release, longitude=longitude, latitude=latitude)


def displaced(
    longitude: float, latitude: float, east_km: float, north_km: float
) -> tuple[float, float]:
    """Return the place so many kilometres east and north of another. [degrees]"""
    per_lon, per_lat = simulator.metres_per_degree(latitude)
    return longitude + 1e3 * east_km / float(per_lon), latitude + 1e3 * north_km / float(per_lat)


def _started(
    scenario: Scenario, release: simulator.PointRelease, changed: Mapping[str, float]
) -> simulator.PointRelease:
    """Return a release that starts later; it ends as before, unless it is all at once."""
    time = release.time + np.timedelta64(round(3600e9 * changed.get(START, 0.0)), "ns")
    at_once = release.end == release.time
    if time < scenario.forcing.start or (time >= release.end and not at_once):
        raise simulator.SimulatorError(
            f"the source starts at {minute(time)}; expected a time from the "
            "start of the run to the end of the release"
        )
    return replace(release, time=time, end=time if at_once else release.end)


def _has_rate(case: Case, number: int) -> bool:
    release = case.release[number]
    return isinstance(release, Source) and release.rate_tonnes_per_hour is not None


def _with_share(
    particles: simulator.Particles, fresh: NDArray[np.bool_], share: float
) -> simulator.Particles:
    """Give sources a share of the whole mass."""
    mass = particles.mass
    return _times(
        particles,
        np.where(
            fresh,
            share * mass.sum() / mass[fresh].sum(),
            (1.0 - share) * mass.sum() / mass[~fresh].sum(),
        ),
    )


def _times(particles: simulator.Particles, factor: NDArray[np.float64]) -> simulator.Particles:
    """Return particles of other masses."""
    return replace(
        particles, mass=particles.mass * factor, slick_mass=particles.slick_mass * factor
    )
