"""OGC API - Features 1.0 (OGC 17-069r4): what was seen and what was computed, for GIS programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import shapely
from flask import Response, jsonify, send_file
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model
from sqlalchemy.orm import Session

from web.api.documents import Document, Link, href, problems
from web.api.queries import NO_NUL, BoundingBox, Period, box_of, ends_of
from web.context import service
from web.errors import ContentError, ForbiddenError, NotFoundError, problem
from web.faults import Fault
from web.features import records
from web.features.collections import (
    COLLECTIONS,
    DETECTIONS,
    OBSERVATIONS,
    Collection,
    OilType,
    Property,
    Verdict,
)
from web.features.search import Cursor, Page, Place, Query, extent, find
from web.jobs.outputs import media_type
from web.people.access import needs, who
from web.people.usage import note_judged
from web.store.base import now
from web.store.features import PUBLIC, Feature, seconds_of, time_of
from witoil.times import second

TAG = Tag(name="features", description="OGC API - Features 1.0.")
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
CRS = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

LEAST, MOST = "_min", "_max"
"""What stands behind the name of a property that is a number, where it has to be within bounds."""

_BOUNDS = {LEAST: "; this at least", MOST: "; this at most"}

MOST_ON_A_PAGE = 10_000
blueprint = APIBlueprint(
    "features", __name__, url_prefix="/ogc/collections", abp_tags=[TAG], abp_responses=problems()
)


class Extent(Document):
    """Where and when there are features of a collection."""

    spatial: dict[str, Any]
    temporal: dict[str, Any]


class CollectionInfo(Document):
    """A collection, and where its features are."""

    id: str
    title: str
    description: str
    item_type: Literal["feature"] = "feature"
    extent: Extent | None = Field(None, description="Missing where there is no feature.")
    crs: tuple[str, ...] = (CRS,)
    storage_crs: str = CRS
    links: list[Link]


class CollectionList(Document):
    """The collections of features."""

    collections: list[CollectionInfo]
    links: list[Link]


class FeatureInfo(Document):
    """A feature of GeoJSON (RFC 7946), cut at 180 degrees."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any]
    properties: dict[str, Any]
    links: list[Link] | None = None


class FeatureList(Document):
    """A page of features."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[FeatureInfo]
    links: list[Link]
    time_stamp: datetime
    number_matched: int | None = Field(
        None, description="Features on all pages; left out where there are too many to count."
    )
    number_returned: int


class AnnotationInfo(BaseModel):
    """What an analyst has said, and what was said before."""

    time: datetime
    person: str
    before: dict[str, Any]
    after: dict[str, Any]


class History(BaseModel):
    """What analysts have said of a feature, the first word first."""

    annotations: list[AnnotationInfo]


def _cursor(text: str) -> str:
    Cursor.read(text)
    return text


AfterCursor = Annotated[str, Field(max_length=60), AfterValidator(_cursor)]


class ItemsQuery(BaseModel):
    """Which features of a collection."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    bbox: BoundingBox | None = Field(
        None,
        description="West, south, east, north in degrees (CRS84); east below west across 180. Six "
        "numbers have heights, which are not looked at.",
    )
    period: Period | None = Field(
        None,
        alias="datetime",
        description="A time, a date, or START/END, of which one may be `..`. Features without a "
        "time are in none.",
    )
    limit: int = Field(100, ge=1, le=MOST_ON_A_PAGE)
    offset: int = Field(0, ge=0, le=10**9)
    cursor: AfterCursor | None = Field(
        None, description="Where a page begins, as the link `next` has it."
    )


class Judged(BaseModel):
    """What an analyst says of what a model has found; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict = Field("unchecked", description="Whether it is what it was taken for.")
    note: str | None = Field(None, max_length=2000, pattern=NO_NUL)


class Said(Judged):
    """What an analyst says of an observation; what is left out stays as it is."""

    type: OilType = Field("unknown", description="What the slick is of.")
    class_: str | None = Field(
        None,
        alias="class",
        max_length=20,
        pattern=NO_NUL,
        description="How sure the detection is.",
    )


_SAID: Mapping[str, type[Judged]] = {OBSERVATIONS: Said, DETECTIONS: Judged}
"""What analysts may say of features of a collection, by its id."""


def _of_use(text: str) -> str:
    return text if len(text) <= 300 and text.isprintable() else ""


class FeaturePath(BaseModel):
    """Which feature."""

    id: Annotated[str, AfterValidator(_of_use)] = Field(
        description="Id of a feature, as a list has it."
    )


class FeatureFilePath(FeaturePath):
    """Which file of which feature."""

    name: str = Field(description="Name of a file, as the assets of the STAC item have it.")


def owners() -> tuple[str, str]:
    """Return whose features whoever asks may see: their own and everybody's."""
    return (who().name, PUBLIC)


