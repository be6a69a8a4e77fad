"""What happens to a job, as it happens: server-sent events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from flask import Response, request
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from web.api.documents import JobPath, problems
from web.api.jobs import read_job
from web.api.landing import TAG
from web.context import Service, service
from web.errors import QuotaError, without_paths
from web.jobs import queue
from web.people.access import needs
from web.store.jobs import JobEvent

LOOK_SECONDS = 0.5
"""How often a stream looks for what is new. [s]"""

PING_SECONDS = 10.0
"""How long a stream says nothing at most; so a client that has gone is noticed. [s]"""

RETRY_MILLISECONDS = 2000
"""How long a client waits before it comes back. [ms]"""

blueprint = APIBlueprint(
    "events", __name__, url_prefix="/ogc/jobs", abp_tags=[TAG], abp_responses=problems(429)
)


class EventsHeader(BaseModel):
    """What a client that comes back says."""

    last_event_id: str | None = Field(None, alias="Last-Event-ID", max_length=18)


@blueprint.get(
    "/<jobID>/events",
    responses={
        200: {
            "description": "Each event is the state, the progress in percent and the message; its "
            "id is the number to go on from. Streams end with the job.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
@needs("read")
def stream(path: JobPath, header: EventsHeader) -> Response:
    """Follow a job: each event that comes after the one that `Last-Event-ID` names."""
    job = read_job(path.job_id)
    made, last = service(), header.last_event_id or ""
    if request.method == "HEAD":  # nothing is sent, and nothing kept
        return Response(mimetype="text/event-stream")
    if not made.streams.acquire(blocking=False):
        raise QuotaError("too many event streams are open; ask /ogc/jobs now and then instead")
    since = int(last) if last.isascii() and last.isdigit() else 0
    answer = Response(_lines(made, job.id, since), mimetype="text/event-stream")
    answer.call_on_close(made.streams.release)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _lines(made: Service, job_id: str, since: int) -> Iterator[str]:
    """Yield events of a job until it has ended, the service stops or the client has gone."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    spoke = time.monotonic()
    while True:
        with made.store.reading() as session:
            has_ended = queue.get(session, None, job_id).state in queue.ENDED
            found = queue.events(session, job_id, since)
        for event in found:
            yield _line(event)
            since, spoke = event.id, time.monotonic()
        if has_ended and len(found) < queue.MOST_LISTED:
            return
        if made.stopping.wait(LOOK_SECONDS):
            return
        if time.monotonic() - spoke > PING_SECONDS:
            yield ": still here\n\n"
            spoke = time.monotonic()


def _line(event: JobEvent) -> str:
    told = {
        "status": event.state,
        "progress": int(100.0 * event.progress),
        "message": without_paths(event.message),
        "time": event.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return f"id: {event.id}\nevent: status\ndata: {json.dumps(told)}\n\n"
