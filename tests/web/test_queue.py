import json
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from sqlalchemy import select, update
from sqlalchemy.exc import StatementError

from web.jobs import queue
from web.jobs.queue import Held, NoSuchJobError, NotHeldError
from web.store.base import Store, now
from web.store.jobs import Callback, Job, JobEvent, State

LEASE = timedelta(minutes=5)
PASSED = timedelta(seconds=-1)


def submit(store, key="key", owner="anna", **options):
    with store.session() as session:
        return queue.submit(session, owner, "simulate", {"a": 1}, key, **options)


def claim(store, runner="one", lease=LEASE):
    with store.session() as session:
        return queue.claim(session, runner, lease)


def read(store, job, owner="anna"):
    with store.reading() as session:
        return queue.get(session, owner, job.id)


def write(store, function, job, *arguments):
    with store.session() as session:
        function(session, Held.of(job), *arguments)


def do_one(store, result):
    job = claim(store)
    write(store, queue.finish, job, result)
    return job


def told(store, job):
    with store.reading() as session:
        return [(event.state, event.progress) for event in queue.events(session, job.id)]


def test_from_the_queue_to_a_result(store):
    asked = submit(store)
    assert (asked.state, asked.attempts, asked.folder) == ("accepted", 0, asked.id)
    job = claim(store)
    assert (job.id, job.state, job.attempts, job.inputs) == (asked.id, "running", 1, {"a": 1})
    assert claim(store) is None
    write(store, queue.progress, job, 0.25, "a quarter")
    write(store, queue.finish, job, {"fss": 0.5})
    done = read(store, job)
    assert (done.state, done.progress, done.result) == ("successful", 1.0, {"fss": 0.5})
    assert done.created <= done.started <= done.finished <= done.updated
    assert told(store, job) == [
        ("accepted", 0.0),
        ("running", 0.0),
        ("running", 0.25),
        ("successful", 1.0),
    ]


def test_events_go_on_where_a_client_was(store):
    job = submit(store)
    claim(store)
    with store.reading() as session:
        first, second = queue.events(session, job.id)
        assert [event.id for event in queue.events(session, job.id, first.id)] == [second.id]
        assert queue.events(session, job.id, second.id) == []
        assert queue.events(session, "another", 0) == []


def test_the_first_that_came_is_the_first(store):
    ids = [submit(store, str(k)).id for k in range(5)]
    assert [claim(store).id for _ in ids] == ids


@pytest.mark.parametrize(
    "late",
    [
        lambda s, held: queue.finish(s, held, {"by": "the first"}),
        lambda s, held: queue.fail(s, held, "no"),
        lambda s, held: queue.progress(s, held, 0.5, ""),
        lambda s, held: queue.renew(s, held, LEASE),
        queue.hand_back,
        lambda s, held: queue.lose(s, held, "no"),
    ],
)
@pytest.mark.parametrize("second", ["two", "one"])
def test_who_has_lost_a_job_writes_nothing(store, late, second):
    """Also where the same runner has it again: the attempt counts, too."""
    submit(store)
    first = claim(store, "one", PASSED)
    again = claim(store, second)
    assert (again.id, again.attempts) == (first.id, 2)
    with pytest.raises(NotHeldError), store.session() as session:
        late(session, Held.of(first))
    now_is = read(store, first)
    assert (now_is.state, now_is.runner, now_is.result) == ("running", second, None)
    write(store, queue.finish, again, {"by": "the second"})
    with pytest.raises(NotHeldError), store.session() as session:
        late(session, Held.of(again))  # nor does who has ended it
    assert read(store, first).result == {"by": "the second"}


def test_a_job_that_is_handed_back_is_taken_at_once_and_not_counted_as_lost(store):
    submit(store)
    for attempt in range(1, 3 * queue.MOST_LOSSES):
        job = claim(store)
        assert (job.attempts, job.losses) == (attempt, 0)
        write(store, queue.hand_back, job)


@pytest.mark.parametrize("how", ["silence", "word"])
def test_a_job_that_is_lost_again_and_again_fails_with_the_reason(store, how):
    asked = submit(store)
    for _ in range(queue.MOST_LOSSES):
        job = claim(store, lease=PASSED if how == "silence" else LEASE)
        if how == "word":
            write(store, queue.lose, job, "its process was ended by SIGKILL")
    assert claim(store) is None
    failed = read(store, asked)
    assert failed.state == "failed"
    assert f"was begun {queue.MOST_LOSSES} times" in failed.reason
    assert ("SIGKILL" in failed.reason) == (how == "word")


