"""Priors and what a score counts against them."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, truncnorm

from optimizer import Evidence, Parameter, Space

SPACE = Space(
    (
        Parameter("drift", 0.0, 0.05, 0.03, prior_mean=0.02, prior_sd=0.01),
        Parameter("angle", -60.0, 60.0, 0.0),
        Parameter(
            "diffusivity", 0.1, 50.0, 2.0, scale="log", prior_mean=2.0, prior_sd=math.log(3.0)
        ),
    )
)
FLAT = Space((Parameter("drift", 0.0, 0.05, 0.03), Parameter("angle", -60.0, 60.0, 0.0)))


def point(drift: float = 0.02, angle: float = 0.0, diffusivity: float = 2.0) -> dict[str, float]:
    return {"drift": drift, "angle": angle, "diffusivity": diffusivity}


def test_log_prior_counts_standard_deviations_in_the_unit_of_each() -> None:
    assert SPACE.log_prior(point()) == 0.0
    assert SPACE.log_prior(point(drift=0.04)) == pytest.approx(-2.0)
    assert SPACE.log_prior(point(angle=55.0)) == 0.0
    # a factor of three is one standard deviation on a log scale, up or down
    assert SPACE.log_prior(point(diffusivity=6.0)) == pytest.approx(-0.5)
    assert SPACE.log_prior(point(diffusivity=2.0 / 9.0)) == pytest.approx(-2.0)
    assert SPACE.log_prior(point(drift=0.03, diffusivity=6.0)) == pytest.approx(-1.0)


def test_no_prior_is_flat() -> None:
    assert FLAT.log_prior({"drift": 0.05, "angle": -60.0}) == 0.0
    assert not FLAT.has_prior
    assert SPACE.has_prior
    uniform = np.random.default_rng(0).uniform(size=(5, 2))
    assert np.array_equal(FLAT.prior_points(uniform), uniform)


def test_the_unit_cube_sees_the_same_prior() -> None:
    mean, sd = SPACE.unit_prior()
    for each in (point(), point(0.05, 30.0, 0.3), point(0.0, -60.0, 50.0)):
        z = (SPACE.to_unit([each])[0] - mean) / sd
        assert -0.5 * z @ z == pytest.approx(SPACE.log_prior(each))


def test_points_of_the_prior_are_normal_within_the_bounds() -> None:
    uniform = np.random.default_rng(1).uniform(size=(2000, 3))
    moved = SPACE.prior_points(uniform)
    assert np.array_equal(moved[:, 1], uniform[:, 1])
    assert ((moved >= 0.0) & (moved <= 1.0)).all()
    mean, sd = SPACE.unit_prior()
    for k in (0, 2):
        wanted = truncnorm(-mean[k] / sd[k], (1.0 - mean[k]) / sd[k], mean[k], sd[k])
        assert kstest(moved[:, k], wanted.cdf).pvalue > 0.01


@pytest.mark.parametrize("space", [SPACE, FLAT])
def test_standard_points_keep_within_bounds_and_come_back(space: Space) -> None:
    standard = np.random.default_rng(2).normal(size=(200, len(space.names)))
    points = space.from_standard(standard)
    space.to_unit(points)  # refuses what lies outside
    np.testing.assert_allclose(space.to_standard(points), standard, atol=1e-6)


def test_a_bound_is_far_out_but_not_endless() -> None:
    standard = SPACE.to_standard([point(drift=0.05, angle=-60.0), point(drift=0.0, angle=60.0)])
    assert np.isfinite(standard).all()
    assert (np.abs(standard[:, :2]) > 5.0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prior_mean": 0.5}, "drift: a prior needs a mean and an sd, got 0.5 and None"),
        ({"prior_sd": 0.5}, "drift: a prior needs a mean and an sd, got None and 0.5"),
        ({"prior_mean": 0.5, "prior_sd": 0.0}, "drift: a prior needs a finite mean and a pos"),
        ({"prior_mean": math.nan, "prior_sd": 1.0}, "drift: a prior needs a finite mean"),
        (
            {"prior_mean": 0.0, "prior_sd": 1.0, "scale": "log", "low": 0.1},
            "drift: a prior on a log scale needs a positive mean",
        ),
    ],
)
def test_a_parameter_refuses_what_is_no_prior(changes: dict[str, Any], message: str) -> None:
    fields = {"name": "drift", "low": 0.0, "high": 1.0, "default": 0.5} | changes
    with pytest.raises(ValueError, match=message) as error:
        Parameter(**fields)
    assert "\n" not in str(error.value)


def test_many_observations_outweigh_the_prior() -> None:
    # one standard deviation costs as much as a score of T / 2n
    assert Evidence(1.0, 0.04).penalised(0.5, -0.5) == pytest.approx(0.48)
    assert Evidence(4.0, 0.04).penalised(0.5, -0.5) == pytest.approx(0.495)


@pytest.mark.parametrize("field", ["observations", "temperature"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_evidence_must_be_positive(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} must be positive and finite"):
        Evidence(**({"observations": 1.0, "temperature": 0.03} | {field: value}))
