"""Releases: where, when and how much."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from simulator import (
    AreaRelease,
    LineRelease,
    PointRelease,
    SimulatorError,
    TrackRelease,
    area_of,
    at_sea,
    seed_particles,
)
from tests.simulator.builders import HOUR, START, WGS84
from tests.simulator.strategies import NO_DEADLINE, SEEDS, lands

BOX = (34.0, 35.0, 34.3, 35.3)


def area(geometry, mass=1e6, hours=0.0):
    return AreaRelease(geometry, mass=mass, time=START + np.timedelta64(round(3600 * hours), "s"))


def leak(mass=1e6, lon=34.1, lat=35.1, hours=(0.0, 10.0)):
    first, last = (START + (hour * HOUR).astype("timedelta64[ns]") for hour in np.array(hours))
    return PointRelease(lon, lat, mass=mass, time=first, end=last)


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


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "thread"])
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


@pytest.mark.slow
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


def hours(*values):
    return START + (np.array(values) * HOUR).astype("timedelta64[ns]")


def line(coordinates=((34.0, 35.0), (34.2, 35.0), (34.2, 35.3)), mass=1e6, last=0.0, **options):
    return LineRelease(
        shapely.LineString(coordinates), mass=mass, time=START, end=hours(last)[0], **options
    )


def ship(mass=1e6, **options):
    """Sail east for an hour, then north at a quarter of the pace."""
    places = np.array([34.0, 34.2, 34.2]), np.array([35.0, 35.0, 35.2])
    return TrackRelease(hours(0.0, 1.0, 5.0), *places, mass=mass, **options)


ALL_KINDS = {
    "area": area(shapely.box(*BOX)),
    "steady area": AreaRelease(shapely.box(*BOX), mass=1e6, time=START, end=hours(8.0)[0]),
    "point": leak(),
    "line": line(),
    "steady line": line(last=8.0),
    "ship": ship(),
}


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("count", [1, 2, 999])
def test_every_kind_keeps_its_mass_and_its_time(kind, count):
    release = ALL_KINDS[kind]
    oil = seed_particles([release], count, seed=1)
    assert oil.mass.sum() == pytest.approx(1e6)
    assert (oil.release_time >= release.time).all()
    assert (oil.release_time <= release.end).all()
    assert all(array.shape == (count,) for array in vars(oil).values())
    assert inside(release.geometry.buffer(1e-9), place_of(oil)).all()


def place_of(oil):
    return np.stack([oil.longitude, oil.latitude], axis=-1)


@pytest.mark.parametrize("kind", ["steady area", "steady line"])
def test_steady_oil_comes_out_everywhere_all_the_time(kind):
    oil = seed_particles([ALL_KINDS[kind]], 8000, seed=1)
    share = (oil.release_time - START) / (8 * HOUR)
    np.testing.assert_allclose(share, (np.arange(8000) + 0.5) / 8000)
    quarters = place_of(oil).reshape(4, 2000, 2).mean(axis=1)
    np.testing.assert_allclose(quarters, np.tile(quarters.mean(axis=0), (4, 1)), atol=2e-3)


def test_a_line_holds_as_much_oil_on_each_metre():
    points = line().positions(9999, 1)
    on_the_parallel = points[:, 1] == 35.0
    east, north = (
        WGS84.inv(34.0, 35.0, 34.2, 35.0)[2],
        WGS84.inv(34.2, 35.0, 34.2, 35.3)[2],
    )
    assert on_the_parallel.mean() == pytest.approx(east / (east + north), abs=1e-3)
    np.testing.assert_allclose(np.diff(points[on_the_parallel][:, 0]), 0.2 * 3 / 9999, rtol=1)
    assert points[on_the_parallel][:, 0].mean() == pytest.approx(34.1, abs=1e-4)


def test_lines_are_not_joined_over_the_gap_between_them():
    pair = shapely.MultiLineString([[(34.0, 35.0), (34.1, 35.0)], [(34.3, 35.0), (34.4, 35.0)]])
    longitude = LineRelease(pair, mass=1.0, time=START).positions(1000, 1)[:, 0]
    assert not ((longitude > 34.1) & (longitude < 34.3)).any()
    assert (longitude < 34.2).mean() == 0.5


def test_a_ship_lets_oil_out_where_it_is():
    oil = seed_particles([ship()], 500, seed=1)
    elapsed = (oil.release_time - START) / HOUR
    np.testing.assert_allclose(elapsed, 5.0 * (np.arange(500) + 0.5) / 500)
    np.testing.assert_allclose(oil.longitude, 34.0 + 0.2 * np.minimum(elapsed, 1.0))
    np.testing.assert_allclose(oil.latitude, 35.0 + 0.05 * np.maximum(elapsed - 1.0, 0.0))


@NO_DEADLINE
@given(
    st.lists(st.floats(0.01, 10.0), min_size=1, max_size=8), st.floats(0.0, 1.0), st.floats(0, 1)
)
def test_a_part_of_a_track_is_where_the_whole_track_was_then(steps, first, last):
    assume(first < last)
    times = hours(0.0, *np.cumsum(steps))
    places = np.random.default_rng(len(steps)).uniform(34.0, 35.0, (2, times.size))
    start, end = times[0] + ((times[-1] - times[0]) * np.array([first, last])).astype("m8[ns]")
    release = TrackRelease(times, *places, mass=1.0, time=start, end=end)
    known = (times - START) / HOUR
    wanted = (release.times(50) - START) / HOUR
    assert wanted.min() >= (start - START) / HOUR
    assert wanted.max() <= (end - START) / HOUR
    expected = np.stack([np.interp(wanted, known, place) for place in places], axis=-1)
    np.testing.assert_allclose(release.positions(50, 1), expected)
    assert release.geometry.buffer(1e-9).covers(shapely.MultiPoint(expected))


def test_a_ship_may_let_all_out_at_once():
    oil = seed_particles(
        [ship(time=START + 3 * HOUR, end=START + 3 * HOUR)], 5, seed=1, land=shapely.box(0, 0, 1, 1)
    )
    np.testing.assert_allclose(place_of(oil), np.tile([34.2, 35.1], (5, 1)))
    assert (oil.slick_mass == 1e6).all()


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([START], "two fixes"),
        ([START, START, START + HOUR], "rising"),
        ([START, START + HOUR, START], "rising"),
    ],
)
def test_a_track_that_does_not_go_on_is_refused(times, message):
    place = np.linspace(34.0, 35.0, len(times))
    with pytest.raises(SimulatorError, match=message):
        TrackRelease(np.array(times), place, place, mass=1.0)


def test_oil_off_the_track_is_refused():
    with pytest.raises(SimulatorError, match="within the ship's track"):
        ship(end=START + 6 * HOUR)


def test_a_line_of_no_length_is_refused():
    with pytest.raises(SimulatorError, match="no line with a length"):
        line([(34.0, 35.0), (34.0, 35.0)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"age": -1.0}, "expected no age below 0"),
        ({"depth": -1.0}, "expected no depth below 0"),
        ({"depth": 5.0}, "droplets of nan m: expected a diameter above 0"),
    ],
)
def test_impossible_oil_is_refused(options, message):
    for make in (
        line,
        ship,
        lambda **options: PointRelease(34.0, 35.0, mass=1.0, time=START, **options),
    ):
        with pytest.raises(SimulatorError, match=message):
            make(**options)


def test_age_depth_and_droplets_reach_the_particles():
    deep = line(last=4.0, age=7200.0, depth=40.0, droplet_diameter=2e-3)
    oil = seed_particles([deep, leak()], 200, seed=1)
    first = oil.release_number == 0
    assert (oil.z[first] == -40.0).all()
    assert (oil.droplet_diameter[first] == 2e-3).all()
    assert (oil.age[first] == 7200.0).all()
    assert (oil.z[~first] == 0.0).all()
    assert not np.signbit(oil.z[~first]).any()
    assert np.isnan(oil.droplet_diameter[~first]).all()
    assert (oil.age[~first] == 0.0).all()


@pytest.mark.parametrize(
    ("release", "mass"),
    [
        (area(shapely.box(*BOX)), 1e6),
        (AreaRelease(shapely.box(*BOX), mass=1e6, time=START, end=hours(8.0)[0]), 1e6),
        (leak(hours=(0.0, 10.0)), 1e5),
        (leak(hours=(0.0, 0.5)), 1e6),
        (leak(hours=(0.0, 0.0)), 1e6),
        (line(last=4.0), 2.5e5),
        (ship(), 2e5),
    ],
)
def test_a_steady_release_is_a_chain_of_slicks(release, mass):
    np.testing.assert_allclose(seed_particles([release], 7, seed=1).slick_mass, mass)


def test_only_slicks_that_were_seen_have_an_area():
    oil = seed_particles([*ALL_KINDS.values()], 600, seed=1)
    seen = np.isin(oil.release_number, [0, 1])
    np.testing.assert_allclose(oil.slick_area[seen], area_of(shapely.box(*BOX)))
    assert np.isnan(oil.slick_area[~seen]).all()


@pytest.mark.parametrize("latitude", [-75.0, -30.0, 0.0, 35.0, 60.0])
@pytest.mark.parametrize("size", [0.01, 1.0])
def test_areas_are_those_on_the_ellipsoid(latitude, size):
    disc = shapely.Point(20.0, latitude).buffer(size) - shapely.Point(20.0, latitude).buffer(
        size / 3
    )
    shape = shapely.union(disc, shapely.box(30.0, latitude, 30.0 + size, latitude + size))
    dense = shapely.segmentize(shape, size / 200)  # the ellipsoid's edges are geodesics
    true = abs(WGS84.geometry_area_perimeter(shapely.geometry.polygon.orient(dense.geoms[0]))[0])
    true += abs(WGS84.geometry_area_perimeter(shapely.geometry.polygon.orient(dense.geoms[1]))[0])
    assert area_of(shape) == pytest.approx(true, rel=3e-4)


def weighted(thickness=(1.0, 3.0), **options):
    """Two cells side by side, that share an edge."""
    cells = shapely.MultiPolygon(
        [shapely.box(34.0, 35.0, 34.1, 35.1), shapely.box(34.1, 35.0, 34.2, 35.1)]
    )
    return AreaRelease(cells, mass=1e6, time=START, thickness=np.array(thickness), **options)


def test_thicker_parts_get_more_of_the_oil():
    oil = seed_particles([weighted()], 8000, seed=1)
    assert (oil.longitude > 34.1).mean() == pytest.approx(0.75, abs=1e-3)
    assert oil.mass.sum() == pytest.approx(1e6)


def test_parts_that_land_cuts_keep_their_thickness():
    land = shapely.union(shapely.box(34.02, 34.9, 34.04, 35.2), shapely.box(34.15, 34.0, 36, 36))
    wet = at_sea(weighted(), land, 0)
    np.testing.assert_array_equal(wet.thickness, [1.0, 1.0, 3.0])
    points = wet.positions(8000, 1)
    assert not inside(land.buffer(-1e-9), points).any()
    assert (points[:, 0] > 34.1).mean() == pytest.approx(0.15 / 0.23, abs=1e-3)


@pytest.mark.parametrize("thickness", [(1.0,), (1.0, 0.0), (1.0, np.nan)])
def test_a_thickness_is_needed_for_each_part(thickness):
    with pytest.raises(SimulatorError, match="one above 0 for each polygon"):
        weighted(thickness)


def test_a_line_loses_its_part_on_land_and_keeps_its_mass():
    land = shapely.box(34.05, 34.9, 34.1, 35.1)
    wet = at_sea(line(last=4.0), land, 0)
    oil = seed_particles([line(last=4.0)], 500, seed=1, land=land)
    assert wet.geometry.equals(line().geometry - land)
    assert oil.mass.sum() == pytest.approx(1e6)
    assert not ((oil.longitude > 34.05) & (oil.longitude < 34.1)).any()


@pytest.mark.parametrize(
    ("land", "release", "message"),
    [
        (shapely.box(*BOX).buffer(1), line(), r"release 1 lies on land, at 34\.2000 E 35\.0"),
        (
            shapely.box(34.15, 35.05, 34.25, 35.3),
            ship(),
            r"release 1 lies on land, at 34\.2000 E 35\.2000 N, on 2021-08-24T05:00Z",
        ),
        (
            shapely.box(34.05, 34.9, 34.1, 35.1),
            ship(),
            r"at 34\.0750 E 35\.0000 N, between the fixes of 2021-08-24T00:00Z and 2021-08-24T01",
        ),
    ],
)
def test_lines_and_ships_on_land_are_refused_with_place_and_time(land, release, message):
    with pytest.raises(SimulatorError, match=message):
        at_sea(release, land, 0)


def test_a_ship_may_leave_from_a_harbour_before_it_lets_oil_out():
    harbour = shapely.box(33.9, 34.9, 34.1, 35.1)
    under_way = ship(time=START + HOUR)
    assert at_sea(under_way, harbour, 0) is under_way


@pytest.mark.slow
@NO_DEADLINE
@given(lands(BOX), st.floats(0.02, 0.5), SEEDS)
def test_where_oil_is_does_not_depend_on_how_far_land_is_known(land, margin, seed):
    """The coast in segments shorter than what is looked at beyond a release, as real ones are."""
    coast = shapely.segmentize(land, 0.005)
    slick = area(shapely.box(34.1, 35.1, 34.2, 35.2))
    path = line([(34.1, 35.1), (34.2, 35.2)])
    known = shapely.intersection(coast, shapely.box(*slick.geometry.bounds).buffer(margin))
    turned = shapely.MultiPolygon([p for p in shapely.get_parts(known) if p.area > 0]).reverse()
    for release in (slick, path):
        seeded = []
        for part in (coast, turned):
            try:
                seeded.append(seed_particles([release], 50, seed=seed, land=part))
            except SimulatorError as error:
                seeded.append(error)
        if isinstance(seeded[0], SimulatorError):
            assert str(seeded[0]) == str(seeded[1])
        else:
            np.testing.assert_array_equal(place_of(seeded[0]), place_of(seeded[1]))


def test_parts_of_one_release_share_its_number():
    parts = [area(shapely.box(*BOX)), area(shapely.box(*BOX)), leak()]
    oil = seed_particles(parts, 30, seed=1, numbers=[0, 0, 1])
    np.testing.assert_array_equal(np.bincount(oil.release_number), [20, 10])
    with pytest.raises(SimulatorError, match="release 2 lies on land"):
        seed_particles(
            parts, 30, seed=1, land=shapely.Point(34.1, 35.1).buffer(0.01), numbers=[0, 0, 1]
        )


@pytest.mark.parametrize("age", [-1.0, np.nan])
def test_a_slick_of_impossible_age_is_refused(age):
    with pytest.raises(SimulatorError, match="expected no age below 0"):
        AreaRelease(shapely.box(*BOX), mass=1.0, time=START, age=age)
