"""The slick elements of a run, and the oil they are made of, as the kernels want them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.grid import FloatArray, Grid
from simulator.kernels.evaporation import mass_transfer_mackay1973, vapour_pressure_lyman1990
from simulator.kernels.spreading import (
    INITIAL_THICK_THICKNESS,
    INITIAL_THIN_SHARE,
    THIN_THICKNESS,
)
from simulator.kernels.state import WIND_STEP, OilTable
from simulator.kernels.variables import CODES, COMPONENT_MASS, NUMBERS
from simulator.kernels.weathering import first_spreading
from simulator.oil import TEMPERATURE_15C, Oil
from simulator.release import Particles
from simulator.status import Status

COLDEST, WARMEST, PER_KELVIN = 265.0, 325.0, 4
"""Range of the tables of an oil [K], and their rows a kelvin."""

STRONGEST_WIND = 80.0
"""Where the table over wind speed ends. [m s-1]"""

VOLATILE_BELOW = 620.0
"""Components that boil below it evaporate within days: what Mackay's law can take. [K]"""


_PLACES = {variable.name: ("numbers", row) for row, variable in enumerate(NUMBERS)} | {
    variable.name: ("codes", row) for row, variable in enumerate(CODES)
}


@dataclass(frozen=True)
class Elements:
    """The slick elements of a run, one column a particle; changed in place.

    `elements["x"]` is the row of one of `simulator.kernels.variables.VARIABLES`, shape
    (particles,); that of `component_mass` has shape (components, particles).

    Attributes
    ----------
    numbers : ndarray, shape (rows, particles)
    codes : ndarray of int32, shape (rows, particles)
        The rows are those of `simulator.kernels.state.Chunk`.
    """

    numbers: FloatArray
    codes: NDArray[np.int32]

    @classmethod
    def blank(cls, size: int, components: int) -> Elements:
        """Return elements of which nothing is known yet."""
        numbers = np.empty((COMPONENT_MASS + components, size))
        codes = np.empty((len(CODES), size), np.int32)
        for rows, variables in ((numbers, NUMBERS), (codes, CODES)):
            for row, variable in enumerate(variables):
                rows[row] = variable.initial
            rows[len(variables) :] = variables[-1].initial  # the last one has all that are left
        return cls(numbers, codes)

    def __getitem__(self, name: str) -> NDArray[Any]:
        array, row = _PLACES[name]
        rows: NDArray[Any] = getattr(self, array)
        return rows[row:] if name == "component_mass" else rows[row]

    def __setitem__(self, name: str, values: Any) -> None:
        self[name][...] = values

    @property
    def size(self) -> int:
        """Number of particles."""
        return int(self.numbers.shape[1])


def _wind_speeds() -> FloatArray:
    return np.arange(0.0, STRONGEST_WIND + 0.5 * WIND_STEP, WIND_STEP)


@lru_cache(maxsize=64)  # a search runs hundreds of times with one oil; nothing writes to a table
def oil_table(oil: Oil) -> OilTable:
    """Tabulate an oil over the temperatures of the sea."""
    temperatures = np.arange(COLDEST, WARMEST + 0.5 / PER_KELVIN, 1.0 / PER_KELVIN)
    boiling_points = np.array(oil.boiling_points)
    mass_fractions = np.array(oil.mass_fractions)
    density = oil.density(TEMPERATURE_15C)
    return OilTable(
        coldest=COLDEST,
        per_kelvin=float(PER_KELVIN),
        vapour_pressure=np.array(
            [[vapour_pressure_lyman1990(t, b) for t in temperatures] for b in boiling_points]
        ),
        mass_transfer=np.array([mass_transfer_mackay1973(u) for u in _wind_speeds()]),
        kinematic_viscosity=np.array([oil.kinematic_viscosity(t) for t in temperatures]),
        expansion=np.array([oil.density(t) / density for t in temperatures]),
        mass_fraction=mass_fractions,
        moles_per_mass=1.0 / oil.molar_masses,
        volume_per_mass=1.0 / oil.component_densities,
        volatile_fraction=float(mass_fractions[boiling_points < VOLATILE_BELOW].sum()),
        max_water_fraction=oil.max_water_fraction,
        interfacial_tension=oil.oil_water_interfacial_tension,
        pour_point=oil.pour_point,
    )


