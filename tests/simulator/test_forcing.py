"""Fields brought onto one grid: nothing lost, nothing invented, nothing counted twice."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simulator import REQUIRED_VARIABLES, Forcing, Parameters, SimulatorError
from simulator.forcing import FILL_REACH
from tests.simulator.builders import START, currents, forcing, nodes, waves, winds
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


def shelf(value=0.5, edge=35.05):
    """Return a current that is given west of the coast only, and differs from row to row."""
    return lambda t, lon, lat: np.where(lon < edge, value + lat - 35.0, np.nan)


def test_currents_reach_three_nodes_towards_the_coast_and_no_more():
    fields = forcing((shelf(), shelf(-0.5)))
    at_sea = fields.grid.longitude < 35.05
    u = fields.current.values[0, ..., 0]
    last = np.flatnonzero(at_sea)[-1]
    for column in range(last + 1, last + 1 + FILL_REACH):
        np.testing.assert_array_equal(u[:, column], u[:, last])
    assert FILL_REACH == 3
    assert np.isnan(u[:, last + 1 + FILL_REACH :]).all()
    assert np.isfinite(u[:, : last + 1]).all()


def test_currents_reach_as_far_where_the_coast_moves_with_time():
    def tidal(t, lon, lat):
        return np.where(lon < 35.05 + 0.2 * (t > 0.0), 1.0, np.nan)

    fields = forcing((tidal, tidal), hours=(0.0, 6.0, 12.0))
    width = np.isfinite(fields.current.values[..., 0]).all(axis=1).sum(axis=1)
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
def test_stokes_drift_comes_from_one_source_and_never_twice(included, sea, asked, origin):
    current = currents(0.1, 0.1, includes_stokes_drift=included)
    fields = Forcing.from_datasets(current, winds(10.0), sea, start=START, stokes_drift=asked)
    expected = {"none": (0.0, 0.0), "field": (0.05, -0.02), "wind": (0.0943, 0.0)}[origin]
    assert fields.stokes_origin == origin
    np.testing.assert_allclose(drift(fields)[3, 4], np.add(0.1, expected), atol=5e-4)


@pytest.mark.parametrize("asked", ["wind", "field"])
def test_stokes_drift_on_top_of_currents_that_hold_it_is_refused(asked):
    current = currents(includes_stokes_drift=True)
    with pytest.raises(SimulatorError, match="already hold the Stokes drift"):
        Forcing.from_datasets(current, winds(), WAVES, start=START, stokes_drift=asked)


def test_stokes_drift_from_waves_that_are_not_given_is_refused():
    with pytest.raises(SimulatorError, match="no waves are given"):
        Forcing.from_datasets(currents(), winds(), start=START, stokes_drift="field")


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
