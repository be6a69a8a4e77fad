"""Hosted modules, trainings and the simulator at the addresses of DEEPaaS, against recordings."""

import io
import json

import pytest

from tests.plugins.builders import CASES
from tests.plugins.deepaas import hosting
from tests.web.people import assert_problem
from web.context import service_of
from web.jobs import queue
from witoil.plugins.errors import PluginError

RECORDINGS = CASES.parent / "reference" / "deepaas"
THREE, FOUR = b"\1\2\3", b"boom"

SAME = (
    "a_accept_query_zip",
    "b_accept_header_png",
    "b_accept_query_png",
    "b_ok",
    "b_train",
    "c_accept_json",
    "c_accept_zip",
    "c_image",
    "c_nothing",
    "c_zip_field",
    "model",
    "models",
    "model_noslash",
    "models_noslash",
    "model_unknown",
    "multi_models",
    "predict_accept_json",
    "predict_accept_unknown",
    "predict_accept_zip",
    "predict_bad_type",
    "predict_enum_not_validated",
    "predict_form_args",
    "predict_get",
    "predict_json_body",
    "predict_missing_file",
    "predict_ok",
    "predict_out_of_range",
    "predict_query",
    "predict_raises",
    "train_bad_arg",
    "train_list_empty",
    "train_unknown",
    "v2",
    "debug",
    "x_broken",
    "docs",
)
"""Recordings whose answers are the same, status, type and values."""

OTHER = {
    "api": "the page with the addresses is another one, at /api/swagger, to which it leads",
    "root": "the first page of the service is at /, and of OGC API at /ogc/",
    "swagger": "models alone are described, with those of ours beside the hosted ones",
    "multi_swagger": "the same",
    "demoapp_swagger": "a module that is not at hand; its form is read in test_hosted_forms",
    "demoapp_models": "the same",
    "demoapp_predict": "the same",
    "demoapp_predict_missing": "the same",
    "train_start": "a training is a job: replayed below, with the rest of its life",
    "train_start_long": "the same",
    "train_start_fail": "the same",
    "train_running": "the same",
    "train_done": "the same",
    "train_error": "the same",
    "train_list": "the same",
    "train_cancel": "DELETE works here; there it answers 500",
    "train_after_cancel": "the same status after it",
}
"""Why others are not, or are replayed otherwise."""


@pytest.fixture(scope="module")
def hosted(hosted_modules, tmp_path_factory):
    """The folder, after which no module goes on."""
    yield hosted_modules
    from witoil.plugins.hosted import process

    for each in list(process._RUNNING):
        each.stop()


@pytest.fixture
def models(client, hosted, monkeypatch):
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(hosted))
    return client


@pytest.fixture
def made(client, tmp_path, monkeypatch):
    """A service with a module of which only the form is known."""
    text = {"in": "query", "type": "integer", "name": "epochs"}
    record = hosting.record(
        "plugdemo",
        train={"parameters": [text, {"in": "query", "type": "boolean", "name": "fail"}]},
        can_be_trained=True,
    )
    hosting.write_record(tmp_path / "models" / "plugdemo", record)
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path / "models"))
    return client


def recording(name):
    return json.loads((RECORDINGS / f"{name}.json").read_text())


def asked(client, recorded):
    """Ask what was asked when a recording was made."""
    request = recorded["request"]
    how = {"headers": request.get("headers"), "method": request["method"]}
    if "files" in request:
        how["data"] = {
            field: (io.BytesIO(FOUR if size == 4 else THREE), name, kind)
            for field, (name, size, kind) in request["files"].items()
        } | request.get("data", {})
    elif "json" in request:
        how["json"] = request["json"]
    return client.open(request["path"], **how)


needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings")


@needs_recordings
def test_all_recordings_are_looked_at():
    assert {*SAME, *OTHER} == {path.stem for path in RECORDINGS.glob("*.json")}
    assert not {*SAME} & {*OTHER}


@needs_recordings
@pytest.mark.slow
@pytest.mark.parametrize("name", SAME)
def test_answers_are_those_of_deepaas_itself(models, name):
    recorded = recording(name)
    answer = asked(models, recorded)
    body, status = recorded["body"], recorded["status"]
    assert answer.status_code == status, answer.text
    if status == 308:
        assert answer.headers["Location"].endswith(recorded["headers"]["Location"])
    elif status in (404, 405, 500, 501):  # there text, here a problem as in all of the service
        assert answer.mimetype == "application/problem+json"
    elif status == 204:
        assert answer.data == b""
    elif "head_hex" in body:
        assert answer.mimetype == recorded["headers"]["Content-Type"]
        assert answer.data.startswith(bytes.fromhex(body["head_hex"]))
    else:
        assert answer.mimetype == recorded["headers"]["Content-Type"].split(";")[0]
        assert_holds(answer.json, body)


