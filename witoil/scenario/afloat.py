"""The oil afloat at a time of a run: where its middle is, how large and how thick it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import Geod

import simulator
from catalog.antimeridian import wrapped
from simulator.oil import TEMPERATURE_15C
from witoil.scenario.scenario import Scenario
from witoil.scenario.verification import Mask, VerificationGrid

SAMPLE = 4000
"""Particles of which `middles_of` is made: positions of all take seconds to project."""

_NEEDED = ("status", "lon", "lat", "mass")
"""What `thickness_afloat` reads of particles."""

_WGS84 = Geod(ellps="WGS84")


def thickness_at(
    scenario: Scenario, result: xr.Dataset, time: np.datetime64
) -> NDArray[np.float64]:
    """Return the thickness of the oil afloat on the verification grid at an output time. [m]"""
    at = result[[*_NEEDED]].sel(time=time)  # of all that a run has it would take twice as long
    return thickness_afloat(at, scenario.grid, scenario.oil.density(TEMPERATURE_15C))


def thickness_afloat(at: xr.Dataset, grid: VerificationGrid, density: float) -> NDArray[np.float64]:
    """Return the thickness of the oil afloat in each cell.

    Parameters
    ----------
    at : Dataset
        Particles at one time: `status`, `lon`, `lat` [degrees] and `mass` [kg].
    grid : VerificationGrid
    density : float
        Of the oil without its water. [kg m-3]

    Returns
    -------
    ndarray, shape of the grid
        [m]
    """
    afloat = at["status"].values == simulator.Status.AFLOAT
    column, row = grid.cells(at["lon"].values[afloat], at["lat"].values[afloat])
    return simulator.oil_thickness(
        column,
        row,
        at["mass"].values[afloat],
        grid.shape,
        cell_area=grid.resolution**2,
        density=density,
    )


def slick_of(scenario: Scenario, thickness: NDArray[np.float64], detection_limit_um: float) -> Mask:
    """Return the slick that a sensor would see of a thickness [m]: thick enough, and at sea."""
    return simulator.slick_mask(thickness, 1e-6 * detection_limit_um) & ~scenario.land


@dataclass(frozen=True)
class Afloat:
    """The oil afloat at a time, as a sensor would see it.

    Attributes
    ----------
    time : datetime64
        UTC.
    lon, lat : float
        Of the middle of its mass. [degrees]
    area_km2 : float
        Of the cells above the detection limit.
    mean_thickness_um, greatest_thickness_um : float
        Over these cells; the field is smoothed where particles are few. [um]
    travelled_km : float
        From the middle of where this oil was at its first output.
    bearing_deg : float
        Of that way, clockwise from north.
    """

    time: np.datetime64
    lon: float
    lat: float
    area_km2: float
    mean_thickness_um: float
    greatest_thickness_um: float
    travelled_km: float
    bearing_deg: float

    @classmethod
    def at(
        cls,
        scenario: Scenario,
        result: xr.Dataset,
        time: np.datetime64,
        detection_limit_um: float,
    ) -> Afloat | None:
        """Return what is afloat at an output time; None where nothing is.

        Parameters
        ----------
        scenario : Scenario
        result : Dataset
            From `witoil.scenario.run.run`.
        time : datetime64
            At that of an observation it is seen by its sensor.
        detection_limit_um : float
            Of radar. [um]
        """
        at = result.sel(time=time)
        afloat = at["status"].values == simulator.Status.AFLOAT
        mass = np.where(afloat, at["mass"].values, 0.0)
        if not mass.sum() > 0.0:
            return None
        to_metres, to_degrees = scenario.grid.to_metres.transform, scenario.grid.to_degrees
        now = to_metres(at["lon"].values[afloat], at["lat"].values[afloat])
        # means of longitudes would be wrong across 180 degrees and near the poles
        lon, lat = to_degrees.transform(*(np.average(v, weights=mass[afloat]) for v in now))
        then = to_metres(*_first_positions(result.isel(trajectory=np.flatnonzero(afloat))))
        from_ = to_degrees.transform(*(np.average(v, weights=mass[afloat]) for v in then))
        bearing, _, metres = _WGS84.inv(from_[0], from_[1], lon, lat)
        thickness = thickness_at(scenario, result, time)
        cells = slick_of(scenario, thickness, scenario.times_as_thick(time) * detection_limit_um)
        seen = thickness[cells]
        return cls(
            time=time,
            lon=float(wrapped(lon)),
            lat=float(lat),
            area_km2=scenario.grid.area_km2(cells),
            mean_thickness_um=float(1e6 * seen.mean()) if seen.size else 0.0,
            greatest_thickness_um=float(1e6 * seen.max(initial=0.0)),
            travelled_km=1e-3 * metres,
            bearing_deg=float(bearing % 360.0),
        )


def _first_positions(result: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude of particles at the first output that they are in."""
    lon, lat = result["lon"].values, result["lat"].values
    first = np.argmax(np.isfinite(lon), axis=1)[:, np.newaxis]
    return np.take_along_axis(lon, first, 1)[:, 0], np.take_along_axis(lat, first, 1)[:, 0]


def middles_of(scenario: Scenario, result: xr.Dataset) -> NDArray[np.float64]:
    """Return the middle of the oil afloat at each output time, shape (times, 2). [degrees]

    NaN where nothing is afloat. Longitudes are those of the particles, without a break. It is that
    of `SAMPLE` particles, evenly taken over all releases.
    """
    result = result.isel(trajectory=slice(None, None, max(result.sizes["trajectory"] // SAMPLE, 1)))
    afloat = result["status"].values == simulator.Status.AFLOAT
    mass = np.where(afloat, result["mass"].values, 0.0)
    whole = mass.sum(axis=0)
    x, y = scenario.grid.to_metres.transform(result["lon"].values, result["lat"].values)
    with np.errstate(invalid="ignore"):
        means = [(mass * np.where(afloat, v, 0.0)).sum(axis=0) / whole for v in (x, y)]
    known = whole > 0.0
    middles = np.full((whole.size, 2), np.nan)
    lon, lat = scenario.grid.to_degrees.transform(*(mean[known] for mean in means))
    box = scenario.forcing.grid.box
    turns = np.round((0.5 * (box[0] + box[2]) - np.asarray(lon)) / 360.0)
    middles[known] = np.stack([lon + 360.0 * turns, lat], axis=-1)
    return middles
