"""Archives from outside are unpacked into their folder, and nothing else is done for them."""

import io
import zipfile
from pathlib import Path

import pytest
import rasterio
import shapely

from catalog import CatalogError
from catalog.files import archives
from catalog.files.archives import unpack
from catalog.slicks.geotiff import read_geotiff
from catalog.slicks.slick import read_slick

KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><Polygon><outerBoundaryIs>
<LinearRing><coordinates>35,35 35.2,35 35.2,35.1 35,35.1 35,35</coordinates></LinearRing>
</outerBoundaryIs></Polygon></Placemark></Document></kml>"""


def packed(path: Path, name: str, content: str, kind: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = kind << 16
        archive.writestr(entry, content)
    return path


@pytest.mark.parametrize("kind", [0o120777, 0o010644, 0o020644, 0o060644, 0o140755])
def test_entries_that_are_no_files(tmp_path: Path, kind: int):
    path = packed(tmp_path / "a.zip", "a.geojson", "/etc/passwd", kind)
    with pytest.raises(CatalogError, match=r"'a\.geojson' is a link"):
        unpack(path, tmp_path / "folder")
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize("kind", [0, 0o644, 0o100644, 0o100755])
def test_entries_that_are_files(tmp_path: Path, kind: int):
    unpack(packed(tmp_path / "a.zip", "a/b.txt", "x", kind), tmp_path / "folder")
    assert (tmp_path / "folder" / "a" / "b.txt").read_text() == "x"


def test_what_is_not_wanted_stays_packed(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a/b.nc", "a/b.txt", "c.txt"):
            archive.writestr(name, name)
    unpack(tmp_path / "a.zip", tmp_path / "folder", lambda name: name.suffix == ".nc")
    found = [p.relative_to(tmp_path / "folder") for p in (tmp_path / "folder").rglob("*.*")]
    assert found == [Path("a/b.nc")]


def test_what_is_not_wanted_is_held_against_the_rules(tmp_path: Path):
    path = packed(tmp_path / "a.zip", "../a.txt", "x")
    with pytest.raises(CatalogError, match="points outside it"):
        unpack(path, tmp_path / "folder", lambda name: False)


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archives, "MOST_ENTRIES", 2)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in "ab":
            archive.writestr(name, "")
        (tmp_path / "two.zip").write_bytes(content.getvalue())
        archive.writestr("c", "")
    (tmp_path / "three.zip").write_bytes(content.getvalue())
    with pytest.raises(CatalogError, match="has 3 entries"):
        unpack(tmp_path / "three.zip", tmp_path / "folder")


def test_kmz_is_read_as_the_kml_that_it_holds(tmp_path: Path):
    slick = read_slick(packed(tmp_path / "A.KMZ", "doc.kml", KML))
    (tmp_path / "a.kml").write_text(KML)
    assert shapely.equals(slick.geometry, read_slick(tmp_path / "a.kml").geometry)
    assert slick.geometry.bounds == (35.0, 35.0, 35.2, 35.1)


def test_kmz_is_an_archive_like_others(tmp_path: Path):
    with pytest.raises(CatalogError, match="points outside it"):
        read_slick(packed(tmp_path / "a.kmz", "../doc.kml", KML))
    with pytest.raises(CatalogError, match="no shapefile, GeoJSON, GeoPackage, KML or GeoTIFF"):
        read_slick(packed(tmp_path / "a.kmz", "doc.txt", KML))


def test_tif_that_is_of_a_format_which_names_other_files(tmp_path: Path):
    (tmp_path / "secret").write_bytes(bytes(range(9)))
    band = (
        f"<VRTRasterBand dataType='Byte' band='1' subClass='VRTRawRasterBand'><SourceFilename>"
        f"{tmp_path}/secret</SourceFilename><PixelOffset>1</PixelOffset><LineOffset>9</LineOffset>"
        "</VRTRasterBand>"
    )
    place = "<SRS>EPSG:4326</SRS><GeoTransform>35, 1e-3, 0, 36, 0, -1e-3</GeoTransform>"
    path = tmp_path / "a.tif"
    path.write_text(f"<VRTDataset rasterXSize='9' rasterYSize='1'>{place}{band}</VRTDataset>")
    with rasterio.open(path) as raster:
        assert raster.read(1)[0, 8] == 8
    with pytest.raises(CatalogError, match="cannot be read as a GeoTIFF"):
        read_geotiff(path, "a.tif")
