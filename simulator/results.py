"""Results of a run: CF trajectories, the mass balance, and the oil on the coast."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.grid import FloatArray, Grid
from simulator.kernels.state import Elements
from simulator.release import Particles
from simulator.shore import Shore
from simulator.status import Status

FATES = ("floating", "evaporated", "dispersed", "beached", "sunk", "left_domain")
"""Where released oil is, at any time; the masses add up to what was released."""

TRAJECTORY_VARIABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "mass": ("f8", {"long_name": "mass of oil that the particle still stands for", "units": "kg"}),
    "z": (
        "f4",
        {
            "standard_name": "height",
            "long_name": "height above the sea surface, negative under water",
            "units": "m",
            "positive": "up",
        },
    ),
    "water_fraction": ("f4", {"long_name": "volume of water in the emulsion", "units": "1"}),
    "viscosity": (
        "f4",
        {"long_name": "kinematic viscosity of the oil with its water", "units": "m2 s-1"},
    ),
    "density": ("f4", {"long_name": "density of the oil with its water", "units": "kg m-3"}),
    "thickness": (
        "f4",
        {"long_name": "thickness of the oil, its water left out, in its slick", "units": "m"},
    ),
}
"""What is kept of each particle at each output time beside position and status."""

_PROPERTIES = ("water_fraction", "viscosity", "density", "thickness")
"""Of oil: missing where a particle has none left."""


class Recorder:
    """Keeps the particles, the mass balance and the oiled coast at the output times of a run.

    Parameters
    ----------
    particles : Particles
    times : ndarray of datetime64, shape (times,)
        Output times.
    grid : Grid
    shore : Shore
    volume_per_mass : ndarray, shape (components,)
        Of the oil. [m3 kg-1]
    weathering : bool
        Whether to keep what only weathering changes.
    """

    def __init__(
        self,
        particles: Particles,
        times: NDArray[np.datetime64],
        grid: Grid,
        shore: Shore,
        volume_per_mass: FloatArray,
        weathering: bool,
    ) -> None:
        shape = (len(times), particles.size)
        self._particles = particles
        self._times = times
        self._grid = grid
        self._shore = shore
        self._volume_per_mass = volume_per_mass
        self._lon = np.empty(shape)
        self._lat = np.empty(shape)
        self._status = np.empty(shape, np.int8)
        names = ("mass", *(("z", *_PROPERTIES) if weathering else ()))
        self._kept = {name: np.empty(shape, TRAJECTORY_VARIABLES[name][0]) for name in names}
        self._fates = {name: np.zeros(len(times)) for name in ("released", *FATES)}
        self._loose = np.empty((len(times), shore.length.size))
        self._absorbed = np.empty((len(times), shore.length.size))
        self._count = 0

    def record(self, elements: Elements, absorbed_by_stretch: FloatArray) -> None:
        """Keep the elements, and what the shore has absorbed [kg], at the next output time."""
        k = self._count
        mass = elements.component_mass.sum(axis=0)
        self._lon[k], self._lat[k] = self._grid.to_degrees(elements.x, elements.y)
        self._status[k] = elements.status
        hidden = elements.status == Status.UNRELEASED
        self._lon[k, hidden] = np.nan
        self._lat[k, hidden] = np.nan
        state = {
            "mass": mass,
            "z": elements.z,
            "water_fraction": elements.water_fraction,
            "viscosity": elements.viscosity,
            "density": elements.density,
        }
        if "thickness" in self._kept:
            volume = self._volume_per_mass @ elements.component_mass * elements.parts
            state["thickness"] = volume / (elements.thick_area + elements.thin_area)
        for name, values in self._kept.items():
            values[k] = state[name]
            if name != "mass":
                values[k, hidden] = np.nan
            if name in _PROPERTIES:
                values[k, mass == 0.0] = np.nan
        self._record_fates(k, elements, mass)
        ashore = elements.status == Status.BEACHED
        self._loose[k] = np.bincount(
            elements.stretch[ashore], mass[ashore], minlength=self._shore.length.size
        )
        self._absorbed[k] = absorbed_by_stretch
        self._count += 1

    def _record_fates(self, k: int, elements: Elements, mass: FloatArray) -> None:
        by_status = np.bincount(elements.status, weights=mass, minlength=len(Status))
        released = elements.status != Status.UNRELEASED
        fates = {
            "released": elements.initial_mass[released].sum(),
            "floating": by_status[Status.AFLOAT],
            "evaporated": elements.evaporated_mass.sum(),
            "dispersed": by_status[Status.SUBMERGED],
            "beached": by_status[Status.BEACHED] + elements.absorbed_mass.sum(),
            "sunk": by_status[Status.SUNK],
            "left_domain": by_status[Status.LEFT_DOMAIN],
        }
        for name, value in fates.items():
            self._fates[name][k] = value

    def to_dataset(self) -> xr.Dataset:
        """Return everything that was kept.

        Trajectories in the CF layout, dimensions (trajectory, time): `status` (int8, one of
        `Status`), `TRAJECTORY_VARIABLES` (missing before the release but for the mass, and those
        of the oil where none is left; those of weathered oil only where it weathers), and
        `release` (trajectory), the number of its release from 0;
        coordinates `lon` and `lat` (float64, missing before the release) [degrees].

        The mass balance (time): `released_mass` and one `<fate>_mass` for each of `FATES` [kg].

        The coast (stretch, time): `coast_mass`, loose and absorbed together, and of this
        `coast_absorbed_mass` [kg], with the coordinates `stretch_length` [m], `stretch_lon`,
        `stretch_lat` [degrees], and `stretch_type`.
        """
        return xr.Dataset(
            self._trajectories() | self._balance() | self._coast_variables(),
            coords=self._coordinates(),
        )

    def _trajectories(self) -> dict[str, Any]:
        flags = np.array([s.value for s in Status], np.int8)
        both = ("trajectory", "time")
        status = {
            "long_name": "what the particle is doing",
            "flag_values": flags,
            "flag_meanings": " ".join(s.name.lower() for s in Status),
        }
        release = {"long_name": "number of the release that the particle belongs to"}
        return {
            "status": (both, self._status.T, status),
            "release": (("trajectory",), self._particles.release_number, release),
        } | {
            name: (both, values.T, TRAJECTORY_VARIABLES[name][1])
            for name, values in self._kept.items()
        }

    def _balance(self) -> dict[str, Any]:
        return {
            f"{name}_mass": (
                ("time",),
                values,
                {"long_name": f"mass of oil {name.replace('_', ' ')}", "units": "kg"},
            )
            for name, values in self._fates.items()
        }

    def _coast_variables(self) -> dict[str, Any]:
        both = ("stretch", "time")
        held = {"long_name": "mass of oil on a stretch of coast", "units": "kg"}
        taken = {"long_name": "mass of oil that a stretch of coast has absorbed", "units": "kg"}
        return {
            "coast_mass": (both, (self._loose + self._absorbed).T, held),
            "coast_absorbed_mass": (both, self._absorbed.T, taken),
        }

    def _coordinates(self) -> dict[str, Any]:
        shore = self._shore
        both = ("trajectory", "time")
        lon = {"standard_name": "longitude", "units": "degrees_east", "long_name": "longitude"}
        lat = {"standard_name": "latitude", "units": "degrees_north", "long_name": "latitude"}
        return {
            "lon": (both, self._lon.T, lon),
            "lat": (both, self._lat.T, lat),
            "time": ("time", self._times, {"standard_name": "time", "long_name": "time"}),
            "trajectory": (
                "trajectory",
                np.arange(self._particles.size, dtype=np.int32),
                {"cf_role": "trajectory_id", "long_name": "number of the particle"},
            ),
            "stretch_length": ("stretch", shore.length, {"long_name": "length", "units": "m"}),
            "stretch_lon": ("stretch", shore.longitude, lon),
            "stretch_lat": ("stretch", shore.latitude, lat),
            "stretch_type": ("stretch", shore.shore_type, {"long_name": "type of shore"}),
        }
