"""The coast as vector tiles, coarse, of the world."""

from __future__ import annotations

from functools import lru_cache

import catalog
from web.maps.vector_tiles import Layer, projected

COARSEST, FINEST = 8, 14
"""First and last z of tiles with the coast of a run; tiles before are of the world."""

LAND, COAST = "land", "coast"
"""Layers of a tile: areas, and the lines between land and sea."""

_TOLERANCES = {0: 0.4, 2: 0.1, 4: 0.025}
"""First z -> how far the coarse coast may lie off: a pixel of z 1 and 3, some of z 7. [degrees]"""


def world_layer(z: int) -> Layer:
    """Return the land of the world, in the detail that tiles of a z have."""
    return _world_layer(max(first for first in _TOLERANCES if first <= z))


@lru_cache
def _world_layer(first: int) -> Layer:
    return Layer(LAND, projected(catalog.read_coarse_land(_TOLERANCES[first])), first)
