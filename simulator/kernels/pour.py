"""How freely oil moves around its pour point, below which wax holds it together."""

from simulator.kernels._jit import law, loop

LIQUID_BELOW = 5.0
"""Oil moves freely at sea down to so much below its pour point. [K]"""

SOLID_BELOW = 15.0
"""And is solid from so much below it on. [K]"""


@law
def fluidity(temperature, pour_point):
    """Return how much of the time oil behaves as a liquid.

    Parameters
    ----------
    temperature : float
        Of the oil, that of the sea surface. [K]
    pour_point : float
        Of the fresh oil. [K]

    Returns
    -------
    float
        1 down to 5 K below the pour point, 0 from 15 K below it on, linear in between. [1]

    Notes
    -----
    A pour point is that of oil that was cooled at rest (ASTM D97). The sea breaks up the network of
    wax, so that waxy crudes are found to set at temperatures of 5 to 15 K below it. Such oil
    spreads, evaporates and disperses very slowly, or sets to lumps that do not at all. The papers
    give the effect and the range of temperature, but no law of the rates; the straight line is the
    simplest there is. The pour point rises as oil evaporates, which is left out.

    References
    ----------
    Laboratory studies on the behavior and cleanup of waxy crude oil spills (1989), Proc. Int. Oil
    Spill Conf. 1989, 105-113, doi:10.7901/2169-3358-1989-1-105; waxy oils below their pour point:
    SPE-165593-MS (2012). The range of 5 to 15 K is that of SINTEF's weathering studies of waxy
    North Sea crudes. NOAA's ADIOS2 leaves the pour point out of its laws, and warns.
    """
    warmer = temperature - (pour_point - SOLID_BELOW)
    return min(max(warmer / (SOLID_BELOW - LIQUID_BELOW), 0.0), 1.0)


@loop
def slow_down(count, temperature, oil, values):
    """Reduce rates or durations to what they are of oil near its pour point, in place."""
    if oil.pour_point - LIQUID_BELOW <= oil.coldest:
        return  # liquid in any sea
    for k in range(count):
        values[k] *= fluidity(temperature[k], oil.pour_point)
