"""Rasters of the thickness of oil."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from catalog.antimeridian import parts_of, unbroken
from catalog.errors import CatalogError
from catalog.paths import PathsLike, expand_paths
from catalog.shapes.vector import in_degrees
from catalog.slicks.raster import RASTERS, Raster
from catalog.slicks.rasters import read_raster
from catalog.slicks.zones import plain

_log = logging.getLogger(__name__)

MOST_UM = 1e6
"""A metre: thicker oil is none. [micrometre]"""

_MICRO = ("um", "µm", "μm", "micron", "microns", "micrometer", "micrometre")
_MICROMETRES = {
    **dict.fromkeys((*_MICRO, "micrometers", "micrometres"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre", "nanometres"), 1e-3),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 1e4),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1e6),
}
_SPEAKS_OF_THICKNESS = re.compile(r"thick(?:ness)?|espessura|espesor|epaisseur|spessore|dicke")
_THINNEST_UM = 1e-3  # a molecule; the thinnest sheen that is seen has some 0.04

_APART = 0.5  # of a customary fill: what is not so great is far off it


@dataclass(frozen=True)
class ThicknessMap:
    """Oil whose thickness is known cell by cell.

    Attributes
    ----------
    geometry : MultiPolygon
        Cells, in EPSG:4326; neighbours of one thickness joined. [degrees]
    thickness : ndarray, shape (polygons,)
        [m]
    """

    geometry: shapely.MultiPolygon
    thickness: npt.NDArray[np.float64]


def read_thickness(paths: PathsLike, *, layer: str | None = None) -> ThicknessMap:
    """Read rasters whose values are the thickness of the oil.

    Parameters
    ----------
    paths : str, Path or sequence of them
        GeoTIFF, or NetCDF of one field; they do not overlap. In micrometres unless they name
        another unit of length.
    layer : str, optional
        Band of a GeoTIFF, or variable of a NetCDF file, with several.

    Returns
    -------
    ThicknessMap

    Raises
    ------
    UnreadableFileError
        If a file is damaged.
    CatalogError
        If it is no raster, holds no oil, a thickness that none can have, or oil where another file
        has some.
    """
    shapes: list[Any] = []
    values: list[float] = []
    taken: shapely.Geometry = shapely.Polygon()
    for path in expand_paths(paths):
        outlines, thickness = _read_file(path, layer)
        whole = shapely.union_all(outlines)
        if shapely.area(shapely.intersection(whole, taken)) > 1e-6 * shapely.area(whole):
            raise CatalogError(
                f"{path}: has oil where another of the files has some; expected rasters that do "
                "not overlap"
            )
        taken = shapely.union(taken, whole)
        shapes += outlines
        values += thickness
    cells = parts_of(unbroken(shapes, str(paths)))
    return ThicknessMap(shapely.MultiPolygon(list(cells)), 1e-6 * np.array(values))


def _read_file(path: Path, layer: str | None) -> tuple[list[Any], list[float]]:
    """Return the cells of a file with oil, neighbours joined, and their thickness [micrometre]."""
    label = str(path)
    if path.suffix.lower() not in RASTERS:
        raise CatalogError(f"{label}: not a raster; expected a GeoTIFF of thicknesses")
    raster = read_raster(path, label, layer=layer)
    factor = _micrometres(raster, label)
    filled = raster.present & ~_fills(raster, label) & (raster.values != 0)
    if not filled.any():
        raise CatalogError(f"{label}: the mask is empty, no cell is other than 0 and no-data")
    outlines, values = raster.outline(filled, label, by_value=True)
    thickness = [factor * value for value in values]
    if min(thickness) < 0.0 or max(thickness) > MOST_UM:
        wrong = min(thickness) if min(thickness) < 0.0 else max(thickness)
        raise CatalogError(
            f"{label}: found a thickness of {wrong:g} micrometres, expected 0 to {MOST_UM:g}; "
            "declare what stands for no data, and the unit where it is another"
        )
    if not _unit(raster) and max(thickness) < _THINNEST_UM:
        raise CatalogError(
            f"{label}: found no thickness above {max(thickness):g} and no unit; no oil has so few "
            "micrometres, declare the unit (`gdal_edit.py -units m`, or `units` in NetCDF)"
        )
    return list(in_degrees(outlines, label)), thickness


def _micrometres(raster: Raster, label: str) -> float:
    """Return what one unit of the values is. [micrometre]"""
    unit = _unit(raster) or "um"
    factor = _MICROMETRES.get(unit.lower())
    if factor is None:
        raise CatalogError(
            f"{label}: its values are in {unit!r}, expected micrometres or another unit of length"
        )
    return factor


def _unit(raster: Raster) -> str:
    """Return the unit that a file names, also in the name of the band; empty where it does not."""
    if raster.units and str(raster.units).strip():
        return str(raster.units).strip()
    name = plain(raster.name)
    words = re.split(r"[\W_]+", _SPEAKS_OF_THICKNESS.sub(" ", name))
    units = [word for word in words if word in _MICROMETRES]
    return units[0] if units and _SPEAKS_OF_THICKNESS.search(name) else ""


def _fills(raster: Raster, label: str) -> npt.NDArray[np.bool_]:
    """Return the cells whose value, customary for no data, is far off all others."""
    none = np.zeros(raster.values.shape, bool)
    if raster.doubtful is None or not raster.doubtful.any():
        return none
    others = raster.values[raster.present & ~raster.doubtful]
    greatest = float(others.max()) if others.size else 0.0
    fills = raster.doubtful & (greatest < _APART * raster.values)
    if fills.any():
        found = ", ".join(f"{value:g}" for value in np.unique(raster.values[fills]))
        _log.warning("%s: %s is taken for no data, undeclared", label, found)
    return np.asarray(fills)
