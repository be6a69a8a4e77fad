"""Spreading against its differential equations and against Fay's published areas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from simulator.kernels.spreading import (
    INITIAL_THICK_THICKNESS,
    INITIAL_THIN_SHARE,
    THIN_THICKNESS,
    spreading_variance,
    thick_area_after,
    total_area_after,
)

thick = thick_area_after.py_func
total = total_area_after.py_func
variance = spreading_variance.py_func

HOUR = 3600.0


def fay_area(volume, deficit, time):
    """Return the area of a slick while gravity and viscosity balance.

    Fay (1971), with the constant 1.45 for the radius.
    """
    return np.pi * 1.45**2 * (volume**2 * 9.81 * deficit / np.sqrt(1e-6)) ** (1 / 3) * time**0.5


def test_thick_area_solves_its_equation():
    volume, start = 100.0, 5e3
    solution = solve_ivp(
        lambda _, a: 150.0 * a ** (1 / 3) * (volume / a) ** (4 / 3), (0, HOUR), [start], rtol=1e-9
    )
    assert thick(start, volume, HOUR) == pytest.approx(solution.y[0, -1], rel=1e-6)


def test_total_area_solves_its_equation():
    thickness, start = 1e-3, 2.5e4
    rate = np.exp(-0.0015 / (thickness + 1e-5))
    solution = solve_ivp(lambda _, a: rate * a ** (1 / 3), (0, HOUR), [start], rtol=1e-9)
    assert total(start, thickness, HOUR) == pytest.approx(solution.y[0, -1], rel=1e-6)


@given(st.floats(10.0, 1e7), st.floats(1e-3, 1e5), st.floats(1.0, 1e5), st.floats(0.1, 0.9))
def test_two_steps_are_one(area, volume, dt, part):
    halfway = thick(area, volume, part * dt)
    assert thick(halfway, volume, (1 - part) * dt) == pytest.approx(thick(area, volume, dt))
    halfway = total(area, 1e-3, part * dt)
    assert total(halfway, 1e-3, (1 - part) * dt) == pytest.approx(total(area, 1e-3, dt))


@given(st.floats(1.0, 1e7), st.floats(1e-3, 1e5), st.floats(0.0, 1e5))
def test_slicks_never_shrink(area, volume, dt):
    assert thick(area, volume, dt) >= area * (1.0 - 1e-15)
    assert total(area, volume / area, dt) >= area * (1.0 - 1e-14)


def test_thick_area_grows_as_that_of_fay():
    ours = [thick(0.0, 100.0, t) for t in (HOUR, 4.0 * HOUR)]
    fays = [fay_area(100.0, 0.15, t) for t in (HOUR, 4.0 * HOUR)]
    assert ours[1] / ours[0] == pytest.approx(fays[1] / fays[0], rel=1e-9)
    more = thick(0.0, 800.0, HOUR) / ours[0]
    assert more == pytest.approx(fay_area(800.0, 0.15, HOUR) / fays[0], rel=1e-9)


@pytest.mark.parametrize("volume", [1.0, 100.0, 1e4])
def test_the_thick_part_takes_a_sixth_to_a_half_of_the_area_of_fay(volume):
    share = thick(0.0, volume, 6.0 * HOUR) / fay_area(volume, 0.15, 6.0 * HOUR)
    assert 1 / 6 < share < 1 / 2


def test_with_its_sheen_a_slick_is_two_to_five_times_as_large_as_that_of_fay():
    per_thick_area = INITIAL_THICK_THICKNESS + INITIAL_THIN_SHARE * THIN_THICKNESS
    thick_area = 100.0 / per_thick_area
    area = (1.0 + INITIAL_THIN_SHARE) * thick_area
    volume, dt = thick_area * INITIAL_THICK_THICKNESS, 300.0
    for _ in range(72):
        grown = total(area, volume / thick_area, dt)
        fed = THIN_THICKNESS * (grown - area)
        thick_area = thick(thick_area, volume, dt)
        thick_area -= fed * thick_area / volume
        volume -= fed
        area = grown
    assert 2 < area / fay_area(100.0, 0.15, 6.0 * HOUR) < 5


def test_no_oil_does_not_spread():
    assert thick(1e4, 0.0, HOUR) == 1e4


def test_oil_hardly_feeds_the_sheen_once_it_is_thin():
    thin = total(1e6, 1e-4, HOUR) - 1e6
    assert 0.0 < thin < 1e-5 * (total(1e6, 1e-2, HOUR) - 1e6)


def test_variance_is_that_of_a_disc_of_the_area():
    rng = np.random.default_rng(7)
    x = rng.uniform(-1.0, 1.0, (200_000, 2))
    disc = 30.0 * x[np.hypot(*x.T) < 1.0]
    assert variance(np.pi * 30.0**2) == pytest.approx(disc.var(axis=0).mean(), rel=0.01)


def test_random_displacements_widen_a_slick_by_the_growth_of_its_area():
    rng = np.random.default_rng(8)
    x = rng.uniform(-1.0, 1.0, (200_000, 2))
    disc = 30.0 * x[np.hypot(*x.T) < 1.0]
    growth = np.pi * (50.0**2 - 30.0**2)
    moved = disc + np.sqrt(variance(growth)) * rng.standard_normal(disc.shape)
    assert moved.var(axis=0).mean() == pytest.approx(50.0**2 / 4.0, rel=0.01)


def test_compiled_and_plain_agree():
    assert thick_area_after(5e3, 100.0, HOUR) == pytest.approx(thick(5e3, 100.0, HOUR))
    assert total_area_after(5e3, 1e-3, HOUR) == pytest.approx(total(5e3, 1e-3, HOUR))
    assert spreading_variance(1e3) == pytest.approx(variance(1e3))
