"""The grid and the size of a degree on the ellipsoid."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import Grid, metres_per_degree
from tests.simulator.builders import WGS84

GRID = Grid(west=-5.0, south=35.0, dlon=0.25, dlat=0.125, columns=9, rows=5)
PART = replace(GRID, first_column=-3, first_row=2, columns=4, rows=3)


@pytest.mark.parametrize("latitude", [-80.0, -45.0, 0.0, 35.0, 60.0, 80.0])
def test_a_degree_is_as_long_as_on_the_ellipsoid(latitude):
    east, north = metres_per_degree(latitude)
    _, _, along = WGS84.inv(0.0, latitude, 0.001, latitude)
    _, _, across = WGS84.inv(0.0, latitude - 0.0005, 0.0, latitude + 0.0005)
    assert east == pytest.approx(1000.0 * along, rel=1e-8)
    assert north == pytest.approx(1000.0 * across, rel=1e-8)


def test_nodes_run_from_corner_to_corner():
    assert GRID.box == (-5.0, 35.0, -3.0, 35.5)
    np.testing.assert_allclose(GRID.longitude[[0, 1, -1]], [-5.0, -4.75, -3.0])
    np.testing.assert_allclose(GRID.latitude[[0, 1, -1]], [35.0, 35.125, 35.5])


@given(st.floats(-180.0, 180.0), st.floats(-80.0, 80.0))
def test_degrees_and_cells_convert_into_each_other(lon, lat):
    back = GRID.to_degrees(*GRID.to_cells(lon, lat))
    assert back == pytest.approx((lon, lat), abs=1e-10)


def test_cells_count_from_the_south_west_corner():
    assert GRID.to_cells(-4.5, 35.125) == (2.0, 1.0)


def test_a_cell_is_as_many_metres_as_its_share_of_a_degree():
    east, north = metres_per_degree(GRID.latitude)
    np.testing.assert_allclose(1.0 / GRID.cells_per_metre[:, 0], 0.25 * east)
    np.testing.assert_allclose(1.0 / GRID.cells_per_metre[:, 1], 0.125 * north)


def test_a_part_has_its_own_nodes():
    assert PART.box == (-5.75, 35.25, -5.0, 35.5)
    np.testing.assert_array_equal(PART.longitude, [-5.75, -5.5, -5.25, -5.0])
    np.testing.assert_array_equal(PART.latitude, GRID.latitude[2:])
    np.testing.assert_array_equal(PART.cells_per_metre, GRID.cells_per_metre[2:])


@given(st.floats(-180.0, 180.0), st.floats(-80.0, 80.0))
def test_a_place_has_the_same_column_and_row_in_every_part(lon, lat):
    x, y = PART.to_cells(lon, lat)
    assert (x, y) == GRID.to_cells(lon, lat)
    assert PART.to_degrees(x, y) == GRID.to_degrees(x, y)


@given(st.integers(-1000, 1000), st.floats(0.01, 1.0))
def test_a_node_has_the_same_place_in_every_part(first, step):
    wide = Grid(-5.0, 35.0, step, step, 60, 60, first_column=first - 20, first_row=first - 30)
    narrow = Grid(-5.0, 35.0, step, step, 10, 9, first_column=first, first_row=first)
    np.testing.assert_array_equal(narrow.longitude, wide.longitude[20:30])
    np.testing.assert_array_equal(narrow.latitude, wide.latitude[30:39])
