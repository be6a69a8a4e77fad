from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import soundfile
from onnx import helper
from scipy.signal import stft

from tests.plugins.builders import AQUATIC, card, constant, graph
from witoil.plugins.card import Preprocessing
from witoil.plugins.errors import PluginError
from witoil.plugins.prediction import predict
from witoil.plugins.sound import log_mel, mel_filters, opened

CLAP = Preprocessing(
    kind="audio", sample_rate=48_000, seconds=10.0, features="log-mel", fmax=14_000.0
)
DISTANCES = "".join(f'\n[[labels]]\nname = "{k}-{k + 1} km"\nmiddle = {k + 0.5}' for k in range(4))


def listener(how, output='format = "probs"', rest=DISTANCES):
    return card("audio-classify", "audio", how=how, output=output, rest=rest)


def sound(path, samples, rate=16_000, **options):
    soundfile.write(path, samples, rate, **options)
    return path


def tone(hz, seconds, rate):
    return 0.5 * np.sin(2.0 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def test_a_spectrogram_has_the_shape_that_clap_takes():
    assert log_mel(np.zeros(480_000, np.float32), CLAP).shape == (1001, 64)
    assert (log_mel(np.zeros(480_000, np.float32), CLAP) == -100.0).all()


def test_a_spectrogram_is_that_of_scipy_through_the_filters():
    samples = np.random.default_rng(1).normal(0.0, 0.1, 48_000).astype(np.float32)
    _, _, spectrum = stft(
        np.pad(samples.astype(float), 512, mode="reflect"),
        window="hann",
        nperseg=1024,
        noverlap=1024 - 480,
        boundary=None,
        padded=False,
    )
    power = np.abs(spectrum * 512.0) ** 2  # scipy divides by the sum of the window
    expected = 10.0 * np.log10(power.T @ mel_filters(48_000, 1024, 64, 0.0, 14_000.0, False))
    np.testing.assert_allclose(log_mel(samples, CLAP), expected, atol=2e-4)


@pytest.mark.parametrize("slaney", [False, True])
def test_filters_are_triangles_between_neighbours(slaney):
    filters = mel_filters(48_000, 4096, 64, 50.0, 14_000.0, slaney)
    peaks = filters.argmax(axis=0)
    assert (np.diff(peaks) > 0).all()
    if slaney:  # each has an area of 1
        width = 24_000.0 / 2048
        np.testing.assert_allclose(filters[:, 20:].sum(axis=0) * width, 1.0, rtol=0.02)
    else:  # they add up to 1 between the first and the last middle
        inner = slice(peaks[0] + 1, peaks[-1])
        np.testing.assert_allclose(filters[inner].sum(axis=1), 1.0, atol=1e-9)


def test_mel_is_that_of_its_authors():
    from witoil.plugins.sound import _htk_hz, _htk_mel, _slaney_hz, _slaney_mel

    hz = np.array([0.0, 200.0, 1000.0, 6400.0])
    np.testing.assert_allclose(_htk_mel(np.array([700.0])), 2595.0 * np.log10(2.0))
    np.testing.assert_allclose(_slaney_mel(hz), [0.0, 3.0, 15.0, 42.0])
    for there, back in ((_htk_mel, _htk_hz), (_slaney_mel, _slaney_hz)):
        np.testing.assert_allclose(back(there(hz)), hz, atol=1e-9)


def test_each_clip_has_a_class_and_the_expected_distance(made, tmp_path):
    plugin = made(
        constant([1, 16_000], y=[[0.1, 0.2, 0.3, 0.4]]),
        listener("sample_rate = 16000\nseconds = 1.0", 'format = "probs"\nunit = "km"'),
    )
    began = datetime(2024, 4, 22, 8, 0, tzinfo=UTC)
    path = sound(tmp_path / "ship.wav", tone(440.0, 2.5, 16_000))
    answer = predict(plugin, path, time=began)
    assert answer.findings.features[2].time == began + timedelta(seconds=2)
    assert [it.label for it in answer.findings.features] == ["3-4 km"] * 3
    assert [it.properties["end_s"] for it in answer.findings.features] == [1.0, 2.0, 2.5]
    (series,) = answer.findings.series
    assert series.values == pytest.approx([0.05 + 0.3 + 0.75 + 1.4] * 3)
    assert (series.unit, series.seconds) == ("km", [0.0, 1.0, 2.0])
    assert "the last clip has sound for 0.5 s" in " ".join(answer.findings.remarks)


def loudest():
    """Return a model that says which of 4 pieces of its input is the loudest."""
    nodes = [
        helper.make_node("Abs", ["x"], ["abs"]),
        helper.make_node("Reshape", ["abs", "shape"], ["parts"]),
        helper.make_node("ReduceMean", ["parts"], ["y"], axes=[2], keepdims=0),
    ]
    shape = {"shape": np.array([1, 4, -1], np.int64)}
    return graph(nodes, {"x": [1, "n"]}, {"y": [1, 4]}, shape)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_sound_of_another_rate_is_heard_the_same(made, tmp_path, rate):
    plugin = made(loudest(), listener("sample_rate = 16000\nseconds = 1.0"))
    samples = np.concatenate([tone(440.0, 0.25, rate) * k for k in (0.1, 1.0, 0.1, 0.1)])
    samples = np.tile(samples, 3)
    answer = predict(plugin, sound(tmp_path / "t.wav", samples, rate))
    assert [it.label for it in answer.findings.features] == ["1-2 km"] * 3
    scores = [it.score for it in answer.findings.features]
    np.testing.assert_allclose(scores, 1.0 / np.pi, rtol=0.01)  # mean of 0.5 |sin|


def test_resampled_clips_join_without_a_seam(tmp_path):
    path = sound(tmp_path / "t.wav", tone(300.0, 2.0, 44_100), 44_100, subtype="FLOAT")
    with opened(path) as recording:
        joined = np.concatenate([clip for _, clip in recording.clips(16_000, 0.3)])[:32_000]
    expected = tone(300.0, 2.0, 16_000)
    inner = slice(400, -400)
    np.testing.assert_allclose(joined[inner], expected[inner], atol=2e-3)


def test_the_first_of_many_channels_is_heard_and_that_is_said(made, tmp_path):
    plugin = made(loudest(), listener("sample_rate = 16000\nseconds = 1.0"))
    samples = np.zeros((16_000, 8))
    samples[4000:8000, 0] = 0.5
    samples[:4000, 1:] = 0.9
    answer = predict(plugin, sound(tmp_path / "eight.wav", samples))
    assert answer.findings.features[0].label == "1-2 km"
    assert "has 8 channels: the first was taken" in answer.findings.remarks


@pytest.mark.parametrize(
    ("samples", "text"),
    [
        (np.zeros(0), "0 seconds"),
        (np.full(16_000, np.nan), "samples that are no numbers"),
    ],
)
def test_bad_sound_is_refused(made, tmp_path, samples, text):
    plugin = made(loudest(), listener("sample_rate = 16000\nseconds = 1.0"))
    with pytest.raises(PluginError, match=text):
        predict(plugin, sound(tmp_path / "bad.wav", samples, subtype="FLOAT"))


@pytest.mark.parametrize("format", ["WAV", "WAVEX", "RF64", "W64", "AIFF", "AU"])
def test_a_recording_that_was_cut_is_said_to_be(tmp_path, format):
    path = tmp_path / "cut.wav"
    soundfile.write(path, tone(300.0, 2.0, 16_000), 16_000, format=format)
    with opened(path) as recording:
        assert not recording.remarks
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with opened(path) as recording:
        assert any("tells of more sound" in it for it in recording.remarks)


@pytest.mark.parametrize("format", ["FLAC", "MP3"])
def test_sound_that_ends_before_its_header_says_is_no_silence(made, tmp_path, format):
    plugin = made(loudest(), listener("sample_rate = 16000\nseconds = 1.0"))
    path = tmp_path / "cut.wav"
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 160_000)
    soundfile.write(path, noise, 16_000, format=format)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(PluginError, match="is damaged"):
        predict(plugin, path)


