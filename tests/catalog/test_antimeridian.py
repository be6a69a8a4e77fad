import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from shapely.affinity import translate

from catalog import CatalogError, read_land, read_lines, read_slick, read_thickness, read_track
from catalog.antimeridian import (
    box_of,
    parts_of,
    split_at_180,
    unbroken,
    unbroken_box,
    wrapped,
    wrapped_box,
)
from catalog.slicks.events import group_events, read_events
from catalog.slicks.stac import read_stac, write_stac

WHOLE = shapely.box(179.9, -15.1, 180.1, -14.9)


def write(path: Path, *geometries: object) -> Path:
    features = [{"type": "Feature", "properties": {}, "geometry": g} for g in geometries]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def ring(west: float, east: float) -> list[list[list[float]]]:
    return [[[west, -15.1], [east, -15.1], [east, -14.9], [west, -14.9], [west, -15.1]]]


def multi(*rings: list[list[list[float]]]) -> dict[str, object]:
    return {"type": "MultiPolygon", "coordinates": rings}


HALVES = ring(179.9, 180.0), ring(-180.0, -179.9)


@pytest.mark.parametrize(
    "geometries",
    [
        [multi(*HALVES)],  # cut at 180, as RFC 7946 wants it
        [multi(*HALVES[::-1])],
        [multi(half) for half in HALVES],  # a feature each
        [multi(ring(179.9, 180.1))],  # longitudes that run on
        [multi(ring(-180.1, -179.9))],
        [multi(ring(179.9, -179.9))],  # an edge that jumps
        [multi(ring(179.9, 180.0), ring(180.0, 180.1))],  # 0 to 360
    ],
)
def test_a_slick_across_180_is_one_however_it_is_written(tmp_path: Path, geometries) -> None:
    slick = read_slick(write(tmp_path / "slick.geojson", *geometries)).geometry
    assert isinstance(slick, shapely.Polygon)
    west, *_ = slick.bounds
    assert translate(slick, 180.0 - west - 0.1).symmetric_difference(WHOLE).area < 1e-9


@pytest.mark.parametrize("system", ["EPSG:32701", "EPSG:32760", "EPSG:3832", "EPSG:3994"])
@pytest.mark.parametrize("suffix", ["shp", "gpkg"])
def test_reference_systems_across_180(tmp_path: Path, system: str, suffix: str) -> None:
    fine = shapely.segmentize(WHOLE, 0.01)
    path = tmp_path / f"slick.{suffix}"
    geopandas.GeoSeries([fine], crs=4326).to_crs(system).to_file(path)
    assert read_slick(path).geometry.symmetric_difference(fine).area < 1e-8


def test_classes_on_two_sides_lie_together(tmp_path: Path) -> None:
    write(tmp_path / "a_sheen.geojson", multi(ring(179.9, 180.0)))
    write(tmp_path / "a_thick.geojson", multi(ring(-180.0, -179.95)))
    slick = read_slick(str(tmp_path / "a_*.geojson"))
    assert slick.geometry.bounds == pytest.approx((179.9, -15.1, 180.05, -14.9))
    assert slick.thickness_class["thick"].bounds == pytest.approx((180.0, -15.1, 180.05, -14.9))


def test_rasters_across_180(tmp_path: Path) -> None:
    options = {"driver": "GTiff", "count": 1, "dtype": "uint8", "height": 10, "width": 40}
    values = np.zeros((10, 40), np.uint8)
    values[2:8, 5:35] = 1
    in_zone_1 = {"crs": "EPSG:32701", "transform": Affine(1000, 0, 158_000, 0, -1000, 8_345_000)}
    in_degrees = {"crs": "EPSG:4326", "transform": Affine(0.01, 0.0, 179.8, 0.0, -0.01, -14.9)}
    for name, place in (("utm", in_zone_1), ("degrees", in_degrees)):
        path = tmp_path / f"{name}.tif"
        with rasterio.open(path, "w", **options, **place) as file:
            file.write(values, 1)
        for shape in (read_slick(path).geometry, read_thickness(path).geometry):
            west, _, east, _ = shape.bounds
            assert 179.5 < west < 180.0 < east < 180.5


def test_lines_and_tracks_across_180(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[179.9, -15.0], [-179.9, -15.0]]}
    found = read_lines(write(tmp_path / "line.geojson", line))
    assert found.length == pytest.approx(0.2)
    cut = {
        "type": "MultiLineString",
        "coordinates": [[[179.9, -15.0], [180.0, -15.0]], [[-180.0, -15.0], [-179.9, -15.0]]],
    }
    found = read_lines(write(tmp_path / "cut.geojson", cut))
    assert found.bounds == pytest.approx((179.9, -15.0, 180.1, -15.0))
    (tmp_path / "track.csv").write_text(
        "time,lon,lat\n2021-01-01T00:00Z,179.9,-15\n2021-01-01T01:00Z,-179.9,-15\n"
        "2021-01-01T02:00Z,179.8,-15\n"
    )
    track = read_track(tmp_path / "track.csv")
    np.testing.assert_allclose(track.longitude, [179.9, 180.1, 179.8])


@pytest.mark.parametrize("geometries", [[multi(*HALVES)], [multi(ring(179.9, -179.9))]])
@pytest.mark.parametrize("turn", [0.0, -360.0])
def test_own_land_across_180(tmp_path: Path, geometries, turn: float) -> None:
    path = write(tmp_path / "land.geojson", *geometries)
    land = read_land((179.5 + turn, -16.0, 180.05 + turn, -14.0), str(path))
    expected = shapely.box(179.9 + turn, -15.1, 180.05 + turn, -14.9)
    assert land.symmetric_difference(expected).area < 1e-9
    assert isinstance(land, shapely.Polygon)


