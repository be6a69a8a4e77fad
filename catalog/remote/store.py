"""The cache of everything fetched: files by the hash of their content, found by what was asked."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from catalog.errors import CatalogError

Make = Callable[[Path], Mapping[str, str] | None]
"""Writes the file at a path; may return what else is known of it, such as a version."""

FOLDER_VARIABLE = "WITOIL_CACHE"
LIMIT_VARIABLE = "WITOIL_CACHE_GB"
OFFLINE_VARIABLE = "WITOIL_OFFLINE"

DEFAULT_LIMIT_GB = 20.0
IN_USE = timedelta(hours=1)
"""What was asked for so lately is never evicted: some run may be about to read it."""

_asked: set[tuple[Path, str]] = set()

_ABANDONED_SECONDS = 24 * 3600.0
_BUSY_SECONDS = 60.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    identifier TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    fetched REAL NOT NULL,
    used REAL NOT NULL,
    facts TEXT NOT NULL
)
"""


@dataclass(frozen=True)
class Entry:
    """One file of the cache.

    Attributes
    ----------
    identifier : str
        What was asked for.
    path : Path
        Where the file is.
    sha256 : str
        Of its content, hexadecimal.
    size : int
        [byte]
    fetched, used : datetime
        When it was made and last asked for, UTC.
    facts : dict
        What else is known of it: version, ETag ...
    """

    identifier: str
    path: Path
    sha256: str
    size: int
    fetched: datetime
    used: datetime
    facts: dict[str, str] = field(default_factory=dict)


