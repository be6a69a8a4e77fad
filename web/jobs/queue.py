"""The queue of jobs: who asks puts them in, runners take them out, each is done once.

A runner that claims a job holds it for the time of a lease, and renews that. What a runner writes
counts only while it holds the job: every write looks for its name and the number of its attempt.
So one that was thought dead and comes back changes nothing. Nothing here commits: each function
works within the transaction of its session.

Events and callbacks are written in the transaction of the change that they tell of.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased, defer

from catalog.oils import LIBRARY_VARIABLE
from web.errors import document_without_paths
from web.jobs.outputs import NAME_OF_RESULT
from web.people.usage import note, note_successful
from web.store.base import now
from web.store.features import forget, forget_words, parent_of_job
from web.store.jobs import Callback, Job, JobEvent, State
from web.store.usage import Activity
from witoil.versions import versions

MOST_LOSSES = 5
"""After so many attempts that ended without a word, a job is the likely cause, and fails."""

MOST_LISTED = 1000
"""Jobs or events that are given at once."""

MOST_LETTERS = 4000
"""No message or reason is longer."""

ENDED = (State.SUCCESSFUL, State.FAILED, State.DISMISSED)


class NoSuchJobError(LookupError):
    """There is no such job, or it is another's."""


class NotHeldError(Exception):
    """A runner writes to a job that it does not hold any more: dismissed, or another's by now."""


@dataclass(frozen=True)
class Held:
    """What a runner shows to write to a job: its name, and which attempt it is at."""

    job_id: str
    runner: str
    attempt: int

    @classmethod
    def of(cls, job: Job) -> Held:
        """Return that of a job as it was claimed."""
        assert job.runner is not None
        return cls(job.id, job.runner, job.attempts)


