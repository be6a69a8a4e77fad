"""Levels of sound: sound pressure level, power spectral density, and levels of decidecades.

References
----------
.. [1] ISO 18405:2017, Underwater acoustics - Terminology: 3.2.1.1 (sound pressure level, of the
   mean square, re 1 uPa2), 3.2.1.2 (spectral density level, re 1 uPa2/Hz), 3.1.4.2 (decidecade)
.. [2] IEC 61260-1:2014: bands of a third of an octave by the base ten, from 1000 Hz
.. [3] P. D. Welch (1967), The use of fast Fourier transform for the estimation of power spectra,
   IEEE Trans. Audio Electroacoust. 15, 70-73, doi:10.1109/TAU.1967.1161901
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

Samples = npt.NDArray[np.floating]
_Floats = npt.NDArray[np.float64]

_HALF_BAND = 10.0**0.05
_LEAST_BINS = 8
"""Frequencies in the narrowest band, so that a tone within it stays in it."""

_FULL_SCALE = 1.0 - 2.0**-14
"""Where the greatest number of 16 bits lies, and of more."""

_LOUDEST_OF_SENSITIVITIES = -100.0
"""Above it full scale would be below 100 dB re 1 uPa, which is a calm sea. [dB]"""

_NOMINAL = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0)


@dataclass(frozen=True)
class Band:
    """A decidecade: a tenth of a decade, which is near a third of an octave.

    Attributes
    ----------
    index : int
        0 is the band about 1000 Hz.
    """

    index: int

    @property
    def middle(self) -> float:
        """Exact middle, ``1000 * 10**(index / 10)``. [Hz]."""
        return 1000.0 * math.pow(10.0, self.index / 10.0)

    @property
    def low(self) -> float:
        """Lower edge. [Hz]."""
        return self.middle / _HALF_BAND

    @property
    def high(self) -> float:
        """Upper edge. [Hz]."""
        return self.middle * _HALF_BAND

    @property
    def name(self) -> str:
        """Nominal middle, as ``63`` or ``1250``. [Hz]."""
        decade, place = divmod(self.index + 30, 10)
        return f"{_NOMINAL[place] * 10.0**decade:g}"


def bands_between(low_hz: float, high_hz: float | None, rate: float) -> list[Band]:
    """Return the decidecades from one nominal middle to another.

    Parameters
    ----------
    low_hz, high_hz : float
        In the first and last band. `high_hz` None: as far as the rate reaches. [Hz]
    rate : float
        Samples in a second. [Hz]

    Raises
    ------
    AquaticError
        Where the rate does not reach a band that was asked for.
    """
    reached = _band_below(rate / 2.0)
    first = _band_of(low_hz)
    last = reached if high_hz is None else _band_of(high_hz)
    for each in (first, last):
        if each.high > rate / 2.0:
            raise AquaticError(
                f"found {rate:g} samples in a second, which reach {rate / 2.0:g} Hz, but the band "
                f"of {each.name} Hz ends at {each.high:.5g} Hz; expected bands up to "
                f"{reached.name} Hz, or a recording at {2.0 * each.high:.0f} Hz at least"
            )
    if first.index > last.index:
        raise AquaticError(
            f"found bands from {low_hz:g} Hz to {high_hz:g} Hz, expected the lower one first"
        )
    return [Band(k) for k in range(first.index, last.index + 1)]


def _band_of(frequency: float) -> Band:
    return Band(round(10.0 * math.log10(frequency / 1000.0)))


def _band_below(frequency: float) -> Band:
    """Return the highest band that ends there or before."""
    band = _band_of(frequency)
    return band if band.high <= frequency else Band(band.index - 1)


def transform_seconds(bands: list[Band]) -> float:
    """Return how long pieces have to be that the narrowest band has frequencies enough. [s]."""
    narrowest = min(band.high - band.low for band in bands)
    return max(1.0, math.ceil(_LEAST_BINS / narrowest))


def mean_square(samples: Samples) -> float:
    """Return the mean square about the mean, since a steady offset is no sound.

    Parameters
    ----------
    samples : numpy.ndarray
        (n,)
    """
    values = np.asarray(samples, dtype=np.float64)
    return float(np.var(values))


def clipped_share(samples: Samples) -> float:
    """Return the share of samples at full scale or beyond that are as high as a neighbour.

    A sine that just reaches it does so with one sample at a time: two are a top that is cut off.

    Parameters
    ----------
    samples : numpy.ndarray
        (n,), -1 to 1.
    """
    both = (samples[1:] == samples[:-1]) & (np.abs(samples[1:]) >= _FULL_SCALE)
    return float((np.append(both, False) | np.insert(both, 0, False)).mean())


def refuse_sensitivity(sensitivity_db: float) -> None:
    """Refuse what is no sensitivity of a chain, hydrophone to file.

    Parameters
    ----------
    sensitivity_db : float
        As of `level`. [dB re 1 uPa-1]

    Raises
    ------
    AquaticError
        Where full scale would be a sound that no hydrophone is made for: a gain, or one re 1 Pa.
    """
    if sensitivity_db > 0.0:
        raise AquaticError(
            f"sensitivity_db: found {sensitivity_db:g}, expected a number below 0: a chain whose "
            f"full scale is {sensitivity_db:g} dB re 1 uPa has {-sensitivity_db:g}"
        )
    if sensitivity_db > _LOUDEST_OF_SENSITIVITIES:
        raise AquaticError(
            f"sensitivity_db: found {sensitivity_db:g}, which makes full scale "
            f"{-sensitivity_db:g} dB re 1 uPa, less than a sea has; expected that re 1 uPa, which "
            f"is 120 dB below that re 1 Pa ({sensitivity_db - 120.0:g})"
        )


def spectral_density(samples: Samples, rate: float, seconds: float) -> tuple[_Floats, _Floats]:
    """Return the power spectral density by Welch's method.

    Parameters
    ----------
    samples : numpy.ndarray
        (n,), of `seconds` at least.
    rate : float
        [Hz]
    seconds : float
        Length of the pieces, which overlap by half, under a Hann window, without their mean. [s]

    Returns
    -------
    tuple of numpy.ndarray
        Frequencies [Hz], and the one-sided density, in the square of the samples' unit for each Hz.
    """
    from scipy.signal import welch

    length = round(seconds * rate)
    if len(samples) < length:
        raise AquaticError(
            f"found {len(samples) / rate:.3g} s of sound, expected {seconds:g} s at least for "
            "bands so narrow; take higher ones, or longer parts"
        )
    values = np.asarray(samples, dtype=np.float64)
    frequencies, density = welch(values, rate, "hann", length, detrend="constant")
    return frequencies, density


def band_powers(frequencies: _Floats, density: _Floats, bands: list[Band]) -> _Floats:
    """Return the mean square within each band, (bands,); frequencies at an edge count by a part.

    Parameters
    ----------
    frequencies, density : numpy.ndarray
        (n,), as of `spectral_density`.
    bands : list of Band
    """
    step = frequencies[1] - frequencies[0]
    low, high = frequencies - step / 2.0, frequencies + step / 2.0
    edges = np.array([[band.low, band.high] for band in bands])
    shared = np.minimum(high, edges[:, 1:]) - np.maximum(low, edges[:, :1])
    found: _Floats = np.clip(shared, 0.0, None) @ density
    return found


def level(power: npt.ArrayLike, sensitivity_db: float = 0.0) -> _Floats:
    """Return levels of mean squares or densities.

    Parameters
    ----------
    power : array_like
        Of samples from -1 to 1.
    sensitivity_db : float
        What 1 uPa gives: full scale of the whole chain, hydrophone to file. 0: levels are relative
        to full scale. [dB re 1 uPa-1]

    Returns
    -------
    numpy.ndarray
        [dB]; silence is minus infinity.
    """
    with np.errstate(divide="ignore"):
        found: _Floats = 10.0 * np.log10(np.asarray(power, dtype=np.float64)) - sensitivity_db
    return found
