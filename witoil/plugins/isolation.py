"""Who looks at the files of a batch: processes that may be lost, threads, or workers of Dask.

In a process of its own a file that crashes a decoder, hangs, or needs too much memory costs itself
and nothing else.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from math import ceil
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from witoil.errors import WitoilError
from witoil.plugins.envelope import Envelope
from witoil.plugins.errors import PluginError
from witoil.plugins.georeference import Georeference
from witoil.plugins.hosted.keeper import descendants
from witoil.plugins.inputs import Item, fetched
from witoil.plugins.ledger import packed
from witoil.plugins.prediction import predict, session_of
from witoil.plugins.registry import Plugin, plugin_named
from witoil.plugins.sessions import Sessions
from witoil.workers import result_of, workers

PROCESSES, THREADS = "processes", "threads"

LEAST_BYTES = 2 * 2**30
"""Memory that a process may always take."""

_SHARE_OF_MEMORY = 0.8
_START_SECONDS = 300.0
"""Time until a process has loaded its model, at most."""

_GRACE_SECONDS = 2.0
"""Time within which the model's own limit ends a file before its process is ended."""

_END_SECONDS = 10.0
"""Time from when a process has closed its pipe until it is known how it ended, at most."""

_LONGEST_SECONDS = 1e9
"""A limit from here on is none. [s]"""

_LOADED_ONCE = (__name__, "onnx", "onnxruntime", "rasterio", "soundfile", "PIL.JpegImagePlugin")
"""What all processes need, loaded by the one that they are forked from, where it is installed."""

_FEW_ITEMS_OF_DASK = 64


@dataclass(frozen=True)
class Task:
    """What is done with each file of a batch.

    Attributes
    ----------
    plugin : Plugin
    georeference, time, parameters
        See `witoil.plugins.prediction.predict`.
    most_seconds : float
        How long a file may take. [s]
    with_arrays : bool
        Whether rasters and series are wanted.
    """

    plugin: Plugin
    georeference: Georeference | None
    time: datetime | None
    parameters: Mapping[str, Any]
    most_seconds: float
    with_arrays: bool

    def __getstate__(self) -> dict[str, Any]:
        """Return what goes to another process, where a program is found by its name."""
        return self.__dict__ | {"plugin": replace(self.plugin, code=None)}

    def opened(self) -> Plugin:
        """Return the plug-in as this process has it."""
        plugin, card = self.plugin, self.plugin.card
        if plugin.code is not None or plugin.folder is not None or card is None:
            return plugin
        return _program(plugin.name, card.model.version)


@lru_cache(maxsize=8)
def _program(name: str, version: str) -> Plugin:
    return plugin_named(name, version)


@dataclass(frozen=True)
class Answer:
    """What became of a file.

    Attributes
    ----------
    kept : str
        What was found, see `witoil.plugins.ledger.packed`.
    envelope : Envelope or None
        The same with rasters and series, where they are wanted; without its card, which is the same
        for all.
    fault : str
        Why it failed; empty: it did not.
    """

    kept: str = ""
    envelope: Envelope | None = None
    fault: str = ""


class LostWorkerError(WitoilError):
    """A worker that was lost with the files that it had."""


def look_at(task: Task, item: Item, sessions: Sessions) -> Answer:
    """Return what a plug-in finds in a file, or why it fails."""
    place = item.place
    try:
        with fetched(item) as path:
            place = str(path)
            envelope = predict(
                task.opened(),
                path,
                georeference=task.georeference,
                time=task.time,
                parameters=task.parameters,
                sessions=sessions,
                most_seconds=task.most_seconds,
            )
    except WitoilError as error:
        return Answer(fault=str(error).replace(place, item.place))
    except MemoryError:
        return Answer(
            fault=f"{item.place}: needs more memory than there is; expected a smaller file"
        )
    except Exception as error:  # libraries and plug-ins raise anything: that costs one file
        text = " ".join(str(error).split()) or "without a message"
        return Answer(fault=f"{item.place}: cannot be read: {type(error).__name__}: {text}")
    try:
        kept = packed(envelope)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        return Answer(fault=f"{item.place}: gave what JSON cannot hold ({error})")
    return Answer(kept, replace(envelope, card=None) if task.with_arrays else None)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Readers:
    """Those who look at files.

    Attributes
    ----------
    submit : callable
        Takes an `Item`, returns a future.
    width : int
        How many files to hand out at once.
    """

    submit: Callable[[Item], Future[Answer]]
    width: int


