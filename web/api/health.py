"""Whether the service lives, and whether it can do what it is asked."""

from __future__ import annotations

from typing import Any, Literal

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel
from sqlalchemy import select

from web.api.documents import PUBLIC, problems
from web.context import service

blueprint = APIBlueprint(
    "health",
    __name__,
    url_prefix="/health",
    abp_tags=[Tag(name="health", description="Whether the service lives.")],
    abp_responses=problems(),
)


class Health(BaseModel):
    """All is well; otherwise the answer is a problem."""

    status: Literal["ok"] = "ok"


@blueprint.get("/live", responses={200: Health}, openapi_extensions=PUBLIC)
def live() -> dict[str, Any]:
    """Say that the process answers."""
    return Health().model_dump()


@blueprint.get("/ready", responses={200: Health}, openapi_extensions=PUBLIC)
def ready() -> dict[str, Any]:
    """Say that the database answers, too."""
    with service().store.reading() as session:
        session.execute(select(1))
    return Health().model_dump()
