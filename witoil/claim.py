"""One command at a time writes into a folder; what a killed one left there is removed."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from witoil.errors import OutputError
from witoil.times import second

LEAST_BYTES = 500e3
"""No run writes less, with its pictures."""

CHECKPOINT = ".witoil-checkpoint"
"""Folder within that of a job, for what it goes on from if it is killed: no output of it."""

_LOCK, _OWNER, _PART = "lock", "owner.json", "part-"
_WORKPLACE = ".witoil-writing"
_ATTEMPTS, _PAUSE_SECONDS = 10, 0.02
_LEAST_FILES = 16

_held: dict[Path, Path] = {}
"""What this process has claimed, each with its workplace."""

_written: dict[Path, set[str]] = {}
"""Files that were written in each of them, by their paths within it."""

_used: set[Path] = set()
"""Those of them where something was written, or was going to be."""


@contextmanager
def claimed(target: Path, *, is_file: bool = False) -> Iterator[None]:
    """Keep a folder, or one file, from all other commands that would write it meanwhile.

    Parameters
    ----------
    target : Path
        Folder for outputs, made where it does not exist; or an output file.
    is_file : bool

    Raises
    ------
    OutputError
        If another run has it, in another process or thread, or nothing can be written there.

    Notes
    -----
    In the folder there is meanwhile a hidden one, the workplace: with a lock, which dies with its
    process; with who holds it; and with files that are not whole yet, see `workplace`. Who gets the
    lock removes what the one before left there. Folders that were made are removed again where
    nothing was going to be written, as after a mistake in the case.
    """
    place = _real(target.parent) / target.name if is_file else _real(target)
    folder = place.parent if is_file else place
    room = folder / (f".{target.name}.writing" if is_file else _WORKPLACE)
    if is_file and os.path.isdir(place):
        raise OutputError(f"{target}: is a folder; expected the name of a file")
    with ExitStack() as stack:
        stack.callback(_used.discard, place)
        try:
            _take(place, folder, room, stack)
            stack.callback(_leave, place, room, os.getpid())
            _clear(room)
            _tell_owner(room)
        except _HeldError as error:
            raise OutputError(
                f"{target}: {error} is writing to it; expected that to have ended, or another --out"
            ) from None
        except OSError as error:
            raise OutputError(_fault(target, folder, error)) from error
        _held[place] = room
        _written[place] = set()
        yield


def workplace(path: Path) -> Path | None:
    """Return the folder in which a file is made before it is moved to its place; None if unclaimed.

    Parameters
    ----------
    path : Path
        Of the file, whose folder exists.
    """
    place = _real(path.parent) / path.name
    claim = _claim_of(place)
    if claim is None:
        return None
    _used.add(claim)
    room = _held[claim]
    # a folder within the claimed one may be a link to another disk, where nothing can be moved to
    return room if room.stat().st_dev == place.parent.stat().st_dev else None


def is_half_written(folder: Path) -> bool:
    """Say whether another process writes into a folder, or was killed while it did."""
    return _claim_of(_real(folder)) is None and (folder / _WORKPLACE).is_dir()


def note_written(path: Path) -> None:
    """Keep in mind that a file was written, for `written`; of no use in a folder not claimed."""
    place = _real(path.parent) / path.name
    claim = _claim_of(place)
    if claim is not None and place.parent.name != CHECKPOINT:
        _written[claim].add(place.relative_to(claim).as_posix())


def written(folder: Path) -> set[str]:
    """Return what was written in a claimed folder since it was, by the paths within it."""
    return set(_written[_real(folder)])


def _claim_of(place: Path) -> Path | None:
    return next((each for each in (place, *place.parents) if each in _held), None)


def part_name(suffix: str) -> str:
    """Return a name that no other file of a workplace has."""
    return f"{_PART}{os.urandom(6).hex()}{suffix}"


def need_room(folder: Path, size: float = LEAST_BYTES) -> None:
    """Refuse a folder on a disk without room.

    Parameters
    ----------
    folder : Path
        That exists.
    size : float
        What will be written at least; default: what any run writes. [byte]

    Raises
    ------
    OutputError
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OutputError(
            f"{folder}: has room for {free / 1e6:,.1f} MB, expected {size / 1e6:,.1f} MB at "
            "least; make room, or give another --out"
        )
    status = os.statvfs(folder)
    if status.f_files > 0 and status.f_favail < _LEAST_FILES:  # not all disks count them
        raise OutputError(
            f"{folder}: has room for {status.f_favail} more files, expected {_LEAST_FILES} at "
            "least (`df -i`); remove some, or give another --out"
        )


