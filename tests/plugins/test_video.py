import gc

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from tests.plugins.builders import AQUATIC, card, graph
from witoil.plugins.card import Preprocessing, View
from witoil.plugins.errors import PluginError
from witoil.plugins.films import chosen_frames, frame_count
from witoil.plugins.heads.video import frame_numbers, shown
from witoil.plugins.prediction import predict

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TEXT = card(
    "video-score",
    how="size = [28, 28]\nscale = 0.00392156862745098",
    output='format = "scores"',
    rest="""
[geo]
kinds = ["station"]
[[views]]
name = "technical"
input = "close"
output = "t"
sampling = "fragments"
frames = 8
interval = 2
clips = 3
mean = 0.1107
std = 0.07355
weight = 0.6104
[[views]]
name = "aesthetic"
input = "whole"
output = "a"
frames = 32
mean = -0.08285
std = 0.03774
weight = 0.3896
""",
)
SIZE = 224


@pytest.fixture(autouse=True)
def _collected():
    """Have pipes of FFmpeg closed here, and not in another test."""
    gc.freeze()  # what is there already need not be looked through
    yield
    gc.collect()


def brightness(clips="n"):
    """Return a model whose scores are the mean of each clip of a view."""
    shape = [clips, 3, "t", 28, 28]
    nodes = [
        helper.make_node("ReduceMean", [name], [out], axes=[1, 2, 3, 4], keepdims=0)
        for name, out in (("close", "t"), ("whole", "a"))
    ]
    inputs = {"close": shape, "whole": [1, 3, "t", 28, 28]}
    return graph(nodes, inputs, {"t": [clips], "a": [1]})


def film(path, greys, size=SIZE):
    writer = imageio_ffmpeg.write_frames(
        str(path), (size, size), fps=25, quality=10, macro_block_size=2, ffmpeg_log_level="error"
    )
    writer.send(None)
    for grey in greys:
        writer.send(np.full((size, size, 3), grey, np.uint8))
    writer.close()
    return path


@pytest.mark.slow
def test_the_quality_is_that_of_the_views(made, tmp_path):
    greys = np.linspace(40, 200, 150).round()
    plugin = made(brightness(), TEXT)
    path = film(tmp_path / "a.mp4", greys)
    answer = predict(plugin, path)
    (feature,) = answer.findings.features
    close, whole = (frame_numbers(view, 150) for view in plugin.card.views)
    technical, aesthetic = (greys[numbers].mean() / 255.0 for numbers in (close, whole))
    assert feature.properties["technical"] == pytest.approx(technical, abs=0.008)
    assert feature.properties["aesthetic"] == pytest.approx(aesthetic, abs=0.008)
    t = (feature.properties["technical"] - 0.1107) / 0.07355
    a = (feature.properties["aesthetic"] + 0.08285) / 0.03774
    expected = 1.0 / (1.0 + np.exp(-(0.6104 * t + 0.3896 * a)))
    assert feature.score == pytest.approx(expected, abs=1e-9)
    (series,) = answer.findings.series
    assert series.name == "technical"
    assert series.seconds == [n / 25 for n in close[:, 0]]
    np.testing.assert_allclose(series.values, greys[close].mean(axis=1) / 255.0, atol=0.008)


@pytest.mark.slow
def test_frames_are_counted_and_chosen(tmp_path):
    path = film(tmp_path / "a.mp4", range(0, 240, 4))
    assert frame_count(path) == 60
    found = {frame.number: frame.photo.pixels.mean() for frame in chosen_frames(path, [3, 40, 59])}
    assert {*found} == {3, 40, 59}
    for number, grey in found.items():
        assert grey == pytest.approx(4 * number, abs=3)


def view(**keys):
    return View(name="v", input="x", output="y", **keys)


def test_clips_are_in_the_middle_of_their_parts():
    numbers = frame_numbers(view(frames=4, interval=2, clips=3), 60)
    assert numbers.tolist() == [[6, 8, 10, 12], [26, 28, 30, 32], [46, 48, 50, 52]]
    assert frame_numbers(view(frames=4), 8).tolist() == [[1, 3, 5, 7]]


