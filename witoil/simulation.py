"""From a case to a run: data from the catalogue, physics from the simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

import catalog
import simulator
from catalog.antimeridian import turn_between
from catalog.bonn import ThicknessClass
from simulator.oil import TEMPERATURE_15C
from witoil.case import AreaSource, Case, ClassWeights, ObservationSource, minute
from witoil.errors import CaseError
from witoil.forcing import read_forcing, with_holes
from witoil.oils import oil_of, remarks_on
from witoil.releases import datetime64, releases_of, turned_towards
from witoil.sources import PLACE, START, displaced, particles_with, seed
from witoil.tunables import TUNABLES
from witoil.verification import Box, Mask, SlickMasks, VerificationGrid

_FAR_OFF_DEG = 0.2  # nearer slicks belong together without further question

USUAL_DRIFT = 2.0
"""Speed at which the area of a run is first cut out of the forcing; a storm needs more. [m s-1]"""

_MARGIN = 1.1
"""By which the area is wider than the fastest drift that was found in it needs."""

_AS_IN_THE_CASE = {"source_factor": 1.0, **dict.fromkeys((*PLACE, START), 0.0)}
"""Parameters that say how far something is off what the case has."""

_NONE = np.zeros(0)
NO_PARTICLES = simulator.Particles(
    longitude=_NONE,
    latitude=_NONE,
    mass=_NONE,
    release_time=np.zeros(0, "datetime64[ns]"),
    release_number=np.zeros(0, np.int32),
    z=_NONE,
    slick_mass=_NONE,
    slick_area=_NONE,
    age=_NONE,
    droplet_diameter=_NONE,
)
"""Of a case without a release, whose windows start from slicks."""


@dataclass(frozen=True)
class Observation:
    """A slick that was seen, on the verification grid."""

    time: np.datetime64
    mask: Mask
    slick: catalog.Slick
    weight: float = 1.0
    """In the mean over observations; of both classes where they are scored apart."""
    thick: Mask | None = None
    """Cells with thick oil, where they and others are seen: the classes are then scored apart."""
    class_weights: Mapping[ThicknessClass, float] = field(default_factory=dict)
    """Of each class in the mean; they add up to the weight. None: the slick is scored as one."""
    swath: Mask | None = None
    """Cells that the sensor saw; None: all of them."""
    mass: float | None = None
    """Of the slick, where the case says so. [kg]"""


@dataclass(frozen=True)
class Scenario:
    """A case with its data read, ready to be run any number of times.

    Attributes
    ----------
    case : Case
    oil : simulator.Oil
    forcing : simulator.Forcing
    coverage : tuple of catalog.Coverage or catalog.Parametrised
        What each forcing variable covers, and what was done about gaps; or what stands in for one
        that is not given.
    coast : simulator.Coast
    particles : simulator.Particles
        As the case has them; see `witoil.sources.particles_with`.
    grid : VerificationGrid
    observations : tuple of Observation
        In time order.
    seen_first : Mask
        The slick last seen before the first observation: the area releases.
    releases : tuple of simulator.Release
        What the particles stand for.
    release_numbers : tuple of int
        Number in the case of each of them.
    thick_first : Mask or None
        Where `seen_first` looked thick; None where that is not known.
    """

    case: Case
    oil: simulator.Oil
    forcing: simulator.Forcing
    coverage: tuple[catalog.Coverage | catalog.Parametrised, ...]
    coast: simulator.Coast
    particles: simulator.Particles
    grid: VerificationGrid
    observations: tuple[Observation, ...]
    seen_first: Mask
    releases: tuple[simulator.Release, ...] = ()
    release_numbers: tuple[int, ...] = ()
    thick_first: Mask | None = None

    @cached_property
    def land(self) -> Mask:
        """Cells of the verification grid on land, where no slick can be."""
        return self.grid.cells_centred_in(self.coast.land)

    @cached_property
    def is_source(self) -> NDArray[np.bool_]:
        """Which releases of the case are fresh from points, lines and ships: no slicks seen."""
        return np.array([not isinstance(r, AreaSource) for r in self.case.release], np.bool_)

    @property
    def from_source(self) -> NDArray[np.bool_]:
        """Which particles are of such a release."""
        return self.is_source[self.particles.release_number]

    def default_of(self, name: str) -> float:
        """Return what the case has for a tunable parameter."""
        particles, fresh = self.particles, self.from_source
        if name in _AS_IN_THE_CASE:
            return _AS_IN_THE_CASE[name]
        if name == "source_share":
            return float(particles.mass[fresh].sum() / particles.mass.sum())
        if name == "slick_age_hours":
            return float(particles.age[~fresh].mean() / 3600.0) if not fresh.all() else 0.0
        if name == "detection_limit_um":
            return self.case.score.detection_limit_um
        return float(getattr(self.case.model, name))

    def parameters(self, changed: Mapping[str, float] | None = None) -> dict[str, float]:
        """Return all tunable parameters, as the case has them but for those changed."""
        return {name: self.default_of(name) for name in TUNABLES} | dict(changed or {})

    def valid(self, observation: Observation) -> Mask:
        """Return the cells in which slicks can be compared: at sea, and seen by the sensor."""
        return ~self.land if observation.swath is None else observation.swath & ~self.land


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
    slicks = _observed(case)
    parts, slicks = _together(parts, slicks)
    releases = [release for several in parts for release in several]
    _refuse_before_releases(case, slicks, releases)
    _refuse_swapped(
        {
            f"release.{k}": shapely.GeometryCollection([r.geometry for r in several])
            for k, several in enumerate(parts)
        }
        | {f"observation ({', '.join(slick.sources)})": slick.geometry for slick in slicks}
    )
    shapes, longest = [r.geometry for r in releases], end - start
    if case.starts_from_observations:
        # no window starts from the last one, and no forecast may depend on where it lies
        shapes += [slick.geometry for slick in slicks[:-1]]
        longest = _longest_window(start, slicks)
    wanted = bounds(shapes)
    forcing, coverage, coast = read_surroundings(case, start, end, wanted, longest)
    coverage += remarks_on(case, oil, forcing)
    numbers = tuple(k for k, several in enumerate(parts) for _ in several)
    particles = seed(case, releases, numbers, coast) if releases else NO_PARTICLES
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
        oil=oil,
        forcing=forcing,
        coverage=with_holes(coverage, forcing, particles),
        coast=coast,
        particles=particles,
        grid=grid,
        observations=tuple(_observation(case, s, grid, land, k) for k, s in enumerate(slicks)),
        seen_first=np.any([np.zeros(grid.shape, bool), *map(grid.cells_touched, areas)], axis=0),
        releases=tuple(releases),
        release_numbers=numbers,
    )


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
    _refuse_the_pole(wanted)
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
    land = catalog.read_land(_widened(forcing.grid.box, 0.2), _coastline(case))
    coast = simulator.Coast.from_land(
        land, forcing.grid, shore_type=case.shore.type, zones=_shore_zones(case)
    )
    return forcing, coverage, coast


def run(
    scenario: Scenario,
    changed: Mapping[str, float] | None = None,
    *,
    regular_outputs: bool = True,
    threads: int | None = None,
    on_output: Callable[[float], None] | None = None,
    resume: xr.Dataset | None = None,
    on_end: Callable[[xr.Dataset], None] | None = None,
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
    resume : Dataset, optional
        Go on from where an earlier run ended.
    on_end : callable, optional
        Called with what is needed to go on from the end.

    Returns
    -------
    Dataset
        See `simulator.run`.
    """
    model = scenario.case.model
    changed = changed or {}
    physics = {k: v for k, v in changed.items() if k in simulator.Parameters.names()}
    start, end = scenario.forcing.start, datetime64(scenario.case.time.end)
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
        time_step=60.0 * model.time_step_minutes,
        oil=scenario.oil,
        processes=scenario.case.processes.physics,
        water_temperature=model.water_temperature,
        parameters=replace(model.physics, **physics),
        seed=model.seed,
        threads=threads,
        on_output=on_output,
        resume=resume,
        on_end=on_end,
    )


