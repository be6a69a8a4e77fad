"""The drift of oil: fields, particles and parameters in, CF trajectories out.

Knows no URL, no file and no optimiser.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.errors import SimulatorError

if TYPE_CHECKING:
    from simulator.axes import common_grid, joined_axes
    from simulator.coast import Coast
    from simulator.compilation import compile_early
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
        choose_stokes_drift,
        includes_stokes_drift,
    )
    from simulator.generic_oils import GENERIC_OILS, generic_oil
    from simulator.grid import POLEMOST, Grid, metres_per_degree
    from simulator.model import Halt, run
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
    "Halt",
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
    "choose_stokes_drift",
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
]

# Loaded on first use: the compiler of the kernels and xarray take longer to import than a list of
# oils may take to print.
_MODULES = {
    "AreaRelease": "simulator.release",
    "CURRENT": "simulator.forcing",
    "Coast": "simulator.coast",
    "ErrorSeries": "simulator.forcing",
    "FATES": "simulator.results",
    "FETCH": "simulator.forcing",
    "FILL_REACH": "simulator.forcing",
    "Forcing": "simulator.forcing",
    "GENERIC_OILS": "simulator.generic_oils",
    "GIVEN": "simulator.fields",
    "Grid": "simulator.grid",
    "Halt": "simulator.model",
    "LineRelease": "simulator.release",
    "NEAREST": "simulator.fields",
    "NOTHING": "simulator.fields",
    "Oil": "simulator.oil",
    "POLEMOST": "simulator.grid",
    "Parameters": "simulator.parameters",
    "Particles": "simulator.release",
    "PointRelease": "simulator.release",
    "Processes": "simulator.processes",
    "REQUIRED_VARIABLES": "simulator.forcing",
    "Release": "simulator.release",
    "SHORE_TYPES": "simulator.shore",
    "SHORE_TYPE_NAMES": "simulator.shore",
    "SLICK_DURATION": "simulator.release",
    "STOKES": "simulator.forcing",
    "ScalarSeries": "simulator.fields",
    "Shore": "simulator.shore",
    "ShoreType": "simulator.shore",
    "Status": "simulator.status",
    "TEMPERATURE": "simulator.forcing",
    "TrackRelease": "simulator.release",
    "VectorSeries": "simulator.fields",
    "WAVE_HEIGHT": "simulator.forcing",
    "WAVE_PERIOD": "simulator.forcing",
    "WIND": "simulator.forcing",
    "area_of": "simulator.release",
    "areas_of": "simulator.release",
    "at_sea": "simulator.release",
    "common_grid": "simulator.axes",
    "compile_early": "simulator.compilation",
    "density_from_api": "simulator.oil",
    "generic_oil": "simulator.generic_oils",
    "includes_stokes_drift": "simulator.forcing",
    "joined_axes": "simulator.axes",
    "metres_per_degree": "simulator.grid",
    "oil_thickness": "simulator.slick",
    "run": "simulator.model",
    "seed_particles": "simulator.release",
    "slick_mask": "simulator.slick",
    "choose_stokes_drift": "simulator.forcing",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
