"""Where and when a source leaked, from what is likely of the parameters of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

import simulator
from catalog.antimeridian import wrapped
from witoil.case.tunables import PLACE, START
from witoil.errors import CaseError
from witoil.geojson import geojson_of
from witoil.scenario.changes import displaced, moved_release, searched_bounds, source_of
from witoil.scenario.scenario import Scenario
from witoil.times import second

FloatArray = NDArray[np.float64]

LEVELS = (50, 90)
"""Probability that a region or an interval holds the source. [%]"""

DRIFT_ERROR = 0.06
"""Standard deviation of what each component of the drift is off for hours. [m s-1]

Particles in modelled and in observed currents part by 0.1 m/s (Frolov et al. 2012,
Ocean Dynamics 62). Half of it lasts for days and can be searched as the bias of the current; the
other half comes and goes, and so do 2 % of a wind that is off by 1.5 m/s.
"""

ERROR_LASTS = 24.0
"""Time in which such an error is forgotten, e-folding, as in forecasts (`memory_hours`). [h]"""

_CORNERS = 128


@dataclass(frozen=True)
class Ellipse:
    """A region of places: those whose Mahalanobis distance from the middle is below a limit.

    Attributes
    ----------
    level : int
        Share of the sample within. [%]
    semi_axes_km : tuple of float
        Longer and shorter.
    bearing_deg : float
        Of the longer axis, clockwise from north, 0 to 180.
    outline : ndarray, shape (corners, 2)
        Kilometres east and north of the middle, closed.
    """

    level: int
    semi_axes_km: tuple[float, float]
    bearing_deg: float
    outline: FloatArray

    @property
    def area_km2(self) -> float:
        """Its area. [km2]"""
        return float(np.pi * self.semi_axes_km[0] * self.semi_axes_km[1])


@dataclass(frozen=True)
class Reconstruction:
    """Where and when the source of a case leaked, as far as slicks tell.

    Attributes
    ----------
    given : tuple of float
        Longitude and latitude of the case, where the search started. [degrees]
    best : tuple of float
        Those of the best trial.
    middle : tuple of float
        Those of the mean of the posterior.
    places : ndarray, shape (n, 2)
        Longitudes and latitudes of a sample of the posterior, with the errors of the drift that no
        parameter stands for; all the same if no place was searched.
    ellipses : tuple of Ellipse
        Of each level; none where no place was searched.
    starts : ndarray of datetime64, shape (n,)
        When it began to leak; empty where this was not searched.
    best_start : datetime64
    intervals : dict
        Level -> first and last time.
    bounds : tuple of datetime64
        Of the search for the start.
    settled : bool
        Whether the search had found its best long before it ended, and within its bounds; if not,
        the truth may be far.
    """

    given: tuple[float, float]
    best: tuple[float, float]
    middle: tuple[float, float]
    places: FloatArray
    ellipses: tuple[Ellipse, ...]
    starts: NDArray[np.datetime64]
    best_start: np.datetime64
    intervals: dict[int, tuple[np.datetime64, np.datetime64]]
    bounds: tuple[np.datetime64, np.datetime64]
    settled: bool

    def as_dict(self) -> dict[str, Any]:
        """Return it as the study has it."""
        place: dict[str, Any] = {
            name: {"lon": round(wrapped(lon), 5), "lat": round(lat, 5)}
            for name, (lon, lat) in (
                ("given", self.given),
                ("best", self.best),
                ("mean", self.middle),
            )
        }
        place["ellipses"] = {
            str(ellipse.level): {
                "semi_axes_km": list(ellipse.semi_axes_km),
                "bearing_deg": ellipse.bearing_deg,
                "area_km2": ellipse.area_km2,
            }
            for ellipse in self.ellipses
        }
        start: dict[str, Any] = {"best": second(self.best_start)}
        if self.starts.size:
            start["median"] = second(np.sort(self.starts)[self.starts.size // 2])
            start["intervals"] = {
                str(level): [second(time) for time in ends]
                for level, ends in self.intervals.items()
            }
        return {
            "place": place if self.ellipses else None,
            "start": start if self.starts.size else None,
            "settled": self.settled,
        }

    def outlines(self) -> dict[int, shapely.Polygon]:
        """Return each ellipse in longitude and latitude, level -> polygon."""
        return {
            ellipse.level: shapely.Polygon(
                [displaced(*self.middle, east, north) for east, north in ellipse.outline]
            )
            for ellipse in self.ellipses
        }

    def features(self) -> dict[str, Any]:
        """Return ellipses, mean and best place as GeoJSON (RFC 7946)."""
        facts = self.as_dict()
        regions = [
            {
                "type": "Feature",
                "geometry": geojson_of(shape),
                "properties": {"level": level, **facts["place"]["ellipses"][str(level)]},
            }
            for level, shape in self.outlines().items()
        ]
        points = [
            {
                "type": "Feature",
                "geometry": geojson_of(shapely.Point(place)),
                "properties": {"place": name},
            }
            for name, place in (("mean", self.middle), ("best", self.best), ("given", self.given))
        ]
        return {"type": "FeatureCollection", "features": regions + points}


def reconstruct(
    scenario: Scenario,
    sample: Sequence[Mapping[str, float]],
    best: Mapping[str, float],
    *,
    settled: bool,
) -> Reconstruction | None:
    """Return where and when the source leaked; None where neither was searched.

    Parameters
    ----------
    scenario : Scenario
    sample : sequence of mapping, length n
        Parameter sets, each as likely as another, that stand for the posterior.
    best : mapping
        Parameters of the best trial.
    settled : bool
        Whether the search had found it long before it ended, and within its bounds.

    Returns
    -------
    Reconstruction or None

    Raises
    ------
    CaseError
        Where all of the sample lies on land.
    """
    searched = set(sample[0]) & {*PLACE, START}
    if not searched or source_of(scenario.case) is None:
        return None
    release = moved_release(scenario)
    given = (release.longitude, release.latitude)
    starts = _after(release, np.array([point.get(START, 0.0) for point in sample]))
    ages = (min(seen.time for seen in scenario.observations) - starts) / np.timedelta64(1, "h")
    sample, ages = _at_sea(scenario, given, sample, ages)
    offsets = _offsets(sample)
    offsets += drift_errors(ages, [name in searched for name in PLACE], scenario.seed)
    offsets = offsets[_is_sea(scenario, given, offsets)]
    middle = offsets.mean(axis=0)
    hours = np.array([point[START] for point in sample if START in point])
    bounds = searched_bounds(scenario, START) if START in searched else (0.0, 0.0)
    return Reconstruction(
        given=given,
        best=displaced(*given, *(best.get(name, 0.0) for name in PLACE)),
        middle=displaced(*given, *middle),
        places=np.array([displaced(*given, *offset) for offset in offsets]),
        ellipses=_ellipses(offsets - middle) if searched & set(PLACE) else (),
        starts=_after(release, hours),
        best_start=_after(release, np.array([best.get(START, 0.0)]))[0],
        intervals=_intervals(release, hours) if hours.size else {},
        bounds=tuple(_after(release, np.array(bounds))),
        settled=settled,
    )


def _offsets(sample: Sequence[Mapping[str, float]]) -> FloatArray:
    """Return kilometres east and north of the place of the case, shape (n, 2)."""
    return np.array([[point.get(name, 0.0) for name in PLACE] for point in sample])


def drift_errors(hours: FloatArray, searched: Sequence[bool], seed: int) -> FloatArray:
    """Draw how far oil is carried off by errors of the drift that come and go.

    An error that is forgotten exponentially carries oil, after a time t, as far as particles go in
    turbulence with such a memory: the variance is 2 s² T (t − T (1 − exp(−t / T))).

    Parameters
    ----------
    hours : ndarray, shape (n,)
        Time that the oil drifts; before it leaks it drifts nowhere. [h]
    searched : sequence of bool, length 2
        Whether the place is searched eastward, and northward; else nothing is drawn.
    seed : int

    Returns
    -------
    ndarray, shape (n, 2)
        Kilometres east and north.

    References
    ----------
    Taylor, G. I. (1922). Diffusion by continuous movements. Proceedings of the London Mathematical
    Society, s2-20, 196-212. https://doi.org/10.1112/plms/s2-20.1.196
    """
    t = np.maximum(hours, 0.0) / ERROR_LASTS
    sd = 3.6 * DRIFT_ERROR * ERROR_LASTS * np.sqrt(2.0 * np.maximum(t + np.expm1(-t), 0.0))
    drawn = np.random.default_rng(seed).standard_normal((len(hours), 2))
    errors: FloatArray = sd[:, np.newaxis] * drawn * np.array(searched)
    return errors


def _is_sea(
    scenario: Scenario, given: tuple[float, float], offsets: FloatArray
) -> NDArray[np.bool_]:
    """Say which places are not on land, by kilometres from that of the case."""
    places = np.array([displaced(*given, *offset) for offset in offsets])
    wet: NDArray[np.bool_] = ~shapely.contains_xy(scenario.coast.land, *places.T)
    if not wet.any():
        raise CaseError(
            "optimise.parameters: all places that are likely lie on land; expected bounds of "
            "source_east_km and source_north_km with the source at sea"
        )
    return wet


def _at_sea(
    scenario: Scenario,
    given: tuple[float, float],
    sample: Sequence[Mapping[str, float]],
    ages: FloatArray,
) -> tuple[list[Mapping[str, float]], FloatArray]:
    """Return the points of a sample whose source is not on land, and the ages of their oil."""
    wet = _is_sea(scenario, given, _offsets(sample))
    return [point for point, kept in zip(sample, wet, strict=True) if kept], ages[wet]


def _after(release: simulator.PointRelease, hours: FloatArray) -> NDArray[np.datetime64]:
    times: NDArray[np.datetime64] = release.time + (3600e9 * hours).astype("timedelta64[ns]")
    return times


def _intervals(
    release: simulator.PointRelease, hours: FloatArray
) -> dict[int, tuple[np.datetime64, np.datetime64]]:
    found = {}
    for level in LEVELS:
        tail = 0.5 * (1.0 - 0.01 * level)
        first, last = _after(release, np.quantile(hours, (tail, 1.0 - tail)))
        found[level] = (first, last)
    return found


def _ellipses(offsets: FloatArray) -> tuple[Ellipse, ...]:
    """Return the ellipses of a sample's covariance that hold shares of the sample itself.

    A normal distribution would have them at set distances; a sample need not be normal.
    """
    covariance = offsets.T @ offsets / len(offsets)
    # a coordinate that was not searched has no spread: a metre stands in
    variance, axes = np.linalg.eigh(covariance + 1e-6 * np.eye(2))
    away = ((offsets @ axes) ** 2 / variance).sum(axis=1)
    limits = np.quantile(away, [0.01 * level for level in LEVELS])
    angle = np.linspace(0.0, 2.0 * np.pi, _CORNERS + 1)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    bearing = float(np.degrees(np.arctan2(*axes[:, 1])) % 180.0)
    found = []
    for level, limit in zip(LEVELS, limits, strict=True):
        shorter, longer = np.sqrt(limit * variance)
        outline = (circle * [shorter, longer]) @ axes.T
        found.append(Ellipse(level, (float(longer), float(shorter)), bearing, outline))
    return tuple(found)
