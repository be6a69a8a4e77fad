"""A process of its own that opens NetCDF files: for each path on a line, a line when it is done.

It says so once at the start, too. Nothing of the package is imported, so that it starts at once.
"""

import json
import math
import os
import signal
import sys
from typing import Any

import netCDF4

LONGEST_SECONDS = 300
"""Time that one file may take; longer than is waited for it."""

SMALL_FILE, SMALL_VARIABLE = 4_000_000, 64_000_000
"""Up to here values are read, too; of larger files only what a header says. [byte]"""


def main() -> None:
    """Open files until there are no more."""
    print("done", flush=True)
    for line in sys.stdin:
        path = json.loads(line)
        _end_in(LONGEST_SECONDS)
        try:
            with netCDF4.Dataset(path) as file:
                file.set_auto_maskandscale(False)
                visit(file, with_values=os.path.getsize(path) <= SMALL_FILE)
        except Exception:  # who reads it says what is wrong
            pass
        _end_in(0)
        print("done", flush=True)


def _end_in(seconds: int) -> None:
    """End this process after a while: nobody else does where who started it was killed."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def visit(group: netCDF4.Dataset, with_values: bool) -> None:
    """Read all that a file says of itself."""
    holders: tuple[Any, ...] = (group, *group.variables.values())
    for holder in holders:
        for name in holder.ncattrs():
            holder.getncattr(name)
    for variable in group.variables.values():
        width = getattr(variable.dtype, "itemsize", 8)
        if with_values and math.prod(variable.shape) * width <= SMALL_VARIABLE:
            variable[...]
    for inner in group.groups.values():
        visit(inner, with_values)


if __name__ == "__main__":
    main()