def query_of(
    collections: tuple[str, ...],
    *,
    place: Place | None,
    period: str | None,
    ids: tuple[str, ...] | None = None,
    **properties: tuple[tuple[str, Any], ...],
) -> Query:
    """Return a query of what whoever asks may see; `properties` are those of `Query`."""
    start, end = (None, None) if period is None else ends_of(period)
    return Query(
        collections,
        owners(),
        place,
        None if start is None else seconds_of(start),
        None if end is None else seconds_of(end),
        ids=ids,
        **properties,
    )


def page_of(session: Session, query: Query, *, limit: int, offset: int, cursor: str | None) -> Page:
    """Return a page of features.

    Raises
    ------
    ContentError
        If the offset is beyond the last of them.
    """
    after = None if cursor is None else Cursor.read(cursor)
    page = find(session, query, limit=limit, offset=offset, after=after)
    if offset and not page.features:
        raise ContentError(
            [Fault("/offset", f"offset: found {offset}, expected fewer than there are features")]
        )
    return page


def geometry_of(feature: Feature) -> dict[str, Any]:
    """Return the geometry of a feature as GeoJSON has it."""
    geometry: dict[str, Any] = shapely.geometry.mapping(shapely.from_wkb(feature.geometry))
    return geometry


def properties_of(feature: Feature) -> dict[str, Any]:
    """Return the properties of a feature; all that its collection has, so that pages are alike."""
    start, end = (time_of(each) for each in (feature.start, feature.end))
    known = {each.name: None for each in COLLECTIONS[feature.collection].properties}
    times = {
        "start": None if start is None else second(start),
        "end": None if end is None else second(end),
    }
    return {**known, **times, **feature.properties}


def _document(feature: Feature) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": feature.id,
        "geometry": geometry_of(feature),
        "properties": properties_of(feature),
    }


def _address(collection: str) -> str:
    return href(f"/ogc/collections/{collection}")


def _described(session: Session, collection: Collection) -> CollectionInfo:
    address = _address(collection.id)
    query = query_of((collection.id,), place=None, period=None)
    return CollectionInfo(
        id=collection.id,
        title=collection.title,
        description=collection.description,
        extent=extent_of(session, query),
        links=[
            Link(href=address, rel="self"),
            Link(href=f"{address}/items", rel="items", type=GEOJSON, title=collection.title),
            Link(href=f"{address}/schema", rel="describedby", type=SCHEMA, title="Properties"),
            Link(
                href=f"{address}/schema",
                rel="http://www.opengis.net/def/rel/ogc/1.0/queryables",
                type=SCHEMA,
                title="What can be asked for",
            ),
        ],
    )


def extent_of(session: Session, query: Query) -> Extent | None:
    """Return where and when features are; None where there are none."""
    found = extent(session, query)
    if found is None:
        return None
    box, *ends = found
    interval = [None if end is None else second(time_of(end) or end) for end in ends]  # type: ignore[arg-type]
    return Extent(
        spatial={"bbox": [list(box)], "crs": CRS},
        temporal={
            "interval": [interval],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        },
    )


@blueprint.get("", responses={200: CollectionList})
@needs("read")
def list_collections() -> dict[str, Any]:
    """List the collections of features."""
    with service().store.reading() as session:
        found = [_described(session, each) for each in COLLECTIONS.values()]
    return CollectionList(
        collections=found, links=[Link(href=href("/ogc/collections"), rel="self")]
    ).model_dump(mode="json", by_alias=True, exclude_none=True)


