"""Where data come from: forcing, slick masks, coastline and oils, read from messy files into CF."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError, CoverageError, UnreadableFileError

if TYPE_CHECKING:
    from catalog.bonn import bonn_thickness
    from catalog.coastline import read_land
    from catalog.forcing import ForcingFiles, open_forcing
    from catalog.gaps import Coverage, Parametrised, prepare_forcing
    from catalog.names import RoleName
    from catalog.oils import OilEntry, OilRecord, find_oils, look_up_oil, read_oil
    from catalog.shore_types import read_shore_types
    from catalog.slicks import Slick, read_slick
    from catalog.store import Store, default_store
    from catalog.thickness import ThicknessMap, read_thickness
    from catalog.tracks import Track, read_lines, read_track

__all__ = [
    "CatalogError",
    "Coverage",
    "CoverageError",
    "ForcingFiles",
    "OilEntry",
    "OilRecord",
    "Parametrised",
    "RoleName",
    "Slick",
    "Store",
    "ThicknessMap",
    "Track",
    "UnreadableFileError",
    "bonn_thickness",
    "default_store",
    "find_oils",
    "look_up_oil",
    "open_forcing",
    "prepare_forcing",
    "read_land",
    "read_lines",
    "read_oil",
    "read_shore_types",
    "read_slick",
    "read_thickness",
    "read_track",
]

# Loaded on first use: xarray, geopandas and rasterio take longer to import than a command line
# may take to print its help.
_MODULES = {
    "Coverage": "catalog.gaps",
    "ForcingFiles": "catalog.forcing",
    "OilEntry": "catalog.oils",
    "OilRecord": "catalog.oils",
    "Parametrised": "catalog.gaps",
    "RoleName": "catalog.names",
    "Slick": "catalog.slicks",
    "Store": "catalog.store",
    "ThicknessMap": "catalog.thickness",
    "Track": "catalog.tracks",
    "bonn_thickness": "catalog.bonn",
    "default_store": "catalog.store",
    "find_oils": "catalog.oils",
    "look_up_oil": "catalog.oils",
    "open_forcing": "catalog.forcing",
    "prepare_forcing": "catalog.gaps",
    "read_land": "catalog.coastline",
    "read_oil": "catalog.oils",
    "read_lines": "catalog.tracks",
    "read_shore_types": "catalog.shore_types",
    "read_slick": "catalog.slicks",
    "read_thickness": "catalog.thickness",
    "read_track": "catalog.tracks",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
