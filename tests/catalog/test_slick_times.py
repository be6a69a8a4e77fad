import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import CatalogError, read_slick
from catalog.slicks.events import read_events
from catalog.slicks.slick import read_slicks
from catalog.slicks.stac import write_stac
from catalog.slicks.time_keys import NO_KEYS, TimeKeys
from catalog.slicks.times import scenes_of, times_of
from tests.catalog.test_masks import of_values
from tests.catalog.test_masks import write as write_mask

SEEN = datetime(2025, 6, 12, 16, 6, tzinfo=UTC)


def told(*records: dict[str, object], stem: str = "slick", keys: TimeKeys = NO_KEYS):
    return times_of(list(records), stem, keys, "slick.shp")


@pytest.mark.parametrize(
    "record",
    [
        {"DATETIME": "2025-06-12T16:06:00Z"},
        {"DATA_HORA": "2025-06-12T00:00:00", "TEMPO": "16:06"},
        {"DATA_HORA": "12 jun 2025", "TEMPO": "16:06:00"},
        {"FECHA": "2025-06-12", "HORA": "16:06"},
        {"DATE_ACQ": "20250612", "HEURE_ACQ": "16h06"},
        {"DATA": "2025/06/12", "ORA": "16.06.00", "ORA_UTC": "16:06"},
        {"DATUM": "12. Juni 2025", "UHRZEIT": "16:06 Uhr"},
        {"DATE": "2025-06-12", "TIME": "1606"},
        {"DATE": "2025-06-12", "TIME": "4:06 PM"},
        {"EPOCH_TIME": 1749744360},
        {"TIMESTAMP": 1749744360000.0},
        {"DATE_HOUR": 202506121606},
        {"DATE": "2025-06-12", "HORA_LOCAL": "13:06", "TIME_ZONE": "-03:00"},
        {"DATE": "2025-06-12", "TIME": "13:06", "UTC_OFFSET": -3},
        {"DATE": "2025-06-12", "TIME": "13:06", "TIMEZONE": "America/Sao_Paulo"},
        {"TIME_LOCAL": "2025-06-12 13:06", "TIME_UTC": "2025-06-12 16:06"},
        {"ACQ_TIME": "2025-06-12 16:06", "EVENT_TIME": "2025-06-11 03:00"},
        {"DATE": "2025-06-12 16:06", "CREATED_DATE": "2025-07-01 10:00"},
        {"DATE": "2025-06-12", "TIME": "16:06", "RUNTIME": "00:05:10"},
        {"DATE": "12/06/2025 16:06", "IDENTIFIER": "X_20250612_77"},
        {"DATE": "12/06/2025", "TIME": "16:06", "ISO_DATE": "2025-06-12"},
        {"DATE": "2025-06-12", "UTC": "16:06", "TIME_LOCAL": "13:06"},
        {"ACQ_TIME": "S1A_IW_GRDH_1SDV_20250612T160600_20250612T160625_059"},
        {"acq": "2025-06-12 16:06"},
        {"DT_INI": "2025-06-12 16:06", "DT_FIM": "2025-06-12 16:07"},
        {"begin": "2025-06-12T16:06:00Z", "end": "2025-06-12T16:06:30Z"},
        {"SENSED": "2025-06-12 16:06", "DATASET": "2024-01-01 00:00"},
        {"DATE": "2025-06-12T00:00:00-03:00", "TIME": "13:06"},
        {"TIME": "2025-06-12 13:06 BRT", "TIME_ZONE": "-03:00"},
        {"TIME": "2025-06-12 13:06 BRT (UTC-3)"},
        {"IDENTIFIER": "slick_20250612_1306_UTC-3"},
    ],
)
def test_times_that_are_certain(record: dict[str, object]) -> None:
    found = told(record)
    assert found.moments == (SEEN,), found.doubt


def test_the_name_of_the_file_tells_day_from_month() -> None:
    record = {"DATE": "12/06/2025 16:06"}
    assert told(record, stem="oil_20250612").moments == (SEEN,)
    assert told(record, stem="oil_2025-12-06").moments == (SEEN.replace(month=12, day=6),)
    # another day altogether settles nothing
    assert told(record, stem="20250701T0800").moments == (None,)


