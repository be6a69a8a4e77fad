"""Folders for files that are needed for a while; those that killed processes left are removed."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from catalog.errors import CatalogError

_PREFIX = "witoil-"
_LOCK = "lock"
# Longer than it takes from making a folder to locking it.
_YOUNG_SECONDS = 60.0


@contextmanager
def scratch_folder(within: Path | None = None) -> Iterator[Path]:
    """Give an empty folder that is removed at the end.

    Parameters
    ----------
    within : Path, optional
        Where it is made. Default: where the system has such files.

    Yields
    ------
    Path

    Raises
    ------
    CatalogError
        If it cannot be made.

    Notes
    -----
    It lies beside a lock that dies with its process. A folder whose lock nobody holds is that of a
    process that was killed, on whatever host.
    """
    import filelock

    parent = within or Path(tempfile.gettempdir())
    with ExitStack() as stack:
        try:
            _sweep(parent)
            root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            stack.callback(shutil.rmtree, root, ignore_errors=True)
            stack.enter_context(filelock.FileLock(root / _LOCK, timeout=0))
            folder = root / "files"
            folder.mkdir()
        except OSError as error:
            raise CatalogError(
                f"{parent}: no folder can be made there ({error}); expected one that can be "
                "written to, with room on its disk"
            ) from error
        yield folder


def _sweep(parent: Path) -> None:
    """Remove the folders of processes that were killed."""
    import filelock

    for root in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # in use (filelock.Timeout), of another user, or just removed
            is_young = time.time() - root.stat().st_mtime < _YOUNG_SECONDS
            if not is_young and (root / _LOCK).is_file():
                with filelock.FileLock(root / _LOCK, timeout=0):
                    shutil.rmtree(root)
