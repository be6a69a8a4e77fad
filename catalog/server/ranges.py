"""Ranges of bytes as HTTP has them, where Werkzeug has them otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask
from werkzeug.http import parse_range_header
from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class RangedResponse(flask.Response):
    """An answer of which a range of bytes can be asked for: the ``response_class`` of a server.

    Notes
    -----
    After RFC 9110, section 14: where more of the last bytes are asked for than there are, all are
    sent; where none is asked for, 416, as for ranges that begin beyond the end. What is no single
    range of bytes of a ``GET`` has the whole.
    """

    def make_conditional(
        self,
        request_or_environ: WSGIEnvironment | Request,
        accept_ranges: bool | str = False,
        complete_length: int | None = None,
    ) -> RangedResponse:
        """Make an answer that depends on what the client has, and on the range that it wants.

        Parameters
        ----------
        request_or_environ : Request or dict
        accept_ranges : bool or str
        complete_length : int or None
            Bytes of the whole.

        Raises
        ------
        werkzeug.exceptions.RequestedRangeNotSatisfiable
        """
        environ = request_or_environ
        if isinstance(environ, Request):
            environ = environ.environ
        if complete_length is not None and "HTTP_RANGE" in environ:
            environ = _with_plain_range(environ, complete_length)
        super().make_conditional(environ, accept_ranges, complete_length)
        return self


def _with_plain_range(environ: WSGIEnvironment, length: int) -> WSGIEnvironment:
    """Return an environment whose range, if it has one, begins at a byte that is counted from 0."""
    wanted = parse_range_header(environ["HTTP_RANGE"])
    if wanted is None:
        return environ  # refused as it is
    others = {name: value for name, value in environ.items() if name != "HTTP_RANGE"}
    if environ["REQUEST_METHOD"] != "GET" or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return others
    start = wanted.ranges[0][0]
    is_suffix = environ["HTTP_RANGE"].partition("=")[2].strip().startswith("-")
    if not is_suffix:
        return environ
    first = max(length + start, 0) if start else length  # -0: none, which no file can send
    return others | {"HTTP_RANGE": f"bytes={first}-"}
