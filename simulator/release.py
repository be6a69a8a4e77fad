"""Releases of oil, and the particles that stand for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from simulator.errors import SimulatorError
from simulator.grid import FloatArray

# The R sequences of Roberts (2018), "The unreasonable effectiveness of quasirandom sequences":
# points as even as a grid's for any number of them, and new ones fall between the old.
_PLASTIC = 1.32471795724474602596
_R2 = np.array([1.0 / _PLASTIC, 1.0 / _PLASTIC**2])


@dataclass(frozen=True)
class AreaRelease:
    """Oil spread evenly over polygons at one time.

    Attributes
    ----------
    geometry : BaseGeometry
        Polygon or multipolygon in degrees; holes hold no oil.
    mass : float
        [kg]
    time : datetime64
        UTC.
    """

    geometry: BaseGeometry
    mass: float
    time: np.datetime64

    @property
    def end(self) -> np.datetime64:
        """Time of the last oil."""
        return self.time

    def positions(self, count: int, seed: int) -> FloatArray:
        """Return `count` points, uniform by area, shape (count, 2). [degrees]"""
        if not (self.geometry.is_valid and self.geometry.area > 0.0):
            raise SimulatorError("an area release has no valid polygon with an area")
        triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(self.geometry))
        corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
        narrowing = np.cos(np.radians(corners[:, :, 1].mean(axis=1)))
        reached = np.cumsum(shapely.area(triangles) * narrowing)
        offset = np.random.default_rng([seed, 1]).random(3)
        k = np.arange(count)
        chosen = np.searchsorted(reached, reached[-1] * (k + offset[2]) / count, side="right")
        a, b = ((offset[:2] + np.outer(k, _R2)) % 1.0).T
        a, b = np.where(a + b > 1.0, (1.0 - a, 1.0 - b), (a, b))
        p, q, r = np.moveaxis(corners[np.minimum(chosen, len(triangles) - 1)], 1, 0)
        points: FloatArray = p + a[:, np.newaxis] * (q - p) + b[:, np.newaxis] * (r - p)
        return points

    def times(self, count: int) -> NDArray[np.datetime64]:
        """Return the release times of `count` particles."""
        return np.full(count, self.time)


@dataclass(frozen=True)
class PointRelease:
    """Oil released at one place, steadily from `time` to `end`, or all at once.

    Attributes
    ----------
    longitude, latitude : float
        [degrees]
    mass : float
        [kg]
    time, end : datetime64
        UTC; equal for an instantaneous release.
    """

    longitude: float
    latitude: float
    mass: float
    time: np.datetime64
    end: np.datetime64

    def __post_init__(self) -> None:
        if self.end < self.time:
            raise SimulatorError(f"release ends at {self.end}, before it starts at {self.time}")

    @property
    def geometry(self) -> BaseGeometry:
        """The place of the release."""
        return shapely.Point(self.longitude, self.latitude)

    def positions(self, count: int, seed: int) -> FloatArray:
        """Return `count` times the place of the release, shape (count, 2). [degrees]"""
        return np.tile([self.longitude, self.latitude], (count, 1))

    def times(self, count: int) -> NDArray[np.datetime64]:
        """Return release times, evenly spread over the release."""
        share = (np.arange(count) + 0.5) / count
        return self.time + ((self.end - self.time) * share).astype("timedelta64[ns]")


Release = AreaRelease | PointRelease


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
    """

    longitude: FloatArray
    latitude: FloatArray
    mass: FloatArray
    release_time: NDArray[np.datetime64]
    release_number: NDArray[np.int32]

    def __post_init__(self) -> None:
        # shared by all runs of a scenario, which may go on side by side
        for array in vars(self).values():
            array.flags.writeable = False

    @property
    def size(self) -> int:
        """Number of particles."""
        return self.mass.size


def seed_particles(
    releases: Sequence[Release], count: int, *, seed: int, land: BaseGeometry | None = None
) -> Particles:
    """Spread particles over releases in proportion to mass, at least one for each.

    Parameters
    ----------
    releases : sequence of AreaRelease or PointRelease
    count : int
        Number of particles in all.
    seed : int
    land : BaseGeometry, optional
        Areas are cut to the sea, and keep their whole mass.

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
    positions, times, mass, number = [], [], [], []
    for n, share in enumerate(_shares(masses, count)):
        release = at_sea(releases[n], land, n)
        positions.append(release.positions(share, seed + n))
        times.append(release.times(share).astype("datetime64[ns]"))
        mass.append(np.full(share, release.mass / share))
        number.append(np.full(share, n, np.int32))
    release_time = np.concatenate(times)
    order = np.argsort(release_time, kind="stable")
    place = np.concatenate(positions)[order]
    return Particles(
        longitude=np.ascontiguousarray(place[:, 0]),
        latitude=np.ascontiguousarray(place[:, 1]),
        mass=np.concatenate(mass)[order],
        release_time=release_time[order],
        release_number=np.concatenate(number)[order],
    )


def at_sea(release: Release, land: BaseGeometry | None, number: int) -> Release:
    """Return the release without its part on land; an error where nothing is left."""
    if land is None or land.is_empty or not land.intersects(release.geometry):
        return release
    if isinstance(release, AreaRelease):
        wet = shapely.difference(release.geometry, land)
        if wet.area > 0.0:
            polygons = [p for p in shapely.get_parts(wet) if p.geom_type == "Polygon"]
            return AreaRelease(shapely.MultiPolygon(polygons), release.mass, release.time)
    place = release.geometry.representative_point()
    raise SimulatorError(
        f"release {number + 1} lies on land, at {place.x:.4f} E {place.y:.4f} N: expected a place "
        "at sea; move it, or give another coastline"
    )


def _shares(masses: FloatArray, count: int) -> NDArray[np.intp]:
    """Divide `count` by largest remainders, at least one each."""
    ideal = 1 + masses / masses.sum() * (count - masses.size)
    shares: NDArray[np.intp] = np.floor(ideal).astype(np.intp)
    rest = count - shares.sum()
    shares[np.argsort(shares - ideal, kind="stable")[:rest]] += 1
    return shares
