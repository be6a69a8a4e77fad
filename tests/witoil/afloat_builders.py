"""Particles that lie in a square, and have been moved by a vector."""

import numpy as np
import xarray as xr

from simulator import Status
from simulator.oil import TEMPERATURE_15C


def cloud(scenario, *, side, thickness_um, moved):
    """Return a run of two outputs at sea, and the area of the square [km2]; `moved` in metres."""
    grid = scenario.grid
    rows, columns = grid.shape
    middle = np.array(
        [
            grid.west + 0.3 * columns * grid.resolution,
            grid.north - 0.5 * rows * grid.resolution,
        ]
    )
    each = (np.arange(40) + 0.5) / 40.0 - 0.5
    x, y = middle[:, np.newaxis] + side * np.stack(np.meshgrid(each, each)).reshape(2, -1)
    after = x + moved[0], y + moved[1]
    lon, lat = (
        np.stack(pair, axis=-1)
        for pair in zip(
            grid.to_degrees.transform(x, y), grid.to_degrees.transform(*after), strict=True
        )
    )
    density = scenario.oil.density(TEMPERATURE_15C)
    mass = np.full(lon.shape, 1e-6 * thickness_um * side**2 * density / x.size)
    both = ("trajectory", "time")
    times = scenario.start + np.array([0, 1]) * np.timedelta64(3600 * 10**9, "ns")
    made = xr.Dataset(
        {
            "status": (both, np.full(lon.shape, int(Status.AFLOAT), np.int8)),
            "mass": (both, mass),
        },
        coords={"lon": (both, lon), "lat": (both, lat), "time": times},
    )
    return made, side**2 / 1e6
