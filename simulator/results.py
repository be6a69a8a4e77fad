"""Results of a run as CF trajectories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.forcing import Forcing
from simulator.grid import FloatArray
from simulator.release import Particles
from simulator.status import Status

Snapshot = tuple[FloatArray, FloatArray, NDArray[np.int8]]


def to_dataset(
    forcing: Forcing,
    particles: Particles,
    times: NDArray[np.datetime64],
    snapshots: Sequence[Snapshot],
) -> xr.Dataset:
    """Return trajectories in the CF layout, dimensions (trajectory, time).

    Variables
    ---------
    lon, lat : float64
        Missing before the release. [degrees]
    status : int8
        One of `Status`.
    mass : float64, (trajectory,)
        Oil that a particle stands for. [kg]
    release : int32, (trajectory,)
        Number of its release, from 0.
    """
    shape = (particles.size, len(times))
    lon, lat, status = np.empty(shape), np.empty(shape), np.empty(shape, np.int8)
    for k, (x, y, state) in enumerate(snapshots):
        lon[:, k], lat[:, k] = forcing.grid.to_degrees(x, y)
        status[:, k] = state
    hidden = status == Status.UNRELEASED
    lon[hidden] = np.nan
    lat[hidden] = np.nan
    flags = np.array([s.value for s in Status], np.int8)
    return xr.Dataset(
        {
            "status": (
                ("trajectory", "time"),
                status,
                {
                    "long_name": "what the particle is doing",
                    "flag_values": flags,
                    "flag_meanings": " ".join(s.name.lower() for s in Status),
                },
            ),
            "mass": (
                ("trajectory",),
                particles.mass,
                {"long_name": "mass of oil that the particle stands for", "units": "kg"},
            ),
            "release": (
                ("trajectory",),
                particles.release_number,
                {"long_name": "number of the release that the particle belongs to"},
            ),
        },
        coords={
            "lon": (
                ("trajectory", "time"),
                lon,
                {"standard_name": "longitude", "units": "degrees_east", "long_name": "longitude"},
            ),
            "lat": (
                ("trajectory", "time"),
                lat,
                {"standard_name": "latitude", "units": "degrees_north", "long_name": "latitude"},
            ),
            "time": ("time", times, {"standard_name": "time", "long_name": "time"}),
            "trajectory": (
                "trajectory",
                np.arange(particles.size, dtype=np.int32),
                {"cf_role": "trajectory_id", "long_name": "number of the particle"},
            ),
        },
    )
