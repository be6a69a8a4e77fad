"""Commands that are killed while they search."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def kill_when(
    command: list[str], study: Path, is_time: Callable[[int], bool], *, after: float = 0.0
) -> list[dict[str, Any]]:
    """Run a command until its study has as many rows as asked for; return those it leaves.

    It is killed so many seconds after that.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen = None
    while process.poll() is None:
        written = study.stat().st_mtime_ns if study.exists() else None
        if written != seen:  # to read it all the time would take a core from the command
            seen = written
            if is_time(len(json.loads(study.read_text())["history"])):
                time.sleep(after)
                os.kill(process.pid, signal.SIGKILL)
                break
        time.sleep(0.002)
    assert process.wait() == -signal.SIGKILL
    rows: list[dict[str, Any]] = json.loads(study.read_text())["history"]
    return rows
