"""Shape, size and colour of the thing in an image, and its class by these: for vignettes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from aquatic.plankton.measures import Thing, grey_of, largest, measured
from witoil.plugins.card import Card, Preprocessing
from witoil.plugins.envelope import Feature, Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.heads.classes import best, probabilities
from witoil.plugins.images import Photo
from witoil.plugins.polygons import polygon_of
from witoil.plugins.preparation import scaled
from witoil.plugins.running import Run


def classify_measured(run: Run, card: Card, photo: Photo) -> Findings:
    """Return the class of the largest thing before a light background, by what is measured of it.

    The model takes (1, measures) of the card's ``input.measures``, in their order. [pixel]
    """
    how = card.input
    found = thing_in(photo, how)
    if found is None:
        return Findings(remarks=["nothing is darker than the background: nothing was found"])
    thing, place = found
    numbers = measured(thing, how.measures)
    values = run(scaled(np.array([[*numbers.values()]]), how))[0]
    scores = probabilities(values.reshape(1, -1), card)[0]
    label, score, properties = best(scores, card)
    properties |= {"measures_pixels": numbers}
    return Findings([Feature(label, score, outline(thing, place), properties=properties)])


def thing_in(photo: Photo, how: Preprocessing) -> tuple[Thing, tuple[int, int]] | None:
    """Return the largest thing of an image as a card looks at it, and where it begins.

    Raises
    ------
    PluginError
        Where no row is left.
    """
    pixels = photo.pixels[: photo.size[0] - how.crop_bottom]
    if not pixels.size:
        raise PluginError(f"{photo.name}: has no more rows than input.crop_bottom leaves out")
    if how.invert:
        pixels = 255 - pixels
    grey = grey_of(pixels)
    return largest(grey < background_from(grey, how), pixels)


def background_from(grey: npt.NDArray[np.uint8], how: Preprocessing) -> float:
    """Return the grey from which on a pixel is background: the card's, or Otsu's of the image."""
    if how.background == "level":
        return how.background_above
    if grey.min() == grey.max():
        return 0.0
    from skimage.filters import threshold_otsu

    return float(threshold_otsu(grey)) + 1.0


def outline(thing: Thing, place: tuple[int, int]) -> BaseGeometry:
    """Return the outline of a thing in its image.

    Parameters
    ----------
    thing : Thing
    place : tuple of int
        Row and column where it begins.
    """
    top, left = place
    moved: BaseGeometry = shapely.transform(
        polygon_of(thing.inside), lambda xy: xy + np.array([left, top])
    )
    return moved