def test_a_map_of_the_world_stays_one(tmp_path: Path) -> None:
    world = multi([[[-180, -90], [180, -90], [180, -80], [-180, -80], [-180, -90]]])
    path = write(tmp_path / "land.geojson", world)
    assert read_land((-60.0, -85.0, -50.0, -70.0), str(path)).area == pytest.approx(50.0)
    assert read_land((179.0, -85.0, 181.0, -70.0), str(path)).area == pytest.approx(10.0)


def test_land_round_the_pole_in_a_projection_of_it(tmp_path: Path) -> None:
    circle = shapely.Point(0.0, 0.0).buffer(1e6, quad_segs=90)
    path = tmp_path / "land.gpkg"
    geopandas.GeoSeries([circle], crs="EPSG:3031").to_file(path)
    for west in (-60.0, 179.5):
        land = read_land((west, -89.0, west + 1.0, -60.0), str(path))
        assert land.bounds[1] == -89.0
        assert -81.0 < land.bounds[3] < -80.0
        assert land.area == pytest.approx(land.bounds[3] + 89.0, rel=1e-3)


def test_a_hole_round_the_pole_is_refused(tmp_path: Path) -> None:
    rings = [shapely.Point(0.0, 0.0).buffer(r, quad_segs=90) for r in (1e6, 5e5)]
    path = tmp_path / "swath.gpkg"
    geopandas.GeoSeries([rings[0] - rings[1]], crs="EPSG:3031").to_file(path)
    with pytest.raises(CatalogError, match="encloses the pole; expected polygons cut at 180"):
        read_slick(path)


def test_events_and_stac_across_180(tmp_path: Path) -> None:
    folder = tmp_path / "slicks"
    folder.mkdir()
    write(folder / "20210101T0000.geojson", multi(*HALVES))
    write(folder / "20210101T1200.geojson", multi(ring(-179.95, -179.8)))
    (event,), problems = read_events(folder)
    assert problems == []
    assert event.box == pytest.approx((179.9, -15.1, -179.8, -14.9))
    assert event.detections[0].area_km2 == pytest.approx(
        0.2 * 0.2 * 111.2**2 * np.cos(np.radians(15)), rel=0.01
    )
    item = json.loads(
        next(write_stac([event], tmp_path / "stac").parent.rglob("*T0000.json")).read_text()
    )
    assert item["bbox"] == pytest.approx([179.9, -15.1, -179.9, -14.9])
    places = shapely.get_coordinates(shapely.geometry.shape(item["geometry"]))
    assert (np.abs(places[:, 0]) <= 180.0).all()
    assert shapely.geometry.shape(item["geometry"]).area == pytest.approx(0.04)
    for file in folder.iterdir():
        file.unlink()
    found, _ = read_stac(tmp_path / "stac" / "catalog.json")
    (again,) = group_events(found)
    assert again.box == pytest.approx(event.box)
    assert again.detections[0].slick.geometry.area == pytest.approx(0.04)


_lon = st.floats(-180.0, 179.99)
_part = st.tuples(_lon, st.floats(-80.0, 80.0), st.floats(0.001, 5.0), st.floats(0.001, 2.0))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(parts=st.lists(_part, min_size=1, max_size=6))
def test_any_parts_keep_their_places_and_areas(parts) -> None:
    boxes = [shapely.box(x, y, x + w, y + h) for x, y, w, h in parts]
    # as a file has them, which cuts at 180
    cut = [split_at_180(box) for box in boxes]
    assert all(-180.0 <= c.bounds[0] <= c.bounds[2] <= 180.0 for c in cut)
    found = unbroken(cut, "x")
    for box, shape in zip(boxes, found, strict=True):
        whole = shapely.union_all(parts_of([shape]))
        assert whole.area == pytest.approx(box.area, rel=1e-6)
        west = whole.bounds[0]
        turn = 360.0 * round((box.bounds[0] - west) / 360.0)
        moved = translate(whole, turn)
        assert moved.symmetric_difference(box).area < 1e-6 * max(box.area, 1e-3)
    west, _, east, _ = shapely.total_bounds(found)
    assert -180.0 <= west < 180.0
    # no emptier sector lies between them than round them
    places = np.sort(np.concatenate([shapely.bounds(parts_of(found))[:, [0, 2]].ravel()]))
    assert east - west <= 360.0
    box = box_of([shapely.unary_union(parts_of([shape])) for shape in found])
    assert unbroken_box(box)[2] - box[0] == pytest.approx(places[-1] - places[0])


@given(st.floats(-540.0, 540.0))
def test_wrapped_longitudes(longitude: float) -> None:
    found = wrapped(longitude)
    assert -180.0 <= found <= 180.0
    assert np.isclose((found - longitude) % 360.0 % 360.0, 0.0) or np.isclose(
        (found - longitude) % 360.0, 360.0
    )
    assert abs(longitude) >= 180.0 or found == longitude


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((170.0, 0.0, 190.0, 1.0), (170.0, 0.0, -170.0, 1.0)),
        ((170.0, 0.0, -170.0, 1.0), (170.0, 0.0, -170.0, 1.0)),
        ((200.0, 0.0, 220.0, 1.0), (-160.0, 0.0, -140.0, 1.0)),
        ((0.0, 0.0, 360.0, 1.0), (-180.0, 0.0, 180.0, 1.0)),
        ((-180.0, 0.0, 180.0, 1.0), (-180.0, 0.0, 180.0, 1.0)),
        ((10.0, 0.0, 20.0, 1.0), (10.0, 0.0, 20.0, 1.0)),
    ],
)
def test_boxes_have_one_form(box, expected) -> None:
    assert wrapped_box(box) == expected
