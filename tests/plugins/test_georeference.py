import csv
import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyproj import Geod

from tests.plugins.builders import AQUATIC, card, constant
from witoil.plugins.errors import PluginError
from witoil.plugins.georeference import (
    exif_time,
    georeference_of_request,
    locate,
    parse_georeference,
)
from witoil.plugins.prediction import predict

SIZE = (400, 600)
GEOD = Geod(ellps="WGS84")
NADIR = {"kind": "nadir", "lon": 35.9, "lat": 35.2, "gsd_m": 0.5}


def placed_by(document):
    return parse_georeference(json.dumps(document))


def placed(document, pixels, exif=None, time=None):
    placing = locate(placed_by(document), "a.png", SIZE, exif or {}, time)
    return np.array(placing.place(shapely.MultiPoint(pixels)).geoms[0].coords[0]), placing


@pytest.mark.parametrize("heading", [0.0, 37.0, 90.0, -135.0, 270.0])
@pytest.mark.parametrize("lat", [35.2, -44.7, 80.0])
def test_the_top_of_a_photo_lies_in_the_direction_of_its_heading(heading, lat):
    document = {**NADIR, "lat": lat, "heading_deg": heading}
    (lon, north), _ = placed(document, [(300.0, 0.0)])
    azimuth, _, distance = GEOD.inv(35.9, lat, lon, north)
    assert distance == pytest.approx(100.0, rel=1e-6)
    assert (azimuth - heading + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-3)
    right = placed(document, [(600.0, 200.0)])[0]
    azimuth, _, distance = GEOD.inv(35.9, lat, *right)
    assert distance == pytest.approx(150.0, rel=1e-6)
    assert (azimuth - heading - 90.0 + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-3)


def test_height_and_angle_give_the_size_of_a_pixel():
    document = {"kind": "nadir", "lon": 35.9, "lat": 35.2, "height_m": 100.0, "fov_deg": 90.0}
    (lon, lat), _ = placed(document, [(600.0, 200.0)])
    assert GEOD.inv(35.9, 35.2, lon, lat)[2] == pytest.approx(100.0, rel=1e-6)


@pytest.mark.slow
@given(st.floats(-179.99, 179.99), st.floats(-80.0, 80.0), st.floats(-360.0, 360.0))
def test_areas_on_the_water_are_those_of_their_pixels(lon, lat, heading):
    document = {**NADIR, "lon": lon, "lat": lat, "heading_deg": heading}
    placing = locate(placed_by(document), "a.png", SIZE, {}, None)
    polygon = placing.place(shapely.box(10, 20, 110, 80))
    area = abs(GEOD.geometry_area_perimeter(polygon)[0])
    assert area == pytest.approx(100 * 60 * 0.25, rel=1e-4)
    west, _, east, _ = polygon.bounds
    assert east - west < 1.0  # no break at 180


def test_an_affine_map_is_that_of_its_reference_system():
    document = {
        "kind": "affine",
        "transform": [10.0, 0.0, 500_000.0, 0.0, -10.0, 3_900_000.0],
        "crs": "EPSG:32637",
    }
    (lon, lat), placing = placed(document, [(0.0, 0.0)])
    assert lon == pytest.approx(39.0)
    # along the central meridian, of scale 0.9996
    assert lat == pytest.approx(GEOD.fwd(39.0, 0.0, 0.0, 3_900_000.0 / 0.9996)[1], abs=1e-7)
    assert placing.transform == (10.0, 0.0, 500_000.0, 0.0, -10.0, 3_900_000.0)


