"""The slick that a sensor would see: the oil's own thickness, hardly the particles' number."""

import numpy as np
import pytest

from simulator import oil_thickness, slick_mask

SHAPE = (120, 160)
CELL = 150.0
DENSITY = 900.0


def thickness(column, row, mass, shape=SHAPE):
    return oil_thickness(column, row, mass, shape, cell_area=CELL**2, density=DENSITY)


def cloud(count, seed=0, mass=50_000.0, spread=8.0):
    column, row = np.random.default_rng(seed).normal([[80.0], [60.0]], spread, (2, count))
    return column, row, np.full(count, mass / count)


def dice(a, b):
    return 2.0 * (a & b).sum() / (a.sum() + b.sum())


def test_the_volume_is_that_of_the_oil():
    field = thickness(*cloud(5000))
    assert field.sum() * CELL**2 * DENSITY == pytest.approx(50_000.0)


@pytest.mark.parametrize("per_cell", [1, 2, 4, 16, 64])
def test_an_even_slab_has_its_own_thickness(per_cell):
    """One micrometre of oil over 40 by 60 cells, in randomly placed particles."""
    rng = np.random.default_rng(0)
    column = np.repeat(np.tile(np.arange(50, 110), 40), per_cell)
    row = np.repeat(np.repeat(np.arange(40, 80), 60), per_cell)
    column, row = (place + rng.random(place.size) for place in (column, row))
    mass = np.full(column.size, 1e-6 * CELL**2 * DENSITY / per_cell)
    field = thickness(column, row, mass)
    np.testing.assert_allclose(field[44:76, 54:106], 1e-6, rtol=1e-9)
    assert field[:30].max() == pytest.approx(0.0, abs=1e-15)


def true_slick(limit, mass=50_000.0, spread=8.0):
    """Return where a Gaussian of that mass and width is thicker than the limit."""
    peak = mass / (DENSITY * CELL**2 * 2.0 * np.pi * spread**2)
    row, column = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    return np.hypot(column - 80.0, row - 60.0) < spread * np.sqrt(2.0 * np.log(peak / limit))


def seen(count, seed, limit, mass):
    return slick_mask(thickness(*cloud(count, seed, mass)), limit)


@pytest.mark.parametrize("count", [20_000, 50_000])
@pytest.mark.parametrize(("mass", "limit"), [(5e4, 1e-7), (2e6, 1e-6), (2e6, 1e-7)])
def test_twice_the_particles_show_the_same_slick(count, mass, limit):
    true = true_slick(limit, mass)
    pairs = [(seen(count, s, limit, mass), seen(2 * count, s + 9, limit, mass)) for s in range(3)]
    assert np.mean([dice(*pair) for pair in pairs]) > 0.93
    gained = np.mean([dice(twice, true) - dice(once, true) for once, twice in pairs])
    assert abs(gained) < 0.02


def test_the_slick_tends_to_the_true_one():
    limit = 1e-6
    scores = [dice(seen(n, 1, limit, 5e4), true_slick(limit)) for n in (10**4, 10**5, 10**6)]
    assert (np.diff(scores) > 0.0).all()
    assert scores[-1] > 0.985


def test_a_stray_particle_paints_no_more_than_its_square():
    column, row, mass = cloud(5000)
    far = thickness(np.append(column, 10.5), np.append(row, 10.5), np.append(mass, mass[0]))
    changed = np.argwhere(np.abs(far - thickness(column, row, mass)) > 1e-15)
    assert changed.min(axis=0).tolist() == [2, 2]
    assert changed.max(axis=0).tolist() == [18, 18]


def test_particles_outside_are_left_out():
    column, row, mass = cloud(5000)
    beyond = np.array([-5.0, 500.0, 80.0, np.nan]), np.array([60.0, 60.0, -0.5, 3.0])
    with_beyond = thickness(
        np.append(column, beyond[0]), np.append(row, beyond[1]), np.append(mass, np.full(4, 1e9))
    )
    np.testing.assert_array_equal(with_beyond, thickness(column, row, mass))


def test_a_wider_grid_shows_the_same_oil():
    column, row, mass = cloud(3000)
    wide = thickness(column + 100.0, row + 200.0, mass, shape=(400, 500))
    np.testing.assert_allclose(wide[200:320, 100:260], thickness(column, row, mass), atol=1e-18)


@pytest.mark.parametrize("places", [([], []), ([-1.0], [5.0]), ([np.nan], [np.nan])])
def test_no_oil_is_no_slick(places):
    column, row = np.array(places)
    field = thickness(column, row, np.ones(column.size))
    np.testing.assert_array_equal(field, np.zeros(SHAPE))
    assert not slick_mask(field, 0.0).any()


def test_a_cell_is_slick_where_its_oil_is_thicker_than_the_limit():
    mask = slick_mask(np.array([[0.0, 1e-6, 2e-6]]), 1e-6)
    np.testing.assert_array_equal(mask, [[False, False, True]])