def test_another_record_shows_the_order() -> None:
    assert told({"DATA": "12/06/2025 16:06"}, {"DATA": "13/06/2025 16:06"}).moments == (
        SEEN,
        SEEN + timedelta(days=1),
    )
    assert told({"DATA": "06/12/2025 16:06"}, {"DATA": "06/13/2025 16:06"}).moments[0] == SEEN
    assert told({"DATA": "13/06/2025 16:06"}, {"DATA": "06/13/2025 16:06"}).moments == (None,) * 2


@pytest.mark.parametrize(
    ("record", "doubt"),
    [
        (
            {"DATA": "12/06/2025", "HORA": "16:06"},
            r"DATA '12/06/2025' and HORA '16:06': the day or the month first\? write time_field = "
            r'\["DATA", "HORA"\]',
        ),
        ({"DATA": "12/06/2025 16:06"}, r'write time_field = \["DATA"\] and time_format'),
        ({"HORA_LOCAL": "2025-06-12 13:06"}, "HORA_LOCAL is a local time; .* `time_zone`"),
        ({"DATE": "2025-06-12", "TIME": "16:06", "TZ": "BRT"}, "the time zone 'BRT' is not known"),
        (
            {"START_TIME": "2025-06-12 10:00", "END_TIME": "2025-06-12 16:06"},
            "START_TIME and END_TIME tell different times; say which by `time_field`",
        ),
        ({"DATE": "12/06/25", "TIME": "1606"}, "nothing certain in DATE '12/06/25'"),
        ({"TIME": "2025-06-12 16:06 BRT"}, "nothing certain in TIME '2025-06-12 16:06 BRT'"),
        ({"TIME": "2025-06-12 16:06 local time"}, "nothing certain in TIME"),
        ({"DATE": "2025-06-12"}, "nothing certain in DATE '2025-06-12'"),
        ({"DATE": "2025-06-12", "TIME": "00:00"}, "nothing certain in DATE '2025-06-12', TIME"),
        ({"DATE": "2025-06-12", "TIMECODE": 1200}, "nothing certain in"),
        (
            {"DATE": "2025-06-12", "TIME": "16:06 EST"},
            "EST': the zone is not known; .* `time_zone`",
        ),
        ({"TIME": "acquired 2025-06-12 16:06 TRT"}, "the zone is not known"),
        ({"TIME": "2025-06-12 16:06 EST5EDT"}, "the zone is not known"),
        ({"TIME": "2025-06-12 16:06 -18"}, "the zone is not known"),
        ({"HORA_UTC-3": "2025-06-12 13:06"}, "HORA_UTC-3 is a local time"),
        ({"IDENTIFIER": "slick_20250612_1606_BRT"}, "its zone 'brt' is not known; .* `time_zone`"),
        ({"IDENTIFIER": "slick_20250612T160600-0300"}, "its zone '-0300' is not known"),
        ({"DATE": "2025-06-12"}, "they have no hour: give it by `time`"),
        (
            {"TIME": "2025-06-12T00:00:00-03:00"},
            'midnight may be an hour that was lost: write time_field = "TIME" if that is when',
        ),
        ({"t": "2025-06-12T16:06:00"}, 'write time_field = "t" if that is when it was seen'),
        ({"NAME": "x", "EDITED": "2025-06-12T16:06:00"}, "^$"),
        ({"NAME": "x"}, "^$"),
    ],
)
def test_times_that_are_not(record: dict[str, object], doubt: str) -> None:
    found = told(record)
    assert found.moments == (None,)
    assert np.array_equal([bool(found.doubt)], [doubt != "^$"])
    import re

    assert re.search(doubt, found.doubt), found.doubt


