"""Whole runs: flows with a known answer, and what holds for every run."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import simulator
from simulator import Forcing, SimulatorError, Status, model
from simulator.fields import COVERED
from simulator.steps import Steps
from tests.simulator.builders import (
    HOUR,
    START,
    WGS84,
    carry,
    currents,
    forcing,
    nodes,
    particles,
    travelled,
    turning,
    winds,
)
from tests.simulator.strategies import NO_DEADLINE, SEEDS, UNIT, flows, lands

ONE = particles(35.0, 35.5)


@pytest.mark.parametrize("latitude", [-60.0, -35.0, 0.0, 35.5, 69.0])
@pytest.mark.parametrize(("u", "v"), [(0.5, 0.0), (0.0, -0.5), (-0.3, 0.4)])
def test_a_uniform_current_carries_oil_its_distance_on_the_ellipsoid(latitude, u, v):
    axes = nodes(3.0, latitude - 0.6, 7.0, latitude + 0.6, 0.05)
    result = carry(forcing((u, v), axes=axes), particles(5.0, latitude), 24)
    lon, lat = result["lon"].values[0], result["lat"].values[0]
    _, _, east = WGS84.inv(lon[0], lat.mean(), lon[1], lat.mean())
    _, _, north = WGS84.inv(lon[0], lat[0], lon[0], lat[1])
    # the width of a degree changes along the way to the north
    assert np.sign(lon[1] - lon[0]) * east == pytest.approx(86400.0 * u, rel=1e-4, abs=1.0)
    assert np.sign(lat[1] - lat[0]) * north == pytest.approx(86400.0 * v, rel=1e-4, abs=1.0)


def test_a_particle_in_a_solid_rotation_keeps_its_radius_over_ten_turns():
    fields = forcing(turning(48.0, 35.0, 35.5), hours=(0.0, 480.0))
    result = carry(fields, particles(35.2, 35.5), 480, outputs=np.arange(0, 481, 6))
    radius = radius_from_centre(result)
    np.testing.assert_allclose(radius, radius[0, 0], rtol=1e-3)


def radius_from_centre(result):
    x = (result["lon"].values - 35.0) * np.cos(np.radians(35.5))
    return np.hypot(x, result["lat"].values - 35.5)


@pytest.mark.slow
def test_halving_the_step_quarters_the_error_where_the_flow_turns_and_grows():
    hours, growth = 48.0, 1.0 / 86400.0
    axes = nodes(34.0, 35.0, 36.0, 36.0, 0.25)
    fields = forcing(turning(24.0, 35.0, 35.5, growth), axes=axes, hours=(0.0, hours))
    seconds = 3600.0 * hours
    angle = 2.0 * np.pi / 86400.0 * (seconds + 0.5 * growth * seconds**2)
    squeeze = np.cos(np.radians(35.5))
    start = 0.2 * squeeze
    exact = np.array([35.0 + start * np.cos(angle) / squeeze, 35.5 + start * np.sin(angle)])

    def error(minutes):
        result = carry(fields, particles(35.2, 35.5), hours, minutes=minutes)
        return np.hypot(*(np.array([result["lon"][0, -1], result["lat"][0, -1]]) - exact))

    errors = np.array([error(minutes) for minutes in (40.0, 20.0, 10.0, 5.0)])
    np.testing.assert_allclose(errors[:-1] / errors[1:], 4.0, rtol=0.1)


def test_a_current_that_grows_steadily_is_integrated_exactly():
    fields = forcing((lambda t, lon, lat: 1e-5 * t, 0.0), hours=(0.0, 12.0, 24.0))
    _, distance = travelled(carry(fields, ONE, 24, minutes=60.0))
    assert distance[0] == pytest.approx(0.5e-5 * 86400.0**2, rel=1e-4)


@pytest.mark.parametrize(
    ("latitude", "angle", "azimuth"),
    [(35.5, 0.0, 90.0), (35.5, 20.0, 110.0), (35.5, -20.0, 70.0), (-35.5, 20.0, 70.0)],
)
def test_wind_drift_turns_to_the_right_in_the_north_and_to_the_left_in_the_south(
    latitude, angle, azimuth
):
    axes = nodes(34.0, latitude - 0.5, 36.0, latitude + 0.5, 0.1)
    result = carry(
        forcing(wind=(10.0, 0.0), axes=axes),
        particles(35.0, latitude),
        12,
        wind_drift_factor=0.03,
        wind_drift_angle_deg=angle,
    )
    direction, distance = travelled(result)
    assert direction[0] == pytest.approx(azimuth, abs=0.1)
    assert distance[0] == pytest.approx(0.3 * 12 * 3600.0, rel=1e-3)


@pytest.mark.parametrize(
    ("changed", "east", "north"),
    [
        ({}, 0.2, -0.1),
        ({"current_factor": 0.5}, 0.1, -0.05),
        ({"current_factor": -1.0}, -0.2, 0.1),
        ({"current_bias_east": 0.1, "current_bias_north": 0.3}, 0.3, 0.2),
        ({"current_factor": 0.0, "wind_drift_factor": 0.02}, 0.0, 0.2),
        ({"current_factor": 0.0, "stokes_factor": 0.0}, 0.0, 0.0),
    ],
)
def test_parameters_weigh_what_moves_the_oil(changed, east, north):
    result = carry(forcing((0.2, -0.1), (0.0, 10.0)), ONE, 6, **changed)
    _, distance = travelled(result)
    assert distance[0] == pytest.approx(6 * 3600.0 * np.hypot(east, north), rel=1e-3, abs=0.1)


def test_stokes_drift_moves_oil_by_its_factor():
    fields = forcing(wind=(10.0, 0.0), stokes_drift="wind")
    _, once = travelled(carry(fields, ONE, 6))
    _, twice = travelled(carry(fields, ONE, 6, stokes_factor=2.0))
    assert once[0] == pytest.approx(0.094 * 6 * 3600.0, rel=0.02)
    assert twice[0] == pytest.approx(2.0 * once[0], rel=1e-4)


@pytest.mark.parametrize("minutes", [5.0, 30.0])
@pytest.mark.parametrize("latitude", [35.5, 69.0])
def test_diffusion_has_the_variance_two_k_t_in_each_direction(minutes, latitude):
    count, diffusivity, hours = 20_000, 20.0, 12
    axes = nodes(34.0, latitude - 0.5, 36.0, latitude + 0.5, 0.1)
    result = carry(
        forcing(axes=axes),
        particles(np.full(count, 35.0), latitude),
        hours,
        minutes=minutes,
        horizontal_diffusivity=diffusivity,
    )
    east, north = simulator.metres_per_degree(latitude)
    x = (result["lon"].values[:, -1] - 35.0) * east
    y = (result["lat"].values[:, -1] - latitude) * north
    variance = 2.0 * diffusivity * 3600.0 * hours
    np.testing.assert_allclose(np.cov(x, y), variance * np.eye(2), atol=0.045 * variance)
    np.testing.assert_allclose([x.mean(), y.mean()], 0.0, atol=4.5 * np.sqrt(variance / count))


def test_without_diffusion_particles_of_one_place_stay_together():
    oil = particles(np.full(3000, 35.2), 35.5)
    result = carry(forcing(turning(24.0, 35.0, 35.5)), oil, 12)
    for name in ("lon", "lat"):
        assert (result[name].values == result[name].values[0]).all()


ISLE = shapely.Point(35.1, 35.5).buffer(0.1)
CROWD = particles(
    np.linspace(34.8, 34.99, 5000), np.linspace(35.3, 35.7, 5000), np.linspace(-1, 3, 5000)
)


@cache
def restless():
    return forcing((0.5, 0.1), (5.0, 5.0), stokes_drift="wind")


def crowd(seed=1, **options):
    options = {"land": ISLE, "horizontal_diffusivity": 50.0} | options
    return carry(restless(), CROWD, 6, seed=seed, **options)


@pytest.fixture(scope="module")
def alone():
    result = crowd(threads=1)
    assert set(np.unique(result["status"])) >= {Status.AFLOAT, Status.BEACHED}
    return result


@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_any_number_of_threads_gives_the_same_bits(alone, threads):
    assert crowd(threads=threads).identical(alone)


@pytest.mark.parametrize(("name", "value"), [("CHUNK", 7), ("CHUNK", 10**6), ("SPAN_BYTES", 1)])
def test_any_division_of_the_work_gives_the_same_bits(alone, monkeypatch, name, value):
    monkeypatch.setattr(model, name, value)
    assert crowd(threads=2).identical(alone)


@pytest.mark.slow
def test_a_run_among_others_gives_the_same_bits(alone):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda seed: crowd(seed, threads=2), [1, 2, 1, 3, 1]))
    for k in (0, 2, 4):
        assert results[k].identical(alone)
    assert not results[1].identical(alone)


def test_looking_at_the_ends_of_steps_changes_nothing(alone):
    result = crowd(outputs=np.arange(25) / 4.0)
    assert result.isel(time=[0, -1]).identical(alone)


@pytest.mark.slow
@settings(NO_DEADLINE, max_examples=30)  # a seed is a number to mix, whose bits are all alike
@given(SEEDS, SEEDS)
def test_each_seed_has_one_outcome(seed, other):
    assume(seed != other)
    oil = particles(np.full(50, 35.0), 35.5)
    options = {"horizontal_diffusivity": 10.0, "threads": 2}
    first, again, different = (
        carry(restless(), oil, 1, seed=s, **options) for s in (seed, seed, other)
    )
    assert first.identical(again)
    assert not np.isclose(first["lon"][:, -1], different["lon"][:, -1], rtol=0, atol=1e-9).any()


BOX = (34.0, 35.0, 34.3, 35.3)
AXES = nodes(*BOX, 0.1)


@st.composite
def rough_runs(draw):
    """Runs of 150 particles off a random coast, looked at twice a step."""
    land = draw(lands(BOX))
    rng = np.random.default_rng(draw(SEEDS))
    lon, lat = rng.uniform(BOX[:2], np.nextafter(BOX[2:], 0.0), (150, 2)).T
    wet = ~shapely.intersects_xy(land, lon, lat)
    assume(wet.any())
    u, v = draw(flows(AXES[1].size, AXES[0].size))
    minutes = draw(st.sampled_from([5.0, 15.0, 60.0]))
    hours = 8.0 * minutes / 60.0
    return carry(
        forcing((lambda *_: u, lambda *_: v), axes=AXES),
        particles(lon[wet], lat[wet], np.round(rng.uniform(-0.5, 1.2, wet.sum()) * hours, 2)),
        hours,
        land=land,
        minutes=minutes,
        outputs=np.arange(17) * hours / 16.0,
        horizontal_diffusivity=500.0 * draw(UNIT) ** 3,
        seed=draw(SEEDS),
        threads=1,
    ), land


def no_particle_is_lost_on_land_or_outside(result, land):
    status, lon, lat = (result[name].values for name in ("status", "lon", "lat"))
    assert np.isin(status, list(Status)).all()
    out = status != Status.UNRELEASED
    assert (np.isfinite(lon) == out).all()
    assert (np.isfinite(lat) == out).all()
    assert ((lon[out] >= BOX[0]) & (lon[out] <= BOX[2])).all()
    assert ((lat[out] >= BOX[1]) & (lat[out] <= BOX[3])).all()
    assert not shapely.contains_xy(land, lon[out], lat[out]).any()


def a_particle_that_stops_stops_for_good(result):
    status, lon, lat = (result[name].values for name in ("status", "lon", "lat"))
    assert (np.diff(status, axis=1) >= 0).all()
    stopped = status[:, :-1] >= Status.BEACHED
    assert (status[:, :-1] == status[:, 1:])[stopped].all()
    assert (lon[:, :-1] == lon[:, 1:])[stopped].all()
    assert (lat[:, :-1] == lat[:, 1:])[stopped].all()


@pytest.mark.slow
@NO_DEADLINE
@given(rough_runs())
def test_what_holds_of_particles_holds_in_every_run(run):
    result, land = run
    no_particle_is_lost_on_land_or_outside(result, land)
    a_particle_that_stops_stops_for_good(result)


def test_a_particle_is_seen_from_its_release_on():
    hours = np.array([-1.0, 0.0, 0.1, 1.0, 1.125, 3.0, 5.999, 6.0, 6.5])
    outputs = np.arange(49) / 8.0
    result = carry(forcing(), particles(35.0, 35.5, hours), 6, outputs=outputs)
    released = outputs[np.newaxis, :] >= hours[:, np.newaxis]
    np.testing.assert_array_equal(result["status"] == Status.AFLOAT, released)
    np.testing.assert_array_equal(result["status"] == Status.UNRELEASED, ~released)


def test_a_particle_drifts_from_the_moment_of_its_release():
    hours = np.linspace(0.0, 5.9, 60)
    result = carry(forcing((0.5, 0.0)), particles(35.0, 35.5, hours), 6)
    east, _ = simulator.metres_per_degree(35.5)
    distance = (result["lon"].values[:, -1] - 35.0) * east
    np.testing.assert_allclose(distance, 0.5 * 3600.0 * (6.0 - hours), rtol=1e-4)


def test_oil_neither_comes_nor_goes():
    slick = simulator.AreaRelease(shapely.box(34.9, 35.4, 35.1, 35.6), mass=3e5, time=START)
    leak = simulator.PointRelease(35.2, 35.5, mass=2e4, time=START, end=START + 4 * HOUR)
    oil = simulator.seed_particles([slick, leak], 777, seed=1)
    result = carry(restless(), oil, 6, land=ISLE - shapely.box(34.9, 35.4, 35.3, 35.6))
    mass = result["mass"].isel(time=-1).groupby(result["release"]).sum()
    np.testing.assert_allclose(mass, [3e5, 2e4], rtol=1e-12)


def test_oil_that_reaches_the_border_has_left():
    result = carry(forcing((1.0, 0.0)), particles(35.9, 35.5), 6)
    assert result["status"].values[0, -1] == Status.LEFT_DOMAIN
    assert result["lon"].values[0, -1] == pytest.approx(36.0, abs=1e-6)
    assert result["lat"].values[0, -1] == pytest.approx(35.5)


def gap(u, v):
    """Return a current without values in the east."""
    return (
        lambda t, lon, lat: np.where(lon > 35.45, np.nan, u),
        lambda t, lon, lat: np.where(lon > 35.45, np.nan, v),
    )


def reaching(data):
    """Return fields that do not reach the east at all, as those of a turned grid may not."""
    covered = np.broadcast_to(data["longitude"].values <= 35.75, (11, 21))
    data = data.assign_coords({COVERED: (("latitude", "longitude"), covered)})
    return data.where(data[COVERED])


def test_oil_where_a_current_has_a_hole_goes_on_with_the_wind():
    fields = forcing(gap(1.0, 0.0), (0.0, 10.0))
    result = carry(fields, particles(35.5, 35.5), 3, wind_drift_factor=0.03)
    assert result["status"].values[0, -1] == Status.AFLOAT
    far = carry(fields, particles(35.95, 35.5), 3, wind_drift_factor=0.03)
    azimuth, distance = travelled(far)
    assert (azimuth[0], distance[0]) == pytest.approx((0.0, 3240.0), rel=1e-3, abs=1e-3)


def test_oil_that_drifts_where_a_field_does_not_reach_has_left():
    fields = Forcing.from_datasets(reaching(currents(1.0, 0.0)), winds(), start=START)
    result = carry(fields, particles(35.5, 35.5), 12)
    assert result["status"].values[0, -1] == Status.LEFT_DOMAIN
    assert 35.6 < result["lon"].values[0, -1] < 35.8


@pytest.mark.parametrize("name", ["current", "wind"])
def test_a_release_where_a_field_does_not_reach_is_refused(name):
    data = {"current": currents(1.0, 0.0), "wind": winds(1.0, 0.0)}
    data[name] = reaching(data[name])
    fields = Forcing.from_datasets(*data.values(), start=START)
    with pytest.raises(SimulatorError, match=f"release 1: no {name} at 35"):
        carry(fields, particles(35.9, 35.5), 12)


@pytest.mark.parametrize("place", [(33.9, 35.5), (36.1, 35.5), (35.0, 34.9), (35.0, 36.0)])
def test_a_release_beyond_the_fields_is_refused(place):
    with pytest.raises(SimulatorError, match=f"release 1: no forcing at {place[0]:.4f} E"):
        carry(forcing(), particles(*place), 12)


@pytest.mark.parametrize("hours", [0.0, -1.0])
def test_a_run_of_no_length_is_refused(hours):
    with pytest.raises(SimulatorError, match="expected a time after the start"):
        carry(forcing(), ONE, hours, outputs=(0.0,))


@pytest.mark.parametrize("outputs", [(), (-1.0, 1.0), (1.0, 7.0), (2.0, 1.0), (1.0, 1.0, 2.0)])
def test_outputs_out_of_order_or_out_of_the_run_are_refused(outputs):
    with pytest.raises(SimulatorError, match="output_times"):
        carry(forcing(), ONE, 6, outputs=outputs)


@pytest.mark.parametrize("hours", [(1.0, 7.0), (0.0, 5.0), (-3.0, -1.0)])
def test_fields_that_do_not_last_as_long_as_the_run_are_refused(hours):
    with pytest.raises(SimulatorError, match="the current is given from"):
        carry(forcing(hours=hours), ONE, 6)


def test_a_single_record_holds_for_the_whole_run():
    _, distance = travelled(carry(forcing((0.5, 0.0), hours=(3.0,)), ONE, 6))
    assert distance[0] == pytest.approx(0.5 * 6 * 3600.0, rel=1e-4)


@pytest.mark.parametrize("minutes", [0.0, -15.0, np.nan])
def test_a_time_step_of_no_length_is_refused(minutes):
    with pytest.raises(SimulatorError, match="time_step"):
        carry(forcing(), ONE, 6, minutes=minutes)


def test_steps_are_cut_at_outputs():
    steps = Steps.regular(3600.0, 900.0, np.array([0.0, 1000.0, 3600.0]))
    np.testing.assert_array_equal(steps.edges, [0, 900, 1000, 1800, 2700, 3600])
    np.testing.assert_array_equal(steps.durations, [900, 100, 800, 900, 900])


def test_progress_is_told_at_each_output():
    shares = []
    carry(forcing(), ONE, 4, outputs=(0, 1, 3, 4), on_output=shares.append)
    assert shares == [0.25, 0.75, 1.0]
