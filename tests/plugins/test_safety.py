"""What plug-ins and inputs may not do: one clear line each, and the others go on."""

import hashlib
import json
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image
from shapely import box

from tests.plugins.builders import AQUATIC, card, constant, graph, mean_colour, plugin_in
from tests.witoil.command import witoil
from witoil.plugins import images, sessions
from witoil.plugins.card import parse_card
from witoil.plugins.envelope import Feature, Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.georeference import parse_georeference
from witoil.plugins.prediction import predict, session_of
from witoil.plugins.registry import Plugin, find_plugins, open_folder
from witoil.plugins.sessions import Session, Sessions

LABELS = 'labels = ["red", "green", "blue"]'
TEXT = card(
    "image-classify",
    how='size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098',
    output=f'format = "probs"\n{LABELS}',
)


def plugins_in(folder):
    """Return the plug-ins of a folder, without those that come with the package."""
    return [it for it in find_plugins() if it.place.startswith(str(folder))]


def fault_of(folder):
    with pytest.raises(PluginError) as caught:
        session_of(open_folder(folder), Sessions())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("[output]", "[output]\ncolour = 3", "output.colour: is no key of a card"),
        ('format = "probs"', 'format = "yolov8"', "expected probs or logits"),
        (LABELS, "labels = []", "labels: found none"),
        ("size = [4, 4]", "size = [4, -4]", "size"),
        ("scale = 0.00392156862745098", "scale = inf", "scale"),
        ('licence_code = "Apache-2.0"', "", "licence_code"),
        ('id = "made', 'id = "../made', "model.id"),
        ('uri = "model.onnx"', 'uri = "../model.onnx"', "file of the plug-in's folder"),
        ('uri = "model.onnx"', 'uri = "model.pt"', "ends in .onnx"),
        ('uri = "model.onnx"', 'uri = "/etc/model.onnx"', "file of the plug-in's folder"),
        ("[model]", "[[model]", "expected a card in TOML"),
        ('kind = "image"', 'kind = "audio"', "expected both for audio"),
    ],
)
def test_a_broken_card_is_listed_and_stops_nothing(tmp_path, before, after, text, monkeypatch):
    plugin_in(tmp_path / "good", mean_colour(), TEXT)
    folder = plugin_in(tmp_path / "bad", mean_colour(), TEXT)
    whole = (folder / "card.toml").read_text()
    assert before in whole
    (folder / "card.toml").write_text(whole.replace(before, after))
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path))
    good, bad = sorted(plugins_in(tmp_path), key=lambda it: it.fault is not None)
    assert (good.name, good.fault) == ("made-image-classify", None)
    assert text in bad.fault
    assert "\n" not in bad.fault
    listed = witoil("modules", "list")
    assert "broken" in listed.stdout
    assert witoil("modules", "check", good.name).returncode == 0
    assert witoil("modules", "check", "bad").returncode == 2


def test_two_plugins_of_one_name_are_one_and_a_fault(tmp_path, monkeypatch):
    for name in ("a", "b"):
        plugin_in(tmp_path / name, mean_colour(), TEXT)
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path))
    first, second = plugins_in(tmp_path)
    assert first.fault is None
    assert "expected another" in second.fault


def test_weights_that_are_not_those_of_the_card_are_refused(tmp_path):
    folder = plugin_in(tmp_path / "p", mean_colour(), TEXT)
    content = bytearray((folder / "model.onnx").read_bytes())
    content[20] ^= 1
    (folder / "model.onnx").write_bytes(content)
    assert "found the checksum" in fault_of(folder)
    (folder / "model.onnx").write_bytes(content + b"x")
    assert "bytes of its card" not in fault_of(folder)
    assert "of its card" in fault_of(folder)
    (folder / "model.onnx").unlink()
    assert "is not there" in fault_of(folder)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path):
    folder = plugin_in(tmp_path / "p", mean_colour(), TEXT)
    (tmp_path / "elsewhere.onnx").write_bytes((folder / "model.onnx").read_bytes())
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    assert "leads out of the plug-in's folder" in fault_of(folder)


