import os
from pathlib import Path

import pytest

from tests.web.applications import application
from tests.web.people import ended_with, people
from web.context import service_of
from web.jobs import queue
from web.settings import Settings

ROOT = Path(__file__).parents[3]

CASE = {
    "name": "spill",
    "time": {"start": "2021-08-24T00:00:00Z", "end": "2021-08-24T12:00:00Z"},
    "forcing": {"currents": "none", "winds": "catalogue:winds"},
    "release": [{"kind": "point", "lon": 35.9, "lat": 35.1, "mass_tonnes": 10}],
    "model": {"particles": 100},
}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service of people, for tests that share it."""
    with people(tmp_path_factory.mktemp("service"), allowed_hosts="data.example.org") as made:
        yield made


@pytest.fixture(scope="module")
def anna(service):
    return service.client("anna")


@pytest.fixture(scope="module")
def job(service, anna, twin_run):
    """Id of a job of Anna's that left a run of the twin."""
    return ended_with(service, anna, twin_run)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    for name in os.environ:
        if name.startswith("WITOIL_"):
            monkeypatch.delenv(name)
    catalogue = tmp_path / "catalogue.toml"
    (tmp_path / "winds.nc").touch()
    catalogue.write_text('[winds]\ntitle = "Winds"\nfiles = "winds.nc"\n')
    return Settings(
        data=tmp_path / "data", auth="off", wait_seconds=0.2, streams=2, catalogue=catalogue
    )


@pytest.fixture
def app(settings):
    """A service without runners: whatever is asked of it stays in the queue."""
    with application(settings) as made:
        yield made


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def store(app):
    return service_of(app).store


@pytest.fixture
def case():
    """A case; nothing that it names is there."""
    return CASE | {"release": [dict(CASE["release"][0])]}


@pytest.fixture
def execute(client, case):
    """Ask for a process; the changes are of the inputs."""

    def ask(process="simulate", **inputs):
        return client.post(
            f"/ogc/processes/{process}/execution", json={"inputs": inputs or {"case": case}}
        )

    return ask


@pytest.fixture
def ended(store, settings):
    """Have a job that waits end as if a runner had done it, with files."""

    def end(job_id, result=None, files=(), reason=None):
        from datetime import timedelta

        with store.session() as session:
            while (job := queue.claim(session, "runner", timedelta(minutes=1))).id != job_id:
                pass
            held = queue.Held.of(job)
            for name, content in dict(files).items():
                path = settings.jobs / job.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if reason is None:
                queue.finish(session, held, result or {})
            else:
                queue.fail(session, held, reason)

    return end


@pytest.fixture(scope="session")
def standards():
    """Folder of the schemas of OGC API – Processes 1.0, which are no part of the repository."""
    folder = Path(os.environ.get("WITOIL_STANDARDS", ROOT / "../shared/standards")).resolve()
    folder = folder / "ogcapi-processes-1.0"
    if not folder.is_dir():
        pytest.skip(f"schemas not found at {folder}; set WITOIL_STANDARDS to the folder above")
    return folder
