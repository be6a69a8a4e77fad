"""Things before a light background: found by their grey, parted where they touch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]

_BLUR = 0.8
"""Depth that the steps of pixels alone may make between two middles of one disc. [pixel]"""


def labelled(foreground: Mask) -> Labels:
    """Return the number of the thing that each pixel is of, from 1 on; 0: of none.

    Pixels of a thing touch each other by sides or corners, as particles of ImageJ do.

    Parameters
    ----------
    foreground : numpy.ndarray of bool
        (height, width)
    """
    from scipy.ndimage import label

    labels = np.empty(foreground.shape, dtype=np.int32)
    label(foreground, structure=np.ones((3, 3), dtype=bool), output=labels)
    return labels


def separated(foreground: Mask, *, neck: float = 0.9) -> Labels:
    """Return the number of each thing as `labelled` does, those that touch parted at their necks.

    Parameters
    ----------
    foreground : numpy.ndarray of bool
        (height, width)
    neck : float
        Two parts are two things where the neck between them is narrower than this share of the
        narrower of them, 0 to 1.

    Notes
    -----
    A watershed of the distance to the background [1]_ from its maxima, of which those count that
    stand above the saddle to a higher one by a share of their height. A share and not a height:
    what is an accident of pixels in a large thing is a neck in a small one.

    References
    ----------
    .. [1] L. Vincent and P. Soille (1991), Watersheds in digital spaces: an efficient algorithm
       based on immersion simulations, IEEE Trans. PAMI 13, 583-598, doi:10.1109/34.87344
    """
    things = labelled(foreground)
    # what lies beyond the edge of the image is not known: the edge is no border of a thing
    padded = np.pad(things, 1, mode="edge")
    found = np.zeros_like(things)
    count = 0
    for number, (rows, columns) in boxes(things):
        inside = padded[rows.start : rows.stop + 2, columns.start : columns.stop + 2] == number
        parts = _parted(inside, neck)[1:-1, 1:-1]
        within = parts > 0
        found[rows, columns][within] = parts[within] + count
        count += int(parts.max())
    return found


def _parted(inside: Mask, neck: float) -> Labels:
    """Return the parts of one thing, from 1 on; see `separated`."""
    from scipy.ndimage import distance_transform_edt
    from skimage.morphology import local_maxima, reconstruction
    from skimage.segmentation import watershed

    if inside.all():
        return inside.astype(np.int32)
    distance = distance_transform_edt(inside)
    lowered = distance - np.maximum(_BLUR, (1.0 - neck) * distance)
    tops = reconstruction(np.where(inside, lowered, -_BLUR), distance)
    markers = labelled(local_maxima(tops, connectivity=2) & inside)
    if markers.max() < 2:
        return inside.astype(np.int32)
    found: Labels = watershed(-distance, markers, mask=inside, connectivity=2).astype(np.int32)
    return found


def boxes(labels: Labels) -> list[tuple[int, tuple[slice, slice]]]:
    """Return the number of each thing and the rows and columns that it lies in."""
    from scipy.ndimage import find_objects

    found: list[Any] = find_objects(labels)
    return [(number, box) for number, box in enumerate(found, 1) if box is not None]
