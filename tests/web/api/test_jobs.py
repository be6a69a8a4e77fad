"""Jobs, their files and their events, over HTTP."""

import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from web.context import attach, service_of
from web.jobs import queue


def test_the_list_is_paged(client, execute):
    made = [execute().json["jobID"] for _ in range(5)]
    answer = client.get("/ogc/jobs?limit=2").json
    assert answer["numberMatched"] == 5
    found = [job["jobID"] for job in answer["jobs"]]
    links = {link["rel"]: link["href"] for link in answer["links"]}
    assert "prev" not in links
    while "next" in links:
        answer = client.get(links["next"]).json
        found += [job["jobID"] for job in answer["jobs"]]
        links = {link["rel"]: link["href"] for link in answer["links"]}
    assert sorted(found) == sorted(made)
    assert client.get(links["prev"]).status_code == 200


def test_the_list_is_narrowed(client, execute, ended):
    first, second = execute().json["jobID"], execute("optimise").json["jobID"]
    ended(first)

    def listed(query):
        return [job["jobID"] for job in client.get(f"/ogc/jobs?{query}").json["jobs"]]

    assert listed("status=successful") == [first]
    assert listed("processID=optimise") == [second]
    assert listed("status=successful&status=accepted&processID=simulate&processID=optimise") == [
        second,
        first,
    ]
    assert listed("processID=trace") == []
    assert client.get("/ogc/jobs?processID=%00").status_code == 422  # no database can look for it


def test_the_list_is_narrowed_by_times(client, execute, ended, store):
    done, waiting = execute().json["jobID"], execute("optimise").json["jobID"]
    ended(done)
    with store.session() as session:
        job = queue.get(session, None, done)
        job.started = job.finished - timedelta(seconds=100)
        job.created = datetime(2021, 8, 24, 3, 43, tzinfo=UTC)

    def listed(query):
        return [job["jobID"] for job in client.get(f"/ogc/jobs?{query}").json["jobs"]]

    assert listed("minDuration=99&type=process") == [done]
    assert listed("minDuration=102") == listed("maxDuration=98") == []
    assert listed("maxDuration=101") == [done]
    assert listed("datetime=2021-08-24T00:00:00Z/2021-08-25T00:00:00Z") == [done]
    assert listed("datetime=2021-08-24T05:43:00%2B02:00") == [done]
    assert listed("datetime=2021-08-25T00:00:00Z/..") == [waiting]
    assert listed("datetime=../2021-08-24T03:42:59Z") == []


@pytest.mark.parametrize(
    "period", ["x", "..", "2021-08-24/2021-08-25/2021-08-26", "0001-01-01", ""]
)
def test_what_is_no_period_is_refused(client, period):
    assert client.get("/ogc/jobs", query_string={"datetime": period}).status_code == 422


def test_what_was_computed_is_not_computed_again(client, case, execute, ended):
    first = execute().json
    ended(first["jobID"], {"a": 1})
    again = execute().json
    assert (again["status"], again["jobID"] != first["jobID"]) == ("successful", True)
    assert client.get(f"/ogc/jobs/{again['jobID']}/results").json["result"]["value"] == {"a": 1}
    anew = client.post(
        "/ogc/processes/simulate/execution?anew=true", json={"inputs": {"case": case}}
    )
    assert anew.json["status"] == "accepted"
    other = client.post(
        "/ogc/processes/simulate/execution", json={"inputs": {"case": case, "pictures": False}}
    )
    assert other.json["status"] == "accepted"


@pytest.fixture
def results(execute, ended):
    """Address of the files of a job, of which one is large."""
    job_id = execute().json["jobID"]
    files = {
        "particles.nc": bytes(range(256)) * 40,
        "report.html": b"<script>1</script>",
        "checkpoint/head.json": b"{}",
        "summary.json": b"{}",
    }
    ended(job_id, {}, files)
    return f"/ogc/jobs/{job_id}/files/"


def test_files_have_types_etags_and_ranges(client, results):
    whole = client.get(results + "particles.nc", buffered=True)
    assert whole.mimetype == "application/x-netcdf"
    assert whole.data == bytes(range(256)) * 40
    part = client.get(results + "particles.nc", buffered=True, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, bytes(range(10, 20)))
    last = client.get(results + "particles.nc", buffered=True, headers={"Range": "bytes=-99999"})
    assert (last.status_code, last.data) == (206, whole.data)
    same = client.get(
        results + "particles.nc", buffered=True, headers={"If-None-Match": whole.headers["ETag"]}
    )
    assert (same.status_code, same.data) == (304, b"")
    beyond = client.get(results + "particles.nc", buffered=True, headers={"Range": "bytes=99999-"})
    assert (beyond.status_code, beyond.mimetype) == (416, "application/problem+json")


def test_pages_of_jobs_reach_nothing_of_the_service(client, results):
    policy = client.get(results + "report.html", buffered=True).headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-same-origin" not in policy


