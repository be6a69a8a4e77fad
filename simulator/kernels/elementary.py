"""Exponential and logarithm for loops that run in vector registers, which those of libm do not.

Series are cut into parts that do not wait for one another.
"""

import numpy as np

from simulator.kernels._jit import law

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.69314718036912381649  # of ln 2, so that its products with small integers are exact
_LN2_LOW = 1.90821492927058770002e-10
_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_ONE = np.uint64(0x3FF0000000000000)  # the bits of 1.0
_BIAS = 1023  # of the exponent of a 64-bit number
_EXPONENT_AT = np.uint64(52)  # its place

# Whole numbers are turned to floating-point ones and back by adding a large power of two, whose
# last bits they then are: most processors have no such conversion for vectors of 64-bit numbers.
_ROUNDING = 1.5 * 2.0**52
_TWO_52 = 2.0**52
_TWO_52_BITS = np.uint64(0x4330000000000000)


@law
def exponential(x):
    """Return exp(x) to 1e-9, for -700 <= x <= 700; beyond, that of the nearer end.

    exp(x) = 2**n exp(r), |r| <= ln(2) / 2, with the series of exp(r).
    """
    x = min(max(x, -700.0), 700.0)
    shifted = x * _LOG2_E + _ROUNDING
    n = shifted - _ROUNDING
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    first = 1.0 + r + r2 * (0.5 + r * (1.0 / 6.0))
    second = 1.0 / 24.0 + r * (1.0 / 120.0) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0))
    series = first + r4 * (second + r4 * (1.0 / 40320.0))
    power = (np.float64(shifted).view(np.uint64) + np.uint64(_BIAS)) << _EXPONENT_AT
    return series * np.uint64(power).view(np.float64)


@law
def logarithm(x):
    """Return ln(x) to 1e-9, for positive normal numbers; something finite and low for 0.

    ln(x) = e ln(2) + ln(m), with the series of artanh for sqrt(1/2) < m <= sqrt(2).
    """
    bits = np.float64(x).view(np.uint64)
    e = np.uint64((bits >> _EXPONENT_AT) | _TWO_52_BITS).view(np.float64) - (_TWO_52 + _BIAS)
    m = np.uint64((bits & _MANTISSA) | _ONE).view(np.float64)
    large = m > 1.4142135623730951
    m = 0.5 * m if large else m
    e = e + 1.0 if large else e
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    q2 = q * q
    first = 1.0 + q * (1.0 / 3.0)
    second = 1.0 / 5.0 + q * (1.0 / 7.0) + q2 * (1.0 / 9.0 + q * (1.0 / 11.0))
    series = first + q2 * second
    return e * (_LN2_HIGH + _LN2_LOW) + 2.0 * s * series
