"""Oil on the coast as tables and as lines on a map."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from witoil.files import replacing, write_json
from witoil.geojson import geojson_of
from witoil.scenario.coast import OiledCoast
from witoil.scenario.scenario import Scenario


def write_coast(scenario: Scenario, coast: OiledCoast, folder: Path) -> None:
    """Write the tables and the lines of an oiled coast."""
    rows = coast.by_stretch()
    _write_table(rows, folder / "coast.csv")
    _write_table(coast.by_day(scenario.forcing.start), folder / "coast_by_day.csv")
    _write_lines(scenario, coast, rows, folder / "coast.geojson")


def _write_table(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=[*rows[0]])
        writer.writeheader()
        writer.writerows(rows)


def _write_lines(
    scenario: Scenario, coast: OiledCoast, rows: Sequence[Mapping[str, Any]], path: Path
) -> None:
    """Write the stretches as GeoJSON, longitude and latitude (RFC 7946)."""
    features = [
        {"type": "Feature", "geometry": geojson_of(line), "properties": row}
        for line, row in zip(coast.lines(scenario), rows, strict=True)
    ]
    write_json(path, {"type": "FeatureCollection", "features": features})
