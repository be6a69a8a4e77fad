"""Tokens and browsers that are signed in: made, found again, revoked.

A token has 256 random bits, so that its digest needs neither salt nor slowness: nobody can try
through them. It is told once, when it is made.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, cast, get_args

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from web.store.base import now
from web.store.grants import Share
from web.store.identities import Identity
from web.store.tokens import BrowserSession, Owner, Token
from witoil.errors import WitoilError

Scope = Literal["read", "run", "admin"]

SCOPES: tuple[Scope, ...] = get_args(Scope)
"""What a token may be good for; each includes those before it."""

GUEST = "guest-"
"""How the names of guests begin."""

SIGNED_ON = "sso-"
"""How the names of people begin whom a provider of sign-ons knows."""

GUESTS_STAY = timedelta(minutes=10)
SIGNED_IN = timedelta(hours=12)

_PREFIX = "witoil_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class TokenError(WitoilError):
    """A token that cannot be made or found; one line."""


def create_token(
    session: Session,
    name: str,
    *,
    scope: Scope = "run",
    country: str | None = None,
    lasts: timedelta | None = None,
) -> tuple[Token, str]:
    """Make a token for somebody, who may have others.

    Parameters
    ----------
    session : Session
    name : str
        Whose it is: jobs and uploads of all tokens of a name are the same person's.
    scope : {"read", "run", "admin"}
    country : str, optional
        ISO 3166-1 alpha-2; default: as before.
    lasts : timedelta, optional
        Default: until it is revoked.

    Returns
    -------
    Token
    str
        The token itself, which is kept nowhere.

    Raises
    ------
    TokenError
        If the name, the scope or the country is none.
    """
    if not _NAME.fullmatch(name) or name.startswith((GUEST, SIGNED_ON)):
        raise TokenError(
            f"name: found {name!r}, expected up to 64 letters, digits or . _ @ - that begin with a "
            f"letter or digit, and not with {GUEST} or {SIGNED_ON}"
        )
    if scope not in SCOPES:
        raise TokenError(f"scope: found {scope!r}, expected one of {', '.join(SCOPES)}")
    if lasts is not None and lasts <= timedelta(0):
        raise TokenError("lasts: expected a time above 0")
    owner = owner_named(session, name)
    if country is not None:
        owner.country = checked_country(country)
    return _make(session, owner, scope, lasts)


def checked_country(country: str) -> str:
    """Return a country in capitals.

    Raises
    ------
    TokenError
        If it is none of ISO 3166-1.
    """
    import pycountry  # a large table, which a service seldom needs

    code = country.upper()
    if not _COUNTRY.fullmatch(code) or pycountry.countries.get(alpha_2=code) is None:
        raise TokenError(
            f"country: found {country!r}, expected two letters of ISO 3166-1, such as IT"
        )
    return code


def create_guest(session: Session, most: int) -> tuple[Token, str]:
    """Make a token for somebody unknown, for `GUESTS_STAY`.

    Parameters
    ----------
    session : Session
    most : int
        Guests at once.

    Raises
    ------
    TokenError
        If there are as many already.
    """
    moment = now(session)
    here = session.scalars(
        select(Token.id).where(Token.owner_name.startswith(GUEST), Token.expires > moment)
    ).all()
    if len(here) >= most:
        raise TokenError(f"there are {len(here)} guests, as many as may be; try again in a moment")
    owner = owner_named(session, GUEST + secrets.token_hex(8))
    return _make(session, owner, "run", GUESTS_STAY)


def create_signed_on(session: Session, name: str, scope: str, lasts: timedelta) -> Token:
    """Return a token for a sign-on; nobody is told it, and it ends with the browser session."""
    token, _ = _make(session, owner_named(session, name), cast("Scope", scope), lasts)
    return token


def owner_named(session: Session, name: str) -> Owner:
    """Return to whom belongs what somebody makes; whoever is new is added."""
    owner = session.get(Owner, name)
    if owner is None:
        owner = Owner(name=name, created=now(session))
        session.add(owner)
    return owner


def _close_identity(session: Session, name: str) -> None:
    """Have a provider of sign-ons let somebody in no more."""
    session.execute(update(Identity).where(Identity.owner_name == name).values(scope=None))


def _make(
    session: Session, owner: Owner, scope: Scope, lasts: timedelta | None
) -> tuple[Token, str]:
    secret = _PREFIX + secrets.token_urlsafe(32)
    moment = now(session)
    token = Token(
        id=secrets.token_hex(6),
        owner=owner,
        digest=digest_of(secret),
        scope=scope,
        created=moment,
        expires=None if lasts is None else moment + lasts,
    )
    session.add(token)
    session.flush()
    return token, secret


def digest_of(secret: str) -> str:
    """Return what is kept of something secret: its SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def find_token(session: Session, secret: str) -> Token | None:
    """Return the token that somebody shows, if it is one and still good."""
    token = session.scalars(select(Token).where(Token.digest == digest_of(secret))).one_or_none()
    return token if token is not None and _is_good(session, token) else None


