"""Oil on the coast in a run: by stretch and by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import wrapped
from simulator import SHORE_TYPE_NAMES
from witoil.scenario.scenario import Scenario
from witoil.times import second

OILED_FROM = 100.0
"""Oil from which coast counts as oiled: 100 g a metre. [kg km-1]"""

DAY = np.timedelta64(24, "h")

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OiledCoast:
    """The stretches of coast that any oil reaches in a run, the most oiled first.

    Stretches whose middle lies outside the area of the forcing are left out.

    Attributes
    ----------
    stretch : ndarray of int, shape (oiled,)
        Numbers of the stretches in `scenario.coast.shore`.
    longitude, latitude : ndarray, shape (oiled,)
        Middles. [degrees]
    length : ndarray, shape (oiled,)
        [m]
    shore_type : ndarray of str, shape (oiled,)
    times : ndarray of datetime64, shape (times,)
    mass, absorbed : ndarray, shape (oiled, times)
        All oil, and what of it the shore has absorbed. [kg]
    total_mass, total_absorbed : ndarray, shape (times,)
        The same on the whole coast, also on stretches whose middle lies outside the area. [kg]
    """

    stretch: NDArray[np.int64]
    longitude: _Floats
    latitude: _Floats
    length: _Floats
    shore_type: NDArray[np.str_]
    times: NDArray[np.datetime64]
    mass: _Floats
    absorbed: _Floats
    total_mass: _Floats
    total_absorbed: _Floats

    @classmethod
    def of_run(cls, scenario: Scenario, result: xr.Dataset) -> OiledCoast | None:
        """Return the oiled coast of a run, or None where no oil reaches the coast."""
        mass, absorbed = result["coast_mass"].values, result["coast_absorbed_mass"].values
        shore = scenario.coast.shore
        west, south, east, north = scenario.forcing.grid.box
        lon, lat = shore.longitude, shore.latitude
        # land is cut to a box a little wider, and the cuts look like coast
        within = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        oiled = np.flatnonzero(within & (mass > 0.0).any(axis=1))
        if not oiled.size:
            return None
        oiled = oiled[np.argsort(-mass[oiled].max(axis=1), kind="stable")]
        return cls(
            stretch=oiled,
            longitude=wrapped(lon[oiled]),
            latitude=lat[oiled],
            length=shore.length[oiled],
            shore_type=np.array(SHORE_TYPE_NAMES)[shore.shore_type[oiled] - 1],
            times=result["time"].values,
            mass=mass[oiled],
            absorbed=absorbed[oiled],
            total_mass=mass.sum(axis=0),
            total_absorbed=absorbed.sum(axis=0),
        )

    def lines(self, scenario: Scenario) -> list[BaseGeometry]:
        """Return the stretches in degrees, with longitudes as `longitude` has them."""
        shore = scenario.coast.shore
        # in a box across the dateline longitudes run on beyond 180 degrees
        turns = self.longitude - shore.longitude[self.stretch]
        turns = 360.0 * np.round(turns / 360.0)
        return [
            affinity.translate(line, xoff=turn)
            for line, turn in zip(shore.lines()[self.stretch], turns, strict=True)
        ]

    @property
    def per_km(self) -> _Floats:
        """Oil by the length of its stretch, shape (oiled, times). [kg km-1]"""
        return self.mass / np.maximum(1e-3 * self.length, 1e-3)[:, np.newaxis]

    @property
    def oiled_km(self) -> _Floats:
        """Length of coast with at least `OILED_FROM`, shape (times,). [km]"""
        return 1e-3 * np.asarray(self.length @ (self.per_km >= OILED_FROM), np.float64)

    def by_stretch(self) -> list[dict[str, Any]]:
        """Return a row for each stretch; the keys name the units."""
        per_km = self.per_km
        rows = []
        for k in range(self.stretch.size):
            first = self.times[np.argmax(self.mass[k] > 0.0)]
            rows.append(
                {
                    "lon": round(float(self.longitude[k]), 6),
                    "lat": round(float(self.latitude[k]), 6),
                    "length_m": round(float(self.length[k]), 1),
                    "shore_type": str(self.shore_type[k]),
                    "first_oiled": second(first),
                    "mass_kg": round(float(self.mass[k, -1]), 3),
                    "absorbed_kg": round(float(self.absorbed[k, -1]), 3),
                    "max_mass_kg": round(float(self.mass[k].max()), 3),
                    "kg_per_km": round(float(per_km[k, -1]), 3),
                }
            )
        return rows

    def by_day(self, start: np.datetime64) -> list[dict[str, Any]]:
        """Return a row for each 24 h after the start of the run, and one for its end.

        Each tells how it is at the last output until then.
        """
        oiled_km = self.oiled_km
        rows = []
        for day, k in self._days(start):
            mass, absorbed = 1e-3 * self.total_mass[k], 1e-3 * self.total_absorbed[k]
            rows.append(
                {
                    "day": day,
                    "time": second(self.times[k]),
                    "mass_t": round(float(mass), 6),
                    "loose_t": round(float(mass - absorbed), 6),
                    "absorbed_t": round(float(absorbed), 6),
                    "oiled_km": round(float(oiled_km[k]), 3),
                }
            )
        return rows

    def _days(self, start: np.datetime64) -> Iterable[tuple[float, int]]:
        """Yield days since the start, and the number of the last output until then."""
        last = float((self.times[-1] - start) / DAY)
        whole = np.arange(1, int(last) + 1)
        for day in sorted({*whole.astype(float).tolist(), last}):
            k = int(np.searchsorted(self.times, start + day * DAY.astype("m8[ns]"), "right")) - 1
            if k >= 0:
                yield round(day, 4), k