class Store:
    """Files fetched once, safe for several processes at the same time.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    limit_bytes : int
        Above this, what has not been asked for longest is evicted. [byte]
    offline : bool
        Nothing is made; what is not there is an error.
    in_use : timedelta
        What was asked for so lately is not evicted.

    Notes
    -----
    A file lies at ``objects/<sha256>/<name>``; an SQLite index leads from identifiers to these.
    A file is made in ``making/``, under a lock of its identifier, and renamed when it is whole.
    What a killed process left there is found again by the next that makes the same.
    """

    def __init__(
        self,
        folder: Path,
        limit_bytes: int,
        offline: bool = False,
        *,
        in_use: timedelta = IN_USE,
    ) -> None:
        self.folder = folder.absolute()
        self.limit_bytes = limit_bytes
        self.offline = offline
        self._in_use = in_use
        try:
            for name in ("objects", "making", "locks"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        with self._index() as index:
            index.execute(_SCHEMA)

    def get(
        self,
        identifier: str,
        make: Make,
        *,
        name: str | None = None,
        max_age: timedelta | None = None,
    ) -> Path:
        """Return the file of an identifier, made now unless it is there.

        Parameters
        ----------
        identifier : str
            Any stable text: a URL with its query, a dataset with box and period. No secrets.
        make : callable
            Writes the file at the path it is given, or raises; what it leaves beside the path
            when killed, it finds there again. May return facts, see `Entry`.
        name : str, optional
            Name of the file, whose suffix readers may go by. Default: the last part of the
            identifier's path.
        max_age : timedelta, optional
            A file made longer ago is made again. Default: it lasts.

        Returns
        -------
        Path
            Not to be written to.

        Raises
        ------
        CatalogError
            If it is not there and this is offline; and what `make` raises, the cache as before.
        """
        oldest = datetime.min.replace(tzinfo=UTC)
        if max_age is not None and not self.offline:
            oldest = datetime.now(UTC) - max_age
        found = self.find(identifier)
        if found is not None and found.fetched >= oldest:
            return found.path
        if self.offline:
            raise CatalogError(
                f"{identifier}: not in the cache {self.folder}, and {OFFLINE_VARIABLE} forbids to "
                "fetch it; run once online, or give a file"
            )
        with self._lock(identifier):
            found = self.find(identifier)  # another process may have been faster
            if found is not None and found.fetched >= oldest:
                return found.path
            path = self._make(identifier, make, name or _name_of(identifier))
        _asked.add((self.folder, identifier))
        self.evict()
        return path

    def find(self, identifier: str) -> Entry | None:
        """Return what is there of an identifier, and note that it was asked for; else None.

        A file that is no longer what it was when it was made is dropped.
        """
        with self._index() as index:
            row = index.execute(
                "SELECT * FROM entries WHERE identifier = ?", (identifier,)
            ).fetchone()
            if row is None:
                return None
            entry = self._entry(row)
        if not _is_intact(entry, row["modified_ns"]):
            self._forget([entry])
            return None
        with self._index() as index:
            index.execute(
                "UPDATE entries SET used = ? WHERE identifier = ?", (time.time(), identifier)
            )
        _asked.add((self.folder, identifier))
        return entry

    def entries(self) -> list[Entry]:
        """Return all that is there, the one asked for last at the end."""
        with self._index() as index:
            rows = index.execute("SELECT * FROM entries ORDER BY used, identifier").fetchall()
            return [self._entry(row) for row in rows]

    def asked(self) -> list[Entry]:
        """Return what this process has asked for."""
        return [entry for entry in self.entries() if (self.folder, entry.identifier) in _asked]

    def evict(self) -> list[Entry]:
        """Drop what has not been asked for longest until the rest is within the limit.

        Returns
        -------
        list of Entry
            What was dropped.
        """
        entries = self.entries()
        holders = Counter(entry.path for entry in entries)
        sizes = {entry.path: entry.size for entry in entries}
        excess = sum(sizes.values()) - self.limit_bytes
        dropped: list[Entry] = []
        for entry in entries:
            if excess <= 0 or datetime.now(UTC) - entry.used < self._in_use:
                break
            dropped.append(entry)
            holders[entry.path] -= 1
            excess -= 0 if holders[entry.path] else entry.size
        self._forget(dropped)
        self._sweep()
        return dropped

    def _make(self, identifier: str, make: Make, name: str) -> Path:
        workplace = self.folder / "making" / _digest(identifier)
        temporary = workplace / name
        try:
            workplace.mkdir(exist_ok=True)
            temporary.unlink(missing_ok=True)
            facts = make(temporary)
            if not temporary.is_file() or not temporary.stat().st_size:
                raise CatalogError(f"{identifier}: came out empty; expected a file")
            path = self._keep(temporary, identifier, facts or {})
        except Exception as error:
            shutil.rmtree(workplace, ignore_errors=True)
            if isinstance(error, OSError):
                raise self._unusable(error) from error
            raise
        # Not in a `finally`: what is left when the process is killed is gone on with.
        shutil.rmtree(workplace, ignore_errors=True)
        return path

    def _keep(self, temporary: Path, identifier: str, facts: Mapping[str, str]) -> Path:
        """Put a whole file into its place and record it."""
        sha256 = hash_file(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        path = self.folder / "objects" / sha256 / temporary.name
        now = time.time()
        # One writer of the index at a time, so that eviction never sees a file without its row.
        with self._index() as index:
            index.execute("BEGIN IMMEDIATE")
            path.parent.mkdir(exist_ok=True)
            temporary.replace(path)
            status = path.stat()
            index.execute(
                "DELETE FROM entries WHERE identifier = ? AND sha256 = ? AND name = ?",
                (identifier, sha256, path.name),
            )
            # Other content that was there before stays for its readers, until it is evicted.
            index.execute(
                "UPDATE entries SET identifier = identifier || ' of ' || fetched "
                "WHERE identifier = ?",
                (identifier,),
            )
            index.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(identifier, sha256, path.name, status.st_size, status.st_mtime_ns),
                    *(now, now, json.dumps(dict(facts), sort_keys=True)),
                ),
            )
        return path

    def _forget(self, entries: list[Entry]) -> None:
        """Remove rows, and the files that no other row leads to."""
        if not entries:
            return
        with self._index() as index:
            index.execute("BEGIN IMMEDIATE")
            for entry in entries:
                index.execute("DELETE FROM entries WHERE identifier = ?", (entry.identifier,))
                name = (entry.sha256, entry.path.name)
                query = "SELECT 1 FROM entries WHERE sha256 = ? AND name = ?"
                if index.execute(query, name).fetchone() is None:
                    entry.path.unlink(missing_ok=True)
                    _remove_if_empty(entry.path.parent)

    def _sweep(self) -> None:
        """Remove what killed processes left and nobody has come back for, for a day."""
        for workplace in (self.folder / "making").iterdir():
            try:
                changed = max(p.stat().st_mtime for p in (workplace, *workplace.iterdir()))
            except FileNotFoundError:
                continue  # just finished by another process
            if time.time() - changed > _ABANDONED_SECONDS:
                shutil.rmtree(workplace, ignore_errors=True)

    def _entry(self, row: sqlite3.Row) -> Entry:
        try:
            return Entry(
                identifier=row["identifier"],
                path=self.folder / "objects" / row["sha256"] / row["name"],
                sha256=row["sha256"],
                size=row["size"],
                fetched=datetime.fromtimestamp(row["fetched"], UTC),
                used=datetime.fromtimestamp(row["used"], UTC),
                facts=json.loads(row["facts"]),
            )
        except (ValueError, TypeError, OverflowError, OSError) as error:
            raise sqlite3.DatabaseError(f"an entry makes no sense: {error}") from error

    @contextmanager
    def _index(self) -> Iterator[sqlite3.Connection]:
        """Open the index for one transaction."""
        try:
            path = self.folder / "index.sqlite"
            with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
                connection.row_factory = sqlite3.Row
                with connection:
                    yield connection
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> CatalogError:
        return CatalogError(
            f"cache folder {self.folder}: cannot be used ({error}); expected a folder that can be "
            f"written, with room on its disk: set {FOLDER_VARIABLE} to one, or remove a damaged "
            "index.sqlite there"
        )

    @contextmanager
    def _lock(self, identifier: str) -> Iterator[None]:
        """Keep other processes and threads from making the same file meanwhile."""
        import filelock

        # One for each, since making one file may need another; the files are empty.
        with filelock.FileLock(self.folder / "locks" / f"{_digest(identifier)}.lock"):
            yield


