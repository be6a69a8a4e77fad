"""Size, shape, grey and colour of a thing in an image.

Names and formulas are those of ImageJ and ZooProcess where these have them, see `ECOTAXA` in
`aquatic.plankton.ecotaxa` for what they are called there.

References
----------
.. [1] G. Gorsky et al. (2010), Digital zooplankton image analysis using the ZooScan integrated
   system, J. Plankton Res. 32, 285-303, doi:10.1093/plankt/fbp124
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float64]


class Thing:
    """One thing, cut out of its image.

    Parameters
    ----------
    inside : numpy.ndarray of bool
        (height, width) of its bounding box, true at its pixels.
    pixels : numpy.ndarray of uint8
        (height, width, 3), RGB; or (height, width), grey.
    background : float
        Median grey of its image where nothing is. [0 to 255]
    share : float
        Of its image that it covers.
    """

    def __init__(
        self, inside: Mask, pixels: Pixels, *, background: float = 255.0, share: float = 1.0
    ) -> None:
        self.inside = inside
        self.background, self.share = background, share
        self.pixels = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)

    @cached_property
    def region(self) -> Any:
        """Properties of the shape, as scikit-image has them."""
        from skimage.measure import regionprops

        return regionprops(self.inside.astype(np.uint8))[0]

    @cached_property
    def grey(self) -> _Floats:
        """Grey of its pixels, (n,). [0 to 255]."""
        return grey_of(self.pixels)[self.inside].astype(np.float64)

    def colour(self, channel: int) -> _Floats:
        """Return a channel of its pixels, (n,). [0 to 255]."""
        return self.pixels[..., channel][self.inside].astype(np.float64)

    @cached_property
    def ellipse(self) -> tuple[float, float]:
        """Axes of the ellipse that has its moments' ratio, and its area, as ImageJ has it.

        A pixel is a square and no point: each adds 1/12 to the moments, without which what is a
        pixel wide has no width.
        """
        from skimage.measure import inertia_tensor_eigvals

        greatest, least = (it + 1.0 / 12.0 for it in inertia_tensor_eigvals(self.inside))
        diameter, ratio = self.esd, math.sqrt(greatest / least)
        return diameter * math.sqrt(ratio), diameter / math.sqrt(ratio)

    @cached_property
    def esd(self) -> float:
        """Diameter of the disc that is as large."""
        return 2.0 * math.sqrt(int(self.inside.sum()) / math.pi)

    @cached_property
    def feret(self) -> float:
        """Largest distance between corners of its pixels."""
        from scipy.spatial.distance import pdist

        return float(pdist(self.hull()).max())

    def hull(self) -> _Floats:
        """Return the corners of its pixels that no straight line passes outside, (n, 2)."""
        from scipy.spatial import ConvexHull

        rows, columns = np.nonzero(self.inside ^ _eroded(self.inside))
        corners = np.concatenate(
            [np.column_stack([rows + i, columns + j]) for i in (0, 1) for j in (0, 1)]
        )
        hull: _Floats = corners[ConvexHull(corners).vertices].astype(np.float64)
        return hull

    @cached_property
    def convex(self) -> tuple[float, float]:
        """Area and perimeter of the convex hull of its pixels' corners."""
        from scipy.spatial import ConvexHull

        hull = ConvexHull(self.hull())
        return float(hull.volume), float(hull.area)  # of a polygon

    @cached_property
    def depth(self) -> _Floats:
        """Distance of its pixels to what is outside, (n,)."""
        from scipy.ndimage import distance_transform_edt

        distance: _Floats = distance_transform_edt(np.pad(self.inside, 1))[1:-1, 1:-1]
        return distance[self.inside]

    def symmetry(self, axis: int) -> float:
        """Return the share of its area that its mirror image covers.

        The mirror is the major (0) or minor (1) axis of its ellipse, through its middle: 1 is
        symmetric.
        """
        from scipy.ndimage import map_coordinates

        row, column = self.region.centroid
        angle = self.region.orientation + (0.0 if axis == 0 else math.pi / 2.0)
        along = np.array([math.cos(angle), math.sin(angle)])
        mirror = 2.0 * np.outer(along, along) - np.eye(2)
        places = np.argwhere(self.inside) - np.array([row, column])
        mirrored = places @ mirror + np.array([row, column])
        there = map_coordinates(self.inside.astype(np.float64), mirrored.T, order=1)
        return float(there.mean())


def _eroded(inside: Mask) -> Mask:
    """Return the pixels whose four neighbours are inside."""
    padded = np.pad(inside, 1)
    found: Mask = (
        padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:] & inside
    )
    return found


