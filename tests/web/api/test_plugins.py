"""The addresses of DEEPaaS, held against recordings of its own server, and of Open Inference."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.plugins.builders import CASES, card, mean_colour, plugin_in

RECORDINGS = CASES.parent / "reference" / "deepaas"
TEXT = (
    card(
        "image-classify",
        how='size = [4, 4]\nresize = "stretch"\nscale = 0.00392156862745098',
        output='format = "probs"\nlabels = ["red", "green", "blue"]',
        rest='[geo]\nkinds = ["station", "track"]',
    )
    .replace("made-image-classify", "plugdemo")
    .replace('version = "1"', 'version = "1"\nauthors = ["A. Nobody"]')
)


@pytest.fixture
def models(client, tmp_path, monkeypatch):
    """A client of a service with a model that works, and one whose card is broken."""
    plugin_in(tmp_path / "models" / "plugdemo", mean_colour(), TEXT)
    broken = plugin_in(tmp_path / "models" / "plugx", mean_colour(), TEXT)
    (broken / "card.toml").write_text("[model]")
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path / "models"))
    return client


def picture():
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (0, 255, 0)).save(file, "PNG")
    return file.getvalue()


def form(content=None, field="files", name="a.png", **fields):
    return {field: (io.BytesIO(picture() if content is None else content), name), **fields}


def shape_of(document):
    """Return names and types, all through a document."""
    if isinstance(document, dict):
        return {key: shape_of(value) for key, value in document.items()}
    if isinstance(document, list):
        return [shape_of(value) for value in document[:1]]
    return type(document).__name__


# Recordings of requests that are no matter of a module's own fields, each with what differs
SAME = {
    "v2": (),
    "models": ("author-email",),
    "model": ("author-email",),
    "models_noslash": (),
    "model_noslash": (),
    "model_unknown": (),
    "x_broken": (),
    "debug": (),
    "predict_get": (),
    "predict_ok": (),
    "predict_missing_file": (),
    "predict_json_body": (),
    "predict_accept_unknown": (),
    "predict_accept_json": (),
    "predict_bad_type": (),
    "predict_out_of_range": (),
    "train_list_empty": (),
    "train_unknown": (),
    "b_train": (),
}
RENAMED = {"?k=abc": "?topk=abc", "?k=9": "?topk=0", "plugb": "plugdemo"}


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings")
@pytest.mark.parametrize("name", SAME)
def test_answers_are_those_that_deepaas_gives(models, name):
    recorded = json.loads((RECORDINGS / f"{name}.json").read_text())
    asked = recorded["request"]
    path = asked["path"]
    for before, after in RENAMED.items():
        path = path.replace(before, after)
    how = {"headers": asked.get("headers"), "method": asked["method"]}
    if "files" in asked:
        how["data"] = form(field="image")
    elif "json" in asked:
        how["json"] = asked["json"]
    answer = models.open(path, **how)
    assert answer.status_code == recorded["status"]
    if recorded["status"] == 308:
        assert answer.headers["Location"].endswith(recorded["headers"]["Location"])
    elif recorded["status"] in (404, 405, 501):
        # theirs is text: here it is a problem, as everywhere in the service
        assert answer.mimetype == "application/problem+json"
    elif recorded["status"] == 422:
        assert all(isinstance(it, list) for it in answer.json.values())
    elif recorded["status"] == 200:
        assert answer.mimetype == recorded["headers"]["Content-Type"].split(";")[0]
        theirs, ours = shape_of(recorded["body"]), shape_of(answer.json)
        if "models" in recorded["body"]:
            demo = next(it for it in answer.json["models"] if it["id"] == "plugdemo")
            theirs, ours = theirs["models"][0], shape_of(demo)
        if isinstance(theirs, dict):
            assert {*theirs} - {*SAME[name]} <= {*ours}
            shared = {*theirs} & {*ours} - {"predictions"}
            assert {key: theirs[key] for key in shared} == {key: ours[key] for key in shared}
        else:
            assert ours == theirs


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings")
def test_missing_files_are_told_in_the_words_of_deepaas(models):
    recorded = json.loads((RECORDINGS / "predict_missing_file.json").read_text())
    answer = models.post("/v2/models/plugdemo/predict/")
    assert list(answer.json.values()) == list(recorded["body"].values())


def test_files_have_envelopes_in_their_order(models):
    red = io.BytesIO()
    Image.new("RGB", (8, 8), (255, 0, 0)).save(red, "PNG")
    red.seek(0)
    files = [(io.BytesIO(picture()), "green.png"), (red, "red.png")]
    fields = {
        "georef": json.dumps({"kind": "station", "lon": 1.75, "lat": 41.2}),
        "time": "2024-04-22T08:00:02Z",
        "topk": "2",
    }
    answer = models.post("/v2/models/plugdemo/predict/", data={"files": files, **fields})
    assert answer.status_code == 200, answer.json
    green, red = answer.json["predictions"]
    assert [it["features"][0]["properties"]["label"] for it in (green, red)] == ["green", "red"]
    assert green["features"][0]["geometry"] == {"type": "Point", "coordinates": [1.75, 41.2]}
    assert green["features"][0]["properties"]["file"] == "green.png"
    assert len(green["features"][0]["properties"]["scores"]) == 2


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"georef": "{"}, "georef", "expected JSON"),
        ({"georef": '{"kind": "track", "file": "/etc/passwd"}'}, "georef", "name of a file"),
        ({"georef": '{"kind": "nadir", "lon": 1, "lat": 2, "gsd_m": 1}'}, "files", "georef"),
        ({"time": "soon"}, "time", "datetime"),
        ({"conf": "2"}, "conf", "less than or equal to 1"),
        ({"colour": "2"}, "colour", "Unknown field"),
    ],
)
def test_wrong_fields_are_told_by_their_names(models, fields, field, text):
    answer = models.post("/v2/models/plugdemo/predict/", data=form(**fields))
    assert answer.status_code == 422
    assert text in answer.json[field][0]


def test_a_bad_file_is_told_without_the_folders_of_the_machine(models):
    answer = models.post("/v2/models/plugdemo/predict/", data=form(b"no image", name="../../a.png"))
    assert answer.status_code == 422
    assert answer.json["files"][0].startswith("a.png: is no image")


def test_a_broken_model_is_told_without_the_folders_of_the_machine(models, tmp_path):
    (tmp_path / "models" / "plugdemo" / "model.onnx").write_bytes(b"x")
    for answer in (
        models.post("/v2/models/plugdemo/predict/", data=form()),
        models.get("/v2/models/plugdemo/versions/1"),
    ):
        assert answer.status_code == 422
        assert str(tmp_path) not in answer.text


def tensors(**changes):
    values = np.linspace(0.0, 1.0, 48).tolist()
    tensor = {"name": "x", "shape": [1, 3, 4, 4], "datatype": "FP32", "data": values}
    return {"id": "one", "inputs": [tensor | changes]}


def test_tensors_are_answered_by_tensors(models):
    answer = models.post("/v2/models/plugdemo/infer", json=tensors())
    assert answer.status_code == 200, answer.json
    (output,) = answer.json["outputs"]
    assert (answer.json["model_name"], answer.json["id"]) == ("plugdemo", "one")
    assert (output["name"], output["shape"], output["datatype"]) == ("y", [1, 3], "FP32")
    expected = np.linspace(0.0, 1.0, 48).reshape(3, 16).mean(axis=1)
    np.testing.assert_allclose(output["data"], expected, rtol=1e-6)
    described = models.get("/v2/models/plugdemo/versions/1").json
    assert described["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 3, -1, -1]}]
    for what in ("live", "ready"):
        assert models.get(f"/v2/health/{what}").json == {what: True}
    assert models.get("/v2/models/plugdemo/ready").json == {"name": "plugdemo", "ready": True}
    assert models.get("/v2/models/plugx/ready").status_code == 404


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "z"}, "no input z"),
        ({"shape": [1, 3, 4, 5]}, "no FP32 of the shape"),
        ({"shape": [1, 3, 4, -1]}, "no FP32 of the shape"),
        ({"data": ["a"] * 48}, "no FP32"),
        ({"shape": [48]}, "the model failed"),
        ({"datatype": "INT64", "data": [1] * 48}, "the model failed"),
        ({"datatype": "BYTES"}, "datatype"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(models, changes, text):
    answer = models.post("/v2/models/plugdemo/infer", json=tensors(**changes))
    assert answer.status_code == 422
    assert text in answer.text


def test_models_whose_weights_are_elsewhere_are_not_offered(models, tmp_path, monkeypatch):
    monkeypatch.setenv("WITOIL_WEIGHTS", str(tmp_path / "weights"))
    offered = {it["id"] for it in models.get("/v2/models/").json["models"]}
    assert {"plugdemo", "shoreline-colour"} <= offered
    assert "rip-currents" not in offered
