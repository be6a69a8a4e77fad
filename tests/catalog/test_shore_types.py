from pathlib import Path

import geopandas
import pytest
import shapely

from catalog import CatalogError, UnreadableFileError, read_shore_types

_NAMES = ("sand", "sand-and-gravel", "cobble", "rock")
_BEACH = shapely.box(35.0, 33.0, 35.2, 33.1)
_CLIFF = shapely.LineString([(35.1, 33.1), (35.2, 33.2)])


def _write(
    path: Path,
    types: list[object],
    shapes: list[shapely.Geometry | None] | None = None,
    crs: str | None = "EPSG:4326",
    field: str = "shore_type",
) -> Path:
    shapes = [_BEACH] * len(types) if shapes is None else shapes
    frame = geopandas.GeoDataFrame({field: types}, geometry=shapes, crs="EPSG:4326")
    frame.to_crs(crs or "EPSG:4326").to_file(path)
    if crs is None:
        path.with_suffix(".prj").unlink()
    return path


@pytest.mark.parametrize("name", ["shore.shp", "shore.geojson", "shore.gpkg"])
@pytest.mark.parametrize("types", [["sand", "rock"], [1, 4], ["1", "4"], [1.0, 4.0]])
def test_names_and_numbers_in_every_format(tmp_path: Path, name: str, types: list) -> None:
    zones = read_shore_types(_write(tmp_path / name, types), _NAMES)
    assert [kind for _, kind in zones] == ["sand", "rock"]
    assert all(geometry.equals(_BEACH) for geometry, _ in zones)


def test_lines_and_polygons_in_one_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "shore.geojson", ["sand", "rock"], [_BEACH, _CLIFF])
    zones = read_shore_types(path, _NAMES)
    assert [geometry.geom_type for geometry, _ in zones] == ["Polygon", "LineString"]


@pytest.mark.parametrize("written", ["Sand and gravel", "sand_and_gravel", " SAND-AND-GRAVEL "])
def test_names_as_people_write_them(tmp_path: Path, written: str) -> None:
    path = _write(tmp_path / "shore.geojson", [written])
    assert read_shore_types(path, _NAMES)[0][1] == "sand-and-gravel"


def test_capitals_in_the_name_of_the_attribute(tmp_path: Path) -> None:
    path = _write(tmp_path / "shore.shp", ["rock"], field="SHORE_TYPE")
    assert read_shore_types(path, _NAMES)[0][1] == "rock"


def test_other_reference_systems(tmp_path: Path) -> None:
    path = _write(tmp_path / "shore.gpkg", ["rock"], [_CLIFF], crs="EPSG:32636")
    assert shapely.equals_exact(read_shore_types(path, _NAMES)[0][0], _CLIFF, 1e-9)


def test_longitudes_beyond_180_and_no_reference_system(tmp_path: Path) -> None:
    east = shapely.box(181.0, 0.0, 182.0, 1.0)
    path = _write(tmp_path / "shore.shp", [1, 2], [east, _BEACH], crs=None)
    west, south, east, north = read_shore_types(path, _NAMES)[0][0].bounds
    assert (west % 360.0, south, east % 360.0, north) == (181.0, 0.0, 182.0, 1.0)


def test_invalid_polygons_are_mended_and_heights_dropped(tmp_path: Path) -> None:
    bow = shapely.Polygon([(35, 33, 1), (36, 34, 1), (36, 33, 1), (35, 34, 1)])
    path = _write(tmp_path / "shore.geojson", ["sand"], [bow])
    geometry = read_shore_types(path, _NAMES)[0][0]
    assert geometry.is_valid
    assert not geometry.has_z


@pytest.mark.parametrize("wrong", ["concrete", 5, 0, -1, 2.5, "", None])
def test_unknown_types_name_file_feature_and_types(tmp_path: Path, wrong: object) -> None:
    types = ["sand", wrong] if isinstance(wrong, str) or wrong is None else [1, wrong]
    path = _write(tmp_path / "shore.geojson", types)
    with pytest.raises(CatalogError) as caught:
        read_shore_types(path, _NAMES)
    message = str(caught.value)
    assert f"{path}: feature 2: shore_type is" in message
    assert "one of sand, sand-and-gravel, cobble, rock, or its number from 1 to 4" in message


def test_without_the_attribute(tmp_path: Path) -> None:
    path = _write(tmp_path / "shore.geojson", ["sand"], field="kind")
    with pytest.raises(CatalogError, match=r"no attribute shore_type \(found kind\).*cobble"):
        read_shore_types(path, _NAMES)


def test_points_are_no_shore(tmp_path: Path) -> None:
    path = _write(tmp_path / "shore.geojson", ["sand", "sand"], [_BEACH, shapely.Point(35, 33)])
    with pytest.raises(CatalogError, match=r"feature 2: is a Point; expected a polygon or a line"):
        read_shore_types(path, _NAMES)


def test_features_without_geometry(tmp_path: Path) -> None:
    path = _write(tmp_path / "shore.geojson", ["sand", "sand"], [None, _BEACH])
    with pytest.raises(CatalogError, match="feature 1: has no geometry"):
        read_shore_types(path, _NAMES)
    table = tmp_path / "shore.csv"
    table.write_text("shore_type\nsand\n")
    with pytest.raises(CatalogError, match="features have no geometry"):
        read_shore_types(table, _NAMES)


def test_metres_without_a_reference_system(tmp_path: Path) -> None:
    path = _write(tmp_path / "shore.shp", ["sand"], crs="EPSG:32636")
    path.with_suffix(".prj").unlink()
    with pytest.raises(CatalogError, match=r"no reference system"):
        read_shore_types(path, _NAMES)


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="no such file"):
        read_shore_types(tmp_path / "none.shp", _NAMES)
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(b"not a GeoPackage")
    with pytest.raises(UnreadableFileError, match="cannot be read as a vector file"):
        read_shore_types(broken, _NAMES)
