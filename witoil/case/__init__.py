"""The case file: its sections and keys, what can be tuned, how it is read."""

from witoil.case.forcing import FieldSource, ForcingSources
from witoil.case.loading import load_case, parse_case, with_changes
from witoil.case.parts import minute
from witoil.case.releases import AreaSource, Fix, LineSource, Outflow, PointSource, ShipSource
from witoil.case.schema import (
    Case,
    ClassWeights,
    Forecast,
    Model,
    ObservationSource,
    Oil,
    Optimise,
    Period,
    ProcessSwitches,
    Score,
    ShoreSource,
)
from witoil.case.uncertainty import Ensemble, ForcingProduct, Normal, Spread, Trace

__all__ = [
    "AreaSource",
    "Case",
    "ClassWeights",
    "Ensemble",
    "FieldSource",
    "Fix",
    "ForcingProduct",
    "ForcingSources",
    "Forecast",
    "LineSource",
    "Model",
    "Normal",
    "ObservationSource",
    "Oil",
    "Optimise",
    "Outflow",
    "Period",
    "PointSource",
    "ProcessSwitches",
    "Score",
    "ShipSource",
    "ShoreSource",
    "Spread",
    "Trace",
    "load_case",
    "minute",
    "parse_case",
    "with_changes",
]