def answer_of(future: Future[Answer]) -> Answer:
    """Return an answer.

    Raises
    ------
    LostWorkerError
        Where the worker of Dask was lost that had the file, or others beside it.
    LostWorkersError
        Where the scheduler was lost.
    """
    try:
        return result_of(future)
    except (WitoilError, CancelledError):
        raise
    except Exception as error:
        if type(error).__name__ == "KilledWorker":
            raise LostWorkerError("ended the workers of Dask that had it") from None
        raise


@contextmanager
def readers(task: Task, scheduler: str, most: int | None = None) -> Iterator[Readers]:
    """Give those who look at files.

    Parameters
    ----------
    task : Task
    scheduler : str
        ``processes`` or ``threads`` of this machine, or the address of a Dask scheduler.
    most : int, optional
        Number of files: no more processes are started.

    Raises
    ------
    PluginError
        Where the model cannot be loaded.
    WitoilError
        Where the scheduler cannot be reached or has no workers.
    """
    if scheduler == PROCESSES and getattr(task.plugin.code, "is_isolated", False):
        scheduler = THREADS  # which wait for the one process that it has
    if scheduler == PROCESSES:
        with _processes(task, min(cores(), most or cores())) as found:
            yield found
        return
    # one thread of the runtime for each file: as many files as there are cores are looked at
    sessions = Sessions(threads=1)
    if task.plugin.code is None:
        session_of(task.plugin, sessions)
    with workers(None if scheduler == THREADS else scheduler) as there:
        if scheduler == THREADS:
            yield Readers(
                lambda item: there.executor.submit(look_at, task, item, sessions), 2 * cores()
            )
            return
        # not shared: what is shared is lost with the workers that have it
        yield Readers(
            lambda item: there.executor.submit(_on_worker, task, item), _FEW_ITEMS_OF_DASK
        )


_SESSIONS = Sessions(threads=1)
"""Models that a worker of Dask has loaded."""


def _on_worker(task: Task, item: Item) -> Answer:
    return look_at(task, item, _SESSIONS)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _processes(task: Task, count: int) -> Iterator[Readers]:
    """Give some processes, each with a thread that waits for it."""
    idle: queue.LifoQueue[_Process] = queue.LifoQueue()  # those that have begun come first
    processes = [_Process(task, _most_bytes(count)) for _ in range(count)]
    for process in processes:
        idle.put(process)

    def work(item: Item) -> Answer:
        process = idle.get()
        try:
            return process.look_at(item)
        finally:
            idle.put(process)

    pool = ThreadPoolExecutor(count)
    try:
        yield Readers(lambda item: pool.submit(work, item), 2 * count)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.end()
        pool.shutdown()


