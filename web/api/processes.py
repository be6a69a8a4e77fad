"""What can be asked for, and asking for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import wraps
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from flask import Response, current_app, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models import OPENAPI3_REF_TEMPLATE
from flask_openapi.models.schema import Schema
from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from web.api.documents import (
    JSON,
    REL,
    Execute,
    InputDescription,
    Link,
    OutputDescription,
    ProcessDescription,
    ProcessList,
    ProcessPath,
    ProcessSummary,
    Results,
    StatusInfo,
    href,
    problems,
)
from web.api.jobs import status_of
from web.api.landing import TAG
from web.api.results import results_of
from web.context import service
from web.data.inputs import admit
from web.data.products import admit_fetch
from web.errors import ContentError, NotFoundError
from web.faults import Fault
from web.jobs import queue
from web.jobs.callbacks import CallbackError, refuse_unlisted
from web.jobs.inputs import Inputs, unqualified
from web.jobs.outputs import NAME_OF_RESULT, Output, media_type
from web.jobs.processes import PROCESSES, Process
from web.people.access import needs, who
from web.people.quotas import charge, particle_steps, quotas_of, refuse_job
from web.previews import at_once
from web.store.jobs import Job

LOOK_SECONDS = 0.1
"""How often a request that waits looks for the end of its job. [s]"""

blueprint = APIBlueprint(
    "processes", __name__, url_prefix="/ogc/processes", abp_tags=[TAG], abp_responses=problems()
)


class ExecuteQuery(BaseModel):
    """How to execute."""

    anew: bool = Field(False, description="Compute even what has been computed before.")


@blueprint.get("", responses={200: ProcessList})
@needs("read")
def list_processes() -> dict[str, Any]:
    """List what can be asked for."""
    return ProcessList(
        processes=[ProcessSummary(**_summary(process)) for process in PROCESSES.values()],
        links=[Link(href=href("/ogc/processes"), rel="self")],
    ).shown()


@blueprint.get("/<processID>", responses={200: ProcessDescription})
@needs("read")
def describe_process(path: ProcessPath) -> dict[str, Any]:
    """Describe a process: its inputs and outputs."""
    process = _process(path.process_id)
    return ProcessDescription(
        **_summary(process),
        inputs={name: _input(process, name) for name in process.inputs.model_fields},
        outputs={
            NAME_OF_RESULT: OutputDescription(title="Figures", schema_={"type": "object"}),
            **{output.id: _output(output) for output in process.outputs},
        },
    ).shown()


@blueprint.post("/<processID>/execution", doc_ui=False)
@needs("run")
def execute_unknown(path: ProcessPath) -> Response:
    """Refuse what is not in the table; each process of the table has its own rule."""
    _process(path.process_id)
    raise NotFoundError("there is nothing here")  # pragma: no cover - the own rule goes first


def _process(process_id: str) -> Process:
    if process_id not in PROCESSES:
        raise NotFoundError(
            f"found no process {process_id!r}, expected one of {', '.join(PROCESSES)}",
            kind="no-such-process",
        )
    return PROCESSES[process_id]


def _summary(process: Process) -> dict[str, Any]:
    address = f"/ogc/processes/{process.id}"
    return {
        "id": process.id,
        "title": process.title,
        "description": process.description,
        "version": version("witoil"),
        "job_control_options": [
            *(["sync-execute"] if process.is_short else []),
            "async-execute",
            "dismiss",
        ],
        "output_transmission": ["value", "reference"],
        "links": [
            Link(href=href(address), rel="self", title="Description"),
            Link(href=href(f"{address}/execution"), rel=f"{REL}execute", title="Execute"),
        ],
    }


def _input(process: Process, name: str) -> InputDescription:
    """Describe an input; the schema stands in the document of the service, with all it refers to.

    A schema within a description would have to be one of OpenAPI 3.0, which knows less.
    """
    field = process.inputs.model_fields[name]
    where = f"/openapi.json#/components/schemas/{process.inputs.__name__}/properties/{name}"
    return InputDescription(
        title=name,
        description=field.description,
        min_occurs=int(field.is_required()),
        schema_={"$ref": href(where)},
    )


def _output(output: Output) -> OutputDescription:
    file = {"type": "string", "contentMediaType": media_type(output.pattern)}
    schema = {"type": "array", "items": file} if output.is_many else file
    return OutputDescription(title=output.title, schema_=schema)


def _describe_bodies(bodies: Iterable[type[Execute]]) -> None:
    """Add the schemas of bodies to the document: all at once, as most of them hold a case."""
    asked: list[tuple[type[BaseModel], JsonSchemaMode]] = [(body, "validation") for body in bodies]
    _, found = models_json_schema(asked, ref_template=OPENAPI3_REF_TEMPLATE)
    blueprint.components_schemas |= {
        name: Schema.model_validate(schema) for name, schema in found["$defs"].items()
    }


def _add_execution(process: Process, body: type[Execute]) -> None:
    """Add the rule by which a process is executed, with the model of what is sent."""

    def execute(query: ExecuteQuery, body: Execute) -> Response:
        return _execute(process, body, anew=query.anew)

    execute.__annotations__ = {"query": ExecuteQuery, "return": Response}
    execute.__name__ = execute.__qualname__ = f"execute_{process.id}"
    execute.__doc__ = f"{process.title}.\n\n{process.description}"
    schema = {"$ref": OPENAPI3_REF_TEMPLATE.format(model=body.__name__)}
    blueprint.post(
        f"/{process.id}/execution",
        request_body={"content": {JSON: {"schema": schema}}, "required": True},
        responses={
            **({200: Results} if process.is_short else {}),
            201: StatusInfo,
            **problems(413, 415, 429),
        },
    )(needs("run")(_validated(execute, body)))


def _validated(
    execute: Callable[[ExecuteQuery, Execute], Response], body: type[Execute]
) -> Callable[[], Response]:
    """Return what executes after the query and the body were checked.

    The library would check before the rights are looked at, or else make the schema of a case
    anew for each request.
    """

    @wraps(execute)
    def answer() -> Response:
        try:
            query = ExecuteQuery.model_validate({name: request.args[name] for name in request.args})
            return execute(query, body.model_validate(request.get_json(silent=True)))
        except ValidationError as error:
            raise ContentError.of(error) from None

    answer.__delay_validate_request__ = True  # type: ignore[attr-defined]
    return answer


_BODIES = {
    _each.id: create_model(
        f"Execute{_each.id.title()}", __base__=Execute, inputs=(_each.inputs, ...)
    )
    for _each in PROCESSES.values()
}

_describe_bodies(_BODIES.values())
for _each in PROCESSES.values():
    _add_execution(_each, _BODIES[_each.id])


def _execute(process: Process, body: Execute, *, anew: bool) -> Response:
    asked = request.get_json()["inputs"]
    given = {name: unqualified(value) for name, value in asked.items()}
    subscriber = _subscriber(body)
    until = time.monotonic() + service().settings.wait_seconds
    wants_to_wait = process.is_short and "respond-async" not in request.headers.get("Prefer", "")
    job = enqueue(
        process, body.inputs, given, subscriber=subscriber, anew=anew, at_once_too=wants_to_wait
    )
    if wants_to_wait:
        job = awaited(job, until)
        if job.state in queue.ENDED:
            return current_app.make_response(results_of(job))
    answer = current_app.make_response((status_of(job).shown(), HTTPStatus.CREATED))
    answer.headers["Location"] = href(f"/ogc/jobs/{job.id}")
    if not wants_to_wait:
        answer.headers["Preference-Applied"] = "respond-async"
    return answer


def enqueue(
    process: Process,
    inputs: Inputs,
    given: dict[str, Any],
    *,
    subscriber: dict[str, str] | None = None,
    anew: bool = False,
    at_once_too: bool = False,
) -> Job:
    """Put a job of whoever asks into the queue, where they may have it and what it names.

    Parameters
    ----------
    process : Process
    inputs : Inputs
        As they were checked.
    given : dict
        The same as they were sent.
    subscriber, anew
        See `web.jobs.queue.submit`.
    at_once_too : bool
        Do it within this request, where it is one that can be.

    Raises
    ------
    ContentError, QuotaError
    """
    settings, person = service().settings, who()
    steps = particle_steps(process.id, inputs)
    products = admit_fetch(inputs, settings)
    with service().store.session() as session:
        files = admit(session, person.name, given, settings) | products
        refuse_job(session, person, quotas_of(session, person, settings), steps)
        job = queue.submit(
            session,
            person.name,
            process.id,
            given,
            queue.key_of(process.id, given, files),
            subscriber=subscriber,
            anew=anew,
        )
        charge(session, job, steps)
        taken = at_once.take(session, job, settings) if at_once_too else None
    if taken:
        at_once.do(service().store, job, taken, settings.data)
    return job


def _subscriber(body: Execute) -> dict[str, str]:
    """Return the addresses that are to be called, by what for.

    Raises
    ------
    ContentError
        If one of them is none of a host that the operator allows.
    """
    if body.subscriber is None:
        return {}
    addresses = body.subscriber.shown()
    try:
        refuse_unlisted(addresses, service().settings.callback_hosts)
    except CallbackError as error:
        raise ContentError([Fault("/subscriber", f"subscriber: {error}")]) from None
    return addresses


def awaited(job: Job, until: float | None = None) -> Job:
    """Return a job when it has ended, or as it is at a time of the monotonic clock. [s]"""
    until = until or time.monotonic() + service().settings.wait_seconds
    while True:
        with service().store.reading() as session:
            job = queue.get(session, job.owner, job.id)
        is_late = time.monotonic() > until
        if job.state in queue.ENDED or is_late or service().stopping.wait(LOOK_SECONDS):
            return job