def mask_at(
    scenario: Scenario,
    result: xr.Dataset,
    time: np.datetime64,
    detection_limit_um: float | None = None,
) -> Mask:
    """Return the slick that a sensor would see at an output time of a run."""
    return masks_at(scenario, result, time, detection_limit_um).oil


def masks_at(
    scenario: Scenario,
    result: xr.Dataset,
    time: np.datetime64,
    detection_limit_um: float | None = None,
) -> SlickMasks:
    """Return the slick that a sensor would see at an output time of a run.

    Where it would look thick is told where an observation of the scenario tells it, too.
    """
    at = result.sel(time=time)
    afloat = at["status"].values == simulator.Status.AFLOAT
    column, row = scenario.grid.cells(at["lon"].values[afloat], at["lat"].values[afloat])
    thickness = simulator.oil_thickness(
        column,
        row,
        at["mass"].values[afloat],
        scenario.grid.shape,
        cell_area=scenario.grid.resolution**2,
        density=scenario.oil.density(TEMPERATURE_15C),
    )
    score = scenario.case.score
    limit = detection_limit_um or score.detection_limit_um
    oil = simulator.slick_mask(thickness, 1e-6 * limit) & ~scenario.land
    if all(seen.thick is None for seen in scenario.observations):
        return SlickMasks(oil)
    return SlickMasks(oil, oil & simulator.slick_mask(thickness, 1e-6 * score.thick_limit_um))


