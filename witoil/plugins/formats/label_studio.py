"""Label Studio: tasks with predictions or annotations, in percent of width and height.

https://labelstud.io/guide/predictions, https://labelstud.io/guide/task_format
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from witoil.files import plain, read_json, write_text
from witoil.plugins.envelope import Feature
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.scenes import (
    Scene,
    Written,
    holes_filled,
    is_box,
    name_without_folders,
    polygons_of,
    ring_of,
    size_of,
)

NAME = "label-studio.json"


def write_label_studio(scenes: Sequence[Scene], folder: Path) -> Written:
    """Write ``label-studio.json``, tasks with what a model predicts, to import.

    The labelling interface has the names ``label`` and ``image``.
    """
    import json

    tasks = []
    for scene in scenes:
        results = [item for it in scene.features for item in _results(it, scene)]
        scores = [item["score"] for item in results if "score" in item]
        prediction = {"model_version": scene.model, "result": results}
        if scores:
            prediction["score"] = sum(scores) / len(scores)
        tasks.append({"data": {"image": scene.file}, "predictions": [prediction]})
    write_text(folder / NAME, json.dumps(plain(tasks), indent=1, allow_nan=False) + "\n")
    lines = sum(
        it.pixel is not None and not polygons_of(it.pixel)
        for scene in scenes
        for it in scene.features
    )
    remarks = holes_filled(scenes, "Label Studio")
    if lines:
        remarks.append(f"Label Studio holds no lines or points: {lines} were left out")
    return Written([NAME], remarks)


def read_label_studio(path: Path) -> list[Scene]:
    """Return the scenes of exported tasks: their annotations, or else their predictions.

    Raises
    ------
    PluginError
        Where it is none.
    """
    try:
        return [_scene(task) for task in read_json(path)]
    except PluginError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise PluginError(
            f"{path}: is no export of Label Studio ({type(error).__name__}: {error}); expected "
            "JSON tasks"
        ) from None


def _results(feature: Feature, scene: Scene) -> Iterator[dict[str, Any]]:
    common: dict[str, Any] = {"from_name": "label", "to_name": "image"}
    if feature.score is not None:
        common["score"] = feature.score
    if feature.pixel is None:
        yield common | {"type": "choices", "value": {"choices": [feature.label]}}
        return
    height, width = size_of(scene)
    common |= {"original_width": width, "original_height": height, "image_rotation": 0}
    for polygon in polygons_of(feature.pixel):
        if is_box(polygon):
            left, top, right, bottom = polygon.bounds
            value = {
                "x": 100.0 * left / width,
                "y": 100.0 * top / height,
                "width": 100.0 * (right - left) / width,
                "height": 100.0 * (bottom - top) / height,
                "rotation": 0,
                "rectanglelabels": [feature.label],
            }
            yield common | {"type": "rectanglelabels", "value": value}
        else:
            points = (100.0 * ring_of(polygon) / [width, height]).tolist()
            value = {"points": points, "closed": True, "polygonlabels": [feature.label]}
            yield common | {"type": "polygonlabels", "value": value}


def _scene(task: dict[str, Any]) -> Scene:
    done = task.get("annotations") or task.get("predictions") or []
    results = [item for each in done[:1] for item in each["result"]]
    sizes = {
        (int(it["original_height"]), int(it["original_width"]))
        for it in results
        if "original_height" in it
    }
    if len(sizes) > 1:
        raise PluginError(f"found the sizes {sorted(sizes)} for one image, expected one")
    size = next(iter(sizes), None)
    features = [_feature(it, size) for it in results if it["type"] in _LABELS]
    return Scene(name_without_folders(str(task["data"]["image"])), size, features)


_LABELS = {
    "choices": "choices",
    "rectanglelabels": "rectanglelabels",
    "polygonlabels": "polygonlabels",
}


def _feature(item: dict[str, Any], size: tuple[int, int] | None) -> Feature:
    value = item["value"]
    (label,) = value[_LABELS[item["type"]]]
    score = item.get("score")
    if item["type"] == "choices" or size is None:
        return Feature(label, score)
    return Feature(label, score, _shape(value, size))


def _shape(value: dict[str, Any], size: tuple[int, int]) -> BaseGeometry:
    height, width = size
    if "points" in value:
        ring = np.array(value["points"], dtype=np.float64) / 100.0 * [width, height]
        polygon: BaseGeometry = shapely.make_valid(shapely.Polygon(ring))
        return polygon
    left, top = value["x"] / 100.0 * width, value["y"] / 100.0 * height
    right = left + value["width"] / 100.0 * width
    bottom = top + value["height"] / 100.0 * height
    box: BaseGeometry = shapely.box(left, top, right, bottom)
    # clockwise on the screen about the corner that is at the top left before it is turned
    angle = math.radians(float(value.get("rotation", 0.0)))
    if not angle:
        return box
    turned: BaseGeometry = affinity.rotate(box, angle, origin=(left, top), use_radians=True)
    return turned
