"""Guests who have left: what they made goes with them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from web.data.uploads import remove_unused, take_out
from web.jobs import queue
from web.people.tokens import GUEST
from web.store.base import Store, now
from web.store.jobs import Job, State
from web.store.tokens import Owner, Token
from web.store.uploads import Upload


def remove_guests(store: Store, uploads: Path) -> None:
    """Remove guests whose time is up: their jobs, which end, their files, and themselves.

    What they have used stays counted. Folders of jobs are removed by a runner.

    Parameters
    ----------
    store : Store
    uploads : Path
        Folder of all uploads.
    """
    with store.reading() as session:
        if not _left(session):
            return
    with store.session() as session:
        names = _left(session)
        for job in session.scalars(
            select(Job).where(Job.owner.in_(names), Job.state != State.DISMISSED)
        ):
            queue.dismiss(session, None, job.id)
        uploaded = session.scalars(select(Upload).where(Upload.owner.in_(names))).all()
        contents = {upload.sha256 for upload in uploaded}
        for upload in uploaded:
            take_out(session, upload)
        session.execute(delete(Owner).where(Owner.name.in_(names)))
    for sha256 in contents:
        with store.session() as session:
            remove_unused(session, uploads, sha256)


def _left(session: Session) -> list[str]:
    """Return the names of guests without a token that is still good."""
    here = select(Token.owner_name).where(
        Token.owner_name == Owner.name, Token.revoked.is_(None), Token.expires > now(session)
    )
    query = select(Owner.name).where(Owner.name.startswith(GUEST), ~here.exists())
    return list(session.scalars(query))
