"""Answers keep to OGC API – Processes 1.0, by the schemas of the standard."""

import json

import jsonschema_rs
import pytest
import yaml


@pytest.fixture(scope="module")
def keeps_to(standards):
    """Have a document checked by a schema of the standard."""

    def retrieve(uri):
        return yaml.safe_load((standards / uri.rpartition("/")[2]).read_text())

    def check(document, name):
        validator = jsonschema_rs.Draft4Validator(
            {"$ref": f"json-schema:///{name}.yaml"}, retriever=retrieve, validate_formats=True
        )
        mistakes = [
            f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)
        ]
        assert mistakes == []

    return check


def test_the_schemas_refuse_what_is_wrong(keeps_to):
    with pytest.raises(AssertionError, match="status"):
        keeps_to({"jobID": "1", "type": "process", "status": "lost"}, "statusInfo")
    with pytest.raises(AssertionError, match="href"):
        keeps_to({"links": [{"rel": "self"}]}, "landingPage")


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/ogc/", "landingPage"),
        ("/ogc", "landingPage"),
        ("/ogc/conformance", "confClasses"),
        ("/ogc/processes", "processList"),
        ("/ogc/jobs", "jobList"),
        ("/ogc/processes/nothing", "exception"),
        ("/ogc/jobs/nothing", "exception"),
    ],
)
def test_documents(client, keeps_to, path, schema):
    keeps_to(client.get(path).json, schema)


@pytest.mark.slow
def test_processes(client, keeps_to):
    listed = client.get("/ogc/processes").json["processes"]
    assert {"simulate", "optimise", "forecast", "trace", "ensemble", "reconstruct", "score"} <= {
        process["id"] for process in listed
    }
    for process in listed:
        described = client.get(f"/ogc/processes/{process['id']}").json
        keeps_to(described, "process")
        assert described.items() >= process.items()
        assert described["outputs"]["result"]


def test_inputs_refer_to_schemas_that_are_there(client):
    document = client.get("/openapi.json").json
    described = client.get("/ogc/processes/simulate").json["inputs"]
    found = document
    address, _, pointer = described["case"]["schema"]["$ref"].partition("#")
    assert address.endswith("/openapi.json")
    for key in pointer.strip("/").split("/"):
        found = found[key]
    assert found["$ref"].endswith("/Case")
    case = document["components"]["schemas"]["Case"]
    assert {"name", "time", "release"} <= case["properties"].keys()
    assert "folder" not in case["properties"]


@pytest.mark.slow
def test_a_job_from_its_start_to_its_results(client, keeps_to, execute, ended):
    answer = execute()
    assert answer.status_code == 201, answer.json
    assert answer.status_code == 201
    keeps_to(answer.json, "statusInfo")
    assert answer.json["status"] == "accepted"
    job_id = answer.json["jobID"]
    assert answer.headers["Location"] == f"http://localhost/ogc/jobs/{job_id}"

    missing = client.get(f"/ogc/jobs/{job_id}/results")
    keeps_to(missing.json, "exception")
    assert (missing.status_code, missing.json["type"].rpartition("/")[2]) == (
        404,
        "result-not-ready",
    )

    ended(
        job_id,
        {"fss": 0.5, "none": None},
        {"particles.nc": b"CDF", "mask_1.tif": b"II", "x.py": b""},
    )
    status = client.get(f"/ogc/jobs/{job_id}").json
    keeps_to(status, "statusInfo")
    assert (status["status"], status["progress"]) == ("successful", 100)
    (link,) = (link for link in status["links"] if link["rel"].endswith("/results"))
    results = client.get(link["href"]).json
    keeps_to(results, "results")
    assert results["result"]["value"] == {"fss": 0.5, "none": None}
    assert results["particles"]["type"] == "application/x-netcdf"
    assert [link["href"].rpartition("/")[2] for link in results["masks"]] == ["mask_1.tif"]
    assert "x.py" not in json.dumps(results)
    keeps_to(client.get("/ogc/jobs").json, "jobList")


def test_why_a_job_failed(client, keeps_to, execute, ended):
    job_id = execute().json["jobID"]
    ended(job_id, reason="/srv/data/uploads/7/mask.tif: no such file")
    status = client.get(f"/ogc/jobs/{job_id}").json
    assert (status["status"], status["message"]) == ("failed", "mask.tif: no such file")
    answer = client.get(f"/ogc/jobs/{job_id}/results")
    keeps_to(answer.json, "exception")
    assert answer.status_code == 409
    assert answer.json["detail"] == "the job failed: mask.tif: no such file"


def test_dismissing(client, keeps_to, execute):
    job_id = execute().json["jobID"]
    answer = client.delete(f"/ogc/jobs/{job_id}")
    keeps_to(answer.json, "statusInfo")
    assert answer.json["status"] == "dismissed"
    assert client.get(f"/ogc/jobs/{job_id}").json["status"] == "dismissed"
    assert client.get(f"/ogc/jobs/{job_id}/results").status_code == 404
    assert client.delete(f"/ogc/jobs/{job_id}").json["status"] == "dismissed"


def test_a_value_may_be_qualified_as_the_standard_has_objects(client, case, store):
    inputs = {"case": {"value": case, "mediaType": "application/json"}, "pictures": False}
    answer = client.post("/ogc/processes/simulate/execution", json={"inputs": inputs})
    assert answer.status_code == 201
    from web.jobs import queue

    with store.reading() as session:
        job = queue.get(session, None, answer.json["jobID"])
    assert job.inputs == {"case": case, "pictures": False}


@pytest.mark.parametrize(
    ("inputs", "pointer"),
    [
        ({"case": {"href": "http://127.0.0.1/case.json"}}, "/inputs/case"),
        ({"case": {"value": {}, "encoding": "base64"}}, "/inputs/case"),
        ({"case": {"value": {}, "mediaType": "text/xml"}}, "/inputs/case"),
    ],
)
def test_values_by_reference_or_in_another_form_are_refused(client, inputs, pointer):
    answer = client.post("/ogc/processes/simulate/execution", json={"inputs": inputs})
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


def test_short_work_is_waited_for_unless_one_prefers_not_to(client, execute, keeps_to):
    inputs = {"run": "catalogue:winds", "observation": "catalogue:winds"}
    late = client.post("/ogc/processes/score/execution", json={"inputs": inputs})
    assert late.status_code == 201  # as there is no runner
    assert "Preference-Applied" not in late.headers
    asked = client.post(
        "/ogc/processes/score/execution",
        json={"inputs": inputs},
        headers={"Prefer": "respond-async"},
    )
    assert (asked.status_code, asked.headers["Preference-Applied"]) == (201, "respond-async")
    keeps_to(asked.json, "statusInfo")
