"""Work that is killed, in copies of this process: a new one would load all that it has first."""

import json
import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

MOST_SECONDS = 600.0  # for work that takes some


def kill(work: Callable[..., object], *arguments: object, when: Callable[[], bool]) -> None:
    """Work in a copy of this process, and kill it when it is time.

    A copy may wait for a lock that another thread had when it was made: that is told in the end.
    """
    copy = get_context("fork").Process(target=work, args=arguments)
    copy.start()
    last = time.monotonic() + MOST_SECONDS
    while copy.is_alive() and not when() and time.monotonic() < last:
        time.sleep(0.001)
    copy.kill()
    copy.join()
    assert copy.exitcode == -signal.SIGKILL
    assert time.monotonic() < last, "what should be killed got nowhere"


def kill_when(
    command: Callable[..., object],
    *arguments: object,
    study: Path,
    is_time: Callable[[int], bool],
    after: float = 0.0,
) -> list[dict[str, Any]]:
    """Run a command until its study has as many rows as asked for; return those it leaves.

    It is killed so many seconds after that.
    """
    seen = None

    def is_due() -> bool:
        nonlocal seen
        written = study.stat().st_mtime_ns if study.exists() else None
        if written == seen:  # to read it all the time would take a core from the command
            return False
        seen = written
        if is_time(len(json.loads(study.read_text())["history"])):
            time.sleep(after)
            return True
        return False

    kill(command, *arguments, when=is_due)
    rows: list[dict[str, Any]] = json.loads(study.read_text())["history"]
    return rows
