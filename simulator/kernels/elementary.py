"""Exponential and logarithm for loops that run in vector registers, which those of libm do not."""

import numpy as np

from simulator.kernels._jit import law

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.69314718036912381649  # of ln 2, so that its products with small integers are exact
_LN2_LOW = 1.90821492927058770002e-10
_MANTISSA = 0x000FFFFFFFFFFFFF
_ONE = 0x3FF0000000000000  # the bits of 1.0
_BIAS = 1023  # of the exponent of a 64-bit number
_EXPONENT_AT = 52  # its place


@law
def exponential(x):
    """Return exp(x) to 1e-9, for -700 <= x <= 700; beyond, that of the nearer end.

    exp(x) = 2**n exp(r), |r| <= ln(2) / 2, with the series of exp(r).
    """
    x = min(max(x, -700.0), 700.0)
    n = np.floor(x * _LOG2_E + 0.5)
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    series = 1.0 / 720.0 + r * (1.0 / 5040.0 + r * (1.0 / 40320.0 + r * (1.0 / 362880.0)))
    series = 1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * series))
    series = 1.0 + r * (1.0 + r * (0.5 + r * series))
    return series * np.int64((np.int64(n) + _BIAS) << _EXPONENT_AT).view(np.float64)


@law
def logarithm(x):
    """Return ln(x) to 1e-9, for positive normal numbers; something finite and low for 0.

    ln(x) = e ln(2) + ln(m), with the series of artanh for sqrt(1/2) < m <= sqrt(2).
    """
    bits = np.float64(x).view(np.int64)
    e = np.float64((bits >> _EXPONENT_AT) - _BIAS)
    m = np.int64((bits & _MANTISSA) | _ONE).view(np.float64)
    large = m > 1.4142135623730951
    m = 0.5 * m if large else m
    e = e + 1.0 if large else e
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    series = 1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0))
    series = 1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * series))
    return e * (_LN2_HIGH + _LN2_LOW) + 2.0 * s * series
