"""Short jobs that are done while a request waits, without a runner."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.web.people import people
from tests.web.previewing import serving, twin_case
from web.context import attach, service_of
from web.errors import TooLargeError, UnavailableError
from web.jobs import queue
from web.jobs.processes import PROCESSES
from web.previews import asking, at_once, previewer

pytestmark = pytest.mark.usefixtures("compiled")


@pytest.fixture(scope="module")
def inputs(demo_twin):
    """Inputs of `check` with names of a catalogue, and that catalogue."""
    names = {}

    def named(file):
        names[file.partition(".")[0]] = file
        return f"catalogue:{file.partition('.')[0]}"

    case = twin_case(demo_twin, named)
    rows = (
        f'[{name}]\ntitle = "-"\nfiles = "{demo_twin / file}"\n' for name, file in names.items()
    )
    return {"case": case}, "".join(rows)


@pytest.fixture
def service(tmp_path, inputs):
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(inputs[1] + '[broken]\ntitle = "-"\nfiles = "broken.nc"\n')
    (tmp_path / "broken.nc").write_text("none")
    with people(tmp_path, auth="off", catalogue=catalogue, wait_seconds=60.0) as made:
        yield made


def check(service, inputs, **options):
    path = "/ogc/processes/check/execution"
    return service.client().post(path, json={"inputs": inputs}, **options)


@pytest.mark.slow
def test_a_short_job_is_done_without_a_runner(service, inputs, demo_twin, tmp_path):
    with serving(service.settings.data):
        answer = check(service, inputs[0])
        assert answer.status_code == 200, answer.text
        resolved = {"case": twin_case(demo_twin)}
        expected = PROCESSES["check"].work(resolved, tmp_path / "x", lambda *_: None)
        found = answer.json["result"]["value"]
        assert found.keys() == expected.keys()
        assert found["would_run"] is expected["would_run"] is True

        broken = {**inputs[0]["case"], "forcing": {"currents": "none", "winds": "catalogue:broken"}}
        answer = check(service, {"case": broken})
        assert answer.status_code == 200
        assert answer.json["result"]["value"]["would_run"] is False
        assert "broken.nc" in answer.text
        assert str(tmp_path) not in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("bound", [("MOST_JOBS", 0), None])
def test_what_takes_longer_is_left_to_a_runner(service, inputs, monkeypatch, bound):
    settings = service.settings.model_copy(update={"wait_seconds": 0.05})
    attach(service.app, replace(service_of(service.app), settings=settings))
    if bound:
        monkeypatch.setattr(previewer, *bound)
    with serving(service.settings.data):
        answer = check(service, inputs[0])
    assert answer.status_code == 201
    assert answer.json["status"] == "accepted"


@pytest.mark.slow
@pytest.mark.parametrize("preview_bytes", [4_000_000, 60_000_000, 120_000_000])
def test_what_takes_more_memory_is_not_called_wrong(demo_twin, tmp_path, preview_bytes):
    case = twin_case(demo_twin)
    job = {"job": "1", "process": "check", "inputs": {"case": case}, "seconds": 60.0}
    with (
        serving(tmp_path / "data", preview_bytes=preview_bytes),
        pytest.raises(TooLargeError, match="memory"),
    ):
        asking.ask(tmp_path / "data", {**job, "folder": str(tmp_path / "job")})


def test_without_the_process_of_previews_nobody_takes_it(service, inputs, monkeypatch):
    monkeypatch.setattr(queue, "take", None)
    answer = check(service, inputs[0], headers={"Prefer": "respond-async"})
    assert answer.status_code == 201
    assert answer.json["status"] == "accepted"


@pytest.fixture
def taken(service, inputs, monkeypatch):
    """A job of a request that waits, and what is to be done for it."""
    monkeypatch.setattr(asking, "is_there", lambda data: True)
    with service.store.session() as session:
        job = queue.submit(session, "anna", "check", inputs[0], "key")
        asked = at_once.take(session, job, service.settings)
    with service.store.session() as session:
        assert queue.claim(session, "runner", timedelta(seconds=1)) is None
    return job, asked


def state(service, job):
    with service.store.reading() as session:
        return queue.get(session, "anna", job.id)


@pytest.mark.parametrize(
    ("outcome", "ends"),
    [
        ({"result": {"a": 1}, "note": "done"}, "successful"),
        ({"reason": "/tmp/room/1/winds.nc: no winds"}, "failed"),
        (UnavailableError("away"), "accepted"),
    ],
)
def test_how_a_job_ends(service, taken, monkeypatch, outcome, ends):
    def ask(data, question, seconds):
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(asking, "ask", ask)
    job, asked = taken
    at_once.do(service.store, job, asked, service.settings.data)
    found = state(service, job)
    assert found.state == ends
    assert found.reason in (None, "winds.nc: no winds")
    assert found.runner is None or ends != "accepted"


def test_a_job_that_is_dismissed_meanwhile_stays_so(service, taken, monkeypatch):
    job, asked = taken

    def ask(data, question, seconds):
        with service.store.session() as session:
            queue.dismiss(session, "anna", job.id)
        return {"result": {}, "note": ""}

    monkeypatch.setattr(asking, "ask", ask)
    at_once.do(service.store, job, asked, service.settings.data)
    assert state(service, job).state == "dismissed"


def test_a_job_that_was_computed_before_is_not_taken(service, inputs, monkeypatch):
    monkeypatch.setattr(asking, "is_there", lambda data: True)
    monkeypatch.setattr(asking, "ask", lambda *_: {"result": {"a": 1}, "note": ""})
    first = check(service, inputs[0])
    monkeypatch.setattr(asking, "ask", None)
    second = check(service, inputs[0])
    assert first.status_code == second.status_code == 200
    assert first.json["result"] == second.json["result"]
