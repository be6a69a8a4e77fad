"""Data that the operator has named, for anybody's cases."""

from __future__ import annotations

from typing import Any

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, Field

from web.api.documents import problems
from web.context import service
from web.data.catalogue import REFERENCE, read_catalogue
from web.people.access import needs

TAG = Tag(name="Catalogue", description="Data that the operator has named")

blueprint = APIBlueprint("catalogue", __name__, abp_tags=[TAG], abp_responses=problems())


class EntryInfo(BaseModel):
    """An entry of the catalogue."""

    name: str
    title: str
    reference: str = Field(description="What a case has in place of files.")


class Catalogue(BaseModel):
    """All entries, by their names."""

    entries: list[EntryInfo]


@blueprint.get("/catalogue", responses={200: Catalogue})
@needs("read")
def list_entries() -> dict[str, Any]:
    """List the data that the operator has named, but for the slicks of spills: see `/events`."""
    entries = read_catalogue(service().settings.catalogue)
    return Catalogue(
        entries=[
            EntryInfo(name=name, title=entry.title, reference=REFERENCE + name)
            for name, entry in sorted(entries.items())
            if not entry.spills
        ]
    ).model_dump(mode="json")
