"""The releases of a case made those of the simulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

import catalog
import simulator
from catalog.antimeridian import moved, turn_between, unwrapped
from catalog.shapes.vector import Area, areas_together
from catalog.slicks.bonn import Estimate, ThicknessClass
from witoil.case import AreaRelease, Case, LineRelease, PointRelease, ShipRelease, Source
from witoil.case.releases import Release
from witoil.errors import CaseError
from witoil.times import datetime64, to_datetime

DROPLET_DIAMETER_UM = 1000.0
"""Diameter of droplets at depth where a case has none: between a leak and a blow-out.
[micrometre]"""

Spread = Callable[..., simulator.AreaRelease]


def releases_of(case: Case, k: int, density: float) -> list[simulator.Release]:
    """Return what stands for one release of a case; several where a slick is thin and thick.

    Parameters
    ----------
    case : Case
    k : int
        Number of the release, from 0.
    density : float
        Of the oil, from thickness to mass. [kg m-3]

    Raises
    ------
    CatalogError, CaseError, SimulatorError
    """
    release = case.release[k]
    if isinstance(release, AreaRelease):
        return [*_areas(case, release, density)]
    if isinstance(release, ShipRelease):
        return [_ship(case, release, k)]
    start, end = release.start or case.time.start, release.end
    if end is None and release.rate_tonnes_per_hour is not None:
        end = case.time.end
    outflow = _outflow(release, start, end or start)
    if isinstance(release, PointRelease):
        return [simulator.PointRelease(_wrapped(release.lon), release.lat, **outflow)]
    return [simulator.LineRelease(_line(case, release), **outflow)]


def turned_towards(release: simulator.Release, middle: float) -> simulator.Release:
    """Return a release moved by whole turns of longitude, to be nearest a meridian."""
    turn = turn_between(release.geometry, middle)
    if isinstance(release, simulator.PointRelease):
        return replace(release, longitude=release.longitude + turn)
    if isinstance(release, simulator.TrackRelease):
        return replace(release, longitude=release.longitude + turn)
    return replace(release, geometry=moved(release.geometry, turn))


def _areas(case: Case, release: AreaRelease, density: float) -> list[simulator.AreaRelease]:
    start = release.time or case.time.start
    spread = partial(simulator.AreaRelease, **_shared(release, start, release.end or start))
    mass = None if release.mass_tonnes is None else 1e3 * release.mass_tonnes
    paths = case.paths(release.geometry)
    if release.raster_values == "thickness_um":
        oil = catalog.read_thickness(paths, layer=release.layer)
        return [_mapped(oil, mass, density, spread)]
    if isinstance(release.thickness_um, list):
        parts = zip(_each(paths, release), (1e-6 * um for um in release.thickness_um), strict=True)
        return _layered([*parts], density, spread)
    slick = catalog.read_slick(paths, release.time, **release.reading())
    if release.thickness_um is not None:
        return _layered([(slick.geometry, 1e-6 * release.thickness_um)], density, spread)
    if mass is not None:
        return shared_out(mass, slick, release.bonn_estimate, spread)
    classes = _classes(slick, release)
    looks = [
        (part, catalog.bonn_thickness(c, release.bonn_estimate)) for c, part in classes.items()
    ]
    return _layered(looks, density, spread)


def _each(paths: list[str], release: AreaRelease) -> list[Area]:
    shapes = [catalog.read_slick(p, release.time, **release.reading()).geometry for p in paths]
    return areas_together(shapes, ", ".join(paths))


def _classes(slick: catalog.Slick, release: AreaRelease) -> dict[ThicknessClass, Any]:
    if release.thickness_class == "sheen" or release.thickness_class == "thick":
        return {release.thickness_class: slick.geometry}
    return slick.by_class()


def _layered(
    parts: Sequence[tuple[BaseGeometry, float]], density: float, spread: Spread
) -> list[simulator.AreaRelease]:
    """Give each part its thickness [m]; where parts overlap there is the thicker oil."""
    releases = []
    taken: BaseGeometry = shapely.Polygon()
    for shape, thickness in sorted(parts, key=lambda part: -part[1]):
        left = shapely.difference(shape, taken) if not taken.is_empty else shape
        taken = shapely.union(taken, shape)
        mass = simulator.area_of(left) * thickness * density
        if mass > 0.0:
            releases.append(spread(left, mass=mass))
    return releases


def estimate_of(case: Case) -> Estimate:
    """Return which volume a case takes of a class of the slicks that it names."""
    areas = (release for release in case.release if isinstance(release, AreaRelease))
    return next((area.bonn_estimate for area in areas), "mean")


def shared_out(
    mass: float, slick: catalog.Slick, estimate: Estimate, spread: Spread
) -> list[simulator.AreaRelease]:
    """Share the mass of a slick between what of it is thin and what is thick, by their volumes.

    Parameters
    ----------
    mass : float
        [kg]
    slick : catalog.Slick
    estimate : {"minimum", "mean", "maximum"}
        Which volume a class has, see `catalog.bonn_thickness`.
    spread : callable
        Makes a release of an area and its mass [kg].

    Returns
    -------
    list of simulator.AreaRelease
        One for each class; one alone where they are not both known.
    """
    if len(slick.thickness_class) < 2:
        return [spread(slick.geometry, mass=mass)]
    parts = slick.by_class()
    volumes = {
        c: simulator.area_of(part) * catalog.bonn_thickness(c, estimate)
        for c, part in parts.items()
    }
    whole = sum(volumes.values())
    return [spread(part, mass=mass * volumes[c] / whole) for c, part in parts.items()]


def _mapped(
    oil: catalog.ThicknessMap, mass: float | None, density: float, spread: Spread
) -> simulator.AreaRelease:
    if mass is None:
        mass = float(simulator.areas_of(oil.geometry) @ oil.thickness) * density
    return spread(oil.geometry, mass=mass, thickness=oil.thickness)


def _line(case: Case, release: LineRelease) -> BaseGeometry:
    if release.geometry is not None:
        return catalog.read_lines(case.paths(release.geometry), layer=release.layer)
    assert release.coordinates is not None
    longitude, latitude = np.array(release.coordinates).T
    return shapely.LineString(np.stack([_along(longitude), latitude], axis=-1))


def _ship(case: Case, release: ShipRelease, k: int) -> simulator.TrackRelease:
    track = _track(case, release)
    first, last = (to_datetime(track.times[n]) for n in (0, -1))
    start, end = release.start or first, release.end or last
    try:
        release.refuse_off_track(first, last)
        case.refuse_outside(k, [start, end])
    except ValueError as error:
        key = f"release.{k}"
        raise CaseError(f"{key}: {str(error).removeprefix(f'{key}: ')}") from None
    return simulator.TrackRelease(
        track.times, _along(track.longitude), track.latitude, **_outflow(release, start, end)
    )


def _track(case: Case, release: ShipRelease) -> catalog.Track:
    if isinstance(release.track, str):
        return catalog.read_track(case.paths(release.track)[0])
    return catalog.Track(
        np.array([datetime64(fix.time) for fix in release.track]),
        np.array([fix.lon for fix in release.track]),
        np.array([fix.lat for fix in release.track]),
    )


def _outflow(release: Source, start: datetime, end: datetime) -> dict[str, Any]:
    """Return what all sources have in common, in SI units."""
    if release.rate_tonnes_per_hour is not None:
        tonnes = release.rate_tonnes_per_hour * (end - start).total_seconds() / 3600.0
    else:
        assert release.mass_tonnes is not None
        tonnes = release.mass_tonnes
    diameter = 1e-6 * (release.droplet_diameter_um or DROPLET_DIAMETER_UM)
    return {
        **_shared(release, start, end),
        "mass": 1e3 * tonnes,
        "depth": release.depth_m,
        "droplet_diameter": diameter if release.depth_m > 0.0 else np.nan,
    }


def _shared(release: Release, start: datetime, end: datetime) -> dict[str, Any]:
    """Return what all releases have in common, in SI units."""
    return {
        "time": datetime64(start),
        "end": datetime64(end),
        "age": 3600.0 * release.age_hours,
    }


def _wrapped(longitude: Any) -> Any:
    """Return longitudes within -180 to 180, rounded alike in whatever range they are given."""
    return (longitude + 180.0) % 360.0 - 180.0


def _along(longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return longitudes along a way without a break, the first one within -180 to 180."""
    return unwrapped(_wrapped(longitude))
