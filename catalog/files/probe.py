"""NetCDF files opened first in a process that may be lost: damage can hang or crash the library."""

from __future__ import annotations

import atexit
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from catalog.errors import UnreadableFileError

_log = logging.getLogger(__name__)

LIMIT_SECONDS = 60.0
"""No header takes so long to read, from any disk."""

_CRASHES = "the library crashes"
_SCRIPT = Path(__file__).with_name("_open_netcdf.py")


def refuse_fatal(path: Path) -> None:
    """Refuse a file at which the NetCDF library crashes or goes on for ever.

    Parameters
    ----------
    path : Path
        A file that can be opened. Other faults are left to who reads it.

    Raises
    ------
    UnreadableFileError
    """
    status = path.stat()
    fault = _fault_of(str(path.absolute()), status.st_size, status.st_mtime_ns)
    if fault:
        raise UnreadableFileError(
            f"{path}: cannot be read as NetCDF, it is damaged ({fault}); get it again"
        )


def start_ahead() -> None:
    """Start the other process in the background: the first file does not have to wait for it."""
    threading.Thread(target=_helper.start, daemon=True).start()


def ask_ahead(paths: Iterable[Path]) -> None:
    """Try files in the background: who opens one later need not wait, or not as long."""
    threading.Thread(target=_ask_each, args=(tuple(paths),), daemon=True).start()


def _ask_each(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError, UnreadableFileError):  # said to who opens it
            refuse_fatal(path)


@lru_cache(maxsize=4096)
def _fault_of(path: str, size: int, modified_ns: int) -> str:
    return _helper.fault_of(path)


class _Helper:
    """The other process: started at the first file, and again where it is lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def fault_of(self, path: str) -> str:
        """Return what becomes of the library at a file, where it does not come back."""
        fault = ""
        with self._lock:
            for _ in range(2):  # somebody else may have ended the process
                # that of a process which this one was forked from answers to that one
                if self._process is None or self._owner != os.getpid():
                    self._start()
                if self._process is None:
                    return ""
                fault = self._ask(self._process, f"{json.dumps(path)}\n")
                if fault != _CRASHES:
                    break
        return fault

    def start(self) -> None:
        """Start the process, unless it runs."""
        with self._lock:
            if self._process is None:
                self._start()

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                with suppress(OSError):  # a question that it has not read
                    pipe.close()

    def _start(self) -> None:
        self._owner = os.getpid()
        try:
            self._process = subprocess.Popen(
                # -P keeps this package's folder from hiding other modules of the same names
                [sys.executable, "-P", str(_SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            fault = self._ask(self._process, "")
        except OSError as error:
            fault = str(error)
        if fault:
            _log.info("NetCDF files are not tried first: %s", fault)

    def _ask(self, process: subprocess.Popen[str], question: str) -> str:
        """Wait for an answer; where there is none, end the process and say why."""
        answers: list[str] = []
        # a thread, as not every system can wait for a line with a limit
        waiting = threading.Thread(target=_answer, args=(process, question, answers), daemon=True)
        waiting.start()
        waiting.join(LIMIT_SECONDS)
        if answers == ["done\n"]:
            return ""
        hangs = waiting.is_alive()
        process.kill()
        waiting.join()
        self.stop()
        if hangs:
            return f"the library does not come to an end within {LIMIT_SECONDS:g} s"
        return _CRASHES


def _answer(process: subprocess.Popen[str], question: str, answers: list[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError, ValueError):  # it is lost
        process.stdin.write(question)
        process.stdin.flush()
        answers.append(process.stdout.readline())


_helper = _Helper()
atexit.register(_helper.stop)
