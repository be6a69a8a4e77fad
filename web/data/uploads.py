"""Files that people bring: taken in, checked, kept by their content, given back, removed."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session
from werkzeug.utils import secure_filename

from web.data.checkers import Checkers
from web.errors import ConflictError, ContentError, NotFoundError, QuotaError, TooLargeError
from web.faults import Fault
from web.people.usage import note_stored
from web.store.base import Store, now
from web.store.features import forget as forget_features
from web.store.features import forget_words, parent_of_upload
from web.store.jobs import Job, State
from web.store.uploads import Upload

CHECK_SECONDS = 120.0
"""How long a file may take to be read. [s]"""

WAIT_SECONDS = 60.0
"""How long an upload waits for others to be checked. [s]"""

_DIGITS = 64  # of a SHA-256

LONGEST_NAME = 120
REFERENCE = "upload:"
"""What stands before the id of an upload where a case has it in place of a file."""

_checking = threading.BoundedSemaphore(2)
"""So many checks at once, each with the memory that it may take."""

_checkers = Checkers()
atexit.register(_checkers.end)


class Part(RawIOBase):
    """A file that is coming in: written under a temporary name, counted and hashed.

    Attributes
    ----------
    size : int
        [byte]

    Raises
    ------
    TooLargeError
        As soon as there is more than allowed.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self.path = path
        self.size = 0
        self._most_bytes = most_bytes
        self._hash = hashlib.sha256()
        self._file = path.open("xb")

    @property
    def sha256(self) -> str:
        """SHA-256 of the content, hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: Any) -> int:
        """Take what has come."""
        self.size += len(data)
        if self.size > self._most_bytes:
            raise TooLargeError(
                f"file: has more than {self._most_bytes:,} bytes, as many as may be stored; "
                "expected less, cut out the region and the time"
            )
        self._hash.update(data)
        return self._file.write(data)

    def writable(self) -> bool:
        """Return that it is."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Stay at the end: whoever parses the request goes back to read, which nobody does here."""
        return self.size

    def close(self) -> None:
        """Push all to the disk."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        super().close()


def safe_name(name: str) -> str:
    """Return the name of a file without what is special in a path, a pattern or a header.

    Raises
    ------
    ContentError
        If nothing is left of it.
    """
    safe = secure_filename(name)
    stem, dot, suffix = safe.rpartition(".")
    if not dot or not stem:
        raise ContentError(
            [Fault("/file", f"file: found the name {name[:80]!r}, expected one such as slick.zip")]
        )
    return f"{stem[: LONGEST_NAME - len(suffix)]}.{suffix[:10]}"


def check(path: Path, purpose: str) -> dict[str, Any]:
    """Have a file read in a process of its own, and return what was found.

    Parameters
    ----------
    path : Path
        In a folder where the process may write beside it.
    purpose : str
        See `web.data.purposes.Purpose`.

    Raises
    ------
    ContentError
        If its reader refuses it, is lost at it, or takes too long.
    QuotaError
        If too many others are being checked.
    """
    answer = path.parent / "answer.json"
    with _a_place():
        _checkers.check(path, answer, purpose, CHECK_SECONDS)
    try:
        found = json.loads(answer.read_text())
    except (OSError, ValueError):
        found = {"fault": f"{path.name}: takes too much time or memory to read, or is damaged"}
    if "fault" in found:
        raise ContentError([Fault("/file", found["fault"])])
    facts: dict[str, Any] = found["facts"]
    return facts


@contextmanager
def _a_place() -> Iterator[None]:
    if not _checking.acquire(timeout=WAIT_SECONDS):
        raise QuotaError("too many files are being checked; try again in a moment")
    try:
        yield
    finally:
        _checking.release()


def keep(
    session: Session, folder: Path, part: Part, *, owner: str, purpose: str, facts: dict[str, Any]
) -> Upload:
    """Keep a file that was checked; what has the same content takes no more room.

    Parameters
    ----------
    session : Session
    folder : Path
        Of all uploads.
    part : Part
        Closed; under the name that the file is to have.
    owner, purpose : str
    facts : dict

    Returns
    -------
    Upload
    """
    name = part.path.name
    _lock_content(session, part.sha256)
    place = folder / part.sha256 / name
    place.parent.mkdir(mode=0o700, exist_ok=True)
    if not place.exists():
        same = next(place.parent.iterdir(), None)
        try:
            os.link(same or part.path, place)
        except OSError:  # not all disks have links
            part.path.replace(place)
    upload = Upload(
        id=str(uuid4()),
        owner=owner,
        name=name,
        purpose=purpose,
        sha256=part.sha256,
        size=part.size,
        facts=facts,
        created=now(session),
    )
    session.add(upload)
    session.flush()
    note_stored(session, upload)
    return upload


def _lock_content(session: Session, sha256: str) -> None:
    """Keep others from a content until the transaction ends; on SQLite they wait anyway."""
    if session.get_bind().dialect.name == "postgresql":
        number = int(sha256[:15], 16)
        session.execute(sql("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def file_of(folder: Path, upload: Upload) -> Path:
    """Return where a file lies."""
    return folder / upload.sha256 / upload.name


def get_upload(session: Session, owner: str, upload_id: str) -> Upload:
    """Return an upload.

    Raises
    ------
    NotFoundError
        If there is none, or it is another's.
    """
    upload = session.get(Upload, upload_id) if is_id(upload_id) else None
    if upload is None or upload.owner != owner:
        raise NotFoundError(f"there is no upload {upload_id[:40]!r}")
    return upload


def is_id(text: str) -> bool:
    """Return whether a text is the id of an upload or a job, as they are written."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def list_uploads(
    session: Session, owner: str, *, limit: int, offset: int
) -> tuple[Sequence[Upload], int]:
    """Return uploads of somebody, the newest first, and how many there are in all."""
    mine = select(Upload).where(Upload.owner == owner)
    count = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    order = mine.order_by(Upload.created.desc(), Upload.id)
    return session.scalars(order.limit(limit).offset(offset)).all(), count


