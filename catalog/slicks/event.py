"""A spill: what was seen of it, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.antimeridian import box_of
from catalog.grid import Box
from catalog.slicks.detection import Detection


@dataclass(frozen=True)
class Event:
    """A spill, as it was seen.

    Attributes
    ----------
    identifier : str
    detections : tuple of Detection
        In the order of their times.
    missing : str
        What has to be known of it first; nothing of a spill whose times are known.
    """

    identifier: str
    detections: tuple[Detection, ...]
    missing: str = ""

    @property
    def start(self) -> datetime:
        """When it was seen first, UTC."""
        return self.detections[0].time

    @property
    def end(self) -> datetime:
        """When it was seen last, UTC."""
        return self.detections[-1].time

    @property
    def box(self) -> Box:
        """West, south, east, north of all slicks; east below west across 180. [degrees]"""
        return box_of([d.slick.geometry for d in self.detections])

    def scenes(self) -> list[tuple[Detection, ...]]:
        """Return what was seen at each time, together."""
        times = dict.fromkeys(d.time for d in self.detections)
        return [tuple(d for d in self.detections if d.time == time) for time in times]