def test_a_homography_takes_straight_lines_to_straight_lines():
    """A camera 10 m above the beach that looks to the horizon: y metres away is 1 / y below it."""
    document = {
        "kind": "homography",
        "matrix": [[1.0, 0.0, -300.0], [0.0, 0.0, 4000.0], [0.0, 0.1, -5.0]],
        "crs": "+proj=aeqd +lat_0=0 +lon_0=0 +datum=WGS84",
    }
    (lon, lat), _ = placed(document, [(300.0, 150.0)])
    assert GEOD.inv(0.0, 0.0, lon, lat)[2] == pytest.approx(400.0, rel=1e-6)
    with pytest.raises(PluginError, match="beyond its horizon"):
        placed(document, [(300.0, 40.0)])  # above the horizon, at y = 50


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "affine", "transform": [1, 1, 0, 1, 1, 0], "crs": "EPSG:4326"},
        {"kind": "affine", "transform": [1, 0, 0, 0, 1, 0], "crs": "EPSG:999999"},
        {"kind": "homography", "matrix": [[1, 0, 0], [2, 0, 0], [0, 0, 1]], "crs": "EPSG:4326"},
        {"kind": "nadir", "lon": 1.0, "lat": 2.0},
        {"kind": "nadir", "lon": 1.0, "lat": 95.0, "gsd_m": 1.0},
        {"kind": "station", "lon": 1.0, "lat": 2.0, "colour": "red"},
        {"kind": "station", "lon": "nan", "lat": 2.0},
        {"kind": "track"},
        {"kind": "somewhere"},
    ],
)
def test_what_is_no_georeference_is_refused_in_one_line(document):
    with pytest.raises(PluginError, match="georef") as caught:
        placed(document, [(0.0, 0.0)])
    assert "\n" not in str(caught.value)


def test_words_json_and_files_say_the_same(tmp_path):
    station = {"kind": "station", "lon": 1.7525, "lat": 41.18217}
    path = tmp_path / "station.json"
    path.write_text(json.dumps(station))
    texts = ("station:lon=1.7525,lat=41.18217", json.dumps(station), str(path))
    assert len({parse_georeference(text) for text in texts}) == 1


FIXES = [
    {"time": "2024-04-22T08:00:00Z", "lon": 179.0, "lat": 10.0},
    {"time": "2024-04-22T09:00:00Z", "lon": -179.0, "lat": 12.0},
]


def test_a_track_is_followed_across_180(tmp_path):
    path = tmp_path / "track.csv"
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, ["time", "lon", "lat"])
        table.writeheader()
        table.writerows(FIXES)
    at = datetime(2024, 4, 22, 8, 15, tzinfo=UTC)
    for document in ({"kind": "track", "fixes": FIXES}, {"kind": "track", "file": str(path)}):
        placing = locate(placed_by(document), "a.png", SIZE, {}, at)
        assert placing.point == pytest.approx((179.5, 10.5))
        for wrong in (None, at.replace(hour=10)):
            with pytest.raises(PluginError, match=r"no time|not known"):
                locate(placed_by(document), "a.png", SIZE, {}, wrong)


def test_exif_of_a_drone_places_its_photo(tmp_path, made):
    image = Image.new("RGB", SIZE[::-1])
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(
        {1: "S", 2: (35.0, 12.0, 0.0), 3: "W", 4: (5.0, 54.0, 0.0), 16: "T", 17: 90.0}
    )
    exif.get_ifd(0x8825).update({29: "2024:04:22", 7: (8.0, 0.0, 2.0)})
    exif.get_ifd(0x8769).update({0xA405: 24})
    image.save(tmp_path / "drone.jpg", exif=exif)
    text = card(
        "detect",
        how='size = [400, 600]\nresize = "stretch"',
        output='format = "e2e"\nlabels = ["wrack"]',
        rest='[geo]\nkinds = ["exif"]',
    )
    box = np.array([[[590.0, 190.0, 600.0, 210.0, 0.9, 0.0]]])
    plugin = made(constant([1, 3, 400, 600], y=box), text)
    georeference = placed_by({"kind": "exif", "height_m": 100.0})
    answer = predict(plugin, tmp_path / "drone.jpg", georeference=georeference)
    (wrack,) = answer.findings.features
    assert wrack.time == datetime(2024, 4, 22, 8, 0, 2, tzinfo=UTC)
    azimuth, _, distance = GEOD.inv(-5.9, -35.2, *wrack.geometry.centroid.coords[0])
    gsd = 100.0 * 36.0 / 24.0 / 600.0
    assert distance == pytest.approx(295.0 * gsd, rel=1e-4)
    assert abs(azimuth) == pytest.approx(180.0, abs=0.01)  # right of a photo that looks east
    position = placed_by({"kind": "exif"})
    answer = predict(plugin, tmp_path / "drone.jpg", georeference=position)
    assert answer.findings.features[0].geometry.geom_type == "Point"
    assert "only the position counts" in " ".join(answer.findings.remarks)
    with pytest.raises(PluginError, match=r'found the kind "nadir", expected one .* kinds: exif'):
        predict(plugin, tmp_path / "drone.jpg", georeference=placed_by(NADIR))


