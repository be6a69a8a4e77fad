"""Fields brought onto one grid: nothing lost, nothing invented, nothing counted twice."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simulator import (
    GIVEN,
    NEAREST,
    NOTHING,
    REQUIRED_VARIABLES,
    TEMPERATURE,
    WAVE_HEIGHT,
    WAVE_PERIOD,
    Forcing,
    Parameters,
    SimulatorError,
    common_grid,
)
from simulator.forcing import FILL_REACH
from simulator.kernels.waves import wave_height_pierson1964, wave_period_pierson1964
from tests.simulator.builders import START, currents, field, forcing, nodes, waves, winds
from tests.simulator.strategies import NO_DEADLINE

COEFFICIENTS = st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4)
FINE, COARSE = nodes(34.0, 35.0, 36.0, 36.0, 0.1), nodes(33.5, 34.5, 36.5, 36.5, 0.5)


def plane(c):
    return lambda t, lon, lat: c[0] + c[1] * (lon - 35.0) + c[2] * (lat - 35.5) + c[3] * t / 86400.0


def drift(fields, hours=0.0, **parameters):
    """Return the drift at the nodes. [m s-1]"""
    out = np.empty((fields.grid.rows, fields.grid.columns, 2))
    times = np.array([3600.0 * hours])
    physics = Parameters(**{"wind_drift_factor": 0.0} | parameters)
    fields.drift(times, physics, out[np.newaxis])
    return out / fields.grid.cells_per_metre[:, np.newaxis, :]


@pytest.mark.slow
@NO_DEADLINE
@given(COEFFICIENTS, COEFFICIENTS, st.floats(0.0, 48.0), st.booleans())
def test_what_is_linear_in_space_and_time_stays_exact(cu, cv, hours, coarse_current):
    axes = [COARSE, FINE] if coarse_current else [FINE, COARSE]
    fields = Forcing.from_datasets(
        currents(plane(cu), plane(cv), axes=axes[0], hours=(0.0, 12.0, 48.0)),
        winds(plane(cv), plane(cu), axes=axes[1], hours=(-6.0, 60.0)),
        start=START,
        stokes_drift="none",
    )
    lon, lat = np.meshgrid(fields.grid.longitude, fields.grid.latitude)
    u, v = (plane(c)(3600.0 * hours, lon, lat) for c in (cu, cv))
    moved = drift(fields, hours, wind_drift_factor=0.5)
    np.testing.assert_allclose(moved, np.stack([u + 0.5 * v, v + 0.5 * u], axis=-1), atol=2e-6)


@pytest.mark.parametrize("axes", [(FINE, COARSE), (COARSE, FINE)])
def test_the_grid_has_the_finest_spacing_and_the_box_that_all_cover(axes):
    fields = Forcing.from_datasets(currents(axes=axes[0]), winds(axes=axes[1]), start=START)
    assert fields.grid.box == pytest.approx((34.0, 35.0, 36.0, 36.0), abs=1e-12)
    assert (fields.grid.columns, fields.grid.rows) == (21, 11)


def test_waves_that_are_not_used_do_not_narrow_the_grid():
    small = waves(axes=nodes(34.5, 35.2, 35.0, 35.5, 0.1))
    wide, narrow = (
        Forcing.from_datasets(currents(), winds(), small, start=START, stokes_drift=origin)
        for origin in ("none", "field")
    )
    assert wide.grid.box == pytest.approx((34.0, 35.0, 36.0, 36.0))
    assert narrow.grid.box == pytest.approx((34.5, 35.2, 35.0, 35.5))


def test_nodes_in_single_precision_are_the_nodes_they_mean():
    axes = tuple(axis.astype(np.float32) for axis in FINE)
    noise = np.random.default_rng(1).normal(size=(11, 21))
    fields = forcing((lambda *_: noise, 0.0), axes=axes)
    np.testing.assert_array_equal(fields.current.values[0, ..., 0], noise.astype(np.float32))


@pytest.mark.parametrize("shift", [(5.0, 0.0), (0.0, -5.0), (2.0, 0.0)])
def test_fields_that_share_no_area_are_refused(shift):
    axes = FINE[0] + shift[0], FINE[1] + shift[1]
    with pytest.raises(SimulatorError, match="share no area: their l"):
        Forcing.from_datasets(currents(axes=FINE), winds(axes=axes), start=START)


def test_a_grid_of_a_single_row_is_refused():
    with pytest.raises(SimulatorError, match="single latitude"):
        forcing(axes=(FINE[0], FINE[1][:1]))


@pytest.mark.parametrize("missing", REQUIRED_VARIABLES)
def test_a_field_without_any_value_is_refused(missing):
    fields = xr.merge([currents(), winds()])
    fields[missing] = fields[missing] * np.nan
    with pytest.raises(SimulatorError, match="no value anywhere"):
        Forcing.from_datasets(fields, fields, start=START)


def test_wind_that_is_nowhere_at_one_time_is_refused_unless_another_has_it():
    def until(t, lon, lat):
        return np.where(t > 0.0, np.nan, 5.0)

    blank = winds(until, until)
    with pytest.raises(SimulatorError, match=r"eastward_wind.*no value anywhere.*at 1 of 2 times"):
        Forcing.from_datasets(currents(), blank, start=START)
    fields = Forcing.from_datasets(currents(), [blank, winds(7.0, 7.0)], start=START)
    np.testing.assert_array_equal(fields.wind.values[-1], np.float32(7.0))


def shelf(value=0.5, edge=35.05):
    """Return a current that is given west of the coast only, and differs from row to row."""
    return lambda t, lon, lat: np.where(lon < edge, value + lat - 35.0, np.nan)


def test_currents_reach_three_nodes_towards_the_coast_and_then_the_wind_is_alone():
    fields = forcing((shelf(), shelf(-0.5)))
    at_sea = fields.grid.longitude < 35.05
    u = fields.current.values[0, ..., 0]
    last = np.flatnonzero(at_sea)[-1]
    for column in range(last + 1, last + 1 + FILL_REACH):
        np.testing.assert_array_equal(u[:, column], u[:, last])
    assert FILL_REACH == 3
    assert (u[:, last + 1 + FILL_REACH :] == 0.0).all()
    assert np.isfinite(u[:, : last + 1]).all()
    shares = [last + 1, FILL_REACH, fields.grid.columns - last - 1 - FILL_REACH]
    expected = np.repeat([GIVEN, NEAREST, NOTHING], shares)
    np.testing.assert_array_equal(fields.current.support, np.broadcast_to(expected, (2, *u.shape)))
    assert (fields.wind.support == GIVEN).all()


def test_where_oil_starts_the_worst_node_round_it_counts():
    fields = forcing((shelf(), shelf(-0.5)))
    longitude = np.array([34.95, 35.05, 35.25, 35.35, 35.95])
    support = fields.support_at(longitude, np.full(5, 35.55))
    expected = [GIVEN, NEAREST, NEAREST, NOTHING, NOTHING]
    np.testing.assert_array_equal(support["current"], np.eye(3)[expected])
    np.testing.assert_array_equal(support["wind"], np.eye(3)[[GIVEN] * 5])


def test_a_hole_that_lasts_for_a_while_counts_as_long():
    def holed(t, lon, lat):
        return np.where((lon > 35.05) & (t == 3600.0), np.nan, 0.5)

    fields = forcing((holed, holed), hours=(0.0, 1.0, 2.0, 3.0))
    share = fields.support_at(np.array([35.25]), np.array([35.55]))["current"]
    np.testing.assert_array_equal(share, [[0.75, 0.25, 0.0]])


def test_wind_is_that_of_the_nearest_node_however_far():
    fields = forcing(wind=(shelf(), shelf()))
    last = np.flatnonzero(fields.grid.longitude < 35.05)[-1]
    u = fields.wind.values[0, ..., 0]
    np.testing.assert_array_equal(u[:, last:], np.broadcast_to(u[:, [last]], u[:, last:].shape))


def test_beyond_what_a_data_set_reaches_nothing_is_filled_in():
    data = currents(shelf(), shelf())
    covered = np.broadcast_to(data["longitude"].values < 35.45, (11, 21))
    data = data.assign_coords(covered=(("latitude", "longitude"), covered))
    fields = Forcing.from_datasets(data, winds(), start=START)
    u = fields.current.values[0, ..., 0]
    beyond = fields.grid.longitude > 35.45
    assert np.isnan(u[:, beyond]).all()
    assert np.isfinite(u[:, ~beyond]).all()


def test_currents_reach_as_far_where_the_coast_moves_with_time():
    def tidal(t, lon, lat):
        return np.where(lon < 35.05 + 0.2 * (t > 0.0), 1.0, np.nan)

    fields = forcing((tidal, tidal), hours=(0.0, 6.0, 12.0))
    width = (fields.current.values[..., 0] == 1.0).all(axis=1).sum(axis=1)
    np.testing.assert_array_equal(width, [11 + FILL_REACH, 13 + FILL_REACH, 13 + FILL_REACH])


def test_filling_leaves_what_is_given_as_it_is():
    axes, noise = FINE, np.random.default_rng(2).normal(size=(11, 21))
    noise[3:5, 7:9] = np.nan
    fields = forcing((lambda *_: noise, 0.0), axes=axes)
    given_there = np.isfinite(noise)
    u = fields.current.values[0, ..., 0]
    np.testing.assert_array_equal(u[given_there], noise.astype(np.float32)[given_there])
    assert np.isfinite(u).all()


def test_filling_does_not_change_the_data_handed_in():
    data = currents(shelf(), shelf())
    before = data.copy(deep=True)
    Forcing.from_datasets(data, winds(), start=START)
    xr.testing.assert_identical(data, before)


WAVES = waves(0.05, -0.02)


@pytest.mark.parametrize(
    ("included", "sea", "asked", "origin"),
    [
        (False, None, "auto", "wind"),
        (False, WAVES, "auto", "field"),
        (True, None, "auto", "none"),
        (True, WAVES, "auto", "none"),
        (False, WAVES, "none", "none"),
        (False, WAVES, "wind", "wind"),
        (False, WAVES, "field", "field"),
        (True, WAVES, "none", "none"),
    ],
)
def test_stokes_drift_is_taken_from_one_place_and_never_twice(included, sea, asked, origin):
    current = currents(0.1, 0.1, includes_stokes_drift=included)
    fields = Forcing.from_datasets(current, winds(10.0), sea, start=START, stokes_drift=asked)
    expected = {"none": (0.0, 0.0), "field": (0.05, -0.02), "wind": (0.0943, 0.0)}[origin]
    assert fields.stokes_drift == origin
    np.testing.assert_allclose(drift(fields)[3, 4], np.add(0.1, expected), atol=5e-4)


@pytest.mark.parametrize("asked", ["wind", "field"])
def test_stokes_drift_on_top_of_currents_that_hold_it_is_refused(asked):
    current = currents(includes_stokes_drift=True)
    with pytest.raises(SimulatorError, match="already hold the Stokes drift"):
        Forcing.from_datasets(current, winds(), WAVES, start=START, stokes_drift=asked)


def test_stokes_drift_from_waves_that_are_not_given_is_refused():
    heights = field((WAVE_HEIGHT,), 1.0)
    for sea, found in ((None, "no waves are given"), (heights, "hold no Stokes drift")):
        with pytest.raises(SimulatorError, match=found):
            Forcing.from_datasets(currents(), winds(), sea, start=START, stokes_drift="field")


@pytest.mark.parametrize(
    ("speed", "ratio"), [(2, 0.0077), (3, 0.0086), (5, 0.0092), (7, 0.0094), (10, 0.0094)]
)
@pytest.mark.parametrize("direction", [0.0, 1.0, 4.0])
def test_stokes_drift_of_the_wind_goes_along_the_wind(speed, ratio, direction):
    wind = speed * np.cos(direction), speed * np.sin(direction)
    fields = forcing(wind=wind, stokes_drift="wind")
    expected = np.multiply(ratio, wind)
    np.testing.assert_allclose(drift(fields)[3, 4], expected, atol=1.5e-4 * speed)


def test_calm_makes_no_stokes_drift():
    np.testing.assert_array_equal(drift(forcing(stokes_drift="wind")), 0.0)


def temperature(value=290.0, **options):
    return field((TEMPERATURE,), value, **options)


def weather(fields, *hours, water_temperature=288.15):
    """Return wind speed, temperature, wave height and wave period at the nodes."""
    out = np.full((len(hours), fields.grid.rows, fields.grid.columns, 4), np.inf)
    fields.weather(3600.0 * np.array(hours), out, water_temperature=water_temperature)
    return out


@pytest.mark.slow
def test_weather_that_is_not_given_follows_from_the_wind():
    fields = forcing(wind=(6.0, 8.0))
    assert fields.scalars == {}
    expected = 10.0, 288.15, wave_height_pierson1964(10.0), wave_period_pierson1964(10.0)
    np.testing.assert_array_equal(weather(fields, 5.0)[0, 3, 4], expected)


def test_a_fully_developed_sea_of_a_fresh_breeze():
    _, _, height, period = weather(forcing(wind=(10.0, 0.0)), 0.0)[0, 0, 0]
    assert height == pytest.approx(2.46)
    assert 7.5 < period < 9.0


@pytest.mark.slow
@NO_DEADLINE
@given(COEFFICIENTS, st.floats(0.0, 48.0))
def test_weather_is_linear_in_space_and_time(c, hours):
    def off(base):
        return lambda t, lon, lat: base + plane(c)(t, lon, lat)

    sea = field((WAVE_HEIGHT, WAVE_PERIOD), off(9.0), off(12.0), axes=COARSE, hours=(0.0, 48.0))
    fields = Forcing.from_datasets(
        currents(), winds(3.0, -4.0), sea, temperature(off(290.0), axes=COARSE), start=START
    )
    assert list(fields.scalars) == ["temperature", "wave height", "wave period"]
    lon, lat = np.meshgrid(fields.grid.longitude, fields.grid.latitude)
    moment = min(hours, 48.0)
    expected = [off(base)(3600.0 * moment, lon, lat) for base in (290.0, 9.0, 12.0)]
    made = weather(fields, hours)[0]
    np.testing.assert_allclose(made[..., 0], 5.0)
    np.testing.assert_allclose(made[..., 1:], np.stack(expected, axis=-1), rtol=3e-7)


@pytest.mark.slow
def test_weather_is_the_same_however_the_times_are_divided():
    noise = np.random.default_rng(3).normal(size=(3, 11, 21, 2))
    hours = (0.0, 10.0, 50.0)
    fields = Forcing.from_datasets(
        currents(),
        winds(lambda *_: noise[..., 0], lambda *_: noise[..., 1], hours=hours),
        field((WAVE_PERIOD,), lambda *_: 3.0 + noise[..., 0], hours=hours),
        start=START,
    )
    moments = np.linspace(0.0, 50.0, 7)
    at_once = weather(fields, *moments)
    np.testing.assert_array_equal(at_once, np.concatenate([weather(fields, m) for m in moments]))


def test_missing_wind_is_missing_weather_beside_the_temperature():
    data = winds(shelf(), shelf())
    covered = np.broadcast_to(data["longitude"].values < 35.25, (11, 21))
    data = data.assign_coords(covered=(("latitude", "longitude"), covered))
    fields = Forcing.from_datasets(currents(), data, start=START)
    missing = np.isnan(weather(fields, 0.0)[0])
    gone = np.isnan(fields.wind.values).any(axis=(0, 3))
    assert 0 < gone.sum() < gone.size
    for quantity in (0, 2, 3):
        np.testing.assert_array_equal(missing[..., quantity], gone)
    assert not missing[..., 1].any()


@pytest.mark.parametrize("own", [True, False])
def test_temperature_is_that_of_its_own_file_before_that_of_the_currents(own):
    both = currents().assign(temperature(281.0))
    warm = temperature(295.0) if own else None
    fields = Forcing.from_datasets(both, winds(), temperature=warm, start=START)
    assert (weather(fields, 0.0)[..., 1] == (295.0 if own else 281.0)).all()


def test_temperature_is_known_all_over_the_grid_as_that_of_the_nearest_sea():
    edge = 34.55
    sea = temperature(lambda t, lon, lat: np.where(lon < edge, 290.0 + lat - 35.0, np.nan))
    fields = Forcing.from_datasets(currents(), winds(), temperature=sea, start=START)
    made = weather(fields, 0.0)[0, ..., 1]
    expected = np.broadcast_to(290.0 + fields.grid.latitude[:, None] - 35.0, made.shape)
    np.testing.assert_allclose(made, expected, rtol=1e-7)


def test_weather_neither_narrows_nor_refines_the_grid():
    fine = nodes(34.5, 35.2, 35.0, 35.5, 0.05)
    sea = field((WAVE_HEIGHT,), lambda t, lon, lat: lon, axes=fine)
    fields = Forcing.from_datasets(
        currents(), winds(), sea, temperature(lambda t, lon, lat: 250 + lat, axes=fine), start=START
    )
    plain = Forcing.from_datasets(currents(), winds(), start=START)
    assert fields.grid == plain.grid
    assert fields.stokes_drift == "wind"
    made = weather(fields, 0.0)[0]
    nearest = np.clip(fields.grid.longitude, 34.5, 35.0)
    np.testing.assert_allclose(made[0, :, 2], nearest, rtol=1e-6)
    np.testing.assert_allclose(made[:, 0, 1], 250 + np.clip(fields.grid.latitude, 35.2, 35.5))


def test_temperature_of_another_place_is_refused():
    elsewhere = temperature(axes=nodes(10.0, 35.0, 12.0, 36.0, 0.5))
    with pytest.raises(SimulatorError, match="sea_water_temperature is given for longitude 10"):
        Forcing.from_datasets(currents(), winds(), temperature=elsewhere, start=START)


def test_temperature_without_any_value_is_refused_and_blank_records_are_left_out():
    with pytest.raises(SimulatorError, match="sea_water_temperature has no value anywhere"):
        Forcing.from_datasets(currents(), winds(), temperature=temperature(np.nan), start=START)
    blank = temperature(lambda t, lon, lat: np.where(t > 0.0, np.nan, 290.0))
    fields = Forcing.from_datasets(currents(), winds(), temperature=blank, start=START)
    np.testing.assert_array_equal(fields.temperature.times, [0.0])


def test_the_nodes_are_those_of_the_finest_field():
    shifted = nodes(33.97, 34.97, 35.97, 35.97, 0.1)
    fields = Forcing.from_datasets(currents(axes=shifted), winds(axes=COARSE), start=START)
    np.testing.assert_allclose(fields.grid.longitude, shifted[0], rtol=0.0, atol=1e-12)
    cut = nodes(34.0, 35.0, 36.0, 36.0, 0.5)
    fields = Forcing.from_datasets(currents(axes=shifted), winds(axes=cut), start=START)
    np.testing.assert_allclose(fields.grid.longitude, shifted[0][1:], rtol=0.0, atol=1e-12)


REGIONS = {
    "round steps": (nodes(30.0, 34.0, 38.0, 40.0, 0.1), nodes(29.5, 33.5, 38.5, 40.5, 0.5)),
    "ninths of a degree": (
        nodes(30.02, 34.03, 38.02, 40.03, 1 / 9),
        nodes(29.51, 33.52, 38.51, 40.52, 0.25),
    ),
    "single precision": (
        tuple(axis.astype(np.float32) for axis in nodes(30.0, 34.0, 38.0, 40.0, 1 / 12)),
        tuple(axis.astype(np.float32) for axis in nodes(29.75, 33.75, 38.25, 40.25, 0.25)),
    ),
}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("land", [0.0, 0.3])
def test_nodes_have_the_same_number_and_value_in_every_cut(region, land):
    fine, coarse = REGIONS[region]
    rng = np.random.default_rng(4)

    def noise(axes):
        values = rng.normal(size=(2, axes[1].size, axes[0].size))
        values[:, rng.random(values.shape[1:]) < land] = np.nan
        return lambda *_: values

    moving = [
        currents(noise(fine), noise(fine), axes=fine),
        winds(noise(coarse), noise(coarse), axes=coarse),
        waves(noise(coarse), noise(coarse), axes=coarse),
    ]
    warm = temperature(noise(fine), axes=fine)
    numbering = common_grid(moving)

    def cut(west, south, east, north):
        box = {"longitude": slice(west, east), "latitude": slice(south, north)}
        parts = [data.sel(box) for data in (*moving, warm)]
        return Forcing.from_datasets(*parts, start=START, numbering=numbering)

    wide, narrow = cut(30.3, 34.7, 37.7, 39.6), cut(31.1, 35.3, 37.1, 39.3)
    grid = narrow.grid
    i, j = grid.first_column - wide.grid.first_column, grid.first_row - wide.grid.first_row
    assert min(i, j) > 0
    place = np.array([34.7321]), np.array([36.6543])
    assert grid.to_cells(*place) == wide.grid.to_cells(*place) == numbering.to_cells(*place)
    # what lies beyond the edge of a cut fills no land within it
    edge = round(3 * 0.5 / grid.dlon) if land else 0
    inner = slice(edge, grid.rows - edge), slice(edge, grid.columns - edge)
    assert grid.rows > 2 * edge
    for name in ("current", "wind", "stokes", "temperature"):
        small, large = (getattr(fields, name).values for fields in (narrow, wide))
        same = large[:, j : j + grid.rows, i : i + grid.columns]
        np.testing.assert_array_equal(small[:, *inner], same[:, *inner], err_msg=name)


def test_cuts_that_hold_no_two_nodes_of_the_numbering_are_refused():
    numbering = common_grid([currents(), winds()])
    small = nodes(34.51, 35.2, 34.59, 35.5, 0.02)
    with pytest.raises(SimulatorError, match="share no area"):
        Forcing.from_datasets(
            currents(axes=small), winds(axes=small), start=START, numbering=numbering
        )