def _most_bytes(count: int) -> int:
    """Return the memory that each of some processes may take. [byte]."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(LEAST_BYTES, int(_SHARE_OF_MEMORY * total / count))


class _Process:
    """A process that looks at one file after the other, started when it is needed.

    Parameters
    ----------
    task : Task
    most_bytes : int
        Memory that it may take.
    """

    def __init__(self, task: Task, most_bytes: int) -> None:
        self._task, self._most_bytes = task, most_bytes
        self._line: Connection | None = None
        self._process: Any = None
        self._is_over = False
        self._reason = ""
        self._lock = threading.Lock()

    def look_at(self, item: Item) -> Answer:
        """Return what was found in a file; where two processes were lost at it, that they were."""
        # the first may have been lost by another's fault, as where memory is short
        return self._answer(item) or self._answer(item) or Answer(fault=self._lost(item))

    def _lost(self, item: Item) -> str:
        return f"{item.place}: ended the process that read it ({self._reason}); is it damaged?"

    def _answer(self, item: Item) -> Answer | None:
        """Return what was found in a file; None where the process is lost."""
        line = self._line or self._start()
        most = self._task.most_seconds
        try:
            line.send(item)
            # what a plug-in has forked may keep the pipe of a process open that has ended
            ends = [line, self._process.sentinel]
            if not wait(ends, most + _GRACE_SECONDS if most < _LONGEST_SECONDS else None):
                self._stop(0.0)
                return Answer(
                    fault=f"{item.place}: took longer than {most:g} s; expected a smaller file"
                )
            if not line.poll():
                raise EOFError
            answer: Answer = line.recv()
        except (EOFError, OSError):
            self._reason = self._stop()
            return None
        return answer

    def end(self) -> None:
        """End the process, and start no other."""
        self._is_over = True
        self._stop(0.0)

    def _start(self) -> Connection:
        """Start a process that has its model loaded."""
        with self._lock:
            if self._is_over:
                raise CancelledError
            # forked from a small process without threads, which has loaded what all need
            method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
            context: Any = get_context(method)
            if method == "forkserver":
                context.set_forkserver_preload(["__main__", *_LOADED_ONCE])
            ours: Connection
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self._task, self._most_bytes))
            try:
                process.start()
            except (OSError, EOFError, RuntimeError) as error:
                raise PluginError(
                    f"no process can be started ({error}); expected the script that asks for it "
                    'to stand under if __name__ == "__main__", or threads'
                ) from None
            self._process = process
            theirs.close()
        try:
            fault = ours.recv() if ours.poll(_START_SECONDS) else "takes too long"
        except (EOFError, OSError):
            fault = f"ended the process that loaded it ({self._stop()})"
        if fault:
            self._stop()
            raise PluginError(f"{self._task.plugin.name}: {fault}")
        self._line = ours
        return ours

    def _stop(self, most_seconds: float = _END_SECONDS) -> str:
        """End the process, and say how it had ended by itself within a time, if it had. [s]"""
        with self._lock:
            process, line = self._process, self._line
            self._process = self._line = None
        if process is None:
            return "it had ended"
        process.join(most_seconds)
        code = process.exitcode
        for pid in descendants(process.pid):  # of a plug-in, which is ended with all of them
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.join()
        if line is not None:
            line.close()
        return _reason(code)


def _reason(code: int | None) -> str:
    if code is None:
        return "it closed its pipe"
    if code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


def _serve(line: Connection, task: Task, most_bytes: int) -> None:
    """Look at files until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    _limit_memory(most_bytes)
    sessions = Sessions(threads=1)
    try:
        if task.opened().code is None:
            session_of(task.plugin, sessions)
        fault = ""
    except Exception as error:
        fault = " ".join(str(error).split()) or type(error).__name__
    line.send(fault)
    with suppress(EOFError, OSError):  # who started it is gone
        while True:
            item = line.recv()
            _end_in(task.most_seconds)
            answer = look_at(task, item, sessions)
            _end_in(0.0)
            try:
                line.send(answer)
            except (TypeError, AttributeError, ValueError) as error:
                line.send(Answer(fault=f"{item.place}: gave what cannot be sent ({error})"))


def _end_in(seconds: float) -> None:
    """End this process after a while: nobody else does where who started it was killed."""
    if hasattr(signal, "alarm") and seconds < _LONGEST_SECONDS:
        signal.alarm(ceil(seconds + 2.0 * _GRACE_SECONDS) if seconds else 0)


def _limit_memory(most_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # no Unix
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
