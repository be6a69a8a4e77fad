"""Shapefiles: a set of files for each layer, with its style for QGIS.

A table of dBASE has dates without a time of day: times are text, as ISO 8601 has them.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio
from numpy.typing import NDArray

from witoil.errors import WitoilError
from witoil.exports.arrow import GEOMETRY, reader_of
from witoil.exports.content import Content, file_of
from witoil.exports.layers import Batch, Layer
from witoil.exports.shapefile_points import write_points
from witoil.exports.styles import qml

MOST_BYTES = 2**31 - 1
"""Size of each file of a set; some programs cannot read more."""

LONGEST = 254
"""Bytes of a text."""

_WIDTHS = {"real": 24, "whole": 9, "time": 20, "text": 80}
"""Widths of columns as GDAL has them in the table. [byte]"""


def write(content: Content, path: Path) -> list[str]:
    """Write a set of files for each layer.

    Raises
    ------
    WitoilError
        Where a file would be too large, or a number does not fit.
    """
    for layer in content.layers:
        record = 1 + sum(_widths(layer).values())
        if layer.size * record > MOST_BYTES:
            raise WitoilError(
                f"{layer.name}: a shapefile of {layer.size:,} features would have "
                f"{layer.size * record / 1e9:.1f} GB; expected 2.1 GB at most: take --every, "
                "--time, or --to gpkg"
            )
    for layer in content.layers:
        file = file_of(path, content.layers, layer)
        if layer.geometry == "Point":
            write_points(layer, file, _widths(layer), write_by_gdal)
        else:
            write_by_gdal(_cut(layer), file)
        file.with_suffix(".qml").write_text(qml(layer, content.step), encoding="utf-8")
    return []


def _widths(layer: Layer) -> dict[str, int]:
    """Return the bytes of each column in the table."""
    return {column.name: column.width or _WIDTHS[column.kind] for column in layer.columns}


def write_by_gdal(layer: Layer, file: Path) -> None:
    """Write the files of a layer.

    Raises
    ------
    WitoilError
        Where GDAL would write something else than it is given.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        pyogrio.write_arrow(
            reader_of(layer, times_as_text=True),
            file,
            driver="ESRI Shapefile",
            geometry_name=GEOMETRY,
            geometry_type=layer.geometry.removeprefix("Multi"),
            crs="EPSG:4326",
            encoding="UTF-8",
        )
    if told:  # of a number that does not fit it cuts off digits, and goes on
        raise WitoilError(
            f"{layer.name}: GDAL warns: {told[0].message}; expected what a shapefile has room for: "
            "take --to gpkg"
        )


def _cut(layer: Layer) -> Layer:
    """Return a layer whose texts are not longer than the format has room for."""
    texts = layer.of_kind("text")

    def cut(batch: Batch) -> Batch:
        shorter = {name: _shortened(batch.columns[name]) for name in texts}
        return Batch(batch.geometry, {**batch.columns, **shorter})

    return replace(layer, batches=lambda: map(cut, layer.batches()))


def _shortened(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.array([text and _shortened_one(text) for text in texts], object)


def _shortened_one(text: str) -> str:
    encoded = text.encode("utf-8")
    if len(encoded) <= LONGEST:
        return text
    return encoded[: LONGEST - len("…".encode())].decode("utf-8", "ignore") + "…"
