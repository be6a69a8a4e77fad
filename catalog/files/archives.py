"""What zip archives from outside may and may not do; the same rule for all readers."""

from __future__ import annotations

import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

from catalog.errors import CatalogError, UnreadableFileError

MOST_UNPACKED_BYTES = 10**9
"""An archive that expands beyond this is refused. zipfile itself stops at the declared sizes."""

MOST_ENTRIES = 10_000
"""An archive of more files is refused: each takes room on a disk, even without content."""

ZIP_ERRORS = (
    zipfile.BadZipFile,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # encrypted
    EOFError,  # cut short
    ValueError,  # places outside the file, names in no encoding
    LookupError,  # no names
    zlib.error,
    lzma.LZMAError,
    OSError,
)
"""What reading a damaged or foreign archive raises."""


def refuse_expansion(path: Path, entries: Iterable[zipfile.ZipInfo]) -> None:
    """Refuse an archive whose entries are declared too large together.

    Raises
    ------
    CatalogError
    """
    size = sum(entry.file_size for entry in entries)
    if size > MOST_UNPACKED_BYTES:
        raise CatalogError(
            f"{path}: unpacks to {size / 1e9:.1f} GB, more than the "
            f"{MOST_UNPACKED_BYTES / 1e9:g} GB allowed; unpack it by hand"
        )


def _refuse_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive with names that point outside it, with links, or with too much.

    Raises
    ------
    CatalogError
    """
    if len(entries) > MOST_ENTRIES:
        raise CatalogError(
            f"{path}: has {len(entries):,} entries, more than the {MOST_ENTRIES:,} allowed; unpack "
            "it by hand"
        )
    for entry in entries:
        # Windows' rules take both kinds of slash, and drives.
        name = PureWindowsPath(entry.filename)
        if name.anchor or ".." in name.parts:
            raise CatalogError(
                f"{path}: the archive's {entry.filename!r} points outside it; "
                "pack the files again by relative names"
            )
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise CatalogError(
                f"{path}: the archive's {entry.filename!r} is a link; pack the file itself"
            )
    refuse_expansion(path, entries)


def unpack(
    path: Path, folder: Path, wanted: Callable[[PurePosixPath], bool] = lambda name: True
) -> None:
    """Unpack an archive into a folder, unless it would write outside it or without end.

    Parameters
    ----------
    path, folder : Path
    wanted : callable, optional
        Says of the name of an entry whether to unpack it. All are held against the rules.

    Raises
    ------
    UnreadableFileError
        If it is damaged or no zip.
    CatalogError
        If a name points outside the folder, an entry is a link, or it unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _refuse_entries(path, entries)
            archive.extractall(folder, [e for e in entries if wanted(PurePosixPath(e.filename))])
    except CatalogError:
        raise
    except ZIP_ERRORS as error:
        raise UnreadableFileError(
            f"{path}: cannot be unpacked as a zip ({error}); get it again"
        ) from error
