"""The command line as a process of its own: what is so for all of it, from its start to its end."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress


def run() -> None:
    """Run the command line, and end the process with its code."""
    # Most of what is made lives as long as the process: imports leave half a million objects, which
    # to look through again and again, and once more at the end, takes a second.
    gc.set_threshold(600_000, 20, 20)
    atexit.register(gc.freeze)
    # Pydantic would look through all that is installed for what listens to it
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # no matrix here is so large that it would be worth to start threads for it
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from witoil.cli.main import main

    code: int | str | None = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    if code is None or isinstance(code, int):
        _end(code or 0)
    sys.exit(code)


def _end(code: int) -> None:
    """End the process without taking apart what it has loaded, which the system frees at once.

    Where something still runs, looks on, or cannot be written any more, that is left to the
    interpreter.
    """
    if threading.active_count() > 1 or sys.getprofile() or sys.gettrace():
        return
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(code)
