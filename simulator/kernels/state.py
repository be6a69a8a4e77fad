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
"""Share of the oil that an element was released with, below which nothing counts as left. [1]"""

WIND_STEP = 0.1
"""Step of tables over wind speed. [m s-1]"""

_Floats = NDArray[np.float64]


class Chunk(NamedTuple):
    """The particles that one thread works on, side by side; the first `count` entries are in use.

    Part of all elements where none of them is done with, else a copy of those at work; and scratch.

    Attributes
    ----------
    first : int
        Column of the first particle in `numbers` and `codes`; 0 in a copy.
    numbers : ndarray, shape (rows, columns)
        One row for each of `simulator.kernels.variables.NUMBERS`, the last of them with as many as
        the oil has components: loops over particles run through neighbours in memory.
    codes : ndarray of int32, shape (rows, columns)
        One row for each of `simulator.kernels.variables.CODES`.
    scratch : ndarray, shape (SCRATCH, entries)
        What is of use within a step, see below.
    ids : ndarray of int64, shape (entries,)
        Numbers of the particles.
    table_row : ndarray of uint32, shape (entries,)
        Row of their temperature in the tables of the oil, see `table_place`.
    """

    first: int
    numbers: _Floats
    codes: NDArray[np.int32]
    scratch: _Floats
    ids: NDArray[np.int64]
    table_row: NDArray[np.uint32]


# Rows of Chunk.scratch, and the number of them.
NEW_X, NEW_Y = 0, 1
"""Where particles are about to go. [grid cells]"""

U, V, MIDDLE_U, MIDDLE_V = 2, 3, 4, 5
"""Drift at the start and in the middle of the step; within `propose`. [grid cells s-1]"""

ELAPSED = 6
"""Part of the step that a particle lives through. [s]"""

SURFACED = 7
"""What it spends of it at the surface or on the shore, and its age if it is its first step: how
long the air works on it. [s]"""

PIECE = 8
"""Part of that time that is worked on at once. [s]"""

WIND_SPEED, TEMPERATURE, WAVE_HEIGHT, WAVE_PERIOD = 9, 10, 11, 12
"""Weather at its place. [m s-1, K, m, s]"""

MASS, VOLUME, MOLES = 13, 14, 15
"""Amounts of its oil without its water, the volume at 15 degrees Celsius. [kg, m3, mol]"""

TABLE_WEIGHT = 16
"""Weight of the next row in the tables of the oil, see `table_place`. [1]"""

WORK, BEFORE, LOOKED_UP = 17, 18, 19
"""Scratch rows that hold for one process only."""

SCRATCH = 20


class Fields(NamedTuple):
    """What surrounds the oil during a span of steps, on the grid.

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
