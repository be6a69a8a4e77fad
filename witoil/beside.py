"""Work that holds Python's lock, done in a second process while this one goes on."""

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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")

LOST_SECONDS = 300.0
"""A copy that is silent for so long waits for a lock that nobody will let go. [s]"""

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


@contextmanager
def beside(
    work: Callable[Given, Result], loads: str
) -> Iterator[Callable[Given, Callable[[], Result]]]:
    """Keep a copy of this process at hand for work, which has all that this one has read so far.

    Parameters
    ----------
    work : callable
        What it is given and what it returns can be pickled. What it changes, here is not changed;
        it starts no other work of the kind.
    loads : str
        A module that the work needs: the copy imports it at once, while this process goes on.

    Yields
    ------
    callable
        Begins work, and returns what waits for what it returns. Work that has begun is waited for
        before more begins. Where the other process was lost, or `work` failed there, it is done
        here, and raises what it raises.

    Notes
    -----
    A process is copied where that is safe and of use: on Linux, with more than one processor, from
    the main thread. Else the work is done when its result is asked for. The copy has no other
    thread, and a lock that one holds just then is never let go there: have it before threads need
    what the work needs. In servers, which do many things at once in threads, nothing is copied.
    """
    if not _may_be_copied():
        yield lambda *args, **kwargs: partial(work, *args, **kwargs)
        return
    copies = multiprocessing.get_context("fork")
    here, there = copies.Pipe()
    copy = copies.Process(target=_serve, args=(work, loads, there, here, os.getpid()), daemon=True)
    copy.start()
    there.close()
    sender = ThreadPoolExecutor(1)  # the copy takes nothing as long as it imports

    def begin(*args: Given.args, **kwargs: Given.kwargs) -> Callable[[], Result]:
        sent = sender.submit(_send, here, (args, kwargs))

        def answer() -> Result:
            try:
                sent.result(LOST_SECONDS)
                if here.poll(LOST_SECONDS):
                    found: Result = here.recv()
                    return found
            except (EOFError, OSError):  # a time that is out, too
                pass
            copy.kill()  # else what it says late were taken for the answer to what comes next
            copy.join()
            return work(*args, **kwargs)

        return answer

    try:
        yield begin
    finally:
        copy.kill()
        copy.join()
        sender.shutdown()
        here.close()


def _send(here: Connection, given: object) -> None:
    """Send what can be pickled, without a copy of its arrays."""
    arrays: list[pickle.PickleBuffer] = []
    here.send_bytes(pickle.dumps(given, protocol=5, buffer_callback=arrays.append))
    here.send(len(arrays))
    for array in arrays:
        here.send_bytes(array.raw())


def _receive(there: Connection) -> Any:
    head = there.recv_bytes()
    return pickle.loads(head, buffers=[there.recv_bytes() for _ in range(there.recv())])


def _may_be_copied() -> bool:
    return (
        sys.platform == "linux"
        and len(os.sched_getaffinity(0)) > 1
        and threading.current_thread() is threading.main_thread()
        and not multiprocessing.current_process().daemon  # may have no processes
    )


def _serve(
    work: Callable[..., Any], loads: str, there: Connection, here: Connection, parent: int
) -> None:
    """Work, tell what comes out, and end without undoing what the process that was copied holds."""
    try:
        # what this one was copied from may hold locks that have to go with it
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        here.close()
        gc.disable()  # to look through all objects would copy their pages
        if os.getppid() == parent:
            importlib.import_module(loads)
        while os.getppid() == parent:
            args, kwargs = _receive(there)
            there.send(work(*args, **kwargs))
    finally:
        os._exit(0)
