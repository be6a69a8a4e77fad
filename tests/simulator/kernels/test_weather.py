"""The weather on the grid: what is given, linear in time, and what the wind stands in for."""

import numpy as np
import pytest

from simulator.kernels.waves import wave_height_pierson1964, wave_period_pierson1964
from simulator.kernels.weather import bracket, write_scalar, write_speed, write_waves_of_wind

TIMES = np.array([0.0, 100.0, 300.0])
SHAPE = (TIMES.size, 2, 3)


def empty(count):
    return np.full((count, *SHAPE[1:], 4), -1.0)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (-5.0, (0, 1, 0.0)),
        (0.0, (0, 1, 0.0)),
        (50.0, (0, 1, 0.5)),
        (100.0, (1, 2, 0.0)),
        (250.0, (1, 2, 0.75)),
        (300.0, (1, 2, 1.0)),
        (400.0, (1, 2, 1.0)),
    ],
)
def test_a_time_lies_between_two_records_and_the_nearest_holds_beyond(time, expected):
    assert bracket(TIMES, time) == expected


def test_a_single_record_holds_for_all_times():
    assert bracket(TIMES[:1], 1e6) == (0, 0, 0.0)


def test_the_speed_is_that_of_the_interpolated_components():
    wind = np.zeros((*SHAPE, 2), np.float32)
    wind[0, ..., 0], wind[1, ..., 1] = 6.0, 8.0
    out = empty(2)
    write_speed(out, np.array([50.0, 100.0]), TIMES, wind)
    np.testing.assert_allclose(out[..., 0], np.broadcast_to([[[5.0]], [[8.0]]], out.shape[:3]))
    assert (out[..., 1:] == -1.0).all()


@pytest.mark.slow
def test_a_scalar_is_linear_in_time_and_leaves_the_others_alone():
    values = np.broadcast_to((280.0 + 0.1 * TIMES)[:, None, None], SHAPE).astype(np.float32)
    out = empty(3)
    write_scalar(out, 1, np.array([0.0, 60.0, 299.0]), TIMES, values)
    expected = 280.0 + 0.1 * np.array([0.0, 60.0, 299.0])
    np.testing.assert_allclose(out[:, 1, 2, 1], expected, rtol=1e-6)
    assert (out[..., [0, 2, 3]] == -1.0).all()


def test_waves_follow_from_the_wind_where_wanted():
    out = empty(1)
    out[0, 0, :, 0] = 5.0, 10.0, 20.0
    write_waves_of_wind(out, True, True)
    for i, wind_speed in enumerate((5.0, 10.0, 20.0)):
        assert out[0, 0, i, 2] == wave_height_pierson1964(wind_speed)
        assert out[0, 0, i, 3] == wave_period_pierson1964(wind_speed)
    given = empty(1)
    given[..., 3] = 7.0
    write_waves_of_wind(given, False, False)
    assert (given[..., 2] == -1.0).all()
    assert (given[..., 3] == 7.0).all()


@pytest.mark.parametrize("given", [True, False])
def test_no_period_is_shorter_than_a_second(given):
    out = np.zeros((1, 1, 1, 4))
    write_waves_of_wind(out, False, not given)
    assert 1.0 <= out[0, 0, 0, 3] < 1.5


def test_missing_wind_gives_missing_waves():
    out = np.full((1, 1, 1, 4), np.nan)
    write_waves_of_wind(out, True, True)
    assert np.isnan(out).all()
