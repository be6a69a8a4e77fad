"""Processes of a service, killed at random moments while they work."""

import os
import random
import signal
import threading
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import xarray as xr

from tests.web.copies import begin_copy
from tests.web.previewing import twin_case
from tests.web.sites import serving
from web.data.relative import by_relative_names
from web.jobs import queue
from web.jobs.processes import PROCESSES
from web.store.base import Store
from web.work.runner import Runner
from web.work.worker import links_of
from witoil.files import plain, read_json

pytestmark = pytest.mark.slow

JOBS, KILLS, RUNNERS, LEASE = 20, 12, 2, 2.0

TIMES = {"seconds"}


def run(database, jobs):
    """Run a runner until it is killed."""
    Runner(Store.open(database), jobs, table="slowed_processes", lease=LEASE).run()


class Runners:
    """Runners that are killed, or have their processes killed, and others in their place."""

    def __init__(self, store, database, jobs):
        self._store, self._arguments = store, (database, jobs)
        self.running = [self._begin() for _ in range(RUNNERS)]

    def _begin(self):
        return begin_copy(self._store, run, *self._arguments)

    def kill_one(self, dice):
        """Kill a runner, or the process that does its job."""
        k = dice.randrange(len(self.running))
        runner = self.running[k]
        if dice.random() < 0.5 and (worker := self._worker(runner.pid)):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
            return
        runner.kill()
        runner.join()
        self.running[k] = self._begin()

    def end(self):
        for runner in self.running:
            runner.kill()
            runner.join()

    @staticmethod
    def _worker(pid):
        with suppress(FileNotFoundError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return int(children[0]) if children else None


@pytest.fixture(scope="module")
def inputs(demo_twin):
    """Inputs of small jobs of three kinds."""
    case = plain(tomllib.loads((demo_twin / "demo.toml").read_text()))
    case["time"] = {key: value.isoformat() for key, value in case["time"].items()}
    case["folder"] = os.fspath(demo_twin)
    case["model"]["particles"] = 300
    case["optimise"]["evaluations"] = 4
    trace = {"members": 4, "particles": 150}
    kinds = {"simulate": case, "optimise": case, "trace": case | {"trace": trace}}
    return {name: {"case": each, "pictures": False} for name, each in kinds.items()}


@pytest.fixture(scope="module")
def undisturbed(inputs, tmp_path_factory):
    """Folder and result of each kind of job, where nothing is killed."""
    found = {}
    for name, given in inputs.items():
        folder = tmp_path_factory.mktemp(name)
        with by_relative_names(given, links_of(folder)) as relative:
            result = PROCESSES[name].work(relative, folder, lambda *_: None)
        found[name] = folder, plain(result)
    return found


@pytest.mark.parametrize("seed", [1])
def test_nothing_is_lost_and_nothing_counts_twice(
    seed, database, inputs, undisturbed, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", os.fspath(Path(__file__).parent))
    store, dice = Store.open(database), random.Random(seed)
    kinds = [list(inputs)[k % len(inputs)] for k in range(JOBS)]
    with store.session() as session:
        ids = [queue.submit(session, "anna", k, inputs[k], str(n)).id for n, k in enumerate(kinds)]
    runners = Runners(store, database, tmp_path / "jobs")
    try:
        kills = 0
        while unfinished(jobs := all_of(store, ids)):
            time.sleep(dice.uniform(0.1, 1.5))
            # at work, and not only claimed
            if kills < KILLS and any(job.progress > 0.0 for job in running(jobs)):
                runners.kill_one(dice)
                kills += 1
    finally:
        runners.end()

    assert kills > KILLS // 3
    assert any(job.attempts > 1 for job in jobs)
    for job in jobs:
        assert job.state == "successful" or job.reason
        with store.reading() as session:
            ends = Counter(event.state for event in queue.events(session, job.id))
        assert ends["successful"] + ends["failed"] == 1
        if job.state == "successful":
            folder, result = undisturbed[job.process]
            assert without_times(job.result) == without_times(result)
            assert_same_files(tmp_path / "jobs" / job.folder, folder)
    assert sum(job.state == "successful" for job in jobs) > JOBS // 2
    store.close()


def all_of(store, ids):
    with store.reading() as session:
        return [queue.get(session, None, each) for each in ids]


def unfinished(jobs):
    return [job for job in jobs if job.state not in queue.ENDED]


def running(jobs):
    return [job for job in jobs if job.state == "running"]


def without_times(value):
    """Return a document without how long things took, which no two runs share."""
    if isinstance(value, dict):
        kept = {
            k: v for k, v in value.items() if k not in ("seconds", "written", "history_seconds")
        }
        return {key: without_times(item) for key, item in kept.items()}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def assert_same_files(folder, other):
    names = [  # of files for people: the service keeps its own hidden beside them
        sorted(path.relative_to(top).as_posix() for path in top.rglob("[!.]*") if path.is_file())
        for top in (folder, other)
    ]
    assert names[0] == names[1]
    for name in names[0]:
        one, two = folder / name, other / name
        if name.endswith(".nc"):
            with xr.open_dataset(one) as first, xr.open_dataset(two) as second:
                xr.testing.assert_equal(first, second)
        elif name.endswith(".json"):
            assert without_times(read_json(one)) == without_times(read_json(two))
        elif not name.endswith(".html"):
            assert one.read_bytes() == two.read_bytes()


def test_whoever_waits_gets_an_answer_in_the_end(demo_twin, tmp_path):
    names = {}

    def named(file):
        names[file.partition(".")[0]] = demo_twin / file
        return f"catalogue:{file.partition('.')[0]}"

    case, catalogue = twin_case(demo_twin, named), tmp_path / "catalogue.toml"
    catalogue.write_text(
        "".join(f"[{name}]\ntitle = '-'\nfiles = '{path}'\n" for name, path in names.items())
    )
    dice, done = random.Random(2), threading.Event()
    with serving(tmp_path / "data", catalogue=catalogue) as site, ThreadPoolExecutor(3) as pool:
        first = until_answered(site, "/preview", {"case": case})
        kinds, kills = ("/preview", "/preview", CHECK), 0
        asking = [
            pool.submit(keep_asking, site, kind, case, str(k), done) for k, kind in enumerate(kinds)
        ]
        for _ in range(KILLS // 2):
            time.sleep(dice.uniform(0.5, 2.0))
            with suppress(psutil.NoSuchProcess, IndexError):
                dice.choice(previewing(site)).kill()
                kills += 1
        done.set()
        answers = [answer for each in asking for answer in each.result()]
        last = until_answered(site, "/preview", {"case": case})
        jobs = [
            site.finished(each["jobID"])
            for each in site.ask("GET", "/ogc/jobs?limit=1000").json()["jobs"]
        ]
    assert {answer.status_code for answer in answers} <= {200, 201, 413, 503}
    assert any(answer.status_code > 201 for answer in answers)
    assert last["positions"] == first["positions"]
    assert last["scores"] == first["scores"]
    assert jobs
    assert {job["status"] for job in jobs} == {"successful"}


CHECK = "/ogc/processes/check/execution?anew=true"


def keep_asking(site, path, case, name, done):
    """Return the answers to what is asked again and again."""
    found = []
    while not done.is_set():
        body = {"inputs": {"case": case}} if path == CHECK else {"case": case, "session": name}
        found.append(site.ask("POST", path, json=body))
    return found


def until_answered(site, path, body):
    """Return the answer to what is asked until it is there."""
    while (answer := site.ask("POST", path, json=body)).status_code == 503:
        time.sleep(0.2)
    assert answer.status_code == 200, answer.text
    return answer.json()


def previewing(site):
    """Return the process of previews and all that it has begun."""
    for child in psutil.Process(site.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if "preview" in child.cmdline():
                return [child, *child.children(recursive=True)]
    return []