def with_external(location, nested=False):
    """Return a model with a tensor in another file; within a branch of a node where nested."""
    outside = TensorProto(name="w", dims=[3], data_type=TensorProto.FLOAT)
    outside.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "12")):
        outside.external_data.add(key=key, value=value)
    shape = {"y": ["n", 3]}
    mean = helper.make_node("ReduceMean", ["x"], ["mean"], axes=[2, 3], keepdims=0)
    if nested:
        node = helper.make_node("Constant", [], ["w"])
        node.attribute.append(helper.make_attribute("value", outside))
        nodes = [mean, node, helper.make_node("Add", ["mean", "w"], ["y"])]
        return graph(nodes, {"x": ["n", 3, "h", "w"]}, shape)
    nodes = [mean, helper.make_node("Add", ["mean", "w"], ["y"])]
    model = onnx.load_model_from_string(graph(nodes, {"x": ["n", 3, "h", "w"]}, shape))
    model.graph.initializer.append(outside)
    return model.SerializeToString()


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "w.bin", "a/../../w.bin"])
def test_tensors_outside_that_the_card_does_not_list_are_refused(tmp_path, location, nested):
    (tmp_path / "secret.bin").write_bytes(bytes(12))
    folder = plugin_in(tmp_path / "p", with_external(location, nested), TEXT)
    (folder / "w.bin").write_bytes(bytes(12))
    assert "has tensors in" in fault_of(folder)


def listed(folder, content):
    checksum = hashlib.sha256(content).hexdigest()
    text = f'\n[[weights.external]]\nuri = "w.bin"\nsha256 = "{checksum}"\nbytes = {len(content)}\n'
    (folder / "card.toml").write_text((folder / "card.toml").read_text() + text)


def test_tensors_beside_that_the_card_lists_are_taken(tmp_path):
    content = np.array([0.25, 0.5, 0.125], np.float32).tobytes()
    folder = plugin_in(tmp_path / "p", with_external("w.bin"), TEXT)
    (folder / "w.bin").write_bytes(content)
    listed(folder, content)
    session = session_of(open_folder(folder), Sessions())
    (values,) = session.run(np.zeros((1, 3, 4, 4), np.float32))
    np.testing.assert_array_equal(values, [[0.25, 0.5, 0.125]])
    (folder / "w.bin").write_bytes(bytes(12))
    assert "found the checksum" in fault_of(folder)


def foreign():
    node = helper.make_node("Steal", ["x"], ["y"], domain="evil.example")
    return graph([node], {"x": ["n", 3, 4, 4]}, {"y": ["n", 3]}, domains=["evil.example"])


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (foreign(), "found operators of evil.example"),
        (b"\x80\x04\x95pickle", "is no ONNX"),
        (b"", "bytes"),
        (b"PK\x03\x04" + bytes(100), "is no ONNX"),
        (mean_colour()[:-40], "ONNX"),
    ],
)
def test_what_is_no_plain_onnx_is_refused(tmp_path, model, text):
    folder = plugin_in(tmp_path / "p", model, TEXT)
    plugin = open_folder(folder)
    assert text in (plugin.fault or fault_of(folder))


def test_a_model_that_names_other_classes_than_its_card_is_refused(tmp_path):
    model = onnx.load_model_from_string(mean_colour())
    model.metadata_props.add(key="names", value="{0: 'red', 1: 'blue', 2: 'green'}")
    folder = plugin_in(tmp_path / "p", model.SerializeToString(), TEXT)
    assert "red, blue, green in the model" in fault_of(folder)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("task", "detect", "model.task: found image-classify in the card, but detect"),
        ("imgsz", "[320, 320]", "input.size: found 4, 4 in the card, but 320, 320"),
        ("names", "__import__('os').system('true')", None),
        ("names", "{0: 'red', 1: 'green', 2: 'blue'}", None),
        ("task", "something", None),
    ],
)
def test_what_a_model_says_of_itself_has_to_be_in_its_card(tmp_path, key, value, text):
    model = onnx.load_model_from_string(mean_colour())
    model.metadata_props.add(key=key, value=value)
    folder = plugin_in(tmp_path / "p", model.SerializeToString(), TEXT)
    if text is None:
        session_of(open_folder(folder), Sessions())
    else:
        assert text in fault_of(folder)


