"""Releases of oil, and the particles that stand for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from simulator.errors import SimulatorError
from simulator.grid import FloatArray, metres_per_degree
from simulator.scatter import scatter

SLICK_DURATION = np.timedelta64(1, "h")
"""A steady release is a chain of slicks; each is what flows out within this time."""

# The R sequences of Roberts (2018), "The unreasonable effectiveness of quasirandom sequences":
# points as even as a grid's for any number of them, and new ones fall between the old.
_PLASTIC = 1.32471795724474602596
_R2 = np.array([1.0 / _PLASTIC, 1.0 / _PLASTIC**2])
_GOLDEN = 0.61803398874989484820  # R1

_AT_ONCE = np.datetime64("NaT")

# Land within this distance of a release decides where it is at sea; longer than the segments of
# a detailed coast. [degrees]
_NEAR_DEG = 0.01


@dataclass(frozen=True, kw_only=True)
class _Release(ABC):
    """What all kinds of release have in common.

    Attributes
    ----------
    mass : float
        All the oil. [kg]
    time, end : datetime64
        Times of the first and the last oil, UTC; all is there at once where no `end` is given.
    age : float
        How long the oil has weathered when it is released. [s]
    """

    in_order: ClassVar[bool] = True
    """Whether `positions` are in the order of time; else oil comes at any time all over."""

    mass: float
    time: np.datetime64
    end: np.datetime64 = _AT_ONCE
    age: float = 0.0

    def __post_init__(self) -> None:
        if np.isnat(self.end):
            object.__setattr__(self, "end", self.time)
        if self.end < self.time:
            raise SimulatorError(f"release ends at {self.end}, before it starts at {self.time}")
        if not self.age >= 0.0:
            raise SimulatorError(f"release of age {self.age:g} s: expected no age below 0")

    @property
    @abstractmethod
    def slick_mass(self) -> float:
        """Mass of the slick that a particle is a part of. [kg]"""

    @property
    @abstractmethod
    def slick_area(self) -> float:
        """Area of that slick when it is released; NaN for fresh oil. [m2]"""

    @abstractmethod
    def positions(self, count: int, seed: int) -> FloatArray:
        """Return `count` places, shape (count, 2). [degrees]"""

    @abstractmethod
    def on_land(self, land: BaseGeometry) -> str:
        """Say where it lies on land."""

    def without(self, land: BaseGeometry) -> Self | None:
        """Return the release without its part on land; None where that cannot be or is all."""
        return None

    def times(self, count: int) -> NDArray[np.datetime64]:
        """Return the release times of these `count` places, evenly spread over the release."""
        rank = np.arange(count)
        if not self.in_order and self.end > self.time:
            rank = np.argsort(np.argsort((rank * _GOLDEN) % 1.0, kind="stable"))
        share = (rank + 0.5) / rank.size
        return self.time + ((self.end - self.time) * share).astype("timedelta64[ns]")


@dataclass(frozen=True)
class AreaRelease(_Release):
    """Oil spread over polygons, evenly or by its thickness; at once or steadily.

    Attributes
    ----------
    geometry : BaseGeometry
        Polygon or multipolygon in degrees; holes hold no oil.
    thickness : ndarray, shape (parts,), optional
        Relative thickness of the oil on each polygon of a multipolygon; the polygons must not
        overlap, but may share edges.
    mass, time, end, age
        Those of all releases: the oil [kg], its times, and how long it has weathered [s].

    Raises
    ------
    SimulatorError
        Where the end is before the start, the age below 0, or there is not one thickness above 0
        for each polygon.
    """

    in_order: ClassVar[bool] = False
    depth: ClassVar[float] = 0.0
    """Slicks float. [m]"""
    droplet_diameter: ClassVar[float] = np.nan
    """There are no droplets. [m]"""

    geometry: BaseGeometry
    thickness: FloatArray | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        parts = len(shapely.get_parts(self.geometry))
        if self.thickness is not None and (
            self.thickness.shape != (parts,) or not (self.thickness > 0.0).all()
        ):
            raise SimulatorError(
                f"an area release has {parts} polygons and {self.thickness.size} thicknesses; "
                "expected one above 0 for each polygon"
            )

    @property
    def slick_mass(self) -> float:
        """All the oil is one slick. [kg]"""
        return self.mass

    @property
    def slick_area(self) -> float:
        """Area of the polygons. [m2]"""
        return area_of(self.geometry)

    def positions(self, count: int, seed: int) -> FloatArray:
        """Return `count` points, uniform by volume, shape (count, 2). [degrees]"""
        polygons = shapely.get_parts(self.geometry)
        if not (shapely.is_valid(polygons).all() and shapely.area(polygons).sum() > 0.0):
            raise SimulatorError("an area release has no valid polygon with an area")
        density = np.ones(len(polygons)) if self.thickness is None else self.thickness
        offset = np.random.default_rng([seed, 1]).random(2)
        return scatter(polygons, density, *((offset + np.outer(np.arange(count), _R2)) % 1.0).T)

    def without(self, land: BaseGeometry) -> AreaRelease | None:
        """Return the release without its part on land; None where nothing is left."""
        if self.thickness is None:
            wet = _polygons(shapely.difference(self.geometry, land))
            return replace(self, geometry=shapely.MultiPolygon(list(wet))) if wet.size else None
        cut = shapely.difference(shapely.get_parts(self.geometry), land)
        wet, part = shapely.get_parts(cut, return_index=True)
        kept = shapely.area(wet) > 0.0
        if not kept.any():
            return None
        polygons = shapely.MultiPolygon(list(wet[kept]))
        return replace(self, geometry=polygons, thickness=self.thickness[part[kept]])

    def on_land(self, land: BaseGeometry) -> str:
        """Say where it lies on land."""
        return _place(self.geometry.representative_point())


@dataclass(frozen=True, kw_only=True)
class _Source(_Release):
    """What all releases of oil that comes out have in common.

    Attributes
    ----------
    depth : float
        Depth of the release, 0 at the surface. [m]
    droplet_diameter : float
        Diameter of droplets of oil released at depth; NaN at the surface. [m]
    """

    depth: float = 0.0
    droplet_diameter: float = np.nan

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.depth >= 0.0:
            raise SimulatorError(f"release at {self.depth:g} m: expected no depth below 0")
        if self.depth > 0.0 and not self.droplet_diameter > 0.0:
            raise SimulatorError(
                f"release at {self.depth:g} m with droplets of {self.droplet_diameter:g} m: "
                "expected a diameter above 0"
            )

    @property
    def slick_mass(self) -> float:
        """What comes out within the duration of one slick. [kg]"""
        return self.mass / max(float((self.end - self.time) / SLICK_DURATION), 1.0)

    @property
    def slick_area(self) -> float:
        """Fresh oil has none yet. [m2]"""
        return np.nan


@dataclass(frozen=True)
class PointRelease(_Source):
    """Oil released at one place, steadily from `time` to `end`, or all at once.

    Attributes
    ----------
    longitude, latitude : float
        [degrees]
    mass, time, end, age, depth, droplet_diameter
        Those of all sources: the oil [kg], its times, how long it has weathered [s], and at which
        depth and in which droplets it comes out [m].

    Raises
    ------
    SimulatorError
        Where the end is before the start, age or depth are below 0, or oil at depth has no
        droplets.
    """

    longitude: float
    latitude: float

    @property
    def geometry(self) -> BaseGeometry:
        """The place of the release."""
        return shapely.Point(self.longitude, self.latitude)

    def positions(self, count: int, seed: int) -> FloatArray:
        """Return `count` times the place of the release, shape (count, 2). [degrees]"""
        return np.tile([self.longitude, self.latitude], (count, 1))

    def on_land(self, land: BaseGeometry) -> str:
        """Say where it lies on land."""
        return _place(self.geometry)


@dataclass(frozen=True)
class LineRelease(_Source):
    """Oil spread evenly along a line, at once or steadily from `time` to `end`.

    Attributes
    ----------
    geometry : BaseGeometry
        Line or lines; straight between vertices in longitude and latitude. [degrees]
    mass, time, end, age, depth, droplet_diameter
        Those of all sources, see `PointRelease`.

    Raises
    ------
    SimulatorError
        As for a `PointRelease`, and where there is no line with a length.
    """

    in_order: ClassVar[bool] = False

    geometry: BaseGeometry

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.geometry.length > 0.0 or shapely.get_dimensions(self.geometry) != 1:
            raise SimulatorError("a line release has no line with a length")

    def positions(self, count: int, seed: int) -> FloatArray:
        """Return `count` points, even along the line, shape (count, 2). [degrees]"""
        segments = _segments(self.geometry)
        reached = np.concatenate([[0.0], np.cumsum(_lengths(segments))])
        wanted = reached[-1] * (np.arange(count) + 0.5) / count
        chosen = np.searchsorted(reached, wanted, side="right") - 1
        share = (wanted - reached[chosen]) / (reached[chosen + 1] - reached[chosen])
        start, end = segments[chosen, 0], segments[chosen, 1]
        points: FloatArray = start + share[:, np.newaxis] * (end - start)
        return points

    def without(self, land: BaseGeometry) -> LineRelease | None:
        """Return the release without its part on land; None where nothing is left."""
        wet = shapely.get_parts(shapely.difference(self.geometry, land))
        lines = wet[shapely.length(wet) > 0.0]
        return replace(self, geometry=shapely.MultiLineString(list(lines))) if lines.size else None

    def on_land(self, land: BaseGeometry) -> str:
        """Say where it lies on land."""
        return _place(self.geometry.interpolate(0.5, normalized=True))


@dataclass(frozen=True)
class TrackRelease(_Source):
    """Oil let out by a moving ship, steadily from `time` to `end`, where the ship is then.

    Attributes
    ----------
    fix_times : ndarray of datetime64, shape (fixes,)
        When the ship was where, rising; UTC.
    longitude, latitude : ndarray, shape (fixes,)
        Between fixes the ship goes straight and steadily. [degrees]
    mass, time, end, age, depth, droplet_diameter
        Those of all sources, see `PointRelease`; the times within the fixes, by default the whole
        track.

    Raises
    ------
    SimulatorError
        As for a `PointRelease`, and where fixes do not rise or the times are not within them.
    """

    fix_times: NDArray[np.datetime64]
    longitude: FloatArray
    latitude: FloatArray
    time: np.datetime64 = field(default=_AT_ONCE, kw_only=True)

    def __post_init__(self) -> None:
        times = self.fix_times
        if times.size < 2 or not (np.diff(times) > np.timedelta64(0)).all():
            raise SimulatorError("a ship's track: expected two fixes at least, their times rising")
        for name, whole in (("time", times[0]), ("end", times[-1])):
            if np.isnat(getattr(self, name)):
                object.__setattr__(self, name, whole)
        super().__post_init__()
        if self.time < times[0] or self.end > times[-1]:
            raise SimulatorError(
                f"release from {self.time} to {self.end}, expected times within the ship's "
                f"track, {times[0]} to {times[-1]}"
            )

    def where(self, times: NDArray[np.datetime64]) -> FloatArray:
        """Return the places of the ship, shape (times, 2). [degrees]"""
        first = self.fix_times[0]
        known = (self.fix_times - first) / np.timedelta64(1, "s")
        wanted = (times - first) / np.timedelta64(1, "s")
        return np.stack(
            [np.interp(wanted, known, self.longitude), np.interp(wanted, known, self.latitude)],
            axis=-1,
        )

    def _released_at(self) -> NDArray[np.datetime64]:
        """Return the times of the fixes along the released part, its two ends included."""
        between = (self.fix_times > self.time) & (self.fix_times < self.end)
        return np.concatenate([[self.time], self.fix_times[between], [self.end]])

    @property
    def geometry(self) -> BaseGeometry:
        """The path along which oil comes out."""
        return shapely.LineString(self.where(self._released_at()))

    def positions(self, count: int, seed: int) -> FloatArray:
        """Return the places of the ship at `times(count)`, shape (count, 2). [degrees]"""
        return self.where(self.times(count))

    def on_land(self, land: BaseGeometry) -> str:
        """Say where and when it lies on land."""
        times = self._released_at()
        places = self.where(times)
        ashore = np.flatnonzero(shapely.intersects_xy(land, *places.T))
        if ashore.size:
            return f"{_place(shapely.Point(places[ashore[0]]))}, on {_minute(times[ashore[0]])}"
        legs = np.asarray(shapely.linestrings(np.stack([places[:-1], places[1:]], axis=1)))
        k = int(np.argmax(shapely.intersects(legs, land)))
        middle = shapely.centroid(shapely.get_parts(shapely.intersection(legs[k], land))[0])
        return (
            f"{_place(middle)}, between the fixes of {_minute(times[k])} and "
            f"{_minute(times[k + 1])} (more of them round a cape)"
        )


Release = AreaRelease | PointRelease | LineRelease | TrackRelease
"""Any release of oil."""


@dataclass(frozen=True)
class Particles:
    """Particles before the run, sorted by the time of their release.

    Attributes
    ----------
    longitude, latitude : ndarray, shape (particles,)
        [degrees]
    mass : ndarray, shape (particles,)
        [kg]
    release_time : ndarray of datetime64[ns], shape (particles,)
    release_number : ndarray of int32, shape (particles,)
        Which of the releases the particle belongs to.
    z : ndarray, shape (particles,)
        Upward: 0 at the surface, negative below. [m]
    slick_mass : ndarray, shape (particles,)
        Mass of the slick that the particle is a part of: all of an instantaneous release, what
        a steady one lets out within `SLICK_DURATION`. [kg]
    slick_area : ndarray, shape (particles,)
        Area of that slick when it is released: that of the polygons for areas; NaN for fresh oil
        from points, lines and ships. [m2]
    age : ndarray, shape (particles,)
        How long the oil has weathered when it is released. [s]
    droplet_diameter : ndarray, shape (particles,)
        Of oil released at depth; NaN at the surface. [m]
    """

    longitude: FloatArray
    latitude: FloatArray
    mass: FloatArray
    release_time: NDArray[np.datetime64]
    release_number: NDArray[np.int32]
    z: FloatArray
    slick_mass: FloatArray
    slick_area: FloatArray
    age: FloatArray
    droplet_diameter: FloatArray

    def __post_init__(self) -> None:
        # shared by all runs of a scenario, which may go on side by side
        for array in vars(self).values():
            array.flags.writeable = False

    @property
    def size(self) -> int:
        """Number of particles."""
        return self.mass.size


def seed_particles(
    releases: Sequence[Release],
    count: int,
    *,
    seed: int,
    land: BaseGeometry | None = None,
    numbers: Sequence[int] | None = None,
) -> Particles:
    """Spread particles over releases in proportion to mass, at least one for each.

    Parameters
    ----------
    releases : sequence of Release
    count : int
        Number of particles in all.
    seed : int
    land : BaseGeometry, optional
        Areas and lines are cut to the sea, and keep their whole mass.
    numbers : sequence of int, optional
        Numbers that particles and messages have for the releases, by default their order; equal
        ones where several releases are parts of one.

    Raises
    ------
    SimulatorError
        Where there are fewer particles than releases, mass is not positive, or a release lies on
        land.
    """
    if count < len(releases) or not releases:
        raise SimulatorError(
            f"particles = {count}: expected at least one for each of {len(releases)} releases"
        )
    masses = np.array([release.mass for release in releases])
    if not (masses > 0.0).all():
        raise SimulatorError(f"mass = {masses.min():g} kg: expected more than 0 for every release")
    shares = _shares(masses, count)
    named = range(len(releases)) if numbers is None else numbers
    wet = [at_sea(release, land, n) for release, n in zip(releases, named, strict=True)]
    place = np.concatenate([r.positions(shares[n], seed + n) for n, r in enumerate(wet)])
    release_time = np.concatenate(
        [r.times(shares[n]).astype("datetime64[ns]") for n, r in enumerate(wet)]
    )
    order = np.argsort(release_time, kind="stable")

    def each(values: Sequence[float]) -> FloatArray:
        return np.repeat(np.asarray(values, np.float64), shares)[order]

    return Particles(
        longitude=np.ascontiguousarray(place[order, 0]),
        latitude=np.ascontiguousarray(place[order, 1]),
        mass=each([r.mass / share for r, share in zip(wet, shares, strict=True)]),
        release_time=release_time[order],
        release_number=np.repeat(np.asarray(named, np.int32), shares)[order],
        z=each([0.0 - r.depth for r in wet]),  # and not -0.0
        slick_mass=each([r.slick_mass for r in wet]),
        slick_area=each([r.slick_area for r in wet]),
        age=each([r.age for r in wet]),
        droplet_diameter=each([r.droplet_diameter for r in wet]),
    )


def at_sea(release: Release, land: BaseGeometry | None, number: int) -> Release:
    """Return the release without its part on land; an error where nothing is left."""
    if land is None or land.is_empty:
        return release
    shape = release.geometry
    near = _near(land, shape.bounds)
    if not shapely.intersects(shapely.get_parts(shape), near).any():
        return release
    wet = release.without(near)
    if wet is None:
        raise SimulatorError(
            f"release {number + 1} lies on land, at {release.on_land(near)}: expected a place "
            "at sea; move it, or give another coastline"
        )
    return wet


def area_of(geometry: BaseGeometry) -> float:
    """Return the area of polygons on the WGS 84 ellipsoid.

    Each polygon is measured at the latitude of its centroid: right to 0.01 % for one that spans
    a degree.

    Parameters
    ----------
    geometry : BaseGeometry
        [degrees]

    Returns
    -------
    float
        [m2]
    """
    return float(areas_of(geometry).sum())


def areas_of(geometry: BaseGeometry) -> FloatArray:
    """Return the area of each polygon, as `area_of` has it, shape (polygons,). [m2]"""
    polygons = shapely.get_parts(geometry)
    east, north = metres_per_degree(shapely.get_y(shapely.centroid(polygons)))
    areas: FloatArray = shapely.area(polygons) * east * north
    return areas


def _segments(lines: BaseGeometry) -> FloatArray:
    """Return the segments of lines that have a length, shape (segments, 2, 2). [degrees]"""
    points, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    pairs = np.stack([points[:-1], points[1:]], axis=1)[line[:-1] == line[1:]]
    segments: FloatArray = pairs[_lengths(pairs) > 0.0]
    return segments


def _lengths(segments: FloatArray) -> FloatArray:
    """Return lengths on the ellipsoid, shape (segments,). [m]"""
    east, north = metres_per_degree(segments[:, :, 1].mean(axis=1))
    degrees = segments[:, 1] - segments[:, 0]
    lengths: FloatArray = np.hypot(degrees[:, 0] * east, degrees[:, 1] * north)
    return lengths


def _near(land: BaseGeometry, bounds: tuple[float, float, float, float]) -> BaseGeometry:
    """Cut land to what is near a release.

    How far land goes on beyond must not change how it is cut there, to the last bit: the same
    release then gives the same particles whatever the area of the run is.
    """
    west, south, east, north = bounds
    box = shapely.box(west - _NEAR_DEG, south - _NEAR_DEG, east + _NEAR_DEG, north + _NEAR_DEG)
    return shapely.MultiPolygon(list(_polygons(shapely.intersection(land, box)))).normalize()


def _polygons(geometry: BaseGeometry) -> NDArray[np.object_]:
    parts: NDArray[np.object_] = shapely.get_parts(geometry)
    return parts[shapely.area(parts) > 0.0]


def _place(point: BaseGeometry) -> str:
    return f"{shapely.get_x(point):.4f} E {shapely.get_y(point):.4f} N"


def _minute(time: np.datetime64) -> str:
    return f"{np.datetime_as_string(time, 'm')}Z"


def _shares(masses: FloatArray, count: int) -> NDArray[np.intp]:
    """Divide `count` by largest remainders, at least one each."""
    ideal = 1 + masses / masses.sum() * (count - masses.size)
    shares: NDArray[np.intp] = np.floor(ideal).astype(np.intp)
    rest = count - shares.sum()
    shares[np.argsort(shares - ideal, kind="stable")[:rest]] += 1
    return shares
