"""Where the sea is darker than around it: background, likelihood, and areas with short borders.

The steps are those of Solberg et al. (1999, https://doi.org/10.1109/36.774704) and Solberg et al.
(2007, https://doi.org/10.1109/TGRS.2006.887019): a scene at several scales, a threshold that
follows what is around, and areas of it. The threshold is a likelihood ratio of gamma
distributions, and an area is what makes that likely with a short border (see `darker_areas`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from aquatic.slicks.speckle import block_means, clutter_at, clutter_db, equivalent_looks

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

BORDER = 1.5
"""What a cell's side of border costs. [nat]

From ln 2.64 on, by which outlines of one more side grow in number, speckle alone makes no area.
Where cells have fewer than `_RESOLVED` looks an outline has no detail that fine, and costs less.
"""

_RESOLVED = 3.0

THIN_ALARMS = 0.01
"""Thin areas that noise alone makes on 1,000 km2."""

_THIN = 0.45  # of the cost of a border, for thin areas
_NOISE_DAMPING = 0.4, 0.63  # 4 and 2 dB: which of them gives more depends on the looks
_NOISE_SIDE, _NOISE_LARGEST = 512, 50  # cells of noise, and how many of its areas tell the rest
_NOISE_STEP = math.log(1.05)  # looks within a twentieth are told by the same noise


LEAST_EVIDENCE = 10.0
"""Evidence that all cells of an area have together. [nat]"""

LEAST_CONTRAST_DB = 1.2
"""Contrast of an area that counts. [dB]"""

TIMES_CLUTTER, LEAST_SIGNIFICANCE = 2.0, 10.0
"""Contrast of an area that counts, of what the sea scatters by itself in squares as wide as the
area; the same times the root of how many of these squares make the area.
"""

_DAMPING = 0.5  # 3 dB, where nothing is known
_WEAK_DAMPING = 0.63  # 2 dB, where coarse cells of an even sea tell it
_EVEN_DB, _EVEN_CELLS = 0.5, 4.0  # scatter of an even sea, in squares of coarse cells
_LEAST_DAMPING, _MOST_DAMPING = 0.25, 0.65
_COARSE_M = 160.0
_SCALES_M = (8000.0, 4000.0, 2500.0)
"""Distances over which the sea around counts, from pass to pass."""

Segment = Callable[[Floats], Floats]
"""A model: contrasts with the sea around, in dB and NaN where there is none, to probabilities."""

_FAINTEST = 1e-3  # ratio, where the noise that was subtracted leaves less than nothing
_BRIGHT = 3.0  # times the background: ships, and what rings about them
_TILE, _MARGIN = 1024, 64
_REACH_M = 1000.0


@dataclass(frozen=True)
class DarkAreas:
    """What is darker than the sea around it.

    Attributes
    ----------
    dark : ndarray of bool, shape (height, width)
    background : ndarray of float32, shape (height, width)
        Intensity that the sea would have without what is dark.
    evidence : ndarray of float32, shape (height, width)
        Logarithm of the likelihood ratio of dark and clean, smoothed. [nat]
    looks : float
        That a cell is worth.
    """

    dark: Bools
    background: Floats
    evidence: Floats
    looks: float


def find_dark(
    sigma0: Floats, cell_m: tuple[float, float], segment: Segment | None = None
) -> DarkAreas:
    """Find what is darker than the sea around it.

    Parameters
    ----------
    sigma0 : ndarray, shape (height, width)
        Linear; NaN where there is no sea.
    cell_m : tuple of float
        Height and width of a cell. [m]
    segment : callable, optional
        A model in the place of the likelihood.

    Returns
    -------
    DarkAreas
    """
    steps = tuple(max(1, round(_COARSE_M / side)) for side in cell_m)
    coarse = block_means(sigma0, *steps)
    coarse_m = cell_m[0] * steps[0], cell_m[1] * steps[1]
    background, damping = _coarse_passes(coarse, coarse_m)
    fine = _refined(background, sigma0.shape, steps)
    damping = np.repeat(np.repeat(damping, steps[0], axis=0), steps[1], axis=1)
    damping = damping[: sigma0.shape[0], : sigma0.shape[1]]
    ratio = sigma0 / fine
    looks = equivalent_looks(ratio)
    if segment is None:
        likelihood = _likelihood(ratio, looks, damping)
        evidence = _with_thin(likelihood, looks, 1e-6 * cell_m[0] * cell_m[1])
    else:
        evidence = _segmented(ratio, segment)
    return DarkAreas(evidence > 0.0, fine, evidence, looks)


def _segmented(ratio: Floats, segment: Segment) -> Floats:
    """Return the logits of what a model says of contrasts in dB."""
    with np.errstate(divide="ignore", invalid="ignore"):
        decibel = 10.0 * np.log10(np.maximum(ratio, _FAINTEST))
    chance = np.clip(segment(decibel.astype(np.float32)), 1e-6, 1.0 - 1e-6)
    evidence = np.log(chance / (1.0 - chance)).astype(np.float32)
    evidence[~np.isfinite(ratio)] = -np.inf
    return np.asarray(evidence)


def _coarse_passes(coarse: Floats, cell_m: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return the background, and by how much each place would be damped, of coarse cells."""
    dark = np.zeros(coarse.shape, bool)
    background = _trend(coarse)
    clutter = clutter_db(coarse / background, np.isfinite(coarse))
    is_even = clutter_at(clutter, _EVEN_CELLS) < _EVEN_DB
    unknown = _WEAK_DAMPING if is_even else _DAMPING
    damping: Floats = np.full(coarse.shape, unknown, np.float32)
    for scale_m in (*_SCALES_M, _SCALES_M[-1]):
        ratio = coarse / background
        looks = equivalent_looks(ratio)
        evidence = darker_areas(ratio, looks, damping)
        dark = _outstanding(evidence, ratio)
        clean = ~dark & (ratio < _BRIGHT)
        background = _around(coarse, clean, background, [scale_m / side for side in cell_m])
        known, near = _damping_of(coarse / background, dark, cell_m)
        damping = np.where(near, known, np.float32(unknown))
    return background, np.where(near, known, np.float32(_DAMPING))


