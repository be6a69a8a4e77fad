"""Signing in with a browser, guests, and asking to be let in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from flask import Response, current_app, redirect, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from web.api.documents import PUBLIC, href, problems
from web.context import service
from web.errors import ForbiddenError, QuotaError, UnauthenticatedError
from web.people import admission, sign_on
from web.people.access import COOKIE, Person, needs, refuse_other_sites, token_of, who
from web.people.quotas import Quotas, Use, quotas_of, use_of
from web.people.tokens import (
    SCOPES,
    Scope,
    TokenError,
    checked_country,
    create_guest,
    sign_in,
    sign_out,
)
from web.store.tokens import BrowserSession, Token

TAG = Tag(name="People", description="Who is signed in, and asking to be let in")

blueprint = APIBlueprint("tokens", __name__, abp_tags=[TAG], abp_responses=problems())


SIGN_ON_COOKIE = "witoil_sign_on"
_BACK = "/session/sso/callback"


class SignIn(BaseModel):
    """What a browser shows to be given a cookie."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=1, max_length=200)


class BaseMap(BaseModel):
    """A map from elsewhere that the page may show."""

    tiles: str = Field(description="Address, with {z}, {x} and {y}.")
    credit: str


class PersonInfo(BaseModel):
    """Who is signed in, what they may use, and what they do; and what there is for the page."""

    name: str | None = Field(description="Nothing where somebody has only been sent a link.")
    scopes: list[Scope]
    country: str | None
    job: str | None = Field(description="The only one that may be looked at, by a link.")
    quotas: Quotas | None
    use: Use | None
    auth: Literal["on", "off"] = Field(description="off: there are no tokens and no sessions.")
    base_map: BaseMap | None


class SignedIn(BaseModel):
    """End of being signed in, unless the browser is signed out before."""

    name: str
    expires: datetime


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("expected one line of printable characters")
    return text


def _printable(text: str) -> str:
    if not "".join(text.split()).isprintable():
        raise ValueError("expected printable characters")
    return text


Line = Annotated[str, AfterValidator(_one_line)]


