import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from tests.web.databases import created, laid, lay_empty
from web.jobs import queue
from web.store.base import Store
from web.work.runner import Runner

ROOT = Path(__file__).parents[2]


class Queued:
    """A queue, and runners in threads of this process that do what is in it."""

    def __init__(self, store, jobs):
        self.store, self.jobs = store, jobs

    def submit(self, process, *, owner="anna", key=None, **inputs):
        with self.store.session() as session:
            return queue.submit(session, owner, process, inputs, key or str(uuid4())).id

    def read(self, job_id):
        with self.store.reading() as session:
            return queue.get(session, None, job_id)

    @contextmanager
    def runner(self, **options):
        """Run a runner in a thread as long as a block runs."""
        options = {"table": "fake_processes"} | options
        runner = Runner(self.store, self.jobs, **options)
        thread = threading.Thread(target=runner.run)
        thread.start()
        try:
            yield runner
        finally:
            runner.stop()
            thread.join()

    def wait(self, job_id, until=lambda job: job.state in queue.ENDED):
        """Return a job as soon as it is as wanted."""
        while not until(job := self.read(job_id)):
            time.sleep(0.05)
        return job


def _postgres():
    """Return the folder of the programs of PostgreSQL, the newest that there is."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += Path("/usr/lib/postgresql").glob("*/bin")
    return max(folders, key=lambda folder: folder.as_posix(), default=None)


@pytest.fixture(scope="session")
def postgres():
    """Address of a PostgreSQL server that belongs to the tests, without the name of a database."""
    programs = _postgres()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with TemporaryDirectory(prefix="witoil-postgres-") as name:
        folder = Path(name)
        user = []
        if os.getuid() == 0:  # it does not run as root
            user = ["runuser", "-u", "postgres", "--"]
            shutil.chown(folder, "postgres")
        data = folder / "data"
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
        make = [programs / "initdb", "-A", "trust", "-U", "witoil", "-E", "UTF8", "-N", data]
        subprocess.run([*user, *make], **quiet)
        control = [*user, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        options = f"-c listen_addresses= -k {folder} -F"
        subprocess.run([*control, "-o", options, "start"], **quiet)
        yield f"postgresql://witoil@/{{}}?host={folder}"
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Address of a database with nothing in it; where a test has a store, with all its tables."""
    if request.param == "sqlite":
        path = tmp_path / "data" / "witoil.sqlite"
        if "store" in request.fixturenames:
            lay_empty(path)
        yield f"sqlite:///{path}"
    else:
        postgres = request.getfixturevalue("postgres")
        with (laid if "store" in request.fixturenames else created)(postgres) as address:
            yield address


@pytest.fixture
def store(database):
    """A store with all tables and nothing in them."""
    opened = Store.open(database)
    yield opened
    opened.close()


@pytest.fixture
def queued(store, tmp_path, monkeypatch):
    """Return what puts jobs into the queue and has runners do them."""
    monkeypatch.setenv("PYTHONPATH", os.fspath(Path(__file__).parent))  # for `fake_processes`
    return Queued(store, tmp_path / "jobs")


@pytest.fixture(scope="session")
def twin_run(made_once, demo_twin):
    """Folder of a run with 500 particles, for tests that write nothing to it."""

    def simulate(folder):
        from witoil import jobs
        from witoil.case import load_case

        case = load_case(demo_twin / "truth.toml")
        few = case.model.model_copy(update={"particles": 500})
        jobs.simulate(case.model_copy(update={"model": few}), folder, pictures=False)

    return made_once("twin-run", simulate)