def assert_holds(ours, theirs):
    """Assert that all that DEEPaaS tells is told, of modules beside others."""
    if isinstance(theirs, dict) and "models" in theirs:
        found = {it["id"]: it for it in ours["models"]}
        for model in theirs["models"]:
            assert_holds(found[model["id"]], model)
    elif isinstance(theirs, dict):
        assert {*theirs} <= {*ours}
        for key, value in theirs.items():
            assert_holds(ours[key], value)
    elif isinstance(theirs, list):
        assert len(ours) >= len(theirs)  # a link to its page more
        for our, their in zip(ours, theirs, strict=False):
            assert_holds(our, their)
    elif isinstance(theirs, str) and theirs.startswith("/v2/"):
        assert ours.endswith(theirs)
    else:
        assert ours == theirs


@pytest.mark.slow
def test_a_module_that_fails_is_told_with_the_last_line_of_its_log(models):
    form = {"image": (io.BytesIO(FOUR), "a.png")}
    answer = models.post("/v2/models/plugdemo/predict/", data=form)
    assert_problem(answer, 500, "plugdemo: failed; its log ends with: ValueError: the picture went")


@pytest.mark.slow
def test_fields_that_a_module_does_not_know_are_refused(models):
    form = {"image": (io.BytesIO(THREE), "a.png"), "colour": "red"}
    answer = models.post("/v2/models/plugdemo/predict/", data=form)
    assert (answer.status_code, answer.json) == (422, {"colour": ["Unknown field."]})


@pytest.mark.slow
def test_what_a_module_answers_is_no_page_of_the_service(models):
    form = {"image": (io.BytesIO(THREE), "a.png")}
    answer = models.post("/v2/models/plugdemo/predict/", data=form)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.slow
@needs_recordings
def test_the_form_of_a_training_is_that_of_deepaas_all_its_life(made, ended):
    def train(query):
        return made.post(f"/v2/models/plugdemo/train/?{query}")

    def shape(document):
        return {key: type(value).__name__ for key, value in document.items()}

    first = train("epochs=2&fail=false")
    assert first.status_code == 200
    assert shape(first.json) == shape(recording("train_start")["body"])
    assert first.json["args"] == recording("train_start")["body"]["args"]
    address = f"/v2/models/plugdemo/train/{first.json['uuid']}"
    assert shape(made.get(address).json) == shape(recording("train_running")["body"])
    ended(first.json["uuid"], {"output": {"status": "done", "loss": 0.5}})
    done, theirs = made.get(address).json, recording("train_done")["body"]
    assert shape(done) == shape(theirs)
    assert shape(done["result"]) == shape(theirs["result"])
    assert done["result"]["output"] == theirs["result"]["output"]
    second = train("epochs=0&fail=true").json
    ended(second["uuid"], reason="diverged")
    wrong, theirs = (
        made.get(f"/v2/models/plugdemo/train/{second['uuid']}").json,
        recording("train_error")["body"],
    )
    assert shape(wrong) == shape(theirs)
    assert (wrong["status"], wrong["message"]) == ("error", "diverged")
    listed = made.get("/v2/models/plugdemo/train/").json
    assert [shape(it) for it in listed] == [shape(it) for it in recording("train_list")["body"]]
    third = train("epochs=60").json
    address = f"/v2/models/plugdemo/train/{third['uuid']}"
    gone = made.delete(address)
    assert (gone.status_code, gone.json["status"]) == (200, "cancelled")  # upstream: 500
    assert made.get(address).status_code == recording("train_after_cancel")["status"]
    assert len(made.get("/v2/models/plugdemo/train/").json) == 2


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("epochs=x", {"epochs": ["Not a valid integer."]}),
        ("fail=perhaps", {"fail": ["Not a valid boolean."]}),
        ("colour=1", {"colour": ["Unknown field."]}),
    ],
)
def test_wrong_fields_of_a_training_are_told_at_once(made, query, answer):
    found = made.post(f"/v2/models/plugdemo/train/?{query}")
    assert (found.status_code, found.json) == (422, answer)


@pytest.mark.slow
def test_a_training_of_another_model_is_none_of_this_one(made):
    begun = made.post("/v2/models/plugdemo/train/?epochs=2").json
    assert made.get(f"/v2/models/witoil/train/{begun['uuid']}").status_code == 404
    assert made.get("/v2/models/witoil/train/").json == []


CASE_TOML = """
name = "spill"
[time]
start = 2021-08-24T00:00:00Z
end = 2021-08-24T12:00:00Z
[forcing]
currents = "none"
winds = "catalogue:winds"
[[release]]
kind = "point"
lon = 35.9
lat = 35.1
mass_tonnes = 10
[model]
particles = 100
"""


