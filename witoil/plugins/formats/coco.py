"""COCO: one JSON file with images, categories and annotations (https://cocodataset.org/#format-data).

Polygons with holes are runs of pixels (RLE), since its polygons have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from witoil.files import read_json, write_json
from witoil.plugins.envelope import Feature
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.scenes import (
    Scene,
    Written,
    labels_of,
    name_without_folders,
    not_held,
    polygons_of,
    ring_of,
    size_of,
)
from witoil.plugins.polygons import polygon_of

NAME = "coco.json"
_MOST_PIXELS = 150_000_000


def write_coco(scenes: Sequence[Scene], folder: Path) -> Written:
    """Write ``coco.json``; scores stand beside the annotations, as in COCO's results."""
    labels = labels_of(scenes)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image, scene in enumerate(scenes, 1):
        height, width = size_of(scene)
        images.append({"id": image, "file_name": scene.file, "width": width, "height": height})
        for feature in scene.features:
            polygons = polygons_of(feature.pixel)
            if not polygons:
                continue
            left, top, right, bottom = shapely.MultiPolygon(polygons).bounds
            annotation = {
                "id": len(annotations) + 1,
                "image_id": image,
                "category_id": labels.index(str(feature.label)) + 1,
                "bbox": [left, top, right - left, bottom - top],
                "area": sum(polygon.area for polygon in polygons),
                "segmentation": _segmentation(polygons, (height, width)),
                "iscrowd": 0,
            }
            if feature.score is not None:
                annotation["score"] = feature.score
            annotations.append(annotation)
    categories = [{"id": k, "name": name} for k, name in enumerate(labels, 1)]
    write_json(
        folder / NAME, {"images": images, "categories": categories, "annotations": annotations}
    )
    return Written([NAME], not_held(scenes, "COCO"))


def read_coco(path: Path) -> list[Scene]:
    """Return the scenes of a COCO file.

    Raises
    ------
    PluginError
        Where it is none.
    """
    try:
        document = read_json(path)
        names = {it["id"]: str(it["name"]) for it in document["categories"]}
        features: dict[Any, list[Feature]] = {it["id"]: [] for it in document["images"]}
        sizes = {it["id"]: (int(it["height"]), int(it["width"])) for it in document["images"]}
        for it in document["annotations"]:
            shape = _shape(it, sizes[it["image_id"]])
            score = None if it.get("score") is None else float(it["score"])
            features[it["image_id"]].append(Feature(names[it["category_id"]], score, shape))
        return [
            Scene(
                name_without_folders(it["file_name"]),
                sizes[it["id"]],
                features[it["id"]],
                tuple(names.values()),
            )
            for it in document["images"]
        ]
    except PluginError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise PluginError(
            f"{path}: is no COCO ({type(error).__name__}: {error}); expected images, categories "
            "and annotations that belong to each other"
        ) from None


def _segmentation(polygons: Sequence[shapely.Polygon], size: tuple[int, int]) -> Any:
    if not any(polygon.interiors for polygon in polygons):
        return [ring_of(polygon).ravel().tolist() for polygon in polygons]
    from rasterio.features import rasterize

    pixels = rasterize(polygons, out_shape=size, dtype="uint8")
    values = pixels.ravel(order="F")
    changes = np.flatnonzero(np.diff(values)) + 1
    counts = np.diff([0, *changes, len(values)])
    if values[0]:  # the first run is of what is outside
        counts = np.concatenate([[0], counts])
    return {"size": list(size), "counts": counts.tolist()}


def _shape(annotation: dict[str, Any], size: tuple[int, int]) -> BaseGeometry:
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, dict):
        return _of_runs(segmentation, size)
    if segmentation:
        rings = [np.array(ring, dtype=np.float64).reshape(-1, 2) for ring in segmentation]
        return shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in rings])
    left, top, width, height = (float(value) for value in annotation["bbox"])
    return shapely.box(left, top, left + width, top + height)


def _of_runs(runs: dict[str, Any], size: tuple[int, int]) -> BaseGeometry:
    counts = runs["counts"]
    if isinstance(counts, str):
        raise PluginError("found a compressed RLE, expected counts as numbers (decode it first)")
    if size[0] * size[1] > _MOST_PIXELS or sum(counts) != size[0] * size[1]:
        raise PluginError(
            f"found an RLE of {sum(counts):,} pixels, expected the {size[0]} x {size[1]} of its "
            f"image, {_MOST_PIXELS:,} at most"
        )
    values = np.repeat(np.arange(len(counts)) % 2, counts).astype(np.uint8)
    pixels = values.reshape(size, order="F")
    return polygon_of(pixels > 0)
