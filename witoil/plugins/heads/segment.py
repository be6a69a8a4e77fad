"""A class for each pixel: by tiles that overlap, by rows, or pixel by pixel.

Each yields rows of scores from top to bottom, and no more than some rows are in memory at once;
what is made of them, a raster, polygons, a line, is the same for all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from witoil.plugins.card import Card, Tiling
from witoil.plugins.envelope import Feature, Findings, Grid
from witoil.plugins.errors import PluginError
from witoil.plugins.heads.classes import (
    Floats,
    probabilities,
    properties_of,
    refuse_other_classes,
    refuse_other_shape,
)
from witoil.plugins.images import MOST_PIXELS
from witoil.plugins.preparation import scaled, tensor_of
from witoil.plugins.rasters import Reader
from witoil.plugins.running import Run

NODATA = 255
_MOST_CLASSES = 255
_ROWS = 64
_FULL = 65_535.0
"""What stands for a score of 1, in two bytes."""

_MOST_SHAPES = 100_000

Rows = Iterator[tuple[int, Floats]]
"""First row, and (classes, height, width) of what the model put out, averaged."""


def segment_tiles(run: Run, card: Card, reader: Reader) -> Findings:
    """Return the classes of pixels, seen in tiles of the card's size and stride.

    Notes
    -----
    What the model puts out is averaged where tiles overlap, before a softmax; the image is
    mirrored beyond its border.
    """
    return _finished(_by_tiles(run, card, reader), card, reader)


def tile_scores(run: Run, card: Card, reader: Reader) -> Rows:
    """Yield how likely each class is, for what goes on with the numbers; see `segment_tiles`."""
    for top, values in _by_tiles(run, card, reader):
        yield top, probabilities(values, card, axis=0)


def segment_rows(run: Run, card: Card, reader: Reader) -> Findings:
    """Return the classes of pixels by a model of rows, (n, width, 3) to (n, width, classes)."""
    return _finished(_by_rows(run, card, reader), card, reader)


def classify_pixels(run: Run, card: Card, reader: Reader) -> Findings:
    """Return the classes of pixels by their features alone, (n, features) to (n, classes)."""
    return _finished(_by_features(run, card, reader, len(card.labels)), card, reader)


def regress_pixels(run: Run, card: Card, reader: Reader) -> Findings:
    """Return a value for each pixel by its features, (n, features) to (n, 1)."""
    values = _filled(reader.size, np.nan, np.float32)
    for top, rows in _by_features(run, card, reader, 1):
        part = slice(top, top + rows.shape[1])
        valid = reader.is_valid(part, slice(0, reader.size[1]))
        values[part] = np.where(valid, rows[0], np.nan)
    raster = Grid("values", values, float("nan"), unit=card.output.unit or "1")
    return Findings(rasters=[raster], remarks=list(reader.remarks))


def starts(length: int, tiling: Tiling) -> list[int]:
    """Return where tiles begin along a side, so that the last one reaches its end or beyond."""
    count = max(0, -(-(length - tiling.size) // tiling.step)) + 1
    return [k * tiling.step for k in range(count)]


def features_of(values: npt.NDArray[Any], card: Card) -> npt.NDArray[np.float64]:
    """Return the features of pixels.

    Parameters
    ----------
    values : numpy.ndarray
        (height, width, bands).
    card : Card

    Returns
    -------
    numpy.ndarray
        (height, width, features): bands, normalised differences ``(a - b) / (a + b)``, and the
        standard deviation of each of these in a square, mirrored at the border (as CoastSat has
        them, Vos et al. 2019, https://doi.org/10.1016/j.envsoft.2019.104528).
    """
    how = card.input
    bands = values.astype(np.float64) * how.scale
    at = {name: bands[:, :, k] for k, name in enumerate(how.bands)}
    layers = [*at.values()]
    with np.errstate(invalid="ignore", divide="ignore"):
        layers += [(at[a] - at[b]) / (at[a] + at[b]) for a, b in how.indices]
    if how.texture_radius:
        layers += [_deviation(layer, 2 * how.texture_radius + 1) for layer in layers]
    return np.stack(layers, axis=-1)


def _deviation(layer: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    """Return the standard deviation in the square about each pixel; NaN where one in it is NaN."""
    from scipy.ndimage import maximum_filter, uniform_filter

    known = np.isfinite(layer)
    # about a value near them, or the squares lose the digits that differ
    shifted = np.where(known, layer - layer[known].mean() if known.any() else 0.0, 0.0)
    mean = uniform_filter(shifted, size, mode="mirror")
    square = uniform_filter(shifted * shifted, size, mode="mirror")
    found: npt.NDArray[np.float64] = np.sqrt(np.maximum(square - mean * mean, 0.0))
    found[maximum_filter(~known, size, mode="mirror")] = np.nan
    return found


def _by_tiles(run: Run, card: Card, reader: Reader) -> Rows:
    assert card.tiling is not None  # the card was checked
    side = card.tiling.size
    height, width = reader.size
    tops, lefts = starts(height, card.tiling), starts(width, card.tiling)
    weights = _weights(card.tiling)
    classes = len(card.labels)
    total = np.zeros((classes, side, lefts[-1] + side), dtype=np.float32)
    weight: Floats = np.zeros(total.shape[1:], dtype=np.float32)
    for k, top in enumerate(tops):
        strip = _padded(reader, top, side, lefts[-1] + side)
        for left in lefts:
            found = _of_tile(run, card, strip[:, left : left + side])
            total[:, :, left : left + side] += found * weights
            weight[:, left : left + side] += weights
        done = height - top if k == len(tops) - 1 else card.tiling.step
        for row in range(0, done, _ROWS):
            part = slice(row, min(row + _ROWS, done)), slice(0, width)
            yield top + row, total[:, *part] / weight[part]
        for sums in (total, weight):
            sums[..., : side - done, :] = sums[..., done:side, :]
            sums[..., side - done :, :] = 0.0


def _weights(tiling: Tiling) -> Floats:
    """Return (size, size), what a tile counts at each of its pixels."""
    if tiling.blend == "mean":
        return np.ones((tiling.size, tiling.size), dtype=np.float32)
    places = (np.arange(tiling.size) + 0.5) / tiling.size
    hann = np.sin(np.pi * places) ** 2 + 1e-3
    return np.outer(hann, hann).astype(np.float32)


def _padded(reader: Reader, top: int, side: int, width: int) -> npt.NDArray[Any]:
    """Return rows of an image, mirrored below and to the right where it ends."""
    height = reader.size[0]
    # at the lower end as many rows above as are mirrored
    first = max(0, min(top, height - side))
    strip = reader.read(slice(first, min(top + side, height)), slice(0, reader.size[1]))
    below = max(0, top + side - height)
    right = width - reader.size[1]
    padded = np.pad(strip, ((0, below), (0, right), (0, 0)), mode=_MODES[min(strip.shape[:2]) > 1])
    return padded[top - first :][:side]


_MODES: dict[bool, Any] = {True: "reflect", False: "edge"}


def _of_tile(run: Run, card: Card, tile: npt.NDArray[Any]) -> Floats:
    if card.input.kind == "raster":
        known = np.nan_to_num(tile, nan=0.0)
        found = run(scaled(known[np.newaxis], card.input))[0]
    else:
        found = run(tensor_of(tile, card.input))[0]
    refuse_other_shape(found, 4, card)
    if card.input.layout == "NHWC":
        found = found.transpose(0, 3, 1, 2)
    if card.output.format == "prob-map" and found.shape[1] == 1:
        found = np.concatenate([1.0 - found, found], axis=1)
    refuse_other_classes(found.shape[1], card)
    if found.shape[2:] != tile.shape[:2]:
        raise PluginError(
            f"{card.model.id}: the model put out {found.shape[2]} x {found.shape[3]} pixels for "
            f"tiles of {tile.shape[0]} x {tile.shape[1]}, expected as many"
        )
    first: Floats = found[0]
    return first


def _by_rows(run: Run, card: Card, reader: Reader) -> Rows:
    height, width = reader.size
    if card.input.size is not None and card.input.size[1] != width:
        raise PluginError(
            f"{reader.name}: found rows of {width} pixels, expected {card.input.size[1]}"
        )
    for top in range(0, height, _ROWS):
        rows = reader.read(slice(top, min(top + _ROWS, height)), slice(0, width))
        found = run(scaled(rows, card.input.model_copy(update={"layout": "NHWC"})))[0]
        refuse_other_shape(found, 3, card)
        refuse_other_classes(found.shape[2], card)
        if found.shape[:2] != rows.shape[:2]:
            raise PluginError(
                f"{card.model.id}: the model put out the shape {found.shape} for "
                f"{rows.shape[0]} rows of {width} pixels, expected a row of classes for each"
            )
        yield top, found.transpose(2, 0, 1)


def _by_features(run: Run, card: Card, reader: Reader, classes: int) -> Rows:
    height, width = reader.size
    radius = card.input.texture_radius
    plain = card.input.model_copy(update={"scale": 1.0})
    for top in range(0, height, _ROWS):
        first, last = max(0, top - radius), min(height, top + _ROWS + radius)
        features = features_of(reader.read(slice(first, last), slice(0, width)), card)
        features = features[top - first : top - first + min(_ROWS, height - top)]
        known = np.isfinite(features).all(axis=-1)
        values = np.full((*known.shape, classes), np.nan, dtype=np.float32)
        if known.any():
            found = run(scaled(features[known], plain))[0]
            if found.shape != (int(known.sum()), classes):
                raise PluginError(
                    f"{card.model.id}: the model put out the shape {found.shape} for "
                    f"{int(known.sum())} pixels, expected {classes} numbers for each"
                )
            values[known] = found
        yield top, values.transpose(2, 0, 1)


@dataclass
class _Result:
    """What is gathered row by row: classes; how sure; where a line runs."""

    classes: npt.NDArray[np.uint8]
    sureness: npt.NDArray[np.uint16] | None
    difference: Floats | None

    def add(self, top: int, scores: Floats, card: Card) -> None:
        rows = slice(top, top + scores.shape[1])
        known = np.isfinite(scores).all(axis=0)
        likeliest = np.nan_to_num(scores).argmax(axis=0)
        if card.output.format == "prob-map":
            likeliest = (scores[1] >= card.output.conf).astype(np.intp)
        classes = np.where(known, likeliest, NODATA)
        self.classes[rows] = classes.astype(np.uint8)
        if self.sureness is not None:
            score = np.take_along_axis(scores, likeliest[np.newaxis], axis=0)[0]
            score = np.where(known, score, 0.0).clip(0.0, 1.0)
            self.sureness[rows] = np.rint(_FULL * score).astype(np.uint16)
        if self.difference is not None and card.output.line is not None:
            names = [label.name for label in card.labels]
            first, second = (names.index(name) for name in card.output.line)
            # elsewhere both are about 0, and the sign is noise
            is_near = np.isin(classes, (first, second))
            self.difference[rows] = np.where(is_near, scores[second] - scores[first], np.nan)


def _finished(rows: Rows, card: Card, reader: Reader) -> Findings:
    if len(card.labels) > _MOST_CLASSES:
        raise PluginError(f"{card.model.id}: labels: expected {_MOST_CLASSES} at most")
    is_large = _is_large(reader.size)
    result = _Result(
        _filled(reader.size, NODATA, np.uint8),
        None if is_large else np.zeros(reader.size, dtype=np.uint16),
        _filled(reader.size, np.nan, np.float32) if card.output.line else None,
    )
    for top, values in rows:
        result.add(top, probabilities(values, card, axis=0), card)
        part = slice(top, top + values.shape[1])
        valid = reader.is_valid(part, slice(0, reader.size[1]))
        result.classes[part][~valid] = NODATA
        if result.difference is not None:
            result.difference[part][~valid] = np.nan
    features = [*_lines(result, card), *_polygons(result, card)]
    names = tuple(label.name for label in card.labels)
    remarks = list(reader.remarks)
    if is_large:
        remarks.append("polygons of a raster as large as this have no score")
    return Findings(
        features, rasters=[Grid("classes", result.classes, NODATA, names)], remarks=remarks
    )


def _is_large(size: tuple[int, ...]) -> bool:
    return size[0] * size[1] > MOST_PIXELS


def _filled(size: tuple[int, int], value: float, dtype: type) -> npt.NDArray[Any]:
    """Return an array, of which the system keeps a large one on disk."""
    if not _is_large(size):
        return np.full(size, value, dtype=dtype)
    with tempfile.TemporaryFile() as file:  # goes with the last that has it open
        array = np.memmap(file, dtype=dtype, mode="w+", shape=size)
    for top in range(0, size[0], _ROWS):
        array[top : top + _ROWS] = value
    return array


def _polygons(result: _Result, card: Card) -> Iterator[Feature]:
    """Yield the areas of each class that is no background, neighbours by their sides."""
    from rasterio.features import shapes

    hidden = [k for k, label in enumerate(card.labels) if label.background]
    hidden.append(NODATA)
    # a mask of what is on disk would be a copy in memory
    shown = None if _is_large(result.classes.shape) else ~np.isin(result.classes, hidden)
    found: list[tuple[BaseGeometry, int]] = []
    for shape, value in shapes(result.classes, mask=shown, connectivity=4):
        if int(value) in hidden:
            continue
        if len(found) == _MOST_SHAPES:
            raise PluginError(
                f"{card.model.id}: found more than {_MOST_SHAPES:,} areas; expected a larger "
                "output.least_pixels in its card, or another image"
            )
        polygon = shapely.geometry.shape(shape)
        if polygon.area >= card.output.least_pixels:
            found.append((polygon, int(value)))
    scores = _scores(result, [polygon for polygon, _ in found])
    for (polygon, value), score in zip(found, scores, strict=True):
        name = card.labels[value].name
        properties = {"area_pixels": polygon.area, **properties_of(name, card)}
        yield Feature(name, score, polygon, properties=properties)


def _scores(result: _Result, polygons: list[BaseGeometry]) -> list[float | None]:
    """Return the mean score of the pixels of each polygon, which run along their borders."""
    from rasterio.features import rasterize

    if result.sureness is None or not polygons:
        return [None] * len(polygons)
    numbered = ((polygon, k) for k, polygon in enumerate(polygons, 1))
    numbers = rasterize(numbered, out_shape=result.classes.shape, dtype="int32")
    sums, counts = np.zeros(len(polygons) + 1), np.zeros(len(polygons) + 1)
    for top in range(0, len(numbers), _ROWS):  # by parts: numpy makes copies of eight bytes a pixel
        part = numbers[top : top + _ROWS].ravel()
        sureness = result.sureness[top : top + _ROWS].ravel()
        sums += np.bincount(part, weights=sureness, minlength=len(sums))
        counts += np.bincount(part, minlength=len(sums))
    return [float(score) for score in sums[1:] / counts[1:] / _FULL]


def _lines(result: _Result, card: Card) -> Iterator[Feature]:
    """Yield where two classes are as likely, the longest first, between the middles of pixels."""
    if result.difference is None or card.output.line is None:
        return
    from skimage.measure import find_contours

    if min(result.difference.shape) < 2:
        return
    found = [shapely.LineString(c[:, ::-1] + 0.5) for c in find_contours(result.difference, 0.0)]
    for line in sorted(found, key=lambda it: -it.length):
        if line.length >= 1.0:
            name = "-".join(card.output.line)
            yield Feature(name, None, line, properties={"length_pixels": line.length})
