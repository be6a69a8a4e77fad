"""GeoPackage: all layers in one file, with their styles for QGIS."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyogrio

from witoil.exports.arrow import GEOMETRY, reader_of
from witoil.exports.content import Content, file_of
from witoil.exports.styles import qml

INDEXED = 1_000_000
"""Features up to which a spatial index is made: of more it would take longer than all the rest."""


def write(content: Content, path: Path) -> list[str]:
    """Write all layers, a table ``layer_styles`` as QGIS has it, and the styles beside the file."""
    for layer in content.layers:
        pyogrio.write_arrow(
            reader_of(layer, times_as_text=False),
            path,
            layer=layer.name,
            driver="GPKG",
            geometry_name=GEOMETRY,
            geometry_type=layer.geometry,
            crs="EPSG:4326",
            IDENTIFIER=f"{layer.title}: {content.name}",
            SPATIAL_INDEX="YES" if layer.size <= INDEXED else "NO",
        )
        style = file_of(path, content.layers, layer).with_suffix(".qml")
        style.write_text(qml(layer, content.step), encoding="utf-8")
    pyogrio.write_dataframe(_styles(content), path, layer="layer_styles", driver="GPKG", FID="id")
    return [
        f"{layer.name}: {layer.size:,} features have no spatial index; QGIS makes one on demand "
        "(properties of the layer)"
        for layer in content.layers
        if layer.size > INDEXED
    ]


def _styles(content: Content) -> pd.DataFrame:
    """Return the table in which QGIS looks for the style of a layer."""
    return pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": [layer.name for layer in content.layers],
            "f_geometry_column": GEOMETRY,
            "styleName": [layer.title for layer in content.layers],
            "styleQML": [qml(layer, content.step) for layer in content.layers],
            "styleSLD": "",
            "useAsDefault": True,
            "description": [layer.title for layer in content.layers],
            "owner": "",
            "ui": "",
            "update_time": pd.Timestamp.now("UTC").floor("s"),
        }
    )
