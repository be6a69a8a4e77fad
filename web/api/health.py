"""Whether the service lives, and whether it can do what it is asked."""

from __future__ import annotations

from typing import Any, Literal

from flask_openapi import APIBlueprint, Tag
from pydantic import BaseModel
from sqlalchemy import select

from web.api.documents import problems
from web.context import service

health = APIBlueprint(
    "health",
    __name__,
    url_prefix="/health",
    abp_tags=[Tag(name="health", description="For those who run the service.")],
    abp_responses=problems(),
    abp_security=[],
)


class Health(BaseModel):
    """All is well; otherwise the answer is a problem."""

    status: Literal["ok"] = "ok"


@health.get("/live", responses={200: Health}, security=[])
def live() -> dict[str, Any]:
    """Say that the process answers."""
    return Health().model_dump()


@health.get("/ready", responses={200: Health}, security=[])
def ready() -> dict[str, Any]:
    """Say that the database answers, too."""
    with service().store.reading() as session:
        session.execute(select(1))
    return Health().model_dump()
