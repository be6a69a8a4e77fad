"""How far the nearest ship was, by its AIS; times at which that is not known are left out.

Classes are those of models that tell the distance of ships by their sound: a kilometre each up to
10 km, and one beyond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

_Floats = npt.NDArray[np.float64]

MOST_KM = 10
"""Where the class of far ships begins. [km]"""

KNOT = 1852.0 / 3600.0
"""Speed of a knot. [m s-1]"""

_MOST_JUMP = 2.0
"""Speed between two fixes from which on one of them is wrong, of the most that ships go."""

_AWAY_SECONDS = 6 * 3600.0
"""Silence after which a ship that is heard again counts as one that had gone. [s]"""


@dataclass(frozen=True)
class Track:
    """Where a ship was.

    Attributes
    ----------
    seconds : numpy.ndarray
        (n,), rising. [s]
    lonlat : numpy.ndarray
        (n, 2) [degrees]
    """

    seconds: _Floats
    lonlat: _Floats


@dataclass(frozen=True)
class Nearest:
    """The nearest ship at a time.

    Attributes
    ----------
    distance_m : float
        Infinite where no ship is near enough to be heard of. [m]
    ship : str or None
    left_out : str or None
        Why the time cannot be used; the distance means nothing then.
    """

    distance_m: float = np.inf
    ship: str | None = None
    left_out: str | None = None

    @property
    def class_index(self) -> int:
        """0 for less than a kilometre ... 10 for 10 km and more."""
        return int(min(self.distance_m / 1000.0, MOST_KM))

    @property
    def label(self) -> str:
        """Name of the class, as ``0-1`` or ``10+``. [km]."""
        k = self.class_index
        return f"{MOST_KM}+" if k == MOST_KM else f"{k}-{k + 1}"


def nearest_ships(
    seconds: _Floats,
    tracks: Mapping[str, Track],
    station: tuple[float, float],
    *,
    most_gap_s: float = 300.0,
    most_knots: float = 30.0,
) -> list[Nearest]:
    """Return the nearest ship at each time.

    Parameters
    ----------
    seconds : numpy.ndarray
        (n,) [s]
    tracks : mapping
        Name of a ship -> its track.
    station : tuple of float
        Longitude and latitude. [degrees]
    most_gap_s : float
        Between two fixes, for the way between them to be known. [s]
    most_knots : float
        That ships go. [knots]

    Returns
    -------
    list of Nearest
        A time is left out where nobody was heard for longer than `most_gap_s` about it, and where a
        ship was not heard for that long, or between two fixes that no ship can be at, which may
        have been nearer than those that were.

    Raises
    ------
    AquaticError
        Where there is no track, or one goes back in time.
    """
    if not tracks:
        raise AquaticError("found no fixes of ships, expected a table of AIS")
    for name, track in tracks.items():
        if (np.diff(track.seconds) <= 0.0).any():
            raise AquaticError(f"{name}: found fixes that go back in time, expected rising ones")
    heard = np.unique(np.concatenate([track.seconds for track in tracks.values()]))
    ways = {name: _Way.of(track, station) for name, track in tracks.items()}
    return [
        _nearest(time, tracks, ways, heard, station, most_gap_s, most_knots * KNOT)
        for time in seconds.tolist()
    ]


@dataclass(frozen=True)
class _Way:
    """How far the fixes of a track are, (n,) [m], and how fast it is between them, (n - 1,)."""

    distances: _Floats
    speeds: _Floats

    @classmethod
    def of(cls, track: Track, station: tuple[float, float]) -> _Way:
        from pyproj import Geod

        *_, steps = Geod(ellps="WGS84").inv(*track.lonlat[:-1].T, *track.lonlat[1:].T)
        return cls(_distances(track, station), np.asarray(steps) / np.diff(track.seconds))


def _nearest(
    time: float,
    tracks: Mapping[str, Track],
    ways: Mapping[str, _Way],
    heard: _Floats,
    station: tuple[float, float],
    most_gap_s: float,
    most_speed: float,
) -> Nearest:
    after = int(np.searchsorted(heard, time))
    around = [abs(time - it) for it in heard[max(0, after - 1) : after + 1].tolist()]
    if len(around) < 2 and heard[min(after, len(heard) - 1)] != time:
        return Nearest(left_out="before the first fix or after the last one")
    if sum(around) > most_gap_s and min(around) > 0.0:
        return Nearest(left_out=f"no ship was heard for {sum(around):.0f} s")
    found, unknown = Nearest(), []
    for name, track in tracks.items():
        distance, is_known = _distance_at(time, track, ways[name], station, most_gap_s, most_speed)
        if not is_known:
            unknown.append((distance, name))
        elif distance < found.distance_m:
            found = Nearest(distance, name)
    reach = min(unknown, default=(np.inf, ""))
    if reach[0] < min(found.distance_m, 1000.0 * MOST_KM):
        return Nearest(left_out=f"{reach[1]} was not heard, and may have been nearer")
    return found


def _distance_at(
    time: float,
    track: Track,
    way: _Way,
    station: tuple[float, float],
    most_gap_s: float,
    most_speed: float,
) -> tuple[float, bool]:
    """Return how far a ship was, and whether that is known; else how near it may have been."""
    after = int(np.searchsorted(track.seconds, time))
    last = len(track.seconds) - 1
    if after <= last and track.seconds[after] == time:
        return float(way.distances[after]), True
    sides = [k for k in (after - 1, after) if 0 <= k <= last]
    away = [abs(time - track.seconds[k]) for k in sides]
    if len(sides) == 2 and way.speeds[after - 1] > _MOST_JUMP * most_speed:
        # one of both is wrong, and nobody knows which
        return max(0.0, min(_nearest_from(way, sides, away, most_speed))), False
    if len(sides) == 2 and sum(away) <= most_gap_s:
        share = away[0] / sum(away)
        place = _between(track.lonlat[after - 1], track.lonlat[after], share)
        return float(_distances(Track(np.zeros(1), place[np.newaxis]), station)[0]), True
    if len(sides) == 1 or sum(away) > _AWAY_SECONDS:
        sides = [k for k, since in zip(sides, away, strict=True) if since <= most_gap_s]
        if not sides:
            return np.inf, True  # it had gone, or had not come yet
    away = [abs(time - track.seconds[k]) for k in sides]
    # as near as each fix allows: it has to get from one to the other
    return max(0.0, max(_nearest_from(way, sides, away, most_speed))), False


def _nearest_from(way: _Way, sides: list[int], away: list[float], most_speed: float) -> list[float]:
    """Return how near a ship may have come by each of some fixes. [m]."""
    return [
        float(way.distances[k]) - most_speed * since for k, since in zip(sides, away, strict=True)
    ]


def _distances(track: Track, station: tuple[float, float]) -> _Floats:
    """Return how far the fixes of a track are, (n,). [m]."""
    from pyproj import Geod

    lon, lat = track.lonlat.T
    count = len(lon)
    *_, distance = Geod(ellps="WGS84").inv(
        lon, lat, np.full(count, station[0]), np.full(count, station[1])
    )
    return np.asarray(distance, dtype=np.float64)


def _between(one: _Floats, two: _Floats, share: float) -> _Floats:
    """Return the place a share of the way from one to the other, across 180 degrees, too."""
    across = (two[0] - one[0] + 180.0) % 360.0 - 180.0
    return np.array([one[0] + share * across, one[1] + share * (two[1] - one[1])])
