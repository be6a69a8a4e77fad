import cftime
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import CatalogError
from catalog.times import decode_times

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
