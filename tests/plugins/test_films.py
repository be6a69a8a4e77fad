import gc
from datetime import UTC, datetime, timedelta

import imageio_ffmpeg
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from tests.plugins.builders import AQUATIC, card, constant, graph, mean_colour
from witoil.plugins import films
from witoil.plugins.envelope import Feature
from witoil.plugins.errors import PluginError
from witoil.plugins.films import frames
from witoil.plugins.georeference import Track
from witoil.plugins.prediction import predict
from witoil.plugins.tracking import PATIENCE, tracked

SIZE = 64

# the library that reads films leaves its pipes to be closed when they are collected
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _collected():
    """Have them collected here, and not in another test."""
    gc.freeze()  # what is there already need not be looked through
    yield
    gc.collect()


def film(path, pictures, fps=2):
    """Write pictures as a film."""
    writer = imageio_ffmpeg.write_frames(
        str(path), (SIZE, SIZE), fps=fps, quality=9, macro_block_size=2, ffmpeg_log_level="error"
    )
    writer.send(None)
    for picture in pictures:
        writer.send(np.ascontiguousarray(picture, dtype=np.uint8))
    writer.close()
    return path


def square(x, y, side=16):
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    picture[y : y + side, x : x + side] = 255
    return picture


def centre_of_light():
    """Return a model that puts a box of 16 pixels about the middle of the light, (1, 1, 6)."""
    ramp = np.arange(SIZE, dtype=np.float32) + 0.5
    nodes = [
        helper.make_node("ReduceSum", ["x", "all"], ["light"], keepdims=0),
        helper.make_node("Mul", ["x", "across"], ["wx"]),
        helper.make_node("Mul", ["x", "down"], ["wy"]),
        helper.make_node("ReduceSum", ["wx", "all"], ["sx"], keepdims=0),
        helper.make_node("ReduceSum", ["wy", "all"], ["sy"], keepdims=0),
        helper.make_node("Div", ["sx", "light"], ["cx"]),
        helper.make_node("Div", ["sy", "light"], ["cy"]),
        helper.make_node("Reshape", ["cx", "one"], ["x1"]),
        helper.make_node("Reshape", ["cy", "one"], ["y1"]),
        helper.make_node("Concat", ["x1", "y1", "x1", "y1", "rest"], ["middle"], axis=0),
        helper.make_node("Add", ["middle", "half"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["y"]),
    ]
    constants = {
        "all": np.array([0, 1, 2, 3], np.int64),
        "one": np.array([1], np.int64),
        "shape": np.array([1, 1, 6], np.int64),
        "across": ramp[None, None, None, :],
        "down": ramp[None, None, :, None],
        "rest": np.array([0.9, 0.0], np.float32),
        "half": np.array([-8, -8, 8, 8, 0, 0], np.float32),
    }
    return graph(nodes, {"x": [1, 3, SIZE, SIZE]}, {"y": [1, 1, 6]}, constants)


DETECTOR = card(
    "detect",
    how='size = [64, 64]\nresize = "stretch"\nevery_seconds = 0.5',
    output='format = "e2e"\nlabels = ["prawn"]',
    rest='[geo]\nkinds = ["track"]',
)


@pytest.mark.slow
def test_a_thing_that_moves_is_followed_and_counted_once(made, tmp_path):
    path = film(tmp_path / "f.mp4", [square(4 + 4 * k, 20) for k in range(8)])
    began = datetime(2024, 4, 22, 8, 0, tzinfo=UTC)
    ends = [
        {"time": began, "lon": 1.0, "lat": 41.0},
        {"time": began + timedelta(seconds=10), "lon": 2.0, "lat": 42.0},
    ]
    track = Track(kind="track", fixes=ends)
    answer = predict(made(centre_of_light(), DETECTOR), path, time=began, georeference=track)
    features = answer.findings.features
    assert len(features) == 8
    assert {it.properties["track"] for it in features} == {0}
    assert [(it.name, it.values) for it in answer.findings.series] == [("tracks of prawn", [1.0])]
    for k, feature in enumerate(features):
        assert feature.frame == k
        assert feature.time == began + timedelta(seconds=0.5 * k)
        assert feature.pixel.bounds == pytest.approx((4 + 4 * k, 20, 20 + 4 * k, 36), abs=1.5)
        assert feature.geometry.coords[0] == pytest.approx((1.0 + 0.05 * k, 41.0 + 0.05 * k))


def box(x, frame, label="a"):
    return Feature(label, 0.9, shapely.box(x, 0, x + 10, 10), frame=frame)


def numbers(*features):
    return [it.properties["track"] for it in tracked(features)[0]]


def test_things_that_meet_keep_their_numbers():
    """Matched one after the other, the first would take what is nearer to the second."""
    assert numbers(box(0, 0), box(6, 0), box(4, 1), box(9, 1)) == [0, 1, 0, 1]


def test_things_are_hidden_for_a_while_and_no_longer():
    assert numbers(box(0, 0), box(1, PATIENCE + 1)) == [0, 0]
    assert numbers(box(0, 0), box(1, PATIENCE + 2)) == [0, 1]


def test_things_of_another_label_are_others():
    found, series = tracked([box(0, 0), box(0, 1, "b"), box(50, 1)])
    assert [it.properties["track"] for it in found] == [0, 1, 2]
    assert [(it.name, it.values) for it in series] == [
        ("tracks of a", [2.0]),
        ("tracks of b", [1.0]),
    ]


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 80)), max_size=20))
def test_no_thing_is_twice_in_a_frame(places):
    features = [box(x, frame) for frame, x in sorted(places)]
    found, series = tracked(features)
    keys = [(it.frame, it.properties["track"]) for it in found]
    assert len(keys) == len(set(keys)) == len(features)
    assert sum(it.values[0] for it in series) == len({number for _, number in keys})