@pytest.mark.parametrize(
    "name",
    [
        "checkpoint/head.json",
        "../witoil.sqlite",
        "..%2f..%2fwitoil.sqlite",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "particles.nc/",
        "./particles.nc",
        "nothing",
        "%00",
        "*.nc",
    ],
)
def test_nothing_else_is_sent(client, results, name):
    assert client.get(results + name).status_code in (404, 308)
    assert client.get(results + name, follow_redirects=True).status_code == 404


def test_a_link_in_a_folder_is_not_followed(client, execute, ended, settings, tmp_path):
    job_id = execute().json["jobID"]
    ended(job_id, {}, {"summary.json": b"{}"})
    secret = tmp_path / "secret"
    secret.write_text("swordfish")
    (settings.jobs / job_id / "particles.nc").symlink_to(secret)
    assert "particles" not in client.get(f"/ogc/jobs/{job_id}/results").json
    assert client.get(f"/ogc/jobs/{job_id}/files/particles.nc").status_code == 404


def test_figures_are_json(client, execute, ended, store):
    job_id = execute().json["jobID"]
    ended(job_id, {"paths": ["/srv/jobs/1/a.nc"], "text": "<b>"})
    answer = client.get(f"/ogc/jobs/{job_id}/results")
    assert answer.json["result"]["value"] == {"paths": ["a.nc"], "text": "<b>"}


def events_of(answer):
    """Return ids and documents of a stream that has ended, and close it."""
    answer.get_data()
    answer.close()
    blocks = [block for block in answer.text.split("\n\n") if block.startswith("id: ")]
    rows = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [(int(row["id"]), json.loads(row["data"])) for row in rows]


def test_events_are_replayed_and_gone_on_with(client, execute, ended):
    job_id = execute().json["jobID"]
    ended(job_id)
    answer = client.get(f"/ogc/jobs/{job_id}/events")
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    found = events_of(answer)
    assert [told["status"] for _, told in found] == ["accepted", "running", "successful"]
    assert found[-1][1]["progress"] == 100
    for k in range(3):
        later = client.get(
            f"/ogc/jobs/{job_id}/events", headers={"Last-Event-ID": str(found[k][0])}
        )
        assert events_of(later) == found[k + 1 :]


@pytest.mark.parametrize("last", ["", "x", "-1", "٣", "1" * 18])
def test_streams_end_whatever_the_last_event_was(client, execute, ended, last):
    job_id = execute().json["jobID"]
    ended(job_id)
    answer = client.get(
        f"/ogc/jobs/{job_id}/events", headers={"Last-Event-ID": last.encode().decode("latin-1")}
    )
    assert len(events_of(answer)) == (0 if last.isascii() and last.isdigit() else 3)


def test_a_stream_goes_on_until_the_job_ends(client, execute, ended, monkeypatch):
    monkeypatch.setattr("web.api.events.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("web.api.events.PING_SECONDS", 0.05)
    job_id = execute().json["jobID"]
    answer = client.get(f"/ogc/jobs/{job_id}/events", buffered=False)
    lines = (line.decode() for line in answer.response)
    seen = [next(lines), next(lines), next(lines)]
    assert [line.partition(":")[0] for line in seen] == ["retry", "id", ""]  # the last is a ping
    ended(job_id)
    assert any('"successful"' in line for line in lines)


def test_streams_are_bounded_and_given_back(app, client, execute):
    job_id = execute().json["jobID"]
    address = f"/ogc/jobs/{job_id}/events"
    open_ones = [client.get(address, buffered=False) for _ in range(2)]
    refused = client.get(address)
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert client.head(address).status_code == 200
    open_ones.pop().close()  # whoever has gone away before the first line
    next(iter(open_ones[0].response))
    open_ones.pop().close()
    for _ in range(3):
        client.get(address, buffered=False).close()


def test_streams_end_with_the_service(app, client, execute):
    job_id = execute().json["jobID"]
    threading.Timer(0.1, service_of(app).stopping.set).start()
    assert [told["status"] for _, told in events_of(client.get(f"/ogc/jobs/{job_id}/events"))] == [
        "accepted"
    ]


def test_short_work_that_ends_in_time_is_answered_at_once(client, execute, ended, store, settings):
    app = client.application
    patient = settings.model_copy(update={"wait_seconds": 60.0})
    attach(app, replace(service_of(app), settings=patient))
    inputs = {"run": "catalogue:winds", "observation": "catalogue:winds"}

    def end():
        jobs = []
        while not jobs:
            time.sleep(0.05)
            with store.reading() as session:
                jobs, _ = queue.list_jobs(session, None)
        ended(jobs[0].id, {"fss": {"1": 0.5}})

    threading.Thread(target=end, daemon=True).start()
    answer = execute("score", **inputs)
    assert (answer.status_code, answer.json) == (200, {"result": {"value": {"fss": {"1": 0.5}}}})
