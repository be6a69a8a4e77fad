"""The application: settings in, answers out."""

from __future__ import annotations

import gc
import logging
import threading
from functools import cache
from importlib.metadata import version
from typing import Any

from flask import Flask, Response, redirect, request
from flask_openapi.models.info import Info
from flask_openapi.openapi import OpenAPI
from flask_openapi_swagger.plugins import RegisterPlugin as Swagger
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest
from werkzeug.middleware.proxy_fix import ProxyFix

from catalog.server.ranges import RangedResponse
from web.api import BLUEPRINTS
from web.context import Service, attach
from web.errors import ContentError, Problem, handle_errors
from web.logs import number_requests
from web.people.access import guard
from web.settings import Settings, read_settings
from web.store.base import Store
from web.strict_json import JsonRequest, StrictJson

log = logging.getLogger(__name__)

_PAGE = "default-src 'self' 'unsafe-inline' data:; frame-ancestors 'none'"
"""Content policy of pages; those that jobs have written have a stricter one."""


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application of a service, with its database open.

    Parameters
    ----------
    settings : Settings, optional
        Default: those of the environment.

    Raises
    ------
    web.settings.SettingsError
    web.store.base.StoreError
    """
    settings = settings or read_settings()
    app = OpenAPI(
        "web",
        info=Info(
            title="witoil",
            version=version("witoil"),
            description="Where the oil came from and where it goes.",
        ),
        validation_error_callback=_refuse,
        validation_error_model=Problem,
        doc_ui=False,
        static_folder=None,
        openapi_extensions={"security": [{"bearer": []}] if settings.auth == "on" else []},
        security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
    )
    app.json = StrictJson(app)
    app.request_class = JsonRequest
    app.response_class = RangedResponse
    app.url_map.strict_slashes = False
    open_service(app, settings)
    number_requests(app)
    app.before_request(_refuse_nameless)
    handle_errors(app)
    guard(app)
    app.after_request(_guarded)
    for blueprint in BLUEPRINTS:
        app.register_api(blueprint)
    _describe(app)
    if settings.proxies:
        n = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, n, n, n, n, n)  # type: ignore[method-assign]
    _keep_loaded()
    return app


def open_service(app: Flask, settings: Settings) -> None:
    """Open the database of a service, for which an application answers from now on.

    Parameters
    ----------
    app : Flask
    settings : Settings
        With the `auth` and the `proxies` with which the application was made.

    Raises
    ------
    web.store.base.StoreError
    """
    app.config.update(
        MAX_CONTENT_LENGTH=settings.body_bytes,
        TRUSTED_HOSTS=settings.names or None,
    )
    streams = threading.Semaphore(settings.streams)
    attach(app, Service(settings, Store.open(settings.database_url), streams))


@cache
def _keep_loaded() -> None:
    """Look no more through what is loaded by now, which stays as long as the process.

    To go through it at each full collection held up requests for a tenth of a second.
    """
    gc.freeze()


def _refuse_nameless() -> None:
    """Refuse a request from which no address can be made: links would lead nowhere."""
    if not request.host:
        raise BadRequest("Host: found none that can be one, expected HOST or HOST:PORT, once")


def _refuse(error: ValidationError) -> Any:
    raise ContentError.of(error)


def _describe(app: OpenAPI) -> None:
    """Add the document of the service, and the page on which to try it."""
    app.register_blueprint(Swagger.register(doc_url="../openapi.json"), url_prefix="/api")
    app.add_url_rule("/api/", "api", lambda: redirect(f"{request.root_url}api/swagger"))

    @app.get("/openapi.json", doc_ui=False)
    def document() -> Response:
        answer = app.make_response(app.api_doc)
        # GDAL takes documents of OpenAPI 3.0 by that name, and of any version as plain JSON
        names = ["application/vnd.oai.openapi+json", "application/json"]
        answer.mimetype = request.accept_mimetypes.best_match(names, names[0])
        return answer


def _guarded(answer: Response) -> Response:
    """Have browsers take an answer for what it is, and keep none for others."""
    headers = answer.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Content-Security-Policy", _PAGE)
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "private, no-cache"
    return answer
