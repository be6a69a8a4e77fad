"""The process that previews: it holds prepared cases, each in a process of its own.

These are forked from one in which all libraries are loaded (a fork server), so that a case costs
its own data only. A case that does harm, or takes too long or too much, ends with its process; no
other one notices. Short jobs that a request waits for are done here in the same way. This process
itself reads no data.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import filelock
from pydantic import BaseModel, ConfigDict, TypeAdapter

from catalog.files.scratch import scratch_folder
from web.confinement import allow_fewer_drivers, confined
from web.previews.line import LINE_BYTES, LINK, PREPARE_SECONDS, RUN_SECONDS, SOCKET, linked
from web.previews.memory import TOO_MUCH_MEMORY, is_used_up
from web.previews.prepared import do_job, serve_case
from web.settings import PREFIX, Settings

MOST_CASES = 16
"""Cases that are held, at most."""

MOST_PREPARED = 4
"""Cases that are prepared at once."""

MOST_JOBS = 4
"""Short jobs at once."""

MOST_SESSIONS = 4
"""Questions of one owner at once."""

IDLE_SECONDS = 900.0
"""After so long without a question the process of a case ends. [s]"""

OLDEST_SECONDS = 3600.0
"""What a case has read from servers is no older. [s]"""

SWEEP_SECONDS = 10.0
WAIT_SECONDS = 0.3
"""How often is looked whether others have ended. [s]"""

_SUPERSEDED = {"ending": "superseded", "reason": "superseded by a newer request of its session"}

log = logging.getLogger(__name__)


class Question(BaseModel):
    """What a web server asks.

    Attributes
    ----------
    owner : str
    session : str
        A newer question of the same owner and session takes the place of an older one.
    key : str
        What is the same for questions about the same case and the same data.
    inputs : dict
        `case`, with files in place of what stands for them.
    parameters, time, polygons
        See `witoil.preview.preview`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: str
    session: str
    key: str
    inputs: dict[str, Any]
    parameters: dict[str, float]
    time: str | None = None
    polygons: bool = False

    @property
    def wanted(self) -> dict[str, Any]:
        """What the process of the case has to know."""
        return self.model_dump(include={"parameters", "time", "polygons"})


class ShortJob(BaseModel):
    """What a web server asks that waits for the end of a job.

    Attributes
    ----------
    job, process, inputs, folder
        See `web.work.worker.done`.
    seconds : float
        How long it is waited for. [s]
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    job: str
    process: str
    inputs: dict[str, Any]
    folder: str
    seconds: float


_ASKED: TypeAdapter[Question | ShortJob] = TypeAdapter(Question | ShortJob)


class EndedError(Exception):
    """There is no answer; the ending that is told instead."""

    def __init__(self, ending: str, reason: str) -> None:
        super().__init__(reason)
        self.told = {"ending": ending, "reason": reason}


class Forked:
    """A process that the fork server has made, and the line to it.

    Parameters
    ----------
    target : callable
        What it does, with its end of the line and the arguments.
    arguments
        Of the target.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._process: BaseProcess = get_context("forkserver").Process(
            target=target, args=(self._theirs, *arguments), daemon=True
        )
        self._writer: asyncio.StreamWriter | None = None
        self._is_wanted = True

    async def start(self) -> None:
        """Start it."""
        with self._theirs:
            await asyncio.to_thread(self._process.start)
        self._reader, self._writer = await asyncio.open_connection(
            sock=self._ours, limit=LINE_BYTES
        )

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send it a line."""
        assert self._writer is not None
        self._writer.write(json.dumps(message, allow_nan=False).encode() + b"\n")

    async def hear(self, seconds: float, what: str, number: int = 0) -> dict[str, Any]:
        """Return what it says to a question; what it still says to others is dropped.

        Raises
        ------
        EndedError
            If it has ended, or says nothing for so long.
        """
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        line = await self._reader.readline()
                    except ConnectionError:  # it was killed before it had read the question
                        line = b""
                    if not line:
                        raise await self._ended()
                    said: dict[str, Any] = json.loads(line)
                    if said.pop("number") == number:
                        return said
        except TimeoutError:
            assert self._process.pid is not None
            if is_used_up(self._process.pid):
                raise EndedError(**TOO_MUCH_MEMORY) from None
            raise EndedError(
                "too large",
                f"the case takes longer than {seconds:g} s {what}; expected a shorter one: ask for "
                "a job, or for fewer particles or less time",
            ) from None

    def end(self) -> None:
        """Kill it and all that it has begun."""
        self._is_wanted = False
        if self._process.pid is not None and self._process.is_alive():
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()  # one that has no group of its own yet
        # one that is just being started finds the line closed, and ends
        (self._ours if self._writer is None else self._writer).close()

    async def _ended(self) -> EndedError:
        """Return what is told where it has ended without a word."""
        await asyncio.to_thread(self._process.join, 1.0)
        code = self._process.exitcode or 0
        if not self._is_wanted:
            return EndedError("busy", "the process of the case was ended; try again")
        if code < 0:
            return EndedError(
                "too large",
                f"the process of the case was ended by {signal.Signals(-code).name}, as where "
                "memory runs out; expected a smaller case: ask for a job",
            )
        log.error("the process of a case ended with code %s", code)
        return EndedError("busy", "the program failed; whoever runs it finds why in the log")


class HeldCase:
    """A case that is being prepared, or is ready, in a process of its own.

    Parameters
    ----------
    inputs : mapping
        `case`, with files in place of what stands for them.
    room : Path
        Folder that it may have for itself.
    most_bytes : int
        Memory for its data. [byte]
    """

    def __init__(self, inputs: Mapping[str, Any], room: Path, most_bytes: int) -> None:
        self.waiting, self.bytes = 0, 0
        self.began = self.used = time.monotonic()
        self._room = room
        self._process = Forked(serve_case, inputs, room, most_bytes)
        self._asked, self._turn = 0, asyncio.Lock()
        self.ready = asyncio.create_task(self._prepared())
        self.ready.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def answer(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a question, in its turn.

        Raises
        ------
        EndedError
        """
        await asyncio.shield(self.ready)
        async with self._turn:
            self._asked += 1
            number = self._asked
            self._process.tell({"number": number, **wanted})
            try:
                ending = await self._process.hear(RUN_SECONDS, "to run", number)
            except asyncio.CancelledError:
                self._process.tell({"stop": number})
                raise
        self.used = time.monotonic()
        self.bytes = ending.pop("bytes")
        return ending

    def end(self) -> None:
        """Kill its process, and give back all that it has."""
        self.ready.cancel()
        self._process.end()
        shutil.rmtree(self._room, ignore_errors=True)

    async def _prepared(self) -> None:
        """Start its process and wait until it has read what the case names."""
        await self._process.start()
        heard = await self._process.hear(PREPARE_SECONDS, "to prepare")
        if "reason" in heard:
            raise EndedError(heard["ending"], heard["reason"])
        self.bytes = heard["bytes"]


