"""Kinds of shore from a vector file: where there is sand, rock or a seawall."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from catalog.errors import CatalogError
from catalog.paths import expand_paths
from catalog.shapes.vector import in_degrees, polygons_of, read_features, refuse_not_finite

_FIELD = "shore_type"


def read_shore_types(
    path: str | Path, names: Sequence[str], *, layer: str | None = None
) -> list[tuple[BaseGeometry, str]]:
    """Read where the shore is of which type.

    Parameters
    ----------
    path : str or Path
        Any format that GDAL reads, of polygons that the shore runs through or of lines along it,
        with an attribute ``shore_type``: a name, or the number of one.
    names : sequence of str
        The types there are; number 1 is the first.
    layer : str, optional
        Layer of a file with several; by default the only one.

    Returns
    -------
    list of (geometry, name)
        In the order of the file; valid, in EPSG:4326, past 180 where it lies across. [degrees]

    Raises
    ------
    UnreadableFileError
        If the file or a part of it is missing or damaged.
    CatalogError
        If a feature is neither line nor polygon, its type is missing or unknown, or the
        coordinates are not degrees.
    """
    return [zone for file in expand_paths(path) for zone in _read_file(file, names, layer)]


def _read_file(
    path: Path, names: Sequence[str], layer: str | None
) -> list[tuple[BaseGeometry, str]]:
    frame = read_features(path, str(path), layer)
    # A shapefile's fields are often in capitals.
    field = next((name for name in frame.columns if str(name).lower() == _FIELD), None)
    if field is None:
        columns = [str(name) for name in frame.columns if name != "geometry"]
        raise CatalogError(
            f"{path}: no attribute {_FIELD} (found {', '.join(columns) or 'none'}); it says of "
            f"each feature which shore it is: {_expected(names)}"
        )
    labels = [f"{path}: feature {number}" for number in range(1, len(frame) + 1)]
    types = [_type_of(*pair, names) for pair in zip(frame[field], labels, strict=True)]
    if not hasattr(frame, "geometry"):
        raise CatalogError(f"{path}: its features have no geometry; expected polygons or lines")
    for geometry, label in zip(frame.geometry, labels, strict=True):
        _refuse_pointlike(geometry, label)
    refuse_not_finite(frame.geometry, str(path))
    degrees = in_degrees(frame.geometry, str(path))
    return [
        (_tidy(geometry, label), name)
        for geometry, label, name in zip(degrees, labels, types, strict=True)
    ]


def _type_of(value: Any, label: str, names: Sequence[str]) -> str:
    """Return the name of a type written as a name or as its number."""
    text = "-".join(str(value).replace("_", " ").lower().split())
    number = text.removesuffix(".0")  # whole numbers beside a missing one are read as floats
    if number.isdecimal() and 1 <= int(number) <= len(names):
        return names[int(number) - 1]
    if text not in names:
        raise CatalogError(f"{label}: {_FIELD} is {value!r}; expected {_expected(names)}")
    return text


def _expected(names: Sequence[str]) -> str:
    return f"one of {', '.join(names)}, or its number from 1 to {len(names)}"


def _refuse_pointlike(geometry: BaseGeometry | None, label: str) -> None:
    if geometry is None or geometry.is_empty:
        raise CatalogError(f"{label}: has no geometry; expected a polygon or a line")
    if shapely.get_dimensions(geometry) < 1:
        raise CatalogError(f"{label}: is a {geometry.geom_type}; expected a polygon or a line")


def _tidy(geometry: BaseGeometry, label: str) -> BaseGeometry:
    """Return a geometry flat, and its polygons as their union."""
    area = polygons_of([geometry])
    if not area.is_empty:
        return area
    if not geometry.length > 0.0:
        raise CatalogError(f"{label}: has no area and no length; expected a polygon or a line")
    return shapely.force_2d(geometry)
