"""witoil: where the oil came from and where it goes.

The application that joins simulator, optimizer and catalog; names are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from witoil.calibration import optimise
    from witoil.case import Case, load_case, parse_case
    from witoil.errors import CaseError, OutputError, WitoilError
    from witoil.simulation import Scenario, mask_at, prepare, run

__all__ = [
    "Case",
    "CaseError",
    "OutputError",
    "Scenario",
    "WitoilError",
    "load_case",
    "mask_at",
    "optimise",
    "parse_case",
    "prepare",
    "run",
]

_MODULES = {
    "Case": "witoil.case",
    "CaseError": "witoil.errors",
    "OutputError": "witoil.errors",
    "Scenario": "witoil.simulation",
    "WitoilError": "witoil.errors",
    "load_case": "witoil.case",
    "mask_at": "witoil.simulation",
    "optimise": "witoil.calibration",
    "parse_case": "witoil.case",
    "prepare": "witoil.simulation",
    "run": "witoil.simulation",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
