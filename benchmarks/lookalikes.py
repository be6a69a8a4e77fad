"""Fits the classes of dark spots: oil, biogenic films, low wind, on scenes that are made.

Prints what `aquatic.slicks.lookalikes` has as its means, scales and weights. Scenes are drawn over
contrasts, looks, sizes of pixels, winds, textures; no test has one of their seeds. The confusion is
that of five folds, none of which shares a scene with another.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from aquatic.slicks.dark_areas import find_dark
from aquatic.slicks.lookalikes import CLASSES, features_of
from aquatic.slicks.spots import find_spots
from tests.aquatic.other_sea_scenes import other_sea_scene
from tests.aquatic.sea_scenes import SeaScene, sea_scene

SCENES = 180
_FARTHEST = 3.0  # standard deviations, as the module has it


def run() -> dict[str, float]:
    """Return how many spots of each class are taken for which, and the numbers of the fit."""
    rows = [row for k in range(SCENES) for row in _spots_of(k)]
    features = np.array([row[0] for row in rows])
    classes = np.array([row[1] for row in rows])
    scenes = np.array([row[2] for row in rows])
    taken = np.empty(len(rows), int)
    for learnt, asked in GroupKFold(5).split(features, classes, scenes):
        scaler, model = _fitted(features[learnt], classes[learnt])
        taken[asked] = model.predict(_scaled(scaler, features[asked]))
    figures = {
        f"{CLASSES[was]} taken for {CLASSES[found]}": float(
            ((classes == was) & (taken == found)).sum()
        )
        for was in range(3)
        for found in range(3)
    }
    scaler, model = _fitted(features, classes)
    weights = np.column_stack([model.coef_, model.intercept_])
    figures |= {f"mean {k}": float(value) for k, value in enumerate(scaler.mean_)}
    figures |= {f"scale {k}": float(value) for k, value in enumerate(scaler.scale_)}
    return figures | {f"weight {k}": float(value) for k, value in np.ndenumerate(weights)}


def _fitted(features: np.ndarray, classes: np.ndarray) -> tuple[StandardScaler, LogisticRegression]:
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
    return scaler, model.fit(_scaled(scaler, features), classes)


def _scaled(scaler: StandardScaler, features: np.ndarray) -> np.ndarray:
    return np.clip(scaler.transform(features), -_FARTHEST, _FARTHEST)


def _spots_of(number: int) -> list[tuple[np.ndarray, int, int]]:
    """Return features, class and scene of the spots of a scene; what is of two classes is left."""
    scene = _scene(number)
    sigma0 = np.where(scene.land, np.nan, scene.sigma0)
    cell_m = scene.pixel_m, scene.pixel_m
    numbers, spots = find_spots(sigma0, find_dark(sigma0, cell_m), cell_m)
    films = np.zeros_like(scene.oil) if scene.films is None else scene.films
    rows = []
    for spot in spots:
        inside = numbers == spot.number
        oil, film, other = (
            float((inside & it).sum() / inside.sum()) for it in (scene.oil, films, scene.lookalikes)
        )
        if oil > 0.5:
            rows.append((features_of(spot), 0, number))
        elif film > 0.3:
            rows.append((features_of(spot), 1, number))
        elif other > 0.2 or (oil < 0.1 and other < 0.05):
            rows.append((features_of(spot), 2, number))
    return rows


def _scene(number: int) -> SeaScene:
    rng = np.random.default_rng(50_000 + number)
    contrast_db = float(rng.uniform(2.5, 8.0))
    looks = float(rng.choice([1, 2, 4, 4, 10]))
    common = {"side": 500, "pixel_m": float(rng.choice([30.0, 40.0, 60.0]))}
    if number % 3 == 0:
        wind = rng.uniform(3.5, 8.0)
        return sea_scene(
            20_000 + number,
            contrast_db=contrast_db,
            looks=looks,
            **common,
            calm=3,
            coast=bool(rng.random() < 0.4),
            wind=(wind, wind + rng.uniform(0.0, 4.0)),
            slicks=int(rng.integers(0, 2)),
        )
    return other_sea_scene(
        20_000 + number,
        contrast_db=contrast_db,
        looks=looks,
        **common,
        films=int(rng.integers(0, 4)),
        lulls=int(rng.integers(0, 4)),
        rain=int(rng.integers(0, 2)),
        texture=float(rng.choice([0, 8, 15, 40])),
        feather_m=float(rng.choice([60, 150, 400])),
        correlated=bool(rng.random() < 0.5),
    )