def _moment(values: _Floats, order: int) -> float:
    """Return a standardised moment: 3 is the skewness, 4 the kurtosis of which 3 is taken off."""
    deviation = float(values.std())
    if not deviation:
        return 0.0
    moment = float((((values - values.mean()) / deviation) ** order).mean())
    return moment - (3.0 if order == 4 else 0.0)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _centroid_shift(it: Thing) -> float:
    """Return how far the middle of the darkness is from that of the shape."""
    places = np.argwhere(it.inside)
    weights = 255.0 - it.grey
    if not weights.any():
        return 0.0
    return float(np.hypot(*(places.mean(axis=0) - np.average(places, axis=0, weights=weights))))


def _skeleton_area(it: Thing) -> float:
    from skimage.morphology import skeletonize

    return float(skeletonize(it.inside).sum())


def _thickness_ratio(it: Thing) -> float:
    return float(it.depth.max() / it.depth.mean())


MEASURES: Mapping[str, Callable[[Thing], float]] = {
    "area": lambda it: it.region.area,
    "area_filled": lambda it: it.region.area_filled,
    "area_convex": lambda it: it.convex[0],
    "perimeter": lambda it: it.region.perimeter,
    "feret": lambda it: it.feret,
    "major": lambda it: it.ellipse[0],
    "minor": lambda it: it.ellipse[1],
    "eccentricity": lambda it: math.sqrt(1.0 - (it.ellipse[1] / it.ellipse[0]) ** 2),
    "solidity": lambda it: it.region.area / it.convex[0],
    "extent": lambda it: it.region.extent,
    "circularity": lambda it: _share(4.0 * math.pi * it.region.area, it.region.perimeter**2),
    "grey_mean": lambda it: it.grey.mean(),
    "red_mean": lambda it: it.colour(0).mean(),
    "green_mean": lambda it: it.colour(1).mean(),
    "blue_mean": lambda it: it.colour(2).mean(),
    "grey_std": lambda it: it.grey.std(),
    "red_std": lambda it: it.colour(0).std(),
    "green_std": lambda it: it.colour(1).std(),
    "blue_std": lambda it: it.colour(2).std(),
    "width": lambda it: it.inside.shape[1],
    "height": lambda it: it.inside.shape[0],
    "esd": lambda it: it.esd,
    "elongation": lambda it: _share(*it.ellipse),
    "perimeter_convex": lambda it: it.convex[1],
    "perimeter_feret": lambda it: _share(it.region.perimeter, it.feret),
    "perimeter_major": lambda it: _share(it.region.perimeter, it.ellipse[0]),
    "holes_percent": lambda it: 100.0 * (1.0 - it.region.area / it.region.area_filled),
    "skeleton_area": _skeleton_area,
    "thickness_ratio": _thickness_ratio,
    "symmetry_major": lambda it: it.symmetry(0),
    "symmetry_minor": lambda it: it.symmetry(1),
    "centroid_shift": _centroid_shift,
    "grey_min": lambda it: it.grey.min(),
    "grey_max": lambda it: it.grey.max(),
    "grey_median": lambda it: np.median(it.grey),
    "grey_mode": lambda it: float(np.bincount(it.grey.astype(np.int64)).argmax()),
    "grey_skewness": lambda it: _moment(it.grey, 3),
    "grey_kurtosis": lambda it: _moment(it.grey, 4),
    "grey_range": lambda it: np.ptp(it.grey),
    "grey_background": lambda it: it.background,
    "image_share": lambda it: it.share,
    "grey_cv_percent": lambda it: 100.0 * _share(it.grey.std(), it.grey.mean()),
}
"""Name -> what is measured; lengths in pixels, grey 0 to 255."""


def measured(thing: Thing, names: Iterable[str] = MEASURES) -> dict[str, float]:
    """Return measures of a thing.

    Parameters
    ----------
    thing : Thing
    names : iterable of str
        Out of `MEASURES`.
    """
    return {name: float(MEASURES[name](thing)) for name in names}


def largest(inside: Mask, pixels: Pixels) -> tuple[Thing, tuple[int, int]] | None:
    """Return the largest of the things in an image, and the row and column where it begins.

    Parameters
    ----------
    inside : numpy.ndarray of bool
        (height, width), true where things are.
    pixels : numpy.ndarray of uint8
        (height, width, 3) or (height, width)
    """
    from aquatic.plankton.objects import boxes, labelled

    labels = labelled(inside)
    found = boxes(labels)
    if not found:
        return None
    sizes = np.bincount(labels.ravel())
    number, box = max(found, key=lambda it: int(sizes[it[0]]))
    outside = grey_of(pixels)[~inside]
    thing = Thing(
        labels[box] == number,
        pixels[box],
        background=float(np.median(outside)) if outside.size else 255.0,
        share=float(sizes[number] / labels.size),
    )
    return thing, (box[0].start, box[1].start)


def grey_of(pixels: Pixels) -> Pixels:
    """Return the grey of colours by ITU-R 601-2, (height, width); grey stays as it is."""
    from PIL import Image

    if pixels.ndim == 2:
        return pixels
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("L"))
