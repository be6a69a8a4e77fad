import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer import FixedShare

NAMES = ("a", "b", "c", "d")

unit = st.floats(0.0, 1.0)
priors = st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(0.01, 10.0)))
rounds = st.fixed_dictionaries(dict.fromkeys(NAMES, unit))
rates, shares = st.floats(0.1, 50.0), st.floats(0.0, 0.9)


def loss_of(rule, losses):
    """What the trust loses in all, were a predictor drawn by it in each round."""
    return sum(
        sum(trust * losses[k][name] for name, trust in rule.trust(losses[:k]).items())
        for k in range(len(losses))
    )


def stretches_of(sequence):
    return [name for k, name in enumerate(sequence) if k == 0 or sequence[k - 1] != name]


@given(
    priors,
    rates,
    st.floats(0.01, 0.9),
    st.lists(st.tuples(rounds, st.sampled_from(NAMES)), min_size=1, max_size=12),
)
def test_it_never_loses_more_to_any_sequence_than_its_bound(prior, rate, share, told):
    rule = FixedShare(prior, rate, share)
    losses = [of_round for of_round, _ in told]
    sequence = [name for _, name in told]
    best = sum(of_round[name] for of_round, name in told)
    assert loss_of(rule, losses) - best <= rule.regret(stretches_of(sequence), len(told)) + 1e-9


def test_the_bound_is_nearly_reached():
    # one predictor is always right, the others always wrong
    rule = FixedShare(dict.fromkeys(NAMES, 1.0), rate=1.0, share=0.0)
    losses = [{"a": 0.0, "b": 1.0, "c": 1.0, "d": 1.0}] * 4
    assert 0.85 * rule.regret(["a"], 4) < loss_of(rule, losses) < rule.regret(["a"], 4)


def test_where_nothing_is_shared_no_bound_holds_for_what_changes():
    rule = FixedShare(dict.fromkeys(NAMES, 1.0), rate=1.0, share=0.0)
    assert rule.regret(["a", "b"], 40) == math.inf


@given(priors, rates, shares, st.lists(rounds, max_size=8))
def test_trust_is_a_distribution(prior, rate, share, losses):
    trust = FixedShare(prior, rate, share).trust(losses)
    assert math.isclose(sum(trust.values()), 1.0)
    assert all(value >= 0.0 for value in trust.values())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("share", [0.0, 5e-324, 1e-300, 0.5])
def test_trust_that_is_next_to_nothing_is_a_number(share):
    trust = FixedShare({"a": 1e300, "b": 1e-300}, 1.0, share).trust([{"a": 0.0, "b": 1.0}] * 2)
    assert trust["a"] == pytest.approx(1.0)
    assert trust["b"] == 0.0


@given(priors, rates, shares, st.lists(unit, max_size=8))
def test_what_all_lose_alike_tells_nothing(prior, rate, share, losses):
    trust = FixedShare(prior, rate, share).trust([dict.fromkeys(NAMES, loss) for loss in losses])
    whole = sum(prior.values())
    assert trust == pytest.approx({name: value / whole for name, value in prior.items()})


@given(priors, rates, shares, st.lists(rounds, min_size=1, max_size=6), unit)
def test_a_predictor_that_sleeps_keeps_its_trust(prior, rate, share, losses, of_sleeper):
    rule = FixedShare(prior, rate, 0.0)
    before = rule.trust(losses)
    asleep = {name: loss for name, loss in losses[0].items() if name != "b"}
    assert rule.trust([*losses, asleep])["b"] == pytest.approx(before["b"])
    # and the more it sleeps, with others dealt anew, the nearer it comes to its first trust
    whole = sum(prior.values())
    first = prior["b"] / whole
    after = FixedShare(prior, rate, share).trust([*losses, asleep])["b"]
    earlier = FixedShare(prior, rate, share).trust(losses)["b"]
    assert abs(after - first) <= abs(earlier - first) + 1e-12


def test_a_fallen_predictor_comes_back():
    bad, good = {"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}
    history = [bad] * 20
    shared, summed = (FixedShare({"a": 1.0, "b": 1.0}, 5.0, share) for share in (0.1, 0.0))
    assert shared.trust([*history, good, good])["a"] > 0.5
    assert summed.trust([*history, good, good])["a"] < 0.01


def test_a_round_that_does_not_count_changes_nothing_but_what_is_shared():
    rule = FixedShare({"a": 1.0, "b": 3.0}, 5.0, 0.0)
    assert rule.trust([{"a": 0.0, "b": 1.0}], [0.0]) == pytest.approx({"a": 0.25, "b": 0.75})
    half = rule.trust([{"a": 0.0, "b": 1.0}], [0.5])
    assert half == pytest.approx(rule.trust([{"a": 0.0, "b": 0.5}]))
    assert half["a"] / half["b"] == pytest.approx(np.exp(2.5) / 3.0)


def test_a_great_rate_does_not_make_nothing_of_it():
    rule = FixedShare({"a": 1.0, "b": 1.0}, 1e6, 0.1)
    trust = rule.trust([{"a": 0.0, "b": 1.0}] * 3)
    assert trust["b"] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("prior", "rate", "share", "message"),
    [
        ({}, 1.0, 0.1, "trust must be positive"),
        ({"a": 0.0}, 1.0, 0.1, "trust must be positive"),
        ({"a": math.nan}, 1.0, 0.1, "trust must be positive"),
        ({"a": 1.0}, 0.0, 0.1, "rate must be positive"),
        ({"a": 1.0}, math.inf, 0.1, "rate must be positive"),
        ({"a": 1.0}, 1.0, 1.0, "share must be in"),
        ({"a": 1.0}, 1.0, -0.1, "share must be in"),
    ],
)
def test_what_cannot_be_is_refused(prior, rate, share, message):
    with pytest.raises(ValueError, match=message):
        FixedShare(prior, rate, share)


@pytest.mark.parametrize("losses", [{"a": 1.5}, {"a": -0.1}, {"a": math.nan}, {"b": 0.5}])
def test_losses_that_cannot_be_are_refused(losses):
    with pytest.raises(ValueError, match="losses must be in"):
        FixedShare({"a": 1.0}, 1.0, 0.1).trust([losses])


def test_more_stretches_than_rounds_are_refused():
    rule = FixedShare({"a": 1.0, "b": 1.0}, 1.0, 0.1)
    for stretches in ([], ["a", "b", "a"]):
        with pytest.raises(ValueError, match="expected 1 to 2 stretches"):
            rule.regret(stretches, 2)
