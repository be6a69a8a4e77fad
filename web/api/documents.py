"""Documents of OGC API – Processes 1.0 (OGC 18-062r2), and how operations describe their answers.

Names of the fields are those of the standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from flask import request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from web.errors import MEDIA_TYPE
from web.jobs.inputs import Inputs

JSON = "application/json"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"

PUBLIC: dict[str, Any] = {"security": []}
"""Marks operations for which nobody has to be signed in."""

StateName = Literal["accepted", "running", "successful", "failed", "dismissed"]


class Document(BaseModel):
    """A document of the standard; names in Python are ours."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    def shown(self) -> dict[str, Any]:
        """Return it by the names of the standard; what there is none of is left out."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Link(BaseModel):
    """A link of RFC 8288."""

    href: str
    rel: str
    type: str | None = JSON
    title: str | None = None


class Landing(Document):
    """What the service is, and where all else is."""

    title: str
    description: str
    links: list[Link]


class Conformance(Document):
    """Which parts of the standard are kept to."""

    conforms_to: list[str]


class ProcessSummary(Document):
    """A process in the list."""

    id: str
    title: str
    description: str
    version: str
    job_control_options: list[Literal["sync-execute", "async-execute", "dismiss"]]
    output_transmission: list[Literal["value", "reference"]]
    links: list[Link]


class ProcessList(Document):
    """What can be asked for."""

    processes: list[ProcessSummary]
    links: list[Link]


class InputDescription(Document):
    """What an input is; `schema` is one of OpenAPI, or refers to one."""

    title: str
    description: str | None = None
    min_occurs: int
    max_occurs: int = 1
    schema_: dict[str, Any] = Field(alias="schema")


class OutputDescription(Document):
    """What an output is."""

    title: str
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")


class ProcessDescription(ProcessSummary):
    """A process with its inputs and outputs."""

    inputs: dict[str, InputDescription]
    outputs: dict[str, OutputDescription]


class StatusInfo(Document):
    """How far a job is."""

    type: Literal["process"] = "process"
    job_id: str = Field(alias="jobID")
    process_id: str = Field(alias="processID")
    status: StateName
    message: str
    progress: int = Field(ge=0, le=100, description="[%]")
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    updated: datetime
    links: list[Link]


class JobList(Document):
    """Jobs, the newest first."""

    jobs: list[StatusInfo]
    number_matched: int
    links: list[Link]


class Results(BaseModel):
    """Outputs of a job by their names: `result` as a value, all others as links to files."""

    model_config = ConfigDict(extra="allow")


class Subscriber(Document):
    """Whom to tell of the end of a job, by POST; hosts that the operator allows only."""

    success_uri: str = Field(max_length=2000)
    in_progress_uri: str | None = Field(None, max_length=2000)
    failed_uri: str | None = Field(None, max_length=2000)


class Execute(Document):
    """A request to do something: the inputs, and whom to tell."""

    inputs: Inputs
    subscriber: Subscriber | None = None
    response: Literal["document"] = Field(
        "document", description="Outputs are named in one document."
    )


def _of_use(job_id: str) -> str:
    return job_id if len(job_id) <= 36 and job_id.isprintable() else ""


class JobPath(BaseModel):
    """Which job."""

    job_id: Annotated[str, AfterValidator(_of_use)] = Field(alias="jobID")


class ProcessPath(BaseModel):
    """Which process."""

    process_id: str = Field(alias="processID")


def href(path: str) -> str:
    """Return the address under which the client that is asking reaches a path of the service."""
    return request.root_url.rstrip("/") + path


PROBLEMS: Mapping[int, str] = {
    400: "Not readable: no JSON, or a host by another name.",
    401: "Nobody is signed in.",
    403: "Whoever is signed in may not do this.",
    404: "There is none, or it is another's.",
    409: "Not possible in the state that the job is in.",
    413: "More bytes than are taken.",
    415: "Another content type than is expected.",
    416: "A range that the file does not have.",
    422: "Readable, and not what is expected; `errors` names the fields.",
    429: "As much as was granted is in use.",
    503: "Busy; try again in a moment.",
}


def problems(*statuses: int) -> dict[str | int, Any]:
    """Return how problems with these statuses are described, beside those of every operation."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": PROBLEMS[status], "content": {MEDIA_TYPE: schema}}
        for status in sorted({400, 401, 403, 404, 422, 503, *statuses})
    }
