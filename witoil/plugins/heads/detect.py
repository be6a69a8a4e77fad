"""Things in an image: boxes, boxes that are turned, outlines, as the YOLO family puts them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from witoil.plugins.card import Card
from witoil.plugins.envelope import Feature, Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.heads.classes import Floats, properties_of, refuse_other_shape
from witoil.plugins.images import Photo
from witoil.plugins.preparation import Placement, prepare
from witoil.plugins.running import Run

_MOST_CANDIDATES = 30_000
_LEAST = 1e-7


@dataclass(frozen=True)
class Candidates:
    """Boxes in the tensor, the best first.

    Attributes
    ----------
    boxes : numpy.ndarray
        (n, 4): middle x, middle y, width, height. [pixel of the tensor]
    angles : numpy.ndarray
        (n,), by which they are turned, from x towards y. [rad]
    scores : numpy.ndarray
        (n,)
    classes : numpy.ndarray of int
        (n,)
    extra : numpy.ndarray
        (n, k), what the model has of each beside.
    """

    boxes: Floats
    angles: Floats
    scores: Floats
    classes: npt.NDArray[np.intp]
    extra: Floats

    def take(self, which: npt.NDArray[np.intp]) -> Candidates:
        """Return some of them, in this order."""
        return Candidates(
            self.boxes[which],
            self.angles[which],
            self.scores[which],
            self.classes[which],
            self.extra[which],
        )


Overlap = Callable[[Candidates, Candidates], npt.NDArray[np.float64]]
"""What tells how much one box has in common with each of others."""


def detect(run: Run, card: Card, photo: Photo) -> Findings:
    """Return the boxes of things.

    The model puts out (1, 4 + classes, n) with middle, width and height (``yolov8``), (1, n, 5 +
    classes) with an objectness behind these (``yolov5``), or (1, n, 6) with two corners, score and
    class, overlaps removed already (``e2e``). [pixel of the tensor]
    """
    tensor, placement = prepare(photo.pixels, card.input)
    values = run(tensor)[0]
    refuse_other_shape(values, 3, card)
    if card.output.format == "e2e":
        found = _of_end_to_end(values[0], card)
    else:
        columns = values[0] if card.output.format == "yolov5" else values[0].T
        found = _distinct(_of_columns(columns, card), card, boxes_iou)
    boxes = [_box(it) for it in _corners(found.boxes)]
    return Findings(_features(found, boxes, card, placement))


def detect_turned(run: Run, card: Card, photo: Photo) -> Findings:
    """Return boxes that are turned; the model puts out (1, 4 + classes + 1, n), the angle last."""
    tensor, placement = prepare(photo.pixels, card.input)
    values = run(tensor)[0]
    refuse_other_shape(values, 3, card)
    found = _distinct(_of_columns(values[0].T, card, angle=True), card, turned_iou)
    boxes = [shapely.Polygon(it) for it in turned_corners(found.boxes, found.angles)]
    return Findings(_features(found, boxes, card, placement))


def detect_outlines(run: Run, card: Card, photo: Photo) -> Findings:
    """Return outlines of things.

    The model puts out (1, 4 + classes + k, n), and k masks that all things are made of, (1, k,
    height, width). An outline is where their weighted sum is 0, drawn between the middles of their
    pixels and cut at the box (Bolya et al. 2019, YOLACT, https://doi.org/10.1109/ICCV.2019.00925).
    """
    tensor, placement = prepare(photo.pixels, card.input)
    outputs = run(tensor)
    if len(outputs) != 2:
        raise PluginError(f"{card.model.id}: the model has {len(outputs)} outputs, expected 2")
    values, prototypes = outputs
    refuse_other_shape(values, 3, card)
    refuse_other_shape(prototypes, 4, card)
    found = _of_columns(values[0].T, card, extra=prototypes.shape[1])
    found = _distinct(found, card, boxes_iou)
    size = tensor.shape[2:] if card.input.layout == "NCHW" else tensor.shape[1:3]
    ratio = np.array([size[1] / prototypes.shape[3], size[0] / prototypes.shape[2]])
    corners = _corners(found.boxes)
    outlines = [
        outline(np.tensordot(weights, prototypes[0], axes=1), ratio).intersection(_box(box))
        for weights, box in zip(found.extra, corners, strict=True)
    ]
    return Findings(_features(found, outlines, card, placement))


def outline(values: Floats, ratio: npt.NDArray[np.float64]) -> BaseGeometry:
    """Return where values are above 0.

    Parameters
    ----------
    values : numpy.ndarray
        (height, width), each in the middle of its pixel.
    ratio : numpy.ndarray
        (2,), what a pixel is wide and high in the result.

    Returns
    -------
    BaseGeometry
        Polygons, with holes.
    """
    from skimage.measure import find_contours

    # a border on which values go on, and one beyond, where there is nothing
    edged = np.pad(np.pad(values.astype(np.float64), 1, mode="edge"), 1, constant_values=-1e9)
    rings = [ring[:, ::-1] - 1.5 for ring in find_contours(edged, 0.0) if len(ring) > 3]
    lines = [shapely.LineString(ring * ratio) for ring in rings]
    found: BaseGeometry = shapely.make_valid(shapely.build_area(shapely.MultiLineString(lines)))
    return found


def boxes_iou(one: Candidates, others: Candidates) -> npt.NDArray[np.float64]:
    """Return the share that a box has in common with each of others: intersection over union."""
    a, b = _corners(one.boxes)[0], _corners(others.boxes)
    wide = np.minimum(a[2], b[:, 2]) - np.maximum(a[0], b[:, 0])
    high = np.minimum(a[3], b[:, 3]) - np.maximum(a[1], b[:, 1])
    both = np.maximum(wide, 0.0) * np.maximum(high, 0.0)
    either = (a[2] - a[0]) * (a[3] - a[1]) + (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) - both
    found: npt.NDArray[np.float64] = both / np.maximum(either, _LEAST)
    return found


def turned_iou(one: Candidates, others: Candidates) -> npt.NDArray[np.float64]:
    """Return how much boxes that are turned are alike: 1 minus the Hellinger distance of Gaussians.

    ProbIoU, Llerena et al. 2021, https://arxiv.org/abs/2106.06072, eq. 4 and 7 to 9.
    """
    a1, b1, c1 = (part[0] for part in _covariance(one))
    a2, b2, c2 = _covariance(others)
    x1, y1 = one.boxes[0, :2].astype(np.float64)
    x2, y2 = others.boxes[:, :2].astype(np.float64).T
    a, b, c = a1 + a2, b1 + b2, c1 + c2
    determinant = a * b - c * c + _LEAST
    apart = (a * (y1 - y2) ** 2 + b * (x1 - x2) ** 2) / (4.0 * determinant)
    skewed = c * (x2 - x1) * (y1 - y2) / (2.0 * determinant)
    own = np.sqrt(np.maximum((a1 * b1 - c1 * c1) * (a2 * b2 - c2 * c2), 0.0))
    unlike = 0.5 * np.log(np.maximum(determinant / (4.0 * own + _LEAST), 1.0))
    distance = np.clip(apart + skewed + unlike, 0.0, 100.0)
    found: npt.NDArray[np.float64] = 1.0 - np.sqrt(1.0 - np.exp(-distance))
    return found


def turned_corners(boxes: Floats, angles: Floats) -> npt.NDArray[np.float64]:
    """Return (n, 4, 2), the corners of boxes that are turned about their middles."""
    x, y, width, height = boxes.astype(np.float64).T
    cos, sin = np.cos(angles.astype(np.float64)), np.sin(angles.astype(np.float64))
    along = np.stack([width / 2.0 * cos, width / 2.0 * sin], axis=-1)
    across = np.stack([-height / 2.0 * sin, height / 2.0 * cos], axis=-1)
    middle = np.stack([x, y], axis=-1)
    corners = [along + across, along - across, -along - across, -along + across]
    found: npt.NDArray[np.float64] = middle[:, np.newaxis] + np.stack(corners, axis=1)
    return found


def _covariance(found: Candidates) -> tuple[npt.NDArray[np.float64], ...]:
    """Return the covariances xx, yy and xy of boxes as even distributions."""
    wide, high = (found.boxes[:, 2:].astype(np.float64) ** 2 / 12.0).T
    cos, sin = np.cos(found.angles.astype(np.float64)), np.sin(found.angles.astype(np.float64))
    return (
        wide * cos * cos + high * sin * sin,
        wide * sin * sin + high * cos * cos,
        (wide - high) * cos * sin,
    )


def _of_columns(columns: Floats, card: Card, *, angle: bool = False, extra: int = 0) -> Candidates:
    """Return what is likely enough of (n, numbers): box, objectness, classes, extra, angle."""
    classes = len(card.labels)
    has_objectness = card.output.format == "yolov5"
    expected = 4 + has_objectness + classes + extra + angle
    if columns.shape[1] != expected:
        raise PluginError(
            f"{card.model.id}: the model put out {columns.shape[1]} numbers for each box, expected "
            f'{expected} for {classes} labels in format = "{card.output.format}"'
        )
    first = 4 + has_objectness
    by_class = columns[:, first : first + classes]
    if has_objectness:
        by_class = by_class * columns[:, 4:5]
    if by_class.size and not -1e-3 <= by_class.min() <= by_class.max() <= 1.001:
        raise PluginError(
            f"{card.model.id}: the model gave scores of {by_class.min():.3g} to "
            f"{by_class.max():.3g}, expected 0 to 1; export it with its last activation"
        )
    best = by_class.argmax(axis=1)
    scores = by_class[np.arange(len(columns)), best]
    likely = np.flatnonzero(scores > card.output.conf)
    order = likely[np.argsort(-scores[likely], kind="stable")][:_MOST_CANDIDATES]
    rows = columns[order]
    return Candidates(
        rows[:, :4],
        rows[:, -1] if angle else np.zeros(len(rows), dtype=np.float32),
        scores[order],
        best[order],
        rows[:, first + classes : first + classes + extra],
    )


def _of_end_to_end(rows: Floats, card: Card) -> Candidates:
    if rows.shape[1] != 6:
        raise PluginError(
            f"{card.model.id}: the model put out {rows.shape[1]} numbers for each box, expected 6: "
            "two corners, score and class"
        )
    likely = rows[rows[:, 4] > card.output.conf]
    likely = likely[np.argsort(-likely[:, 4], kind="stable")][: card.output.max_det]
    classes = likely[:, 5].round().astype(np.intp)
    if classes.size and not 0 <= classes.min() <= classes.max() < len(card.labels):
        raise PluginError(
            f"{card.model.id}: the model gave the class {classes.max()}, expected one of the "
            f"{len(card.labels)} labels of its card"
        )
    low, high = likely[:, :2], likely[:, 2:4]
    boxes = np.concatenate([(low + high) / 2.0, high - low], axis=1)
    nothing = np.zeros((len(likely), 0), dtype=np.float32)
    return Candidates(boxes, np.zeros(len(likely), np.float32), likely[:, 4], classes, nothing)


def _distinct(found: Candidates, card: Card, iou: Overlap) -> Candidates:
    """Return the candidates that no better one of their class overlaps more than the card says."""
    kept: list[int] = []
    waiting = np.arange(len(found.scores))
    while waiting.size and len(kept) < card.output.max_det:
        one, others = waiting[:1], waiting[1:]
        kept.append(int(one[0]))
        is_same = found.classes[others] == found.classes[one[0]]
        overlap = np.zeros(len(others))
        overlap[is_same] = iou(found.take(one), found.take(others[is_same]))
        waiting = others[overlap <= card.output.iou]
    return found.take(np.array(kept, dtype=np.intp))


def _box(corners: npt.NDArray[np.float64]) -> shapely.Polygon:
    left, top, right, bottom = corners.tolist()
    found: shapely.Polygon = shapely.box(left, top, right, bottom)
    return found


def _corners(boxes: Floats) -> npt.NDArray[np.float64]:
    middle, half = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64) / 2.0
    return np.concatenate([middle - half, middle + half], axis=1)


def _features(
    found: Candidates, shapes: Sequence[BaseGeometry], card: Card, placement: Placement
) -> list[Feature]:
    """Return what lies within the image, in its pixels; boxes that are turned stay whole."""
    is_turned = card.model.task == "detect-obb"
    image = shapely.box(0.0, 0.0, placement.size[1], placement.size[0])
    features = []
    for k, shape in enumerate(shapes):
        pixel: BaseGeometry = shapely.transform(shape, placement.to_image)
        inside = pixel.intersection(image)
        if inside.area <= 0.0:
            continue
        pixel = pixel if is_turned else inside
        name = card.labels[int(found.classes[k])].name
        features.append(
            Feature(name, float(found.scores[k]), pixel, properties=properties_of(name, card))
        )
    return features
