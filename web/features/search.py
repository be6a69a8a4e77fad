"""Features found: by collection, place, time and properties, page by page.

A page begins after the last feature of the one before, not after a number of them, so that the
last page takes no longer than the first. Features are in the order of their starts.

Places are looked for in the index first. Where this finds few, these are all that is looked at, and
are counted. Where it finds many, features are gone through in order until a page is full.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    CompoundSelect,
    Select,
    and_,
    case,
    column,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from catalog.antimeridian import split_at_180, unbroken, unbroken_box, wrapped_box
from catalog.grid import Box
from web.store.features import BOXES, NEVER, TREE_SECONDS, Feature

MOST_COUNTED = 10_000
"""Features that are counted where not all of a collection are asked for; more are not."""

_AT_ONCE = 500  # rows read, and geometries looked at
_TURN = 360.0
_CURSOR = re.compile(r"(-?\d{1,20}(?:\.\d{1,9})?(?:e[+-]?\d{1,3})?)_(\d{1,18})")


class CursorError(ValueError):
    """What is no place in a list, as links to the next page have it."""


@dataclass(frozen=True)
class Cursor:
    """The last feature of a page.

    Attributes
    ----------
    start : float
        [s]
    number : int
    """

    start: float
    number: int

    def __str__(self) -> str:
        """Return it as a link has it; `read` reads it."""
        return f"{self.start!r}_{self.number}"

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Return the cursor of a link.

        Raises
        ------
        CursorError
        """
        match = _CURSOR.fullmatch(text)
        start = float(match[1]) if match else math.inf
        if match is None or not math.isfinite(start):
            raise CursorError(f"found {text[:40]!r}, expected what a link to the next page has")
        return cls(start, int(match[2]))


@dataclass(frozen=True)
class Place:
    """Where features have to be.

    Attributes
    ----------
    shape : BaseGeometry
        Cut at 180. [degrees]
    boxes : tuple of Box
        The box round it, at all turns at which boxes of features may be. [degrees]
    is_box : bool
        Whether that is all there is to it.
    """

    shape: BaseGeometry
    boxes: tuple[Box, ...]
    is_box: bool

    @classmethod
    def of_box(cls, box: Box) -> Place:
        """Return that of a box, whose east is below its west where it lies across 180."""
        west, south, east, north = unbroken_box(box)
        if east - west >= _TURN:
            west, east = -180.0, 180.0
        return cls(_boxed(west, south, east, north), _turned((west, south, east, north)), True)

    @classmethod
    def of_shape(cls, shape: BaseGeometry) -> Place:
        """Return that of a valid geometry of GeoJSON, cut at 180 or not.

        Raises
        ------
        CatalogError
            If a hole encloses a pole.
        """
        whole = unbroken([shape], "geometry")[0]
        return cls(split_at_180(whole), _turned(whole.bounds), False)


