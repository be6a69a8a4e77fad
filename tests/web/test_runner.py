import os
import signal
import time
from contextlib import suppress

import pytest

from tests.web.copies import begin_copy
from web.jobs import queue
from web.store.base import Store
from web.work import runner as runner_module
from web.work.runner import Runner, ending_with
from witoil.errors import CaseError

pytestmark = pytest.mark.slow

PAUSE = 0.1

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def is_alive(pid):
    with suppress(FileNotFoundError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
    return False


def gone(*pids):
    """Wait until processes have ended."""
    while any(map(is_alive, pids)):
        time.sleep(0.02)
    return True


def left_running(queued, job_id):
    """Return the numbers of the processes of a job that leaves one behind, once it has."""
    path = queued.jobs / job_id / "pids"
    queued.wait(job_id, lambda _: path.exists() and len(path.read_text().split()) == 2)
    return [int(pid) for pid in path.read_text().split()]


def test_jobs_are_done_by_a_process_that_stays(queued):
    with queued.runner():
        first = queued.wait(queued.submit("count", steps=3))
        second = queued.wait(queued.submit("count", steps=2))
        assert first.state == second.state == "successful"
        assert (first.result["counted"], second.result["counted"]) == ([0, 1, 2], [0, 1])
        assert first.result["pid"] == second.result["pid"] != os.getpid()
        pid = first.result["pid"]
        assert is_alive(pid)
    assert gone(pid)


@on_sqlite
def test_a_process_that_waits_is_not_ended_with_the_lease_of_its_last_job(queued):
    with queued.runner(lease=0.5, renewal=0.1):
        first = queued.wait(queued.submit("count", steps=1))
        time.sleep(1.5)
        second = queued.wait(queued.submit("count", steps=1))
        assert (second.result["pid"], second.losses) == (first.result["pid"], 0)


@on_sqlite
def test_a_process_that_ends_while_it_waits_costs_no_attempt(queued):
    with queued.runner():
        first = queued.wait(queued.submit("count", steps=1))
        os.kill(first.result["pid"], signal.SIGKILL)
        assert gone(first.result["pid"])
        second = queued.wait(queued.submit("count", steps=1))
    assert (second.state, second.attempts, second.losses) == ("successful", 1, 0)


@on_sqlite
def test_a_process_that_has_waited_for_long_gives_back_its_memory(queued, monkeypatch):
    monkeypatch.setattr(runner_module, "WARM_SECONDS", 0.3)
    with queued.runner():
        assert gone(queued.wait(queued.submit("count", steps=1)).result["pid"])
        assert queued.wait(queued.submit("count", steps=1)).attempts == 1


@on_sqlite
def test_how_far_a_job_is(queued):
    job_id = queued.submit("count", steps=20, pause=PAUSE)
    with queued.runner(renewal=0.2):
        queued.wait(job_id)
        with queued.store.reading() as session:
            told = [(e.progress, e.message) for e in queue.events(session, job_id)]
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert any(0.0 < share < 1.0 for share in shares)
    assert "step" in told[-2][1]
    assert told[-1] == (1.0, "step 19")  # the last word, which came when nobody asked yet


@on_sqlite
def test_what_goes_wrong_is_said_without_paths(queued):
    known = queued.submit("fail", reason="no wind")
    fault = queued.submit("break")
    absent = queued.submit("none")
    after = queued.submit("count", steps=1)
    with queued.runner():
        assert queued.wait(known).reason == "x.nc: no wind"
        assert queued.wait(fault).reason.startswith("the program failed")
        assert queued.wait(after).state == "successful"
    assert queued.read(absent).reason.startswith("found process 'none'")
    for job_id in (known, fault, absent):
        job = queued.read(job_id)
        assert job.state == "failed"
        assert str(queued.jobs) not in job.reason
        assert "Traceback" not in job.reason
        assert "\n" not in job.reason


@on_sqlite
def test_results_are_json(queued):
    job_id = queued.submit("strange")
    with queued.runner():
        job = queued.wait(job_id)
    assert job.result["nan"] is None
    assert job.result["infinite"] == [None]
    assert job.result["text"] == 'a "b" \0 \ud800'


@on_sqlite
@pytest.mark.parametrize(("process", "says"), [("die", "SIGKILL"), ("exit", "code 3")])
def test_a_job_that_ends_its_process_fails_and_others_go_on(queued, process, says):
    deadly, harmless = queued.submit(process), queued.submit("count", steps=1)
    with queued.runner():
        assert queued.wait(harmless).state == "successful"
        job = queued.wait(deadly)
    assert (job.state, job.attempts) == ("failed", queue.MOST_LOSSES)
    assert says in job.reason


@on_sqlite
def test_a_dismissed_job_ends_with_all_its_processes_and_files(queued):
    job_id = queued.submit("leave")
    with queued.runner(lease=3.0):
        pids = left_running(queued, job_id)
        begun = time.monotonic()
        with queued.store.session() as session:
            queue.dismiss(session, "anna", job_id)
        assert gone(*pids)
        assert time.monotonic() - begun < 5.0
        assert queued.wait(queued.submit("count", steps=1)).state == "successful"
        queued.wait(job_id, lambda job: job.folder is None)
    assert not list(queued.jobs.glob(f"{job_id}*"))
    assert queued.read(job_id).state == "dismissed"


def test_a_runner_that_stops_hands_back_and_another_goes_on(queued):
    job_id = queued.submit("count", steps=30, pause=PAUSE)
    with queued.runner():
        queued.wait(job_id, lambda job: job.progress > 0.0)
    handed = queued.read(job_id)
    assert (handed.state, handed.runner, handed.losses) == ("accepted", None, 0)
    with queued.runner() as other:
        job = queued.wait(job_id)
    assert (job.state, job.attempts, job.runner) == ("successful", 2, other.name)
    assert job.result["counted"] == [*range(30)]


@on_sqlite
def test_a_runner_that_is_cut_off_has_its_work_ended(queued, monkeypatch):
    """A lease that is not renewed is another's to take; nothing works on beyond it."""
    job_id = queued.submit("leave")
    monkeypatch.setattr(Runner, "_renewed", lambda *_: False)
    with queued.runner(lease=2.0, renewal=0.2):
        pids = left_running(queued, job_id)
        assert gone(*pids)
        queued.wait(job_id, lambda job: job.attempts > 1)
    assert queued.read(job_id).losses >= 1


def run(database, jobs, parent):
    """Run a runner until it is told to stop."""
    runner = Runner(Store.open(database), jobs, table="fake_processes", lease=2.0)
    signal.signal(signal.SIGTERM, lambda *_: runner.stop())
    with ending_with(parent, runner.stop):
        runner.run()


@pytest.fixture
def started(queued, database):
    """Return what begins runners of their own, copies of this process; all end with the test."""
    begun = []

    def start(parent=None):
        arguments = database, queued.jobs, parent or os.getpid()
        begun.append(begin_copy(queued.store, run, *arguments))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.join()


@on_sqlite
def test_the_work_of_a_runner_that_is_killed_ends_and_is_taken_up(queued, started):
    job_id = queued.submit("leave")
    runner = started()
    pids = left_running(queued, job_id)
    runner.kill()
    assert gone(*pids)
    (queued.jobs / job_id / "pids").unlink()
    started()
    left_running(queued, job_id)
    job = queued.read(job_id)
    assert (job.attempts, job.losses, job.state) == (2, 1, "running")


def test_a_runner_that_stood_still_changes_nothing(queued, started):
    """Stopped, not ended: its lease passes, another does the job, it wakes up and is too late."""
    job_id = queued.submit("count", steps=25, pause=PAUSE)
    still = started()
    queued.wait(job_id, lambda job: job.progress > 0.0)
    os.kill(still.pid, signal.SIGSTOP)
    with queued.runner() as other:
        job = queued.wait(job_id)
        os.kill(still.pid, signal.SIGCONT)
        assert queued.wait(queued.submit("count", steps=1)).state == "successful"
    again = queued.read(job_id)
    assert (again.state, again.runner, again.attempts) == ("successful", other.name, 2)
    assert again.result == job.result
    assert job.result["counted"] == [*range(25)]  # no step by both, none by nobody
    assert still.is_alive()


@on_sqlite
def test_sigterm_hands_back(queued, started):
    job_id = queued.submit("leave")
    runner = started()
    pids = left_running(queued, job_id)
    runner.terminate()
    runner.join()
    assert runner.exitcode == 0
    assert gone(*pids)
    assert queued.read(job_id).state == "accepted"


@on_sqlite
def test_a_runner_ends_with_who_has_begun_it(queued, started):
    job_id = queued.submit("leave")
    runner = started(parent=2**22 + 1)  # nobody's number: its parent is another by now
    runner.join()
    assert runner.exitcode == 0
    assert queued.read(job_id).state == "accepted"


@on_sqlite
def test_inputs_that_cannot_be_found_fail_a_job(queued):
    def resolve(session, job):
        raise CaseError(f"upload:{job.inputs['steps']}: is gone; expected one that is stored")

    job_id = queued.submit("count", steps=7)
    with queued.runner(resolve=resolve):
        job = queued.wait(job_id)
    assert (job.state, job.reason) == ("failed", "upload:7: is gone; expected one that is stored")


@on_sqlite
def test_files_stand_in_for_what_names_them(queued):
    job_id = queued.submit("count", steps=7)
    with queued.runner(resolve=lambda session, job: job.inputs | {"steps": 2}):
        assert queued.wait(job_id).result["counted"] == [0, 1]
    assert queued.read(job_id).inputs == {"steps": 7}
