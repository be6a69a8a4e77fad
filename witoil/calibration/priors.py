"""What is known of the parameters of a search before any slick is compared, and how it counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import optimizer
from witoil.case.tunables import TUNABLES
from witoil.errors import CaseError
from witoil.scenario.scenario import Scenario

TEMPERATURE = 0.03
"""Difference of scores of one slick that makes one set of parameters e times as likely as another.

Two sensors that see a slick at nearly the same time agree to a score of 0.9 or less, and a score
differs by some hundredths with the day's errors of wind and current: less than this is no evidence.
"""

EVIDENCE = 0.1
"""Difference of scores of one slick that makes a forecast e times as likely to be the better one.

More than `TEMPERATURE`, which is about one slick: what fits the errors of wind and
current from one slick to the next need not fit those of the time after (docs/calibration.md has the
twin experiments that it was chosen by).
"""


def evidence(weight: float) -> optimizer.Evidence:
    """Return how much a score counts against the priors.

    Parameters
    ----------
    weight : float
        Sum of the weights of the observations that it is the mean of.
    """
    return optimizer.Evidence(weight, TEMPERATURE)


def prior_of(scenario: Scenario, name: str) -> dict[str, float]:
    """Return the prior of a parameter, as `optimizer.Parameter` takes it.

    The mean is what the case says of it, where it says something, else that of
    `witoil.case.tunables`.

    Raises
    ------
    CaseError
        Where the case says 0 of a parameter that is searched on a log scale.
    """
    tunable = TUNABLES[name]
    prior, log = tunable.prior, tunable.scale == "log"
    said = prior.mean is None or name in scenario.case.model.model_fields_set
    mean = scenario.default_of(name) if said or prior.mean is None else prior.mean
    if log and mean <= 0.0:
        raise CaseError(
            f"model.{name}: found {mean:g}, expected more than 0, since it is searched by ratios "
            "from there on (optimise.parameters)"
        )
    return {"prior_mean": mean, "prior_sd": math.log(prior.sd) if log else prior.sd}


def prior_rows(space: optimizer.Space) -> list[dict[str, Any]]:
    """Return the priors of a search as the study has them, with the reasons for them."""
    return [_row(parameter) for parameter in space.parameters]


def _row(parameter: optimizer.Parameter) -> dict[str, Any]:
    mean, sd = parameter.prior_mean, parameter.prior_sd
    assert mean is not None
    assert sd is not None
    return {
        "name": parameter.name,
        "mean": mean,
        "sd": math.exp(sd) if parameter.scale == "log" else sd,
        "scale": parameter.scale,
        "reason": TUNABLES[parameter.name].prior.reason,
    }


def total_weight(legs: Sequence[Scenario]) -> float:
    """Return the sum of the weights of all observations of some legs."""
    return sum(seen.weight for leg in legs for seen in leg.observations)
