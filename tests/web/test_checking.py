"""Files that were made to do harm are refused for what they are, and good ones are not."""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import get_args

import h5py
import netCDF4
import numpy as np
import pytest
import rasterio
import shapely
import soundfile
from PIL import Image

from catalog import CatalogError
from tests.web.people import FEATURES, GEOJSON, SQUARE, zipped
from web.confinement import confined
from web.data import checking
from web.data.checking import refuse_harmful

AREA = rasterio.Affine(0.05, 0.0, 35.0, 0.0, -0.05, 36.0)


def refused(path: Path, says: str) -> None:
    with pytest.raises(CatalogError, match=says) as caught:
        refuse_harmful(path)
    assert "\n" not in str(caught.value)


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def linked(name: str, target: str, kind: int = 0o120777) -> bytes:
    """Return a zip with an entry of another kind than a file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = kind << 16
        archive.writestr(entry, target)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "target", "kind"),
    [
        ("slick.geojson", "/etc/passwd", 0o120777),
        ("folder", "/etc", 0o120777),
        ("pipe.geojson", "", 0o010644),
        ("disk.geojson", "", 0o060644),
    ],
)
def test_links_and_devices_in_a_zip(tmp_path, name, target, kind):
    refused(written(tmp_path, "a.zip", linked(name, target, kind)), "is a link")


@pytest.mark.parametrize(
    "name",
    ["../a.geojson", "a/../../b.geojson", "/etc/a.geojson", "C:\\a.geojson", "..\\a.geojson"],
)
@pytest.mark.parametrize("kind", ["zip", "kmz"])
def test_names_in_a_zip_that_point_outside(tmp_path, name, kind):
    refused(written(tmp_path, f"a.{kind}", zipped({name: GEOJSON})), "points outside it")
    assert not (tmp_path.parent / "a.geojson").exists()


def test_zip_bombs(tmp_path, monkeypatch):
    monkeypatch.setattr("catalog.files.archives.MOST_UNPACKED_BYTES", 10**6)
    refused(written(tmp_path, "a.zip", zipped({"a.tif": bytes(10**7)})), "unpacks to")
    many = zipped({f"{k}.txt": b"" for k in range(11)})
    monkeypatch.setattr("catalog.files.archives.MOST_ENTRIES", 10)
    refused(written(tmp_path, "b.zip", many), "entries")


def test_zip_that_says_it_is_smaller_than_it_is(tmp_path):
    content = bytearray(zipped({"a.geojson": b" " * 10**6 + GEOJSON}))
    size = struct.pack("<I", 10**6 + len(GEOJSON))
    assert content.count(size) == 2
    refused(written(tmp_path, "a.zip", content.replace(size, struct.pack("<I", 10))), "a.zip")


WRONG = [
    ("a.tif", b"<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>"),
    ("a.tif", b"GIF89a"),
    ("a.geojson", b"<OGRVRTDataSource></OGRVRTDataSource>"),
    ("a.geojson", b"http://127.0.0.1/a.geojson"),
    ("a.kml", b"{}"),
    ("a.nc", b"CDF\x07"),
    ("a.nc", b"http://127.0.0.1/a.nc"),
    ("a.gpkg", b"SQLite format 2\0"),
    ("a.geojson", b""),
]


@pytest.mark.parametrize(("name", "content"), [*WRONG, ("a.zip", b"Rar!"), ("a.csv", b"")])
def test_content_is_what_the_name_says(tmp_path, name, content):
    refused(written(tmp_path, name, content), "a\\.")


@pytest.mark.parametrize(("name", "content"), WRONG)
def test_content_within_an_archive_is_what_the_name_says(tmp_path, name, content):
    refused(written(tmp_path, "all.zip", zipped({name: content})), name)


@pytest.mark.parametrize("name", ["a.vrt", "a.gml", "a.shp", "a.exe", "a.nc.gz", "a"])
def test_names_of_other_formats(tmp_path, name):
    refused(written(tmp_path, name, GEOJSON), "expected")


@pytest.mark.parametrize("name", ["a.gml", "a.fgb", "folder/A.GML"])
def test_formats_that_are_not_taken_out_of_a_zip(tmp_path, name):
    refused(written(tmp_path, "a.zip", zipped({name: b"<"})), "expected a shapefile")


@pytest.mark.parametrize("kind", ["link", "url"])
def test_reference_system_at_another_address(tmp_path, kind):
    document = json.loads(FEATURES)
    document["crs"] = {"type": kind, "properties": {"href": "http://127.0.0.1:9/", "url": "x"}}
    content = json.dumps(document).encode()
    refused(written(tmp_path, "a.geojson", content), "at another address")
    refused(written(tmp_path, "a.zip", zipped({"a.geojson": content})), "at another address")


@pytest.mark.parametrize(
    "content",
    [
        b'{"type": "Topology", "objects": {}, "arcs": []}',
        b'{"type": "gdal_streamed_alg", "command_line": "gdal vector read http://127.0.0.1/"}',
        b'{"displayFieldName": "", "geometryType": "esriGeometryPolygon", "features": []}',
    ],
)
def test_other_formats_of_json(tmp_path, content):
    path = written(tmp_path, "a.geojson", content)
    for reader in ("mask", "land", "lines"):
        assert "fault" in checking._answer(path, reader)


@pytest.mark.parametrize(
    "table",
    [
        "CREATE VIEW v AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
        "SELECT * FROM r",
        "create  view v as select 1",
        "CREATE VIRTUAL TABLE v USING fts4(a)",
    ],
)
def test_tables_that_are_computed(tmp_path, shapefile, table):
    import sqlite3
    from contextlib import closing

    path = good(tmp_path, "a b%20#.gpkg", shapefile)
    refuse_harmful(path)
    with closing(sqlite3.connect(path)) as file:
        file.execute(table)
        file.commit()
    refused(path, "is computed when it is read")


def test_too_many_vertices(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "MOST_VERTICES", 1000)
    circle = shapely.Point(35.0, 35.0).buffer(0.1, quad_segs=300)
    content = shapely.to_geojson(circle).encode()
    refused(written(tmp_path, "a.geojson", content), "more than 1,000 vertices")
    few = json.loads(FEATURES)
    few["features"] *= 250  # of five each
    refused(written(tmp_path, "b.geojson", json.dumps(few).encode()), "vertices")
    refuse_harmful(written(tmp_path, "c.geojson", FEATURES))


def hdf(path: Path, fill) -> Path:
    with h5py.File(path, "w") as file:
        fill(file)
    return path


def in_a_group(fill):
    return lambda file: fill(file.create_group("group"))


def external_values(file):
    file.create_dataset("secret", (6,), "u1", external=[("/etc/passwd", 0, 6)])


def external_link(file):
    file["secret"] = h5py.ExternalLink("/var/lib/other.nc", "/values")


def virtual_values(file):
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource("/var/lib/other.nc", "values", (4,))
    file.create_virtual_dataset("secret", layout)


@pytest.mark.parametrize("fill", [external_values, external_link, virtual_values])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_values_in_other_files(tmp_path, fill, nested, packed):
    path = hdf(tmp_path / "a.nc", in_a_group(fill) if nested else fill)
    if packed:
        path = written(tmp_path, "a.zip", zipped({"a.nc": path.read_bytes()}))
    refused(path, "secret holds stands in another file")


def test_values_that_unpack_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "MOST_DECODED_BYTES", 10**6)

    def fill(file):
        file.create_dataset("zeros", (10**7,), "f8", chunks=True, compression="gzip", fillvalue=0)

    refused(hdf(tmp_path / "a.nc", fill), "unpacks to 0.1 GB")


def test_raster_of_too_many_cells(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "MOST_CELLS", 10**6)
    path = tmp_path / "a.tif"
    where = {"crs": "EPSG:4326", "transform": AREA}
    with rasterio.open(path, "w", "GTiff", 2000, 2000, 1, dtype="uint8", sparse_ok=True, **where):
        pass
    refused(path, "4,000,000 cells")


@pytest.fixture
def shapefile(tmp_path) -> bytes:
    import geopandas

    folder = tmp_path / "shape"
    folder.mkdir()
    geopandas.GeoDataFrame(geometry=[SQUARE], crs=4326).to_file(folder / "20210824_0343.shp")
    return zipped({path.name: path.read_bytes() for path in folder.iterdir()})


def good(folder: Path, name: str, shapefile: bytes) -> Path:
    import geopandas

    path = folder / name
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[SQUARE], crs=4326)
    if name.endswith(".geojson"):
        path.write_bytes(b"\xef\xbb\xbf\n " + FEATURES)
    elif name.endswith(".zip"):
        path.write_bytes(shapefile)
    elif name.endswith(".kmz"):
        frame.to_file(folder / "doc.kml", driver="KML")
        path.write_bytes(zipped({"doc.kml": (folder / "doc.kml").read_bytes()}))
    elif name.endswith(".tif"):
        where = {"crs": "EPSG:4326", "transform": AREA}
        with rasterio.open(path, "w", "GTiff", 20, 20, 1, dtype="uint8", **where) as raster:
            raster.write(np.eye(20, dtype="uint8"), 1)
    else:
        frame.to_file(path, driver={".kml": "KML", ".gpkg": "GPKG"}[path.suffix])
    return path


@pytest.mark.parametrize("name", ["a.geojson", "A.zip", "a.kmz", "a.kml", "a.gpkg", "a.tif"])
def test_good_masks(tmp_path, shapefile, name):
    path = good(tmp_path, name, shapefile)
    refuse_harmful(path)
    answer = checking._answer(path, "mask")
    west, south, east, north = answer["facts"]["box"]
    assert 34.9 < west < east < 36.1
    assert 34.9 < south < north < 36.1


def test_every_purpose_has_a_reader():
    assert set(checking._READERS) == set(get_args(checking.Purpose))


def test_good_files_of_other_purposes(tmp_path):
    track = b"time,lon,lat\n2021-08-24T00:00Z,35,35\n2021-08-24T01:00Z,35.1,35\n"
    facts = checking._answer(written(tmp_path, "a.csv", track), "track")["facts"]
    assert facts["times"] == ["2021-08-24T00:00:00Z", "2021-08-24T01:00:00Z"]
    assert facts["box"] == [35.0, 35.0, 35.1, 35.0]
    assert facts["fixes"] == 2
    line = b'{"type": "LineString", "coordinates": [[35, 35], [35.1, 35]]}'
    assert checking._answer(written(tmp_path, "b.geojson", line), "lines")["facts"]["lines"] == 1
    assert checking._answer(written(tmp_path, "c.geojson", FEATURES), "land")["facts"]["box"]
    several = track + b"2021-08-24T00:30Z,36,35\n2021-08-24T01:30Z,36.1,35\n"
    several = b"\n".join(
        line + (b",id" if number == 0 else b",a" if number < 3 else b",b")
        for number, line in enumerate(several.splitlines())
    )
    facts = checking._answer(written(tmp_path, "d.csv", several), "drifters")["facts"]
    assert (facts["drifters"], facts["fixes"]) == (2, 4)
    assert facts["times"] == ["2021-08-24T00:00:00Z", "2021-08-24T01:30:00Z"]
    assert "fault" in checking._answer(tmp_path / "d.csv", "track")
    assert "fault" in checking._answer(tmp_path / "b.geojson", "mask")
    assert "fault" in checking._answer(tmp_path / "c.geojson", "track")
    assert "fault" in checking._answer(tmp_path / "c.geojson", "oil")
    assert "fault" in checking._answer(tmp_path / "c.geojson", "run")


def test_forcing_says_what_it_is_good_for(tmp_path):
    path = tmp_path / "winds.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        for name, values, units in (
            ("time", [0, 1], "hours since 2021-08-24"),
            ("latitude", [35, 36], "degrees_north"),
            ("longitude", [35, 36], "degrees_east"),
        ):
            file.createDimension(name, 2)
            axis = file.createVariable(name, "f8", (name,))
            axis.units, axis[:] = units, values
        for name in ("eastward_wind", "northward_wind"):
            field = file.createVariable(name, "f4", ("time", "latitude", "longitude"))
            field.standard_name, field.units, field[:] = name, "m s-1", 3.0
    roles = checking._answer(path, "forcing")["facts"]["roles"]
    assert set(roles) == {"winds"}
    assert roles["winds"]["box"] == [35.0, 35.0, 36.0, 36.0]
    assert roles["winds"]["times"][1] == "2021-08-24T01:00:00Z"
    assert "fault" in checking._answer(path, "track")


def test_what_a_key_of_the_case_settles_is_kept(tmp_path):
    path = tmp_path / "a.tif"
    where = {"crs": "EPSG:4326", "transform": AREA}
    with rasterio.open(path, "w", "GTiff", 20, 20, 1, dtype="uint8", **where) as raster:
        raster.write(np.arange(400, dtype="uint8").reshape(20, 20), 1)
    assert "oil_values" in checking._answer(path, "mask")["facts"]["unclear"]


def test_messages_do_not_say_where_a_file_lies(tmp_path):
    path = written(tmp_path, "a.geojson", b'{"type": "FeatureCollection", "features": []}')
    assert str(tmp_path) not in checking._answer(path, "mask")["fault"]


@pytest.mark.slow
def test_environment_keeps_gdal_to_the_file(tmp_path):
    """A virtual raster and a layer of another file are not read, whatever their names."""

    secret = written(tmp_path, "secret", b"topsecret")
    vrt = (
        f"<VRTDataset rasterXSize='9' rasterYSize='1'><VRTRasterBand dataType='Byte' band='1' "
        f"subClass='VRTRawRasterBand'><SourceFilename>{secret}</SourceFilename>"
        "<PixelOffset>1</PixelOffset><LineOffset>9</LineOffset></VRTRasterBand></VRTDataset>"
    )
    written(tmp_path, "a.tif", vrt.encode())
    written(tmp_path, "real.csv", b'w\n"POLYGON((0 0,1 0,1 1,0 0))"\n')
    layer = (
        f"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>{tmp_path}/real.csv"
        "</SrcDataSource><SrcLayer>real</SrcLayer></OGRVRTLayer></OGRVRTDataSource>"
    )
    written(tmp_path, "a.geojson", layer.encode())
    script = (
        "import rasterio, pyogrio\n"
        "opened = lambda: rasterio.open('a.tif').read()\n"
        "for read in (opened, lambda: pyogrio.read_info('a.geojson')):\n"
        "    try: read()\n"
        "    except Exception: print('refused')\n"
        "    else: print('read')\n"
    )

    def run(environment):
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()

    assert run({}) == ["read", "read"]
    assert run(confined()) == ["refused", "refused"]


@pytest.mark.slow
def test_no_warning_of_drivers_that_gdal_comes_without():
    script = (
        "import logging; from web.confinement import allow_fewer_drivers\n"
        "logging.basicConfig(level=logging.WARNING); allow_fewer_drivers()\n"
        "import rasterio\n"
        "with rasterio.Env(): logging.getLogger('rasterio._env').warning('something else')\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | confined() | {"GDAL_SKIP": "VRT,no such driver"},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    assert said.splitlines() == ["WARNING:rasterio._env:something else"]


def test_images_and_sounds_are_read_before_they_are_kept(tmp_path):
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    facts = checking._answer(tmp_path / "a.png", "image")["facts"]
    assert facts == {"size": [6, 8], "remarks": []}
    soundfile.write(tmp_path / "a.flac", np.zeros(800), 8000)
    assert checking._answer(tmp_path / "a.flac", "sound")["facts"]["seconds"] == 0.1
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    (tmp_path / "c.png").write_bytes(b"GIF89a")
    for name, purpose in (("b.png", "image"), ("c.png", "image"), ("a.png", "sound")):
        answer = checking._answer(tmp_path / name, purpose)
        assert answer.keys() == {"fault"}
        assert str(tmp_path) not in answer["fault"]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_rasters_have_any_numbers_and_a_place(tmp_path):
    profile = {"driver": "GTiff", "width": 5, "height": 4, "count": 2, "dtype": "float32"}
    placed = {"crs": "EPSG:32636", "transform": rasterio.Affine(40.0, 0.0, 4e5, 0.0, -40.0, 4e6)}
    for name, more in (("a.tif", placed), ("b.tif", {})):
        with rasterio.open(tmp_path / name, "w", **profile, **more) as dataset:
            dataset.write(np.full((2, 4, 5), 0.02, np.float32))
            dataset.set_band_description(1, "Sigma0_VV")
    facts = checking._answer(tmp_path / "a.tif", "raster")["facts"]
    assert facts["size"] == [4, 5]
    assert facts["bands"] == ["Sigma0_VV", None]
    assert facts["dtype"] == "float32"
    Image.new("RGB", (8, 6)).save(tmp_path / "c.png")
    for name, says in (("b.tif", "no coordinate reference system"), ("c.png", "a file of PNG")):
        fault = checking._answer(tmp_path / name, "raster")["fault"]
        assert says in fault
        assert str(tmp_path) not in fault


def test_what_is_odd_in_a_mask_is_told(tmp_path):
    ring = [[35.5, 35.0], [35.7, 35.2], [35.7, 35.0], [35.5, 35.2], [35.5, 35.0]]
    outline = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {}, "geometry": outline}
    bow = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    facts = checking._answer(written(tmp_path, "bow.geojson", bow), "mask")["facts"]
    assert facts["remarks"] == [
        "bow.geojson: feature 1 of 1 crosses itself; what its outline winds round is taken for "
        "inside"
    ]
    plain = checking._answer(written(tmp_path, "plain.geojson", FEATURES), "mask")["facts"]
    assert plain["remarks"] == []
