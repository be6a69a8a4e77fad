"""How a search goes, what a job was asked with, and what the operator has named."""

import json

from tests.web.people import assert_problem
from web.jobs.processes import PROCESSES

SCORED = {"score": 0.5, "fss": {"1": 0.4, "7": None}, "parameters": {"wind_drift_factor": 0.02}}


def study(count, **changes):
    """Return a study as it stands after some trials."""
    rows = [
        {"number": k, "parameters": {"wind_drift_factor": 0.01 * k}, "score": k and 0.1 * k}
        for k in range(count)
    ]
    rows[0]["score"] = None  # a run that failed
    return {
        "default": SCORED,
        "persistence": None,
        "useful_fss": 0.6,
        "best": SCORED,
        "history": rows,
        **changes,
    }


def write(settings, job, text):
    folder = settings.jobs / job
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.json").write_text(text)


def test_trials_are_listed_while_a_search_runs(client, execute, settings):
    job = execute("optimise").json["jobID"]
    address = f"/ogc/jobs/{job}/trials"
    assert_problem(client.get(address), 404, "has not tried anything yet")
    write(settings, job, json.dumps(study(5)))
    found = client.get(address).json
    assert [row["score"] for row in found["trials"]] == [None, 0.1, 0.2, 0.1 * 3, 0.4]
    assert (found["number_matched"], found["useful_fss"]) == (5, 0.6)
    assert (found["best"]["fss"], found["persistence"]) == ({"1": 0.4, "7": None}, None)
    later = client.get(f"{address}?first=3").json
    assert [row["number"] for row in later["trials"]] == [3, 4]
    assert client.get(f"{address}?first=9").json["trials"] == []
    for wrong in ("first=-1", "first=x", "last=3"):
        assert_problem(client.get(f"{address}?{wrong}"), 422)


def test_trials_of_what_does_not_search(client, execute):
    job = execute("simulate").json["jobID"]
    assert_problem(client.get(f"/ogc/jobs/{job}/trials"), 404)


def test_a_study_of_another_kind_has_no_trials_of_this_kind(client, execute, settings):
    job = execute("forecast").json["jobID"]
    rows = [{"number": 0, "parameters": {}, "outcomes": {}}]
    write(settings, job, json.dumps(study(1, history=rows, best=None)))
    found = client.get(f"/ogc/jobs/{job}/trials").json
    assert (found["trials"], found["best"]) == ([], None)


def test_inputs_are_given_back_as_they_were_sent(client, execute, case):
    asked = {**case, "oil": {"name": None, "api_gravity": 28}}
    job = execute("simulate", case=asked, pictures=False).json["jobID"]
    told = client.get(f"/ogc/jobs/{job}/inputs").json
    assert told == {"processID": "simulate", "inputs": {"case": asked, "pictures": False}}
    # and may be asked with again
    assert execute(told["processID"], **told["inputs"]).status_code == 201


def test_the_catalogue_tells_names_and_no_paths(client, settings):
    found = client.get("/catalogue")
    assert found.json["entries"] == [
        {"name": "winds", "title": "Winds", "reference": "catalogue:winds"}
    ]
    assert str(settings.catalogue.parent) not in found.text


def test_each_job_with_a_case_has_a_verdict():
    from witoil.report.verdicts import OF_JOB

    with_case = {name for name, process in PROCESSES.items() if not process.is_short}
    assert OF_JOB.keys() == with_case - {"fetch", "predict", "train"}


def test_a_link_leads_to_its_job_and_no_further_without_tokens_too(client, execute, ended):
    job, other = (execute("simulate").json["jobID"] for _ in range(2))
    ended(job, {"verdict": {}})
    secret = client.post("/shares", json={"job": job}).json["href"].rpartition("/")[2]
    headers = {"Authorization": f"Share {secret}"}
    assert client.get("/session", headers=headers).json["job"] == job
    assert client.get(f"/ogc/jobs/{job}", headers=headers).status_code == 200
    for path in (f"/ogc/jobs/{other}", "/ogc/jobs", "/uploads"):
        assert client.get(path, headers=headers).status_code in (403, 404), path
