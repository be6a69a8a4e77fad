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
from catalog.events import read_events
from catalog.slick_times import NO_KEYS, TimeKeys, scenes_of, times_of
from catalog.slicks import read_slicks
from catalog.stac import write_stac
from tests.catalog.test_masks import of_values

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
    ],
)
def test_keys_of_the_user(keys: TimeKeys, record: dict[str, object]) -> None:
    assert told(record, keys=keys).moments == (SEEN,)


@pytest.mark.parametrize(
    ("keys", "record", "message"),
    [
        (TimeKeys(("D",), "%d/%m/%Y %H:%M"), {"D": "2025-06-12"}, "found the time '2025-06-12'"),
        (TimeKeys(("D", "H")), {"D": "2025-06-12"}, "no H of time_field; expected some of D"),
        (TimeKeys(("D",)), {"D": "12/06/2025 16:06"}, "can be read in one way; give time_format"),
        (TimeKeys(("D",), None, "BRT"), {"D": "2025-06-12 16:06"}, "time_zone: found 'BRT'"),
    ],
)
def test_keys_that_do_not_fit(keys, record, message) -> None:
    with pytest.raises(CatalogError, match=message):
        told(record, keys=keys)


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
