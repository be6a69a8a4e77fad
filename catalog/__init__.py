"""Where data come from: forcing, slick masks, coastline and oils, read from messy files into CF."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError, CoverageError, UnreadableFileError

if TYPE_CHECKING:
    from catalog.forcing.files import ForcingFiles, open_forcing
    from catalog.forcing.gaps import Coverage, Parametrised, prepare_forcing
    from catalog.forcing.names import RoleName
    from catalog.oils import OilEntry, OilRecord, find_oils, look_up_oil, read_oil
    from catalog.remote.store import Store, default_store
    from catalog.shapes.coarse_land import read_coarse_land
    from catalog.shapes.coastline import read_land
    from catalog.shapes.shore_types import read_shore_types
    from catalog.shapes.tracks import Track, read_lines, read_track, read_tracks
    from catalog.slicks.bonn import bonn_thickness
    from catalog.slicks.slick import Slick, read_slick
    from catalog.slicks.thickness import ThicknessMap, read_thickness

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
    "read_coarse_land",
    "read_land",
    "read_lines",
    "read_oil",
    "read_shore_types",
    "read_slick",
    "read_thickness",
    "read_track",
    "read_tracks",
]

# Loaded on first use: xarray, geopandas and rasterio take longer to import than a command line
# may take to print its help.
_MODULES = {
    "Coverage": "catalog.forcing.gaps",
    "ForcingFiles": "catalog.forcing.files",
    "OilEntry": "catalog.oils",
    "OilRecord": "catalog.oils",
    "Parametrised": "catalog.forcing.gaps",
    "RoleName": "catalog.forcing.names",
    "Slick": "catalog.slicks.slick",
    "Store": "catalog.remote.store",
    "ThicknessMap": "catalog.slicks.thickness",
    "Track": "catalog.shapes.tracks",
    "bonn_thickness": "catalog.slicks.bonn",
    "default_store": "catalog.remote.store",
    "find_oils": "catalog.oils",
    "look_up_oil": "catalog.oils",
    "open_forcing": "catalog.forcing.files",
    "prepare_forcing": "catalog.forcing.gaps",
    "read_coarse_land": "catalog.shapes.coarse_land",
    "read_land": "catalog.shapes.coastline",
    "read_oil": "catalog.oils",
    "read_lines": "catalog.shapes.tracks",
    "read_shore_types": "catalog.shapes.shore_types",
    "read_slick": "catalog.slicks.slick",
    "read_thickness": "catalog.slicks.thickness",
    "read_track": "catalog.shapes.tracks",
    "read_tracks": "catalog.shapes.tracks",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