def _boxed(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """Return a box as what it is: an area, a line or a point."""
    if west < east and south < north:
        return split_at_180(shapely.box(west, south, east, north))
    if west == east and south == north:
        return shapely.Point(west, south)
    return split_at_180(shapely.LineString([(west, south), (east, north)]))


def _turned(box: Box) -> tuple[Box, ...]:
    """Return a box at each turn at which it can meet one that begins within -180 to 180."""
    west, south, east, north = box
    turns = (-_TURN, 0.0, _TURN)
    return tuple((west + t, south, east + t, north) for t in turns if east + t >= -180.0)


@dataclass(frozen=True)
class Query:
    """Which features.

    Attributes
    ----------
    collections, owners : tuple of str
    place : Place, optional
    start, end : float, optional
        What has no known time is in no period. [s]
    equal : tuple of (str, str or float)
        Properties and their values.
    at_least, at_most : tuple of (str, float)
        Properties that are numbers, and their bounds; what has none is beyond any.
    ids : tuple of str, optional
    """

    collections: tuple[str, ...]
    owners: tuple[str, ...]
    place: Place | None = None
    start: float | None = None
    end: float | None = None
    equal: tuple[tuple[str, str | float], ...] = ()
    at_least: tuple[tuple[str, float], ...] = ()
    at_most: tuple[tuple[str, float], ...] = ()
    ids: tuple[str, ...] | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether not all of the collections are asked for."""
        chosen = (self.place, self.start, self.end, self.ids)
        by_properties = (*self.equal, *self.at_least, *self.at_most)
        return bool(by_properties) or any(each is not None for each in chosen)


@dataclass(frozen=True)
class Page:
    """Some of the features of a query.

    Attributes
    ----------
    features : list of Feature
    matched : int or None
        How many there are on all pages; None: more than `MOST_COUNTED`.
    next : Cursor or None
        After what the next page begins.
    """

    features: list[Feature]
    matched: int | None
    next: Cursor | None


def find(
    session: Session, query: Query, *, limit: int, offset: int = 0, after: Cursor | None = None
) -> Page:
    """Return a page of features, in the order of their starts; those without a time are last.

    Parameters
    ----------
    session : Session
    query : Query
    limit : int
        At most so many.
    offset : int
        Leave out so many first.
    after : Cursor, optional
        Begin after this one.
    """
    place = query.place
    near = None if place is None else _near(session, query, place)
    if place is not None and near is not None:
        rows = list(_meeting(session, [near], place.shape))
        matched: int | None = len(rows)
        if after is not None:
            rows = [row for row in rows if (row[0], row[1]) > (after.start, after.number)]
        rows = rows[offset : offset + limit + 1]
    elif place is not None:
        matched = None
        wanted = _in_order(session, query, after).execution_options(yield_per=_AT_ONCE)
        streamed = _meeting(session, session.execute(wanted).partitions(), place.shape)
        rows = list(islice(streamed, offset, offset + limit + 1))
    else:
        matched = _count(session, query)
        wanted = _in_order(session, query, after).limit(limit + 1).offset(offset)
        rows = [(start, number) for start, number, _ in session.execute(wanted)]
    more = len(rows) > limit
    rows = rows[:limit]
    last = Cursor(*rows[-1]) if more else None
    return Page(_features(session, [number for _, number in rows]), matched, last)


def extent(session: Session, query: Query) -> tuple[Box, float | None, float | None] | None:
    """Return the box and the first and last time of features; None where there are none.

    Of more than `MOST_COUNTED` features the box is that of the Earth, and the times are open: None.
    """
    rows = _in_order(session, query).order_by(None).limit(MOST_COUNTED + 1).subquery()
    chosen = select(Feature).where(Feature.number.in_(select(rows.c.number))).subquery()
    of = chosen.c
    never = (
        case((of.start == NEVER, None), else_=of.start),
        case((of.end == NEVER, None), else_=of.end),
    )
    count, west, south, east, north, first, last = session.execute(
        select(
            func.count(),
            *(func.min(of.west), func.min(of.south), func.max(of.east), func.max(of.north)),
            *(func.min(never[0]), func.max(never[1])),
        )
    ).one()
    if not count:
        return None
    if count > MOST_COUNTED:
        return (-180.0, -90.0, 180.0, 90.0), None, None
    if east - west >= _TURN:
        west, east = -180.0, 180.0
    return wrapped_box((west, south, east, north)), first, last


def _features(session: Session, numbers: Sequence[int]) -> list[Feature]:
    found: dict[int, Feature] = {}
    for first in range(0, len(numbers), _AT_ONCE):
        wanted = select(Feature).where(Feature.number.in_(numbers[first : first + _AT_ONCE]))
        found |= {feature.number: feature for feature in session.scalars(wanted)}
    return [found[number] for number in numbers]


def _count(session: Session, query: Query) -> int | None:
    """Return how many there are: of all in a collection always, else up to `MOST_COUNTED`."""
    if not query.is_narrowed:
        # a range of an index that holds little else
        wanted = select(func.count()).select_from(Feature)
        ranges = product(query.collections, query.owners)
        return sum(session.execute(wanted.where(*_within(*each))).scalar_one() for each in ranges)
    some = _in_order(session, query).order_by(None).limit(MOST_COUNTED + 1).subquery()
    count: int = session.execute(select(func.count()).select_from(some)).scalar_one()
    return count if count <= MOST_COUNTED else None


def _within(collection: str, owner: str) -> list[ColumnElement[bool]]:
    return [Feature.collection == collection, Feature.owner == owner]


def _in_order(session: Session, query: Query, after: Cursor | None = None) -> CompoundSelect[Any]:
    """Return what selects start, number, and whether the place holds the box of each in order.

    A range of an index for each collection and owner, which the database merges.
    """
    conditions = list(_conditions(query))
    if after is not None:
        place_in_order = tuple_(Feature.start, Feature.number)
        conditions.append(place_in_order > tuple_(literal(after.start), literal(after.number)))
    ranges = [
        select(Feature.start, Feature.number, _holds(query.place, Feature).label("held")).where(
            *_within(*each), *_since(session, query, *each), *conditions
        )
        for each in product(query.collections, query.owners)
    ]
    return union_all(*ranges).order_by(column("start"), column("number"))


def _since(
    session: Session, query: Query, collection: str, owner: str
) -> list[ColumnElement[bool]]:
    """Say from where on in the order of starts there can be something of a period."""
    if query.start is None:
        return []
    longest = select(func.max(Feature.duration)).where(*_within(collection, owner))
    return [Feature.start >= query.start - (session.execute(longest).scalar_one() or 0.0)]


def _conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    """Yield what features have to be, by their rows."""
    yield from _when(query, Feature.start, Feature.end)
    if query.place is not None:
        yield or_(*(_overlap(Feature, box) for box in query.place.boxes))
    yield from _what(query)


def _when(query: Query, start: Any, end: Any, unit: float = 1.0) -> Iterator[ColumnElement[bool]]:
    """Yield what times have to be, which are in some unit. [s]"""
    if query.start is not None:
        yield end >= query.start / unit
    if query.end is not None:
        yield start <= query.end / unit
    if query.start is not None or query.end is not None:
        yield start < NEVER / unit


def _what(query: Query) -> Iterator[ColumnElement[bool]]:
    for name, value in query.equal:
        own = Feature.properties[name]
        yield own.as_string() == value if isinstance(value, str) else own.as_float() == value
    for name, least in query.at_least:
        yield Feature.properties[name].as_float() >= least
    for name, most in query.at_most:
        yield Feature.properties[name].as_float() <= most
    if query.ids is not None:
        yield Feature.id.in_(query.ids)


def _overlap(of: Any, box: Box) -> ColumnElement[bool]:
    west, south, east, north = box
    return and_(of.west <= east, of.east >= west, of.south <= north, of.north >= south)


def _holds(place: Place | None, of: Any) -> ColumnElement[Any]:
    """Return whether a box lies within a place, so that all that is in it does: 1 or 0."""
    if place is None or not place.is_box:
        return literal(0)
    held = (
        and_(of.west >= west, of.east <= east, of.south >= south, of.north <= north)
        for west, south, east, north in place.boxes
    )
    return case((or_(*held), 1), else_=0)


def _near(session: Session, query: Query, place: Place) -> list[tuple[float, int, int]] | None:
    """Return start, number, and whether the place holds the box, of what is near it, in order.

    None: more than `MOST_COUNTED`.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    near = _near_in_tree if is_sqlite else _near_in_gist
    found = union_all(*(near(query, place, box) for box in place.boxes)).limit(MOST_COUNTED + 1)
    rows = session.execute(found).all()
    if len(rows) > MOST_COUNTED:
        return None
    return sorted({(start, number, held) for start, number, held in rows})


def _near_in_tree(query: Query, place: Place, box: Box) -> Select[Any]:
    of = BOXES.c
    wanted = select(of.exact_start, of.number, _holds(place, of)).where(
        _overlap(of, box),
        *_when(query, of.start, of.end, TREE_SECONDS),
        *_when(query, of.exact_start, of.exact_end),
        of.collection.in_(query.collections),
        of.owner.in_(query.owners),
    )
    more = list(_what(query))
    if more:
        wanted = wanted.join(Feature, Feature.number == of.number).where(*more)
    return wanted


def _near_in_gist(query: Query, place: Place, box: Box) -> Select[Any]:
    west, south, east, north = box
    own = func.box(func.point(Feature.west, Feature.south), func.point(Feature.east, Feature.north))
    other = func.box(func.point(west, south), func.point(east, north))
    return select(Feature.start, Feature.number, _holds(place, Feature)).where(
        own.op("&&")(other),
        *_when(query, Feature.start, Feature.end),
        Feature.collection.in_(query.collections),
        Feature.owner.in_(query.owners),
        *_what(query),
    )


def _meeting(
    session: Session, rows: Iterable[Iterable[Any]], shape: BaseGeometry
) -> Iterator[tuple[float, int]]:
    """Yield start and number of those whose geometry meets a shape, not only its box."""
    shapely.prepare(shape)
    for some in rows:
        part = list(some)
        unsure = [number for _, number, held in part if not held]
        met = set(_met(session, unsure, shape))
        yield from ((start, number) for start, number, held in part if held or number in met)


def _met(session: Session, numbers: Sequence[int], shape: BaseGeometry) -> Iterator[int]:
    if not numbers:
        return
    wanted = select(Feature.number, Feature.geometry).where(Feature.number.in_(numbers))
    for number, geometry in session.execute(wanted).all():
        if shapely.intersects(shape, shapely.from_wkb(geometry)):
            yield number
