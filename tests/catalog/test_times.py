import cftime
import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st

from catalog.errors import CatalogError
from catalog.forcing.times import decode_times, read_times

_DAYS = st.datetimes(
    min_value=np.datetime64("1950-01-01T00:00:00").item(),
    max_value=np.datetime64("2099-12-31T00:00:00").item(),
).map(lambda moment: moment.replace(microsecond=0))


@given(
    moment=_DAYS.filter(lambda m: (m.month, m.day) != (2, 29)),
    calendar=st.sampled_from(["standard", "proleptic_gregorian", "noleap", "julian"]),
    units=st.sampled_from(["seconds since 1970-01-01", "hours since 1950-01-01"]),
)
def test_the_date_written_is_the_date_read(moment, calendar: str, units: str) -> None:
    date = cftime.datetime(*moment.timetuple()[:6], calendar=calendar)
    number = cftime.date2num(date, units, calendar)
    (read,) = decode_times(np.array([number]), units, calendar, "f")
    assert read == np.datetime64(moment)
    assert read.dtype == "datetime64[ns]"


def test_fractions_of_a_day_come_to_whole_seconds() -> None:
    hours = np.arange(24)
    read = decode_times(20000 + hours / 24.0, "days since 1970-01-01", "standard", "f")
    assert set(np.diff(read)) == {np.timedelta64(1, "h")}


@pytest.mark.parametrize(
    ("value", "units", "calendar", "message"),
    [
        (59.0, "days since 2006-01-01", "360_day", "2006-02-30.*calendar '360_day' only"),
        (1.0, "fortnights", "standard", "'fortnights'"),
        (1.0, "", "standard", "cannot be read"),
        (1.0, "days since 2006-01-01", "mayan", "'mayan'"),
        (np.nan, "days since 2006-01-01", "standard", "missing"),
        (0.0, "days since 0001-01-01", "standard", "outside the years"),
    ],
)
def test_times_that_cannot_be_used(value: float, units: str, calendar: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        decode_times(np.array([value]), units, calendar, "f")


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [
        *[("", 0), (" UTC", 0), ("Z", 0), (" GMT", 0), (" +00:00", 0)],
        *[(" +3:00", 180), (" +0300", 180), (" +03", 180), (" +3", 180), (" +03:00", 180)],
        *[(" UTC+3", 180), (" UTC+03:00", 180), (" GMT+3", 180), ("+03:00", 180), (" UTC +3", 180)],
        *[(" 5:30", 330), (" 0:00", 0)],  # as wgrib2 writes it
        *[(" -5:30", -330), (" -0530", -330), ("-05:30", -330), (" UTC-5:30", -330)],
        (" +5:45", 345),
    ],
)
@pytest.mark.parametrize("time", [" 12:00:00", " 12:00", "T12:00:00", " 12:00:00.0", " 12"])
def test_offsets_of_the_reference_time(zone: str, minutes: int, time: str) -> None:
    read = decode_times(np.array([1.0]), f"hours since 2021-08-24{time}{zone}", "standard", "f")
    expected = np.datetime64("2021-08-24T13:00") - np.timedelta64(minutes, "m")
    assert read[0] == expected


def test_an_offset_behind_a_date_without_a_time() -> None:
    (read,) = decode_times(np.array([3.0]), "hours since 2021-8-4 +3:00", "standard", "f")
    assert read == np.datetime64("2021-08-04T00:00")


@pytest.mark.parametrize(
    "zone",
    ["CET", "EST5EDT", "Europe/Athens", "+25:00", "+3:75", "+3.5", "local", "+3:00 DST", "UTC+x"],
)
def test_an_offset_that_cannot_be_read_is_refused(zone: str) -> None:
    units = f"hours since 2021-08-24 00:00:00 {zone}"
    with pytest.raises(CatalogError, match=r"ends in '.*'; expected UTC, or an offset"):
        decode_times(np.array([0.0]), units, "standard", "f")


