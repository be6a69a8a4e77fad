"""Particles of a job's run, by output step: small whole numbers, as pages that draw want them."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Response, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from web.api.documents import JobPath
from web.api.runs import RUN_PROBLEMS, run_of, successful_folder
from web.errors import ContentError, NotFoundError
from web.faults import Fault
from web.maps.kept import kept_with_header
from web.people.access import needs

TAG = Tag(name="map", description="What a map draws of a run")

MOST_BYTES = 64_000_000
"""Largest answer. [byte]"""

blueprint = APIBlueprint(
    "particles", __name__, url_prefix="/jobs", abp_tags=[TAG], abp_responses=RUN_PROBLEMS
)


class Scale(BaseModel):
    """How whole numbers stand for values.

    `linear`: `offset` + `step` · number. `logarithmic`: 0 is nothing, else
    `greatest` · `ratio` ^ (number − `most`).
    """

    kind: str
    offset: float | None = None
    step: float | None = None
    greatest: float | None = None
    ratio: float | None = None
    most: int | None = None


class Column(BaseModel):
    """A variable of the particles.

    `x`: longitude [degree]; `y`: of Mercator's projection, asinh(tan(latitude)) in degrees;
    `mass` [kg]; `z` [m], negative downwards; `age` [h], since the first output at which the
    particle was out; `status`: a code.
    """

    name: str
    type: str = Field(description="uint8 or uint16")
    scale: Scale | None = None


class Layout(BaseModel):
    """How a record of one output step is laid out: column after column, then zeros.

    Numbers have their lowest byte first.
    """

    missing: int = Field(description="Stands for no value in columns of uint16.")
    align: int = Field(description="Records have a multiple of so many bytes.")
    columns: list[Column]


class Particles(BaseModel):
    """What is needed to read the records of the output steps."""

    times: list[str] = Field(description="Times of the output steps, UTC.")
    count: int = Field(description="Particles in a record that is not thinned.")
    statuses: dict[str, str] = Field(description="Names of the codes in the column `status`.")
    bounds: list[float] = Field(
        description="West, south, east, north [degree]; east may be beyond 180."
    )
    layout: Layout


class StepsPath(JobPath):
    """Which output steps of which job, from 0; both ends are meant."""

    first: int = Field(ge=0, le=10**6)
    last: int = Field(ge=0, le=10**6)


class StepsQuery(BaseModel):
    """How many of the particles."""

    model_config = ConfigDict(extra="forbid")

    thin: int = Field(1, ge=1, le=10**6, description="One particle in so many, a fair sample.")


def _kept_steps(job_id: str) -> tuple[dict[str, Any], Path]:
    from witoil.player.steps import write_steps  # what reads runs takes a second to load

    folder = successful_folder(job_id)
    run = run_of(folder)
    if run.particles is None:
        raise NotFoundError(
            f"the run is one of {run.command}, which has no particles of its own; expected a "
            "simulation, or a search over one window"
        )
    return kept_with_header(folder, "particles.bin", lambda path: write_steps(run, path))


@blueprint.get("/<jobID>/particles", responses={200: Particles})
@needs("read")
def describe_particles(path: JobPath) -> dict[str, Any]:
    """Say when the output steps of a run are, and how the records of them are laid out."""
    return _kept_steps(path.job_id)[0]


STEPS_ANSWERS: dict[str | int | HTTPStatus, Any] = {
    200: {
        "description": "Records of the output steps, one after the other, in the layout that "
        "`/jobs/{jobID}/particles` tells. A thinned record has `ceil(count / thin)` particles, "
        "always the same ones, in the same order.",
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    },
    304: {"description": "The client has it."},
}


@blueprint.get("/<jobID>/particles/<first>-<last>", responses=STEPS_ANSWERS)
@needs("read")
def send_steps(path: StepsPath, query: StepsQuery) -> Response:
    """Send the particles of output steps."""
    from witoil.player.steps import read_steps, record_bytes, sampled_count

    header, file = _kept_steps(path.job_id)
    steps = len(header["times"])
    if not path.first <= path.last < steps:
        raise NotFoundError(
            f"found the output steps {path.first} to {path.last}, expected some from 0 to "
            f"{steps - 1}, the earlier one first"
        )
    length = record_bytes(header, sampled_count(header, query.thin))
    if (path.last - path.first + 1) * length > MOST_BYTES:
        raise ContentError(
            [
                Fault(
                    "/last",
                    f"found {path.last - path.first + 1} output steps of {length:,} bytes each, "
                    f"expected {max(MOST_BYTES // length, 1)} at most: ask for fewer at once, or "
                    "for a greater thin",
                )
            ]
        )
    state = file.stat()
    answer = Response(mimetype="application/octet-stream")
    answer.set_etag(f"{state.st_mtime_ns:x}-{path.first}-{path.last}-{query.thin}")
    answer.make_conditional(request)
    if answer.status_code == 200:
        answer.data = read_steps(header, file, path.first, path.last, query.thin)
    return answer
