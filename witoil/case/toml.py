"""Text, paths and comments as a case file has them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

from witoil.errors import CaseError
from witoil.times import exact


def value(text: str | list[str]) -> str:
    """Return text, or a list of it, as a value that is read back the same.

    Raises
    ------
    CaseError
        Where no case file can hold it: names that are not Unicode, or that look like an
        environment variable.
    """
    for part in [text] if isinstance(text, str) else text:
        _refuse_unwritable(part)
    # the escapes of JSON are those of TOML but for one
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def moment(time: datetime) -> str:
    """Return a time, in UTC, as a value that is read back the same."""
    return exact(time)


def comment(text: str) -> str:
    """Return text as a comment of one line, whatever the files have it from hold."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return "# " + " ".join(printable.split())


def path_from(folder: Path, name: str) -> str:
    """Return a path as seen from a case file in a folder where it lies below, else whole."""
    if "://" in name or name.lower().startswith(("thredds:", "opendap:")):
        return name
    path = Path(name).expanduser().resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _refuse_unwritable(text: str) -> None:
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise CaseError(f"{text!r}: is not Unicode; expected another name, to stand in a case file")
    if found := re.search(r"\$\{\w+\}", text):
        raise CaseError(
            f"{text!r}: {found[0]} means an environment variable in a case file; expected a name "
            "without it"
        )
