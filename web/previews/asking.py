"""Asking `web.previews.previewer`, the process that holds prepared cases, from a web server."""

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
from web.previews.line import PREPARE_SECONDS, RUN_SECONDS, place_of
from witoil.errors import WitoilError

if TYPE_CHECKING:
    from collections.abc import Callable

_SPARE_SECONDS = 5.0

ENDINGS: Mapping[str, Callable[[str], Exception]] = {
    "superseded": ConflictError,
    "refused": WitoilError,
    "too large": TooLargeError,
    "too many": QuotaError,
    "busy": UnavailableError,
}
"""What there may be in place of an answer, and what is raised then."""


WAIT_SECONDS = PREPARE_SECONDS + 2 * RUN_SECONDS + _SPARE_SECONDS


def ask(data: Path, question: Mapping[str, Any], seconds: float = WAIT_SECONDS) -> dict[str, Any]:
    """Have a question answered, or a short job done.

    Parameters
    ----------
    data : Path
        Data folder of the service.
    question : mapping
        See `web.previews.previewer.Question` and `web.previews.previewer.ShortJob`.
    seconds : float
        How long is waited. [s]

    Raises
    ------
    ConflictError
        Where a newer one of the same session has taken its place.
    WitoilError
        If the case cannot be prepared, or not be run with these parameters.
    TooLargeError, QuotaError, UnavailableError
    """
    ending = _exchanged(place_of(data), question, seconds)
    if "answer" in ending:
        answer: dict[str, Any] = ending["answer"]
        return answer
    raise ENDINGS[ending["ending"]](ending["reason"])


def is_there(data: Path) -> bool:
    """Say whether the process of previews has told where it is."""
    return place_of(data).exists()


def _exchanged(place: Path, question: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    line = b""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
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
