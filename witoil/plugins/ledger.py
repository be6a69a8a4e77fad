"""What is done of a batch, kept file by file: a batch that was killed goes on from there.

It is SQLite, which writes each file's results as a whole or not at all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from witoil.claim import CHECKPOINT
from witoil.errors import OutputError
from witoil.files import plain
from witoil.plugins.card import Card
from witoil.plugins.envelope import Envelope, Feature, Findings
from witoil.plugins.inputs import Item

NAME = "files.sqlite"

_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    number INTEGER PRIMARY KEY,
    place TEXT NOT NULL UNIQUE,
    stamp TEXT NOT NULL,
    stem TEXT NOT NULL UNIQUE,
    found TEXT,
    fault TEXT,
    written TEXT NOT NULL DEFAULT '[]'
);
"""
_KIND, _FINISHED = "kind", "finished"


@dataclass(frozen=True)
class Waiting:
    """A file that has to be done.

    Attributes
    ----------
    number : int
        Of the file in its batch.
    item : Item
    stem : str
        Start of the names of what is written for it, which no other file has.
    """

    number: int
    item: Item
    stem: str


class Ledger:
    """The files of a batch: what was found in them, or why they failed.

    Parameters
    ----------
    connection : sqlite3.Connection
    folder : Path
        Of the batch.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection, self._folder = connection, folder

    def begin(self, kind: str, *, anew: bool = False) -> None:
        """Go on with the batch of a kind, or begin one where another kind is here.

        Parameters
        ----------
        kind : str
            What is another one where the files would have other results. Files of a batch that had
            ended are tried again where they failed.
        anew : bool
            Begin one in any case.
        """
        with self._connection as connection:
            if anew or self._about(_KIND) != kind:
                self._forget("1")
            elif self._about(_FINISHED):
                self._forget("fault IS NOT NULL")
            connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (_KIND, kind))
            connection.execute("DELETE FROM about WHERE key = ?", (_FINISHED,))

    def finish(self) -> None:
        """Note that nothing is left to do."""
        with self._connection as connection:
            connection.execute("INSERT OR REPLACE INTO about VALUES (?, '1')", (_FINISHED,))

    def enter(self, items: Iterable[Item], reserved: Iterable[str] = ()) -> None:
        """Take in files; those that are known and have changed are to be done again.

        Parameters
        ----------
        items : iterable of Item
        reserved : iterable of str
            Names that are no stems.
        """
        with self._connection as connection:
            known = dict(connection.execute("SELECT place, stamp FROM files"))
            changed = [it for it in items if known.get(it.place, it.stamp) != it.stamp]
            for item in changed:
                self._forget("place = ?", item.place)
                del known[item.place]
            taken = {stem for (stem,) in connection.execute("SELECT stem FROM files")} | {*reserved}
            connection.executemany(
                "INSERT INTO files (place, stamp, stem) VALUES (?, ?, ?)",
                (
                    (item.place, item.stamp, _untaken(item.name, taken))
                    for item in items
                    if item.place not in known
                ),
            )

    def leave_out(self, items: Iterable[Item]) -> None:
        """Forget all files but these."""
        kept = {item.place for item in items}
        with self._connection as connection:
            for (place,) in connection.execute("SELECT place FROM files").fetchall():
                if place not in kept:
                    self._forget("place = ?", place)

    def waiting(self) -> list[Waiting]:
        """Return the files that have to be done, in their order."""
        rows = self._connection.execute(
            "SELECT number, place, stamp, stem FROM files WHERE found IS NULL AND fault IS NULL "
            "ORDER BY number"
        )
        return [Waiting(number, Item(place, stamp), stem) for number, place, stamp, stem in rows]

    def keep(self, waiting: Waiting, found: str, written: Sequence[str]) -> None:
        """Keep what was found in a file, as `packed`, and the names of what was written for it.

        It outlives this process after `commit`.
        """
        self._end(waiting, found, None, written)

    def keep_fault(self, waiting: Waiting, fault: str) -> None:
        """Keep why a file failed."""
        self._end(waiting, None, fault, ())

    def _end(
        self, waiting: Waiting, found: str | None, fault: str | None, written: Sequence[str]
    ) -> None:
        self._connection.execute(
            "UPDATE files SET found = ?, fault = ?, written = ? WHERE number = ?",
            (found, fault, json.dumps([*written]), waiting.number),
        )

    def commit(self) -> None:
        """Have what was kept outlive this process."""
        self._connection.commit()

    def is_blank(self) -> bool:
        """Say whether no file was done yet."""
        (row,) = self._connection.execute("SELECT count(found), count(fault) FROM files")
        return not any(row)

    def counts(self) -> tuple[int, int]:
        """Return how many files there are, and how many of them failed."""
        (row,) = self._connection.execute("SELECT count(*), count(fault) FROM files")
        return row[0], row[1]

    def faults(self) -> dict[str, str]:
        """Return the files that failed, and why."""
        rows = self._connection.execute(
            "SELECT place, fault FROM files WHERE fault IS NOT NULL ORDER BY number"
        )
        return dict(rows)

    def written(self) -> list[str]:
        """Return the names of what was written for single files."""
        rows = self._connection.execute("SELECT written FROM files ORDER BY number")
        return sorted(name for (text,) in rows for name in json.loads(text))

    def found(self, card: Card) -> Found:
        """Return what was found in the files that succeeded."""
        return Found(self._connection, card)

    def _about(self, key: str) -> str | None:
        row = self._connection.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _forget(self, which: str, *values: str) -> None:
        """Forget files, and remove what was written for them."""
        rows = self._connection.execute(f"SELECT written FROM files WHERE {which}", values)
        for (text,) in rows:
            for name in json.loads(text):
                (self._folder / name).unlink(missing_ok=True)
        self._connection.execute(f"DELETE FROM files WHERE {which}", values)


class Found(Sequence[Envelope]):
    """What was found, file by file, read when it is asked for: it need not fit into memory.

    Parameters
    ----------
    connection : sqlite3.Connection
    card : Card
    """

    def __init__(self, connection: sqlite3.Connection, card: Card) -> None:
        self._connection, self._card = connection, card
        rows = connection.execute(
            "SELECT number, place FROM files WHERE found IS NOT NULL ORDER BY number"
        ).fetchall()
        self._numbers = [number for number, _ in rows]
        self.places = [place for _, place in rows]

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[k] for k in range(*at.indices(len(self)))]
        (text,) = self._connection.execute(
            "SELECT found FROM files WHERE number = ?", (self._numbers[at],)
        ).fetchone()
        return _unpacked(json.loads(text), self._card)

    def __iter__(self) -> Iterator[Envelope]:
        for at in range(len(self)):
            yield self[at]


@contextmanager
def opened(folder: Path) -> Iterator[Ledger]:
    """Open the ledger of a batch, made where there is none.

    It is removed where a batch fails before a file was done, as after a mistake in what was asked.

    Parameters
    ----------
    folder : Path
        Of the batch, which is claimed.

    Raises
    ------
    OutputError
        Where it is damaged, or nothing can be written.
    """
    path = folder / CHECKPOINT / NAME
    try:
        path.parent.mkdir(exist_ok=True)
        # written by one thread at a time, not always the one that opened it
        connection = sqlite3.connect(path, check_same_thread=False)
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, error) from error
    is_blank = False
    try:
        with closing(connection):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_TABLES)
            ledger = Ledger(connection, folder)
            try:
                yield ledger
            except BaseException:
                is_blank = ledger.is_blank()
                raise
            finally:
                ledger.commit()
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    finally:
        if is_blank:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # others have something there
                path.parent.rmdir()


def _unusable(path: Path, error: Exception) -> OutputError:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return OutputError(
            f"{path}: could not be written ({error}); expected room on its disk: make some, and "
            "the same command goes on from there"
        )
    return OutputError(
        f"{path}: cannot be used ({error}); expected what a batch has left there, on a disk with "
        "room; remove it to begin anew"
    )


def _untaken(name: str, taken: set[str]) -> str:
    """Return a name with a number behind where others have it, which is taken then."""
    number, stem = 1, name
    while stem in taken:
        number += 1
        stem = f"{name}-{number}"
    taken.add(stem)
    return stem


def packed(envelope: Envelope) -> str:
    """Return what later files are made of, as JSON: no rasters and no series.

    Raises
    ------
    TypeError, ValueError, AttributeError, RecursionError
        Where a program gave properties that JSON cannot hold, or features that are none.
    """
    document = {
        "file": envelope.file,
        "size": envelope.size,
        "located": envelope.located,
        "timing_ms": envelope.timing_ms,
        "remarks": envelope.findings.remarks,
        "features": [
            {
                "label": it.label,
                "score": it.score,
                "pixel": _hex(it.pixel),
                "frame": it.frame,
                "time": None if it.time is None else it.time.isoformat(),
                "properties": it.properties,
                "geometry": _hex(it.geometry),
            }
            for it in envelope.findings.features
        ],
    }
    try:
        return json.dumps(document, allow_nan=False)
    except (TypeError, ValueError):  # numbers of numpy, or what is not finite
        return json.dumps(plain(document), allow_nan=False)


def _hex(geometry: BaseGeometry | None) -> str | None:
    return None if geometry is None else shapely.to_wkb(geometry, hex=True)


def _unpacked(kept: Mapping[str, Any], card: Card) -> Envelope:
    features = [
        Feature(
            it["label"],
            it["score"],
            None if it["pixel"] is None else shapely.from_wkb(it["pixel"]),
            it["frame"],
            None if it["time"] is None else datetime.fromisoformat(it["time"]),
            it["properties"],
            None if it["geometry"] is None else shapely.from_wkb(it["geometry"]),
        )
        for it in kept["features"]
    ]
    return Envelope(
        card,
        kept["file"],
        kept["size"] and tuple(kept["size"]),
        Findings(features, remarks=kept["remarks"]),
        kept["located"],
        kept["timing_ms"],
    )
