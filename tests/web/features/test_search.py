"""What a search finds is what one finds by going through all features."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from sqlalchemy import delete

from catalog.antimeridian import split_at_180
from web.features import search
from web.features.found import Found
from web.features.records import replace_features
from web.features.search import Cursor, CursorError, Place, Query, extent, find
from web.store.features import PUBLIC, Feature, seconds_of

START = datetime(2021, 8, 24, tzinfo=UTC)

# in steps of half a degree, so that edges meet
degrees = st.integers(-360, 360).map(lambda half: 0.5 * half)


@st.composite
def shapes(draw):
    """Return a triangle that may lie across 180."""
    west, south = draw(degrees), draw(st.integers(-80, 70))
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 10))
    return shapely.Polygon([(west, south), (west + width, south), (west, south + height)])


@st.composite
def features(draw):
    shape = split_at_180(draw(shapes()))
    owner = draw(st.sampled_from(["anna", "bob", PUBLIC]))
    collection = draw(st.sampled_from(["slicks", "runs"]))
    start = draw(st.none() | st.integers(0, 20).map(lambda h: START + timedelta(hours=h)))
    end = start and start + timedelta(hours=draw(st.integers(0, 5)))
    name = draw(st.sampled_from(["a", "b", "ü"]))
    return owner, Found(collection, "", shape, start, end, {"name": name, "mass_kg": 1.5})


@st.composite
def boxes(draw):
    west, south = 0.5 * draw(st.integers(-360, 359)), draw(st.integers(-85, 80))
    east = west + 0.5 * draw(st.integers(0, 720))
    return (west, south, east - 360.0 if east > 180.0 else east, south + draw(st.integers(0, 30)))


@st.composite
def queries(draw):
    start, end = sorted((draw(st.integers(0, 25)), draw(st.integers(0, 25))))
    hour = seconds_of(START), 3600.0
    return Query(
        draw(st.sampled_from([("slicks",), ("runs",), ("slicks", "runs")])),
        ("anna", PUBLIC),
        draw(st.none() | boxes().map(Place.of_box) | shapes().map(Place.of_shape)),
        draw(st.none() | st.just(hour[0] + start * hour[1])),
        draw(st.none() | st.just(hour[0] + end * hour[1])),
        draw(st.sampled_from([(), (("name", "ü"),), (("mass_kg", 1.5),), (("mass_kg", 2.0),)])),
    )


def by_hand(rows, query):
    """Go through all features."""
    found = [
        row
        for row in rows
        if row.collection in query.collections
        and row.owner in query.owners
        and all(row.properties[name] == value for name, value in query.equal)
        and (query.start is None or (row.end >= query.start and row.start < 1e18))
        and (query.end is None or row.start <= query.end)
        and (query.place is None or query.place.shape.intersects(shapely.from_wkb(row.geometry)))
    ]
    return [row.id for row in sorted(found, key=lambda row: (row.start, row.number))]


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, 10_000])
def test_a_search_finds_what_is_there(store, monkeypatch, most):
    """Both where few are near, and where those that are near are too many to be looked at."""
    monkeypatch.setattr(search, "MOST_COUNTED", most)

    @settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(features(), min_size=3, max_size=12), st.lists(queries(), max_size=6))
    def holds(made, asked):
        with store.session() as session:
            session.execute(delete(Feature))
            for number, (owner, found) in enumerate(made):
                replace_features(session, str(number), owner, [replace(found, id=str(number))])
        with store.reading() as session:
            rows = session.query(Feature).all()
            assert len(rows) == len(made)
            for query in asked:
                expected = by_hand(rows, query)
                page = find(session, query, limit=100)
                assert [each.id for each in page.features] == expected
                assert page.matched in (len(expected), None)
                if most > 1 or not query.is_narrowed:
                    assert page.matched == len(expected)
                assert page.next is None
                check_pages(session, query, expected)
                check_extent(session, query, page.features)

    holds()


def check_pages(session, query, expected):
    """Pages by links are those by offsets, and miss nothing."""
    seen, after = [], None
    while True:
        page = find(session, query, limit=2, after=after)
        by_offset = find(session, query, limit=2, offset=len(seen))
        assert [each.id for each in page.features] == [each.id for each in by_offset.features]
        seen += [each.id for each in page.features]
        if page.next is None:
            break
        after = Cursor.read(str(page.next))
    assert seen == expected


def check_extent(session, query, found):
    box = extent(session, replace(query, place=None))
    for each in found:
        middle = translate(shapely.box(each.west, each.south, each.east, each.north), 0.0)
        assert box is not None
        assert Place.of_box(box[0]).shape.buffer(1e-6).intersects(split_at_180(middle))


@pytest.mark.parametrize("text", ["", "1", "nan_1", "1e999_1", "1_-1", "1_1_1", "1_" + "9" * 30])
def test_what_is_no_cursor(text):
    with pytest.raises(CursorError):
        Cursor.read(text)


@given(st.floats(-1e10, 1e10).map(lambda s: round(s, 6)), st.integers(0, 10**15))
def test_cursors_are_read_back(start, number):
    assert Cursor.read(str(Cursor(start, number))) == Cursor(start, number)


def test_the_cursor_of_what_has_no_time():
    assert Cursor.read(str(Cursor(1e18, 7))) == Cursor(1e18, 7)


@pytest.mark.parametrize(
    ("box", "finds"),
    [
        ((179.0, 0.0, -179.0, 5.0), True),
        ((179.0, 0.0, 180.0, 5.0), True),
        ((-180.0, 0.0, -179.5, 5.0), True),
        ((178.0, 0.0, 178.5, 5.0), False),
        ((-178.5, 0.0, 178.5, 5.0), False),
        ((-180.0, -90.0, 180.0, 90.0), True),
        ((179.5, 2.0, 179.5, 2.0), True),
        ((-179.5, 2.0, -179.5, 2.0), True),
    ],
)
def test_boxes_across_180(store, box, finds):
    shape = shapely.box(179.0, 1.0, 181.0, 3.0)
    for geometry in (shape, split_at_180(shape), translate(shape, -360.0)):
        with store.session() as session:
            found = [Found("slicks", "across", geometry, START, START)]
            replace_features(session, "job:1", "anna", found)
        with store.reading() as session:
            page = find(session, Query(("slicks",), ("anna",), Place.of_box(box)), limit=10)
            assert len(page.features) == finds
            for feature in page.features:
                assert (feature.west, feature.east) == (179.0, 181.0)
                assert shapely.from_wkb(feature.geometry).bounds[::2] == (-180.0, 180.0)


def test_a_box_that_meets_only_the_box_of_a_slick(store):
    bow = shapely.Polygon([(0, 0), (10, 0), (10, 1), (1, 1), (1, 10), (0, 10)])
    with store.session() as session:
        replace_features(session, "job:1", "anna", [Found("slicks", "bow", bow, START, START)])
    with store.reading() as session:
        query = Query(("slicks",), ("anna",), Place.of_box((4.0, 4.0, 6.0, 6.0)))
        page = find(session, query, limit=10)
    assert (page.features, page.matched) == ([], 0)


def test_the_index_of_places_is_that_of_the_rows(store):
    """Rows that move or go take their boxes along, whoever changes them."""
    query = Query(("slicks",), ("anna",), Place.of_box((0.0, 0.0, 1.0, 1.0)))
    with store.session() as session:
        shape = shapely.box(0.2, 0.2, 0.3, 0.3)
        replace_features(session, "job:1", "anna", [Found("slicks", "one", shape, START, START)])
    with store.session() as session:
        feature = find(session, query, limit=1).features[0]
        feature.west, feature.east = 50.0, 51.0
    with store.session() as session:
        assert find(session, query, limit=1).features == []
        feature = session.get(Feature, feature.number)
        feature.west, feature.east = 0.2, 0.3
    with store.session() as session:
        assert len(find(session, query, limit=1).features) == 1
        session.execute(delete(Feature))
    with store.reading() as session:
        assert find(session, query, limit=1).features == []
