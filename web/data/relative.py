"""Inputs of a job by names that say nothing of this machine.

What a job writes quotes the names of what it read: in reports, figures and NetCDF attributes. So it
reads by relative names, through links in a folder that it works in, and these are what it quotes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from web.data.names import Location, names_in

_MAGIC = set("*?[")


@contextmanager
def by_relative_names(inputs: Mapping[str, Any], room: Path) -> Iterator[dict[str, Any]]:
    """Give inputs with relative names in place of absolute ones, good until the end.

    This process works in another folder meanwhile.

    Parameters
    ----------
    inputs : mapping
        With absolute paths, and patterns of such, where they name files.
    room : Path
        A folder that is made for the links, and removed; names are the same in any folder.
    """
    shutil.rmtree(room, ignore_errors=True)  # of an attempt that was killed
    room.mkdir(parents=True)
    before = Path.cwd()
    named = {name.location for name in names_in(inputs) if name.text.startswith("/")}
    numbers: dict[Path, int] = {}

    def renamed(value: Any, location: Location) -> Any:
        if isinstance(value, Mapping):
            return {key: renamed(item, (*location, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [renamed(item, (*location, number)) for number, item in enumerate(value)]
        if location not in named:
            return value
        place = _fixed_part(Path(value))
        number = numbers.setdefault(place, len(numbers) + 1)
        return f"{number}/{Path(value).relative_to(place)}"

    relative: dict[str, Any] = renamed(inputs, ())
    for place, number in numbers.items():
        (room / str(number)).symlink_to(place, target_is_directory=True)
    os.chdir(room)
    try:
        yield relative
    finally:
        os.chdir(before)
        shutil.rmtree(room, ignore_errors=True)


def _fixed_part(path: Path) -> Path:
    """Return the folder that a path, or all that a pattern matches, lies in."""
    parents = [parent for parent in path.parents if not _MAGIC & set(str(parent))]
    return parents[0]
