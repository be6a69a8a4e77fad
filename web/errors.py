"""What can go wrong for a client, and how it is said: RFC 9457 problems from one table.

ServiceError
├── NotFoundError        there is none, or it is another's
├── UnauthenticatedError nobody is signed in
├── ForbiddenError       whoever is signed in may not
├── ConflictError        not in the state that a job is in
├── TooLargeError        a body or a case beyond a bound
├── QuotaError           a quota is used up
├── CatalogueError       the operator's catalogue cannot be read
├── UnavailableError     not now
├── ProviderError        the provider of sign-ons does not answer
└── ContentError         readable, and not what was expected; names the fields
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Self

from flask import Flask, Response, g
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from catalog.errors import CatalogError
from simulator.errors import SimulatorError
from web.faults import Fault, fault_of
from web.store.base import StoreError
from witoil.errors import OutputError, WitoilError

MEDIA_TYPE = "application/problem+json"
_OGC = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
TOO_LONG = "body: longer than what is taken there; send less"
"""What is said of bodies whose rest is not even read."""
_UNKNOWN = "the service failed; whoever runs it finds the cause in its log, by the request id"

log = logging.getLogger(__name__)


class ServiceError(Exception):
    """What a client is told, in one line."""

    def __init__(self, detail: str, *, kind: str | None = None) -> None:
        """Take the line, and the name that OGC API – Processes has for the mistake, if any."""
        super().__init__(detail)
        self.kind = kind


class NotFoundError(ServiceError):
    """There is no such object for whoever asks."""


class UnauthenticatedError(ServiceError):
    """Nobody is signed in."""


class ForbiddenError(ServiceError):
    """Whoever is signed in may not do this."""


class ConflictError(ServiceError):
    """Not possible in the state that the object is in."""


class TooLargeError(ServiceError):
    """More bytes than are taken."""


class QuotaError(ServiceError):
    """All that was granted is used."""


class CatalogueError(ServiceError):
    """A catalogue that cannot be read; for whoever runs the service."""


class UnavailableError(ServiceError):
    """Something that is needed is not there, or has too much to do."""


class ModuleError(ServiceError):
    """A program of others that the service runs has failed; the line says how."""


class ProviderError(ServiceError):
    """A provider of sign-ons that does not answer as one does; for whoever runs the service."""


class ContentError(ServiceError):
    """A request that can be read and does not hold what was expected.

    Parameters
    ----------
    faults : sequence of Fault
        One at least.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Take the mistakes; the first of them is the line."""
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(faults[0].detail + more)
        self.faults = list(faults)

    @classmethod
    def of(cls, error: ValidationError) -> Self:
        """Return what pydantic found, field by field."""
        return cls([fault_of(item) for item in error.errors(include_url=False)])


class Problem(BaseModel):
    """A problem of RFC 9457, which is an exception of OGC API – Processes, too."""

    type: str = Field(description="A URI of OGC API, or about:blank.")
    title: str = Field(description="What the status means.")
    status: int
    detail: str = Field(description="Where, what was found, what was expected.")
    request: str = Field(description="Id by which the log of the service knows the request.")
    errors: list[dict[str, str]] | None = Field(
        None, description="Mistakes of content: `pointer` to the field in the body, and `detail`."
    )


_STATUS: dict[type[Exception], HTTPStatus] = {
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ContentError: HTTPStatus.UNPROCESSABLE_ENTITY,
    QuotaError: HTTPStatus.TOO_MANY_REQUESTS,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    ModuleError: HTTPStatus.INTERNAL_SERVER_ERROR,
    OutputError: HTTPStatus.INSUFFICIENT_STORAGE,
    WitoilError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CatalogError: HTTPStatus.UNPROCESSABLE_ENTITY,
    SimulatorError: HTTPStatus.UNPROCESSABLE_ENTITY,
    OperationalError: HTTPStatus.SERVICE_UNAVAILABLE,
    PoolTimeoutError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    CatalogueError: HTTPStatus.SERVICE_UNAVAILABLE,
    ProviderError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The one table from exceptions to status codes; the closest class of an exception counts."""

_FIXED = {
    OperationalError: "the database is busy or away; try again in a moment",
    PoolTimeoutError: "the database is busy; try again in a moment",
    StoreError: "the database is away; try again in a moment",
    ProviderError: "the provider of sign-ons does not answer; try again in a moment",
    CatalogueError: "the catalogue of the operator cannot be read; tell whoever runs this",
}
"""What is said in place of messages that were not written for clients."""

_HEADERS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": 'Bearer realm="witoil"'},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "60"},
}


def handle_errors(app: Flask) -> None:
    """Have an application answer every exception by a problem."""
    app.register_error_handler(HTTPException, _of_werkzeug)
    app.register_error_handler(Exception, _of_ours)


def _of_ours(error: Exception) -> Response:
    kind = next((base for base in type(error).__mro__ if base in _STATUS), None)
    if kind is None:
        log.exception("request failed")
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, _UNKNOWN)
    status = _STATUS[kind]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed: %s", error)
    faults = error.faults if isinstance(error, ContentError) else ()
    name = error.kind if isinstance(error, ServiceError) else None
    detail = _FIXED.get(kind) or str(error)
    return problem(status, detail, faults=faults, kind=name)


def _of_werkzeug(error: HTTPException) -> Response:
    if error.response is not None:  # one that was made for this request
        return error.response  # type: ignore[return-value]
    status = HTTPStatus(error.code or 500)
    too_long = status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    answer = problem(status, TOO_LONG if too_long else _plain(error.description) or status.phrase)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def _plain(description: str | None) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", description or "").split())


def problem(
    status: HTTPStatus, detail: str, *, faults: Iterable[Fault] = (), kind: str | None = None
) -> Response:
    """Return an answer of media type `application/problem+json`."""
    found = Problem(
        type=_OGC + kind if kind else "about:blank",
        title=status.phrase,
        status=status,
        detail=without_paths(detail),
        request=g.get("request_id", ""),
        errors=[{**asdict(fault), "detail": without_paths(fault.detail)} for fault in faults]
        or None,
    )
    answer = Response(to_json(found, exclude_none=True), status, mimetype=MEDIA_TYPE)
    answer.headers.update(_HEADERS.get(status, {}))
    return answer


_PATH = re.compile(r"(?<![\w:/.])(?:/[^\s/:,;'\"()]+)+/(?=[^\s/:,;'\"()]+)")


def without_paths(text: str) -> str:
    """Return a message with the folders of this machine left out: of a path, the last name.

    Messages of jobs name files in full, which is right at a command line and nobody's business
    at the other end of a network.
    """
    return _PATH.sub("", text)


def document_without_paths(value: Any) -> Any:
    """Return a document of JSON with the folders of this machine left out of all its texts."""
    if isinstance(value, dict):
        return {key: document_without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [document_without_paths(item) for item in value]
    return without_paths(value) if isinstance(value, str) else value
