"""A web application that serves a folder as THREDDS does, and its server."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask

from catalog.errors import CatalogError, UnreadableFileError
from catalog.server.answers import answer_dap, answer_file, answer_listing
from catalog.server.bounds import HELD_BYTES
from catalog.server.folder import Folder
from catalog.server.listing import CATALOGUE, DODS, FILES
from catalog.server.ranges import RangedResponse

_IDLE_SECONDS = 30
_CONNECTIONS = 2_000


def create_app(folder: Path) -> flask.Flask:
    """Return a web application that serves a folder, and nothing outside it.

    Parameters
    ----------
    folder : Path
        Names that begin with a dot are not served.

    Returns
    -------
    Flask
        ``/thredds/catalog/.../catalog.xml`` (THREDDS catalogue 1.0) and ``catalog.html`` (a page),
        ``/thredds/dodsC/...`` (OPeNDAP, DAP 2, for NetCDF) and ``/thredds/fileServer/...`` (with
        ranges of bytes).

    Raises
    ------
    UnreadableFileError
        If it is no folder.

    Notes
    -----
    Numbers travel as the file has them, packed ones with their scale; 64-bit integers become
    double precision. Text, groups and compound types are left out.
    """
    root = folder.expanduser().resolve()
    if not root.is_dir():
        raise UnreadableFileError(f"{folder}: is no folder; expected one to serve")
    app = flask.Flask(__name__, static_folder=None)
    app.response_class = RangedResponse
    tree = Folder(root, root.name)

    @app.get("/")
    @app.get("/thredds/")
    def start() -> Any:
        return flask.redirect(f"{CATALOGUE}catalog.html")

    @app.get(f"{CATALOGUE}catalog.<any(xml, html):form>")
    @app.get(f"{CATALOGUE}<path:name>/catalog.<any(xml, html):form>")
    def catalogue(form: str, name: str = "") -> Any:
        return answer_listing(tree.listing(name), form)

    @app.get(f"{FILES}<path:name>")
    def whole_file(name: str) -> Any:
        return answer_file(tree.file(name))

    @app.get(f"{DODS}<path:name>.<any(dds, das, dods, ascii, ver):kind>")
    def opendap(name: str, kind: str) -> Any:
        return answer_dap(tree.file(name), kind)

    return app


def serve(folder: Path, host: str, port: int, *, on_start: Callable[[str], None]) -> None:
    """Serve a folder until interrupted; see `create_app`.

    Parameters
    ----------
    folder : Path
    host : str
        Address to listen at.
    port : int
        0: any that is free.
    on_start : callable
        Called with the URL of the catalogue.

    Raises
    ------
    CatalogError
        If it is no folder, or the port is taken.
    """
    from waitress.server import create_server

    app = create_app(folder)
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise CatalogError(
            f"{host}:{port}: cannot be listened at ({error.strerror}); expected a free port"
        ) from error
    on_start(f"http://{host}:{listening.getsockname()[1]}{CATALOGUE}catalog.xml")
    create_server(
        app,
        sockets=[listening],
        threads=8,
        ident="witoil",
        # connections that are half open, or whose other end is slow, keep none of the threads
        connection_limit=_CONNECTIONS,
        channel_timeout=_IDLE_SECONDS,
        cleanup_interval=5,
        outbuf_high_watermark=HELD_BYTES,
    ).run()