def _outstanding(evidence: Floats, ratio: Floats) -> Bools:
    """Return dark areas that are darker than patches of the sea; the others would lift the rest."""
    from scipy.ndimage import label, sum_labels

    dark = evidence > 0.0
    numbers, count = label(dark)
    if not count:
        return dark
    index = np.arange(1, count + 1)
    sizes = sum_labels(dark, numbers, index)
    means = sum_labels(ratio, numbers, index) / sizes
    total = sum_labels(evidence, numbers, index)
    contrast_db = -10.0 * np.log10(np.maximum(means, _FAINTEST))
    spread_db = clutter_at(clutter_db(ratio, ~dark), np.sqrt(sizes) / 2.0)
    kept = (total > LEAST_EVIDENCE) & stands_out(contrast_db, spread_db, np.full(count, 4.0))
    return np.asarray(np.concatenate([[False], kept])[numbers])


def stands_out(contrast_db: Any, spread_db: Any, squares: Any) -> Bools:
    """Say whether areas are darker than patches of the sea are by chance.

    Parameters
    ----------
    contrast_db, spread_db : array_like
        Contrast of areas; scatter of the sea in squares as wide. [dB]
    squares : array_like
        How many such squares make the area.
    """
    chance = np.maximum(spread_db, 1e-6)
    return np.asarray(
        (contrast_db > LEAST_CONTRAST_DB)
        & (contrast_db > TIMES_CLUTTER * chance)
        & (contrast_db * np.sqrt(np.maximum(squares, 1.0)) > LEAST_SIGNIFICANCE * chance)
    )


