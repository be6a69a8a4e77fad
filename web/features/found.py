"""A feature as it was found, before it has a row in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import split_at_180, unbroken, unbroken_box, wrapped_box
from web.store.features import NEVER, Feature, seconds_of
from witoil.files import plain


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

    def row(self, owner: str, source: str) -> Feature:
        """Return it as a row.

        Raises
        ------
        CatalogError
            If it has a hole that encloses a pole.
        """
        whole = unbroken([self.geometry], self.id)[0]
        west, south, east, north = unbroken_box(wrapped_box(whole.bounds))
        start, end = (_seconds(time) for time in (self.start, self.end))
        return Feature(
            collection=self.collection,
            id=_storable(self.id),
            owner=owner,
            source=source,
            start=start,
            end=end,
            duration=end - start,
            west=west,
            south=south,
            east=east,
            north=north,
            geometry=shapely.to_wkb(split_at_180(whole)),
            properties=_storable(
                plain({k: v for k, v in self.properties.items() if v is not None})
            ),
            assets=self.assets,
        )

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it; `read` reads it back."""
        return {
            "collection": self.collection,
            "id": self.id,
            "geometry": shapely.geometry.mapping(self.geometry),
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


def _storable(value: Any) -> Any:
    """Return a document as any database takes it: no NUL, no halves of characters."""
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode("utf-8")
        return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return value


def _seconds(time: datetime | None) -> float:
    return NEVER if time is None else seconds_of(time)


def not_empty(found: Iterable[Found]) -> list[Found]:
    """Return those that are somewhere."""
    return [each for each in found if not each.geometry.is_empty]
