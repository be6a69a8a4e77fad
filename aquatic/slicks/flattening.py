"""Brightness of the sea by the angle under which it is seen, taken out of a scene.

The sea darkens with incidence, the more so the weaker the wind. Where angles are known the wind is
that which makes each range as bright as it is by CMOD5.N, and the scene is brought to one angle by
the same model. What this leaves (other polarisations, angles that are not known, winds that
change) the background of `aquatic.slicks.dark_areas` follows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aquatic.slicks.cmod import LEAST_DEG, MOST_DEG, slope_db, wind_of

Floats = npt.NDArray[np.floating[Any]]


def wind_by_range(sigma0: Floats, incidence_deg: Floats) -> float | None:
    """Return the wind that makes the sea as bright as it is: the median over angles. [m s-1]

    Parameters
    ----------
    sigma0 : ndarray, shape (height, width)
        Linear, VV; NaN where there is no sea. [1]
    incidence_deg : ndarray, shape (height, width)
        [degrees]

    Returns
    -------
    float or None
        None where no angle lies within those of the model.
    """
    steps = np.round(incidence_deg)
    winds = []
    for step in np.unique(steps[np.isfinite(sigma0)]):
        if LEAST_DEG <= step <= MOST_DEG:
            part = sigma0[(steps == step) & np.isfinite(sigma0)]
            winds.append(float(wind_of(max(float(np.median(part)), 1e-6), step)))
    return float(np.median(winds)) if winds else None


def flattened(sigma0: Floats, incidence_deg: Floats, wind_speed: float) -> Floats:
    """Return a scene as if all of it were seen under the angle of its middle.

    Parameters
    ----------
    sigma0, incidence_deg : ndarray, shape (height, width)
    wind_speed : float
        [m s-1]
    """
    table = np.arange(LEAST_DEG, MOST_DEG, 0.25)
    middle = float(np.clip(np.median(incidence_deg), LEAST_DEG, MOST_DEG))
    slopes = slope_db(wind_speed, table, middle)
    return np.asarray(sigma0 * 10.0 ** (-0.1 * np.interp(incidence_deg, table, slopes)), np.float32)
