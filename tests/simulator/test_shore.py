"""Stretches of the shore: the same for every box, their length, and their types."""

import numpy as np
import pytest
import shapely
from hypothesis import given

from simulator import (
    SHORE_TYPE_NAMES,
    SHORE_TYPES,
    Coast,
    Grid,
    Shore,
    SimulatorError,
    metres_per_degree,
)
from simulator.shore import HOLDING_CAPACITY
from tests.simulator.builders import WGS84
from tests.simulator.strategies import NO_DEADLINE, lands

BOX = (34.0, 35.0, 34.3, 35.3)


def ring_segments(geometry):
    """Return the edges of polygons or lines in degrees."""
    rings = shapely.get_parts(shapely.boundary(geometry) if geometry.area else geometry)
    ends = [np.hstack([xy[:-1], xy[1:]]) for xy in map(shapely.get_coordinates, rings)]
    return np.concatenate([np.empty((0, 4)), *ends])


def coast_segments(land, grid):
    """Return the coast as the time loop has it, in degrees."""
    cells = Coast.from_land(land, grid).line.segments
    lon, lat = grid.to_degrees(cells[:, ::2], cells[:, 1::2])
    return np.stack([lon[:, 0], lat[:, 0], lon[:, 1], lat[:, 1]], axis=-1)


def rugged_island(lon=34.5, lat=35.5, size=0.1, corners=3000):
    rng = np.random.default_rng(5)
    angles = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    radii = size * (1.0 + 0.3 * np.sin(7.0 * angles) + 0.01 * rng.normal(size=corners))
    island = np.stack([lon + radii * np.cos(angles), lat + radii * np.sin(angles)], axis=-1)
    return shapely.Polygon(np.round(island, 4))  # many middles on the borders of cells


def straight(west=34.001, east=34.059, latitude=35.005, pieces=29):
    lon = np.linspace(west, east, pieces + 1)
    lat = np.full(pieces, latitude)
    return np.stack([lon[:-1], lat, lon[1:], lat], axis=-1)


@pytest.mark.slow
@NO_DEADLINE
@given(lands(BOX))
def test_the_stretches_together_are_the_coast(land):
    segments = ring_segments(land)
    shore = Shore.from_segments(segments)
    _, _, lengths = WGS84.inv(*segments.T)
    np.testing.assert_allclose(shore.length.sum(), lengths.sum(), rtol=1e-4)
    assert shore.stretch_of_segment.shape == (len(segments),)
    assert set(shore.stretch_of_segment) == set(range(shore.length.size))
    lines = shore.lines()
    degrees = np.hypot(*(segments[:, 2:] - segments[:, :2]).T)
    np.testing.assert_allclose(
        shapely.length(lines),
        np.bincount(shore.stretch_of_segment, degrees, shore.length.size),
        atol=1e-12,
    )
    assert all(line.geom_type == "MultiLineString" for line in lines)


def test_a_straight_coast_is_cut_into_kilometres():
    shore = Shore.from_segments(straight())
    east, _ = metres_per_degree(35.005)
    np.testing.assert_array_equal(shore.cell, [[3400 + k, 3500] for k in range(6)])
    np.testing.assert_allclose(shore.length[1:5], 0.01 * east, rtol=1e-9)
    np.testing.assert_allclose(shore.longitude[1:5], 34.014 + 0.01 * np.arange(4), rtol=1e-9)
    np.testing.assert_allclose(shore.latitude, 35.005)
    assert [len(line.geoms) for line in shore.lines()] == [1] * 6


def test_stretches_run_by_row_and_then_by_column():
    shore = Shore.from_segments(ring_segments(rugged_island()))
    order = np.lexsort((shore.cell[:, 0], shore.cell[:, 1]))
    np.testing.assert_array_equal(order, np.arange(len(shore.cell)))
    column, row = np.floor(np.stack([shore.longitude, shore.latitude]) * 100.0)
    np.testing.assert_array_equal(np.stack([column, row], axis=-1), shore.cell)


def test_the_middle_is_weighted_by_length():
    shore = Shore.from_segments(
        np.array([[0.001, 0.001, 0.003, 0.001], [0.003, 0.001, 0.009, 0.001]])
    )
    assert shore.longitude[0] == pytest.approx(0.005)


def test_stretches_do_not_depend_on_the_box():
    land = shapely.union(rugged_island(), shapely.box(34.7, 35.0, 36.0, 36.0))
    grids = (
        Grid(west=34.2, south=35.2, dlon=0.05, dlat=0.05, columns=13, rows=13),
        Grid(west=34.313, south=35.317, dlon=0.0371, dlat=0.0413, columns=9, rows=9),
    )
    boxes = [shapely.box(*grid.box).buffer(0.05) for grid in grids]
    shores = [
        Shore.from_segments(coast_segments(land & box, grid))
        for grid, box in zip(grids, boxes, strict=True)
    ]
    inner = np.array(grids[1].box) * 100.0
    found = []
    for shore in shores:
        column, row = shore.cell.T
        within = (column > inner[0]) & (column < inner[2] - 1)
        within &= (row > inner[1]) & (row < inner[3] - 1)
        found.append((shore.cell[within], shore.length[within], shore.longitude[within]))
    assert len(found[0][0]) > 30
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9)
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-12)


