import json
import logging
import struct
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import CatalogError, read_land, read_shore_types, read_slick
from catalog.shapes.vector import polygons_of
from catalog.slicks.events import read_events
from catalog.slicks.stac import read_stac

WEST, SOUTH = 35.0, 34.0
CELL = 0.01
_SIDE = 40
# the middles of cells, a little off to where no edge between corners of cells leads
_X, _Y = (
    axis.ravel() + 0.5 * CELL + off
    for axis, off in zip(
        np.meshgrid(WEST + CELL * np.arange(_SIDE), SOUTH + CELL * np.arange(_SIDE)),
        (1e-6, np.sqrt(3.0) * 1e-6),
        strict=True,
    )
)

_DRIVERS = {".gpkg": "GPKG", ".gml": "GML", ".fgb": "FlatGeobuf"}

Ring = list[tuple[float, float]]
Part = tuple[Ring, list[Ring]]


def winding(ring: Ring) -> np.ndarray:
    """How often a ring goes round each middle of a cell, counter-clockwise."""
    turns = np.zeros(_X.size, int)
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        left = (x1 - x0) * (_Y - y0) - (_X - x0) * (y1 - y0)
        turns += (y0 <= _Y) & (y1 > _Y) & (left > 0)
        turns -= (y0 > _Y) & (y1 <= _Y) & (left < 0)
    return turns


def count(parts: list[Part]) -> np.ndarray:
    """Middles with oil: those that any part winds round, but for its own holes."""
    inside = np.zeros(_X.size, bool)
    for shell, holes in parts:
        oiled = winding(shell) != 0
        for hole in holes:
            oiled &= winding(hole) == 0
        inside |= oiled
    return inside


def as_geojson(parts: list[Part]) -> dict[str, object]:
    rings = [[[*ring, ring[0]] for ring in (shell, *holes)] for shell, holes in parts]
    return {"type": "MultiPolygon", "coordinates": rings}


def as_kml(parts: list[Part]) -> str:
    """As text, since GDAL writes no invalid polygons in KML."""

    def boundary(kind: str, ring: Ring) -> str:
        places = " ".join(f"{float(x)!r},{float(y)!r}" for x, y in [*ring, ring[0]])
        return (
            f"<{kind}BoundaryIs><LinearRing><coordinates>{places}</coordinates></LinearRing>"
            f"</{kind}BoundaryIs>"
        )

    polygons = "".join(
        f"<Polygon>{boundary('outer', shell)}{''.join(boundary('inner', h) for h in holes)}"
        "</Polygon>"
        for shell, holes in parts
    )
    return (
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>x</name>'
        f"<MultiGeometry>{polygons}</MultiGeometry></Placemark></Document></kml>"
    )


