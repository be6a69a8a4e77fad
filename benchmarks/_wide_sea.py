"""Radar scenes that the classes of dark spots are learnt from: as wide a range as can be drawn.

They have nothing of the scenes by which detection is tested. Shapes are level sets of random
fields, not outlines; what is drawn for each scene is said in `wide_sea`. A scene is made in cells,
as they are after pixels have been averaged: the speckle of a cell is that of its pixels' mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, gaussian_filter, zoom

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

CELL_M = 40.0  # pixels are averaged to cells of that side or of one pixel
_TRIES = 60
_LEAST_SOFTNESS_M = 120.0


@dataclass
class WideSea:
    """A scene of cells, and what is in it.

    Attributes
    ----------
    side : int
        Cells of a row.
    cell_m : float
    sigma0 : ndarray, shape (side, side)
        Linear; NaN on land.
    oil, films, lulls : ndarray of bool, shape (side, side)
        No cell is of two of them.
    """

    side: int
    cell_m: float
    sigma0: Floats = field(init=False)
    oil: Bools = field(init=False)
    films: Bools = field(init=False)
    lulls: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.oil, self.films, self.lulls = (np.zeros((self.side, self.side), bool) for _ in "123")

    def is_taken(self, inside: Bools) -> bool:
        """Say whether something lies there or within some cells of it."""
        there = self.oil | self.films | self.lulls
        return bool((gaussian_filter(inside.astype(np.float32), 4.0)[there] > 0.02).any())


def wide_sea(seed: int) -> WideSea:
    """Return a scene.

    Pixels of 10 to 80 m and 1 to 10 looks; slicks of 0.1 to 40 km2 and 2 to 6 dB, 0 to 3 of them,
    round to thirty times as long as wide, sharp or fading on one side, whole or patchy; films in
    filaments of 60 to 250 m; lulls and lees of islands of 1 to 60 km2; streaks, fronts, showers,
    texture, coasts. All of it may reach the end of the scene.

    Parameters
    ----------
    seed : int
    """
    rng = np.random.default_rng([seed, 41])
    pixel_m = _between(rng, 10.0, 80.0)
    averaged = max(1, round(CELL_M / pixel_m))
    scene = WideSea(int(rng.integers(300, 420)), pixel_m * averaged)
    land = _land(rng, scene)
    wind = _wind(rng, scene)
    for _ in range(rng.integers(0, 3)):
        wind *= _gusts(rng, scene)
    damping_db = np.zeros(wind.shape)
    for _ in range(rng.integers(0, 4)):
        damping_db += _slick(rng, scene)
    for _ in range(rng.integers(0, 4)):
        wind *= 1.0 - _lull(rng, scene, land)
    for _ in range(rng.integers(0, 3)):
        damping_db += _film(rng, scene)
    power, across = rng.uniform(1.2, 2.2), rng.uniform(-6.0, 0.0)
    clean_db = -17.0 + 10.0 * power * np.log10(np.maximum(wind, 0.4) / 7.0)
    clean_db = clean_db + across * np.arange(scene.side) / scene.side
    looks = _between(rng, 1.0, 10.0) * averaged**2
    if averaged > 1:
        looks *= rng.uniform(0.35, 1.0)  # neighbours are correlated
    speckle = rng.gamma(looks, 1.0 / looks, wind.shape)
    scene.sigma0 = (
        10.0 ** ((clean_db - damping_db) / 10.0) * speckle * _texture(rng, scene)
    ).astype(np.float32)
    scene.sigma0[land] = np.nan
    for mask in (scene.oil, scene.films, scene.lulls):
        mask &= ~land
    return scene


def _between(rng: np.random.Generator, least: float, most: float) -> float:
    """Return a number whose logarithm is as likely anywhere."""
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))


def _random_field(rng: np.random.Generator, side: int, scale: float) -> Floats:
    """Return a smooth field of mean 0 and spread 1, by coarse cells where it is smooth."""
    step = max(1, int(scale / 3.0))
    coarse = gaussian_filter(rng.normal(size=(side // step + 3,) * 2), scale / step, mode="wrap")
    values = zoom(coarse, step, order=1)[:side, :side] if step > 1 else coarse[:side, :side]
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))


def _axes(rng: np.random.Generator, side: int, elongation: float) -> tuple[Floats, Floats]:
    """Return distances along and across a line through somewhere, to one area. [cell]"""
    y, x = rng.uniform(0.0, side, 2)
    turned = rng.uniform(0.0, np.pi)
    rows, columns = np.mgrid[0:side, 0:side]
    along = np.cos(turned) * (columns - x) + np.sin(turned) * (rows - y)
    across = -np.sin(turned) * (columns - x) + np.cos(turned) * (rows - y)
    root = np.sqrt(elongation)
    return along / root, across * root


def _land(rng: np.random.Generator, scene: WideSea) -> Bools:
    if rng.random() < 0.5:
        return np.zeros((scene.side, scene.side), bool)
    rough = _random_field(rng, scene.side, _between(rng, 1.5e3, 5e3) / scene.cell_m)
    if rng.random() < 0.5:  # islands
        return np.asarray(rough > rng.uniform(1.8, 2.4))
    along, _ = _axes(rng, scene.side, 1.0)
    coast = along / scene.side + 0.06 * rough
    return np.asarray(coast > np.quantile(coast, rng.uniform(0.75, 0.97)))


def _wind(rng: np.random.Generator, scene: WideSea) -> Floats:
    side, cell_m = scene.side, scene.cell_m
    along, across = _axes(rng, side, 1.0)
    speed = _between(rng, 3.5, 10.0) * (1.0 + rng.uniform(0.0, 0.3) * along / side)
    speed = speed * (1.0 + rng.uniform(0.0, 0.1) * _random_field(rng, side, 6e3 / cell_m))
    period = _between(rng, 1e3, 4e3) / cell_m
    speed = speed * (1.0 + rng.uniform(0.0, 0.05) * np.sin(2.0 * np.pi * across / period))
    if rng.random() < 0.3:  # a front: brighter beyond a wavy line
        line = across + 0.05 * side * _random_field(rng, side, 3e3 / cell_m)
        speed = speed * (1.0 + rng.uniform(-0.15, 0.15) * np.tanh(line * cell_m / 500.0))
    return np.asarray(np.maximum(speed, 1.0))


def _gusts(rng: np.random.Generator, scene: WideSea) -> Floats:
    """Return the wind's factor about a shower: gusts on a wavy rim, and hardly any wind within."""
    along, across = _axes(rng, scene.side, _between(rng, 1.0, 2.0))
    radius = _between(rng, 1e3, 6e3) / scene.cell_m
    far = np.hypot(along, across) / radius
    far += rng.uniform(0.0, 0.2) * _random_field(rng, scene.side, 0.5 * radius)
    rim = rng.uniform(0.1, 0.5) * np.exp(-(((far - 1.0) / rng.uniform(0.1, 0.4)) ** 2))
    within = rng.uniform(0.0, 0.25) / (1.0 + np.exp((far - 0.7) / 0.15))
    return np.asarray(1.0 + rim - within)