def _observed(case: Case) -> list[catalog.Slick]:
    """Read the observations, in the order of their times."""
    slicks: list[catalog.Slick] = []
    for k, source in enumerate(case.observation):
        slick = catalog.read_slick(case.paths(source.geometry), source.time, **source.reading())
        if slick.time is None:
            raise CaseError(without_time(k, slick))
        if not case.time.start < slick.time <= case.time.end:
            raise CaseError(
                f"observation.{k}.time: found {minute(slick.time)}, expected a time within the "
                f"run, {minute(case.time.start)} to {minute(case.time.end)}"
            )
        if slicks:
            _refuse_disorder(k, slicks[-1].time, slick.time)
        slicks.append(slick)
    return slicks


def without_time(k: int, slick: catalog.Slick) -> str:
    """Say that nothing tells when the slick of an observation was seen, and what to do."""
    told = slick.doubt or "none in the attributes or the name"
    return (
        f"observation.{k}.time: none given, and of {slick.sources[0]}: {told}; expected time = "
        "2021-08-24T15:33:00Z or the like"
    )


def _together(
    parts: Sequence[Sequence[simulator.Release]], slicks: Sequence[catalog.Slick]
) -> tuple[list[list[simulator.Release]], list[catalog.Slick]]:
    """Bring all of a case into the range of longitudes of what comes first in it.

    What is observed then does not decide on the numbers of a run, and a run that goes on with more
    observations has the same.
    """
    shapes = [r.geometry for several in parts for r in several] + [s.geometry for s in slicks]
    first = shapes[0]
    middle = 0.5 * (first.bounds[0] + first.bounds[2])
    return (
        [[turned_towards(release, middle) for release in several] for several in parts],
        [slick.moved(turn_between(slick.geometry, middle)) for slick in slicks],
    )


def _refuse_disorder(k: int, before: datetime | None, time: datetime) -> None:
    """Refuse an observation that is not later than the one before it in the case."""
    assert before is not None
    if time == before:
        raise CaseError(
            f"observation.{k}.time: found {minute(time)}, as observation.{k - 1}; expected a later "
            "one; files of one scene stand in one list: geometry = [...]"
        )
    if time < before:
        raise CaseError(
            f"observation.{k}.time: found {minute(time)}, before observation.{k - 1} at "
            f"{minute(before)}; expected observations in the order of their times"
        )


