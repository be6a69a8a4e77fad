"""Counter-based random numbers: a pure function of (seed, step, particle).

No state is carried, so neither the number of threads nor the way particles are cut into chunks
can change a run, and two runs with the same seed see the same turbulence (common random numbers).
"""

import numpy as np

from simulator.kernels._jit import law

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_TO_UNIT = 1.0 / 2.0**31


@law
def mix(z):
    """Scramble 64 bits: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


@law
def step_key(seed, moment, stream):
    """Return the 64-bit key shared by all particles in the step that starts at a moment.

    The moment is a whole number (of milliseconds since the start of the run), not the count of the
    step: a run that is cut at other times, or goes on later, meets the same turbulence. Each
    process that draws numbers has a stream of its own.
    """
    run = mix(np.uint64(seed) + _GOLDEN) + np.uint64(stream) * _MIX_2
    return mix(run + np.uint64(moment) * _GOLDEN)


@law
def symmetric_pair(key, particle):
    """Return two independent numbers, uniform on [-1, 1), of one particle in one step."""
    z = mix(key + np.uint64(particle) * _GOLDEN)
    a = np.float64(np.int32(z & _LOW)) * _TO_UNIT
    b = np.float64(np.int32(z >> _HALF)) * _TO_UNIT
    return a, b


@law
def normal_quantile(share):
    """Return the standard normal number that a share of all lies below.

    Parameters
    ----------
    share : float
        In (0, 1).

    Returns
    -------
    float
        Right to 1e-7.

    References
    ----------
    Wichura (1988), Algorithm AS 241 (PPND7), Appl. Stat. 37, 477-484, doi:10.2307/2347330.
    """
    q = share - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
        below = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0
        return q * above / below
    r = np.sqrt(-np.log(share if q < 0.0 else 1.0 - share))
    if r <= 5.0:
        r -= 1.6
        above = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
        below = (0.12021132975 * r + 0.73700164250) * r + 1.0
    else:
        r -= 5.0
        above = ((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150
        below = (0.012258202635 * r + 0.24197894225) * r + 1.0
    return -above / below if q < 0.0 else above / below
