"""Points of a shapefile: GDAL writes the files of the first one, the records of all are put there.

All points take as many bytes in each of the three files (ESRI, Shapefile Technical Description,
1998; dBASE III). Those of a batch are made and written at once, while GDAL makes a call to the
system for each record of each file: half of its time, with points by the million.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from witoil.errors import WitoilError
from witoil.exports.layers import Batch, Column, Layer, iso

_HEADER = 100
_SHAPE = np.dtype([("number", ">i4"), ("words", ">i4"), ("type", "<i4"), ("xy", "<f8", 2)])
_PLACE = np.dtype([("offset", ">i4"), ("words", ">i4")])
"""Records of ``.shp`` and ``.shx``; words are of 2 bytes, and those of the head do not count."""

_POINT = 1
_WORDS = (_SHAPE.itemsize - 8) // 2
_DECIMALS = 15
_MISSING = ord("*")


def write_points(
    layer: Layer, path: Path, widths: dict[str, int], define: Callable[[Layer, Path], None]
) -> None:
    """Write a layer of points.

    Parameters
    ----------
    layer : Layer
        With one feature at least.
    path : Path
        The ``.shp`` file.
    widths : dict
        Name of the column -> its bytes in the table.
    define : callable
        Writes the files of a layer, given it and the path.

    Raises
    ------
    WitoilError
        Where a number does not fit into its column.
    """
    define(replace(layer, batches=lambda: iter([_first(layer)])), path)
    number, low, high = 0, np.full(2, np.inf), np.full(2, -np.inf)
    with ExitStack() as stack:
        shapes, places, table = (
            stack.enter_context(path.with_suffix(suffix).open("r+b"))
            for suffix in (".shp", ".shx", ".dbf")
        )
        _go_to_rows(table, 1 + sum(widths.values()))
        shapes.seek(_HEADER)
        places.seek(_HEADER)
        for batch in layer.batches():
            if not batch.size:
                continue
            numbers = np.arange(number, number + batch.size)
            shapes.write(_shapes(numbers, batch.geometry).tobytes())
            places.write(_places(numbers).tobytes())
            table.write(_rows(layer.columns, batch, widths).tobytes())
            number += batch.size
            low = np.minimum(low, batch.geometry.min(axis=0))
            high = np.maximum(high, batch.geometry.max(axis=0))
        table.write(b"\x1a")
        _fill_in(table, 4, np.array(number, "<u4"))
        for file in (shapes, places):
            _fill_in(file, 24, np.array(file.tell() // 2, ">i4"))
            _fill_in(file, 36, np.array([*low, *high], "<f8"))


def _first(layer: Layer) -> Batch:
    batch = next(batch for batch in layer.batches() if batch.size)
    return Batch(batch.geometry[:1], {name: values[:1] for name, values in batch.columns.items()})


def _go_to_rows(table: BinaryIO, record: int) -> None:
    head = np.frombuffer(table.read(12)[8:], "<u2")
    if head[1] != record:
        raise RuntimeError(f"GDAL made rows of {head[1]} bytes; expected {record}")
    table.seek(int(head[0]))


def _fill_in(file: BinaryIO, offset: int, values: NDArray[Any]) -> None:
    end = file.tell()
    file.seek(offset)
    file.write(values.tobytes())
    file.seek(end)


def _shapes(numbers: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[Any]:
    records = np.empty(numbers.size, _SHAPE)
    records["number"], records["words"] = numbers + 1, _WORDS
    records["type"], records["xy"] = _POINT, points
    return records


def _places(numbers: NDArray[np.int64]) -> NDArray[Any]:
    records = np.empty(numbers.size, _PLACE)
    records["offset"], records["words"] = (_HEADER + numbers * _SHAPE.itemsize) // 2, _WORDS
    return records


def _rows(columns: tuple[Column, ...], batch: Batch, widths: dict[str, int]) -> NDArray[np.uint8]:
    """Return rows of the table, each after the mark of one that is not deleted."""
    parts = [np.full((batch.size, 1), ord(" "), np.uint8)]
    for column in columns:
        values, width = batch.columns[column.name], widths[column.name]
        if column.kind == "real":
            parts.append(_reals(column.name, values.astype(np.float64), width))
        elif column.kind == "whole":
            parts.append(_cells(column.name, f"%{width}d", values.tolist(), width))
        else:
            texts = iso(values) if column.kind == "time" else values
            encoded = [b"" if text is None else text.encode() for text in texts]
            parts.append(_cells(column.name, f"%-{width}s", encoded, width))
    return np.concatenate(parts, axis=1)


def _cells(name: str, form: str, values: list[Any], width: int) -> NDArray[np.uint8]:
    """Return values as text of so many bytes, shape (n, width)."""
    text = (form.encode() * len(values)) % tuple(values)
    if len(text) > width * len(values):
        raise WitoilError(
            f"{name}: found values of more than {width} bytes, the width of the column; "
            "expected shorter ones: take --to gpkg"
        )
    return np.frombuffer(text, np.uint8).reshape(len(values), width)


def _reals(name: str, values: NDArray[np.float64], width: int) -> NDArray[np.uint8]:
    missing = np.isnan(values)
    known = np.where(missing, 0.0, values)
    extremes = known.min(), known.max()
    if not np.isfinite(extremes).all() or max(len(f"{each:.0f}") for each in extremes) > width:
        raise WitoilError(
            f"{name}: found {max(extremes, key=abs):g}; expected {width} digits at most, for which "
            "a shapefile has room: take --to gpkg"
        )
    form = f"%{width}.{_DECIMALS}f"
    if max(len(form % each) for each in extremes) > width:
        # the last decimals have no room, and are left off as GDAL does
        texts = [(form % value)[:width].encode() for value in known.tolist()]
        cells = _cells(name, "%s", texts, width)
    else:
        cells = _cells(name, form, known.tolist(), width)
    return np.where(missing[:, None], np.uint8(_MISSING), cells)
