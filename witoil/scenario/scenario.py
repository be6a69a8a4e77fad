"""A case with its data read, ready to be run any number of times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

import catalog
import simulator
from catalog.slicks.bonn import ThicknessClass
from witoil.case import Case
from witoil.case.sensors import SensorKind, times_as_thick
from witoil.case.tunables import TUNABLES
from witoil.scenario.verification import Mask, VerificationGrid

_NONE = np.zeros(0)

NO_PARTICLES = simulator.Particles(
    longitude=_NONE,
    latitude=_NONE,
    mass=_NONE,
    release_time=np.zeros(0, "datetime64[ns]"),
    release_number=np.zeros(0, np.int32),
    z=_NONE,
    slick_mass=_NONE,
    slick_area=_NONE,
    age=_NONE,
    droplet_diameter=_NONE,
)
"""Particles of a case without a release, whose legs start from slicks: none."""


@dataclass(frozen=True)
class Observation:
    """A slick that was seen, on the verification grid."""

    time: np.datetime64
    mask: Mask
    slick: catalog.Slick
    weight: float = 1.0
    """Weight in the mean over observations; of both classes where they are scored apart."""
    thick: Mask | None = None
    """Cells with thick oil, where they and others are seen: the classes are then scored apart."""
    class_weights: Mapping[ThicknessClass, float] = field(default_factory=dict)
    """Weight of each class in the mean, together the weight. None: it is scored as one slick."""
    swath: Mask | None = None
    """Cells that the sensor saw; None: all of them."""
    mass: float | None = None
    """Mass of the slick, where the case says so. [kg]"""
    sensor: SensorKind | None = None
    """Kind of sensor that saw it; None where that is not known."""


@dataclass(frozen=True)
class Scenario:
    """A case with its data read, ready to be run any number of times.

    Attributes
    ----------
    case : Case
        Where it comes from.
    end : datetime64
        Of the run, UTC; it starts with the forcing.
    time_step : float
        [s]
    seed : int
        Of turbulence, and of where particles start in a release.
    sources : tuple of bool
        Which releases, by their numbers, are fresh from points, lines and ships: no slicks seen.
    oil : simulator.Oil
    forcing : simulator.Forcing
    coverage : tuple of catalog.Coverage or catalog.Parametrised
        What each forcing variable covers, and what was done about gaps; or what stands in for one
        that is not given.
    coast : simulator.Coast
    particles : simulator.Particles
        As the case has them; see `witoil.scenario.changes.particles_with`.
    grid : VerificationGrid
    observations : tuple of Observation
        In time order.
    seen_first : Mask
        The slick last seen before the first observation: the area releases.
    releases : tuple of simulator.Release
        What the particles stand for.
    release_numbers : tuple of int
        Number in the case of each of them.
    thick_first : Mask or None
        Where `seen_first` looked thick; None where that is not known.
    """

    case: Case
    end: np.datetime64
    time_step: float
    seed: int
    sources: tuple[bool, ...]
    oil: simulator.Oil
    forcing: simulator.Forcing
    coverage: tuple[catalog.Coverage | catalog.Parametrised, ...]
    coast: simulator.Coast
    particles: simulator.Particles
    grid: VerificationGrid
    observations: tuple[Observation, ...]
    seen_first: Mask
    releases: tuple[simulator.Release, ...] = ()
    release_numbers: tuple[int, ...] = ()
    thick_first: Mask | None = None

    @cached_property
    def land(self) -> Mask:
        """Cells of the verification grid on land, where no slick can be."""
        return self.grid.cells_centred_in(self.coast.land)

    @property
    def start(self) -> np.datetime64:
        """When the run starts, UTC."""
        return self.forcing.start

    @cached_property
    def is_source(self) -> NDArray[np.bool_]:
        """Which releases are `sources`, as an array."""
        return np.array(self.sources, np.bool_)

    @property
    def from_source(self) -> NDArray[np.bool_]:
        """Which particles are of such a release."""
        return self.is_source[self.particles.release_number]

    def default_of(self, name: str) -> float:
        """Return what the case has for a tunable parameter."""
        tunable, particles, fresh = TUNABLES[name], self.particles, self.from_source
        if tunable.acts_on == "drift":
            return float(getattr(self.case.model, name))
        if tunable.acts_on == "sensor":
            return float(getattr(self.case.score, name))
        if tunable.default is not None:  # how far off the case the releases are
            return tunable.default
        if name == "source_share":
            return float(particles.mass[fresh].sum() / particles.mass.sum())
        return float(particles.age[~fresh].mean() / 3600.0) if not fresh.all() else 0.0

    def parameters(self, changed: Mapping[str, float] | None = None) -> dict[str, float]:
        """Return all tunable parameters, as the case has them but for those changed."""
        return {name: self.default_of(name) for name in TUNABLES} | dict(changed or {})

    def times_as_thick(self, time: np.datetime64) -> float:
        """Return the detection limit of the sensor that sees a slick, over that of radar. [1]

        It is the sensor of the observation at that time [UTC]; radar where there is none.
        """
        sensors = [seen.sensor for seen in self.observations if seen.time == time]
        return times_as_thick(sensors[0]) if sensors else 1.0

    def valid(self, observation: Observation) -> Mask:
        """Return the cells in which slicks can be compared: at sea, and seen by the sensor."""
        return ~self.land if observation.swath is None else observation.swath & ~self.land