def _refuse_before_releases(
    case: Case, slicks: Sequence[catalog.Slick], releases: Sequence[simulator.Release]
) -> None:
    """Refuse an observation of a time when no oil had been released."""
    first = min((release.time for release in releases), default=None)
    if first is None or not slicks:
        return
    assert slicks[0].time is not None
    if datetime64(slicks[0].time) <= first:
        raise CaseError(
            f"observation.0.time: found {minute(slicks[0].time)}, expected a time after the first "
            f"release, {np.datetime_as_string(first, unit='m')}Z"
        )


def _longest_window(start: np.datetime64, slicks: Sequence[catalog.Slick]) -> np.timedelta64:
    """Return the longest time from one slick to the next."""
    times = [start, *(datetime64(slick.time) for slick in slicks if slick.time)]
    longest: np.timedelta64 = max(np.diff(times))
    return longest


def _refuse_swapped(shapes: Mapping[str, BaseGeometry]) -> None:
    """Refuse what lies far off the rest of a case, but right beside it with its axes exchanged."""
    for key, shape in shapes.items():
        others = [other for name, other in shapes.items() if name != key]
        away = min((shape.distance(other) for other in others), default=0.0)
        if away < _FAR_OFF_DEG:
            continue
        exchanged = shapely.transform(shape, lambda points: points[:, ::-1])
        if min(exchanged.distance(other) for other in others) < 0.1 * away:
            raise CaseError(
                f"{key}: lies {away:.1f} degrees from the rest of the case, but beside it with "
                "longitude and latitude swapped; expected longitude (x) first"
            )


def _observation(
    case: Case, slick: catalog.Slick, grid: VerificationGrid, land: Mask, k: int
) -> Observation:
    source = case.observation[k]
    mask = grid.cells_touched(slick.geometry)
    if not mask.any():
        raise CaseError(
            f"observation.{k}: {slick.sources[0]} shares no cell with the area of the run; "
            "expected a slick within reach of the release"
        )
    swath = None
    if source.swath is not None:
        seen_at = catalog.read_slick(case.paths(source.swath), slick.time)
        swath = grid.cells_centred_in(seen_at.geometry)
    if not (mask & ~land if swath is None else mask & swath & ~land).any():
        raise CaseError(
            f"observation.{k}: {slick.sources[0]} has no cell at sea"
            + ("" if swath is None else " within its swath")
            + "; expected one at least to compare with"
        )
    assert slick.time is not None
    thick = slick.thickness_class.get("thick")
    cells = None if thick is None else grid.cells_touched(thick) & mask
    seen = ~land if swath is None else swath & ~land
    if cells is not None and not ((mask & cells & seen).any() and (mask & ~cells & seen).any()):
        cells = None  # of one class there is nothing to compare
    weights = _class_weights(source, k, both=cells is not None)
    return Observation(
        datetime64(slick.time),
        mask,
        slick,
        weight=source.whole_weight,
        thick=cells,
        class_weights=weights,
        swath=swath,
        mass=None if source.mass_tonnes is None else 1e3 * source.mass_tonnes,
    )


def _class_weights(source: ObservationSource, k: int, *, both: bool) -> dict[ThicknessClass, float]:
    """Return the weight of each class of an observation; by default each has half."""
    if isinstance(source.weight, ClassWeights):
        if not both:
            raise CaseError(
                f"observation.{k}.weight: found one for each class, but not both sheen and thick "
                "oil to compare; expected a number, or files or layers named ..._sheen and "
                "..._thick"
            )
        return {"sheen": source.weight.sheen, "thick": source.weight.thick}
    return {"sheen": 0.5 * source.weight, "thick": 0.5 * source.weight} if both else {}


def _refuse_the_pole(wanted: Box) -> None:
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


def _widened(box: Box, degrees: float) -> Box:
    west, south, east, north = box
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
    return [
        zone
        for path in paths
        for zone in catalog.read_shore_types(path, simulator.SHORE_TYPE_NAMES)
    ]


def _coastline(case: Case) -> str:
    source = case.forcing.coastline
    return source if source in ("osm", "gshhg", "none") else case.paths(source)[0]