@given(
    count=st.integers(1, 3000),
    frames=st.integers(1, 64),
    clips=st.integers(1, 5),
    interval=st.none() | st.integers(1, 9),
)
def test_every_frame_that_is_asked_for_is_one_of_the_film(count, frames, clips, interval):
    numbers = frame_numbers(view(frames=frames, clips=clips, interval=interval), count)
    assert numbers.shape == (clips, frames)
    assert ((numbers >= 0) & (numbers < count)).all()
    if interval is None:
        assert (np.diff(numbers.ravel()) >= 0).all()


HOW = Preprocessing(kind="image", size=(28, 28))


@given(height=st.integers(28, 300), width=st.integers(28, 300))
def test_fragments_are_squares_out_of_the_frame(height, width):
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([rows % 256, columns % 256, (rows // 256) + 0 * columns], -1).astype(np.uint8)
    made = shown(pixels, view(sampling="fragments"), HOW).astype(int)
    y = made[..., 0] + 256 * made[..., 2]
    # within a square rows follow one another, and squares are in the order of the frame
    for k in range(7):
        assert (np.diff(y[4 * k : 4 * k + 4, 0]) == 1).all()
    assert (np.diff(y[:, 0]) > 0).all()
    assert y[0, 0] == (height // 7 - 4) // 2


def test_a_small_frame_is_enlarged_for_fragments():
    made = shown(np.full((10, 14, 3), 77, np.uint8), view(sampling="fragments"), HOW)
    assert (made == 77).all()
    assert made.shape == (28, 28, 3)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ('name = "aesthetic"', 'name = "technical"', "found a name twice"),
        ("frames = 32", 'frames = 32\nfragments = 5\nsampling = "fragments"', "divided by"),
        ("std = 0.07355", "std = 0.0", "std"),
    ],
)
def test_a_card_that_cannot_be_is_refused(tmp_path, before, after, text):
    from tests.plugins.builders import plugin_in
    from witoil.plugins.registry import open_folder

    assert before in TEXT
    plugin = open_folder(plugin_in(tmp_path / "p", brightness(), TEXT.replace(before, after)))
    assert text in plugin.fault


@pytest.mark.slow
def test_what_is_no_film_or_damaged_is_told(made, tmp_path, image):
    plugin = made(brightness(), TEXT)
    whole = film(tmp_path / "a.mp4", range(30)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.mp4").write_bytes(b"")
    for path, text in {
        image(np.zeros((8, 8, 3))): "is no film",
        tmp_path / "cut.mp4": "no film that can be read",
        tmp_path / "empty.mp4": "no film that can be read",
        tmp_path / "none.mp4": "is not there",
    }.items():
        with pytest.raises(PluginError, match=text) as caught:
            predict(plugin, path)
        assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_film_shorter_than_a_clip_begins_anew(made, tmp_path):
    answer = predict(made(brightness(), TEXT), film(tmp_path / "a.mp4", [100] * 5))
    assert answer.findings.features[0].properties["technical"] == pytest.approx(100 / 255, abs=0.01)


@pytest.mark.slow
def test_a_model_with_other_scores_is_refused(made, tmp_path):
    nodes = [
        helper.make_node("ReduceMean", [name], [out], axes=[1, 3, 4], keepdims=0)
        for name, out in (("close", "t"), ("whole", "a"))
    ]
    shape = ["n", 3, "t", 28, 28]
    model = graph(nodes, {"close": shape, "whole": shape}, {"t": ["n", "t"], "a": ["m", "t"]})
    with pytest.raises(PluginError, match="put out 24 scores for 3 clips"):
        predict(made(model, TEXT), film(tmp_path / "a.mp4", [100] * 40))


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real film")
def test_a_real_film_has_a_score(made):
    answer = predict(made(brightness(), TEXT), AQUATIC / "img" / "uc3s_dover_demo.mp4")
    (feature,) = answer.findings.features
    assert 0.0 <= feature.score <= 1.0
    assert feature.properties["aesthetic"] == pytest.approx(
        feature.properties["technical"], abs=0.1
    )
    assert len(answer.findings.series[0].values) == 3
