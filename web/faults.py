"""Mistakes in a request, each with the field that it is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from witoil.case.loading import key_of, mistake, plainly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

LONGEST = 400
"""Characters of a message; a request is not sent back whole."""


@dataclass(frozen=True)
class Fault:
    """Where a mistake is, as a JSON pointer (RFC 6901), and what it is."""

    pointer: str
    detail: str


def pointer_to(location: Sequence[int | str]) -> str:
    """Return the JSON pointer to a field."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "".join(f"/{part}" for part in parts)


def fault_of(item: ErrorDetails) -> Fault:
    """Say what pydantic found in a request, in the words of a case file where it is in a case."""
    location = key_of(item["loc"])
    before, case, within = _parted(item["loc"])
    if case and within:
        text = f"{'.'.join(before)}: {mistake(_moved(item, within))}"
    else:
        text = _in_words(item, ".".join(map(str, location)) or "body")
    return Fault(pointer_to(location), text if len(text) <= LONGEST else text[:LONGEST] + " …")


def _parted(
    location: tuple[int | str, ...],
) -> tuple[list[str], bool, tuple[int | str, ...]]:
    """Part the keys that lead to a case from those within it."""
    if "case" not in location:
        return [], False, ()
    at = location.index("case") + 1
    return [str(part) for part in location[:at]], True, location[at:]


def _moved(item: ErrorDetails, location: tuple[int | str, ...]) -> ErrorDetails:
    moved = item.copy()
    moved["loc"] = location
    return moved


def _in_words(item: ErrorDetails, key: str) -> str:
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown here; see the description of the request at /openapi.json"
    if item["type"] == "missing":
        return f"{key}: missing"
    message = plainly(item["msg"])
    if item["type"] == "value_error":
        return f"{key}: {message}"
    return f"{key}: found {item['input']!r}, {message}"
