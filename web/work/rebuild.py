"""All features made anew: of the events of the catalogue, of stored masks and of jobs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from shapely.errors import ShapelyError
from sqlalchemy import select

from catalog.errors import CatalogError
from catalog.files.scratch import scratch_folder
from web.data import uploads
from web.data.catalogue import read_catalogue
from web.data.purposes import DETECTIONS
from web.data.spills import read_spills
from web.errors import ServiceError
from web.features.found import not_empty
from web.features.observations import of_events
from web.features.records import add_job, add_upload, replace_features
from web.features.runs import write_features
from web.jobs.processes import PROCESSES
from web.store.base import Store
from web.store.features import PUBLIC
from web.store.jobs import Job, State
from web.store.uploads import Upload

if TYPE_CHECKING:
    from web.settings import Settings

EVENTS = "events:catalogue"
"""Parent of the features of all events."""

Say = Callable[[str], None]

_FAULTS = (CatalogError, ServiceError, ShapelyError, OSError, ValueError, LookupError, TypeError)
"""What may be wrong with a file of one mask or job, and does not keep others from theirs."""


def rebuild_events(store: Store, settings: Settings, say: Say) -> None:
    """Take in the detections of the events of the operator's catalogue, in place of those before.

    Parameters
    ----------
    store : Store
    settings : Settings
    say : callable
        Takes a line for each file that cannot be read, and one with what was done.

    Raises
    ------
    web.errors.CatalogueError
    """
    found = read_spills(read_catalogue(settings.catalogue))
    for problem in found.problems:
        say(problem)
    features = not_empty(of_events(found.events))
    with store.session() as session:
        replace_features(session, EVENTS, PUBLIC, features)
    say(f"{len(features)} observations of {len(found.events)} events")


def rebuild_all(store: Store, settings: Settings, say: Say) -> None:
    """Make all features anew.

    Parameters
    ----------
    store, settings, say
        As for `rebuild_events`.

    Raises
    ------
    web.errors.CatalogueError
    """
    rebuild_events(store, settings, say)
    with store.reading() as session:
        masks = list(session.scalars(select(Upload.id).where(Upload.purpose == "mask")))
        done = select(Job.id).where(Job.state == State.SUCCESSFUL, Job.folder.is_not(None))
        jobs = list(session.scalars(done))
    say(f"{_count(masks, lambda each: _rebuild_upload(store, settings, each), say)} masks")
    say(f"{_count(jobs, lambda each: _rebuild_job(store, settings, each), say)} jobs")


def _count(ids: list[str], work: Callable[[str], None], say: Say) -> int:
    """Do something with each of many, say what is wrong with some, and count the others."""
    right = 0
    for each in ids:
        try:
            work(each)
        except _FAULTS as error:
            say(f"{each}: left as it was: {error}")
        else:
            right += 1
    return right


def _rebuild_upload(store: Store, settings: Settings, upload_id: str) -> None:
    with store.reading() as session:
        upload = session.get_one(Upload, upload_id)
    with scratch_folder(settings.uploads) as room:
        copy = shutil.copy(uploads.file_of(settings.uploads, upload), room)
        seen = uploads.check(Path(copy), upload.purpose).get(DETECTIONS, [])
    with store.session() as session:
        kept = session.get(Upload, upload_id, with_for_update=True)
        if kept is not None:
            add_upload(session, kept, seen)


def _rebuild_job(store: Store, settings: Settings, job_id: str) -> None:
    with store.reading() as session:
        job = session.get_one(Job, job_id)
    folder = settings.jobs / str(job.folder)
    if job.process not in PROCESSES or PROCESSES[job.process].is_short:
        return
    write_features(folder, job.process, job.inputs)
    with store.session() as session:
        add_job(session, settings.jobs, job_id)
