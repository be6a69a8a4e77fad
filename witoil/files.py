"""Files: how they are called, and that they appear under their name only when they are whole."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from witoil.claim import note_written, part_name, workplace
from witoil.errors import OutputError
from witoil.times import stamp

_PLAIN = {str, int, bool, type(None)}
"""What JSON has as it is."""

MOST_WRITERS = 8
"""Files that are written at once."""


def mask_name(time: np.datetime64) -> str:
    """Return the name of the mask file of a time."""
    return f"mask_{stamp(time)}.tif"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path, and rename it to `path` at the end.

    Raises
    ------
    OutputError
        Where the folder cannot be made or the file cannot be written; nothing is left behind.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _new_file(path)
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        note_written(path)
    except (OSError, RuntimeError) as error:
        # netCDF4 reports a full disk as RuntimeError
        raise OutputError(
            f"{path}: could not be written ({error}); expected a folder that can be written to, "
            "with room on its disk"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Give an empty temporary folder; all its files move to the same places in `folder` at the end.

    Raises
    ------
    OutputError
        Where a folder cannot be made or a file cannot be moved.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = _temporary(folder / "files")
        temporary.mkdir()
        try:
            yield temporary
            for file in sorted(p for p in temporary.rglob("*") if p.is_file()):
                path = folder / file.relative_to(temporary)
                path.parent.mkdir(parents=True, exist_ok=True)
                file.replace(path)
                note_written(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: could not be written to ({error}); expected a folder that can be, with "
            "room on its disk"
        ) from error


@contextmanager
def replacing_set(path: Path, others: Iterable[str] = ()) -> Iterator[Path]:
    """Give an empty temporary folder; what is in it at the end is put beside `path`, as a whole.

    Parameters
    ----------
    path : Path
        Of the file that the others belong to.
    others : iterable of str
        Names of what may belong to it. Where it was there before, they are of an earlier set and
        go with it, so that files of two sets never stand together.

    Raises
    ------
    OutputError
        Where something cannot be written or moved.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary(path.with_suffix(""))
        temporary.mkdir()
        try:
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    _flush(file)
            if path.is_file():
                for name in (path.name, *others):
                    path.with_name(name).unlink(missing_ok=True)
            for made in sorted(temporary.iterdir()):
                made.replace(path.with_name(made.name))
                note_written(path.with_name(made.name))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except (OSError, RuntimeError) as error:
        # GDAL reports a full disk as RuntimeError
        raise OutputError(
            f"{path}: could not be written ({error}); expected a folder that can be written to, "
            "with room on its disk"
        ) from error


def copy_into(folder: Path, file: Path, taken: set[str]) -> Path:
    """Copy a file into a folder under its name, with a number behind where that is taken.

    Parameters
    ----------
    folder, file : Path
    taken : set of str
        Names that others of the same command have got; the one used now is added.

    Returns
    -------
    Path
        Of the copy.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    numbered = (f"{file.stem}-{k}{file.suffix}" for k in count(2))
    name = next(name for name in chain([file.name], numbered) if name not in taken)
    taken.add(name)
    with replacing(folder / name) as temporary:
        shutil.copyfile(file, temporary)
    return folder / name


@contextmanager
def side_by_side() -> Iterator[Callable[..., None]]:
    """Give what has files written while one goes on: most of writing is to wait for the disk.

    Yields
    ------
    callable
        Begins to write: takes a function, and what to give it.

    Raises
    ------
    Exception
        At the end, when all is written, what the first function that failed has raised.
    """
    with ThreadPoolExecutor(MOST_WRITERS) as writers:
        begun: list[Future[object]] = []

        def begin(write: Callable[..., object], *given: Any, **named: Any) -> None:
            begun.append(writers.submit(write, *given, **named))

        yield begin
        for each in begun:
            each.result()


def write_text(path: Path, text: str) -> None:
    """Write text atomically, as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_json(
    path: Path, document: Mapping[str, Any], *, indent: int | None = 2
) -> dict[str, Any]:
    """Write JSON atomically, and return what was written; what is not finite becomes null.

    Without an indent, which takes a tenth of the time, it is for programs.
    """
    written: dict[str, Any] = plain(document)
    return write_plain(path, written, indent=indent)


def write_plain(path: Path, document: dict[str, Any], *, indent: int | None = 2) -> dict[str, Any]:
    """Write as `write_json` what `plain` has made, which takes as long as to write it."""
    write_text(path, json.dumps(document, indent=indent, allow_nan=False) + "\n")
    return document


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def plain(value: Any) -> Any:
    """Return a copy that JSON can hold: NaN and infinities as None, numpy scalars as numbers."""
    kind = type(value)
    if kind in _PLAIN or (kind is float and math.isfinite(value)):  # most, and known at once
        return value
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


def _temporary(path: Path) -> Path:
    """Return a path that nothing has, to rename to another; in the workplace of what is claimed."""
    # the suffix stays, since libraries choose the format by it
    name = part_name(path.suffix)
    room = workplace(path)
    return path.with_name(f".{name}") if room is None else room / name


def _new_file(path: Path) -> Path:
    """Make an empty file that can be renamed to `path`."""
    temporary = _temporary(path)
    # unlike those of tempfile, with the permissions that files of this user have
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    return temporary
