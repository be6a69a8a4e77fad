"""A batch as tables for maps, GeoPackage or GeoParquet: what was found, and the files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from catalog.antimeridian import split_at_180
from witoil.files import plain, replacing
from witoil.plugins.envelope import CRS, Envelope
from witoil.plugins.formats.scenes import Written
from witoil.times import in_utc

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_ROWS = 20_000
"""Features that are written at once."""


@dataclass(frozen=True)
class Results:
    """What became of a batch.

    Attributes
    ----------
    found : sequence of Envelope
        Of the files that succeeded.
    places : sequence of str
        Paths or URLs of the same files.
    faults : mapping
        Path or URL of a file that failed -> why.
    """

    found: Sequence[Envelope]
    places: Sequence[str]
    faults: Mapping[str, str]


_TEXT, _NUMBER, _COUNT, _TIME = "string", "float64", "int64", "datetime64[ms, UTC]"
_FEATURES = {
    "place": _TEXT,
    "file": _TEXT,
    "frame": _COUNT,
    "time": _TIME,
    "label": _TEXT,
    "score": _NUMBER,
    "pixel": _TEXT,
    "properties": _TEXT,
}
_FILES = {
    "place": _TEXT,
    "state": _TEXT,
    "fault": _TEXT,
    "features": _COUNT,
    "located": "bool",
    "height": "Int64",
    "width": "Int64",
    "remarks": _TEXT,
    "milliseconds": _NUMBER,
}


def write_geopackage(results: Results, folder: Path) -> Written:
    """Write ``results.gpkg``: the layer ``features``, and the table ``files``.

    Features that are not on the map have no geometry; where they are in the image stands in
    ``pixel``, as WKT. [pixel]
    """
    import pyogrio

    path = folder / "results.gpkg"
    rows = _features(results)
    with replacing(path) as temporary:
        temporary.unlink()  # an empty file is no GeoPackage to append to
        while True:
            frame = _frame_of_features(list(islice(rows, _ROWS)))
            if temporary.exists() and frame.empty:
                break
            pyogrio.write_dataframe(
                frame,
                temporary,
                layer="features",
                driver="GPKG",
                geometry_type="Unknown",
                append=temporary.exists(),
            )
        pyogrio.write_dataframe(_frame_of_files(results), temporary, layer="files", driver="GPKG")
    return Written([path.name])


def write_geoparquet(results: Results, folder: Path) -> Written:
    """Write ``features.parquet`` (GeoParquet) and ``files.parquet``; see `write_geopackage`."""
    with replacing(folder / "features.parquet") as temporary:
        _frame_of_features(list(_features(results))).to_parquet(temporary, index=False)
    with replacing(folder / "files.parquet") as temporary:
        _frame_of_files(results).to_parquet(temporary, index=False)
    return Written(["features.parquet", "files.parquet"])


def _features(results: Results) -> Iterator[dict[str, Any]]:
    for place, envelope in zip(results.places, results.found, strict=True):
        for it in envelope.findings.features:
            yield {
                "place": place,
                "file": envelope.file,
                "frame": it.frame,
                "time": None if it.time is None else in_utc(it.time),
                "label": it.label,
                "score": it.score,
                "pixel": None if it.pixel is None else shapely.to_wkt(it.pixel),
                "properties": json.dumps(plain(it.properties)) if it.properties else None,
                "geometry": None if it.geometry is None else split_at_180(it.geometry),
            }


def _frame_of_features(rows: Sequence[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    import geopandas as gpd

    geometry = gpd.GeoSeries([row["geometry"] for row in rows], crs=CRS)
    return gpd.GeoDataFrame(_frame(rows, _FEATURES), geometry=geometry, crs=CRS)


def _frame_of_files(results: Results) -> pd.DataFrame:
    rows = [
        {
            "place": place,
            "state": "done",
            "fault": None,
            "features": len(envelope.findings.features),
            "located": envelope.located,
            "height": envelope.size and envelope.size[0],
            "width": envelope.size and envelope.size[1],
            "remarks": "; ".join(envelope.findings.remarks) or None,
            "milliseconds": sum(envelope.timing_ms.values()),
        }
        for place, envelope in zip(results.places, results.found, strict=True)
    ]
    rows += [
        {"place": place, "state": "failed", "fault": fault, "features": 0, "located": False}
        for place, fault in results.faults.items()
    ]
    return _frame(rows, _FILES)


def _frame(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return a table whose types do not depend on what is in it."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series([row.get(name) for row in rows], dtype=kind)
            for name, kind in columns.items()
        }
    )
