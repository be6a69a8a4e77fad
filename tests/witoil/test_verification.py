import numpy as np
import pytest
import shapely
from pyproj import Geod

from witoil.errors import WitoilError
from witoil.verification import VerificationGrid

BOX = (35.5, 34.9, 36.0, 35.5)


def test_the_grid_is_in_the_local_utm_zone_and_holds_the_box():
    grid = VerificationGrid.covering(BOX, 150.0)
    assert grid.crs.to_epsg() == 32636
    column, row = grid.cells(np.array([35.5, 36.0, 35.5, 36.0]), np.array([34.9, 34.9, 35.5, 35.5]))
    assert (column >= 0).all()
    assert (column <= grid.shape[1]).all()
    assert (row >= 0).all()
    assert (row <= grid.shape[0]).all()


def test_corners_are_multiples_of_the_resolution():
    grid = VerificationGrid.covering(BOX, 150.0)
    assert grid.west % 150.0 == 0.0
    assert grid.north % 150.0 == 0.0


def test_a_margin_lies_on_every_side():
    bare, wide = (VerificationGrid.covering(BOX, 150.0, margin) for margin in (0, 10))
    assert wide.shape == (bare.shape[0] + 20, bare.shape[1] + 20)
    assert (wide.west, wide.north) == (bare.west - 1500.0, bare.north + 1500.0)


def test_no_zone_near_the_pole():
    with pytest.raises(WitoilError, match="no UTM zone"):
        VerificationGrid.covering((0.0, 87.0, 1.0, 88.0), 150.0)


def test_southern_zone():
    assert VerificationGrid.covering((-60.0, -20.0, -59.5, -19.5), 500.0).crs.to_epsg() == 32721


def test_row_zero_is_in_the_north():
    grid = VerificationGrid.covering(BOX, 150.0)
    _, rows = grid.cells(np.array([35.7, 35.7]), np.array([35.0, 35.4]))
    assert rows[1] < rows[0]


def test_the_mask_of_a_polygon_has_its_area():
    grid = VerificationGrid.covering(BOX, 50.0)
    polygon = shapely.box(35.6, 35.0, 35.8, 35.2)
    area, _ = Geod(ellps="WGS84").geometry_area_perimeter(polygon)
    assert grid.cells_touched(polygon).sum() * 50.0**2 == pytest.approx(area, rel=0.01)


def test_a_speck_smaller_than_a_cell_is_not_lost():
    grid = VerificationGrid.covering(BOX, 150.0)
    assert grid.cells_touched(shapely.Point(35.7, 35.2).buffer(1e-5)).sum() >= 1


def test_a_grid_too_large_is_refused():
    with pytest.raises(WitoilError, match="expected at most"):
        VerificationGrid.covering((0.0, 0.0, 30.0, 30.0), 10.0)


def test_a_mask_moves_to_a_larger_grid():
    small = VerificationGrid.covering((35.6, 34.9, 35.9, 35.2), 150.0)
    large = VerificationGrid.covering((35.0, 34.5, 36.0, 35.6), 150.0, margin=3)
    slick = shapely.box(35.7, 35.0, 35.75, 35.03)
    moved = large.cells_of(small.cells_touched(slick), small)
    np.testing.assert_array_equal(moved, large.cells_touched(slick))
