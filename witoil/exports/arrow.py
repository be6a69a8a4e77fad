"""Layers as Arrow tables, which GDAL and writers of CSV take without a detour over Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from witoil.exports.layers import Batch, Column, Layer, iso

GEOMETRY = "geom"


def reader_of(layer: Layer, *, times_as_text: bool) -> pa.RecordBatchReader:
    """Return the features of a layer as a stream, geometries as WKB.

    Parameters
    ----------
    layer : Layer
    times_as_text : bool
        As 2021-08-24T15:33:00Z, where the format has no times.
    """
    batches = (
        pa.record_batch(
            [_wkb(batch.geometry), *columns_of(layer, batch, times_as_text=times_as_text)],
            names=[GEOMETRY, *batch.columns],
        )
        for batch in layer.batches()
    )
    first = next(batches)
    fields = [first.schema.field(0)]
    for column, field in zip(layer.columns, list(first.schema)[1:], strict=True):
        # GDAL makes a field of text as wide as this
        width = {"GDAL:OGR:width": str(column.width)} if column.width else None
        fields.append(field.with_metadata(width))
    schema = pa.schema(fields)

    def all_batches() -> Any:
        yield first.cast(schema)
        for batch in batches:
            yield batch.cast(schema)

    return pa.RecordBatchReader.from_batches(schema, all_batches())


def columns_of(layer: Layer, batch: Batch, *, times_as_text: bool) -> list[pa.Array]:
    """Return the columns of a batch; NaN and NaT are missing values."""
    return [_array(column, batch.columns[column.name], times_as_text) for column in layer.columns]


def _array(column: Column, values: NDArray[Any], times_as_text: bool) -> pa.Array:
    if column.kind == "time":
        if times_as_text:
            return pa.array(iso(values), pa.string())
        return pa.array(values.astype("M8[ms]"), pa.timestamp("ms")).cast(pa.timestamp("ms", "UTC"))
    if column.kind == "text":
        return pa.array(values, pa.string())
    return pa.array(values, from_pandas=True)


def _wkb(geometry: NDArray[Any]) -> pa.Array:
    """Return geometries as well-known binary."""
    if geometry.dtype == object:
        return pa.array(shapely.to_wkb(geometry), pa.binary())
    # points by the million: the layout of the standard (OGC 06-103r4, 8.2), without objects
    rows = np.empty(len(geometry), [("order", "u1"), ("type", "<u4"), ("xy", "<f8", 2)])
    rows["order"], rows["type"], rows["xy"] = 1, 1, geometry
    offsets = np.arange(len(geometry) + 1, dtype=np.int32) * rows.itemsize
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(rows.tobytes())]
    return pa.Array.from_buffers(pa.binary(), len(geometry), buffers)
