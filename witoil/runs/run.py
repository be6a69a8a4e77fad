"""What is known of a run once it lies in files, whichever model made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from shapely.geometry.base import BaseGeometry

from witoil.case.sensors import SensorKind, sensor_told
from witoil.times import datetime64

OBSERVED = "observed_"
"""How files begin that hold a slick seen, each with its time behind it."""


@dataclass(frozen=True)
class Seen:
    """A slick that was observed, as the run was scored against it.

    Attributes
    ----------
    time : datetime64
        UTC.
    outline : Polygon or MultiPolygon
        [degrees east, degrees north]
    name : str
        Of the file.
    sensor : str or None
        Kind of sensor that saw it; None where that is not known.
    """

    time: np.datetime64
    outline: BaseGeometry
    name: str
    sensor: SensorKind | None = None


@dataclass(frozen=True)
class Run:
    """A run that was made before.

    Attributes
    ----------
    path : Path
        Its folder, or the file of another model.
    model : str
        That made it: ``witoil``, ``MEDSLIK-II``, ``OpenDrift`` or ``PyGNOME``.
    command : str
        Of witoil that made it: ``simulate``, ``ensemble``, ``optimise``, ``forecast`` or ``trace``;
        ``simulate`` of other models.
    name : str
        Of the case.
    particles : Dataset or None
        In the layout of ``particles.nc``, dimensions (trajectory, time): ``lon``, ``lat``
        [degrees], ``status`` (see `simulator.Status`), and as far as they are known ``mass`` [kg],
        ``z`` [m] and ``thickness`` [m]. Longitudes go on beyond 180 where the particles cross it.
        Read when they are used. None of ensembles, forecasts, traces, and searches over several
        windows, whose runs lie in ``best/<window>``.
    resolution : float
        Cells of the grid on which slicks are compared, as the run says; of other models what a
        case has by default. [m]
    summary : mapping
        What the run wrote of itself: ``summary.json``, ``study.json``, ``ensemble.json`` or
        ``trace.json``; empty of other models.
    seen : tuple of Seen
        In time order.
    density : float or None
        Of the oil without water, by which masses become thickness; None where the run does not
        say. [kg m-3]
    remarks : tuple of str
        What was odd in what was read, or taken for granted.
    """

    path: Path
    model: str
    command: str
    name: str
    particles: xr.Dataset | None
    resolution: float
    summary: Mapping[str, Any]
    seen: tuple[Seen, ...] = ()
    density: float | None = None
    remarks: tuple[str, ...] = ()

    def sensor_at(self, time: np.datetime64) -> SensorKind | None:
        """Return the kind of sensor by which a slick was seen in the run's case.

        Of particles alone only the case tells it, and only where it gives the time.

        Parameters
        ----------
        time : datetime64
            UTC.
        """
        told = [each.sensor for each in self.seen if each.time == time]
        case = self.summary.get("case") or {}
        for observation in case.get("observation", []):
            given = observation.get("time")
            if given and datetime64(datetime.fromisoformat(given)) == time:
                told.append(sensor_told(observation))
        return next((kind for kind in told if kind is not None), None)

    @property
    def parameters(self) -> dict[str, float]:
        """Tunable parameters as they were in the run, those of the best one of a search."""
        best = self.summary.get("best")
        told = best if isinstance(best, Mapping) else self.summary
        return dict(told.get("parameters", {}))
