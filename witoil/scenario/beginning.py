"""What a new case starts from: a place or a slick, and what is found out of files about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely

import catalog
import simulator
from catalog.antimeridian import wrapped
from catalog.grid import Box
from catalog.locate import is_remote
from witoil.case.forcing import NONE
from witoil.case.starter import USUAL_DURATION, Beginning
from witoil.errors import CaseError
from witoil.scenario.surroundings import refuse_the_pole
from witoil.times import minute, to_datetime

Period = tuple[datetime, datetime]
ForcingNames = Mapping[catalog.RoleName, Sequence[str]]

_AROUND_DEG = 0.5
"""How far from a place on land the sea is looked for."""

_OFF_COAST_M = 300.0


def at_point(
    point: tuple[float, float], forcing: ForcingNames, period: Period | None, **amounts: Any
) -> Beginning:
    """Return what a case of a place that leaks starts from.

    Parameters
    ----------
    point : tuple of float
        Longitude and latitude. [degrees]
    forcing : mapping
        Role -> names of files, those that there are.
    period : tuple of datetime, optional
        Of the run. Default: the first two days that the forcing covers, else from now on.
    **amounts
        Fields of `Beginning`.

    Raises
    ------
    CaseError, CatalogError
        Where no oil can start there, or files cannot be read.
    """
    longitude, latitude = point
    if not (-180.0 <= longitude <= 360.0 and -90.0 <= latitude <= 90.0):
        raise CaseError(
            f"--point: found {longitude:g},{latitude:g}, expected degrees: a longitude from -180 "
            "to 360, then a latitude from -90 to 90"
        )
    box = (longitude, latitude, longitude, latitude)
    refuse_the_pole(box)
    _refuse_land(float(wrapped(longitude)), latitude)
    covered, choice = _covered(forcing), "as asked for"
    if period is None and covered is not None:
        start, choice = covered[0], "the first that the forcing has"
        period = start, min(start + USUAL_DURATION, covered[1])
    elif period is None:
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        period, choice = (now, now + USUAL_DURATION), "NOT GIVEN: from now on"
    return _begun(box, period, choice, forcing, point=point, **amounts)


def from_slick(
    files: Sequence[str], forcing: ForcingNames, period: Period | None, **amounts: Any
) -> Beginning:
    """Return what a case of a slick that was seen starts from; see `at_point`.

    Where no period is given it starts when the slick was seen.
    """
    slick = catalog.read_slick(list(files), period[0] if period else None)
    box = slick.geometry.bounds
    refuse_the_pole(box)
    choice = "as asked for"
    if period is None:
        if slick.time is None:
            raise CaseError(
                f"{slick.files[0]}: {slick.doubt or 'no time in the attributes or the name'}; "
                "expected --time START/END beside it, of which the start is when it was seen"
            )
        covered, start, choice = _covered(forcing), slick.time, "from when the slick was seen"
        end = start + USUAL_DURATION
        reached = covered is not None and covered[0] <= start < covered[1]
        period = start, min(end, covered[1]) if covered and reached else end
    return _begun(
        box,
        period,
        choice,
        forcing,
        slick=tuple(files),
        named_classes=bool(slick.thickness_class),
        **amounts,
    )


def _begun(
    box: Box, period: Period, choice: str, forcing: ForcingNames, **fields: Any
) -> Beginning:
    start, end = period
    if end <= start:
        raise CaseError(
            f"the run would end at {minute(end)}; expected a time after {minute(start)}"
        )
    return Beginning(
        start=start, end=end, box=box, forcing=forcing, choices={"time": choice}, **fields
    )


def _covered(forcing: ForcingNames) -> Period | None:
    """Return from when to when all of the currents and winds that are given have data."""
    spans = []
    for role, names in forcing.items():
        if list(names) == [NONE] or any(is_remote(name) for name in names):
            continue
        with catalog.ForcingFiles(list(names), role) as files:
            if role in ("currents", "winds"):
                spans.append((to_datetime(files.times[0]), to_datetime(files.times[-1])))
    if not spans:
        return None
    return max(first for first, _ in spans), min(last for _, last in spans)


def _refuse_land(longitude: float, latitude: float) -> None:
    """Refuse a place on land, and say where the nearest sea is."""
    around = (
        longitude - _AROUND_DEG,
        max(latitude - _AROUND_DEG, -90.0),
        longitude + _AROUND_DEG,
        min(latitude + _AROUND_DEG, 90.0),
    )
    land = catalog.read_land(around)
    if not shapely.contains_xy(land, longitude, latitude):
        return
    per_lon, per_lat = (float(v) for v in simulator.metres_per_degree(latitude))
    scale = np.array([per_lon, per_lat])
    sea = shapely.box(*around).difference(land.buffer(_OFF_COAST_M / per_lat))
    where = "no sea within half a degree"
    if not sea.is_empty:
        here = np.array([longitude, latitude]) * scale
        near = shapely.transform(sea, lambda points: points * scale)
        lon, lat = (
            shapely.get_coordinates(shapely.shortest_line(shapely.Point(here), near))[1] / scale
        )
        metres = float(np.hypot(*((np.array([lon, lat]) * scale) - here)))
        where = f"such as {wrapped(lon):.4f},{lat:.4f}, {1e-3 * metres:.1f} km from there"
    raise CaseError(
        f"--point: {longitude:g},{latitude:g} (longitude, latitude) lies on land; expected a place "
        f"at sea ({where})"
    )
