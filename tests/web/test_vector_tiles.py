"""Vector tiles: what lies in a tile is drawn in it, at most a fraction of a pixel off."""

import mapbox_vector_tile
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from web.maps.vector_tiles import EXTENT, SMALLEST, TOLERANCE, Layer, encode, projected, tile_bounds

LEVANT = shapely.Polygon(
    [(35, 33), (36.03, 34.51), (35.77, 35.29), (35.4, 35.9), (37, 36), (37, 33)]
)


def drawn(layer, tile):
    """Return what a tile shows, in Mercator's projection. [degrees]"""
    content = mapbox_vector_tile.decode(encode([layer], tile), default_options={"geojson": False})
    west, south, east, _ = tile_bounds(tile)
    per_unit = (east - west) / EXTENT
    found = [shape(each["geometry"]) for each in content.get(layer.name, {}).get("features", [])]
    whole = shapely.union_all([shapely.make_valid(each) for each in found])
    return shapely.transform(whole, lambda p: p * per_unit + [west, south])


tiles = st.integers(0, 14).flatmap(
    lambda z: st.tuples(st.just(z), st.integers(0, 2**z - 1), st.integers(0, 2**z - 1))
)
near = st.builds(
    lambda z, lon, lat: tile_of(z, lon, lat),
    st.integers(0, 14),
    st.floats(34.9, 37.1),
    st.floats(32.9, 36.1),
)


def tile_of(z, lon, lat):
    x, y = shapely.get_coordinates(projected(shapely.Point(lon, lat)))[0]
    return z, int((x + 180.0) / 360.0 * 2**z), int((180.0 - y) / 360.0 * 2**z)


@given(near)
def test_land_is_where_it_was(tile):
    land = projected(LEVANT)
    box = shapely.box(*tile_bounds(tile))
    side = 360.0 / 2 ** tile[0]
    shown = shapely.intersection(drawn(Layer("land", land, 0), tile), box)
    wanted = shapely.intersection(land, box)
    off = 1.5 * (TOLERANCE + SMALLEST) * side / EXTENT
    assert shapely.difference(shown, shapely.buffer(wanted, off)).is_empty
    assert shapely.difference(shapely.buffer(wanted, -off), shown).is_empty


@given(near, st.integers(0, 8))
def test_tiles_are_the_same_whichever_is_cut_first(tile, coarsest):
    land = projected(LEVANT)
    one = drawn(Layer("land", land, min(coarsest, tile[0])), tile)
    other = drawn(Layer("land", land, tile[0]), tile)
    off = 1.5 * TOLERANCE * 360.0 / 2 ** tile[0] / EXTENT
    assert shapely.difference(shapely.buffer(one, -off), other).is_empty
    assert shapely.difference(shapely.buffer(other, -off), one).is_empty


@given(tiles)
def test_nothing_is_drawn_at_open_sea(tile):
    assert drawn(Layer("land", shapely.MultiPolygon(), 0), tile).is_empty


@pytest.mark.parametrize("turn", [-360.0, 0.0, 360.0])
@pytest.mark.parametrize("lon", [179.95, -179.95])
def test_land_across_180_is_drawn_on_both_sides(turn, lon):
    island = projected(shapely.box(179.9 + turn, -17.0, 180.1 + turn, -16.0))
    tile = tile_of(9, lon, -16.5)
    shown = shapely.intersection(
        drawn(Layer("land", island, 8), tile), shapely.box(*tile_bounds(tile))
    )
    assert shown.contains(shapely.Point(lon, tile_bounds(tile)[1] + 0.3))
    left = tile_bounds(tile)[0] if lon < 0 else 179.9
    right = -179.9 if lon < 0 else 180.0
    assert shown.bounds[0] == pytest.approx(left, abs=1e-3)
    assert shown.bounds[2] == pytest.approx(right, abs=1e-3)


@pytest.mark.parametrize("y", [0, 2**7 - 1])
def test_poles(y):
    cap = shapely.box(-180.0, 80.0 if y == 0 else -90.0, 180.0, 90.0 if y == 0 else -80.0)
    tile = (7, 5, y)
    shown = drawn(Layer("land", projected(cap), 5), tile)
    assert shapely.box(*tile_bounds(tile)).difference(shown).area < 1e-6
