"""Beaches made in tests, with the shoreline that they have."""

import numpy as np
from scipy.ndimage import gaussian_filter

COLOURS = {
    "turquoise": ((20, 130, 160), (210, 195, 170)),
    "green": ((70, 105, 90), (190, 165, 120)),
    "grey": ((120, 135, 150), (170, 160, 145)),
    "dark": ((15, 35, 60), (90, 80, 60)),
}
"""Name -> sea and sand."""


def beach(kind="turquoise", *, seed=1, size=(160, 240), dune=True, foam=True):
    """Return a picture (height, width, 3), and where it has sea.

    A kind is a name out of `COLOURS`, or colours of sea and sand. Shallow water near the beach is paler, a dune behind it is green, foam and a boat's shadow
    are in the wrong place on purpose.
    """
    random = np.random.default_rng(seed)
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    bend = 12.0 * np.sin(rows / 23.0 + seed)
    offshore = columns - 0.45 * width - bend - 0.2 * (rows - height / 2)
    sea = offshore > 0
    water, sand = (np.array(it, float) for it in COLOURS.get(kind, kind))
    shallow = np.exp(-np.maximum(offshore, 0.0) / 15.0)[..., np.newaxis]
    made = np.where(sea[..., np.newaxis], water + 0.25 * shallow * (sand - water), sand)
    if dune:
        made[offshore < -60] = (70, 95, 40)
    if foam:
        made[(offshore > 30) & (offshore < 34) & (rows % 40 < 4)] = (235, 235, 235)
        made[(abs(offshore + 30) < 5) & (abs(rows - 50) < 4)] = (60, 70, 110)
    made = gaussian_filter(made, (0.8, 0.8, 0.0))
    made += random.normal(0.0, 6.0, made.shape)
    return made.clip(0, 255).astype(np.uint8), sea
