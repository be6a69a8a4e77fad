"""Files: how they are called, and that they appear under their name only when they are whole."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from witoil.errors import OutputError


def stamp(time: np.datetime64) -> str:
    """Return a time as file names have it, 20210824T1533."""
    return np.datetime_as_string(time, unit="m").replace("-", "").replace(":", "")


def mask_name(time: np.datetime64) -> str:
    """Return the name of the mask file of a time."""
    return f"mask_{stamp(time)}.tif"


def utc(time: np.datetime64) -> str:
    """Return a time as tables have it, 2021-08-24T15:33:00Z."""
    return f"{np.datetime_as_string(time, unit='s')}Z"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and rename it to `path` at the end.

    Raises
    ------
    OutputError
        Where the folder cannot be made or the file cannot be written; nothing is left behind.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # the suffix stays, since libraries choose the format by it
        with NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix, delete=False
        ) as file:
            temporary = Path(file.name)
        yield temporary
        _flush(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        # netCDF4 reports a full disk as RuntimeError
        raise OutputError(
            f"{path}: could not be written ({error}); expected a folder that can be written to, "
            "with room on its disk"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """Write JSON atomically, and return what was written; what is not finite becomes null."""
    written: dict[str, Any] = plain(document)
    with replacing(path) as temporary:
        temporary.write_text(
            json.dumps(written, indent=2, allow_nan=False) + "\n", encoding="utf-8"
        )
    return written


def plain(value: Any) -> Any:
    """Return a copy that JSON can hold: NaN and infinities as None, numpy scalars as numbers."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _flush(path: Path) -> None:
    """Push a file to the disk, so that no power cut leaves an empty file under the final name."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