def test_the_simulator_predicts_by_simulating(client, store, app):
    form = {"case": (io.BytesIO(CASE_TOML.encode()), "case.toml")}
    answer = client.post("/v2/models/witoil/predict/", data=form)
    assert answer.status_code == 202  # nobody does it here
    job = answer.json["predictions"]
    with store.reading() as session:
        assert queue.get(session, None, job["jobID"]).process == "simulate"
    assert service_of(app).settings.wait_seconds < 1.0


def test_the_simulator_answers_with_what_came_of_it(client, ended, case):
    form = {"case": json.dumps(case)}
    first = client.post("/v2/models/witoil/predict/", data=form).json["predictions"]
    ended(first["jobID"], {"afloat": 1}, {"summary.json": b"{}"})
    answer = client.post("/v2/models/witoil/predict/", data=form)  # the same: it has been computed
    assert answer.status_code == 200
    assert answer.json["status"] == "OK"
    assert answer.json["predictions"]["result"]["value"] == {"afloat": 1}
    assert answer.json["predictions"]["summary"]["href"].endswith("files/summary.json")


def test_the_simulator_trains_by_calibrating(client, store):
    begun = client.post("/v2/models/witoil/train/", data={"case": CASE_TOML}).json
    with store.reading() as session:
        assert queue.get(session, None, begun["uuid"]).process == "optimise"
    (listed,) = client.get("/v2/models/witoil/train/").json
    assert listed["status"] == "running"
    assert client.delete(f"/v2/models/witoil/train/{begun['uuid']}").json["status"] == "cancelled"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Missing data for required field."),
        ("[time", "is neither TOML nor JSON"),
        ("{" * 5000, "is neither TOML nor JSON"),
        ('name = "a"', "forcing"),
        (CASE_TOML + 'colour = "red"', "colour"),
        (CASE_TOML.replace("10", "nan"), "is neither TOML nor JSON"),
        ('{"name": NaN}', "is neither TOML nor JSON"),
    ],
)
def test_a_case_that_is_none_is_told(client, text, says):
    for task in ("predict", "train"):
        answer = client.post(f"/v2/models/witoil/{task}/", data={"case": text})
        assert answer.status_code == 422
        assert says in " ".join(answer.json["case"])


def test_a_case_may_name_what_is_stored_and_nothing_else(client):
    text = CASE_TOML.replace("catalogue:winds", "/etc/passwd")
    answer = client.post("/v2/models/witoil/predict/", data={"case": text})
    assert answer.status_code == 422
    assert "winds" in answer.text


def test_a_job_takes_parameters_of_a_hosted_module_and_no_others(client, tmp_path, monkeypatch):
    fields = [
        {"name": "image", "in": "formData", "type": "file", "required": True},
        {"name": "task", "in": "query", "type": "string"},
    ]
    hosting.write_record(tmp_path / "models" / "plugdemo", hosting.record("plugdemo", fields))
    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(tmp_path / "models"))

    def ask(**parameters):
        inputs = {"module": "plugdemo", "version": "1", "files": ["catalogue:winds"]}
        inputs["parameters"] = parameters
        return client.post("/ogc/processes/predict/execution", json={"inputs": inputs})

    assert ask(task="mean").status_code == 201, ask(task="mean").text
    answer = ask(conf=0.5)
    assert_problem(answer, 422, "parameters: found 'conf', expected one of task")


@pytest.mark.slow
def test_a_training_is_a_job_whose_files_are_results(hosted, tmp_path, monkeypatch):
    from web.jobs.processes import PROCESSES

    monkeypatch.setenv("WITOIL_PLUGIN_PATH", str(hosted))
    told = []
    found = PROCESSES["train"].work(
        {"module": "plugdemo", "parameters": {"epochs": 3.0}},
        tmp_path,
        lambda share, note: told.append(note),
    )
    assert found["output"] == {"status": "done", "loss": 0.5}
    assert any("training since" in note for note in told)
    assert (tmp_path / "trained").is_dir()
    with pytest.raises(PluginError, match="is not trained here"):
        PROCESSES["train"].work({"module": "plugc"}, tmp_path, lambda share, note: None)


def test_swagger_describes_forms_as_deepaas_does(made):
    found = made.get("/swagger.json").json
    assert found["swagger"] == "2.0"
    train = found["paths"]["/v2/models/plugdemo/train/"]["post"]
    assert [it["name"] for it in train["parameters"]] == ["epochs", "fail"]
    predict = found["paths"]["/v2/models/witoil/predict/"]["post"]
    assert predict["parameters"][0]["name"] == "case"
    assert "$ref" not in json.dumps(found)
