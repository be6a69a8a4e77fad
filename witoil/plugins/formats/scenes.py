"""What annotation formats have in common: an image, its size, and labelled shapes in its pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from witoil.plugins.envelope import Envelope, Feature
from witoil.plugins.errors import PluginError


@dataclass(frozen=True)
class Scene:
    """An image with what is on it.

    Attributes
    ----------
    file : str
        Name of the image.
    size : tuple of int or None
        Height and width. [pixel] None: not known.
    features : sequence of Feature
        With labels; ``pixel`` None is the whole image.
    labels : tuple of str
        All that there could be, in their order.
    model : str
        Who says so; empty: a person.
    """

    file: str
    size: tuple[int, int] | None
    features: Sequence[Feature]
    labels: tuple[str, ...] = ()
    model: str = ""


@dataclass(frozen=True)
class Written:
    """Names of the files of a format, and what it could not hold."""

    names: Sequence[str]
    remarks: Sequence[str] = ()


def scene_of(envelope: Envelope) -> Scene:
    """Return what of an envelope annotation formats have: features with labels."""
    features = [it for it in envelope.findings.features if it.label is not None]
    card = envelope.card
    labels = tuple(dict.fromkeys(label.name for label in card.labels))
    model = f"{card.model.id} {card.model.version}"
    return Scene(envelope.file, envelope.size, features, labels, model)


def labels_of(scenes: Sequence[Scene]) -> list[str]:
    """Return the labels of all scenes, those of models in their order first."""
    known = dict.fromkeys(label for scene in scenes for label in scene.labels)
    used = dict.fromkeys(str(it.label) for scene in scenes for it in scene.features)
    return [*(known | used)]


def size_of(scene: Scene) -> tuple[int, int]:
    """Return height and width.

    Raises
    ------
    PluginError
        Where they are not known.
    """
    if scene.size is None:
        raise PluginError(f"{scene.file}: its size is not known; expected the image beside it")
    return scene.size


def polygons_of(pixel: BaseGeometry | None) -> list[shapely.Polygon]:
    """Return the polygons of a shape; none of a line, a point or a whole image."""
    parts = [] if pixel is None else shapely.get_parts(pixel).tolist()
    return [part for part in parts if isinstance(part, shapely.Polygon) and not part.is_empty]


def ring_of(polygon: shapely.Polygon) -> npt.NDArray[np.float64]:
    """Return (n, 2), the corners of the outer ring, the first not again."""
    return np.asarray(polygon.exterior.coords, dtype=np.float64)[:-1]


def is_box(polygon: shapely.Polygon) -> bool:
    """Say whether a polygon is a box that stands upright."""
    return bool(
        len(polygon.exterior.coords) == 5
        and not polygon.interiors
        and math.isclose(polygon.area, shapely.box(*polygon.bounds).area, rel_tol=1e-9)
    )


def name_without_folders(file: str) -> str:
    """Return a file's name, refused where it leads elsewhere: it may come from a foreign file."""
    name = Path(file.replace("\\", "/")).name
    if name in ("", ".", ".."):
        raise PluginError(f"found the file name {file!r}, expected the name of an image")
    return name


def middle_of(feature: Feature) -> tuple[float, float]:
    """Return longitude and latitude of the middle of what is on the map, -180 to 180. [degrees]"""
    assert feature.geometry is not None
    point = feature.geometry.centroid
    lon = float(point.x)
    return lon if -180.0 <= lon <= 180.0 else (lon + 180.0) % 360.0 - 180.0, float(point.y)


def not_held(scenes: Sequence[Scene], form: str) -> list[str]:
    """Return in words how many shapes a format of boxes and polygons has no way to hold."""
    features = [it for scene in scenes for it in scene.features]
    lines = sum(it.pixel is not None and not polygons_of(it.pixel) for it in features)
    whole = sum(it.pixel is None for it in features)
    texts = {"lines or points": lines, "classes of whole images": whole}
    return [f"{form} holds no {what}: {n} were left out" for what, n in texts.items() if n]


def holes_filled(scenes: Sequence[Scene], form: str) -> list[str]:
    """Return in words how many polygons lose their holes."""
    count = sum(
        any(polygon.interiors for polygon in polygons_of(feature.pixel))
        for scene in scenes
        for feature in scene.features
    )
    return [f"{form} holds no holes: those of {count} areas were filled"] if count else []