def test_asked_for_again(store):
    first = submit(store)
    waits = submit(store)  # before there is a result
    do_one(store, {"fss": 0.5})
    again = submit(store)
    assert again.id != first.id
    assert (again.state, again.result, again.folder) == ("successful", {"fss": 0.5}, first.id)
    assert told(store, again) == [("successful", 1.0)]
    assert submit(store, owner="bruno").state == "accepted"
    assert submit(store, key="another").state == "accepted"
    assert submit(store, anew=True).state == "accepted"
    assert read(store, waits).state == "accepted"
    assert submit(store).folder == first.id  # as one that was itself successful at once


def test_failed_and_dismissed_ones_are_done_again(store):
    job = claim(store) if submit(store) else None
    write(store, queue.fail, job, "a slip")
    assert submit(store).state == "accepted"
    done = do_one(store, {})
    with store.session() as session:
        queue.dismiss(session, "anna", done.id)
    assert submit(store).state == "accepted"


def test_a_folder_stays_as_long_as_one_needs_it(store):
    first = submit(store)
    do_one(store, {})
    again = submit(store)
    forsaken = []
    for job in (first, again):
        with store.session() as session:
            queue.dismiss(session, "anna", job.id)
        with store.reading() as session:
            forsaken.append(queue.forsaken(session))
    assert forsaken == [[], [first.id]]
    with store.session() as session:
        queue.note_removed(session, first.id)
        assert queue.forsaken(session) == []
    assert read(store, first).folder is None


def test_a_folder_is_left_alone_while_a_runner_may_be_at_work_in_it(store):
    submit(store)
    job = claim(store)
    with store.session() as session:
        queue.dismiss(session, "anna", job.id)
        assert queue.forsaken(session) == []
        session.execute(update(Job).values(lease_until=now(session) + PASSED))
        assert queue.forsaken(session) == [job.id]
    with pytest.raises(NotHeldError):
        write(store, queue.renew, job, LEASE)
    assert claim(store) is None


def test_another_cannot_see_or_dismiss_a_job(store):
    job = submit(store)
    with store.session() as session:
        for function in (queue.get, queue.dismiss):
            for owner, number in (("bruno", job.id), ("anna", "none"), ("anna", "' OR 1=1 --")):
                with pytest.raises(NoSuchJobError):
                    function(session, owner, number)
        assert queue.list_jobs(session, "bruno") == ([], 0)
        assert queue.get(session, None, job.id) is not None


def test_lists(store):
    ids = [submit(store, str(k)).id for k in range(5)]
    submit(store, owner="bruno")
    claim(store)
    with store.reading() as session:
        found, total = queue.list_jobs(session, "anna", limit=2, offset=1)
        assert ([job.id for job in found], total) == (ids[::-1][1:3], 5)
        assert queue.list_jobs(session, "anna", states=["running"])[1] == 1
        assert queue.list_jobs(session, "anna", processes=["trace"]) == ([], 0)
        assert queue.list_jobs(session, None)[1] == 6
        assert queue.list_jobs(session, "anna", limit=10**9)[1] == 5


def test_odd_texts(store):
    """Of a message and a reason of libraries; a database may refuse them."""
    submit(store, owner="Robert'); DROP TABLE jobs;--")
    job = claim(store)
    write(store, queue.progress, job, float("nan"), "a\0b \ud800 è")
    write(store, queue.fail, job, "x" * 10**6 + "\0")
    failed = read(store, job, None)
    assert len(failed.reason) == queue.MOST_LETTERS
    assert failed.reason.endswith("...")
    assert failed.progress == 0.0


def test_odd_documents(store):
    odd = {"a\0b": "\ud800", "deep": [[[[{"è": None}]]]], "large": 10**30, "small": 5e-324}
    with store.session() as session:
        queue.submit(session, "anna", "simulate", odd, "key")
    job = do_one(store, odd)
    done = read(store, job)
    assert done.inputs == done.result == odd
    with pytest.raises((StatementError, ValueError)), store.session() as session:
        queue.submit(session, "anna", "simulate", {"a": float("nan")}, "key")


def test_subscribers_are_told_of_what_happened_and_of_nothing_else(store):
    subscriber = {
        "successUri": "http://a/s",
        "failedUri": "http://a/f",
        "inProgressUri": "http://a/p",
    }
    submit(store, "x", subscriber=subscriber)
    write(store, queue.hand_back, claim(store))
    do_one(store, {"fss": 0.5, "file": "/srv/data/x.nc"})
    submit(store, "x", subscriber=subscriber)
    submit(store, "y", subscriber=subscriber)
    write(store, queue.fail, claim(store), "no wind")
    submit(store, "z", subscriber=subscriber)
    with store.session() as session:
        queue.dismiss(session, "anna", queue.claim(session, "one", LEASE).id)
    with store.reading() as session:
        calls = list(session.scalars(select(Callback).order_by(Callback.id)))
    assert [(call.url[-1], call.body.get("status")) for call in calls] == [
        ("p", "running"),
        ("s", None),
        ("s", None),
        ("p", "running"),
        ("f", "failed"),
        ("p", "running"),
    ]
    assert calls[4].body["message"] == "no wind"
    assert calls[1].body == calls[2].body == {"result": {"value": {"fss": 0.5, "file": "x.nc"}}}
    json.dumps([call.body for call in calls], allow_nan=False)