def _trend(values: Floats) -> Floats:
    """Return a quadratic trend of the logarithm, of the brighter part of what scatters about it."""
    rows, columns = (np.linspace(-1.0, 1.0, side) for side in values.shape)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(values)
    known = np.isfinite(logs)
    kept = known.copy()
    for _ in range(8):
        found, *_ = np.linalg.lstsq(terms[kept], logs[kept], rcond=None)
        rest = logs - terms @ found
        middle = np.median(rest[kept])
        spread = 1.4826 * np.median(np.abs(rest[kept] - middle))
        # dark areas pull it down: they are left out sooner than bright ones
        kept = known & (rest > -1.0 * spread - 0.05) & (rest < 3.0 * spread + 0.05)
    return np.asarray(np.exp(terms @ found), np.float32)


def _around(values: Floats, clean: Bools, before: Floats, scale: list[float]) -> Floats:
    """Return the mean of what is clean around, in the place of none what was there before."""
    from scipy.ndimage import gaussian_filter

    usable = clean & np.isfinite(values)
    ratio = np.where(usable, values / before, 0.0).astype(np.float32)
    weight = gaussian_filter(usable.astype(np.float32), scale, mode="nearest")
    total = gaussian_filter(ratio, scale, mode="nearest")
    little = 0.01
    return np.asarray(before * (total + little) / (weight + little), np.float32)


def _damping_of(ratio: Floats, dark: Bools, cell_m: tuple[float, float]) -> tuple[Floats, Bools]:
    """Return the mean ratio of each dark area, there and near it, and where that is."""
    from scipy.ndimage import distance_transform_edt, label, mean

    numbers, count = label(dark)
    if not count:
        return np.ones(ratio.shape, np.float32), np.zeros(ratio.shape, bool)
    means = mean(ratio, numbers, np.arange(1, count + 1))
    distance, (y, x) = distance_transform_edt(~dark, sampling=cell_m, return_indices=True)
    near = distance <= _REACH_M
    values = np.clip(means, _LEAST_DAMPING, _MOST_DAMPING).astype(np.float32)
    return values[numbers[y, x] - 1], near


def _refined(background: Floats, shape: tuple[int, ...], steps: tuple[int, ...]) -> Floats:
    """Return the background on finer cells, linear between the middles of coarse ones."""
    from scipy.ndimage import map_coordinates

    places = [(np.arange(n) + 0.5) / k - 0.5 for n, k in zip(shape, steps, strict=True)]
    grid = np.meshgrid(*places, indexing="ij", copy=False)
    return np.asarray(map_coordinates(background, grid, order=1, mode="nearest", output=np.float32))


def darker_areas(ratio: Floats, looks: float, damping: Floats) -> Floats:
    """Return for each cell how much speaks for a dark area there. [nat]

    Parameters
    ----------
    ratio : ndarray, shape (height, width)
        Intensity over background; NaN where there is none.
    looks : float
        That a cell is worth.
    damping : ndarray, shape (height, width)
        Ratio that a dark area would have.

    Returns
    -------
    ndarray of float32, shape (height, width)
        Above 0 in a dark area.

    Notes
    -----
    The likelihood ratio of two gamma distributions of L looks is
    ``L (r (1 - 1 / d) - ln d)`` for the ratio r and the damping d. Areas that have the greatest sum
    of it, less `BORDER` for each side of their borders, are the level sets of its total variation
    denoising (Chambolle 2004, https://doi.org/10.1023/B:JMIV.0000011325.36760.1e; Chan, Esedoglu
    and Nikolova 2006, https://doi.org/10.1137/040615286).
    """
    return _bordered(_likelihood(ratio, looks, damping), _border(looks))


def _border(looks: float) -> float:
    return BORDER * min(1.0, math.sqrt(looks / _RESOLVED))


def _likelihood(ratio: Floats, looks: float, damping: Floats) -> Floats:
    """Return the logarithm of the likelihood ratio of each cell, NaN where there is none. [nat]"""
    bounded = np.minimum(ratio, _BRIGHT)
    return np.asarray(looks * (bounded * (1.0 - 1.0 / damping) - np.log(damping)), np.float32)


