"""The process of one case: prepares it, and answers questions about it as long as it is wanted."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import socket
import threading
import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError
from simulator.errors import SimulatorError
from web.previews.memory import TOO_MUCH_MEMORY, Memory
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
    host, memory = _Host(connection), Memory(most_bytes)
    try:
        with memory.limited():
            scenario = _prepared(inputs, room)
    except Exception as error:
        host.tell({"number": 0, **_refusal(error, memory)})
        return
    ending: dict[str, Any] = {"number": 0}
    while True:
        host.tell({**ending, "bytes": memory.taken_bytes})
        asked = host.asked.get()
        ending = {"number": asked["number"], **_answer(scenario, asked, host, memory)}


def _refusal(error: Exception, memory: Memory) -> dict[str, Any]:
    """Return what is told of a failure; one that was not foreseen is raised again."""
    if memory.has_run_out(error):
        return TOO_MUCH_MEMORY
    if isinstance(error, WitoilError | CatalogError | SimulatorError):
        return {"ending": "refused", "reason": str(error)}
    raise error


def _prepared(inputs: Mapping[str, Any], room: Path) -> Scenario:
    from web.data.relative import by_relative_names
    from witoil.case.schema import Case
    from witoil.scenario.prepare import prepare

    with by_relative_names(inputs, room) as relative:
        return prepare(Case.model_validate(relative["case"]))


def _answer(
    scenario: Scenario, asked: Mapping[str, Any], host: _Host, memory: Memory
) -> dict[str, Any]:
    """Return the answer to a question, or what is told in its place."""
    from witoil.preview import preview
    from witoil.times import datetime64

    time = asked["time"] and datetime64(datetime.fromisoformat(asked["time"]))

    def between() -> None:
        if host.stopped >= asked["number"]:
            raise StoppedError

    try:
        with memory.limited():
            answer = preview(
                scenario,
                asked["parameters"],
                time=time,
                polygons=asked["polygons"],
                between=between,
            )
    except StoppedError:
        return {}
    except Exception as error:
        return _refusal(error, memory)
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
    host, memory = _Host(connection), Memory(most_bytes)
    process, has_run_out = PROCESSES.get(asked["process"]), False

    def work(*arguments: Any) -> Any:
        nonlocal has_run_out
        assert process is not None
        try:
            with memory.limited():
                return process.work(*arguments)
        except Exception as error:
            # there is room again to say so
            has_run_out = memory.has_run_out(error)
            if has_run_out:
                raise MemoryError from error
            raise

    ending = done(process and replace(process, work=work), asked, lambda _: None)
    if has_run_out:
        ending = TOO_MUCH_MEMORY
    host.tell({"number": 0, **ending})


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
