"""What the service is used for: noted as it happens, and counted by month, quarter or year.

Of a person only the name and the country are known that the operator typed when making the token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, Executable, distinct, func, select
from sqlalchemy.orm import Session

from web.people.tokens import GUEST
from web.store.base import now
from web.store.cases import PREDICT
from web.store.features import Feature
from web.store.jobs import Job
from web.store.tokens import Owner
from web.store.uploads import Upload
from web.store.usage import Activity, UsageRow
from witoil.plugins.sound import SOUNDS

Period = Literal["month", "quarter", "year"]

MOST_PERIODS = 240
"""More are not counted at once."""

_IMAGE_KEYS = frozenset(("geometry", "observation", "observations", "swath"))
"""Keys of inputs whose files are slicks as satellites saw them."""

_IMAGES = ("mask", "image", "raster")
"""Purposes of uploads that are images."""

_UPLOAD = "upload:"
_RESULT = "job:"


def note(
    session: Session, owner: str, activity: Activity, subject: str = "", process: str = ""
) -> None:
    """Note that something was used today; what was noted before stays as it is.

    Parameters
    ----------
    session : Session
    owner : str
    activity : Activity
    subject : str
        Of what is counted once, such as the id of a job.
    process : str
        Of a job.
    """
    person = session.get(Owner, owner)
    row = {
        "day": now(session).date(),
        "activity": activity,
        "owner": owner,
        "subject": subject,
        "process": process,
        "country": None if person is None else person.country,
    }
    # of the database that there is: each takes a while to load
    dialect = import_module(f"sqlalchemy.dialects.{session.get_bind().dialect.name}")
    session.execute(dialect.insert(UsageRow).values(row).on_conflict_do_nothing())


def note_successful(session: Session, job: Job) -> None:
    """Note that a job was successful, and the images that it has read."""
    note(session, job.owner, Activity.SUCCESSFUL, job.id, job.process)
    images = set(_images(session, _names(job.inputs, is_image=False)))
    if job.process == PREDICT:
        seen = set(_images(session, job.inputs["files"]))
        for image in sorted(seen):
            note(session, job.owner, Activity.LOOKED_AT, image)
        images |= seen
    for image in sorted(images):
        note(session, job.owner, Activity.PROCESSED, image)


def note_looked_at(session: Session, owner: str, contents: Iterable[str]) -> None:
    """Note that a model has looked at images that were not stored.

    Parameters
    ----------
    session : Session
    owner : str
    contents : iterable of str
        SHA-256 of each.
    """
    for image in sorted(set(contents)):
        note(session, owner, Activity.PROCESSED, image)
        note(session, owner, Activity.LOOKED_AT, image)


def note_stored(session: Session, upload: Upload) -> None:
    """Note that an image was ingested, if a file is one: a slick outlined, at a known time."""
    if upload.purpose == "mask" and upload.facts.get("times"):
        note(session, upload.owner, Activity.INGESTED, upload.sha256)


def note_judged(session: Session, person: str, feature: Feature) -> None:
    """Note that the image was ingested of which an analyst has said whether it shows a thing.

    That is the stored file with the thing, for download, which now is annotated.

    Parameters
    ----------
    session : Session
    person : str
        Who has said it.
    feature : Feature
        Observation or detection.
    """
    for sha256 in sorted(_uploads_of(session, feature)):
        note(session, person, Activity.INGESTED, sha256)


def _uploads_of(session: Session, feature: Feature) -> set[str]:
    """Return the content of the stored image that a feature was seen in, where there is one."""
    kind, _, parent = feature.parent.partition(":")
    if kind == "upload":
        upload = session.get(Upload, parent)
        return set() if upload is None else {upload.sha256}
    job = session.get(Job, parent) if kind == "job" else None
    if job is None or job.process != PREDICT:
        return set()
    named = [session.get(Upload, it.removeprefix(_UPLOAD)) for it in job.inputs["files"]]
    found = {it.sha256 for it in named if it and it.name == feature.properties.get("file")}
    return found if len(found) == 1 else set()  # of two with one name it could be either


def _images(session: Session, names: Iterable[str]) -> Iterator[str]:
    """Yield what tells the content of each image among some names of inputs.

    Of an upload that is its checksum, of other files the name.
    """
    for name in names:
        if name.startswith(_UPLOAD):
            upload = session.get(Upload, name.removeprefix(_UPLOAD))
            if upload is not None and upload.purpose in _IMAGES:
                yield upload.sha256
        elif not name.startswith(_RESULT) and Path(name).suffix.lower() not in SOUNDS:
            yield name  # what the service has made itself is no image


def _names(value: Any, *, is_image: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            # a table may stand under such a key, too: what it names otherwise is no image
            known = key in _IMAGE_KEYS or (is_image and key in ("files", "value"))
            yield from _names(item, is_image=known)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item, is_image=is_image)
    elif isinstance(value, str) and is_image:
        yield value


@dataclass(frozen=True)
class Usage:
    """What was used in a period.

    Attributes
    ----------
    period : str
        ``2026-11``, ``2026-Q4`` or ``2026``.
    start, end : date
        First and last day.
    is_complete : bool
        Whether it is over.
    unique_users : int
        People with a name who have used the service, whatever for.
    guests : int
        People without.
    countries : tuple of str
        Of these users, ISO 3166-1 alpha-2, in order.
    images_processed : int
        Different images that jobs which were successful have read.
    images_looked_at : int
        Those of them that models have looked at.
    images_ingested : int
        Different images stored and to be downloaded, with the slick outlined and its time known, or
        with what an analyst has said of what is on them.
    jobs : dict
        Process -> number of jobs asked for.
    jobs_successful : int
    """

    period: str
    start: date
    end: date
    is_complete: bool
    unique_users: int
    guests: int
    countries: tuple[str, ...]
    images_processed: int
    images_looked_at: int
    images_ingested: int
    jobs: dict[str, int]
    jobs_successful: int


def usage(
    session: Session, period: Period, first: date | None = None, last: date | None = None
) -> list[Usage]:
    """Count what was used, period by period.

    Parameters
    ----------
    session : Session
    period : {"month", "quarter", "year"}
    first, last : date, optional
        Days in the first and the last period; default: of the first use, and today.

    Raises
    ------
    ValueError
        If these are more periods than are counted at once, or the last is before the first.
    """
    today = now(session).date()
    begun = session.scalar(select(func.min(UsageRow.day)))
    last = last or today
    first = first or min(begun or last, last)
    if last < first:
        raise ValueError(f"end: found {last}, expected a day from {first} on")
    starts = _starts(first, last, _MONTHS[period])
    return [_count(session, period, start, end, today) for start, end in starts]


_MONTHS: Mapping[Period, int] = {"month": 1, "quarter": 3, "year": 12}


def _starts(first: date, last: date, months: int) -> list[tuple[date, date]]:
    """Return first and last days of the periods from a day to another."""
    number = (12 * first.year + first.month - 1) // months
    until = (12 * last.year + last.month - 1) // months
    if until - number >= MOST_PERIODS:
        raise ValueError(
            f"found {until - number + 1} periods, expected {MOST_PERIODS} at most; ask for less "
            "time or for longer ones"
        )
    starts = [_first_day(k * months) for k in range(number, until + 2)]
    return [(a, b - timedelta(days=1)) for a, b in pairwise(starts)]


def _first_day(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def _named(period: Period, start: date) -> str:
    if period == "month":
        return f"{start:%Y-%m}"
    return str(start.year) if period == "year" else f"{start.year}-Q{(start.month + 2) // 3}"


def _count(session: Session, period: Period, start: date, end: date, today: date) -> Usage:
    def rows(activity: Activity) -> tuple[ColumnElement[bool], ...]:
        return UsageRow.activity == activity, UsageRow.day >= start, UsageRow.day <= end

    def different(column: Any, activity: Activity, *more: ColumnElement[bool]) -> int:
        query = select(func.count(distinct(column))).where(*rows(activity), *more)
        return session.scalar(query) or 0

    is_guest = UsageRow.owner.startswith(GUEST)
    countries = select(UsageRow.country).distinct().where(*rows(Activity.ACTIVE), ~is_guest)
    jobs = (
        select(UsageRow.process, func.count(distinct(UsageRow.subject)))
        .where(*rows(Activity.JOB))
        .group_by(UsageRow.process)
        .order_by(UsageRow.process)
    )
    return Usage(
        period=_named(period, start),
        start=start,
        end=end,
        is_complete=end < today,
        unique_users=different(UsageRow.owner, Activity.ACTIVE, ~is_guest),
        guests=different(UsageRow.owner, Activity.ACTIVE, is_guest),
        countries=tuple(sorted(c for c in session.scalars(countries) if c is not None)),
        images_processed=different(UsageRow.subject, Activity.PROCESSED),
        images_looked_at=different(UsageRow.subject, Activity.LOOKED_AT),
        images_ingested=different(UsageRow.subject, Activity.INGESTED),
        jobs=_by_name(session, jobs),
        jobs_successful=different(UsageRow.subject, Activity.SUCCESSFUL),
    )


def _by_name(session: Session, query: Executable) -> dict[str, int]:
    """Return the rows of a query of names and numbers."""
    return {row[0]: row[1] for row in session.execute(query)}


def country_name(code: str) -> str:
    """Return the English name of a country; of a code that nobody has given, the code."""
    import pycountry  # a large table, for which nothing else waits

    found = pycountry.countries.get(alpha_2=code)
    return code if found is None else str(getattr(found, "common_name", found.name))


@dataclass(frozen=True)
class Load:
    """What the service does at a moment.

    Attributes
    ----------
    jobs : dict
        State -> number of jobs.
    asked : dict
        Process -> number of jobs asked for since the beginning.
    waiting_since : datetime or None
        When the job was asked for that has waited longest.
    runners : int
        Runners that have a job.
    uploads, upload_bytes : int
        Files that are kept. [byte]
    users_today, users_in_30_days : int
        People with a name.
    """

    jobs: dict[str, int]
    asked: dict[str, int]
    waiting_since: datetime | None
    runners: int
    uploads: int
    upload_bytes: int
    users_today: int
    users_in_30_days: int


def load_of(session: Session) -> Load:
    """Return what the service does now."""
    moment = now(session)

    def users(days: int) -> int:
        query = select(func.count(distinct(UsageRow.owner))).where(
            UsageRow.activity == Activity.ACTIVE,
            UsageRow.day > moment.date() - timedelta(days=days),
            ~UsageRow.owner.startswith(GUEST),
        )
        return session.scalar(query) or 0

    by_state = select(Job.state, func.count()).group_by(Job.state)
    asked = (
        select(UsageRow.process, func.count())
        .where(UsageRow.activity == Activity.JOB)
        .group_by(UsageRow.process)
    )
    busy = select(func.count(distinct(Job.runner))).where(
        Job.state == "running", Job.lease_until > moment
    )
    stored = session.execute(select(func.count(), func.sum(Upload.size))).one()
    return Load(
        jobs=_by_name(session, by_state),
        asked=_by_name(session, asked),
        waiting_since=session.scalar(select(func.min(Job.created)).where(Job.state == "accepted")),
        runners=session.scalar(busy) or 0,
        uploads=stored[0],
        upload_bytes=int(stored[1] or 0),
        users_today=users(1),
        users_in_30_days=users(30),
    )
