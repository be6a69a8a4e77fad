"""Wave run-up: the edge of the swash in a timestack, its statistics, and what is to be expected.

A timestack is a picture of one line across a beach, a row for each moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError
from aquatic.shoreline.colour import find_sea

Floats = npt.NDArray[np.float64]
Side = Literal["left", "right"]

GRAVITY = 9.81
"""[m s-2]."""

INFRAGRAVITY_HZ = 0.05
"""Frequency below which swash is infragravity (Stockdon et al. 2006). [Hz]"""

FASTEST_HZ = 0.5
"""Frequency from which on a waterline moves by how it is found and not by waves. [Hz]"""

_NOISES = 4.0
"""Height of a maximum above what is beside it, in standard deviations of the jitter."""

_DISSIPATIVE = 0.3
"""Iribarren number below which a beach is dissipative (Stockdon et al. 2006)."""

_LEAST_MAXIMA = 20
_MOST_MISSING = 0.1


@dataclass(frozen=True)
class RunUp:
    """Statistics of a waterline, about the still water.

    Attributes
    ----------
    two_percent_m : float
        Height that 2 % of the maxima exceed, without the jitter of the edge. [m]
    setup_m : float
        Mean height. [m]
    swash_m, incident_m, infragravity_m : float
        Significant heights, four standard deviations: of all, of the parts above and below
        `INFRAGRAVITY_HZ`. [m]
    maxima : int
    """

    two_percent_m: float
    setup_m: float
    swash_m: float
    incident_m: float
    infragravity_m: float
    maxima: int


def swash_edge(
    pixels: npt.NDArray[np.uint8], land: Side | None = None
) -> tuple[npt.NDArray[np.float64], Side]:
    """Return how far the water reaches in each row of a timestack.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8
        (times, width, 3), RGB.
    land : {"left", "right"}, optional
        Where the land is. Default: the side with less water.

    Returns
    -------
    tuple
        The border between land and water, (times,), counted in pixels from the left side, NaN where
        a row has none; and the side of the land.

    Raises
    ------
    AquaticError
        Where water and land have one colour, or more than a tenth of the rows has no border.
    """
    found = find_sea(pixels)
    width = found.sea.shape[1]
    half = width // 2
    if land is None:
        land = "left" if found.sea[:, :half].sum() < found.sea[:, half:].sum() else "right"
    towards_sea = slice(None, None, 1 if land == "left" else -1)
    reached = _first_zero(found.difference[:, towards_sea])
    missing = float(np.isnan(reached).mean())
    if missing > _MOST_MISSING:
        raise AquaticError(
            f"{100 * missing:.0f} % of the rows have no border of land and water, expected a "
            "timestack: a row for each moment, the beach at one side and the sea at the other"
        )
    return reached if land == "left" else width - reached, land


def _first_zero(difference: Floats) -> Floats:
    """Return where each row first rises above 0, between the middles of pixels; NaN: nowhere."""
    is_sea = difference > 0.0
    after = is_sea.argmax(axis=1)
    rows = np.flatnonzero(is_sea.any(axis=1) & (after > 0))
    found = np.full(len(difference), np.nan)
    before, at = difference[rows, after[rows] - 1], difference[rows, after[rows]]
    found[rows] = after[rows] + 0.5 - at / (at - before)
    return found


def statistics(heights_m: Floats, seconds: float) -> RunUp:
    """Return the statistics of a waterline.

    Parameters
    ----------
    heights_m : numpy.ndarray
        (times,), above still water; NaN where it is not known. [m]
    seconds : float
        From one to the next. [s]

    Raises
    ------
    AquaticError
        Where it is too short, fewer than 20 maxima, or its rows are too far apart for waves.

    References
    ----------
    Stockdon, Holman, Howd & Sallenger (2006), https://doi.org/10.1016/j.coastaleng.2005.12.005
    """
    from scipy.signal import find_peaks, welch

    known = np.isfinite(heights_m)
    places = np.arange(len(heights_m))
    if 0.5 / seconds <= 2.0 * INFRAGRAVITY_HZ:
        raise AquaticError(
            f"seconds: found {seconds:g} from one row to the next, in which a wave comes and goes; "
            f"expected less than {0.25 / INFRAGRAVITY_HZ:g}, 0.5 to 1 are usual"
        )
    if known.sum() < 2:
        raise AquaticError("found no waterline, expected one in most of the rows")
    series = np.interp(places, places[known], heights_m[known])
    smooth, noise_m = _without_jitter(series, seconds)
    peaks = find_peaks(smooth, prominence=_NOISES * noise_m)[0]
    if len(peaks) < _LEAST_MAXIMA:
        raise AquaticError(
            f"found {len(peaks)} maxima of the run-up in {len(series) * seconds:.0f} s, expected "
            f"{_LEAST_MAXIMA} at least; 17 minutes are usual"
        )
    length = min(len(series), max(256, round(256.0 / seconds)))
    frequencies, density = welch(series, fs=1.0 / seconds, nperseg=length, detrend="constant")
    step = frequencies[1] - frequencies[0]
    is_low = frequencies < INFRAGRAVITY_HZ
    low, high = (float(density[part].sum() * step) for part in (is_low, ~is_low))
    variance = float(series.var())
    share = low / (low + high) if low + high else 0.0
    return RunUp(
        float(np.quantile(smooth[peaks], 0.98)),
        float(series.mean()),
        4.0 * math.sqrt(variance),
        4.0 * math.sqrt(variance * (1.0 - share)),
        4.0 * math.sqrt(variance * share),
        len(peaks),
    )


def _without_jitter(series: Floats, seconds: float) -> tuple[Floats, float]:
    """Return a waterline without what is faster than waves, and how much of that is left. [m].

    An edge that is found to a pixel jitters. Each jolt would be a maximum, most of them low ones,
    so that those of waves would no longer be the greatest 2 %.
    """
    from scipy.signal import butter, sosfiltfilt, welch

    most_hz = 0.5 / seconds
    if most_hz < FASTEST_HZ or len(series) < 2 * _LEAST_MAXIMA:
        return series, 0.0
    frequencies, density = welch(series, fs=1.0 / seconds, nperseg=min(len(series), 256))
    floor = float(np.median(density[frequencies > min(FASTEST_HZ, 0.8 * most_hz)]))
    noise_m = math.sqrt(floor * FASTEST_HZ)
    if most_hz <= 1.2 * FASTEST_HZ:
        return series, noise_m
    low_pass = butter(4, FASTEST_HZ, fs=1.0 / seconds, output="sos")
    return sosfiltfilt(low_pass, series), noise_m


def expected(height_m: float, period_s: float, slope: float) -> RunUp:
    """Return the run-up that deep-water waves and the beach let expect.

    Parameters
    ----------
    height_m : float
        Significant height of the waves in deep water. [m]
    period_s : float
        Peak period. [s]
    slope : float
        Of the beach face, rise over run.

    Returns
    -------
    RunUp
        Without maxima. Equations 6, 10, 11, 12 and 19 of the source, and 18 on a dissipative beach.

    References
    ----------
    Stockdon, Holman, Howd & Sallenger (2006), https://doi.org/10.1016/j.coastaleng.2005.12.005
    """
    if not (height_m > 0.0 and period_s > 0.0 and slope > 0.0):
        raise AquaticError("found no waves or no slope, expected numbers above 0")
    length_m = GRAVITY * period_s**2 / (2.0 * math.pi)
    scale_m = math.sqrt(height_m * length_m)
    setup, incident, infragravity = 0.35 * slope * scale_m, 0.75 * slope * scale_m, 0.06 * scale_m
    swash = math.hypot(incident, infragravity)
    if slope / math.sqrt(height_m / length_m) < _DISSIPATIVE:
        two_percent = 0.043 * scale_m
    else:
        two_percent = 1.1 * (setup + scale_m * math.sqrt(0.563 * slope**2 + 0.004) / 2.0)
    return RunUp(two_percent, setup, swash, incident, infragravity, 0)
