"""The case file: its sections and keys, what can be tuned, how it is read."""

from witoil.case.forcing import FieldFiles, Forcing
from witoil.case.loading import load_case, parse_case, with_changes
from witoil.case.releases import AreaRelease, Fix, LineRelease, PointRelease, ShipRelease, Source
from witoil.case.schema import (
    Case,
    ClassWeights,
    Forecast,
    Model,
    ObservationFiles,
    Oil,
    Optimise,
    Period,
    ProcessSwitches,
    Score,
    Shore,
)
from witoil.case.uncertainty import Ensemble, ForcingProduct, Normal, Spread, Trace

__all__ = [
    "AreaRelease",
    "Case",
    "ClassWeights",
    "Ensemble",
    "FieldFiles",
    "Fix",
    "Forcing",
    "ForcingProduct",
    "Forecast",
    "LineRelease",
    "Model",
    "Normal",
    "ObservationFiles",
    "Oil",
    "Optimise",
    "Period",
    "PointRelease",
    "ProcessSwitches",
    "Score",
    "ShipRelease",
    "Shore",
    "Source",
    "Spread",
    "Trace",
    "load_case",
    "parse_case",
    "with_changes",
]
