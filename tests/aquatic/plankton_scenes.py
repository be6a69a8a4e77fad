"""Scenes made in tests, whose content is known."""

import numpy as np

INK = np.array([[230, 159, 0], [86, 180, 233], [0, 158, 115], [204, 121, 167], [213, 94, 0]])


def discs(shape, places):
    """Return where discs are: rows, columns and radii of their middles."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    inside = np.zeros(shape, bool)
    for row, column, radius in places:
        inside |= np.hypot(y - row, x - column) <= radius
    return inside


def coloured(grey, labels):
    """Return an image with each thing in a colour of its own."""
    pixels = np.repeat(grey[..., None], 3, axis=2)
    inked = INK[(labels - 1) % len(INK)]
    return np.where(labels[..., None] > 0, (0.35 * pixels + 0.65 * inked), pixels).astype(np.uint8)
