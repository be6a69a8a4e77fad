import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from catalog import CoverageError, Parametrised, open_forcing, prepare_forcing
from catalog.forcing.names import EASTWARD_WIND, NORTHWARD_WIND

_DAY = np.datetime64("2021-08-24T00", "ns")


def _at(hour: float) -> np.datetime64:
    return _DAY + np.timedelta64(round(hour * 3600), "s")


def _wind(hours) -> xr.Dataset:
    """Eastward wind that counts the hours, over 3 x 4 nodes."""
    values = np.broadcast_to(np.asarray(hours, "f4")[:, None, None], (len(hours), 3, 4)).copy()
    dims = ("time", "latitude", "longitude")
    return xr.Dataset(
        {EASTWARD_WIND: (dims, values), NORTHWARD_WIND: (dims, 1.0 + 0.0 * values)},
        coords={
            "time": np.array([_at(hour) for hour in hours]),
            "latitude": [35.0, 36.0, 37.0],
            "longitude": [33.0, 34.0, 35.0, 36.0],
        },
    )


def _prepare(ds: xr.Dataset, start: float, end: float, policy: str, box=None):
    return prepare_forcing(ds, start=_at(start), end=_at(end), box=box, gap_policy=policy)


def _sample(ds: xr.Dataset, hour: float) -> float:
    """Value that a model which is linear in time sees."""
    return float(ds[EASTWARD_WIND].isel(latitude=0, longitude=0).interp(time=_at(hour)))


@pytest.mark.parametrize("policy", ["error", "hold", "interpolate"])
def test_covered_period_keeps_the_times_that_bracket_it(policy: str) -> None:
    cut, coverage = _prepare(_wind(range(10)), 2.5, 5.0, policy)
    np.testing.assert_array_equal(cut[EASTWARD_WIND][:, 0, 0], [2.0, 3.0, 4.0, 5.0])
    assert [one.gaps for one in coverage] == [(), ()]
    assert "no gaps" in str(coverage[0])


def test_uneven_steps_below_one_and_a_half_are_no_gap() -> None:
    cut, _ = _prepare(_wind([0, 1, 2.4, 3, 4]), 0, 4, "error")
    assert cut.sizes["time"] == 5


def test_a_forecast_that_is_hourly_at_first_and_three_hourly_later_has_no_gap() -> None:
    _, coverage = _prepare(_wind([*range(9), 11, 14, 17]), 0, 17, "error")
    assert coverage[0].gaps == ()


def test_an_hour_lost_among_three_hourly_ones_is_a_gap() -> None:
    _, coverage = _prepare(_wind([*range(9), 11, 14, 17, 23, 26, 29]), 0, 29, "interpolate")
    assert coverage[0].gaps == ((_at(17), _at(23)),)


def test_longer_steps_are_known_by_the_whole_file(write_currents) -> None:
    files = [write_currents("a.nc", times=np.append(np.arange(9.0), [11.0, 14.0, 17.0]))]
    ds = open_forcing(files, "currents", period=(_at(10), _at(12)))
    _, coverage = _prepare(ds, 10, 12, "error")
    assert coverage[0].gaps == ()
    assert coverage[0].step == np.timedelta64(3, "h")


def test_error_names_variable_span_and_files_on_both_sides(write_currents) -> None:
    files = [write_currents("a.nc"), write_currents("b.nc", times=np.arange(6.0, 10.0))]
    ds = open_forcing(files, "currents")
    message = (
        r"eastward_sea_water_velocity.*2021-08-24T03:00Z to 2021-08-24T06:00Z.*"
        r"03:00Z in .*a\.nc.*06:00Z in .*b\.nc.*'hold' or 'interpolate'"
    )
    with pytest.raises(CoverageError, match=message):
        _prepare(ds, 1, 8, "error")
    cut, _ = _prepare(ds, 6, 8, "error")
    assert cut.sizes["time"] == 3


def test_hold_keeps_the_last_value_until_just_before_the_next() -> None:
    cut, coverage = _prepare(_wind([0, 1, 2, 6, 7]), 0, 7, "hold")
    assert [_sample(cut, hour) for hour in (2, 4, 5.99, 6, 6.5)] == [2.0, 2.0, 2.0, 6.0, 6.5]
    assert coverage[0].gaps == ((_at(2), _at(6)),)
    assert "held" in coverage[0].action


