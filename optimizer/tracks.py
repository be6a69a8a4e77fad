"""Scores of a simulated track against an observed one: distances in, numbers out.

References
----------
Liu, Y. and Weisberg, R. H. (2011). Evaluation of trajectory modeling in different dynamic regions
using normalized cumulative Lagrangian separation. Journal of Geophysical Research, 116, C09013.
https://doi.org/10.1029/2010JC006837
"""

import math

import numpy as np
import numpy.typing as npt

__all__ = ["cumulative_separation", "liu_weisberg_skill"]


def cumulative_separation(separations: npt.ArrayLike, steps: npt.ArrayLike) -> float:
    r"""Separation of two tracks over the way of the observed one, both summed over time.

    Parameters
    ----------
    separations : array_like, shape (n,)
        Distance between the simulated and the observed place after each step. [m]
    steps : array_like, shape (n,)
        Length of each step of the observed track. [m]

    Returns
    -------
    float
        0 where the tracks are one; NaN where the observed one stays where it is.

    Raises
    ------
    ValueError
        If the arrays are not 1-D of one length, empty, negative or not finite.

    Notes
    -----
    With :math:`d_i` the separation after step :math:`i` and :math:`l_{oi}` the way of the observed
    track up to there,

    .. math:: s = \sum_i d_i \Big/ \sum_i l_{oi} .

    References
    ----------
    Liu and Weisberg (2011), equation 1, https://doi.org/10.1029/2010JC006837
    """
    apart, way = np.asarray(separations, np.float64), np.asarray(steps, np.float64)
    if apart.ndim != 1 or apart.shape != way.shape or not apart.size:
        raise ValueError(
            f"separations have the shape {apart.shape} and steps {way.shape}; expected two arrays "
            "of one length, with one step at least"
        )
    for name, values in (("separations", apart), ("steps", way)):
        if not (np.isfinite(values) & (values >= 0.0)).all():
            raise ValueError(f"{name} have values that are no distances; expected 0 or more")
    travelled = float(np.cumsum(way).sum())
    return float(apart.sum()) / travelled if travelled > 0.0 else math.nan


def liu_weisberg_skill(separation: float, tolerance: float = 1.0) -> float:
    """Skill score of a track: 1 where it is the observed one, 0 from a tolerance on.

    Parameters
    ----------
    separation : float
        From `cumulative_separation`.
    tolerance : float
        Separation without skill; 1 is as far apart as the observed track is long.

    Returns
    -------
    float
        In [0, 1]; NaN where the separation is.

    Raises
    ------
    ValueError
        If the tolerance is not above 0.

    References
    ----------
    Liu and Weisberg (2011), equation 2, https://doi.org/10.1029/2010JC006837
    """
    if not tolerance > 0.0:
        raise ValueError(f"tolerance: found {tolerance}; expected a number above 0")
    return max(0.0, 1.0 - separation / tolerance) if math.isfinite(separation) else math.nan
