"""Dark spots: connected dark areas, and what can be measured of each.

Features are those of Solberg et al. (1999), Solberg et al. (2007) and of the review of Brekke and
Solberg (2005, https://doi.org/10.1016/j.rse.2004.11.015): contrast, homogeneity, borders, shape,
surroundings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aquatic.slicks.dark_areas import LEAST_EVIDENCE, DarkAreas, stands_out
from aquatic.slicks.speckle import clutter_at, clutter_db

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

LEAST_KM2 = 0.05
"""Area of a spot that counts. [km2]"""

_GAP_M = 300.0
"""Parts that are less apart are one spot, as wind and waves tear slicks. [m]"""

_TORN_M = 1000.0
_TORN_SHARE = 0.1
_TORN_DB, _TORN_BORDER = 1.0, 0.25
"""Parts that wind and waves have torn off further: so near, of so little area, and as dark within
so much, with borders as sharp within so much.
"""

_RING_M = (300.0, 1000.0)
_BAND = 3  # cells on each side of a border
_GAP = 1  # cells at a border that may be of both sides
_FAINTEST = 1e-3  # share of the sea's brightness: 30 dB are the most contrast
_LEAST_SIDE_DB = 0.5  # contrast of a direction that a share can be taken of


@dataclass(frozen=True)
class Spot:
    """A dark spot.

    Attributes
    ----------
    number : int
        Of the spot in the array of numbers.
    area_km2, perimeter_km, length_km, width_m : float
        Width is area over length.
    complexity : float
        Perimeter over that of a disc of the same area.
    spreading : float
        Share of the scatter of its cells that is across its length, 0 to 0.5.
    contrast_db, greatest_contrast_db : float
        Of the ring around (300 m to 1 km) over the mean, and over its darkest tenth. [dB]
    border_share : float
        Share of the contrast that is found across the border itself: about 1 of what ends sharply,
        about 0 of what fades.
    sharp_share : float
        The same of its sharper sides: the upper quartile over eight directions from its middle, of
        each its own ring, or the background where that is darker. So rain or a front that
        brightens the sea beyond takes nothing from it.
    border_spread_db : float
        Scatter of that step along the border. [dB]
    inside_spread_db, outside_spread_db : float
        Scatter of the sea beyond that of speckle. [dB]
    sea_sigma0 : float
        Of the ring. [1]
    is_cut : bool
        Whether it reaches the end of the scene.
    """

    number: int
    area_km2: float
    perimeter_km: float
    length_km: float
    width_m: float
    complexity: float
    spreading: float
    contrast_db: float
    greatest_contrast_db: float
    border_share: float
    sharp_share: float
    border_spread_db: float
    inside_spread_db: float
    outside_spread_db: float
    sea_sigma0: float
    is_cut: bool


def find_spots(
    sigma0: Floats, found: DarkAreas, cell_m: tuple[float, float]
) -> tuple[npt.NDArray[np.int32], list[Spot]]:
    """Return the dark spots of a scene.

    Parameters
    ----------
    sigma0 : ndarray, shape (height, width)
        Linear; NaN where there is no sea.
    found : DarkAreas
    cell_m : tuple of float
        Height and width of a cell. [m]

    Returns
    -------
    numbers : ndarray of int32, shape (height, width)
        Of the spot, from 1 on; 0 elsewhere.
    spots : list of Spot
        The largest first.
    """
    from scipy.ndimage import distance_transform_edt, find_objects, label

    joined = distance_transform_edt(~found.dark, sampling=cell_m) <= 0.5 * _GAP_M
    numbers, count = label(joined, structure=np.ones((3, 3), bool))
    numbers = np.where(found.dark, numbers, 0).astype(np.int32, copy=False)
    least = max(4.0, LEAST_KM2 / (1e-6 * cell_m[0] * cell_m[1]))
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    ratio = sigma0 / found.background
    clutter = clutter_db(ratio, ~found.dark)
    spots = []
    for number, place in enumerate(find_objects(numbers), 1):
        if place is None or sizes[number] < least:
            continue
        spot = _measured(number, place, numbers, ratio, found, cell_m)
        if spot is not None and _stands_out(spot, clutter, cell_m):
            spots.append(spot)
    spots.sort(key=lambda it: -it.area_km2)
    whole = np.zeros(count + 1, np.int32)
    for spot in spots:
        whole[spot.number] = spot.number
    parts = _torn(spots, numbers, cell_m)
    for part, number in parts.items():
        whole[part] = number
    numbers = whole[numbers]
    places = find_objects(numbers)
    for k, spot in enumerate(spots):
        if spot.number in parts.values():
            place = places[spot.number - 1]
            spots[k] = _measured(spot.number, place, numbers, ratio, found, cell_m) or spot
    return numbers, [spot for spot in spots if spot.number not in parts]


def _torn(
    spots: list[Spot], numbers: npt.NDArray[np.int32], cell_m: tuple[float, float]
) -> dict[int, int]:
    """Return which spots are parts of a larger one near them, and of which.

    So small an area does not tell its class by itself: a shred of a slick looks like a film.
    """
    from scipy.ndimage import distance_transform_edt, find_objects

    places = find_objects(numbers)
    by_number = {spot.number: spot for spot in spots}
    found: dict[int, int] = {}
    for spot in spots:
        part = _about(places[spot.number - 1], cell_m, _TORN_M)
        near = numbers[part]
        distance = distance_transform_edt(near != spot.number, sampling=cell_m)
        others = np.unique(near[(distance <= _TORN_M) & (near > 0)])
        whole = [by_number[k] for k in others.tolist() if k in by_number and k not in found]
        alike = [it for it in whole if _is_torn_off(spot, it)]
        if alike:
            found[spot.number] = max(alike, key=lambda it: it.area_km2).number
    return found


def _is_torn_off(part: Spot, whole: Spot) -> bool:
    return (
        part.area_km2 <= _TORN_SHARE * whole.area_km2
        and abs(part.contrast_db - whole.contrast_db) <= _TORN_DB
        and abs(part.border_share - whole.border_share) <= _TORN_BORDER
    )


def _about(
    place: tuple[slice, ...], cell_m: tuple[float, float], reach_m: float
) -> tuple[slice, ...]:
    """Return the rows and columns that a spot has, and so far about it."""
    return tuple(
        slice(max(0, at.start - math.ceil(reach_m / step)), at.stop + math.ceil(reach_m / step))
        for at, step in zip(place, cell_m, strict=True)
    )


def _measured(
    number: int,
    place: tuple[slice, ...],
    numbers: npt.NDArray[np.int32],
    ratio: Floats,
    found: DarkAreas,
    cell_m: tuple[float, float],
) -> Spot | None:
    part = _about(place, cell_m, _RING_M[1])
    inside = numbers[part] == number
    if found.evidence[part][inside].sum(dtype=np.float64) < LEAST_EVIDENCE:
        return None
    near = _Surroundings(inside, found.dark[part], ratio[part], cell_m)
    contrast_db = near.contrast_db
    if not contrast_db > 0.0:
        return None
    perimeter_m, length_m, spreading = _shape(inside, cell_m)
    area_m2 = float(inside.sum()) * cell_m[0] * cell_m[1]
    step_db, spread_db, sharp_share = near.border()
    ends = [at.start == 0 or at.stop == side for at, side in zip(place, numbers.shape, strict=True)]
    return Spot(
        number=number,
        area_km2=1e-6 * area_m2,
        perimeter_km=1e-3 * perimeter_m,
        length_km=1e-3 * length_m,
        width_m=area_m2 / length_m,
        complexity=perimeter_m / (2.0 * math.sqrt(math.pi * area_m2)),
        spreading=spreading,
        contrast_db=contrast_db,
        greatest_contrast_db=near.greatest_contrast_db(),
        border_share=step_db / contrast_db,
        sharp_share=step_db / contrast_db if sharp_share is None else sharp_share,
        border_spread_db=spread_db,
        inside_spread_db=_spread_db(near.values(inside), found.looks),
        outside_spread_db=_spread_db(near.values(near.ring), found.looks),
        sea_sigma0=near.level * float(np.median(found.background[part][inside])),
        is_cut=any(ends),
    )


def _stands_out(spot: Spot, clutter: list[tuple[int, float]], cell_m: tuple[float, float]) -> bool:
    """Say whether a spot has more contrast than patches of the sea that are as wide."""
    width = spot.width_m / math.sqrt(cell_m[0] * cell_m[1])
    squares = 1e6 * spot.area_km2 / spot.width_m**2
    return bool(stands_out(spot.contrast_db, clutter_at(clutter, width), squares))


class _Surroundings:
    """A spot and the sea about it."""

    def __init__(
        self, inside: Bools, dark: Bools, ratio: Floats, cell_m: tuple[float, float]
    ) -> None:
        from scipy.ndimage import distance_transform_edt

        self._inside, self._ratio = inside, ratio
        self._sea = np.isfinite(ratio) & ~dark
        self._outwards = distance_transform_edt(~inside, sampling=cell_m)
        self._inwards = distance_transform_edt(inside, sampling=cell_m)
        self._step = max(cell_m)
        for far in (1.0, 2.0, math.inf):  # a spot may have hardly any sea about it
            ring = self._sea & (self._outwards >= _RING_M[0]) & (self._outwards <= far * _RING_M[1])
            if ring.sum() >= 20:
                break
        self.ring = ring if ring.any() else self._sea
        self.level = _mean(self.values(self.ring))
        self.contrast_db = _contrast_db(self.level, _mean(self.values(inside)))

    def values(self, where: Bools) -> Floats:
        """Return the ratios that are known in some cells."""
        found = self._ratio[where]
        return found[np.isfinite(found)]

    def greatest_contrast_db(self) -> float:
        """Return the contrast of the darkest tenth, of means of 3 x 3 cells."""
        from scipy.ndimage import uniform_filter

        known = self._inside & np.isfinite(self._ratio)
        share = uniform_filter(known.astype(np.float32), 3)[known]
        means = uniform_filter(np.where(known, self._ratio, 0.0), 3)[known] / share
        return _contrast_db(self.level, float(np.percentile(means, 10.0)))

    def border(self) -> tuple[float, float, float | None]:
        """Return the step across the border, its scatter [dB], and the share of sharper sides.

        Wind and waves drive a slick together on one side and feather it on the other, while a
        lull has no sharp side at all: so a mean over the whole border tells less.
        """
        low, high = _GAP * self._step, (_GAP + _BAND) * self._step
        outer = self._sea & (self._outwards > low) & (self._outwards <= high)
        inner = self._inside & (self._inwards > low) & (self._inwards <= high)
        if inner.sum() < 0.2 * self._inside.sum():  # narrow
            inner = self._inside & (self._inwards <= high)
        if not outer.any():
            return self.contrast_db, 0.0, None
        step = _contrast_db(_mean(self.values(outer)), _mean(self.values(inner)))
        steps = self._by_direction(outer, inner)
        scatter = float(np.std(list(steps.values()))) if len(steps) > 2 else 0.0
        contrasts = self._by_direction(self.ring, self._inside, most=1.0)
        shares = [steps[k] / contrasts[k] for k in steps if contrasts.get(k, 0.0) > _LEAST_SIDE_DB]
        sharp = float(np.percentile(shares, 75.0)) if len(shares) > 2 else None
        return step, scatter, sharp

    def _by_direction(self, outer: Bools, inner: Bools, most: float = math.inf) -> dict[int, float]:
        """Return outer, or what it may be at most, over inner in eight directions. [dB]

        Those that have too few cells are left out.
        """
        y, x = np.nonzero(self._inside)
        height, width = self._inside.shape
        rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
        sector = np.floor(4.0 * (np.arctan2(rows - y.mean(), columns - x.mean()) / np.pi + 1.0))
        found = {}
        for k in range(8):
            sides = [self.values(band & (sector == k)) for band in (outer, inner)]
            if min(side.size for side in sides) >= 20:
                found[k] = _contrast_db(min(_mean(sides[0]), most), _mean(sides[1]))
        return found


def _shape(inside: Bools, cell_m: tuple[float, float]) -> tuple[float, float, float]:
    """Return perimeter and length [m], and spreading, 0 of a line to 0.5 of a disc.

    The length is the larger one of 4 standard deviations along the main axis and half of the
    perimeter less the width, which is that of a winding band.
    """
    from skimage.measure import perimeter_crofton

    y, x = np.nonzero(inside)
    places = np.stack([y * cell_m[0], x * cell_m[1]])
    scatter = np.cov(places) if places.shape[1] > 1 else np.zeros((2, 2))
    least = (np.array(cell_m) / 4.0) ** 2
    axes = np.maximum(np.linalg.eigvalsh(scatter), least)
    small, large = float(axes.min()), float(axes.max())
    around = float(perimeter_crofton(inside, directions=4)) * math.sqrt(cell_m[0] * cell_m[1])
    area = len(y) * cell_m[0] * cell_m[1]
    root = max(around**2 / 4.0 - 4.0 * area, 0.0) ** 0.5
    winding = (around / 2.0 + root) / 2.0  # of a band with this border and area
    length = max(4.0 * math.sqrt(large), min(winding, around / 2.0))
    return around, length, float(small / (small + large))


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else math.nan


def _contrast_db(bright: float, dark: float) -> float:
    """Return how much darker something is. [dB]

    What is as dark as the noise, or darker where noise was subtracted, has the most there is.
    """
    if not bright > 0.0:
        return math.nan
    return -10.0 * math.log10(max(dark / bright, _FAINTEST))


def _spread_db(values: Floats, looks: float) -> float:
    """Return the scatter of intensities beyond that of speckle, which has 1 / looks. [dB]"""
    if values.size < 2 or not values.mean() > 0.0:
        return 0.0
    excess = float(values.var() / values.mean() ** 2)
    texture = max(0.0, (excess - 1.0 / looks) / (1.0 + 1.0 / looks))
    return 10.0 / math.log(10.0) * math.sqrt(texture)