@pytest.mark.parametrize(
    ("keys", "record"),
    [
        (TimeKeys(("D", "H"), "%d/%m/%Y %H:%M"), {"D": "12/06/2025", "H": "16:06"}),
        (TimeKeys(("D",), "%m/%d/%Y %I:%M %p"), {"D": "06/12/2025 4:06 PM"}),
        (TimeKeys(("D", "H"), "%Y-%m-%d %H%M"), {"D": "2025-06-12T00:00:00", "H": 1606}),
        (TimeKeys(("D", "H"), "%y%m%d %H.%M"), {"D": 250612.0, "H": "16.06"}),
        (TimeKeys(("T",)), {"T": 1749744360}),
        (TimeKeys(("D", "H"), "%d/%m/%Y %H:%M", "-03:00"), {"D": "12/06/2025", "H": "13:06"}),
        (TimeKeys(("T",), None, "Europe/Rome"), {"T": "2025-06-12 18:06"}),
        (TimeKeys(("T",), "%d/%m/%Y %H:%M %z", "-09:00"), {"T": "12/06/2025 17:06 +0100"}),
        (TimeKeys((), None, "-03:00"), {"DATE": "2025-06-12", "TIME": "13:06"}),
        (TimeKeys(("B",)), {"A_TIME": "2001-01-01 12:00", "B": "2025-06-12 16:06"}),
        (TimeKeys((), None, "-03:00"), {"TIME": "2025-06-12 13:06 BRT"}),
        (TimeKeys((), None, "-03:00"), {"TIME": "2025-06-12 1:06 PM (hora local)"}),
        (TimeKeys((), None, "-03:00"), {"IDENTIFIER": "slick_20250612_1306_BRT"}),
        (TimeKeys((), None, "-03:00"), {"IDENTIFIER": "slick_20250612_1306"}),
        # what names its zone is of that
        (TimeKeys((), None, "-03:00"), {"TIME": "2025-06-12 16:06 UTC"}),
        (TimeKeys((), None, "-03:00"), {"TIME_UTC": "2025-06-12 16:06"}),
        (TimeKeys((), None, "-03:00"), {"IDENTIFIER": "20250612-1606-BRA-PL-A-01-S1"}),
        (TimeKeys((), None, "-03:00"), {"ID": "S1A_IW_GRDH_1SDV_20250612T160600_20250612T160625"}),
        (TimeKeys(("D",), None, "-03:00"), {"D": "2025-06-12 13:06 BRT"}),
        (TimeKeys(("D",), "%d/%m/%Y %H:%M BRT", "-03:00"), {"D": "12/06/2025 13:06 BRT"}),
        (TimeKeys(("D",), "%d/%m/%Y %H:%M UTC-3"), {"D": "12/06/2025 13:06 UTC-3"}),
        (TimeKeys(("D",), "%d/%m/%Y %Hh%Mmin"), {"D": "12/06/2025 16h06min"}),
        (TimeKeys(("D", "H"), "%Y-%m-%dT00:00:00 %H"), {"D": "2025-06-12T00:00:00", "H": 16}),
    ],
)
def test_keys_of_the_user(keys: TimeKeys, record: dict[str, object]) -> None:
    (found,) = told(record, keys=keys).moments
    assert found is not None
    assert found.replace(minute=6) == SEEN


@pytest.mark.parametrize("format", [None, "%Y-%m-%dT%H:%M:%S%z"])
def test_midnight_can_be_meant(format: str | None) -> None:
    keys = TimeKeys(("D",), format)
    record = {"D": "2025-06-12T00:00:00-03:00"}
    assert told(record, keys=keys).moments == (datetime(2025, 6, 12, 3, tzinfo=UTC),)
    if format is None:
        record = {"D": "2025-06-12T00:00:00"}
        assert told(record, keys=keys).moments == (datetime(2025, 6, 12, tzinfo=UTC),)


