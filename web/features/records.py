"""Rows of features: written in one place, made anew at will, removed with their parent."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from catalog.antimeridian import split_at_180, unbroken, unbroken_box, wrapped_box
from web.errors import NotFoundError
from web.features.collections import OBSERVATIONS
from web.features.found import Found, not_empty
from web.features.observations import of_upload
from web.features.runs import read_features
from web.store.base import Store, now
from web.store.features import (
    NEVER,
    Annotation,
    Feature,
    GatheredJob,
    forget,
    parent_of_job,
    parent_of_upload,
    seconds_of,
)
from web.store.jobs import Job, State
from web.store.uploads import Upload
from witoil.files import plain

MOST_AT_ONCE = 100
"""Jobs whose features are taken in one after the other, before other work goes on."""

log = logging.getLogger(__name__)


def replace_features(session: Session, parent: str, owner: str, found: Iterable[Found]) -> None:
    """Write the features of a parent in place of those that it had.

    Parameters
    ----------
    session : Session
    parent : str
        See `web.store.features.Feature`.
    owner : str
        `web.store.features.PUBLIC` for everybody's.
    found : iterable of Found
        What analysts have said of observations of the same ids goes before what is given here.
    """
    forget(session, parent)
    session.flush()
    for each in found:
        row = _row(each, owner, parent)
        if row.collection == OBSERVATIONS:
            row.properties = row.properties | _last_words(session, row.id)
        session.add(row)
    session.flush()


def _row(found: Found, owner: str, parent: str) -> Feature:
    """Return a feature as a row.

    Raises
    ------
    CatalogError
        If it has a hole that encloses a pole.
    """
    whole = unbroken([found.geometry], found.id)[0]
    west, south, east, north = unbroken_box(wrapped_box(whole.bounds))
    start, end = (NEVER if time is None else seconds_of(time) for time in (found.start, found.end))
    told = {name: value for name, value in found.properties.items() if value is not None}
    return Feature(
        collection=found.collection,
        id=_storable(found.id),
        owner=owner,
        parent=parent,
        start=start,
        end=end,
        duration=end - start,
        west=west,
        south=south,
        east=east,
        north=north,
        geometry=shapely.to_wkb(split_at_180(whole)),
        properties=_storable(plain(told)),
        assets=found.assets,
    )


def _storable(value: Any) -> Any:
    """Return a document as any database takes it: no NUL, no halves of characters."""
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode("utf-8")
        return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return value


def _last_words(session: Session, feature_id: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for annotation in history(session, feature_id):
        said |= annotation.after
    return said


def history(session: Session, feature_id: str) -> list[Annotation]:
    """Return what analysts have said of an observation, the first word first."""
    words = select(Annotation).where(Annotation.feature_id == feature_id)
    return list(session.scalars(words.order_by(Annotation.number)))


def annotate(session: Session, feature: Feature, person: str, said: Mapping[str, Any]) -> None:
    """Change what is said of an observation, and keep who has said it and what was said before.

    Parameters
    ----------
    session : Session
    feature : Feature
    person : str
    said : mapping
        Properties and their new values; what is as before leaves no trace.
    """
    session.refresh(feature, with_for_update=True)
    before = {name: feature.properties.get(name) for name in said}
    after = {name: value for name, value in said.items() if value != before[name]}
    if not after:
        return
    session.add(
        Annotation(
            feature_id=feature.id,
            person=person,
            time=now(session),
            before={name: before[name] for name in after},
            after=after,
        )
    )
    feature.properties = feature.properties | after
    session.flush()


def get_feature(
    session: Session, collection: str, feature_id: str, owners: Iterable[str]
) -> Feature:
    """Return a feature.

    Raises
    ------
    NotFoundError
        If there is none, or it is another's.
    """
    wanted = select(Feature).where(
        Feature.collection == collection,
        Feature.id == feature_id,
        Feature.owner.in_(list(owners)),
    )
    feature = session.scalars(wanted).one_or_none()
    if feature is None:
        raise NotFoundError(f"there is no such feature in {collection}")
    return feature


def add_upload(session: Session, upload: Upload, seen: Sequence[Mapping[str, Any]]) -> None:
    """Write the features of a file that somebody has brought.

    Parameters
    ----------
    session : Session
    upload : Upload
    seen : sequence of mapping
        What it holds, from `web.features.seen.document_of`.
    """
    found = not_empty(of_upload(seen, upload.id, upload.name))
    replace_features(session, parent_of_upload(upload.id), upload.owner, found)


def gather(store: Store, jobs: Path) -> None:
    """Take in the features of jobs that were successful since the last time.

    Parameters
    ----------
    store : Store
    jobs : Path
        Folder with a folder for each job.
    """
    done = select(GatheredJob.job_id).where(GatheredJob.job_id == Job.id)
    wanted = select(Job.id).where(Job.state == State.SUCCESSFUL, ~done.exists()).limit(MOST_AT_ONCE)
    with store.reading() as session:
        new = list(session.scalars(wanted))
    for job_id in new:
        with store.session() as session:
            _gather_job(session, jobs, job_id)


def _gather_job(session: Session, jobs: Path, job_id: str) -> None:
    """Take in the features of a job, once; of one whose file is damaged, say so."""
    try:
        with session.begin_nested():
            add_job(session, jobs, job_id)
    except (OperationalError, InterfaceError):
        raise  # the database is away, which has nothing to do with this job
    except Exception as error:  # whatever a file may hold, the runner goes on with other jobs
        log.warning("job %s: its features cannot be read: %s", job_id, error)
        session.merge(GatheredJob(job_id=job_id))


def add_job(session: Session, jobs: Path, job_id: str) -> None:
    """Write the features of a job in place of those that it had; of one dismissed there are none.

    Parameters
    ----------
    session : Session
    jobs : Path
        Folder with a folder for each job.
    job_id : str

    Raises
    ------
    OSError, ValueError, LookupError, TypeError, CatalogError
        If the file of its features is damaged.
    """
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.state != State.SUCCESSFUL:
        return
    found = read_features(jobs / str(job.folder), job_id)
    replace_features(session, parent_of_job(job_id), job.owner, found)
    session.merge(GatheredJob(job_id=job_id))
