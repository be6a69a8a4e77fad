"""Sound from files, clip by clip, and what models hear: waveforms, log-mel spectrograms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from witoil.plugins.card import Preprocessing
from witoil.plugins.errors import PluginError

SOUNDS = (".wav", ".flac", ".ogg")
MOST_SECONDS = 24 * 3600.0
"""Length of a recording, at most. [s]"""

_SIZES = re.compile(r": (\d+) \(should be (\d+)\)")
"""What libsndfile logs of a chunk: the bytes that its header tells of, and those that are there."""

_MISCOUNTED_BYTES = 1024
"""What a program that writes headers may miscount. [byte]"""

_MARGIN_SECONDS = Fraction(1, 10)
_LEAST_POWER = 1e-10

Samples = npt.NDArray[np.float32]


class Recording:
    """A sound file that is open.

    Parameters
    ----------
    file : soundfile.SoundFile
    path : Path
    """

    def __init__(self, file: Any, path: Path) -> None:
        self._file, self._path = file, path
        self.name = path.name
        self.rate = int(file.samplerate)
        self.seconds = len(file) / self.rate
        self.remarks: list[str] = []
        if not len(file):
            raise PluginError(f"{path}: has no sound, 0 seconds; expected some")
        if self.seconds > MOST_SECONDS:
            raise PluginError(
                f"{path}: lasts {self.seconds / 3600.0:,.1f} h, expected 24 h at most"
            )
        if file.channels > 1:
            self.remarks.append(f"has {file.channels} channels: the first was taken")
        if _is_cut(file.extra_info):
            self.remarks.append(
                "was cut, or its recorder did not end it: its header tells of more sound than the "
                f"{self.seconds:.3g} s that are there"
            )
        self._may_go_beyond = file.subtype in ("FLOAT", "DOUBLE")  # decoders of others overshoot

    def clips(self, rate: int, seconds: float) -> Iterator[tuple[float, Samples]]:
        """Yield pieces one after the other, the last one with silence behind it.

        Parameters
        ----------
        rate : int
            Of what is yielded. [Hz]
        seconds : float
            Length of each. [s]

        Yields
        ------
        tuple
            When it starts [s], and its samples, -1 to 1.

        Raises
        ------
        PluginError
            Where a sample is no number, or the file is damaged.
        """
        length = round(seconds * rate)
        count = max(1, -(-round(self.seconds * rate) // length))
        for k in range(count):
            found = self._piece(Fraction(k * length, rate), length, rate)
            if k == count - 1 and len(found) < length:
                self.remarks.append(
                    f"the last clip has sound for {len(found) / rate:.3g} s, then silence"
                )
            yield k * length / rate, np.pad(found, (0, length - len(found)))

    def parts(self, seconds: float, least_seconds: float) -> Iterator[tuple[float, Samples]]:
        """Yield parts one after the other, at the recording's own rate.

        Parameters
        ----------
        seconds : float
            Length of each. [s]
        least_seconds : float
            Length from which on the last one counts, which may be shorter. [s]

        Yields
        ------
        tuple
            When it starts [s], and its samples, -1 to 1.

        Raises
        ------
        PluginError
            Where the recording is shorter than that, a sample is no number, or it is damaged.
        """
        if self.seconds < least_seconds:
            raise PluginError(
                f"{self._path}: lasts {self.seconds:.3g} s, expected {least_seconds:g} s at least "
                "for what was asked of it"
            )
        length, total = round(seconds * self.rate), len(self._file)
        for first in range(0, total, length):
            count = min(length, total - first)
            if count < least_seconds * self.rate:
                self.remarks.append(
                    f"the last {count / self.rate:.3g} s are too short for a level, and were left "
                    "out"
                )
                return
            yield first / self.rate, self._samples(first, count)

    def _piece(self, start: Fraction, length: int, rate: int) -> Samples:
        """Return samples from a time on, with what is beside them for the filter to begin on."""
        if rate == self.rate:
            return self._samples(int(start * rate), length)
        # whole samples of both rates before and after, that no clip is shifted against the others
        common = Fraction(rate, self.rate)
        before = min(start, _MARGIN_SECONDS)
        first = int((start - before) * self.rate)
        lead = (start * self.rate - first) * common
        needed = int((length + 2 * _MARGIN_SECONDS * rate) / common) + 1
        from scipy.signal import resample_poly

        found = resample_poly(self._samples(first, needed), common.numerator, common.denominator)
        end = round(self.seconds * rate) - round(start * rate)
        piece: Samples = found[round(lead) : round(lead) + min(length, end)].astype(np.float32)
        return piece

    def _samples(self, first: int, count: int) -> Samples:
        import soundfile

        try:
            self._file.seek(min(first, len(self._file)))
            found = self._file.read(count, dtype="float32", always_2d=True)[:, 0]
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise PluginError(
                f"{self._path}: is damaged ({error}); expected a whole file"
            ) from None
        expected = min(count, max(0, len(self._file) - first))
        if len(found) < expected:
            end = (first + len(found)) / self.rate
            raise PluginError(
                f"{self._path}: is damaged (sound ends after {end:.3g} of {self.seconds:.3g} s); "
                "expected a whole file"
            )
        if not np.isfinite(found).all():
            raise PluginError(f"{self._path}: has samples that are no numbers; expected sound")
        self._say_beyond(found)
        samples: Samples = found
        return samples

    def _say_beyond(self, found: Samples) -> None:
        """Say once that samples are beyond full scale, as those of volts or whole numbers are."""
        largest = float(np.abs(found).max(initial=0.0))
        if self._may_go_beyond and largest > 1.0:
            self._may_go_beyond = False
            self.remarks.append(
                f"has samples beyond full scale (as {largest:.4g}, where -1 to 1 is expected): "
                "levels, and what a model hears, are higher by as much"
            )


def _is_cut(log: str) -> bool:
    """Return whether a header tells of more than there is, by libsndfile's log."""
    return any(int(told) > int(there) + _MISCOUNTED_BYTES for told, there in _SIZES.findall(log))


