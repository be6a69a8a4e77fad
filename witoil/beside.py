"""Work that holds Python's lock, done in a second process while this one goes on."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import TypeVar

Result = TypeVar("Result")

LOST_SECONDS = 300.0
"""A copy that is silent for so long waits for a lock that nobody will let go. [s]"""

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


@contextmanager
def beside(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Begin work in a copy of this process, which has all that this one has read and computed.

    Parameters
    ----------
    work : callable
        What it returns can be pickled. What it changes, here is not changed; it starts no other
        work of the kind.

    Yields
    ------
    callable
        Waits for what `work` returns. Where the other process was lost, or `work` failed there,
        it is done here, and raises what it raises.

    Notes
    -----
    A process is copied where that is safe and of use: on Linux, with more than one processor, from
    the main thread. Else the work is done when it is asked for. The copy has no other thread, and
    a lock that one holds just then is never let go there: begin before threads need what the work
    needs. In servers, which do many things at once in threads, nothing is copied.
    """
    if not _may_be_copied():
        yield work
        return
    copies = multiprocessing.get_context("fork")
    here, there = copies.Pipe(duplex=False)
    copy = copies.Process(target=_work, args=(work, here, there, os.getpid()), daemon=True)
    copy.start()
    there.close()

    def answer() -> Result:
        try:
            if not here.poll(LOST_SECONDS):
                return work()
            found: Result = here.recv()
        except EOFError:
            return work()
        return found

    try:
        yield answer
    finally:
        here.close()
        copy.kill()
        copy.join()


def _may_be_copied() -> bool:
    return (
        sys.platform == "linux"
        and len(os.sched_getaffinity(0)) > 1
        and threading.current_thread() is threading.main_thread()
        and not multiprocessing.current_process().daemon  # may have no processes
    )


def _work(work: Callable[[], Result], here: Connection, there: Connection, parent: int) -> None:
    """Work, tell what comes out, and end without undoing what the process that was copied holds."""
    try:
        # what this one was copied from may hold locks that have to go with it
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        here.close()
        gc.disable()  # to look through all objects would copy their pages
        if os.getppid() == parent:
            there.send(work())
            there.close()
    finally:
        os._exit(0)
