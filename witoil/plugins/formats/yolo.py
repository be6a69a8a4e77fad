"""YOLO: a text file for each image, a line for each thing, in shares of its width and height.

Four numbers behind the class are a box (middle and size), six and more are the corners of a polygon
(https://docs.ultralytics.com/datasets/).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from witoil.files import write_text
from witoil.plugins.envelope import Feature
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.scenes import (
    Scene,
    Written,
    holes_filled,
    is_box,
    labels_of,
    not_held,
    polygons_of,
    ring_of,
    size_of,
)

LABELS = "classes.txt"
FOLDER = "labels"


def write_yolo(scenes: Sequence[Scene], folder: Path) -> Written:
    """Write ``labels/NAME.txt`` for each image, and the labels in order, ``classes.txt``."""
    labels = labels_of(scenes)
    names = [f"{FOLDER}/{LABELS}"]
    write_text(folder / names[0], "".join(f"{label}\n" for label in labels))
    for scene in scenes:
        lines = []
        for feature in scene.features:
            for polygon in polygons_of(feature.pixel):
                numbers = _numbers(polygon, size_of(scene))
                number = labels.index(str(feature.label))
                lines.append(" ".join([str(number), *(f"{value:.9g}" for value in numbers)]))
        name = f"{FOLDER}/{Path(scene.file).stem}.txt"
        if name in names:
            raise PluginError(f"found two images {Path(scene.file).stem}, expected other names")
        write_text(folder / name, "".join(f"{line}\n" for line in lines))
        names.append(name)
    return Written(names, not_held(scenes, "YOLO") + holes_filled(scenes, "YOLO"))


def read_yolo(folder: Path) -> list[Scene]:
    """Return the scenes of a folder of text files, with ``classes.txt`` and the images beside.

    Images lie in the folder itself, or in ``images`` beside ``labels``.

    Raises
    ------
    PluginError
        Where labels, images or numbers are missing.
    """
    from witoil.plugins.images import SUFFIXES, read_photo

    labels = _labels(folder)
    places = [folder, folder.parent / "images"]
    scenes = []
    for path in sorted(folder.glob("*.txt")):
        if path.name == LABELS:
            continue
        beside = [place / f"{path.stem}{suffix}" for place in places for suffix in SUFFIXES]
        image = next((it for it in beside if it.is_file()), None)
        if image is None:
            raise PluginError(f"{path}: has no image beside it; expected {path.stem}.png or .jpg")
        size = read_photo(image).size
        features = [
            _feature(line, labels, size, f"{path}:{number}")
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if line.strip()
        ]
        scenes.append(Scene(image.name, size, features, tuple(labels)))
    return scenes


def _labels(folder: Path) -> list[str]:
    path = folder / LABELS
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, UnicodeDecodeError):
        raise PluginError(f"{path}: cannot be read; expected a label in each line") from None


def _numbers(polygon: shapely.Polygon, size: tuple[int, int]) -> list[float]:
    height, width = size
    if is_box(polygon):
        left, top, right, bottom = polygon.bounds
        middle = [(left + right) / 2.0 / width, (top + bottom) / 2.0 / height]
        return [*middle, (right - left) / width, (bottom - top) / height]
    corners: list[float] = (ring_of(polygon) / [width, height]).ravel().tolist()
    return corners


def _feature(line: str, labels: Sequence[str], size: tuple[int, int], place: str) -> Feature:
    try:
        first, *rest = line.split()
        numbers = np.array(rest, dtype=np.float64)
        label = labels[int(first)] if int(first) >= 0 else labels[len(labels)]
    except (ValueError, IndexError):
        raise PluginError(
            f"{place}: found {line[:40]!r}, expected the number of one of {len(labels)} labels, "
            "and shares of width and height"
        ) from None
    return Feature(label, None, _shape(numbers, size, place))


def _shape(numbers: np.ndarray, size: tuple[int, int], place: str) -> BaseGeometry:
    height, width = size
    is_polygon = len(numbers) >= 6 and len(numbers) % 2 == 0
    if not np.isfinite(numbers).all() or (len(numbers) != 4 and not is_polygon):
        raise PluginError(f"{place}: found {len(numbers)} numbers, expected 4, or pairs from 6 on")
    if len(numbers) == 4:
        x, y, wide, high = numbers * [width, height, width, height]
        found: BaseGeometry = shapely.box(
            x - wide / 2.0, y - high / 2.0, x + wide / 2.0, y + high / 2.0
        )
        return found
    ring = numbers.reshape(-1, 2) * [width, height]
    polygon: BaseGeometry = shapely.make_valid(shapely.Polygon(ring))
    return polygon