def forget(session: Session, owner: str, upload_id: str) -> str:
    """Take an upload from the database, and return its content; see `remove_unused`.

    Raises
    ------
    NotFoundError
    ConflictError
        If a job that has not ended needs it.
    """
    upload = get_upload(session, owner, upload_id)
    active = select(Job).where(Job.owner == owner, Job.state.in_((State.ACCEPTED, State.RUNNING)))
    for job in session.scalars(active):
        if REFERENCE + upload_id in json.dumps(job.inputs):
            raise ConflictError(f"job {job.id} needs it; wait until it ends, or dismiss it")
    take_out(session, upload)
    return upload.sha256


def take_out(session: Session, upload: Upload) -> None:
    """Take an upload from the database, with what was read from it and what was said of that."""
    forget_words(session, parent_of_upload(upload.id))
    forget_features(session, parent_of_upload(upload.id))
    session.delete(upload)


def remove_unused(session: Session, folder: Path, sha256: str) -> None:
    """Remove the files of a content that nobody has any more, after that was written for good."""
    _lock_content(session, sha256)
    wanted = set(session.scalars(select(Upload.name).where(Upload.sha256 == sha256)))
    place = folder / sha256
    if not place.is_dir():
        return
    for file in list(place.iterdir()):
        if file.name not in wanted:
            file.unlink(missing_ok=True)
    if not wanted:
        with suppress(OSError):
            place.rmdir()


def tidy(store: Store, folder: Path) -> None:
    """Remove what a killed process has left: contents of which the database does not know."""
    if not folder.is_dir():
        return
    found = {place.name for place in folder.iterdir() if len(place.name) == _DIGITS}
    with store.reading() as session:
        found -= set(session.scalars(select(Upload.sha256).distinct()))
    for sha256 in found:
        with store.session() as session:
            remove_unused(session, folder, sha256)
