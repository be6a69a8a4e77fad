"""Diatoms under a microscope: how long and wide their valves are, how dense their striae; scenes.

References
----------
.. [1] H. Freeman and R. Shapira (1975), Determining the minimum-area encasing rectangle for an
   arbitrary closed curve, Commun. ACM 18, 409-413, doi:10.1145/360881.360919
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

Grey = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_Floats = npt.NDArray[np.float64]

_LEAST_PIXELS = 50
_LEAST_PROMINENCE = 25.0
"""Power of striae, of the median of other periods: chance hardly ever reaches it."""

_PITCH_PIXELS = (3.0, 0.11)
"""Shortest pitch of striae [pixel], and longest, of the length of the valve."""

_MOST_TRIES = 200


@dataclass(frozen=True)
class Valve:
    """What is measured of a valve, in pixels.

    Attributes
    ----------
    length, width : float
        Sides of the smallest rectangle about it [1]_.
    angle : float
        Of its length against the rows, 0 to 180, counted clockwise as the image is seen. [degrees]
    area, perimeter : float
        Of its outline.
    rectangularity : float
        Share of that rectangle that it fills: pi / 4 is an ellipse.
    striae_pitch : float or None
        From one stria to the next along the valve; None: no period stands out.
    """

    length: float
    width: float
    angle: float
    area: float
    perimeter: float
    rectangularity: float
    striae_pitch: float | None


def valve_of(grey: Grey) -> tuple[Mask, bool]:
    """Return where the valve of an image is, and whether it reaches the edge of the image.

    It is the largest thing that differs from the border of the image, lighter or darker, with its
    holes filled.

    Parameters
    ----------
    grey : numpy.ndarray of uint8
        (height, width)

    Raises
    ------
    AquaticError
        Where nothing differs.
    """
    from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter
    from skimage.filters import threshold_otsu

    from aquatic.plankton.objects import labelled

    values = gaussian_filter(grey.astype(np.float64), 1.0)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    difference = np.abs(values - np.median(border))
    noise = float(np.median(np.abs(border - np.median(border)))) * 1.4826
    level = 0.0 if difference.max() == 0.0 else float(threshold_otsu(difference))
    if level < max(3.0 * noise, 3.0):
        raise AquaticError("nothing differs from the background, expected one valve on a plain one")
    # what lies beyond the edge is not known: a closing must not open there
    padded = np.pad(difference > level, 3, mode="edge")
    closed = binary_closing(padded, iterations=2)[3:-3, 3:-3]
    found = binary_fill_holes(closed)
    labels = labelled(np.asarray(found, dtype=bool))
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    if sizes.max() < _LEAST_PIXELS:
        raise AquaticError(
            f"found nothing larger than {sizes.max()} pixels, expected a valve of {_LEAST_PIXELS} "
            "at least"
        )
    valve: Mask = labels == sizes.argmax()
    edge = bool(valve[0].any() or valve[-1].any() or valve[:, 0].any() or valve[:, -1].any())
    return valve, edge


def measure_valve(valve: Mask, grey: Grey) -> Valve:
    """Return what is measured of a valve.

    Parameters
    ----------
    valve : numpy.ndarray of bool
        (height, width)
    grey : numpy.ndarray of uint8
        (height, width), for the striae.
    """
    from aquatic.plankton.measures import Thing

    thing = Thing(valve, grey)
    corners = _rectangle(thing.hull())
    sides = corners[1] - corners[0], corners[2] - corners[1]
    lengths = [float(np.hypot(*side)) for side in sides]
    along = sides[int(np.argmax(lengths))]
    angle = math.degrees(math.atan2(along[0], along[1])) % 180.0
    length, width = max(lengths), min(lengths)
    area = float(valve.sum())
    return Valve(
        length,
        width,
        angle,
        area,
        float(thing.region.perimeter),
        area / (length * width),
        _striae_pitch(valve, grey, length, width, thing.region.orientation),
    )


def _rectangle(hull: _Floats) -> _Floats:
    """Return the corners of the smallest rectangle about a hull, (4, 2), row first."""
    import shapely

    rectangle = shapely.minimum_rotated_rectangle(shapely.MultiPoint(hull))
    return shapely.get_coordinates(rectangle)[:4]


def _striae_pitch(
    valve: Mask, grey: Grey, length: float, width: float, orientation: float
) -> float | None:
    """Return the period of grey along the middle of a valve. [pixel]."""
    from scipy.ndimage import map_coordinates

    middle = np.argwhere(valve).mean(axis=0)
    along = np.array([math.cos(orientation), math.sin(orientation)])
    across = np.array([-along[1], along[0]])
    # the ends and the margins of a valve have striae of other directions
    t = np.arange(-0.35 * length, 0.35 * length, 0.5)
    s = np.linspace(-0.25 * width, 0.25 * width, max(3, int(width / 2.0)))
    places = middle + t[:, None, None] * along + s[None, :, None] * across
    values = map_coordinates(grey.astype(np.float64), places.reshape(-1, 2).T, order=1)
    # striae lie across, so that a mean over them keeps these and loses what is spotted
    profile = values.reshape(len(t), len(s)).mean(axis=1)
    trend = np.polynomial.Polynomial.fit(t, profile, 4)(t)
    window = np.hanning(len(t))
    padded = 8 * len(t)
    power = np.abs(np.fft.rfft((profile - trend) * window, padded)) ** 2
    frequencies = np.fft.rfftfreq(padded, 0.5)
    lowest, highest = 1.0 / (_PITCH_PIXELS[1] * length), 1.0 / _PITCH_PIXELS[0]
    inside = (frequencies >= lowest) & (frequencies <= highest)
    if inside.sum() < 16:
        return None
    best = int(np.argmax(np.where(inside, power, -1.0)))
    found = float(frequencies[best])
    # what is spotted or blurred has more of the longer periods: a line stands out at both sides
    lobe = 2.0 / (0.7 * length)  # of the window
    longer = (frequencies > found / 2.0) & (frequencies < found - lobe)
    shorter = (frequencies > found + lobe) & (frequencies < found * 2.0)
    if min(longer.sum(), shorter.sum()) < 8 or power[best] < 1e-6:
        return None
    beside = max(float(np.median(power[part])) for part in (longer, shorter))
    if power[best] < _LEAST_PROMINENCE * beside:
        return None
    return 1.0 / found


@dataclass(frozen=True)
class MadeScene:
    """A made image, and what is in it.

    Attributes
    ----------
    pixels : numpy.ndarray of uint8
        (height, width)
    corners : list of numpy.ndarray
        (4, 2) of each box, column first. [pixel]
    numbers : list of int
        Which of the cut-outs each is.
    """

    pixels: Grey
    corners: list[_Floats]
    numbers: list[int]


def make_scene(
    cutouts: Sequence[Grey], count: int, size: tuple[int, int], rng: np.random.Generator
) -> MadeScene:
    """Return an image with diatoms put into it, each turned by chance, none on another.

    Parameters
    ----------
    cutouts : sequence of numpy.ndarray
        Images of one valve each.
    count : int
        How many are put into it; fewer where there is no room for more.
    size : tuple of int
        Height and width. [pixel]
    rng : numpy.random.Generator

    Notes
    -----
    The background is a plain one as light as those of the cut-outs, uneven and with their noise.
    What is put into it is what a cut-out differs from its own background, fading at its edge.

    Raises
    ------
    AquaticError
        Where a cut-out has no valve, or is larger than the scene.
    """
    from scipy.ndimage import gaussian_filter

    height, width = size
    parts = [_Cutout.of(it) for it in cutouts]
    if not parts:
        raise AquaticError("found no cut-outs, expected images of one valve each")
    light = float(np.mean([it.background for it in parts]))
    uneven = gaussian_filter(rng.normal(size=size), min(size) / 4.0)
    uneven *= 4.0 / max(float(np.abs(uneven).max()), 1e-9)
    noise = float(np.mean([it.noise for it in parts]))
    pixels = light + uneven + rng.normal(0.0, noise, size)
    taken = np.zeros(size, dtype=bool)
    corners: list[_Floats] = []
    numbers: list[int] = []
    for _ in range(count):
        number = int(rng.integers(len(parts)))
        turned = parts[number].turned(float(rng.uniform(0.0, 360.0)))
        rows, columns = turned.inside.shape
        if rows > height or columns > width:
            raise AquaticError(
                f"cut-out {number + 1}: found a valve of {columns} x {rows} pixels, expected one "
                f"that fits into {width} x {height}"
            )
        place = _free_place(taken, turned.inside, rng)
        if place is None:
            break
        cut = (slice(place[0], place[0] + rows), slice(place[1], place[1] + columns))
        pixels[cut] += turned.difference
        taken[cut] |= turned.inside
        corners.append(turned.corners + np.array([place[1], place[0]]))
        numbers.append(number)
    return MadeScene(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), corners, numbers)


def _free_place(taken: Mask, inside: Mask, rng: np.random.Generator) -> tuple[int, int] | None:
    rows, columns = inside.shape
    for _ in range(_MOST_TRIES):
        top = int(rng.integers(taken.shape[0] - rows + 1))
        left = int(rng.integers(taken.shape[1] - columns + 1))
        if not (taken[top : top + rows, left : left + columns] & inside).any():
            return top, left
    return None


@dataclass(frozen=True)
class _Turned:
    difference: _Floats
    inside: Mask
    corners: _Floats


@dataclass(frozen=True)
class _Cutout:
    """A valve without its background."""

    difference: _Floats
    inside: Mask
    background: float
    noise: float

    @classmethod
    def of(cls, grey: Grey) -> _Cutout:
        from scipy.ndimage import gaussian_filter

        inside, _ = valve_of(grey)
        outside = grey[~inside]
        background = float(np.median(outside))
        noise = 1.4826 * float(np.median(np.abs(outside - background)))
        weights = np.minimum(1.0, 2.0 * gaussian_filter(inside.astype(np.float64), 1.5))
        return cls((grey - background) * weights, inside, background, noise)

    def turned(self, degrees: float) -> _Turned:
        """Return it turned, cut to where it is, with the corners of its smallest box."""
        from scipy.ndimage import rotate

        from aquatic.plankton.measures import Thing

        difference = rotate(self.difference, degrees, order=1)
        inside = rotate(self.inside.astype(np.float64), degrees, order=1) > 0.5
        rows, columns = np.nonzero(inside)
        cut = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        within: Mask = inside[cut]
        corners = _rectangle(Thing(within, np.zeros(within.shape, np.uint8)).hull())
        return _Turned(difference[cut], within, corners[:, ::-1])
