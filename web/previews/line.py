"""The line between web servers and the process of previews: where it is, and how long is waited.

They talk by a socket of the file system, a line of JSON each way. It lies in a folder that only
their user can enter, of a short name, since the names of sockets may not be long; a link in the
data folder leads there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LINK = "preview"
"""Name in the data folder of the link to the folder with the socket."""

SOCKET = "socket"

PREPARE_SECONDS = 60.0
"""How long it may take to read what a case names. [s]"""

RUN_SECONDS = 10.0
"""How long a run may take. [s]"""

LINE_BYTES = 64 * 2**20
"""Longest line. [byte]"""


def place_of(data: Path) -> Path:
    """Return where the socket is for a data folder."""
    return Path(os.path.realpath(data / LINK)) / SOCKET


@contextmanager
def linked(link: Path, folder: Path) -> Iterator[None]:
    """Have a link lead to a folder until the end."""
    new = link.with_name(f"{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(folder, target_is_directory=True)
    new.replace(link)
    try:
        yield
    finally:
        link.unlink(missing_ok=True)
