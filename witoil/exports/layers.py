"""What a run holds as features of a map: layers of points, lines and areas, with their columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import split_at_180

# what XML cannot hold, and what moves the cursor of a terminal
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

Kind = Literal["text", "time", "whole", "real"]


@dataclass(frozen=True)
class Column:
    """A column of a layer.

    Attributes
    ----------
    name : str
        Of 10 characters at most, which is what a shapefile keeps.
    kind : str
        ``text`` (objects: str or None), ``time`` (datetime64[s], UTC), ``whole`` (int32) or
        ``real`` (float32 or float64, NaN where missing).
    meaning : str
        With the unit.
    width : int
        The most characters of a text or whole number, where that is known.
    """

    name: str
    kind: Kind
    meaning: str
    width: int = 0


@dataclass(frozen=True)
class Batch:
    """Some features of a layer.

    Attributes
    ----------
    geometry : ndarray
        Of points longitude and latitude, float64, shape (n, 2); else of BaseGeometry, shape (n,).
        Longitudes within -180 to 180, cut there. [degrees]
    columns : mapping
        Name of the column -> ndarray, shape (n,).
    """

    geometry: NDArray[Any]
    columns: Mapping[str, NDArray[Any]]

    @property
    def size(self) -> int:
        """Number of features."""
        return len(self.geometry)


@dataclass(frozen=True)
class Layer:
    """Features of one kind.

    Attributes
    ----------
    name : str
        Short, as a part of names of files.
    title : str
        For people.
    geometry : str
        ``Point``, ``MultiLineString`` or ``MultiPolygon``.
    columns : tuple of Column
    size : int
        Number of features.
    batches : callable
        Yields them, in order.
    """

    name: str
    title: str
    geometry: Literal["Point", "MultiLineString", "MultiPolygon"]
    columns: tuple[Column, ...]
    size: int
    batches: Callable[[], Iterator[Batch]]

    def of_kind(self, kind: Kind) -> tuple[str, ...]:
        """Return the names of the columns of a kind."""
        return tuple(column.name for column in self.columns if column.kind == kind)


def printable(text: str) -> str:
    """Return a text with a mark in place of characters that cannot be printed."""
    return _UNPRINTABLE.sub("\ufffd", text)


def in_parts(geometry: BaseGeometry) -> BaseGeometry:
    """Return lines or polygons as one geometry of many parts, cut at 180 degrees (RFC 7946)."""
    parts = shapely.get_parts(shapely.orient_polygons(split_at_180(geometry)))
    is_area = geometry.geom_type.endswith("Polygon")
    whole = shapely.MultiPolygon(list(parts)) if is_area else shapely.MultiLineString(list(parts))
    return whole


def to_seconds(times: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return times to the nearest second: floats in files leave 03:59:59.999 of four o'clock."""
    nearest: NDArray[np.datetime64] = (times + np.timedelta64(500, "ms")).astype("M8[s]")
    return nearest


def iso(times: NDArray[np.datetime64]) -> NDArray[np.object_]:
    """Return times as 2021-08-24T15:33:00Z, None where there is none."""
    distinct, which = np.unique(times, return_inverse=True)
    words = [None if np.isnat(t) else f"{np.datetime_as_string(t, unit='s')}Z" for t in distinct]
    found: NDArray[np.object_] = np.array(words, object)[which]
    return found