@pytest.mark.parametrize(
    ("keys", "record", "message"),
    [
        (TimeKeys(("D",), "%d/%m/%Y %H:%M"), {"D": "2025-06-12"}, "found the time '2025-06-12'"),
        (TimeKeys(("D", "H")), {"D": "2025-06-12"}, "no H of time_field; expected some of D"),
        (TimeKeys(("D",)), {"D": "12/06/2025 16:06"}, "can be read in one way; give time_format"),
        (TimeKeys(("D",), None, "BRT"), {"D": "2025-06-12 16:06"}, "time_zone: found 'BRT'"),
        (
            TimeKeys(("D",)),
            {"D": "2025-06-12 16:06 BRT"},
            "whose zone is not known; .* `time_zone`",
        ),
        (
            TimeKeys(("D",), "%d/%m/%Y %H:%M BRT"),
            {"D": "12/06/2025 16:06 BRT"},
            "whose zone is not known; give it by `time_zone`",
        ),
        (TimeKeys(("D",), "%Y-%m-%d %H:%M %Z"), {"D": "2025-06-12 16:06 UTC"}, "expected no %Z"),
        (TimeKeys(("D",), "%Y-%m-%d"), {"D": "2025-06-12"}, "expected one with an hour"),
    ],
)
def test_keys_that_do_not_fit(keys, record, message) -> None:
    with pytest.raises(CatalogError, match=message):
        told(record, keys=keys)


def test_a_name_that_says_another_day_than_the_date_settles_nothing() -> None:
    found = told({"DATETIME": "2025-06-12T00:00:00"}, stem="S1_20250613T160600")
    assert found.moments == (None,)
    assert found.doubt.startswith("DATETIME says 2025-06-12, the name 2025-06-13; say when by")
    # of the day, or of one that is written either way
    for day in ("2025-06-12T00:00:00", "12/06/2025", "06/12/2025"):
        assert told({"DATETIME": day}, stem="S1_20250612T160600").moments == (SEEN,)
    # another date than that of the image
    record = {"DATE_ACQ": "2025-06-12", "EVENT_DATE": "2025-06-10"}
    assert told(record, stem="S1_20250612T160600").moments == (SEEN,)


_CLOCKS = st.tuples(st.integers(1, 23), st.integers(0, 59))  # midnight is asked for
_ABBREVIATIONS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=5).filter(
    lambda word: (
        word not in {"utc", "gmt", "zulu", "am", "pm", "hs", "hr", "hrs", "uhr", "ore"}
        and word not in {"hora", "horas", "heure", "heures", "min"}
    )
)


@pytest.mark.slow
@settings(max_examples=300)
@given(_CLOCKS, _ABBREVIATIONS, st.sampled_from(["{}", " {}", " ({})", " {}"]), st.booleans())
def test_no_word_behind_a_clock_is_passed_over(clock, word, place, upper) -> None:
    word = word.upper() if upper else word
    text = f"2025-06-12 {clock[0]:02}:{clock[1]:02}:00" + place.format(word)
    found = told({"TIME": text})
    assert found.moments == (None,)
    assert "`time_zone`" in found.doubt
    (moment,) = told({"TIME": text}, keys=TimeKeys(zone="-03:00")).moments
    assert moment == datetime(2025, 6, 12, *clock, tzinfo=UTC) + timedelta(hours=3)


@pytest.mark.slow
@settings(max_examples=300)
@given(
    _CLOCKS,
    st.integers(-14 * 4, 14 * 4),
    st.sampled_from(["", " ", " UTC", " GMT", "UTC", " (UTC", " BRT (UTC"]),
    st.sampled_from(["{:+03}:{:02}", "{:+03}{:02}"]),
)
def test_no_offset_is_lost(clock, quarters, before, spelling) -> None:
    sign = -1 if quarters < 0 else 1
    hours, minutes = divmod(abs(quarters) * 15, 60)
    offset = spelling.format(hours, minutes).replace("+", "-" if sign < 0 else "+")
    text = f"2025/06/12 {clock[0]:02}:{clock[1]:02}{before}{offset}" + ")" * before.count("(")
    (moment,) = told({"TIME": text}, keys=TimeKeys(zone="Asia/Tokyo")).moments
    assert moment == datetime(2025, 6, 12, *clock, tzinfo=UTC) - timedelta(minutes=15 * quarters)


