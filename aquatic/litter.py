"""Litter on beaches: how much there is in squares of photos of drones, and what lists call it.

References
----------
.. [1] M. Wolf et al. (2020), Machine learning for aquatic plastic litter detection, classification
   and quantification (APLASTIC-Q), Environ. Res. Lett. 15, 114042, doi:10.1088/1748-9326/abbd01
.. [2] D. Fleet, T. Vlachogianni and G. Hanke (2021), A Joint List of Litter Categories for Marine
   Macrolitter Monitoring, EUR 30348 EN, doi:10.2760/127473
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aquatic.errors import AquaticError

NORMAL_GSD_CM = 0.2
"""Side of a pixel that the numbers of items are of. [cm]"""

SQUARE_PIXELS = 128
_ITEMS_HIGH, _ITEMS_LOW = 3.5, 1.5
_COVER_LOW = 0.5
_DEPTH_HIGH_M, _DEPTH_LOW_M, _DEPTH_ORGANIC_M = 0.30, 0.07, 0.10


@dataclass(frozen=True)
class Litter:
    """How much litter there is.

    Attributes
    ----------
    items : float
    area_m2, volume_m3 : float
        Of litter.
    organic_m2, organic_m3 : float
        Of organic debris.
    """

    items: float
    area_m2: float
    volume_m3: float
    organic_m2: float
    organic_m3: float


def litter_in(high: int, low: int, organic: int, *, gsd_cm: float) -> Litter:
    """Return how much litter there is in squares of 128 pixels.

    Parameters
    ----------
    high, low, organic : int
        How many squares have much litter, little, and organic debris.
    gsd_cm : float
        Side of a pixel on the ground. [cm]

    Notes
    -----
    A square with much litter has 3.5 items at 0.2 cm, one with little 1.5, more or fewer as its
    ground is larger or smaller. Litter covers the first whole, 0.30 m deep, and half of the second;
    that of the second has 0.07 m over all of it. Organic debris is 0.1 m deep.

    Raises
    ------
    AquaticError
        Where a count or a size is none.
    """
    if min(high, low, organic) < 0:
        raise AquaticError(f"found {high}, {low}, {organic} squares, expected none below 0")
    if not 0.01 <= gsd_cm <= 100.0:
        raise AquaticError(
            f"found pixels of {gsd_cm:g} cm, expected 0.01 to 100; a drone at 10 m has about 0.3"
        )
    square = (SQUARE_PIXELS * gsd_cm * 0.01) ** 2
    per_square = (gsd_cm / NORMAL_GSD_CM) ** 2
    return Litter(
        items=(_ITEMS_HIGH * high + _ITEMS_LOW * low) * per_square,
        area_m2=(high + _COVER_LOW * low) * square,
        volume_m3=(_DEPTH_HIGH_M * high + _DEPTH_LOW_M * low) * square,
        organic_m2=organic * square,
        organic_m3=_DEPTH_ORGANIC_M * organic * square,
    )


NOT_TRANSLATABLE = "not translatable"

J_LIST: Mapping[str, tuple[str, ...]] = {
    "P - bottles PET": ("J7", "J8"),
    "P - wrappers over 10cm": ("J30",),
    "P - wrappers under 10cm": ("J30",),
}
"""Class of the kinds of litter -> categories of the Joint List that it may be.

The list goes by what a thing was used for, the classes by what it is made of: two bottles are one
class and two categories, by their volume, and bags, foam, rubber or glass may be of any of a dozen.
"""


def translated(label: str, codes: Mapping[str, tuple[str, ...]] = J_LIST) -> tuple[str, str]:
    """Return the category of a list that a class stands for, and why there is none.

    Parameters
    ----------
    label : str
    codes : mapping
        Class -> categories that it may be.

    Returns
    -------
    tuple of str
        The code or `NOT_TRANSLATABLE`, and the reason for the latter.
    """
    known = codes.get(label, ())
    if len(known) == 1:
        return known[0], ""
    if known:
        return NOT_TRANSLATABLE, f"{' or '.join(known)}: the class does not tell"
    return NOT_TRANSLATABLE, "no category of the list is this class"
