"""The one form that results have, whatever the model: features, series, rasters, what was odd."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from witoil.files import plain
from witoil.geojson import geojson_of
from witoil.plugins.card import Card
from witoil.times import second

CRS = "EPSG:4326"


@dataclass(frozen=True)
class Feature:
    """One thing that was found.

    Attributes
    ----------
    label : str or None
        None: the model abstained, or knows no classes.
    score : float or None
    pixel : BaseGeometry or None
        In the upright image, x to the right and y down from its outer corner. None: all of it.
    frame : int
        Of a film.
    time : datetime or None
        When it was seen, UTC.
    properties : mapping
        Whatever else is known of it.
    geometry : BaseGeometry or None
        In longitude and latitude, without a break at 180. [degrees]
    """

    label: str | None = None
    score: float | None = None
    pixel: BaseGeometry | None = None
    frame: int = 0
    time: datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    geometry: BaseGeometry | None = None


@dataclass(frozen=True)
class Series:
    """Numbers in a row.

    Attributes
    ----------
    name, unit : str
    values : list of float
    seconds : list of float or None
        Since the start of the file; None: the values are in no time.
    """

    name: str
    values: list[float]
    unit: str = "1"
    seconds: list[float] | None = None


@dataclass(frozen=True)
class Grid:
    """A raster of classes or values, on the pixels of the input or on tiles of it.

    Attributes
    ----------
    name : str
    values : numpy.ndarray
        (height, width), of bytes (classes) or floats.
    nodata : float
        What stands for nothing.
    labels : tuple of str
        Of the classes 0, 1 ...; empty for values.
    pixels : int
        Side of a cell. [pixel of the input]
    unit : str
    transform : tuple of float or None
        Affine, from columns and rows of the raster to `crs`; None: not on the map.
    crs : str or None
    """

    name: str
    values: npt.NDArray[Any]
    nodata: float
    labels: tuple[str, ...] = ()
    pixels: int = 1
    unit: str = "1"
    transform: tuple[float, float, float, float, float, float] | None = None
    crs: str | None = None


@dataclass(frozen=True)
class Findings:
    """What a model found in one file, in pixels or already on the map."""

    features: Sequence[Feature] = ()
    series: Sequence[Series] = ()
    rasters: Sequence[Grid] = ()
    remarks: Sequence[str] = ()


def fault_of(findings: Findings) -> str:
    """Return what is wrong with findings that a program made, empty: nothing."""
    features: Sequence[Any] = findings.features
    remarks: Sequence[Any] = findings.remarks
    for number, feature in enumerate(features):
        if not isinstance(feature, Feature):
            return f"features[{number}] is {type(feature).__name__}, expected a Feature"
        for name, (is_good, expected) in _GOOD.items():
            value = getattr(feature, name)
            if value is not None and not is_good(value):
                found = " ".join(repr(value).split())[:80]
                return f"features[{number}].{name}: found {found}, expected {expected}"
    for remark in remarks:
        if not isinstance(remark, str):
            return f"remarks: found {type(remark).__name__}, expected text"
    return ""


def _is_geometry(value: object) -> bool:
    if not isinstance(value, BaseGeometry) or value.is_empty:
        return False
    return bool(value.is_valid and np.isfinite(shapely.get_coordinates(value)).all())


def _is_place(value: object) -> bool:
    if not isinstance(value, BaseGeometry) or not _is_geometry(value):
        return False
    west, south, east, north = value.bounds
    return -90.0 <= south <= north <= 90.0 and -540.0 <= west <= east <= 540.0


_GOOD: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "label": (lambda it: isinstance(it, str), "text"),
    "score": (
        lambda it: isinstance(it, int | float | np.number) and bool(np.isfinite(it)),
        "a finite number",
    ),
    "frame": (lambda it: isinstance(it, int | np.integer), "a whole number"),
    "time": (lambda it: isinstance(it, datetime), "a datetime, UTC"),
    "properties": (lambda it: isinstance(it, Mapping), "a mapping"),
    "pixel": (_is_geometry, "a valid geometry"),
    "geometry": (_is_place, "a valid geometry in degrees, longitude first"),
}
"""What a program may put into a feature, and how that is called."""


@dataclass(frozen=True)
class Envelope:
    """What a plug-in answers for one file.

    Attributes
    ----------
    card : Card
    file : str
        Name of the input.
    size : tuple of int or None
        Height and width of an image. [pixel]
    findings : Findings
    located : bool
        Whether the features are on the map.
    timing_ms : mapping
        ``pre``, ``run`` and ``post``. [ms]
    """

    card: Card
    file: str
    size: tuple[int, int] | None
    findings: Findings
    located: bool
    timing_ms: Mapping[str, float]

    def document(self) -> dict[str, Any]:
        """Return the envelope as JSON has it, which is GeoJSON, too."""
        weights = self.card.weights
        found: dict[str, Any] = plain(
            {
                "model": self.card.model.id,
                "version": self.card.model.version,
                "sha256": weights.sha256 if weights else None,
                "task": self.card.model.task,
                "crs": CRS if self.located else None,
                "type": "FeatureCollection",
                "features": [self._feature(it) for it in self.findings.features],
                "series": [_series(it) for it in self.findings.series],
                "rasters": [_raster(it) for it in self.findings.rasters],
                "warnings": list(self.findings.remarks),
                "timing_ms": {key: round(value, 3) for key, value in self.timing_ms.items()},
            }
        )
        return found

    def _feature(self, feature: Feature) -> dict[str, Any]:
        return {
            "type": "Feature",
            "geometry": None if feature.geometry is None else geojson_of(feature.geometry),
            "properties": {
                **feature.properties,
                "file": self.file,
                "frame": feature.frame,
                "time": None if feature.time is None else second(feature.time),
                "label": feature.label,
                "score": feature.score,
                "pixel": None if feature.pixel is None else mapping(feature.pixel),
            },
        }


def _series(series: Series) -> dict[str, Any]:
    return {
        "name": series.name,
        "unit": series.unit,
        "seconds": series.seconds,
        "values": series.values,
    }


def _raster(raster: Grid) -> dict[str, Any]:
    counted = {}
    if raster.labels:
        counts = np.bincount(raster.values.ravel(), minlength=256)
        counted = {label: int(counts[k]) for k, label in enumerate(raster.labels)}
    return {
        "name": raster.name,
        "shape": list(raster.values.shape),
        "nodata": raster.nodata,
        "labels": list(raster.labels),
        "cells": counted,
        "pixels_per_cell": raster.pixels,
        "unit": raster.unit,
        "transform": raster.transform,
        "crs": raster.crs,
    }
