"""JSON as RFC 8259 has it, in and out, and requests: no NaN, no infinity, no name given twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from flask import Request
from flask.json.provider import JSONProvider
from pydantic_core import to_json
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequest


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"found {name}, expected a number")


def _refuse_repeated(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"found the name {twice!r} twice in an object, expected it once")
    return found


class StrictJson(JSONProvider):
    """The JSON of an application."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Write a document; what is no finite number becomes null."""
        return to_json(obj, inf_nan_mode="null", exclude_none=False, by_alias=True).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read a document.

        Raises
        ------
        ValueError
        """
        try:
            return json.loads(
                s, parse_constant=_refuse_constant, object_pairs_hook=_refuse_repeated
            )
        except RecursionError:
            raise ValueError("found arrays or objects too deep within each other") from None


class Parameters(ImmutableMultiDict[str, str]):
    """Parameters of an address or a form, of which one that is asked for has to be there once.

    Lists are asked for by `getlist`.
    """

    def __getitem__(self, key: str) -> str:
        """Return a value.

        Raises
        ------
        BadRequest
            If there are several.
        """
        values = self.getlist(key)
        if len(values) > 1:
            raise BadRequest(f"{key[:80]}: given {len(values)} times, expected once")
        return super().__getitem__(key)


class JsonRequest(Request):
    """A request whose body, where it is wanted as JSON, is JSON or is refused.

    415 for another content type and 400 for what is no JSON, where flask-openapi would go on with
    nothing and call that wrong content, 422.
    """

    parameter_storage_class = Parameters

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body.

        Raises
        ------
        BadRequest
            Where it is no JSON, or the text of a document in place of the document.
        UnsupportedMediaType
        """
        document = super().get_json(force=force, silent=False, cache=cache)
        if isinstance(document, str):  # which flask-openapi would read as JSON once more
            raise BadRequest("body: found a text, expected an object")
        return document

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        """Refuse the body.

        Raises
        ------
        BadRequest, UnsupportedMediaType
        """
        if e is None:
            return super().on_json_loading_failed(e)
        raise BadRequest(f"body: not JSON ({e})")
