"""Files that exist, by what a user names: a path, a glob, a list."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import UnreadableFileError

if TYPE_CHECKING:
    from catalog.remote.opendap import Opendap
from catalog.files.zarr import is_zarr

PathsLike = str | Path | Sequence[str | Path]

_recorded: ContextVar[dict[str, list[Path | Opendap]] | None] = ContextVar("recorded", default=None)


def expand_paths(paths: PathsLike) -> list[Path]:
    """Files named by a path, a glob pattern, a URL or a list of them.

    Parameters
    ----------
    paths : str, Path or sequence of them
        A name that exists is taken as it is, brackets and all; any other is a glob pattern. A Zarr
        store is a folder that counts as a file. URLs and `thredds:` names are fetched, see
        `catalog.locate.locate`.

    Returns
    -------
    list of Path
        In the order given, the matches of one pattern sorted.

    Raises
    ------
    UnreadableFileError
        If the list is empty, a pattern matches nothing, a name is not a file, or cannot be
        fetched.
    """
    files = []
    for item in expand_inputs(paths):
        if not isinstance(item, Path):
            raise UnreadableFileError(f"{item}: is a data set of OPeNDAP, expected a file")
        files.append(item)
    return files


def expand_inputs(paths: PathsLike) -> list[Path | Opendap]:
    """Like `expand_paths`, where data sets of OPeNDAP will do as well as files."""
    names = [paths] if isinstance(paths, str | Path) else list(paths)
    if not names:
        raise UnreadableFileError("the list of files is empty; expected at least one path")
    found = {str(name): list(_inputs_of(name)) for name in names}
    record = _recorded.get()
    if record is not None:
        record |= found
    return [item for name in names for item in found[str(name)]]


@contextmanager
def recording() -> Iterator[dict[str, list[Path | Opendap]]]:
    """Collect what this thread reads meanwhile: names, and the files they turned out to be."""
    record: dict[str, list[Path | Opendap]] = {}
    token = _recorded.set(record)
    try:
        yield record
    finally:
        _recorded.reset(token)


def _inputs_of(name: str | Path) -> Sequence[Path | Opendap]:
    if isinstance(name, str) and ":" in name:
        from catalog.locate import (  # what talks to servers takes long to import
            is_remote,
            locate,
        )

        if is_remote(name):
            return locate(name)
    return _files_of(Path(name).expanduser())


def _files_of(path: Path) -> list[Path]:
    if is_zarr(path):
        return [path]
    if path.is_dir():
        raise UnreadableFileError(
            f"{path} is a folder, expected a file; name its files by a pattern such as {path}/*.nc"
        )
    if path.exists():
        return [path]
    found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
    files = [file for file in found if file.is_file() or is_zarr(file)]
    if not files:
        fault = "no file matches" if glob.has_magic(str(path)) else "no such file:"
        raise UnreadableFileError(f"{fault} {path}; check the path and the folder it starts from")
    return files
