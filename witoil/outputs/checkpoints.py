"""What a job has done so far, kept beside its outputs until it ends: it goes on after a kill.

A search and a forecast go on from their study, an output of theirs; all others from here.
"""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from witoil.case import Case
from witoil.claim import CHECKPOINT
from witoil.errors import OutputError, WitoilError
from witoil.files import plain, read_json, replacing, write_json
from witoil.outputs.restart import load_restart, write_restart

SECONDS = 20.0
"""How much work is lost at most, but for what a job does at one go. [s]"""

HEAD = "made_from.json"

Part = Mapping[str, NDArray[Any]]


class Checkpoints:
    """What a job has done so far, in parts.

    Parameters
    ----------
    case : Case
    folder : Path
        Of the outputs, claimed.
    made_from : callable
        Returns all that the outcome depends on, and ``command`` and ``name``: only what was made
        from the same is taken up. Not called before there is need, since it reads all inputs.
    """

    def __init__(
        self, case: Case, folder: Path, made_from: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._case = case
        self._room = folder / CHECKPOINT
        self._made_from = made_from
        self._count = 0
        self._since = time.monotonic()

    @cached_property
    def _head(self) -> dict[str, Any]:
        head: dict[str, Any] = json.loads(json.dumps(plain(self._made_from())))
        return head

    def take_up(self) -> tuple[list[Part], xr.Dataset | None]:
        """Return what the same job has added before it was killed: parts, and the last restart.

        Whatever is of no use is removed.
        """
        try:
            if read_json(self._room / HEAD) == self._head:
                return self._read()
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, WitoilError):
            pass  # none, or damaged: begin anew
        self.remove()
        return [], None

    def _read(self) -> tuple[list[Part], xr.Dataset | None]:
        restarts = {int(p.stem[8:]): p for p in self._room.glob("restart-*.nc")}
        paths = sorted(self._room.glob("part-*.npz"))
        if [path.name for path in paths] != [_part(k) for k in range(len(paths))]:
            raise OutputError(f"{self._room}: a part is missing")
        whole = max((number for number in restarts if number < len(paths)), default=-1)
        if restarts:  # of a restart whose part is missing nothing is known
            paths = paths[: whole + 1]
        parts: list[Part] = []
        for path in paths:
            with path.open("rb") as file:
                parts.append(dict(np.load(file, allow_pickle=False)))
        self._count = len(parts)
        return parts, load_restart(restarts[whole])[0] if parts and restarts else None

    @property
    def are_due(self) -> bool:
        """Whether so much was done since the last part that it should be kept."""
        return time.monotonic() - self._since > SECONDS

    def add(self, part: Part, restart: xr.Dataset | None = None) -> None:
        """Keep what was done since the last part; a restart replaces the one before.

        Raises
        ------
        OutputError
        """
        if self._count == 0:
            write_json(self._room / HEAD, self._head)
        # a part without its restart would be taken for all that a job without restarts keeps
        if restart is not None:
            write_restart(self._case, restart, self._room / f"restart-{self._count:06d}.nc")
        with replacing(self._room / _part(self._count)) as temporary:
            np.savez(temporary, allow_pickle=False, **part)
        for path in sorted(self._room.glob("restart-*.nc"))[:-1]:
            path.unlink()
        self._count += 1
        self._since = time.monotonic()

    def remove(self) -> None:
        """Forget all that was done."""
        remove_checkpoints(self._room.parent)


def remove_checkpoints(folder: Path) -> None:
    """Remove what a job keeps in a folder until it ends."""
    room = folder / CHECKPOINT
    # first the head: killed meanwhile, what is left of the parts is not taken for all of them
    with suppress(OSError):
        (room / HEAD).unlink()
    shutil.rmtree(room, ignore_errors=True)


def _part(number: int) -> str:
    return f"part-{number:06d}.npz"


class KeptMembers:
    """What the members of a job gave: kept as they come.

    Attributes
    ----------
    known : dict
        Arrays by the number of each member that was run before the job was killed.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._new: dict[str, NDArray[Any]] = {}
        self.known: dict[int, dict[str, NDArray[Any]]] = {}
        for part in checkpoints.take_up()[0]:
            for key, values in part.items():
                number, _, name = key.partition(".")
                self.known.setdefault(int(number), {})[name] = values

    def add(self, number: int, arrays: Part) -> None:
        """Keep what a member gave; for some time in memory only."""
        self._new |= {f"{number}.{name}": values for name, values in arrays.items()}
        if self._checkpoints.are_due:
            self._checkpoints.add(self._new)
            self._new = {}
