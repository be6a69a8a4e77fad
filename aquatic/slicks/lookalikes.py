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
    "border share of the sharper sides",
    "contrast",
    "greatest contrast over contrast",
    "logarithm of width, up to 500 m",
    "logarithm of complexity",
)

_WIDE_M = 500.0  # wider than any filament of a film

_MEAN = np.array([0.890, 4.025, 1.441, 2.529, 0.222])
_SCALE = np.array([0.263, 1.190, 0.196, 0.264, 0.154])
_WEIGHTS = np.array(
    [
        [0.813, 0.115, -0.624, 0.753, -0.278, 1.322],
        [2.839, -0.676, -0.326, -1.773, 0.435, -2.179],
        [-3.651, 0.561, 0.950, 1.020, -0.157, 0.858],
    ]
)
"""Rows of the classes; the last column is the constant."""


def features_of(spot: Spot) -> npt.NDArray[np.float64]:
    """Return what the classes are told by, in the order of `FEATURES`.

    Areas are not among them, and widths only up to that of filaments: slicks and lulls have any,
    and those of the training would be learnt as if they told the class.
    """
    contrast = max(spot.contrast_db, 0.1)
    return np.array(
        [
            min(max(spot.sharp_share, -0.5), 2.0),
            min(contrast, 12.0),
            min(spot.greatest_contrast_db / contrast, 4.0),
            math.log10(min(spot.width_m, _WIDE_M)),
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
