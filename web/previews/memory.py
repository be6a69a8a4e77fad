"""The memory that a forked process may take beside what it shares, and whether it has run out."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.errors import cause_of

TOO_MUCH_MEMORY = {
    "ending": "too large",
    "reason": "the case takes more memory than a preview may have; ask for a job",
}
"""What is told where it has run out."""

_NO_ROOM = (MemoryError, ImportError, SystemError)
"""What is raised where memory has run out: of allocations, of a library that cannot be mapped, and
of one whose own code forgets to say why."""

_LITTLE_BYTES = 8 * 2**20
"""Libraries that find so little left say that files are damaged, or names unknown."""


class Memory:
    """What this process may take beside what it has when this is made.

    Parameters
    ----------
    most_bytes : int
        [byte]
    """

    def __init__(self, most_bytes: int) -> None:
        self._before = _status("RssAnon")
        self._hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = _status("VmData") + most_bytes
        self._most = most if self._hard == resource.RLIM_INFINITY else min(most, self._hard)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    @property
    def taken_bytes(self) -> int:
        """What it has taken since. [byte]"""
        return max(_status("RssAnon") - self._before, 0)

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Have memory end at the limit; where it does, there is enough again to say so."""
        resource.setrlimit(resource.RLIMIT_DATA, (self._most, self._hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (self._hard, self._hard))

    def has_run_out(self, error: BaseException) -> bool:
        """Say whether a failure came of the limit, whatever a library has made of it."""
        if cause_of(error, *_NO_ROOM) is not None:
            return True
        return self._most - _status("VmData") < _LITTLE_BYTES


def is_used_up(process: int) -> bool:
    """Say whether a process has come to its limit.

    Python itself may go on without end there, in one instruction: it looks for room to note where
    an exception was raised, and again where there was none.
    """
    try:
        most, _ = resource.prlimit(process, resource.RLIMIT_DATA)
        return most != resource.RLIM_INFINITY and most - _status("VmData", process) < _LITTLE_BYTES
    except (OSError, ValueError):
        return False  # it has ended


def _status(name: str, process: int | str = "self") -> int:
    """Return a figure of the memory of a process. [byte]"""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])
