"""What has come of a job: figures as a value, files by links."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response, send_file
from flask_openapi.blueprint import APIBlueprint
from pydantic import Field

from web.api.documents import JobPath, Link, Results, href, problems
from web.api.jobs import read_job
from web.api.landing import TAG
from web.context import service
from web.errors import ConflictError, NotFoundError, document_without_paths
from web.jobs.outputs import NAME_OF_RESULT, Output, media_type
from web.jobs.processes import PROCESSES
from web.people.access import needs
from web.store.jobs import Job, State

_POLICY = "sandbox allow-scripts allow-downloads; default-src 'unsafe-inline' data: blob:"
"""Policy of pages that jobs have written: they show themselves, and reach nothing else."""

blueprint = APIBlueprint(
    "results", __name__, url_prefix="/ogc/jobs", abp_tags=[TAG], abp_responses=problems(409)
)


class FilePath(JobPath):
    """Which file of which job."""

    name: str = Field(description="Its path, as the results have it.")


def results_of(job: Job, address: str | None = None) -> dict[str, Any]:
    """Return the outputs of a job.

    Parameters
    ----------
    job : Job
    address : str, optional
        At which its files are; default: that of the job.

    Raises
    ------
    NotFoundError
        It has not come to its end, or it was dismissed.
    ConflictError
        It has failed.
    """
    refuse_unsuccessful(job)
    address = address or href(f"/ogc/jobs/{job.id}")
    found: dict[str, Any] = {NAME_OF_RESULT: {"value": document_without_paths(job.result)}}
    for output, files in _files(job):
        links = [_link(address, output, name) for name in files]
        if output.is_many:
            found[output.id] = links
        elif links:
            found[output.id] = links[0]
    return found


def refuse_unsuccessful(job: Job) -> None:
    """Refuse a job that has no results.

    Raises
    ------
    NotFoundError
        It has not come to its end, or it was dismissed.
    ConflictError
        It has failed.
    """
    if job.state == State.DISMISSED:
        raise NotFoundError("the job was dismissed", kind="no-such-job")
    if job.state == State.FAILED:
        raise ConflictError(f"the job failed: {job.reason}")
    if job.state != State.SUCCESSFUL:
        raise NotFoundError(
            f"the job is {job.state}; expected one that was successful: wait for its end",
            kind="result-not-ready",
        )


def _files(job: Job) -> Iterator[tuple[Output, list[str]]]:
    """Yield the outputs of a job, each with the names of its files; links are none.

    A file is of the first output that could have it.
    """
    if job.folder is None or job.process not in PROCESSES:
        return
    folder = service().settings.jobs / job.folder
    known: set[Path] = set()
    for output in PROCESSES[job.process].outputs:
        files = [it for it in output.files(folder) if not it.is_symlink() and it not in known]
        known.update(files)
        yield output, [path.relative_to(folder).as_posix() for path in files]


def _link(address: str, output: Output, name: str) -> dict[str, Any]:
    title = f"{output.title}: {Path(name).name}" if output.is_many else output.title
    where = f"{address}/files/{quote(name)}"
    link = Link(href=where, rel="item", type=media_type(name), title=title)
    return link.model_dump(exclude_none=True)


@blueprint.get("/<jobID>/results", responses={200: Results})
@needs("read")
def show_results(path: JobPath) -> dict[str, Any]:
    """Name the outputs of a job: figures as a value, files by links."""
    return results_of(read_job(path.job_id))


FILE_ANSWERS = {
    200: {"description": "The file.", "content": {"*/*": {}}},
    206: {"description": "A part of it.", "content": {"*/*": {}}},
    304: {"description": "The client has it."},
    **problems(416),
}


@blueprint.get("/<jobID>/files/<path:name>", responses=FILE_ANSWERS)
@needs("read")
def send(path: FilePath) -> Response:
    """Send a file of a job, or a range of it."""
    return file_answer(read_job(path.job_id), path.name)


def file_answer(job: Job, name: str) -> Response:
    """Return a file of a job, or the range of it that is asked for.

    Raises
    ------
    NotFoundError, ConflictError
    """
    refuse_unsuccessful(job)
    if name not in {each for _, files in _files(job) for each in files}:
        raise NotFoundError("there is no such file among the results of the job")
    folder = service().settings.jobs.resolve() / str(job.folder)
    answer = send_file(
        folder / name,
        mimetype=media_type(name),
        download_name=Path(name).name,
        conditional=True,
        etag=True,
        max_age=None,
    )
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer
