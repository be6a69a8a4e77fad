import numpy as np
import pytest
import shapely
from pyproj import Geod
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from witoil.errors import WitoilError
from witoil.geojson import geojson_of
from witoil.scenario.verification import VerificationGrid

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


@pytest.mark.parametrize("latitude", [84.5, 89.0, 89.9, -80.5, -89.0])
@pytest.mark.parametrize("longitude", [-170.0, 10.0, 90.0, 180.0])
def test_a_polar_projection_takes_the_place_of_a_zone(latitude, longitude):
    box = (longitude - 5.0, latitude - 0.05, longitude + 5.0, latitude + 0.05)
    grid = VerificationGrid.covering(box, 100.0, margin=2)
    assert f"about {90 if latitude > 0 else -90} N" in grid.crs.name
    slick = shapely.segmentize(shapely.box(*box), 0.1)
    mask = grid.cells_centred_in(slick)
    # the ellipsoid's, by its parallels and meridians
    area = abs(Geod(ellps="WGS84").geometry_area_perimeter(slick)[0])
    assert mask.sum() * grid.resolution**2 == pytest.approx(area, rel=0.01)
    # north is up in the middle
    _, rows = grid.cells(np.full(2, longitude), latitude + np.array([-0.02, 0.02]))
    assert rows[1] < rows[0]
    outline = grid.outline(mask)
    assert outline.bounds[1::2] == pytest.approx(box[1::2], abs=0.005)
    assert outline.bounds[2] - outline.bounds[0] < 11.0


def test_a_slick_on_the_pole_has_an_outline():
    grid = VerificationGrid.covering((-179.0, 89.5, 179.0, 90.0), 500.0)
    mask = np.zeros(grid.shape, bool)
    column, row = grid.cells(np.array([0.0]), np.array([90.0]))
    mask[int(row[0]) - 5 : int(row[0]) + 6, int(column[0]) - 5 : int(column[0]) + 6] = True
    outline = grid.outline(mask)
    assert outline.is_valid
    assert outline.bounds[3] == 90.0
    assert outline.bounds[2] - outline.bounds[0] == pytest.approx(360.0)
    for part in geojson_of(outline)["coordinates"]:
        assert np.abs(np.array(part[0])[:, 0]).max() <= 180.0


def test_a_box_between_two_zones_lies_in_the_same_one_wherever_it_is():
    zones = [
        VerificationGrid.covering((lon - 0.7, 10.0, lon + 0.7 + rounding, 11.0), 500.0).crs
        for lon in (18.0, 180.0, -180.0)
        for rounding in (-3e-14, 0.0, 3e-14)
    ]
    assert {crs.to_epsg() for crs in zones} == {32633, 32660}


def test_a_box_too_wide_for_a_zone():
    box = (-50.0, 20.0, 40.0, 70.0)
    grid = VerificationGrid.covering(box, 5000.0)
    area = grid.cells_centred_in(shapely.segmentize(shapely.box(*box), 0.5)).sum() * 5000.0**2
    zone = 2.0 * np.pi * 6.371e6**2 * 0.25 * np.diff(np.sin(np.radians([20.0, 70.0])))[0]
    assert area == pytest.approx(zone, rel=0.01)


def test_a_grid_that_may_be_coarser_says_so(caplog):
    grid = VerificationGrid.covering((0.0, 0.0, 30.0, 30.0), 10.0, may_be_coarser=True)
    assert grid.resolution == 640.0
    assert "score.resolution_m = 10: masks have cells of 640 m" in caplog.text


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


@pytest.mark.parametrize("latitude", [-80.0, -1e-6, 0.0, 84.0])
@pytest.mark.parametrize("longitude", [-174.0, -0.5, 6.0, 6.000001, 8.0, 180.0])
def test_zones_are_those_of_the_register(longitude, latitude):
    place = AreaOfInterest(longitude, latitude, longitude, latitude)
    registered = query_utm_crs_info("WGS 84", place, contains=True)
    box = (longitude - 0.2, latitude - 0.1, longitude + 0.2, latitude + 0.1)
    assert VerificationGrid.covering(box, 500.0).crs.to_epsg() == int(registered[0].code)
