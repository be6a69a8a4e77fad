"""witoil: where the oil came from and where it goes.

The application that joins simulator, optimizer and catalog; names are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from witoil.case import Case, load_case, parse_case
    from witoil.errors import CaseError, OutputError, WitoilError
    from witoil.scenario.prepare import prepare
    from witoil.scenario.run import mask_at, run
    from witoil.scenario.scenario import Scenario

__all__ = [
    "Case",
    "CaseError",
    "OutputError",
    "Scenario",
    "WitoilError",
    "load_case",
    "mask_at",
    "parse_case",
    "prepare",
    "run",
]

_MODULES = {
    "Case": "witoil.case",
    "CaseError": "witoil.errors",
    "OutputError": "witoil.errors",
    "Scenario": "witoil.scenario.scenario",
    "WitoilError": "witoil.errors",
    "load_case": "witoil.case",
    "mask_at": "witoil.scenario.run",
    "parse_case": "witoil.case",
    "prepare": "witoil.scenario.prepare",
    "run": "witoil.scenario.run",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
