"""One class for a whole image, or for each tile of it."""

from __future__ import annotations

import numpy as np
import shapely

from witoil.plugins.card import Card
from witoil.plugins.envelope import Feature, Findings, Grid
from witoil.plugins.errors import PluginError
from witoil.plugins.heads.classes import Floats, best, probabilities
from witoil.plugins.images import Photo
from witoil.plugins.preparation import prepare
from witoil.plugins.running import Run

NOTHING = 255
"""What stands for no class in a raster."""

_BATCH = 32


def classify_image(run: Run, card: Card, photo: Photo) -> Findings:
    """Return the class of an image; the model puts out (1, classes), and maybe an embedding.

    The latter where the card names two outputs.
    """
    tensor, _ = prepare(photo.pixels, card.input)
    outputs = run(tensor)
    scores = _one_row_each(outputs[0], 1, card)[0]
    label, score, properties = best(scores, card)
    if card.has_embedding:
        properties["embedding"] = outputs[1].ravel().tolist()
    return Findings([Feature(label, score, properties=properties)])


def classify_tiles(run: Run, card: Card, photo: Photo) -> Findings:
    """Return the class of each tile of an image that is whole and not transparent.

    Notes
    -----
    With ``parity = "even"`` the last row and column are left out where they are odd, so that models
    of tiles half as large divide the same ground.
    """
    assert card.tiling is not None  # the card was checked
    side = card.tiling.size
    rows, columns = (length // side for length in photo.size)
    if card.tiling.parity == "even":
        rows, columns = rows - rows % 2, columns - columns % 2
    if not rows or not columns:
        raise PluginError(
            f"{photo.name}: found {photo.size[1]} x {photo.size[0]} pixels, expected one tile of "
            f"{side} at least"
        )
    places = [
        (row, column)
        for row in range(rows)
        for column in range(columns)
        if _is_seen(photo, row, column, side)
    ]
    values = np.full((rows, columns), NOTHING, dtype=np.uint8)
    features = []
    names = [label.name for label in card.labels]
    for k in range(0, len(places), _BATCH):
        batch = places[k : k + _BATCH]
        for (row, column), scores in zip(batch, _of_tiles(run, card, photo, batch), strict=True):
            label, score, properties = best(scores, card)
            if label is not None:
                values[row, column] = names.index(label)
            properties |= {"row": row, "column": column}
            box = shapely.box(
                column * side, row * side, (column + 1) * side, (row + 1) * side, ccw=False
            )
            features.append(Feature(label, score, box, properties=properties))
    return Findings(
        features,
        rasters=[Grid("tiles", values, NOTHING, tuple(names), side)],
        remarks=_left_out(photo, rows, columns, side, rows * columns - len(places)),
    )


def _left_out(photo: Photo, rows: int, columns: int, side: int, unseen: int) -> list[str]:
    height, width = photo.size
    remarks = []
    if height > rows * side or width > columns * side:
        remarks.append(
            f"{height - rows * side} rows below and {width - columns * side} columns to the right "
            "of the last whole tiles were left out"
        )
    if unseen:
        remarks.append(f"{unseen} tiles with transparent pixels were left out")
    return remarks


def _is_seen(photo: Photo, row: int, column: int, side: int) -> bool:
    if photo.opaque is None:
        return True
    part = photo.opaque[row * side : (row + 1) * side, column * side : (column + 1) * side]
    return int((~part).sum()) <= _most_transparent(side)


def _most_transparent(side: int) -> int:
    """Return how many pixels of a tile may be transparent: 144 of 128 x 128, as many of others."""
    return 144 * side * side // (128 * 128)


def _of_tiles(run: Run, card: Card, photo: Photo, batch: list[tuple[int, int]]) -> Floats:
    assert card.tiling is not None
    side = card.tiling.size
    tensors = [
        prepare(photo.pixels[r * side : (r + 1) * side, c * side : (c + 1) * side], card.input)[0]
        for r, c in batch
    ]
    return _one_row_each(run(np.concatenate(tensors))[0], len(batch), card)


def _one_row_each(values: Floats, count: int, card: Card) -> Floats:
    """Return (count, classes), where a model may have axes of length 1 behind, as (n, c, 1, 1)."""
    if values.shape[0] != count or any(length != 1 for length in values.shape[2:]):
        raise PluginError(
            f"{card.model.id}: the model put out the shape {values.shape} for {count} images, "
            "expected a row of classes for each"
        )
    return probabilities(values.reshape(count, -1), card)