@contextmanager
def opened(path: Path) -> Iterator[Recording]:
    """Open a sound file.

    Raises
    ------
    PluginError
        Where it is none, or has no sound.
    """
    try:
        import soundfile
    except ImportError:
        raise PluginError(
            "sound is read by soundfile, which is not installed; expected it: "
            "pip install 'witoil[plugins]'"
        ) from None
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError, TypeError) as error:
        raise PluginError(f"{path}: is no sound that can be read ({error})") from None
    with file:
        yield Recording(file, path)


def log_mel(samples: Samples, how: Preprocessing) -> npt.NDArray[np.float32]:
    """Return the spectrogram of a clip in decibels, as CLAP's models hear it.

    Parameters
    ----------
    samples : numpy.ndarray
        (n,)
    how : Preprocessing
        With the rate, the length of the transform, the hop and the filters.

    Returns
    -------
    numpy.ndarray
        (1 + n // hop, filters): ``10 log10(max(power, 1e-10))``, of frames whose middles are a hop
        apart, the first at the first sample, with a periodic Hann window; mirrored at the ends.
        [dB]
    """
    assert how.sample_rate is not None  # the card was checked
    padded = np.pad(samples.astype(np.float64), how.n_fft // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, how.n_fft)[:: how.hop]
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(how.n_fft) / how.n_fft)
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    top_hz = how.fmax or how.sample_rate / 2.0
    filters = mel_filters(
        how.sample_rate, how.n_fft, how.n_mels, how.fmin, top_hz, how.mel == "slaney"
    )
    found: npt.NDArray[np.float32] = 10.0 * np.log10(
        np.maximum(power @ filters, _LEAST_POWER)
    ).astype(np.float32)
    return found


@lru_cache(maxsize=8)
def mel_filters(
    rate: int, n_fft: int, n_mels: int, bottom_hz: float, top_hz: float, slaney: bool
) -> npt.NDArray[np.float64]:
    """Return triangles that are evenly spread on the mel scale.

    Parameters
    ----------
    rate : int
        [Hz]
    n_fft, n_mels : int
    bottom_hz, top_hz : float
    slaney : bool
        The scale of Slaney's Auditory Toolbox (1998), each filter with an area of 1; else that of
        HTK, ``2595 log10(1 + f / 700)``, each with a height of 1.

    Returns
    -------
    numpy.ndarray
        (n_fft // 2 + 1, n_mels)
    """
    to_mel, to_hz = (_slaney_mel, _slaney_hz) if slaney else (_htk_mel, _htk_hz)
    ends = to_mel(np.array([bottom_hz, top_hz]))
    corners = to_hz(np.linspace(ends[0], ends[1], n_mels + 2))
    frequencies = np.linspace(0.0, rate / 2.0, n_fft // 2 + 1)[:, np.newaxis]
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    rising = (frequencies - low) / (middle - low)
    falling = (high - frequencies) / (high - middle)
    filters: npt.NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    if slaney:
        filters = filters * (2.0 / (high - low))
    return filters


_Hz = npt.NDArray[np.float64]
_BREAK_HZ, _BREAK_MEL, _STEP_HZ = 1000.0, 15.0, 200.0 / 3.0
_LOG_STEP = np.log(6.4) / 27.0


def _htk_mel(hz: _Hz) -> _Hz:
    return np.asarray(2595.0 * np.log10(1.0 + hz / 700.0))


def _htk_hz(mel: _Hz) -> _Hz:
    return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))


def _slaney_mel(hz: _Hz) -> _Hz:
    above = _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, hz / _STEP_HZ, above)


def _slaney_hz(mel: _Hz) -> _Hz:
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _STEP_HZ, above)
