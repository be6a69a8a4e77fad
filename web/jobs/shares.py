"""Links by which anybody may read one job, until they expire or are taken back."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.errors import NotFoundError
from web.jobs import queue
from web.people.tokens import digest_of, find_share
from web.store.base import now
from web.store.grants import Share
from web.store.jobs import Job

_ID = re.compile(r"[0-9a-f]{16}")

LONGEST = timedelta(days=365)


def share(session: Session, job: Job, lasts: timedelta) -> tuple[Share, str]:
    """Return a link to a job, and the secret that it holds, which is kept nowhere."""
    secret = secrets.token_urlsafe(24)
    moment = now(session)
    made = Share(
        id=secrets.token_hex(8),
        digest=digest_of(secret),
        job_id=job.id,
        owner=job.owner,
        created=moment,
        expires=moment + min(lasts, LONGEST),
    )
    session.add(made)
    session.flush()
    return made, secret


def shared_job(session: Session, secret: str) -> Job:
    """Return the job to which a link leads.

    Raises
    ------
    NotFoundError
        If there is no such link, or it has expired.
    """
    found = find_share(session, secret)
    if found is None:
        raise NotFoundError("there is no such link, it has expired, or it was taken back")
    return queue.get(session, found.owner, found.job_id)


def list_shares(session: Session, owner: str) -> Sequence[Share]:
    """Return the links of somebody that are still good, the newest first."""
    good = select(Share).where(Share.owner == owner, Share.expires > now(session))
    return session.scalars(good.order_by(Share.created.desc(), Share.id).limit(1000)).all()


def take_back(session: Session, owner: str, share_id: str) -> None:
    """Make a link lead nowhere.

    Raises
    ------
    NotFoundError
        If there is none, or it is another's.
    """
    found = session.get(Share, share_id) if _ID.fullmatch(share_id) else None
    if found is None or found.owner != owner:
        raise NotFoundError("there is no such link of yours")
    session.delete(found)