@pytest.mark.parametrize(
    ("exif", "time", "doubt"),
    [
        ({}, None, None),
        ({"DateTimeOriginal": "2024:04:22 08:00:02"}, None, "without its zone"),
        (
            {"DateTimeOriginal": "2024:04:22 08:00:02", "OffsetTimeOriginal": "+02:00"},
            datetime(2024, 4, 22, 6, 0, 2, tzinfo=UTC),
            None,
        ),
        ({"DateTimeOriginal": "0000:00:00 00:00:00", "OffsetTimeOriginal": "Z"}, None, "read"),
        ({"GPSDateStamp": "2024:04:22", "GPSTimeStamp": (25.0, 0.0, 0.0)}, None, "read"),
    ],
)
def test_a_clock_without_its_zone_is_no_time(exif, time, doubt):
    found, why = exif_time(exif)
    assert found == time
    assert (why is None) if doubt is None else (doubt in why)


@pytest.mark.skipif(not AQUATIC.is_dir(), reason="needs the real table")
def test_a_table_of_ecotaxa_places_its_vignettes():
    table = placed_by({"kind": "samples", "file": str(AQUATIC / "img" / "uc2_ecotaxa.tsv")})
    placing = locate(table, "m106_mn01_n1_sml_821.jpg", (9, 9), {}, None)
    assert placing.point == pytest.approx((-24.4166666666667, 18.0))
    assert placing.properties == {"depth_min_m": 600.0, "depth_max_m": 1000.0}
    # "420" may be 4:20 and 0:04:20
    assert placing.time is None
    assert "one time" in placing.remarks[0]
    with pytest.raises(PluginError, match=r"has 0 lines for b\.jpg"):
        locate(table, "b.jpg", (9, 9), {}, None)


def test_what_has_no_georeference_stays_in_pixels(found):
    box = np.array([[[10.0, 20.0, 30.0, 40.0, 0.9, 0.0]]])
    text = card(
        "detect",
        how='size = [60, 60]\nresize = "stretch"',
        output='format = "e2e"\nlabels = ["fish"]',
    )
    document = found(constant([1, 3, 60, 60], y=box), text, np.zeros((60, 60, 3))).document()
    assert document["crs"] is None
    (feature,) = document["features"]
    assert feature["geometry"] is None
    assert feature["properties"]["pixel"]["type"] == "Polygon"
    assert any("positions are in pixels" in it for it in document["warnings"])
    assert math.isclose(feature["properties"]["score"], 0.9, rel_tol=1e-6)


@pytest.mark.parametrize("kind", ["track", "samples"])
def test_a_request_names_no_files(kind):
    with pytest.raises(PluginError, match="found the name of a file"):
        georeference_of_request(json.dumps({"kind": kind, "file": "/etc/passwd"}))
    for text in ("[]", "{", '"a"', "/etc/passwd"):
        with pytest.raises(PluginError, match="georef"):
            georeference_of_request(text)


@pytest.mark.parametrize("crs", ["+proj=utm +nadgrids=/etc/passwd", "/etc/passwd", "epsg:4326 "])
def test_a_request_names_reference_systems_by_their_numbers(crs):
    document = {"kind": "affine", "transform": [1, 0, 0, 0, 1, 0], "crs": crs}
    with pytest.raises(PluginError, match="expected one such as EPSG:32637"):
        georeference_of_request(json.dumps(document), files=True)
    assert georeference_of_request(json.dumps(document | {"crs": "EPSG:4326"})).crs == "EPSG:4326"
