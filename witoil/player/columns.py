"""Particles as whole numbers, for pages that draw them: a column for each variable."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from witoil.player.mercator import Box, northing
from witoil.player.quantise import Linear, Logarithmic, Scale

DEPTHS = 2_000
"""Steps in which depths are kept, from the surface to the deepest."""

MASS_RATIO = 1.01
"""Masses are kept to 0.5 %."""

MISSING = np.iinfo(np.uint16).max
"""Stands for a particle without position, mass or depth."""

MOST = MISSING - 1
"""Greatest number that stands for a value."""


def scales_of(particles: xr.Dataset, box: Box, places: int) -> dict[str, Scale]:
    """Return the rule by which whole numbers stand for each variable of particles.

    Parameters
    ----------
    particles : Dataset
        As a `Run` has them.
    box : tuple of float
        In which all places are: west, south, east, north. [degrees]
    places : int
        Steps in which positions are kept, from one side of the box to the other.

    Returns
    -------
    dict
        ``x`` and ``y`` in Mercator's projection [degrees]; ``mass`` [kg] and ``z`` [m], negative
        downwards, where they are known.
    """
    west, south, east, north = box
    scales: dict[str, Scale] = {
        "x": Linear.over(west, east, places),
        "y": Linear.over(float(northing(south)), float(northing(north)), places),
    }
    if "mass" in particles:
        greatest = float(np.nanmax(particles["mass"].values, initial=0.0))
        scales["mass"] = Logarithmic(greatest or 1.0, MASS_RATIO, MOST)
    if "z" in particles and np.isfinite(depth := particles["z"].values).any():
        scales["z"] = Linear.over(float(np.nanmin(depth)), float(np.nanmax(depth)), DEPTHS)
    return scales


def numbers_of(
    particles: xr.Dataset, scales: dict[str, Scale]
) -> dict[str, NDArray[np.unsignedinteger]]:
    """Return particles as whole numbers.

    Parameters
    ----------
    particles : Dataset
        As a `Run` has them, or some of their times.
    scales : dict
        From `scales_of`.

    Returns
    -------
    dict
        Variable -> ndarray, shape (times, particles): uint16 where there is a scale, `MISSING`
        where there is no value; and ``status``, uint8.
    """
    columns: dict[str, NDArray[np.unsignedinteger]] = {}
    for name, scale in scales.items():
        values = particles[_SOURCES.get(name, name)].values.T.astype(np.float64)
        columns[name] = _numbers(northing(values) if name == "y" else values, scale)
    return columns | {"status": particles["status"].values.T.astype(np.uint8)}


_SOURCES = {"x": "lon", "y": "lat"}


def _numbers(values: NDArray[np.float64], scale: Scale) -> NDArray[np.uint16]:
    """Return values as whole numbers, with one of their own where there is none."""
    known = np.isfinite(values)
    numbers = np.full(values.shape, MISSING, np.uint16)
    numbers[known] = scale.encode(values[known], MOST)
    return numbers
