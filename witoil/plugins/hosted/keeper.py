"""A program that runs another one within bounds, and leaves nothing of it behind.

It is started as a script, by any Python, and needs the standard library only. What the program
prints goes to a file that never grows beyond its bound. The program is ended, with all that it has
started, when this one is told to end, when whoever has started this one is gone, or when a worker
of the program dies: DEEPaaS would wait for that one for ever.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.1
"""How often it is looked at what goes on. [s]"""

LOST = "a worker of the module has died"
"""Last line of the log where that is why all was ended."""

_PR_SET_CHILD_SUBREAPER = 36


def main(bounds: dict[str, Any], command: Sequence[str]) -> int:
    """Run a command until it ends or has to; return its exit code.

    Parameters
    ----------
    bounds : dict
        ``parent``, the process that wants it; ``folder``, removed where that is gone; ``log``,
        ``log_bytes``; ``memory_bytes`` and ``file_bytes`` of each process. [byte]
    command : sequence of str
    """
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
    _adopt_orphans()
    _bound(bounds["memory_bytes"], bounds["file_bytes"])
    program = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert program.stdout is not None
    log = _Log(Path(bounds["log"]), bounds["log_bytes"])
    reader = threading.Thread(target=log.fill, args=(program.stdout.fileno(),), daemon=True)
    reader.start()
    seen: set[int] = set()
    has_lost = False
    while program.poll() is None and not told and os.getppid() == bounds["parent"]:
        workers = set(_workers(program.pid))
        has_lost = bool(seen - workers) and program.poll() is None
        if has_lost:
            break
        seen = workers
        time.sleep(LOOK_SECONDS)
    code = program.poll()
    _end_all()
    reader.join(1.0)
    if has_lost:  # after all that they have printed
        log.write(f"\n{LOST}\n".encode())
    if os.getppid() != bounds["parent"]:
        shutil.rmtree(bounds["folder"], ignore_errors=True)
    return 1 if code is None else code & 0xFF


class _Log:
    """A file for what is printed; when it is full it is put aside, and the one before goes."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path, self._most_bytes = path, most_bytes
        self._file = path.open("wb")
        self._lock = threading.Lock()

    def fill(self, pipe: int) -> None:
        """Take all that comes out of a pipe."""
        with suppress(OSError):
            while chunk := os.read(pipe, 65_536):
                self.write(chunk)

    def write(self, content: bytes) -> None:
        with self._lock:
            if self._file.tell() + len(content) > self._most_bytes:
                self._file.close()
                self._path.replace(self._path.with_suffix(".before"))
                self._file = self._path.open("wb")
            self._file.write(content)
            self._file.flush()


def _adopt_orphans() -> None:
    """Have processes whose parent has ended become children of this one (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _bound(memory_bytes: int, file_bytes: int) -> None:
    for which, wanted in (
        (resource.RLIMIT_DATA, memory_bytes),  # not addresses: models reserve far more of these
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(which)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (most, most))


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(text) for text in path.read_text().split()]
    return found


def _workers(pid: int) -> list[int]:
    """Return those of a pool of a program, by how Python starts them."""
    found = []
    for child in _children(pid):
        with suppress(OSError):
            if b"multiprocessing.spawn" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def _end_all(seconds: float = 10.0) -> None:
    """Kill all that comes of this process, and all that comes of it meanwhile."""
    until = time.monotonic() + seconds
    while (found := descendants(os.getpid())) and time.monotonic() < until:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def descendants(pid: int) -> list[int]:
    """Return all processes that come of one, by their ids (Linux; elsewhere none)."""
    found = []
    for child in _children(pid):
        found += [child, *descendants(child)]
    return found


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
