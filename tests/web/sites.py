"""A whole service, started as a person does, with whoever asks it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.web.databases import lay_empty
from web.people.tokens import create_token
from web.store.base import Store

UNFINISHED = ("accepted", "running")


@dataclass
class Site:
    """A service that runs.

    Attributes
    ----------
    url : str
        Without a stroke at the end.
    token : str
        Of somebody who may run.
    environment : dict
        Of its processes.
    process : Popen
    """

    url: str
    token: str
    environment: dict[str, str]
    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request, to a path or a whole address."""
        address = path if path.startswith("http") else self.url + path
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, address, headers=headers, timeout=60, **options)

    def bring(self, path: Path, purpose: str) -> str:
        """Upload a file, and return how cases name it."""
        with path.open("rb") as file:
            answer = self.ask("POST", f"/uploads?purpose={purpose}", files={"file": file})
        assert answer.status_code == 201, answer.text
        return answer.json()["reference"]

    def do(self, process: str, **inputs: Any) -> dict[str, Any]:
        """Execute a process, and return the job when it has ended."""
        address = f"/ogc/processes/{process}/execution"
        answer = requests.post(
            self.url + address,
            json={"inputs": inputs},
            headers={"Authorization": f"Bearer {self.token}", "Prefer": "respond-async"},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        return self.finished(answer.json()["jobID"])

    def finished(self, job_id: str) -> dict[str, Any]:
        """Return a job when it has ended."""
        while (job := self.ask("GET", f"/ogc/jobs/{job_id}").json())["status"] in UNFINISHED:
            time.sleep(0.1)
        return job

    def results(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs of a job that was successful."""
        assert job["status"] == "successful", job["message"]
        return self.ask("GET", f"/ogc/jobs/{job['jobID']}/results").json()


def environment_of(data: Path, **settings: Any) -> dict[str, str]:
    """Return the environment of a service with settings, and no others."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WITOIL_") or name == "WITOIL_CACHE"
    }
    named = {f"WITOIL_{name.upper()}": str(value) for name, value in settings.items()}
    return kept | {"WITOIL_DATA": str(data)} | named


@contextmanager
def serving(data: Path, *arguments: str, **settings: Any) -> Iterator[Site]:
    """Start a service on a folder, with a token, and stop it at the end."""
    environment = environment_of(data, **settings)
    token = _token(data / "witoil.sqlite")
    process = subprocess.Popen(
        [sys.executable, "-m", "witoil", "serve", "--port", "0", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().split()[-1].rstrip("/")
        yield Site(address, token, environment, process)
    finally:
        process.terminate()
        process.communicate()


def _token(database: Path) -> str:
    """Make a token in a database, in this process: the command loads the service once more."""
    lay_empty(database)
    store = Store.open(f"sqlite:///{database}")
    try:
        with store.session() as session:
            return create_token(session, "ada", country="IT")[1]
    finally:
        store.close()
