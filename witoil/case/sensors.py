"""How thin oil may be that a kind of sensor still sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SensorKind = Literal["sar", "sunglint", "optical"]


@dataclass(frozen=True)
class Detection:
    """What a kind of sensor sees of oil.

    Attributes
    ----------
    limit_um : float
        Thinnest oil that it sees, about. [um]
    reason : str
        Where the number comes from.
    """

    limit_um: float
    reason: str


SENSORS: dict[SensorKind, Detection] = {
    "sar": Detection(
        0.1,
        "films of some 0.1 um damp the short waves that radar sees (MacDonald et al. 2015)",
    ),
    "sunglint": Detection(
        0.1,
        "in sunglint a camera sees the same waves, and so the same films (Hu et al. 2009)",
    ),
    "optical": Detection(
        5.0,
        "outside sunglint thin films have no contrast (Sun and Hu 2016): a judgement, oil that is "
        "thick enough to be metallic (Bonn Agreement)",
    ),
}
"""Kind of sensor -> what it sees.

References
----------
MacDonald, I. R. et al. (2015). Natural and unnatural oil slicks in the Gulf of Mexico. Journal of
Geophysical Research: Oceans, 120, 8364-8380. https://doi.org/10.1002/2015JC011062

Hu, C. et al. (2009). Detection of natural oil slicks in the NW Gulf of Mexico using MODIS imagery.
Geophysical Research Letters, 36, L01604. https://doi.org/10.1029/2008GL036119

Sun, S. and Hu, C. (2016). Sun glint requirement for the remote detection of surface oil films.
Geophysical Research Letters, 43, 309-316. https://doi.org/10.1002/2015GL066884
"""


def times_as_thick(sensor: SensorKind | None) -> float:
    """Return how many times as thick as for radar oil must be that a sensor sees.

    Of a sensor that is not known nothing is supposed: 1. [1]
    """
    return 1.0 if sensor is None else SENSORS[sensor].limit_um / SENSORS["sar"].limit_um
