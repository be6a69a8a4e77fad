"""What the compiled loops work on: named groups of arrays that numba passes as they are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

UNRELEASED = 0
AFLOAT = 1
BEACHED = 2
LEFT_DOMAIN = 3
SUBMERGED = 4
SUNK = 5
EVAPORATED = 6

LEAST_SHARE = 1e-6
"""Of the oil that an element was released with: what is less counts as nothing left. [1]"""

WIND_STEP = 0.1
"""Of tables over wind speed. [m s-1]"""

_Floats = NDArray[np.float64]


class Elements(NamedTuple):
    """Slick elements, one entry a particle; changed in place.

    Attributes
    ----------
    x, y : ndarray, shape (particles,)
        Position. [grid cells]
    z : ndarray, shape (particles,)
        Height above the sea surface: 0 or, under water, negative. [m]
    status : ndarray of int8, shape (particles,)
    component_mass : ndarray, shape (components, particles)
        Oil that is left, by pseudo-component, water not included. [kg]
    evaporated_mass, absorbed_mass : ndarray, shape (particles,)
        What went into the air, and into the shore for good. [kg]
    water_fraction : ndarray, shape (particles,)
        Volume of water in the emulsion. [1]
    thick_area, thin_area : ndarray, shape (particles,)
        Areas of the thick and the thin part of the slick that the element belongs to. [m2]
    spreading : ndarray, shape (particles,)
        Variance, along each axis, of the displacement by which the element has yet to follow the
        growth of its slick. [m2]
    droplet_diameter : ndarray, shape (particles,)
        NaN for oil that never was under water. [m]
    viscosity, density : ndarray, shape (particles,)
        Kinematic viscosity [m2 s-1] and density [kg m-3] of the oil with its water.
    stretch : ndarray of int32, shape (particles,)
        Stretch of coast on which the element lies or last lay, else -1.
    initial_mass : ndarray, shape (particles,)
        [kg]
    parts : ndarray, shape (particles,)
        Elements of its size in the element's slick.
    age : ndarray, shape (particles,)
        How long the oil has weathered when it is released. [s]
    release_step : ndarray of int32, shape (particles,)
        Step in which the particle starts; the particles are sorted by it.
    release_share : ndarray, shape (particles,)
        Share of its first step that the particle lives through, in [0, 1].
    """

    x: _Floats
    y: _Floats
    z: _Floats
    status: NDArray[np.int8]
    component_mass: _Floats
    evaporated_mass: _Floats
    absorbed_mass: _Floats
    water_fraction: _Floats
    thick_area: _Floats
    thin_area: _Floats
    spreading: _Floats
    droplet_diameter: _Floats
    viscosity: _Floats
    density: _Floats
    stretch: NDArray[np.int32]
    initial_mass: _Floats
    parts: _Floats
    age: _Floats
    release_step: NDArray[np.int32]
    release_share: _Floats


class Chunk(NamedTuple):
    """The particles that one thread works on, side by side; the first `count` entries are in use.

    Part of `Elements` where none of them is done with, else a copy of those at work; and scratch.

    Attributes
    ----------
    ids : ndarray of int64
        Numbers of the particles.
    x, y, z, status, water_fraction, thick_area, thin_area, spreading, droplet_diameter, viscosity
    density, stretch, parts, evaporated_mass, initial_mass
        As in `Elements`.
    component_mass : ndarray, shape (components * component_stride,)
        One component after the other, so that loops over particles run through neighbours in
        memory. [kg]
    component_stride : int
        Entries from one component to the next.
    new_x, new_y : ndarray
        Where they are about to go. [grid cells]
    u, v, middle_u, middle_v : ndarray
        Their drift at the start and in the middle of the step; of use within `propose`.
        [grid cells s-1]
    elapsed : ndarray
        Part of the step that they live through. [s]
    surfaced : ndarray
        What they spend of it at the surface or on the shore, and their age if it is their first
        step: how long the air works on them. [s]
    piece : ndarray
        Part of that time that is worked on at once. [s]
    wind_speed, temperature, wave_height, wave_period : ndarray
        Weather at their places. [m s-1, K, m, s]
    mass, volume, moles : ndarray
        Of their oil without its water, the volume at 15 degrees Celsius. [kg, m3, mol]
    row, weight : ndarray
        Place of their temperature in the tables of the oil, see `table_place`.
    work, before, looked_up : ndarray
        Of use within one process.
    """

    ids: NDArray[np.int64]
    status: NDArray[np.int8]
    stretch: NDArray[np.int32]
    row: NDArray[np.uint32]
    component_mass: _Floats
    component_stride: int
    x: _Floats
    y: _Floats
    z: _Floats
    evaporated_mass: _Floats
    initial_mass: _Floats
    water_fraction: _Floats
    thick_area: _Floats
    thin_area: _Floats
    spreading: _Floats
    droplet_diameter: _Floats
    viscosity: _Floats
    density: _Floats
    parts: _Floats
    new_x: _Floats
    new_y: _Floats
    u: _Floats
    v: _Floats
    middle_u: _Floats
    middle_v: _Floats
    elapsed: _Floats
    surfaced: _Floats
    piece: _Floats
    wind_speed: _Floats
    temperature: _Floats
    wave_height: _Floats
    wave_period: _Floats
    mass: _Floats
    volume: _Floats
    moles: _Floats
    weight: _Floats
    work: _Floats
    before: _Floats
    looked_up: _Floats


class Fields(NamedTuple):
    """What surrounds the oil during a window of steps, on the grid.

    Attributes
    ----------
    first_column, first_row : int
        Number of the first node held: positions count from that of the whole grid.
    cells_per_metre : ndarray, shape (rows, 2)
        Grid cells a metre eastward and northward.
    drift : ndarray, shape (2 * steps, rows, columns, 2)
        Drift velocity of floating oil at the start and in the middle of each step.
        [grid cells s-1]
    below : ndarray, shape (2 * steps, rows, columns, 4)
        Current and surface Stokes drift at the same times; empty where nothing submerges.
        [grid cells s-1]
    weather : ndarray, shape (steps, rows, columns, 4)
        Wind speed [m s-1], temperature [K], wave height [m] and period [s] in the middle of each
        step; empty where nothing weathers.
    """

    first_column: int
    first_row: int
    cells_per_metre: _Floats
    drift: _Floats
    below: _Floats
    weather: _Floats

    def between(self, first: int, last: int) -> "Fields":
        """Return those of the steps [first, last)."""
        twice = slice(2 * first, 2 * last)
        return self._replace(
            drift=self.drift[twice], below=self.below[twice], weather=self.weather[first:last]
        )


class Coastline(NamedTuple):
    """The coast: exact segments behind a raster of distances, see `simulator.coast.Coast`.

    Attributes
    ----------
    clearance : ndarray of uint8, shape (raster rows, raster columns)
        Raster cells to the nearest one that the coast runs through.
    scale_x, scale_y : float
        Raster cells per grid cell.
    cell_start, cell_segments, segments
        See `simulator.kernels.shoreline.first_crossing`; counted from the first node held.
    stretch : ndarray of int32, shape (segments,)
        Stretch of coast that a segment belongs to.
    margin : float
        Distance that a beached particle keeps from the coast. [grid cells]
    """

    clearance: NDArray[np.uint8]
    scale_x: float
    scale_y: float
    cell_start: NDArray[np.int32]
    cell_segments: NDArray[np.int32]
    segments: _Floats
    stretch: NDArray[np.int32]
    margin: float


class OilTable(NamedTuple):
    """Properties of the fresh oil, tabulated over temperature.

    Attributes
    ----------
    coldest, per_kelvin : float
        First temperature of the tables [K], and rows a kelvin.
    vapour_pressure : ndarray, shape (components, temperatures)
        [Pa]
    mass_transfer : ndarray, shape (wind speeds,)
        Coefficient of evaporation at wind speeds from 0 in steps of `WIND_STEP`. [m s-1]
    kinematic_viscosity : ndarray, shape (temperatures,)
        [m2 s-1]
    expansion : ndarray, shape (temperatures,)
        Density relative to that at 15 degrees Celsius. [1]
    mass_fraction : ndarray, shape (components,)
        [1]
    moles_per_mass : ndarray, shape (components,)
        [mol kg-1]
    volume_per_mass : ndarray, shape (components,)
        At 15 degrees Celsius. [m3 kg-1]
    volatile_fraction : float
        Mass fraction that can evaporate, in Mackay's law. [1]
    max_water_fraction : float
        [1]
    interfacial_tension : float
        Of oil and water. [N m-1]
    pour_point : float
        [K]
    """

    coldest: float
    per_kelvin: float
    vapour_pressure: _Floats
    mass_transfer: _Floats
    kinematic_viscosity: _Floats
    expansion: _Floats
    mass_fraction: _Floats
    moles_per_mass: _Floats
    volume_per_mass: _Floats
    volatile_fraction: float
    max_water_fraction: float
    interfacial_tension: float
    pour_point: float


class Settings(NamedTuple):
    """Numbers and switches of the processes, see `simulator.Processes`.

    Attributes
    ----------
    seed : int
    horizontal_diffusivity, vertical_diffusivity : float
        [m2 s-1]
    mixed_layer_depth : float
        [m]
    weathering : bool
        Whether anything but the position changes.
    evaporation, dispersion : int
        Which law, 0 for none.
    emulsification, spreading, vertical_mixing, sinking : bool
    """

    seed: int
    horizontal_diffusivity: float
    vertical_diffusivity: float
    mixed_layer_depth: float
    weathering: bool
    evaporation: int
    dispersion: int
    emulsification: bool
    spreading: bool
    vertical_mixing: bool
    sinking: bool