def write_shapefile(path: Path, rings: list[Ring]) -> Path:
    """Write one record of rings in the directions they have, which GDAL would put right."""
    closed = [np.array([*ring, ring[0]], "<f8") for ring in rings]
    points = np.concatenate(closed)
    starts = np.cumsum([0, *map(len, closed[:-1])]).astype("<i4")
    box = [*points.min(axis=0), *points.max(axis=0)]
    shape = struct.pack("<i4d2i", 5, *box, len(closed), len(points))
    shape += starts.tobytes() + points.tobytes()

    def header(size: int) -> bytes:
        magic = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, size // 2)
        return magic + struct.pack("<2i8d", 1000, 5, *box, 0, 0, 0, 0)

    record = struct.pack(">2i", 1, len(shape) // 2) + shape
    path.write_bytes(header(100 + len(record)) + record)
    index = struct.pack(">2i", 50, len(shape) // 2)
    path.with_suffix(".shx").write_bytes(header(108) + index)
    table = struct.pack("<4BIHH20x", 3, 121, 1, 1, 1, 65, 4)
    path.with_suffix(".dbf").write_bytes(
        table + b"n".ljust(11, b"\0") + b"C" + b"\0" * 4 + b"\3" + b"\0" * 15 + b"\r" + b" abc"
    )
    return path


def write(path: Path, geometry: object, **properties: object) -> Path:
    """Write a geometry as it stands; other formats by way of GeoJSON."""
    raw = path.with_suffix(".geojson")
    feature = {"type": "Feature", "properties": {"n": "x"} | properties, "geometry": geometry}
    raw.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(raw, raw.name)
    elif path != raw:
        geopandas.read_file(raw).to_file(path, driver=_DRIVERS[path.suffix])
    if path != raw:
        raw.unlink()
    return path


_place = st.tuples(st.integers(1, 39), st.integers(1, 39)).map(
    lambda p: (WEST + CELL * p[0], SOUTH + CELL * p[1])
)
# of corners anywhere, so that many cross themselves
_ring = st.lists(_place, min_size=3, max_size=8, unique=True)
_box = st.tuples(_place, st.integers(3, 12), st.integers(3, 12)).map(
    lambda b: [
        (b[0][0] + CELL * i * b[1], b[0][1] + CELL * j * b[2])
        for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
)


@st.composite
def _part(draw: st.DrawFn) -> Part:
    shell = draw(_ring | _box)
    holes = []
    for _ in range(draw(st.integers(0, 2))):
        corner = draw(st.sampled_from(shell))
        # holes that share a place with their shell, as a rule
        middle = np.mean(shell, axis=0)
        near = corner + draw(st.floats(0.3, 0.9)) * (middle - corner)
        half = CELL * draw(st.integers(1, 4))
        holes.append(
            [
                (near[0] + i * half, near[1] + j * half)
                for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
        )
    if draw(st.booleans()):
        shell = shell[::-1]
    return shell * draw(st.sampled_from([1, 1, 2])), holes


def _fits(part: Part) -> bool:
    """Whether each hole shares something with its shell, without which it is a part of its own."""
    shell, holes = part
    face = polygons_of([shapely.Polygon(shell)])
    return face.area > 0.0 and all(
        shapely.Polygon(hole).intersects(face) and not shapely.Polygon(hole).contains(face)
        for hole in holes
    )


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "kml", "gml", "fgb", "zip"])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(_part().filter(_fits), min_size=1, max_size=5))
def test_parts_are_a_union_whatever_their_rings(tmp_path: Path, suffix, parts) -> None:
    (tmp_path / f"slick.{suffix}").unlink(missing_ok=True)
    expected = count(parts)
    path = tmp_path / f"slick.{suffix}"
    if suffix == "kml":
        path.write_text(as_kml(parts))
    else:
        write(path, as_geojson(parts))
    if expected.any():
        compare(read_slick(path).geometry, expected)


@pytest.mark.slow
@pytest.mark.parametrize("turned", [False, True])
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(boxes=st.lists(_box, min_size=1, max_size=5), hollow=st.sets(st.integers(0, 4)))
def test_shapefiles_of_either_direction(tmp_path: Path, turned, boxes, hollow) -> None:
    faces = [shapely.Polygon(box) for box in boxes]
    parts: list[Part] = []
    for k, box in enumerate(boxes):
        # the format does not tell of which of two parts that overlap a hole is
        alone = not any(faces[k].intersects(face) for face in faces[:k] + faces[k + 1 :])
        hole = [tuple(corner) for corner in 0.5 * np.mean(box, axis=0) + 0.5 * np.array(box)]
        parts.append((box, [hole] if k in hollow and alone else []))
    # outer rings clockwise, as the format wants it, or all of them the other way
    outward = 1 if turned else -1
    rings: list[Ring] = []
    for shell, holes in parts:
        rings += [shell[::outward], *(hole[::-outward] for hole in holes)]
    found = read_slick(write_shapefile(tmp_path / "slick.shp", rings)).geometry
    compare(found, count(parts))


def compare(found: shapely.Geometry, expected: np.ndarray) -> None:
    assert found.is_valid
    differ = shapely.contains_xy(found, _X, _Y) != expected
    # coordinates are rounded in some formats, and holes have their corners anywhere
    near = shapely.distance(found.boundary, shapely.points(_X, _Y)) < 1e-5
    assert not (differ & ~near).any()
    assert near.mean() < 0.05


BOX = [(WEST, SOUTH), (WEST + 0.3, SOUTH), (WEST + 0.3, SOUTH + 0.3), (WEST, SOUTH + 0.3)]


def _shifted(ring: Ring, dx: float, dy: float, size: float = 1.0) -> Ring:
    return [
        (x * size + WEST * (1 - size) + dx, y * size + SOUTH * (1 - size) + dy) for x, y in ring
    ]


OVERLAPPING = [(BOX, []), (_shifted(BOX, 0.15, 0.15, 0.6), []), (_shifted(BOX, 0.1, 0.1, 0.3), [])]
UNION = 0.3 * 0.3 + 0.18 * 0.18 - 0.15 * 0.15


def test_land_and_shore_zones_are_unions_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.geojson", as_geojson(OVERLAPPING), shore_type="rock")
    assert read_land((34.0, 33.0, 36.0, 35.0), str(path)).area == pytest.approx(UNION)
    ((zone, _),) = read_shore_types(path, ["sand", "rock"])
    assert zone.area == pytest.approx(UNION)


def test_stac_items_are_unions_too(tmp_path: Path) -> None:
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "x",
        "properties": {"datetime": "2021-08-24T03:43:00Z"},
        "geometry": as_geojson(OVERLAPPING),
        "bbox": [35.0, 34.0, 35.4, 34.4],
        "links": [],
        "assets": {},
    }
    (tmp_path / "item.json").write_text(json.dumps(item))
    ((seen,), _) = read_stac(tmp_path / "item.json")
    assert seen.slick.geometry.area == pytest.approx(UNION)


