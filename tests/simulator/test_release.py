"""Releases: where, when and how much."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from simulator import AreaRelease, PointRelease, SimulatorError, at_sea, seed_particles
from tests.simulator.builders import HOUR, START
from tests.simulator.strategies import NO_DEADLINE, SEEDS, lands

BOX = (34.0, 35.0, 34.3, 35.3)


def area(geometry, mass=1e6, hours=0.0):
    return AreaRelease(geometry, mass, START + np.timedelta64(round(3600 * hours), "s"))


def leak(mass=1e6, lon=34.1, lat=35.1, hours=(0.0, 10.0)):
    first, last = (START + (hour * HOUR).astype("timedelta64[ns]") for hour in np.array(hours))
    return PointRelease(lon, lat, mass, first, last)


def inside(geometry, points):
    return shapely.intersects_xy(geometry, *points.T)


def true_mean(geometry):
    """Mean of longitude and latitude over a geometry, by area on the sphere."""
    west, south, east, north = geometry.bounds
    lon, lat = np.meshgrid(np.linspace(west, east, 801), np.linspace(south, north, 801))
    weight = shapely.contains_xy(geometry, lon, lat) * np.cos(np.radians(lat))
    return [np.average(coordinate, weights=weight) for coordinate in (lon, lat)]


SHAPES = {
    "triangle": shapely.Polygon([(0, 0), (0.3, 0.1), (0.1, 0.2)]),
    "disc": shapely.Point(0, 0).buffer(0.1),
    "crescent": shapely.Point(0, 0).buffer(0.2) - shapely.Point(0.1, 0).buffer(0.17),
    "ring": shapely.Point(0, 0).buffer(0.2) - shapely.Point(0.05, 0).buffer(0.12),
    "thread": shapely.LineString([(0, 0), (0.2, 0.01), (0.3, 0.2)]).buffer(0.0005),
    "pair": shapely.MultiPolygon([shapely.box(0, 0, 0.1, 0.1), shapely.box(0.2, 0, 0.25, 0.3)]),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("latitude", [-60.0, 0.0, 35.0, 70.0])
def test_every_point_of_an_area_lies_in_it(name, latitude):
    shape = shapely.affinity.translate(SHAPES[name], 10.0, latitude)
    assert inside(shape.buffer(1e-12), area(shape).positions(5000, 1)).all()


@pytest.mark.parametrize("name", set(SHAPES) - {"thread"})
@pytest.mark.parametrize("latitude", [-60.0, 0.0, 35.0, 70.0])
def test_the_middle_of_the_points_is_the_middle_of_the_area(name, latitude):
    shape = shapely.affinity.translate(SHAPES[name], 10.0, latitude)
    points = area(shape).positions(20_000, 1)
    np.testing.assert_allclose(points.mean(axis=0), true_mean(shape), atol=1e-3)


@pytest.mark.parametrize("latitude", [0.0, 60.0])
def test_equal_areas_get_equal_numbers(latitude):
    """Ten by ten boxes that are equal on the sphere: more even than chance would have it."""
    shape = shapely.box(10.0, latitude, 10.5, latitude + 0.5)
    points = area(shape).positions(40_000, 1)
    height = np.sin(np.radians(points[:, 1]))
    edges = np.linspace(*np.sin(np.radians([latitude, latitude + 0.5])), 11)
    counts, _, _ = np.histogram2d(points[:, 0], height, bins=[np.linspace(10, 10.5, 11), edges])
    np.testing.assert_allclose(counts, 400.0, rtol=0.06)


def test_parts_of_a_slick_get_particles_by_their_area():
    small, large = shapely.box(10.0, 0.0, 10.1, 0.1), shapely.box(11.0, 60.0, 11.4, 60.1)
    points = area(shapely.union(small, large)).positions(10_000, 1)
    share = 0.04 * np.cos(np.radians(60.05)) / (0.04 * np.cos(np.radians(60.05)) + 0.01)
    assert inside(large, points).mean() == pytest.approx(share, abs=2e-4)


@pytest.mark.parametrize("count", [100, 1000, 10_000])
def test_more_points_fill_the_area_more_evenly(count):
    """Counts in 25 equal boxes vary less than chance, which makes chi-square 24, would have it."""
    shape = shapely.box(0.0, 0.0, 1.0, 1.0)
    for size in (count, 2 * count):
        counts, _, _ = np.histogram2d(*area(shape).positions(size, 1).T, bins=5)
        assert stats.chisquare(counts.ravel()).statistic < 0.6 * 24


def test_seeds_give_different_points_and_the_same_seed_the_same():
    release = area(SHAPES["disc"])
    np.testing.assert_array_equal(release.positions(50, 3), release.positions(50, 3))
    assert (release.positions(50, 3) != release.positions(50, 4)).all()


@NO_DEADLINE
@given(lands(BOX), SEEDS)
def test_oil_is_put_at_sea_and_keeps_its_mass(land, seed):
    slick = area(shapely.box(34.05, 35.05, 34.25, 35.25), 5e5)
    assume(not shapely.covers(land, slick.geometry))
    oil = seed_particles([slick], 300, seed=seed, land=land)
    assert not shapely.contains_xy(land, oil.longitude, oil.latitude).any()
    assert oil.mass.sum() == pytest.approx(5e5)


def test_land_takes_its_part_of_an_area_away():
    slick = area(shapely.box(34.0, 35.0, 34.2, 35.1))
    wet = at_sea(slick, shapely.box(34.1, 34.0, 36.0, 36.0), 0)
    assert wet.geometry.equals(shapely.box(34.0, 35.0, 34.1, 35.1))
    assert (wet.mass, wet.time) == (slick.mass, slick.time)


@pytest.mark.parametrize("land", [None, shapely.Polygon(), shapely.box(0.0, 0.0, 1.0, 1.0)])
def test_a_release_away_from_land_stays_as_it_is(land):
    for release in (leak(), area(shapely.box(*BOX))):
        assert at_sea(release, land, 0) is release


@pytest.mark.parametrize("release", [leak(), area(shapely.box(34.09, 35.09, 34.11, 35.11))])
def test_a_release_on_land_is_refused_with_its_place(release):
    releases = [leak(lon=30.0), release]
    with pytest.raises(SimulatorError, match=r"release 2 lies on land, at 34\.1000 E 35\.1000 N"):
        seed_particles(releases, 100, seed=1, land=shapely.box(*BOX))


@NO_DEADLINE
@given(st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=12), st.integers(0, 1000))
def test_masses_add_up_to_those_of_the_releases(masses, spare):
    count = len(masses) + spare
    oil = seed_particles([leak(mass) for mass in masses], count, seed=1)
    assert oil.size == count
    numbers = np.bincount(oil.release_number, minlength=len(masses))
    assert (numbers >= 1).all()
    np.testing.assert_allclose(np.bincount(oil.release_number, oil.mass), masses, rtol=1e-9)
    ideal = 1 + spare * np.array(masses) / np.sum(masses)
    assert (abs(numbers - ideal) < 1.0 + 1e-9).all()


def test_the_last_particle_goes_where_it_is_missed_most():
    oil = seed_particles([leak(1.0), leak(1.0), leak(4.0)], 10, seed=1)
    np.testing.assert_array_equal(np.bincount(oil.release_number), [2, 2, 6])


def test_particles_of_a_release_are_equal():
    oil = seed_particles([leak(1e3), area(shapely.box(*BOX), 9e3)], 100, seed=1)
    for number in (0, 1):
        assert np.ptp(oil.mass[oil.release_number == number]) == 0.0


@pytest.mark.parametrize(("releases", "count"), [([leak(), leak()], 1), ([], 10), ([leak()], 0)])
def test_fewer_particles_than_releases_are_refused(releases, count):
    with pytest.raises(SimulatorError, match=f"particles = {count}"):
        seed_particles(releases, count, seed=1)


@pytest.mark.parametrize("mass", [0.0, -1.0, np.nan])
def test_a_release_of_no_mass_is_refused(mass):
    with pytest.raises(SimulatorError, match="expected more than 0"):
        seed_particles([leak(), leak(mass)], 10, seed=1)


def test_a_leak_is_steady():
    oil = seed_particles([leak(hours=(2.0, 12.0))], 20, seed=1)
    minutes = (oil.release_time - START) / np.timedelta64(1, "m")
    np.testing.assert_allclose(minutes, 120.0 + 15.0 + 30.0 * np.arange(20))
    assert (oil.longitude == 34.1).all()
    assert (oil.latitude == 35.1).all()


def test_a_leak_of_no_length_is_released_at_once():
    assert (
        seed_particles([leak(hours=(3.0, 3.0))], 9, seed=1).release_time == START + 3 * HOUR
    ).all()


def test_particles_are_in_the_order_of_their_release():
    releases = [area(shapely.box(*BOX), hours=15.0), leak(), area(shapely.box(*BOX), hours=-1.0)]
    oil = seed_particles(releases, 300, seed=1)
    assert (np.diff(oil.release_time) >= np.timedelta64(0)).all()
    np.testing.assert_array_equal(oil.release_number, np.repeat([2, 1, 0], 100))
    assert (oil.release_time[oil.release_number == 0] == START + 15 * HOUR).all()


def test_a_release_ends_with_its_last_oil():
    assert leak(hours=(0.0, 10.0)).end == START + 10 * HOUR
    assert area(shapely.box(*BOX), hours=5.0).end == START + 5 * HOUR
