"""How much of the seabed corals cover, from masks of classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

Classes = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Cover:
    """What a class covers.

    Attributes
    ----------
    pixels : int
    share : float
        Of what was seen.
    share_error : float or None
        Standard error of the mean over quadrats. None: fewer than two of them.
    colonies : int
        Sets of pixels that touch, by sides or corners.
    largest_pixels, mean_pixels : float
        Of the colonies. [pixel]
    """

    pixels: int
    share: float
    share_error: float | None
    colonies: int
    largest_pixels: float
    mean_pixels: float


def cover_of(
    classes: Classes, values: Sequence[int], *, nodata: int | None = None, quadrats: int = 1
) -> dict[int, Cover]:
    """Return what each class covers.

    Parameters
    ----------
    classes : numpy.ndarray of int
        (height, width)
    values : sequence of int
        Those that are classes; all others were seen, too, and are none of these.
    nodata : int, optional
        What was not seen: it counts nowhere.
    quadrats : int
        Rows and columns of quadrats, as equal as pixels allow, of which the error is taken; one of
        which less than half was seen is left out.

    Raises
    ------
    AquaticError
        Where nothing was seen, or there are fewer pixels than quadrats.
    """
    seen = np.ones(classes.shape, dtype=bool) if nodata is None else classes != nodata
    if not seen.any():
        raise AquaticError(f"found nothing but {nodata}, which is no data; expected classes")
    if min(classes.shape) < quadrats:
        raise AquaticError(
            f"found {classes.shape[1]} x {classes.shape[0]} pixels, expected {quadrats} each way "
            "at least for the quadrats"
        )
    return {value: _cover(classes == value, seen, quadrats) for value in values}


def _cover(inside: npt.NDArray[np.bool_], seen: npt.NDArray[np.bool_], quadrats: int) -> Cover:
    from aquatic.plankton.objects import labelled

    inside = inside & seen
    labels = labelled(inside)
    sizes = np.bincount(labels.ravel())[1:]
    shares = _shares(inside, seen, quadrats)
    error = float(np.std(shares, ddof=1) / math.sqrt(len(shares))) if len(shares) > 1 else None
    pixels = int(inside.sum())
    return Cover(
        pixels=pixels,
        share=pixels / int(seen.sum()),
        share_error=error,
        colonies=len(sizes),
        largest_pixels=float(sizes.max(initial=0)),
        mean_pixels=float(sizes.mean()) if len(sizes) else 0.0,
    )


def _shares(
    inside: npt.NDArray[np.bool_], seen: npt.NDArray[np.bool_], quadrats: int
) -> list[float]:
    """Return the share in each quadrat that was seen by half at least."""
    found = []
    for rows, rows_seen in zip(
        np.array_split(inside, quadrats), np.array_split(seen, quadrats), strict=True
    ):
        parts = np.array_split(rows, quadrats, axis=1)
        for part, known in zip(parts, np.array_split(rows_seen, quadrats, axis=1), strict=True):
            if known.mean() >= 0.5:
                found.append(float(part.sum() / known.sum()))
    return found