def write(path: Path, *records: dict[str, object], step: float = 0.2) -> Path:
    """Write a square for each record, one beside the other."""
    shapes = [
        shapely.box(35.0 + step * k, 34.0, 35.1 + step * k, 34.1) for k in range(len(records))
    ]
    columns = {name: [record.get(name) for record in records] for name in records[0]}
    geopandas.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(path)
    return path


TWO = ({"DATA": "12/06/2025", "HORA": "16:06"}, {"DATA": "13/06/2025", "HORA": "04:10"})


@pytest.mark.parametrize("name", ["slick.shp", "slick.gpkg", "slick.geojson"])
def test_several_times_in_a_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, *TWO)
    with pytest.raises(
        CatalogError,
        match=r"holds slicks of 2 times, 2025-06-12T16:06Z, 2025-06-13T04:10Z; .* by `time`",
    ):
        read_slick(path)
    second = read_slick(path, datetime(2025, 6, 13, 4, 30, tzinfo=UTC))
    assert second.geometry.bounds == pytest.approx((35.2, 34.0, 35.3, 34.1))
    with pytest.raises(CatalogError, match="expected one within an hour of 2025-06-14"):
        read_slick(path, datetime(2025, 6, 14, tzinfo=UTC))
    first, other = read_slicks(path)
    assert (first.time, other.time) == (SEEN, datetime(2025, 6, 13, 4, 10, tzinfo=UTC))
    assert first.geometry.bounds[0] == pytest.approx(35.0)


