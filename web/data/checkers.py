"""The process that has uploaded files checked, each in one forked from one with all loaded.

A web server begins it at its first file, with an environment without secrets and nothing else of
its own but a line: what comes over that are the names of files, each with the end of another line,
which is closed when the file was checked. Run as ``python -m web.data.checkers NUMBER``, the number
being that of the line.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from catalog.files.scratch import scratch_folder
from web.confinement import confined, stay_in

IDLE_SECONDS = 900.0
"""After so long without a file all of this ends, and gives its memory back. [s]"""

_SPARE_SECONDS = 30.0
"""How much longer is waited than a check may take: for libraries to be loaded. [s]"""

_PAUSES_SECONDS = (0.0, 0.1, 1.0, 3.0)
"""Before a check is begun, and begun again: what was killed just then takes a moment to go. [s]"""

_MOST_BYTES = 10_000
"""What is told of a file is paths, above all. [byte]"""

_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH"),
    *("PROJ_DATA", "GDAL_DATA"),
)


class Checkers:
    """The process, seen from a web server: begun when it is needed, and again where it has ended.

    It ends with the web server, however that ends.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def check(self, path: Path, answer: Path, purpose: str, seconds: float) -> None:
        """Have a file checked, and return when that has ended, however.

        Parameters
        ----------
        path, answer, purpose, seconds
            See `web.data.checking.check`.
        """
        told = json.dumps([*map(os.path.abspath, (path, answer)), purpose, seconds]).encode()
        with suppress(OSError):  # as where nothing is heard for too long
            for pause in _PAUSES_SECONDS:
                time.sleep(pause)
                if self._has_begun(told, seconds):
                    break

    def end(self) -> None:
        """End the process, if there is one."""
        if self._line is not None and self._process is not None:
            self._line.close()
            self._process.wait()

    def _has_begun(self, told: bytes, seconds: float) -> bool:
        """Wait for the end of a check, and say whether it had begun at all."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._tell(told, theirs)
            ours.settimeout(seconds + _SPARE_SECONDS)
            has_begun = bool(ours.recv(1))
            ours.recv(1)  # nothing, as soon as the line is closed
        return has_begun

    def _tell(self, told: bytes, theirs: socket.socket) -> None:
        """Send what is to be checked to the process, to a new one where it has ended."""
        with self._lock:
            if self._line is not None:
                with suppress(OSError):
                    socket.send_fds(self._line, [told], [theirs.fileno()])
                    return
            self._line = self._begun()
            socket.send_fds(self._line, [told], [theirs.fileno()])

    def _begun(self) -> socket.socket:
        """Begin the process, and return the line to it."""
        self.end()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the server
            )
        return ours


def _environment() -> dict[str, str]:
    """Return an environment without anything secret."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "GDAL", "NUMBA")}
    return {**passed, **one_thread, **confined()}


def main(line: socket.socket) -> None:
    """Have files checked until the web server has ended, or none has come for long."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["web.data.preloaded"])
    with scratch_folder() as folder, suppress(TimeoutError):
        stay_in(folder)  # so that nothing of the service is looked for where it is at home
        line.settimeout(IDLE_SECONDS)
        while (received := socket.recv_fds(line, _MOST_BYTES, 1))[0]:
            told, (number, *_), *_ = received
            with socket.socket(fileno=number) as end, suppress(OSError, EOFError):
                context.Process(target=_check, args=(end, *json.loads(told)), daemon=True).start()


def _check(end: socket.socket, *told: Any) -> None:
    """Check a file; the line is closed at the end, also where the system ends this process."""
    from web.data.checking import check  # the fork server has it loaded

    with end:
        end.send(b"+")
        check(*told)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
