"""A feature as it was found, before it has a row in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class Found:
    """A feature of a collection.

    Attributes
    ----------
    collection : str
    id : str
        That no other feature of the collection has.
    geometry : BaseGeometry
        Not empty; longitudes as they are read or as they are cut. [degrees]
    start, end : datetime or None
        UTC; None where no time is known.
    properties : dict
    assets : dict
        Names of files, and where they are: see `web.store.features.Feature`.
    """

    collection: str
    id: str
    geometry: BaseGeometry
    start: datetime | None
    end: datetime | None
    properties: dict[str, Any] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it; `read` reads it back."""
        return {
            "collection": self.collection,
            "id": self.id,
            "geometry": mapping(self.geometry),
            "start": self.start and self.start.isoformat(),
            "end": self.end and self.end.isoformat(),
            "properties": self.properties,
            "assets": self.assets,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Found:
        """Return what `document` has written.

        Raises
        ------
        ValueError, LookupError, TypeError
            If it is something else.
        """
        start, end = (
            None if document[name] is None else datetime.fromisoformat(document[name])
            for name in ("start", "end")
        )
        return cls(
            document["collection"],
            document["id"],
            shape(document["geometry"]),
            start,
            end,
            dict(document["properties"]),
            dict(document["assets"]),
        )


def not_empty(found: Iterable[Found]) -> list[Found]:
    """Return those that are somewhere."""
    return [each for each in found if not each.geometry.is_empty]
