"""Spills that the operator's catalogue has, and cases of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from catalog.forcing.names import ROLES, RoleName
from web.api.documents import Link, href, problems
from web.api.queries import BoundingBox, PageQuery, Period, box_of, ends_of, page_links
from web.context import service
from web.data import spills
from web.data.catalogue import read_catalogue
from web.data.inputs import files_named
from web.data.spills import Spills
from web.errors import without_paths
from web.people.access import needs, who
from witoil.geojson import geojson_of

if TYPE_CHECKING:
    from catalog.slicks.detection import Detection
    from catalog.slicks.event import Event

TAG = Tag(name="Events", description="Spills of the operator's catalogue, and cases of them")

blueprint = APIBlueprint(
    "spills", __name__, url_prefix="/events", abp_tags=[TAG], abp_responses=problems()
)

Word = Annotated[str, Field(min_length=1, max_length=100)]


class EventsQuery(PageQuery):
    """Which events."""

    bbox: BoundingBox | None = Field(None, description="Area that they touch. [degrees]")
    seen: Period | None = Field(
        None,
        alias="datetime",
        description="When something was seen: a time, or START/END, of which one may be `..`.",
    )
    country: Word | None = Field(None, description="Country that detections name, such as SYR.")
    sensor: Word | None = Field(None, description="Sensor that detections name, such as S1.")
    q: Word | None = Field(None, description="Part of an identifier, a sensor or a cause.")


class EventPath(BaseModel):
    """Which event."""

    event: str = Field(max_length=300, description="Its identifier, or that of a detection.")


Files = Annotated[list[str], Field(max_length=20)]


class CaseQuery(BaseModel):
    """Which forcing a case takes, by names as cases have them; default: what the catalogue has."""

    model_config = ConfigDict(extra="forbid")

    currents: Files = []
    winds: Files = []
    waves: Files = []
    temperature: Files = []


class ListedDetection(BaseModel):
    """A slick as one sensor saw it."""

    id: str
    time: datetime | None
    sensor: str | None
    quality: str | None = Field(description="How sure it is; A is the surest.")
    cause: str | None
    country: str | None = Field(description="ISO 3166-1 alpha-3.")
    layers: list[str] = Field(description="Classes of thickness that are told apart.")
    area_km2: float = Field(description="Area of its polygons. [km2]")
    volume_m3: tuple[float, float | None] | None = Field(
        description="Least and greatest; null where the greatest is not known. [m3]"
    )
    source: tuple[float, float] | None = Field(
        description="Where it comes from, longitude and latitude. [degrees]"
    )
    references: list[str] = Field(description="What a case has in place of its files.")


class SeenDetection(ListedDetection):
    """A slick as one sensor saw it, with its outline."""

    geometry: dict[str, Any] = Field(description="GeoJSON, cut at 180 degrees.")


class ListedEvent(BaseModel):
    """A spill: when and where it was seen."""

    id: str
    start: datetime | None
    end: datetime | None
    bbox: tuple[float, float, float, float] = Field(
        description="West, south, east, north; east less than west across 180 degrees."
    )
    missing: str | None = Field(description="What has to be known of it first.")
    detections: list[ListedDetection]
    links: list[Link]


class SeenEvent(ListedEvent):
    """A spill with the outlines of what was seen."""

    detections: list[SeenDetection]  # type: ignore[assignment]


class EventList(BaseModel):
    """Spills in the order of their first detections."""

    events: list[ListedEvent]
    number_matched: int
    left_out: list[str] = Field(description="What of the catalogue could not be read, and why.")
    links: list[Link]


class EventCase(BaseModel):
    """A case of an event."""

    case: dict[str, Any] = Field(description="The case, as the process simulate takes it.")


def _spills() -> Spills:
    return spills.read_spills(read_catalogue(service().settings.catalogue))


def _detection(detection: Detection, found: Spills) -> dict[str, Any]:
    references = [found.reference_of(file) for file in detection.files]
    volume = detection.volume_m3
    return {
        "id": detection.identifier,
        "time": detection.slick.time,
        "sensor": detection.sensor,
        "quality": detection.quality,
        "cause": detection.cause,
        "country": detection.country,
        "layers": list(detection.slick.thickness_class),
        "area_km2": detection.area_km2,
        "volume_m3": volume and tuple(None if math.isnan(each) else each for each in volume),
        "source": detection.source,
        "references": [each for each in references if each is not None],
    }


def _event(event: Event, found: Spills) -> dict[str, Any]:
    address = f"/events/{event.identifier}"
    return {
        "id": event.identifier,
        "start": event.detections[0].slick.time,
        "end": event.detections[-1].slick.time,
        "bbox": event.box,
        "missing": without_paths(event.missing) or None,
        "detections": [_detection(each, found) for each in event.detections],
        "links": [
            Link(href=href(address), rel="self"),
            Link(href=href(f"{address}/case"), rel="related", title="A case of it"),
        ],
    }


@blueprint.get("", responses={200: EventList})
@needs("read")
def list_events(query: EventsQuery) -> dict[str, Any]:
    """List the spills of the catalogue, in the order of time."""
    found = _spills()
    chosen = spills.select(
        found.events,
        box=None if query.bbox is None else box_of(query.bbox),
        period=(None, None) if query.seen is None else ends_of(query.seen),
        country=query.country,
        sensor=query.sensor,
        text=query.q,
    )
    page = chosen[query.offset : query.offset + query.limit]
    return EventList(
        events=[ListedEvent(**_event(event, found)) for event in page],
        number_matched=len(chosen),
        left_out=[without_paths(problem) for problem in found.problems],
        links=page_links("/events", query, len(chosen)),
    ).model_dump(mode="json", by_alias=True)


@blueprint.get("/<event>", responses={200: SeenEvent})
@needs("read")
def show_event(path: EventPath) -> dict[str, Any]:
    """Show a spill, with the outlines of what was seen."""
    found = _spills()
    event = found.find(path.event)
    told = _event(event, found)
    for shown, detection in zip(told["detections"], event.detections, strict=True):
        shown["geometry"] = geojson_of(detection.slick.geometry)
    return SeenEvent(**told).model_dump(mode="json")


@blueprint.get("/<event>/case", responses={200: EventCase})
@needs("read")
def make_case(path: EventPath, query: CaseQuery) -> dict[str, Any]:
    """Make a case of a spill: its first slick is released, the others are observed."""
    found = _spills()
    event = found.find(path.event)
    settings = service().settings
    given: dict[RoleName, Mapping[str, str]] = {}
    with service().store.reading() as session:
        for role in ROLES:
            if names := getattr(query, role):
                given[role] = files_named(session, who().name, names, settings)
    case = spills.case_of(event, found, given, read_catalogue(settings.catalogue))
    return EventCase(case=case).model_dump(mode="json")