def test_beyond_the_dateline_is_where_it_is_from_the_other_side():
    east = np.array([[179.991, 1.005, 180.001, 1.005], [180.001, 1.005, 180.007, 1.005]])
    west = east - [360.0, 0.0, 360.0, 0.0]
    here, there = Shore.from_segments(east), Shore.from_segments(west)
    np.testing.assert_array_equal(here.cell, [[-18000, 100], [17999, 100]])
    np.testing.assert_array_equal(here.cell, there.cell)
    fiji = shapely.box(-180.0, 0.0, -179.0, 2.0)
    for shore in (here, there):
        typed = Shore.from_segments(shore.segments, zones=[(fiji, "marsh")])
        assert typed.shore_type.tolist() == [9, 1]


def test_no_coast_no_stretches():
    shore = Shore.from_segments(np.empty((0, 4)), zones=[(shapely.box(0, 0, 1, 1), "rock")])
    assert shore.cell.shape == (0, 2)
    assert shore.lines().shape == shore.length.shape == shore.capacity.shape == (0,)


def test_doubled_points_have_a_place_and_no_length():
    shore = Shore.from_segments(np.array([[34.001, 35.001, 34.001, 35.001]]))
    assert (shore.longitude[0], shore.latitude[0]) == pytest.approx((34.001, 35.001))
    assert shore.length[0] == 0.0
    assert len(shore.lines()) == 1


def test_the_table_is_that_of_medslik():
    seepage = [kind.seepage_hours for kind in SHORE_TYPES]
    wash_off = [kind.wash_off_hours for kind in SHORE_TYPES]
    assert seepage == [24, 36, 48, 96, np.inf, 96, 24, 96, 24]
    assert wash_off == [24, 24, 24, 18, 0, 1, 120, 120, 120]
    assert len(set(SHORE_TYPE_NAMES)) == 9
    assert pytest.approx(1590.0, rel=1e-3) == HOLDING_CAPACITY


def test_what_a_stretch_does_follows_from_its_type_and_length():
    shore = Shore.from_segments(straight(), "exposed-headland")
    assert (shore.shore_type == 6).all()
    assert (shore.seepage_half_life == 96.0 * 3600.0).all()
    assert (shore.wash_off_half_life == 3600.0).all()
    np.testing.assert_allclose(shore.capacity, shore.length / 1000.0 * HOLDING_CAPACITY)
    wall = Shore.from_segments(straight(), "seawall")
    assert np.isinf(wall.seepage_half_life).all()
    assert (wall.wash_off_half_life == 0.0).all()


def test_polygons_give_types_where_the_middle_lies_in_them():
    zones = [
        (shapely.box(34.0, 35.0, 34.012, 35.01), "rock"),  # misses the middle of the second
        (shapely.box(34.0, 35.0, 34.03, 35.01), "marsh"),
        (shapely.box(35.0, 35.0, 36.0, 36.0), "cobble"),
    ]
    shore = Shore.from_segments(straight(), "sand-and-gravel", zones)
    assert shore.shore_type.tolist() == [4, 9, 9, 2, 2, 2]


def test_lines_give_types_to_what_is_nearest_within_a_kilometre():
    _, north = metres_per_degree(35.005)
    near, far = 35.005 + 900.0 / north, 35.005 - 1100.0 / north
    zones = [
        (shapely.LineString([(34.0, near), (34.0305, near)]), "rock"),
        (shapely.LineString([(34.0, far), (34.07, far)]), "marsh"),
        (shapely.MultiLineString([[(34.0, 35.006), (34.009, 35.006)]]), "cobble"),
    ]
    shore = Shore.from_segments(straight(), zones=zones)
    # the fourth lies 320 m beyond the end of the rock, 955 m from it; the others not in reach
    assert shore.shore_type.tolist() == [3, 3, 4, 4, 1, 1]


def test_polygons_go_before_lines():
    zones = [
        (shapely.LineString([(34.0, 35.005), (34.06, 35.005)]), "rock"),
        (shapely.box(34.0, 35.0, 34.03, 35.01), "marsh"),
    ]
    shore = Shore.from_segments(straight(), zones=zones)
    assert shore.shore_type.tolist() == [9, 9, 9, 4, 4, 4]


@pytest.mark.parametrize("zones", [[], [(shapely.box(0, 0, 1, 1), "concrete")]])
def test_an_unknown_type_is_refused_with_the_known_ones(zones):
    default = "sand" if zones else "concrete"
    with pytest.raises(SimulatorError, match=r"'concrete'.*sand, sand-and-gravel, .*marsh"):
        Shore.from_segments(straight(), default, zones)
