"""GeoJSON (RFC 7946): a feature collection of each layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import shapely
from shapely.geometry import mapping

from witoil.exports.content import Content, file_of
from witoil.exports.layers import Batch, Layer, iso

DECIMALS = 7
"""Decimals of degrees: a centimetre, more than a map has."""

MANY = 200_000
"""Features beyond which most programs that show GeoJSON give up."""


def write(content: Content, path: Path) -> list[str]:
    """Write a feature collection for each layer."""
    for layer in content.layers:
        with file_of(path, content.layers, layer).open("wb") as file:
            head = {"type": "FeatureCollection", "name": layer.name, "title": content.name}
            file.write(orjson.dumps(head)[:-1] + b',"features":[\n')
            for k, batch in enumerate(batch for batch in layer.batches() if batch.size):
                file.write(b",\n" if k else b"")
                file.write(orjson.dumps(list(_features(layer, batch)))[1:-1])
            file.write(b"\n]}\n")
    return [
        f"{layer.name}: {layer.size:,} features are more than most programs open as GeoJSON; "
        "--every or --time make them fewer, --to gpkg holds them all"
        for layer in content.layers
        if layer.size > MANY
    ]


def _features(layer: Layer, batch: Batch) -> Iterator[dict[str, Any]]:
    names = [*batch.columns]
    times = layer.of_kind("time")
    lists = [
        (iso(values) if name in times else values).tolist()
        for name, values in batch.columns.items()
    ]
    for geometry, *row in zip(_geometries(batch), *lists, strict=True):
        # NaN is written as null
        yield {
            "type": "Feature",
            "geometry": geometry,
            "properties": dict(zip(names, row, strict=True)),
        }


def _geometries(batch: Batch) -> list[dict[str, Any]]:
    if batch.geometry.dtype != object:
        points = batch.geometry.round(DECIMALS).tolist()
        return [{"type": "Point", "coordinates": point} for point in points]
    rounded = shapely.transform(batch.geometry, lambda points: points.round(DECIMALS))
    return [mapping(geometry) for geometry in rounded]
