"""The simulator as a model of DEEPaaS, and trainings: all of them are jobs of the service.

To predict is to simulate a case, to train is to calibrate it; a hosted module is trained by itself.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import metadata
from typing import Any

from flask import request
from pydantic import ValidationError

from web.api.documents import href
from web.api.jobs import job_of, status_of
from web.api.processes import awaited, enqueue
from web.api.results import results_of
from web.context import service
from web.errors import NotFoundError, without_paths
from web.faults import fault_of
from web.jobs import queue
from web.jobs.processes import PROCESSES
from web.people.access import who
from web.store.jobs import Job, State
from witoil.plugins.hosted.module import HostedModule

NAME = "witoil"
"""Name of the simulator, among the models."""

MOST_LISTED = 100
"""Trainings that are listed, the newest first to be kept."""

_STATUS = {
    State.ACCEPTED: "running",
    State.RUNNING: "running",
    State.SUCCESSFUL: "done",
    State.FAILED: "error",
    State.DISMISSED: "cancelled",
}
_CASE = "case"


class FieldsError(Exception):
    """Fields of a form that are wrong: messages by name, as DEEPaaS tells them."""

    def __init__(self, faults: dict[str, list[str]]) -> None:
        super().__init__(faults)
        self.faults = faults


def described() -> dict[str, Any]:
    """Return what DEEPaaS has of the simulator."""
    said = metadata("witoil")
    return {
        "id": NAME,
        "name": NAME,
        "links": [
            {"rel": "self", "href": href(f"/v2/models/{NAME}")},
            {"rel": "alternate", "type": "text/html", "href": href("/")},
        ],
        "description": said["Summary"],
        "version": said["Version"],
        "license": said["License-Expression"],
        "author": [said["Author"]],
        "task": "simulate",
        "labels": [],
        "versions": [said["Version"]],
        "platform": "witoil",
    }


def simulated() -> tuple[dict[str, Any], int]:
    """Simulate the case of the current request; return the answer and its status.

    A client waits for it as long as for other jobs; then it is told where the job is, which goes
    on.
    """
    job = awaited(_asked("simulate", {_CASE: _case()}))
    address = href(f"/ogc/jobs/{job.id}")
    if job.state not in queue.ENDED:
        return {"status": "running", "predictions": status_of(job).shown()}, 202
    found = {"job": address, **results_of(job)}
    return {"status": "OK", "predictions": found}, 200


def start(
    name: str, module: HostedModule | None, fields: Mapping[str, list[str]]
) -> dict[str, Any]:
    """Start a training.

    Raises
    ------
    FieldsError
    NotFoundError
    """
    if module is None:
        return _training(_asked("optimise", {_CASE: _case()}))
    parameters, faults = module.read_fields("train", fields)
    if faults:
        raise FieldsError(faults)
    return _training(_asked("train", {"module": name, "parameters": parameters}))


def trainings(name: str) -> list[dict[str, Any]]:
    """Return the trainings of a model that whoever asks has started, the oldest first."""
    process = _process(name)
    with service().store.reading() as session:
        jobs, _ = queue.list_jobs(session, who().name, processes=[process], limit=MOST_LISTED)
        ids = [job.id for job in jobs if job.state != State.DISMISSED]
    with service().store.reading() as session:
        found = [job_of(session, each) for each in reversed(ids)]
        return [_training(job) for job in found if _is_of(job, name)]


def training(name: str, uuid: str) -> dict[str, Any]:
    """Return a training.

    Raises
    ------
    NotFoundError
        Also where it was cancelled, or is another's.
    """
    with service().store.reading() as session:
        return _training(_found(job_of(session, uuid), name))


def cancel(name: str, uuid: str) -> dict[str, Any]:
    """End a training for good, and return it.

    Raises
    ------
    NotFoundError
    """
    with service().store.session() as session:
        _found(job_of(session, uuid), name)
        return _training(queue.dismiss(session, who().name, uuid))


def _found(job: Job, name: str) -> Job:
    if job.state == State.DISMISSED or not _is_of(job, name):
        raise NotFoundError(f"found no training {job.id!r} of {name}")
    return job


def _process(name: str) -> str:
    return "optimise" if name == NAME else "train"


def _is_of(job: Job, name: str) -> bool:
    return job.process == _process(name) and name in (NAME, job.inputs.get("module"))


def _asked(process: str, given: dict[str, Any]) -> Job:
    try:
        inputs = PROCESSES[process].inputs.model_validate(given)
    except ValidationError as error:
        faults = [fault_of(item).detail for item in error.errors(include_url=False)]
        raise FieldsError({next(iter(given)): faults}) from None
    return enqueue(PROCESSES[process], inputs, given, anew=process == "train")


def _training(job: Job) -> dict[str, Any]:
    """Return a job as DEEPaaS has a training."""
    found: dict[str, Any] = {
        "date": _date(job.created),
        "args": job.inputs.get("parameters", job.inputs),
        "uuid": job.id,
        "status": _STATUS[State(job.state)],
    }
    if job.state == State.FAILED:
        found["message"] = without_paths(job.reason or "")
    if job.state == State.SUCCESSFUL and job.finished is not None:
        result = dict(job.result or {})
        found["result"] = {
            "output": result.get("output", result),
            "finish_date": _date(job.finished),
            "duration": str(job.finished - job.created),
        }
    return found


def _date(time: datetime) -> str:
    """Return a time as DEEPaaS writes it; here it is UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _case() -> Any:
    """Return the case of the current request: a file or a field, in TOML or JSON.

    Raises
    ------
    FieldsError
    """
    part = request.files.get(_CASE)
    content = part.read() if part else request.values.get(_CASE, "").encode()
    if not content.strip():
        raise FieldsError({_CASE: ["Missing data for required field."]})
    try:
        text = content.decode()
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        # times of TOML become texts, and numbers that are none are refused
        return json.loads(json.dumps(found, default=lambda it: it.isoformat(), allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise FieldsError(
            {_CASE: [f"is neither TOML nor JSON ({str(error).splitlines()[0]})"]}
        ) from None
