"""A copy of a service that runs: whole, and gone on with elsewhere."""

import os
import sqlite3
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.web.conftest import Queued
from tests.web.people import FEATURES, SEEN, bring, people
from tests.witoil.command import witoil
from web import backup
from web.backup import BackupError, back_up
from web.data import uploads
from web.jobs import queue
from web.settings import Settings
from web.store.base import Store
from web.store.features import Feature
from witoil.errors import OutputError


@pytest.fixture
def queued(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.fspath(Path(__file__).parent))
    for name in os.environ:
        if name.startswith("WITOIL_"):
            monkeypatch.delenv(name)
    store = Store.open(Settings(data=tmp_path / "data").database_url)
    yield Queued(store, tmp_path / "data" / "jobs")
    store.close()


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "data")


def states(folder):
    with closing(sqlite3.connect(folder / "witoil.sqlite")) as copy:
        return dict(copy.execute("SELECT id, state FROM jobs").fetchall())


def tree(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.slow
def test_jobs_that_run_meanwhile_are_done_elsewhere(queued, settings, tmp_path):
    expected = {}
    with ExitStack() as running:
        for _ in range(3):
            running.enter_context(queued.runner())
        done = queued.submit("count", steps=2)
        queued.wait(done)
        for steps in (80, 81, 82):
            expected[queued.submit("count", steps=steps, pause=0.1)] = list(range(steps))
        for job in expected:
            queued.wait(job, lambda found: found.state == "running")
        expected[queued.submit("count", steps=3)] = [0, 1, 2]
        copied = back_up(settings, tmp_path / "copy")
    assert (copied.jobs, copied.unfinished) == (5, 4)
    assert set(states(tmp_path / "copy").values()) == {"accepted", "successful"}
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        *("jobs", "uploads", "witoil.sqlite")
    ]

    elsewhere = (tmp_path / "copy").rename(tmp_path / "elsewhere")
    store = Store.open(Settings(data=elsewhere).database_url)
    other = Queued(store, elsewhere / "jobs")
    with other.runner(), other.runner(), other.runner():
        for job_id, counted in expected.items():
            job = other.wait(job_id)
            assert (job.state, job.result["counted"]) == ("successful", counted)
    assert other.read(done).result == queued.read(done).result
    assert tree(elsewhere / "jobs" / done) == tree(queued.jobs / done)
    store.close()


@pytest.mark.slow
def test_copies_made_while_all_is_written_are_whole(queued, settings, tmp_path):
    """Each copy has the files of all jobs that it says were successful, and opens."""
    over = threading.Event()

    def ask():
        while not over.is_set():
            queued.submit("count", steps=1)
            time.sleep(0.02)

    asking = threading.Thread(target=ask)
    with queued.runner():
        queued.wait(queued.submit("count", steps=1))
        asking.start()
        time.sleep(0.5)
        for number in range(5):
            back_up(settings, tmp_path / f"copy-{number}")
        over.set()
        asking.join()
    for number in range(5):
        copy = tmp_path / f"copy-{number}"
        with closing(sqlite3.connect(copy / "witoil.sqlite")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        folders = {path.name for path in (copy / "jobs").iterdir()}
        assert folders == {job for job, state in states(copy).items() if state == "successful"}


@pytest.mark.slow
def test_what_is_removed_meanwhile_is_removed_from_the_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "check", lambda path, purpose: {"detections": [SEEN]})
    with people(tmp_path) as service:
        anna = service.client("anna")
        kept, lost = (
            bring(anna, f"{name}.geojson", FEATURES + name.encode()).json for name in "ab"
        )
        job = queue_one_that_is_done(service)
        copy_database = backup._copy_database

        def remove_after(*paths):
            copy_database(*paths)
            assert anna.delete(f"/uploads/{lost['id']}").status_code == 204
            (service.settings.jobs / job / "x").unlink()
            (service.settings.jobs / job).rmdir()

        monkeypatch.setattr(backup, "_copy_database", remove_after)
        copied = back_up(service.settings, tmp_path / "copy")
    assert copied.uploads == 1
    assert states(tmp_path / "copy") == {job: "dismissed"}
    with people(
        tmp_path / "other", database=f"sqlite:///{tmp_path / 'copy' / 'witoil.sqlite'}"
    ) as it:
        assert [each["id"] for each in it.client("anna").get("/uploads").json["uploads"]] == [
            kept["id"]
        ]
        with it.store.reading() as session:
            assert session.scalars(select(Feature.id)).all() == [f"{kept['id']}-1"]


def queue_one_that_is_done(service):
    from datetime import timedelta

    with service.store.session() as session:
        job = queue.submit(session, "anna", "simulate", {}, "key")
        queue.finish(session, queue.Held.of(queue.claim(session, "r", timedelta(minutes=1))), {})
    (service.settings.jobs / job.id).mkdir(parents=True)
    (service.settings.jobs / job.id / "x").touch()
    return job.id


@pytest.mark.slow
def test_a_copy_is_a_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "check", lambda path, purpose: {})
    with people(tmp_path) as service:
        anna = service.client("anna")
        upload = bring(anna, "a.geojson", FEATURES).json
        job = queue_one_that_is_done(service)
        token = service.token("bob")
        back_up(service.settings, tmp_path / "restored" / "data")
    with people(tmp_path / "restored") as service:
        anna = service.client("anna")
        with anna.get(f"/uploads/{upload['id']}/content") as answer:
            assert answer.data == FEATURES
        assert anna.get(f"/ogc/jobs/{job}").json["status"] == "successful"
        bob = service.app.test_client()
        assert bob.get("/session", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_what_cannot_be_copied_leaves_nothing(settings, tmp_path, monkeypatch, queued):
    (tmp_path / "there").mkdir()
    with pytest.raises(BackupError, match="is there already"):
        back_up(settings, tmp_path / "there")
    with pytest.raises(BackupError, match="no such database"):
        back_up(Settings(data=tmp_path / "none"), tmp_path / "copy")
    with pytest.raises(BackupError, match=r"pg_dump") as caught:
        back_up(Settings(database="postgresql://u:secret@h/n"), tmp_path / "copy")
    assert "secret" not in str(caught.value)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="could not be written"):
        back_up(settings, tmp_path / "file" / "copy")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_copy_files", fail)
    with pytest.raises(OutputError, match="No space left"):
        back_up(settings, tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "file", "there"]


@pytest.mark.slow
def test_the_command(queued, tmp_path):
    queued.submit("count", steps=1)
    environment = {"WITOIL_DATA": str(tmp_path / "data")}
    said = witoil("backup", tmp_path / "copy", env=environment)
    assert (said.returncode, said.stdout) == (
        0,
        f"1 jobs (1 of them begin anew), 0 uploads; written to {tmp_path / 'copy'}\n",
    )
    again = witoil("backup", tmp_path / "copy", env=environment)
    assert again.returncode == 2
    assert again.stderr.startswith(f"witoil: {tmp_path / 'copy'}: is there already")
