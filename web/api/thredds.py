"""Files of a person's jobs and of the operator as THREDDS serves them: lists, OPeNDAP, whole."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from flask import Response, redirect, request
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel

from catalog.errors import CatalogError
from catalog.server.answers import answer_dap, answer_file, answer_listing
from catalog.server.folder import Folder, Listing, NamedFiles
from catalog.server.listing import CATALOGUE, DODS, FILES
from web.api.documents import problems
from web.api.jobs import read_job
from web.api.runs import folder_of
from web.context import service
from web.data.catalogue import read_catalogue
from web.errors import NotFoundError
from web.jobs import queue
from web.people.access import needs, who
from web.store.jobs import Job, State

blueprint = APIBlueprint("thredds", __name__, abp_responses=problems())


@blueprint.after_request
def _ask_for_password(answer: Response) -> Response:
    """Tell programs that know passwords only, as those on the NetCDF library, to show theirs."""
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        answer.headers.add("WWW-Authenticate", 'Basic realm="witoil", charset="UTF-8"')
    return answer


_OPERATOR = "catalogue"
"""What stands in place of the id of a job where data of the operator are meant."""


class CataloguePath(BaseModel):
    """Which folder; the first of its names is the id of a job, or `catalogue`."""

    name: str = ""
    form: Literal["xml", "html"]


class ThreddsPath(BaseModel):
    """Which file; the first of its names is the id of a job, or `catalogue`."""

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


def _within(name: str) -> tuple[Folder | NamedFiles, str]:
    """Return the job or the entry of the catalogue that a name begins with, and the rest of it."""
    first, _, rest = name.partition("/")
    if first == _OPERATOR:
        entry, _, rest = rest.partition("/")
        return _entry(entry), rest
    return _folder(read_job(first if first.isprintable() else "")), rest


def _entry(name: str) -> NamedFiles:
    """Return the files of an entry of the catalogue.

    Raises
    ------
    NotFoundError
        There is no such entry, or its files have gone.
    """
    entry = read_catalogue(service().settings.catalogue).get(name)
    if entry is None:
        raise NotFoundError("the catalogue has no such entry; see /thredds/catalog/catalogue")
    try:
        files = entry.files_by_name()
    except CatalogError:
        raise NotFoundError(f"the files of the entry {name} are gone; tell the operator") from None
    return NamedFiles(files, entry.title, f"{_OPERATOR}/{name}/")


def _entries() -> Listing:
    entries = read_catalogue(service().settings.catalogue)
    shown = [
        (name, entry.title)
        for name, entry in sorted(entries.items())
        if not all("://" in file for file in entry.files)  # those are on other servers
    ]
    return Listing("Data of the operator", tuple(shown), ())


def _top() -> Listing:
    with service().store.reading() as session:
        jobs, _ = queue.list_jobs(
            session, who().name, states=[State.SUCCESSFUL], limit=queue.MOST_LISTED
        )
    made = [(job.id, _title(job)) for job in jobs if job.folder]
    entries = _entries()
    operator = [(_OPERATOR, entries.title)] if entries.folders else []
    return Listing("Data of the operator, results of your jobs", (*operator, *made), ())


@blueprint.get("/thredds", doc_ui=False)
@needs("read")
def begin() -> Any:
    """Lead people to the page with all jobs."""
    return redirect(f"{request.script_root}{CATALOGUE}catalog.html")


@blueprint.get(f"{CATALOGUE}catalog.<any(xml,html):form>", doc_ui=False)
@blueprint.get(f"{CATALOGUE}<path:name>/catalog.<any(xml,html):form>", doc_ui=False)
@needs("read")
def list_folder(path: CataloguePath) -> Response:
    """List what there is: jobs, data of the operator, or what is in a folder of these."""
    if not path.name:
        return answer_listing(_top(), path.form)
    if path.name == _OPERATOR:
        return answer_listing(_entries(), path.form)
    folder, name = _within(path.name)
    return answer_listing(folder.listing(name), path.form)


@blueprint.get(f"{FILES}<path:name>", doc_ui=False)
@needs("read")
def send_whole_file(path: ThreddsPath) -> Response:
    """Send a file, or a range of it."""
    folder, name = _within(path.name)
    answer = answer_file(folder.file(name))
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


@blueprint.get(f"{DODS}<path:name>.<any(dds,das,dods,ascii,ver):kind>", doc_ui=False)
@needs("read")
def send_by_opendap(path: DodsPath) -> Response:
    """Send what is asked for of a NetCDF file."""
    folder, name = _within(path.name)
    return answer_dap(folder.file(name), path.kind)