def _items(collection: Collection, query: Any) -> dict[str, Any]:
    """Return a page of features of a collection as GeoJSON."""
    given = query.model_dump(by_alias=True, exclude_none=True)

    def chosen(suffix: str) -> tuple[tuple[str, Any], ...]:
        asked = ((each.name, f"{each.name}{suffix}") for each in collection.properties)
        return tuple((name, given[key]) for name, key in asked if key in given)

    place = None if query.bbox is None else Place.of_box(box_of(query.bbox))
    asked = query_of(
        (collection.id,),
        place=place,
        period=query.period,
        equal=chosen(""),
        at_least=chosen(LEAST),
        at_most=chosen(MOST),
    )
    with service().store.reading() as session:
        page = page_of(session, asked, limit=query.limit, offset=query.offset, cursor=query.cursor)
        moment = now(session)
    return {
        "type": "FeatureCollection",
        "features": [_document(each) for each in page.features],
        "links": [link.model_dump(exclude_none=True) for link in _pages(collection, query, page)],
        "timeStamp": second(moment),
        **({} if page.matched is None else {"numberMatched": page.matched}),
        "numberReturned": len(page.features),
    }


def _pages(collection: Collection, query: Any, page: Page) -> Iterator[Link]:
    address = f"{_address(collection.id)}/items"
    asked = query.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)
    given = f"?{urlencode(asked)}" if asked else ""
    yield Link(href=f"{address}{given}", rel="self", type=GEOJSON, title="This page")
    if page.next is not None:
        rest = {k: v for k, v in asked.items() if k != "offset"} | {"cursor": str(page.next)}
        yield Link(href=f"{address}?{urlencode(rest)}", rel="next", type=GEOJSON, title="Next page")
    yield Link(href=_address(collection.id), rel="collection", title=collection.title)


def _single(feature: Feature) -> Response:
    address = _address(feature.collection)
    links = [
        Link(href=f"{address}/items/{feature.id}", rel="self", type=GEOJSON),
        Link(href=address, rel="collection"),
    ]
    if COLLECTIONS[feature.collection].is_judged:
        links.append(Link(href=f"{address}/items/{feature.id}/history", rel="version-history"))
    shown = [link.model_dump(exclude_none=True) for link in links]
    return _answer({**_document(feature), "links": shown}, GEOJSON)


def _answer(document: dict[str, Any], media: str) -> Response:
    answer = jsonify(document)
    answer.mimetype = media
    if media == GEOJSON:
        answer.headers["Content-Crs"] = f"<{CRS}>"
    return answer


def _schema(collection: Collection) -> dict[str, Any]:
    """Return the JSON schema of the properties of a collection."""
    known: dict[str, Any] = {
        "geometry": {"format": "geometry-any", "x-ogc-role": "primary-geometry"},
        "start": {"title": "Start, UTC", "type": "string", "format": "date-time"},
        "end": {"title": "End, UTC", "type": "string", "format": "date-time"},
    }
    for each in collection.properties:
        known[each.name] = {"title": each.title, "type": each.kind}
        if each.values:
            known[each.name]["enum"] = list(each.values)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{_address(collection.id)}/schema",
        "type": "object",
        "title": collection.title,
        "properties": known,
    }


_Text = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]

_Integer = Annotated[int, Field(ge=-(2**53), le=2**53)]
"""What a float holds exactly, as which databases compare."""


def _query_model(collection: Collection) -> type[ItemsQuery]:
    """Return the query of a collection: its properties beside place, time and page."""
    fields: dict[str, Any] = {}
    for each in collection.properties:
        for suffix, told in {"": "", **(_BOUNDS if each.kind != "string" else {})}.items():
            kind = float if suffix else _type_of(each)
            field = Field(None, alias=f"{each.name}{suffix}", description=f"{each.title}{told}")
            fields[f"property_{each.name}{suffix}"] = (kind | None, field)
    name = "".join(part.title() for part in collection.id.split("-"))
    return create_model(f"{name}Query", __base__=ItemsQuery, **fields)


def _type_of(each: Property) -> Any:
    if each.values:
        return Literal[each.values]
    return {"string": _Text, "number": float, "integer": _Integer}[each.kind]


_SCHEMAS: Any = {200: {"description": "JSON schema.", "content": {SCHEMA: {}}}}


def _described_as(model: type[BaseModel]) -> Any:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {200: {"description": "GeoJSON.", "content": {GEOJSON: {"schema": schema}}}}


def _get(rule: str, collection: Collection, summary: str, **options: Any) -> Callable[..., Any]:
    """Add an address of a collection, which has a name of its own in each."""
    endpoint = f"{summary.split()[0].lower()}_{rule.strip('/').replace('/', '_')}"
    return blueprint.get(
        rule,
        summary=f"{summary} {collection.id}.",
        endpoint=re.sub(r"\W", "_", endpoint),
        **options,
    )


