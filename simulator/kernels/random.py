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