def _placed(
    scene: WideSea, area_km2: float, draw: Callable[[], Floats]
) -> tuple[Floats, Bools] | None:
    """Return a field and where it is greatest on an area that no other thing has."""
    cells = area_km2 / (1e-6 * scene.cell_m**2)
    for _ in range(_TRIES):
        values = draw()
        level = np.partition(values.ravel(), -int(cells) - 1)[-int(cells) - 1]
        inside = values > level
        if not scene.is_taken(inside):
            return values - level, inside
    return None


def _slick(rng: np.random.Generator, scene: WideSea) -> Floats:
    """Put a slick somewhere; return its damping. [dB]"""
    side, cell_m = scene.side, scene.cell_m
    area_km2 = _between(rng, 0.1, min(40.0, 0.1 * (1e-3 * side * cell_m) ** 2))
    elongation, rough = _between(rng, 1.0, 30.0), rng.uniform(0.05, 0.5)
    radius = 1e3 * np.sqrt(area_km2 / np.pi) / cell_m

    def draw() -> Floats:
        along, across = _axes(rng, side, elongation)
        bent = rng.uniform(-0.3, 0.3) * along**2 / max(radius, 1.0)
        far = np.hypot(along, across + bent * np.sqrt(elongation)) / radius
        coarse, fine = (_random_field(rng, side, max(1.0, k * radius)) for k in (0.5, 0.12))
        return -far + rough * (coarse + 0.3 * fine)

    placed = _placed(scene, area_km2, draw)
    if placed is None:
        return np.zeros((side, side))
    inside = placed[1]
    scene.oil |= inside
    damping = np.full(inside.shape, rng.uniform(2.0, 6.0))
    damping *= 1.0 + rng.uniform(0.0, 0.25) * _random_field(rng, side, max(2.0, 0.3 * radius))
    if rng.random() < 0.6:  # it fades on one side
        depth = cell_m * distance_transform_edt(inside)
        y, x = np.nonzero(inside)
        rows, columns = np.indices(inside.shape)
        turned = rng.uniform(0.0, 2.0 * np.pi)
        lee = np.cos(turned) * (columns - x.mean()) + np.sin(turned) * (rows - y.mean()) > 0.0
        damping *= np.where(lee, 1.0 - np.exp(-depth / _between(rng, 20.0, 200.0)), 1.0)
    return np.asarray(np.where(inside, damping.clip(0.0), 0.0))