def test_hold_reaches_beyond_both_ends() -> None:
    cut, coverage = _prepare(_wind([2, 3, 4]), 0, 9, "hold")
    assert [_sample(cut, hour) for hour in (0, 1, 2, 3.5, 4, 9)] == [2.0, 2.0, 2.0, 3.5, 4.0, 4.0]
    assert coverage[0].gaps == ((_at(0), _at(2)), (_at(4), _at(9)))


@pytest.mark.parametrize(("start", "end"), [(0, 3), (8, 9)])
def test_hold_serves_a_period_wholly_outside(start: float, end: float) -> None:
    ds = _wind([5])
    cut, coverage = _prepare(ds, start, end, "hold")
    assert (_sample(cut, start), _sample(cut, end)) == (5.0, 5.0)
    assert np.isnat(coverage[0].step)
    assert coverage[0].as_dict()["step_hours"] is None


def test_single_time_needs_hold() -> None:
    with pytest.raises(CoverageError, match=r"policy to 'hold'$"):
        _prepare(_wind([12]), 10, 14, "interpolate")


def test_interpolate_bridges_inside_but_not_at_the_ends() -> None:
    cut, coverage = _prepare(_wind([0, 1, 2, 6, 7]), 0, 7, "interpolate")
    assert _sample(cut, 4) == 4.0
    assert "interpolated" in coverage[0].action
    with pytest.raises(CoverageError, match="no data for 2021-08-24T07:00Z to 2021-08-24T08:00Z"):
        _prepare(_wind([0, 1, 2, 6, 7]), 0, 8, "interpolate")


def test_blank_hours_of_a_file_are_a_gap(write_currents) -> None:
    def blank(ds: xr.Dataset) -> xr.Dataset:
        ds["uo"][3:5] = np.nan
        return ds

    ds = open_forcing(write_currents(times=np.arange(8.0), change=blank), "currents")
    with pytest.raises(CoverageError, match="T02:00Z to 2021-08-24T05:00Z"):
        _prepare(ds, 0, 7, "error")


@pytest.mark.slow
@given(
    kept=st.sets(st.integers(0, 23), min_size=2),
    period=st.tuples(st.integers(-3, 26), st.integers(-3, 26)).map(sorted),
)
def test_hold_always_covers_with_values_that_were_there(kept, period) -> None:
    start, end = period
    cut, _ = _prepare(_wind(sorted(kept)), start, end, "hold")
    times = cut["time"].to_numpy()
    assert (np.diff(times) > np.timedelta64(0)).all()
    assert times[0] <= _at(start)
    assert times[-1] >= _at(end)
    assert set(cut[EASTWARD_WIND].to_numpy().ravel()) <= {float(hour) for hour in kept}


def test_box_and_report() -> None:
    ds = _wind(range(4))
    ds[EASTWARD_WIND][:, 0, 0] = np.nan
    cut, (east, north) = _prepare(ds, 0, 3, "error", box=(33.5, 35.2, 34.5, 35.8))
    assert dict(cut.sizes) == {"time": 4, "latitude": 3, "longitude": 4}
    assert east.missing_share == pytest.approx(1 / 12)
    assert north.missing_share == 0.0
    assert str(east) == (
        "eastward_wind: 2021-08-24T00:00Z to 2021-08-24T03:00Z every 1 h, "
        "33.00 to 36.00 E, 35.00 to 37.00 N, 8.3% missing or land, no gaps"
    )
    assert json.loads(json.dumps(east.as_dict()))["box"] == [33.0, 35.0, 36.0, 37.0]


def test_box_outside_the_grid() -> None:
    with pytest.raises(CoverageError, match=r"eastward_wind.*wanted box"):
        _prepare(_wind(range(4)), 0, 3, "hold", box=(30.0, 35.2, 34.5, 35.8))


def test_period_that_ends_before_it_starts() -> None:
    with pytest.raises(CoverageError, match="before its start"):
        _prepare(_wind(range(4)), 3, 1, "hold")


def test_what_stands_in_for_a_variable_is_told_like_coverage() -> None:
    stand_in = Parametrised("sea_water_temperature", "not given; 15 degrees Celsius everywhere")
    assert str(stand_in) == "sea_water_temperature: not given; 15 degrees Celsius everywhere"
    assert json.loads(json.dumps(stand_in.as_dict())) == {
        "variable": "sea_water_temperature",
        "action": "not given; 15 degrees Celsius everywhere",
    }
