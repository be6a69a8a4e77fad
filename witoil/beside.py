"""Work that holds Python's lock, done in other processes while this one goes on."""

from __future__ import annotations

import ctypes
import gc
import importlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import cycle
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")

LOST_SECONDS = 300.0
"""A copy that is silent for so long waits for a lock that nobody will let go. [s]"""

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


@contextmanager
def beside(
    work: Callable[Given, Result],
    *,
    loads: Sequence[str],
    shares: str | None = None,
    copies: int = 1,
) -> Iterator[Callable[Given, Callable[[], Result]]]:
    """Keep copies of this process at hand for work, which have all that this one has read so far.

    Parameters
    ----------
    work : callable
        What it is given and what it returns can be pickled. What it changes, here is not changed;
        it starts no other work of the kind.
    loads : sequence of str
        Modules that the work needs: the copies have them imported while this process goes on.
    shares : str, optional
        One that this process needs soon, too: imported before there are others that would do so.
    copies : int
        How many: so much work is done at the same time.

    Yields
    ------
    callable
        Begins work, and returns what waits for what it returns. Each copy has one work at a time:
        wait for what has begun before more begins. Where the copies were lost, or `work` failed
        there, it is done here, and raises what it raises.

    Notes
    -----
    A process is copied where that is safe and of use: on Linux, with more than one processor, from
    the main thread. Else the work is done when its result is asked for. A copy has no other
    thread, and a lock that one holds just then is never let go there: have it before threads need
    what the work needs. In servers, which do many things at once in threads, nothing is copied.
    """
    if not _may_be_copied():
        yield lambda *args, **kwargs: partial(work, *args, **kwargs)
        return
    if shares is not None:
        importlib.import_module(shares)
    fork = multiprocessing.get_context("fork")
    pipes = [fork.Pipe() for _ in range(copies)]
    # through a pipe large arrays would have to be fed
    files = [os.memfd_create("given") for _ in pipes]
    copy = fork.Process(target=_serve, args=(work, loads, pipes, files, os.getpid()), daemon=True)
    copy.start()
    for _, there in pipes:
        there.close()
    turns = cycle(zip((here for here, _ in pipes), files, strict=True))

    def begin(*args: Given.args, **kwargs: Given.kwargs) -> Callable[[], Result]:
        here, file = next(turns)
        try:
            here.send(_store(file, (args, kwargs)))
        except OSError:  # it is lost, or there is no room for what it is given
            copy.kill()

        def answer() -> Result:
            with suppress(EOFError, OSError):
                if here.poll(LOST_SECONDS):
                    found: Result = here.recv()
                    return found
            copy.kill()  # else what it says late were taken for the answer to what comes next
            copy.join()
            return work(*args, **kwargs)

        return answer

    try:
        yield begin
    finally:
        copy.kill()
        copy.join()
        for here, _ in pipes:
            here.close()
        for file in files:
            os.close(file)


def _store(file: int, given: object) -> list[int]:
    """Write what can be pickled, and its arrays as they are; return the sizes of these parts."""
    arrays: list[pickle.PickleBuffer] = []
    head = pickle.dumps(given, protocol=5, buffer_callback=arrays.append)
    parts = [memoryview(head), *(array.raw() for array in arrays)]
    with open(file, "wb", closefd=False) as stream:
        stream.seek(0)
        stream.writelines(parts)
    return [part.nbytes for part in parts]


def _take(file: int, sizes: list[int]) -> Any:
    """Return what `_store` has written, which is then no longer there."""
    with open(file, "rb+", closefd=False) as stream:
        stream.seek(0)
        head, *arrays = (stream.read(size) for size in sizes)
        stream.truncate(0)
    return pickle.loads(head, buffers=arrays)


def _may_be_copied() -> bool:
    return (
        sys.platform == "linux"
        and len(os.sched_getaffinity(0)) > 1
        and threading.current_thread() is threading.main_thread()
        and not multiprocessing.current_process().daemon  # may have no processes
    )


def _serve(
    work: Callable[..., Any],
    loads: Sequence[str],
    pipes: Sequence[tuple[Connection, Connection]],
    files: Sequence[int],
    parent: int,
) -> None:
    """Work, tell what comes out, and end without undoing what the process that was copied holds.

    The first copy has the modules, and makes the others.
    """
    try:
        _end_with_parent()
        for here, _ in pipes:
            here.close()
        gc.disable()  # to look through all objects would copy their pages
        if os.getppid() == parent:
            for module in loads:
                importlib.import_module(module)
        own, first = 0, os.getpid()
        for number in range(1, len(pipes)):
            if os.fork() == 0:
                own, parent = number, first
                _end_with_parent()
                break
        for number, (_, there) in enumerate(pipes):
            if number != own:
                there.close()  # else its end would not be seen
        there = pipes[own][1]
        while os.getppid() == parent:
            args, kwargs = _take(files[own], there.recv())
            there.send(work(*args, **kwargs))
    finally:
        os._exit(0)


def _end_with_parent() -> None:
    """Have this process end with the one that it was copied from, whose locks it may hold."""
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
