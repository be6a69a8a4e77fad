"""Every parameter that calibration can change: its unit, limits and place in the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Tunable:
    """A parameter of the search.

    Attributes
    ----------
    units : str
    limits : tuple of float
        Bounds of a search must lie within.
    scale : {"linear", "log"}
        How the search moves.
    meaning : str
    """

    units: str
    limits: tuple[float, float]
    meaning: str
    scale: Literal["linear", "log"] = "linear"


TUNABLES = {
    "wind_drift_factor": Tunable("1", (0.0, 0.2), "direct wind drift, share of the 10 m wind"),
    "wind_drift_angle_deg": Tunable(
        "degree", (-180.0, 180.0), "of the wind drift, to the right of the wind in the north"
    ),
    "stokes_factor": Tunable("1", (0.0, 10.0), "factor of the Stokes drift"),
    "current_factor": Tunable("1", (-5.0, 5.0), "factor of the current"),
    "current_bias_east": Tunable("m s-1", (-5.0, 5.0), "added to the current, eastward"),
    "current_bias_north": Tunable("m s-1", (-5.0, 5.0), "added to the current, northward"),
    "horizontal_diffusivity": Tunable("m2 s-1", (0.0, 1e5), "of the random walk", "log"),
    "source_share": Tunable(
        "1", (0.0, 1.0), "share of the mass that comes from points, lines and ships"
    ),
    "detection_limit_um": Tunable("um", (0.0, 1e4), "thinnest oil that is seen", "log"),
}
"""Name -> description; the first seven are fields of `simulator.Parameters`."""