@pytest.mark.parametrize(
    "date", ["2021/08/24", "24-AUG-2021", "24-Aug-2021 00:00:00", "2021-08-24T00Z"]
)
def test_dates_as_other_programs_write_them(date: str) -> None:
    (read,) = decode_times(np.array([3.0]), f"hours since {date}", "standard", "f")
    assert read == np.datetime64("2021-08-24T03:00")


@pytest.mark.parametrize("date", ["24-08-2021", "2021-08-245", "24-XYZ-2021", "yesterday"])
def test_dates_that_cannot_be_told_are_refused(date: str) -> None:
    with pytest.raises(CatalogError, match="cannot be read"):
        decode_times(np.array([3.0]), f"hours since {date}", "standard", "f")


def _axis(values, units, **attrs) -> xr.Variable:
    return xr.Variable("time", values, {"units": units, **attrs})


@pytest.mark.parametrize("key", ["time_zone", "timezone"])
def test_a_time_zone_in_an_attribute_of_its_own_is_refused(key: str) -> None:
    variable = _axis(np.array([0.0]), "hours since 2021-08-24", **{key: "UTC+3"})
    with pytest.raises(CatalogError, match="expected times in UTC"):
        read_times(variable, "f")
    variable.attrs[key] = "UTC"
    assert read_times(variable, "f").times.size == 1


_UNITS = {
    "seconds since 1970-01-01": 1.0,
    "seconds since 1950-01-01": 1.0,
    "minutes since 1900-01-01": 60.0,
    "hours since 1950-01-01": 3600.0,
    "hours since 1900-01-01 00:00:00.0": 3600.0,
    "days since 1950-01-01": 86400.0,
    "days since 1858-11-17": 86400.0,
}


@given(
    units=st.sampled_from(list(_UNITS)),
    step_minutes=st.sampled_from([15, 30, 60, 180, 360, 1440]),
    middle=st.booleans(),
    count=st.integers(2, 60),
    start=st.integers(0, 17_000),
)
def test_times_that_single_precision_has_smeared_are_put_back(
    units, step_minutes, middle, count, start
) -> None:
    step = np.timedelta64(60 * step_minutes, "s")
    first = np.datetime64("1993-01-01", "s") + start * np.timedelta64(1, "D")
    true = (first + step * np.arange(count) + (step // 2 if middle else 0)).astype("M8[ns]")
    epoch = np.datetime64(units.split("since ")[1][:10], "ns")
    exact = (true - epoch) / np.timedelta64(1, "s") / _UNITS[units]
    smear = 0.5 * _UNITS[units] * float(np.spacing(np.float32(exact.max())))
    assume(60.0 * step_minutes > 3.5 * smear)
    for kind in (np.float32, np.float64):
        axis = read_times(_axis(exact.astype(kind), units), "f")
        np.testing.assert_array_equal(axis.times, true)
    smeared = np.abs(exact.astype(np.float32).astype(float) - exact).max() * _UNITS[units] > 1.0
    single = read_times(_axis(exact.astype(np.float32), units), "f")
    assert ("put back on steps of" in single.remark) == smeared


def test_a_single_time_in_single_precision_is_put_back_on_a_whole_hour() -> None:
    exact = (np.datetime64("2021-08-24T07:00") - np.datetime64("1950-01-01T00:00")).astype(int)
    seconds = np.array([60.0 * exact], np.float32)
    assert seconds[0] != 60.0 * exact
    axis = read_times(_axis(seconds, "seconds since 1950-01-01"), "f")
    assert axis.times[0] == np.datetime64("2021-08-24T07:00")
    assert "put back on steps of" in axis.remark


def test_times_on_no_step_are_left_and_told_of() -> None:
    minutes = np.cumsum([0.0, 7.0, 31.0, 11.0]) + 37_000_003.0
    axis = read_times(_axis(minutes.astype(np.float32), "minutes since 1950-01-01"), "f")
    assert "may be off by" in axis.remark


def test_doubles_that_are_no_singles_are_taken_as_they_are() -> None:
    hours = 627_000.0 + np.array([0.1, 1.3, 2.7])
    axis = read_times(_axis(hours, "hours since 1950-01-01"), "f")
    assert axis.remark == ""
    assert np.diff(axis.times)[0] == np.timedelta64(4320, "s")