def test_a_key_is_that_of_all_that_a_result_depends_on(monkeypatch, tmp_path):
    key = queue.key_of("simulate", {"a": 1, "b": 2}, {"x": "12"})
    assert key == queue.key_of("simulate", {"b": 2, "a": 1}, {"x": "12"})
    others = [
        queue.key_of("trace", {"a": 1, "b": 2}, {"x": "12"}),
        queue.key_of("simulate", {"a": 1, "b": 3}, {"x": "12"}),
        queue.key_of("simulate", {"a": 1, "b": 2}, {"x": "13"}),
        queue.key_of("simulate", {"a": 1, "b": 2}, {}),
    ]
    library = tmp_path / "oils.zip"
    monkeypatch.setenv("WITOIL_OILS", str(library))
    for content in (b"one", b"another"):
        library.write_bytes(content)
        others.append(queue.key_of("simulate", {"a": 1, "b": 2}, {"x": "12"}))
    assert len({key, *others}) == 7


CLAIMS = """
import json, sys
from datetime import timedelta
from multiprocessing import get_context
from web.jobs import queue
from web.store.base import Store

def claim(runner):
    store, claimed = Store.open(sys.argv[1]), []
    while True:
        with store.session() as session:
            job = queue.claim(session, runner, timedelta(minutes=5))
        if job is None:
            return claimed
        with store.session() as session:
            queue.finish(session, queue.Held.of(job), {"by": runner})
        claimed.append(job.id)

with get_context("fork").Pool(4) as pool:  # what all need is loaded once
    print(json.dumps(pool.map(claim, ["1", "2", "3", "4"], chunksize=1)))
"""


@pytest.mark.slow
def test_each_of_150_jobs_is_claimed_once_by_one_of_4_processes(store, database):
    with store.session() as session:
        ids = {queue.submit(session, "anna", "p", {}, str(k)).id for k in range(150)}
    command = [sys.executable, "-c", CLAIMS, database]
    claimed = json.loads(subprocess.check_output(command, text=True))
    assert Counter(chain(*claimed)) == Counter(ids)
    assert sum(1 for some in claimed if some) > 1
    with store.reading() as session:
        assert queue.list_jobs(session, "anna", states=["successful"])[1] == 150
        ends = list(session.scalars(select(JobEvent.job_id).where(JobEvent.state == "successful")))
    assert Counter(ends) == Counter(ids)


class Runners(RuleBasedStateMachine):
    """Any interleaving of two runners and an owner: one end, that of who held the job then."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store = Store.open(f"sqlite:///{self.folder.name}/x.sqlite")
        self.asked = submit(self.store)
        self.end = None

    claims = Bundle("claims")

    @rule(target=claims, runner=st.sampled_from(["one", "two"]))
    def claim(self, runner):
        job = claim(self.store, runner)
        if job is None:
            self._notice_losses()
            return multiple()
        assert self.end is None
        self.last = job
        return job

    @rule()
    def let_leases_pass(self):
        with self.store.session() as session:
            session.execute(update(Job).values(lease_until=now(session) + PASSED))

    @rule()
    def dismiss(self):
        with self.store.session() as session:
            queue.dismiss(session, "anna", self.asked.id)
        self.end = State.DISMISSED

    @rule(job=claims, successful=st.booleans())
    def finish(self, job, successful):
        function, told = (queue.finish, {"n": job.attempts}) if successful else (queue.fail, "no")
        with suppress(NotHeldError):
            write(self.store, function, job, told)
            assert self.end is None
            assert job is self.last
            self.end = State.SUCCESSFUL if successful else State.FAILED

    @rule(job=claims)
    def hand_back(self, job):
        with suppress(NotHeldError):
            write(self.store, queue.hand_back, job)
            assert job is self.last

    @rule(job=claims)
    def lose(self, job):
        with suppress(NotHeldError):
            write(self.store, queue.lose, job, "gone")
            assert job is self.last
        self._notice_losses()

    def _notice_losses(self):
        if self.end is None and read(self.store, self.asked).losses == queue.MOST_LOSSES:
            self.end = State.FAILED

    @invariant()
    def ends_once(self):
        job = read(self.store, self.asked)
        assert job.state in ((self.end,) if self.end else (State.ACCEPTED, State.RUNNING))
        if job.state == State.SUCCESSFUL:
            assert job.result == {"n": job.attempts}
        ends = [state for state, _ in told(self.store, self.asked) if state in queue.ENDED]
        assert len(ends) == len(set(ends))

    def teardown(self):
        self.store.close()
        self.folder.cleanup()


Runners.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestRunners = pytest.mark.slow(Runners.TestCase)
