"""CSV: a table of each layer, for spreadsheets and data frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyarrow import csv

from witoil.exports.arrow import columns_of
from witoil.exports.content import Content, file_of
from witoil.exports.layers import Batch, Layer

_FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the start of a formula."""


def write(content: Content, path: Path) -> list[str]:
    """Write a table for each layer: points by longitude and latitude, all else as WKT."""
    for layer in content.layers:
        _write_table(layer, file_of(path, content.layers, layer))
    return []


def _write_table(layer: Layer, path: Path) -> None:
    writer = None
    for batch in layer.batches():
        table = _table(layer, batch)
        if writer is None:
            writer = csv.CSVWriter(path, table.schema)
        writer.write_batch(table)
    if writer is not None:
        writer.close()


def _table(layer: Layer, batch: Batch) -> pa.RecordBatch:
    harmless = {name: _harmless(batch.columns[name]) for name in layer.of_kind("text")}
    columns = columns_of(
        layer, Batch(batch.geometry, {**batch.columns, **harmless}), times_as_text=True
    )
    if layer.geometry == "Point":
        where = {"lon": batch.geometry[:, 0], "lat": batch.geometry[:, 1]}
    else:
        where = {"wkt": shapely.to_wkt(batch.geometry, rounding_precision=7)}
    return pa.record_batch([*map(pa.array, where.values()), *columns], [*where, *batch.columns])


def _harmless(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return texts of which none is a formula to a spreadsheet."""
    distinct = {text for text in texts if text is not None and text.startswith(_FORMULA)}
    changed = {text: f"'{text}" for text in distinct}
    return np.array([changed.get(text, text) for text in texts], object)
