"""Who a request is from, and what they may.

A program shows a bearer token, or, where it knows names and passwords only, the token as the
password of its person. A browser has a cookie, or remembers a password: the pages of other sites
could have it send these, and what writes must then say that it comes from a page of the service
itself. So must it without any tokens (`auth` off), since a page elsewhere could reach the service
at the same machine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import Authorization

from web.context import service
from web.errors import ForbiddenError, UnauthenticatedError
from web.people.tokens import GUEST, SCOPES, Scope, find_share, find_signed_in, find_token
from web.people.usage import note
from web.store.tokens import Token
from web.store.usage import Activity

log = logging.getLogger(__name__)

COOKIE = "witoil_session"

LOCAL = "local"
"""Owner of all where there are no tokens."""

_NEEDED = "needed_scope"
_LINKS = "is_open_to_links"
_READS = {"GET", "HEAD", "OPTIONS"}

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Person:
    """Whoever a request is from.

    Attributes
    ----------
    name : str
        To whom belongs what they make.
    scopes : frozenset of {"read", "run", "admin"}
    country : str or None
        ISO 3166-1 alpha-2.
    job : str or None
        Id of the only job that they may look at: somebody has sent them a link to it.
    """

    name: str
    scopes: frozenset[Scope]
    country: str | None = None
    job: str | None = None

    @property
    def is_guest(self) -> bool:
        """Whether nobody knows them."""
        return self.name.startswith(GUEST)


def who() -> Person:
    """Return whoever the current request is from.

    Raises
    ------
    UnauthenticatedError
        If they show nothing, or what is not good.
    ForbiddenError
        If the page of another site may have sent it.
    """
    if "person" not in g:
        g.person = _find()
    person: Person = g.person
    return person


def needs(scope: Scope, *, links: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let in only those who have a scope.

    Parameters
    ----------
    scope : {"read", "run", "admin"}
    links : bool
        Whether those may come in, too, who have only a link to a job. Where an address has the id
        of that job they may in any case.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        When the view is called.
    """

    def guarding(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            _refuse_without(scope)
            return view(*args, **kwargs)

        setattr(guarded, _NEEDED, scope)
        setattr(guarded, _LINKS, links)
        return guarded

    return guarding


def guard(app: Flask) -> None:
    """Have an application look who it is before it reads a body, which may be large or wrong."""

    @app.before_request
    def look() -> None:
        scope = scope_of(app, request.endpoint)
        if scope is not None:
            _refuse_without(scope)
            _note_active(who())


def scope_of(app: Flask, endpoint: str | None) -> Scope | None:
    """Return the scope that an operation needs; None where anybody may."""
    scope: Scope | None = getattr(app.view_functions.get(endpoint or ""), _NEEDED, None)
    return scope


def _refuse_without(scope: Scope) -> None:
    person = who()
    if scope not in person.scopes:
        raise ForbiddenError(
            f"{person.name}: the token is good for {', '.join(_in_order(person.scopes))}; "
            f"expected one with the scope {scope}"
        )
    if person.job is not None and not _is_for_links(person.job):
        raise ForbiddenError("the link is good for one job and nothing else; expected a token")


def _is_for_links(job: str) -> bool:
    """Tell whether the current request is for what the link to a job lets its holder see."""
    view = current_app.view_functions.get(request.endpoint or "")
    return (request.view_args or {}).get("jobID") == job or bool(getattr(view, _LINKS, False))


def _note_active(person: Person) -> None:
    """Note once a day that somebody uses the service; what they want does not fail for that."""
    here, today = service(), datetime.now(UTC).date()
    if here.active.get(person.name) == today:
        return
    try:
        with here.store.session() as session:
            note(session, person.name, Activity.ACTIVE)
    except OperationalError as error:
        log.warning("usage: %s", error.orig)
        return
    here.active[person.name] = today


def _in_order(scopes: frozenset[Scope]) -> list[Scope]:
    return [scope for scope in SCOPES if scope in scopes]


def _find() -> Person:
    if request.headers.get("Authorization", "").lower().startswith("share "):
        return _by_header(request.headers["Authorization"])  # a link shows no more without tokens
    if service().settings.auth == "off":
        refuse_other_sites()
        return Person(LOCAL, frozenset(SCOPES))
    if "Authorization" in request.headers:
        return _by_header(request.headers["Authorization"])
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        raise UnauthenticatedError(
            "nobody is signed in; expected the header Authorization: Bearer TOKEN"
        )
    refuse_other_sites()
    with service().store.reading() as session:
        token = find_signed_in(session, cookie)
    if token is None:
        raise UnauthenticatedError("this browser is not signed in any more; sign in again")
    return _person_of(token)


def _by_header(header: str) -> Person:
    kind, _, secret = header.partition(" ")
    if kind.lower() == "basic":
        return _by_password(Authorization.from_header(header))
    if kind.lower() not in ("bearer", "share") or not secret.strip():
        raise UnauthenticatedError("Authorization: expected Bearer TOKEN")
    if kind.lower() == "share":
        return _by_link(secret.strip())
    return _person_of(token_of(secret.strip()))


def _by_password(given: Authorization | None) -> Person:
    """Return who shows a name and, as its password, a token of that name."""
    if given is None or not given.password:
        raise UnauthenticatedError("Authorization: expected a name, and a token as its password")
    refuse_other_sites()
    person = _person_of(token_of(given.password))
    if given.username != person.name:
        raise UnauthenticatedError("Authorization: the token belongs to another name")
    return person


def _by_link(secret: str) -> Person:
    with service().store.reading() as session:
        share = find_share(session, secret)
    if share is None:
        raise UnauthenticatedError("there is no such link, it has expired, or it was taken back")
    return Person(share.owner, frozenset(SCOPES[:1]), job=share.job_id)


def token_of(secret: str) -> Token:
    """Return the token that somebody shows.

    Raises
    ------
    UnauthenticatedError
        If it is none, has expired or was revoked.
    """
    with service().store.reading() as session:
        token = find_token(session, secret)
    if token is None:
        raise UnauthenticatedError("the token is unknown, has expired or was revoked")
    return token


def _person_of(token: Token) -> Person:
    scopes = SCOPES[: SCOPES.index(token.scope) + 1]
    return Person(token.owner_name, frozenset(scopes), token.owner.country)


def refuse_other_sites() -> None:
    """Refuse to write for a page of another site, which a browser names.

    A program that is no browser sends neither header.

    Raises
    ------
    ForbiddenError
    """
    if request.method in _READS:
        return
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    own = urlsplit(request.host_url)
    if origin is not None and origin.lower() != f"{own.scheme}://{own.netloc}".lower():
        raise ForbiddenError("Origin: found another site, expected a page of this service")
    if site is not None and site not in ("same-origin", "none"):
        raise ForbiddenError("Sec-Fetch-Site: found another site, expected a page of this service")
    if origin is None and site is None and COOKIE in request.cookies:
        raise ForbiddenError(
            "Origin: missing beside a cookie; expected it, or a token in the header Authorization"
        )
