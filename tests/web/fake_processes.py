"""Processes that do nothing of use, for tests of those who have them done."""

import os
import signal
import subprocess
import sys
import time

from web.jobs.processes import Process
from witoil.errors import CaseError


def _count(inputs, folder, progress):
    """Go on counting where an attempt before was; each step takes a moment."""
    folder.mkdir(exist_ok=True)
    log = folder / "log"
    for step in range(len(log.read_text().split()) if log.exists() else 0, inputs["steps"]):
        progress(step / inputs["steps"], f"step {step}")
        time.sleep(inputs.get("pause", 0.0))
        with log.open("a") as file:
            file.write(f"{step}\n")
    return {"counted": [int(line) for line in log.read_text().split()], "pid": os.getpid()}


def _fail(inputs, folder, progress):
    raise CaseError(f"{folder}/x.nc: {inputs['reason']}")


def _break(inputs, folder, progress):
    raise KeyError("a fault of the program")


def _die(inputs, folder, progress):
    os.kill(os.getpid(), signal.SIGKILL)


def _exit(inputs, folder, progress):
    sys.exit(3)


def _leave(inputs, folder, progress):
    """Begin a process that would live on, tell its number, and wait."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    folder.mkdir(exist_ok=True)
    (folder / "pids").write_text(f"{os.getpid()} {other.pid}")
    time.sleep(600)


def _strange(inputs, folder, progress):
    print("no message of the line")
    return {"nan": float("nan"), "infinite": [float("inf")], "text": 'a "b" \0 \ud800'}


PROCESSES = {
    work.__name__[1:]: Process(work.__name__[1:], "", "", None, work)
    for work in (_count, _fail, _break, _die, _exit, _leave, _strange)
}
