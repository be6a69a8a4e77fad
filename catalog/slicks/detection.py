"""A slick as one sensor saw it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.slicks.slick import Slick

EARTH_KM = 6371.0
"""Radius of the sphere on which distances of events are taken. [km]"""


@dataclass(frozen=True)
class Detection:
    """One slick seen by one sensor.

    Attributes
    ----------
    identifier : str
        ``20210824-0810-SYR-PL-A-01-S3``, or the name of the file.
    slick : Slick
    sensor, quality, cause, country : str or None
        Satellite; class of the detection (A is the surest); what it comes from; ISO 3166 alpha-3.
    volume_m3 : tuple of float or None
        Least and greatest estimate; the greatest is NaN where only the least is given. [m3]
    source : tuple of float or None
        Longitude and latitude of where it comes from, if that was seen. [degrees]
    files : tuple of str
    event : str or None
        Of which event it is said to be.
    """

    identifier: str
    slick: Slick
    sensor: str | None = None
    quality: str | None = None
    cause: str | None = None
    country: str | None = None
    volume_m3: tuple[float, float] | None = None
    source: tuple[float, float] | None = None
    files: tuple[str, ...] = ()
    event: str | None = None

    @property
    def time(self) -> datetime:
        """When it was seen, UTC; only of detections whose time is known."""
        assert self.slick.time is not None
        return self.slick.time

    @property
    def area_km2(self) -> float:
        """Area of its polygons. [km2]"""
        return self.slick.area_km2
