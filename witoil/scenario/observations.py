"""The slicks that were seen: read, held against the rest of a case, put on its grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

import catalog
import simulator
from catalog.antimeridian import turn_between
from catalog.errors import without_keys
from catalog.slicks.bonn import ThicknessClass
from witoil.case import Case, ClassWeights, ObservationFiles
from witoil.case.sensors import sensor_told
from witoil.errors import CaseError
from witoil.scenario.releases import turned_towards
from witoil.scenario.scenario import Observation
from witoil.scenario.verification import Mask, VerificationGrid
from witoil.times import datetime64, minute

_FAR_OFF_DEG = 0.2  # nearer slicks belong together without further question


def read_observations(case: Case) -> list[catalog.Slick]:
    """Read the observations, in the order of their times."""
    slicks: list[catalog.Slick] = []
    for k in range(len(case.observation)):
        slick = read_observation(case, k)
        if slicks:
            refuse_disorder(k, slicks[-1], slick)
        slicks.append(slick)
    return slicks


def read_observation(case: Case, k: int) -> catalog.Slick:
    """Read one observation, which was seen within the run."""
    source = case.observation[k]
    slick = catalog.read_slick(case.paths(source.geometry), source.time, **source.reading())
    if slick.time is None:
        raise CaseError(without_time(k, slick))
    _refuse_outside(case, k, slick.time)
    return slick


def without_time(k: int, slick: catalog.Slick) -> str:
    """Say that nothing tells when the slick of an observation was seen, and what to do."""
    told = slick.doubt or "none in the attributes or the name"
    return (
        f"observation.{k}.time: none given, and of {slick.files[0]}: {told}; expected time = "
        "2021-08-24T15:33:00Z or the like"
    )


def read_swath(case: Case, k: int, time: datetime | None) -> catalog.Slick | None:
    """Read what the sensor saw at the time of an observation; None where that is not given."""
    swath = case.observation[k].swath
    if swath is None:
        return None
    with without_keys(
        "a swath is expected as polygons of one layer and time, or as one band of 0 and 1"
    ):
        return catalog.read_slick(case.paths(swath), time)


def in_one_range(
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


def _refuse_outside(case: Case, k: int, time: datetime) -> None:
    """Refuse an observation that is not of a time within the run."""
    start, end = minute(case.time.start), minute(case.time.end)
    if time <= case.time.start:
        expected = f"a time after the start of the run, {start}: what is seen then is a release"
    elif time > case.time.end:
        expected = f"a time up to the end of the run, {end}"
    else:
        return
    raise CaseError(f"observation.{k}.time: found {minute(time)}, expected {expected}")


def refuse_disorder(k: int, earlier: catalog.Slick, slick: catalog.Slick) -> None:
    """Refuse an observation that is not later than the one before it in the case."""
    before, time = earlier.time, slick.time
    assert before is not None
    assert time is not None
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


def refuse_before_releases(
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
            f"release, {minute(first)}"
        )


def refuse_swapped(shapes: Mapping[str, BaseGeometry]) -> None:
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


def on_grid(
    case: Case, slick: catalog.Slick, grid: VerificationGrid, land: Mask, k: int
) -> Observation:
    """Return an observation on the grid of a run; refuse one that shares no cell with it."""
    given = case.observation[k]
    mask = grid.cells_touched(slick.geometry)
    if not mask.any():
        raise CaseError(
            f"observation.{k}: {slick.files[0]} shares no cell with the area of the run; "
            "expected a slick within reach of the release"
        )
    seen_by_sensor = read_swath(case, k, slick.time)
    swath = None if seen_by_sensor is None else grid.cells_centred_in(seen_by_sensor.geometry)
    if not (mask & ~land if swath is None else mask & swath & ~land).any():
        raise CaseError(
            f"observation.{k}: {slick.files[0]} has no cell at sea"
            + ("" if swath is None else " within its swath")
            + "; expected one at least to compare with"
        )
    assert slick.time is not None
    thick = slick.thickness_class.get("thick")
    cells = None if thick is None else grid.cells_touched(thick) & mask
    seen = ~land if swath is None else swath & ~land
    if cells is not None and not ((mask & cells & seen).any() and (mask & ~cells & seen).any()):
        cells = None  # of one class there is nothing to compare
    weights = _class_weights(given, k, both=cells is not None)
    return Observation(
        datetime64(slick.time),
        mask,
        slick,
        weight=given.whole_weight,
        thick=cells,
        class_weights=weights,
        swath=swath,
        mass=None if given.mass_tonnes is None else 1e3 * given.mass_tonnes,
        sensor=given.sensor or sensor_told(slick.attributes),
    )


def _class_weights(given: ObservationFiles, k: int, *, both: bool) -> dict[ThicknessClass, float]:
    """Return the weight of each class of an observation; by default each has half."""
    if isinstance(given.weight, ClassWeights):
        if not both:
            raise CaseError(
                f"observation.{k}.weight: found one for each class, but not both sheen and thick "
                "oil to compare; expected a number, or files or layers named ..._sheen and "
                "..._thick"
            )
        return {"sheen": given.weight.sheen, "thick": given.weight.thick}
    return {"sheen": 0.5 * given.weight, "thick": 0.5 * given.weight} if both else {}
