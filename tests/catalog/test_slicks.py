import json
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from catalog import (
    CatalogError,
    UnreadableFileError,
    bonn_thickness,
    read_slick,
    read_thickness,
)
from catalog.slicks.name_times import find_stamp

_PICTURES = {
    "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "WebP": b"RIFF\x24\n\0\0WEBPVP8 ",
    "HEIC or AVIF": b"\0\0\0\x18ftypheic\0\0\0\0",
}
_SQUARE = shapely.box(35.0, 33.0, 35.2, 33.1)
_EIGHT_TEN = datetime(2021, 8, 24, 8, 10, tzinfo=UTC)


def _write(
    path: Path,
    geometry: shapely.Geometry | list[shapely.Geometry] = _SQUARE,
    crs: str | None = "EPSG:4326",
    **fields: object,
) -> Path:
    shapes = geometry if isinstance(geometry, list) else [geometry]
    records = {
        key: value if isinstance(value, list) else [value] * len(shapes)
        for key, value in ({"NAME": "x"} | fields).items()
    }
    geopandas.GeoDataFrame(records, geometry=shapes, crs=crs or "EPSG:4326").to_file(path)
    if crs is None:
        path.with_suffix(".prj").unlink()
    return path


def _write_mask(path: Path, mask: np.ndarray, crs: str | None = "EPSG:4326", **options) -> Path:
    options = {"transform": Affine(0.01, 0.0, 35.0, 0.0, -0.01, 33.1), **options}
    bands = mask if mask.ndim == 3 else mask[None]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=mask.dtype,
        crs=crs,
        **options,
    ) as file:
        file.write(bands)
    return path


@pytest.mark.parametrize("name", ["slick.shp", "slick.geojson", "slick.gpkg"])
def test_vector_formats(tmp_path: Path, name: str) -> None:
    slick = read_slick(_write(tmp_path / name, COUNTRY="SYR"))
    assert slick.geometry.equals(_SQUARE)
    assert slick.attributes["COUNTRY"] == "SYR"
    assert slick.files == (str(tmp_path / name),)
    assert slick.time is None
    assert slick.thickness_class == {}


def test_any_reference_system_becomes_degrees(tmp_path: Path) -> None:
    in_utm = geopandas.GeoSeries([_SQUARE], crs="EPSG:4326").to_crs("EPSG:32636")[0]
    slick = read_slick(_write(tmp_path / "slick.shp", in_utm, crs="EPSG:32636"))
    np.testing.assert_allclose(slick.geometry.bounds, _SQUARE.bounds, atol=1e-6)


def test_degrees_are_assumed_without_a_reference_system(tmp_path: Path) -> None:
    assert read_slick(_write(tmp_path / "slick.shp", crs=None)).geometry.equals(_SQUARE)


@pytest.mark.parametrize(
    ("geometry", "crs", "message"),
    [
        (shapely.box(500000, 3600000, 510000, 3610000), None, r"no reference system \(\.prj\)"),
        (shapely.box(33.0, 134.0, 33.1, 135.0), "EPSG:4326", "swapped"),
        (shapely.Point(35, 33), "EPSG:4326", r"no polygon among 1 features \(found Point\)"),
        (shapely.Polygon(), "EPSG:4326", r"no polygon among 1 features \(found no geometry\)"),
        (shapely.LineString([(35, 33), (36, 33)]), "EPSG:4326", "found LineString"),
        (shapely.Polygon([(35, 33), (36, 33), (35, 33)]), "EPSG:4326", "enclose no area"),
    ],
)
def test_geometry_that_is_no_slick(tmp_path: Path, geometry, crs, message: str) -> None:
    with pytest.raises(CatalogError, match=rf"slick\.shp: .*{message}"):
        read_slick(_write(tmp_path / "slick.shp", geometry, crs))


def test_invalid_polygons_are_mended_and_joined(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(35, 33), (36, 34), (36, 33), (35, 34)])
    slick = read_slick(_write(tmp_path / "slick.geojson", [bow_tie, shapely.box(35, 33, 36, 34)]))
    assert slick.geometry.is_valid
    assert slick.geometry.area == pytest.approx(1.0)


def test_heights_are_dropped(tmp_path: Path) -> None:
    path = _write(tmp_path / "slick.geojson", shapely.force_3d(_SQUARE, 5.0))
    assert not read_slick(path).geometry.has_z


