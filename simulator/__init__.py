"""The drift of oil: fields, particles and parameters in, CF trajectories out.

Knows no URL, no file and no optimiser.
"""

from simulator.axes import common_grid, joined_axes
from simulator.coast import Coast
from simulator.compilation import compile_early
from simulator.errors import SimulatorError
from simulator.fields import GIVEN, NEAREST, NOTHING, ScalarSeries, VectorSeries
from simulator.forcing import (
    CURRENT,
    FETCH,
    FILL_REACH,
    REQUIRED_VARIABLES,
    STOKES,
    TEMPERATURE,
    WAVE_HEIGHT,
    WAVE_PERIOD,
    WIND,
    ErrorSeries,
    Forcing,
    includes_stokes_drift,
    stokes_origin,
)
from simulator.generic_oils import GENERIC_OILS, generic_oil
from simulator.grid import POLEMOST, Grid, metres_per_degree
from simulator.model import run
from simulator.oil import Oil, density_from_api
from simulator.parameters import Parameters
from simulator.processes import Processes
from simulator.release import (
    SLICK_DURATION,
    AreaRelease,
    LineRelease,
    Particles,
    PointRelease,
    Release,
    TrackRelease,
    area_of,
    areas_of,
    at_sea,
    seed_particles,
)
from simulator.results import FATES
from simulator.shore import SHORE_TYPE_NAMES, SHORE_TYPES, Shore, ShoreType
from simulator.slick import oil_thickness, slick_mask
from simulator.status import Status

__all__ = [
    "CURRENT",
    "FATES",
    "FETCH",
    "FILL_REACH",
    "GENERIC_OILS",
    "GIVEN",
    "NEAREST",
    "NOTHING",
    "POLEMOST",
    "REQUIRED_VARIABLES",
    "SHORE_TYPES",
    "SHORE_TYPE_NAMES",
    "SLICK_DURATION",
    "STOKES",
    "TEMPERATURE",
    "WAVE_HEIGHT",
    "WAVE_PERIOD",
    "WIND",
    "AreaRelease",
    "Coast",
    "ErrorSeries",
    "Forcing",
    "Grid",
    "LineRelease",
    "Oil",
    "Parameters",
    "Particles",
    "PointRelease",
    "Processes",
    "Release",
    "ScalarSeries",
    "Shore",
    "ShoreType",
    "SimulatorError",
    "Status",
    "TrackRelease",
    "VectorSeries",
    "area_of",
    "areas_of",
    "at_sea",
    "common_grid",
    "compile_early",
    "density_from_api",
    "generic_oil",
    "includes_stokes_drift",
    "joined_axes",
    "metres_per_degree",
    "oil_thickness",
    "run",
    "seed_particles",
    "slick_mask",
    "stokes_origin",
]
