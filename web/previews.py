"""Asking the process that holds prepared cases, `web.previewer`, from a web server beside it.

The two talk by a socket of the file system, a line of JSON each way. It lies in a folder that only
their user can enter, of a short name, since the names of sockets may not be long; a link in the
data folder leads there.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web.errors import (
    ConflictError,
    QuotaError,
    ServiceError,
    TooLargeError,
    UnavailableError,
)
from witoil.errors import WitoilError

if TYPE_CHECKING:
    from collections.abc import Callable

LINK = "preview"
"""Name in the data folder of the link to the folder with the socket."""

SOCKET = "socket"

PREPARE_SECONDS = 60.0
"""How long it may take to read what a case names. [s]"""

RUN_SECONDS = 10.0
"""How long a run may take. [s]"""

LINE_BYTES = 64 * 2**20
"""Longest line. [byte]"""

_SPARE_SECONDS = 5.0

ENDINGS: Mapping[str, Callable[[str], Exception]] = {
    "superseded": ConflictError,
    "refused": WitoilError,
    "too large": TooLargeError,
    "too many": QuotaError,
    "busy": UnavailableError,
}
"""What there may be in place of an answer, and what is raised then."""


def ask(data: Path, question: Mapping[str, Any]) -> dict[str, Any]:
    """Have a question answered.

    Parameters
    ----------
    data : Path
        Data folder of the service.
    question : mapping
        See `web.previewer.Question`.

    Raises
    ------
    ConflictError
        Where a newer one of the same session has taken its place.
    WitoilError
        If the case cannot be prepared, or not be run with these parameters.
    TooLargeError, QuotaError, UnavailableError
    """
    ending = _exchanged(Path(os.path.realpath(data / LINK)) / SOCKET, question)
    if "answer" in ending:
        answer: dict[str, Any] = ending["answer"]
        return answer
    raise ENDINGS[ending["ending"]](ending["reason"])


def _exchanged(place: Path, question: Mapping[str, Any]) -> dict[str, Any]:
    line = b""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PREPARE_SECONDS + 2 * RUN_SECONDS + _SPARE_SECONDS)
        connection.connect(os.fspath(place))
        connection.sendall(json.dumps(question, allow_nan=False).encode() + b"\n")
        with connection.makefile("rb") as file:
            line = file.readline()
    if not line.endswith(b"\n"):
        raise away()
    ending: dict[str, Any] = json.loads(line)
    return ending


def away() -> ServiceError:
    """Return what is said where the process is not there."""
    return UnavailableError("the process of previews is not there, or just starts; try again")
