"""How a search goes: what it has tried so far, also while it runs."""

from __future__ import annotations

import json
from typing import Any

from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from web.api.documents import JobPath, problems
from web.api.jobs import read_job
from web.api.landing import TAG
from web.context import service
from web.errors import NotFoundError
from web.people.access import needs
from web.store.jobs import Job

STUDY = "study.json"
MOST_LISTED = 1000

blueprint = APIBlueprint(
    "trials", __name__, url_prefix="/ogc/jobs", abp_tags=[TAG], abp_responses=problems()
)


class TrialsQuery(BaseModel):
    """Which of the trials."""

    model_config = ConfigDict(extra="forbid")

    first: int = Field(0, ge=0, le=10**9, description="Number of the first trial to list.")


class Scored(BaseModel):
    """What a run scores."""

    score: float | None = Field(description="Mean of the FSS over windows, by 1 / window.")
    fss: dict[str, float | None] = Field(description="FSS by window, in cells.")


class Trial(BaseModel):
    """One set of parameters that was run."""

    number: int
    parameters: dict[str, float]
    score: float | None = Field(description="What it scores; null where the run failed.")
    penalised: float | None = Field(
        None, description="The score less what priors take off: the best has the highest."
    )


class Trials(BaseModel):
    """A search as it stands."""

    default: Scored | None = Field(description="The run with the parameters of the case.")
    persistence: Scored | None = Field(description="The slick last seen, unmoved.")
    useful_fss: float | None = Field(description="FSS from which a forecast is useful.")
    best: Scored | None
    number_matched: int = Field(description="Trials so far.")
    trials: list[Trial]


@blueprint.get("/<jobID>/trials", responses={200: Trials})
@needs("read")
def list_trials(path: JobPath, query: TrialsQuery) -> dict[str, Any]:
    """List what a search has tried so far, a thousand at once."""
    study = _study(read_job(path.job_id))
    rows = [row for row in study["history"] if "score" in row]
    last = query.first + MOST_LISTED
    return Trials(
        default=study["default"],
        persistence=study["persistence"],
        useful_fss=study.get("useful_fss"),
        best=study["best"],
        number_matched=len(rows),
        trials=rows[query.first : last],
    ).model_dump(mode="json")


def _study(job: Job) -> dict[str, Any]:
    """Return the record of a search as it stands.

    Raises
    ------
    NotFoundError
        Where there is none yet, or the job does not search.
    """
    try:
        folder = service().settings.jobs / (job.folder or job.id)
        study: dict[str, Any] = json.loads((folder / STUDY).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError("the job has not tried anything yet", kind="no-trials") from None
    return study
