"""A detection of a slick as JSON has it: from the process that reads a file to the database."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from shapely.geometry import mapping

from witoil.times import exact

if TYPE_CHECKING:
    from catalog.slicks.detection import Detection


def document_of(detection: Detection) -> dict[str, Any]:
    """Return what is known of a detection, with the names that features of observations have.

    Parameters
    ----------
    detection : Detection

    Returns
    -------
    dict
        ``geometry``, as GeoJSON in longitudes without a break [degrees]; ``time``, ISO 8601 or
        None; ``properties``.
    """
    time = detection.slick.time
    least, most = (None, None) if detection.volume_m3 is None else detection.volume_m3
    moment = None if time is None else exact(time)
    return {
        "geometry": mapping(detection.slick.geometry),
        "time": moment,
        "properties": {
            "name": detection.identifier,
            "type": "unknown",
            "class": detection.quality,
            "source": detection.cause,
            "verdict": "unchecked",
            "sensor": detection.sensor,
            "country": detection.country,
            "area_m2": 1e6 * detection.area_km2,
            "volume_min_m3": least,
            "volume_max_m3": None if most is None or math.isnan(most) else most,
            "time": moment,
        },
    }
