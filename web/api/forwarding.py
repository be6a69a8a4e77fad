"""Requests to hosted modules: sent on in their own dialect of DEEPaaS, and answered as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path

from flask import Response, request
from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from web.context import service
from web.errors import ModuleError, QuotaError
from witoil.plugins.errors import PluginError
from witoil.plugins.hosted.module import HostedModule
from witoil.plugins.hosted.process import BusyError, Upload

_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
"""Headers of answers that a module has made: a browser shows them, and runs nothing."""


def forwarded(
    module: HostedModule,
    files: Sequence[tuple[str, FileStorage]],
    fields: Sequence[tuple[str, str]],
    room: Path,
) -> Response:
    """Ask a module what the current request asks, and return its answer.

    Parameters
    ----------
    module : HostedModule
    files, fields : sequence of tuple
        Those of the request, by name.
    room : Path
        An empty folder for the files.

    Raises
    ------
    ModuleError
        Where it does not answer, or fails; with the last line of its log.
    QuotaError
        Where it is busy for longer than a client waits.
    """
    known = module.record.parameters("predict")
    accept = known.get("accept")
    wanted = None
    if accept is not None:  # where it stands elsewhere DEEPaaS does not look at it
        in_header = accept.place == "header"
        wanted = request.headers.get("Accept") if in_header else request.args.get("accept")
    others = [(name, value) for name, value in fields if name != "accept"]
    try:
        uploads = list(_stored(files, room))
        seconds = service().settings.wait_seconds
        reply = module.ask("predict", others, uploads, wanted, wait_seconds=seconds)
    except BusyError as error:
        raise QuotaError(str(error)) from None
    except PluginError as error:
        raise ModuleError(str(error)) from None
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        if reply.status == HTTPStatus.NOT_IMPLEMENTED:
            raise ModuleError(f"{module.record.name}: its module has no such function")
        raise ModuleError(f"{module.record.name}: failed{module.process.last_words()}")
    return Response(reply.content, reply.status, _HEADERS, content_type=reply.media_type or None)


def _stored(files: Sequence[tuple[str, FileStorage]], room: Path) -> Iterator[tuple[str, Upload]]:
    for number, (field, part) in enumerate(files):
        path = room / str(number)
        part.save(path)
        name = secure_filename(part.filename or "") or "file"
        yield field, Upload(path, name, part.mimetype or None)
