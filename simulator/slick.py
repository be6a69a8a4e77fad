"""The slick that a sensor would see, from particles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.grid import FloatArray
from simulator.kernels.gridding import bin_particles, smooth_by_density

NEIGHBOURS = 20.0
"""Particles in the square over which the oil of a cell is spread."""

PILOT_CELLS = 2
"""Half width of the square in which particles are first counted. [cells]"""

WIDEST_CELLS = 8
"""Largest half width of the square: a stray particle must not paint the sea. [cells]"""


def oil_thickness(
    column: FloatArray,
    row: FloatArray,
    mass: FloatArray,
    shape: tuple[int, int],
    *,
    cell_area: float,
    density: float,
    neighbours: float = NEIGHBOURS,
    widest: int = WIDEST_CELLS,
) -> FloatArray:
    """Return the thickness of the oil that particles carry, smoothed where they are few.

    Parameters
    ----------
    column, row : ndarray, shape (particles,)
        Fractional position on the grid; particles outside are left out.
    mass : ndarray, shape (particles,)
        [kg]
    shape : tuple of int
        Rows and columns.
    cell_area : float
        [m2]
    density : float
        Of the oil. [kg m-3]
    neighbours : float
        Particles in the square over which the oil of a cell is spread.
    widest : int
        Largest half width of the square. [cells]

    Returns
    -------
    ndarray, shape `shape`
        [m]

    Notes
    -----
    The width of the smoothing follows the density of particles, so that the field tends to the
    true thickness as their number grows, and hardly depends on their number before.
    """
    thickness = np.zeros(shape)
    inside = (column >= 0) & (column < shape[1]) & (row >= 0) & (row < shape[0])
    if not inside.any():
        return thickness
    # only the part of the grid that the oil can reach is worked on
    reach = widest + 1
    left = max(int(column[inside].min()) - reach, 0)
    right = min(int(column[inside].max()) + reach + 1, shape[1])
    top = max(int(row[inside].min()) - reach, 0)
    bottom = min(int(row[inside].max()) + reach + 1, shape[0])
    count, total = bin_particles(column - left, row - top, mass, bottom - top, right - left)
    smooth = smooth_by_density(count, total, neighbours, PILOT_CELLS, widest)
    thickness[top:bottom, left:right] = smooth / (cell_area * density)
    return thickness


def slick_mask(thickness: FloatArray, detection_limit: float) -> NDArray[np.bool_]:
    """Return where oil is thick enough to be seen. Both in metres."""
    return thickness > detection_limit
