"""Things that touch each other, parted: a model says where each is, a watershed where each ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from witoil.plugins.card import Card
from witoil.plugins.envelope import Feature, Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.heads.classes import (
    Floats,
    probabilities,
    properties_of,
    refuse_other_shape,
)
from witoil.plugins.images import Photo
from witoil.plugins.polygons import polygons_by_value
from witoil.plugins.preparation import Placement, prepare
from witoil.plugins.running import Run

_MOST_MISSED = 0.2
"""Share of what is darker than the background that may be in no thing before it is said."""


def part(run: Run, card: Card, photo: Photo) -> Findings:
    """Return the things before a light background.

    The model puts out (1, q, classes + 1), the last class for nothing, and (1, q, height, width),
    where above 0 each of q things is. What is darker than the background is flooded from the
    innermost pixel of each thing, so that each ends at the neck between it and the next. A thing
    that overlaps a likelier one by more than ``output.iou`` is that one, seen twice.
    """
    tensor, placement = prepare(photo.pixels, card.input)
    outputs = run(tensor)
    if len(outputs) != 2:
        raise PluginError(f"{card.model.id}: the model has {len(outputs)} outputs, expected 2")
    queries, masks = outputs
    refuse_other_shape(queries, 3, card)
    refuse_other_shape(masks, 4, card)
    if queries.shape[1] != masks.shape[1]:
        raise PluginError(
            f"{card.model.id}: the model gave {queries.shape[1]} classes for {masks.shape[1]} "
            "masks, expected as many"
        )
    foreground = _foreground(photo, card)
    scores = probabilities(queries[0], card)
    if card.labels[-1].background is False:
        raise PluginError(f"{card.model.id}: labels: expected the last to be a background")
    best = scores[:, :-1].argmax(axis=1)
    likely = np.flatnonzero(scores[np.arange(len(best)), best] >= card.output.conf)
    order = likely[np.argsort(-scores[likely, best[likely]], kind="stable")]
    kept: list[int] = []
    wheres: list[npt.NDArray[np.bool_]] = []
    for query in order.tolist():
        where = _where(masks[0, query], placement, tensor, card)
        if all(_iou(where, other) <= card.output.iou for other in wheres):
            kept.append(query)
            wheres.append(where)
    areas, remarks = _flooded(foreground, wheres)
    features = []
    for number, polygon in polygons_by_value(areas):
        query = kept[number - 1]
        name = card.labels[int(best[query])].name
        properties = {"area_pixels": polygon.area, **properties_of(name, card)}
        score = float(scores[query, best[query]])
        features.append(Feature(name, score, polygon, properties=properties))
    return Findings(features, remarks=remarks)


def _foreground(photo: Photo, card: Card) -> npt.NDArray[np.bool_]:
    grey = np.asarray(Image.fromarray(photo.pixels).convert("L"))
    grey = 255 - grey if card.input.invert else grey
    foreground: npt.NDArray[np.bool_] = grey < card.input.background_above
    foreground[photo.size[0] - card.input.crop_bottom :] = False
    return foreground


def _where(
    logits: Floats, placement: Placement, tensor: Floats, card: Card
) -> npt.NDArray[np.bool_]:
    """Return where a thing is, on the pixels of the image: its mask between their middles."""
    from scipy.ndimage import map_coordinates

    height, width = tensor.shape[2:] if card.input.layout == "NCHW" else tensor.shape[1:3]
    rows, columns = (np.arange(length) + 0.5 for length in placement.size)
    y = (rows * placement.scale[1] + placement.offset[1]) * logits.shape[0] / height - 0.5
    x = (columns * placement.scale[0] + placement.offset[0]) * logits.shape[1] / width - 0.5
    places = np.meshgrid(y, x, indexing="ij")
    found: npt.NDArray[np.bool_] = map_coordinates(logits, places, order=1, mode="nearest") > 0.0
    return found


def _iou(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    """Return the share that two masks have in common."""
    return float((one & other).sum()) / max(1, int((one | other).sum()))


def _flooded(
    foreground: npt.NDArray[np.bool_], wheres: list[npt.NDArray[np.bool_]]
) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Return the number of the thing that each pixel is of, from 1 on; 0: of none."""
    from scipy.ndimage import distance_transform_edt
    from skimage.segmentation import watershed

    distance = distance_transform_edt(foreground)
    markers = np.zeros(foreground.shape, dtype=np.int32)
    for number, where in enumerate(wheres, 1):
        depth = np.where(where & (markers == 0), distance, 0.0)
        innermost = np.unravel_index(depth.argmax(), depth.shape)
        if depth[innermost] > 0.0:
            markers[innermost] = number
    areas = watershed(-distance, markers, mask=foreground, connectivity=2).astype(np.int32)
    covered = np.any(wheres, axis=0) if wheres else np.zeros_like(foreground)
    missed = float((foreground & ~covered).sum()) / max(1, int(foreground.sum()))
    if missed <= _MOST_MISSED:
        return areas, []
    return areas, [f"{100 * missed:.0f} % of what is dark is in no thing that the model found"]
