"""BIIGLE: a CSV table with a line for each annotation, its points in pixels as JSON.

The columns are those of its reports of image annotations (https://biigle.de/manual/tutorials/reports).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from witoil.files import write_text
from witoil.plugins.csv_tables import read_rows
from witoil.plugins.envelope import Feature
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.scenes import (
    Scene,
    Written,
    holes_filled,
    is_box,
    labels_of,
    middle_of,
    name_without_folders,
    polygons_of,
    ring_of,
)

NAME = "biigle.csv"
_SHAPES = {
    "Point": 1,
    "LineString": 2,
    "Polygon": 3,
    "Circle": 4,
    "Rectangle": 5,
    "Ellipse": 6,
    "WholeFrame": 7,
}
_COLUMNS = (
    *("annotation_label_id", "label_id", "label_name", "label_hierarchy", "user_id", "firstname"),
    *("lastname", "image_id", "filename", "image_longitude", "image_latitude", "shape_id"),
    *("shape_name", "points", "attributes", "annotation_id", "created_at"),
)


def write_biigle(scenes: Sequence[Scene], folder: Path) -> Written:
    """Write ``biigle.csv``; scores are in the column ``attributes``."""
    labels = labels_of(scenes)
    text = io.StringIO()
    table = csv.DictWriter(text, _COLUMNS)
    table.writeheader()
    count = 0
    for image, scene in enumerate(scenes, 1):
        for feature in scene.features:
            for name, points in _parts(feature.pixel):
                count += 1
                row: dict[str, Any] = {
                    "annotation_label_id": count,
                    "label_id": labels.index(str(feature.label)) + 1,
                    "label_name": feature.label,
                    "label_hierarchy": feature.label,
                    "lastname": scene.model,
                    "image_id": image,
                    "filename": scene.file,
                    "shape_id": _SHAPES[name],
                    "shape_name": name,
                    "points": json.dumps(points),
                    "attributes": json.dumps({"score": feature.score}),
                    "annotation_id": count,
                }
                if feature.geometry is not None:
                    row["image_longitude"], row["image_latitude"] = middle_of(feature)
                table.writerow(row)
    write_text(folder / NAME, text.getvalue())
    return Written([NAME], holes_filled(scenes, "BIIGLE"))


def read_biigle(path: Path) -> list[Scene]:
    """Return the scenes of a table of BIIGLE; the sizes of its images are not known.

    Raises
    ------
    PluginError
        Where it is none.
    """
    found: dict[str, list[Feature]] = {}
    try:
        for row in read_rows(path, ("filename", "label_name", "shape_name", "points")):
            score = json.loads(row.get("attributes") or "{}").get("score")
            shape = _shape(row["shape_name"], json.loads(row["points"] or "[]"))
            name = name_without_folders(row["filename"])
            found.setdefault(name, []).append(Feature(row["label_name"], score, shape))
    except PluginError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise PluginError(
            f"{path}: is no table of BIIGLE ({type(error).__name__}: {error}); expected its report "
            "of image annotations"
        ) from None
    return [Scene(name, None, features) for name, features in found.items()]


def _parts(pixel: BaseGeometry | None) -> list[tuple[str, list[float]]]:
    if pixel is None:
        return [("WholeFrame", [])]
    found = []
    for part in shapely.get_parts(pixel).tolist():
        if part.geom_type in ("Point", "LineString"):
            found.append((part.geom_type, np.array(part.coords).ravel().tolist()))
    for polygon in polygons_of(pixel):
        name = "Rectangle" if is_box(polygon) else "Polygon"
        ring = ring_of(polygon) if name == "Rectangle" else np.array(polygon.exterior.coords)
        found.append((name, ring.ravel().tolist()))
    return found


def _shape(name: str, points: list[Any]) -> BaseGeometry | None:
    numbers = np.array(points, dtype=np.float64)
    if name == "WholeFrame":
        return None
    if name == "Circle":
        x, y, radius = numbers
        return shapely.Point(x, y).buffer(radius, quad_segs=32)
    places = numbers.reshape(-1, 2)
    if name == "Point":
        return shapely.Point(places[0])
    if name == "LineString":
        return shapely.LineString(places)
    if name in ("Polygon", "Rectangle"):
        return shapely.make_valid(shapely.Polygon(places))
    raise PluginError(f"found the shape {name!r}, expected one of {', '.join(_SHAPES)} but Ellipse")
