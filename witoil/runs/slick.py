"""The slick that a sensor would see in a run, whichever model made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

import catalog
import simulator
from catalog.antimeridian import moved, turn_between, unbroken_box
from simulator import Status
from witoil.case.sensors import THINNEST_UM, SensorKind, times_as_thick
from witoil.case.tunables import TUNABLES, refuse_values
from witoil.errors import WitoilError
from witoil.runs.run import Run
from witoil.scenario.afloat import thickness_afloat
from witoil.scenario.verification import Mask, VerificationGrid
from witoil.times import second

CUSTOMARY_DENSITY = 900.0
"""Density of oil in a run that does not say it; slicks hardly depend on it. [kg m-3]"""

_COAST_DEG = 0.2
"""How far beyond the grid land is read."""


@dataclass(frozen=True)
class Sensor:
    """What makes a slick of particles; None is as a run says, or else a case by default.

    Attributes
    ----------
    resolution : float or None
        Cells of the grid. [m]
    detection_limit_um : float or None
        The least thickness of oil that radar sees; other kinds may need some times as thick.
    density : float or None
        Of the oil without its water. [kg m-3]
    coastline : str
        Of the land where no slick can be: see `catalog.read_land`.
    kind : str or None
        Of the sensor; None is not known, and taken as radar.
    """

    resolution: float | None = None
    detection_limit_um: float | None = None
    density: float | None = None
    coastline: str = "osm"
    kind: SensorKind | None = None

    def __post_init__(self) -> None:
        if self.resolution is not None and not 1.0 <= self.resolution <= 1e5:
            raise WitoilError(f"resolution: found {self.resolution:g} m, expected 1 to 100000 m")
        if self.density is not None and not 600.0 <= self.density <= 1200.0:
            raise WitoilError(
                f"density: found {self.density:g} kg m-3, expected 600 to 1200, that of an oil"
            )
        if self.kind not in {None, *THINNEST_UM}:
            raise WitoilError(
                f"sensor: found {self.kind!r}, expected sar, sunglint or optical (outside sunglint)"
            )
        if self.detection_limit_um is not None:
            refuse_values({"detection_limit_um": self.detection_limit_um})

    def of(self, run: Run) -> Sensor:
        """Return what is taken for a run."""
        own = run.parameters.get("detection_limit_um")
        default = TUNABLES["detection_limit_um"].default
        limit = next(v for v in (self.detection_limit_um, own, default) if v is not None)
        return replace(
            self,
            resolution=self.resolution or run.resolution,
            detection_limit_um=float(limit),
            density=self.density or run.density or CUSTOMARY_DENSITY,
        )


def particles_of(run: Run) -> xr.Dataset:
    """Return the particles of a run at all its times.

    Raises
    ------
    WitoilError
        Where it has none.
    """
    if run.particles is None:
        raise WitoilError(
            f"{run.path}: a run of {run.command} has no particles of its own; expected a "
            "simulation, or one of a search such as best/"
        )
    return run.particles


def particles_at(run: Run, time: np.datetime64) -> xr.Dataset:
    """Return the particles of a run at a time.

    Parameters
    ----------
    run : Run
    time : datetime64
        Within the run. Between two outputs, particles that are afloat at both are on the straight
        line between them, and the others where and what they are at the nearer output.

    Returns
    -------
    Dataset
        `lon`, `lat`, `status`, and `mass` where it is known.

    Raises
    ------
    WitoilError
        Where the run has no particles, or not then.
    """
    particles = particles_of(run)
    names = [name for name in ("lon", "lat", "status", "mass") if name in particles]
    times = particles["time"].values
    if not times[0] <= time <= times[-1]:
        raise WitoilError(
            f"{run.path}: has outputs from {second(times[0])} to {second(times[-1])}; expected one "
            f"at {second(time)}, when the slick was seen"
        )
    k = int(np.searchsorted(times, time))
    after = particles[names].isel(time=k).load()
    if times[k] == time:
        return after
    before = particles[names].isel(time=k - 1).load()
    share = float((time - times[k - 1]) / (times[k] - times[k - 1]))
    nearer = (after if share >= 0.5 else before).drop_vars("time")
    both = (before["status"].values == Status.AFLOAT) & (after["status"].values == Status.AFLOAT)
    for name in set(names) - {"status"}:
        line = (1.0 - share) * before[name].values + share * after[name].values
        nearer[name] = nearer[name].copy(data=np.where(both, line, nearer[name].values))
    return nearer


def afloat(at: xr.Dataset) -> BaseGeometry:
    """Return the places of the particles afloat. [degrees]"""
    chosen = at["status"].values == Status.AFLOAT
    points = np.stack([at["lon"].values, at["lat"].values], axis=-1)[chosen]
    whole: BaseGeometry = shapely.multipoints(points)
    return whole


def grid_over(places: Iterable[BaseGeometry], resolution: float, margin: int) -> VerificationGrid:
    """Return a grid over slicks and particles.

    Parameters
    ----------
    places : iterable of BaseGeometry
        Not all of them empty. [degrees]
    resolution : float
        [m]
    margin : int
        [cells]

    Raises
    ------
    WitoilError
        Where it would have too many cells.
    """
    shapes = [place for place in places if not place.is_empty]
    west, _, east, _ = shapes[0].bounds
    middle = 0.5 * (west + east)
    bounds = np.array([moved(each, turn_between(each, middle)).bounds for each in shapes])
    low, high = bounds.min(axis=0), bounds.max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[2]), float(high[3]))
    try:
        return VerificationGrid.covering(box, resolution, margin)
    except WitoilError:
        raise WitoilError(
            f"what is compared lies between {box[0]:.3g} and {box[2]:.3g} E, {box[1]:.3g} and "
            f"{box[3]:.3g} N, too much for cells of {resolution:g} m; expected slicks and "
            "particles of one area, or a coarser resolution"
        ) from None


def land_on(grid: VerificationGrid, coastline: str) -> tuple[Mask, BaseGeometry]:
    """Return the cells of a grid on land, and the land. [degrees]

    Raises
    ------
    CatalogError
    """
    rows, columns = grid.shape
    right, bottom = grid.west + columns * grid.resolution, grid.north - rows * grid.resolution
    bounds = grid.to_degrees.transform_bounds(grid.west, bottom, right, grid.north, densify_pts=21)
    west, south, east, north = unbroken_box(bounds)
    west, east = west - _COAST_DEG, east + _COAST_DEG
    if east - west > 360.0:  # about a pole
        west, east = -180.0, 180.0
    box = (west, max(south - _COAST_DEG, -90.0), east, min(north + _COAST_DEG, 90.0))
    land = catalog.read_land(box, coastline)
    return grid.cells_centred_in(land), land


def slick_of(at: xr.Dataset, grid: VerificationGrid, sensor: Sensor) -> Mask:
    """Return the cells in which a sensor would see oil, land not taken off.

    Parameters
    ----------
    at : Dataset
        From `particles_at`.
    grid : VerificationGrid
    sensor : Sensor
        From `Sensor.of`.

    Notes
    -----
    As `witoil.scenario.run.masks_at` makes it. Where a run has no masses there is no thickness to
    compare with the detection limit: each cell with a particle counts then, so that the slick
    depends on how many there are.
    """
    if "mass" in at:
        assert sensor.density is not None
        assert sensor.detection_limit_um is not None
        thickness = thickness_afloat(at, grid, sensor.density)
        limit = times_as_thick(sensor.kind) * sensor.detection_limit_um
        return simulator.slick_mask(thickness, 1e-6 * limit)
    mask = np.zeros(grid.shape, bool)
    chosen = at["status"].values == Status.AFLOAT
    column, row = (
        np.floor(v).astype(np.int64)
        for v in grid.cells(at["lon"].values[chosen], at["lat"].values[chosen])
    )
    inside = (column >= 0) & (column < grid.shape[1]) & (row >= 0) & (row < grid.shape[0])
    mask[row[inside], column[inside]] = True
    return mask


def taken_for(run: Run, sensor: Sensor) -> dict[str, object]:
    """Say what was taken to make slicks of a run, and what of it the run does not say."""
    remarks = list(run.remarks)
    has_mass = run.particles is not None and "mass" in run.particles
    if has_mass and run.density is None and sensor.density == CUSTOMARY_DENSITY:
        remarks.append(f"the run does not say the density of its oil: {CUSTOMARY_DENSITY:g} kg m-3")
    return {
        "model": run.model,
        "resolution_m": sensor.resolution,
        "detection_limit_um": sensor.detection_limit_um if has_mass else None,
        "density_kg_m3": sensor.density if has_mass else None,
        "coastline": sensor.coastline,
        "remarks": remarks,
    }
