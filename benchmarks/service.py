"""The service under load, how soon it is there, what it keeps of memory, and what it saves a job.

Under waitress, as `witoil serve` has it, and under gunicorn. Takes some five minutes.
"""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import requests

from benchmarks._serving import EXAMPLES, Serving, case_of, serving

CLIENTS, STREAMS, JOBS = 50, 20, 4
SECONDS = 60.0
PAUSE_SECONDS = 1.0
"""Between two requests of a client, as a script that polls has it. [s]"""

SMALL_JOBS = 1000


def run() -> dict[str, float]:
    """Return all figures. [s, ms, MB]"""
    figures = {}
    for server in ("waitress", "gunicorn"):
        found = _start(server) | _under_load(server)
        figures |= {f"{server}_{name}": value for name, value in found.items()}
    return figures | _small_jobs() | _second_job() | {"load_of_machine": os.getloadavg()[0]}


def _start(server: Literal["waitress", "gunicorn"]) -> dict[str, float]:
    """Start a service with one runner, and look how soon it is there and what it takes."""
    with serving(server) as service:
        live = service.seconds_until("/health/live")
        used = service.processor_s()
        ready = max(service.seconds_until("/health/ready"), _until_previews(service))
        time.sleep(5.0)
        started = {"live_s": live, "live_processor_s": used, "all_s": ready}
        return {**started, **service.memory_mb()}


def _under_load(server: Literal["waitress", "gunicorn"]) -> dict[str, float]:
    """Load a service with clients, streams and jobs, and measure what clients see."""
    with serving(server, runners=JOBS) as service:
        service.seconds_until("/health/ready")
        case = case_of("baniyas-1")
        case["optimise"]["evaluations"] = 2000
        inputs = {"case": case, "pictures": False}
        jobs = [service.submit("optimise", inputs) for _ in range(JOBS)]
        while any(service.state(job) != "running" for job in jobs):
            time.sleep(0.5)
        return _loaded(service, jobs)


def _until_previews(service: Serving) -> float:
    """Return how long after the start previews are answered, if only by a refusal. [s]"""
    body = {"case": {**case_of("baniyas-1"), "oil": {"name": "no such oil"}}}  # found out first
    while requests.post(f"{service.url}/preview", json=body, timeout=60.0).status_code == 503:
        time.sleep(0.05)
    return time.monotonic() - service.began


def _loaded(service: Serving, jobs: list[str]) -> dict[str, float]:
    """Poll and follow jobs for a while, and return what was seen."""
    seen = _Seen(time.monotonic() + SECONDS)
    addresses = [f"{service.url}/ogc/jobs/{job}" for job in jobs]
    threads = [
        threading.Thread(target=each, args=(addresses[number % JOBS], number / count))
        for each, count in ((seen.poll, CLIENTS), (seen.follow, STREAMS))
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in seen.errors[:3]:
        print(error, file=sys.stderr)
    p50, p95 = np.percentile(seen.times, [50, 95])
    return {
        "requests": len(seen.times),
        "errors": len(seen.errors),
        "fewest_events_of_a_stream": min(seen.events),
        "p50_ms": 1e3 * float(p50),
        "p95_ms": 1e3 * float(p95),
    }


class _Seen:
    """What clients have seen until an end by the monotonic clock."""

    def __init__(self, end: float) -> None:
        self.end = end
        self.times: list[float] = []
        self.errors: list[str] = []
        self.events: list[int] = []

    def poll(self, address: str, share: float) -> None:
        """Ask again and again, from a share of the pause on."""
        time.sleep(PAUSE_SECONDS * share)
        with requests.Session() as client:
            while time.monotonic() < self.end:
                began = time.perf_counter()
                try:
                    client.get(address, timeout=60.0).raise_for_status()
                    self.times.append(time.perf_counter() - began)
                except requests.RequestException as error:
                    self.errors.append(str(error))
                time.sleep(PAUSE_SECONDS)

    def follow(self, address: str, _: float) -> None:
        """Take events as they come."""
        events = 0
        try:
            with requests.get(f"{address}/events", stream=True, timeout=2 * SECONDS) as stream:
                stream.raise_for_status()
                for line in stream.iter_lines():
                    events += line.startswith(b"data:")
                    if time.monotonic() > self.end:
                        break
        except requests.RequestException as error:
            self.errors.append(str(error))
        self.events.append(events)


def _small_jobs() -> dict[str, float]:
    """Have runners do many small jobs, and see that each was done once."""
    with serving(runners=4) as service:
        service.seconds_until("/health/ready")
        case = {**case_of("baniyas-1"), "model": {"particles": 1000}}
        made = service.submit("simulate", {"case": case, "pictures": False})
        _ended(service, [made])
        mask = Path(service.get(f"/ogc/jobs/{made}/results").json()["masks"][0]["href"]).name
        inputs = {"run": f"job:{made}/{mask}", "observation": case["observation"][0]["geometry"]}
        began = time.perf_counter()
        path = "/ogc/processes/score/execution?anew=true"
        headers = {"Prefer": "respond-async"}
        with requests.Session() as client:
            jobs = [
                client.post(
                    service.url + path, json={"inputs": inputs}, headers=headers, timeout=60.0
                ).json()["jobID"]
                for _ in range(SMALL_JOBS)
            ]
        submitted = time.perf_counter() - began
        _ended(service, jobs)
        seconds = time.perf_counter() - began
        once = _done_once(service, jobs)
    return {
        "small_jobs": SMALL_JOBS,
        "small_jobs_done_once": once,
        "small_jobs_submitted_s": submitted,
        "small_jobs_s": seconds,
    }


def _ended(service: Serving, jobs: list[str]) -> None:
    """Wait until all jobs are done."""
    for job in jobs:
        while (state := service.state(job)) != "successful":
            if state == "failed":
                raise RuntimeError(service.get(f"/ogc/jobs/{job}").text)
            time.sleep(0.05)


def _done_once(service: Serving, jobs: list[str]) -> int:
    """Return how many of the jobs were taken once, and were successful."""
    with closing(sqlite3.connect(service.data / "witoil.sqlite")) as database:
        query = "SELECT id FROM jobs WHERE attempts = 1 AND state = 'successful'"
        found = {row[0] for row in database.execute(query)}
    return len(found & set(jobs))


def _second_job() -> dict[str, float]:
    """Compare a job of the service, the second of its kind, with the same on the command line."""
    with serving() as service, TemporaryDirectory() as name:
        service.seconds_until("/health/ready")
        inputs = {"case": case_of("baniyas-1"), "pictures": True}
        jobs = []
        for _ in range(3):
            began = time.perf_counter()
            _ended(service, [service.submit("simulate", inputs)])
            jobs.append(time.perf_counter() - began)
        commands = []
        for number in range(3):
            command = [sys.executable, "-m", "witoil", "simulate", EXAMPLES / "baniyas-1.toml"]
            began = time.perf_counter()
            subprocess.run(
                [*map(str, command), "--out", f"{name}/{number}"], check=True, capture_output=True
            )
            commands.append(time.perf_counter() - began)
    return {
        "first_job_s": jobs[0],
        "second_job_s": min(jobs[1:]),
        "command_s": min(commands),
    }