CLASSIFIER = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098\nevery_seconds = 1.0',
    output='format = "probs"\nlabels = ["red", "green", "blue"]',
)


@pytest.mark.slow
def test_frames_have_classes_of_their_own(made, tmp_path):
    colours = np.eye(3, dtype=np.uint8)[[0, 0, 1, 1, 2, 2]] * 255
    pictures = [np.broadcast_to(colour, (SIZE, SIZE, 3)) for colour in colours]
    answer = predict(made(mean_colour(), CLASSIFIER), film(tmp_path / "c.mp4", pictures))
    assert [it.label for it in answer.findings.features] == ["red", "green", "blue"]
    assert answer.findings.series == []


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"no film", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"])
def test_what_is_no_film_is_refused(made, tmp_path, content):
    (tmp_path / "f.mp4").write_bytes(content)
    with pytest.raises(PluginError, match="no film that can be read") as caught:
        predict(made(mean_colour(), CLASSIFIER), tmp_path / "f.mp4")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_film_is_refused_where_it_cannot_be_looked_at(made, tmp_path, monkeypatch):
    path = film(tmp_path / "f.mp4", [square(4, 4)] * 8)
    text = card(
        "row-sequence", output='format = "probs"\nlabels = ["a", "b", "c"]', how="resize='none'"
    )
    with pytest.raises(PluginError, match="is a film; expected an image"):
        predict(made(constant([1, 2, 3], y=[[[0.0]]]), text), path)
    monkeypatch.setattr(films, "MOST_FRAMES", 3)
    with pytest.raises(PluginError, match="more than 3 frames"):
        list(frames(path, 0.5))
    with pytest.raises(PluginError, match="is not there"):
        list(frames(tmp_path / "none.mp4", 0.5))


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real film")
def test_a_real_film_has_its_frames():
    found = list(frames(AQUATIC / "img" / "uc3s_dover_demo.mp4", 1.0))
    assert len(found) in (10, 11)  # 10.02 s
    assert found[0].photo.size == (144, 192)
    assert [it.seconds for it in found[:3]] == [0.0, 1.0, 2.0]
