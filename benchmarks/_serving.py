"""A service for benchmarks: started with data of its own, asked over HTTP, and stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import psutil
import requests

EXAMPLES = Path(__file__).parents[1] / "examples"
PATIENCE_SECONDS = 120.0

_ENVIRONMENT = "${WITOIL_CASES}/"


@dataclass
class Serving:
    """A service that runs.

    Attributes
    ----------
    url : str
    process : psutil.Process
        Of the web server.
    others : list of psutil.Process
        Of runners and previews that are none of its children.
    began : float
        When it was started, by the monotonic clock. [s]
    data : Path
        Its data folder.
    """

    url: str
    process: psutil.Process
    others: list[psutil.Process]
    began: float
    data: Path

    def get(self, path: str) -> requests.Response:
        """Return an answer that is none of a fault."""
        answer = requests.get(self.url + path, timeout=PATIENCE_SECONDS)
        answer.raise_for_status()
        return answer

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        """Return an answer that is none of a fault."""
        answer = requests.post(self.url + path, json=body, timeout=PATIENCE_SECONDS)
        if 400 <= answer.status_code < 500:
            raise RuntimeError(f"{path}: {answer.text}")
        answer.raise_for_status()
        return answer

    def seconds_until(self, path: str, body: dict[str, Any] | None = None) -> float:
        """Return how long after the start an address first gave an answer. [s]"""
        while time.monotonic() - self.began < PATIENCE_SECONDS:
            try:
                self.get(path) if body is None else self.post(path, body)
                return time.monotonic() - self.began
            except (requests.ConnectionError, requests.HTTPError):
                time.sleep(0.02)
        raise RuntimeError(f"{path}: no answer within {PATIENCE_SECONDS:g} s")

    def state(self, job: str) -> str:
        """Return the state of a job."""
        state: str = self.get(f"/ogc/jobs/{job}").json()["status"]
        return state

    def submit(self, process: str, inputs: dict[str, Any], *, anew: bool = True) -> str:
        """Ask for a job; return its id."""
        path = f"/ogc/processes/{process}/execution?anew={str(anew).lower()}"
        job: str = self.post(path, {"inputs": inputs}).json()["jobID"]
        return job

    @property
    def processes(self) -> list[psutil.Process]:
        """All processes of the service."""
        roots = [self.process, *self.others]
        return [*roots, *(child for root in roots for child in root.children(recursive=True))]

    def processor_s(self) -> float:
        """Return the processor time that all processes have used. [s]

        It says more than the time by the clock where others use the machine, too.
        """
        found = [process.cpu_times() for process in self.processes]
        return sum(each.user + each.system for each in found)

    def memory_mb(self) -> dict[str, float]:
        """Return the memory of all processes: what each has, summed, and with shared pages once."""
        found = [process.memory_full_info() for process in self.processes]
        return {
            "rss_mb": sum(each.rss for each in found) / 1e6,
            "pss_mb": sum(each.pss for each in found) / 1e6,
        }


def case_of(example: str) -> dict[str, Any]:
    """Return the case of an example as a request has it, which names entries of the catalogue."""
    text = (EXAMPLES / f"{example}.toml").read_text(encoding="utf-8")
    case: dict[str, Any] = _as_json(tomllib.loads(text))
    return case


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    if isinstance(value, str) and value.startswith(_ENVIRONMENT):
        return f"catalogue:{Path(value).stem}"
    return value.isoformat() if hasattr(value, "isoformat") else value


def _catalogue() -> str:
    folder = Path(os.environ["WITOIL_CASES"]).resolve() / "baniyas-2021"
    files = [folder / "currents.nc", folder / "winds.nc"]
    files += sorted((folder / "observations").glob("*.shp"))
    return "".join(f'[{f.stem}]\ntitle = "{f.stem}"\nfiles = "{f}"\n' for f in files)


@contextmanager
def serving(
    server: Literal["waitress", "gunicorn"] = "waitress", *, runners: int = 1
) -> Iterator[Serving]:
    """Give a service of its own, which ends with the block."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "catalogue.toml").write_text(_catalogue(), encoding="utf-8")
        environment = os.environ | {
            "WITOIL_AUTH": "off",
            "WITOIL_DATA": str(folder / "data"),
            "WITOIL_CATALOGUE": str(folder / "catalogue.toml"),
        }
        log = stack.enter_context((folder / "log").open("wb"))
        port = _free_port()

        def start(*command: str) -> psutil.Process:
            process = psutil.Popen(
                [sys.executable, "-m", *command], env=environment, stdout=log, stderr=log
            )
            stack.callback(_stop, process)
            return process

        began = time.monotonic()
        if server == "waitress":
            web = start("witoil", "serve", "--port", str(port), "--runners", str(runners))
            others = []
        else:
            bound = ["-b", f"127.0.0.1:{port}"]
            sized = ["--worker-class", "gthread", "--workers", "2", "--threads", "32"]
            web = start("gunicorn", *sized, *bound, "web.app:create_app()")
            beside = ["preview", *["runner"] * runners]
            others = [start("witoil", command) for command in beside]
        yield Serving(f"http://127.0.0.1:{port}", web, others, began, folder / "data")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _stop(process: psutil.Popen) -> None:
    process.terminate()
    try:
        process.wait(30.0)
    except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
