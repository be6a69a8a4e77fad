"""A copy of a service that runs: its database at a moment, and the files that it knew then.

The copy is a data folder like the one that it is of: a service started on it goes on from there.
Jobs that had not ended begin anew. What is removed while files are copied is removed from the copy.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.engine import make_url

from web.data.uploads import file_of, take_out
from web.jobs import queue
from web.store.base import Store
from web.store.jobs import Job, State
from web.store.uploads import Upload
from witoil.claim import part_name
from witoil.errors import OutputError, WitoilError

if TYPE_CHECKING:
    from web.settings import Settings

DATABASE = "witoil.sqlite"
"""Name of the database in a data folder."""

_PAGES = 1000
"""Pages of the database that are copied before others may write."""


class BackupError(WitoilError):
    """A service of which no copy can be made, in one line."""


@dataclass(frozen=True)
class Backup:
    """What was copied.

    Attributes
    ----------
    jobs, unfinished : int
        Jobs in all, and those of them that begin anew.
    uploads : int
        Files that people have brought.
    """

    jobs: int
    unfinished: int
    uploads: int


def back_up(settings: Settings, folder: Path) -> Backup:
    """Copy a service, which may run meanwhile.

    Parameters
    ----------
    settings : Settings
    folder : Path
        Made, under this name only when it is whole.

    Raises
    ------
    BackupError
        If the folder is there, the database is no SQLite file, or there is none.
    OutputError
        If something cannot be written.
    """
    original = _file_of(settings)
    if folder.exists():
        raise BackupError(f"{folder}: is there already; expected a new name, of today perhaps")
    with _appearing(folder) as temporary:
        _copy_database(original, temporary / DATABASE)
        return _copy_files(settings, temporary)


def _file_of(settings: Settings) -> Path:
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        where = url.render_as_string(hide_password=True)
        raise BackupError(
            f"database: found {where}, of which `pg_dump` makes a copy; expected that first, and "
            f"then one of the folders uploads and jobs in {settings.data}"
        )
    path = Path(str(url.database))
    if not path.is_file():
        raise BackupError(f"{path}: there is no such database; expected that of a service")
    return path


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside another, which gets its name at the end.

    Raises
    ------
    OutputError
    """
    temporary = folder.with_name(f".{folder.name}.{part_name('')}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir(mode=0o700)
        for name in ("uploads", "jobs"):
            (temporary / name).mkdir(mode=0o700)
        yield temporary
        temporary.rename(folder)
    except OSError as error:
        raise OutputError(
            f"{folder}: could not be written ({error.strerror or error}); expected a place with "
            "room that can be written to"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _copy_database(original: Path, target: Path) -> None:
    """Copy a database as it is at one moment, whoever writes meanwhile."""
    try:
        with (
            closing(sqlite3.connect(f"{original.resolve().as_uri()}?mode=rw", uri=True)) as read,
            closing(sqlite3.connect(target)) as written,
        ):
            read.backup(written, pages=_PAGES)
    except sqlite3.Error as error:
        raise BackupError(
            f"{original}: could not be copied ({error}); expected the database of a service, and "
            "room for it"
        ) from error


def _copy_files(settings: Settings, copy: Path) -> Backup:
    """Copy what the database of a copy knows, and have it forget what has gone by then."""
    store = Store.open(f"sqlite:///{copy / DATABASE}")
    try:
        with store.session() as session:
            uploads = session.scalars(select(Upload)).all()
            lost = [each for each in uploads if not _copied(settings.uploads, copy, each)]
            for upload in lost:
                take_out(session, upload)
            # others write into the folders of jobs that have not ended
            query = select(Job.folder).where(Job.state == State.SUCCESSFUL).distinct()
            folders = [name for name in session.scalars(query) if name is not None]
            gone = [name for name in folders if not _copy_folder(settings.jobs, copy, name)]
            for job in session.scalars(select(Job).where(Job.folder.in_(gone))):
                queue.dismiss(session, None, job.id)
            for job in session.scalars(select(Job).where(Job.state == State.RUNNING)):
                queue.hand_back(session, queue.Held.of(job))
            states = session.scalars(select(Job.state)).all()
        return Backup(
            jobs=len(states),
            unfinished=sum(state == State.ACCEPTED for state in states),
            uploads=len(uploads) - len(lost),
        )
    finally:
        store.close()
        (copy / f"{DATABASE}.migrating").unlink(missing_ok=True)


def _copied(uploads: Path, copy: Path, upload: Upload) -> bool:
    original, target = file_of(uploads, upload), file_of(copy / "uploads", upload)
    if target.exists():
        return True
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        shutil.copy2(original, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return False
    return True


def _copy_folder(jobs: Path, copy: Path, name: str) -> bool:
    """Copy the folder of a job; say whether it was there until the end."""
    target = copy / "jobs" / name
    try:
        shutil.copytree(jobs / name, target, symlinks=True)
    except (FileNotFoundError, shutil.Error):
        if (jobs / name).exists():
            raise
        shutil.rmtree(target, ignore_errors=True)
        return False
    return True
