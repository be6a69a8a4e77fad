"""Tables as spreadsheets and people write them: read as they are meant, or refused."""

import codecs
from datetime import UTC, datetime

import numpy as np
import pytest

from witoil.plugins.csv_tables import numbers, read_columns, read_rows
from witoil.plugins.errors import PluginError
from witoil.plugins.georeference import locate, parse_georeference
from witoil.plugins.soundings import read_soundings

TEXT = "lon,lat,depth_m\n35.7,35.2,4\n35.8,35.3,5.5\n"
NAMES = ("lon", "lat", "depth_m")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "encoded",
    [
        str.encode,
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    ],
)
def test_a_table_is_the_same_however_a_spreadsheet_saves_it(tmp_path, delimiter, end, encoded):
    path = tmp_path / "soundings.csv"
    text = TEXT.replace(",", delimiter).replace("\n", end) + end
    path.write_bytes(encoded(text))
    lonlat, depths = read_soundings(path)
    np.testing.assert_array_equal(lonlat, [[35.7, 35.2], [35.8, 35.3]])
    np.testing.assert_array_equal(depths, [4.0, 5.5])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "is empty; expected a table in CSV"),
        (b"\n\n", "is empty"),
        (b"\0\1\2\3", "among"),
        (b"\xff\xd8\xff\xe0", "no text in UTF-8"),
        (b"lon,lat,Tiefe\n1,2,3\n", "no column depth_m among lon, lat, Tiefe"),
        ("lön,lat\n".encode("latin-1"), "no text in UTF-8"),
        (b"lon,lat,depth_m,lon\n1,2,3,4\n", "the column lon twice"),
        (b"lon,lat,depth_m\n1,2,3,\n", "line 2: found 4 cells, expected 3"),
        (b"lon,lat,depth_m\n1,2\n", "line 2: found 2 cells, expected 3"),
        (b"lon,lat,depth_m\n35,7,35,2,4,0\n", "found 6 cells, expected 3"),
        (b'lon,lat,depth_m\n"1"2,3,4\n', "expected a table in CSV"),
    ],
)
def test_what_is_no_such_table_is_told(tmp_path, content, text):
    path = tmp_path / "soundings.csv"
    path.write_bytes(content)
    with pytest.raises(PluginError, match=text):
        read_columns(path, NAMES)


def test_decimal_commas_are_refused_and_not_guessed(tmp_path):
    path = tmp_path / "soundings.csv"
    path.write_text("lon;lat;depth_m\n35,7;35,2;4,0\n")
    with pytest.raises(PluginError, match="found '35,7', expected a number such as"):
        read_soundings(path)
    path.write_text("time;lon;lat\n2024-05-01T08:00Z;35,7;35,2\n")
    track = parse_georeference(f"track:file={path}")
    with pytest.raises(PluginError, match="lon: found '35,7'"):
        locate(track, "a.jpg", (4, 4), {}, datetime(2024, 5, 1, 8, tzinfo=UTC))


@pytest.mark.parametrize("nothing", ["", " ", "NA", "NaN", "n/a", "null"])
def test_cells_without_a_number_are_none(tmp_path, nothing):
    found = numbers(tmp_path, "lon", ["1", nothing, "-2e3"])
    np.testing.assert_array_equal(found, [1.0, np.nan, -2000.0])


def test_rows_have_their_cells_by_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('a, b\n"x, y",2\n\n , \n3,4\n')
    assert read_rows(path, ("a", "b")) == [{"a": "x, y", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize("crs", ["EPSG:99999", "EPSG:5773", "Baniyas", ""])
def test_a_reference_system_that_is_none_is_told_before_any_file(crs):
    text = f'{{"kind": "affine", "transform": [1, 0, 0, 0, -1, 0], "crs": "{crs}"}}'
    with pytest.raises(PluginError, match="crs: found"):
        parse_georeference(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo", "found the kind 'foo', expected one of affine, nadir"),
        ("[1]", "found the kind"),
        ("{}", "found no kind"),
        ("track:file=none.csv", "none.csv: is no file that is there"),
        ("affine:transform=1,crs=EPSG:4326", "found '1', expected numbers in JSON"),
        ("nadir:lon=1,lat=41,gsd_m=1,heading=3", "heading: is no key of this kind; nadir has"),
        ("station:lon=1", "station.lat: is missing; station has lon, lat"),
        ("station:lon=a,lat=2", "station.lon: found 'a', expected a valid number"),
        ("station:lon=400,lat=2", "found '400', expected less than or equal to 360"),
    ],
)
def test_mistakes_in_a_georeference_are_told_with_what_its_kind_has(text, said):
    with pytest.raises(PluginError) as told:
        parse_georeference(text)
    assert said in str(told.value)
