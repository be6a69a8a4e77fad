"""The process that does jobs for a runner, one after the other; what it has loaded stays loaded.

It never outlives its runner, nor works on a job for longer than the lease that the runner last told
of: where it hears nothing, it ends itself and all processes that it has begun.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import queue
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from catalog.errors import CatalogError
from simulator.errors import SimulatorError
from web.confinement import allow_fewer_drivers
from web.data.relative import by_relative_names
from web.features.runs import write_features
from web.jobs.tasks import SCHEDULER
from witoil.errors import WitoilError
from witoil.files import plain
from witoil.workers import LostWorkersError, forgo_dask

if TYPE_CHECKING:
    from web.jobs.processes import Process

PROGRESS_SECONDS = 0.5
"""No news more often. [s]"""

Tell = Callable[[Mapping[str, Any]], None]

NICENESS = 5
"""Requests and previews come before jobs."""

_WAITS = "waits for an earlier attempt to end"

log = logging.getLogger(__name__)


def main(arguments: list[str]) -> None:
    """Do what a runner asks for until it says no more.

    Parameters
    ----------
    arguments : list of str
        Number of the file that leads to the runner; name of the module with the table of
        processes; time of a lease. [s]
    """
    descriptor, table, lease = arguments
    os.nice(NICENESS)
    # long-lived objects, as on the command line: not to be looked through again and again
    gc.set_threshold(600_000, 20, 20)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    allow_fewer_drivers()
    warnings.simplefilter("ignore", append=True)
    if not os.environ.get(SCHEDULER):
        forgo_dask()
    runner = _Runner(Connection(int(descriptor)), float(lease))
    processes: Mapping[str, Process] = importlib.import_module(table).PROCESSES
    while (asked := runner.asked.get()) is not None:
        answer = done(processes.get(asked["process"]), asked, runner.tell)
        runner.is_waited_for = False
        runner.tell(answer)
        _sweep()


@cache
def _keep_loaded() -> None:
    """Look no more through what the first job has loaded."""
    gc.collect()
    gc.freeze()


def _sweep() -> None:
    """Give back the memory of a job, which is many objects that refer to each other."""
    _keep_loaded()
    gc.collect()


class _Runner:
    """The other end of the line, listened to in a thread."""

    def __init__(self, line: Connection, lease: float) -> None:
        self._line, self._lease = line, lease
        self._sending = threading.Lock()
        self.asked: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.is_waited_for = False
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, message: Mapping[str, Any]) -> None:
        text = json.dumps(message, allow_nan=False)
        with self._sending:
            self._line.send_bytes(text.encode())

    def _listen(self) -> None:
        try:
            while True:
                if not self._line.poll(self._lease):
                    if self.is_waited_for:
                        break
                    continue
                message = json.loads(self._line.recv_bytes())
                if "process" in message:
                    self.is_waited_for = True
                    self.asked.put(message)
                elif "stop" in message:
                    self.asked.put(None)
                    return
        except (EOFError, OSError):
            pass  # the runner has gone
        os.killpg(os.getpgrp(), signal.SIGKILL)


def done(process: Process | None, asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Do a job; return its result and a last note, or the reason why it failed.

    Parameters
    ----------
    process : Process or None
        A row of the table; None: there is no such row.
    asked : mapping
        `job`, `process`, `inputs` (with files in place of what stands for them) and `folder`.
    tell : callable
        Takes how far the job is, `share` and `note`.
    """
    if process is None:  # of a version before, or after
        return {"reason": f"found process {asked['process']!r}, which this version does not have"}
    folder = Path(asked["folder"])
    told, last_note = -PROGRESS_SECONDS, ""

    def progress(share: float, note: str) -> None:
        nonlocal told, last_note
        last_note = note
        if time.monotonic() - told >= PROGRESS_SECONDS:
            told = time.monotonic()
            tell({"share": share, "note": note})

    try:
        with _alone(folder, tell), by_relative_names(asked["inputs"], links_of(folder)) as inputs:
            result = plain(process.work(inputs, folder, progress))
            remarks = _note_features(process, folder, inputs)
        if remarks:
            result["remarks"] = [*result.get("remarks", []), *remarks]
        json.dumps(result, allow_nan=False)
    except LostWorkersError as error:
        return {"lost": str(error)}
    except (WitoilError, CatalogError, SimulatorError) as error:
        return {"reason": str(error)}
    except MemoryError:
        return {"reason": "needs more memory than there is; ask for fewer particles or less time"}
    except Exception:
        log.exception("job %s", asked["job"])
        return {"reason": f"the program failed; the operator finds why in the log: {asked['job']}"}
    return {"result": result, "note": last_note}


def _note_features(process: Process, folder: Path, inputs: Mapping[str, Any]) -> list[str]:
    """Leave the features of a job beside its results; a job does not fail for want of them.

    Returns
    -------
    list of str
        What is odd about them, in words.
    """
    if process.is_short:
        return []
    try:
        return write_features(folder, process.id, inputs)
    except Exception:
        log.exception("%s: its features cannot be made", folder.name)
        return ["its features cannot be made, so maps list none; its files are whole"]


@contextmanager
def _alone(folder: Path, tell: Tell) -> Iterator[None]:
    """Keep a job for this attempt; one before may take a moment to end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(lock_of(folder))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        tell({"share": 0.0, "note": _WAITS})
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def lock_of(folder: Path) -> Path:
    """Return the file that whoever works in the folder of a job has locked."""
    return folder.with_name(f"{folder.name}.lock")


def links_of(folder: Path) -> Path:
    """Return the folder by whose links a job reads what it names."""
    return folder.with_name(f"{folder.name}.links")


if __name__ == "__main__":
    main(sys.argv[1:])
