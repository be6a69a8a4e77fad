"""A runner: takes jobs from the queue, one at a time, and has them done by a process of its own.

Any number of runners share a queue. A runner renews its lease while a job is done, passes on how
far that is, and notices at each renewal that a job was dismissed. The process that does the work
waits for the next job afterwards, with all libraries loaded: a second job starts at once.

Killed at any moment, a runner loses nothing: when its lease has passed another one takes the job,
which goes on from its checkpoints.
"""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from catalog.errors import CatalogError
from web.confinement import confined
from web.data.inputs import resolver
from web.data.uploads import tidy
from web.errors import ServiceError, without_paths
from web.features.records import gather
from web.jobs import queue
from web.jobs.callbacks import delivering
from web.jobs.queue import Held, NotHeldError
from web.settings import PREFIX, Settings
from web.store.base import Store
from web.store.jobs import Job
from web.work.guests import remove_guests
from web.work.worker import links_of, lock_of
from witoil.errors import WitoilError

LEASE_SECONDS = 15.0
"""Longer than any pause of a machine that is only busy, and than processes need to end. [s]"""

RENEWAL_SECONDS = 1.0
"""How often a lease is renewed, and at the latest noticed that a job was dismissed. [s]"""

TICK_SECONDS = 0.1
"""How long the runner looks nowhere else. [s]"""

TIDY_SECONDS = 5.0
"""How often folders that nobody needs are looked for. [s]"""

WARM_SECONDS = 900.0
"""After so long without a job the memory of the process that did the last one is given back. [s]"""

MOST_JOBS = 100
"""A process that has done so many makes room for a new one."""

log = logging.getLogger(__name__)

Resolve = Callable[[Session, Job], dict[str, Any]]
"""Returns the inputs of a job with files in place of what stands for them."""

Ending = Callable[[Session], None]
"""Writes how a job has ended."""

_UNREACHABLE = (OperationalError, InterfaceError)


class WorkerEndedError(Exception):
    """The process that did a job has ended without a word; how."""


