"""How thin oil may be that a kind of sensor still sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

SensorKind = Literal["sar", "sunglint", "optical"]

THINNEST_UM: dict[SensorKind, float] = {"sar": 0.1, "sunglint": 0.1, "optical": 5.0}
"""Kind of sensor -> thinnest oil that it sees, about. [um]

Films of some 0.1 um damp the short waves that radar sees (MacDonald et al. 2015), and a camera sees
the same waves in sunglint (Hu et al. 2009). Outside it thin films have no contrast (Sun and Hu
2016): 5 um, where oil becomes metallic by the code of the Bonn Agreement, is a judgement.

References
----------
MacDonald, I. R. et al. (2015). Natural and unnatural oil slicks in the Gulf of Mexico. Journal of
Geophysical Research: Oceans, 120, 8364-8380. https://doi.org/10.1002/2015JC011062

Hu, C. et al. (2009). Detection of natural oil slicks in the NW Gulf of Mexico using MODIS imagery.
Geophysical Research Letters, 36, L01604. https://doi.org/10.1029/2008GL036119

Sun, S. and Hu, C. (2016). Sun glint requirement for the remote detection of surface oil films.
Geophysical Research Letters, 43, 309-316. https://doi.org/10.1002/2015GL066884
"""


def sensor_told(attributes: Mapping[str, Any]) -> SensorKind | None:
    """Return the kind of sensor that the attributes of a mask tell; None where they do not.

    It is told by ``sensor``, in whatever case: ``sar``, ``sunglint`` or ``optical``. The name of a
    satellite is not enough, since it does not tell on which side of the glint a slick lay.
    """
    told = [
        str(value).strip().lower() for key, value in attributes.items() if key.lower() == "sensor"
    ]
    return next((kind for kind in THINNEST_UM if kind in told), None)


def times_as_thick(sensor: SensorKind | None) -> float:
    """Return how many times as thick as for radar oil must be that a sensor sees.

    Of a sensor that is not known nothing is supposed: 1. [1]
    """
    return 1.0 if sensor is None else THINNEST_UM[sensor] / THINNEST_UM["sar"]
