"""What zip archives from outside may and may not do; the same rule for all readers."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from catalog.errors import CatalogError

MOST_UNPACKED_BYTES = 10**9
"""An archive that expands beyond this is refused. zipfile itself stops at the declared sizes."""

ZIP_ERRORS = (
    zipfile.BadZipFile,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # encrypted
    EOFError,  # cut short
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
