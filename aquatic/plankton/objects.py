"""Things before a light background: found by their grey, parted where they touch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]

_BLUR = 0.6
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
    from scipy.ndimage import distance_transform_edt
    from skimage.morphology import local_maxima, reconstruction
    from skimage.segmentation import watershed

    if not foreground.any():
        return np.zeros(foreground.shape, dtype=np.int32)
    # what lies beyond the edge of the image is not known: the edge is no border of a thing
    padded = np.pad(foreground, 1, mode="edge")
    distance = distance_transform_edt(padded)[1:-1, 1:-1]
    lowered = distance - np.maximum(_BLUR, (1.0 - neck) * distance)
    tops = reconstruction(np.where(foreground, lowered, -_BLUR), distance)
    markers = labelled(local_maxima(tops, connectivity=2) & foreground)
    markers = _with_those_without(markers, foreground)
    parted = watershed(-distance, markers, mask=foreground, connectivity=2)
    _, numbers = np.unique(parted, return_inverse=True)  # without gaps: 0 is the background
    found: Labels = (numbers.reshape(parted.shape) + foreground.all()).astype(np.int32)
    return found


def _with_those_without(markers: Labels, foreground: Mask) -> Labels:
    """Return markers, and one more for each thing that is too thin to have any."""
    things = labelled(foreground)
    marked = np.zeros(int(things.max()) + 1, dtype=bool)
    marked[np.unique(things[markers > 0])] = True
    unmarked = ~marked[things] & foreground
    return np.where(unmarked, things + markers.max(), markers).astype(np.int32)


def boxes(labels: Labels) -> list[tuple[int, tuple[slice, slice]]]:
    """Return the number of each thing and the rows and columns that it lies in."""
    from scipy.ndimage import find_objects

    found: list[Any] = find_objects(labels)
    return [(number, box) for number, box in enumerate(found, 1) if box is not None]
