"""Volumes of slicks by what they look like: the Bonn Agreement's code, as slick charts use it."""

from __future__ import annotations

import math
from typing import Literal

ThicknessClass = Literal["sheen", "thick"]
Estimate = Literal["minimum", "mean", "maximum"]

BONN_THICKNESS_UM: dict[ThicknessClass, tuple[float, float]] = {
    "sheen": (0.04, 0.30),
    "thick": (5.0, 50.0),
}
"""Thinnest and thickest oil of a class; also its volume per area, m3 from km2. [micrometre]"""


def bonn_thickness(thickness_class: ThicknessClass, estimate: Estimate = "mean") -> float:
    """Return the thickness of oil of a class.

    Parameters
    ----------
    thickness_class : {"sheen", "thick"}
    estimate : {"minimum", "mean", "maximum"}
        The mean is the geometric one: the bounds lie a factor of ten apart, what lies between is
        known by its order of magnitude, and the arithmetic mean would be half the maximum
        whatever the minimum is.

    Returns
    -------
    float
        [m]
    """
    low, high = BONN_THICKNESS_UM[thickness_class]
    chosen = {"minimum": low, "mean": math.sqrt(low * high), "maximum": high}[estimate]
    return 1e-6 * chosen