def test_attributes_are_plain_shared_and_present(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "slick.gpkg",
        [_SQUARE, shapely.box(36, 33, 37, 34)],
        MAX_VOL="***********",
        AREA=[1.0, 2.0],
        MIN_VOL=float("nan"),
        DAY=datetime(2021, 8, 24),
    )
    slick = read_slick(path)
    assert slick.attributes == {"NAME": "x", "DAY": "2021-08-24T00:00:00"}
    json.dumps(slick.attributes)


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_missing_part_of_a_shapefile(tmp_path: Path, part: str) -> None:
    path = _write(tmp_path / "slick.shp")
    path.with_suffix(part).unlink()
    with pytest.raises(UnreadableFileError, match=rf"slick\.shp: .*no \{part} beside it"):
        read_slick(path)


@pytest.mark.parametrize(
    "name", ["slick.shp", "slick.geojson", "slick.gpkg", "slick.tif", "slick.zip"]
)
def test_damaged_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for suffix in (path.suffix, ".shx", ".dbf"):
        path.with_suffix(suffix).write_bytes(b"<html>login</html>")
    with pytest.raises(UnreadableFileError, match=name):
        read_slick(path)


def test_text_that_is_not_in_its_declared_encoding(tmp_path: Path) -> None:
    path = _write(tmp_path / "slick.shp", PLACE="Banias")
    records = path.with_suffix(".dbf")
    records.write_bytes(records.read_bytes().replace(b"Banias", b"B\xe2nias"))
    path.with_suffix(".cpg").write_text("UTF-8")
    assert read_slick(path).attributes["PLACE"].startswith("B")


def test_layer_of_a_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "slicks.gpkg"
    for layer, shape in (("first", _SQUARE), ("second", shapely.box(36, 33, 37, 34))):
        frame = geopandas.GeoDataFrame({"n": [1]}, geometry=[shape], crs="EPSG:4326")
        frame.to_file(path, layer=layer)
    assert read_slick(path, layer="first").geometry.equals(_SQUARE)
    with pytest.raises(CatalogError, match="layers first, second; say which"):
        read_slick(path)
    with pytest.raises(CatalogError, match="no layer 'third', only first, second"):
        read_slick(path, layer="third")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20210824-0810-SYR-PL-A-01-S3", _EIGHT_TEN),
        ("mask_20210824T0810", _EIGHT_TEN),
        ("20210824_081000", _EIGHT_TEN),
        ("2021-08-24T08:10:00Z", _EIGHT_TEN),
        ("2021-08-24 10:10:00.000+02:00", _EIGHT_TEN),
        (
            "S1A_IW_GRDH_1SDV_20210824T081030_20210824T081055_039",
            _EIGHT_TEN + timedelta(seconds=30),
        ),
        ("2021-08-24", None),
        ("20210824", None),
        ("20210824-12345", None),
        ("20211324-0810", None),
        ("20210824-2510", None),
    ],
)
def test_time_in_a_name(text: str, expected: datetime | None) -> None:
    stamp = find_stamp(text)
    assert (None if stamp is None else stamp.at(stamp.day, None)) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"DATETIME": "2021-08-24T08:10:00Z"},
        {"ACQ_TIME": "2021-08-24 10:10:00+02:00"},
        {"DATETIME": "2021-08-24", "IDENTIFIER": "20210824-0810-SYR-PL-A-01-S3"},
        {"DATETIME": datetime(2021, 8, 24, 8, 10)},
        {"CREATED_DATE": "2022-01-01T12:00:00Z", "time": "2021-08-24T08:10Z"},
    ],
)
def test_time_in_attributes(tmp_path: Path, fields: dict[str, object]) -> None:
    slick = read_slick(_write(tmp_path / "20200101T0000.geojson", **fields))
    assert slick.time == _EIGHT_TEN


def test_a_date_without_its_hour_gives_way_to_the_file_name(tmp_path: Path) -> None:
    date = datetime(2021, 8, 24)
    named = _write(tmp_path / "20210824-0810-SYR.gpkg", DATETIME=date)
    assert read_slick(named).time == _EIGHT_TEN
    assert read_slick(_write(tmp_path / "slick.gpkg", DATETIME=date)).time is None


