"""Links to jobs, for people who are not signed in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Response, current_app
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from web.api.documents import Results, href, problems
from web.api.jobs import job_of
from web.api.results import FILE_ANSWERS, file_answer, results_of
from web.context import service
from web.jobs import shares as links
from web.people.access import needs, who
from web.store.grants import Share
from web.store.jobs import Job

TAG = Tag(name="Sharing", description="Links to results, read-only, that expire")

blueprint = APIBlueprint("shares", __name__, abp_tags=[TAG], abp_responses=problems())


class ShareForm(BaseModel):
    """Which job, and for how long."""

    model_config = ConfigDict(extra="forbid")

    job: str = Field(pattern="^[0-9a-f-]{36}$")
    hours: float = Field(168.0, gt=0.0, le=links.LONGEST / timedelta(hours=1), description="[h]")


class ShareInfo(BaseModel):
    """A link; its address is told once, when it is made."""

    id: str
    job: str
    created: datetime
    expires: datetime
    href: str | None = None


class ShareList(BaseModel):
    """Links that are still good, the newest first."""

    shares: list[ShareInfo]


class SharePath(BaseModel):
    """Which link."""

    id: str


class SharedPath(BaseModel):
    """What a link holds."""

    secret: str


class SharedFilePath(SharedPath):
    """Which file of what a link leads to."""

    name: str = Field(description="Its path, as the results have it.")


def _described(share: Share, secret: str | None = None) -> dict[str, Any]:
    return ShareInfo(
        id=share.id,
        job=share.job_id,
        created=share.created,
        expires=share.expires,
        href=href(f"/shared/{secret}") if secret else None,
    ).model_dump(mode="json", exclude_none=True)


@blueprint.post("/shares", responses={201: ShareInfo, **problems(415)})
@needs("run")
def share(body: ShareForm) -> Response:
    """Make a link by which anybody may read a job."""
    with service().store.session() as session:
        job = job_of(session, body.job)
        made, secret = links.share(session, job, timedelta(hours=body.hours))
    answer: Any = current_app.json.response(_described(made, secret))
    answer.status_code = 201
    return answer  # type: ignore[no-any-return]


@blueprint.get("/shares", responses={200: ShareList})
@needs("read")
def list_shares() -> dict[str, Any]:
    """List your links that are still good."""
    with service().store.reading() as session:
        return {"shares": [_described(each) for each in links.list_shares(session, who().name)]}


@blueprint.delete("/shares/<id>", responses={204: None})
@needs("run")
def take_back(path: SharePath) -> Response:
    """Make a link lead nowhere."""
    with service().store.session() as session:
        links.take_back(session, who().name, path.id)
    return Response(status=204)


def _shared(secret: str) -> Job:
    with service().store.reading() as session:
        return links.shared_job(session, secret)


@blueprint.get("/shared/<secret>", responses={200: Results, **problems(409)})
def show_shared(path: SharedPath) -> dict[str, Any]:
    """Name the outputs of a job to which a link leads."""
    return results_of(_shared(path.secret), href(f"/shared/{path.secret}"))


@blueprint.get("/shared/<secret>/files/<path:name>", responses={**FILE_ANSWERS, **problems(409)})
def send_shared(path: SharedFilePath) -> Response:
    """Send a file of a job to which a link leads."""
    return file_answer(_shared(path.secret), path.name)
