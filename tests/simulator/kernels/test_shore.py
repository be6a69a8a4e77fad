"""Oil on the shore: half-lives, what a stretch can hold, and no gram made or lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.kernels.chunk import SHORE
from simulator.kernels.random import step_key
from simulator.kernels.shore import share_lost, share_seeping, visit_shore
from simulator.kernels.state import AFLOAT, BEACHED, LEFT_DOMAIN, UNRELEASED
from tests.simulator.strategies import NO_DEADLINE, SEEDS

HOUR = 3600.0
NEVER = np.inf
DENSITY = 900.0


class Beach:
    """Particles of 1 kg in two components on one stretch of the shore, unless told otherwise."""

    def __init__(self, count=1, stretches=1, seepage=NEVER, wash_off=NEVER, capacity=1e9):
        self.status = np.full(count, BEACHED, np.int8)
        self.stretch = np.zeros(count, np.int32)
        self.mass = np.tile([[0.25], [0.75]], count)
        self.absorbed_mass = np.zeros(count)
        self.absorbed_by_stretch = np.zeros(stretches)
        self.laws = [np.broadcast_to(v, stretches) * 1.0 for v in (seepage, wash_off, capacity)]

    def visit(self, dt=HOUR, step=0, seed=1):
        key = np.uint64(step_key(seed, step, SHORE))
        beached = self.status, self.stretch, self.mass, self.absorbed_mass
        return visit_shore(dt, key, *beached, DENSITY, self.absorbed_by_stretch, *self.laws)

    @property
    def held(self):
        lying = (self.status == BEACHED) & (self.stretch >= 0)
        loose = np.bincount(
            self.stretch[lying], self.mass[:, lying].sum(axis=0), self.absorbed_by_stretch.size
        )
        return self.absorbed_by_stretch + loose


@pytest.mark.parametrize(
    ("dt", "half_life", "expected"),
    [
        (HOUR, HOUR, 0.5),
        (2.0 * HOUR, HOUR, 0.75),
        (HOUR, 0.0, 1.0),
        (HOUR, NEVER, 0.0),
        (0.0, HOUR, 0.0),
        (0.0, 0.0, 1.0),
        (0.0, NEVER, 0.0),
    ],
)
def test_share_lost(dt, half_life, expected):
    assert share_lost(dt, half_life) == expected


def test_a_shore_absorbs_less_the_more_it_holds():
    assert share_seeping(0.5, 0.0, 100.0) == 0.5
    assert share_seeping(0.5, 50.0, 100.0) == pytest.approx(0.5 * np.exp(-0.5))
    assert share_seeping(0.5, 100.0, 100.0) == 0.0
    assert share_seeping(0.5, 0.0, 0.0) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("dt", [0.25 * HOUR, HOUR, 5.0 * HOUR])
def test_loose_oil_seeps_in_by_its_half_life(dt):
    beach = Beach(100, seepage=24.0 * HOUR)
    for step in range(round(20.0 * HOUR / dt)):
        assert beach.visit(dt, step) == 0
    left = 0.5 ** (20.0 / 24.0)
    np.testing.assert_allclose(beach.mass, np.tile([[0.25 * left], [0.75 * left]], 100), rtol=1e-6)
    np.testing.assert_allclose(beach.absorbed_mass, 1.0 - left, rtol=1e-6)


@pytest.mark.parametrize("half_life", [HOUR, 18.0 * HOUR])
def test_particles_are_washed_off_by_their_half_life(half_life):
    count = 20_000
    beach = Beach(count, wash_off=half_life)
    for step in range(30):
        beach.visit(0.5 * HOUR, step)
        share = 0.5 ** (0.5 * HOUR * (step + 1) / half_life)
        error = np.sqrt(share * (1.0 - share) / count)
        assert abs((beach.status == BEACHED).mean() - share) < 4.5 * error
    assert (beach.absorbed_mass == 0.0).all()


def test_both_at_once_leave_the_loose_mass_that_both_half_lives_give():
    count = 20_000
    beach = Beach(count, seepage=24.0 * HOUR, wash_off=12.0 * HOUR)
    for step in range(12):
        beach.visit(HOUR, step)
    loose = beach.mass[:, beach.status == BEACHED].sum() / count
    expected = 0.5 ** (12.0 / 24.0 + 12.0 / 12.0)
    assert loose == pytest.approx(expected, abs=4.5 * 0.5**0.5 * 0.5 / np.sqrt(count))


def test_a_seawall_absorbs_nothing_and_keeps_nothing():
    beach = Beach(1000, wash_off=0.0)
    assert beach.visit() == 1000
    assert (beach.status == AFLOAT).all()
    assert (beach.absorbed_mass == 0.0).all()
    np.testing.assert_array_equal(beach.mass, np.tile([[0.25], [0.75]], 1000))


def test_what_has_seeped_in_altogether_does_not_come_off():
    beach = Beach(100, seepage=0.0, wash_off=0.0, capacity=1e30)
    assert beach.visit() == 0
    assert (beach.absorbed_mass == 1.0).all()
    assert (beach.status == BEACHED).all()


def test_oil_afloat_and_oil_on_no_stretch_are_left_alone():
    beach = Beach(4, seepage=HOUR, wash_off=0.0)
    beach.status[:] = [UNRELEASED, AFLOAT, LEFT_DOMAIN, BEACHED]
    beach.stretch[3] = -1
    assert beach.visit() == 0
    np.testing.assert_array_equal(beach.status, [UNRELEASED, AFLOAT, LEFT_DOMAIN, BEACHED])
    assert (beach.mass.sum(axis=0) == 1.0).all()
    assert beach.absorbed_by_stretch[0] == 0.0


def test_what_is_beyond_the_capacity_comes_off_last_in_order():
    beach = Beach(10, capacity=6.5 / DENSITY)
    assert beach.visit() == 4
    np.testing.assert_array_equal(beach.status, [BEACHED] * 6 + [AFLOAT] * 4)
    assert beach.visit(step=1) == 0


def test_a_full_shore_absorbs_no_more_than_it_can_hold():
    beach = Beach(10, seepage=0.0, capacity=3.0 / DENSITY)
    for step in range(20):
        beach.status[:] = BEACHED
        beach.visit(step=step)
    assert beach.absorbed_by_stretch[0] == pytest.approx(3.0)
    assert (beach.status == AFLOAT).sum() >= 7


def test_a_spent_particle_changes_nothing():
    beach = Beach(2, seepage=HOUR)
    beach.mass[:, 0] = 0.0
    beach.visit()
    assert beach.absorbed_mass.tolist() == [0.0, 0.5]


def test_the_same_visit_has_the_same_outcome_and_another_one_has_not():
    def washed_off(seed, step):
        beach = Beach(1000, wash_off=HOUR)
        beach.visit(step=step, seed=seed)
        return beach.status == AFLOAT

    np.testing.assert_array_equal(washed_off(1, 5), washed_off(1, 5))
    for other in (washed_off(1, 6), washed_off(2, 5)):
        agreeing = (washed_off(1, 5) == other).mean()
        assert 0.4 < agreeing < 0.6


HALF_LIVES = st.sampled_from([0.0, 60.0, HOUR, 24.0 * HOUR, NEVER])


@NO_DEADLINE
@given(SEEDS, HALF_LIVES, HALF_LIVES, st.floats(0.0, 1e5), st.sampled_from([0.0, 1e-4, 1.0, 1e9]))
def test_no_oil_is_made_or_lost_and_no_stretch_holds_more_than_it_can(
    seed, seepage, wash_off, dt, capacity
):
    rng = np.random.default_rng(seed)
    beach = Beach(200, stretches=7, seepage=seepage, wash_off=wash_off, capacity=capacity)
    beach.stretch[:] = rng.integers(-1, 7, 200)
    beach.status[:] = rng.integers(0, 4, 200)
    beach.mass = rng.uniform(0.0, 1.0, (4, 200)) * rng.choice([0.0, 1e-6, 1.0, 1e6], 200)
    before = beach.mass.sum(axis=0)
    mix = beach.mass / np.maximum(before, 1e-300)
    places = np.maximum(beach.stretch, 0)
    for step in range(4):
        beach.visit(dt, step, seed)
        after = beach.mass.sum(axis=0)
        np.testing.assert_allclose(after + beach.absorbed_mass, before, rtol=1e-12)
        np.testing.assert_allclose(
            beach.absorbed_by_stretch, np.bincount(places, beach.absorbed_mass, 7), rtol=1e-12
        )
        assert (beach.mass >= 0.0).all()
        np.testing.assert_allclose(beach.mass, mix * after, 1e-9, 1e-9)
        assert (beach.held <= capacity * DENSITY * (1.0 + 1e-12)).all()
