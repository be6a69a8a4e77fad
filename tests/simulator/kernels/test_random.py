"""The random numbers: as good as they must be, and the same for whoever asks."""

import numba
import numpy as np
import pytest
from scipy import stats

from simulator.kernels.random import normal_quantile, step_key, symmetric_pair

COUNT = 200_000


@numba.njit
def pairs(seed, moment, first, count, stream=0):
    key = step_key(seed, moment, stream)
    drawn = np.empty((count, 2))
    for p in range(count):
        drawn[p, 0], drawn[p, 1] = symmetric_pair(key, first + p)
    return drawn


@numba.njit
def history(seed, particle, count, spacing=1):
    drawn = np.empty((count, 2))
    for step in range(count):
        key = step_key(seed, step * spacing, 0)
        drawn[step, 0], drawn[step, 1] = symmetric_pair(key, particle)
    return drawn


def uncorrelated(a, b):
    return abs(np.corrcoef(a, b)[0, 1]) < 4.5 / np.sqrt(a.size)


@pytest.mark.slow
def test_a_number_depends_on_seed_moment_stream_and_particle_only():
    whole = pairs(7, 3, 0, 1000)
    np.testing.assert_array_equal(pairs(7, 3, 600, 100), whole[600:700])
    np.testing.assert_array_equal(history(7, 650, 4)[3], whole[650])
    np.testing.assert_array_equal(history(7, 650, 2, spacing=3)[1], whole[650])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2, 2021, 2**31, 2**62])
def test_numbers_are_uniform_on_minus_one_to_one(seed):
    drawn = pairs(seed, 0, 0, COUNT)
    assert drawn.min() >= -1.0
    assert drawn.max() < 1.0
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=4.5 * np.sqrt(1 / 3 / COUNT))
    np.testing.assert_allclose(drawn.var(axis=0), 1 / 3, atol=4.5 * np.sqrt(4 / 45 / COUNT))
    for component in drawn.T:
        assert stats.kstest(component, stats.uniform(-1.0, 2.0).cdf).pvalue > 1e-4


@pytest.mark.slow
def test_pairs_fill_the_square_evenly():
    counts, _, _ = np.histogram2d(*pairs(5, 11, 0, COUNT).T, bins=32, range=[[-1, 1], [-1, 1]])
    assert stats.chisquare(counts.ravel()).pvalue > 1e-4


@pytest.mark.slow
def test_the_numbers_of_one_particle_are_uniform_too():
    for component in history(5, 11, COUNT).T:
        assert stats.kstest(component, stats.uniform(-1.0, 2.0).cdf).pvalue > 1e-4


@pytest.mark.parametrize("lag", [1, 2, 3, 64, 2048])
def test_particles_are_independent_of_one_another(lag):
    drawn = pairs(1, 5, 0, COUNT)
    for a in drawn.T:
        for b in drawn.T:
            assert uncorrelated(a[:-lag], b[lag:])


@pytest.mark.parametrize("spacing", [1, 900_000])  # milliseconds: a step of a quarter of an hour
@pytest.mark.parametrize("lag", [1, 2, 3, 96])
def test_steps_are_independent_of_one_another(lag, spacing):
    drawn = history(1, 5, COUNT, spacing)
    for a in drawn.T:
        for b in drawn.T:
            assert uncorrelated(a[:-lag], b[lag:])


@pytest.mark.parametrize(("seed", "step"), [(1, 4), (2, 3), (3, 2), (2, 4)])
def test_fields_of_neighbouring_seeds_and_steps_are_independent(seed, step):
    for a in pairs(1, 3, 0, COUNT).T:
        for b in pairs(seed, step, 0, COUNT).T:
            assert uncorrelated(a, b)


@pytest.mark.parametrize(("moment", "stream"), [(3, 1), (3, 2), (4, 1)])
def test_streams_are_independent_of_one_another(moment, stream):
    for a in pairs(1, 3, 0, COUNT).T:
        for b in pairs(1, moment, 0, COUNT, stream).T:
            assert uncorrelated(a, b)


def test_components_are_independent_of_each_other():
    a, b = pairs(1, 3, 0, COUNT).T
    assert uncorrelated(a, b)
    assert uncorrelated(a**2, b**2)


@pytest.mark.slow
def test_no_pair_comes_twice():
    drawn = np.concatenate([pairs(s, t, 0, 100_000) for s in (0, 1, 2) for t in (0, 1, 2)])
    drawn = np.concatenate([drawn, *(pairs(1, 1, 0, 100_000, stream) for stream in (1, 2))])
    assert np.unique(drawn, axis=0).shape == drawn.shape


@pytest.mark.slow
def test_the_quantile_is_that_of_the_normal_distribution():
    share = np.concatenate([10.0 ** np.arange(-12.0, -1.0), np.linspace(0.05, 0.95, 91)])
    share = np.concatenate([share, 1.0 - 10.0 ** np.arange(-9.0, -1.0)])
    found = [normal_quantile(s) for s in share]
    np.testing.assert_allclose(found, stats.norm.ppf(share), rtol=1e-6, atol=1e-6)
