"""Runs made by hand, for the tests of pages and films."""

from pathlib import Path

import numpy as np
import shapely
import xarray as xr

from simulator import Status
from witoil.player.coast import Land
from witoil.runs.run import Run, Seen

START = np.datetime64("2025-06-01T06:00", "ns")
HOUR = np.timedelta64(3600, "s")

ISLAND = Land(shapely.box(19.666, 36.57, 19.72, 36.62), (19.0, 36.0, 20.5, 37.0))
OPEN_SEA = Land(shapely.Polygon(), (-360.0, -90.0, 360.0, 90.0))


def particles_of(lon, lat, status=None, mass=None, z=None):
    """Return particles in the layout of a run; arrays of (trajectory, time)."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    if status is None:
        status = np.where(np.isfinite(lon), Status.AFLOAT, Status.UNRELEASED)
    both = ("trajectory", "time")
    data = {"lon": (both, lon), "lat": (both, lat), "status": (both, np.asarray(status, np.int8))}
    if mass is not None:
        data["mass"] = (both, np.asarray(mass, np.float32))
    if z is not None:
        data["z"] = (both, np.asarray(z, np.float32))
    times = START + HOUR * np.arange(lon.shape[1])
    return xr.Dataset(data, {"time": times}).set_coords(["lon", "lat"])


def run_of(particles, path=Path("somewhere"), **changes):
    given = {
        "model": "witoil",
        "command": "simulate",
        "name": "a spill",
        "resolution": 150.0,
        "summary": {},
        "density": 900.0,
    }
    return Run(path=path, particles=particles, **(given | changes))


def drifting(count=60, times=7):
    """Return a run whose particles drift east, beach in part, and are let out in part later.

    Particle 0 starts alone in the south-west and sinks; half the others are released at the second
    time; those of the north beach at the last.
    """
    k = np.arange(count)[:, np.newaxis]
    t = np.arange(times)[np.newaxis, :]
    lon = 19.60 + 0.01 * t + 0.0005 * (k % 10)
    lat = 36.58 + 0.0005 * (k // 10) + 0.0 * t
    mass = 50.0 * 0.98**t + 0.0 * k
    status = np.full((count, times), Status.AFLOAT)
    status[40:, -1] = Status.BEACHED
    z = np.zeros((count, times))
    lon[0], lat[0] = 19.60, 36.56
    status[0, 1:], z[0, 1:] = Status.SUBMERGED, -12.5
    later = slice(1, None, 2)
    status[later, 0] = Status.UNRELEASED
    lon[later, 0] = lat[later, 0] = np.nan
    mass[later, 0] = np.nan
    seen = Seen(START + 3 * HOUR, shapely.box(19.62, 36.575, 19.65, 36.59), "mask.tif")
    return run_of(particles_of(lon, lat, status, mass, z), seen=(seen,))
