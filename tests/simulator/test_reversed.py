"""A run back in time in reversed fields returns to where the oil came from."""

import numpy as np
import pytest

import simulator
from simulator import Coast, Forcing, Parameters, ScalarSeries
from tests.simulator.builders import (
    HOUR,
    OPEN_SEA,
    START,
    WGS84,
    currents,
    forcing,
    nodes,
    particles,
    waves,
    winds,
)

END = START + 24 * HOUR
STILL = Parameters(horizontal_diffusivity=0.0)


def there_and_back(fields, lon, lat, parameters=STILL, time_step=900.0):
    """Carry particles for a day and back; return where they were between, and at the end."""
    coast = Coast.from_land(OPEN_SEA, fields.grid)
    out = simulator.run(
        fields,
        particles(lon, lat),
        coast,
        end=END,
        output_times=[END],
        time_step=time_step,
        parameters=parameters,
    ).isel(time=0)
    turned = fields.reversed(END)
    start = particles(out["lon"].values, out["lat"].values, 24.0)
    back = simulator.run(
        turned,
        start,
        coast,
        end=END + 24 * HOUR,
        output_times=[END + 24 * HOUR],
        time_step=time_step,
        parameters=parameters.reversed(),
    ).isel(time=0)
    return out, back


def off(back, lon, lat):
    """Return how far particles are from where they should be. [m]"""
    lon, lat = np.broadcast_arrays(lon, lat)
    return WGS84.inv(back["lon"].values, back["lat"].values, lon, lat)[2]


def test_a_uniform_flow_returns_exactly():
    # one parallel of longitude degrees has one length only along a row: go north and south
    fields = forcing((0.0, 0.2), hours=(0.0, 48.0))
    lon, lat = np.linspace(34.2, 34.8, 5), 35.2
    out, back = there_and_back(fields, lon, lat)
    assert (off(out, lon, lat) > 17e3).all()
    assert off(back, lon, lat).max() < 0.01


def test_a_solid_rotation_returns_within_a_ten_thousandth_of_its_radius():
    east, north = simulator.metres_per_degree(35.5)
    rate = 2.0 * np.pi / 86400.0 / 2.0  # half a turn a day
    fields = forcing(
        (
            lambda t, lon, lat: -rate * (lat - 35.5) * north,
            lambda t, lon, lat: rate * (lon - 34.5) * east,
        ),
        axes=nodes(34.0, 35.0, 35.0, 36.0, 0.02),
        hours=(0.0, 48.0),
    )
    radius = 20e3
    out, back = there_and_back(fields, 34.5 + radius / east, 35.5)
    assert off(out, 34.5 + radius / east, 35.5) > 1.9 * radius
    assert off(back, 34.5 + radius / east, 35.5) < 1e-4 * radius


def test_wind_stokes_drift_angle_and_bias_that_change_in_time_are_undone():
    def turning(t, lon, lat):
        return 6.0 * np.cos(t / 2e4)

    def veering(t, lon, lat):
        return 6.0 * np.sin(t / 2e4)

    hours = np.arange(0.0, 49.0)
    fields = Forcing.from_datasets(
        currents(0.1, -0.05, hours=hours),
        winds(turning, veering, hours=hours),
        waves(0.05, lambda t, lon, lat: 1e-6 * t, hours=hours),
        start=START,
    )
    parameters = Parameters(
        wind_drift_factor=0.03,
        wind_drift_angle_deg=20.0,
        current_factor=0.7,
        current_bias_east=0.05,
        current_bias_north=-0.02,
        horizontal_diffusivity=0.0,
    )
    out, back = there_and_back(fields, 34.4, 35.4, parameters)
    assert off(out, 34.4, 35.4) > 5e3
    assert off(back, 34.4, 35.4) < 5e-4 * off(out, 34.4, 35.4)


def test_reversed_twice_is_the_same():
    fields = forcing((lambda t, lon, lat: 1e-6 * t, 0.1), (5.0, 0.0), hours=(0.0, 12.0, 48.0))
    # the start lies a day after the end for a clock that runs back from there
    again = fields.reversed(END).reversed(END + 24 * HOUR)
    for name, series in fields.fields.items():
        np.testing.assert_array_equal(again.fields[name].times, series.times)
        np.testing.assert_array_equal(again.fields[name].values, series.values)
    assert Parameters(current_bias_east=0.1).reversed().reversed().current_bias_east == 0.1


def test_weather_is_that_of_the_time_before():
    fields = forcing(hours=(0.0, 48.0))
    values = np.stack([np.full((fields.grid.rows, fields.grid.columns), v) for v in (280.0, 290.0)])
    warm = ScalarSeries(np.array([0.0, 48.0 * 3600.0]), values.astype(np.float32))
    turned = Forcing(**(vars(fields) | {"temperature": warm})).reversed(END)
    out = np.empty((1, fields.grid.rows, fields.grid.columns, 4))
    # six hours before the end of the day
    turned.weather(np.array([6.0 * 3600.0]), out, water_temperature=0.0)
    assert out[0, 0, 0, 1] == pytest.approx(280.0 + 10.0 * 18.0 / 48.0, abs=1e-3)
