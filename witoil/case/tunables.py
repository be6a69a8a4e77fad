"""Every parameter that calibration can change: its unit, limits, prior and place in the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Real
from typing import Any, Literal

from simulator.parameters import Parameters
from witoil.errors import CaseError


@dataclass(frozen=True)
class Prior:
    """What is known of a parameter before any slick is compared: a normal distribution.

    Attributes
    ----------
    mean : float or None
        None: what the case has. [units of the parameter]
    sd : float
        Standard deviation; of a parameter on a log scale, the ratio that one of them makes.
    reason : str
        Where the numbers come from.
    """

    mean: float | None
    sd: float
    reason: str


@dataclass(frozen=True)
class Tunable:
    """A parameter that a run can have otherwise than its case.

    Attributes
    ----------
    acts_on : {"drift", "oil", "sensor"}
        What it changes: `simulator.Parameters`, the particles (`witoil.scenario.changes`), or the
        slick that is seen (`witoil.scenario.run.masks_at`).
    units : str
    limits : tuple of float
        No value and no bound of a search lies beyond.
    default : float or None
        Of a case that says nothing. None: it follows from the releases.
    meaning : str
    prior : Prior
    scale : {"linear", "log"}
        How the search moves.
    """

    acts_on: Literal["drift", "oil", "sensor"]
    units: str
    limits: tuple[float, float]
    default: float | None
    meaning: str
    prior: Prior
    scale: Literal["linear", "log"] = "linear"


_DRIFT = Parameters()

_BIAS = Prior(
    0.0,
    0.05,
    "half of the 0.1 m/s by which particles in modelled and in observed currents part (Frolov et "
    "al. 2012): the half that lasts for days",
)

_PLACE = Prior(
    None,
    1000.0,
    "all places within the bounds are alike: give those that are possible",
)

PLACE = ("source_east_km", "source_north_km")

START = "source_start_hours"

TUNABLES = {
    "wind_drift_factor": Tunable(
        "drift",
        "1",
        (0.0, 0.2),
        _DRIFT.wind_drift_factor,
        "direct wind drift, share of the 10 m wind",
        Prior(
            0.015,
            0.01,
            "from 1 % beside the Stokes drift, as slicks along coasts ask for, to 2 %, which makes "
            "the 3 % of the wind in all that drifters and slicks at sea follow (Reed et al. 1994)",
        ),
    ),
    "wind_drift_angle_deg": Tunable(
        "drift",
        "degree",
        (-180.0, 180.0),
        _DRIFT.wind_drift_angle_deg,
        "of the wind drift, to the right of the wind in the north",
        Prior(
            0.0,
            20.0,
            "a judgement: Ekman's 45 degrees to the right are for deep water, not for the surface "
            "film; the direction of the wind is known to some 20 degrees",
        ),
    ),
    "stokes_factor": Tunable(
        "drift",
        "1",
        (0.0, 10.0),
        _DRIFT.stokes_factor,
        "factor of the Stokes drift",
        Prior(1.0, 0.5, "a judgement: fetch and spectrum are not known"),
    ),
    "current_factor": Tunable(
        "drift",
        "1",
        (-5.0, 5.0),
        _DRIFT.current_factor,
        "factor of the current",
        Prior(
            1.0, 0.4, "a judgement: eddies of models mostly turn the right way, at another speed"
        ),
    ),
    "current_bias_east": Tunable(
        "drift",
        "m s-1",
        (-5.0, 5.0),
        _DRIFT.current_bias_east,
        "added to the current, eastward",
        _BIAS,
    ),
    "current_bias_north": Tunable(
        "drift",
        "m s-1",
        (-5.0, 5.0),
        _DRIFT.current_bias_north,
        "added to the current, northward",
        _BIAS,
    ),
    "horizontal_diffusivity": Tunable(
        "drift",
        "m2 s-1",
        (0.0, 1e5),
        _DRIFT.horizontal_diffusivity,
        "of the random walk",
        Prior(
            5.0,
            3.0,
            "what a grid of some 5 km leaves out, patches of 1 to 20 km, spreads with 0.6 to 18 "
            "m2/s (Okubo 1971); a run that searches nothing has the 2 m2/s of MEDSLIK-II, whose "
            "currents were finer",
        ),
        "log",
    ),
    "source_share": Tunable(
        "oil",
        "1",
        (0.0, 1.0),
        None,
        "share of the mass that comes from points, lines and ships",
        Prior(None, 0.2, "a judgement: masses of slicks seen are known to an order of magnitude"),
    ),
    "source_factor": Tunable(
        "oil",
        "1",
        (1e-3, 1e3),
        1.0,
        "factor of the mass that comes from points, lines and ships",
        Prior(1.0, 3.0, "a judgement: rates are known to a factor of three"),
        "log",
    ),
    "detection_limit_um": Tunable(
        "sensor",
        "um",
        (1e-4, 1e4),
        0.1,
        "thinnest oil that is seen",
        Prior(None, 3.0, "sheen is 0.04 to 0.3 um thick (Bonn Agreement)"),
        "log",
    ),
    "source_east_km": Tunable(
        "oil",
        "km",
        (-500.0, 500.0),
        0.0,
        "how far east of its place in the case a point leaks",
        _PLACE,
    ),
    "source_north_km": Tunable(
        "oil",
        "km",
        (-500.0, 500.0),
        0.0,
        "how far north of its place in the case a point leaks",
        _PLACE,
    ),
    "source_start_hours": Tunable(
        "oil",
        "h",
        (-2400.0, 2400.0),
        0.0,
        "how much later than in the case a point starts to leak",
        Prior(
            None,
            5000.0,
            "all times within the bounds are alike: give those that are possible",
        ),
    ),
    "slick_age_hours": Tunable(
        "oil",
        "h",
        (0.0, 8760.0),
        None,
        "how long a slick seen has weathered when the run starts from it",
        Prior(
            None,
            12.0,
            "satellites pass each half day or so: an older slick would have been seen before",
        ),
    ),
}
"""Name -> description; the first seven are fields of `simulator.Parameters`.

New ones stand at the end: members of an ensemble draw in this order."""


def refuse_values(values: Mapping[str, Any]) -> None:
    """Refuse values of parameters that a run cannot have.

    Raises
    ------
    CaseError
        Where a name is unknown, or a value is no number or beyond its limits.
    """
    for name, value in values.items():
        if name not in TUNABLES:
            near = ", ".join(get_close_matches(name, TUNABLES, n=3, cutoff=0.0))
            raise CaseError(f"{name}: unknown parameter; expected one such as {near}")
        lowest, highest = TUNABLES[name].limits
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not (is_number and lowest <= float(value) <= highest):
            raise CaseError(f"{name}: found {value!r}, expected {within_limits(name)}")


def within_limits(name: str) -> str:
    """Return the limits of a parameter as messages have them."""
    lowest, highest = TUNABLES[name].limits
    units = TUNABLES[name].units
    return f"{lowest:g} to {highest:g}" + ("" if units == "1" else f" {units}")