def inert_table(density: float = 900.0) -> OilTable:
    """Return the table of something that does not change, of one component. [kg m-3]"""
    one, none = np.ones(1), np.zeros(2)
    return OilTable(
        coldest=COLDEST,
        per_kelvin=float(PER_KELVIN),
        vapour_pressure=np.zeros((1, 2)),
        mass_transfer=none,
        kinematic_viscosity=np.full(2, np.nan),
        expansion=none + 1.0,
        mass_fraction=one,
        moles_per_mass=one,
        volume_per_mass=one / density,
        volatile_fraction=0.0,
        max_water_fraction=0.0,
        interfacial_tension=0.0,
        pour_point=0.0,
    )


def new_elements(particles: Particles, oil: OilTable, grid: Grid, *, spreads: bool) -> Elements:
    """Return the elements of a run before it starts.

    Parameters
    ----------
    particles : Particles
    oil : OilTable
    grid : Grid
        Positions count from its first node.
    spreads : bool
        Whether fresh oil at one place becomes a slick of its first size in its first step.

    Notes
    -----
    The release steps are filled in by `schedule`. Fresh oil starts as thick oil and sheen as in
    MEDSLIK-II (see `simulator.kernels.spreading`), oil that was seen with the area that it had.
    """
    x, y = grid.to_cells(particles.longitude, particles.latitude)
    thick, thin = _initial_areas(particles, oil)
    begins = np.isnan(particles.slick_area) & (particles.z == 0.0) & spreads
    volume = particles.slick_mass * float(oil.mass_fraction @ oil.volume_per_mass)
    elements = Elements.blank(particles.size, oil.mass_fraction.size)
    elements["x"], elements["y"], elements["z"] = x, y, particles.z
    elements["component_mass"] = oil.mass_fraction[:, np.newaxis] * particles.mass
    elements["thick_area"], elements["thin_area"] = thick, thin
    elements["spreading"] = first_spreading(thick, thin, volume, begins)
    elements["droplet_diameter"] = particles.droplet_diameter
    elements["initial_mass"] = particles.mass
    elements["parts"] = particles.slick_mass / particles.mass
    elements["age"] = particles.age
    return elements


def schedule(
    elements: Elements, release_seconds: FloatArray, edges: FloatArray, done: float
) -> None:
    """Say in which step each element is released, and set afloat those that are there already.

    Parameters
    ----------
    elements : Elements
        status, release_step and release_share are changed.
    release_seconds : ndarray, shape (particles,)
        Since the start of the run. [s]
    edges : ndarray, shape (steps + 1,)
        Seconds since the start of the run at which steps begin and end. [s]
    done : float
        Up to where the run has already gone: what is released later is still waiting. [s]
    """
    durations = np.diff(edges)
    # one released when a step ends is afloat from then on, and moves in the next
    step = np.searchsorted(edges, release_seconds, side="left") - 1
    step = np.clip(step, 0, durations.size - 1)
    share = (edges[step + 1] - release_seconds) / durations[step]
    elements["release_share"] = np.clip(share, 0.0, 1.0)
    # those released later than the end of the run stay unreleased
    never = np.iinfo(np.int32).max
    elements["release_step"] = np.where(release_seconds > edges[-1], never, step)
    if done == 0.0:
        there = release_seconds <= 0.0
        below = elements["z"] < 0.0
        elements["status"][there & ~below] = Status.AFLOAT
        elements["status"][there & below] = Status.SUBMERGED


def _initial_areas(particles: Particles, oil: OilTable) -> tuple[FloatArray, FloatArray]:
    """Return the areas of the thick and of the thin part of each element's slick. [m2]"""
    volume = particles.slick_mass * float(oil.mass_fraction @ oil.volume_per_mass)
    seen = particles.slick_area
    fresh = volume / (INITIAL_THICK_THICKNESS + INITIAL_THIN_SHARE * THIN_THICKNESS)
    is_thick = volume > THIN_THICKNESS * seen  # False where none was seen
    thick = np.where(np.isnan(seen), fresh, np.where(is_thick, seen, 0.0))
    thin = np.where(np.isnan(seen), INITIAL_THIN_SHARE * fresh, np.where(is_thick, 0.0, seen))
    return thick, thin
