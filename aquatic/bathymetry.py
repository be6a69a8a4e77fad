"""Depth of clear shallow water from the colours of a scene, calibrated by soundings.

Two laws: the ratio of logarithms (Stumpf et al. 2003) and the sum of logarithms (Lyzenga 1978).
Both hold for one bottom; over another one they are off by what its colour is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

Floats = npt.NDArray[np.float64]
Law = Literal["ratio", "log-linear"]

LAWS: tuple[Law, ...] = ("ratio", "log-linear")

_FACTOR = 1000.0
"""Makes logarithms of reflectances positive; n of Stumpf et al."""

_LEAST_SOUNDINGS = {"ratio": 3, "log-linear": 4}
_FOLDS = 5


@dataclass(frozen=True)
class Calibration:
    """A law with its numbers, and how far its depths are from soundings.

    Attributes
    ----------
    law : {"ratio", "log-linear"}
    coefficients : tuple of float
        Constant first, then that of each term. [m]
    deep : tuple of float
        Reflectance of optically deep water in each band, which the log-linear law takes away.
    soundings : int
        How many there were.
    rmse_m : float
        Root of the mean square error of depths of soundings that were left out of the fit, in 5
        parts; NaN where there are too few for that. [m]
    shallowest_m, deepest_m : float
        Range of the soundings; depths beyond are extrapolated. [m]
    scatter_m : float
        Standard deviation of the soundings: the error of a law that tells nothing. [m]
    """

    law: Law
    coefficients: tuple[float, ...]
    deep: tuple[float, ...]
    soundings: int
    rmse_m: float
    shallowest_m: float
    deepest_m: float
    scatter_m: float = float("nan")


def calibrate(
    bands: Floats, depths_m: Floats, law: Law = "ratio", deep: Sequence[float] | None = None
) -> Calibration:
    """Return the law that fits soundings best, by least squares.

    Parameters
    ----------
    bands : numpy.ndarray
        (n, 2), reflectance of blue and green where the soundings are; NaN where there is none.
    depths_m : numpy.ndarray
        (n,), below the surface at the time of the scene, positive downwards. [m]
    law : {"ratio", "log-linear"}
    deep : sequence of float, optional
        Reflectance of optically deep water, blue and green; the log-linear law needs it.

    Raises
    ------
    AquaticError
        Where there are too few soundings, or colours do not change with depth.

    References
    ----------
    Stumpf, Holderied & Sinclair (2003), https://doi.org/10.4319/lo.2003.48.1_part_2.0547
    Lyzenga (1978), https://doi.org/10.1364/AO.17.000379
    """
    if law == "log-linear" and deep is None:
        raise AquaticError("deep: found none, expected the colour of deep water for log-linear")
    below = tuple(float(it) for it in deep or (0.0, 0.0))
    terms = _terms(bands, law, below)
    known = np.isfinite(terms).all(axis=1) & np.isfinite(depths_m)
    terms, depths_m = terms[known], np.asarray(depths_m)[known]
    least = _LEAST_SOUNDINGS[law]
    if len(depths_m) < least:
        raise AquaticError(
            f"found {len(depths_m)} soundings on water that is seen, expected {least} at least"
        )
    if not (np.ptp(terms, axis=0).any() and np.ptp(depths_m)):
        raise AquaticError(
            "found one colour or one depth at all soundings, expected soundings at different depths"
        )
    design = np.column_stack([np.ones(len(terms)), terms])
    coefficients = np.linalg.lstsq(design, depths_m, rcond=None)[0]
    return Calibration(
        law,
        tuple(float(it) for it in coefficients),
        below,
        len(depths_m),
        _error_left_out(design, depths_m, least),
        float(depths_m.min()),
        float(depths_m.max()),
        float(np.std(depths_m)),
    )


def depths(bands: Floats, calibration: Calibration) -> Floats:
    """Return depths by a calibrated law.

    Parameters
    ----------
    bands : numpy.ndarray
        (..., 2), reflectance of blue and green.
    calibration : Calibration

    Returns
    -------
    numpy.ndarray
        (...), NaN where a band is not above that of deep water. [m]
    """
    constant, *slopes = calibration.coefficients
    terms = _terms(bands, calibration.law, calibration.deep)
    found: Floats = constant + terms @ np.array(slopes)
    return found


def _terms(bands: Floats, law: Law, deep: tuple[float, ...]) -> Floats:
    """Return what depth is linear in: one ratio, or a logarithm for each band."""
    values = np.asarray(bands, dtype=np.float64)
    if law == "ratio":
        # below 1 / n the logarithm is none of a reflectance
        scaled = np.where(values > 1.0 / _FACTOR, _FACTOR * values, np.nan)
        found: Floats = np.log(scaled[..., :1]) / np.log(scaled[..., 1:])
        return found
    above = values - np.array(deep)
    logarithms: Floats = np.log(np.where(above > 0.0, above, np.nan))
    return logarithms


def _error_left_out(design: Floats, depths_m: Floats, least: int) -> float:
    """Return the error of soundings that did not take part, each part left out once."""
    part = np.arange(len(depths_m)) % _FOLDS
    part = part[np.argsort(np.argsort(depths_m, kind="stable"), kind="stable")]
    if len(depths_m) < _FOLDS * least:
        return float("nan")
    errors = np.empty(len(depths_m))
    for fold in range(_FOLDS):
        out = part == fold
        fitted = np.linalg.lstsq(design[~out], depths_m[~out], rcond=None)[0]
        errors[out] = design[out] @ fitted - depths_m[out]
    return float(np.sqrt(np.mean(errors**2)))
