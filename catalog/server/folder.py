"""Folders and files that are served, and nothing beside them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST_NAME = 2_000
"""Characters of the name of a file with its folders."""


@dataclass(frozen=True)
class Listing:
    """What is in a folder.

    Attributes
    ----------
    title : str
    folders : tuple of tuple
        Name in addresses and title of each folder.
    files : tuple of tuple
        Name in addresses, from the top, and path of each file.
    """

    title: str
    folders: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, Path], ...]


class Folder:
    """A folder with all in it; links do not lead out of it, and hidden names are not served.

    Parameters
    ----------
    root : Path
    title : str
    prefix : str
        What stands before the names of files in addresses.
    """

    def __init__(self, root: Path, title: str, prefix: str = "") -> None:
        self._root = root.resolve()
        self._title = title
        self._prefix = prefix

    def file(self, name: str) -> Path | None:
        """Return the path of a file; None where there is no such one."""
        path = self._path(name)
        return path if path is not None and os.path.isfile(path) else None

    def listing(self, name: str) -> Listing | None:
        """Return what is in a folder, ``""`` being the first; None where there is no such one."""
        folder = self._path(name)
        if folder is None or not os.path.isdir(folder):
            return None
        folders, files = [], []
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or not self._is_inside(path):
                continue
            if path.is_dir():
                folders.append((path.name, path.name))
            elif path.is_file():
                files.append((self._prefix + path.relative_to(self._root).as_posix(), path))
        title = folder.relative_to(self._root).as_posix().strip(".") or self._title
        return Listing(title, tuple(folders), tuple(files))

    def _path(self, name: str) -> Path | None:
        if len(name) > LONGEST_NAME or _is_hidden(Path(name).parts):
            return None
        path = self._root / name
        return path.resolve() if self._is_inside(path) else None

    def _is_inside(self, path: Path) -> bool:
        try:
            return path.resolve().is_relative_to(self._root)
        except (OSError, ValueError, RuntimeError):  # too long, with NUL, links in a circle
            return False


class NamedFiles:
    """Files by names, as if they were in a folder.

    Parameters
    ----------
    files : mapping of str to Path
        Name, with ``/`` between folders, to where the file is.
    title : str
    prefix : str
        What stands before the names of files in addresses.
    """

    def __init__(self, files: Mapping[str, Path], title: str, prefix: str = "") -> None:
        self._files = {name: path for name, path in files.items() if os.path.isfile(path)}
        self._title = title
        self._prefix = prefix

    def file(self, name: str) -> Path | None:
        """Return the path of a file; None where there is no such one."""
        return self._files.get(name)

    def listing(self, name: str) -> Listing | None:
        """Return what is in a folder, ``""`` being the first; None where there is no such one."""
        before = f"{name}/" if name else ""
        within = sorted(each for each in self._files if each.startswith(before))
        if name and not within:
            return None
        rests = [each.removeprefix(before) for each in within]
        folders = dict.fromkeys(rest.partition("/")[0] for rest in rests if "/" in rest)
        files = [
            (self._prefix + each, self._files[each])
            for each, rest in zip(within, rests, strict=True)
            if "/" not in rest
        ]
        return Listing(name or self._title, tuple((a, a) for a in folders), tuple(files))


def _is_hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith(".") for part in parts)
