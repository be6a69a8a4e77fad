"""Shape, size and colour of the thing in an image, and its class by these: for vignettes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from PIL import Image
from shapely.geometry.base import BaseGeometry

from witoil.plugins.card import Card
from witoil.plugins.envelope import Feature, Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.heads.classes import best, probabilities
from witoil.plugins.images import Photo
from witoil.plugins.polygons import polygon_of
from witoil.plugins.preparation import scaled
from witoil.plugins.running import Run

_Region = Any


def classify_measured(run: Run, card: Card, photo: Photo) -> Findings:
    """Return the class of the largest thing before a light background, by what is measured of it.

    The model takes (1, measures) of the card's ``input.measures``, in their order. [pixel]
    """
    how = card.input
    pixels = photo.pixels[: photo.size[0] - how.crop_bottom]
    if not pixels.size:
        raise PluginError(f"{photo.name}: has no more rows than input.crop_bottom leaves out")
    if how.invert:
        pixels = 255 - pixels
    region = _largest(pixels, how.background_above)
    if region is None:
        text = f"no pixel is darker than {how.background_above}: nothing was found"
        return Findings(remarks=[text])
    measured = {name: float(MEASURES[name](region)) for name in how.measures}
    values = run(scaled(np.array([[*measured.values()]]), how))[0]
    scores = probabilities(values.reshape(1, -1), card)[0]
    label, score, properties = best(scores, card)
    properties |= {"measures_pixels": measured}
    return Findings([Feature(label, score, _outline(region), properties=properties)])


def _largest(pixels: npt.NDArray[np.uint8], background_above: int) -> _Region | None:
    """Return the largest set of pixels that touch each other, by sides or corners."""
    from skimage.measure import label, regionprops

    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    channels = np.dstack([grey, pixels]).astype(np.float64)
    regions = regionprops(label(grey < background_above, connectivity=2), channels)
    return max(regions, key=lambda it: it.area, default=None)


def _ellipse_scale(region: _Region) -> float:
    """Return what makes the ellipse of a region's moments as large as the region, as ImageJ has."""
    area = math.pi / 4.0 * region.axis_major_length * region.axis_minor_length
    return math.sqrt(region.area / area) if area > 0.0 else 1.0


def _deviation(region: _Region, channel: int) -> float:
    return float(np.std(region.image_intensity[..., channel][region.image]))


def _circularity(region: _Region) -> float:
    return 4.0 * math.pi * region.area / region.perimeter**2 if region.perimeter else 1.0


MEASURES: Mapping[str, Callable[[_Region], float]] = {
    "area": lambda it: it.area,
    "area_filled": lambda it: it.area_filled,
    "area_convex": lambda it: it.area_convex,
    "perimeter": lambda it: it.perimeter,
    "feret": lambda it: it.feret_diameter_max,
    "major": lambda it: _ellipse_scale(it) * it.axis_major_length,
    "minor": lambda it: _ellipse_scale(it) * it.axis_minor_length,
    "eccentricity": lambda it: it.eccentricity,
    "solidity": lambda it: it.solidity,
    "extent": lambda it: it.extent,
    "circularity": _circularity,
    "grey_mean": lambda it: it.intensity_mean[0],
    "red_mean": lambda it: it.intensity_mean[1],
    "green_mean": lambda it: it.intensity_mean[2],
    "blue_mean": lambda it: it.intensity_mean[3],
    "grey_std": lambda it: _deviation(it, 0),
    "red_std": lambda it: _deviation(it, 1),
    "green_std": lambda it: _deviation(it, 2),
    "blue_std": lambda it: _deviation(it, 3),
}
"""Name -> what is measured; lengths in pixels, grey by ITU-R 601-2, 0 to 255."""


def _outline(region: _Region) -> BaseGeometry:
    top, left = region.bbox[:2]
    moved: BaseGeometry = shapely.transform(
        polygon_of(region.image), lambda xy: xy + np.array([left, top])
    )
    return moved
