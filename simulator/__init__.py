"""The drift of oil: fields, particles and parameters in, CF trajectories out.

Knows no URL, no file and no optimiser.
"""

from simulator.coast import Coast
from simulator.errors import SimulatorError
from simulator.forcing import (
    CURRENT,
    FETCH,
    REQUIRED_VARIABLES,
    STOKES,
    TEMPERATURE,
    WAVE_HEIGHT,
    WAVE_PERIOD,
    WIND,
    ErrorSeries,
    Forcing,
    ScalarSeries,
    VectorSeries,
    common_grid,
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
    "GENERIC_OILS",
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
    "density_from_api",
    "generic_oil",
    "includes_stokes_drift",
    "metres_per_degree",
    "oil_thickness",
    "run",
    "seed_particles",
    "slick_mask",
    "stokes_origin",
]