def _lull(rng: np.random.Generator, scene: WideSea, land: Bools) -> Floats:
    """Put a lull somewhere, or the lee of a coast; return the share of the wind that it takes."""
    side, cell_m = scene.side, scene.cell_m
    area_km2 = _between(rng, 1.0, min(60.0, 0.12 * (1e-3 * side * cell_m) ** 2))
    radius = 1e3 * np.sqrt(area_km2 / np.pi) / cell_m
    is_lee = bool(land.any()) and rng.random() < 0.4
    shore = distance_transform_edt(~land) if is_lee else None

    def draw() -> Floats:
        along, across = _axes(rng, side, _between(rng, 1.0, 4.0))
        far = np.hypot(along, across) / radius
        if shore is not None:
            coast = np.nonzero(land)
            at = rng.integers(len(coast[0]))
            rows, columns = np.indices((side, side))
            far = np.hypot(rows - coast[0][at], columns - coast[1][at]) / radius + shore / side
        return -far + rng.uniform(0.0, 0.3) * _random_field(rng, side, max(2.0, 0.7 * radius))

    placed = _placed(scene, area_km2, draw)
    if placed is None:
        return np.zeros((side, side))
    depth, inside = placed
    # winds change over some hundred metres: small lulls have no sharper borders than large ones
    softness = max(rng.uniform(0.12, 0.4), _LEAST_SOFTNESS_M / cell_m / radius)  # of its radius
    drop = rng.uniform(0.4, 0.85) / (1.0 + np.exp(-depth / softness))
    scene.lulls |= inside & ~scene.oil & ~scene.films
    return np.asarray(drop)


def _film(rng: np.random.Generator, scene: WideSea) -> Floats:
    """Put filaments along the streamlines of an eddy somewhere; return their damping. [dB]"""
    side, cell_m = scene.side, scene.cell_m
    for _ in range(_TRIES):
        stream = _random_field(rng, side, _between(rng, 800.0, 3e3) / cell_m)
        slope = np.hypot(*np.gradient(stream))
        bands = 2.0 * _between(rng, 60.0, 250.0) / cell_m
        spacing = _between(rng, 4.0, 12.0) * bands * float(np.median(slope))
        off = np.abs((stream / spacing + rng.random()) % 1.0 - 0.5) * spacing
        along, across = _axes(rng, side, _between(rng, 1.0, 3.0))
        reach = _between(rng, 0.7e3, 3e3) / cell_m
        inside = (off < 0.5 * bands * np.maximum(slope, 1e-9) / 2.0) & (
            np.hypot(along, across) < reach
        )
        if inside.sum() >= 20 and not scene.is_taken(inside):
            scene.films |= inside
            blurred = gaussian_filter(inside.astype(float), rng.uniform(0.5, 1.2))
            return np.asarray(rng.uniform(2.0, 6.0) * blurred)
    return np.zeros((side, side))


def _texture(rng: np.random.Generator, scene: WideSea) -> Floats | float:
    """Return the K distribution's factor: gamma distributed patches, to a good approximation."""
    if rng.random() < 0.3:
        return 1.0
    order = _between(rng, 10.0, 80.0)
    patches = _random_field(rng, scene.side, max(0.7, _between(rng, 50.0, 120.0) / scene.cell_m))
    return np.asarray(np.maximum(1.0 + patches / np.sqrt(order), 0.05))
