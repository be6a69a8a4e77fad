"""Currents and winds of a job's run, for the arrows of a map."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from web.api.documents import JobPath
from web.api.particles import TAG
from web.api.queries import BoundingBox, box_of
from web.api.runs import RUN_PROBLEMS, successful_job
from web.context import service
from web.data.inputs import MissingInputError, resolve
from web.errors import NotFoundError
from web.people.access import needs
from web.store.cases import case_of
from web.store.jobs import Job
from witoil.case.forcing import Forcing
from witoil.case.parts import Time
from witoil.times import datetime64

MOST_VECTORS = 5_000

blueprint = APIBlueprint(
    "fields", __name__, url_prefix="/jobs", abp_tags=[TAG], abp_responses=RUN_PROBLEMS
)


class FieldPath(JobPath):
    """Which field of the run of which job."""

    field: Literal["currents", "winds"]


class FieldQuery(BaseModel):
    """Where, when and how many."""

    model_config = ConfigDict(extra="forbid")

    bbox: BoundingBox
    time: Time = Field(description="UTC")
    count: int = Field(400, ge=1, le=MOST_VECTORS, description="So many vectors at most.")


class Vector(BaseModel):
    """The velocity at a node of the field."""

    lon: float = Field(description="[degree]")
    lat: float = Field(description="[degree]")
    east: float = Field(description="[m/s]")
    north: float = Field(description="[m/s]")


class FieldVectors(BaseModel):
    """Velocities at nodes of a field: towards where currents and winds go."""

    name: Literal["currents", "winds"]
    time: datetime
    unit: str
    vectors: list[Vector]


@blueprint.get("/<jobID>/fields/<field>", responses={200: FieldVectors})
@needs("read")
def send_vectors(path: FieldPath, query: FieldQuery) -> dict[str, Any]:
    """Send velocities of a field that has moved the oil, at nodes that are evenly chosen."""
    from web.maps.arrows import vectors_of  # what reads fields takes a second to load

    forcing = _forcing(successful_job(path.job_id))
    box = box_of(query.bbox)
    found = vectors_of(forcing, path.field, box, datetime64(query.time), query.count)
    if found is None:
        raise NotFoundError(f"the run had no {path.field}")
    rows = zip(*(column.round(5).tolist() for column in found), strict=True)
    vectors = [Vector(lon=a, lat=b, east=c, north=d) for a, b, c, d in rows]
    return FieldVectors(
        name=path.field, time=query.time, unit="m s-1", vectors=vectors
    ).model_dump()


def _forcing(job: Job) -> Forcing:
    """Return the forcing of a job's case, with files in place of names.

    Raises
    ------
    NotFoundError
        Something of it is gone, or it was of a server.
    """
    named = {"case": {"forcing": (case_of(job.inputs) or {}).get("forcing", {})}}
    try:
        with service().store.reading() as session:
            resolved = resolve(session, job.owner, named, service().settings)
    except MissingInputError as error:
        raise NotFoundError(str(error)) from None
    forcing = Forcing.model_validate(resolved["case"]["forcing"])
    for role in ("currents", "winds"):
        for product in forcing.products(role):
            files = [product.files] if isinstance(product.files, str) else product.files
            if any("://" in file for file in files):
                raise NotFoundError(
                    f"the {role} of the run are on another server; expected files that are stored "
                    "here, or of the catalogue"
                )
    return forcing
