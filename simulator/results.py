"""Results of a run as CF trajectories."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.grid import FloatArray, Grid
from simulator.release import Particles
from simulator.status import Status


class Recorder:
    """Keeps the particles at the output times of a run.

    Parameters
    ----------
    particles : Particles
    times : ndarray of datetime64, shape (times,)
        Output times.
    """

    def __init__(self, particles: Particles, times: NDArray[np.datetime64]) -> None:
        shape = (len(times), particles.size)
        self._particles = particles
        self._times = times
        self._lon = np.empty(shape)
        self._lat = np.empty(shape)
        self._status = np.empty(shape, np.int8)
        self._count = 0

    def record(self, x: FloatArray, y: FloatArray, status: NDArray[np.int8], grid: Grid) -> None:
        """Keep positions [grid cells] and status at the next output time."""
        k = self._count
        self._lon[k], self._lat[k] = grid.to_degrees(x, y)
        self._status[k] = status
        hidden = status == Status.UNRELEASED
        self._lon[k, hidden] = np.nan
        self._lat[k, hidden] = np.nan
        self._count += 1

    def to_dataset(self) -> xr.Dataset:
        """Return trajectories in the CF layout, dimensions (trajectory, time).

        Variables are `status` (int8, one of `Status`), `mass` (trajectory) of the oil that a
        particle stands for [kg], and `release` (trajectory), the number of its release from 0;
        coordinates `lon` and `lat` (float64, missing before the release) [degrees].
        """
        flags = np.array([s.value for s in Status], np.int8)
        return xr.Dataset(
            {
                "status": (
                    ("trajectory", "time"),
                    self._status.T,
                    {
                        "long_name": "what the particle is doing",
                        "flag_values": flags,
                        "flag_meanings": " ".join(s.name.lower() for s in Status),
                    },
                ),
                "mass": (
                    ("trajectory",),
                    self._particles.mass,
                    {"long_name": "mass of oil that the particle stands for", "units": "kg"},
                ),
                "release": (
                    ("trajectory",),
                    self._particles.release_number,
                    {"long_name": "number of the release that the particle belongs to"},
                ),
            },
            coords={
                "lon": (
                    ("trajectory", "time"),
                    self._lon.T,
                    {
                        "standard_name": "longitude",
                        "units": "degrees_east",
                        "long_name": "longitude",
                    },
                ),
                "lat": (
                    ("trajectory", "time"),
                    self._lat.T,
                    {
                        "standard_name": "latitude",
                        "units": "degrees_north",
                        "long_name": "latitude",
                    },
                ),
                "time": ("time", self._times, {"standard_name": "time", "long_name": "time"}),
                "trajectory": (
                    "trajectory",
                    np.arange(self._particles.size, dtype=np.int32),
                    {"cf_role": "trajectory_id", "long_name": "number of the particle"},
                ),
            },
        )
