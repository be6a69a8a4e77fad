import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from witoil.forecast.reliability import Curve, brier, crps, learnt_curve, reliability

probabilities = arrays(np.float32, (6, 7), elements=st.floats(0.0, 1.0, width=32))
masks = arrays(np.bool_, (6, 7))
forecasts = st.lists(st.tuples(probabilities, masks, masks), min_size=1, max_size=3)


def drawn(seed, size, true_of=lambda p: p):
    """A forecast of a slick whose cells hold oil with `true_of` their probability."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.7, 0.7, (size, size)).astype(np.float32)
    return p, rng.random(p.shape) < true_of(p), np.ones(p.shape, bool)


def test_reliability_counts_what_came_true():
    probability = np.array([0.0, 0.0, 0.3, 0.3, 1.0, 1.0], np.float32)
    seen = np.array([True, False, True, False, True, True])
    valid = np.array([True, True, True, True, True, False])
    found = reliability([(probability, seen, valid)])
    assert found.cells.sum() == 3
    assert found.observed[found.cells == 2] == pytest.approx(0.5)
    assert (found.missed, found.seen) == (1, 3)
    assert found.expected_error == pytest.approx(2 / 3 * 0.2)


def test_the_expected_error_of_nothing_is_unknown():
    none = np.zeros(3, np.float32)
    assert np.isnan(reliability([(none, none > 0, none == 0)]).expected_error)


def test_sixty_percent_that_come_in_thirty_five_are_off_by_a_quarter():
    p = np.full(2000, 0.6, np.float32)
    oil = np.arange(2000) < 700
    assert reliability([(p, oil, np.ones(2000, bool))]).expected_error == pytest.approx(0.25)


@pytest.mark.slow
@given(forecasts)
def test_the_parts_of_the_brier_score_add_up(told):
    parts = brier(told)
    if parts is None:
        assert not any((((p > 0.0) | oil) & valid).any() for p, oil, valid in told)
        return
    p, oil = (
        np.concatenate([each[k][each[2] & ((each[0] > 0.0) | each[1])] for each in told])
        for k in (0, 1)
    )
    assert parts.score == pytest.approx(np.mean((p.astype(float) - oil) ** 2))
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert whole == pytest.approx(parts.score)
    assert 0.0 <= parts.resolution <= parts.uncertainty + 1e-9
    assert parts.reliability >= 0.0


def test_within_is_nothing_where_bins_hold_one_probability():
    p, oil, valid = drawn(1, 30)
    p = (np.round(10.0 * p) / 10.0).astype(np.float32)
    assert brier([(p, oil, valid)]).within == pytest.approx(0.0, abs=1e-9)


def test_spread_is_skill_where_probabilities_are_right_and_less_where_too_sure():
    assert brier([drawn(2, 200)]).spread_skill == pytest.approx(1.0, abs=0.02)
    too_sure = drawn(2, 200, lambda p: 0.5 + 0.3 * (p - 0.5))
    assert brier([too_sure]).spread_skill < 0.85


def test_crps_of_a_sure_forecast_is_its_error_and_of_a_normal_one_as_known():
    assert crps(np.array([3.0]), np.array([1.0]), 5.0) == pytest.approx(2.0)
    n = 4000
    from scipy.stats import norm

    sample = norm.ppf((np.arange(n) + 0.5) / n)
    # of the standard normal at y: y (2 F(y) - 1) + 2 f(y) - 1 / sqrt(pi)
    for y in (0.0, 1.3):
        known = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
        assert crps(sample, np.full(n, 1 / n), y) == pytest.approx(known, abs=1e-3)


@given(
    arrays(float, 6, elements=st.floats(0, 50)),
    arrays(float, 6, elements=st.floats(0.01, 1.0)),
    st.floats(0, 50),
)
def test_crps_is_the_mean_distance_less_half_of_that_among_members(x, w, y):
    w = w / w.sum()
    apart = np.abs(x[:, None] - x[None, :])
    expected = w @ np.abs(x - y) - 0.5 * w @ apart @ w
    assert crps(x, w, y) == pytest.approx(expected, abs=1e-9)
    assert crps(x, w, y) >= -1e-9


def test_without_a_record_nothing_is_corrected():
    p, *_ = drawn(3, 10)
    assert learnt_curve([], []) == Curve()
    assert Curve()(p) is p


def test_probabilities_that_came_true_stay():
    p, oil, valid = drawn(4, 100)
    curve = learnt_curve([(p, oil, valid)] * 3, [1.0] * 3)
    np.testing.assert_allclose(curve(p), p, atol=0.05)


@pytest.mark.slow
def test_too_sure_probabilities_are_flattened_the_more_the_more_is_known():
    def true_of(p):
        return 0.1 + 0.5 * p

    told = [drawn(seed, 60, true_of) for seed in range(12)]
    p, *_ = later = drawn(99, 60, true_of)
    off = [np.abs(learnt_curve(told[:n], [1.0] * n)(p) - true_of(p)).mean() for n in (0, 1, 3)]
    assert off[0] > off[1] > off[2]
    assert off[0] > 0.1
    assert off[2] < 0.05
    before = reliability([later]).expected_error
    after = reliability([(learnt_curve(told, [1.0] * 12)(p), *later[1:])]).expected_error
    assert after < 0.5 * before


@pytest.mark.slow
@given(forecasts, st.floats(0.0, 1.0))
def test_a_curve_rises_and_leaves_nothing_where_there_was_nothing(told, count):
    curve = learnt_curve(told, [count] * len(told))
    p = np.linspace(0.0, 1.0, 101, dtype=np.float32)
    corrected = curve(p)
    assert corrected[0] == 0.0
    assert (np.diff(corrected) >= -1e-6).all()
    assert (corrected >= 0.0).all()
    assert (corrected <= 1.0).all()


def test_one_slick_of_many_cells_tells_no_more_than_one_of_few():
    few = drawn(5, 12, lambda p: 0.3 * p)
    many = tuple(np.tile(part, (10, 10)) for part in few)
    one, other = (learnt_curve([each], [1.0]) for each in (few, many))
    assert (one.a, one.b, one.c) == pytest.approx((other.a, other.b, other.c), abs=1e-3)
    assert learnt_curve([many], [0.0]) == Curve()