def _harmless(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what may hold a password: of the database, of sign-ons."""
    secret = {f"{PREFIX}DATABASE", f"{PREFIX}SSO_SECRET"}
    return {name: value for name, value in environment.items() if name not in secret}


class Worker:
    """A process that does jobs, see `web.work.worker`.

    Parameters
    ----------
    table : str
        Module with the table of processes.
    lease : float
        After so long without a renewal it ends itself. [s]
    environment : mapping
        Variables that it has beside those of this process.
    """

    def __init__(self, table: str, lease: float, environment: Mapping[str, str]) -> None:
        self._line, theirs = Pipe()
        with theirs:
            number = str(theirs.fileno())
            # -P: nothing of the folder that the runner was started in
            command = [sys.executable, "-P", "-m", "web.work.worker", number, table, str(lease)]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                env=_harmless(os.environ) | dict(environment),
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # so that all that it has begun can be ended with it
            )
        self.pid = self._process.pid
        self.jobs = 0

    @property
    def has_ended(self) -> bool:
        """Whether it is there no more."""
        return self._process.poll() is not None

    def ask(self, message: Mapping[str, Any]) -> None:
        """Send a message.

        Raises
        ------
        WorkerEndedError
        """
        try:
            self._line.send_bytes(json.dumps(message, allow_nan=False).encode())
        except OSError:
            raise WorkerEndedError(self._how()) from None

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Return its next message; None if there is none for so long.

        Raises
        ------
        WorkerEndedError
        """
        try:
            if not self._line.poll(seconds):
                return None
            message: dict[str, Any] = json.loads(self._line.recv_bytes())
        except (EOFError, OSError):
            raise WorkerEndedError(self._how()) from None
        return message

    def end(self) -> None:
        """Kill it and all that it has begun."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._line.close()

    def _how(self) -> str:
        with suppress(subprocess.TimeoutExpired):  # it may be about to say so by its code
            self._process.wait(1.0)
        self.end()
        code = self._process.returncode
        if code >= 0:
            return f"its process ended with code {code}"
        return f"its process was ended by {signal.Signals(-code).name}, as where memory runs out"


class Runner:
    """Does what stands in a queue.

    Parameters
    ----------
    store : Store
    jobs : Path
        Folder with a folder for each job.
    resolve : callable, optional
        See `Resolve`; default: inputs are taken as they are.
    tidy : callable, optional
        Called now and then, when no job is done.
    table : str
        Module with the table of processes, ``PROCESSES``.
    environment : mapping, optional
        Variables that the process which does the jobs has beside those of this one.
    lease, renewal : float
        How long a job is kept for a runner that says nothing, and how often it does. [s]
    """

    def __init__(
        self,
        store: Store,
        jobs: Path,
        *,
        resolve: Resolve | None = None,
        tidy: Callable[[], None] | None = None,
        table: str = "web.jobs.processes",
        environment: Mapping[str, str] | None = None,
        lease: float = LEASE_SECONDS,
        renewal: float = RENEWAL_SECONDS,
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._store, self._jobs = store, jobs.resolve()
        self._resolve = resolve or (lambda _, job: job.inputs)
        self._tidy_more = tidy or (lambda: None)
        self._table, self._lease, self._renewal = table, timedelta(seconds=lease), renewal
        self._environment = dict(environment or {})
        self._worker: Worker | None = None
        self._stopping = threading.Event()
        self._tidied = self._worked = -math.inf

    def stop(self) -> None:
        """Have `run` return soon; a job that is being done is handed back."""
        self._stopping.set()

    def run(self) -> None:
        """Do jobs until `stop` is called."""
        try:
            while not self._stopping.is_set():
                try:
                    self._tidy()
                    job = self._next()
                    if job is None:
                        self._rest()
                    else:
                        self._do(job)
                except _UNREACHABLE as error:  # what was claimed is anybody's when its lease ends
                    log.warning("database: %s", error.orig)
                    self._stopping.wait(self._renewal)
        finally:
            self._end_worker()

    def _rest(self) -> None:
        if time.monotonic() - self._worked > WARM_SECONDS:
            self._end_worker()
        self._stopping.wait(TICK_SECONDS)

    def _next(self) -> Job | None:
        with self._store.reading() as session:
            if not queue.waiting(session):
                return None
        with self._store.session() as session:
            return queue.claim(session, self.name, self._lease)

    def _do(self, job: Job) -> None:
        """Have a job done, and write how it ended."""
        held = Held.of(job)
        try:
            self._write(self._done(job, held))
            gather(self._store, self._jobs)
        except NotHeldError as error:
            log.warning("%s", error)
            self._end_worker()
        finally:
            self._worked = time.monotonic()

    def _done(self, job: Job, held: Held) -> Ending:
        """Have a job done, and return what is to be written.

        Raises
        ------
        NotHeldError
        """
        try:
            with self._store.reading() as session:
                inputs = self._resolve(session, job)
        except (WitoilError, CatalogError, ServiceError, OSError) as error:
            return partial(queue.fail, held=held, reason=without_paths(str(error)))
        try:
            worker = self._ready_worker()
            folder = str(self._jobs / str(job.folder))
            worker.ask({"job": job.id, "process": job.process, "inputs": inputs, "folder": folder})
            return self._watched(worker, held)
        except WorkerEndedError as error:
            log.warning("job %s: %s", job.id, error)
            self._end_worker()
            return partial(queue.lose, held=held, how=str(error))

    def _watched(self, worker: Worker, held: Held) -> Ending:
        """Listen to a worker until it is done, or the runner has to stop."""
        due, news = time.monotonic() + self._renewal, None
        while not self._stopping.is_set():
            message = worker.hear(TICK_SECONDS) or {}
            if "result" in message:
                ended_with = {"result": message["result"], "message": message["note"]}
                return partial(queue.finish, held=held, **ended_with)
            if "reason" in message:
                return partial(queue.fail, held=held, reason=without_paths(message["reason"]))
            if "lost" in message:  # the next attempt goes on, where there are workers again
                return partial(queue.lose, held=held, how=without_paths(message["lost"]))
            news = message or news
            if time.monotonic() >= due:
                if self._renewed(held, news):
                    worker.ask({"renewed": True})
                    news = None
                due = time.monotonic() + self._renewal
        self._end_worker()
        return partial(queue.hand_back, held=held)

    def _renewed(self, held: Held, news: Mapping[str, Any] | None) -> bool:
        """Renew the lease and pass on news; say whether the database could be reached."""
        try:
            with self._store.session() as session:
                queue.renew(session, held, self._lease)
                if news is not None:
                    queue.progress(session, held, news["share"], news["note"])
        except _UNREACHABLE as error:
            log.warning("database: %s", error.orig)
            return False
        return True

    def _write(self, ending: Ending) -> None:
        """Write how a job has ended, when the database can be reached.

        Raises
        ------
        NotHeldError
        """
        while True:
            try:
                with self._store.session() as session:
                    ending(session)
                return
            except _UNREACHABLE as error:
                log.warning("database: %s", error.orig)
                if self._stopping.wait(self._renewal):
                    return  # others find that the lease has passed

    def _ready_worker(self) -> Worker:
        if self._worker is not None and (self._worker.jobs >= MOST_JOBS or self._worker.has_ended):
            self._end_worker()
        if self._worker is None:
            self._worker = Worker(self._table, self._lease.total_seconds(), self._environment)
        self._worker.jobs += 1
        return self._worker

    def _end_worker(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _tidy(self) -> None:
        """Take in features, and remove what nobody needs, now and then."""
        if time.monotonic() - self._tidied < TIDY_SECONDS:
            return
        self._tidied = time.monotonic()
        gather(self._store, self._jobs)  # of jobs that were ended by others
        self._tidy_more()
        with self._store.reading() as session:
            folders = queue.forsaken(session)
        for name in folders:
            folder = self._jobs / name
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                log.warning("%s: cannot be removed", folder)
                continue
            shutil.rmtree(links_of(folder), ignore_errors=True)
            lock_of(folder).unlink(missing_ok=True)
            with self._store.session() as session:
                queue.note_removed(session, name)


def run(settings: Settings, *, parent: int | None = None) -> None:
    """Run a runner in this process until it is told to stop, by SIGTERM or SIGINT.

    Parameters
    ----------
    settings : Settings
    parent : int, optional
        Number of the process without which there is no need for it.

    Raises
    ------
    StoreError
    """
    store = Store.open(settings.database_url)
    tidy(store, settings.uploads)
    runner = Runner(
        store,
        settings.jobs,
        resolve=resolver(settings),
        tidy=partial(remove_guests, store, settings.uploads),
        environment=confined(settings.private_hosts),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runner.stop())
    with ending_with(parent, runner.stop), delivering(store, settings.callback_hosts):
        runner.run()
    store.close()


@contextmanager
def ending_with(parent: int | None, stop: Callable[[], None]) -> Iterator[None]:
    """Call a function when the process that has begun this one has gone."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(TICK_SECONDS):
            if os.getppid() != parent:
                stop()
                return

    if parent is not None:
        threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()
