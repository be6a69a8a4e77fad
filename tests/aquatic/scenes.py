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

    A kind is a name out of `COLOURS`, or colours of sea and sand. Shallow water near the
    beach is paler, a dune behind it is green, and foam and a shadow have the other's colour.
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


SAND, SEAGRASS = (0.22, 0.26), (0.04, 0.06)
"""Reflectance of bottoms in blue and green."""

DEEP = (0.018, 0.009)
"""That of optically deep water."""


def water_colours(depth_m, bottom, *, noise=0.0, seed=1):
    """Return the reflectance of blue and green, (..., 2), of shallow clear water.

    Two ways through the water, with diffuse attenuations of 0.045 and 0.085 per metre (between
    Jerlov's types IB and II), over what deep water has.
    """
    depth_m = np.asarray(depth_m)[..., np.newaxis]
    seen = np.exp(-2.0 * np.array([0.045, 0.085]) * depth_m)
    made = np.array(DEEP) + (np.array(bottom) - DEEP) * seen
    return made + np.random.default_rng(seed).normal(0.0, noise, made.shape)


def waterline(times, seconds, *, setup, incident, infragravity, seed=1):
    """Return heights of a waterline with significant heights of its two parts. [m].

    Waves of random phase about 0.1 Hz and 0.02 Hz, of a variance that is exact.
    """
    random = np.random.default_rng(seed)
    clock = seconds * np.arange(times)
    series = np.full(times, float(setup))
    for significant, low, high in ((incident, 0.08, 0.14), (infragravity, 0.012, 0.035)):
        frequencies = random.uniform(low, high, 60)
        phases = random.uniform(0, 2 * np.pi, 60)
        part = np.cos(2 * np.pi * np.outer(clock, frequencies) + phases).sum(axis=1)
        part -= part.mean()
        series += part * significant / 4.0 / part.std()
    return series


def timestack(edge, width, *, land="left", seed=1):
    """Return a timestack whose water begins at an edge, counted in pixels from the land.

    The first pixels of water are foam, the sand that it has left is wet.
    """
    random = np.random.default_rng(seed)
    columns = np.arange(width) + 0.5
    away = columns[np.newaxis] - np.asarray(edge)[:, np.newaxis]
    sand, wet = np.array([200.0, 180.0, 140.0]), np.array([150.0, 132.0, 102.0])
    foam, water = np.array([215.0, 225.0, 235.0]), np.array([60.0, 110.0, 130.0])
    cover = np.clip(away + 0.5, 0.0, 1.0)[..., np.newaxis]
    has_been = (np.minimum.accumulate(edge)[:, np.newaxis] < columns[np.newaxis])[..., np.newaxis]
    dry = np.where(has_been, wet, sand)
    foaminess = np.exp(-np.maximum(away, 0.0) / 8.0)[..., np.newaxis]
    made = dry * (1 - cover) + (water + foaminess * (foam - water)) * cover
    made = made + random.normal(0.0, 5.0, made.shape)
    made = made if land == "left" else made[:, ::-1]
    return made.clip(0, 255).astype(np.uint8)
