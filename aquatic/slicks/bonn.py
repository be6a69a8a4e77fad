"""Volumes by the appearance code of the Bonn Agreement."""

from __future__ import annotations

CODES_UM: dict[int, tuple[float, float]] = {
    1: (0.04, 0.3),
    2: (0.3, 5.0),
    3: (5.0, 50.0),
    4: (50.0, 200.0),
    5: (200.0, 1000.0),
}
"""Sheen, rainbow, metallic, discontinuous and continuous true colour: thinnest and thickest oil.

Lewis (2007), Bonn Agreement Oil Appearance Code; the last has no upper bound of its own. [um]
"""


def volume_m3(area_km2: float, codes: tuple[int, int]) -> tuple[float, float]:
    """Return the least and the greatest volume of oil whose code lies between two.

    Parameters
    ----------
    area_km2 : float
        [km2]
    codes : tuple of int
        The least and the greatest, 1 to 5.

    Returns
    -------
    tuple of float
        A micrometre on a square kilometre is a cubic metre. [m3]
    """
    return area_km2 * CODES_UM[codes[0]][0], area_km2 * CODES_UM[codes[1]][1]
