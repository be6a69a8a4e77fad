import json

import geopandas
import numpy as np
import pytest
import shapely

from catalog import CatalogError, UnreadableFileError, read_lines, read_track

TIMES = ["2021-08-24T03:43:00Z", "2021-08-24T06:00:00+02:00", "2021-08-24T05:00:00"]
PLACES = [(35.0, 33.0), (35.1, 33.2), (35.4, 33.2)]


def as_csv(path, times=TIMES, places=PLACES, header="time,lon,lat"):
    rows = [f"{time},{lon},{lat}" for time, (lon, lat) in zip(times, places, strict=True)]
    path.write_text("\n".join([header, *rows, ""]))
    return path


def as_points(path, times=TIMES, key="time"):
    features = [
        {"properties": {key: time}, "geometry": {"type": "Point", "coordinates": [*place, 0.0]}}
        for time, place in zip(times, PLACES, strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def as_line(path, times=TIMES, key="times"):
    line = {"type": "LineString", "coordinates": PLACES}
    path.write_text(json.dumps({"type": "Feature", "properties": {key: times}, "geometry": line}))
    return path


@pytest.mark.parametrize("write", [as_csv, as_points, as_line])
def test_a_track_is_the_same_in_any_format(tmp_path, write):
    track = read_track(write(tmp_path / ("t.csv" if write is as_csv else "t.geojson")))
    assert list(track.times.astype(str)) == [
        f"2021-08-24T{clock}:00.000000000" for clock in ("03:43", "04:00", "05:00")
    ]
    np.testing.assert_array_equal(track.longitude, [35.0, 35.1, 35.4])
    np.testing.assert_array_equal(track.latitude, [33.0, 33.2, 33.2])


def test_columns_may_stand_anywhere_under_their_long_names(tmp_path):
    path = tmp_path / "track.csv"
    path.write_text(
        "\ufeffmmsi, Latitude,Longitude, time\n1,33.0,35.0,2021-08-24T03:43Z\n\n"
        "1,33.2,35.1,2021-08-24T03:44Z\n",
        encoding="utf-8",
    )
    track = read_track(path)
    np.testing.assert_array_equal(track.latitude, [33.0, 33.2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,lon\n", r"no column lat; expected a first line time,lon,lat"),
        ("", r"no column time, lon, lat"),
        ("time,lon,lat\n", r"found 0 fixes, expected two at least"),
        ("time,lon,lat\n2021-08-24T03:43Z,35\n", r"line 2: found 2 cells, expected 3"),
        ("time,lon,lat\nnoon,35,33\n", r"line 2: time: found 'noon', expected ISO 8601"),
        ("time,lon,lat\n2021-08-24T03:43Z,E35,33\n", r"line 2: found the place 'E35', '33'"),
        ("time,lon,lat\n2021-08-24T03:43Z,35,133\n", r"line 2: found the place 35 E 133 N"),
        ("time,lon,lat\n2021-08-24T03:43Z,35,nan\n", r"line 2: found the place 35 E nan N"),
        (
            "time,lon,lat\n2021-08-24T03:43Z,35,33\n2021-08-24T03:43Z,35,33\n",
            r"found the time 2021-08-24T03:43:00Z after 2021-08-24T03:43:00Z; expected rising",
        ),
    ],
)
def test_a_table_that_is_no_track(tmp_path, text, message):
    path = tmp_path / "track.csv"
    path.write_text(text)
    with pytest.raises(CatalogError, match=rf"track\.csv: {message}") as caught:
        read_track(path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not GeoJSON"),
        ("[]", r"feature 1: expected a point with a `time`, or a line with `times`"),
        ('{"features": [3]}', r"feature 1: expected a point"),
        ('{"geometry": {"type": "Point", "coordinates": [1, 2]}}', r"feature 1: expected a point"),
        ('{"geometry": {"type": "Polygon"}, "properties": {"time": 1}}', "feature 1: expected"),
        (
            '{"geometry": {"type": "LineString", "coordinates": [[1, 2]]},'
            ' "properties": {"times": []}}',
            r"feature 1: found 0 times for 1 points, expected one for each",
        ),
        (
            '{"geometry": {"type": "LineString", "coordinates": [[1, 2]]},'
            ' "properties": {"time": "2021-08-24"}}',
            r"feature 1: found a single times for 1 points",
        ),
    ],
)
def test_a_document_that_is_no_track(tmp_path, text, message):
    path = tmp_path / "track.geojson"
    path.write_text(text)
    with pytest.raises(CatalogError, match=message):
        read_track(path)


def test_a_track_that_is_missing_binary_or_several(tmp_path):
    with pytest.raises(UnreadableFileError, match="no such file"):
        read_track(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableFileError, match="not a text file"):
        read_track(tmp_path / "binary.csv")
    (tmp_path / "other.csv").touch()
    with pytest.raises(CatalogError, match="2 files match"):
        read_track(tmp_path / "*.csv")


@pytest.mark.parametrize("name", ["line.shp", "line.geojson", "line.gpkg"])
def test_lines_come_in_degrees(tmp_path, name):
    path = tmp_path / name
    shape = shapely.MultiLineString([PLACES, [(36.0, 33.0), (36.0, 33.1)]])
    frame = geopandas.GeoSeries([shape], crs="EPSG:4326")
    (frame if name.endswith("json") else frame.to_crs("EPSG:32636")).to_file(path)
    lines = read_lines(path)
    assert lines.equals_exact(shape, 1e-6)


def test_a_file_without_a_line_is_refused(tmp_path):
    path = tmp_path / "points.geojson"
    geopandas.GeoSeries([shapely.Point(35, 33)], crs="EPSG:4326").to_file(path)
    with pytest.raises(CatalogError, match=r"no line among 1 features \(found Point\)"):
        read_lines(path)