def _is_good(session: Session, token: Token) -> bool:
    return token.revoked is None and (token.expires is None or token.expires > now(session))


def find_share(session: Session, secret: str) -> Share | None:
    """Return the link to a job that holds a secret, if there is one and it is still good."""
    found = session.scalars(select(Share).where(Share.digest == digest_of(secret))).one_or_none()
    return found if found is not None and found.expires > now(session) else None


def list_tokens(session: Session) -> list[Token]:
    """Return all tokens but those of guests, by name, the newest first."""
    listed = session.scalars(
        select(Token)
        .where(~Token.owner_name.startswith(GUEST))
        .order_by(Token.owner_name, Token.created.desc())
    )
    return list(listed)


def revoke_tokens(session: Session, which: str) -> list[Token]:
    """Make tokens good for nothing, at once and for good, and end what they are signed in to.

    Parameters
    ----------
    session : Session
    which : str
        Id of a token, or the name of somebody, all of whose tokens it is.

    Returns
    -------
    list of Token
        Those that were good until now.

    Raises
    ------
    TokenError
        If there is none.
    """
    found = session.scalars(
        select(Token).where(or_(Token.id == which, Token.owner_name == which))
    ).all()
    if not found:
        raise TokenError(
            f"found no token {which!r}, expected the id of one or a name; `witoil token list` has "
            "them"
        )
    moment = now(session)
    ended = [token for token in found if _is_good(session, token)]
    for token in found:
        token.revoked = token.revoked or moment
    session.execute(
        delete(BrowserSession).where(BrowserSession.token_id.in_([token.id for token in found]))
    )
    _close_identity(session, which)
    return ended


def sign_in(session: Session, token: Token) -> tuple[BrowserSession, str]:
    """Return what a browser gets for a token: how long it is good, and the cookie itself."""
    moment = now(session)
    session.execute(delete(BrowserSession).where(BrowserSession.expires <= moment))
    secret = secrets.token_urlsafe(32)
    expires = moment + SIGNED_IN
    signed = BrowserSession(
        digest=digest_of(secret),
        token=token,
        created=moment,
        expires=expires if token.expires is None else min(expires, token.expires),
    )
    session.add(signed)
    return signed, secret


def find_signed_in(session: Session, secret: str) -> Token | None:
    """Return the token for which a browser got its cookie, if both are still good."""
    signed = session.get(BrowserSession, digest_of(secret))
    if signed is None or signed.expires <= now(session):
        return None
    return signed.token if _is_good(session, signed.token) else None


def sign_out(session: Session, secret: str) -> None:
    """Forget a cookie, and end the token of a sign-on, which was for that browser only."""
    signed = session.get(BrowserSession, digest_of(secret))
    if signed is not None and signed.token.owner_name.startswith(SIGNED_ON):
        signed.token.revoked = signed.token.revoked or now(session)
    session.execute(delete(BrowserSession).where(BrowserSession.digest == digest_of(secret)))


def grant_quotas(
    session: Session, name: str, granted: Mapping[str, int | None]
) -> dict[str, int | None]:
    """Grant somebody other quotas than everybody has.

    Parameters
    ----------
    session : Session
    name : str
    granted : mapping
        Name of a quota, see `web.people.quotas.Quotas`, and what is granted; None changes nothing.

    Returns
    -------
    dict
        What is granted now; None: as everybody.

    Raises
    ------
    TokenError
        If nobody has the name.
    """
    owner = session.get(Owner, name)
    if owner is None:
        raise TokenError(f"found nobody called {name!r}; make a token first")
    for quota, value in granted.items():
        if value is not None:
            setattr(owner, quota, value)
    return {quota: getattr(owner, quota) for quota in granted}