class AccessForm(BaseModel):
    """What somebody writes who wants to be let in."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field(min_length=1, max_length=100)
    email: Line = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)
    institution: Line = Field(min_length=1, max_length=200)
    country: Annotated[str, AfterValidator(checked_country)] | None = None
    purpose: admission.Purpose
    message: Annotated[str, AfterValidator(_printable)] = Field("", max_length=2000)


class AccessAsked(BaseModel):
    """The request as it is known."""

    id: str
    created: datetime


@blueprint.post("/session", responses={201: SignedIn, **problems(415)})
def begin_session(body: SignIn) -> Response:
    """Exchange a token for a cookie that scripts of a page cannot read."""
    refuse_other_sites()
    token = token_of(body.token)
    with service().store.session() as session:
        signed, secret = sign_in(session, session.merge(token, load=False))
    return _with_cookie(token, signed, secret)


@blueprint.post("/session/guest", responses={201: SignedIn, **problems(429)})
def begin_as_guest() -> Response:
    """Begin as a guest, for ten minutes, where the operator has guests."""
    refuse_other_sites()
    most = service().settings.guests
    if not most:
        raise ForbiddenError("there are no guests here; expected a token")
    with service().store.session() as session:
        try:
            token, _ = create_guest(session, most)
        except TokenError as error:
            raise QuotaError(str(error)) from None
        signed, secret = sign_in(session, token)
    return _with_cookie(token, signed, secret)


def _with_cookie(token: Token, signed: BrowserSession, secret: str) -> Response:
    document = SignedIn(name=token.owner_name, expires=signed.expires)
    answer: Any = current_app.json.response(document.model_dump(mode="json"))
    answer.status_code = 201
    _set_cookie(answer, signed, secret)
    return answer  # type: ignore[no-any-return]


def _set_cookie(answer: Response, signed: BrowserSession, secret: str) -> None:
    answer.set_cookie(
        COOKIE,
        secret,
        expires=signed.expires,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    answer.headers["Cache-Control"] = "no-store"


class SignOnQuery(BaseModel):
    """What a provider sends a browser back with."""

    state: str = Field("", max_length=500)
    code: str = Field("", max_length=4000)
    error: str = Field("", max_length=500)


_SENT_ON: dict[Any, Any] = {302: {"description": "To the provider."}}
_SENT_HOME: dict[Any, Any] = {303: {"description": "To the page of the service."}}


@blueprint.get("/session/sso", responses=_SENT_ON, openapi_extensions=PUBLIC)
def begin_sign_on() -> Response:
    """Send a browser to the provider of sign-ons, where the operator has named one."""
    with service().store.session() as session:
        url, state = sign_on.begin(session, service().settings, href(_BACK))
    answer = current_app.make_response(redirect(url, 302))
    answer.set_cookie(
        SIGN_ON_COOKIE,
        state,
        max_age=sign_on.PENDING,
        path=_BACK,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",  # the provider, another site, sends the browser back
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get(_BACK, responses=_SENT_HOME, openapi_extensions=PUBLIC)
def end_sign_on(query: SignOnQuery) -> Response:
    """Sign in a browser that comes back from the provider."""
    store, settings = service().store, service().settings
    kept = request.cookies.get(SIGN_ON_COOKIE)
    with store.session() as session:
        pending = sign_on.take_pending(session, query.state, kept)
    if query.error or not query.code:
        raise UnauthenticatedError("the provider has not signed anybody in; sign in again")
    subject = sign_on.subject_of(settings, pending, query.code, href(_BACK))
    with store.session() as session:
        found = sign_on.account(session, settings, subject)
        if not isinstance(found, str):
            signed, secret = sign_in(session, found)
    if isinstance(found, str):
        raise ForbiddenError(
            f"the operator has not let you in (request {found}); ask them, and sign in again"
        )
    answer = current_app.make_response(redirect(href("/"), 303))
    _set_cookie(answer, signed, secret)
    answer.delete_cookie(SIGN_ON_COOKIE, path=_BACK, httponly=True, samesite="Lax")
    return answer


@blueprint.get("/session", responses={200: PersonInfo})
@needs("read", links=True)
def show_person() -> dict[str, Any]:
    """Show who is signed in, what they may use, and what they do."""
    person: Person = who()
    settings = service().settings
    known: dict[str, Any] = {"name": None, "quotas": None, "use": None}
    if person.job is None:
        with service().store.reading() as session:
            quotas = quotas_of(session, person, settings)
            use = use_of(session, person.name)
        known = {"name": person.name, "quotas": asdict(quotas), "use": asdict(use)}
    return {
        **known,
        "scopes": [scope for scope in SCOPES if scope in person.scopes],
        "country": person.country,
        "job": person.job,
        "auth": settings.auth,
        "base_map": settings.base_map
        and {"tiles": settings.base_map, "credit": settings.base_map_credit},
    }


@blueprint.delete("/session", responses={204: None})
def end_session() -> Response:
    """Sign a browser out."""
    refuse_other_sites()
    cookie = request.cookies.get(COOKIE)
    if cookie is not None:
        with service().store.session() as session:
            sign_out(session, cookie)
    answer = Response(status=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return answer


@blueprint.post("/access-requests", responses={201: AccessAsked, **problems(415, 429)})
def ask_for_access(body: AccessForm) -> Response:
    """Ask the operator for a token: to analyse, to train anew, or to deploy."""
    refuse_other_sites()
    with service().store.session() as session:
        asked = admission.ask(session, **body.model_dump())
    document = AccessAsked(id=asked.id, created=asked.created)
    answer: Any = current_app.json.response(document.model_dump(mode="json"))
    answer.status_code = 201
    return answer  # type: ignore[no-any-return]
