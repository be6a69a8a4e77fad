"""Answers to requests for what a tree of folders has, for any application of Flask."""

from __future__ import annotations

import base64
from functools import lru_cache
from pathlib import Path

import flask

from catalog.errors import UnreadableFileError
from catalog.remote.store import hash_file
from catalog.server.folder import Listing
from catalog.server.listing import catalogue_of, is_netcdf, page_of


def answer_listing(listing: Listing | None, form: str) -> flask.Response:
    """Return what is in a folder, as ``xml`` or ``html``; 404 for None."""
    if listing is None:
        flask.abort(404)
    root = flask.request.script_root
    if form == "html":
        return flask.Response(page_of(listing, root), mimetype="text/html")
    return flask.Response(catalogue_of(listing, root), mimetype="application/xml")


def answer_file(path: Path | None) -> flask.Response:
    """Return a file, or the range of it that is asked for; 404 for None."""
    if path is None:
        flask.abort(404)
    response = flask.send_file(path, conditional=True)
    if response.status_code == 200:
        status = path.stat()
        digest = _digest(path, status.st_size, status.st_mtime_ns)
        response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    return response


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int, modified_ns: int) -> str:
    return base64.b64encode(bytes.fromhex(hash_file(path))).decode()


def answer_dap(path: Path | None, kind: str) -> flask.Response:
    """Return what is asked for of a NetCDF file by OPeNDAP; 404 for None and other files.

    Parameters
    ----------
    path : Path or None
    kind : str
        See `catalog.server.dap.answer_of`, which takes the query of the request.
    """
    from catalog.server.dap import ConstraintError, answer_of, error_text  # loads PyDAP and NetCDF

    if path is None or not is_netcdf(path):
        flask.abort(404)
    query = flask.request.query_string.decode("latin-1")
    try:
        content, headers = answer_of(path, kind, query)
    except (ConstraintError, UnreadableFileError) as error:
        status = 400 if isinstance(error, ConstraintError) else 422
        return flask.Response(
            error_text(str(error)),
            status,
            {"Content-Description": "dods_error"},
            mimetype="text/plain",
        )
    response = flask.Response(content, headers=headers)
    response.headers["Content-Length"] = str(len(content))
    return response
