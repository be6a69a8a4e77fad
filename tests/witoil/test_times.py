from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from witoil.times import datetime64, in_utc, minute, second, stamp, to_datetime

MOMENTS = st.datetimes(
    datetime(1700, 1, 1),
    datetime(2200, 1, 1),
    timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=-3, minutes=-30))]),
)


@given(MOMENTS)
def test_a_time_is_the_same_in_arrays(time):
    assert to_datetime(datetime64(time)) == in_utc(time)
    assert datetime64(time).dtype == np.dtype("datetime64[ns]")


@given(MOMENTS)
def test_a_time_is_written_alike_wherever_it_comes_from(time):
    at = datetime64(time)
    for write in (minute, second, stamp):
        assert write(time) == write(at) == write(at.astype("datetime64[us]"))
    assert minute(time) == f"{np.datetime_as_string(at, unit='m')}Z"
    assert second(time) == f"{np.datetime_as_string(at, unit='s')}Z"
    assert stamp(time) == np.datetime_as_string(at, unit="m").replace("-", "").replace(":", "")


def test_what_is_below_a_unit_is_cut_not_rounded():
    time = np.datetime64("1969-12-31T23:59:59.999999999")
    assert (minute(time), second(time)) == ("1969-12-31T23:59Z", "1969-12-31T23:59:59Z")


@pytest.mark.parametrize("hours", [-3, 5.5])
def test_an_offset_counts(hours):
    there = datetime(2021, 8, 24, 12, tzinfo=timezone(timedelta(hours=hours)))
    assert datetime64(there) == np.datetime64("2021-08-24T12:00") - np.timedelta64(
        round(60 * hours), "m"
    )
