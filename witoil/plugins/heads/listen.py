"""What is heard in a recording: the class of each clip, or from when to when each class is."""

from __future__ import annotations

import numpy as np

from witoil.plugins.card import Card
from witoil.plugins.envelope import Feature, Findings, Series
from witoil.plugins.errors import PluginError
from witoil.plugins.heads.classes import (
    Floats,
    best,
    probabilities,
    properties_of,
    refuse_other_shape,
)
from witoil.plugins.preparation import scaled
from witoil.plugins.running import Run
from witoil.plugins.sound import Recording, Samples, log_mel


def classify_clips(run: Run, card: Card, recording: Recording) -> Findings:
    """Return the class of each clip; the model puts out (1, classes).

    It takes (1, samples), (1, samples, 1) with ``layout = "NHWC"``, or (1, 1, frames, filters) of a
    log-mel spectrogram. Where all labels have a ``middle``, the mean of these by their
    probabilities is a series, too.
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


def find_events(run: Run, card: Card, recording: Recording) -> Findings:
    """Return from when to when each class is heard; the model puts out (1, frames, classes).

    Frames are spread evenly over a clip. A class is heard where its probability is at least
    ``output.conf``, and an event goes on from one clip to the next.
    """
    how = card.input
    assert how.sample_rate is not None  # the card was checked
    assert how.seconds is not None
    clips = []
    for _, samples in recording.clips(how.sample_rate, how.seconds):
        values = run(_tensor(samples, card))[0]
        refuse_other_shape(values, 3, card)
        clips.append(probabilities(values[0], card))
    scores = np.concatenate(clips)
    step = how.seconds / len(clips[0])
    # the silence behind the last clip is no part of the recording
    scores = scores[: max(1, round(recording.seconds / step))]
    begins = (step * np.arange(len(scores))).tolist()
    features, series = [], []
    for k, label in enumerate(card.labels):
        if label.background:
            continue
        series.append(Series(label.name, scores[:, k].tolist(), seconds=begins))
        heard = np.concatenate([[0], scores[:, k] >= card.output.conf, [0]]).astype(np.int8)
        edges = np.flatnonzero(np.diff(heard)).reshape(-1, 2)
        for first, last in edges.tolist():
            score = float(scores[first:last, k].max())
            times = {"start_s": first * step, "end_s": min(last * step, recording.seconds)}
            known = properties_of(label.name, card)
            features.append(Feature(label.name, score, properties=known | times))
    features.sort(key=lambda it: float(it.properties["start_s"]))
    return Findings(features, series, remarks=list(recording.remarks))


def _tensor(samples: Samples, card: Card) -> Floats:
    if card.input.features == "waveform":
        waveform = scaled(samples[np.newaxis, :, np.newaxis], card.input)
        return waveform if card.input.layout == "NHWC" else waveform[:, :, 0]
    spectrogram = log_mel(samples, card.input)
    return scaled(spectrogram[np.newaxis, np.newaxis, :, :, np.newaxis], card.input)[..., 0]
