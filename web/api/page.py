"""The page with the map, and its files: nothing is loaded from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import os
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, Field
from werkzeug.http import generate_etag
from werkzeug.security import safe_join

from web.api.documents import JSON, PUBLIC, problems
from web.api.landing import show_landing
from web.context import service
from web.errors import NotFoundError

HTML = "text/html"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""What of the folders is handed out, and as what."""

TAG = Tag(name="Page", description="The map, for people with a browser.")

blueprint = APIBlueprint("page", __name__, abp_tags=[TAG], abp_responses=problems())

_ANSWERS: dict[Any, Any] = {
    200: {
        "description": "The page for browsers; for programs where all else is.",
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Landing"}}, HTML: {}},
    }
}


KEPT_SECONDS = 31_536_000
"""How long a browser keeps a file without asking again: a year, the longest that is usual. [s]"""


class PageFile(BaseModel):
    """Which file of the page."""

    version: str = Field(description="What all files of the page were when it was sent.")
    folder: str
    name: str = Field(description="Its path within its folder.")


@blueprint.get("/", responses=_ANSWERS, openapi_extensions=PUBLIC)
def show_page() -> Any:
    """Show the map to browsers, and to programs where all else is."""
    if request.accept_mimetypes.best_match([JSON, HTML]) == HTML:
        answer = page_named("page.html")
        answer.headers["Content-Security-Policy"] = policy(service().settings.base_map)
    else:
        answer = make_response(show_landing())
    answer.headers["Vary"] = "Accept"
    return answer


def policy(base_map: str | None) -> str:
    """Return what the page may load and do.

    MapLibre decodes tiles in a worker that it makes of its own text, and takes pictures from there.

    Parameters
    ----------
    base_map : str or None
        Address of the tiles of a map from elsewhere, whose host is let in, and no other.
    """
    parts = urlsplit(base_map) if base_map else None
    tiles = f" {parts.scheme}://{parts.netloc}" if parts else ""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob:{tiles}",
            f"connect-src 'self'{tiles}",
            "worker-src blob:",
            "frame-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def page_named(name: str) -> Response:
    """Return a page of ours whose files have addresses that change when one of them does."""
    text = (ours() / name).read_text(encoding="utf-8")
    answer = Response(text.replace('="static/', f'="static/{version()}/'), mimetype=HTML)
    answer.cache_control.no_cache = True
    return answer


def version() -> str:
    """Return what stands for all files of pages, as they lie on the disk just now."""
    walked = (found for folder in _folders().values() for found in os.walk(folder))
    files = sorted(f"{root}/{name}" for root, _, names in walked for name in names)
    states = [(file, os.stat(file)) for file in files if file.endswith(tuple(KINDS))]
    told = [(file, state.st_size, state.st_mtime_ns) for file, state in states]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


@blueprint.get("/static/<version>/<folder>/<path:name>", doc_ui=False)
def send_file(path: PageFile) -> Response:
    """Send a file of the page, of the player of runs, or of MapLibre GL."""
    answer = _sent(_folders().get(path.folder), path.name)
    if path.version == version():
        answer.cache_control.max_age = KEPT_SECONDS
        answer.cache_control.immutable = True
    else:  # a page of another version asks, which must not keep what it was not made for
        answer.cache_control.no_cache = True
    return answer


def _folders() -> dict[str, Path]:
    return {
        "map": ours(),
        "player": _of_package("witoil.player") / "static",
        "maplibre": _of_package("maplibre") / "srcjs",
    }


def _sent(folder: Path | None, name: str) -> Response:
    """Return a file of a folder, packed where the client takes it so.

    Raises
    ------
    NotFoundError
    """
    path = safe_join(os.fspath(folder), name) if folder else None
    if path is None or Path(name).suffix not in KINDS or not os.path.isfile(path):
        raise NotFoundError("there is no such file of the page")
    content = Path(path).read_bytes()
    is_packed = bool(request.accept_encodings["gzip"]) and "Range" not in request.headers
    answer = current_app.response_class(
        _packed(content) if is_packed else content, mimetype=KINDS[Path(path).suffix]
    )
    answer.vary.add("Accept-Encoding")
    if is_packed:
        answer.content_encoding = "gzip"
    answer.set_etag(generate_etag(content), weak=is_packed)  # the same, not byte for byte
    answer.make_conditional(request, accept_ranges=True, complete_length=len(content))
    return answer


@lru_cache(maxsize=200)
def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def ours() -> Path:
    """Return the folder with our files of pages."""
    return Path(__file__).parents[1] / "static"


@cache
def _of_package(name: str) -> Path:
    """Return the folder of a package without loading it."""
    spec = find_spec(name)
    assert spec is not None, name
    assert spec.origin is not None, name
    return Path(spec.origin).parent
