"""The shore: the coast cut into stretches that absorb oil, hold it and give it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from simulator.errors import SimulatorError
from simulator.grid import FloatArray, metres_per_degree

CELLS_PER_DEGREE = 100
"""Step of the lattice that cuts the coast, in longitude and latitude: stretches of about 1 km."""

ZONE_REACH_METRES = 1000.0
"""How far from a stretch a line may lie that gives its type. [m]"""

HOLDING_CAPACITY = 10_000 * 0.158987294928
"""Oil that a kilometre of shore can hold, 10 000 barrels as in MEDSLIK-II. [m3 km-1]

One value for all types: capacities by type have been published (Gundlach 1987; Reed and Gundlach
1989, Oil and Chemical Pollution 5, 411-449), but could not be checked against the papers.
"""

_ROUNDING = 7  # decimals of a lattice cell: 1e-9 degrees, a tenth of a millimetre
_LEAST_WEIGHT = 1e-9  # [m]; a stretch of doubled points only has a middle, too
_COLUMNS = 360 * CELLS_PER_DEGREE


@dataclass(frozen=True)
class ShoreType:
    """How a kind of shore deals with oil.

    Attributes
    ----------
    name : str
    seepage_hours : float
        Half-life of loose oil that seeps in for good; infinite where nothing does. [h]
    wash_off_hours : float
        Half-life of loose oil that the sea takes back; 0 where it does at once. [h]
    capacity : float
        Oil that it can hold. [m3 km-1]
    """

    name: str
    seepage_hours: float
    wash_off_hours: float
    capacity: float = HOLDING_CAPACITY


SHORE_TYPES = (
    ShoreType("sand", 24.0, 24.0),
    ShoreType("sand-and-gravel", 36.0, 24.0),
    ShoreType("cobble", 48.0, 24.0),
    ShoreType("rock", 96.0, 18.0),
    # MEDSLIK-II writes 96 h of seepage here, which never comes into effect
    ShoreType("seawall", np.inf, 0.0),
    ShoreType("exposed-headland", 96.0, 1.0),
    ShoreType("sheltered-gravel", 24.0, 120.0),
    ShoreType("sheltered-rock", 96.0, 120.0),
    ShoreType("marsh", 24.0, 120.0),
)
"""The types of MEDSLIK-II with their half-lives, in the order of its numbers 1 to 9."""

SHORE_TYPE_NAMES = tuple(kind.name for kind in SHORE_TYPES)
"""Names of the types; the number of a type is its place here, counted from 1."""

Zone = tuple[BaseGeometry, str]
"""Where the shore is of a type: polygons, or lines along it, in degrees; the type's name."""


