"""What is known of the parameters of a search before any slick is compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

import optimizer
from witoil.simulation import Scenario
from witoil.tunables import TUNABLES

FloatArray = NDArray[np.float64]

TOLERANCE = 0.03
"""Difference of scores of one slick that makes one set of parameters e times as likely as another.

Two sensors that see a slick at nearly the same time agree to a score of 0.9 or less, and a score
differs by some hundredths with the day's errors of wind and current: less than this is no evidence.
"""

EVIDENCE = 0.1
"""Difference of scores of one slick that makes a forecast e times as likely to be the better one.

More than `TOLERANCE`, which is about one slick: what fits the errors of wind and
current from one slick to the next need not fit those of the time after (docs/calibration.md has the
twin experiments that it was chosen by).
"""

_EDGE = 1e-9  # keeps the ends of a range finite


@dataclass(frozen=True)
class Priors:
    """Normal distributions of the parameters of a search, cut off at their bounds.

    Attributes
    ----------
    space : optimizer.Space
    mean, sd : ndarray, shape (parameters,)
        In units of the parameter, or of its logarithm where its scale is one.
    """

    space: optimizer.Space
    mean: FloatArray
    sd: FloatArray

    @classmethod
    def of(cls, scenario: Scenario, space: optimizer.Space) -> Priors:
        """Return the priors of a search.

        The mean is what the case says of a parameter, where it says something, else that of
        `witoil.tunables`.
        """
        said = scenario.case.model.model_fields_set
        mean, sd = [], []
        for parameter in space.parameters:
            prior = TUNABLES[parameter.name].prior
            known = prior.mean is None or parameter.name in said
            middle = scenario.default_of(parameter.name) if known else prior.mean
            assert middle is not None
            log = parameter.scale == "log"
            mean.append(math.log(middle) if log else middle)
            sd.append(math.log(prior.sd) if log else prior.sd)
        return cls(space, np.array(mean), np.array(sd))

    def as_rows(self) -> list[dict[str, Any]]:
        """Return them as the study has them."""
        rows = []
        for parameter, mean, sd in zip(self.space.parameters, self.mean, self.sd, strict=True):
            log = parameter.scale == "log"
            rows.append(
                {
                    "name": parameter.name,
                    "mean": math.exp(mean) if log else mean,
                    "sd": math.exp(sd) if log else sd,
                    "scale": parameter.scale,
                    "reason": TUNABLES[parameter.name].prior.reason,
                }
            )
        return rows

    def penalty(self, parameters: Mapping[str, float], observations: float) -> float:
        """Return what is taken off the mean score for being far from the prior.

        Parameters
        ----------
        parameters : mapping
            Those that are not searched are passed over.
        observations : float
            Sum of the weights of the observations: the more there are, the less the prior counts.
        """
        z = (self._scaled([parameters])[0] - self.mean) / self.sd
        return float(TOLERANCE / (2.0 * observations) * z @ z)

    def to_standard(self, points: Sequence[Mapping[str, float]]) -> FloatArray:
        """Return points where the prior is the standard normal distribution, without bounds.

        Parameters
        ----------
        points : sequence of mapping, length n

        Returns
        -------
        ndarray, shape (n, parameters)
        """
        low, high = self._ends()
        share = (ndtr((self._scaled(points) - self.mean) / self.sd) - low) / (high - low)
        standard: FloatArray = ndtri(np.clip(share, _EDGE, 1.0 - _EDGE))
        return standard

    def from_standard(self, standard: FloatArray) -> list[dict[str, float]]:
        """Inverse of `to_standard`; never leaves the bounds."""
        low, high = self._ends()
        scaled = self.mean + self.sd * ndtri(low + (high - low) * ndtr(standard))
        rows = []
        for row in scaled:
            values = {}
            for parameter, value in zip(self.space.parameters, row.tolist(), strict=True):
                value = math.exp(value) if parameter.scale == "log" else value
                values[parameter.name] = min(max(value, parameter.low), parameter.high)
            rows.append(values)
        return rows

    def in_space(self) -> optimizer.Space:
        """Return the space with its priors."""
        parameters = []
        for parameter, mean, sd in zip(self.space.parameters, self.mean, self.sd, strict=True):
            middle = math.exp(mean) if parameter.scale == "log" else float(mean)
            parameters.append(replace(parameter, prior_mean=middle, prior_sd=float(sd)))
        return optimizer.Space(tuple(parameters))

    def _ends(self) -> tuple[FloatArray, FloatArray]:
        """Probability below the lower and below the upper bound, each of shape (parameters,)."""
        ends = [{p.name: getattr(p, end) for p in self.space.parameters} for end in ("low", "high")]
        low, high = ndtr((self._scaled(ends) - self.mean) / self.sd)
        return low, high

    def _scaled(self, points: Sequence[Mapping[str, float]]) -> FloatArray:
        """Values of the parameters searched, as logarithms where the scale is one."""
        return np.array(
            [
                [
                    math.log(point[p.name]) if p.scale == "log" else point[p.name]
                    for p in self.space.parameters
                ]
                for point in points
            ]
        ).reshape(len(points), len(self.space.parameters))
