"""Short jobs that a request waits for, done by the process of previews in place of a runner.

They are jobs like others, in the queue's table, with results, quotas and files. Whoever waits holds
the job as a runner does, and hands it back where it takes longer than is waited: a runner goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from web.data.inputs import resolve
from web.errors import ServiceError, without_paths
from web.jobs import queue
from web.jobs.queue import Held, NotHeldError
from web.previews import asking
from web.store.jobs import Job, State

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from web.settings import Settings
    from web.store.base import Store

SPARE_SECONDS = 15.0
"""A job is held for so much longer than is waited: its process has ended by then. [s]"""

log = logging.getLogger(__name__)


def take(session: Session, job: Job, settings: Settings) -> dict[str, Any] | None:
    """Take a job that was just submitted, and return what `do` has to know.

    None where it has ended already, or nobody is there to do it: then a runner will.
    """
    if job.state != State.ACCEPTED or not asking.is_there(settings.data):
        return None
    inputs = resolve(session, job.owner, job.inputs, settings)
    lease = timedelta(seconds=settings.wait_seconds + SPARE_SECONDS)
    queue.take(session, job, f"at once:{uuid4().hex}", lease)
    return {
        "job": job.id,
        "process": job.process,
        "inputs": inputs,
        "folder": str(settings.jobs.resolve() / str(job.folder)),
        "seconds": settings.wait_seconds,
    }


def do(store: Store, job: Job, asked: Mapping[str, Any], data: Path) -> None:
    """Have a job done that `take` has taken, and write how it has ended."""
    held = Held.of(job)
    ending: Callable[[Session], None]
    try:
        answer = asking.ask(data, asked, asked["seconds"] + SPARE_SECONDS / 2)
    except ServiceError as error:
        log.info("job %s is left to a runner: %s", job.id, error)
        ending = partial(queue.hand_back, held=held)
    else:
        ending = _ending(held, answer)
    try:
        with store.session() as session:
            ending(session)
    except NotHeldError as error:  # it was dismissed
        log.info("%s", error)


def _ending(held: Held, answer: Mapping[str, Any]) -> Callable[[Session], None]:
    if "reason" in answer:
        return partial(queue.fail, held=held, reason=without_paths(answer["reason"]))
    return partial(queue.finish, held=held, result=answer["result"], message=answer["note"])
