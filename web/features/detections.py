"""What a model has found in files of a job, as features: all that is on the map."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape

from web.features.collections import DETECTIONS
from web.features.found import Found

FILE = "features.geojson"
"""What a prediction writes of all that is on the map."""

MOST = 20_000
"""Features of one job, which are written at once while others wait for the database."""

_OURS = frozenset(("start", "end", "job", "note"))
"""Names that a feature has by itself, whatever a model calls something."""


def detections_of(folder: Path, inputs: Mapping[str, Any]) -> Iterator[Found]:
    """Yield what a prediction has found, the first `MOST`; what is not on the map is left out.

    Parameters
    ----------
    folder : Path
        Of the job.
    inputs : mapping
        Of the job, with `module` and `version`.

    Yields
    ------
    Found
        Its id is what follows that of the job.
    """
    told = {"module": inputs["module"], "version": inputs["version"], "verdict": "unchecked"}
    for number, feature in enumerate(_features(folder)[:MOST], 1):
        known = {
            name: value
            for name, value in feature["properties"].items()
            if name not in _OURS and isinstance(value, str | int | float)
        }
        time = datetime.fromisoformat(str(known["time"])) if "time" in known else None
        geometry = shapely.make_valid(shape(feature["geometry"]))
        yield Found(
            DETECTIONS,
            f"-detection-{number}",
            geometry,
            time,
            time,
            known | told,
            {"features": FILE},
        )


def left_out(folder: Path) -> list[str]:
    """Return what is to be said of those that `detections_of` leaves out, in words."""
    count = len(_features(folder))
    if count <= MOST:
        return []
    return [f"maps list the first {MOST:,} of the {count:,} that were found; {FILE} has all"]


def _features(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / FILE).read_text(encoding="utf-8"))[
        "features"
    ]
    return found