def _bordered(likelihood: Floats, border: float) -> Floats:
    """Return the total variation denoising of likelihoods, -inf where there is none. [nat]"""
    from aquatic.slicks.total_variation import denoised

    known = np.isfinite(likelihood)
    filled = np.where(known, likelihood, np.float32(0.0))
    found = np.empty_like(filled)
    for rows, columns, inner in _tiles(likelihood.shape):
        smooth = denoised(np.ascontiguousarray(filled[rows, columns]), border, 1e-6, 200)
        (top, left), part = inner
        found[top : top + _TILE, left : left + _TILE] = smooth[part]
    found[~known] = -np.inf
    return found


def _with_thin(likelihood: Floats, looks: float, cell_km2: float) -> Floats:
    """Return the evidence of dark areas, thin ones among them. [nat]

    An area two or three cells wide is nearly all border, whose cost hides it. At less than half
    the cost noise makes areas, too: those count that have more evidence than noise gives any.
    """
    evidence = _bordered(likelihood, _border(looks))
    thin = _bordered(likelihood, _THIN * _border(looks))
    numbers, totals = _totals(thin, (thin > 0.0) & (evidence <= 0.0))
    kept = totals > noise_evidence(looks, cell_km2)
    return np.where(np.concatenate([[False], kept])[numbers], thin, evidence)


def _totals(evidence: Floats, dark: Bools) -> tuple[npt.NDArray[np.int32], Floats]:
    """Return the numbers of areas, from 1 on, and the evidence that each has.

    What bright cells cut a thin area into counts as one: parts with a cell or two between.
    """
    from scipy.ndimage import binary_dilation, label, sum_labels

    numbers, count = label(binary_dilation(dark))
    numbers = np.where(dark, numbers, 0)
    return numbers, np.asarray(sum_labels(evidence, numbers, np.arange(1, count + 1)))


def noise_evidence(looks: float, cell_km2: float) -> float:
    """Return the evidence that noise gives a thin area `THIN_ALARMS` times on 1,000 km2. [nat]

    Parameters
    ----------
    looks : float
        That a cell is worth.
    cell_km2 : float
        Area of a cell. [km2]

    Notes
    -----
    Gamma distributed noise of as many looks, to a twentieth, goes through the same steps. What its
    largest areas have beyond the least of them falls off exponentially (the peaks over a threshold
    of Pickands 1975, https://doi.org/10.1214/aos/1176343003, with a shape of 0), which is followed
    to the rate.
    """
    wanted = THIN_ALARMS * cell_km2 * _NOISE_SIDE**2 / 1000.0
    found = []
    for largest in _noise_areas(round(math.log(looks) / _NOISE_STEP)):
        excess = float(np.mean(largest - largest[0]))
        found.append(float(largest[0] + excess * math.log(len(largest) / wanted)))
    return max([LEAST_EVIDENCE, *found])


@cache  # scenes of one kind have about the same looks, and noise takes a core for a second
def _noise_areas(steps: int) -> list[Floats]:
    """Return the evidence of the largest thin areas of noise, of each damping that has some. [nat]

    The looks are given in steps of a twentieth from 1 on, up or down.
    """
    looks = math.exp(steps * _NOISE_STEP)
    rng = np.random.default_rng(0)
    ratio = rng.standard_gamma(looks, (_NOISE_SIDE, _NOISE_SIDE)) / looks
    found = []
    for damping in _NOISE_DAMPING:
        likelihood = _likelihood(ratio, looks, np.full(ratio.shape, damping))
        thin = _bordered(likelihood, _THIN * _border(looks))
        largest = np.sort(_totals(thin, thin > 0.0)[1])[-_NOISE_LARGEST:]
        if len(largest):
            found.append(largest)
    return found


def _tiles(shape: tuple[int, ...]) -> Any:
    """Yield rows and columns of tiles with a margin, and where in them the tile is."""
    for top in range(0, shape[0], _TILE):
        for left in range(0, shape[1], _TILE):
            first = max(0, top - _MARGIN), max(0, left - _MARGIN)
            last = min(shape[0], top + _TILE + _MARGIN), min(shape[1], left + _TILE + _MARGIN)
            part = tuple(
                slice(start - begin, min(start + _TILE, side) - begin)
                for start, begin, side in zip((top, left), first, shape, strict=True)
            )
            yield slice(first[0], last[0]), slice(first[1], last[1]), ((top, left), part)
