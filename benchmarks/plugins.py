"""Models of images: cost of the host beside decoding and model, memory of tiles, listing of many.

Needs the real model where `WITOIL_CASES` has it; without it the figures of that are left out. A
request is timed by the shortest of many, and a batch by the time of the processor in all its
processes, from their start to their end, against a process that decodes and runs and does nothing
else: others may work on the machine.
"""

import ctypes
import hashlib
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

IMAGES = 60
BATCH = 10_000
PIXELS = 256
PLUGINS = 50

CARD = """
[model]
id = "{name}"
version = "1"
task = "{task}"
licence_code = "Apache-2.0"
licence_weights = "CC0-1.0"
[weights]
uri = "model.onnx"
sha256 = "{checksum}"
bytes = {bytes}
[input]
kind = "image"
{how}
scale = 0.00392156862745098
[output]
format = "probs"
labels = ["bad", "water_bad", "water_good"]
{rest}
"""
CLASSIFIED = 'size = [{0}, {0}]\nresize = "short-side-centre-crop"'
IN_TILES = ('resize = "none"', "[tiling]\nsize = 512\nstride = 384")

SEGMENT = """
import resource, sys
from pathlib import Path
from witoil.plugins.prediction import predict
from witoil.plugins.registry import open_folder
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = predict(open_folder(Path(sys.argv[1])), Path(sys.argv[2]))
assert found.findings.rasters[0].values.shape == (3000, 4000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""

BARE = """
import sys
from pathlib import Path
from benchmarks.plugins import PIXELS, bare
from witoil.plugins.prediction import session_of
from witoil.plugins.registry import open_folder
from witoil.plugins.sessions import Sessions
session = session_of(open_folder(Path(sys.argv[1])), Sessions(threads=1))
bare(session, sorted(Path(sys.argv[2]).iterdir()), PIXELS)
"""
_SUBREAPER = 36
"""Option of prctl(2): processes whose parent has ended become ours, and so does their time."""


def run() -> dict[str, float]:
    """Return speeds, times and memory; the names say the units."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        figures = _listing(folder) | _tiles(folder)
        model = Path(os.environ.get("WITOIL_CASES", "")) / (
            "aquatic/models/eyeonwater_yolov8n_cls.onnx"
        )
        if model.is_file():
            figures |= _classifier(folder, model)
    figures["cores"] = float(len(os.sched_getaffinity(0)))
    return figures


def _plugin(folder, content, task, how, rest=""):
    from witoil.plugins.registry import open_folder

    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(content)
    text = CARD.format(
        name=folder.name,
        task=task,
        checksum=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        how=how,
        rest=rest,
    )
    (folder / "card.toml").write_text(text)
    return open_folder(folder)


def _identity():
    from onnx import TensorProto, helper

    shape = ["n", 3, "h", "w"]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["y"], axis=1)], "same", ends[:1], ends[1:]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def _listing(folder):
    from witoil.plugins.registry import VARIABLE, find_plugins

    for k in range(PLUGINS):
        how = CLASSIFIED.format(PIXELS)
        _plugin(folder / "many" / f"p{k}", b"never read", "image-classify", how)
    os.environ[VARIABLE] = str(folder / "many")
    seconds = _shortest(find_plugins, 5)
    del os.environ[VARIABLE]
    return {f"list_of_{PLUGINS}_ms": 1e3 * seconds}


def _tiles(folder):
    """Segment 4,000 x 3,000 pixels in a process of its own."""
    _plugin(folder / "tiles", _identity(), "semantic-seg", *IN_TILES)
    ramp = np.linspace(0, 255, 4000, dtype=np.uint8)
    pixels = np.broadcast_to(ramp[:, np.newaxis], (3000, 4000, 3)).copy()
    pixels[..., 1] = pixels[::-1, ::-1, 1]
    Image.fromarray(pixels).save(folder / "large.png", compress_level=1)
    command = [sys.executable, "-c", SEGMENT, str(folder / "tiles"), str(folder / "large.png")]
    begun = time.perf_counter()
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begun
    return {"tiles_4000x3000_s": seconds, "tiles_4000x3000_peak_mb": float(answer.stdout)}


def _classifier(folder, model):
    from witoil.plugins.prediction import predict, session_of

    content = model.read_bytes()
    figures = {}
    paths = _images(folder / "images", IMAGES)
    for size in (256, 576):
        how = CLASSIFIED.format(size)
        plugin = _plugin(folder / f"eow{size}", content, "image-classify", how)
        session = session_of(plugin)  # the same for both, with the same threads
        times = []
        for path in paths:
            begun = time.perf_counter()
            bare(session, [path], size)
            between = time.perf_counter()
            predict(plugin, path)
            times.append((between - begun, time.perf_counter() - between))
        alone, hosted = (min(each) for each in zip(*times, strict=True))
        figures[f"eyeonwater_{size}_images_per_s"] = 1.0 / hosted
        figures[f"host_{size}_ms_per_image"] = 1e3 * (hosted - alone)
    return figures | _batch(folder, folder / f"eow{PIXELS}")


def _batch(folder, plugin):
    """Classify many images by the command, and by a process that does nothing else."""
    images = folder / "many images"
    _images(images, BATCH)
    bare_s = _spent([sys.executable, "-c", BARE, str(plugin), str(images)])
    command = [sys.executable, "-m", "witoil", "predict", plugin.name, str(images), "--quiet"]
    how = ["--to", "gpkg", "--out", str(folder / "out")]
    batch_s = _spent([*command, *how], WITOIL_PLUGIN_PATH=str(plugin))
    return {
        "batch_images": float(BATCH),
        "batch_256_share_of_bare_speed": bare_s / batch_s,
        "batch_256_ms_per_image": 1e3 * batch_s / BATCH,
    }


def _spent(command, **environment):
    """Return the processor time of a command and of all that it starts. [s]"""
    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=os.environ | environment)
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _images(folder, count):
    folder.mkdir()
    generator = np.random.default_rng(1)
    paths = []
    for k in range(count):
        coarse = generator.integers(0, 255, (16, 16, 3)).astype(np.uint8)
        paths.append(folder / f"{k:05}.jpg")
        Image.fromarray(coarse).resize((PIXELS, PIXELS)).save(paths[-1], quality=90)
    return paths


def bare(session, paths, size):
    """Decode and run, with nothing else: the least that has to be done."""
    for path in paths:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB").resize((size, size), Image.BILINEAR))
        tensor = (pixels.astype(np.float32) / 255.0).transpose(2, 0, 1)[np.newaxis]
        session.run(np.ascontiguousarray(tensor))


def _shortest(work, repeats=3):
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)
