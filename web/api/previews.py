"""A quick look at a case with other parameters, answered while somebody drags a slider."""

from __future__ import annotations

import hashlib
import json
import time as clock
from typing import Any

from flask import request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, Field, FiniteFloat, field_validator

from web.api.documents import problems
from web.context import service
from web.data.inputs import admit, resolve
from web.jobs.inputs import CheckedCase, Inputs, unqualified
from web.people.access import needs, who
from web.people.quotas import particle_steps, quotas_of, refuse_preview
from web.previews import asking
from witoil.case.parts import Time
from witoil.case.tunables import refuse_values
from witoil.errors import CaseError
from witoil.times import exact

MOST_PARTICLES = 20_000

blueprint = APIBlueprint(
    "previews",
    __name__,
    abp_tags=[Tag(name="preview", description="A case with other parameters, at once")],
    abp_responses=problems(409, 413, 415, 429),
)


class PreviewBody(Inputs):
    """A case, and with which parameters to look at it."""

    case: CheckedCase = Field(description="The case, keys as in a case file.")
    parameters: dict[str, FiniteFloat] = Field(
        {}, max_length=50, description="Tunable parameters that differ from the case."
    )
    particles: int = Field(
        5000, ge=1, le=MOST_PARTICLES, description="Used in place of the case's."
    )
    session: str = Field(
        "",
        max_length=100,
        description="A newer request of the same session takes the place of an older one.",
    )
    time: Time | None = Field(
        None, description="Time to show; default: the last observation, else the end."
    )
    polygons: bool = Field(False, description="Whether to return the outline of the slick, too.")

    @field_validator("parameters")
    @classmethod
    def _possible(cls, values: dict[str, float]) -> dict[str, float]:
        try:
            refuse_values(values)
        except CaseError as error:
            raise ValueError(str(error)) from None
        return values


class Positions(BaseModel):
    """Where particles are: afloat, under water or on the coast."""

    count: int
    bounds: list[float] = Field(
        min_length=4,
        max_length=4,
        description="West, south, east, north; east may be beyond 180. [degree]",
    )
    encoding: str = Field(
        description="uint16le-base64: x and y of each particle in turn, little-endian; 0 in the "
        "west and south, 65535 in the east and north."
    )
    data: str
    statuses: str = Field(description="Base64 of a byte for each: the status as in particles.nc.")


class PreviewAnswer(BaseModel):
    """What a map shows of a run with these parameters."""

    time: str = Field(description="What is shown: the output nearest to the time asked for. UTC")
    score: float | None = Field(description="What a calibration makes as large as it can.")
    fss: dict[str, float | None] | None = Field(
        description="Fractions Skill Score by window [cells], mean over observations."
    )
    scores: list[dict[str, Any]] = Field(description="All scores of each observation.")
    area_m2: float = Field(description="Area of the cells with oil. [m2]")
    positions: Positions
    polygons: dict[str, Any] | None = Field(None, description="Outline of the slick, GeoJSON.")
    elapsed_ms: float


@blueprint.post("/preview", responses={200: PreviewAnswer})
@needs("run")
def preview(body: PreviewBody) -> dict[str, Any]:
    """Run a case with other parameters and few particles, and score it."""
    began = clock.perf_counter()
    question = _question(body)
    answer = asking.ask(service().settings.data, question)
    return {**answer, "elapsed_ms": round(1e3 * (clock.perf_counter() - began), 1)}


def _question(body: PreviewBody) -> dict[str, Any]:
    """Return what the process of previews is asked, for a case that may be simulated."""
    settings, person = service().settings, who()
    document = unqualified(request.get_json()["case"])
    case = {**document, "model": {**document.get("model", {}), "particles": body.particles}}
    given, bounded = {"case": case}, _few(body)
    with service().store.reading() as session:
        files = admit(session, person.name, given, settings, within=())
        refuse_preview(
            session,
            person,
            quotas_of(session, person, settings),
            particle_steps("simulate", bounded),
        )
        inputs = resolve(session, person.name, given, settings)
    return {
        "owner": person.name,
        "session": body.session,
        "key": _key(given, files),
        "inputs": inputs,
        "parameters": body.parameters,
        "time": None if body.time is None else exact(body.time),
        "polygons": body.polygons,
    }


def _few(body: PreviewBody) -> PreviewBody:
    """Return a request whose case has the particles that are asked for."""
    model = body.case.model.model_copy(update={"particles": body.particles})
    return body.model_copy(update={"case": body.case.model_copy(update={"model": model})})


def _key(given: dict[str, Any], files: dict[str, str]) -> str:
    """Return what is the same for the same case and data."""
    text = json.dumps([given, files], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
