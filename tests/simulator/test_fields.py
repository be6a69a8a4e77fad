"""Several data sets for one field: the first that has a value gives it, at every place and time."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simulator import (
    GIVEN,
    NEAREST,
    NOTHING,
    TEMPERATURE,
    Forcing,
    SimulatorError,
    joined_axes,
)
from simulator.fields import BEFORE_GAP, VectorSeries
from tests.simulator.builders import START, currents, field, nodes, waves, winds
from tests.simulator.strategies import NO_DEADLINE

WIDE = nodes(34.0, 35.0, 36.0, 36.0, 0.1)
NEAR = nodes(34.5, 35.2, 35.0, 35.6, 0.05)


def joined(*products, **options):
    return Forcing.from_datasets(list(products), winds(axes=WIDE), start=START, **options)


def inside(grid, box, hair=1e-6):
    lon, lat = np.meshgrid(grid.longitude, grid.latitude)
    west, south, east, north = box
    return (
        (lon >= west - hair) & (lon <= east + hair) & (lat >= south - hair) & (lat <= north + hair)
    )


def test_the_finer_one_where_it_reaches_and_the_wider_one_elsewhere():
    fields = joined(currents(0.1, axes=NEAR), currents(0.7, axes=WIDE))
    assert fields.grid.dlon == pytest.approx(0.05)
    assert fields.grid.box == pytest.approx((34.0, 35.0, 36.0, 36.0))
    here = inside(fields.grid, (34.5, 35.2, 35.0, 35.6))
    u = fields.current.values[..., 0]
    np.testing.assert_array_equal(u[:, here], np.float32(0.1))
    np.testing.assert_array_equal(u[:, ~here], np.float32(0.7))
    share = here.mean()
    assert fields.current.shares == pytest.approx((share, 1.0 - share))
    assert (fields.current.support == GIVEN).all()


@pytest.mark.parametrize("order", [1, -1])
def test_the_first_goes_before_the_second_whatever_is_finer(order):
    products = [currents(0.1, axes=NEAR), currents(0.7, axes=WIDE)][::order]
    fields = joined(*products)
    middle = fields.current.values[0, :, :, 0][inside(fields.grid, (34.6, 35.3, 34.9, 35.5))]
    assert (middle == np.float32(0.1 if order == 1 else 0.7)).all()


def test_a_hole_of_the_first_is_filled_by_the_second_and_not_by_its_neighbours():
    holed = currents(lambda t, lon, lat: np.where(lon > 34.8, np.nan, 0.1), 0.0, axes=NEAR)
    holed["northward_sea_water_velocity"] = holed["eastward_sea_water_velocity"] * 0.0
    fields = joined(holed, currents(0.7, axes=WIDE))
    u = fields.current.values[0, ..., 0]
    east = inside(fields.grid, (34.86, 35.2, 35.0, 35.6))
    assert (u[east] == np.float32(0.7)).all()
    assert (u[inside(fields.grid, (34.5, 35.2, 34.79, 35.6))] == np.float32(0.1)).all()


def test_where_both_have_holes_the_nearest_goes_before_nothing():
    def hole(beyond):
        data = currents(lambda t, lon, lat: np.where(lon > beyond, np.nan, 0.3), axes=WIDE)
        data["northward_sea_water_velocity"] = data["eastward_sea_water_velocity"] * 0.0
        return data

    fields = joined(hole(34.55), hole(35.05))
    worst = fields.current.support[0, 0]
    column = np.round((fields.grid.longitude - 34.0) / 0.1).astype(int)
    expected = np.select([column <= 10, column <= 13], [GIVEN, NEAREST], NOTHING)
    np.testing.assert_array_equal(worst, expected)


def test_a_hole_that_lasts_for_an_hour_is_filled_for_an_hour():
    def holed(t, lon, lat):
        return np.where((lon > 34.8) & (t == 7200.0), np.nan, 0.1)

    first = currents(holed, holed, axes=WIDE, hours=(0.0, 1.0, 2.0, 3.0, 24.0))
    fields = joined(first, currents(0.7, 0.7, axes=WIDE, hours=np.arange(0.0, 25.0)))
    hours = fields.current.times / 3600.0
    u = fields.current.values[:, 5, 15, 0]
    np.testing.assert_array_equal(u[hours == 2.0], np.float32(0.7))
    for hour in (0.0, 1.0, 3.0):
        np.testing.assert_array_equal(u[hours == hour], np.float32(0.1))
    assert (fields.current.values[hours <= 3.0, 5, 3, 0] == np.float32(0.1)).all()


def test_one_that_sets_in_and_out_gives_way_at_once():
    early = currents(0.1, axes=WIDE, hours=(6.0, 7.0, 8.0, 9.0))
    fields = joined(early, currents(0.7, axes=WIDE, hours=(0.0, 24.0)))
    hours = fields.current.times / 3600.0
    u = fields.current.values[:, 0, 0, 0]
    during = (hours >= 6.0) & (hours <= 9.0)
    np.testing.assert_array_equal(u[during], np.float32(0.1))
    np.testing.assert_array_equal(u[~during], np.float32(0.7))
    for edge in (6.0 - 1.0 / 3600.0, 9.0 + 1.0 / 3600.0):
        assert np.isclose(hours, edge).any()


def test_over_a_gap_of_the_first_the_second_takes_its_place():
    holed = currents(0.1, axes=WIDE, hours=(0.0, 1.0, 2.0, 12.0, 13.0, 24.0))
    gaps = [False, False, True, False, True, False]
    holed = holed.assign_coords({BEFORE_GAP: ("time", gaps)})
    fields = joined(holed, currents(0.7, axes=WIDE, hours=np.arange(0.0, 25.0)))
    hours = fields.current.times / 3600.0
    u = fields.current.values[:, 0, 0, 0]
    assert (u[(hours > 2.0) & (hours < 12.0)] == np.float32(0.7)).all()
    assert (u[(hours <= 2.0) | ((hours >= 12.0) & (hours <= 13.0))] == np.float32(0.1)).all()


def test_what_no_product_reaches_stays_missing():
    east = nodes(35.0, 35.0, 36.0, 36.0, 0.1)
    west = nodes(34.0, 35.0, 34.5, 36.0, 0.1)
    fields = joined(currents(0.1, axes=west), currents(0.7, axes=east))
    gap = inside(fields.grid, (34.55, 35.0, 34.95, 36.0))
    assert np.isnan(fields.current.values[:, gap]).all()
    assert np.isfinite(fields.current.values[:, ~gap]).all()


def test_a_temperature_from_two_products_has_a_value_everywhere():
    def warm(value, axes):
        return field((TEMPERATURE,), value, axes=axes)

    fields = Forcing.from_datasets(
        currents(axes=WIDE),
        winds(axes=WIDE),
        temperature=[warm(280.0, NEAR), warm(290.0, nodes(34.0, 35.0, 35.5, 36.0, 0.1))],
        start=START,
    )
    values = fields.temperature.values[0]
    assert (values[inside(fields.grid, (34.5, 35.2, 35.0, 35.6))] == 280.0).all()
    assert (values[inside(fields.grid, (35.1, 35.0, 36.0, 36.0))] == 290.0).all()


def test_stokes_drift_may_come_from_two_products():
    fields = Forcing.from_datasets(
        currents(axes=WIDE),
        winds(axes=WIDE),
        [waves(0.01, axes=NEAR), waves(0.05, axes=WIDE)],
        start=START,
    )
    assert fields.stokes_drift == "field"
    assert set(np.unique(fields.stokes.values[..., 0])) == {np.float32(0.01), np.float32(0.05)}


def test_currents_of_which_some_hold_the_stokes_drift_are_refused():
    with pytest.raises(SimulatorError, match="some of the currents hold the Stokes drift"):
        joined(currents(includes_stokes_drift="yes", axes=NEAR), currents(axes=WIDE))


@NO_DEADLINE
@given(
    st.floats(33.0, 35.0), st.floats(0.3, 2.0), st.sampled_from([0.05, 0.1, 0.25]), st.booleans()
)
def test_joined_axes_have_the_nodes_of_the_finest_and_the_span_of_both(
    west, wide, step, fine_first
):
    fine = np.linspace(west, west + wide, 31)
    coarse = np.arange(33.0, 38.0, max(step, 2.0 * wide / 30.0))
    sets = [xr.Dataset(coords={"longitude": a, "latitude": a}) for a in (fine, coarse)]
    axis = joined_axes(sets if fine_first else sets[::-1])["longitude"].to_numpy()
    spacing = wide / 30.0
    np.testing.assert_allclose(np.diff(axis), spacing, rtol=1e-6)
    assert np.isin(fine, axis).all()
    assert axis[0] - spacing < min(fine[0], coarse[0]) + 1e-9
    assert axis[-1] + spacing > max(fine[-1], coarse[-1]) - 1e-9


@NO_DEADLINE
@given(
    st.lists(st.floats(-1.0, 1.0), min_size=8, max_size=8),
    st.tuples(st.floats(-100.0, 500.0), st.floats(0.0, 3.0), st.floats(0.0, 4.0)),
)
def test_a_field_that_is_linear_in_time_and_space_is_followed_exactly(factors, place):
    def value(time, row, column):
        terms = [1.0, time, row, column, time * row, time * column, row * column]
        return np.dot(factors, [*terms, time * row * column])

    times = np.array([0.0, 100.0, 400.0])
    at = np.stack(np.broadcast_arrays(times[:, None, None], *np.ogrid[:4, :5])).reshape(3, -1)
    east = np.array([value(*node) for node in at.T]).reshape(3, 4, 5)
    series = VectorSeries(times, np.stack([east, 2.0 * east], axis=-1))
    time, row, column = place
    found = series.along(*np.array(place)[:, np.newaxis])
    expected = value(np.clip(time, 0.0, 400.0), row, column)
    np.testing.assert_allclose(found, [[expected, 2.0 * expected]], rtol=1e-9, atol=1e-9)