class Host:
    """Answers questions about cases that it holds.

    Parameters
    ----------
    room : Path
        Folder with a folder for each case.
    most_bytes : int
        Memory for the data of all cases together; one may have a quarter of it. [byte]
    """

    def __init__(self, room: Path, most_bytes: int) -> None:
        self._room, self._most_bytes = room, most_bytes
        self._cases: OrderedDict[tuple[str, str], HeldCase] = OrderedDict()
        self._sessions: dict[tuple[str, str], asyncio.Task[dict[str, Any]]] = {}
        self._number = self._jobs = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one question that comes over a connection, or do the one job."""
        with suppress(ConnectionError, ValueError):
            asked = _ASKED.validate_json(await reader.readline())
            if isinstance(asked, Question):
                ending = await self._ending(asked, reader)
            else:
                ending = await _unless_left(asyncio.create_task(self._done(asked)), reader)
            writer.write(json.dumps(ending, allow_nan=False).encode() + b"\n")
            await writer.drain()
        writer.close()

    def sweep(self) -> None:
        """End what was not asked about for long."""
        now = time.monotonic()
        for key, case in list(self._cases.items()):
            is_old = now - case.used > IDLE_SECONDS or now - case.began > OLDEST_SECONDS
            if is_old and not case.waiting:
                self._end(key)

    def end(self) -> None:
        """End all cases."""
        for key in list(self._cases):
            self._end(key)

    async def _ending(self, question: Question, reader: asyncio.StreamReader) -> dict[str, Any]:
        """Return the answer to a question, or what is told in its place."""
        session = (question.owner, question.session)
        older = self._sessions.get(session)
        work = asyncio.create_task(self._answer(question))
        self._sessions[session] = work
        await asyncio.sleep(0)  # so that it has its case before the older one gives it back
        if older is not None:
            older.cancel()
        ending = await _unless_left(work, reader)
        if self._sessions.get(session) is work:
            del self._sessions[session]
        return ending

    async def _done(self, asked: ShortJob) -> dict[str, Any]:
        """Do a short job in a process of its own, which ends with it."""
        if self._jobs >= MOST_JOBS:
            return EndedError("busy", "as many short jobs as may be are done at once").told
        self._jobs += 1
        process = Forked(do_job, asked.model_dump(exclude={"seconds"}), self._most_bytes // 4)
        try:
            await process.start()
            answer = await process.hear(asked.seconds, "to do")
            return answer if "ending" in answer else {"answer": answer}
        except EndedError as error:
            return error.told
        finally:
            process.end()
            self._jobs -= 1

    async def _answer(self, question: Question) -> dict[str, Any]:
        try:
            self._refuse_many(question)
            key = (question.owner, question.key)
            case = self._taken(key, question)
        except EndedError as error:
            return error.told
        try:
            return await case.answer(question.wanted)
        except EndedError as error:
            self._end(key, case)
            return error.told
        finally:
            case.waiting -= 1
            if not case.waiting and not case.ready.done():
                self._end(key, case)  # nobody waits for it any more
            self._make_room()

    def _refuse_many(self, question: Question) -> None:
        """Refuse questions beyond what one owner may ask at once.

        Raises
        ------
        EndedError
        """
        others = [each for each in self._sessions if each[0] == question.owner]
        if len(others) > MOST_SESSIONS:
            raise EndedError("too many", f"found {MOST_SESSIONS} previews of yours at once; wait")

    def _taken(self, key: tuple[str, str], question: Question) -> HeldCase:
        """Return the case of a question, which is kept as long as somebody waits for it.

        Raises
        ------
        EndedError
        """
        if key not in self._cases:
            self._refuse_busy()
            self._number += 1
            self._cases[key] = HeldCase(
                question.inputs, self._room / str(self._number), self._most_bytes // 4
            )
        self._cases.move_to_end(key)
        case = self._cases[key]
        case.waiting += 1
        return case

    def _refuse_busy(self) -> None:
        """Refuse one more case while too many others are in work.

        Raises
        ------
        EndedError
        """
        prepared = sum(not case.ready.done() for case in self._cases.values())
        asked = sum(case.waiting > 0 for case in self._cases.values())
        if prepared >= MOST_PREPARED or asked >= MOST_CASES:
            raise EndedError("busy", "as many cases as may be are in work; try again")

    def _make_room(self) -> None:
        """End the cases that were not asked about for longest, until all others have room."""
        for key, case in list(self._cases.items()):
            held = sum(each.bytes for each in self._cases.values())
            if len(self._cases) <= MOST_CASES and held <= self._most_bytes:
                return
            if not case.waiting:
                self._end(key, case)

    def _end(self, key: tuple[str, str], case: HeldCase | None = None) -> None:
        found = self._cases.get(key)
        if found is not None and case in (None, found):
            del self._cases[key]
            found.end()


async def _unless_left(
    work: asyncio.Task[dict[str, Any]], reader: asyncio.StreamReader
) -> dict[str, Any]:
    """Return the outcome of work, which is ended when the client leaves, or by a newer question."""
    left = asyncio.create_task(reader.read(1))  # nothing more comes until then
    await asyncio.wait([work, left], return_when=asyncio.FIRST_COMPLETED)
    left.cancel()
    if not work.done():
        work.cancel()
        await asyncio.wait([work])
    return _SUPERSEDED if work.cancelled() else work.result()


def run(settings: Settings, *, parent: int | None = None) -> None:
    """Preview until this process is told to stop, by SIGTERM or SIGINT.

    Where another process previews for the same data folder, it waits until that has ended.

    Parameters
    ----------
    settings : Settings
    parent : int, optional
        Number of the process without which there is no need for it.
    """
    for secret in ("DATABASE", "SSO_SECRET"):  # the former may hold a password
        os.environ.pop(f"{PREFIX}{secret}", None)
    os.environ.update(confined(settings.private_hosts))  # before GDAL is loaded
    allow_fewer_drivers()
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(settings, parent))


async def _run(settings: Settings, parent: int | None) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    watching = asyncio.create_task(_watch(parent, stopping))
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = filelock.FileLock(settings.data / f"{LINK}.lock", timeout=0)
    while not stopping.is_set() and not lock.is_locked:
        with suppress(filelock.Timeout):
            lock.acquire()
        if not lock.is_locked:
            await _until(stopping, WAIT_SECONDS)
    if not stopping.is_set():
        with scratch_folder() as room:
            await serve(settings, room, stopping)
    watching.cancel()
    lock.release()


async def serve(settings: Settings, room: Path, stopping: asyncio.Event) -> None:
    """Answer the questions of web servers until it is time to stop.

    Parameters
    ----------
    settings : Settings
    room : Path
        Folder for the socket, and for what cases need.
    stopping : asyncio.Event
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["web.previews.preloaded"])
    await asyncio.to_thread(forkserver.ensure_running)
    host = Host(room, settings.preview_bytes)
    place = room / SOCKET
    server = await asyncio.start_unix_server(host.serve, place, limit=LINE_BYTES)
    with linked(settings.data / LINK, room):
        async with server:
            while not stopping.is_set():
                host.sweep()
                await _until(stopping, SWEEP_SECONDS)
            host.end()


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but no longer than so many seconds."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


async def _watch(parent: int | None, stopping: asyncio.Event) -> None:
    """Stop when the process that has begun this one has gone."""
    while parent is not None and os.getppid() == parent:
        await asyncio.sleep(WAIT_SECONDS)
    if parent is not None:
        stopping.set()
