"""Requests of people who want to be let in, answered by the operator."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Literal, get_args

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from web.errors import QuotaError
from web.people.tokens import TokenError
from web.store.base import now
from web.store.grants import AccessRequest
from web.store.identities import Identity

Purpose = Literal["analyse", "retrain", "deploy"]

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

MOST_WAITING = 500
"""More than an operator will read are not taken: anybody may write them."""


def ask(
    session: Session,
    *,
    name: str,
    email: str,
    institution: str,
    purpose: Purpose,
    message: str,
    country: str | None,
) -> AccessRequest:
    """Note that somebody wants to be let in.

    Raises
    ------
    QuotaError
        If too many wait for an answer.
    """
    waiting = session.scalar(
        select(func.count()).select_from(AccessRequest).where(AccessRequest.answered.is_(None))
    )
    if (waiting or 0) >= MOST_WAITING:
        raise QuotaError("too many requests wait for an answer; try again another day")
    asked = AccessRequest(
        id=secrets.token_hex(6),
        name=name,
        email=email,
        institution=institution,
        country=country,
        purpose=purpose,
        message=message,
        created=now(session),
    )
    session.add(asked)
    session.flush()
    return asked


def list_requests(session: Session, *, answered: bool = False) -> Sequence[AccessRequest]:
    """Return the requests that wait for an answer, or all, the oldest first."""
    query = select(AccessRequest).order_by(AccessRequest.created, AccessRequest.id)
    if not answered:
        query = query.where(AccessRequest.answered.is_(None))
    return session.scalars(query).all()


def answer(session: Session, request_id: str, *, granted: bool) -> AccessRequest:
    """Note what the operator has decided; a token is made and sent by hand.

    Raises
    ------
    TokenError
        If there is no such request, or it was answered.
    """
    asked = session.get(AccessRequest, request_id)
    if asked is None:
        raise TokenError(
            f"found no request {request_id!r}; `witoil token requests` has those that wait"
        )
    if asked.answered is not None:
        raise TokenError(f"request {request_id} was answered on {asked.answered:%Y-%m-%d}")
    asked.answered, asked.granted = now(session), granted
    if granted:  # whoever has signed on with a provider needs no token
        session.execute(update(Identity).where(Identity.request_id == asked.id).values(scope="run"))
    return asked


def ask_for_sign_on(session: Session, name: str, issuer: str) -> AccessRequest:
    """Note that somebody whom a provider knows wants to be let in; see `ask`.

    Raises
    ------
    QuotaError
    """
    return ask(
        session,
        name=name,
        email="-",
        institution=issuer,
        purpose="analyse",
        message="has signed on with the provider; to grant this lets them run",
        country=None,
    )
