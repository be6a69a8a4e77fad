"""Fits the classes of dark spots: oil, biogenic films, low wind, on scenes that are made.

Prints what `aquatic.slicks.lookalikes` has as its means, scales and weights. Scenes to learn from
are those of `_wide_sea`; the two generators of the tests are not among them, so the scenes of
these say how well classes and probabilities hold elsewhere. The confusion within the scenes to
learn from is that of five folds, none of which shares a scene with another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from aquatic.slicks.dark_areas import find_dark
from aquatic.slicks.lookalikes import CLASSES, features_of
from aquatic.slicks.speckle import block_means
from aquatic.slicks.spots import find_spots
from benchmarks._wide_sea import wide_sea
from tests.aquatic.other_sea_scenes import other_sea_scene
from tests.aquatic.sea_scenes import SeaScene, sea_scene

SCENES, HELD_OUT = 97, 40
BINS = 5
"""Of the probability of oil, from which the reliability is told."""

_CELL_M = 40.0
_FARTHEST = 3.0  # standard deviations, as the module has it

Spots = list[tuple[npt.NDArray[np.float64], int, int]]
"""Features, class and scene of spots."""


def run() -> dict[str, float]:
    """Return how many spots are taken for what, how far to trust it, and the numbers of the fit."""
    features, classes, scenes = _gathered(learnt_spots, SCENES)
    chances = np.empty((len(classes), len(CLASSES)))
    for learnt, asked in GroupKFold(5).split(features, classes, scenes):
        scaler, model = _fitted(features[learnt], classes[learnt])
        chances[asked] = model.predict_proba(_scaled(scaler, features[asked]))
    figures = dict(_judged("folds", classes, chances))
    scaler, model = _fitted(features, classes)
    for name, spots_of in (("first", first_spots), ("other", other_spots)):
        asked, truth, _ = _gathered(spots_of, HELD_OUT)
        figures |= _judged(name, truth, model.predict_proba(_scaled(scaler, asked)))
    weights = np.column_stack([model.coef_, model.intercept_])
    figures |= {f"mean {k}": float(value) for k, value in enumerate(scaler.mean_)}
    figures |= {f"scale {k}": float(value) for k, value in enumerate(scaler.scale_)}
    return figures | {f"weight {k}": float(value) for k, value in np.ndenumerate(weights)}


def _gathered(spots_of: Callable[[int], Spots], scenes: int) -> tuple[np.ndarray, ...]:
    with ProcessPoolExecutor() as pool:
        rows = [row for part in pool.map(spots_of, range(scenes)) for row in part]
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def _fitted(features: np.ndarray, classes: np.ndarray) -> tuple[StandardScaler, LogisticRegression]:
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=3.0, class_weight="balanced", max_iter=2000)
    return scaler, model.fit(_scaled(scaler, features), classes)


def _scaled(scaler: StandardScaler, features: np.ndarray) -> np.ndarray:
    return np.clip(scaler.transform(features), -_FARTHEST, _FARTHEST)


def _judged(name: str, classes: np.ndarray, chances: np.ndarray) -> Iterator[tuple[str, float]]:
    """Yield the confusion and how the probability of oil agrees with how often it is oil."""
    taken = chances.argmax(axis=1)
    for was, found in np.ndindex(len(CLASSES), len(CLASSES)):
        count = ((classes == was) & (taken == found)).sum()
        yield f"{name}: {CLASSES[was]} taken for {CLASSES[found]}", float(count)
    oil, is_oil = chances[:, 0], classes == 0
    place = np.minimum((oil * BINS).astype(int), BINS - 1)
    error = 0.0
    for k in range(BINS):
        inside = place == k
        if not inside.any():
            continue
        said, was_oil = float(oil[inside].mean()), float(is_oil[inside].mean())
        error += float(inside.mean()) * abs(said - was_oil)
        at = f"{name}: p_oil {k / BINS:g} to {(k + 1) / BINS:g}"
        yield f"{at}, spots", float(inside.sum())
        yield f"{at}, said", said
        yield f"{at}, oil", was_oil
    yield f"{name}: expected calibration error of p_oil", error


def learnt_spots(number: int) -> Spots:
    """Return the spots of a scene to learn from."""
    scene = wide_sea(number)
    return _labelled(number, scene.sigma0, scene.cell_m, (scene.oil, scene.films))


def first_spots(number: int) -> Spots:
    """Return the spots of a scene of the first generator of the tests."""
    rng, common = _common(number, 50_000)
    wind = rng.uniform(3.5, 8.0)
    scene = sea_scene(
        20_000 + number,
        **common,
        calm=3,
        coast=bool(rng.random() < 0.4),
        wind=(wind, wind + rng.uniform(0.0, 4.0)),
        slicks=int(rng.integers(0, 2)),
    )
    return _of_test(number, scene)


def other_spots(number: int) -> Spots:
    """Return the spots of a scene of the other generator of the tests."""
    rng, common = _common(number, 60_000)
    scene = other_sea_scene(
        20_000 + number,
        **common,
        films=int(rng.integers(0, 4)),
        lulls=int(rng.integers(0, 4)),
        rain=int(rng.integers(0, 2)),
        texture=float(rng.choice([0, 8, 15, 40])),
        feather_m=float(rng.choice([60, 150, 400])),
        correlated=bool(rng.random() < 0.5),
    )
    return _of_test(number, scene)


def _common(number: int, seed: int) -> tuple[np.random.Generator, dict[str, float]]:
    rng = np.random.default_rng(seed + number)
    return rng, {
        "contrast_db": float(rng.uniform(2.5, 8.0)),
        "looks": float(rng.choice([1, 2, 4, 4, 10])),
        "side": 500,
        "pixel_m": float(rng.choice([20.0, 30.0, 40.0, 60.0])),
    }


def _of_test(number: int, scene: SeaScene) -> Spots:
    averaged = max(1, round(_CELL_M / scene.pixel_m))
    films = np.zeros_like(scene.oil) if scene.films is None else scene.films
    sigma0, *shares = (
        block_means(it.astype(np.float32), averaged, averaged)
        for it in (np.where(scene.land, np.nan, scene.sigma0), scene.oil, films)
    )
    return _labelled(number, sigma0, scene.pixel_m * averaged, [it > 0.5 for it in shares])


def _labelled(number: int, sigma0: np.ndarray, cell_m: float, masks: list | tuple) -> Spots:
    """Return the spots of a scene by what they are; what is of two classes is left."""
    numbers, spots = find_spots(sigma0, find_dark(sigma0, (cell_m, cell_m)), (cell_m, cell_m))
    rows = []
    for spot in spots:
        inside = numbers == spot.number
        oil, film = (float((inside & it).sum() / inside.sum()) for it in masks)
        if oil > 0.5:
            rows.append((features_of(spot), 0, number))
        elif film > 0.3:
            rows.append((features_of(spot), 1, number))
        elif oil < 0.1 and film < 0.1:  # a lull, or nothing at all
            rows.append((features_of(spot), 2, number))
    return rows