def test_models_are_let_go_when_there_are_too_many(made):
    plugins = [
        made(constant([1, 3, 4, 4], y=[[0.1 * k, 0.5, 0.5]], pad=np.zeros(9000)), TEXT, f"p{k}")
        for k in range(4)
    ]
    size = plugins[0].card.weights.bytes
    kept = Sessions(most_bytes=2 * size + 100)
    for plugin in plugins:
        session_of(plugin, kept)
    assert size < kept.bytes <= 2 * size + 100
    one = Sessions(most_bytes=1)
    session = session_of(plugins[0], one)
    session_of(plugins[1], one)
    assert one.bytes == plugins[1].card.weights.bytes
    assert session.run(np.zeros((1, 3, 4, 4), np.float32))[0].shape == (1, 3)


def test_threads_share_one_model_and_its_bits(made):
    plugin = made(mean_colour(), TEXT)
    kept, loads, found = Sessions(), [], []
    tensor = np.random.default_rng(1).random((1, 3, 64, 64), np.float32)

    def work():
        session = session_of(plugin, kept)
        loads.append(id(session))
        found.append(session.run(tensor)[0].tobytes())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(loads)) == len(set(found)) == 1
    assert len(found) == 8


@pytest.mark.slow
def test_a_model_that_takes_too_long_is_ended(monkeypatch):
    """A loop without an end."""
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["" : 17]>
        endless (float[1] x) => (float[1] y) {
            most = Constant <value = int64 {9000000000000000000}> ()
            go = Constant <value = bool {1}> ()
            y = Loop (most, go, x) <
                body = step (int64 k, bool c, float[1] a) => (bool d, float[1] b) {
                    d = Identity (c)
                    b = Add (a, a)
                }
            >
        }
        """
    )
    session = Session(model.SerializeToString(), "endless")
    monkeypatch.setattr(sessions, "MOST_SECONDS", 0.3)
    with pytest.raises(PluginError, match="took longer than"):
        session.run(np.ones(1, np.float32))


def jpeg(path, **options):
    Image.new("RGB", (40, 20), (10, 200, 30)).save(path, **options)
    return path


def header_of_8_gigapixels(path):
    import struct
    import zlib

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 80_000, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    return path


def test_bad_images_are_refused_in_one_line(made, tmp_path):
    plugin = made(mean_colour(), TEXT)
    whole = jpeg(tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "folder.png").mkdir()
    Image.fromarray(np.full((4, 4), 0.5, np.float32)).save(tmp_path / "float.tif")
    Image.new("LAB", (4, 4)).save(tmp_path / "lab.tif")
    header_of_8_gigapixels(tmp_path / "huge.png")
    for name, text in {
        "truncated.jpg": "damaged",
        "empty.png": "no image",
        "text.png": "no image",
        "folder.png": "Is a directory",
        "none.png": "No such file",
        "float.tif": "32 bits",
        "lab.tif": "colours of the kind LAB",
        "huge.png": "found",
    }.items():
        with pytest.raises(PluginError, match=text) as caught:
            predict(plugin, tmp_path / name)
        assert "\n" not in str(caught.value)


def test_an_image_of_many_pixels_is_refused_before_it_is_read(made, tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MOST_PIXELS", 799)
    with pytest.raises(PluginError, match="found 40 x 20 pixels, expected 799 at most"):
        predict(made(mean_colour(), TEXT), jpeg(tmp_path / "a.jpg"))


def colours(answer):
    return answer.findings.features[0].properties["scores"]


@pytest.mark.parametrize("mode", ["RGB", "P", "CMYK", "RGBA", "LA", "L", "1", "I;16"])
def test_images_of_every_kind_are_seen_as_they_look(made, tmp_path, mode):
    text = TEXT.replace('"probs"', '"probs"\ntopk = 3')
    plugin = made(mean_colour(), text)
    path = tmp_path / "a.tif"
    if mode == "I;16":
        Image.fromarray(np.full((8, 8), 51 * 257, np.uint16)).save(path)
        expected = {"red": 0.2, "green": 0.2, "blue": 0.2}
    elif mode in ("L", "LA", "1"):
        Image.new("L", (8, 8), 255).convert(mode).save(path)
        expected = {"red": 1.0, "green": 1.0, "blue": 1.0}
    else:
        Image.new("RGB", (8, 8), (255, 0, 0)).convert(mode).save(path)
        expected = {"red": 1.0, "green": 0.0, "blue": 0.0}
    answer = predict(plugin, path)
    assert colours(answer) == pytest.approx(expected, abs=0.01)
    if mode in ("I;16", "CMYK"):
        assert any("16 bits" in it or "CMYK" in it for it in answer.findings.remarks)


@pytest.mark.slow
def test_hidden_colours_and_frames_and_turns_are_said(made, tmp_path):
    text = TEXT.replace('"probs"', '"probs"\ntopk = 3')
    plugin = made(mean_colour(), text)
    hidden = np.full((8, 8, 4), (255, 0, 0, 255), np.uint8)
    hidden[:4, :, 3] = 0
    Image.fromarray(hidden).save(tmp_path / "hidden.png")
    answer = predict(plugin, tmp_path / "hidden.png")
    assert colours(answer)["red"] == pytest.approx(0.5, abs=0.01)
    assert "32 transparent pixels" in " ".join(answer.findings.remarks)
    frames = [Image.new("RGB", (8, 8), c) for c in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    answer = predict(plugin, tmp_path / "a.gif")
    assert "has 3 frames: the first was taken" in answer.findings.remarks
    assert answer.findings.features[0].label == "red"
    exif = Image.Exif()
    exif[0x0112] = 6  # the right is up
    image = Image.new("RGB", (40, 20), (0, 0, 0))
    image.paste((255, 255, 255), (0, 0, 20, 20))
    image.save(tmp_path / "turned.png", exif=exif)
    answer = predict(plugin, tmp_path / "turned.png")
    assert answer.size == (40, 20)
    assert any("turned upright" in it for it in answer.findings.remarks)


@pytest.mark.slow
def test_one_bad_file_never_stops_the_rest(tmp_path):
    plugin_in(tmp_path / "plugins" / "p", mean_colour(), TEXT)
    folder = tmp_path / "in"
    folder.mkdir()
    for k in range(3):
        jpeg(folder / f"{k}.jpg")
    (folder / "1.jpg").write_bytes(b"bad")
    answer = witoil(
        *("predict", "made-image-classify", folder, "--out", tmp_path / "out", "--to", "json,csv"),
        env={"WITOIL_PLUGIN_PATH": str(tmp_path / "plugins")},
    )
    assert answer.returncode == 1
    assert "1.jpg: is no image" in answer.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["files"], report["succeeded"], report["labels"]) == (3, 2, {"green": 2})
    assert list(report["failed"]) == [str(folder / "1.jpg")]
    assert {it.name for it in (tmp_path / "out").iterdir()} == {
        *("report.json", "report.html", "features.csv", "0.jpg.json", "2.jpg.json"),
        ".witoil-checkpoint",
    }


@pytest.mark.slow
def test_a_list_of_plugins_loads_no_runtime(tmp_path):
    plugin_in(tmp_path / "p", mean_colour(), TEXT)
    code = (
        "from witoil.plugins.registry import find_plugins; import sys; "
        "print(*(it.fault or it.name for it in find_plugins())); "
        "print(*(m for m in ('onnxruntime', 'onnx', 'rasterio', 'skimage', 'scipy', 'numpy', "
        "'shapely', 'pandas') if m in sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"WITOIL_PLUGIN_PATH": str(tmp_path), "PATH": ""},
        cwd=Path(__file__).parents[2],
    )
    names, loaded = answer.stdout.splitlines()
    assert {"made-image-classify", "shoreline-colour"} <= {*names.split(" ")}
    assert loaded == ""


PACKAGE = """
from witoil.plugins.envelope import Feature, Findings
class Plugin:
    card = {card!r}
    def predict(self, path, parameters):
        if parameters.get("topk"):
            raise RuntimeError("of its own\\nmaking")
        return Findings([Feature("seen", 1.0)])
