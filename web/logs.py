"""Logs, one JSON object a line, and the id by which a request is found in them."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from datetime import UTC, datetime

from flask import Flask, Response, g, has_request_context, request

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADER = "X-Request-ID"

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """Write a record as one line, whatever it quotes of a client."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context():
            line["request"] = g.get("request_id", "")
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Have all of this process log in lines of JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # a full queue of waitress is said by the times of requests, without a line for each
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _path_told() -> str:
    """Return the path of the request; of one that is a secret, only its form."""
    rule = request.url_rule
    return rule.rule if rule is not None and "secret" in rule.arguments else request.path


def number_requests(app: Flask) -> None:
    """Give each request an id, that of the proxy in front if it has one, and log its end."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        g.began = time.perf_counter()

    @app.after_request
    def end(answer: Response) -> Response:
        if "request_id" not in g:  # refused before it began
            return answer
        answer.headers[HEADER] = g.request_id
        fields = {
            "method": request.method,
            "path": _path_told(),
            "status": answer.status_code,
            "milliseconds": round(1000.0 * (time.perf_counter() - g.began), 1),
        }
        log.info("request", extra={"fields": fields})
        return answer