def default_store() -> Store:
    """Return the store of this user, as the environment says.

    ``WITOIL_CACHE`` is its folder (default: the user's cache folder), ``WITOIL_CACHE_GB`` its
    limit, and ``WITOIL_OFFLINE=1`` keeps it from fetching.

    Raises
    ------
    CatalogError
        If the folder cannot be used or the limit is no number.
    """
    text = os.environ.get(LIMIT_VARIABLE) or str(DEFAULT_LIMIT_GB)
    try:
        limit = float(text)
    except ValueError:
        raise CatalogError(f"{LIMIT_VARIABLE}: found {text!r}, expected gigabytes") from None
    offline = os.environ.get(OFFLINE_VARIABLE, "").lower() not in ("", "0", "false", "no")
    return Store(cache_folder() / "store", round(limit * 1e9), offline)


def cache_folder() -> Path:
    """Return the folder of all that can be made again, which exists.

    Raises
    ------
    CatalogError
        If it cannot be made.
    """
    import platformdirs

    folder = Path(os.environ.get(FOLDER_VARIABLE) or platformdirs.user_cache_dir("witoil"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogError(
            f"cache folder {folder}: cannot be made ({error.strerror}); set {FOLDER_VARIABLE} to a "
            "folder that can be written"
        ) from error
    return folder


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_intact(entry: Entry, modified_ns: int) -> bool:
    try:
        status = entry.path.stat()
    except FileNotFoundError:
        return False
    if status.st_size != entry.size:
        return False
    return status.st_mtime_ns == modified_ns or hash_file(entry.path) == entry.sha256


def _name_of(identifier: str) -> str:
    """Return a file name for an identifier that no file system minds."""
    last = unquote(urlsplit(identifier).path.rstrip("/").rsplit("/", 1)[-1])
    return re.sub(r"[^\w.+-]", "_", last)[-100:].lstrip(".") or "file"


def _digest(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # holds another name of the same content
        folder.rmdir()
