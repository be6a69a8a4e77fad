"""Results of a run: CF trajectories, the mass balance, and the oil on the coast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.elements import Elements
from simulator.errors import SimulatorError
from simulator.grid import FloatArray, Grid
from simulator.kernels.variables import DERIVED, VARIABLES
from simulator.release import Particles
from simulator.shore import Shore
from simulator.status import Status

FATES = ("floating", "evaporated", "dispersed", "beached", "sunk", "left_domain")
"""Where released oil is, at any time; the masses add up to what was released."""

WRITTEN = {variable.name: variable for variable in (*VARIABLES, *DERIVED) if variable.written}
"""What is kept of each particle at each output time beside its position."""

_ALWAYS = ("status", "mass")
"""Those of `WRITTEN` that a particle has before its release, and where nothing weathers."""


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
        names = WRITTEN if weathering else _ALWAYS
        self._kept = {name: np.empty(shape, WRITTEN[name].written) for name in names}
        self._fates = {name: np.zeros(len(times)) for name in ("released", *FATES)}
        self._loose = np.empty((len(times), shore.length.size))
        self._absorbed = np.empty((len(times), shore.length.size))
        self._count = self._told = 0

    def record(self, elements: Elements, absorbed_by_stretch: FloatArray) -> None:
        """Keep the elements, and what the shore has absorbed [kg], at the next output time."""
        k = self._count
        masses, status = elements["component_mass"], elements["status"]
        derived = {"mass": masses.sum(axis=0)}
        self._lon[k], self._lat[k] = self._grid.to_degrees(elements["x"], elements["y"])
        hidden = status == Status.UNRELEASED
        self._lon[k, hidden] = np.nan
        self._lat[k, hidden] = np.nan
        if "thickness" in self._kept:
            volume = self._volume_per_mass @ masses * elements["parts"]
            derived["thickness"] = volume / (elements["thick_area"] + elements["thin_area"])
        for name, values in self._kept.items():
            values[k] = derived[name] if name in derived else elements[name]
            if name not in _ALWAYS:
                values[k, hidden] = np.nan
            if WRITTEN[name].of_oil:
                values[k, derived["mass"] == 0.0] = np.nan
        self._record_fates(k, elements, derived["mass"])
        ashore = status == Status.BEACHED
        self._loose[k] = np.bincount(
            elements["stretch"][ashore],
            derived["mass"][ashore],
            minlength=self._shore.length.size,
        )
        self._absorbed[k] = absorbed_by_stretch
        self._count += 1

    def _record_fates(self, k: int, elements: Elements, mass: FloatArray) -> None:
        by_status = np.bincount(elements["status"], weights=mass, minlength=len(Status))
        released = elements["status"] != Status.UNRELEASED
        fates = {
            "released": elements["initial_mass"][released].sum(),
            "floating": by_status[Status.AFLOAT],
            "evaporated": elements["evaporated_mass"].sum(),
            "dispersed": by_status[Status.SUBMERGED],
            "beached": by_status[Status.BEACHED] + elements["absorbed_mass"].sum(),
            "sunk": by_status[Status.SUNK],
            "left_domain": by_status[Status.LEFT_DOMAIN],
        }
        for name, value in fates.items():
            self._fates[name][k] = value

    @property
    def count(self) -> int:
        """Number of output times at which something was kept so far."""
        return self._count

    def news(self) -> dict[str, NDArray[Any]]:
        """Return what was kept since it was asked for last, to be taken over by another."""
        now, self._told = slice(self._told, self._count), self._count
        return {name: values[now].copy() for name, values in self._by_time().items()}

    def take_over(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Keep what `news` told, at the next output times.

        Raises
        ------
        SimulatorError
            Where it is of another run.
        """
        begin, arrays = self._count, self._by_time()
        rooms = {name: values[begin:] for name, values in arrays.items()}
        count = len(next(iter(kept.values()), ()))
        if {n: (count, *r.shape[1:]) for n, r in rooms.items()} != {
            n: v.shape for n, v in kept.items()
        } or any(count > len(room) for room in rooms.values()):
            raise SimulatorError(
                "what was recorded before is of another run; expected the same particles, coast "
                "and output times"
            )
        for name, values in kept.items():
            rooms[name][:count] = values
        self._count += count
        self._told = self._count

    def _by_time(self) -> dict[str, NDArray[Any]]:
        """Return all arrays that have a row for each output time."""
        fates = {f"{name}_mass": values for name, values in self._fates.items()}
        return {
            "lon": self._lon,
            "lat": self._lat,
            "coast_loose": self._loose,
            "coast_absorbed": self._absorbed,
            **self._kept,
            **fates,
        }

    def to_dataset(self) -> xr.Dataset:
        """Return everything that was kept.

        Trajectories in the CF layout, dimensions (trajectory, time): `WRITTEN` (missing before the
        release but for status and mass, and those of the oil where none is left; where nothing
        weathers, status and mass only), and `release` (trajectory), the number of its release
        from 0;
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
        both = ("trajectory", "time")
        data: dict[str, Any] = {
            name: (both, values.T, WRITTEN[name].cf) for name, values in self._kept.items()
        }
        data["status"][2]["flag_values"] = np.array([s.value for s in Status], np.int8)
        data["status"][2]["flag_meanings"] = " ".join(s.name.lower() for s in Status)
        release = {"long_name": "number of the release that the particle belongs to"}
        data["release"] = (("trajectory",), self._particles.release_number, release)
        return data

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