@pytest.mark.parametrize(
    ("shell", "holes", "area"),
    [
        (_shifted(BOX, 0.1, 0.1, 1 / 3), [BOX], 0.09 - 0.01),  # exchanged with its hole
        (BOX, [_shifted(BOX, 0.31, 0.0, 1 / 3)], 0.09 + 0.01),  # outside: a part of its own
        (BOX, [_shifted(BOX, 0.1, 0.1, 1 / 3)] * 2, 0.09 - 0.01),  # a hole told twice
    ],
)
def test_rings_in_the_wrong_place(tmp_path: Path, shell, holes, area) -> None:
    path = write(tmp_path / "a.geojson", as_geojson([(shell, holes)]))
    assert read_slick(path).geometry.area == pytest.approx(area)


def test_collections_within_collections(tmp_path: Path) -> None:
    inner = {"type": "GeometryCollection", "geometries": [as_geojson(OVERLAPPING)]}
    point = {"type": "Point", "coordinates": [35.0, 34.0]}
    path = write(
        tmp_path / "a.geojson", {"type": "GeometryCollection", "geometries": [point, inner]}
    )
    assert read_slick(path).geometry.area == pytest.approx(UNION)


def _features(path: Path, *geometries: object) -> Path:
    features = [{"type": "Feature", "properties": {}, "geometry": g} for g in geometries]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_coordinate_that_is_no_number_is_refused(tmp_path: Path, value: float) -> None:
    frame = geopandas.GeoDataFrame(
        {"n": [1, 2]}, geometry=[shapely.Polygon(BOX), shapely.Polygon(BOX)], crs=4326
    )
    points = shapely.get_coordinates(frame.geometry.array)
    points[7, 1] = value
    shapely.set_coordinates(frame.geometry.array, points)
    path = tmp_path / "20210824-0810.gpkg"
    frame.to_file(path)
    with pytest.raises(CatalogError, match=r"feature 2 of 2 has a coordinate that is NaN") as told:
        read_slick(path)
    assert "\n" not in str(told.value)
    write(tmp_path / "20210825-0810.geojson", as_geojson(OVERLAPPING))
    (event,), (problem,) = read_events(tmp_path)
    assert len(event.detections) == 1
    assert "20210824-0810.gpkg: feature 2 of 2" in problem


def test_what_is_no_vector_file_is_refused_without_advice_to_programmers(tmp_path: Path) -> None:
    path = tmp_path / "notes.doc"
    path.write_bytes(b"\xd0\xcf\x11\xe0 notes of a flight")
    with pytest.raises(CatalogError) as told:
        read_land((35.0, 34.0, 36.0, 35.0), str(path))
    assert "not recognized as being in a supported file format); expected" in str(told.value)
    assert "driver" not in str(told.value)


def test_features_without_geometry_are_named(tmp_path: Path, caplog) -> None:
    empty = {"type": "Polygon", "coordinates": []}
    path = _features(tmp_path / "20210824-0810.geojson", None, as_geojson(OVERLAPPING), empty)
    with caplog.at_level(logging.WARNING):
        assert read_slick(path).geometry.area == pytest.approx(UNION)
    assert "features 1, 3 of 3 have no geometry, left out" in caplog.text
    _features(path, None, empty)
    with pytest.raises(CatalogError, match="no polygon among 2 features"):
        read_slick(path)
    events, (problem,) = read_events(tmp_path)
    assert not events
    assert "no polygon among 2 features" in problem


def test_a_ring_that_crosses_itself_keeps_its_area_beside_what_collapses():
    shell = [(35.28, 34.09), (35.01, 34.25), (35.22, 34.14), (35.04, 34.29)]
    hole = shapely.box(35.19875, 34.13125, 35.21875, 34.15125)
    area = polygons_of([shapely.Polygon(shell, [hole.exterior.coords])])
    without = polygons_of([shapely.Polygon(shell)])
    assert 0.8 * without.area < area.area < without.area + hole.area


def test_an_outline_that_crosses_itself_is_said(tmp_path: Path, caplog) -> None:
    bow, square = (
        shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]),
        shapely.box(5, 0, 6, 1),
    )
    touching = shapely.Polygon([(8, 0), (9, 1), (10, 0), (10, 2), (9, 1), (8, 2)])
    path = tmp_path / "20210824T0343.geojson"
    geopandas.GeoDataFrame(geometry=[square, bow, touching], crs="EPSG:4326").to_file(path)
    with caplog.at_level(logging.WARNING):
        slick = read_slick(path)
    assert "feature 2 of 3 crosses itself" in caplog.text
    assert slick.geometry.area == pytest.approx(2.0 + 1.0 + 2.0)