plugin = Plugin()
"""


def installed(folder, name, value, code):
    """Make what looks like a package that was installed."""
    (folder / f"{name}.py").write_text(code)
    information = folder / f"{name}-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (information / "entry_points.txt").write_text(f"[witoil.plugins]\n{name} = {value}\n")


def test_programs_of_packages_are_plugins_and_those_that_fail_are_listed(
    tmp_path, monkeypatch, image
):
    document = tomllib.loads(TEXT.replace("made-image-classify", "programmed"))
    installed(tmp_path, "good_one", "good_one:plugin", PACKAGE.format(card=document))
    installed(tmp_path, "no_module", "no_module:plugin", "import nothing_of_this_name")
    installed(tmp_path, "leaves", "leaves:plugin", "raise SystemExit('I leave')")
    installed(tmp_path, "no_plugin", "no_plugin:plugin", "plugin = 3")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = {it.name: it for it in find_plugins()}
    assert found["programmed"].fault is None
    assert "nothing_of_this_name" in found["no_module"].fault
    assert "SystemExit: I leave" in found["leaves"].fault
    assert "found no .card and .predict" in found["no_plugin"].fault
    answer = predict(found["programmed"], image(np.zeros((4, 4, 3))))
    assert answer.findings.features[0].label == "seen"
    with pytest.raises(PluginError, match="RuntimeError: of its own making"):
        predict(found["programmed"], image(np.zeros((4, 4, 3))), parameters={"topk": 2})


PARAMETERS = [
    {"name": "level", "default": 3.0, "unit": "m", "least": 0.0},
    {"name": "kind", "kind": "text", "default": "a", "choices": ["a", "b"]},
    {"name": "table", "kind": "file"},
]


class Told:
    card = tomllib.loads(TEXT) | {"parameters": PARAMETERS, "geo": {"kinds": ["affine"]}}

    def predict(self, path, parameters):
        return Findings([Feature("a", 1.0, box(0, 0, 2, 4), properties=parameters)])


TOLD = Plugin("told", "here", parse_card(Told.card, "here"), code=Told())


@pytest.fixture
def blank(image):
    return image(np.zeros((4, 2, 3)))


def test_a_program_is_told_its_own_parameters(blank):
    answer = predict(TOLD, blank, parameters={"level": "1.5"})
    (feature,) = answer.findings.features
    assert feature.properties == {"level": 1.5, "kind": "a"}
    assert answer.size == (4, 2)
    assert "not on the map" in answer.findings.remarks[0]


def test_what_a_program_finds_is_put_on_the_map(blank):
    place = parse_georeference('{"kind":"affine","transform":[1,0,10,0,-1,50],"crs":"EPSG:4326"}')
    answer = predict(TOLD, blank, georeference=place, parameters={"table": "a.csv"})
    (feature,) = answer.findings.features
    assert feature.geometry.bounds == pytest.approx((10, 46, 12, 50))
    assert feature.properties["table"] == Path("a.csv")
    assert answer.findings.remarks == []


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("level", "-1", "level: found '-1', expected a number of 0 to inf"),
        ("level", "nan", "level: found 'nan'"),
        ("level", True, "level: found True, expected a number"),
        ("level", "high", "level: found 'high', expected a number"),
        ("kind", "c", "kind: found 'c', expected a or b"),
        ("slow", "1", "found the parameter 'slow', expected one of level, kind, table, topk"),
    ],
)
def test_a_program_is_told_nothing_else(blank, key, value, text):
    with pytest.raises(PluginError, match=text):
        predict(TOLD, blank, parameters={key: value})


@pytest.mark.parametrize(
    ("parameter", "text"),
    [({"name": "conf", "default": 3}, "a key of"), ({"name": "A b"}, "parameters")],
)
def test_parameters_that_no_program_can_have_are_refused(parameter, text):
    with pytest.raises(PluginError, match=text):
        parse_card(tomllib.loads(TEXT) | {"parameters": [parameter]}, "here")


@pytest.mark.slow
@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real images")
def test_all_real_images_are_read():
    from witoil.plugins.images import read_photo

    paths = sorted((AQUATIC / "img").glob("*.[jp][pn]g"))
    assert len(paths) >= 12
    for path in paths:
        assert read_photo(path).pixels.ndim == 3


def test_tasks_of_programs_have_no_weights():
    document = tomllib.loads(TEXT)
    document["model"] |= {"task": "measure"}
    document["output"] = {"format": "values"}
    parse_card(document, "here")
    document["weights"] = {"uri": "model.onnx", "sha256": 64 * "0", "bytes": 1}
    with pytest.raises(PluginError, match="expected it of programs"):
        parse_card(document, "here")
