"""Federated averaging: the mean it is, and the model that pooled data would have made."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aquatic.averaging import average
from aquatic.errors import AquaticError

COUNTS = st.lists(st.integers(1, 10_000), min_size=2, max_size=5)


@given(counts=COUNTS, seed=st.integers(0, 99))
def test_each_site_counts_by_its_samples(counts, seed):
    random = np.random.default_rng(seed)
    models = [{"w": random.normal(size=(3, 2)), "b": random.normal(size=2)} for _ in counts]
    found = average(models, counts)
    for name in ("w", "b"):
        expected = sum(n * it[name] for n, it in zip(counts, models, strict=True)) / sum(counts)
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, atol=1e-12)


@given(counts=COUNTS)
def test_the_same_model_everywhere_stays_the_same_bits(counts):
    model = {"w": np.array([0.1, 1 / 3], np.float32), "k": np.array([3], np.int64)}
    found = average([model] * len(counts), counts)
    assert all(found[name].tobytes() == model[name].tobytes() for name in model)


@pytest.mark.slow
def test_rounds_of_one_step_are_training_on_pooled_data():
    """Sites of other sizes, about other means, with other noise: a linear model of 3 features."""
    random = np.random.default_rng(3)
    truth = np.array([0.5, -2.0, 1.0, 0.3])
    sites = []
    for count, centre in ((40, 0.0), (160, 1.0), (15, -2.0)):
        design = np.column_stack([random.normal(centre, 1.0, (count, 3)), np.ones(count)])
        sites.append((design, design @ truth + random.normal(0.0, 0.2, count)))
    pooled = tuple(np.concatenate(part) for part in zip(*sites, strict=True))
    counts = [len(target) for _, target in sites]

    def step(model, design, target, rate=0.05):
        error = design @ model["w"] - target
        return {"w": model["w"] - rate * design.T @ error / len(target)}

    federated = central = {"w": np.zeros(4)}
    for _ in range(4000):
        federated = average([step(federated, *site) for site in sites], counts)
        central = step(central, *pooled)
    np.testing.assert_allclose(federated["w"], central["w"], rtol=1e-10)
    solved = np.linalg.lstsq(*pooled, rcond=None)[0]
    np.testing.assert_allclose(federated["w"], solved, rtol=1e-8)


ONES = {"w": np.ones(2, np.float32)}


@pytest.mark.parametrize(
    ("models", "counts", "text"),
    [
        ([ONES], [3], "found 1 models"),
        ([ONES, ONES], [3], "2 models and 1 counts"),
        ([ONES, ONES], [3, 0], "found 0 samples"),
        ([ONES, ONES], [3, -2], "found -2 samples"),
        ([ONES, ONES], [3, 2.5], "found 2.5 samples"),
        ([ONES, {"v": np.ones(2, np.float32)}], [1, 1], "one model alone: v, w"),
        ([ONES, {"w": np.ones(3, np.float32)}], [1, 1], r"found \(3,\)"),
        ([ONES, {"w": np.ones(2, np.float64)}], [1, 1], "float64"),
        ([ONES, {"w": np.array([1, np.nan], np.float32)}], [1, 1], "not finite"),
        ([{"k": np.array([1])}, {"k": np.array([2])}], [1, 1], "cannot be averaged"),
    ],
)
def test_what_cannot_be_averaged_is_refused(models, counts, text):
    with pytest.raises(AquaticError, match=text):
        average(models, counts)
