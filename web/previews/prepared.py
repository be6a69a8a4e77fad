"""The process of one case: prepares it, and answers questions about it as long as it is wanted."""

from __future__ import annotations

import json
import logging
import os
import queue
import resource
import signal
import socket
import threading
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError
from simulator.errors import SimulatorError
from witoil.errors import WitoilError

if TYPE_CHECKING:
    from witoil.scenario.scenario import Scenario

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


def serve_case(
    connection: socket.socket, inputs: Mapping[str, Any], room: Path, most_bytes: int
) -> None:
    """Prepare a case, say so, and answer questions until the other end is closed.

    Parameters
    ----------
    connection : socket
        Takes and gives a line of JSON for each question.
    inputs : mapping
        `case`, with files in place of what stands for them.
    room : Path
        Folder that is made for the links by which files are read.
    most_bytes : int
        Memory beside what it has already. [byte]
    """
    os.setsid()  # so that all that it has begun can be ended with it
    warnings.simplefilter("ignore", append=True)
    logging.disable(logging.WARNING)  # what is odd about data is said by a job
    host, before = _Host(connection), _status("RssAnon")
    _limit(most_bytes)
    try:
        scenario = _prepared(inputs, room)
    except (WitoilError, CatalogError, SimulatorError) as error:
        host.tell({"number": 0, "ending": "refused", "reason": str(error)})
        return
    except _NO_ROOM:
        host.tell({"number": 0, **_TOO_LARGE})
        return
    ending: dict[str, Any] = {"number": 0}
    while True:
        host.tell({**ending, "bytes": max(_status("RssAnon") - before, 0)})
        asked = host.asked.get()
        ending = {"number": asked["number"], **_answer(scenario, asked, host)}


# of a library that cannot be mapped, and of one whose own code forgets to say why it stopped
_NO_ROOM = (MemoryError, ImportError, SystemError)

_TOO_LARGE = {
    "ending": "too large",
    "reason": "the case takes more memory than a preview may have; ask for a job",
}


def _prepared(inputs: Mapping[str, Any], room: Path) -> Scenario:
    from web.data.relative import by_relative_names
    from witoil.case.schema import Case
    from witoil.scenario.prepare import prepare

    with by_relative_names(inputs, room) as relative:
        return prepare(Case.model_validate(relative["case"]))


def _answer(scenario: Scenario, asked: Mapping[str, Any], host: _Host) -> dict[str, Any]:
    """Return the answer to a question, or what is told in its place."""
    from witoil.preview import preview
    from witoil.times import datetime64

    time = asked["time"] and datetime64(datetime.fromisoformat(asked["time"]))

    def between() -> None:
        if host.stopped >= asked["number"]:
            raise StoppedError

    try:
        answer = preview(
            scenario,
            asked["parameters"],
            time=time,
            polygons=asked["polygons"],
            between=between,
        )
    except StoppedError:
        return {}
    except (WitoilError, CatalogError, SimulatorError) as error:
        return {"ending": "refused", "reason": str(error)}
    except _NO_ROOM:
        return _TOO_LARGE
    return {"answer": answer}


def do_job(connection: socket.socket, asked: Mapping[str, Any], most_bytes: int) -> None:
    """Do a short job, and say how it has ended.

    Parameters
    ----------
    connection : socket
        Takes a line of JSON: what `web.work.worker.done` returns. When it is closed, this
        process ends.
    asked : mapping
        See `web.work.worker.done`.
    most_bytes : int
        Memory beside what it has already. [byte]
    """
    from web.jobs.processes import PROCESSES
    from web.work.worker import done

    os.setsid()
    warnings.simplefilter("ignore", append=True)
    host = _Host(connection)
    _limit(most_bytes)
    host.tell({"number": 0, **done(PROCESSES.get(asked["process"]), asked, lambda _: None)})


def _limit(most_bytes: int) -> None:
    """Have the memory of this process end where it has so much more than now."""
    most = _status("VmData") + most_bytes
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _status(name: str) -> int:
    """Return a figure of the memory of this process. [byte]"""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])


class _Host:
    """The other end of the line, listened to in a thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.asked: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.stopped = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, message: Mapping[str, Any]) -> None:
        self._connection.sendall(json.dumps(message, allow_nan=False).encode() + b"\n")

    def _listen(self) -> None:
        try:
            with self._connection.makefile("rb") as lines:
                for line in lines:
                    message = json.loads(line)
                    if "stop" in message:
                        self.stopped = max(self.stopped, message["stop"])
                    else:
                        self.asked.put(message)
        except OSError:
            pass
        os.killpg(os.getpgrp(), signal.SIGKILL)  # nobody is there who could want anything
