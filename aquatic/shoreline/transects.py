"""Where shorelines cross transects, and what they would be at one level of the sea.

The method is that of CoastSat (Vos et al. 2019, https://doi.org/10.1016/j.envsoft.2019.104528).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

Floats = npt.NDArray[np.float64]

_BEYOND_M = 100.0
"""How far before its start and after its end a transect still counts. [m]"""


@dataclass(frozen=True)
class Transect:
    """A straight line across a beach, from the land to the sea.

    Attributes
    ----------
    name : str
    start, end : tuple of float
        x and y in a projected reference system. [m]
    """

    name: str
    start: tuple[float, float]
    end: tuple[float, float]

    def __post_init__(self) -> None:
        if not self.length > 0.0:
            raise AquaticError(
                f"transect {self.name}: starts where it ends, expected a line to sea"
            )

    @property
    def length(self) -> float:
        """Distance of the ends. [m]."""
        return math.dist(self.start, self.end)


@dataclass(frozen=True)
class Agreement:
    """How well the points of a shoreline near a transect have to agree.

    Attributes
    ----------
    along_m : float
        Points count up to this far to both sides of the transect. [m]
    least_points : int
    most_deviation_m, most_range_m : float
        Standard deviation and range of their distances along the transect; with more the
        shoreline crosses it more than once, and none of the places is it. [m]
    """

    along_m: float = 25.0
    least_points: int = 3
    most_deviation_m: float = 15.0
    most_range_m: float = 30.0


def crossing(points: Floats, transect: Transect, agreement: Agreement | None = None) -> float:
    """Return how far along a transect a shoreline crosses it.

    Parameters
    ----------
    points : numpy.ndarray
        (n, 2), x and y of the shoreline in the reference system of the transect. [m]
    transect : Transect
    agreement : Agreement, optional

    Returns
    -------
    float
        Median distance from the start of those points that are near the transect; NaN where they
        are too few or do not agree. [m]
    """
    asked = agreement or Agreement()
    start = np.array(transect.start)
    direction = (np.array(transect.end) - start) / transect.length
    relative = np.asarray(points, dtype=np.float64).reshape(-1, 2) - start
    along = relative @ direction
    aside = relative @ np.array([-direction[1], direction[0]])
    is_near = (
        (np.abs(aside) <= asked.along_m)
        & (along >= -_BEYOND_M)
        & (along <= transect.length + _BEYOND_M)
    )
    near = along[is_near]
    if (
        len(near) < asked.least_points
        or near.std() > asked.most_deviation_m
        or np.ptp(near) > asked.most_range_m
    ):
        return math.nan
    return float(np.median(near))


def at_level(
    distances: npt.ArrayLike, levels: npt.ArrayLike, slope: float, reference: float = 0.0
) -> Floats:
    """Return where shorelines would be with the sea at one level.

    Parameters
    ----------
    distances : array_like
        Along a transect, from the land. [m]
    levels : array_like
        Of the sea at these times. [m]
    slope : float
        Of the beach face, rise over run.
    reference : float
        Level that is wanted. [m]

    Returns
    -------
    numpy.ndarray
        ``distance + (level - reference) / slope``: at high water the shoreline is too far inland.

    Raises
    ------
    AquaticError
        Where the slope is none of a beach.
    """
    if not 0.001 <= slope <= 1.0:
        raise AquaticError(
            f"slope: found {slope:g}, expected rise over run of the beach face, 0.001 to 1"
        )
    found: Floats = np.asarray(distances, float) + (np.asarray(levels, float) - reference) / slope
    return found


def levels_at(
    times: npt.NDArray[np.datetime64],
    known_times: npt.NDArray[np.datetime64],
    known_levels: Floats,
    most_gap_s: float = 5400.0,
) -> Floats:
    """Return levels of the sea at some times, linear between those that are known.

    Parameters
    ----------
    times : numpy.ndarray of datetime64
    known_times : numpy.ndarray of datetime64
        Ascending.
    known_levels : numpy.ndarray
        [m]
    most_gap_s : float
        Longest time between two known levels to look in between: a semidiurnal tide leaves a
        straight line by 7 % of its amplitude in 90 minutes. [s]

    Returns
    -------
    numpy.ndarray
        NaN before the first, after the last and in longer gaps. [m]

    Raises
    ------
    AquaticError
        Where the times do not ascend.
    """
    known = known_times.astype("datetime64[ms]").astype(np.int64) / 1e3
    if (np.diff(known) <= 0.0).any():
        raise AquaticError("found times of the tide that do not ascend, expected them in order")
    wanted = times.astype("datetime64[ms]").astype(np.int64) / 1e3
    finite = np.isfinite(known_levels)
    known, values = known[finite], known_levels[finite]
    if not known.size:
        return np.full(len(wanted), np.nan)
    found: Floats = np.interp(wanted, known, values, left=np.nan, right=np.nan)
    after = np.searchsorted(known, wanted).clip(0, len(known) - 1)
    before = np.where(known[after] == wanted, after, np.maximum(after - 1, 0))
    found[known[after] - known[before] > most_gap_s] = np.nan
    return found
