"""The members of an ensemble: what is different in each of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

import simulator
from witoil.case import Case, Ensemble, Normal, Spread
from witoil.case.tunables import TUNABLES
from witoil.scenario.changes import refuse_unfit
from witoil.scenario.scenario import Scenario

ERROR_STEP = 3600.0
"""Spacing of the records of an error that changes in time. [s]"""

_TURBULENCE, _PARAMETERS, _WIND, _CURRENT = range(4)
"""Streams of random numbers: what one kind of perturbation draws does not change the others."""


@dataclass(frozen=True)
class Member:
    """One run of an ensemble.

    Attributes
    ----------
    number : int
        0 is the control run: the case as it stands.
    product : int
        Which forcing products it runs with; 0 is `[forcing]`, 1 the first `[[ensemble.forcing]]`.
    seed : int
        Of its turbulence.
    parameters : mapping
        Tunable parameters that differ from the case.
    wind_error, current_error : simulator.ErrorSeries or None
        Added to wind and current everywhere.
    """

    number: int
    product: int
    seed: int
    parameters: Mapping[str, float]
    wind_error: simulator.ErrorSeries | None = None
    current_error: simulator.ErrorSeries | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return all that is needed to repeat it, for JSON."""
        return {
            "number": self.number,
            "forcing": self.product,
            "seed": self.seed,
            "parameters": dict(self.parameters),
            "wind_error_m_s": _plain(self.wind_error),
            "current_error_m_s": _plain(self.current_error),
        }


def draw_members(scenario: Scenario, count: int) -> list[Member]:
    """Draw the members of the ensemble of a case.

    Parameters
    ----------
    scenario : Scenario
        Its case says what is uncertain; by default, `Ensemble()`.
    count : int
        Of members, the control run included.

    Returns
    -------
    list of Member
        Member k depends on the case and k only, not on `count`.

    Raises
    ------
    CaseError
        Where a parameter is to vary that the case does not have, as `source_share`.
    """
    ensemble = ensemble_of(scenario.case)
    refuse_unfit(scenario, ensemble.parameters, "ensemble.parameters")
    weights = [1.0, *(product.weight for product in ensemble.forcing)]
    products = _shared_out(weights, count)
    control = Member(0, 0, scenario.case.model.seed, {})
    return [control, *(_draw(scenario, ensemble, k, products[k]) for k in range(1, count))]


def ensemble_of(case: Case) -> Ensemble:
    """Return the `[ensemble]` of a case, or the defaults."""
    return case.ensemble or Ensemble()


def _draw(scenario: Scenario, ensemble: Ensemble, number: int, product: int) -> Member:
    def stream(which: int) -> np.random.Generator:
        return np.random.default_rng([ensemble.seed, number, which])

    # one for each tunable, so that another parameter in the case does not change the draws
    quantiles = dict(zip(TUNABLES, stream(_PARAMETERS).random(len(TUNABLES)), strict=True))
    seconds = (scenario.case.time.end - scenario.case.time.start).total_seconds()
    return Member(
        number=number,
        product=product,
        seed=int(stream(_TURBULENCE).integers(2**63 - 1)),
        parameters={
            name: _quantile(name, spread, quantiles[name], scenario.default_of(name))
            for name, spread in ensemble.parameters.items()
        },
        wind_error=_error(
            stream(_WIND), ensemble.wind_error_m_s, ensemble.wind_error_hours, seconds
        ),
        current_error=_error(
            stream(_CURRENT), ensemble.current_error_m_s, ensemble.current_error_hours, seconds
        ),
    )


def _quantile(name: str, spread: Spread, share: float, default: float) -> float:
    """Return the value of a parameter below which a share of its distribution lies."""
    if not isinstance(spread, Normal):
        low, high = spread
        if TUNABLES[name].scale == "log":
            return float(low * (high / low) ** share)
        return float(low + (high - low) * share)
    mean = default if spread.mean is None else spread.mean
    lowest, highest = ndtr((np.array(TUNABLES[name].limits) - mean) / spread.sd)
    value = mean + spread.sd * ndtri(lowest + share * (highest - lowest))
    return float(np.clip(value, *TUNABLES[name].limits))


def _error(
    random: np.random.Generator, sd: float, hours: float | None, seconds: float
) -> simulator.ErrorSeries | None:
    """Draw an error: one vector for all times, or an autoregressive series of first order."""
    if sd == 0.0:
        return None
    if hours is None:
        return simulator.ErrorSeries(np.zeros(1), sd * random.standard_normal((1, 2)))
    times = ERROR_STEP * np.arange(math.ceil(seconds / ERROR_STEP) + 1.0)
    kept = math.exp(-ERROR_STEP / (3600.0 * hours))
    values = random.standard_normal((times.size, 2))
    for k in range(1, times.size):
        values[k] = kept * values[k - 1] + math.sqrt(1.0 - kept**2) * values[k]
    return simulator.ErrorSeries(times, sd * values)


def _shared_out(weights: Sequence[float], count: int) -> list[int]:
    """Share members over products: each goes to the one that is furthest below its share."""
    shares = np.array(weights) / sum(weights)
    given = np.zeros(shares.size)
    products = []
    for k in range(count):
        # the control run is always that of the case
        chosen = int(np.argmax((k + 1) * shares - given)) if k else 0
        given[chosen] += 1.0
        products.append(chosen)
    return products


def _plain(error: simulator.ErrorSeries | None) -> Any:
    """Return one vector for a constant error, one for each hour for another."""
    if error is None:
        return None
    vectors = error.values.round(6).tolist()
    return vectors[0] if len(vectors) == 1 else vectors
