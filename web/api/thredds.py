"""Files of a person's jobs as THREDDS serves them: catalogues, OPeNDAP and whole files."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, redirect, request
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel

from catalog.server.answers import answer_dap, answer_file, answer_listing
from catalog.server.folder import Folder, Listing
from catalog.server.listing import CATALOGUE, DODS, FILES
from web import queue
from web.access import needs, who
from web.api.documents import problems
from web.api.jobs import read_job
from web.api.runs import folder_of
from web.context import service
from web.errors import NotFoundError
from web.store.jobs import Job, State

blueprint = APIBlueprint("thredds", __name__, abp_responses=problems())

_NAME = "Results of your jobs"


class CataloguePath(BaseModel):
    """Which folder; the first of its names is the id of a job."""

    name: str = ""
    form: Literal["xml", "html"]


class ThreddsPath(BaseModel):
    """Which file; the first of its names is the id of a job."""

    name: str


class DodsPath(ThreddsPath):
    """Which answer of OPeNDAP on which file."""

    kind: Literal["dds", "das", "dods", "ascii", "ver"]


def _folder(job: Job) -> Folder:
    """Return the folder of a job.

    Raises
    ------
    NotFoundError
        It has no results.
    """
    if job.state != State.SUCCESSFUL or job.folder is None:
        raise NotFoundError("the job has no results; expected one that was successful")
    return Folder(folder_of(job), _title(job), f"{job.id}/")


def _title(job: Job) -> str:
    return f"{job.process}, {job.created:%Y-%m-%d %H:%M} UTC"


def _within(name: str) -> tuple[Folder, str]:
    """Return the folder of the job that a name begins with, and the name within it."""
    job_id, _, rest = name.partition("/")
    return _folder(read_job(job_id if job_id.isprintable() else "")), rest


def _jobs() -> Listing:
    with service().store.reading() as session:
        jobs, _ = queue.list_jobs(
            session, who().name, states=[State.SUCCESSFUL], limit=queue.MOST_LISTED
        )
    return Listing(_NAME, tuple((job.id, _title(job)) for job in jobs if job.folder), ())


@blueprint.get("/thredds", doc_ui=False)
@needs("read")
def begin() -> Any:
    """Lead people to the page with all jobs."""
    return redirect(f"{request.script_root}{CATALOGUE}catalog.html")


@blueprint.get(f"{CATALOGUE}catalog.<any(xml,html):form>", doc_ui=False)
@blueprint.get(f"{CATALOGUE}<path:name>/catalog.<any(xml,html):form>", doc_ui=False)
@needs("read")
def list_folder(path: CataloguePath) -> Response:
    """List jobs, or what is in the folder of one."""
    if not path.name:
        return answer_listing(_jobs(), path.form)
    folder, name = _within(path.name)
    return answer_listing(folder.listing(name), path.form)


@blueprint.get(f"{FILES}<path:name>", doc_ui=False)
@needs("read")
def send_whole_file(path: ThreddsPath) -> Response:
    """Send a file of a job, or a range of it."""
    folder, name = _within(path.name)
    answer = answer_file(folder.file(name))
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


@blueprint.get(f"{DODS}<path:name>.<any(dds,das,dods,ascii,ver):kind>", doc_ui=False)
@needs("read")
def send_by_opendap(path: DodsPath) -> Response:
    """Send what is asked for of a NetCDF file of a job."""
    folder, name = _within(path.name)
    return answer_dap(folder.file(name), path.kind)