@pytest.mark.parametrize(("factor", "said"), [(1.0, 0), (5.0, 1), (32768.0, 1)])
def test_samples_beyond_full_scale_are_said_once(tmp_path, factor, said):
    path = sound(tmp_path / "volts.wav", factor * tone(300.0, 3.0, 16_000), subtype="FLOAT")
    with opened(path) as recording:
        assert len(list(recording.clips(16_000, 1.0))) == 3
    assert sum("beyond full scale" in it for it in recording.remarks) == said


def test_what_is_no_sound_is_refused(made, tmp_path):
    plugin = made(loudest(), listener("sample_rate = 16000\nseconds = 1.0"))
    (tmp_path / "no.wav").write_bytes(b"RIFFxxxx")
    for path in (tmp_path / "no.wav", tmp_path / "none.wav", tmp_path):
        with pytest.raises(PluginError, match="no sound that can be read"):
            predict(plugin, path)


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real recordings")
def test_real_recordings_have_frames_every_ten_milliseconds():
    with opened(AQUATIC / "rtsys.wav") as recording:
        clips = list(recording.clips(48_000, 10.0))
    assert len(clips) == 4  # of 30.08 s
    spectrogram = log_mel(clips[0][1], CLAP)
    assert spectrogram.shape == (1001, 64)
    assert np.isfinite(spectrogram).all()


def over_half():
    """Return a model that gives each sample, of four a second, to two classes: above, and below."""
    nodes = [
        helper.make_node("Unsqueeze", ["x", "axis"], ["column"]),
        helper.make_node("Sub", ["one", "column"], ["rest"]),
        helper.make_node("Concat", ["rest", "column"], ["y"], axis=2),
    ]
    constants = {"axis": np.array([2], np.int64), "one": np.float32(1.0)}
    return graph(nodes, {"x": [1, "n"]}, {"y": [1, "n", 2]}, constants)


def test_events_last_as_long_as_their_class_is_heard(made, tmp_path):
    labels = '[[labels]]\nname = "quiet"\nbackground = true\n[[labels]]\nname = "ship"'
    how = "sample_rate = 100\nseconds = 1.0"
    text = card(
        "audio-events", "audio", how=how, output='format = "probs"\nconf = 0.5', rest=labels
    )
    samples = np.zeros(250)
    samples[80:130] = 0.75  # over the end of the first clip
    samples[240:] = 0.9
    path = sound(tmp_path / "s.wav", samples, 100, subtype="FLOAT")
    answer = predict(made(over_half(), text), path)
    first, last = answer.findings.features
    assert (first.label, first.score) == ("ship", pytest.approx(0.75))
    assert (first.properties["start_s"], first.properties["end_s"]) == pytest.approx((0.8, 1.3))
    assert (last.properties["start_s"], last.properties["end_s"]) == pytest.approx((2.4, 2.5))
    (series,) = answer.findings.series
    assert series.values == pytest.approx(samples.tolist())
