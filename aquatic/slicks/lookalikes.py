"""Oil and what only looks so: biogenic films, and sea that is dark because hardly any wind blows.

A multinomial logistic regression on what is measured of a spot. It was fitted to spots of scenes
that were generated, in which each class counted as much (`benchmarks/lookalikes.py`), so its
probabilities are those of such scenes: on the sea look-alikes outnumber oil, and radar alone cannot
tell mineral from biogenic films (Alpers et al. 2017,
https://doi.org/10.1016/j.rse.2017.09.002).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from aquatic.slicks.spots import Spot

CLASSES = ("oil", "biogenic", "low-wind")

FEATURES = (
    "border share",
    "contrast",
    "greatest contrast over contrast",
    "border spread over contrast",
    "logarithm of area",
    "logarithm of width",
    "logarithm of complexity",
)

_MEAN = np.array([0.720, 4.790, 1.547, 0.125, 0.999, 3.025, 0.284])
_SCALE = np.array([0.251, 1.466, 0.279, 0.084, 0.638, 0.376, 0.147])
_WEIGHTS = np.array(
    [
        [2.086, 0.577, -0.178, 0.653, 0.408, 0.323, -0.215, 0.782],
        [-0.402, 0.003, 0.005, 0.210, -1.095, -1.369, 0.903, -1.086],
        [-1.683, -0.580, 0.173, -0.863, 0.686, 1.046, -0.687, 0.304],
    ]
)
"""Rows of the classes; the last column is the constant."""


def features_of(spot: Spot) -> npt.NDArray[np.float64]:
    """Return what the classes are told by, in the order of `FEATURES`."""
    contrast = max(spot.contrast_db, 0.1)
    return np.array(
        [
            min(max(spot.border_share, -0.5), 1.5),
            min(contrast, 12.0),
            min(spot.greatest_contrast_db / contrast, 4.0),
            min(spot.border_spread_db / contrast, 1.0),
            math.log10(spot.area_km2),
            math.log10(spot.width_m),
            math.log10(max(spot.complexity, 0.5)),
        ]
    )


def probabilities_of(spot: Spot) -> dict[str, float]:
    """Return how likely a spot is of each class, as in the scenes of the training."""
    # beyond what was seen in training lines run on for ever
    scaled = np.clip((features_of(spot) - _MEAN) / _SCALE, -3.0, 3.0)
    logits = _WEIGHTS @ np.append(scaled, 1.0)
    odds = np.exp(logits - logits.max())
    return dict(zip(CLASSES, (odds / odds.sum()).tolist(), strict=True))
