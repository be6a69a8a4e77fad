"""What is made of a job's files when it is first asked for, and kept beside them.

All of it can be made again. It goes with the folder of the job.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from witoil.files import replacing

_FOLDER = ".kept-2"
"""Another number where what is kept has another layout."""


def kept(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Return a file made of the files of a job; whoever asks first makes it, others wait.

    Parameters
    ----------
    folder : Path
        Of the job.
    name : str
        Of the file.
    make : callable
        Writes it to a temporary path.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    path = folder / _FOLDER / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        with FileLock(f"{path}.lock"):
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                with replacing(path) as temporary:
                    make(temporary)
    return path


def kept_with_header(
    folder: Path, name: str, make: Callable[[Path], dict[str, Any]]
) -> tuple[dict[str, Any], Path]:
    """Return what is said of a file made of the files of a job, and the file.

    Parameters
    ----------
    folder, name
        As for `kept`.
    make : callable
        Writes the file to a temporary path, and returns what is said of it: a document of JSON.
    """

    def both(temporary: Path) -> None:
        with replacing(folder / _FOLDER / name) as other:
            document = make(other)
        temporary.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")

    header = kept(folder, f"{name}.json", both)
    document: dict[str, Any] = json.loads(header.read_text(encoding="utf-8"))
    return document, header.with_name(name)