def _add(collection: Collection) -> None:
    """Add the addresses of a collection."""
    address = f"/{collection.id}"

    @needs("read")
    def show_collection() -> dict[str, Any]:
        with service().store.reading() as session:
            return _described(session, collection).shown()

    @needs("read")
    def show_schema() -> Response:
        return _answer(_schema(collection), SCHEMA)

    def list_items(query: Any) -> Response:
        return _answer(_items(collection, query), GEOJSON)

    list_items.__annotations__["query"] = _query_model(collection)

    @needs("read")
    def show_item(path: FeaturePath) -> Response:
        with service().store.reading() as session:
            feature = records.get_feature(session, collection.id, path.id, owners())
        return _single(feature)

    described = {200: CollectionInfo}
    _get(address, collection, "Describe the collection", responses=described)(show_collection)
    _get(f"{address}/schema", collection, "Show the properties of", responses=_SCHEMAS)(show_schema)
    listed = _described_as(FeatureList)
    _get(f"{address}/items", collection, "List features of", responses=listed)(
        needs("read")(list_items)
    )
    one = _described_as(FeatureInfo)
    _get(f"{address}/items/<id>", collection, "Show a feature of", responses=one)(show_item)


def _add_words(collection: Collection, said: type[Judged]) -> None:
    """Add the addresses at which analysts say what features of a collection are."""
    address = f"/{collection.id}/items/<id>"

    def annotate(path: FeaturePath, body: Any) -> Response:
        given = body.model_dump(by_alias=True, exclude_unset=True)
        with service().store.session() as session:
            feature = records.get_feature(session, collection.id, path.id, owners())
            if feature.owner == PUBLIC and "admin" not in who().scopes:
                raise ForbiddenError(
                    "the feature is of the operator; expected a token with the scope admin"
                )
            records.annotate(session, feature, who().name, given)
            if given.get("verdict", "unchecked") != "unchecked":
                note_judged(session, who().name, feature)
        return _single(feature)

    annotate.__annotations__["body"] = said

    @needs("read")
    def show_history(path: FeaturePath) -> dict[str, Any]:
        with service().store.reading() as session:
            feature = records.get_feature(session, collection.id, path.id, owners())
            found = records.history(session, feature.id)
        return History(
            annotations=[
                AnnotationInfo(
                    time=each.time, person=each.person, before=each.before, after=each.after
                )
                for each in found
            ]
        ).model_dump(mode="json")

    blueprint.patch(
        address,
        summary=f"Say what a feature of {collection.id} is.",
        description="It needs the scope admin where the feature is of the operator.",
        endpoint=f"annotate_{collection.id}",
        responses=_described_as(FeatureInfo),
    )(needs("run")(annotate))
    _get(
        f"{address}/history",
        collection,
        "Tell what analysts have said of a feature of",
        responses={200: History},
    )(show_history)


for _collection in COLLECTIONS.values():
    _add(_collection)
    if _collection.is_judged:
        _add_words(_collection, _SAID[_collection.id])


@blueprint.get(
    f"/{OBSERVATIONS}/items/<id>/files/<name>",
    responses={
        200: {"description": "The file.", "content": {"*/*": {}}},
        206: {"description": "A part of it.", "content": {"*/*": {}}},
        304: {"description": "The client has it."},
        **problems(416),
    },
)
@needs("read")
def send_file_of_observation(path: FeatureFilePath) -> Response:
    """Send a file that an observation of the operator was read from."""
    with service().store.reading() as session:
        feature = records.get_feature(session, OBSERVATIONS, path.id, owners())
    place = feature.assets.get(path.name) if feature.owner == PUBLIC else None
    if place is None or not Path(place).is_file():
        raise NotFoundError("there is no such file of the observation")
    return send_file(
        place,
        mimetype=media_type(place),
        as_attachment=True,
        download_name=Path(place).name,
        conditional=True,
    )


def bad_request(error: ContentError) -> Response:
    """Answer mistakes in a request as OGC API - Features and STAC have it, by 400."""
    return problem(HTTPStatus.BAD_REQUEST, str(error), faults=error.faults)


blueprint.register_error_handler(ContentError, bad_request)
