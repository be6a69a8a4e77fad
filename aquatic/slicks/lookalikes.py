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

_MEAN = np.array([0.785, 4.551, 1.547, 0.148, 0.872, 3.003, 0.249])
_SCALE = np.array([0.268, 1.408, 0.264, 0.140, 0.670, 0.366, 0.135])
_WEIGHTS = np.array(
    [
        [1.161, 0.557, -0.332, -0.333, 0.215, 0.352, -0.141, 0.792],
        [0.134, -0.609, 0.227, 0.125, -0.745, -1.036, 0.476, -0.810],
        [-1.295, 0.052, 0.105, 0.208, 0.530, 0.684, -0.335, 0.017],
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