@dataclass(frozen=True)
class Shore:
    """The coast in stretches. Make it with `Shore.from_segments`.

    A stretch is made of all segments whose middles fall into one cell of a lattice that is the
    same for all runs, so that stretches do not depend on the box that the coast was cut to.

    Attributes
    ----------
    segments : ndarray, shape (segments, 4)
        Ends of the coast's segments: longitude, latitude, longitude, latitude. [degrees]
    stretch_of_segment : ndarray of int32, shape (segments,)
    cell : ndarray of int64, shape (stretches, 2)
        Column, from -180 degrees = -18000, and row of the lattice; sorted by row, then column.
    length : ndarray, shape (stretches,)
        [m]
    longitude, latitude : ndarray, shape (stretches,)
        Middle, weighted by length. [degrees]
    shore_type : ndarray of int8, shape (stretches,)
        Number of the type, 1 for the first of `SHORE_TYPES`.
    """

    segments: FloatArray
    stretch_of_segment: NDArray[np.int32]
    cell: NDArray[np.int64]
    length: FloatArray
    longitude: FloatArray
    latitude: FloatArray
    shore_type: NDArray[np.int8]

    @classmethod
    def from_segments(
        cls, segments: FloatArray, shore_type: str = "sand", zones: Sequence[Zone] = ()
    ) -> Shore:
        """Cut a coast into stretches and give each its type.

        Parameters
        ----------
        segments : ndarray, shape (n, 4)
            Ends of the coast's segments: longitude, latitude, longitude, latitude. [degrees]
        shore_type : str
            Name of the type where no zone says otherwise.
        zones : sequence of (geometry, str)
            A stretch takes the type of the first polygon that its middle lies in, else of the
            nearest line within `ZONE_REACH_METRES`.

        Raises
        ------
        SimulatorError
            If a type is unknown.
        """
        default = _type_number(shore_type)
        segments = np.asarray(segments, np.float64).reshape(-1, 4)
        middles = 0.5 * (segments[:, :2] + segments[:, 2:])
        cell, stretch = _cut(middles)
        lengths = _lengths(segments)
        weights = np.maximum(lengths, _LEAST_WEIGHT)
        total = _sum_by(stretch, weights, len(cell))
        lon, lat = (_sum_by(stretch, weights * axis, len(cell)) / total for axis in middles.T)
        return cls(
            segments=segments,
            stretch_of_segment=stretch,
            cell=cell,
            length=_sum_by(stretch, lengths, len(cell)),
            longitude=lon,
            latitude=lat,
            shore_type=_types(lon, lat, default, zones),
        )

    @property
    def seepage_half_life(self) -> FloatArray:
        """Half-life of loose oil that seeps in, shape (stretches,). [s]"""
        return 3600.0 * self._by_type([kind.seepage_hours for kind in SHORE_TYPES])

    @property
    def wash_off_half_life(self) -> FloatArray:
        """Half-life of loose oil that the sea takes back, shape (stretches,). [s]"""
        return 3600.0 * self._by_type([kind.wash_off_hours for kind in SHORE_TYPES])

    @property
    def capacity(self) -> FloatArray:
        """Oil that each stretch can hold, shape (stretches,). [m3]"""
        return 1e-3 * self.length * self._by_type([kind.capacity for kind in SHORE_TYPES])

    @property
    def arrays(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The last three arguments of `simulator.kernels.shore.visit_shore`."""
        return self.seepage_half_life, self.wash_off_half_life, self.capacity

    def lines(self) -> NDArray[np.object_]:
        """Return each stretch as a MultiLineString in degrees, for maps; shape (stretches,)."""
        order = np.argsort(self.stretch_of_segment, kind="stable")
        pieces = np.array(shapely.linestrings(self.segments[order].reshape(-1, 2, 2)), object)
        loose = _collect(pieces, self.stretch_of_segment[order], len(self.length))
        return _collect(
            *shapely.get_parts(shapely.line_merge(loose), return_index=True), len(self.length)
        )

    def _by_type(self, values: Sequence[float]) -> FloatArray:
        return np.asarray(values, np.float64)[self.shore_type - 1]


def _type_number(name: str) -> int:
    if name not in SHORE_TYPE_NAMES:
        raise SimulatorError(
            f"shore type {name!r}: unknown; expected one of {', '.join(SHORE_TYPE_NAMES)}"
        )
    return SHORE_TYPE_NAMES.index(name) + 1


def _cut(middles: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the cells of the lattice with coast in them, and which of them each middle is in."""
    # Rounded first, as coordinates that came by way of another grid differ in their last bits.
    cell = np.floor(np.round(middles * CELLS_PER_DEGREE, _ROUNDING)).astype(np.int64)
    # One place on earth has one column, also where a box across the dateline has it at 181 E.
    column = (cell[:, 0] + _COLUMNS // 2) % _COLUMNS - _COLUMNS // 2
    row_first, stretch = np.unique(
        np.stack([cell[:, 1], column], axis=-1), axis=0, return_inverse=True
    )
    return np.ascontiguousarray(row_first[:, ::-1]), stretch.reshape(-1).astype(np.int32)


def _lengths(segments: FloatArray) -> FloatArray:
    """Return the length of each segment. [m]"""
    east, north = metres_per_degree(0.5 * (segments[:, 1] + segments[:, 3]))
    lengths: FloatArray = np.hypot(
        east * (segments[:, 2] - segments[:, 0]), north * (segments[:, 3] - segments[:, 1])
    )
    return lengths


def _sum_by(group: NDArray[np.int32], values: FloatArray, groups: int) -> FloatArray:
    return np.bincount(group, values, minlength=groups).astype(np.float64)


def _collect(lines: NDArray[np.object_], group: NDArray[Any], groups: int) -> NDArray[np.object_]:
    """Gather lines, sorted by group, into one MultiLineString a group."""
    gathered = np.full(groups, shapely.MultiLineString(), object)
    if len(lines):
        shapely.multilinestrings(lines, indices=group, out=gathered)
    return gathered


def _types(
    longitude: FloatArray, latitude: FloatArray, default: int, zones: Sequence[Zone]
) -> NDArray[np.int8]:
    """Return the number of the type of each place."""
    types = np.full(longitude.size, default, np.int8)
    if not zones or not longitude.size:
        return types
    # A zone may lie a whole turn off a coast that reaches across 180 degrees; the first one counts.
    numbers = np.repeat(np.array([_type_number(name) for _, name in zones], np.int8), 3)
    shapes = np.array(
        [translate(zone, turn) for zone, _ in zones for turn in (0.0, -360.0, 360.0)], object
    )
    is_area = shapely.get_dimensions(shapes) == 2
    places = np.stack([longitude, latitude], axis=-1)
    _near_lines(types, places, shapes[~is_area], numbers[~is_area])
    _inside_areas(types, places, shapes[is_area], numbers[is_area])
    return types


def _inside_areas(
    types: NDArray[np.int8],
    places: FloatArray,
    areas: NDArray[np.object_],
    numbers: NDArray[np.int8],
) -> None:
    """Set the type of places inside polygons; where these overlap, the first one counts."""
    place, area = shapely.STRtree(areas).query(shapely.points(places), predicate="intersects")
    last_to_first = np.argsort(-area, kind="stable")
    types[place[last_to_first]] = numbers[area[last_to_first]]


def _near_lines(
    types: NDArray[np.int8],
    places: FloatArray,
    lines: NDArray[np.object_],
    numbers: NDArray[np.int8],
) -> None:
    """Set the type of places within reach of a line to that of the nearest."""
    # Metres in the middle of the coast: in a box of a few degrees the reach is right to percents.
    metres = np.array(metres_per_degree(0.5 * (places[:, 1].min() + places[:, 1].max())))
    flat = shapely.transform(lines, lambda degrees: degrees * metres)
    place, line = shapely.STRtree(flat).query_nearest(
        shapely.points(places * metres), max_distance=ZONE_REACH_METRES, all_matches=False
    )
    types[place] = numbers[line]
