"""STAC API 1.0: masks and runs as items with their files, for programs that search catalogues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import shapely
from flask import Response, current_app, jsonify
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import wrapped_box
from web.api.documents import PUBLIC as ANYBODY
from web.api.documents import Link, href, problems
from web.api.features import (
    GEOJSON,
    MOST_ON_A_PAGE,
    AfterCursor,
    Extent,
    FeaturePath,
    bad_request,
    extent_of,
    geometry_of,
    owners,
    page_of,
    properties_of,
    query_of,
)
from web.api.landing import OPENAPI
from web.api.queries import NO_NUL, BoundingBox, Period, box_of
from web.context import service
from web.errors import ContentError, NotFoundError
from web.faults import Fault
from web.features import records
from web.features.collections import COLLECTIONS, DETECTIONS, OBSERVATIONS, RUNS
from web.features.search import Page, Place, Query
from web.jobs.outputs import media_type
from web.jobs.wanted import on_earth
from web.people.access import needs
from web.store.features import NEVER, Feature, time_of
from witoil.times import exact

VERSION = "1.0.0"
TAG = Tag(name="STAC", description="STAC API 1.0.")

SEARCHED = (OBSERVATIONS, RUNS, DETECTIONS)
"""Collections that have files."""

CONFORMS_TO = [
    *(f"https://api.stacspec.org/v1.0.0/{p}" for p in ("core", "collections", "item-search")),
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{part}"
        for part in ("core", "geojson")
    ),
]

LAST = 1e12
"""After all times that there are, and before that of what has none. [s]"""

_LICENSE = "proprietary"
_GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
_MOST_LETTERS = 200_000  # of a geometry in an address

blueprint = APIBlueprint(
    "stac", __name__, url_prefix="/stac", abp_tags=[TAG], abp_responses=problems()
)
blueprint.register_error_handler(ContentError, bad_request)


class Catalog(BaseModel):
    """What the catalogue is, and where all else is."""

    type: str = "Catalog"
    stac_version: str = VERSION
    id: str
    title: str
    description: str
    conforms_to: list[str] = Field(alias="conformsTo")
    links: list[Link]

    model_config = ConfigDict(populate_by_name=True)


class StacConformance(BaseModel):
    """Which parts of the standards are kept to."""

    conforms_to: list[str] = Field(alias="conformsTo")

    model_config = ConfigDict(populate_by_name=True)


class StacCollection(BaseModel):
    """A collection of items."""

    type: str = "Collection"
    stac_version: str = VERSION
    id: str
    title: str
    description: str
    license: str = _LICENSE
    extent: Extent
    links: list[Link]


class StacCollections(BaseModel):
    """The collections of items."""

    collections: list[StacCollection]
    links: list[Link]


def _geometry(value: dict[str, Any]) -> dict[str, Any]:
    _shape_of(value)
    return value


def _geometry_text(text: str) -> str:
    _shape_of(_parsed(text))
    return text


def _parsed(text: str) -> Any:
    try:
        return current_app.json.loads(text)
    except ValueError as error:
        raise ValueError(f"found no JSON ({error}), expected a geometry of GeoJSON") from None


def _shape_of(value: Any) -> BaseGeometry:
    """Return the shape of a geometry of GeoJSON.

    Raises
    ------
    ValueError
    """
    if not isinstance(value, dict) or value.get("type") not in _GEOMETRIES:
        raise ValueError(f"expected a geometry of GeoJSON, one of {', '.join(_GEOMETRIES)}")
    try:
        found = shape(value)
    except Exception:  # whatever shapely makes of coordinates that are none
        raise ValueError("its coordinates are none of GeoJSON") from None
    if found.is_empty or not shapely.is_valid(found):
        raise ValueError("found a geometry that is empty or crosses itself, expected a valid one")
    west, south, east, north = found.bounds
    on_earth((west, south, east, north))
    return found


Word = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]
Words = Annotated[list[Word], Field(max_length=1000)]


def _words(text: str) -> str:
    if len(text.split(",")) > 1000 or "\0" in text:
        raise ValueError("expected names, parted by commas, a thousand at most")
    return text


class _Narrowed(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    period: Period | None = Field(
        None, alias="datetime", description="A time, a date, or START/END; one may be `..`."
    )
    limit: int = Field(100, ge=1, le=MOST_ON_A_PAGE)
    cursor: AfterCursor | None = Field(
        None, description="Where a page begins, as the link `next` has it."
    )


class StacItemsQuery(_Narrowed):
    """Which items of a collection."""

    bbox: BoundingBox | None = None


class SearchQuery(StacItemsQuery):
    """Which items, in an address."""

    intersects: Annotated[str, AfterValidator(_geometry_text)] | None = Field(
        None, max_length=_MOST_LETTERS, description="Geometry of GeoJSON."
    )
    ids: Annotated[str, AfterValidator(_words)] | None = Field(
        None, max_length=20_000, description="Parted by commas."
    )
    collections: Annotated[str, AfterValidator(_words)] | None = Field(
        None, max_length=2000, description="Parted by commas."
    )


def _box(numbers: list[float]) -> list[float]:
    box_of(",".join(map(repr, numbers)))
    return numbers


class SearchBody(_Narrowed):
    """Which items, in a body."""

    bbox: Annotated[list[float], Field(min_length=4, max_length=6), AfterValidator(_box)] | None = (
        None
    )
    intersects: Annotated[dict[str, Any], AfterValidator(_geometry)] | None = None
    ids: Words | None = None
    collections: Words | None = None


class StacPath(BaseModel):
    """Which collection."""

    collection: str


class ItemPath(FeaturePath):
    """Which item."""

    collection: str


@blueprint.get("/", responses={200: Catalog}, openapi_extensions=ANYBODY)
def show_catalog() -> dict[str, Any]:
    """Show where all else is."""
    searches = [
        {**_link("/stac/search", "search", GEOJSON), "method": method} for method in ("GET", "POST")
    ]
    links = [
        _link("/stac", "self"),
        _link("/stac", "root"),
        _link("/stac/collections", "data"),
        _link("/stac/conformance", "conformance"),
        _link("/openapi.json", "service-desc", OPENAPI),
        _link("/api/", "service-doc", "text/html"),
        *searches,
        *(_link(f"/stac/collections/{name}", "child") for name in SEARCHED),
    ]
    return {
        "type": "Catalog",
        "stac_version": VERSION,
        "id": "witoil",
        "title": "witoil",
        "description": "Masks of slicks that were seen, runs of where their oil went, and what "
        "models have found in images.",
        "conformsTo": CONFORMS_TO,
        "links": links,
    }


@blueprint.get("/conformance", responses={200: StacConformance}, openapi_extensions=ANYBODY)
def show_conformance() -> dict[str, Any]:
    """List which parts of the standards are kept to."""
    return {"conformsTo": CONFORMS_TO}


@blueprint.get("/collections", responses={200: StacCollections})
@needs("read")
def list_collections() -> dict[str, Any]:
    """List the collections of items."""
    return {
        "collections": [_collection(name) for name in SEARCHED],
        "links": [_link("/stac/collections", "self"), _link("/stac", "root")],
    }


def _link(path: str, rel: str, media: str = "application/json") -> dict[str, Any]:
    return {"href": href(path), "rel": rel, "type": media}


def _collection(name: str) -> dict[str, Any]:
    collection = COLLECTIONS[name]
    with service().store.reading() as session:
        found = extent_of(session, query_of((name,), place=None, period=None))
    # a collection has to have one; of nothing that is nowhere and never
    nowhere = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None] * 2]}}
    address = f"/stac/collections/{name}"
    return {
        "type": "Collection",
        "stac_version": VERSION,
        "id": name,
        "title": collection.title,
        "description": collection.description,
        "license": _LICENSE,
        "extent": found.shown() if found is not None else nowhere,
        "links": [
            _link(address, "self"),
            _link("/stac", "root"),
            _link("/stac", "parent"),
            _link(f"{address}/items", "items", GEOJSON),
        ],
    }


def _known(name: str) -> str:
    """Return the name of a collection.

    Raises
    ------
    NotFoundError
        If there is none of it.
    """
    if name not in SEARCHED:
        raise NotFoundError(f"there is no such collection; expected {' or '.join(SEARCHED)}")
    return name


@blueprint.get("/collections/<collection>", responses={200: StacCollection})
@needs("read")
def show_collection(path: StacPath) -> dict[str, Any]:
    """Describe a collection of items."""
    return _collection(_known(path.collection))


_ANSWERS: Any = {200: {"description": "GeoJSON, STAC items.", "content": {GEOJSON: {}}}}


@blueprint.get("/collections/<collection>/items", responses=_ANSWERS)
@needs("read")
def list_items(path: StacPath, query: StacItemsQuery) -> Response:
    """List the items of a collection."""
    address = href(f"/stac/collections/{_known(path.collection)}/items")
    asked = _query((path.collection,), bbox=query.bbox, period=query.period)
    return _found(asked, query, _next_address(address, query))


@blueprint.get("/collections/<collection>/items/<id>", responses=_ANSWERS)
@needs("read")
def show_item(path: ItemPath) -> Response:
    """Show an item."""
    with service().store.reading() as session:
        feature = records.get_feature(session, _known(path.collection), path.id, owners())
    if feature.start == NEVER:
        raise NotFoundError("the time of the feature is not known; expected one that STAC can have")
    return _answer(item_of(feature))


@blueprint.get("/search", responses=_ANSWERS)
@needs("read")
def search(query: SearchQuery) -> Response:
    """Search items by place, time, collection and id, as an address has it."""
    asked = _query(
        _split(query.collections),
        bbox=query.bbox,
        shape=None if query.intersects is None else _parsed(query.intersects),
        period=query.period,
        ids=_split(query.ids),
    )
    return _found(asked, query, _next_address(href("/stac/search"), query))


@blueprint.post("/search", responses={**_ANSWERS, **problems(415)})
@needs("read")
def search_by_body(body: SearchBody) -> Response:
    """Search items by place, time, collection and id, as a body has it."""
    asked = _query(
        None if body.collections is None else tuple(body.collections),
        bbox=None if body.bbox is None else ",".join(map(repr, body.bbox)),
        shape=body.intersects,
        period=body.period,
        ids=None if body.ids is None else tuple(body.ids),
    )

    def following(cursor: str) -> dict[str, Any]:
        given = body.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)
        link = _link("/stac/search", "next", GEOJSON)
        return {**link, "method": "POST", "body": given | {"cursor": cursor}}

    return _found(asked, body, following)


def _split(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(text.split(","))


def _query(
    collections: tuple[str, ...] | None,
    *,
    bbox: str | None = None,
    shape: dict[str, Any] | None = None,
    period: str | None = None,
    ids: tuple[str, ...] | None = None,
) -> Query:
    """Return a query of what STAC can have: of what has a time.

    Raises
    ------
    ContentError
        If there is both a box and a geometry.
    """
    if bbox is not None and shape is not None:
        raise ContentError([Fault("/intersects", "intersects: found it beside bbox, expected one")])
    place = None
    if bbox is not None:
        place = Place.of_box(box_of(bbox))
    elif shape is not None:
        place = Place.of_shape(_shape_of(shape))
    wanted = SEARCHED if collections is None else collections
    chosen = tuple(name for name in SEARCHED if name in wanted)
    query = query_of(chosen, place=place, period=period, ids=ids)
    return query if period is not None else replace(query, end=LAST)


def _next_address(address: str, query: BaseModel) -> Callable[[str], dict[str, Any]]:
    def following(cursor: str) -> dict[str, Any]:
        given = query.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)
        where = f"{address}?{urlencode(given | {'cursor': cursor})}"
        return {"href": where, "rel": "next", "type": GEOJSON, "method": "GET"}

    return following


def _found(query: Query, asked: _Narrowed, following: Callable[[str], dict[str, Any]]) -> Response:
    """Return a page of items."""
    page = Page([], 0, None)
    if query.collections:
        with service().store.reading() as session:
            page = page_of(session, query, limit=asked.limit, offset=0, cursor=asked.cursor)
    links = [_link("/stac", "root")]
    if page.next is not None:
        links.append(following(str(page.next)))
    matched = {} if page.matched is None else {"numberMatched": page.matched}
    return _answer(
        {
            "type": "FeatureCollection",
            "features": [item_of(feature) for feature in page.features],
            "links": links,
            **matched,
            "numberReturned": len(page.features),
        }
    )


def _answer(document: dict[str, Any]) -> Response:
    answer = jsonify(document)
    answer.mimetype = GEOJSON
    return answer


def item_of(feature: Feature) -> dict[str, Any]:
    """Return the STAC item of a feature whose time is known."""
    start, end = time_of(feature.start), time_of(feature.end)
    assert start is not None
    assert end is not None
    told = {f"witoil:{k}": v for k, v in properties_of(feature).items() if v is not None}
    told["datetime"] = exact(start) if start == end else None
    if start != end:
        told |= {"start_datetime": exact(start), "end_datetime": exact(end)}
    if feature.properties.get("sensor"):
        told["platform"] = str(feature.properties["sensor"]).lower()
    address = f"/stac/collections/{feature.collection}"
    box = wrapped_box((feature.west, feature.south, feature.east, feature.north))
    return {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": [],
        "id": feature.id,
        "collection": feature.collection,
        "geometry": geometry_of(feature),
        "bbox": list(box),
        "properties": told,
        "assets": dict(_assets(feature)),
        "links": [
            _link(f"{address}/items/{quote(feature.id)}", "self", GEOJSON),
            _link(address, "parent"),
            _link(address, "collection"),
            _link("/stac", "root"),
        ],
    }


def _assets(feature: Feature) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the files of a feature by their names, with the addresses at which they are."""
    kind, _, parent = feature.parent.partition(":")
    for name, place in feature.assets.items():
        if kind == "job":
            where = f"/ogc/jobs/{parent}/files/{quote(place)}"
        elif kind == "upload":
            where = f"/uploads/{parent}/content"
        else:
            where = f"/ogc/collections/{OBSERVATIONS}/items/{quote(feature.id)}/files/{quote(name)}"
        yield name, {"href": href(where), "type": media_type(place), "roles": ["data"]}
