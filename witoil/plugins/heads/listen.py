"""The class of each clip of a recording, and, of classes in an order, the value expected."""

from __future__ import annotations

import numpy as np

from witoil.plugins.card import Card
from witoil.plugins.envelope import Feature, Findings, Series
from witoil.plugins.errors import PluginError
from witoil.plugins.heads.classes import Floats, best, probabilities
from witoil.plugins.preparation import scaled
from witoil.plugins.running import Run
from witoil.plugins.sound import Recording, Samples, log_mel


def classify_clips(run: Run, card: Card, recording: Recording) -> Findings:
    """Return the class of each clip; the model puts out (1, classes).

    It takes (1, samples), or (1, 1, frames, filters) of a log-mel spectrogram. Where all labels
    have a ``middle``, the mean of these by their probabilities is a series, too.
    """
    how = card.input
    assert how.sample_rate is not None  # the card was checked
    assert how.seconds is not None
    features, begins, middles = [], [], [label.middle for label in card.labels]
    expected: list[float] = []
    for start, samples in recording.clips(how.sample_rate, how.seconds):
        values = run(_tensor(samples, card))[0]
        if values.shape[0] != 1 or any(length != 1 for length in values.shape[2:]):
            raise PluginError(
                f"{card.model.id}: the model put out the shape {values.shape} for a clip, expected "
                "a row of classes"
            )
        scores = probabilities(values.reshape(1, -1), card)[0]
        label, score, properties = best(scores, card)
        times = {"start_s": start, "end_s": min(start + how.seconds, recording.seconds)}
        known = [middle for middle in middles if middle is not None]
        if len(known) == len(scores):
            expected.append(float(np.dot(scores, known) / scores.sum()))
            times["expected"] = expected[-1]
        begins.append(start)
        features.append(Feature(label, score, properties=properties | times))
    series = [Series("expected", expected, card.output.unit or "1", begins)] if expected else []
    return Findings(features, series, remarks=list(recording.remarks))


def _tensor(samples: Samples, card: Card) -> Floats:
    if card.input.features == "waveform":
        return scaled(samples[np.newaxis, :, np.newaxis], card.input)[:, :, 0]
    spectrogram = log_mel(samples, card.input)
    return scaled(spectrogram[np.newaxis, np.newaxis, :, :, np.newaxis], card.input)[..., 0]