def key_of(process: str, inputs: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """Return what is the same for two jobs whose results are.

    Parameters
    ----------
    process : str
    inputs : mapping
        As JSON has them.
    files : mapping
        SHA-256 of all that the inputs name, by name; empty where it may change at any time: then
        no other job has the same key.
    """
    document = {"process": process, "inputs": inputs, "files": files}
    document |= {"versions": versions(), "built in": _built_in()}
    if "" in files.values():
        document["once"] = uuid4().hex
    text = json.dumps(document, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _built_in() -> dict[str, Any]:
    """Return the state of what results depend on beside a case: coasts, and oils of a library."""
    found: dict[str, Any] = {"coastline": version("roaring-landmask")}
    library = os.environ.get(LIBRARY_VARIABLE)
    if library and os.path.exists(library):
        state = os.stat(library)
        found["oils"] = [library, state.st_size, state.st_mtime_ns]
    return found


def submit(
    session: Session,
    owner: str,
    process: str,
    inputs: dict[str, Any],
    key: str,
    *,
    subscriber: Mapping[str, str] | None = None,
    anew: bool = False,
) -> Job:
    """Put a job into the queue.

    Where its owner has a successful one of the same key, the new one is successful at once: it has
    the same result, and shares the folder, which stays as long as one of them needs it.

    Parameters
    ----------
    session : Session
    owner, process : str
    inputs : dict
        As JSON has them.
    key : str
        See `key_of`.
    subscriber : mapping, optional
        Addresses to call, by ``successUri``, ``inProgressUri`` and ``failedUri``.
    anew : bool
        Run it even if there is a result.

    Returns
    -------
    Job
    """
    moment = now(session)
    job = Job(
        id=str(uuid4()),
        owner=owner,
        process=process,
        inputs=inputs,
        key=key,
        state=State.ACCEPTED,
        progress=0.0,
        message="",
        attempts=0,
        losses=0,
        created=moment,
        updated=moment,
        subscriber=dict(subscriber or {}),
    )
    job.folder = job.id
    session.add(job)
    session.flush()  # events and callbacks refer to it
    note(session, owner, Activity.JOB, job.id, process)
    before = None if anew else _successful(session, job)
    if before is None:
        _tell(session, job)
    else:
        job.folder, job.started = before.folder, moment
        job.message = f"as job {before.id}"
        _end(session, job, State.SUCCESSFUL, result=before.result)
    session.flush()
    return job


def _successful(session: Session, job: Job) -> Job | None:
    """Return one that has the result of a new job; it stays so until the transaction ends."""
    return session.scalars(
        select(Job)
        .where(
            Job.owner == job.owner,
            Job.key == job.key,
            Job.process == job.process,
            Job.state == State.SUCCESSFUL,
        )
        .order_by(Job.created.desc(), Job.id)
        .limit(1)
        .with_for_update(read=True)
    ).first()


def get(session: Session, owner: str | None, job_id: str) -> Job:
    """Return a job.

    Parameters
    ----------
    session : Session
    owner : str, optional
        Whose it has to be; None: anybody's.
    job_id : str

    Raises
    ------
    NoSuchJobError
        Also where it is another's.
    """
    job = session.get(Job, job_id)
    if job is None or owner not in (None, job.owner):
        raise NoSuchJobError(job_id)
    return job


def list_jobs(
    session: Session,
    owner: str | None,
    *,
    processes: Sequence[str] = (),
    states: Sequence[str] = (),
    where: Sequence[ColumnElement[bool]] = (),
    limit: int = 100,
    offset: int = 0,
) -> tuple[list[Job], int]:
    """Return jobs, the newest first and without inputs and results, and how many there are in all.

    Parameters
    ----------
    session : Session
    owner : str, optional
        Whose; None: everybody's.
    processes, states : sequence of str
        Only of these, where there are any.
    where : sequence
        Other conditions on `Job`.
    limit : int
        At most so many, and `MOST_LISTED`.
    offset : int
        Leave out so many.
    """
    wanted = list(where)
    if owner is not None:
        wanted.append(Job.owner == owner)
    if processes:
        wanted.append(Job.process.in_(processes))
    if states:
        wanted.append(Job.state.in_(states))
    total = session.scalar(select(func.count()).select_from(Job).where(*wanted)) or 0
    page = (
        select(Job)
        .where(*wanted)
        .options(defer(Job.inputs, raiseload=True), defer(Job.result, raiseload=True))
        .order_by(Job.created.desc(), Job.id)
        .limit(min(limit, MOST_LISTED))
        .offset(offset)
    )
    return list(session.scalars(page)), total


def events(session: Session, job_id: str, since: int = 0) -> list[JobEvent]:
    """Return what has happened to a job after an event, in order; `MOST_LISTED` at most."""
    query = select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.id > since)
    return list(session.scalars(query.order_by(JobEvent.id).limit(MOST_LISTED)))


def dismiss(session: Session, owner: str | None, job_id: str) -> Job:
    """End a job for good, whatever it is at; its folder is removed later, by a runner.

    Parameters
    ----------
    session, owner, job_id
        Those of `get`.

    Raises
    ------
    NoSuchJobError
    """
    job = get(session, owner, job_id)
    session.refresh(job, with_for_update=True)
    if job.state != State.DISMISSED:
        _end(session, job, State.DISMISSED)
        forget_words(session, parent_of_job(job.id))
        forget(session, parent_of_job(job.id))
    return job


def waiting(session: Session) -> bool:
    """Say whether there is a job to claim, without holding anybody up."""
    return session.scalar(select(Job.id).where(_claimable(session)).limit(1)) is not None


def claim(session: Session, runner: str, lease: timedelta) -> Job | None:
    """Take the job that has waited longest, or one whose runner has let its lease pass.

    Parameters
    ----------
    session : Session
    runner : str
        Name that no other runner has.
    lease : timedelta
        How long nobody else may take it.

    Returns
    -------
    Job, optional
        None: there is nothing to do.
    """
    query = (
        select(Job)
        .where(_claimable(session))
        .order_by(Job.created, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while (job := session.scalars(query).first()) is not None:
        if job.state == State.RUNNING and _lost(session, job, "its runner was not heard of again"):
            continue
        take(session, job, runner, lease)
        return job
    return None


def take(session: Session, job: Job, runner: str, lease: timedelta) -> Held:
    """Take a job that nobody else can have: one that is locked, or of this transaction.

    Parameters
    ----------
    session : Session
    job : Job
    runner : str
        Name that nobody else has.
    lease : timedelta
        How long nobody else may take it.
    """
    moment = now(session)
    job.state, job.runner = State.RUNNING, runner
    job.attempts += 1
    job.started = job.started or moment
    job.lease_until = moment + lease
    _tell(session, job)
    if job.attempts == 1:
        _call(session, job, "inProgressUri")
    session.flush()
    return Held.of(job)


def renew(session: Session, held: Held, lease: timedelta) -> None:
    """Hold a job for longer.

    Raises
    ------
    NotHeldError
        As do all below.
    """
    _held(session, held).lease_until = now(session) + lease


def progress(session: Session, held: Held, share: float, message: str) -> None:
    """Say how far a job is: share that is done, 0 to 1, and a note."""
    job = _held(session, held)
    job.progress = 0.0 if math.isnan(share) else min(max(share, 0.0), 1.0)
    job.message = _line(message)
    _tell(session, job)


def finish(session: Session, held: Held, result: dict[str, Any], message: str = "") -> None:
    """End a job that has done what was asked; `result` as JSON has it, and a last note."""
    job = _held(session, held)
    job.message = _line(message)
    _end(session, job, State.SUCCESSFUL, result=result)


def fail(session: Session, held: Held, reason: str) -> None:
    """End a job that cannot be done, for a reason that its owner may read."""
    _end(session, _held(session, held), State.FAILED, reason=_line(reason))


def hand_back(session: Session, held: Held) -> None:
    """Let others go on with a job."""
    _release(session, _held(session, held))


def lose(session: Session, held: Held, how: str) -> None:
    """Let others go on with a job whose process has ended without a word, unless that is enough."""
    job = _held(session, held)
    if not _lost(session, job, how):
        _release(session, job)


def forsaken(session: Session) -> list[str]:
    """Return folders that no job needs any more and nobody works in; that never changes again."""
    other = aliased(Job)
    needed = select(other.id).where(
        other.folder == Job.folder,
        or_(
            other.state != State.DISMISSED,
            # whoever worked in it when it was dismissed has noticed by then
            other.lease_until > now(session),
        ),
    )
    unneeded = select(Job.folder).where(
        Job.state == State.DISMISSED, Job.folder.is_not(None), ~needed.correlate(Job).exists()
    )
    return [folder for folder in session.scalars(unneeded.distinct()) if folder is not None]


def note_removed(session: Session, folder: str) -> None:
    """Note that a folder is gone which was forsaken."""
    session.execute(update(Job).where(Job.folder == folder).values(folder=None))


def _body(job: Job) -> dict[str, Any]:
    """Return what a subscriber is sent: the results, or the status, of OGC API - Processes.

    Files are not among the results: under which name clients reach the service is not known here.
    """
    if job.state == State.SUCCESSFUL:
        return {NAME_OF_RESULT: {"value": document_without_paths(job.result)}}
    told: dict[str, Any] = {
        "type": "process",
        "jobID": job.id,
        "processID": job.process,
        "status": str(job.state),
        "progress": round(100.0 * job.progress),
        "message": job.reason or job.message,
    }
    for name in ("created", "started", "finished", "updated"):
        moment = getattr(job, name)
        if moment is not None:
            told[name] = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return told


def _line(text: str) -> str:
    """Return a text as any database takes it: no surrogates, no NUL, not endless."""
    text = (
        text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    )
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 3]}..."


def _claimable(session: Session) -> ColumnElement[bool]:
    has_passed = and_(Job.state == State.RUNNING, Job.lease_until < now(session))
    return or_(Job.state == State.ACCEPTED, has_passed)


def _held(session: Session, held: Held) -> Job:
    """Return a job that a runner holds, which stays so until the transaction ends."""
    job = session.scalars(
        select(Job)
        .where(
            Job.id == held.job_id,
            Job.runner == held.runner,
            Job.attempts == held.attempt,
            Job.state == State.RUNNING,
        )
        .with_for_update()
    ).one_or_none()
    if job is None:
        raise NotHeldError(f"job {held.job_id}: not held by {held.runner} any more")
    return job


def _lost(session: Session, job: Job, how: str) -> bool:
    """Count an attempt that ended without a word; say whether the job has failed with that."""
    job.losses += 1
    if job.losses < MOST_LOSSES:
        return False
    reason = f"was begun {job.attempts} times; {job.losses} of these it was lost: {how}"
    _end(session, job, State.FAILED, reason=reason)
    session.flush()
    return True


def _release(session: Session, job: Job) -> None:
    job.state, job.runner, job.lease_until = State.ACCEPTED, None, None
    _tell(session, job)


def _end(
    session: Session,
    job: Job,
    state: State,
    *,
    result: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    job.state, job.result, job.reason = state, result, reason
    job.finished = now(session)
    if state != State.DISMISSED:
        job.lease_until = None  # of a dismissed one it says until when its folder is in use
    if state == State.SUCCESSFUL:
        job.progress = 1.0
        note_successful(session, job)
    _tell(session, job)
    _call(session, job, {State.SUCCESSFUL: "successUri", State.FAILED: "failedUri"}.get(state))


def _tell(session: Session, job: Job) -> None:
    """Write an event of what a job is now."""
    job.updated = now(session)
    session.add(
        JobEvent(
            job_id=job.id,
            time=job.updated,
            state=job.state,
            progress=job.progress,
            message=job.reason or job.message,
        )
    )


def _call(session: Session, job: Job, which: str | None) -> None:
    url = job.subscriber.get(which) if which is not None else None
    if url is not None:
        session.add(Callback(job_id=job.id, url=url, body=_body(job), tries=0, due=job.updated))