def test_a_feature_without_a_time_among_several(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", *({"TIME": t} for t in ("2025-06-12 16:06", None)))
    assert read_slick(path).geometry.area == pytest.approx(0.02)
    times = ("2025-06-12 16:06", None, "2025-06-13 16:06")
    path = write(tmp_path / "b.gpkg", *({"TIME": t} for t in times))
    with pytest.raises(CatalogError, match="feature 2 has no time, while others are of several"):
        read_slick(path, SEEN)


@pytest.mark.parametrize("name", ["slick.shp", "slick.gpkg", "slick.geojson", "slick.fgb"])
def test_one_of_several_times_may_be_midnight(tmp_path: Path, name: str) -> None:
    times = ("2025-06-12T00:00:00", "2025-06-12T06:30:00")
    path = write(tmp_path / name, *({"TIME": time} for time in times))
    slick = read_slick(path, datetime(2025, 6, 12, 6, 30, tzinfo=UTC))
    assert slick.geometry.bounds[0] == pytest.approx(35.2)
    keys = TimeKeys(("TIME",), "%Y-%m-%dT%H:%M:%S")
    assert [s.time and s.time.hour for s in read_slicks(path, time_keys=keys)] == [0, 6]


def test_days_without_hours_are_not_joined(tmp_path: Path) -> None:
    path = write(tmp_path / "slick.gpkg", {"DATE": "2025-06-12"}, {"DATE": "2025-06-14"})
    for time in (None, SEEN):
        with pytest.raises(CatalogError, match="several times; nothing certain in DATE"):
            read_slick(path, time)


ZONED = [
    ("2025-06-12 16:06 BRT", None),
    ("2025-06-12T16:06:00 EST", None),
    ("2025-06-12 16:06 (hora local)", None),
    ("2025/06/12 13:06 UTC-3", SEEN),
    ("2025-06-12 13:06 (UTC-3)", SEEN),
    ("2025-06-12T13:06 GMT-3", SEEN),
    ("2025-06-12T13:06:00-03:00", SEEN),
    ("2025-06-12 16:06 UTC", SEEN),
]


@pytest.mark.parametrize("name", ["s.shp", "s.gpkg", "s.geojson", "s.json", "s.fgb", "s.gml"])
@pytest.mark.parametrize(("text", "expected"), ZONED)
def test_zones_in_files(tmp_path: Path, name: str, text: str, expected: datetime | None) -> None:
    path = tmp_path / name
    if name == "s.json":
        write(tmp_path / "s.geojson", {"DATETIME": text}).rename(path)
    else:
        write(path, {"DATETIME": text})
    assert read_slick(path).time == expected
    zoned = read_slick(path, time_keys=TimeKeys(zone="-03:00")).time
    assert zoned == expected or (expected is None and zoned == SEEN + timedelta(hours=3))


@pytest.mark.parametrize(("text", "expected"), ZONED)
def test_zones_in_tags(tmp_path: Path, text: str, expected: datetime | None) -> None:
    path = write_mask(tmp_path / "s.tif", of_values(1), tags={"ACQUISITION_TIME": text})
    assert read_slick(path).time == expected
    zoned = read_slick(path, time_keys=TimeKeys(zone="-03:00")).time
    assert zoned == expected or (expected is None and zoned == SEEN + timedelta(hours=3))


def test_a_column_of_moments_that_holds_other_texts_is_refused(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "s.gpkg"
    columns = {"TIME": np.array(["2025-06-12T16:06"], "datetime64[ms]")}
    square = shapely.box(35.0, 34.0, 35.1, 34.1)
    geopandas.GeoDataFrame(columns, geometry=[square], crs=4326).to_file(path)
    assert read_slick(path).time == SEEN
    with sqlite3.connect(path) as file:
        for (trigger,) in file.execute("select name from sqlite_master where type = 'trigger'"):
            file.execute(f'drop trigger "{trigger}"')
        file.execute("update s set TIME = '2025-06-12 16:06 BRT'")
    file.close()
    with pytest.raises(CatalogError, match="TIME is of moments, but has '2025-06-12 16:06 BRT'"):
        read_slick(path)


def test_times_of_kml(tmp_path: Path) -> None:
    path = tmp_path / "s.kml"
    ring = "20,35 20.1,35 20.1,35.1 20,35"
    text = (
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark>{}<Polygon><outerBoundaryIs>'
        f"<LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
        "</Placemark></kml>"
    )
    for element in (
        "<TimeStamp><when>2025-06-12T13:06:00-03:00</when></TimeStamp>",
        "<TimeSpan><begin>2025-06-12T16:06:00Z</begin><end>2025-06-12T16:07:00Z</end></TimeSpan>",
    ):
        path.write_text(text.format(element))
        assert read_slick(path).time == SEEN
    path.write_text(text.format(element.replace("16:07", "18:07")))
    slick = read_slick(path)
    assert slick.time is None
    assert slick.doubt == "begin and end tell different times; say which by `time_field`"
    assert read_slick(path, time_keys=TimeKeys(("begin",))).time == SEEN


def test_several_times_that_are_not_certain_are_not_joined(tmp_path: Path) -> None:
    records = ({"DATA": "05/06/2025 16:06"}, {"DATA": "06/07/2025 16:06"})
    path = write(tmp_path / "slick.gpkg", *records)
    for time in (None, SEEN):
        with pytest.raises(CatalogError, match="holds slicks of several times; DATA"):
            read_slick(path, time)
    keys = TimeKeys(("DATA",), "%d/%m/%Y %H:%M")
    slick = read_slick(path, datetime(2025, 7, 6, 16, 6, tzinfo=UTC), time_keys=keys)
    assert slick.geometry.bounds[0] == pytest.approx(35.2)
    with pytest.raises(CatalogError, match="no WHEN of time_field; expected some of DATA"):
        read_slick(path, SEEN, time_keys=TimeKeys(("WHEN",)))


def test_one_scene_whose_time_is_not_certain_can_be_given_it(tmp_path: Path) -> None:
    path = write(tmp_path / "slick.gpkg", {"DATA": "12/06/2025 16:06"})
    slick = read_slick(path)
    assert slick.time is None
    assert "the day or the month first?" in slick.doubt
    assert read_slick(path, SEEN).time == SEEN


def test_a_time_given_against_the_file_is_said(tmp_path: Path, caplog) -> None:
    path = write(tmp_path / "slick.gpkg", {"TIME": "2025-06-12 16:06"})
    assert read_slick(path, SEEN + timedelta(hours=3)).time == SEEN + timedelta(hours=3)
    assert "says 2025-06-12T16:06Z, taken for 2025-06-12T19:06Z" in caplog.text


def test_times_of_a_netcdf_file(tmp_path: Path) -> None:
    import xarray as xr

    values = np.stack([of_values(1), of_values(1, 1), of_values(1, 1, 1)]).astype("i1")
    xr.Dataset(
        {"oil": (("time", "lat", "lon"), values)},
        coords={
            "time": ("time", [0.0, 12.0, 24.0], {"units": "hours since 2025-06-12"}),
            "lat": ("lat", 34.0 - 0.01 * np.arange(8), {"units": "degrees_north"}),
            "lon": ("lon", 35.0 + 0.01 * np.arange(10), {"units": "degrees_east"}),
        },
    ).to_netcdf(tmp_path / "m.nc")
    assert [slick.time.hour for slick in read_slicks(tmp_path / "m.nc") if slick.time] == [0, 12, 0]
    with pytest.raises(CatalogError, match="expected one within an hour of 2025-06-12T16:06Z"):
        read_slick(tmp_path / "m.nc", SEEN)
    (event,), _ = read_events(tmp_path)
    assert len(event.detections) == 3


def test_events_are_split_by_time_and_list_what_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "two.shp", *TWO)
    write(tmp_path / "doubtful.shp", {"DATA": "05/06/2025", "HORA": "16:06"})
    events, problems = read_events(tmp_path)
    assert problems == []
    spill, undated = events
    assert [d.time for d in spill.detections] == [SEEN, datetime(2025, 6, 13, 4, 10, tzinfo=UTC)]
    assert [d.area_km2 for d in spill.detections] == pytest.approx([102.2] * 2, rel=0.01)
    assert len({d.identifier for d in spill.detections}) == 2
    assert undated.identifier == "doubtful"
    assert "DATA '05/06/2025' and HORA '16:06': the day or the month first?" in undated.missing
    keys = TimeKeys(("DATA", "HORA"), "%d/%m/%Y %H:%M", "-03:00")
    events, problems = read_events(tmp_path, keys)
    assert problems == []
    assert [e.start.isoformat() for e in events] == [
        "2025-06-05T19:06:00+00:00",
        "2025-06-12T19:06:00+00:00",
    ]


def test_stac_keeps_the_keys_of_times(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    records = ({"DATA": "05/06/2025 16:06"}, {"DATA": "06/06/2025 04:00"})
    write(tmp_path / "in" / "slicks.gpkg", *records)
    before, _ = read_events(tmp_path / "in", TimeKeys(("DATA",), "%d/%m/%Y %H:%M"))
    write_stac(before, tmp_path / "stac")
    after, problems = read_events(tmp_path / "stac")
    assert problems == []
    for old, new in zip(before[0].detections, after[0].detections, strict=True):
        assert (old.time, old.identifier) == (new.time, new.identifier)
        assert new.slick.geometry.equals(old.slick.geometry)


@pytest.mark.slow
@settings(max_examples=200)
@given(
    st.lists(st.dates(date(2020, 1, 1), date(2026, 12, 31)), min_size=1, max_size=4, unique=True),
    st.booleans(),
)
def test_local_dates_are_read_right_or_not_at_all(days: list[date], day_first: bool) -> None:
    template = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    found = told(*({"DATE": d.strftime(template), "TIME": "16:06"} for d in days))
    if any(found.moments):
        assert [m.date() for m in found.moments if m] == days
    else:
        assert "the day or the month first?" in found.doubt
        assert all(day.day <= 12 for day in days)


def test_scenes_are_an_hour_long() -> None:
    minutes = [0, 30, 60, 61, 200]
    scenes = scenes_of(SEEN + timedelta(minutes=m) for m in reversed(minutes))
    assert [(a - SEEN).seconds // 60 for a, _ in scenes] == [0, 61, 200]


def test_attributes_with_clocks_can_be_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "slick.geojson", {"DATE": "2025-06-12", "TIME": "16:06:00"})
    json.dumps(read_slick(path).attributes)
