"""Files of every bad kind in one batch: each has a clear line in the table of results."""

import struct
import zipfile
import zlib

import geopandas as gpd
import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.plugins.builders import card, constant, mean_colour, plugin_in
from tests.plugins.test_safety import header_of_8_gigapixels
from witoil.plugins.batch import Options, predict_files
from witoil.plugins.registry import open_folder

IMAGES = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098',
    output='format = "probs"\nlabels = ["red", "green", "blue"]',
)
SOUND = card(
    "audio-classify",
    how="sample_rate = 8000\nseconds = 1.0",
    output='format = "probs"\nlabels = ["quiet", "loud"]',
).replace('kind = "image"', 'kind = "audio"')

RED = Image.new("RGB", (40, 20), (200, 10, 10))


def chunk(kind, content):
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def png_with(path, *chunks):
    """Write a PNG whose text unpacks to far more than it has."""
    RED.save(path)
    content = path.read_bytes()
    at = content.index(b"IDAT") - 4
    path.write_bytes(content[:at] + b"".join(chunks) + content[at:])


def pictures_in(folder):
    """Write pictures of every kind; return what the table has to say of each."""
    RED.save(folder / "whole.jpg")
    content = (folder / "whole.jpg").read_bytes()
    (folder / "truncated.jpg").write_bytes(content[: len(content) * 2 // 3])
    (folder / "no-end.jpg").write_bytes(content[:-2])
    (folder / "empty.png").write_bytes(b"")
    header_of_8_gigapixels(folder / "huge.png")
    at = content.index(b"\xff\xc0") + 5  # height and width of a frame
    (folder / "huge.jpg").write_bytes(content[:at] + b"\xff\xf0\xff\xf0" + content[at + 4 :])
    RED.convert("P").save(folder / "palette.png")
    Image.fromarray(np.full((8, 8), 51 * 257, np.uint16)).save(folder / "deep.png")
    RED.convert("CMYK").save(folder / "cmyk.jpg")
    clear = np.full((8, 8, 4), (200, 10, 10, 255), np.uint8)
    clear[:2, :, 3] = 0
    Image.fromarray(clear).save(folder / "clear.png")
    others = [Image.new("RGB", (8, 8), colour) for colour in ((9, 99, 9), (9, 9, 99))]
    RED.resize((8, 8)).save(folder / "moves.gif", save_all=True, append_images=others)
    exif = Image.Exif()
    exif[0x0112] = 6
    RED.save(folder / "turned.jpg", exif=exif)
    png_with(folder / "text.png", chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(80_000_000))))
    with zipfile.ZipFile(folder / "zipped.png", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(10_000_000))
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(folder / "nan.tif")
    return {
        "whole.jpg": None,
        "truncated.jpg": "damaged",
        "no-end.jpg": "damaged",
        "empty.png": "is no image",
        "huge.png": "pixels",
        "huge.jpg": "pixels",
        "palette.png": None,
        "deep.png": "has 16 bits: the upper 8 were taken",
        "cmyk.jpg": "was turned from CMYK to RGB",
        "clear.png": "16 transparent pixels",
        "moves.gif": "has 3 frames: the first was taken",
        "turned.jpg": "was turned upright as EXIF says",
        "text.png": "damaged",
        "zipped.png": "is no image",
        "nan.tif": "numbers of 32 bits",
    }


FAILED = {
    *(
        "truncated.jpg",
        "no-end.jpg",
        "empty.png",
        "huge.png",
        "huge.jpg",
        "text.png",
        "zipped.png",
        "nan.tif",
    ),
    *("none.wav", "nan.wav", "text.wav", "cut.flac"),
}


def sounds_in(folder):
    """Write sounds of every kind; return what the table has to say of each."""
    tone = 0.5 * np.sin(np.arange(8000) / 3.0)
    soundfile.write(folder / "whole.wav", tone, 8000)
    soundfile.write(folder / "none.wav", tone[:0], 8000)
    soundfile.write(folder / "eight.wav", np.stack([tone] * 8, axis=1), 8000)
    tone[77] = np.nan
    soundfile.write(folder / "nan.wav", tone, 8000, subtype="FLOAT")
    soundfile.write(folder / "short.ogg", tone[:40], 8000)
    noise = np.random.default_rng(1).uniform(-1, 1, 8000)
    soundfile.write(folder / "cut.flac", noise, 8000)
    content = (folder / "cut.flac").read_bytes()
    (folder / "cut.flac").write_bytes(content[: len(content) // 2])
    (folder / "text.wav").write_text("no sound")
    return {
        "whole.wav": None,
        "none.wav": "0 seconds",
        "eight.wav": "has 8 channels: the first was taken",
        "nan.wav": "samples that are no numbers",
        "short.ogg": "then silence",
        "cut.flac": "",
        "text.wav": "is no sound",
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("what", ["pictures", "sounds"])
def test_each_has_a_line(tmp_path, what):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    if what == "pictures":
        said, model, text = pictures_in(folder), mean_colour(), IMAGES
    else:
        said, text = sounds_in(folder), SOUND
        model = constant(["n", "samples"], y=[[0.25, 0.75]])
    plugin = open_folder(plugin_in(tmp_path / "p", model, text))
    assert plugin.fault is None
    report = predict_files(
        plugin, [folder], out, Options(formats=("gpkg",), scheduler="processes", most_seconds=60)
    )
    files = gpd.read_file(out / "results.gpkg", layer="files").set_index("place")
    assert {place.rpartition("/")[2] for place in files.index} == {*said}
    for place, row in files.iterrows():
        name = place.rpartition("/")[2]
        assert (row.state == "failed") == (name in FAILED), (name, row.fault)
        line = row.fault if name in FAILED else row.remarks
        assert (said[name] or "") in (line or ""), name
        assert "\n" not in (line or "")
        if name in FAILED:
            assert row.fault.startswith(f"{folder / name}: "), row.fault
    assert {place.rpartition("/")[2] for place in report["failed"]} == FAILED & {*said}
    assert report["succeeded"] + len(report["failed"]) == report["files"] == len(said)
