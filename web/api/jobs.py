"""Jobs: which there are, how far they are, and ending them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from flask_openapi.blueprint import APIBlueprint
from pydantic import Field
from sqlalchemy import ColumnElement, extract, func, literal
from sqlalchemy.orm import Session

from web.api.documents import (
    REL,
    Document,
    JobList,
    JobPath,
    Link,
    StateName,
    StatusInfo,
    href,
    problems,
)
from web.api.landing import TAG
from web.api.queries import NO_NUL, PageQuery, Period, ends_of, page_links
from web.context import service
from web.errors import NotFoundError, without_paths
from web.jobs import queue
from web.jobs.processes import PROCESSES
from web.people.access import needs, who
from web.store.base import UtcTime, now
from web.store.jobs import Job, State

blueprint = APIBlueprint(
    "jobs", __name__, url_prefix="/ogc/jobs", abp_tags=[TAG], abp_responses=problems()
)


ProcessId = Annotated[str, Field(max_length=200, pattern=NO_NUL)]


class JobsQuery(PageQuery):
    """Which jobs."""

    type: list[Literal["process"]] = Field([], max_length=1)
    process_id: list[ProcessId] = Field([], alias="processID", max_length=20)
    status: list[StateName] = Field([], max_length=5)
    created: Period | None = Field(
        None,
        alias="datetime",
        description="When it was asked for: a time, or START/END, of which one may be `..`.",
    )
    min_duration: int | None = Field(None, alias="minDuration", ge=0, le=10**9, description="[s]")
    max_duration: int | None = Field(None, alias="maxDuration", ge=0, le=10**9, description="[s]")


class Asked(Document):
    """What was asked for: a process, and its inputs as they were sent."""

    process_id: str = Field(alias="processID")
    inputs: dict[str, Any]


def job_of(session: Session, job_id: str) -> Job:
    """Return a job of whoever asks.

    Raises
    ------
    NotFoundError
        Also where it is another's.
    """
    try:
        return queue.get(session, who().name, job_id)
    except queue.NoSuchJobError:
        raise NotFoundError("there is no such job of yours", kind="no-such-job") from None


def read_job(job_id: str) -> Job:
    """Return a job of whoever asks, as it is now.

    Raises
    ------
    NotFoundError
    """
    with service().store.reading() as session:
        return job_of(session, job_id)


def status_of(job: Job) -> StatusInfo:
    """Describe a job."""
    return StatusInfo(
        job_id=job.id,
        process_id=job.process,
        status=job.state,
        message=without_paths(job.reason or job.message),
        progress=int(100.0 * job.progress),
        created=job.created,
        started=job.started,
        finished=job.finished,
        updated=job.updated,
        links=list(_links(job)),
    )


def _links(job: Job) -> list[Link]:
    address = href(f"/ogc/jobs/{job.id}")
    links = [
        Link(href=address, rel="self", title="This document"),
        Link(href=f"{address}/events", rel="monitor", type="text/event-stream", title="Events"),
    ]
    if job.process in PROCESSES:
        links.append(Link(href=href(f"/ogc/processes/{job.process}"), rel="type", title="Process"))
    if job.state == State.SUCCESSFUL:
        links.append(Link(href=f"{address}/results", rel=f"{REL}results", title="Results"))
    elif job.state == State.FAILED:
        rel = f"{REL}exceptions"
        links.append(Link(href=f"{address}/results", rel=rel, title="Why it failed"))
    return links


@blueprint.get("", responses={200: JobList})
@needs("read")
def list_jobs(query: JobsQuery) -> dict[str, Any]:
    """List jobs, the newest first."""
    with service().store.reading() as session:
        found, total = queue.list_jobs(
            session,
            who().name,
            processes=query.process_id,
            states=query.status,
            where=list(_conditions(query, session)),
            limit=query.limit,
            offset=query.offset,
        )
    return JobList(
        jobs=[status_of(job) for job in found],
        number_matched=total,
        links=page_links("/ogc/jobs", query, total),
    ).shown()


def _conditions(query: JobsQuery, session: Session) -> Iterator[ColumnElement[bool]]:
    """Yield what jobs have to be by the times of a query."""
    if query.created is not None:
        start, end = ends_of(query.created)
        if start is not None:
            yield Job.created >= start
        if end is not None:
            yield Job.created <= end
    lasted = _duration(session)
    if query.min_duration is not None:
        yield lasted >= query.min_duration
    if query.max_duration is not None:
        yield lasted <= query.max_duration


def _duration(session: Session) -> ColumnElement[Any]:
    """Return how long jobs have run, up to now where they do; null before they begin. [s]"""
    end = func.coalesce(Job.finished, literal(now(session), UtcTime))
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(end) - func.julianday(Job.started)) * 86_400.0
    return extract("epoch", end) - extract("epoch", Job.started)


@blueprint.get("/<jobID>", responses={200: StatusInfo})
@needs("read")
def show_job(path: JobPath) -> dict[str, Any]:
    """Show how far a job is."""
    return status_of(read_job(path.job_id)).shown()


@blueprint.get("/<jobID>/inputs", responses={200: Asked})
@needs("read")
def show_inputs(path: JobPath) -> dict[str, Any]:
    """Show what a job was asked with, as it was sent; to ask again, with changes."""
    job = read_job(path.job_id)
    return {"processID": job.process, "inputs": job.inputs}  # nothing left out that was sent


@blueprint.delete("/<jobID>", responses={200: StatusInfo, **problems(429)})
@needs("run")
def dismiss_job(path: JobPath) -> dict[str, Any]:
    """End a job for good, and have its files removed."""
    with service().store.session() as session:
        job_of(session, path.job_id)
        job = queue.dismiss(session, who().name, path.job_id)
    return status_of(job).shown()