def _real(folder: Path) -> Path:
    """Return the one name of a folder, whether or not it is there and can be looked at."""
    return Path(os.path.realpath(folder))


class _HeldError(Exception):
    """Somebody else has the lock; who, in words."""


def _take(claim: Path, folder: Path, room: Path, stack: ExitStack) -> None:
    """Lock a workplace; it and the folder are made, and undone when the stack closes."""
    import filelock

    for _ in range(_ATTEMPTS):
        with ExitStack() as undo:
            try:
                parents = (folder, *folder.parents)
                for missing in reversed([p for p in parents if not os.path.exists(p)]):
                    missing.mkdir(exist_ok=True)
                    undo.callback(_remove_unused, missing, claim)
                room.mkdir(exist_ok=True)
                undo.callback(_remove_empty, room)
                undo.enter_context(filelock.FileLock(room / _LOCK, timeout=0))
            except (filelock.Timeout, FileNotFoundError, FileExistsError):
                # who has it may be about to say who it is, or to leave and remove the folder
                who = _owner(room)
            else:
                stack.push(undo.pop_all())
                return
        time.sleep(_PAUSE_SECONDS)
    for place in (folder, room):
        if os.path.lexists(place) and not os.path.isdir(place):
            raise FileExistsError(errno.EEXIST, f"{place} is no folder")
    raise _HeldError(who)


def _leave(place: Path, room: Path, pid: int) -> None:
    if os.getpid() == pid:  # a fork of who has the claim has none
        _held.pop(place, None)
        _written.pop(place, None)
        with suppress(OSError):  # a disk that has gone; nobody minds what stays
            _clear(room, _OWNER, _LOCK)


def _remove_unused(folder: Path, claim: Path) -> None:
    if claim not in _used:
        _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _clear(room: Path, *names: str) -> None:
    """Remove files that will not be finished, and some more."""
    for path in (*room.glob(f"{_PART}*"), *(room / name for name in names)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _tell_owner(room: Path) -> None:
    """Write for others who writes here."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    # the URI of a tracking store may hold a password
    command = re.sub(r"//[^/@\s]*@", "//", shlex.join([name, *sys.argv[1:]]))
    told = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": command,
        "since": second(datetime.now(UTC)),
    }
    part = room / part_name(".json")
    with part.open("w", encoding="utf-8") as file:
        json.dump(told, file)
        file.flush()
        os.fsync(file.fileno())  # a disk that is full may say so only now
    part.replace(room / _OWNER)


def _owner(room: Path) -> str:
    try:
        told = json.loads((room / _OWNER).read_text(encoding="utf-8"))
        return "process {pid} on {host} (`{command}`, since {since})".format(**told)
    except (OSError, ValueError, LookupError, TypeError):
        return "another process"


def _fault(target: Path, folder: Path, error: OSError) -> str:
    """Say why a target cannot be written to."""
    there = next((p for p in (folder, *folder.parents) if os.path.exists(p)), folder)
    if not os.path.isdir(there):
        return f"{target}: {there} is no folder; expected one to write to"
    return (
        f"{target}: cannot be written to ({error.strerror or error}); expected a folder that can "
        "be, with room on its disk"
    )
