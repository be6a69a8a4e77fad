"""Ensembles and searches of the service on a Dask scheduler, and what its death does."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest
import requests

from tests.web.sites import environment_of, serving

pytestmark = pytest.mark.slow


@contextmanager
def _process(*command, environment):
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Scheduler:
    """A scheduler at a port, and one worker with two threads, as long as they are wanted."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._processes = ExitStack()
        self._head = None

    def start(self):
        """Have them at work."""
        if self._head is not None:
            return
        environment = environment_of(self.folder)
        where = ("--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")
        alone = ("--nthreads", "2", "--no-dashboard", "--no-nanny")
        room = ("--local-directory", str(self.folder))
        head = _process("distributed.cli.dask_scheduler", *where, environment=environment)
        worker = ("distributed.cli.dask_worker", self.address, *alone, *room)
        self._head = self._processes.enter_context(head)
        self._processes.enter_context(_process(*worker, environment=environment))

    def end(self):
        """Kill them, the scheduler first."""
        if self._head is not None:
            self._head.kill()
            self._head.wait()
        self._processes.close()
        self._head = None


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """A scheduler that tests start and end; the next one goes on with it as it was left."""
    made = Scheduler(tmp_path_factory.mktemp("scheduler"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def site(tmp_path_factory, cases, scheduler):
    folder = tmp_path_factory.mktemp("site")
    catalogue = folder / "catalogue.toml"
    data = cases / "baniyas-2021"
    catalogue.write_text(
        "".join(
            f"[{role}]\ntitle = '{role}'\nfiles = '{data / role}.nc'\n"
            for role in ("currents", "winds")
        )
        + f"[spills]\ntitle = 'Spills'\nfiles = '{data / 'observations'}'\nspills = true\n"
    )
    with serving(folder / "data", catalogue=catalogue, scheduler=scheduler.address) as made:
        yield made


def case(site, **more):
    found = site.ask("GET", "/events/20210824-0343-SYR-PL/case").json()["case"]
    found["time"]["end"] = "2021-08-24T08:10:00Z"
    found["observation"] = found["observation"][:1]
    return found | {"model": {"particles": 200}, **more}


SEARCH = {"evaluations": 6, "parameters": {"wind_drift_factor": [0.0, 0.05]}}


def test_jobs_run_on_the_scheduler(site, scheduler):
    scheduler.start()
    found = site.results(site.do("ensemble", case=case(site), members=6, pictures=False))
    assert len(found["result"]["value"]["members"]) == 6
    searched = site.do("optimise", case=case(site, optimise=SEARCH), pictures=False)
    assert site.results(searched)["result"]["value"]["best"]


def begun(site, **inputs):
    """Ask for an ensemble, and return its job when some of it is done."""
    job = requests.post(
        f"{site.url}/ogc/processes/ensemble/execution",
        json={"inputs": {"pictures": False, **inputs}},
        headers={"Authorization": f"Bearer {site.token}"},
        timeout=60,
    ).json()
    while job["progress"] < 2:
        assert job["status"] in ("accepted", "running"), job
        time.sleep(0.1)
        job = site.ask("GET", f"/ogc/jobs/{job['jobID']}").json()
    return job


def ended(site, job):
    while job["status"] in ("accepted", "running"):
        time.sleep(0.1)
        job = site.ask("GET", f"/ogc/jobs/{job['jobID']}").json()
    return job


def test_a_job_goes_on_when_there_is_a_scheduler_again(site, scheduler):
    """None of its members counts as failed, and those that were done are not done again."""
    scheduler.start()
    job = begun(site, case=case(site, name="again"), members=150)
    scheduler.end()
    scheduler.start()
    job = ended(site, job)
    found = site.results(job)["result"]["value"]
    assert len(found["members"]) == 150
    assert found["failed"] == []
    events = site.ask("GET", f"/ogc/jobs/{job['jobID']}/events").text
    assert events.count('"accepted"') == 2  # asked for, and handed back once


def test_without_the_scheduler_a_job_fails_with_the_reason(site, scheduler):
    scheduler.end()
    asked = case(site, name="alone")
    job = site.do("ensemble", case=asked, members=2, pictures=False)
    assert job["status"] == "failed"
    assert "could not be reached" in job["message"]