@pytest.mark.parametrize(
    "given",
    [
        datetime(2021, 8, 24, 8, 10),
        datetime(2021, 8, 24, 10, 10, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_time_given_goes_before_all(tmp_path: Path, given: datetime) -> None:
    slick = read_slick(_write(tmp_path / "20200101T0000.geojson"), time=given)
    assert slick.time == _EIGHT_TEN
    assert slick.time.tzinfo is UTC


def test_sheen_and_thick_are_told_apart(tmp_path: Path) -> None:
    stem = "20210824-0810-SYR-PL-A-01-S3"
    sheen = _write(tmp_path / f"{stem}_sheen.shp", shapely.box(35.0, 33.0, 36.0, 34.0))
    thick = _write(tmp_path / f"{stem}_thick.shp", shapely.box(35.5, 33.0, 36.5, 34.0))
    _write(tmp_path / f"{stem}_source.shp", shapely.Point(35.0, 33.0))
    slick = read_slick(tmp_path / f"{stem}_*.shp")
    assert slick.files == (str(sheen), str(thick))
    assert slick.time == _EIGHT_TEN
    assert slick.geometry.area == pytest.approx(1.5)
    assert slick.thickness_class["thick"].equals(shapely.box(35.5, 33.0, 36.5, 34.0))
    assert slick.thickness_class["sheen"].equals(shapely.box(35.0, 33.0, 35.5, 34.0))


def test_files_of_different_times_are_not_one_slick(tmp_path: Path) -> None:
    files = [_write(tmp_path / f"20210824-{hour}-SYR.geojson") for hour in ("0810", "0840", "1533")]
    assert read_slick(files[:2]).time == _EIGHT_TEN
    with pytest.raises(CatalogError, match=r"0810-SYR.*T08:10Z but .*1533-SYR.*T15:33Z"):
        read_slick(files)


def test_zipped_shapefile(tmp_path: Path) -> None:
    path = _write(tmp_path / "20210824-0810-SYR.shp")
    archive = tmp_path / "upload.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for part in tmp_path.glob("20210824-0810-SYR.*"):
            file.write(part, f"folder/{part.name}")
            file.writestr(f"__MACOSX/._{part.name}", "macOS")
    slick = read_slick(archive)
    assert slick.geometry.equals(_SQUARE)
    assert slick.time == _EIGHT_TEN
    assert slick.files == (f"{archive}/folder/{path.name}",)


@pytest.mark.parametrize(
    "name",
    ["../slick.shp", "a/../../slick.shp", "/etc/slick.shp", "..\\slick.shp", "C:\\slick.shp"],
)
def test_archive_that_points_outside_itself(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "upload.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, "x")
    with pytest.raises(CatalogError, match="points outside"):
        read_slick(archive)


def test_archive_that_unpacks_to_too_much(tmp_path: Path, monkeypatch) -> None:
    archive = tmp_path / "upload.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("slick.geojson", " " * 2_000_000)
    monkeypatch.setattr("catalog.files.archives.MOST_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(CatalogError, match="unpacks to"):
        read_slick(archive)


def test_archive_without_data(tmp_path: Path) -> None:
    archive = tmp_path / "upload.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("readme.txt", "x")
    with pytest.raises(CatalogError, match="no shapefile"):
        read_slick(archive)


def test_mask_in_degrees(tmp_path: Path) -> None:
    mask = np.zeros((10, 20), np.uint8)
    mask[2:4, 5:10] = 1
    mask[6, 0] = 255
    slick = read_slick(_write_mask(tmp_path / "mask_20210824T0810.tif", mask, nodata=255))
    np.testing.assert_allclose(slick.geometry.bounds, (35.05, 33.06, 35.10, 33.08))
    assert slick.geometry.area == pytest.approx(10 * 0.01**2)
    assert slick.time == _EIGHT_TEN


def test_mask_in_metres_with_nan(tmp_path: Path) -> None:
    mask = np.full((10, 20), np.nan, np.float32)
    mask[0:2, 0:2] = 0.7
    mask[5, 5] = 0.0
    transform = Affine(150.0, 0.0, 700_000.0, 0.0, -150.0, 3_900_000.0)
    path = _write_mask(tmp_path / "mask.tif", mask, crs="EPSG:32636", transform=transform)
    in_utm = geopandas.GeoSeries([read_slick(path).geometry], crs="EPSG:4326").to_crs("EPSG:32636")
    np.testing.assert_allclose(in_utm.total_bounds, (700_000, 3_899_700, 700_300, 3_900_000))


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((10, 20), {}, "mask is empty"),
        ((3, 10, 20), {}, "3 bands"),
        ((10, 20), {"crs": None, "transform": None}, "not georeferenced"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_raster_that_is_no_mask(tmp_path: Path, shape, options, message: str) -> None:
    path = _write_mask(tmp_path / "mask.tif", np.zeros(shape, np.uint8), **options)
    with pytest.raises(CatalogError, match=rf"mask\.tif: .*{message}"):
        read_slick(path)


def test_attributes_give_swapped_axes_away(tmp_path: Path) -> None:
    swapped = shapely.transform(_SQUARE, lambda points: points[:, ::-1])
    right = _write(tmp_path / "right.shp", _SQUARE, CENTR_LON=35.1, CENTR_LAT=33.05)
    assert read_slick(right).geometry.equals(_SQUARE)
    wrong = _write(tmp_path / "wrong.shp", swapped, CENTR_LON=35.1, CENTR_LAT=33.05)
    with pytest.raises(CatalogError, match=r"wrong\.shp: .*35\.10 E 33\.05 N; .* are swapped"):
        read_slick(wrong)


def test_classes_by_the_layers_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "slick.gpkg"
    thick = shapely.box(35.0, 33.0, 35.1, 33.1)
    for layer, shape in (("a_sheen", _SQUARE), ("a_thick", thick), ("a_note", _SQUARE.buffer(1))):
        geopandas.GeoDataFrame({"n": [1]}, geometry=[shape], crs="EPSG:4326").to_file(
            path, layer=layer
        )
    slick = read_slick(path)
    assert slick.geometry.equals(_SQUARE)
    assert slick.thickness_class["thick"].equals(thick)
    assert slick.by_class()["sheen"].equals(_SQUARE - thick)


def test_what_is_not_known_to_be_thick_is_sheen(tmp_path: Path) -> None:
    assert list(read_slick(_write(tmp_path / "a.shp")).by_class()) == ["sheen"]
    assert list(read_slick(_write(tmp_path / "a_sheen.shp")).by_class()) == ["sheen"]
    assert list(read_slick(_write(tmp_path / "a_thick.shp")).by_class()) == ["thick"]
    both = read_slick([tmp_path / "a.shp", _write(tmp_path / "b_thick.shp", _SQUARE.buffer(0.1))])
    assert list(both.by_class()) == ["thick"]


@pytest.mark.parametrize(
    ("estimate", "sheen", "thick"),
    [("minimum", 0.04, 5.0), ("maximum", 0.30, 50.0), ("mean", 0.012**0.5, 250.0**0.5)],
)
def test_volumes_of_the_bonn_code(estimate, sheen: float, thick: float) -> None:
    """In m3 from km2, that is in micrometres."""
    assert bonn_thickness("sheen", estimate) == pytest.approx(1e-6 * sheen)
    assert bonn_thickness("thick", estimate) == pytest.approx(1e-6 * thick)


def test_thickness_of_a_raster_cell_by_cell(tmp_path: Path) -> None:
    values = np.array([[0.0, 2.5, 2.5], [-9.0, 40.0, np.nan]], np.float32)
    oil = read_thickness(_write_mask(tmp_path / "oil.tif", values, nodata=-9.0))
    parts = dict(zip(oil.thickness, oil.geometry.geoms, strict=True))
    np.testing.assert_allclose(sorted(parts), [2.5e-6, 40e-6])
    np.testing.assert_allclose(parts[min(parts)].bounds, (35.01, 33.09, 35.03, 33.1))
    np.testing.assert_allclose(parts[max(parts)].bounds, (35.01, 33.08, 35.02, 33.09))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0.0, 0.0]], "the mask is empty"),
        ([[1.0, -2.0]], "found a thickness of -2 micrometres, expected 0 to"),
    ],
)
def test_a_raster_that_holds_no_thickness(tmp_path: Path, values, message: str) -> None:
    path = _write_mask(tmp_path / "oil.tif", np.array(values, np.float32))
    with pytest.raises(CatalogError, match=message):
        read_thickness(path)


def test_thickness_is_not_read_from_polygons(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="not a raster"):
        read_thickness(_write(tmp_path / "slick.shp"))


@pytest.mark.parametrize("kind", _PICTURES)
@pytest.mark.parametrize("name", ["oil.jpg", "oil.geojson"])
def test_a_picture_is_called_one_and_what_to_do_is_said(tmp_path, kind, name):
    path = tmp_path / name
    path.write_bytes(_PICTURES[kind])
    with pytest.raises(UnreadableFileError) as caught:
        read_slick(path)
    said = str(caught.value)
    assert f"{name}: is a picture ({kind}), which does not say where on the map it lies" in said
    assert "a detection module makes one" in said
    assert "vector file" not in said
